"""`migrate backup`, `migrate restore`, `upgrade --backup`: the database is the one of before, by the engine's own dump.

`--long` runs every failing unit, by default there are a few of each engine."""
import hashlib
import os
import pathlib
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
import urllib.parse

import own_servers
from support import PROGRAM, SERVERS, TestCase, engines, main, run

LONG = "--long" in sys.argv and sys.argv.remove("--long") is None

FILL = {
    "sqlite": """
CREATE TABLE teams (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE);
CREATE TABLE users (id INTEGER PRIMARY KEY, team_id INT REFERENCES teams(id), mail VARCHAR(80), photo BLOB);
CREATE TABLE notes (text TEXT);
CREATE INDEX ix_users_mail ON users (mail);
CREATE VIEW named AS SELECT mail FROM users WHERE mail IS NOT NULL;
CREATE TRIGGER tr AFTER INSERT ON users BEGIN INSERT INTO notes VALUES ('new'); END;
INSERT INTO teams (name) VALUES ('a'), ('b'), ('c'); DELETE FROM teams WHERE name = 'c';
INSERT INTO users VALUES (1, 1, 'ada@example.org', x'00ff'), (2, 2, NULL, NULL);
""",
    "postgresql": """
CREATE EXTENSION IF NOT EXISTS btree_gist;
CREATE SCHEMA other;
CREATE TYPE mood AS ENUM ('good', 'bad');
CREATE TABLE teams (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL UNIQUE, mood mood);
CREATE TABLE users (id serial PRIMARY KEY, team_id bigint REFERENCES teams(id), mail varchar(80), photo bytea);
CREATE TABLE other.notes (text text);
CREATE INDEX ix_users_mail ON users (mail);
CREATE VIEW named AS SELECT mail FROM users WHERE mail IS NOT NULL;
CREATE MATERIALIZED VIEW counted AS SELECT count(*) AS n FROM users;
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO other.notes VALUES ('new'); RETURN NEW; END $$;
CREATE TRIGGER tr AFTER INSERT ON users FOR EACH ROW EXECUTE FUNCTION f();
CREATE SEQUENCE counter START 7; SELECT nextval('counter');
INSERT INTO teams (name, mood) VALUES ('a', 'good'), ('b', 'bad'), ('c', 'bad'); DELETE FROM teams WHERE name = 'c';
INSERT INTO users (team_id, mail, photo) VALUES (1, 'ada@example.org', '\\x00ff'), (2, NULL, NULL);
GRANT SELECT (mail) ON users TO pg_monitor; GRANT USAGE ON SCHEMA other TO pg_monitor;
COMMENT ON TABLE users IS 'people';
""",
    "mysql": """
CREATE TABLE teams (id bigint AUTO_INCREMENT PRIMARY KEY, name varchar(20) NOT NULL UNIQUE) AUTO_INCREMENT = 40;
CREATE TABLE users (id int AUTO_INCREMENT PRIMARY KEY, team_id bigint, mail varchar(80), photo blob, FOREIGN KEY (team_id) REFERENCES teams (id)) COMMENT 'people';
CREATE TABLE notes (text varchar(20));
CREATE INDEX ix_users_mail ON users (mail);
CREATE VIEW named AS SELECT mail FROM users WHERE mail IS NOT NULL;
CREATE TRIGGER tr AFTER INSERT ON users FOR EACH ROW INSERT INTO notes VALUES ('new');
CREATE PROCEDURE p() SELECT 1;
CREATE FUNCTION f() RETURNS int DETERMINISTIC RETURN 7;
-- It never comes up while the test runs: a new event without a start runs at once, beside us.
CREATE EVENT e ON SCHEDULE EVERY 1 YEAR STARTS '2037-01-01 00:00:00' DO DELETE FROM notes;
INSERT INTO teams (name) VALUES ('a'), ('b'), ('c'); DELETE FROM teams WHERE name = 'c';
INSERT INTO users (team_id, mail, photo) VALUES (40, 'ada@example.org', x'00ff'), (41, NULL, NULL);
""",
}

