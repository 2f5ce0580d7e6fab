"""`migrate rehearse`: an upgrade on a copy. Hazards that were planted are told with their place, units that are right have none, what is
measured is what the statement does, and the database stays as it was. The engines run side by side."""
import concurrent.futures
import contextlib
import json
import os
import pathlib
import random
import subprocess
import time
import urllib.parse

from support import PROGRAM, TestCase, engines, main, run

COLUMNS = "id INTEGER NOT NULL PRIMARY KEY, name VARCHAR(20), mail VARCHAR(40)"
ROWS = "(1, 'ada', 'a@x'), (2, 'bob', NULL), (3, 'ada', 'c@x')"
STAY = "UPDATE {t} SET id = id;"
# What takes a while, and locks nothing by itself.
SLOW = {"postgresql": "SELECT pg_sleep(0.3);", "mysql": "DO SLEEP(0.3);",
        "sqlite": "UPDATE {t} SET name = name WHERE id = 1 AND (WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000000) SELECT max(i) FROM n) = 0;"}
CHANCE = {"postgresql": "md5(random()::text)", "mysql": "UUID()", "sqlite": "hex(randomblob(16))"}
NOW = {"postgresql": "clock_timestamp()::text", "mysql": "CAST(SYSDATE(6) AS CHAR)", "sqlite": "strftime('%f', 'now') || hex(randomblob(1))"}

# Upgrades that fail on rows: name, and the statements of each engine where there is such a hazard; the last one is to blame.
FAILING = (
    ("NULLs under a new NOT NULL", {"postgresql": "ALTER TABLE users ALTER COLUMN mail SET NOT NULL;", "mysql": "ALTER TABLE users MODIFY mail VARCHAR(40) NOT NULL;",
                                    "sqlite": "CREATE TABLE u2 (id INTEGER PRIMARY KEY, name VARCHAR(20), mail VARCHAR(40) NOT NULL);\nINSERT INTO u2 SELECT * FROM users;"}),
    ("duplicates under a unique", {"": "ALTER TABLE users ADD COLUMN age INTEGER;\nCREATE UNIQUE INDEX ux ON users (name);"}),
    ("orphans under a new foreign key", {"postgresql": "ALTER TABLE orders ADD CONSTRAINT fk FOREIGN KEY (user_id) REFERENCES users (id);",
                                         "mysql": "ALTER TABLE orders ADD CONSTRAINT fk FOREIGN KEY (user_id) REFERENCES users (id);"}),
    ("texts that are too long", {"postgresql": "ALTER TABLE users ALTER COLUMN name TYPE VARCHAR(2);", "mysql": "ALTER TABLE users MODIFY name VARCHAR(2);",
                                 "sqlite": "CREATE TABLE u2 (id INTEGER PRIMARY KEY, name VARCHAR(2) CHECK (length(name) <= 2));\nINSERT INTO u2 SELECT id, name FROM users;"}),
    ("numbers that overflow", {"postgresql": "ALTER TABLE orders ALTER COLUMN amount TYPE SMALLINT;", "mysql": "ALTER TABLE orders MODIFY amount SMALLINT;"}),
    ("texts that are no numbers", {"postgresql": "ALTER TABLE users ALTER COLUMN name TYPE INTEGER USING name::integer;", "mysql": "ALTER TABLE users MODIFY name INTEGER;",
                                   "sqlite": "CREATE TABLE u2 (id INTEGER PRIMARY KEY, name INTEGER) STRICT;\nINSERT INTO u2 SELECT id, name FROM users;"}),
    ("one that works on empty tables only", {"": "CREATE TABLE one (id INTEGER PRIMARY KEY);\nINSERT INTO one SELECT 1 FROM users;"}),
    ("a column without a value for the rows that are there", {"postgresql": "ALTER TABLE users ADD COLUMN age INTEGER NOT NULL;", "sqlite": "ALTER TABLE users ADD COLUMN age INTEGER NOT NULL;"}),
)

