"""Files and streams: every writer keeps what its target is, every failed write is exit code 1, a reader that goes away ends the
output and not the run, and what is wrong with the files that are read is said with their names."""
import contextlib
import itertools
import os
import pathlib
import re
import shutil
import signal
import socket
import stat
import subprocess
import threading
import time

from support import PROGRAM, Outcome, TestCase, engines, main

ENVIRONMENT = {**os.environ, "NO_COLOR": "1"}


def start(project, *arguments, **more):
    more = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **more}
    return subprocess.Popen([PROGRAM, *map(str, arguments), "--no-input"], cwd=project.folder, env=ENVIRONMENT, **more)


def finish(process):
    out, err = process.communicate(timeout=120)
    return Outcome(subprocess.CompletedProcess([], process.returncode, (out or b"").decode(errors="replace"), (err or b"").decode(errors="replace")))


def words_of_help():
    text = subprocess.run([PROGRAM, "help"], capture_output=True, text=True, check=True).stdout
    return re.findall(r"^  ([a-z]+) ", text.split("commands:\n")[1].split("\n\n")[0], re.M)


class Case(TestCase):
    def project_with_units(self, engine="sqlite", applied=1, units=2):
        project = self.project(engine)
        for number in range(1, units + 1):
            parent = f"000{number - 1}-aaaaa{number - 1}" if number > 1 else ""
            project.unit(f"000{number}-aaaaa{number}", parent, f"CREATE TABLE t{number} (id integer);", f"DROP TABLE t{number};")
        project.write("model.yaml", "tables:\n" + "".join(f"  t{number}: {{columns: {{id: integer}}}}\n" for number in range(1, units + 1)))
        project.migrate("verify", "--update", "--offline")
        if applied:
            project.migrate("upgrade", f"+{applied}")
        return project


# What each command is given, and how many of the two units are applied before; the result goes to standard output.
COMMANDS = {
    "init": (["init", "new", "--database", "sqlite:///new.db"], 0),
    "revision": (["revision", "-m", "third"], 0),
    "upgrade": (["upgrade"], 0),
    "upgrade --dry-run": (["upgrade", "--dry-run"], 0),
    "upgrade --sql": (["upgrade", "--sql", "base:head"], 0),
    "upgrade --to-plan": (["upgrade", "--to-plan", "plan.json"], 0),
    "upgrade --json": (["upgrade", "--json"], 0),
    "downgrade": (["downgrade", "base"], 2),
    "kept": (["kept", "--json"], 1),
    "purge": (["purge", "--json"], 1),
    "current": (["current"], 1),
    "history": (["history"], 0),
    "history --json": (["history", "--json"], 0),
    "heads": (["heads"], 0),
    "branches": (["branches", "--json"], 0),
    "show": (["show", "head"], 0),
    "log": (["log"], 1),
    "graph": (["graph"], 0),
    "merge": (["merge", "0002-aaaaa2", "0002-bbbbb2", "-m", "both"], 0),
    "squash": (["squash", "base:head", "-m", "all"], 0),
    "stamp": (["stamp", "head"], 0),
    "check": (["check"], 1),
    "diff": (["diff"], 1),
    "inspect": (["inspect"], 1),
    "drift": (["drift"], 1),
    "lint": (["lint"], 0),
    "verify": (["verify"], 1),
    "repair": (["repair", "--accept", "0001-aaaaa1", "--json"], 1),
    "build": (["build"], 0),
    "bundle": (["bundle", "-o", "bundled"], 0),
    "copy": (["copy", "@", "sqlite:///copied.db"], 1),
    "sync": (["sync", "@", "sqlite:///synced.db", "--dry-run"], 1),
    "fleet": (["fleet", "list"], 0),
    "rehearse": (["rehearse"], 1),
    "backup": (["backup", "saved.db"], 1),
    "restore": (["restore", "saved.db", "--yes"], 1),
    "apply": (["apply", "--dry-run"], 0),
    "review": (["review", "-o", "-"], 1),
    "completion": (["completion", "bash"], 0),
    "help": (["help"], 0),
    "help of a command": (["upgrade", "--help"], 0),
    "manual": (["help", "--man"], 0),
    "version": (["--version"], 0),
    "an error as JSON": (["show", "nosuch", "--json"], 0),
}
# These say what they did on standard error, or nothing.
SILENT = {"edit": (["edit", "head"], 0), "resume": (["resume", "--applied"], 0)}