# What a unit has done when its next statement fails.
DAMAGE = {
    "sqlite": ["DROP TABLE users", "DELETE FROM teams", "DROP VIEW named", "CREATE TABLE more (x int)", "UPDATE users SET mail = 'x'", "DROP TRIGGER tr",
               "ALTER TABLE users DROP COLUMN photo", "ALTER TABLE teams RENAME TO groups", "INSERT INTO teams (name) VALUES ('z')", "DROP INDEX ix_users_mail"],
    "postgresql": ["DROP TABLE users CASCADE", "TRUNCATE teams CASCADE", "DROP SCHEMA other CASCADE", "CREATE TABLE other.more (x int)", "UPDATE users SET mail = 'x'",
                   "CREATE SCHEMA third; CREATE FUNCTION third.g() RETURNS int LANGUAGE sql AS 'SELECT 1'", "ALTER TYPE mood ADD VALUE 'ugly'", "SELECT nextval('counter')",
                   "GRANT ALL ON users TO PUBLIC; GRANT CREATE ON SCHEMA public TO PUBLIC", "CREATE EXTENSION citext; CREATE TABLE cities (name citext)"],
    "mysql": ["DROP TABLE users", "DELETE FROM users", "DROP VIEW named", "CREATE TABLE more (x int)", "UPDATE users SET mail = 'x'", "DROP TRIGGER tr", "DROP PROCEDURE p",
              "DROP EVENT e", "INSERT INTO teams (name) VALUES ('z')", "CREATE FUNCTION g() RETURNS int DETERMINISTIC RETURN 8", "ALTER TABLE users DROP COLUMN photo",
              "GRANT SELECT ON users TO {role}", "REVOKE SELECT (mail) ON users FROM {role}; DROP FUNCTION f"],
}


