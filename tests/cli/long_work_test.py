"""Long work: a slow statement says that it still runs, a terminal's line has room, Ctrl-C ends with 130, a server that is starting is waited for;
and the small comforts of a first day: variables from a file, names of units in every alphabet."""
import fcntl
import os
import pathlib
import pty
import re
import signal
import struct
import subprocess
import termios
import threading
import time
import unicodedata

from support import PROGRAM, TestCase, engines, main  # it finds tests/ too
from network import Proxy, free_port

# A statement of a few seconds, as far as the engine lets us say that.
SLOW = {"postgresql": "SELECT pg_sleep(2.5);", "mysql": "DO sleep(2.5);",
        "sqlite": "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 14000000) INSERT INTO t SELECT count(*) FROM n;"}


def columns_of(text):
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


class Case(TestCase):
    def slow_project(self, engine, message="slow", header=""):
        project = self.project(engine)
        project.unit("0001-aaaaaa", "", "CREATE TABLE t (n bigint);", "DROP TABLE t;")
        project.unit("0002-bbbbbb", "0001-aaaaaa", f"INSERT INTO t VALUES (1);\n{SLOW[project.dialect]}\nINSERT INTO t VALUES (2);", "DELETE FROM t;", header, message)
        project.migrate("upgrade", "+1")
        return project

    def test_a_slow_statement_says_that_it_runs(self):
        for engine in engines():
            with self.subTest(engine=engine):
                project = self.slow_project(engine, header="-- transaction: off\n")
                told = project.migrate("upgrade", env={"MIGRATE_PROGRESS": "1"})
                self.assertRegex(told.err, r"0002-bbbbbb \(slow\): statement 2 of 3 has been running for 1 s\n.*for 2 s\n", told)
                if engine in ("mariadb", "postgresql"):
                    continue
                project.migrate("downgrade", "-1")
                events = project.migrate("upgrade", "--json", env={"MIGRATE_PROGRESS": "1"}).events
                self.assertIn({"event": "progress", "revision": "0002-bbbbbb", "direction": "upgrade", "text": "running for 1 s"}, events)
        project.migrate("downgrade", "-1")
        self.assertNotIn("running", project.migrate("upgrade", env={"MIGRATE_PROGRESS": "0"}).err)
        wrong = self.project("sqlite").migrate("upgrade", env={"MIGRATE_PROGRESS": "often"}, code=2)
        self.assertIn("MIGRATE_PROGRESS", wrong.err)

    def on_terminal(self, project, columns, *arguments):
        """What the program writes to a terminal of that width, chunk by chunk."""
        child, descriptor = pty.fork()
        if child == 0:
            os.chdir(project.folder)
            os.execvpe(PROGRAM, [PROGRAM, *arguments], {**os.environ, "NO_COLOR": "1"})
        fcntl.ioctl(descriptor, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        out = b""
        while True:
            try:
                data = os.read(descriptor, 65536)
            except OSError:
                break
            if not data:
                break
            out += data
        os.waitpid(child, 0)
        os.close(descriptor)
        return out.decode()

    def test_a_terminal_shows_the_time_in_one_line(self):
        for engine in ("sqlite", "mysql"):
            if engine not in engines():
                continue
            with self.subTest(engine=engine):
                project = self.slow_project(engine, "表を作り直して、古い列の値を新しい列に移す" * 3, "-- transaction: off\n")
                shown = self.on_terminal(project, 50, "upgrade")
                lines = re.findall(r"\r\x1b\[K([^\r\n]+)", shown)
                self.assertTrue(any(re.search(r"\.\.\.  [23] s$", line) for line in lines), shown)
                for line in lines:
                    if not line.startswith("applied"):
                        self.assertLess(columns_of(line), 50, line)

    def test_many_statements_do_not_flood_a_terminal(self):
        project = self.project("sqlite")
        project.unit("0001-aaaaaa", "", "CREATE TABLE t (n bigint);\n" + "".join(f"INSERT INTO t VALUES ({i});\n" for i in range(20000)), "DROP TABLE t;")
        self.assertLess(len(self.on_terminal(project, 80, "upgrade")), 20000)

    def test_ctrl_c_ends_with_130_and_the_same_command_goes_on(self):
        for engine in engines():
            for number, expected in ((signal.SIGINT, 130), (signal.SIGTERM, 1)):
                with self.subTest(engine=engine, signal=number.name):
                    project = self.slow_project(engine, header="-- transaction: off\n")
                    process = subprocess.Popen([PROGRAM, "upgrade", "--no-input"], cwd=project.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
                    time.sleep(0.7)
                    process.send_signal(number)
                    said = process.communicate(timeout=60)
                    self.assertEqual(process.returncode, expected, said)
                    project.migrate("upgrade")
                    self.assertEqual(project.sql("SELECT count(*) FROM t WHERE n IN (1, 2)"), "2")

    def test_a_server_that_is_starting_is_waited_for(self):
        for engine in engines():
            if engine == "sqlite":
                continue
            with self.subTest(engine=engine):
                project = self.project(engine)
                url = re.match(r"(?P<head>.*@)(?P<host>[^:/]+):(?P<port>\d+)(?P<tail>/.*)", project.database.url)
                port = free_port()
                late = f"{url['head']}127.0.0.1:{port}{url['tail']}"
                refused = project.migrate("current", "--database", late, code=1)
                self.assertIn("cannot connect", refused.err)
                began = time.time()
                project.migrate("current", "--database", late, "--wait", "1s", code=1)
                self.assertLess(time.time() - began, 15)
                made = []
                timer = threading.Timer(1.5, lambda: made.append(Proxy(int(url["port"]), at=port)))
                timer.start()
                found = project.migrate("current", "--database", late, "--wait", "60s")
                timer.join()
                self.assertIn("waiting for the server", found.err)
                for proxy in made:
                    proxy.close()
                project.migrate("current", "--wait", "soon", code=2)
                # What stays wrong is not waited for.
                began = time.time()
                wrong = re.sub(r"/[^/]*$", "/nowhere_at_all", project.database.url)
                project.migrate("current", "--database", wrong, "--wait", "60s", code=1)
                self.assertLess(time.time() - began, 20)

    def test_variables_from_a_file(self):
        project = self.project("sqlite")
        file = project.write("settings/.env", "# of this machine\nexport FILE=from-file.db\nNAME='a b' # one\nOTHER=\"x\\ty\"\n\nEMPTY=\n")
        project.write("migrate.yaml", "env_file: settings/.env\ndatabase: \"sqlite:///${FILE}\"\nmodel: {command: 'echo \"tables: {}\"; echo \"# $NAME|$OTHER|$EMPTY|\" >&2'}\n")
        project.unit("0001-aaaaaa", "", "CREATE TABLE t (n bigint);", "DROP TABLE t;")
        project.migrate("upgrade")
        self.assertTrue((project.folder / "from-file.db").exists())
        self.assertIn("# a b|x\ty||", project.migrate("diff", code=None).err)
        project.migrate("upgrade", env={"FILE": "from-environment.db"})
        self.assertTrue((project.folder / "from-environment.db").exists())
        file.write_text("FILE=x.db\nthis is none\n")
        refused = project.migrate("upgrade", code=2)
        self.assertIn(".env:2", refused.err)
        file.unlink()
        self.assertIn("FILE", project.migrate("upgrade", code=2).err)

    def test_names_of_units_in_every_alphabet(self):
        project = self.project("sqlite")
        for message, name in (("Größe ändern", "größe_ändern"), ("Таблица Заказов!", "таблица_заказов"), ("注文テーブル", "注文テーブル"), ("add a/b: c", "add_a_b_c"),
                              ("🙂", None), ("e\u0301te\u0301", None)):
            written = project.migrate("revision", "-m", message).out
            found = pathlib.Path(written.removeprefix("wrote ").strip())
            self.assertTrue((project.folder / found).exists(), written)
            if name is not None:
                self.assertEqual(found.stem.partition("_")[2], name)
        project.migrate("upgrade")


if __name__ == "__main__":
    main()