# Upgrades that work, and whose way back does not: a table of its own each, kind of the hazard, upgrade, downgrade, line of the unit (None: its first).
WAY_BACK = (
    ("downgrade", "ALTER TABLE {t} ADD COLUMN age INTEGER;", "ALTER TABLE {t} DROP COLUMN nobody;", 9),  # behind it nothing is reverted any more: it is the first
    ("loss", "ALTER TABLE {t} DROP COLUMN mail;", "ALTER TABLE {t} ADD COLUMN mail VARCHAR(40);", 6),
    ("loss", "ALTER TABLE {t} ADD COLUMN age INTEGER;", "ALTER TABLE {t} DROP COLUMN age;\nDELETE FROM {t} WHERE id = 2;", 6),
    ("loss", "DELETE FROM {t} WHERE mail IS NULL;", STAY, 6),
    ("loss", "UPDATE {t} SET name = 'x' WHERE id = 1;", STAY, 6),
    ("loss", "DROP TABLE {t};", "CREATE TABLE {t} (" + COLUMNS + ");", 6),
    ("schema", "ALTER TABLE {t} ADD COLUMN age INTEGER;", STAY, None),
    ("rule", {"sqlite": "CREATE TABLE {t}_new (" + COLUMNS + ", parent INTEGER REFERENCES t0 (id));\nINSERT INTO {t}_new SELECT t.*, 99 FROM {t} t WHERE id < 2;", "": "SELECT 1;"},
     {"sqlite": "DROP TABLE {t}_new;", "": "SELECT 1;"}, {"sqlite": None, "": 0}),
)

REBUILD = "CREATE TABLE {t}_new (id BIGINT NOT NULL PRIMARY KEY, name VARCHAR(20), mail VARCHAR(40));\nINSERT INTO {t}_new SELECT * FROM {t};\nDROP TABLE {t};\nALTER TABLE {t}_new RENAME TO {t};"
WIDEN = {"postgresql": "ALTER TABLE {t} ALTER COLUMN id TYPE BIGINT;", "mysql": "ALTER TABLE {t} MODIFY id BIGINT NOT NULL;", "sqlite": REBUILD}
NARROW = {"postgresql": "ALTER TABLE {t} ALTER COLUMN id TYPE INTEGER;", "mysql": "ALTER TABLE {t} MODIFY id INTEGER NOT NULL;", "sqlite": REBUILD.replace("BIGINT", "INTEGER")}
ADD, DROP = "ALTER TABLE {t} ADD COLUMN age VARCHAR(80);", "ALTER TABLE {t} DROP COLUMN age;"
BUDGETS = "rehearse:\n  budgets: {statement: 150ms, lock: 20ms, rewrite: 1kB, loss: none}\n"
# Upgrades that cost too much, or end otherwise the second time: kind, words of the hazard, upgrade, downgrade, line.
COSTS = (
    ("budget", "the statement takes", SLOW, STAY, 6),
    ("budget", "the budget of a lock", {"postgresql": ADD + "\n" + SLOW["postgresql"], "mysql": WIDEN["mysql"], "sqlite": ADD + "\n" + SLOW["sqlite"]},
     {"postgresql": DROP, "mysql": NARROW["mysql"], "sqlite": DROP}, 6),
    ("budget", "the budget of a rewrite", WIDEN, NARROW, {"": 6, "sqlite": 9}),
    ("again", "the second upgrade ends with others", {engine: ADD + "\nUPDATE {t} SET age = " + value + ";" for engine, value in CHANCE.items()}, DROP, 6),
    ("again", "the second upgrade ends with others", {engine: ADD + "\nUPDATE {t} SET age = " + value + ";" for engine, value in NOW.items()}, DROP, 6),
)

CLEAN = (
    (ADD, DROP),
    (ADD + "\nUPDATE {t} SET age = 'seven';", DROP),
    ("CREATE INDEX {t}_names ON {t} (name);", "DROP INDEX {t}_names{on};"),
    ("CREATE TABLE {t}_more (id INTEGER PRIMARY KEY, {t}_id INTEGER);\nINSERT INTO {t}_more SELECT id, id FROM {t};", "DROP TABLE {t}_more;"),
    ("INSERT INTO {t} VALUES (9, 'eve', NULL);", "DELETE FROM {t} WHERE id = 9;"),
    ("CREATE VIEW {t}_names AS SELECT name FROM {t};", "DROP VIEW {t}_names;"),
    ("ALTER TABLE {t} RENAME COLUMN mail TO address;", "ALTER TABLE {t} RENAME COLUMN address TO mail;"),
    ("UPDATE {t} SET name = upper(name);", "UPDATE {t} SET name = lower(name);"),
    (WIDEN, NARROW),
)


