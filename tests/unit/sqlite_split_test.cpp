#include <doctest/doctest.h>

#include "dialect/sqlite/run/frame.hpp"
#include "dialect/sqlite/sql/classify.hpp"
#include "dialect/sqlite/sql/split.hpp"
#include "dialect/sqlite/sql/text.hpp"

namespace sqlite_split_test {

using namespace migrate;
using namespace migrate::sqlite;

TEST_CASE("sqlite scripts are split at the semicolons that end statements") {
  const auto statements = split(R"SQL(-- first
CREATE TABLE t (a TEXT DEFAULT ';'); /* ; */
CREATE TRIGGER tr AFTER INSERT ON t WHEN CASE WHEN new.a THEN 1 ELSE 0 END BEGIN
  UPDATE t SET a = CASE WHEN a THEN 'END;' END; SELECT 1;
END;
  DROP TABLE [a;b])SQL", {"0001.sql", 10, 1});
  REQUIRE(statements.size() == 3);
  CHECK(statements[0].text == "CREATE TABLE t (a TEXT DEFAULT ';')");
  CHECK(statements[0].location == Location{"0001.sql", 11, 1});
  CHECK(statements[1].text.ends_with("SELECT 1;\nEND"));
  CHECK(statements[2].location == Location{"0001.sql", 15, 3});
}

TEST_CASE("commands of the sqlite3 shell are refused with their place") {
  try {
    static_cast<void>(split("SELECT 1;\n.mode box\n", {"u.sql", 1, 1}));
    FAIL("no error");
  } catch (const Error& error) {
    CHECK(error.message() == "'.mode box' is a command of a client program, not SQL");
    CHECK(error.location.line == 2);
  }
}

TEST_CASE("a sqlite unit's PRAGMAs that only work outside a transaction stand around it") {
  const auto frame = frame_unit(split("PRAGMA foreign_keys = OFF; CREATE TABLE t (a); PRAGMA foreign_keys = ON; PRAGMA journal_mode = WAL", {}), nullptr);
  CHECK(frame.before.size() == 1);
  CHECK(frame.statements.size() == 1);
  CHECK(frame.after.size() == 2);
  CHECK(frame.violations);
  CHECK_FALSE(frame_unit(split("CREATE TABLE t (a)", {}), nullptr).violations);
  CHECK(frame_unit(split("SELECT 1; PRAGMA foreign_keys = OFF; SELECT 2", {}), nullptr).before.size() == 1);
  CHECK_THROWS_AS((void)frame_unit(split("SELECT 1; PRAGMA foreign_keys = ON; SELECT 2", {}), nullptr), Error);
}

TEST_CASE("sqlite statements are told apart by what running them does") {
  const auto kind = [](const char* sql) { return classify({sql, {}}); };
  CHECK(kind("ALTER TABLE t ADD a") == StatementClass::definition);
  CHECK(kind("WITH x AS (SELECT 1) INSERT INTO t SELECT * FROM x") == StatementClass::data);
  CHECK(kind("WITH x AS (SELECT 1) SELECT * FROM x") == StatementClass::query);
  CHECK(kind("PRAGMA user_version = 3") == StatementClass::definition);
  CHECK(kind("PRAGMA cache_size = 3") == StatementClass::session);
  CHECK(kind("ROLLBACK TO a") == StatementClass::session);
  CHECK(kind("END") == StatementClass::transaction);
}

TEST_CASE("canonical sqlite expressions keep their meaning") {
  const std::vector<Column> columns{{.name = "Name"}, {.name = "order"}, {.name = "a"}};
  CHECK(canonical_expression("( (LENGTH(name)>-1) )", columns) == "length(Name) > -1");
  CHECK(canonical_expression("\"order\" == \"text\" AND `a`!=- -1", columns) == "\"order\" = 'text' and a <> - -1");
  CHECK(canonical_expression("t.a IN (SELECT x FROM t)", columns, "t") == "a in (select x from t)");
  CHECK(canonical_expression("(a) + (1)", columns) == "(a) + (1)");
  CHECK(canonical_expression("(SELECT 1)", columns) == "(select 1)");
  CHECK(canonical_type(" Numeric ( 10 , -2 ) ") == "numeric(10,-2)");
  CHECK(quote_name("Order") == "\"Order\"");
  CHECK(quote_name("AlbumId") == "AlbumId");
}

}  // namespace sqlite_split_test