class Backup(TestCase):
    def filled(self, engine, config=""):
        project = self.project(engine, config)
        if engine != "sqlite":
            project.config(f"backup: {{tools: {self.tools(engine)}}}\n{config}" if "backup:" not in config else config)
        if project.dialect == "mysql":
            # An account of the test's own, without a way in.
            self.role = f"m{os.getpid()}"
            project.sql(f"CREATE USER IF NOT EXISTS {self.role} IDENTIFIED BY 'x{os.getpid()}Y!'")
            self.addCleanup(project.database.client, project.database.admin, f"DROP USER IF EXISTS {self.role}")
        outcome = project.database.script(FILL[project.dialect], project.folder)
        self.assertEqual(outcome.code, 0, outcome)
        if project.dialect == "mysql":
            project.sql(f"GRANT SELECT (mail), INSERT ON users TO {self.role}; GRANT EXECUTE ON FUNCTION f TO {self.role}; GRANT DELETE ON {project.database.name}.* TO {self.role}")
        return project

    @staticmethod
    def tools(engine):
        return pathlib.Path(shutil.which(SERVERS[engine].dump) or SERVERS[engine].dump).parent

    def dump(self, project):
        """All that the engine itself says of the database."""
        if project.engine == "sqlite":
            return run(["sqlite3", project.database.file, ".dump"]).out + project.sql("SELECT count(*) FROM sqlite_schema")
        server = project.database.server
        if project.engine == "postgresql":
            done = run([server.dump, project.database.url])
            text = "\n".join(line for line in done.out.splitlines() if not line.startswith(("\\restrict", "\\unrestrict")))
        else:
            more = [] if project.engine == "mariadb" else ["--set-gtid-purged=OFF"]
            done = run([server.dump, *server.mysql_options(), *more, "--no-tablespaces", "--routines", "--events", "--triggers", "--hex-blob", "--skip-dump-date", "--single-transaction", project.database.name])
            text = done.out + "\n".join(sorted(project.sql(f"SHOW GRANTS FOR {self.role}").splitlines())) + project.sql(
                f"SELECT default_collation_name FROM information_schema.schemata WHERE schema_name = '{project.database.name}'")
        self.assertEqual(done.code, 0, done)
        return text

    def each_filled(self):
        for engine in engines():
            with self.subTest(engine=engine):
                yield self.filled(engine)

    def test_what_is_restored_is_what_was(self):
        for project in self.each_filled():
            before = self.dump(project)
            event = project.migrate("backup", "saved", "--json").events[-1]
            file = project.folder / "saved"
            self.assertEqual(event["sha256"], hashlib.sha256(file.read_bytes()).hexdigest())
            self.assertEqual(run(["sha256sum", "-c", "saved.sha256"], cwd=project.folder).code, 0)
            self.assertEqual({stat.S_IMODE(path.stat().st_mode) for path in project.folder.glob("saved*")}, {0o600})
            self.assertEqual(sorted(path.name for path in project.folder.glob("saved*")), ["saved", "saved.sha256"])
            for damage in DAMAGE[project.dialect][3:5]:
                project.sql(damage)
            self.assertNotEqual(self.dump(project), before)
            project.sql(DAMAGE[project.dialect][0])
            project.migrate("restore", "saved", code=2)  # nobody said yes
            project.migrate("restore", "saved", "--yes")
            self.assertEqual(self.dump(project), before)
            project.migrate("restore", "saved", "--yes")
            self.assertEqual(self.dump(project), before)
            self.assertIn("is there already", project.migrate("backup", "saved", code=2).err)

    def test_units_that_fail_in_their_middle(self):
        for project in self.each_filled():
            chosen = DAMAGE[project.dialect] if LONG else DAMAGE[project.dialect][:2] + DAMAGE[project.dialect][-2:]
            for damage in chosen:
                with self.subTest(damage=damage):
                    before = self.dump(project)
                    statement = damage.format(role=getattr(self, "role", ""))
                    project.unit("0001-aaaaaa", "", f"{statement};\nINSERT INTO nowhere VALUES (1);", "SELECT 1;", "-- transaction: off\n")
                    failed = project.migrate("upgrade", "--backup", "saved", code=1)
                    self.assertIn("restored: the database is as it was before this run", failed.err)
                    self.assertIn("nowhere", failed.err)
                    self.assertEqual(self.dump(project), before)

    def test_a_failure_that_is_left_and_one_that_the_engine_took_back(self):
        for project in self.each_filled():
            project.unit("0001-aaaaaa", "", "DELETE FROM users;\nINSERT INTO nowhere VALUES (1);", "SELECT 1;", "-- transaction: off\n")
            before = self.dump(project)
            failed = project.migrate("upgrade", "--backup", "saved", "--no-restore", code=1)
            self.assertIn("as the failure left it", failed.err)
            self.assertEqual(project.sql("SELECT count(*) FROM users"), "0")
            file = next(path for path in (project.folder / "saved").iterdir() if path.suffix != ".sha256")
            project.migrate("restore", str(file), "--yes")
            self.assertEqual(self.dump(project), before)
            if project.dialect != "mysql":
                project.unit("0001-aaaaaa", "", "DELETE FROM users;\nINSERT INTO nowhere VALUES (1);", "SELECT 1;")
                self.assertIn("took back", project.migrate("upgrade", "--backup", "saved", code=1).err)
                self.assertEqual(project.sql("SELECT count(*) FROM users"), "2")

    def test_nothing_pending_is_no_backup_and_old_ones_go(self):
        for project in self.each_filled():
            tools = "" if project.engine == "sqlite" else f", tools: {self.tools(project.engine)}"
            project.config(f"backup: {{folder: kept, keep: 2{tools}}}")
            project.migrate("upgrade")
            self.assertFalse((project.folder / "kept").exists())
            for number in range(1, 5):
                project.unit(f"000{number}-aaaaaa", f"000{number - 1}-aaaaaa" if number > 1 else "", f"CREATE TABLE n{number} (x int);", f"DROP TABLE n{number};")
                project.migrate("upgrade")
                self.assertEqual(len(list((project.folder / "kept").iterdir())), 2 * min(number, 2))
            project.migrate("downgrade", "-1", "--no-backup")
            self.assertEqual(len(list((project.folder / "kept").iterdir())), 4)

    def test_bad_files_are_refused_and_change_nothing(self):
        for project in self.each_filled():
            project.migrate("backup", "good")
            before = self.dump(project)
            content = (project.folder / "good").read_bytes()
            sum_of = lambda data, name: f"{hashlib.sha256(data).hexdigest()}  {name}\n"
            bad = {"no sum": (content, None), "cut off": (content[:len(content) // 2], sum_of(content, "bad")), "edited": (content[:len(content) // 2] + bytes([content[len(content) // 2] ^ 1]) + content[len(content) // 2 + 1:], sum_of(content, "bad")),
                   "cut off with a sum": (content[:len(content) * 2 // 3], sum_of(content[:len(content) * 2 // 3], "bad")),
                   "something else": (b"hello", sum_of(b"hello", "bad")), "empty sum": (content, "")}
            for name, (data, text) in bad.items():
                with self.subTest(bad=name):
                    (project.folder / "bad").write_bytes(data)
                    (project.folder / "bad.sha256").unlink(missing_ok=True)
                    if text is not None:
                        (project.folder / "bad.sha256").write_text(text)
                    self.assertIn(project.migrate("restore", "bad", "--yes", code=None).code, (1, 2))
                    self.assertEqual(self.dump(project), before)
            project.migrate("restore", "nosuch", "--yes", code=2)

    def test_nothing_runs_without_a_backup(self):
        for project in self.each_filled():
            project.unit("0001-aaaaaa", "", "DELETE FROM users;", "SELECT 1;")
            before = self.dump(project)
            (project.folder / "file").write_text("")
            cases = {"unwritable folder": ["--backup", "/proc/nowhere"], "a file": ["--backup", "file/x"]}
            for name, arguments in cases.items():
                with self.subTest(case=name):
                    self.assertIn("nothing was run", project.migrate("upgrade", *arguments, code=1).err)
                    self.assertEqual(self.dump(project), before)
            if project.engine != "sqlite":
                project.config("backup: {tools: /nowhere}")
                refused = project.migrate("upgrade", "--backup", "saved", code=1).err
                self.assertIn("needs", refused)
                self.assertIn("client programs", refused)
                self.assertEqual(self.dump(project), before)

    def test_a_full_disk(self):
        if os.geteuid() != 0:
            self.skipTest("only root can mount")
        for project in self.each_filled():
            small = pathlib.Path(tempfile.mkdtemp(prefix="small-"))
            if run(["mount", "-t", "tmpfs", "-o", "size=8k", "tmpfs", small]).code != 0:
                small.rmdir()
                self.skipTest("no mounts here")
            try:
                blob = {"sqlite": "randomblob(60000)", "postgresql": "decode(repeat(md5(random()::text), 4000), 'hex')", "mysql": "repeat(sha2(rand(), 256), 900)"}[project.dialect]
                project.sql(f"INSERT INTO users (team_id, photo) VALUES (NULL, {blob})")
                project.unit("0001-aaaaaa", "", "DELETE FROM users;", "SELECT 1;")
                before = self.dump(project)
                self.assertIn("nothing was run", project.migrate("upgrade", "--backup", str(small), code=1).err)
                self.assertEqual(self.dump(project), before)
                self.assertEqual(list(small.iterdir()), [])
            finally:
                run(["umount", small])
                small.rmdir()

    def test_kills(self):
        for project in self.each_filled():
            before = self.dump(project)
            project.migrate("backup", "good")
            for command in (["backup", "again"], ["restore", "good", "--yes"]):
                for delay in (0.02, 0.05, 0.1, 0.2, 0.3) if LONG else (0.05, 0.15):
                    with self.subTest(command=command, delay=delay):
                        running = subprocess.Popen([PROGRAM, *command, "--no-input"], cwd=project.folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                        time.sleep(delay)
                        running.send_signal(signal.SIGKILL)
                        running.wait()
                        if command[0] == "backup":
                            if (project.folder / "again").exists():
                                self.assertEqual(run(["sha256sum", "-c", "again.sha256"], cwd=project.folder).code, 0)
                                (project.folder / "again").unlink()
                            project.migrate(*command)
                            (project.folder / "again").unlink()
                        else:
                            project.migrate(*command)
                        self.assertEqual(self.dump(project), before)

    def test_another_database(self):
        for project in self.each_filled():
            project.migrate("backup", "saved")
            other = self.project(project.engine)
            project.migrate("restore", "saved", "--to", other.database.url)
            name = "SELECT count(*) FROM users"
            self.assertEqual(other.sql(name), project.sql(name))

    def test_a_tool_that_is_too_old_or_anothers_is_refused(self):
        for project in self.each_filled():
            if project.engine == "sqlite":
                continue
            tools = project.folder / "tools"
            tools.mkdir()
            others = {"postgresql": ("pg_dump (PostgreSQL) 9.6.1", "older than the server"), "mariadb": ("mariadb-dump from 10.2.1-MariaDB", "older than the server"),
                      "mysql": ("mysqldump  Ver 5.6.1 for Linux", "older than the server")}[project.engine]
            strangers = {"mariadb": ("mariadb-dump  Ver 8.0.36 for Linux on x86_64 (MySQL Community Server - GPL)", "MySQL's program"), "mysql": ("mysqldump from 11.8.3-MariaDB", "MariaDB's program")}
            project.unit("0001-aaaaaa", "", "DELETE FROM users;", "SELECT 1;")
            before = self.dump(project)
            for version, words in [others] + [strangers[name] for name in strangers if name == project.engine]:
                for name in ("pg_dump", "pg_restore", "psql", "mariadb-dump", "mariadb", "mysqldump", "mysql"):
                    (tools / name).write_text(f'#!/bin/sh\necho "{version}"\n')
                    (tools / name).chmod(0o755)
                project.config(f"backup: {{tools: {tools}}}")
                self.assertIn(words, project.migrate("backup", "saved", code=1).err)
                refused = project.migrate("upgrade", "--backup", "saved", code=1).err
                self.assertIn(words, refused)
                self.assertIn("nothing was run", refused)
                self.assertEqual(self.dump(project), before)
                self.assertFalse((project.folder / "saved").is_file())

    def test_of_several_hosts_the_one_that_we_are_connected_to(self):
        for project in self.each_filled():
            if project.engine == "sqlite":
                continue
            before = self.dump(project)
            url = urllib.parse.urlsplit(project.database.url)
            login = url.netloc.rsplit("@", 1)[0]
            # Nobody listens at the first; the second is the server.
            several = url._replace(netloc=f"{login}@127.0.0.1:1,127.0.0.1:{url.port}").geturl()
            if project.dialect == "postgresql":
                several += "?connect_timeout=5"
            project.migrate("--database", several, "backup", "saved")
            project.sql(DAMAGE[project.dialect][0])
            project.migrate("--database", several, "restore", "saved", "--yes")
            self.assertEqual(self.dump(project), before)

    def test_the_tools_go_as_far_as_the_url_says_with_tls(self):
        """A server that takes encrypted sessions only; and what a tool is told is written down by one that stands in front of the real one."""
        for engine in ("postgresql", "mariadb"):
            if engine not in engines():
                continue
            with self.subTest(engine=engine):
                server = own_servers.Server(engine, [] if engine == "postgresql" else ["--require-secure-transport=ON"])
                self.addCleanup(server.stop)
                if engine == "postgresql":
                    rules = server.data / "pg_hba.conf"
                    rules.write_text(rules.read_text().replace("\nhost ", "\nhostssl "))
                    server.admin("SELECT pg_reload_conf()")
                server.admin("CREATE TABLE things (id integer PRIMARY KEY); INSERT INTO things VALUES (1), (2)", "shop")
                folder = pathlib.Path(tempfile.mkdtemp(prefix="migrate-tls-backup-"))
                self.addCleanup(shutil.rmtree, folder)
                real = self.tools(engine)
                (folder / "tools").mkdir()
                for name in ("pg_dump", "pg_restore", "psql", "mariadb-dump", "mariadb"):
                    script = f'#!/bin/sh\ncat "$PGSERVICEFILE" >> {folder}/told 2>/dev/null\nfor word in "$@"; do case $word in --defaults*=*) cat "${{word#*=}}" >> {folder}/told;; esac; done\nexec {real}/{name} "$@"\n'
                    (folder / "tools" / name).write_text(script)
                    (folder / "tools" / name).chmod(0o755)
                (folder / "migrate.yaml").write_text(f"migrations: .\nbackup: {{tools: {folder}/tools}}\n")
                ca = server.folder / "ca.pem"
                told = {"postgresql": (f"?sslmode=verify-full&sslrootcert={ca}", ["verify-full", str(ca)], "verify-full"), "mariadb": (f"?ssl-mode=VERIFY_IDENTITY&ssl-ca={ca}", [f'ssl-ca="{ca}"', "\nssl-verify-server-cert"], "\nssl-verify"),
                        }[engine]
                plain = {"postgresql": "?sslmode=require", "mariadb": "?ssl-mode=REQUIRED"}[engine]
                for number, behind in enumerate((told[0], plain)):
                    (folder / "told").unlink(missing_ok=True)
                    for words in (["backup", f"saved{number}"], ["restore", f"saved{number}", "--yes"]):
                        done = run([PROGRAM, *words, "--no-input", "--database", server.url(behind)], cwd=folder)
                        self.assertEqual(done.code, 0, done)
                    text = (folder / "told").read_text()
                    if behind == plain:
                        self.assertNotIn(told[2], text)
                    else:
                        for word in told[1]:
                            self.assertIn(word, text)
                    self.assertEqual(server.admin("SELECT count(*) FROM things", "shop"), "2")

    def test_a_password_is_on_no_command_line(self):
        for project in self.each_filled():
            if project.engine == "sqlite":
                continue
            # A tool that writes down how it was called stands in front of the real one.
            tools = project.folder / "tools"
            tools.mkdir()
            real = self.tools(project.engine)
            for name in ("pg_dump", "pg_restore", "psql", "mariadb-dump", "mariadb", "mysqldump", "mysql"):
                if (real / name).exists():
                    (tools / name).write_text(f'#!/bin/sh\necho "$0 $*" >> {project.folder}/calls\nexec {real}/{name} "$@"\n')
                    (tools / name).chmod(0o755)
            project.config(f"backup: {{tools: {tools}}}")
            done = project.migrate("backup", "saved", "-v")
            calls = (project.folder / "calls").read_text() + done.out + done.err
            self.assertIn("dump", calls)
            if project.dialect == "mysql":
                self.assertNotIn("secret", calls)


if __name__ == "__main__":
    main()
