"""Scripts that people have, as units: what the engine's own client makes of them is what a run makes of them.

Dumps of the engines' own programs, with rows; comments for other versions; modes and settings of sessions and servers."""
import re
import subprocess

from own_servers import Folder, Server, servers_of
from support import TestCase, main, run


def dump(project, database):
    """All that a database holds but our own tables, by the engine's own program."""
    server = None if project.engine == "sqlite" else project.database.server
    if project.dialect == "sqlite":
        text = run(["sqlite3", database, ".dump"]).out
        text = re.sub(r"CREATE TABLE (IF NOT EXISTS )?\"?schema_versions\w*\"? \(.*?\n\);\n", "", text, flags=re.S)
        return "\n".join(line for line in text.splitlines() if "schema_versions" not in line and "sqlite_sequence" not in line)
    if project.dialect == "postgresql":
        text = run([server.dump, "--inserts", "-T", "schema_versions*", server.url_of(database)]).out
        return "\n".join(line for line in text.splitlines() if line and not line.startswith(("--", "\\restrict", "\\unrestrict")))
    ignored = [f"--ignore-table={database}.schema_versions{end}" for end in ("", "_log", "_schema", "_lock")]
    gtid = ["--set-gtid-purged=OFF"] if project.engine == "mysql" else []
    return run([server.dump, *server.mysql_options(), *gtid, "--skip-comments", "--skip-dump-date", "--routines", "--triggers", "--events", *ignored, database]).out


