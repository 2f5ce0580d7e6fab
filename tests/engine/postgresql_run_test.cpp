/// The connection, the lock, blockers and fingerprints on a real server.
#include <chrono>

#include "dialect/postgresql/sql/text.hpp"
#include "dialect/run.hpp"
#include "postgresql_support.hpp"

namespace postgresql_run_test {

using namespace migrate;
using namespace migrate::postgresql_test;

namespace {

DatabaseError error_of(Connection& connection, const std::string& sql) {
  try {
    connection.execute(sql);
  } catch (const DatabaseError& error) {
    return error;
  }
  FAIL("no error");
  throw std::logic_error("unreachable");
}

}  // namespace

TEST_CASE("postgresql: a statement's error has the server's words, its code and its place") {
  if (!have_server()) return;
  Scratch scratch;
  scratch.execute("CREATE TABLE t (id integer PRIMARY KEY)");
  const auto unknown = error_of(*scratch.connection, "SELECT 1;\nSELECT '\xC3\xA4\xE6\xBC\xA2', nothing FROM t");
  CHECK(unknown.sqlstate == "42703");
  CHECK(unknown.cause == DatabaseError::Cause::statement);
  CHECK(std::string(unknown.what()).find("column \"nothing\" does not exist") == 0);
  CHECK(unknown.position == 26);
  const auto twice = error_of(*scratch.connection, "INSERT INTO t VALUES (1), (1)");
  CHECK(twice.message().find("DETAIL:  Key (id)=(1) already exists.") != std::string::npos);
  CHECK(engine().run().is_missing_table(error_of(*scratch.connection, "SELECT * FROM missing")));
  CHECK(engine().run().is_missing_table(error_of(*scratch.connection, "SELECT * FROM no_schema.missing")) == true);
  CHECK(error_of(*scratch.connection, "SET statement_timeout = 50; SELECT pg_sleep(5)").cause == DatabaseError::Cause::cancelled);
}

TEST_CASE("postgresql: values are bound, queries travel together, transactions are plain statements") {
  if (!have_server()) return;
  Scratch scratch;
  const std::vector<Value> values{"it's", std::nullopt};
  const auto result = scratch.connection->query("SELECT $1::text AS a, $2::text AS b", values);
  CHECK(result.columns == std::vector<std::string>{"a", "b"});
  CHECK(result.rows == std::vector<Row>{{"it's", std::nullopt}});
  const auto before = scratch.connection->round_trips();
  const std::vector<std::string> queries{"SELECT 1", "SELECT 2 WHERE false", "SELECT ';'"};
  const auto results = scratch.connection->query_all(queries);
  CHECK(scratch.connection->round_trips() - before == 1);
  REQUIRE(results.size() == 3);
  CHECK(results[1].rows.empty());
  CHECK(results[2].rows[0][0] == ";");
  scratch.execute("BEGIN; CREATE TABLE t (id integer); INSERT INTO t VALUES (1), (2)");
  CHECK(scratch.connection->query("DELETE FROM t").affected == 2);
  scratch.execute("ROLLBACK");
  CHECK(engine().run().is_missing_table(error_of(*scratch.connection, "SELECT * FROM t")));
  CHECK_THROWS_AS((void)scratch.connection->query_all(std::vector<std::string>{"SELECT 1", "SELECT 1/0", "SELECT 2"}), DatabaseError);
  CHECK(scratch.connection->query("SELECT 3").rows[0][0] == "3");
}

TEST_CASE("postgresql: a connection that cannot be made or breaks says so and shows no password") {
  if (!have_server()) return;
  Scratch scratch;
  auto url = scratch.url();
  url.password = "very-secret";
  url.port = 1;
  try {
    static_cast<void>(engine().run().connect(url));
    FAIL("connected");
  } catch (const DatabaseError& error) {
    CHECK(error.cause == DatabaseError::Cause::connection);
    CHECK((error.message() + error.hint).find("very-secret") == std::string::npos);
  }
  url = scratch.url();
  url.parameters["sslmode"] = "very-wrong";
  CHECK_THROWS_AS(static_cast<void>(engine().run().connect(url)), Error);
  url = scratch.url();
  url.user = "nobody_of_that_name";
  try {
    static_cast<void>(engine().run().connect(url));
    FAIL("connected");
  } catch (const DatabaseError& error) {
    CHECK(error.cause == DatabaseError::Cause::authentication);
  }
  const auto other = engine().run().connect(scratch.url());
  const auto pid = other->query("SELECT pg_backend_pid(), current_setting('application_name')").rows[0];
  CHECK(pid[1] == "migrate");
  scratch.connection->query("SELECT pg_terminate_backend(" + *pid[0] + ")");
  CHECK(error_of(*other, "SELECT 1").cause == DatabaseError::Cause::connection);
  CHECK(error_of(*other, "SELECT 1").cause == DatabaseError::Cause::connection);
}

TEST_CASE("postgresql: the run lock is one for a key, names its holder and dies with the session") {
  if (!have_server()) return;
  Scratch scratch;
  auto other = engine().run().connect(scratch.url());
  const auto mine = engine().run().make_lock(*scratch.connection, scratch.server, "schema_versions");
  auto theirs = engine().run().make_lock(*other, scratch.server, "schema_versions");
  CHECK(mine->holder() == "");
  CHECK(mine->try_acquire());
  CHECK(mine->try_acquire());
  CHECK_FALSE(theirs->try_acquire());
  CHECK(theirs->holder().find("process ") != std::string::npos);
  CHECK(engine().run().make_lock(*other, scratch.server, "another")->try_acquire());
  theirs->release();
  CHECK_FALSE(theirs->try_acquire());
  mine->release();
  CHECK(theirs->try_acquire());
  theirs.reset();
  CHECK(mine->try_acquire());
}

TEST_CASE("postgresql: who blocks a statement is named, and a lock timeout is told apart") {
  if (!have_server()) return;
  Scratch scratch;
  scratch.execute("CREATE TABLE t (id integer)");
  const auto other = engine().run().connect(scratch.url());
  other->execute("BEGIN; SELECT * FROM t");
  scratch.execute(engine().run().session_setup({std::chrono::milliseconds(50), std::chrono::milliseconds(0)}));
  const Statement statement{"ALTER TABLE t ADD COLUMN a integer", {}};
  CHECK(error_of(*scratch.connection, statement.text).cause == DatabaseError::Cause::lock_timeout);
  const auto blockers = engine().run().blockers(*scratch.connection, statement);
  REQUIRE(blockers.size() == 1);
  CHECK(blockers[0].find("AccessShareLock on t") != std::string::npos);
}

TEST_CASE("postgresql: a fingerprint changes with what the statement does, and with nothing else") {
  if (!have_server()) return;
  Scratch scratch;
  scratch.execute("CREATE TABLE t (id integer); CREATE TYPE e AS ENUM ('a'); CREATE FUNCTION f() RETURNS integer LANGUAGE sql AS 'SELECT 1'");
  for (const std::string sql : {"CREATE INDEX CONCURRENTLY i ON t (id)", "ALTER TABLE t ADD COLUMN b text", "COMMENT ON TABLE t IS 'x'",
                                "ALTER TYPE e ADD VALUE 'b'", "CREATE OR REPLACE FUNCTION f() RETURNS integer LANGUAGE sql AS 'SELECT 2'",
                                "CREATE SCHEMA s", "CREATE TABLE s.u (id integer)", "DROP INDEX CONCURRENTLY i", "DROP TABLE s.u", "CREATE VIEW v AS SELECT * FROM t"}) {
    INFO(sql);
    const Statement statement{sql, {}};
    const auto before = engine().run().fingerprint(*scratch.connection, scratch.server, statement);
    CHECK(before.visible);
    CHECK(engine().run().fingerprint(*scratch.connection, scratch.server, statement).value == before.value);
    scratch.execute(sql);
    CHECK(engine().run().fingerprint(*scratch.connection, scratch.server, statement).value != before.value);
  }
  CHECK_FALSE(engine().run().fingerprint(*scratch.connection, scratch.server, {"UPDATE t SET id = 1", {}}).visible);
}

TEST_CASE("postgresql: the invalid index that a failed concurrent build leaves is cleared away") {
  if (!have_server()) return;
  Scratch scratch;
  scratch.execute("CREATE TABLE t (id integer); INSERT INTO t VALUES (1), (1)");
  const Statement statement{"CREATE UNIQUE INDEX CONCURRENTLY i ON t (id)", {}};
  CHECK(engine().run().cleanup_before(*scratch.connection, statement) == "");
  CHECK(error_of(*scratch.connection, statement.text).sqlstate == "23505");
  CHECK(engine().run().cleanup_before(*scratch.connection, statement) == "DROP INDEX IF EXISTS i");
  scratch.execute("DROP INDEX IF EXISTS i; DELETE FROM t");
  scratch.execute(statement.text);
  CHECK(engine().run().cleanup_before(*scratch.connection, statement) == "");
}

TEST_CASE("postgresql: a thousand tables are inspected in about the time of the bare queries") {
  if (!have_server()) return;
  Scratch scratch;
  for (int block = 0; block < 10; ++block) {
    std::string sql;
    for (int i = block * 100; i < block * 100 + 100; ++i) {
      const auto name = "t" + std::to_string(i);
      sql += "CREATE TABLE " + name + " (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY";
      for (int c = 1; c < 15; ++c) sql += ", c" + std::to_string(c) + (c % 3 == 0 ? " varchar(100) DEFAULT 'x' NOT NULL" : c % 3 == 1 ? " integer" : " timestamptz");
      if (i > 0) sql += ", FOREIGN KEY (id) REFERENCES t" + std::to_string(i - 1);
      sql += ", UNIQUE (c3), CHECK (c1 > 0)); CREATE INDEX ON " + name + " (c2, c1);";
    }
    scratch.execute(sql);
  }
  static_cast<void>(scratch.inspect());
  const auto start = std::chrono::steady_clock::now();
  const auto schema = scratch.inspect();
  const auto seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  CHECK(schema.tables.size() == 1000);
  MESSAGE("1,000 tables x 15 columns: " << seconds << " s");
}

}  // namespace postgresql_run_test
