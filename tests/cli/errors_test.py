"""Errors name the right thing: the unit and the statement, or our own tables, with right and remedy; and nothing in a text reaches a terminal that
would move its cursor."""
import os

from support import PROGRAM, TestCase, main, run

ESCAPE = "\x1b"
REFUSING_TRIGGER = {
    "sqlite": "CREATE TRIGGER refuse BEFORE INSERT ON schema_versions_log BEGIN SELECT RAISE(ABORT, 'no entry today'); END",
    "postgresql": "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RAISE 'no entry today'; END$$; "
                  "CREATE TRIGGER refuse BEFORE INSERT ON schema_versions_log FOR EACH ROW EXECUTE FUNCTION refuse()",
    "mysql": "CREATE TRIGGER refuse BEFORE INSERT ON schema_versions_log FOR EACH ROW SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'no entry today'"}


def remove_trigger(project):
    project.sql("DROP TRIGGER refuse" + (" ON schema_versions_log; DROP FUNCTION refuse" if project.engine == "postgresql" else ""))


class OwnTables(TestCase):
    def merge(self, project):
        """Two branches and a merge of them, which has no statements."""
        project.unit("0001-aaaaaa", "", "CREATE TABLE a (x int);", "DROP TABLE a;")
        project.unit("0002-bbbbbb", "0001-aaaaaa", "CREATE TABLE b (x int);", "DROP TABLE b;")
        project.unit("0002-cccccc", "0001-aaaaaa", "CREATE TABLE c (x int);", "DROP TABLE c;")
        project.write("migrations/0003.sql", "-- revision: 0003-dddddd\n-- parents: 0002-bbbbbb, 0002-cccccc\n-- message: merge\n\n-- migrate: upgrade\n\n-- migrate: downgrade\n")

    def test_a_record_that_is_refused_is_told_as_such(self):
        for project in self.each():
            self.merge(project)
            project.migrate("upgrade", "0001")
            project.sql(REFUSING_TRIGGER[project.dialect])
            for revision in ("0002-bbbbbb", "0002-cccccc"):
                done = project.migrate("upgrade", revision, code=1)
                self.assertIn(f"upgrade of {revision}", done.err)
                self.assertIn("the record of it cannot be written: ", done.err)
                self.assertIn("no entry today", done.err)
                self.assertNotIn("at statement", done.err)
                if project.dialect == "mysql":
                    self.assertNotIn("nothing of this revision was kept", done.err)  # the table is there
            remove_trigger(project)
            project.migrate("upgrade", "0002-bbbbbb")
            project.migrate("upgrade", "0002-cccccc")
            project.sql(REFUSING_TRIGGER[project.dialect])
            done = project.migrate("upgrade", code=1)
            self.assertIn("upgrade of 0003-dddddd", done.err)
            self.assertIn("the record of it cannot be written: ", done.err)
            remove_trigger(project)
            project.migrate("upgrade")
            project.sql(REFUSING_TRIGGER[project.dialect])
            done = project.migrate("downgrade", "-1", code=1)
            self.assertIn("downgrade of 0003-dddddd", done.err)
            self.assertIn("the record of it cannot be written: ", done.err)
            remove_trigger(project)
            project.migrate("downgrade", "base")

    def test_a_right_that_is_missing_is_named_with_its_table(self):
        for project in self.each():
            if project.engine == "sqlite":
                continue
            self.merge(project)
            project.migrate("upgrade", "0002-bbbbbb")
            project.migrate("upgrade", "0002-cccccc")
            role, url = self.role(project)
            for missing, words in (("INSERT", "the record of it cannot be written"), ("SELECT", "what is applied cannot be read")):
                rights = [right for right in ("SELECT", "INSERT", "UPDATE", "DELETE") if right != missing]
                self.grant(project, role, rights)
                for command in (["upgrade"], ["downgrade", "0002-cccccc"]):
                    if missing == "INSERT" and command[0] == "downgrade":
                        continue  # nothing to go back to
                    done = project.migrate(*command, "--database", url, code=1)
                    self.assertIn(words, done.err)
                    self.assertIn("schema_versions", done.err)
                    self.assertIn("SELECT, INSERT, UPDATE and DELETE", done.err)
            self.grant(project, role, ["SELECT", "INSERT", "UPDATE", "DELETE"])
            project.migrate("upgrade", "--database", url)
            self.drop(project, role)

    @staticmethod
    def role(project):
        name = f"lowly_{os.getpid()}"
        if project.engine == "postgresql":
            project.sql(f"CREATE ROLE {name} LOGIN")
            project.sql(f"GRANT USAGE ON SCHEMA public TO {name}")
            return name, project.database.url.replace("//postgres@", f"//{name}@")
        project.sql(f"CREATE USER {name} IDENTIFIED BY 'secret'")
        start, _, rest = project.database.url.partition("@")
        return name, f"{start.partition('://')[0]}://{name}:secret@{rest}"

    @staticmethod
    def grant(project, role, rights):
        tables = ("schema_versions", "schema_versions_log", "schema_versions_schema")
        if project.engine == "postgresql":
            project.sql(f"REVOKE ALL ON {', '.join(tables)} FROM {role}; GRANT {', '.join(rights)} ON {', '.join(tables)} TO {role}")
        else:
            for table in tables:
                project.sql(f"GRANT ALL ON {table} TO {role}; REVOKE ALL ON {table} FROM {role}; GRANT {', '.join(rights)} ON {table} TO {role}")

    @staticmethod
    def drop(project, role):
        project.sql(f"DROP OWNED BY {role}; DROP ROLE {role}" if project.engine == "postgresql" else f"DROP USER {role}")

    def test_a_table_of_another_tool_is_told_from_ours(self):
        for project in self.each():
            project.unit("0001-aaaaaa", "", "CREATE TABLE a (x int);", "DROP TABLE a;")
            project.sql("CREATE TABLE schema_versions (version int, installed varchar(20))")
            for command in (["upgrade"], ["current"], ["check"], ["stamp", "head"]):
                done = project.migrate(*command, code=None)
                self.assertNotIn(done.code, (0, 139), done)
                self.assertIn("another tool", done.err)
                self.assertIn("versions_table", done.err)
            project.sql("DROP TABLE schema_versions")

    def test_a_state_that_we_did_not_write_is_refused(self):
        for project in self.each():
            project.unit("0001-aaaaaa", "", "CREATE TABLE a (x int);", "DROP TABLE a;")
            project.migrate("upgrade")
            project.sql("UPDATE schema_versions SET state = 'banana'")
            for command in ("upgrade", "current", "check"):
                done = project.migrate(command, code=1)
                self.assertIn("banana", done.err)
                self.assertIn("0001-aaaaaa", done.err)
                self.assertNotIn("bug", done.err)

    def test_row_level_security_that_hides_rows_is_an_error(self):
        for project in self.each():
            if project.engine != "postgresql":
                continue
            for number in (1, 2):
                project.unit(f"000{number}-aaaaaa", "0001-aaaaaa" if number == 2 else "", f"CREATE TABLE t{number} (x int);", f"DROP TABLE t{number};")
            project.migrate("upgrade")
            role, url = self.role(project)
            self.grant(project, role, ["SELECT", "INSERT", "UPDATE", "DELETE"])
            project.sql("ALTER TABLE schema_versions ENABLE ROW LEVEL SECURITY")
            done = project.migrate("upgrade", "--database", url, code=1)
            self.assertIn("row-level security", done.err)
            project.sql(f"CREATE POLICY newest ON schema_versions TO {role} USING (revision <> '0002-aaaaaa')")
            done = project.migrate("downgrade", "base", "--database", url, code=1)
            self.assertIn("row-level security", done.err)
            self.assertEqual(project.sql("SELECT count(*) FROM schema_versions"), "2")
            project.sql(f"DROP POLICY newest ON schema_versions; CREATE POLICY everything ON schema_versions TO {role} USING (true)")
            project.unit("0003-aaaaaa", "0002-aaaaaa", "", "")
            project.migrate("upgrade", "--database", url)
            self.drop(project, role)

    def test_a_server_that_takes_no_writes_is_told_as_such(self):
        for project in self.each():
            if project.engine != "postgresql":
                continue  # MariaDB: connection_test.py
            self.merge(project)
            project.migrate("upgrade", "0002-bbbbbb")
            project.migrate("upgrade", "0002-cccccc")
            project.sql(f"ALTER DATABASE {project.database.name} SET default_transaction_read_only = on")
            for command in (["upgrade"], ["downgrade", "base"]):
                done = project.migrate(*command, code=1)
                self.assertIn("takes no writes", done.err)
            project.sql(f"SET transaction_read_only = off; ALTER DATABASE {project.database.name} RESET default_transaction_read_only")
            project.migrate("upgrade")


