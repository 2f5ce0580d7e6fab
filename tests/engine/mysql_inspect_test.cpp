#include <filesystem>

#include "core/filesystem.hpp"
#include "dialect/canonical.hpp"
#include "dialect/sql.hpp"
#include "mysql_support.hpp"

namespace mysql_inspect_test {

using namespace migrate;
using namespace migrate::mysql_test;

namespace {

/// Every property of a table that the servers have.
const std::string everything = R"SQL(
CREATE TABLE parent (
  id int PRIMARY KEY,
  code varchar(20) NOT NULL DEFAULT 'x',
  UNIQUE KEY u (code(5))
) COMMENT 'it''s the \\ parent';
CREATE TABLE types (
  a1 tinyint, a2 tinyint(1) NOT NULL DEFAULT 0, a3 smallint unsigned, a4 mediumint, a5 int(5) zerofill, a6 bigint unsigned DEFAULT 18446744073709551615,
  b1 decimal(12,4) DEFAULT 1.5, b2 decimal, b3 float DEFAULT 1.50, b4 double DEFAULT 1e10, b5 float(7,3) unsigned DEFAULT 2, b6 double(8,2) DEFAULT -3,
  c1 char(3), c2 varchar(10) NOT NULL DEFAULT '', c3 tinytext, c4 text[[mariadb  DEFAULT 'hello ''world''']][[mysql  DEFAULT (concat('hello ''', 'world'''))]], c5 mediumtext, c6 longtext NOT NULL,
  d1 binary(3) DEFAULT 'a', d2 varbinary(20) DEFAULT 'x', d3 tinyblob, d4 blob, d5 mediumblob, d6 longblob,
  e1 enum('a','b''c','d,e') DEFAULT 'b''c', e2 set('x','y','z') NOT NULL DEFAULT 'z,x', e3 bit(5) DEFAULT b'101', e4 bit,
  f1 date DEFAULT '2020-1-2', f2 datetime DEFAULT '2020-01-02', f3 datetime(3) DEFAULT now(3) ON UPDATE now(3), f4 timestamp NULL, f5 timestamp NOT NULL DEFAULT current_timestamp,
  f6 time(2) DEFAULT '10:11', f7 year DEFAULT 99, f8 date DEFAULT (curdate()), f9 timestamp(6) NOT NULL DEFAULT '2001-02-03 04:05:06',
  g1 json, g2 json NOT NULL DEFAULT [[mariadb '{}']][[mysql ('{}')]],[[mariadb  g3 inet6, g7 uuid DEFAULT uuid(), i2 varchar(500) COMPRESSED,]][[mysql  g9 point NOT NULL SRID 4326,]] g4 geometry, g5 point NOT NULL, g6 polygon, g8 longtext CHECK (json_valid(g8)),
  h1 int AS (a1 + 1), h2 int AS (a1 * a3) STORED COMMENT 'stored', h3 varchar(30) AS (concat(c1, '-', c2)) VIRTUAL INVISIBLE,
  i1 int INVISIBLE DEFAULT 7, i3 int DEFAULT (a1 + 1), i4 int CHECK (i4 > 0 AND i4 <> 5), i5 varchar(20) DEFAULT (concat('a', upper('b'))),
  j1 varchar(10) CHARACTER SET utf8mb4, j2 varchar(10) COLLATE utf8mb4_bin, j3 varchar(10) CHARACTER SET latin1 COLLATE latin1_bin, j4 char(5) CHARACTER SET ascii, j5 text CHARACTER SET binary,
  `Odd name` int COMMENT 'quote '' and "double" and \\ and é', `select` int, `MixedCase` int, `a``b` int, 2fa_code int, `group` varchar(5) DEFAULT 'NULL',
  CONSTRAINT positive CHECK (a1 > 0 OR lower(c2) != 'X' AND b1 IS NOT NULL), CHECK (a4 BETWEEN 1 AND 10)
);
CREATE TABLE `keys` (
  id bigint unsigned NOT NULL AUTO_INCREMENT, a int, b varchar(100), c text, d point NOT NULL, parent_id int, other_id int NOT NULL, e int,
  PRIMARY KEY (id),
  UNIQUE KEY u1 (a, b(10)), UNIQUE KEY u2 (b DESC) COMMENT 'unique',
  KEY k1 (a DESC, b), KEY k2 (c(30)), KEY k3 (e) USING HASH, KEY k4 (a) COMMENT 'it''s', KEY k5 (e, a) [[mariadb IGNORED]][[mysql INVISIBLE]],
  FULLTEXT KEY ft (b, c), SPATIAL KEY sp (d),[[mariadb  UNIQUE KEY whole (c),]][[mysql  KEY computed ((lower(b)), a),]]
  FOREIGN KEY (parent_id) REFERENCES parent (id) ON DELETE SET NULL ON UPDATE CASCADE,
  CONSTRAINT fk_other FOREIGN KEY (other_id) REFERENCES parent (id) ON DELETE RESTRICT[[mariadb ,
  CONSTRAINT fk_self FOREIGN KEY (a) REFERENCES `keys` (a)]]
) AUTO_INCREMENT = 1000;
CREATE TABLE options (id int) ENGINE=MyISAM ROW_FORMAT=FIXED CHECKSUM=1 MAX_ROWS=1000 DELAY_KEY_WRITE=1;
CREATE TABLE compressed (id int) ROW_FORMAT=COMPRESSED KEY_BLOCK_SIZE=8 STATS_PERSISTENT=0;
CREATE TABLE memory (id int, KEY h (id) USING HASH) ENGINE=MEMORY;
CREATE TABLE other_charset (a varchar(10), b varchar(10) COLLATE latin1_general_cs, c char(2) CHARACTER SET utf8mb4) CHARACTER SET latin1;
CREATE TABLE bin (a varchar(10)) COLLATE utf8mb4_bin;
CREATE TABLE r1 (id int, d date NOT NULL, PRIMARY KEY (id, d)) PARTITION BY RANGE (year(d)) (
  PARTITION p0 VALUES LESS THAN (2000) COMMENT = 'old', PARTITION p1 VALUES LESS THAN (2010), PARTITION pm VALUES LESS THAN MAXVALUE);
CREATE TABLE r2 (id int, d date) PARTITION BY RANGE (to_days(d)) SUBPARTITION BY HASH (id) SUBPARTITIONS 2 (
  PARTITION p0 VALUES LESS THAN (to_days('2020-01-01')), PARTITION pm VALUES LESS THAN MAXVALUE);
CREATE TABLE r3 (id int) PARTITION BY HASH (id) PARTITIONS 4;
CREATE TABLE r4 (id int PRIMARY KEY) PARTITION BY KEY () PARTITIONS 3;
CREATE TABLE r5 (id int, c varchar(10)) PARTITION BY LIST COLUMNS (c) (PARTITION pa VALUES IN ('a', 'b'), PARTITION pb VALUES IN ('c'));
[[mariadb CREATE TABLE versioned (a int, b int WITHOUT SYSTEM VERSIONING) WITH SYSTEM VERSIONING;
CREATE TABLE versioned2 (a int, s timestamp(6) GENERATED ALWAYS AS ROW START, e timestamp(6) GENERATED ALWAYS AS ROW END, PERIOD FOR SYSTEM_TIME (s, e)) WITH SYSTEM VERSIONING;
CREATE TABLE periods (id int, s date, e date, PERIOD FOR p (s, e), UNIQUE KEY id (id, p WITHOUT OVERLAPS));
CREATE SEQUENCE s1;
CREATE SEQUENCE s2 START WITH 100 INCREMENT BY -5 MINVALUE -1000 MAXVALUE 100 CACHE 10 CYCLE;
CREATE SEQUENCE s3 NOCACHE;
CREATE TABLE uses_sequence (id int DEFAULT (next value for s1), n bigint DEFAULT nextval(s2));]][[mysql CREATE TABLE unenforced (a int, CONSTRAINT ck CHECK (a > 0) NOT ENFORCED);]]
CREATE FUNCTION f1(a integer, b varchar(10)) RETURNS varchar(20) DETERMINISTIC COMMENT 'joins' RETURN concat(a, b);
CREATE FUNCTION f2() RETURNS int READS SQL DATA SQL SECURITY INVOKER
BEGIN
  -- counts; not
  DECLARE n int DEFAULT 0;
  SELECT count(*) INTO n FROM parent WHERE code <> ';';
  IF n > 3 THEN RETURN 3; ELSEIF n = 2 THEN RETURN CASE n WHEN 2 THEN 20 ELSE 0 END; END IF;
  RETURN n;
END;
CREATE PROCEDURE p1(IN a int, OUT b varchar(5), INOUT c decimal(10,2))
BEGIN
  DECLARE done int DEFAULT 0;
  DECLARE cur CURSOR FOR SELECT id FROM parent;
  DECLARE CONTINUE HANDLER FOR NOT FOUND SET done = 1;
  OPEN cur;
  again: LOOP
    IF done THEN LEAVE again; END IF;
    REPEAT SET a = a + 1; UNTIL a > 5 END REPEAT;
    WHILE a > 0 DO SET a = a - 1; END WHILE;
    CASE WHEN a = 1 THEN SET b = 'x'; ELSE BEGIN SET b = 'y'; END; END CASE;
  END LOOP;
END;
CREATE TRIGGER t1 BEFORE INSERT ON parent FOR EACH ROW SET NEW.code = upper(NEW.code);
CREATE TRIGGER t3 BEFORE INSERT ON parent FOR EACH ROW SET NEW.code = trim(NEW.code);
CREATE TRIGGER t2 BEFORE INSERT ON parent FOR EACH ROW FOLLOWS t1 IF NEW.id < 0 THEN SET NEW.id = 0; END IF;
CREATE TRIGGER t4 AFTER UPDATE ON parent FOR EACH ROW
BEGIN
  DELETE FROM options WHERE id = OLD.id;
  INSERT INTO options VALUES (NEW.id);
END;
CREATE VIEW v1 AS SELECT p.id AS Number, p.code, now() AS n, concat(p.code, 'a''b') FROM parent p WHERE p.id IN (1, 2, 3);
CREATE ALGORITHM = MERGE SQL SECURITY INVOKER VIEW v2 AS SELECT * FROM v1 WHERE Number > 1 WITH LOCAL CHECK OPTION;
CREATE VIEW a_view (x, y) AS SELECT a, count(*) FROM `keys` LEFT JOIN v2 ON v2.Number = `keys`.a GROUP BY a HAVING count(*) > 1 ORDER BY 2 DESC LIMIT 5;
CREATE EVENT e1 ON SCHEDULE EVERY 1 DAY STARTS '2030-01-01 00:00:00' ON COMPLETION PRESERVE DISABLE COMMENT 'nightly' DO DELETE FROM options;
CREATE EVENT e2 ON SCHEDULE EVERY '1:30' HOUR_MINUTE STARTS '2030-01-01 00:00:00' DO BEGIN DELETE FROM options; DELETE FROM parent WHERE id < 0; END;
)SQL";

void check_rebuild(Database& original, const char* database_options = "") {
  const auto schema = original.inspect();
  Database copy(database_options);
  copy.run(creation_of(schema));
  const auto again = copy.inspect();
  CHECK(again == schema);
  const auto difference = first_difference(original.dump(), copy.dump());
  CHECK_MESSAGE(difference.empty(), difference);
  auto canonical = schema;
  dialect().canonical().canonicalize(canonical, original.server);
  CHECK(canonical == schema);
}

}  // namespace

