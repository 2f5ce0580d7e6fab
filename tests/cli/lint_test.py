"""migrate lint: what it looks at, how it says it, what --fix writes and that the result runs."""
import json
import os
import pathlib
import re
import tempfile
import unittest

import support

TABLES = "CREATE TABLE users (id bigint PRIMARY KEY, email varchar(100), team_id bigint, note text);\nCREATE TABLE teams (id bigint PRIMARY KEY, name text);\nCREATE INDEX ix_users_team_id ON users (team_id);"


class Base(support.TestCase):
    def lint(self, project, *arguments, code=3):
        return json.loads(project.migrate("lint", "--json", *arguments, code=code).out)

    def ids(self, project, *arguments, code=3):
        return [finding["id"] for finding in self.lint(project, *arguments, code=code)["findings"]]


class Lint(Base):
    def test_pending_units_are_looked_at(self):
        for project in self.each():
            project.unit("0001-aaaaaa", "", TABLES, "DROP TABLE users;\nDROP TABLE teams;")
            project.unit("0002-aaaaaa", "0001-aaaaaa", "ALTER TABLE users DROP COLUMN note;", "ALTER TABLE users ADD COLUMN note text;")
            self.assertEqual(self.lint(project, code=0)["findings"], [], "nothing is there yet")
            project.migrate("upgrade", "1")
            found = self.lint(project)["findings"]
            self.assertEqual([finding["id"] for finding in found], ["ALL002"])
            self.assertEqual(found[0]["line"], 6)
            self.assertEqual(found[0]["file"], "migrations/0002-aaaaaa.sql")
            self.assertEqual(found[0]["severity"], "error")
            project.migrate("upgrade")
            self.assertEqual(self.ids(project, code=0), [], "nothing is pending")
            self.assertEqual(self.ids(project, "2"), ["ALL002"], "a revision that is applied can be named")
            self.assertEqual(self.ids(project, "1:2"), ["ALL002"])
            self.assertEqual(self.ids(project, "migrations/0002-aaaaaa.sql"), ["ALL002"])

    def test_files_that_are_no_units(self):
        project = self.project("sqlite")
        project.write("plain.sql", "-- a script\nDELETE FROM users;\n")
        project.sql("CREATE TABLE users (id integer PRIMARY KEY)")
        found = self.lint(project, "plain.sql")["findings"]
        self.assertEqual([(finding["id"], finding["line"]) for finding in found], [("ALL020", 2)])
        project.migrate("lint", "missing.sql", code=2)

    def test_settings(self):
        project = self.project("sqlite", "lint: {rules: {ALL020: off}}")
        project.sql("CREATE TABLE users (id integer PRIMARY KEY)")
        project.unit("0001-aaaaaa", "", "DELETE FROM users;\nALTER TABLE users RENAME TO people;", "ALTER TABLE people RENAME TO users;")
        self.assertEqual(self.ids(project), ["ALL010"])
        project.config("lint: {fail_on: error}")
        self.assertEqual(self.ids(project, code=0), ["ALL020", "ALL010"])
        project.config("lint: {rules: {ALL010: error, ALL020: note}, fail_on: error, format: github}")
        self.assertIn("::error file=migrations/0001-aaaaaa.sql,line=6", project.migrate("lint", code=3).out)
        project.config("lint: {rules: {ALL999: off}}")
        self.assertIn("ALL999", project.migrate("lint", code=2).err)

    def test_migrate_yaml_allows_what_an_applied_unit_cannot_say(self):
        project = self.project("sqlite")
        project.sql("CREATE TABLE users (id integer PRIMARY KEY)")
        project.unit("0001-aaaaaa", "", "DELETE FROM users;", "SELECT 1;")
        project.unit("0002-bbbbbb", "0001-aaaaaa", "DELETE FROM users;", "SELECT 1;")
        self.assertEqual(self.ids(project), ["ALL020", "ALL020"])
        project.config("lint: {allow: [{rule: ALL020, revisions: [1], because: it was empty}]}")
        self.assertEqual(self.ids(project), ["ALL020"])
        project.config("lint: {allow: [{rule: [ALL020, ALL010], because: the site is down}]}")
        self.assertEqual(self.ids(project, code=0), [])
        for wrong, words in (("{rule: ALL020}", "because"), ("{rule: ALL999, because: x}", "ALL999"), ("{rule: ALL020, revisions: [7], because: x}", "migrate.yaml:"), ("{because: x}", "'rule' is missing"), ("ALL020", "needs maps")):
            project.config(f"lint: {{allow: [{wrong}]}}")
            self.assertIn(words, project.migrate("lint", code=2).err)

    def test_a_not_null_that_is_added_by_name_is_no_column(self):
        project = self.project("sqlite")
        project.write("migrate.yaml", "database: postgresql://nobody@localhost/nowhere\nlint: {rules: {PG001: off}}\n")
        project.write("a.sql", "ALTER TABLE t ADD CONSTRAINT x NOT NULL c NOT VALID;\nALTER TABLE t ADD CONSTRAINT y NOT NULL d;\nALTER TABLE t ADD NOT NULL e;\n")
        found = json.loads(project.migrate("lint", "--offline", "a.sql", "--json", code=3).out)["findings"]
        self.assertEqual([(finding["id"], finding["line"]) for finding in found], [("PG016", 2), ("PG016", 3)])

    def test_new_since_needs_a_reference_that_git_knows(self):
        project = self.project("sqlite")
        project.unit("0001-aaaaaa", "", "SELECT 1;", "SELECT 1;")
        self.assertIn("git does not tell", project.migrate("lint", "--new-since", "nothing", code=2).err)
        self.assertIn("--new-since cannot be", project.migrate("lint", "--new-since=-x", code=2).err)

    def test_formats(self):
        project = self.project("sqlite")
        project.sql("CREATE TABLE users (id integer PRIMARY KEY)")
        project.unit("0001-aaaaaa", "", "DELETE FROM users;", "-- gone")
        sarif = json.loads(project.migrate("lint", "--format", "sarif", code=3).out)
        self.assertEqual(sarif["version"], "2.1.0")
        run = sarif["runs"][0]
        result = run["results"][0]
        self.assertEqual(result["ruleId"], "ALL020")
        self.assertEqual(run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"], "ALL020")
        self.assertEqual(result["level"], "warning")
        place = result["locations"][0]["physicalLocation"]
        self.assertEqual(place["artifactLocation"]["uri"], "migrations/0001-aaaaaa.sql")
        self.assertEqual(place["region"]["startLine"], 5)
        self.assertTrue(project.migrate("lint", "--format", "github", code=3).out.startswith("::warning file=migrations/0001-aaaaaa.sql,line=5,col=1,title=ALL020::"))
        self.assertIn("migrations/0001-aaaaaa.sql:5: warning ALL020: ", project.migrate("lint", code=3).out)
        project.migrate("lint", "--format", "xml", code=2)
        self.assertIn("PG010", project.migrate("lint", "--rules").out)

    def test_allow_needs_a_reason(self):
        project = self.project("sqlite")
        project.sql("CREATE TABLE users (id integer PRIMARY KEY)")
        project.unit("0001-aaaaaa", "", "-- lint: allow ALL020 because the table is a cache\nDELETE FROM users;", "-- gone")
        self.assertEqual(self.lint(project, code=0)["allowed"], 1)
        project.unit("0001-aaaaaa", "", "-- lint: allow ALL020\nDELETE FROM users;", "-- gone")
        self.assertEqual(sorted(self.ids(project)), ["ALL020", "ALL090"])
        project.unit("0001-aaaaaa", "", "DELETE FROM users;", "-- gone", header="-- lint: allow ALL020 because the table is a cache\n")
        self.assertEqual(self.ids(project, code=0), [])

    def test_without_a_database_lint_is_careful(self):
        project = self.project("sqlite")
        project.write("migrate.yaml", 'database: "postgresql://nobody@127.0.0.1:1/nothing"\n')
        project.unit("0001-aaaaaa", "", TABLES, "DROP TABLE users;\nDROP TABLE teams;")
        project.unit("0002-aaaaaa", "0001-aaaaaa", "CREATE INDEX ix ON users (email);", "DROP INDEX ix;")
        done = project.migrate("lint", code=3)
        self.assertIn("PG010", done.out)
        self.assertIn("no database at hand", done.err)
        self.assertEqual(self.ids(project, "--offline"), ["PG010"])

    def test_a_command_that_looks_makes_no_database(self):
        project = self.project("sqlite")
        project.unit("0001-aaaaaa", "", TABLES, "DROP TABLE users;\nDROP TABLE teams;")
        project.unit("0002-aaaaaa", "0001-aaaaaa", "ALTER TABLE users DROP COLUMN note;", "ALTER TABLE users ADD COLUMN note text;")
        project.write("model.yaml", "tables:\n  users: {columns: {id: bigint}}\n")
        self.assertEqual(self.lint(project, code=0)["findings"], [], "an empty database, in which every table is new")
        self.assertEqual(self.ids(project, "--offline"), ["ALL002"])
        self.assertIn("nothing is applied", project.migrate("current").err)
        self.assertIn("(pending)", project.migrate("history").out)
        project.migrate("log")
        project.migrate("show", "1")
        project.migrate("verify", "--update")
        project.migrate("check", code=3)
        self.assertFalse(project.database.file.exists())
        project.config("")
        text = (project.folder / "migrate.yaml").read_text().replace(".sqlite", ".sqlite?mode=ro")
        project.write("migrate.yaml", text)
        self.assertIn("the file does not exist", project.migrate("current", code=1).err)
        project.write("migrate.yaml", "database: sqlite:///nowhere/x.db\n")
        self.assertIn("the folder", project.migrate("current", code=1).err)

    def test_rules_need_no_project(self):
        with tempfile.TemporaryDirectory() as folder:
            done = support.run([support.PROGRAM, "lint", "--rules"], cwd=folder)
            self.assertEqual(done.code, 0, done)
            self.assertIn("MY007   error", done.out)
            listed = json.loads(support.run([support.PROGRAM, "lint", "--rules", "--json"], cwd=folder).out)
            self.assertIn({"id": "PG010", "severity": "warning", "rule": "an index built without CONCURRENTLY"}, listed)
        project = self.project("sqlite", "lint: {rules: {PG010: off}}")
        self.assertIn("PG010   off", project.migrate("lint", "--rules").out)

    def test_cpp_units(self):
        """Their operations are written as the engine's SQL and checked like a SQL unit's statements."""
        body = """
#include <migrate/unit.hpp>
void upgrade(migrate::Operations& op) {
  COMMENT
  op.drop_column("users", "note");
  op.create_index("users", {"email"}, "ix_users_email");
}
void downgrade(migrate::Operations& op) {
  op.drop_index("users", "ix_users_email");
  op.add_column("users", migrate::column("note", "text"));
}
MIGRATE_UNIT(upgrade, downgrade)
"""
        asks = """
#include <migrate/unit.hpp>
void upgrade(migrate::Operations& op) {
  if (op.value<long long>("SELECT count(*) FROM users") > 0) op.execute("DELETE FROM users");
}
void downgrade(migrate::Operations&) {}
MIGRATE_UNIT(upgrade, downgrade)
"""
        for project in self.each("lint: {big_table: 0}"):
            project.unit("0001-aaaaaa", "", TABLES, "DROP TABLE users;\nDROP TABLE teams;")
            project.migrate("upgrade")
            head = "// revision: 0002-aaaaaa\n// parents: 0001-aaaaaa\n// message: less\n"
            project.write("migrations/0002_less.cpp", head + body.replace("COMMENT", ""))
            expected = {"ALL002", *{"postgresql": ["PG010", "PG021"], "mysql": ["MY001"]}.get(project.dialect, [])}
            found = self.lint(project)["findings"]
            self.assertEqual({finding["id"] for finding in found} - {"MY013"}, expected)
            self.assertEqual({(finding["file"], finding["line"]) for finding in found if finding["id"] == "ALL002"}, {("migrations/0002_less.cpp", 8)})
            project.write("migrations/0002_less.cpp", head + body.replace("COMMENT", "// lint: allow ALL002 because nobody writes notes"))
            report = self.lint(project, code=None)
            self.assertNotIn("ALL002", [finding["id"] for finding in report["findings"]])
            self.assertEqual(report["allowed"], 1)
            project.write("migrations/0002_less.cpp", head + asks)
            done = project.migrate("lint")
            self.assertIn("0002_less.cpp is not looked at: ", done.err)

    def test_autogenerate_says_what_lint_finds(self):
        for project in self.each():
            project.sql("CREATE TABLE users (id bigint PRIMARY KEY, note varchar(20));")
            project.write("model.yaml", "tables:\n  users:\n    columns: {id: bigint}\n    primary_key: [id]\n")
            done = project.migrate("revision", "-a", "-m", "less")
            self.assertIn("lint ALL002", done.err)
            text = next((project.folder / "migrations").glob("*.sql")).read_text()
            self.assertRegex(text, r"-- ALL002: [^\n]*users\.note")
            project.migrate("upgrade")


@unittest.skipUnless(os.environ.get("MIGRATE_TEST_POSTGRESQL"), "MIGRATE_TEST_POSTGRESQL is not set")
class Sizes(Base):
    def test_sizes_decide(self):
        project = self.project("postgresql", "lint: {big_table: 1000}")
        project.sql(TABLES + "INSERT INTO users SELECT g, g, 1, 'x' FROM generate_series(1, 500) g; ANALYZE users;")
        project.unit("0001-aaaaaa", "", "CREATE INDEX ix ON users (email);", "DROP INDEX ix;")
        self.assertEqual(self.ids(project, code=0), [])
        project.sql("INSERT INTO users SELECT g, g, 1, 'x' FROM generate_series(501, 90000) g; ANALYZE users;")
        found = self.lint(project)["findings"]
        self.assertEqual([finding["id"] for finding in found], ["PG010"])
        self.assertIn("90,000 rows", found[0]["effect"])

    def test_a_table_that_was_never_analyzed(self):
        project = self.project("postgresql", "lint: {big_table: 1000}")
        project.sql("CREATE TABLE users (id bigint PRIMARY KEY, email text) WITH (autovacuum_enabled = false); INSERT INTO users SELECT g, repeat('x', 100) FROM generate_series(1, 50000) g;")
        project.unit("0001-aaaaaa", "", "CREATE INDEX ix ON users (email);", "DROP INDEX ix;")
        self.assertEqual(self.ids(project), ["PG010"])


class SizesOfMysql(Base):
    def test_sizes_and_version_come_from_the_server(self):
        for engine in support.engines("mysql"):
            with self.subTest(engine=engine):
                self.sizes_and_version(self.project(engine, "lint: {big_table: 10000}"))

    def sizes_and_version(self, project):
        rows = "INSERT INTO users WITH RECURSIVE numbers (n) AS (SELECT %d UNION ALL SELECT n + 1 FROM numbers WHERE n < %d) SELECT n, 1 FROM numbers; ANALYZE TABLE users;"
        if project.engine == "mysql":
            rows = "SET cte_max_recursion_depth = 100000; " + rows
        else:
            rows = "SET max_recursive_iterations = 100000; " + rows
        project.sql("CREATE TABLE users (id bigint PRIMARY KEY, n int); " + rows % (1, 12))
        project.unit("0001-aaaaaa", "", "ALTER TABLE users MODIFY n bigint;", "ALTER TABLE users MODIFY n int;")
        self.assertEqual(self.ids(project, code=0), [])
        project.sql(rows % (13, 50000))
        found = self.lint(project)["findings"]
        self.assertEqual([finding["id"] for finding in found], ["MY003"])
        self.assertRegex(found[0]["effect"], r"users \([45]\d,\d{3} rows\)")
        # A REFERENCES behind a column counts on the server in hand, but not on the oldest one that migrate.yaml names.
        project.unit("0001-aaaaaa", "", "CREATE TABLE notes (id bigint PRIMARY KEY, user_id bigint REFERENCES users (id));", "DROP TABLE notes;")
        project.sql("CREATE TABLE notes (id bigint PRIMARY KEY, user_id bigint REFERENCES users (id))")
        counts = project.sql("SELECT count(*) FROM information_schema.referential_constraints WHERE constraint_schema = database()") == "1"
        project.sql("DROP TABLE notes")
        self.assertEqual(self.ids(project, code=0 if counts else 3), [] if counts else ["MY009"])
        project.config('lint: {version: "%s"}' % {"mariadb": "10.4", "mysql": "8.0"}[project.engine])
        self.assertEqual(self.ids(project), ["MY009"])


@unittest.skipUnless(os.environ.get("MIGRATE_TEST_POSTGRESQL"), "MIGRATE_TEST_POSTGRESQL is not set")
class Fix(Base):
    def test_a_mixed_unit_is_divided_and_both_run(self):
        project = self.project("postgresql", "lint: {big_table: 0}")
        project.unit("0001-aaaaaa", "", TABLES, "DROP TABLE users;\nDROP TABLE teams;")
        project.migrate("upgrade")
        project.sql("INSERT INTO teams VALUES (1, 'a'); INSERT INTO users VALUES (1, 'a', 1, 'x'), (2, 'b', 1, 'y');")
        project.unit("0002-aaaaaa", "0001-aaaaaa",
                     "ALTER TABLE users ADD COLUMN phone text;\n\n-- for the login\nCREATE UNIQUE INDEX ux_users_email ON users (email);\n\n"
                     "ALTER TABLE users ADD CONSTRAINT fk_users_team_id FOREIGN KEY (team_id) REFERENCES teams (id);\n\nALTER TABLE users ALTER COLUMN note SET NOT NULL;",
                     "ALTER TABLE users ALTER COLUMN note DROP NOT NULL;\n\nALTER TABLE users DROP CONSTRAINT fk_users_team_id;\n\nDROP INDEX ux_users_email;\n\nALTER TABLE users DROP COLUMN phone;")
        project.unit("0003-aaaaaa", "0002-aaaaaa", "CREATE TABLE logs (id bigint PRIMARY KEY);", "DROP TABLE logs;")
        before = project.migrate("inspect").out
        done = project.migrate("lint", "--fix", code=None)
        self.assertEqual(done.code, 0, done)
        wrote = re.search(r"wrote (\S+)", done.out)[1]
        text = (project.folder / wrote).read_text()
        self.assertIn("transaction: off", text)
        self.assertIn("CREATE UNIQUE INDEX CONCURRENTLY ux_users_email", text)
        self.assertIn("-- for the login", text)
        self.assertEqual(len(project.migrate("heads").out.splitlines()), 1)
        files = {file.name: file.read_text() for file in (project.folder / "migrations").iterdir()}
        project.migrate("lint", "--fix")
        self.assertEqual(files, {file.name: file.read_text() for file in (project.folder / "migrations").iterdir()}, "a second time nothing is written")
        project.migrate("verify", "--offline")
        project.migrate("upgrade")
        after = project.migrate("inspect").out
        for wanted in ("ux_users_email", "fk_users_team_id", "phone", "logs"):
            self.assertIn(wanted, after)
        self.assertRegex(after, r"note: +\{type: text, null: false\}")
        self.assertNotIn("not_valid", after)
        self.assertNotIn("not_null", after)
        project.migrate("downgrade", "1")
        self.assertEqual(project.migrate("inspect").out, before)

    def test_applied_units_are_left_alone(self):
        project = self.project("postgresql", "lint: {big_table: 0}")
        project.unit("0001-aaaaaa", "", TABLES, "DROP TABLE users;\nDROP TABLE teams;")
        path = project.unit("0002-aaaaaa", "0001-aaaaaa", "CREATE INDEX ix ON users (email);", "DROP INDEX ix;")
        project.migrate("upgrade")
        text = path.read_text()
        project.migrate("lint", "2", "--fix", code=3)
        self.assertEqual(path.read_text(), text)


class Cases(Base):
    """Every case of tests/lint that shows a fix: the unit before and after --fix leaves the same schema, and goes back."""

    def cases(self):
        for file in sorted((pathlib.Path(__file__).parent.parent / "lint").glob("*.case")):
            for block in re.split(r"^=== ", file.read_text(), flags=re.M)[1:]:
                name, rest = block.split("\n", 1)
                parts = {}
                for part in re.split(r"^--- ", rest, flags=re.M)[1:]:
                    head, body = part.split("\n", 1)
                    key, _, value = head.partition(": ")
                    parts[key] = value or body.strip()
                if "fixed" in parts and "downgrade" in parts:
                    yield file.stem, name, parts

    def run_units(self, project, parts, fix):
        for file in (project.folder / "migrations").glob("*"):
            file.unlink()
        project.unit("0001-aaaaaa", "", parts.get("given") or "SELECT 1;", "-- stays")
        header = "-- transaction: off\n" if "transaction" in parts else ""
        project.unit("0002-aaaaaa", "0001-aaaaaa", parts["upgrade"], parts["downgrade"], header=header)
        if fix:
            project.migrate("lint", "2", "--fix", "--offline", code=None)
        project.migrate("upgrade", "1")
        before = project.migrate("inspect").out
        project.migrate("upgrade")
        after = project.migrate("inspect").out
        project.migrate("downgrade", "1")
        self.assertEqual(project.migrate("inspect").out, before, "the way back")
        return after

    # What a fix is there to change.
    DIFFERENT = {"MY007", "MY008", "MY012", "ALL030", "LI008", "LI001", "PG011", "PG025", "LI003", "LI005"}

    def test_fixed_units_run(self):
        engines = support.engines()
        for rule, name, parts in self.cases():
            if " " in parts["engine"] or "mood" in parts.get("upgrade", "") or rule == "PG022":
                continue
            for engine in engines:
                if parts["engine"] not in (engine, support.dialect_of(engine)):
                    continue
                with self.subTest(rule=rule, name=name, engine=engine):
                    fixed = self.run_units(self.project(engine), parts, True)
                    if rule not in self.DIFFERENT:
                        self.assertEqual(fixed, self.run_units(self.project(engine), parts, False))


if __name__ == "__main__":
    support.main()