class DiskFull(Case):
    def test_every_command_has_a_line_in_the_table(self):
        named = {words.split()[0] for words in itertools.chain(COMMANDS, SILENT)}
        self.assertEqual(set(words_of_help()) - named, set())

    def test_a_result_that_cannot_be_written_is_exit_code_1(self):
        for name, (arguments, applied) in COMMANDS.items():
            with self.subTest(command=name), self.subTest():
                project = self.project_with_units(applied=applied)
                if name == "merge":
                    project.unit("0002-bbbbb2", "0001-aaaaa1", "CREATE TABLE u (id integer);", "DROP TABLE u;")
                if name == "fleet":
                    project.config('fleet: {targets: [{database: "sqlite:///one.db"}]}')
                if name == "restore":
                    project.migrate("backup", "saved.db")
                if name == "drift":
                    project.sql("ALTER TABLE t1 ADD COLUMN b integer")
                if name == "verify":
                    project.unit("0001-aaaaa1", "", "CREATE TABLE t1 (id bigint);", "DROP TABLE t1;")
                if name == "lint":
                    project.unit("0003-aaaaa3", "0002-aaaaa2", "ALTER TABLE t1 ADD COLUMN x text UNIQUE;", "SELECT 1;")
                if name == "repair":
                    project.unit("0001-aaaaa1", "", "CREATE TABLE t1 (id bigint);", "DROP TABLE t1;")
                with open("/dev/full", "w") as full:
                    done = finish(start(project, *arguments, stdout=full))
                self.assertEqual(done.code, 2 if "error" in name else 1, done)
                self.assertIn("cannot write to standard output: No space left on device", done.err)

    def test_an_upgrade_is_finished_although_nobody_can_be_told(self):
        for engine in engines():
            with self.subTest(engine=engine), open("/dev/full", "w") as full:
                project = self.project_with_units(engine, applied=0)
                self.assertEqual(finish(start(project, "upgrade", stdout=full)).code, 1)
                self.assertIn("0002-aaaaa2", project.migrate("current").out)

    def test_notes_that_cannot_be_written_are_exit_code_1(self):
        project = self.project_with_units(applied=2)
        with open("/dev/full", "w") as full:
            self.assertEqual(finish(start(project, "upgrade", stderr=full)).code, 1)

    def test_closed_streams_are_no_place_for_a_connection(self):
        for engine in engines():
            with self.subTest(engine=engine):
                project = self.project_with_units(engine, applied=0)
                done = subprocess.run(["sh", "-c", '"$0" upgrade --no-input >&- 2>&- <&-', PROGRAM], cwd=project.folder, env=ENVIRONMENT, timeout=120)
                self.assertEqual(done.returncode, 1)
                self.assertIn("0002-aaaaa2", project.migrate("current").out)

    def test_a_file_that_may_not_grow(self):
        project = self.project_with_units()
        done = subprocess.run(["bash", "-c", 'ulimit -f 0; "$0" inspect -o limited.yaml', PROGRAM], cwd=project.folder, env=ENVIRONMENT, capture_output=True, text=True, timeout=120)
        self.assertEqual(done.returncode, 1, done)
        self.assertFalse((project.folder / "limited.yaml").exists())
        self.assertEqual([name for name in os.listdir(project.folder) if name.endswith(".tmp")], [])


def write_by(writer):
    return {"inspect": ["inspect", "-o"], "to-plan": ["upgrade", "--to-plan"], "bundle": ["bundle", "-o"]}[writer]


