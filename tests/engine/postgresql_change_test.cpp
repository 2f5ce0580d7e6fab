/// Change by change: a database is brought from one schema to the other and back, and pg_dump has the last word.
#include "autogenerate/autogenerate.hpp"
#include "dialect/render.hpp"
#include "postgresql_support.hpp"

namespace postgresql_change_test {

using namespace migrate;
using namespace migrate::postgresql_test;

namespace {

struct Case {
  const char* what;
  const char* common;  ///< in both schemas
  const char* before;
  const char* after;
  const char* rows = "";      ///< put in before the change
  const char* still = "";     ///< a query that says t after each way
};

std::vector<Statement> statements(const std::vector<PlannedChange>& changes, const Schema& before, const ServerInfo& server) {
  std::vector<Operation> operations;
  for (const auto& change : changes) operations.push_back(change.operation);
  return engine().render().render(operations, before, server);
}

void run_all(const Scratch& scratch, const std::vector<Statement>& list) {
  std::string script;
  for (const auto& statement : list) script += statement.text + ";\n";
  INFO(script);
  REQUIRE_NOTHROW(scratch.execute("BEGIN;\n" + script + "COMMIT"));
}

void check_rows(const Scratch& scratch, const Case& each) {
  if (*each.still == '\0') return;
  CHECK(scratch.connection->query(each.still).rows.at(0).at(0).value_or("") == "t");
}

void there_and_back(const Case& each) {
  INFO(each.what);
  Scratch database;
  Scratch wanted;
  database.execute(std::string(each.common) + ";" + each.before);
  wanted.execute(std::string(each.common) + ";" + each.after);
  if (*each.rows != '\0') database.execute(each.rows);
  const auto dump_before = database.dump();
  const auto live = database.inspect();
  const auto target = wanted.inspect();
  const auto difference = find_difference(engine(), *database.connection, database.server, live, target, {});
  REQUIRE_FALSE(difference.empty());
  run_all(database, statements(difference.changes, difference.before, difference.server));
  CHECK(dump_difference(wanted.dump(), database.dump()) == "");
  const auto after = database.inspect();
  const auto again = find_difference(engine(), *database.connection, database.server, after, target, {});
  for (const auto& change : again.changes) CHECK(describe(change.operation) == "");
  check_rows(database, each);

  const auto back = reverse_changes(difference.changes, difference.before, engine(), difference.server);
  Schema state = difference.before;
  for (const auto& change : difference.changes) apply(state, change.operation);
  run_all(database, statements(back, state, difference.server));
  CHECK(dump_difference(dump_before, database.dump()) == "");
  const auto undone = find_difference(engine(), *database.connection, database.server, database.inspect(), live, {});
  for (const auto& change : undone.changes) CHECK(describe(change.operation) == "");
  check_rows(database, each);
}

const Case cases[] = {
    {"a table", "", "", "CREATE TABLE t (id serial PRIMARY KEY, a varchar(20) DEFAULT 'x' NOT NULL, b text UNIQUE, CHECK (a <> '')); "
                        "COMMENT ON TABLE t IS 'x'; CREATE INDEX ti ON t (b)"},
    {"tables that refer to each other", "", "", "CREATE TABLE a (id int PRIMARY KEY, b int); CREATE TABLE b (id int PRIMARY KEY, a int REFERENCES a); "
                                                "ALTER TABLE a ADD CONSTRAINT ab FOREIGN KEY (b) REFERENCES b"},
    {"a column", "", "CREATE TABLE t (id int)", "CREATE TABLE t (id int, b text DEFAULT 'x' NOT NULL)", "INSERT INTO t VALUES (1)"},
    {"a column's comment", "", "CREATE TABLE t (id int)", "CREATE TABLE t (id int); COMMENT ON COLUMN t.id IS 'it''s'"},
    {"a default", "", "CREATE TABLE t (id int DEFAULT 1)", "CREATE TABLE t (id int DEFAULT 2)"},
    {"a default that goes", "", "CREATE TABLE t (id int DEFAULT 1)", "CREATE TABLE t (id int)"},
    {"a default to an expression", "", "CREATE TABLE t (at timestamptz)", "CREATE TABLE t (at timestamptz DEFAULT now() + '1 day'::interval)"},
    {"not null", "", "CREATE TABLE t (id int)", "CREATE TABLE t (id int NOT NULL)", "INSERT INTO t VALUES (1)"},
    {"varchar longer", "", "CREATE TABLE t (a varchar(10) DEFAULT 'x')", "CREATE TABLE t (a varchar(20) DEFAULT 'x')"},
    {"varchar to text with a check and a partial index", "",
     "CREATE TABLE t (a varchar(10) DEFAULT 'x', CHECK (a <> 'q')); CREATE INDEX i ON t (a) WHERE a = 'z'",
     "CREATE TABLE t (a text DEFAULT 'x', CHECK (a <> 'q')); CREATE INDEX i ON t (a) WHERE a = 'z'", "INSERT INTO t VALUES ('k')",
     "SELECT a = 'k' FROM t"},
    {"integer to bigint with everything on it", "CREATE TABLE p (id int PRIMARY KEY)",
     "CREATE TABLE t (id int DEFAULT 5 PRIMARY KEY REFERENCES p CHECK (id > 0))", "CREATE TABLE t (id bigint DEFAULT 5 PRIMARY KEY REFERENCES p CHECK (id > 0))",
     "INSERT INTO p VALUES (7); INSERT INTO t VALUES (7)", "SELECT id = 7 FROM t"},
    {"text to integer", "", "CREATE TABLE t (a text DEFAULT '1')", "CREATE TABLE t (a integer DEFAULT 1)", "INSERT INTO t VALUES ('42')", "SELECT a::text = '42' FROM t"},
    {"keys of another type", "", "CREATE TABLE p (id int PRIMARY KEY); CREATE TABLE c (p int REFERENCES p)",
     "CREATE TABLE p (id text PRIMARY KEY); CREATE TABLE c (p text REFERENCES p)", "INSERT INTO p VALUES (1); INSERT INTO c VALUES (1)",
     "SELECT p::text = '1' FROM c"},
    {"serial to bigserial", "", "CREATE TABLE t (id serial PRIMARY KEY)", "CREATE TABLE t (id bigserial PRIMARY KEY)", "INSERT INTO t DEFAULT VALUES"},
    {"serial to identity", "", "CREATE TABLE t (id serial PRIMARY KEY)", "CREATE TABLE t (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY)",
     "INSERT INTO t DEFAULT VALUES", "WITH n AS (INSERT INTO t DEFAULT VALUES RETURNING id) SELECT id > 1 FROM n"},
    {"identity to plain", "", "CREATE TABLE t (id int GENERATED ALWAYS AS IDENTITY)", "CREATE TABLE t (id int NOT NULL)", "INSERT INTO t DEFAULT VALUES"},
    {"plain to serial", "", "CREATE TABLE t (id int NOT NULL)", "CREATE TABLE t (id serial)", "INSERT INTO t VALUES (9)"},
    {"identity options", "", "CREATE TABLE t (id int GENERATED ALWAYS AS IDENTITY)",
     "CREATE TABLE t (id int GENERATED BY DEFAULT AS IDENTITY (START 5 INCREMENT 2 MAXVALUE 1000 CYCLE))"},
    {"identity to a wider type", "", "CREATE TABLE t (id int GENERATED ALWAYS AS IDENTITY)", "CREATE TABLE t (id bigint GENERATED ALWAYS AS IDENTITY)"},
    {"a generated column's expression", "", "CREATE TABLE t (a int, b int GENERATED ALWAYS AS (a + 1) STORED); CREATE INDEX i ON t (b)",
     "CREATE TABLE t (a int, b int GENERATED ALWAYS AS (a + 2) STORED); CREATE INDEX i ON t (b)", "INSERT INTO t VALUES (1)"},
    {"a generated column to plain", "", "CREATE TABLE t (a int, b int GENERATED ALWAYS AS (a + 1) STORED)", "CREATE TABLE t (a int, b int)", "INSERT INTO t VALUES (1)",
     "SELECT b = 2 FROM t"},
    {"the type of a column under a generated one", "", "CREATE TABLE t (a int, b bigint GENERATED ALWAYS AS (a + 1) STORED)",
     "CREATE TABLE t (a bigint, b bigint GENERATED ALWAYS AS (a + 1) STORED)", "INSERT INTO t VALUES (1)", "SELECT b = 2 FROM t"},
    {"collation", "", "CREATE TABLE t (a text)", "CREATE TABLE t (a text COLLATE \"C\")"},
    {"storage and statistics", "", "CREATE TABLE t (a text)", "CREATE TABLE t (a text); ALTER TABLE t ALTER a SET STORAGE EXTERNAL, ALTER a SET STATISTICS 77"},
    {"primary key columns under a foreign key", "CREATE TABLE x (k int UNIQUE)", "CREATE TABLE p (a int NOT NULL, b int NOT NULL, PRIMARY KEY (a))",
     "CREATE TABLE p (a int NOT NULL, b int NOT NULL, PRIMARY KEY (a, b))"},
    {"a primary key", "", "CREATE TABLE t (a int NOT NULL)", "CREATE TABLE t (a int PRIMARY KEY)"},
    {"unique options", "", "CREATE TABLE t (a int, b int, CONSTRAINT u UNIQUE (a))", "CREATE TABLE t (a int, b int, CONSTRAINT u UNIQUE NULLS NOT DISTINCT (a) INCLUDE (b) DEFERRABLE)"},
    {"foreign key actions", "CREATE TABLE p (id int PRIMARY KEY)", "CREATE TABLE t (a int CONSTRAINT f REFERENCES p)",
     "CREATE TABLE t (a int CONSTRAINT f REFERENCES p ON DELETE SET NULL ON UPDATE CASCADE)"},
    {"foreign key timing", "CREATE TABLE p (id int PRIMARY KEY)", "CREATE TABLE t (a int CONSTRAINT f REFERENCES p)",
     "CREATE TABLE t (a int CONSTRAINT f REFERENCES p DEFERRABLE INITIALLY DEFERRED)"},
    {"foreign key validated", "CREATE TABLE p (id int PRIMARY KEY); CREATE TABLE t (a int)", "ALTER TABLE t ADD CONSTRAINT f FOREIGN KEY (a) REFERENCES p NOT VALID",
     "ALTER TABLE t ADD CONSTRAINT f FOREIGN KEY (a) REFERENCES p"},
    {"a check", "", "CREATE TABLE t (a int CONSTRAINT c CHECK (a > 0))", "CREATE TABLE t (a int CONSTRAINT c CHECK (a > 1 AND a < 10))"},
    {"an exclusion", "", "CREATE TABLE t (a int4range)", "CREATE TABLE t (a int4range, CONSTRAINT e EXCLUDE USING gist (a WITH &&))"},
    {"index parts", "CREATE TABLE t (a text, b int)", "CREATE INDEX i ON t (a)", "CREATE UNIQUE INDEX i ON t (lower(a) DESC NULLS LAST, b) INCLUDE (a) WHERE b > 0"},
    {"index parameters", "CREATE TABLE t (a text)", "CREATE INDEX i ON t (a)", "CREATE INDEX i ON t (a) WITH (fillfactor = 50); COMMENT ON INDEX i IS 'x'"},
    {"index method", "CREATE TABLE t (a int[])", "CREATE INDEX i ON t (a)", "CREATE INDEX i ON t USING gin (a)"},
    {"an enum value at the end", "", "CREATE TYPE e AS ENUM ('a'); CREATE TABLE t (x e DEFAULT 'a')", "CREATE TYPE e AS ENUM ('a', 'b'); CREATE TABLE t (x e DEFAULT 'a')",
     "INSERT INTO t VALUES ('a')"},
    {"enum values in between", "", "CREATE TYPE e AS ENUM ('b', 'd')", "CREATE TYPE e AS ENUM ('a', 'b', 'c', 'd', 'e')"},
    {"an enum value that a default uses at once", "", "CREATE TYPE e AS ENUM ('a'); CREATE TABLE t (x e DEFAULT 'a', y e[] DEFAULT '{a}')",
     "CREATE TYPE e AS ENUM ('a', 'b'); CREATE TABLE t (x e DEFAULT 'b', y e[] DEFAULT '{a,b}')", "INSERT INTO t VALUES ('a', '{a}')", "SELECT x = 'a' FROM t"},
    {"an enum value that goes, with all that uses the type", "",
     "CREATE TYPE e AS ENUM ('a', 'b', 'c'); CREATE TABLE t (x e DEFAULT 'a' NOT NULL, y e[], CONSTRAINT c CHECK (x <> 'b')); CREATE INDEX i ON t (x) WHERE x = 'a'; "
     "CREATE VIEW v AS SELECT x FROM t WHERE x = 'a'; CREATE VIEW w AS SELECT x FROM v; CREATE FUNCTION f(p e) RETURNS int LANGUAGE sql AS 'SELECT 1'",
     "CREATE TYPE e AS ENUM ('a', 'b'); CREATE TABLE t (x e DEFAULT 'a' NOT NULL, y e[], CONSTRAINT c CHECK (x <> 'b')); CREATE INDEX i ON t (x) WHERE x = 'a'; "
     "CREATE VIEW v AS SELECT x FROM t WHERE x = 'a'; CREATE VIEW w AS SELECT x FROM v; CREATE FUNCTION f(p e) RETURNS int LANGUAGE sql AS 'SELECT 1'",
     "INSERT INTO t VALUES ('a', '{a,b}')", "SELECT x = 'a' FROM t"},
    {"enum order", "", "CREATE TYPE e AS ENUM ('a', 'b'); CREATE TABLE t (x e)", "CREATE TYPE e AS ENUM ('b', 'a'); CREATE TABLE t (x e)"},
    {"an enum for a text", "CREATE TYPE e AS ENUM ('a', 'b')", "CREATE TABLE t (x text DEFAULT 'a', CONSTRAINT c CHECK (x <> 'b'))", "CREATE TABLE t (x e DEFAULT 'a', CONSTRAINT c CHECK (x <> 'b'))",
     "INSERT INTO t VALUES ('a')", "SELECT x = 'a' FROM t"},
    {"a domain's checks", "CREATE DOMAIN k AS text", "CREATE DOMAIN d AS int CHECK (VALUE > 0); CREATE TABLE t (x d)",
     "CREATE DOMAIN d AS int DEFAULT 3 NOT NULL CONSTRAINT c2 CHECK (VALUE > 1); CREATE TABLE t (x d); COMMENT ON DOMAIN d IS 'x'"},
    {"a domain's type", "", "CREATE DOMAIN d AS int CHECK (VALUE > 0); CREATE TABLE t (x d)", "CREATE DOMAIN d AS bigint CHECK (VALUE > 0); CREATE TABLE t (x d)",
     "INSERT INTO t VALUES (5)", "SELECT x = 5 FROM t"},
    {"a sequence", "", "CREATE SEQUENCE s", "CREATE SEQUENCE s AS integer START 5 INCREMENT 3 MAXVALUE 500 CACHE 4 CYCLE; COMMENT ON SEQUENCE s IS 'x'"},
    {"a composite type", "", "CREATE TYPE c AS (a int, b text); CREATE TABLE t (x c)", "CREATE TYPE c AS (a int, c text); CREATE TABLE t (x c)"},
    {"a view that grows", "CREATE TABLE t (a int, b int)", "CREATE VIEW v AS SELECT a FROM t; CREATE VIEW w AS SELECT a FROM v",
     "CREATE VIEW v AS SELECT a, b FROM t WHERE a > 0; CREATE VIEW w AS SELECT a FROM v"},
    {"a view that loses a column", "CREATE TABLE t (a int, b int)", "CREATE VIEW v AS SELECT a, b FROM t; CREATE VIEW w AS SELECT a FROM v",
     "CREATE VIEW v AS SELECT a FROM t; CREATE VIEW w AS SELECT a FROM v"},
    {"a column under a view", "", "CREATE TABLE t (a int, b text); CREATE VIEW v AS SELECT a FROM t; CREATE MATERIALIZED VIEW m AS SELECT a FROM v; CREATE INDEX mi ON m (a)",
     "CREATE TABLE t (a bigint, b text); CREATE VIEW v AS SELECT a FROM t; CREATE MATERIALIZED VIEW m AS SELECT a FROM v; CREATE INDEX mi ON m (a)"},
    {"view options", "CREATE TABLE t (a int)", "CREATE VIEW v AS SELECT a FROM t", "CREATE VIEW v WITH (security_barrier) AS SELECT a FROM t WITH CASCADED CHECK OPTION; COMMENT ON VIEW v IS 'x'"},
    {"a materialized view", "CREATE TABLE t (a int)", "CREATE MATERIALIZED VIEW v AS SELECT a FROM t; CREATE INDEX i ON v (a)", "CREATE MATERIALIZED VIEW v AS SELECT a + 1 AS a FROM t; CREATE INDEX i ON v (a)"},
    {"a function's body", "", "CREATE FUNCTION f(a int) RETURNS int LANGUAGE sql AS 'SELECT 1'", "CREATE FUNCTION f(a int) RETURNS int LANGUAGE sql AS 'SELECT 2'"},
    {"a function's result", "", "CREATE FUNCTION f(a int) RETURNS int LANGUAGE sql AS 'SELECT 1'", "CREATE FUNCTION f(a int) RETURNS text LANGUAGE sql AS 'SELECT ''x'''"},
    {"an overload", "CREATE FUNCTION f(a int) RETURNS int LANGUAGE sql AS 'SELECT 1'", "", "CREATE FUNCTION f(a text) RETURNS int LANGUAGE sql AS 'SELECT 1'; COMMENT ON FUNCTION f(text) IS 'x'"},
    {"a trigger", "CREATE TABLE t (a int); CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
     "CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f()", "CREATE TRIGGER g BEFORE INSERT OR UPDATE OF a ON t FOR EACH ROW WHEN (NEW.a > 0) EXECUTE FUNCTION f()"},
    {"a trigger's state", "CREATE TABLE t (a int); CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'; CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f()",
     "", "ALTER TABLE t ENABLE ALWAYS TRIGGER g"},
    {"the type of a column that a trigger and a policy name", "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
     "CREATE TABLE t (a int); CREATE TRIGGER g BEFORE UPDATE OF a ON t FOR EACH ROW EXECUTE FUNCTION f(); CREATE POLICY p ON t USING (a > 0)",
     "CREATE TABLE t (a bigint); CREATE TRIGGER g BEFORE UPDATE OF a ON t FOR EACH ROW EXECUTE FUNCTION f(); CREATE POLICY p ON t USING (a > 0)"},
    {"row security", "CREATE TABLE t (a int)", "", "ALTER TABLE t ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON t FOR SELECT USING (a > 1)"},
    {"a policy", "CREATE TABLE t (a int)", "CREATE POLICY p ON t USING (a > 1)", "CREATE POLICY p ON t TO postgres USING (a > 2) WITH CHECK (a > 3)"},
    {"storage parameters", "", "CREATE TABLE t (a int) WITH (fillfactor = 50)", "CREATE TABLE t (a int) WITH (autovacuum_enabled = false)"},
    {"unlogged", "", "CREATE TABLE t (a int)", "CREATE UNLOGGED TABLE t (a int)"},
    {"replica identity", "", "CREATE TABLE t (a int PRIMARY KEY)", "CREATE TABLE t (a int PRIMARY KEY); ALTER TABLE t REPLICA IDENTITY FULL"},
    {"a partitioned table", "", "", "CREATE TABLE t (a int, b date, PRIMARY KEY (a, b)) PARTITION BY RANGE (b); CREATE INDEX i ON t (b)"},
    {"a column of a parent", "", "CREATE TABLE p (a int); CREATE TABLE c (b int) INHERITS (p)", "CREATE TABLE p (a int, x text DEFAULT 'k'); CREATE TABLE c (b int) INHERITS (p)"},
    {"an extension", "", "", "CREATE EXTENSION citext; CREATE TABLE t (a citext DEFAULT 'x')"},
};

}  // namespace

TEST_CASE("postgresql: every kind of change goes there and back, and pg_dump sees what was meant") {
  if (!have_server()) return;
  for (const auto& each : cases) {
    SUBCASE(each.what) { there_and_back(each); }
  }
}

}  // namespace postgresql_change_test