TEST_CASE_TEMPLATE("every property that the server has survives inspecting and building again", Server, MariaDB, MySQL) {
  REQUIRE_SERVER(Server);
  for (const auto* charset : {"CHARACTER SET latin1", "CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"}) {
    CAPTURE(charset);
    Database database(charset);
    database.run(for_server(everything));
    check_rebuild(database);
  }
}

TEST_CASE_TEMPLATE("the corpora load, are inspected, and are built again from the schema alone", Server, MariaDB, MySQL) {
  REQUIRE_SERVER(Server);
  const char* root = std::getenv("MIGRATE_TEST_CORPORA");
  if (root == nullptr) {
    MESSAGE("MIGRATE_TEST_CORPORA is not set: skipped");
    return;
  }
  for (const auto* name : {"chinook/mysql-head", "sakila/mysql-head", "kea/mysql", "ory-kratos/mysql"}) {
    // Its views have literals with a character set, which is read without it (a known failure of the cases).
    if (current().name == "mysql" && std::string_view(name).starts_with("sakila")) continue;
    SUBCASE(name) {
      CAPTURE(name);
      Database database("CHARACTER SET utf8mb4");
      database.connection->execute("SET foreign_key_checks = 0");
      std::size_t refused = 0;
      std::string words;
      for (const auto& file : list_files(std::filesystem::path(root) / name)) {
        if (!file.ends_with(".up.sql")) continue;
        const auto path = std::filesystem::path(root) / name / file;
        for (const auto& statement : dialect().sql().split(read_file(path), {path.string(), 1, 1})) {
          if (dialect().sql().classify(statement) == StatementClass::data && statement.text.size() > 20000) continue;
          try {
            static_cast<void>(database.connection->query(statement.text));
          } catch (const DatabaseError& error) {
            ++refused;
            words += statement.location.file + ":" + std::to_string(statement.location.line) + ": " + error.message() + "\n";
          }
        }
      }
      MESSAGE(name << ": " << refused << " statements refused by the server\n" << words.substr(0, 2000));
      check_rebuild(database, "CHARACTER SET latin1");
    }
  }
}

}  // namespace mysql_inspect_test