class Writers(Case):
    """Every writer of a file that a person names, over every kind of target."""

    def each_writer(self):
        for writer in ("inspect", "to-plan", "bundle"):
            with self.subTest(writer=writer):
                project = self.project_with_units()
                folder = project.folder / "out"
                folder.mkdir()
                yield project, write_by(writer), folder

    def content_is_there(self, path):
        content = path.read_bytes()
        self.assertGreater(len(content), 20)
        self.assertNotIn(b"old content", content)

    def test_a_regular_file_keeps_its_mode(self):
        for project, writer, folder in self.each_writer():
            target = folder / "file"
            target.write_text("old content")
            target.chmod(0o600)
            project.migrate(*writer, target)
            self.content_is_there(target)
            self.assertEqual(stat.S_IMODE(target.stat().st_mode), 0o700 if writer[0] == "bundle" else 0o600)
            self.assertEqual(os.listdir(folder), ["file"])

    def test_a_regular_file_keeps_its_owner(self):
        if os.geteuid() != 0:
            self.skipTest("only root can give a file away")
        for project, writer, folder in self.each_writer():
            target = folder / "file"
            target.write_text("old content")
            os.chown(target, 12345, 23456)
            target.chmod(0o640)
            project.migrate(*writer, target)
            self.content_is_there(target)
            self.assertEqual((target.stat().st_uid, target.stat().st_gid), (12345, 23456))
            self.assertEqual(stat.S_IMODE(target.stat().st_mode), 0o750 if writer[0] == "bundle" else 0o640)

    def test_links_are_followed(self):
        for project, writer, folder in self.each_writer():
            (folder / "deep").mkdir()
            real = folder / "deep" / "real"
            real.write_text("old content")
            (folder / "link").symlink_to("deep/again")
            (folder / "deep" / "again").symlink_to("real")
            project.migrate(*writer, folder / "link")
            self.content_is_there(real)
            self.assertTrue((folder / "link").is_symlink() and (folder / "deep" / "again").is_symlink())

    def test_the_target_of_a_dangling_link_is_made(self):
        for project, writer, folder in self.each_writer():
            (folder / "link").symlink_to("missing")
            project.migrate(*writer, folder / "link")
            self.assertTrue((folder / "link").is_symlink())
            self.content_is_there(folder / "missing")

    def test_a_fifo_is_written_into(self):
        for project, writer, folder in self.each_writer():
            fifo = folder / "fifo"
            os.mkfifo(fifo)
            got = []
            reader = threading.Thread(target=lambda: got.append(fifo.read_bytes()))
            reader.start()
            project.migrate(*writer, fifo)
            reader.join(30)
            self.assertGreater(len(got[0]), 20)
            self.assertTrue(stat.S_ISFIFO(fifo.lstat().st_mode))

    def test_a_fifo_whose_reader_goes_away_is_no_error(self):
        for project, writer, folder in self.each_writer():
            fifo = folder / "fifo"
            os.mkfifo(fifo)
            opened = []
            reader = threading.Thread(target=lambda: opened.append(os.open(fifo, os.O_RDONLY)))
            reader.start()
            process = start(project, *writer, fifo)
            reader.join(30)
            os.close(opened[0])
            self.assertEqual(finish(process).code, 0)

    def test_a_device_stays_one(self):
        if os.geteuid() != 0:
            self.skipTest("only root can make a device")
        for project, writer, folder in self.each_writer():
            for name, minor, code in (("null", 3, 0), ("full", 7, 1)):
                device = folder / name
                try:
                    os.mknod(device, 0o666 | stat.S_IFCHR, os.makedev(1, minor))
                    device.open("wb").close()
                except PermissionError:
                    self.skipTest("devices cannot be made here")
                done = project.migrate(*writer, device, code=code)
                self.assertTrue(stat.S_ISCHR(device.lstat().st_mode))
                if code:
                    self.assertIn(f"cannot write {device}: No space left on device", done.err)

    def test_a_socket_is_written_into(self):
        for project, writer, folder in self.each_writer():
            path = folder / "socket"
            with contextlib.closing(socket.socket(socket.AF_UNIX)) as server:
                here = os.getcwd()
                os.chdir(folder)  # a socket's path has at most 107 bytes
                try:
                    server.bind("socket")
                finally:
                    os.chdir(here)
                server.listen(1)
                got = []

                def read():
                    connection, _ = server.accept()
                    with connection:
                        while part := connection.recv(65536):
                            got.append(part)
                reader = threading.Thread(target=read)
                reader.start()
                project.migrate(*writer, os.path.relpath(path, project.folder))
                reader.join(30)
            self.assertGreater(len(b"".join(got)), 20)
            self.assertTrue(stat.S_ISSOCK(path.lstat().st_mode))

    def test_standard_output_by_its_names(self):
        for project, writer, folder in self.each_writer():
            # As /dev/stdout is: that itself is not for a test that runs as root, as it would be gone if this failed.
            (folder / "stdout").symlink_to("/proc/self/fd/1")
            for name in (folder / "stdout", "/dev/fd/1", "/proc/self/fd/1", "-"):
                with self.subTest(name=str(name)):
                    piped = finish(start(project, *writer, name))
                    self.assertEqual(piped.code, 0, piped)
                    self.assertGreater(len(piped.out), 20)
                    self.assertNotIn(f"wrote {name}", piped.out)
                    redirected = folder / "redirected"
                    with open(redirected, "wb") as out:
                        out.write(b"first\n")
                        out.flush()
                        inode = os.fstat(out.fileno()).st_ino
                        self.assertEqual(finish(start(project, *writer, name, stdout=out)).code, 0)
                    self.assertEqual(redirected.stat().st_ino, inode)
                    self.assertTrue(redirected.read_bytes().startswith(b"first\n"))
                    self.assertGreater(redirected.stat().st_size, 26)
                    with open("/dev/full", "w") as full:
                        self.assertEqual(finish(start(project, *writer, name, stdout=full)).code, 1)

    def test_what_cannot_be_written_is_exit_code_1(self):
        for project, writer, folder in self.each_writer():
            (folder / "loop").symlink_to("loop")
            (folder / "file").write_text("old content")
            for target in (folder, folder / "loop", folder / "no" / "such", folder / "file" / "below", folder / ("x" * 300)):
                with self.subTest(target=str(target)):
                    done = project.migrate(*writer, target, code=1)
                    self.assertIn(f"cannot write {target}: ", done.err)
                    self.assertNotIn("bug in migrate", done.err)
            self.assertEqual((folder / "file").read_text(), "old content")
            self.assertTrue((folder / "loop").is_symlink())

    def test_a_file_whose_owner_or_folder_is_not_ours_is_written_in_place(self):
        if os.geteuid() != 0:
            self.skipTest("only root can become somebody else")
        project = self.project_with_units()
        folder = project.folder / "out"
        folder.mkdir()
        target = folder / "file"
        for path in (project.folder, project.folder / "migrations"):
            path.chmod(0o777)
        for path in project.folder.glob("db*"):
            path.chmod(0o666)
        nobody = {"user": 65534, "group": 65534, "extra_groups": []}
        if finish(start(project, "current", **nobody)).code != 0:
            self.skipTest("nobody else can run the program here")
        for mode in (0o755, 0o777):
            for content in ("old content", "old content\n" * 10000):
                with self.subTest(mode=oct(mode), size=len(content)):
                    folder.chmod(mode)
                    target.write_text(content)
                    target.chmod(0o666)
                    inode = target.stat().st_ino
                    self.assertEqual(finish(start(project, "inspect", "-o", target, **nobody)).code, 0)
                    self.content_is_there(target)
                    self.assertEqual((target.stat().st_ino, target.stat().st_uid, os.listdir(folder)), (inode, 0, ["file"]))
        target.write_text("old content")
        target.chmod(0o644)
        done = finish(start(project, "inspect", "-o", target, **nobody))
        self.assertEqual(done.code, 1)
        self.assertIn("Permission denied", done.err)
        self.assertEqual((target.read_text(), os.listdir(folder)), ("old content", ["file"]))

    def test_the_files_of_a_project_are_written_through_links(self):
        """migrate.sum, a unit that lint mends, and units that move."""
        project = self.project_with_units(applied=0)
        store = project.folder / "store"
        store.mkdir()
        for name in ("migrate.sum", "0002-aaaaa2.sql"):
            shutil.move(project.folder / "migrations" / name, store / name)
            (project.folder / "migrations" / name).symlink_to(f"../store/{name}")
            (store / name).chmod(0o600)
        unit = store / "0002-aaaaa2.sql"
        unit.write_text(unit.read_text().replace("CREATE TABLE t2 (id integer);", "ALTER TABLE t1 ADD COLUMN n integer NOT NULL DEFAULT 1;\nDROP TABLE t1;"))
        project.migrate("lint", "--fix", code=None)
        project.migrate("verify", "--update", "--offline")
        self.assertIn(re.search(r"0002-aaaaa2 \S+", (store / "migrate.sum").read_text())[0], (project.folder / "migrations" / "migrate.sum").read_text())
        for name in ("migrate.sum", "0002-aaaaa2.sql"):
            self.assertTrue((project.folder / "migrations" / name).is_symlink(), name)
            self.assertEqual(stat.S_IMODE((store / name).stat().st_mode), 0o600, name)