class Blame(TestCase):
    def test_one_transaction_for_all_names_the_unit_that_failed(self):
        for project in self.each("transaction: all\n"):
            if project.dialect == "mysql":
                continue
            project.unit("0001-aaaaaa", "", "CREATE TABLE a (x int);", "DROP TABLE a;")
            project.unit("0002-bbbbbb", "0001-aaaaaa", "CREATE TABLE b (x int);\nINSERT INTO nowhere VALUES (1);", "DROP TABLE b;")
            project.unit("0003-cccccc", "0002-bbbbbb", "CREATE TABLE c (x int);", "DROP TABLE c;")
            done = project.migrate("upgrade", code=1)
            self.assertIn("upgrade of 0002-bbbbbb (unit 0002-bbbbbb) failed at statement 2 of 2", done.err)
            self.assertNotIn("applied", done.out)
            self.assertIn("failed", project.migrate("log").out)
            self.assertIn("0002-bbbbbb", project.migrate("log").out)
            project.unit("0002-bbbbbb", "0001-aaaaaa", "CREATE TABLE b (x int);", "DROP TABLE b;")
            done = project.migrate("upgrade")
            self.assertEqual(done.out.count("applied"), 3, done)
            project.migrate("downgrade", "base")

    def test_what_is_kept_is_told_as_it_is(self):
        for project in self.each():
            project.unit("0001-aaaaaa", "", "CREATE TABLE a (x int);\nINSERT INTO nowhere VALUES (1);", "DROP TABLE a;")
            done = project.migrate("upgrade", code=1)
            self.assertIn("the statements before it are done" if project.dialect == "mysql" else "nothing of this revision was kept", done.err)
            project.unit("0001-aaaaaa", "", "CREATE TABLE a (x int);", "DROP TABLE a;")
            project.migrate("upgrade")

    def test_hints_for_what_people_meet(self):
        cases = {
            "postgresql": [("CREATE TYPE mood AS ENUM ('a');", "ALTER TYPE mood ADD VALUE 'b';\nCREATE TABLE m (x mood DEFAULT 'b');", "transaction: off"),
                           ("CREATE PROCEDURE ends() LANGUAGE plpgsql AS $$BEGIN COMMIT; END$$;", "CALL ends();", "transaction: off")],
            "sqlite": [("SELECT 1;", "CREATE TABLE v (x int);\nVACUUM;", "transaction: off"), ("SELECT 1;", "ATTACH ':memory:' AS other;\nCREATE TABLE other.t (x);\nDETACH other;", "transaction: off")],
            "mysql": [("SELECT 1;", "CREATE TABLE before_it (x int);\nLOAD DATA LOCAL INFILE '/etc/passwd' INTO TABLE before_it;", "leave LOCAL out")]}
        for project in self.each():
            for number, (first, statements, hint) in enumerate(cases[project.dialect]):
                project.write("migrations/first.sql", f"-- revision: 0001-{number:06}\n-- message: first\n\n-- migrate: upgrade\n{first}\n\n-- migrate: downgrade none\n")
                project.write("migrations/second.sql", f"-- revision: 0002-{number:06}\n-- parents: 0001-{number:06}\n-- message: second\n\n-- migrate: upgrade\n{statements}\n\n-- migrate: downgrade none\n")
                project.migrate("upgrade", f"0001-{number:06}")
                done = project.migrate("upgrade", code=None)
                self.assertIn(done.code, (1, 2), done)
                self.assertIn(hint, done.err)
                project.sql("DELETE FROM schema_versions")
            if project.dialect == "mysql":
                self.assertNotIn("before_it", project.sql("SHOW TABLES"))


