"""What a unit changes of the session ends with the unit: search path, database in use, checks."""
import sqlite3
import threading
import time

from support import TestCase, dialect_of, engines, main

DUMP = """SET statement_timeout = 0;
SET lock_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL SERIALIZABLE;
SET TIME ZONE 'Asia/Tokyo';
CREATE TABLE public.a (id integer PRIMARY KEY);"""

SETTINGS = """CREATE TABLE b (search_path text, zone text, isolation text, bodies text);
INSERT INTO b SELECT current_setting('search_path'), current_setting('timezone'), current_setting('default_transaction_isolation'),
  current_setting('check_function_bodies');"""


class LockedFiles(TestCase):
    """Another program has the whole SQLite file for itself."""

    def locked(self, project, seconds):
        connection = sqlite3.connect(project.database.file, isolation_level=None, check_same_thread=False)
        connection.execute("BEGIN EXCLUSIVE")
        timer = threading.Timer(seconds, lambda: (connection.execute("ROLLBACK"), connection.close()))
        timer.start()
        self.addCleanup(timer.join)

    def test_is_waited_for_no_longer_than_said(self):
        project = self.project("sqlite")
        project.unit("0001-aaaaaa", "", "CREATE TABLE a (id integer);", "DROP TABLE a;")
        self.locked(project, 4)
        began = time.monotonic()
        done = project.migrate("upgrade", "--lock-timeout", "1s", code=4)
        self.assertLess(time.monotonic() - began, 3)
        self.assertIn("locked by another process", done.err)

    def test_is_waited_for_longer_than_a_statement_waits(self):
        project = self.project("sqlite")
        project.unit("0001-aaaaaa", "", "CREATE TABLE a (id integer);", "DROP TABLE a;")
        self.locked(project, 7)
        self.assertIn("another process writes to the database", project.migrate("upgrade").err)
        self.assertEqual(project.sql("SELECT count(*) FROM schema_versions"), "1")


class Ahead(TestCase):
    def test_an_older_release_says_that_the_database_is_ahead(self):
        for project in self.each():
            project.unit("0001-aaaaaa", "", "CREATE TABLE a (id integer);", "DROP TABLE a;")
            project.unit("0002-bbbbbb", "0001-aaaaaa", "CREATE TABLE b (id integer);", "DROP TABLE b;")
            project.migrate("upgrade")
            self.assertNotIn("ahead", project.migrate("upgrade").err)
            next(project.folder.glob("migrations/0002*")).unlink()
            self.assertIn("0002-bbbbbb", project.migrate("upgrade").err)

    def test_what_a_squash_replaced_or_a_repeatable_unit_that_is_gone_is_no_newer_release(self):
        for project in self.each():
            project.unit("0001-aaaaaa", "", "CREATE TABLE a (id integer);", "DROP TABLE a;")
            project.unit("0002-bbbbbb", "0001-aaaaaa", "CREATE TABLE b (id integer);", "DROP TABLE b;")
            repeatable = project.write("migrations/again.sql", "-- revision: repeatable.again\n-- message: again\n-- repeatable: true\n\n-- migrate: upgrade\nSELECT 1;\n")
            project.migrate("upgrade")
            project.migrate("squash", "base:head", "-m", "all")
            next(project.folder.glob("migrations/0001*")).unlink()
            (project.folder / "migrations/0002-bbbbbb.sql").unlink()
            repeatable.unlink()
            self.assertNotIn("ahead", project.migrate("upgrade").err)