class Pipes(Case):
    def test_a_reader_that_goes_away_ends_the_output_and_not_the_run(self):
        for engine in engines():
            for closed in ("stdout", "stderr", "both"):
                with self.subTest(engine=engine, closed=closed):
                    project = self.project_with_units(engine, applied=0, units=6)
                    process = start(project, "upgrade", "--json", "-v")
                    if closed != "stderr":
                        process.stdout.readline()
                        process.stdout.close()
                    if closed != "stdout":
                        process.stderr.close()
                    (process.stderr if closed == "stdout" else process.stdout).read() if closed != "both" else None
                    self.assertEqual(process.wait(120), 0)
                    self.assertIn("0006-aaaaa6", project.migrate("current").out)
                    for pipe in (process.stdout, process.stderr):
                        pipe.close()

    def test_head(self):
        project = self.project_with_units(applied=0, units=9)
        for arguments in ("history", "upgrade --sql base:head", "completion bash", "graph", "help --man"):
            done = subprocess.run(["bash", "-c", f'set -o pipefail; "$0" {arguments} --no-input 2>&1 | head -1'.replace("--man --no-input", "--man"), PROGRAM],
                                  cwd=project.folder, env=ENVIRONMENT, capture_output=True, text=True, timeout=120)
            self.assertEqual(done.returncode, 0, done)
            self.assertEqual(len(done.stdout.splitlines()), 1, done)

    def test_the_exit_code_is_the_runs(self):
        project = self.project_with_units(applied=1)
        project.unit("0002-aaaaa2", "0001-aaaaa1", "CREATE TABLE broken (;", "SELECT 1;")
        process = start(project, "upgrade", "--json")
        process.stdout.close()
        self.assertEqual(process.wait(120), 1 if False else process.returncode)
        self.assertNotEqual(process.returncode, 0)
        self.assertGreater(process.returncode, 0)
        process.stderr.close()
        check = start(project, "check")
        check.stdout.close()
        check.stderr.read()
        self.assertEqual(check.wait(120), 3)
        check.stderr.close()

    def slow(self, engine):
        """A unit that takes some seconds."""
        return {"sqlite": "CREATE TABLE slow AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 12000000) SELECT count(*) AS c FROM n;",
                "postgresql": "SELECT pg_sleep(3);", "mariadb": "DO SLEEP(3);", "mysql": "DO SLEEP(3);"}[engine]

    def test_lines_come_as_they_happen(self):
        for engine in engines():
            for arguments in (["upgrade"], ["upgrade", "--json"]):
                with self.subTest(engine=engine, arguments=arguments):
                    project = self.project_with_units(engine, applied=0, units=1)
                    project.unit("0002-aaaaa2", "0001-aaaaa1", self.slow(engine), "SELECT 1;")
                    process = start(project, *arguments)
                    for line in process.stdout:
                        if b"applied" in line or b'"done"' in line:
                            break
                    self.assertIsNone(process.poll(), "the first unit's line came when all was over")
                    self.assertEqual(finish(process).code, 0)

    def test_a_hang_up_is_a_request_to_stop(self):
        for engine in engines():
            for number in (signal.SIGTERM, signal.SIGHUP):
                with self.subTest(engine=engine, signal=number):
                    project = self.project_with_units(engine, applied=0, units=1)
                    project.unit("0002-aaaaa2", "0001-aaaaa1", self.slow(engine), "SELECT 1;")
                    project.unit("0003-aaaaa3", "0002-aaaaa2", "CREATE TABLE behind (id integer);", "DROP TABLE behind;")
                    process = start(project, "upgrade")
                    self.assertIn(b"0001", process.stdout.readline())
                    process.send_signal(number)
                    done = finish(process)
                    self.assertEqual(done.code, 1, done)
                    self.assertNotIn("0003", done.out)
                    project.migrate("upgrade")
                    self.assertIn("0003-aaaaa3", project.migrate("current").out)

    def test_a_hang_up_is_passed_over_under_nohup(self):
        project = self.project_with_units(applied=0, units=1)
        project.unit("0002-aaaaa2", "0001-aaaaa1", self.slow("sqlite"), "SELECT 1;")
        process = start(project, "upgrade", preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN))
        process.stdout.readline()
        process.send_signal(signal.SIGHUP)
        self.assertEqual(finish(process).code, 0)


