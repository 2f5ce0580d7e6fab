#include <doctest/doctest.h>

#include "dialect/mysql/canonical/provenance.hpp"
#include "dialect/mysql/canonical/sequence.hpp"
#include "dialect/mysql/sql/expression.hpp"
#include "dialect/mysql/sql/usual_session.hpp"

namespace mysql_provenance_test {

using namespace migrate;

TEST_CASE("modes of MySQL are sets, and those that stand for several are all of them") {
  CHECK(mysql::normal_mode("STRICT_TRANS_TABLES,ansi_quotes", true) == "ANSI_QUOTES,STRICT_TRANS_TABLES");
  CHECK(mysql::normal_mode("", false).empty());
  CHECK(mysql::normal_mode("ANSI", false) == "ANSI,ANSI_QUOTES,IGNORE_SPACE,ONLY_FULL_GROUP_BY,PIPES_AS_CONCAT,REAL_AS_FLOAT");
  CHECK(mysql::normal_mode("ORACLE", true).find("PIPES_AS_CONCAT") != std::string::npos);
}

TEST_CASE("accounts are read as SQL writes them") {
  CHECK(mysql::normal_account("`app`@`localhost`") == "app@localhost");
  CHECK(mysql::normal_account("'app'@'%'") == "app@%");
  CHECK(mysql::normal_account("app@localhost") == "app@localhost");
  CHECK(mysql::normal_account("\"a@b\"@\"h\"") == "a@b@h");
  CHECK(mysql::normal_account("`role`") == "role");
  CHECK(mysql::normal_account("`role`@``") == "role");
}

TEST_CASE("a program is made in the session that it wants, and only where that is not the usual one") {
  mysql::Context context;
  context.usual = {{"definer", "me@%"}, {"sql_mode", "ANSI_QUOTES"}, {"charset", "utf8mb4"}, {"collation", "utf8mb4_general_ci"}, {"time_zone", "SYSTEM"}};
  CHECK(mysql::session_change({{"sql_mode", "ANSI_QUOTES"}, {"charset", "utf8mb4"}}, context).before.empty());
  const auto change = mysql::session_change({{"sql_mode", ""}, {"charset", "latin1"}, {"collation", "latin1_bin"}, {"time_zone", "+05:00"}}, context);
  CHECK(change.before == "SET sql_mode = '', character_set_client = latin1, collation_connection = latin1_bin, time_zone = '+05:00'");
  CHECK(change.after == "SET sql_mode = DEFAULT, NAMES utf8mb4, time_zone = DEFAULT");
  CHECK(mysql::with_definer("CREATE TRIGGER a", {{"definer", "me@%"}}, context) == "CREATE TRIGGER a");
  CHECK(mysql::with_definer("CREATE TRIGGER a", {{"definer", "a`b@h"}}, context) == "CREATE DEFINER = `a``b`@`h` TRIGGER a");
}

TEST_CASE("the type of a sequence changes where the bounds of the moment allow it") {
  const auto sequence = [](const std::string& type, std::optional<std::string> max = {}) {
    Sequence made{.name = {"", "s"}, .type = type};
    made.sequence.max = std::move(max);
    mysql::canonicalize_sequence(made);
    return made;
  };
  const auto wider = mysql::alter_sequence_clauses(sequence("smallint"), sequence("int unsigned"));
  REQUIRE(wider.size() == 2);
  CHECK(wider[0] == " AS int unsigned");
  CHECK(wider[1].find("MAXVALUE 4294967294") != std::string::npos);
  const auto narrower = mysql::alter_sequence_clauses(sequence("bigint"), sequence("smallint"));
  REQUIRE(narrower.size() == 2);
  CHECK(narrower[0].find("MAXVALUE 32766") != std::string::npos);
  CHECK(narrower[1] == " AS smallint");
  CHECK(mysql::alter_sequence_clauses(sequence("int", "100"), sequence("bigint", "100")) == std::vector<std::string>{" AS bigint"});
  CHECK(mysql::alter_sequence_clauses(sequence("int", "2147483646"), sequence("integer")).empty());
}

TEST_CASE("MySQL's text of nested AND and OR is one, however it was nested") {
  mysql::Context context;
  context.mariadb = false;
  const auto normal = [&](std::string_view sql) { return mysql::normal_expression(sql, context); };
  CHECK(normal("(a and ((b or c) and d))") == "(a and (b or c) and d)");
  CHECK(normal("((a or (b or c)) and d)") == "((a or b or c) and d)");
  CHECK(normal("(a and (b or c))") == "(a and (b or c))");
  CHECK(normal("(a and (b between 1 and 2))") == "(a and (b between 1 and 2))");
  CHECK(normal("(a and not (b and c))") == "(a and not (b and c))");
  CHECK(normal("(id > -(100))") == "(id > -100)");
  CHECK(normal("(a - (100))") == "(a - (100))");
  CHECK(normal("-(a)") == "-(a)");
  CHECK(normal("f((a and b), c)") == "f((a and b), c)");
}

TEST_CASE("a literal of a MySQL view keeps the character set that was written in front of it") {
  mysql::Context context;
  context.mariadb = false;
  CHECK(mysql::normal_expression("_utf8mb4'x'", context) == "'x'");
  context.written_charsets = true;
  CHECK(mysql::normal_expression("_utf8mb4'x'", context) == "_utf8mb4 'x'");
  CHECK(mysql::normal_expression("_utf8'x'", context) == "_utf8mb3 'x'");
}

}  // namespace mysql_provenance_test
