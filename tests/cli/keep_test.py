"""`keep`: what a unit takes away stays in the database, and a downgrade puts it back. Kills are in tests/faults/keep.py."""
import concurrent.futures
import json

import own_servers
from support import TestCase, dialect_of, engines, main

SHOP = """tables:
  teams:
    columns: {id: {type: integer, null: false}, name: {type: varchar(40), null: false}}
    primary_key: [id]
  users:
    columns:
      id: {type: integer, null: false}
      mail: {type: varchar(100), null: false, unique: true}
      note: {type: varchar(200)}
      team: {type: integer, references: teams(id)}
    primary_key: [id]
"""
LESS = """tables:
  users:
    columns:
      id: {type: integer, null: false}
      note: {type: varchar(200)}
    primary_key: [id]
"""
ROWS = "INSERT INTO teams VALUES (1, 'red'); INSERT INTO users VALUES (1, 'ada@x', 'tea', 1), (2, 'bob@x', NULL, NULL)"
NAMES = "CREATE TABLE names (id integer PRIMARY KEY, name varchar(20));\nINSERT INTO names VALUES (1, 'ada'), (2, 'bob'), (3, 'cyd');"


class Keep(TestCase):
    def names(self, project, up, down="SELECT 1;"):
        project.unit("0001-aaaaa1", "", NAMES, "DROP TABLE names;")
        project.unit("0002-aaaaa2", "0001-aaaaa1", up, down)
        project.migrate("upgrade", "1")

    def kept(self, project, *more):
        return json.loads(project.migrate("kept", "--json", *more).out)

    def test_what_autogenerate_writes_comes_back_whole(self):
        for project in self.each("keep: 30d"):
            project.write("model.yaml", SHOP)
            project.migrate("revision", "-a", "-m", "shop")
            project.migrate("upgrade")
            project.sql(ROWS)
            before = project.sql("SELECT * FROM teams") + project.sql("SELECT id, mail, note, team FROM users ORDER BY id")
            project.write("model.yaml", LESS)
            written = project.migrate("revision", "-a", "-m", "less").out.split()[-1]
            unit = (project.folder / written).read_text()
            self.assertIn("`keep` has", unit)
            self.assertNotIn("does not bring", unit)
            project.migrate("upgrade")
            project.migrate("check")
            project.migrate("drift")
            self.assertNotIn("schema_versions", project.migrate("inspect").out)
            self.assertIn("kept  ", project.migrate("show", "head").out)
            self.assertIn("keep ", project.migrate("log").out)
            project.migrate("copy", "@", "sqlite:///copied.db", code=None)
            self.assertGreaterEqual(len(self.kept(project)), 2)
            project.migrate("downgrade", "-1")
            self.assertEqual(project.sql("SELECT * FROM teams") + project.sql("SELECT id, mail, note, team FROM users ORDER BY id"), before)
            self.assertEqual(self.kept(project), [])
            self.assertIn("put back", project.migrate("log").out)
            project.write("model.yaml", SHOP)
            project.migrate("diff")

    def test_apply_undo_brings_values_back(self):
        for project in self.each("keep: yes"):
            project.write("model.yaml", SHOP)
            project.migrate("apply", "--yes")
            project.sql(ROWS)
            before = project.sql("SELECT id, mail, note, team FROM users ORDER BY id")
            project.write("model.yaml", LESS)
            project.migrate("apply", "--yes", "--allow-drop")
            project.migrate("apply", "--undo", "--yes")
            self.assertEqual(project.sql("SELECT id, mail, note, team FROM users ORDER BY id"), before)
            self.assertEqual(self.kept(project), [])

    def test_cpp_units(self):
        for project in self.each("keep: 30d"):
            project.unit("0001-aaaaa1", "", NAMES.replace(", name varchar(20)", ", name varchar(20), extra varchar(20)").replace("VALUES", "(id, name) VALUES") +
                         "\nUPDATE names SET extra = 'x';", "DROP TABLE names;")
            project.write("migrations/0002-aaaaa2.cpp", """// revision: 0002-aaaaa2
// parents: 0001-aaaaa1
// message: less
#include <migrate/unit.hpp>
void upgrade(migrate::Operations& op) {
  op.execute("UPDATE names SET name = 'none' WHERE id = 2");
  op.drop_column("names", "extra");
  op.execute("DELETE FROM names WHERE id = 3");
}
void downgrade(migrate::Operations& op) { op.add_column("names", migrate::column("extra", "varchar(20)")); }
MIGRATE_UNIT(upgrade, downgrade)
""")
            project.migrate("upgrade", "1")
            before = project.sql("SELECT id, name, extra FROM names ORDER BY id")
            project.migrate("upgrade")
            self.assertEqual([record["kind"] for record in self.kept(project, "2")], ["values", "columns", "rows"])
            project.migrate("downgrade", "-1")
            self.assertEqual(project.sql("SELECT id, name, extra FROM names ORDER BY id"), before)

    def test_strict_refuses_what_cannot_be_kept(self):
        for project in self.each("keep: strict"):
            code = {"sqlite": "INSERT OR REPLACE INTO names VALUES (1, 'x');", "postgresql": "DO $$ BEGIN DELETE FROM names; END $$;", "mysql": "REPLACE INTO names VALUES (1, 'x');"}
            self.names(project, code[project.dialect])
            refused = project.migrate("upgrade", code=2)
            self.assertIn("takes away what cannot be kept", refused.err)
            self.assertIn("0002-aaaaa2.sql:", refused.err)
            self.assertEqual(project.sql("SELECT count(*) FROM names"), "3")
            told = project.migrate("upgrade", "--keep", "no")
            self.assertNotIn("cannot be kept", told.err)

    def test_without_strict_it_is_named(self):
        for project in self.each("keep: {for: 1d}"):
            self.names(project, "UPDATE names SET id = id + 10;")
            self.assertIn("not kept: UPDATE names", project.migrate("upgrade").err)
            self.assertEqual(self.kept(project), [])

    def test_strict_and_a_time_together(self):
        for project in self.each("keep: {for: 90d, strict: yes}"):
            self.names(project, "UPDATE names SET id = id + 10;")
            self.assertIn("`keep` is strict", project.migrate("upgrade", code=2).err)
            project.unit("0002-aaaaa2", "0001-aaaaa1", "UPDATE names SET name = 'x';", "SELECT 1;")
            project.migrate("upgrade", env={"MIGRATE_NOW": "2026-01-01T00:00:00Z"})
            self.assertEqual(self.kept(project)[0]["until"], "2026-04-01T00:00:00Z")

    def test_time_passes(self):
        for project in self.each():
            self.names(project, "DELETE FROM names WHERE id = 1;")
            project.migrate("upgrade", "--keep", "2d", env={"MIGRATE_NOW": "2026-01-01T00:00:00Z"})
            (record,) = self.kept(project, "2")
            self.assertEqual([record["object"], record["rows"], record["until"]], ["names", 1, "2026-01-03T00:00:00Z"])
            self.assertGreater(record["bytes"], 0)
            self.assertIn("nothing to purge", project.migrate("purge", "--older-than", "1d", "--yes", env={"MIGRATE_NOW": "2026-01-01T12:00:00Z"}).err)
            project.unit("0003-aaaaa3", "0002-aaaaa2", "SELECT 1;", "SELECT 1;")
            done = project.migrate("upgrade", env={"MIGRATE_NOW": "2026-01-04T00:00:00Z"})
            self.assertIn("no longer kept: names", done.err)
            self.assertEqual(self.kept(project), [])
            project.migrate("downgrade", "1")
            self.assertEqual(project.sql("SELECT count(*) FROM names"), "2")

    def test_purge(self):
        for project in self.each("keep: forever"):
            self.names(project, "DELETE FROM names WHERE id = 1;")
            project.migrate("upgrade")
            self.assertIn("would purge 0002-aaaaa2", project.migrate("purge", "--dry-run").out)
            project.migrate("purge", code=2)
            self.assertIn("purged 0002-aaaaa2", project.migrate("purge", "2", "--yes").out)
            self.assertEqual(self.kept(project), [])
            self.assertIn("purge", project.migrate("log").out)
            project.migrate("downgrade", "1")

    def test_what_goes_by_a_foreign_key_comes_back_too(self):
        for project in self.each("keep: 30d"):
            if project.engine == "sqlite":
                continue  # keys are not enforced in a run unless the unit says so
            project.unit("0001-aaaaa1", "", """CREATE TABLE a (id integer PRIMARY KEY, n integer);
CREATE TABLE b (id integer PRIMARY KEY, a integer, FOREIGN KEY (a) REFERENCES a (id) ON DELETE CASCADE);
CREATE TABLE c (id integer PRIMARY KEY, b integer, FOREIGN KEY (b) REFERENCES b (id) ON DELETE SET NULL);
INSERT INTO a VALUES (1, 1), (2, 2);
INSERT INTO b VALUES (1, 1), (2, 1), (3, 2);
INSERT INTO c VALUES (1, 1), (2, 3), (3, NULL);""", "DROP TABLE c; DROP TABLE b; DROP TABLE a;")
            project.unit("0002-aaaaa2", "0001-aaaaa1", "DELETE FROM a WHERE n = 1;", "SELECT 1;")
            project.migrate("upgrade", "1")
            before = [project.sql(f"SELECT * FROM {table} ORDER BY id") for table in "abc"]
            project.migrate("upgrade")
            self.assertNotEqual([project.sql(f"SELECT * FROM {table} ORDER BY id") for table in "abc"], before)
            project.migrate("downgrade", "-1")
            self.assertEqual([project.sql(f"SELECT * FROM {table} ORDER BY id") for table in "abc"], before)

    def test_types_and_functions_may_go_with_a_table(self):
        for project in self.each("keep: 30d"):
            if project.dialect != "postgresql":
                continue
            make = """CREATE TYPE mood AS ENUM ('glad', 'sad');
CREATE DOMAIN short AS varchar(10);
CREATE FUNCTION even(n integer) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT n % 2 = 0';
CREATE SEQUENCE numbers;
CREATE TABLE t (id serial PRIMARY KEY, m mood NOT NULL DEFAULT 'sad', s short, n integer DEFAULT nextval('numbers') CHECK (n > 0 OR even(n)), moods mood[]);
CREATE INDEX ix_even ON t (even(n));"""
            drop = "DROP TABLE t; DROP SEQUENCE numbers; DROP FUNCTION even(integer); DROP DOMAIN short; DROP TYPE mood;"
            project.unit("0001-aaaaa1", "", make + "INSERT INTO t (m, s, moods) VALUES ('glad', 'x', '{sad,glad}'), ('sad', NULL, NULL);", drop)
            project.unit("0002-aaaaa2", "0001-aaaaa1", drop, make)
            project.migrate("upgrade", "1")
            before = project.sql("SELECT * FROM t ORDER BY id")
            project.migrate("upgrade")
            self.assertEqual(project.sql("SELECT count(*) FROM pg_type WHERE typname IN ('mood', 'short')"), "0")
            project.migrate("downgrade", "-1")
            self.assertEqual(project.sql("SELECT * FROM t ORDER BY id"), before)
            self.assertEqual(project.sql("INSERT INTO t (m) VALUES ('sad') RETURNING id"), "3")
            self.assertEqual(project.sql("SELECT count(*) FROM pg_type WHERE typname LIKE 'schema_versions_kept_%' AND typtype <> 'c' AND typname NOT LIKE '\\_%'"), "0")

    def losses_of(self, project, make, tables, up, down):
        """Runs a loss there and back. Whether all rows of the tables are there again, and what was said in advance."""
        project.unit("0001-aaaaa1", "", make, "SELECT 1;")
        project.unit("0002-aaaaa2", "0001-aaaaa1", up, down)
        project.migrate("upgrade", "1")
        rows = lambda: [project.sql(f"SELECT {columns} FROM {table} ORDER BY 1, 2") for table, columns in tables.items()]
        before = rows()
        said = project.migrate("upgrade").err
        said += project.migrate("downgrade", "-1").err
        return rows() == before, said

    def kept_or_told(self, cases):
        """Each of (name, make, tables, up, down) of a dialect is kept whole, or was named. The engines side by side."""
        def work(engine):
            wrong = []
            for name, make, tables, up, down in cases.get(dialect_of(engine), ()):
                one = self.project(engine, "keep: 30d")
                back, said = self.losses_of(one, make, tables, up, down)
                left = self.kept(one)
                if not (back or "kept: " in said) or ("kept: " not in said and left):
                    wrong.append((engine, name, said, left))
            return wrong

        with concurrent.futures.ThreadPoolExecutor(len(engines())) as pool:
            self.assertEqual([wrong for found in pool.map(work, engines()) for wrong in found], [])

    def test_partitions_children_and_tables_without_a_key_are_kept_or_named(self):
        parted = """CREATE TABLE logs (id integer, part integer, note varchar(20), PRIMARY KEY (id, part)) PARTITION BY %s;
INSERT INTO logs VALUES (1, 1, 'a'), (2, 1, 'b'), (3, 12, 'c'), (4, 12, NULL);"""
        declared = (parted % "LIST (part)").replace(";\n", ";\nCREATE TABLE logs_1 PARTITION OF logs FOR VALUES IN (1);\nCREATE TABLE logs_12 PARTITION OF logs FOR VALUES IN (12);\n", 1)
        ranges = parted % "RANGE (part) (PARTITION p0 VALUES LESS THAN (10), PARTITION p1 VALUES LESS THAN (20))"
        family = """CREATE TABLE animals (id integer PRIMARY KEY, name varchar(20));
CREATE TABLE birds (wings integer, PRIMARY KEY (id)) INHERITS (animals);
INSERT INTO animals VALUES (1, 'cat'), (2, 'dog'); INSERT INTO birds VALUES (3, 'owl', 2), (4, 'kiwi', NULL);"""
        keyless = "CREATE TABLE bag (id integer, note varchar(20));\nINSERT INTO bag VALUES (1, 'a'), (1, 'a'), (2, NULL), (NULL, NULL);"
        logs, animals, bag = {"logs": "id, part, note"}, {"animals": "id, name", "birds": "id, name, wings"}, {"bag": "id, note"}
        without_key = [("keyless delete", keyless, bag, "DELETE FROM bag WHERE id = 1;", "SELECT 1;"), ("keyless drop", keyless, bag, "DROP TABLE bag;", "CREATE TABLE bag (id integer, note varchar(20));"),
                       ("keyless update", keyless, bag, "UPDATE bag SET note = 'x';", "SELECT 1;"), ("keyless column", keyless, bag, "ALTER TABLE bag DROP COLUMN note;", "ALTER TABLE bag ADD COLUMN note varchar(20);")]
        rows = [("rows", "DELETE FROM {t} WHERE id > 1;", "SELECT 1;"), ("values", "UPDATE {t} SET {c} = 'x' WHERE id > 1;", "SELECT 1;"), ("column", "ALTER TABLE {t} DROP COLUMN {c};", "ALTER TABLE {t} ADD COLUMN {c} varchar(20);")]

        def about(make, tables, table, column):
            return [(f"{table}: {name}", make, tables, up.format(t=table, c=column), down.format(t=table, c=column)) for name, up, down in rows]

        self.kept_or_told({
            "sqlite": without_key,
            "postgresql": without_key + about(declared, logs, "logs", "note") + about(family, animals, "animals", "name") + [
                ("all", declared, logs, "TRUNCATE logs;", "SELECT 1;"), ("one partition's rows", declared, logs, "DELETE FROM logs_12;", "SELECT 1;"),
                ("one partition", declared, logs, "DROP TABLE logs_12;", "CREATE TABLE logs_12 PARTITION OF logs FOR VALUES IN (12);"),
                ("a parted table", declared, logs, "DROP TABLE logs;", declared[:declared.index("INSERT")]),
                ("a child", family, animals, "DROP TABLE birds;", "CREATE TABLE birds (wings integer, PRIMARY KEY (id)) INHERITS (animals);"),
                ("a family", family, animals, "DROP TABLE birds, animals;", family[:family.index("INSERT")])],
            "mysql": without_key + about(ranges, logs, "logs", "note") + [
                ("all", ranges, logs, "TRUNCATE TABLE logs;", "SELECT 1;"), ("a parted table", ranges, logs, "DROP TABLE logs;", ranges[:ranges.index("INSERT")]),
                ("one partition", ranges, logs, "ALTER TABLE logs DROP PARTITION p1;", "ALTER TABLE logs ADD PARTITION (PARTITION p1 VALUES LESS THAN (20));"),
                ("one partition's rows", ranges, logs, "ALTER TABLE logs TRUNCATE PARTITION p1;", "SELECT 1;")]})

    def test_a_server_has_no_error_in_its_log(self):
        """A run looks whether something is kept; where nothing ever was, the server has nothing to complain about."""
        if "postgresql" not in engines():
            return
        server = own_servers.Server("postgresql")
        self.addCleanup(server.stop)
        project = self.project("sqlite")
        project.write("migrate.yaml", f'database: "{server.url()}"\n')
        project.unit("0001-aaaaa1", "", NAMES, "DROP TABLE names;")
        for words in (["upgrade"], ["kept"], ["show", "1"], ["downgrade", "base"]):
            project.migrate(*words)
        log = (server.folder / "output").read_text()
        self.assertIn("ready to accept connections", log)
        self.assertNotIn("schema_versions_kept", log)

    def test_bad_words(self):
        project = self.project("sqlite", "keep: sometimes")
        self.assertIn("'keep' cannot be 'sometimes'", project.migrate("upgrade", code=2).err)
        project.config("keep: {for: 30d, strictly: yes}")
        self.assertIn("did you mean 'strict'", project.migrate("upgrade", code=2).err)
        project.config("")
        project.unit("0001-aaaaa1", "", NAMES, "DROP TABLE names;")
        self.assertIn("--keep cannot be '1'", project.migrate("upgrade", "--keep", "1", code=2).err)

    def test_the_environment_says_otherwise(self):
        project = self.project("sqlite", f"keep: 30d\nenvironments:\n  test: {{keep: no}}\n")
        self.names(project, "DELETE FROM names WHERE id = 1;")
        project.migrate("-e", "test", "upgrade")
        self.assertEqual(self.kept(project), [])


if __name__ == "__main__":
    main()
