"""The rules of lint about locks and rewrites say what the server does: each statement runs on the real one, which is looked at.

PostgreSQL tells by pg_locks, by the table's file and by its debug messages; MariaDB and MySQL by the ALGORITHM and LOCK clauses that
they accept; SQLite by what it refuses. A finding where the server does no such thing fails, and so does the other way around.
"""
import json
import os
import re
import unittest

import support

GIVEN = """CREATE TABLE teams (id bigint PRIMARY KEY, name text);
CREATE TABLE t (id bigint PRIMARY KEY, n int, s varchar(50), note text, team_id bigint, num numeric(10,2), at timestamp(3), mood text);
CREATE INDEX ix_t_team ON t (team_id);
INSERT INTO teams VALUES (1, 'a');
INSERT INTO t VALUES (1, 1, 'a', 'b', 1, 1.5, '2025-01-01', 'x'), (2, 2, 'c', 'd', 1, 2.5, '2025-01-02', 'y');"""


class Lint(support.TestCase):
    def findings(self, project, given, sql, *options):
        """The ids that lint finds for `sql` behind `given`, without asking the database."""
        for file in (project.folder / "migrations").glob("*"):
            file.unlink()
        project.unit("0001-aaaaaa", "", given, "-- nothing")
        project.unit("0002-aaaaaa", "0001-aaaaaa", sql, "-- nothing")
        done = project.migrate("lint", "2", "--offline", "--json", *options, code=None)
        self.assertIn(done.code, (0, 3), done)
        return [finding["id"] for finding in json.loads(done.out)["findings"]]