def of(engine, by_engine):
    """What holds for an engine of a table; "" stands for all the others."""
    return by_engine.get(engine, by_engine.get("")) if isinstance(by_engine, dict) else by_engine


class Rehearse(TestCase):
    def each_at_once(self, work, config=""):
        """Does `work` with a project on each engine, the engines side by side."""
        projects = [self.project(engine, config) for engine in engines()]
        for project in projects:
            (project.folder / "model.yaml").unlink()
        with concurrent.futures.ThreadPoolExecutor(len(projects)) as pool:
            done = [(project, pool.submit(work, project)) for project in projects]
        for project, result in done:
            with self.subTest(engine=project.engine):
                result.result()

    def with_users(self, project):
        project.unit("0001-aaaaaa", "", f"CREATE TABLE users ({COLUMNS});\nCREATE TABLE orders (id INTEGER NOT NULL PRIMARY KEY, user_id INTEGER, amount BIGINT);", "DROP TABLE orders;\nDROP TABLE users;")
        project.migrate("upgrade")
        project.sql(f"INSERT INTO users (id, name, mail) VALUES {ROWS}; INSERT INTO orders VALUES (1, 1, 5), (2, 99, 100000)")

    def with_tables(self, project, units):
        """A table for each of the units (upgrade, downgrade), which are pending."""
        tables = [f"t{number}" for number in range(len(units))]
        project.unit("0001-aaaaaa", "", "\n".join(f"CREATE TABLE {t} ({COLUMNS});" for t in tables), "\n".join(f"DROP TABLE {t};" for t in tables))
        project.migrate("upgrade")
        project.sql("; ".join(f"INSERT INTO {t} VALUES {ROWS}" for t in tables))
        on = {"mysql": " ON {t}"}.get(project.dialect, "")
        parent = "0001-aaaaaa"
        for table, unit in zip(tables, units):
            name = f"{int(table[1:]) + 2:04}-bbbbbb"
            project.unit(name, parent, *(of(project.dialect, text).replace("{on}", on).replace("{t}", table) for text in unit))
            parent = name

    def databases(self, project):
        if project.engine == "sqlite":
            return sorted(file.name for file in project.folder.iterdir() if "_rehearsal_" in file.name)
        with_sql = "SELECT datname FROM pg_database" if project.dialect == "postgresql" else "SHOW DATABASES"
        return sorted(name for name in project.sql(with_sql).split() if name.startswith(project.database.name + "_rehearsal_"))

    def everything(self, project):
        """Schema and rows, by the engine's own means."""
        if project.engine == "sqlite":
            return run(["sqlite3", project.database.file, ".dump"]).out
        if project.dialect == "postgresql":
            return "\n".join(line for line in run([project.database.server.dump, project.database.url]).out.splitlines() if not line.startswith("\\"))
        options = [*project.database.server.mysql_options(), "--skip-comments", "--skip-dump-date", "--no-tablespaces"]
        dumped = run([project.database.server.dump, *options, project.database.name]).out
        return "\n".join(line for line in dumped.splitlines() if "GTID_PURGED" not in line)

    @contextlib.contextmanager
    def as_it_was(self, project):
        """Nothing is left of a rehearsal, and the database is as it was."""
        before = self.everything(project)
        self.assertGreater(len(before), 500)
        yield
        self.assertEqual(self.databases(project), [])
        self.assertEqual(self.everything(project), before)

    def told(self, project, *arguments, code):
        """What a rehearsal says."""
        return json.loads(project.migrate("rehearse", "--json", *arguments, code=code).out)

    def test_an_upgrade_that_fails_on_rows_is_told(self):
        def work(project):
            self.with_users(project)
            with self.as_it_was(project):
                self.fail_each(project)

        self.each_at_once(work)

    def fail_each(self, project):
        for name, by_engine in FAILING:
            statements = of(project.dialect, by_engine)
            if statements is None:
                continue
            project.unit("0002-bbbbbb", "0001-aaaaaa", statements, "SELECT 1;")
            told = self.told(project, code=1)
            self.assertEqual([(hazard["kind"], pathlib.Path(hazard["file"]).name, hazard["line"]) for hazard in told["hazards"]],
                             [("upgrade", "0002-bbbbbb.sql", 6 + statements.count("\n"))], (name, told))
            self.assertFalse(told["upgraded"])

    def test_a_way_back_that_loses_something_is_told(self):
        def work(project):
            self.with_tables(project, [(upgrade, downgrade) for kind, upgrade, downgrade, line in WAY_BACK])
            with self.as_it_was(project):
                told = self.told(project, code=3)
            found = {(hazard["kind"], hazard["revision"], hazard["line"]) for hazard in told["hazards"]}
            planted = [(kind, f"{number + 2:04}-bbbbbb", of(project.dialect, line)) for number, (kind, _, _, line) in enumerate(WAY_BACK)]
            self.assertEqual(found, {(kind, revision, line or 1) for kind, revision, line in planted if line != 0}, told)
            project.config("rehearse: {budgets: {loss: any}}")
            told = self.told(project, code=3)
            self.assertEqual({hazard["kind"] for hazard in told["hazards"]}, {"downgrade", "schema", "rule"} if project.engine == "sqlite" else {"downgrade", "schema"})
            self.assertIn("not as before", " ".join(told["notes"]))

        self.each_at_once(work)

    def test_what_costs_too_much_or_differs_is_told(self):
        def work(project):
            self.with_tables(project, [(upgrade, downgrade) for kind, words, upgrade, downgrade, line in COSTS])
            if project.dialect == "mysql":  # a lock that lasts as long as its statement needs rows
                for power in range(13):
                    project.sql(f"INSERT INTO t1 (id, name) SELECT id + {3 * 2 ** power}, name FROM t1")
            with self.as_it_was(project):
                told = self.told(project, code=3)
            for number, (kind, words, _, _, line) in enumerate(COSTS):
                found = [hazard for hazard in told["hazards"] if hazard["revision"] == f"{number + 2:04}-bbbbbb" and hazard["kind"] == kind and words in hazard["text"]]
                self.assertTrue(found, (kind, words, told))
                self.assertEqual(found[0]["line"], of(project.dialect, line), found)
            self.assertEqual({hazard["kind"] for hazard in told["hazards"]}, {"budget", "again"}, told["hazards"])
            if project.dialect != "sqlite":
                self.assertEqual({hazard["revision"][:4] for hazard in told["hazards"] if "rewrite" in hazard["text"]}, {"0004", "0003"} if project.dialect == "mysql" else {"0004"})
            project.config("")
            self.assertEqual({hazard["kind"] for hazard in self.told(project, code=3)["hazards"]}, {"again"})

        self.each_at_once(work, BUDGETS)

    def test_units_that_are_right_have_no_hazards(self):
        def work(project):
            self.with_tables(project, CLEAN)
            with self.as_it_was(project):
                told = self.told(project, code=0)
            self.assertEqual(told["hazards"], [])
            self.assertEqual([one["line"] for one in told["statements"] if one["revision"] == "0003-bbbbbb"][:2], [6, 7])
            project.migrate("rehearse", "--report", "page.html", "--no-down")
            self.assertIn("No hazards", (project.folder / "page.html").read_text())
            self.assertEqual(self.databases(project), [])

        self.each_at_once(work)

    def test_what_a_statement_does_is_measured(self):
        def work(project):
            units = (("UPDATE {t} SET name = 'x' WHERE id < 3;", STAY), (ADD + "\n" + SLOW[project.dialect], DROP), (WIDEN, NARROW))
            self.with_tables(project, units)
            told = self.told(project, "--no-down", code=0)
            by_line = {(one["revision"][:4], one["line"]): one for one in told["statements"]}
            self.assertEqual(by_line["0002", 6]["rows"], 2)
            self.assertEqual(by_line["0002", 6]["rewrites"], [])
            widened = by_line["0004", 9 if project.dialect == "sqlite" else 6]
            self.assertEqual([rewrite["table"] for rewrite in widened["rewrites"]], ["t2"])
            self.assertGreaterEqual(widened["rewrites"][0]["bytes"], 4096)
            self.assertGreaterEqual(by_line["0003", 7]["milliseconds"], 100)
            locks = {(lock["table"], lock["mode"]): lock for lock in by_line["0003", 6]["locks"]}
            if project.dialect == "postgresql":
                self.assertEqual(locks["t1", "AccessExclusiveLock"]["waits"], "everybody")
                self.assertGreaterEqual(locks["t1", "AccessExclusiveLock"]["milliseconds"], 300)  # until its transaction ends
                self.assertEqual([lock["waits"] for lock in by_line["0002", 6]["locks"]], ["nobody"])
                self.assertGreater(widened["log_bytes"], 1000)
            elif project.dialect == "sqlite":
                self.assertEqual(locks[None, "changes wait"]["waits"], "writers")
                self.assertGreaterEqual(locks[None, "changes wait"]["milliseconds"], 100)

        self.each_at_once(work)

    def test_a_right_that_is_missing_is_told(self):
        def work(project):
            if project.engine == "sqlite":
                return
            self.with_users(project)
            name = project.database.name
            admin = project.database.admin
            parts = urllib.parse.urlsplit(project.database.url)
            role = f"{name}_role"
            if project.dialect == "postgresql":
                project.database.client(admin, f"CREATE ROLE {role} LOGIN CREATEDB", check=True)
                self.addCleanup(lambda: project.database.client(admin, f"DROP OWNED BY {role}; DROP ROLE {role}"))
                project.sql(f"GRANT pg_read_all_data TO {role}; ALTER DATABASE {name} OWNER TO {role}; ALTER TABLE users OWNER TO {role}; ALTER TABLE schema_versions OWNER TO {role}; GRANT ALL ON ALL TABLES IN SCHEMA public TO {role}; GRANT ALL ON SCHEMA public TO {role}")
                url = parts._replace(netloc=f"{role}@{parts.hostname}:{parts.port}").geturl()
                refused = f"CREATE ROLE {role}_other;"
            else:
                project.database.client(admin, f"CREATE USER {role}@'127.0.0.1' IDENTIFIED BY 'secret'; GRANT ALL ON `{name}%`.* TO {role}@'127.0.0.1'", check=True)
                self.addCleanup(lambda: project.database.client(admin, f"DROP USER {role}@'127.0.0.1'"))
                url = parts._replace(netloc=f"{role}:secret@{parts.hostname}:{parts.port}").geturl()
                refused = f"CREATE USER {role}_other IDENTIFIED BY 'x';"
            project.unit("0002-bbbbbb", "0001-aaaaaa", "ALTER TABLE users ADD COLUMN age INTEGER;\n" + refused, "ALTER TABLE users DROP COLUMN age;")
            told = self.told(project, "--database", url, code=1)
            self.assertEqual([(hazard["kind"], hazard["line"]) for hazard in told["hazards"]], [("upgrade", 7)], told)
            if project.dialect != "postgresql":
                return
            project.unit("0002-bbbbbb", "0001-aaaaaa", "ALTER TABLE users ADD COLUMN age INTEGER;\nALTER TABLE orders ADD COLUMN age INTEGER;", "ALTER TABLE users DROP COLUMN age;\nALTER TABLE orders DROP COLUMN age;")
            told = self.told(project, "--database", url, code=3)
            self.assertEqual([(hazard["kind"], hazard["line"]) for hazard in told["hazards"]], [("right", 7)], told)

        self.each_at_once(work)

    def test_the_copy_takes_what_the_database_takes(self):
        def work(project):
            if project.dialect == "postgresql":
                other = project.database.name + "_latin"
                project.database.client(project.database.admin, f"CREATE DATABASE {other} TEMPLATE template0 ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C'", check=True)
                self.addCleanup(lambda: project.database.client(project.database.admin, f"DROP DATABASE {other}"))
                project.sql(f"ALTER DATABASE {other} SET search_path = \"$user\", public, pg_catalog; ALTER DATABASE {other} SET timezone = 'Asia/Tokyo'")
                project.write("migrate.yaml", f'database: "{project.database.server.url_of(other)}"\n')
                asked = "SELECT pg_encoding_to_char(encoding) || datcollate || datctype || coalesce((SELECT setconfig::text FROM pg_db_role_setting WHERE setdatabase = d.oid AND setrole = 0), '') FROM pg_database d WHERE datname = '{}'"
                source = other
            elif project.dialect == "mysql":
                project.sql(f"ALTER DATABASE {project.database.name} CHARACTER SET latin1 COLLATE latin1_german2_ci")
                asked = "SELECT default_character_set_name, default_collation_name FROM information_schema.schemata WHERE schema_name = '{}'"
                source = project.database.name
            else:
                run(["sqlite3", project.database.file, "PRAGMA encoding = 'UTF-16le'; PRAGMA page_size = 1024; PRAGMA user_version = 5; PRAGMA journal_mode = wal; CREATE TABLE x (id)"])
                asked = "PRAGMA encoding; PRAGMA page_size; PRAGMA user_version; PRAGMA journal_mode"
            project.unit("0001-aaaaaa", "", "CREATE TABLE words (id INTEGER PRIMARY KEY, word VARCHAR(20));", "DROP TABLE words;")
            project.migrate("rehearse", "--keep-copy", "--no-down")
            if project.engine == "sqlite":
                copy = [project.folder / name for name in self.databases(project) if not name.endswith(("-wal", "-shm"))]
                answers = [run(["sqlite3", file, asked]).out for file in (project.database.file, *copy)]
                self.assertEqual(answers[0], "UTF-16le\n1024\n5\nwal\n")
            else:
                listed = project.sql("SELECT datname FROM pg_database" if project.dialect == "postgresql" else "SHOW DATABASES").split()
                copy = [name for name in listed if name.startswith(source + "_rehearsal_")]
                answers = [project.sql(asked.format(name)) for name in (source, *copy)]
            self.assertEqual(len(copy), 1)
            self.assertEqual(answers[0], answers[1])
            project.migrate("rehearse", "--clean")

        self.each_at_once(work)

    def test_what_a_killed_one_leaves_is_cleaned_away(self):
        def work(project):
            self.with_users(project)
            project.unit("0002-bbbbbb", "0001-aaaaaa", "ALTER TABLE users ADD COLUMN age INTEGER;", "ALTER TABLE users DROP COLUMN age;")
            before = self.everything(project)
            for place in (2, 12, 30):
                run([PROGRAM, "rehearse", "--no-input"], cwd=project.folder, env=dict(os.environ, MIGRATE_TEST_CRASH_AT=str(place)))
            chance = random.Random(project.engine)
            left = 0
            for _ in range(3):
                process = subprocess.Popen([PROGRAM, "rehearse", "--no-input"], cwd=project.folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                time.sleep(chance.uniform(0.01, 0.15 if project.engine == "sqlite" else 0.6))
                process.kill()
                process.wait()
                left += len(self.databases(project))
            project.migrate("rehearse", "--keep-copy")
            self.assertNotEqual(self.databases(project), [])
            project.migrate("rehearse", "--clean")
            self.assertEqual(self.databases(project), [])
            self.assertEqual(self.everything(project), before)

        self.each_at_once(work)

    def test_the_copy_of_one_that_runs_is_not_cleaned_away(self):
        def work(project):
            self.with_users(project)
            slow = SLOW[project.dialect].replace("{t}", "users").replace("0.3", "1.5").replace("3000000", "15000000")
            project.unit("0002-bbbbbb", "0001-aaaaaa", slow, "SELECT 1;")
            process = subprocess.Popen([PROGRAM, "rehearse", "--no-input", "--no-down"], cwd=project.folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            cleaned = []
            while process.poll() is None:
                there = self.databases(project)
                cleaned += [(there, project.migrate("rehearse", "--clean", "--json").events[0])] if there else []
            self.assertEqual(process.wait(), 0, process.stdout.read())
            process.stdout.close()
            self.assertTrue(any(event["in_use"] for there, event in cleaned), cleaned)
            self.assertEqual([event["removed"] for there, event in cleaned if event["removed"]], [])
            self.assertEqual(self.databases(project), [])

        self.each_at_once(work)


if __name__ == "__main__":
    main()