class Sessions(TestCase):
    def only(self, dialect):
        return [self.project(engine) for engine in engines() if dialect_of(engine) == dialect]

    def test_the_text_of_pg_dump_is_a_unit(self):
        for header in ("", "-- transaction: off\n"):
            for project in self.only("postgresql"):
                project.sql("ALTER DATABASE " + project.database.name + " SET timezone = 'Europe/Paris'")
                project.unit("0001-aaaaaa", "", DUMP, "SET search_path = '';\nDROP TABLE public.a;", header=header)
                project.unit("0002-bbbbbb", "0001-aaaaaa", SETTINGS, "DROP TABLE b;")
                project.migrate("upgrade")
                self.assertEqual(project.sql("SELECT * FROM b"), '"$user", public|Europe/Paris|read committed|on')
                project.migrate("downgrade", "base")
                self.assertEqual(project.sql("SELECT count(*) FROM schema_versions"), "0")

    def test_and_a_script_for_psql(self):
        for project in self.only("postgresql"):
            project.unit("0001-aaaaaa", "", DUMP, "DROP TABLE public.a;")
            project.unit("0002-bbbbbb", "0001-aaaaaa", SETTINGS, "DROP TABLE b;")
            script = project.migrate("upgrade", "--sql", "base:head").out
            self.assertEqual(project.database.script(script, project.folder).code, 0)
            self.assertIn("0002-bbbbbb", project.migrate("current").out)

    def test_another_database_is_used_by_its_unit_alone(self):
        for project in self.only("mysql"):
            other = project.database.name + "_other"
            self.addCleanup(project.database.client, project.database.admin, f"DROP DATABASE IF EXISTS {other}")
            project.sql(f"CREATE DATABASE {other}")
            project.unit("0001-aaaaaa", "", f"USE {other};\nCREATE TABLE a (id integer);\nINSERT INTO a VALUES (1);\nINSERT INTO a VALUES (2);",
                         f"USE {other};\nDROP TABLE a;")
            project.unit("0002-bbbbbb", "0001-aaaaaa", "CREATE TABLE b (id integer);", "DROP TABLE b;")
            project.migrate("upgrade")
            self.assertEqual(project.sql(f"SELECT count(*) FROM {other}.a"), "2")
            project.sql("SELECT * FROM b")
            project.migrate("downgrade", "base")
            self.assertEqual(project.sql(f"SELECT count(*) FROM information_schema.tables WHERE table_schema = '{other}'"), "0")

    def test_a_failure_in_another_database_is_recorded_and_resumed_there(self):
        for project in self.only("mysql"):
            other = project.database.name + "_other"
            self.addCleanup(project.database.client, project.database.admin, f"DROP DATABASE IF EXISTS {other}")
            project.sql(f"CREATE DATABASE {other}")
            text = f"USE {other};\nCREATE TABLE a (id integer PRIMARY KEY);\nINSERT INTO a VALUES (1);\nINSERT INTO a VALUES (%d);"
            project.unit("0001-aaaaaa", "", text % 1, "DROP TABLE a;")
            self.assertIn("statement 4 of 4", project.migrate("upgrade", code=1).err)
            self.assertIn("cut off after 3 statements", project.migrate("current").out)
            project.unit("0001-aaaaaa", "", text % 2, "DROP TABLE a;")
            project.migrate("upgrade")
            self.assertEqual(project.sql(f"SELECT count(*) FROM {other}.a"), "2")

    def test_checks_of_sqlite_are_on_again_behind_a_unit_without_a_transaction(self):
        project = self.project("sqlite")
        project.unit("0001-aaaaaa", "", "PRAGMA ignore_check_constraints = ON;\nCREATE TABLE c (n integer CHECK (n < 5));\nINSERT INTO c VALUES (7);", "DROP TABLE c;",
                     header="-- transaction: off\n")
        project.unit("0002-bbbbbb", "0001-aaaaaa", "INSERT INTO c VALUES (8);", "SELECT 1;")
        self.assertIn("CHECK constraint failed", project.migrate("upgrade", code=1).err)
        self.assertEqual(project.sql("SELECT n FROM c"), "7")

    def test_checks_are_on_again(self):
        off = {"mysql": "/*!40014 SET FOREIGN_KEY_CHECKS=0, SESSION sql_mode='' */;\nSET NAMES latin1;",
               "postgresql": "SET session_replication_role = replica;", "sqlite": "PRAGMA ignore_check_constraints = ON;"}
        for project in self.each():
            rule = "parent_id integer CHECK (parent_id < 5)" if project.database.dialect == "sqlite" else "parent_id integer, FOREIGN KEY (parent_id) REFERENCES p (id)"
            project.unit("0001-aaaaaa", "", f"CREATE TABLE p (id integer PRIMARY KEY);\nCREATE TABLE c (id integer PRIMARY KEY, {rule});", "DROP TABLE c;\nDROP TABLE p;")
            project.unit("0002-bbbbbb", "0001-aaaaaa", off[project.dialect] + "\nINSERT INTO c VALUES (1, 7);", "DELETE FROM c;")
            project.unit("0003-cccccc", "0002-bbbbbb", "INSERT INTO c VALUES (2, 8);", "SELECT 1;")
            self.assertIn("0003-cccccc", project.migrate("upgrade", code=1).err)
            self.assertEqual(project.sql("SELECT count(*) FROM c"), "1")
            if project.database.dialect == "mysql":
                project.unit("0003-cccccc", "0002-bbbbbb", "CREATE TABLE s AS SELECT @@session.sql_mode AS m, @@session.character_set_client AS c;", "DROP TABLE s;")
                project.migrate("upgrade")
                self.assertIn("STRICT_TRANS_TABLES", project.sql("SELECT m FROM s"))
                self.assertEqual(project.sql("SELECT c FROM s"), "utf8mb4")


