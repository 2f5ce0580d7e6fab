#include <doctest/doctest.h>

#include "dialect/dialect.hpp"
#include "dialect/mysql/sql/classify.hpp"
#include "dialect/mysql/sql/split.hpp"
#include "dialect/mysql/sql/text.hpp"
#include "dialect/mysql/sql/types.hpp"
#include "dialect/registry.hpp"
#include "dialect/sql.hpp"

namespace mysql_split_test {

using namespace migrate;

namespace {

std::vector<std::string> texts(std::string_view sql) {
  std::vector<std::string> result;
  for (const auto& statement : mysql::split_statements(sql, {"unit.sql", 1, 1})) result.push_back(statement.text);
  return result;
}

using Texts = std::vector<std::string>;

}  // namespace

TEST_CASE("MySQL statements end at semicolons outside of quotes and comments") {
  CHECK(texts("SELECT ';', \"a;b\", `c;d`; -- not; here\nSELECT 2 # or; here\n; /* nor; here */ SELECT 3;;") == Texts{"SELECT ';', \"a;b\", `c;d`", "SELECT 2", "SELECT 3"});
  CHECK(texts("SELECT 'it''s \\' ; x'; SELECT 5--1;") == Texts{"SELECT 'it''s \\' ; x'", "SELECT 5--1"});
  CHECK(texts("/*!40101 SET NAMES utf8 */; /*!50003 CREATE*/ /*!50003 TRIGGER a BEFORE INSERT ON b FOR EACH ROW SET x = 1 */;") ==
        Texts{"/*!40101 SET NAMES utf8 */", "/*!50003 CREATE*/ /*!50003 TRIGGER a BEFORE INSERT ON b FOR EACH ROW SET x = 1 */"});
}

TEST_CASE("bodies of MySQL's stored programs hold together with and without a DELIMITER") {
  const std::string body =
      "CREATE PROCEDURE p(IN a int) BEGIN DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN ROLLBACK; END; x: LOOP IF a THEN LEAVE x; ELSEIF b THEN SET c = IF(a, 1, 2); END IF; "
      "REPEAT SET a = REPEAT('x', 3); UNTIL CASE a WHEN 1 THEN 2 ELSE 3 END > 1 END REPEAT; END LOOP x; CASE a WHEN 1 THEN SELECT 1; ELSE SELECT 2; END CASE; "
      "WHILE a DO SET a = a - 1; END WHILE; END";
  CHECK(texts(body + "; SELECT 1;") == Texts{body, "SELECT 1"});
  CHECK(texts("DELIMITER ##\n" + body + "\n##\nSELECT 1 ##\nDELIMITER ;\n# SELECT 2;\nSELECT 3;") == Texts{body, "SELECT 1", "SELECT 3"});
  CHECK(texts("DELIMITER $$\n" + body + "$$\nSELECT 1$$\ndelimiter ;\nSELECT 2;") == Texts{body, "SELECT 1", "SELECT 2"});
  const std::string trigger = "CREATE DEFINER=`a`@`%` TRIGGER t AFTER UPDATE ON x FOR EACH ROW FOLLOWS y IF NEW.a THEN SET @b = 1; END IF";
  CHECK(texts(trigger + ";DROP TRIGGER IF EXISTS t;") == Texts{trigger, "DROP TRIGGER IF EXISTS t"});
  const std::string event = "CREATE EVENT IF NOT EXISTS e ON SCHEDULE EVERY 1 DAY DO BEGIN DELETE FROM a; DELETE FROM b; END";
  CHECK(texts(event + ";SELECT 1") == Texts{event, "SELECT 1"});
  CHECK(texts("CREATE FUNCTION f() RETURNS int DETERMINISTIC RETURN CASE WHEN 1 THEN 2 END; SELECT 1") ==
        Texts{"CREATE FUNCTION f() RETURNS int DETERMINISTIC RETURN CASE WHEN 1 THEN 2 END", "SELECT 1"});
  CHECK(texts("BEGIN; UPDATE a SET b = 1; COMMIT;") == Texts{"BEGIN", "UPDATE a SET b = 1", "COMMIT"});
  CHECK(texts("BEGIN NOT ATOMIC SELECT 1; SELECT 2; END; SELECT 3") == Texts{"BEGIN NOT ATOMIC SELECT 1; SELECT 2; END", "SELECT 3"});
}

TEST_CASE("programs of sql_mode ORACLE hold together without a DELIMITER") {
  for (const std::string program : {
           "CREATE FUNCTION f(x INT) RETURN INT AS y INT := 1; z INT; BEGIN RETURN x + y; END",
           "CREATE FUNCTION f RETURN INT DETERMINISTIC IS BEGIN RETURN 1; END",
           "CREATE OR REPLACE PROCEDURE p(x IN INT, z OUT VARCHAR2(20)) IS n NUMBER := 2; BEGIN FOR i IN 1 .. 3 LOOP n := n + i; END LOOP; WHILE n > 1 LOOP n := n - 1; END LOOP; z := 'a'; END",
           "CREATE PROCEDURE p AS BEGIN IF a THEN b := 1; ELSIF c THEN b := 2; END IF; BEGIN NULL; END; END",
           "CREATE TRIGGER tr BEFORE INSERT ON t FOR EACH ROW DECLARE x INT; BEGIN x := 1; END",
       }) {
    CHECK(texts(program + "; SELECT 1;") == Texts{program, "SELECT 1"});
  }
  const std::string plain = "CREATE FUNCTION f(x int) RETURNS int DETERMINISTIC RETURN x";
  CHECK(texts(plain + "; SELECT 1;") == Texts{plain, "SELECT 1"});
}

TEST_CASE("LOCK TABLES is passed over, and what stands behind it says so") {
  const auto statements = mysql::split_statements("LOCK TABLES a WRITE; INSERT INTO a VALUES (1); UNLOCK TABLES; SELECT 1;", {"unit.sql", 1, 1});
  REQUIRE(statements.size() == 2);
  CHECK(statements[0].left_out.find("LOCK TABLES") != std::string::npos);
  CHECK(statements[1].left_out.empty());
}

TEST_CASE("a statement of a MySQL script is split as it was written") {
  for (const auto* sql : {"SELECT 1", "CREATE TRIGGER t BEFORE INSERT ON x FOR EACH ROW BEGIN SET NEW.a = 1 // 2; END", "SELECT ';'"}) {
    const auto script = mysql::dialect().sql().script_statement({sql, {}});
    CHECK(texts(script + "\nSELECT 2;") == Texts{sql, "SELECT 2"});
  }
}

TEST_CASE("what is not SQL for MySQL is an error with its place") {
  for (const auto* sql : {"SELECT 1;\nsource x.sql", "SELECT 1;\nSELECT 1\\G", "SELECT 1;\n'abc", "SELECT 1;\nCREATE PROCEDURE p() BEGIN SELECT 1;"}) {
    CAPTURE(std::string(sql));
    try {
      static_cast<void>(texts(sql));
      FAIL_CHECK("no error");
    } catch (const Error& error) {
      CHECK(error.kind == ErrorKind::usage);
      CHECK(error.location.line == 2);
    }
  }
}

TEST_CASE("MySQL statements are classified by what running them twice would do") {
  using enum StatementClass;
  const std::vector<std::pair<const char*, StatementClass>> cases = {
      {"CREATE TABLE a (b int)", definition}, {"/*!50003 CREATE*/ TRIGGER x", definition}, {"TRUNCATE a", definition}, {"RENAME TABLE a TO b", definition},
      {"insert into a values (1)", data}, {"WITH x AS (SELECT 1) DELETE FROM a", data}, {"WITH x AS (SELECT 1) SELECT 1", query}, {"LOAD DATA INFILE 'x' INTO TABLE a", data},
      {"SET @a = 1", session}, {"SET GLOBAL a = 1", other}, {"USE a", session}, {"(SELECT 1) UNION (SELECT 2)", query}, {"SELECT 1 INTO @x", data},
      {"CALL p()", other}, {"BEGIN", transaction}, {"BEGIN NOT ATOMIC SELECT 1; END", other}, {"START TRANSACTION", transaction}, {"COMMIT", transaction},
      {"CREATE TEMPORARY TABLE a (b int)", data}, {"SET @a = @b", data}, {"SET @a = f()", data}, {"SET NAMES utf8mb4", session}, {"SELECT f()", data},
      {"SELECT max(a) FROM t", query}, {"DO f()", data}, {"DO SLEEP(0)", query}, {"ANALYZE TABLE a", query}, {"OPTIMIZE TABLE a", other}};
  for (const auto& known : cases) {
    const auto& [sql, expected] = known;
    CAPTURE(std::string(known.first));
    CHECK(mysql::classify_statement(sql) == expected);
  }
}

TEST_CASE("types and literals take MySQL's canonical form") {
  const mysql::Context maria{.mariadb = true, .version = 101106};
  const mysql::Context mysql8{.mariadb = false, .version = 80036};
  const auto type = [&](const char* text) { return mysql::read_type(text, maria).text(); };
  CHECK(type("INTEGER") == "int");
  CHECK(type("int(11)") == "int");
  CHECK(type("int(5) zerofill") == "int(5) unsigned zerofill");
  CHECK(type("bool") == "tinyint(1)");
  CHECK(type("numeric(12)") == "decimal(12,0)");
  CHECK(type("double precision") == "double");
  CHECK(type("character varying(20)") == "varchar(20)");
  CHECK(type("timestamp(6) with time zone") == "timestamp(6)");
  CHECK(type("jsonb") == "json");
  CHECK(type("bytea") == "longblob");
  CHECK(type("enum('a', \"b''c\")") == "enum('a','b''''c')");
  CHECK(type("text(100)") == "text");
  CHECK(type("uuid") == "uuid");
  CHECK(mysql::read_type("uuid", mysql8).text() == "char(36)");
  CHECK_THROWS_AS(static_cast<void>(type("varchar")), Error);
  const auto literal = [&](const char* of, const char* text) { return mysql::canonical_literal(mysql::read_type(of, maria), text); };
  CHECK(literal("decimal(10,2)", "1") == "1.00");
  CHECK(literal("int", "007") == "7");
  CHECK(literal("boolean", "true") == "1");
  CHECK(literal("double", "1.50") == "1.5");
  CHECK(literal("datetime(3)", "2020-1-2") == "2020-01-02 00:00:00.000");
  CHECK(literal("enum('A','b')", "a") == "A");
  CHECK(literal("bit(3)", "b'101'") == "5");
}

}  // namespace mysql_split_test