@unittest.skipUnless(os.environ.get("MIGRATE_TEST_POSTGRESQL"), "MIGRATE_TEST_POSTGRESQL is not set")
class PostgreSQL(Lint):
    def setUp(self):
        self.project_ = self.project("postgresql")

    def observe(self, given, sql, table="t"):
        """What the statement does: the locks on the table, and what the server says it reads and writes."""
        self.project_.sql("DROP SCHEMA public CASCADE; CREATE SCHEMA public;")
        self.project_.sql(given)
        script = f"""SET client_min_messages = debug1;
BEGIN;
CREATE TEMP TABLE before AS SELECT pg_relation_filenode('{table}') AS file;
{sql}
SELECT 'lock ' || mode FROM pg_locks WHERE pid = pg_backend_pid() AND relation = '{table}'::regclass;
SELECT 'rewritten' FROM before WHERE file IS DISTINCT FROM pg_relation_filenode('{table}');
ROLLBACK;"""
        done = self.project_.database.client(self.project_.database.url, script)
        out = done.out + done.err
        seen = set(re.findall(r"lock (\w+)", out))
        # CLUSTER and REFRESH work by themselves; TRUNCATE swaps the file too, and means it.
        if "\nrewritten" in out or out.startswith("rewritten"):
            seen.add("rewritten")
        if re.search(r"verifying table|validating foreign key", out):
            seen.add("read")
        if "building index" in out:
            seen.add("index")
        if "ERROR" in out:
            seen.add("error: " + re.search(r"ERROR: +(.*)", out)[1])
        return seen

    CLAIMS = {
        "PG010": {"ShareLock", "index"},
        "PG012": {"ShareRowExclusiveLock", "read"},
        "PG013": {"AccessExclusiveLock", "read"},
        "PG014": {"AccessExclusiveLock", "index"},
        "PG015": {"AccessExclusiveLock", "index"},
        "PG016": {"AccessExclusiveLock", "read"},
        "PG017": {"AccessExclusiveLock", "rewritten"},
        "PG018": {"AccessExclusiveLock", "rewritten"},
        "PG019": {"AccessExclusiveLock", "rewritten"},
        "PG020": {"AccessExclusiveLock", "rewritten"},
        "PG023": {"AccessExclusiveLock", "rewritten"},
        "PG029": {"AccessExclusiveLock", "rewritten"},
        "PG030": {"AccessExclusiveLock", "read"},
        "PG031": {"AccessExclusiveLock"},
    }
    # Statements and the rule that is about them; None: no claim, and the server must bear that out.
    STATEMENTS = [
        ("PG010", "CREATE INDEX ix ON t (s);"),
        ("PG010", "CREATE UNIQUE INDEX ix ON t (s);"),
        ("PG012", "ALTER TABLE t ADD CONSTRAINT fk FOREIGN KEY (team_id) REFERENCES teams (id);"),
        (None, "ALTER TABLE t ADD CONSTRAINT fk FOREIGN KEY (team_id) REFERENCES teams (id) NOT VALID;"),
        ("PG012", "ALTER TABLE t ADD COLUMN boss bigint DEFAULT 1 REFERENCES teams (id);"),
        (None, "ALTER TABLE t ADD COLUMN boss bigint REFERENCES teams (id);"),
        ("PG013", "ALTER TABLE t ADD CONSTRAINT ck CHECK (n > 0);"),
        ("PG013", "ALTER TABLE t ADD COLUMN k int CHECK (k > 0);"),
        (None, "ALTER TABLE t ADD CONSTRAINT ck CHECK (n > 0) NOT VALID;"),
        ("PG014", "ALTER TABLE t ADD CONSTRAINT uq UNIQUE (s);"),
        ("PG014", "ALTER TABLE t ADD COLUMN u int UNIQUE;"),
        (None, "ALTER TABLE t DROP CONSTRAINT t_pkey;"),
        ("PG015", "ALTER TABLE t ADD CONSTRAINT ex EXCLUDE USING btree (n WITH =);"),
        ("PG016", "ALTER TABLE t ALTER COLUMN s SET NOT NULL;"),
        (None, "ALTER TABLE t ALTER COLUMN id SET NOT NULL;"),
        (None, "ALTER TABLE t ALTER COLUMN id SET DEFAULT 7;"),
        ("PG019", "ALTER TABLE t ADD COLUMN g text GENERATED ALWAYS AS (lower(s)) STORED;"),
        ("PG020", "ALTER TABLE t ADD COLUMN nr bigserial;"),
        ("PG020", "ALTER TABLE t ADD COLUMN nr bigint GENERATED ALWAYS AS IDENTITY;"),
        ("PG023", "CLUSTER t USING t_pkey;"),
        ("PG029", "ALTER TABLE t SET UNLOGGED;"),
        (None, "ALTER TABLE t SET (fillfactor = 70);"),
        (None, "ALTER TABLE t ALTER COLUMN s SET STORAGE EXTERNAL;"),
        ("PG030", "ALTER TABLE t ADD CONSTRAINT ck CHECK (n > 0) NOT VALID; ALTER TABLE t VALIDATE CONSTRAINT ck;"),
        ("PG031", "DROP INDEX ix_t_team;"),
        (None, "COMMENT ON TABLE t IS 'x';"),
        (None, "ALTER TABLE t ADD COLUMN c text;"),
    ]

    def test_each_claim_is_what_the_server_does(self):
        for rule, sql in self.STATEMENTS:
            with self.subTest(sql=sql):
                seen = self.observe(GIVEN, sql)
                self.assertFalse([what for what in seen if what.startswith("error")], seen)
                found = [rule for rule in self.findings(self.project_, GIVEN, sql) if rule in self.CLAIMS]
                if rule is None:
                    self.assertEqual(found, [], seen)
                    self.assertFalse(seen & {"rewritten", "read", "index"}, seen)
                else:
                    self.assertIn(rule, found)
                    self.assertLessEqual(self.CLAIMS[rule], seen)

    def test_a_type_change_rewrites_or_not_as_lint_says(self):
        types = ["integer", "bigint", "varchar(20)", "varchar(50)", "varchar", "text", "char(10)", "numeric", "numeric(10,2)", "numeric(12,2)", "numeric(12,3)", "timestamp",
                 "timestamp(3)", "timestamptz", "date", "time", "interval", "inet", "cidr", "bit varying(5)", "bit varying(9)", "double precision", "jsonb", "xml"]
        pairs = [(a, b) for a in types for b in types if a != b]
        for a in types:
            given = f"CREATE TABLE t (id bigint PRIMARY KEY, c {a}); INSERT INTO t VALUES (1, NULL), (2, NULL);"
            done = self.project_.database.client(self.project_.database.url, "DROP SCHEMA public CASCADE; CREATE SCHEMA public; " + given)
            if done.code != 0:
                continue
            for b in [b for one, b in pairs if one == a]:
                sql = f"ALTER TABLE t ALTER COLUMN c TYPE {b};"
                done = self.project_.database.client(self.project_.database.url, f"SET client_min_messages = debug1; SET TimeZone = 'Europe/Berlin'; BEGIN; {sql} ROLLBACK;")
                if done.code != 0:
                    continue  # needs USING
                with self.subTest(sql=sql, was=a):
                    rewritten = "rewriting table" in done.err
                    self.assertEqual("PG018" in self.findings(self.project_, given, sql), rewritten, done)

    def test_a_default_rewrites_or_not_as_lint_says(self):
        given = "CREATE SEQUENCE seq; " + GIVEN
        for type, default in [("int", "5"), ("int", "2 + 3"), ("text", "'x'"), ("text", "lower('X')"), ("timestamptz", "now()"), ("timestamptz", "CURRENT_TIMESTAMP"), ("date", "CURRENT_DATE"),
                              ("timestamptz", "clock_timestamp()"), ("timestamptz", "statement_timestamp()"), ("uuid", "gen_random_uuid()"), ("double precision", "random()"),
                              ("bigint", "nextval('seq')"), ("jsonb", "jsonb_build_object('a', 1)"), ("text", "md5(random()::text)"), ("text[]", "ARRAY['a']"), ("text[]", "'{}'::text[]"),
                              ("text", "current_user"), ("timestamptz", "now() + interval '1 day'"), ("text", "timeofday()"), ("int", "(SELECT 1)::int")]:
            sql = f"ALTER TABLE t ADD COLUMN c {type} DEFAULT {default};"
            seen = self.observe(given, sql)
            if any(what.startswith("error") for what in seen):
                continue
            with self.subTest(sql=sql):
                self.assertEqual("PG017" in self.findings(self.project_, given, sql), "rewritten" in seen, seen)

    def test_a_validated_check_saves_set_not_null_the_reading(self):
        given = GIVEN + "\nALTER TABLE t ADD CONSTRAINT c CHECK (s IS NOT NULL);"
        sql = "ALTER TABLE t ALTER COLUMN s SET NOT NULL;"
        self.assertNotIn("read", self.observe(given, sql))
        self.assertNotIn("PG016", self.findings(self.project_, given, sql))

    def test_a_check_saves_attach_the_reading(self):
        given = ("CREATE TABLE e (id bigint, at date) PARTITION BY RANGE (at); CREATE TABLE e1 (id bigint, at date%s); INSERT INTO e1 VALUES (1, '2025-02-01');")
        sql = "ALTER TABLE e ATTACH PARTITION e1 FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');"
        plain = given % ""
        self.assertLessEqual({"AccessExclusiveLock", "read"}, self.observe(plain, sql, "e1"))
        self.assertIn("PG027", self.findings(self.project_, plain, sql))
        checked = given % ", CONSTRAINT c CHECK (at IS NOT NULL AND at >= '2025-01-01' AND at < '2026-01-01')"
        self.assertNotIn("read", self.observe(checked, sql, "e1"))
        self.assertNotIn("PG027", self.findings(self.project_, checked, sql))

    def test_what_keeps_readers_out(self):
        view = GIVEN + "\nCREATE MATERIALIZED VIEW v AS SELECT n FROM t; CREATE UNIQUE INDEX ux ON v (n);"
        self.assertIn("AccessExclusiveLock", self.observe(view, "REFRESH MATERIALIZED VIEW v;", "v"))
        self.assertIn("PG026", self.findings(self.project_, view, "REFRESH MATERIALIZED VIEW v;"))
        self.assertNotIn("AccessExclusiveLock", self.observe(view, "REFRESH MATERIALIZED VIEW CONCURRENTLY v;", "v"))
        self.assertNotIn("PG026", self.findings(self.project_, view, "REFRESH MATERIALIZED VIEW CONCURRENTLY v;"))
        keyed = GIVEN + "\nALTER TABLE t ADD CONSTRAINT fk FOREIGN KEY (team_id) REFERENCES teams (id);"
        self.assertIn("AccessExclusiveLock", self.observe(keyed, "TRUNCATE teams CASCADE;"))
        self.assertIn("PG024", self.findings(self.project_, keyed, "TRUNCATE teams CASCADE;"))
        self.assertIn("ShareLock", self.observe(GIVEN, "REINDEX TABLE t;"))
        self.assertIn("PG028", self.findings(self.project_, GIVEN, "REINDEX TABLE t;"))

    def test_vacuum_full_writes_the_table_anew(self):
        self.project_.sql(GIVEN)
        before = self.project_.sql("SELECT pg_relation_filenode('t')")
        self.project_.sql("VACUUM t")
        self.assertEqual(before, self.project_.sql("SELECT pg_relation_filenode('t')"))
        self.project_.sql("VACUUM FULL t")
        self.assertNotEqual(before, self.project_.sql("SELECT pg_relation_filenode('t')"))

    def test_what_a_transaction_refuses(self):
        for sql in ["CREATE INDEX CONCURRENTLY ix ON t (s);", "DROP INDEX CONCURRENTLY ix_t_team;", "VACUUM t;", "REINDEX TABLE CONCURRENTLY t;"]:
            with self.subTest(sql=sql):
                self.assertTrue(any("cannot run inside a transaction block" in what for what in self.observe(GIVEN, sql)))
                self.assertIn("PG011", self.findings(self.project_, GIVEN, sql))
        given = GIVEN + "\nCREATE TYPE mood AS ENUM ('sad'); ALTER TABLE t ADD COLUMN m mood;"
        sql = "ALTER TYPE mood ADD VALUE 'calm'; UPDATE t SET m = 'calm' WHERE id = 1;"
        self.assertTrue(any("unsafe use" in what for what in self.observe(given, sql)))
        self.assertIn("PG025", self.findings(self.project_, given, sql))
        own = "CREATE TYPE m2 AS ENUM ('sad'); ALTER TYPE m2 ADD VALUE 'calm'; SELECT 'calm'::m2;"
        self.project_.write("migrate.yaml", f'database: "{self.project_.database.url}"\nlint: {{version: "{self.project_.sql("SHOW server_version").split(" ")[0]}"}}\n')
        refused = any("unsafe use" in what for what in self.observe(GIVEN, own))
        self.assertEqual("PG025" in self.findings(self.project_, GIVEN, own), refused)