NUMBERS = {"sqlite": "CREATE TABLE parent (id integer PRIMARY KEY AUTOINCREMENT, name varchar(9));", "postgresql": "CREATE TABLE parent (id serial PRIMARY KEY, name varchar(9));",
           "mysql": "CREATE TABLE parent (id int AUTO_INCREMENT PRIMARY KEY, name varchar(9));"}
LAST = {"sqlite": "last_insert_rowid()", "postgresql": "lastval()", "mysql": "LAST_INSERT_ID()"}
HOME = "\nCREATE TABLE child (parent_id integer);\nINSERT INTO parent (name) VALUES ('a'), ('b'), ('c');"
PAIR = "INSERT INTO parent (name) VALUES ('%s');\nINSERT INTO child VALUES (%s);"
WRONG = "SELECT count(*) FROM child c LEFT JOIN parent p ON p.id = c.parent_id WHERE p.id IS NULL OR p.name IN ('a', 'b', 'c')"


class NothingOfOurs(TestCase):
    """A statement that asks for the number that was given out last gets that of its own unit."""

    def check(self, project, children):
        self.assertEqual(project.sql(WRONG), "0")
        self.assertEqual(project.sql("SELECT count(*) FROM child"), str(children))

    def test_up_and_down_with_and_without_a_transaction(self):
        for project in self.each():
            dialect = project.database.dialect
            project.unit("0001-aaaaaa", "", NUMBERS[dialect] + HOME, "SELECT 1;")
            for number, header in enumerate(("", "-- transaction: off\n"), 2):
                pair = PAIR % (f"up{number}", LAST[dialect]), PAIR % (f"down{number}", LAST[dialect])
                project.unit(f"000{number}-bbbbbb", f"000{number - 1}-{'aaaaaa' if number == 2 else 'bbbbbb'}", *pair, header=header)
            project.migrate("upgrade")
            self.check(project, 2)
            project.migrate("downgrade", "0001")
            self.check(project, 4)

    def test_in_repeatable_units(self):
        for project in self.each():
            dialect = project.database.dialect
            project.unit("0001-aaaaaa", "", NUMBERS[dialect] + HOME, "SELECT 1;")
            for number in (1, 2):
                project.write("migrations/pairs.sql", f"-- revision: repeatable.pairs\n-- repeatable: true\n-- message: pairs\n\n-- migrate: upgrade\n{PAIR % (f'r{number}', LAST[dialect])}\n\n-- migrate: downgrade none\n")
                project.migrate("upgrade")
                self.check(project, number)

    def test_in_units_in_cpp(self):
        for project in self.each():
            dialect = project.database.dialect
            project.unit("0001-aaaaaa", "", NUMBERS[dialect] + HOME, "SELECT 1;")
            body = "\n".join(f"void {name}(migrate::Operations& op) {{\n  op.execute(\"INSERT INTO parent (name) VALUES ('{name}')\");\n  op.execute(\"INSERT INTO child VALUES ({LAST[dialect]})\");\n}}"
                             for name in ("upgrade", "downgrade"))
            project.write("migrations/0002-bbbbbb.cpp", f"// revision: 0002-bbbbbb\n// parents: 0001-aaaaaa\n// message: pairs\n\n#include <migrate/unit.hpp>\n{body}\nMIGRATE_UNIT(upgrade, downgrade)\n")
            project.migrate("upgrade")
            self.check(project, 1)
            project.migrate("downgrade", "-1")
            self.check(project, 2)

    def test_row_counts_are_those_of_the_statement_before(self):
        counts = {"sqlite": "changes()", "mysql": "ROW_COUNT()"}
        for project in self.each():
            count = counts.get(project.database.dialect)
            if count is None:
                continue
            project.unit("0001-aaaaaa", "", "CREATE TABLE t (i integer);\nCREATE TABLE seen (n integer);\nINSERT INTO t VALUES (1), (2), (3);", "DROP TABLE t;\nDROP TABLE seen;")
            project.unit("0002-bbbbbb", "0001-aaaaaa", f"UPDATE t SET i = i + 1;\nINSERT INTO seen VALUES ({count});", f"DELETE FROM t WHERE i > 2;\nINSERT INTO seen VALUES ({count});",
                         header="-- transaction: off\n")
            project.migrate("upgrade")
            project.migrate("downgrade", "-1")
            self.assertEqual(project.sql("SELECT n FROM seen ORDER BY n").split(), ["2", "3"])

    def test_where_a_record_has_to_stand_between_the_unit_is_refused_before_it_runs(self):
        for project in self.only("mysql"):
            project.unit("0001-aaaaaa", "", "CREATE TABLE t (i integer);\nALTER TABLE t ADD j integer;\nINSERT INTO t VALUES (1, ROW_COUNT());", "DROP TABLE t;")
            done = project.migrate("upgrade", code=2)
            self.assertIn("ROW_COUNT()", done.err)
            self.assertRegex(done.err, r"0001-aaaaaa.sql:\d+")
            self.assertNotIn("t\n", project.sql("SHOW TABLES") + "\n")

    def only(self, dialect):
        return (project for project in self.each() if project.database.dialect == dialect)