class Scripts(TestCase):
    def each_with_reference(self, *wanted, config=""):
        """A project, and the name of a second empty database that the engine's client fills."""
        for project in self.each(config):
            if wanted and project.dialect not in wanted:
                continue
            if project.engine == "sqlite":
                yield project, str(project.folder / "reference.sqlite")
                continue
            name = project.database.name + "_ref"
            project.database.client(project.database.admin, f"CREATE DATABASE {name}", check=True)
            yield project, name
            project.database.client(project.database.admin, f"DROP DATABASE {name}", check=True)

    def feed(self, project, database, script):
        """The client's own run; it must succeed for the test to say anything."""
        file = project.write("reference.sql", script)
        with open(file, "rb") as source:
            server = None if project.engine == "sqlite" else project.database.server
            command = {"sqlite": lambda: ["sqlite3", "-bail", database], "postgresql": lambda: [server.client, "-X", "-q", "-v", "ON_ERROR_STOP=1", server.url_of(database)],
                       "mysql": lambda: [server.client, *server.mysql_options(), "--default-character-set=utf8mb4", database]}[project.dialect]()
            done = subprocess.run(command, stdin=source, capture_output=True, encoding="utf-8", errors="replace", timeout=300)
        self.assertEqual(done.returncode, 0, done.stderr)

    def same(self, project, reference, script, header=""):
        """Runs the script as a unit and by the client, and compares what both left."""
        self.feed(project, reference, script)
        project.unit("0001-aaaaaa", "", script, "", header=header)
        done = project.migrate("upgrade")
        database = str(project.database.file) if project.engine == "sqlite" else project.database.name
        self.assertEqual(dump(project, database), dump(project, reference), done)
        self.assertNotEqual(dump(project, reference), "")

    def test_a_dump_with_rows_is_a_unit(self):
        tables = {"sqlite": "CREATE TABLE a (id integer PRIMARY KEY, t text); INSERT INTO a VALUES (1, 'it''s; --x'), (2, NULL);",
                  "postgresql": "CREATE TABLE a (id serial PRIMARY KEY, t text); INSERT INTO a (t) VALUES ('it''s; C:\\temp\\'), (NULL); CREATE VIEW v AS SELECT t FROM a;"
                                "CREATE FUNCTION f(x int) RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT CASE WHEN x > 1 THEN 1 ELSE 2 END; END;",
                  "mysql": "CREATE TABLE a (id int PRIMARY KEY AUTO_INCREMENT, t varchar(99), KEY (t)); INSERT INTO a (t) VALUES ('it''s; C:\\\\temp\\\\'), (NULL), ('x'); "
                           "CREATE TABLE b (a int, FOREIGN KEY (a) REFERENCES a (id)); INSERT INTO b VALUES (1), (2); CREATE VIEW v AS SELECT t FROM a; "
                           "CREATE TRIGGER tr BEFORE INSERT ON a FOR EACH ROW SET NEW.t = upper(NEW.t); CREATE PROCEDURE p() BEGIN SELECT 1; SELECT 2; END"}
        for project, reference in self.each_with_reference():
            first = project.folder / "first.sqlite"
            if project.engine == "sqlite":
                run(["sqlite3", first, tables["sqlite"]])
                text = run(["sqlite3", first, ".dump"]).out
            else:
                project.sql(tables[project.dialect].replace("; CREATE PROCEDURE", ";\nCREATE PROCEDURE") if project.engine == "postgresql" else tables[project.dialect].partition("CREATE PROCEDURE")[0])
                if project.dialect == "mysql":
                    project.sql("DELIMITER //\nCREATE PROCEDURE p() BEGIN SELECT 1; SELECT 2; END//")
                server = project.database.server
                words = ([server.dump, "--inserts", project.database.url] if project.engine == "postgresql" else
                         [server.dump, *server.mysql_options(), *(["--set-gtid-purged=OFF"] if project.engine == "mysql" else []), "--routines", "--triggers", project.database.name])
                text = run(words).out
                project.database.drop()
                project.database.client(project.database.admin, f"CREATE DATABASE {project.database.name}", check=True)
                self.assertIn("\\restrict" if project.engine == "postgresql" else "LOCK TABLES", text)
            self.same(project, reference, text)

    def test_what_the_mysql_client_takes(self):
        script = ("-----------------------------------------\n-- a heading, and a 'quote that is not closed\n-----------------------------------------\n"
                  "--x it's a comment at the start of a statement\nCREATE TABLE a (x int);\n--- another\n/*!80018 SET SESSION no_such_variable = 1 */;\n/*!99999 also nothing */;\n"
                  "/*M!999999\\- enable the sandbox mode */\n/*!80030 CREATE TABLE never (x int) */;\n/*!40000 ALTER TABLE a DISABLE KEYS */;\nINSERT INTO a VALUES (1);\n"
                  "/*!40000 ALTER TABLE a ENABLE KEYS */;\nINSERT INTO a VALUES (/*!80000 2, */ 3) /*!80000 , (4) */;\n#it's a comment too\nLOCK TABLES a WRITE;\nINSERT INTO a VALUES (5--1);\nUNLOCK TABLES;\n")
        script = script.replace("(/*!80000 2, */ 3)", "(3)")
        for project, reference in self.each_with_reference("mysql"):
            if project.engine == "mariadb":  # MySQL's client sends rows of dashes to the server, which refuses them
                self.same(project, reference, script)

    def test_modes_that_a_unit_sets(self):
        modes = {"NO_BACKSLASH_ESCAPES": "CREATE TABLE a (x varchar(99));\nINSERT INTO a VALUES ('C:\\temp\\');\nINSERT INTO a VALUES ('it''s; \\');",
                 "ANSI_QUOTES": 'CREATE TABLE "a b" ("x\\" int);\nINSERT INTO "a b" VALUES (1);', "PIPES_AS_CONCAT": "CREATE TABLE a (x varchar(99));\nINSERT INTO a VALUES ('a' || 'b');",
                 "ORACLE": 'CREATE TABLE "a" (x VARCHAR2(9));\nINSERT INTO a VALUES (\'a\' || \'b\');', "": "CREATE TABLE a (x varchar(2), d date);\nINSERT INTO a VALUES ('abc', '2020-02-31');",
                 "NO_BACKSLASH_ESCAPES,ANSI_QUOTES": 'CREATE TABLE a ("x" varchar(99));\nINSERT INTO a VALUES (\'\\\');\nINSERT INTO a ("x") VALUES (\'b;\');'}
        for mode, statements in modes.items():
            for start, end in (("SET sql_mode = '{}';\n", "\nSET sql_mode = DEFAULT;"), ("/*!40101 SET @OLD_SQL_MODE=@@SQL_MODE, SQL_MODE='{}' */;\n", "\n/*!40101 SET SQL_MODE=@OLD_SQL_MODE */;"),
                               ("SET @@session.sql_mode := '{}';\n", "\nSET SESSION sql_mode = '';")):
                for project, reference in self.each_with_reference("mysql"):
                    if mode == "ORACLE" and project.engine == "mysql":  # which has no such mode
                        continue
                    with self.subTest(mode=mode, start=start):
                        self.same(project, reference, start.format(mode) + statements + end + "\nCREATE TABLE z (y varchar(9) DEFAULT 'it\\'s');")

    def test_what_psql_takes(self):
        script = ("\\restrict abcdefXYZ\nSET standard_conforming_strings = off;\nSET escape_string_warning = off;\nCREATE TABLE a (x text);\nINSERT INTO a VALUES ('it\\'s; \\\\');\n"
                  "SET standard_conforming_strings = on;\nINSERT INTO a VALUES ('C:\\temp\\');\nCREATE FUNCTION f() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT 1; SELECT CASE WHEN true THEN 2 END; END;\n"
                  "\\unrestrict abcdefXYZ\n")
        for project, reference in self.each_with_reference("postgresql"):
            self.same(project, reference, script)
            project.unit("0002-aaaaaa", "0001-aaaaaa", "SELECT 1;\n\\connect other\nSELECT 2;", "")
            self.assertIn("choose the database", project.migrate("upgrade", code=2).err)
            project.unit("0002-aaaaaa", "0001-aaaaaa", "SELECT 1;\nCREATE FUNCTION g() RETURNS int LANGUAGE sql\nBEGIN ATOMIC\n  SELECT 1;\n", "")
            done = project.migrate("upgrade", code=2)
            self.assertIn("0002-aaaaaa.sql:8:1: ", done.err)
            self.assertIn("never closed", done.err)

    def test_pragmas_do_what_they_say_or_are_refused(self):
        for project, reference in self.each_with_reference("sqlite"):
            self.same(project, reference, "PRAGMA journal_mode = WAL;\nPRAGMA temp_store = MEMORY;\nCREATE TABLE a (x);\nINSERT INTO a VALUES (1);")
            self.assertEqual(run(["sqlite3", project.database.file, "PRAGMA journal_mode"]).out.strip(), "wal")
            for number, (text, words) in enumerate((("CREATE TABLE b{} (x);\nPRAGMA journal_mode = DELETE;\nCREATE TABLE c{} (x);", "very beginning"), ("PRAGMA page_size = 8192;\nCREATE TABLE b{} (x);", "VACUUM"),
                                                    ("PRAGMA auto_vacuum = FULL;", "VACUUM"), ("CREATE TABLE b{} (x);\nPRAGMA temp_store = FILE;\nCREATE TABLE c{} (x);", "very beginning"),
                                                    ("CREATE TABLE b{} (x);\nPRAGMA synchronous = OFF;\nCREATE TABLE c{} (x);", "very beginning"))):
                project.unit("0002-aaaaaa", "0001-aaaaaa", text.replace("{}", str(number)), "")
                done = project.migrate("upgrade", code=2)
                self.assertIn(words, done.err)
                self.assertIn("0002-aaaaaa.sql:", done.err)
                self.assertNotIn(f"b{number}", run(["sqlite3", project.database.file, ".tables"]).out)
            project.unit("0002-aaaaaa", "0001-aaaaaa", "PRAGMA journal_mode = DELETE;\nPRAGMA page_size = 8192;\nPRAGMA auto_vacuum = FULL;\nVACUUM;", "", header="-- transaction: off\n")
            project.migrate("upgrade")
            self.assertEqual(run(["sqlite3", project.database.file, "PRAGMA page_size; PRAGMA auto_vacuum"]).out.split(), ["8192", "1"])

    def test_a_rebuild_by_hand_that_deletes_rows_of_other_tables_is_refused(self):
        rebuild = "CREATE TABLE n (id integer PRIMARY KEY, t text);\nINSERT INTO n SELECT id, 'x' FROM parent;\nDROP TABLE parent;\nALTER TABLE n RENAME TO parent;"
        for action in ("CASCADE", "SET NULL"):
            project = self.project("sqlite")
            project.sql(f"CREATE TABLE parent (id integer PRIMARY KEY); CREATE TABLE child (p REFERENCES parent ON DELETE {action}); INSERT INTO parent VALUES (1); INSERT INTO child VALUES (1);")
            project.unit("0001-aaaaaa", "", rebuild, "")
            url = project.database.url + "?foreign_keys=on"
            done = project.migrate("upgrade", "--database", url, code=2)
            self.assertIn(action, done.err)
            self.assertIn("PRAGMA foreign_keys = OFF", done.err)
            self.assertEqual(project.sql("SELECT p FROM child"), "1")
            project.unit("0001-aaaaaa", "", "PRAGMA foreign_keys = OFF;\n" + rebuild + "\nPRAGMA foreign_keys = ON;", "")
            project.migrate("upgrade", "--database", url)
            self.assertEqual(project.sql("SELECT p FROM child"), "1")
            self.assertEqual(project.sql("SELECT t FROM parent"), "x")


