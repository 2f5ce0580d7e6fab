"""MySQL and MariaDB: what keeps a definer and a session is made again by those who may do that, and refused to others; servers that want a
primary key in every table, or make one."""
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import urllib.parse

from own_servers import Server, servers_of
from support import Project, TestCase, engines, main, run

ROOT = pathlib.Path(__file__).resolve().parents[2]


class Definers(TestCase):
    def limited(self, project):
        """The URL of a user who may do everything in this database, and make nothing for others."""
        user = f"lim{os.getpid()}"
        project.sql(f"CREATE USER {user}@'%' IDENTIFIED BY 'secret'; GRANT ALL ON {project.database.name}.* TO {user}@'%'")
        self.addCleanup(project.database.client, project.database.admin, f"DROP USER {user}@'%'")
        parts = urllib.parse.urlsplit(project.database.url)
        return parts._replace(netloc=f"{user}:secret@{parts.hostname}:{parts.port}").geturl()

    def test_what_somebody_else_defined_is_not_made_again_without_the_right(self):
        for project in (self.project(engine) for engine in engines("mysql")):
            with self.subTest(engine=project.engine):
                project.sql("CREATE TABLE t (id int PRIMARY KEY, a int); CREATE DEFINER = boss@localhost TRIGGER tr BEFORE INSERT ON t FOR EACH ROW SET new.a = 1; "
                            "CREATE DEFINER = boss@localhost VIEW v AS SELECT id FROM t")
                url = self.limited(project)
                project.migrate("inspect", "-o", "model.yaml")
                model = (project.folder / "model.yaml").read_text(encoding="utf-8")
                self.assertNotIn("boss", model)
                self.assertIn("boss@localhost", project.migrate("inspect", "--grants").out)
                project.migrate("check", "--database", url)
                project.write("model.yaml", model.replace("new.a = 1", "new.a = 2"))
                refused = project.migrate("revision", "-a", "-m", "x", "--database", url, code=1)
                self.assertIn("trigger tr has to be made again, and its definer is boss@localhost", refused.err)
                self.assertIn("DEFINER = `boss`@`localhost` TRIGGER tr", refused.err)
                self.assertEqual(list((project.folder / "migrations").glob("*.sql")), [])
                project.migrate("revision", "-a", "-m", "x")
                project.migrate("upgrade")
                shown = project.sql("SHOW CREATE TRIGGER tr")
                self.assertIn("new.a = 2", shown)
                self.assertIn("boss", shown)
                # Another definer is a difference where the model says one, and none where it does not.
                project.write("model.yaml", (project.folder / "model.yaml").read_text(encoding="utf-8").replace("    triggers:\n      tr:\n", "    triggers:\n      tr:\n        mysql: {definer: chief@localhost}\n"))
                self.assertIn("tr", project.migrate("check", code=3).out)
                project.migrate("revision", "-a", "-m", "y")
                project.migrate("upgrade")
                self.assertIn("chief", project.sql("SHOW CREATE TRIGGER tr"))
                project.migrate("check")

    def test_lock_tables_is_passed_over_with_a_note(self):
        for project in (self.project(engine) for engine in engines("mysql")):
            with self.subTest(engine=project.engine):
                project.unit("0001-aaaaaa", "", "CREATE TABLE a (x int PRIMARY KEY);\nLOCK TABLES a WRITE;\nINSERT INTO a VALUES (1);\nUNLOCK TABLES;", "DROP TABLE a;")
                done = project.migrate("upgrade")
                self.assertIn("0001-aaaaaa.sql:7: LOCK TABLES is passed over", done.err)
                self.assertEqual(project.sql("SELECT count(*) FROM a"), "1")


class OwnServer:
    """A MySQL with options of its own, as scripts/servers starts it."""

    def __init__(self, options):
        self.folder = tempfile.mkdtemp(prefix="mig-own-")
        os.chmod(self.folder, 0o755)
        done = subprocess.run([ROOT / "scripts" / "servers", "start", f"{self.folder}/s", str(os.getpid()), "mysql"], capture_output=True, encoding="utf-8", check=False,
                              env={**os.environ, "MIGRATE_MYSQL_OPTIONS": options, "CI": ""})
        text = pathlib.Path(f"{self.folder}/s/env").read_text(encoding="utf-8") if os.path.exists(f"{self.folder}/s/env") else ""
        found = re.search(r"MIGRATE_TEST_MYSQL=(\S+)", text)
        self.url = found[1] if found else ""
        self.why = done.stderr

    def stop(self):
        subprocess.run([ROOT / "scripts" / "servers", "stop", f"{self.folder}/s"], capture_output=True, check=False)
        shutil.rmtree(self.folder, ignore_errors=True)