class Newcomers(TestCase):
    def test_the_words_of_other_tools_lead_to_ours(self):
        project = self.project("sqlite")
        for word, own in (("up", "upgrade"), ("status", "current"), ("rollback", "downgrade -1"), ("migrate", "upgrade"), ("new", "revision -m"), ("makemigrations", "--autogenerate")):
            self.assertIn(f"here that is `migrate {own}" if own != "--autogenerate" else own, project.migrate(word, code=2).err)
        self.assertIn("did you mean --autogenerate?", project.migrate("revision", "--autogen", code=2).err)
        self.assertEqual(run([PROGRAM, "-V"]).out, run([PROGRAM, "--version"]).out)

    def test_what_git_left_is_named(self):
        project = self.project("sqlite")
        project.write("model.yaml", "tables:\n<<<<<<< HEAD\n  a:\n=======\n  b:\n>>>>>>> other\n")
        self.assertIn("model.yaml:2:1: git left a conflict", project.migrate("check", code=2).err)
        project.write("model.yaml", "tables: {}\n")
        project.unit("0001-aaaaaa", "", "<<<<<<< HEAD\nSELECT 1;\n=======\nSELECT 2;\n>>>>>>> other", "SELECT 1;")
        said = project.migrate("upgrade", code=2).err
        self.assertIn("git left a conflict", said)
        self.assertIn("0001-aaaaaa.sql:", said)

    def test_a_comma_within_braces_says_to_quote(self):
        project = self.project("sqlite")
        project.write("model.yaml", "tables:\n  t:\n    columns:\n      a: {type: numeric(12,2)}\n")
        self.assertIn("quote a value that has a comma", project.migrate("check", code=2).err)