class CutOff(TestCase):
    """A unit that failed is mended and goes on with what it had in its session, or says what is missing."""

    def mended(self, project, before, behind, header=""):
        """Runs a unit that fails between `before` and `behind`, and mends it."""
        project.unit("0001-aaaaaa", "", NUMBERS[project.database.dialect] + HOME + "\nCREATE TABLE seen (what varchar(99));", "SELECT 1;")
        project.migrate("upgrade")
        project.unit("0002-bbbbbb", "0001-aaaaaa", f"{before}\nCREATE TABLE parent (i integer);\n{behind}", "SELECT 1;", header=header)
        project.migrate("upgrade", code=1)
        project.unit("0002-bbbbbb", "0001-aaaaaa", f"{before}\nCREATE TABLE other (i integer);\n{behind}", "SELECT 1;", header=header)
        return project

    def test_what_lived_there_is_given_back(self):
        cases = {
            "mysql": [("INSERT INTO parent (name) VALUES ('d');\nSET @id = LAST_INSERT_ID();", "INSERT INTO seen VALUES (@id);", "4"),
                      ("INSERT INTO parent (name) VALUES ('d');", "INSERT INTO seen VALUES (LAST_INSERT_ID());", "4"),
                      ("SELECT count(*), 1.50, NULL, 'it''s' INTO @n, @d, @z, @s FROM parent;", "INSERT INTO seen VALUES (CONCAT(@n, ' ', @d, ' ', IFNULL(@z, 'null'), ' ', @s));", "3 1.50 null it's"),
                      ("SET SESSION sql_mode = CONCAT('ANSI_QUOTES', ',NO_BACKSLASH_ESCAPES');", "INSERT INTO seen VALUES (@@sql_mode);", "ANSI_QUOTES,NO_BACKSLASH_ESCAPES"),
                      ("SET @sql = CONCAT('INSERT INTO seen VALUES (', (SELECT count(*) FROM parent), ')');\nPREPARE p FROM @sql;", "EXECUTE p;", "3")],
            "postgresql": [("SELECT set_config('app.n', (SELECT count(*)::text FROM parent), false);", "INSERT INTO seen VALUES (current_setting('app.n'));", "3"),
                           ("PREPARE p AS INSERT INTO seen SELECT count(*) FROM parent;", "EXECUTE p;", "3"),
                           ("SET TIME ZONE 'Asia/Tokyo';", "INSERT INTO seen VALUES (current_setting('timezone'));", "Asia/Tokyo"),
                           ("DO $$ BEGIN PERFORM set_config('timezone', 'Asia/Tokyo', false); END $$;", "INSERT INTO seen VALUES (current_setting('timezone'));", "Asia/Tokyo")],
            "sqlite": [("PRAGMA case_sensitive_like = ON;", "INSERT INTO seen VALUES ('a' LIKE 'A');", "0")]}
        for engine in engines():
            for before, behind, expected in cases[dialect_of(engine)]:
                with self.subTest(engine=engine, before=before):
                    project = self.mended(self.project(engine), before, behind, "-- transaction: off\n")
                    project.migrate("upgrade")
                    self.assertEqual(project.sql("SELECT what FROM seen"), expected)

    def test_or_the_run_says_what_is_missing(self):
        temporary = "CREATE TEMPORARY TABLE mine AS SELECT name FROM parent;", "INSERT INTO seen SELECT name FROM mine;", "temporary object mine"
        cases = {"mysql": [temporary], "postgresql": [("SELECT pg_advisory_lock(count(*)) FROM parent;", "INSERT INTO seen VALUES ('x');", "advisory lock count(*)")], "sqlite": []}
        for engine in engines():
            for before, behind, missing in cases[dialect_of(engine)]:
                with self.subTest(engine=engine, before=before):
                    project = self.mended(self.project(engine), before, behind, "-- transaction: off\n")
                    self.assertIn(missing, project.migrate("upgrade", code=5).err)
                    self.assertEqual(project.sql("SELECT count(*) FROM seen"), "0")


if __name__ == "__main__":
    main()