class OfMysql:
    """What MariaDB and MySQL are both asked, each in a class of its own below."""

    GIVEN = """CREATE TABLE p (id bigint PRIMARY KEY) ENGINE=InnoDB;
CREATE TABLE t (id bigint PRIMARY KEY, a int NOT NULL DEFAULT 5, b varchar(50), c varchar(300), d int, e enum('x','y'), f text, p_id bigint, KEY k (b), KEY kd (d)) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;"""
    # One ALTER TABLE t each.
    ACTIONS = ["ADD COLUMN x int", "ADD COLUMN x int NOT NULL DEFAULT 4", "ADD COLUMN x int AFTER a", "ADD COLUMN x int FIRST", "ADD COLUMN x varchar(20) DEFAULT 'q'",
               "ADD COLUMN x bigint AS (a + 1) VIRTUAL", "ADD COLUMN x bigint AS (a + 1) STORED", "ADD COLUMN x bigint NOT NULL AUTO_INCREMENT, ADD UNIQUE KEY u (x)",
               "ADD COLUMN x int UNIQUE", "ADD COLUMN x int, ADD INDEX ix (a)", "DROP COLUMN a, ADD INDEX ix (d)", "ADD COLUMN x int, DROP INDEX k", "DROP COLUMN a", "DROP COLUMN d", "DROP COLUMN f", "RENAME COLUMN a TO z", "CHANGE a z int NOT NULL DEFAULT 5", "MODIFY a bigint NOT NULL DEFAULT 5",
               "MODIFY a smallint NOT NULL DEFAULT 5", "MODIFY a int NOT NULL DEFAULT 6", "MODIFY a int NULL DEFAULT 5", "MODIFY d int NOT NULL", "MODIFY b varchar(60)", "MODIFY b varchar(63)",
               "MODIFY b varchar(100)", "MODIFY b varchar(40)", "MODIFY c varchar(400)", "MODIFY c text", "MODIFY e enum('x','y','z')", "MODIFY e enum('y','x')", "MODIFY d int AFTER id", "MODIFY d int COMMENT 'q'",
               "ALTER COLUMN a SET DEFAULT 9", "ALTER COLUMN a DROP DEFAULT", "ADD INDEX ix (a)", "ADD UNIQUE KEY ux (a)", "ADD FULLTEXT INDEX ft (f)", "DROP INDEX k", "RENAME INDEX k TO k2",
               "DROP PRIMARY KEY", "DROP PRIMARY KEY, ADD PRIMARY KEY (id, a)", "ADD CONSTRAINT fk FOREIGN KEY (p_id) REFERENCES p (id)", "ADD CONSTRAINT ck CHECK (a > 0)", "ENGINE=InnoDB", "FORCE",
               "ROW_FORMAT=COMPACT", "CONVERT TO CHARACTER SET latin1", "COMMENT='q'", "AUTO_INCREMENT=9", "RENAME TO t9"]
    CLASSES = {"MY003": "copy", "MY004": "rebuild", "MY005": "rebuild", "MY006": "blocking"}

    def setUp(self):
        self.project_ = self.project(self.engine)
        self.project_.config(f'lint: {{version: "{self.project_.sql("SELECT version()").split("-")[0]}"}}')

    def observe(self, action):
        """The cheapest way that the server accepts."""
        nocopy = "NOCOPY" if self.engine == "mariadb" else "INPLACE"
        for name, clause in [("instant", "ALGORITHM=INSTANT"), ("in place", f"ALGORITHM={nocopy}, LOCK=NONE"), ("rebuild", "ALGORITHM=INPLACE, LOCK=NONE"), ("blocking", "ALGORITHM=INPLACE"), ("copy", "ALGORITHM=COPY")]:
            database = self.project_.database
            database.client(database.url, "SET foreign_key_checks = 0; DROP TABLE IF EXISTS t, t9, p;", check=True)
            database.client(database.url, self.GIVEN, check=True)
            was = self.table_id()
            if database.client(database.url, f"ALTER TABLE t {action}, {clause};").code == 0:
                return "rebuild" if name == "in place" and self.table_id() != was else name
        return "refused"

    def table_id(self):
        """MySQL has no word for "in place, and not anew": a table that was written anew is another one to InnoDB."""
        if self.engine == "mariadb":
            return ""
        return self.project_.sql(f"SELECT table_id FROM information_schema.innodb_tables WHERE name IN ('{self.project_.database.name}/t', '{self.project_.database.name}/t9')")

    def test_each_change_costs_what_lint_says(self):
        checks = self.engine == "mariadb" or self.project_.sql("SELECT count(*) FROM information_schema.tables WHERE table_name = 'CHECK_CONSTRAINTS'") != "0"
        for action in self.ACTIONS:
            if "CHECK" in action and not checks:
                continue  # MySQL before 8.0.16 reads it and does nothing
            with self.subTest(action=action):
                seen = self.observe(action)
                self.assertNotEqual(seen, "refused")
                found = [self.CLASSES[rule] for rule in self.findings(self.project_, self.GIVEN, f"ALTER TABLE t {action};") if rule in self.CLASSES]
                expected = [] if seen in ("instant", "in place") else [seen]
                self.assertEqual(found, expected, seen)

    def test_references_behind_a_column(self):
        sql = "CREATE TABLE c (id bigint PRIMARY KEY, p_id bigint REFERENCES p (id));"
        self.project_.sql(self.GIVEN + sql)
        made = self.project_.sql("SELECT count(*) FROM information_schema.referential_constraints WHERE constraint_schema = database()")
        self.assertEqual("MY009" in self.findings(self.project_, self.GIVEN, sql), made == "0")

    def test_modify_loses_what_it_leaves_out(self):
        self.project_.sql(self.GIVEN + "ALTER TABLE t MODIFY a int;")
        self.assertEqual(self.project_.sql("SELECT is_nullable FROM information_schema.columns WHERE table_schema = database() AND table_name = 't' AND column_name = 'a'"), "YES")
        self.assertIn("MY007", self.findings(self.project_, self.GIVEN, "ALTER TABLE t MODIFY a int;"))