class Texts(TestCase):
    def test_no_control_character_of_a_text_reaches_the_terminal(self):
        raising = {"postgresql": f"DO $$BEGIN RAISE EXCEPTION E'first{ESCAPE}[31m\\x07 last'; END$$;", "mysql": f"SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'first{ESCAPE}[31m\a last';",
                   "sqlite": f"SELECT * FROM [first{ESCAPE}[31m\a last];"}
        for project in self.each():
            nasty = f"message {ESCAPE}]0;title\a {ESCAPE}[2J \x7f \u009b1m \u202e end"
            project.unit("0001-aaaaaa", "", "CREATE TABLE a (x int);", "DROP TABLE a;", message=nasty)
            project.unit("0002-bbbbbb", "0001-aaaaaa", raising[project.dialect], "", message="second")
            outputs = [project.migrate("upgrade", "0001"), project.migrate("upgrade", code=1), project.migrate("history"), project.migrate("current", "-v"), project.migrate("log"),
                       project.migrate("show", "0001"), project.migrate("graph"), project.migrate("upgrade", "--dry-run"), project.migrate("lint", code=None), project.migrate("downgrade", "base")]
            for done in outputs:
                for text in (done.out, done.err):
                    found = [character for character in text if (character < " " and character not in "\n\t") or "\x7f" <= character < "\xa0" or character in "\u202e"]
                    self.assertEqual(found, [], done)
            self.assertIn("\\u001b[31m\\u0007 last", outputs[1].err)
            self.assertIn("\\u001b]0;title", outputs[2].out)

    def test_the_question_of_a_review_is_printed_whole(self):
        for project in self.each():
            project.write("migrations/0001.sql", "-- revision: 0001-aaaaaa\n-- message: ask\n\n-- migrate: upgrade\n-- REVIEW: is this the table that\n-- the other team has asked for,\n"
                                                 "-- or the older one?\n--   CREATE TABLE older (x int);\n-- ALL011: something that lint found\nCREATE TABLE a (x int);\n\n-- migrate: downgrade\nDROP TABLE a;\n")
            done = project.migrate("upgrade", code=5)
            self.assertIn("is this the table that the other team has asked for, or the older one?\n", done.err)

    def test_a_unit_that_throws_something_else_is_told_what(self):
        project = self.project("sqlite")
        unit = ("// revision: 0001-aaaaaa\n// message: throws\n#include <migrate/unit.hpp>\n#include <string>\nstruct Own {{}};\nvoid upgrade(migrate::Operations&) {{ throw {what}; }}\n"
                "MIGRATE_UNIT(upgrade, migrate::irreversible)\n")
        for what, words in (("42", "the number 42"), ('std::string("a text")', "a string: a text"), ('"letters"', "a string: letters"), ("Own{}", "an object of the type Own")):
            project.write("migrations/0001.cpp", unit.format(what=what))
            done = project.migrate("upgrade", code=1)
            self.assertIn(words, done.err)

    def test_no_path_or_name_is_a_bug(self):
        project = self.project("sqlite")
        (project.folder / "loop").symlink_to("loop")
        long = "n" * 5000
        project.unit("0001-aaaaaa", "", "CREATE TABLE a (x int);", "DROP TABLE a;")
        for words in (["-c", f"/{long}", "current"], ["-c", long, "current"], ["current", "--database", f"sqlite:///{long}"], ["-c", "loop", "current"], ["-c", "loop/x", "current"],
                      ["current", "--database", "sqlite:///loop"], ["current", "--database", "sqlite:///loop/x"], ["revision", "-m", long], ["show", long], ["upgrade", long],
                      ["inspect", "-o", f"/{long}"], ["upgrade", "--plan", long], ["upgrade", "--plan", "loop"], ["revision", "-a", "-m", "x", "--answers", "loop"], ["bundle", "-o", f"/{long}/x"]):
            with self.subTest(words=[word[:20] for word in words]):
                done = run([PROGRAM, *words, "--no-input"], cwd=project.folder, env={**os.environ, "NO_COLOR": "1"})
                self.assertNotIn("bug in migrate", done.err)
                self.assertNotIn("unexpected", done.err)
                self.assertIn(done.code, (0, 1, 2), done)


if __name__ == "__main__":
    main()