class Settings(TestCase):
    """A run on servers whose settings are not the usual ones."""

    MODEL = ("tables:\n  people:\n    comment: \"C:\\\\temp\"\n    columns:\n      id: {type: bigint, null: false, identity: by_default}\n      name: {type: varchar(99), default: \"it's\"}\n"
             "    primary_key: [id]\n    indexes: {ix_people_name: {columns: [name]}}\n")

    def life(self, server, url):
        """Everything that a project does in its life: all of it ends well, and the schema is the model's."""
        project = Folder()
        (project.folder / "model.yaml").write_text(self.MODEL, encoding="utf-8")
        (project.folder / "migrate.yaml").write_text(f'database: "{url}"\n', encoding="utf-8")
        for words in (["revision", "-a", "-m", "first"], ["upgrade"], ["check"], ["drift"], ["inspect"], ["current"], ["history"], ["log"], ["check"]):
            done = project.migrate(*words)
            self.assertEqual(done.code, 0, (words, done))
        project.unit("0009-aaaaaa", "CREATE TABLE by_hand (x int NOT NULL PRIMARY KEY, y int);\nINSERT INTO by_hand VALUES (1, 2);\nUPDATE by_hand SET y = 3;\nINSERT INTO by_hand VALUES (2, 4);", "DROP TABLE by_hand;")
        done = project.migrate("upgrade", "heads")
        self.assertEqual(done.code, 0, done)
        self.assertEqual(server.admin("SELECT sum(y) FROM by_hand", "shop").split(), ["7"])
        self.assertEqual(server.admin("SELECT count(*) FROM schema_versions", "shop"), "2")
        done = project.migrate("downgrade", "base", "--yes")
        self.assertEqual(done.code, 0, done)
        project.close()

    def test_mariadb(self):
        if "mariadb" not in servers_of():
            return self.skipTest("there is no MariaDB")
        for options in (["--innodb-default-row-format=COMPACT"], ["--autocommit=0"], ["--lower-case-table-names=1"], ["--max-allowed-packet=16384"],
                        ["--sql-mode=NO_BACKSLASH_ESCAPES,STRICT_TRANS_TABLES"], ["--sql-mode=ANSI_QUOTES,PIPES_AS_CONCAT"], ["--sql-mode=ORACLE"], ["--sql-mode="]):
            server = Server("mariadb", options)
            self.addCleanup(server.stop)
            with self.subTest(options=options):
                self.life(server, server.url())

    def test_a_statement_that_the_server_does_not_take_is_told_before_it_is_sent(self):
        if "mariadb" not in servers_of():
            return self.skipTest("there is no MariaDB")
        server = Server("mariadb", ["--max-allowed-packet=16384"])
        self.addCleanup(server.stop)
        project = Folder()
        project.unit("0001-aaaaaa", "CREATE TABLE a (x text);\n" + "\n".join(f"INSERT INTO a VALUES ('{'x' * 900}');" for _ in range(200)) + f"\nINSERT INTO a VALUES ('{'y' * 20000}');", "DROP TABLE a;")
        done = project.migrate("upgrade", "--database", server.url())
        self.assertEqual(done.code, 1, done)
        self.assertIn("max_allowed_packet", done.err)
        self.assertIn("statement 202 of 202", done.err)
        self.assertEqual(server.admin("SELECT count(*) FROM a", "shop"), "200")
        project.close()

    def test_postgresql(self):
        if "postgresql" not in servers_of():
            return self.skipTest("there is no PostgreSQL")
        server = Server("postgresql", ["standard_conforming_strings = off", "escape_string_warning = off", "backslash_quote = on"])
        self.addCleanup(server.stop)
        self.life(server, server.url())
        project = Folder()
        project.unit("0001-aaaaaa", "CREATE TABLE a (x text);\nINSERT INTO a VALUES ('it\\'s; \\\\');", "DROP TABLE a;")
        done = project.migrate("upgrade", "--database", server.url())
        self.assertEqual(done.code, 0, done)
        self.assertEqual(server.admin("SELECT x FROM a", "shop"), "it's; \\")
        project.close()


if __name__ == "__main__":
    main()