@unittest.skipUnless(os.environ.get("MIGRATE_TEST_MARIADB"), "MIGRATE_TEST_MARIADB is not set")
class MariaDB(OfMysql, Lint):
    engine = "mariadb"


@unittest.skipUnless(os.environ.get("MIGRATE_TEST_MYSQL"), "MIGRATE_TEST_MYSQL is not set")
class MySQL(OfMysql, Lint):
    engine = "mysql"


class SQLite(Lint):
    GIVEN = """CREATE TABLE p (id integer PRIMARY KEY);
CREATE TABLE t (id integer PRIMARY KEY, a text NOT NULL, b text, u text UNIQUE, c text, n int CHECK (n > 0), p_id int REFERENCES p (id), q_id int, CHECK (length(a) > 0), FOREIGN KEY (q_id) REFERENCES p (id));
CREATE INDEX ix ON t (b);
INSERT INTO t VALUES (1, 'a', 'b', 'u', 'c', 1, NULL, NULL);"""
    STATEMENTS = ["ADD COLUMN x text", "ADD COLUMN x text NOT NULL DEFAULT ''", "ADD COLUMN x text NOT NULL", "ADD COLUMN x text UNIQUE", "ADD COLUMN x integer PRIMARY KEY", "ADD COLUMN x text DEFAULT CURRENT_TIMESTAMP",
                  "ADD COLUMN x text DEFAULT (random())", "ADD COLUMN x int DEFAULT (-5)", "ADD COLUMN x text AS (a || b) STORED", "ADD COLUMN x text AS (a || b)", "ADD COLUMN x int REFERENCES p (id)",
                  "DROP COLUMN c", "DROP COLUMN b", "DROP COLUMN u", "DROP COLUMN a", "DROP COLUMN p_id", "DROP COLUMN q_id", "DROP COLUMN n", "DROP COLUMN id", "RENAME COLUMN c TO d", "ALTER COLUMN c SET NOT NULL", "ADD CONSTRAINT k CHECK (n > 0)",
                  "MODIFY c varchar(20)", "ADD COLUMN x int, ADD COLUMN y int", "RENAME TO t2"]

    def test_lint_finds_what_is_refused(self):
        project = self.project("sqlite")
        for action in self.STATEMENTS:
            with self.subTest(action=action):
                project.database.file.unlink(missing_ok=True)
                project.sql(self.GIVEN)
                refused = project.database.client(project.database.url, f"ALTER TABLE t {action};").code != 0
                found = set(self.findings(project, self.GIVEN, f"ALTER TABLE t {action};"))
                self.assertEqual(bool(found & {"LI001", "LI002", "LI003", "ALL012"}), refused, found)

    def test_renaming_first_takes_the_references_along(self):
        project = self.project("sqlite")
        given = "CREATE TABLE t (id integer PRIMARY KEY); CREATE TABLE c (id integer PRIMARY KEY, t_id int REFERENCES t (id));"
        sql = "ALTER TABLE t RENAME TO t_old; CREATE TABLE t (id integer PRIMARY KEY); INSERT INTO t (id) SELECT id FROM t_old; DROP TABLE t_old;"
        project.sql(given + sql)
        self.assertIn("t_old", project.sql("SELECT sql FROM sqlite_schema WHERE name = 'c'"))
        self.assertIn("LI004", self.findings(project, given, sql))


if __name__ == "__main__":
    support.main()