class Keys(TestCase):
    MODEL = ("tables:\n  people:\n    columns:\n      id: {type: bigint, null: false, identity: by_default}\n      name: {type: varchar(99), default: \"it's\"}\n      age: {type: integer, check: \"age > 0\"}\n"
             "    primary_key: [id]\n%s")

    def life(self, server, models):
        project = Project("sqlite")  # for its folder
        self.addCleanup(project.close)
        project.write("migrate.yaml", f'database: "{server.url}"\nmodel: model.yaml\n')
        for model in models:
            project.write("model.yaml", model)
            project.migrate("revision", "-a", "-m", "step")
            project.migrate("upgrade")
            project.migrate("check")
            project.migrate("drift")
        project.migrate("inspect")
        project.migrate("downgrade", "base", "--yes")
        project.migrate("upgrade")
        project.migrate("check")
        return project

    def test_settings_that_change_what_the_server_shows(self):
        if "mariadb" not in servers_of():
            return self.skipTest("there is no MariaDB")
        for mode in ("STRICT_TRANS_TABLES", "ANSI_QUOTES,NO_TABLE_OPTIONS", "ORACLE"):
            server = Server("mariadb", ["--sql-mode=" + mode])
            self.addCleanup(server.stop)
            server.admin("SET GLOBAL sql_quote_show_create = 0; SET GLOBAL lc_time_names = 'de_DE'; SET GLOBAL time_zone = '+05:00'")
            server.url = server.url()
            more = ("  days:\n    columns: {d: {type: date, null: false, default: '2020-01-02'}, t: {type: timestamp, default: '2020-01-02 03:04:05'}, b: {type: bytea}, select: text}\n"
                    "    primary_key: [d]\n    triggers:\n      tr: \"CREATE TRIGGER tr BEFORE INSERT ON days FOR EACH ROW SET new.d = '2020-01-01'\"\n")
            with self.subTest(mode=mode):
                self.life(server, [self.MODEL % more, (self.MODEL % more).replace("age > 0", "age > 1").replace("2020-01-01", "2020-02-01")])

    def test_a_server_that_takes_no_table_without_a_key(self):
        if "mysql" not in engines("mysql"):
            return self.skipTest("there is no MySQL")
        server = OwnServer("--sql-require-primary-key=ON --lower-case-table-names=1")
        self.addCleanup(server.stop)
        self.assertTrue(server.url, server.why)
        self.life(server, [self.MODEL % "", (self.MODEL % "").replace("age > 0", "age between 1 and 150").replace("name:", "nick: {type: varchar(9), default: 'x'}\n      name:"),
                           self.MODEL % "  Places:\n    columns: {id: {type: integer, null: false}, p: bigint}\n    primary_key: [id]\n    foreign_keys: {fk_p: {columns: [p], references: people(id)}}\n"])

    def test_a_server_that_makes_keys(self):
        if "mysql" not in engines("mysql"):
            return self.skipTest("there is no MySQL")
        server = OwnServer("--sql-generate-invisible-primary-key=ON")
        self.addCleanup(server.stop)
        self.assertTrue(server.url, server.why)
        notes = "  notes:\n    columns: {n: {type: integer, null: false}, t: text}\n"
        project = self.life(server, [self.MODEL % notes, self.MODEL % notes.replace("t: text", "t: text, u: {type: integer, default: 5, check: u > 1}")])
        self.assertNotIn("my_row_id", project.migrate("inspect").out)
        project.write("model.yaml", self.MODEL % (notes + "    primary_key: [n]\n"))
        project.migrate("revision", "-a", "-m", "key")
        project.migrate("upgrade")
        project.migrate("check")


if __name__ == "__main__":
    main()
