"""Fleets: many databases of several engines, waves, budgets, poisoned members, kills. The engine's own client says what each has."""
import contextlib
import json
import os
import random
import shutil
import signal
import subprocess
import sqlite3
import time

from support import PROGRAM, TestCase, engines, main

HEAD = "0003-cccccc"
LONG = int(os.environ.get("MIGRATE_TEST_FLEET", "0"))  # how many files the long form takes


@contextlib.contextmanager
def opened(file):
    """A SQLite file by Python's own library; what is done is committed."""
    with contextlib.closing(sqlite3.connect(file)) as connection, connection:
        yield connection


class Fleets(TestCase):
    def fleet(self, files=6, settings="", engine="sqlite"):
        """A project whose fleet is files data/NAME.db; `settings` stands below `fleet:`."""
        project = self.project(engine)
        (project.folder / "data").mkdir()
        for number in range(files):
            sqlite3.connect(project.folder / f"data/t{number:03}.db").close()
        project.unit("0001-aaaaaa", "", "CREATE TABLE people (id integer PRIMARY KEY, name varchar(40));", "DROP TABLE people;")
        project.unit("0002-bbbbbb", "0001-aaaaaa", "INSERT INTO people VALUES (1, 'x');\nCREATE TABLE log (at integer);", "DROP TABLE log;\nDELETE FROM people;")
        project.unit("0003-cccccc", "0002-bbbbbb", "CREATE UNIQUE INDEX ux_people_name ON people (name);", "DROP INDEX ux_people_name;")
        project.config("fleet:\n" + (settings or '  targets:\n    - {files: "data/*.db"}\n'))
        return project

    @staticmethod
    def revisions(file):
        with opened(file) as connection:
            try:
                return [row[0] for row in connection.execute("SELECT revision FROM schema_versions WHERE state = 'applied' ORDER BY 1")]
            except sqlite3.OperationalError:
                return []

    def status(self, project):
        return json.loads(project.migrate("fleet", "status", "--json").out)

    def test_all_of_them_arrive_and_the_journal_says_so(self):
        project = self.fleet()
        listed = json.loads(project.migrate("fleet", "list", "--json").out)
        self.assertEqual([target["name"] for target in listed], [f"t{n:03}" for n in range(6)])
        self.assertIn("3 revisions", project.migrate("fleet", "upgrade", "--dry-run").out)
        self.assertEqual(self.revisions(project.folder / "data/t000.db"), [])
        done = project.migrate("fleet", "upgrade")
        self.assertEqual(done.out.count(f"at {HEAD}"), 6)
        for number in range(6):
            self.assertEqual(len(self.revisions(project.folder / f"data/t{number:03}.db")), 3)
        status = self.status(project)
        self.assertEqual((status["at_head"], status["failed"], status["unknown"], status["action"]), (6, 0, 0, "upgrade head"))
        # The journal answers when no target does.
        shutil.move(project.folder / "data", project.folder / "away")
        self.assertEqual(self.status(project)["at_head"], 6)
        shutil.move(project.folder / "away", project.folder / "data")
        self.assertIn("6 of 6 targets done", project.migrate("fleet", "upgrade").err)
        project.migrate("fleet", "downgrade", "0001-aaaaaa", "--match", "t00[0-9]", "--match", "t000")
        self.assertEqual(self.revisions(project.folder / "data/t000.db"), ["0001-aaaaaa"])
        self.assertEqual(len(self.revisions(project.folder / "data/t001.db")), 3)
        self.assertIn("1  behind at 0001-aaaaaa", project.migrate("fleet", "status").out)

    def test_a_canary_that_fails_keeps_the_rest_as_it_was(self):
        project = self.fleet(settings='  targets:\n    - {database: "sqlite:///data/t000.db", tags: [canary]}\n    - {files: "data/*.db"}\n'
                                      "  waves:\n    - {name: first, match: [canary]}\n    - {name: others, parallel: 3}\n")
        with opened(project.folder / "data/t000.db") as connection:
            connection.execute("CREATE TABLE people (id int)")
        done = project.migrate("fleet", "upgrade", code=1)
        self.assertIn("same database as t000", done.err)
        self.assertIn("0001-aaaaaa.sql:", done.out)
        self.assertIn("already exists", done.out)
        self.assertEqual([self.revisions(project.folder / f"data/t{n:03}.db") for n in range(1, 6)], [[]] * 5)
        with opened(project.folder / "data/t000.db") as connection:
            connection.execute("DROP TABLE people")
        self.assertIn("6 of 6", project.migrate("fleet", "retry").err)
        self.assertEqual(self.status(project)["at_head"], 6)
        self.assertIn("nothing to do", project.migrate("fleet", "retry").err)

    def test_a_wave_goes_on_within_its_budget_and_names_what_failed(self):
        for budget, fails in (("2", False), ("1", True), ("34%", False), ("20%", True)):
            with self.subTest(budget=budget):
                project = self.fleet(settings=f'  targets:\n    - {{files: "data/*.db"}}\n  waves:\n    - {{name: a, match: ["t00*"], parallel: 2, max_failures: {budget}}}\n    - {{name: b, match: ["x*"]}}\n')
                sqlite3.connect(project.folder / "data/x1.db").close()
                for number in (1, 4):
                    with opened(project.folder / f"data/t{number:03}.db") as connection:
                        connection.execute("CREATE TABLE log (at int)")
                done = project.migrate("fleet", "upgrade", "--report", "report.html", "--json", code=1)
                failed = [event for event in done.events if event["event"] == "target" and event["state"] == "failed"]
                self.assertEqual(len(failed), 2, done)
                for event in failed:
                    self.assertIn("already exists", event["error"]["message"])
                    self.assertRegex(event["error"]["place"], r"0002-bbbbbb\.sql:\d+")
                self.assertEqual(len(self.revisions(project.folder / "data/x1.db")), 0 if fails else 3)
                report = (project.folder / "report.html").read_text(encoding="utf-8")
                self.assertIn("0002-bbbbbb.sql", report)
                self.assertNotIn("http", report.replace("http-equiv", ""))
                self.assertEqual(self.status(project)["failed"], 2)

    def test_a_wave_waits_for_its_check_and_its_pause(self):
        settings = ('  targets:\n    - {files: "data/*.db"}\n  waves:\n    - {name: a, match: [t000], check: "SELECT count(*) = %d FROM people", pause: 1s}\n    - {name: b}\n')
        project = self.fleet(3, settings % 2)
        done = project.migrate("fleet", "upgrade", code=1)
        self.assertIn("check of the wave a is not true on t000", done.err)
        self.assertEqual(self.revisions(project.folder / "data/t001.db"), [])
        project = self.fleet(3, settings % 1)
        start = time.monotonic()
        project.migrate("fleet", "upgrade")
        self.assertGreater(time.monotonic() - start, 1)
        self.assertEqual(len(self.revisions(project.folder / "data/t002.db")), 3)

    def test_where_targets_come_from(self):
        project = self.fleet(3, '  targets:\n    - {query: "SELECT name, url, tags FROM tenants", on: "@admin"}\n    - {command: "cat more.json"}\n    - {command: "echo sqlite:///data/t002.db"}\n'
                                '  journal: state/j.db\nenvironments:\n  admin: {database: "sqlite:///admin.db"}\n')
        (project.folder / "state").mkdir()
        with opened(project.folder / "admin.db") as connection:
            connection.execute("CREATE TABLE tenants (name, url, tags)")
            connection.execute("INSERT INTO tenants VALUES ('first', 'sqlite:///data/t000.db', 'canary,eu')")
        project.write("more.json", '[{"name": "second", "url": "sqlite:///data/t001.db", "tags": ["us"]}]')
        listed = json.loads(project.migrate("fleet", "list", "--json").out)
        self.assertEqual([(target["name"], target["tags"]) for target in listed], [("first", ["canary", "eu"]), ("second", ["us"]), ("t002", [])])
        project.migrate("fleet", "upgrade", "--match", "eu")
        self.assertEqual([len(self.revisions(project.folder / f"data/t{n:03}.db")) for n in range(3)], [3, 0, 0])
        self.assertTrue((project.folder / "state/j.db").exists())
        self.assertIn("no target of the fleet matches", project.migrate("fleet", "upgrade", "--match", "asia", code=2).err)

    def test_settings_that_are_wrong_name_their_place(self):
        for settings, words in (("  targets: []\n", "names no targets"), ("  targets:\n    - {file: \"*.db\"}\n", "unknown key 'file'"), ("  targets:\n    - {schemas: \"t*\"}\n", "needs `on`"),
                                ("  targets:\n    - {files: \"*\", query: x, on: \"@\"}\n", "one of"), ("  targets:\n    - {files: \"data/*\"}\n  waves:\n    - {name: a, max_failures: x}\n", "whole number"),
                                ("  targets:\n    - {database: \"${NOT_SET_AT_ALL}\"}\n", "NOT_SET_AT_ALL"), ("  targets:\n    - {files: \"data/*\"}\n  waves:\n    - {name: a, pause: soon}\n", "duration")):
            with self.subTest(words=words):
                project = self.fleet(1, settings)
                project.migrate("current")  # what concerns the fleet alone is nobody else's error
                done = project.migrate("fleet", "upgrade", code=2)
                self.assertIn(words, done.err)
                self.assertRegex(done.err, r"migrate\.yaml:\d+:\d+")
        self.assertIn("did you mean 'upgrade'", self.fleet(1).migrate("fleet", "upgrad", code=2).err)

    def test_check_and_drift_of_all(self):
        project = self.fleet(3)
        project.write("model.yaml", "tables:\n  people:\n    columns:\n      id: {type: integer}\n      name: {type: varchar(40)}\n    primary_key: [id]\n    indexes: {ux_people_name: {columns: [name], unique: true}}\n  log:\n    columns:\n      at: {type: integer}\n")
        project.migrate("fleet", "upgrade")
        project.migrate("fleet", "check")
        project.migrate("fleet", "drift")
        with opened(project.folder / "data/t001.db") as connection:
            connection.execute("CREATE TABLE by_hand (x int)")
        for command in ("check", "drift"):
            done = project.migrate("fleet", command, "--json", code=3)
            self.assertEqual([event["name"] for event in done.events if event["event"] == "target" and event["exit_code"] == 3], ["t001"])
            self.assertIn("by_hand", done.out)

    def test_schemas_and_databases_of_servers(self):
        for engine in engines():
            if engine == "sqlite":
                continue
            with self.subTest(engine=engine):
                project = self.project(engine)
                names = [f"tenant_{n}_{os.getpid()}" for n in range(4)]
                kind = "schemas" if engine == "postgresql" else "databases"
                for name in names:
                    project.sql(f"CREATE {'SCHEMA' if kind == 'schemas' else 'DATABASE'} {name}")
                project.unit("0001-aaaaaa", "", "CREATE TABLE people (id integer PRIMARY KEY);\nINSERT INTO people VALUES (7);", "DROP TABLE people;")
                project.config(f'fleet:\n  targets:\n    - {{{kind}: "tenant_%_{os.getpid()}", on: "@"}}\n  waves: [{{name: all, parallel: 4}}]\n')
                try:
                    self.assertEqual(sorted(target["name"] for target in json.loads(project.migrate("fleet", "list", "--json").out)), names)
                    project.migrate("fleet", "upgrade")
                    for name in names:
                        self.assertEqual(project.sql(f"SELECT (SELECT sum(id) FROM {name}.people) + (SELECT count(*) FROM {name}.schema_versions)"), "8")
                    self.assertIn("nothing to do", project.migrate("fleet", "upgrade").out)
                    project.migrate("fleet", "downgrade", "base", "--match", names[0])
                    self.assertEqual(project.sql(f"SELECT count(*) FROM {names[0]}.schema_versions"), "0")
                    self.assertEqual(project.sql(f"SELECT count(*) FROM {names[1]}.schema_versions"), "1")
                finally:
                    if kind == "databases":
                        for name in names:
                            project.sql(f"DROP DATABASE {name}")

    def test_a_journal_on_a_server_holds_any_text_and_keeps_a_second_run_away(self):
        for engine in engines():
            with self.subTest(engine=engine):
                project = self.fleet(0, engine=engine)
                long = "tenant " + "ä" * 600
                names = ["Shop", "shop", "shop ", long]  # one name to some collations
                shutil.rmtree(project.folder / "data")
                (project.folder / "data").mkdir()
                listed = [{"name": name, "url": f"sqlite:///data/{n}.db", "tags": ["first", "a, b"] if n == 0 else []} for n, name in enumerate(names)]
                (project.folder / "tenants.json").write_text(json.dumps(listed), encoding="utf-8")
                words = "x" * 70000
                project.unit("0004-dddddd", HEAD, f"SELECT '{words}' FROM nowhere;", "SELECT 1;")
                project.config('fleet:\n  targets: [{command: "cat tenants.json"}]\n  waves: [{name: all, parallel: 2, max_failures: 100%}]\n  journal: "@"\n')
                project.migrate("fleet", "upgrade", code=1)
                status = self.status(project)
                self.assertEqual(sorted(target["name"] for target in status["targets"]), sorted(names))
                self.assertEqual(status["failed"], 4)
                for target in status["targets"]:
                    self.assertIn("nowhere", target["error"]["message"])
                    self.assertRegex(target["error"]["place"], r"0004-dddddd\.sql:\d+")
                self.assertEqual([target["name"] for target in json.loads(project.migrate("fleet", "status", "--json", "--match", "a, b").out)["targets"]], ["Shop"])
                project.write("migrations/0004-dddddd.sql", "-- revision: 0004-dddddd\n-- parents: 0003-cccccc\n-- message: unit\n\n-- migrate: upgrade\n"
                              "CREATE TABLE big AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1500000) SELECT count(*) AS c FROM n;\n\n-- migrate: downgrade\nDROP TABLE big;\n")
                first = subprocess.Popen([PROGRAM, "fleet", "upgrade", "--no-input", "--parallel", "1"], cwd=project.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
                while first.poll() is None and not self.status(project)["unknown"]:
                    time.sleep(0.01)
                done = project.migrate("fleet", "upgrade", "--lock-timeout", "0", code=4)
                self.assertIn("another run works on this fleet", done.err)
                out, err = first.communicate(timeout=60)
                self.assertEqual(first.returncode, 0, out + err)
                self.assertEqual(self.status(project)["at_head"], 4)

    def test_unreachable_ones_are_failures_of_their_own(self):
        project = self.fleet(2, '  targets:\n    - {name: dead, database: "postgresql://nobody@127.0.0.1:1/x"}\n    - {files: "data/*.db"}\n  waves: [{name: all, parallel: 2, max_failures: 1}]\n')
        done = project.migrate("fleet", "upgrade", code=1)
        self.assertIn("dead: failed", done.out)
        self.assertEqual(self.status(project)["at_head"], 2)

    def test_killed_at_random_every_revision_is_there_once(self):
        project = self.fleet(LONG or 12, '  targets:\n    - {files: "data/*.db"}\n  waves: [{name: all, parallel: 4}]\n')
        chance = random.Random(7)
        command = [PROGRAM, "fleet", "upgrade", "--no-input", "--parallel", "4"]
        kills = 0
        for _ in range(40 if LONG else 8):
            process = subprocess.Popen(command, cwd=project.folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(chance.uniform(0.005, 0.15))
            process.kill()
            kills += process.wait() == -signal.SIGKILL
        self.assertGreater(kills, 0)
        self.status(project)
        project.migrate("fleet", "upgrade")
        for file in sorted((project.folder / "data").glob("*.db")):
            self.assertEqual(self.revisions(file), ["0001-aaaaaa", "0002-bbbbbb", HEAD])
            with opened(file) as connection:
                self.assertEqual(connection.execute("SELECT count(*) FROM people").fetchone(), (1,))
        status = self.status(project)
        self.assertEqual((status["unknown"], status["failed"], status["waiting"]), (0, 0, 0))

    def test_two_runs_at_a_time_and_a_stop(self):
        project = self.fleet(4)
        project.unit("0004-dddddd", HEAD, "CREATE TABLE big AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000000) SELECT count(*) AS c FROM n;", "DROP TABLE big;")
        first = subprocess.Popen([PROGRAM, "fleet", "upgrade", "--no-input", "--parallel", "1"], cwd=project.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        while first.poll() is None and not (project.folder / "fleet.db").exists():
            time.sleep(0.01)
        time.sleep(0.2)
        done = project.migrate("fleet", "upgrade", "--lock-timeout", "0", code=4)
        self.assertIn("another run works on this fleet", done.err)
        self.assertIn("upgrade head", done.err)
        first.terminate()
        out, err = first.communicate(timeout=60)
        self.assertEqual(first.returncode, 1, out + err)
        self.assertIn("stopped", out + err)
        self.assertIn("4 of 4", project.migrate("fleet", "upgrade").err)


if __name__ == "__main__":
    main()
