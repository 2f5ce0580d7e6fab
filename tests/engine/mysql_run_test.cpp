#include <thread>

#include "dialect/canonical.hpp"
#include "dialect/catalog.hpp"
#include "dialect/run.hpp"
#include "mysql_support.hpp"
#include "schema/model.hpp"

namespace mysql_run_test {

using namespace migrate;
using namespace migrate::mysql_test;

TEST_CASE_TEMPLATE("an error in a batch surfaces with the statement that failed, and what stood before it has run", Server, MariaDB, MySQL) {
  REQUIRE_SERVER(Server);
  Database database;
  auto& connection = *database.connection;
  connection.execute("CREATE TABLE t (a int PRIMARY KEY)");
  const std::string batch = "INSERT INTO t VALUES (1); INSERT INTO t VALUES (2);\n-- comment; here\nINSERT INTO t VALUES (2); INSERT INTO t VALUES (3);";
  const auto trips = connection.round_trips();
  try {
    connection.execute(batch);
    FAIL("no error");
  } catch (const DatabaseError& error) {
    CHECK(error.native_code == 1062);
    CHECK(error.sqlstate == "23000");
    CHECK(error.position == static_cast<long long>(batch.find("INSERT INTO t VALUES (2); INSERT INTO t VALUES (3)")));
  }
  CHECK(connection.round_trips() == trips + 1);
  CHECK(connection.query("SELECT count(*) FROM t").rows[0][0] == "2");
  connection.execute("CREATE PROCEDURE p() BEGIN SELECT 1; SELECT 2; END");
  connection.execute("CALL p(); INSERT INTO t VALUES (10); CALL p(); -- end");
  CHECK(connection.query("CALL p()").rows[0][0] == "1");
  CHECK(connection.query("SELECT count(*) FROM t").rows[0][0] == "3");
}

TEST_CASE_TEMPLATE("values reach the server as they are, and come back so", Server, MariaDB, MySQL) {
  REQUIRE_SERVER(Server);
  Database database("CHARACTER SET utf8mb4");
  auto& connection = *database.connection;
  connection.execute("CREATE TABLE t (a int AUTO_INCREMENT PRIMARY KEY, b text, c blob)");
  const std::string odd = "it's \\ \"x\" ? \n \xF0\x9F\x98\x80";
  const std::string bytes = std::string("\0\xFF\x80'\\", 5);
  for (const auto* mode : {"", "NO_BACKSLASH_ESCAPES"}) {
    connection.execute(std::string("SET sql_mode = '") + mode + "'");
    CHECK(connection.query("INSERT INTO t (b, c) VALUES (?, ?) /* ? */", std::vector<Value>{odd, bytes}).affected == 1);
    const auto row = connection.query("SELECT b, c FROM t WHERE b = ? AND ? IS NULL", std::vector<Value>{odd, std::nullopt}).rows.at(0);
    CHECK(row[0] == odd);
    CHECK(row[1] == bytes);
    connection.execute("DELETE FROM t");
  }
}

TEST_CASE_TEMPLATE("what goes wrong on MariaDB has its cause", Server, MariaDB, MySQL) {
  REQUIRE_SERVER(Server);
  Database database;
  auto& connection = *database.connection;
  const auto cause = [&](const std::string& sql) {
    try {
      static_cast<void>(connection.query(sql));
    } catch (const DatabaseError& error) {
      if (error.native_code == 1146) CHECK(dialect().run().is_missing_table(error));
      return error.cause;
    }
    FAIL("no error: " << sql);
    return DatabaseError::Cause::statement;
  };
  CHECK(cause("SELECT * FROM missing") == DatabaseError::Cause::statement);
  connection.execute("CREATE TABLE t (a int)");
  const auto other = dialect().run().connect(database.url);
  other->execute("BEGIN; SELECT * FROM t");
  connection.execute(dialect().run().session_setup({.lock = std::chrono::milliseconds(1000), .statement = std::chrono::milliseconds(0)}));
  CHECK(cause("ALTER TABLE t ADD COLUMN b int") == DatabaseError::Cause::lock_timeout);
  const auto blockers = dialect().run().blockers(connection, {"ALTER TABLE t ADD COLUMN b int", {}});
  REQUIRE(!blockers.empty());
  other->execute("COMMIT");
  std::thread killer([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    connection.cancel();
  });
  CHECK(cause("SELECT count(*) FROM information_schema.collations a, information_schema.collations b, information_schema.collations c, information_schema.collations d") == DatabaseError::Cause::cancelled);
  killer.join();
  CHECK(cause("KILL CONNECTION_ID()") != DatabaseError::Cause::statement);
  CHECK(cause("SELECT 1") == DatabaseError::Cause::connection);
  auto wrong = database.url;
  wrong.password = "not-the-secret";
  try {
    static_cast<void>(dialect().run().connect(wrong));
    FAIL("no error");
  } catch (const DatabaseError& error) {
    CHECK(error.cause == DatabaseError::Cause::authentication);
    CHECK(error.message().find("not-the-secret") == std::string::npos);
  }
  auto none = database.url;
  none.database.clear();
  CHECK_THROWS_AS(static_cast<void>(dialect().run().connect(none)), Error);
}

TEST_CASE_TEMPLATE("the run lock of MariaDB and MySQL has one holder, who can be named, and dies with its session", Server, MariaDB, MySQL) {
  REQUIRE_SERVER(Server);
  Database database;
  auto other = dialect().run().connect(database.url);
  const auto mine = dialect().run().make_lock(*database.connection, database.server, "key");
  const auto theirs = dialect().run().make_lock(*other, database.server, "key");
  CHECK(theirs->try_acquire());
  CHECK_FALSE(mine->try_acquire());
  mine->release();
  CHECK_FALSE(mine->try_acquire());
  CHECK(mine->holder().find("connection") != std::string::npos);
  theirs->release();
  CHECK(mine->try_acquire());
}

TEST_CASE_TEMPLATE("a fingerprint changes with the effect of its statement and with nothing else", Server, MariaDB, MySQL) {
  REQUIRE_SERVER(Server);
  Database database;
  auto& connection = *database.connection;
  const auto take = [&](const std::string& sql) { return dialect().run().fingerprint(connection, database.server, {sql, {}}); };
  for (const auto* sql : {"CREATE TABLE t (a int AUTO_INCREMENT PRIMARY KEY, b int)", "ALTER TABLE t ADD COLUMN c int", "CREATE INDEX i ON t (b)", "DROP INDEX i ON t",
                          "ALTER TABLE t AUTO_INCREMENT = 100", "CREATE VIEW v AS SELECT 1 AS a", "CREATE OR REPLACE VIEW v AS SELECT 2 AS a", "RENAME TABLE t TO u, v TO w", "ALTER TABLE u RENAME TO t",
                          "ALTER TABLE t ADD CONSTRAINT c CHECK (b > 0)", "CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW SET NEW.b = 1", "DROP TRIGGER g",
                          "CREATE PROCEDURE p() SELECT 1", "ALTER PROCEDURE p COMMENT 'x'", "DROP PROCEDURE p", "CREATE FUNCTION f() RETURNS int DETERMINISTIC RETURN 1",
                          "CREATE EVENT e ON SCHEDULE EVERY 1 DAY DO SELECT 1", "ALTER EVENT e RENAME TO e2", "DROP VIEW IF EXISTS w", "ALTER DATABASE CHARACTER SET ascii", "DROP TABLE t"}) {
    CAPTURE(std::string(sql));
    const auto before = take(sql);
    CHECK(before.visible);
    CHECK(before.value == take(sql).value);
    connection.execute(sql);
    CHECK(before.value != take(sql).value);
  }
  if (current().name == "mariadb") {
    for (const auto* sql : {"CREATE SEQUENCE s", "DROP SEQUENCE s"}) {
      const auto before = take(sql);
      connection.execute(sql);
      CHECK(before.value != take(sql).value);
    }
  }
  CHECK_FALSE(take("INSERT INTO t VALUES (1)").visible);
  CHECK_FALSE(take("TRUNCATE TABLE t").visible);
}

TEST_CASE_TEMPLATE("a model in anybody's spelling equals what the server made of it", Server, MariaDB, MySQL) {
  REQUIRE_SERVER(Server);
  Database database("CHARACTER SET utf8mb4");
  // MySQL prints a NOT over AND and OR otherwise when it reads its own text again (a known failure of the cases).
  const std::string model = for_server(R"YAML(
enums:
  status: [new, paid]
tables:
  teams:
    columns:
      id: {type: integer, identity: always}
      Name: {type: character varying(50), null: false, default: ""}
    primary_key: [id]
  users:
    columns:
      id: bigserial
      team: {type: int, references: teams(id)}
      state: {type: status, default: new}
      flag: {type: boolean, default: true, null: false}
      price: {type: "numeric(10,2)", default: 0}
      at: {type: timestamptz, default: {sql: NOW()}}
      exact: {type: datetime(6), default: {sql: current_timestamp}}
      data: {type: jsonb, default: "{}"}
      key: {type: uuid, default: {sql: gen_random_uuid()}}
      twice: {type: int, generated: "(team * 2) + LENGTH(`key`)"}
    primary_key: [id]
    checks: {ck_price: "(price >= 0) AND NOT (flag = 1 AND price > 100[[mariadb  OR `team` != 4]])"}
views:
  v: {query: "SELECT u.id, t.Name FROM users u INNER JOIN teams AS t ON t.id = u.team WHERE (u.flag = 1)"}
)YAML");
  ModelOptions options;
  options.sections = database.server.sections;
  auto declared = parse_model(model, "model.yaml", options);
  dialect().canonical().canonicalize(declared, database.server);
  auto again = declared;
  dialect().canonical().canonicalize(again, database.server);
  CHECK(again == declared);
  database.run(creation_of(declared));
  const auto live = database.inspect();
  const auto normal = dialect().catalog().normalize(*database.connection, database.server, declared, declared, live);
  CHECK(normal.tables == live.tables);
  CHECK(normal.views == live.views);
  CHECK(database.inspect() == live);

  const auto file = write_model(live, "mysql");
  auto loaded = parse_model(file, "written.yaml", options);
  dialect().canonical().canonicalize(loaded, database.server);
  CHECK(loaded.tables == live.tables);
  CHECK(loaded.views == live.views);
  CHECK(loaded.options == live.options);
}

TEST_CASE_TEMPLATE("the number of round trips does not grow with the number of tables", Server, MariaDB, MySQL) {
  REQUIRE_SERVER(Server);
  Database database;
  std::string sql;
  const auto trips = [&] {
    const auto before = database.connection->round_trips();
    static_cast<void>(database.inspect());
    return database.connection->round_trips() - before;
  };
  for (int i = 0; i < 10; ++i) sql += "CREATE TABLE t" + std::to_string(i) + " (a int);";
  database.connection->execute(sql);
  CHECK(trips() == 2);
  sql.clear();
  for (int i = 10; i < 400; ++i) sql += "CREATE TABLE t" + std::to_string(i) + " (a int) ENGINE=MyISAM;";
  database.connection->execute(sql);
  CHECK(trips() == 2);
}

}  // namespace mysql_run_test