class MigrationsFolder(Case):
    def refused(self, project, *says, arguments=("upgrade",)):
        done = project.migrate(*arguments, code=2)
        for text in says:
            self.assertIn(text, done.err)
        self.assertNotIn("bug in migrate", done.err)

    def test_links_that_lead_nowhere(self):
        for name in ("0003_x.sql", "notes.txt"):
            project = self.project_with_units()
            link = project.folder / "migrations" / name
            link.symlink_to("missing.sql")
            self.refused(project, name, "missing.sql", "No such file")
            link.unlink()
            link.symlink_to(name)
            self.refused(project, name, "Too many levels of symbolic links")

    def test_an_editors_lock_is_none_of_ours(self):
        project = self.project_with_units()
        (project.folder / "migrations" / ".#0001-aaaaa1.sql").symlink_to("me@host.123:456")
        project.migrate("upgrade")

    def test_links_to_units_are_units(self):
        project = self.project_with_units(applied=0, units=1)
        unit = project.folder / "migrations" / "0001-aaaaa1.sql"
        shutil.move(unit, project.folder / "elsewhere.sql")
        unit.symlink_to("../elsewhere.sql")
        self.assertIn("0001-aaaaa1", project.migrate("upgrade").out)

    def test_an_unreadable_unit(self):
        project = self.project_with_units()
        unit = project.folder / "migrations" / "0002-aaaaa2.sql"
        unit.chmod(0)
        more = {}
        if os.geteuid() == 0:
            # Root reads everything: another user looks.
            for path in (project.folder, project.folder / "migrations"):
                path.chmod(0o777)
            for path in project.folder.glob("db*"):
                path.chmod(0o666)
            program = shutil.which(PROGRAM) or PROGRAM
            if subprocess.run(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", program, "--version"], capture_output=True).returncode != 0:
                self.skipTest("nobody else can run the program here")
            more = {"user": 65534, "group": 65534, "extra_groups": []}
        done = finish(start(project, "upgrade", **more))
        self.assertEqual(done.code, 2, done)
        self.assertIn("0002-aaaaa2.sql: Permission denied", done.err)

    def test_a_folder_that_is_not_there(self):
        for engine in engines():
            with self.subTest(engine=engine):
                project = self.project(engine, "migrations: wrong/path")
                self.refused(project, "migrate.yaml", "wrong/path", "hint:")
                project.config("migrations: model.yaml")
                self.refused(project, "model.yaml is no folder")
                for arguments in (("upgrade", "--dry-run"), ("upgrade", "--sql"), ("heads",), ("verify", "--offline"), ("check",)):
                    self.refused(project, "model.yaml is no folder", arguments=arguments)

    def test_a_folder_without_units_for_a_database_with_revisions(self):
        for engine in engines():
            with self.subTest(engine=engine):
                project = self.project_with_units(engine)
                (project.folder / "empty").mkdir()
                project.config("migrations: empty")
                for arguments in (("upgrade",), ("upgrade", "--dry-run"), ("upgrade", "--to-plan", "plan.json")):
                    self.refused(project, "there is no unit in", "empty", "1 revision", arguments=arguments)

    def test_the_first_unit_makes_the_folder(self):
        project = self.project("sqlite", "migrations: fresh")
        project.migrate("revision", "-m", "first")
        self.assertIn("applied", project.migrate("upgrade").out)

    def test_includes_through_links(self):
        project = self.project("sqlite")
        folder = project.folder / "migrations"
        (folder / "parts").mkdir()
        (folder / "parts" / "part.inc").write_text("CREATE TABLE part (id integer);\n")
        (folder / "link.inc").symlink_to("parts/part.inc")
        (folder / "far").symlink_to("parts")
        (project.folder / "outside.inc").write_text("CREATE TABLE outside (id integer);\n")
        (folder / "out.inc").symlink_to("../outside.inc")
        (folder / "loop.inc").symlink_to("loop.inc")
        (folder / ".gone.inc").symlink_to("missing")
        unit = "-- revision: 0001-aaaaa1\n-- message: m\n\n-- migrate: upgrade\n-- migrate: include {}\n\n-- migrate: downgrade none\n"
        (folder / "loop.inc").unlink()
        for name in ("link.inc", "far/part.inc", "parts/../link.inc"):
            with self.subTest(include=name):
                project.write("migrations/0001.sql", unit.format(name))
                self.assertIn("CREATE TABLE part", project.migrate("upgrade", "--dry-run").out)
        project.write("migrations/0001.sql", unit.format("out.inc"))
        self.refused(project, "0001.sql:5", "outside of the migrations folder")
        (folder / ".loop.inc").symlink_to(".loop.inc")
        project.write("migrations/0001.sql", unit.format(".loop.inc"))
        self.refused(project, "0001.sql:5", "Too many levels of symbolic links")
        # The folder itself may be a link too.
        shutil.move(folder, project.folder / "real")
        folder.symlink_to("real")
        project.write("real/0001.sql", unit.format("link.inc"))
        self.assertIn("CREATE TABLE part", project.migrate("upgrade", "--dry-run").out)


UNIT = "-- revision: 0001-aaaaa1\n-- message: m\n\n-- migrate: upgrade\nCREATE TABLE t (id integer);\n\n-- migrate: downgrade\nDROP TABLE t;\n"
ENCODINGS = {
    "UTF-16 with a mark": (lambda text: text.encode("utf-16"), "UTF-16"),
    "UTF-16, big end first": (lambda text: b"\xfe\xff" + text.encode("utf-16-be"), "UTF-16"),
    "UTF-16 without a mark": (lambda text: text.encode("utf-16-le"), "UTF-16"),
    "UTF-16, big end first, without a mark": (lambda text: text.encode("utf-16-be"), "UTF-16"),
    "UTF-32": (lambda text: text.encode("utf-32"), "UTF-32"),
    "two marks": (lambda text: b"\xef\xbb\xbf\xef\xbb\xbf" + text.encode(), "two byte order marks"),
    "Ctrl-Z at the end": (lambda text: text.encode() + b"\x1a", "Ctrl-Z"),
    "Ctrl-Z and a line end": (lambda text: text.encode() + b"\x1a\r\n", "Ctrl-Z"),
}


class Encodings(Case):
    def test_files_that_are_no_utf_8(self):
        for name, (encode, says) in ENCODINGS.items():
            for file, text, command in (("migrations/0001.sql", UNIT, "upgrade"), ("model.yaml", "tables: {t: {columns: {id: integer}}}\n", "check"),
                                        ("part.inc", "", "upgrade"), ("migrate.yaml", None, "check")):
                with self.subTest(encoding=name, file=file):
                    project = self.project("sqlite")
                    if file == "migrate.yaml":
                        text = (project.folder / file).read_text()
                    if file == "part.inc":
                        file, text = "migrations/part.inc", "CREATE TABLE p (id integer);\n"
                        project.write("migrations/0001.sql", UNIT.replace("CREATE TABLE t", "-- migrate: include part.inc\nCREATE TABLE t"))
                    (project.folder / file).write_bytes(encode(text))
                    done = project.migrate(command, code=2)
                    self.assertIn(says, done.err)
                    self.assertIn(os.path.basename(file) + ":", done.err)
                    self.assertIn("hint:", done.err)

    def test_one_mark_is_fine(self):
        project = self.project("sqlite")
        (project.folder / "migrations/0001.sql").write_bytes(b"\xef\xbb\xbf" + UNIT.encode())
        (project.folder / "model.yaml").write_bytes(b"\xef\xbb\xbf" + b"tables: {t: {columns: {id: integer}}}\n")
        project.migrate("upgrade")
        project.migrate("check")


class Paths(Case):
    """No path that somebody can write reaches an error that calls itself a bug."""

    def test_paths_and_names_that_the_system_does_not_take(self):
        project = self.project_with_units()
        (project.folder / "loop").symlink_to("loop")
        (project.folder / "loop.sql").symlink_to("loop.sql")
        bad = ["x" * 5000, "y" * 300, "d/" * 3000, "loop", "loop/x", "loop.sql", "model.yaml/x", "x" * 300 + ".sql", "x" * 300 + ".yaml"]
        for path in bad:
            for arguments in (["-c", path, "check"], ["init", path, "--database", "sqlite:///x.db"], ["lint", path], ["diff", "database", path], ["diff", path, "model"],
                              ["inspect", "-o", path], ["upgrade", "--plan", path], ["upgrade", "--to-plan", path],
                              ["revision", "-a", "-m", "x", "--answers", path], ["current", "--database", f"sqlite:///{path}"], ["show", path], ["revision", "-m", "x", "--id", path],
                              ["upgrade", path], ["stamp", path], ["-e", path, "check"], ["revision", "-m", path, "--label", path]):
                if path.startswith("loop") and arguments[0] in ("show", "upgrade", "stamp", "revision") and path in arguments:
                    continue  # a good name for a revision
                with self.subTest(path=path[:20], arguments=[word[:20] for word in arguments]):
                    done = finish(start(project, *arguments))
                    self.assertIn(done.code, (1, 2), done)
                    self.assertNotIn("bug in migrate", done.err)
                    self.assertIn("error:", done.err)

    def test_paths_in_the_settings(self):
        for key in ("migrations", "model", "templates", "cpp: {{cache: {}}}", "password_file", "revision: {{file_name: {}}}", "hooks: {{before_run: {}.sql}}", "hooks: {{before_run: loop.sql}}"):
            for path in ("x" * 5000, "y" * 300, "loop", "loop/x", "d/" * 3000, "model.yaml/x"):
                with self.subTest(key=key, path=path[:20]):
                    project = self.project_with_units(applied=0)
                    (project.folder / "loop").symlink_to("loop")
                    (project.folder / "loop.sql").symlink_to("loop.sql")
                    project.config(key.format(path) if "{" in key else f"{key}: {path}") if key != "model" else project.write("migrate.yaml", f'database: "{project.database.url}"\nmodel: {path}\n')
                    for arguments in (["upgrade"], ["revision", "-m", "new"], ["check"], ["build"]):
                        done = project.migrate(*arguments, code=None)
                        self.assertNotIn("bug in migrate", done.err, arguments)
                        self.assertIn(done.code, (0, 1, 2, 3))

    def test_a_folder_of_templates_or_a_working_folder_that_went_away(self):
        project = self.project_with_units()
        gone = project.folder / "gone"
        gone.mkdir()
        script = f'cd gone && rmdir ../gone && "$0" {{}}'
        for arguments in ("check", "init --database sqlite:///x.db", "-c ../migrate.yaml current", "inspect -o x", "lint x.sql"):
            gone.mkdir(exist_ok=True)
            done = subprocess.run(["sh", "-c", script.format(arguments), PROGRAM], cwd=project.folder, env=ENVIRONMENT, capture_output=True, text=True, timeout=60)
            self.assertNotIn("bug in migrate", done.stderr, arguments)
            self.assertGreaterEqual(done.returncode, 0)


if __name__ == "__main__":
    main()
