#!/usr/bin/env python3
"""A large fleet of three engines, some of it poisoned: does it stop where it should, does the rest arrive, what does it cost?

  fleet.py PROGRAM [--files 1000] [--schemas 300] [--databases 50] [--kills 40] [--restarts] [--linear 10000] [--seed N]

Servers as tests/servers.py says; without PostgreSQL or MariaDB their part is left out. Prints a table of seconds and memory; the exit code is
about what is right, not about what is fast. The short form of the same is in tests/cli/fleet_test.py.
"""
import argparse
import contextlib
import json
import os
import random
import resource
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import support  # noqa: E402

REVISIONS = 10
HEAD = f"{REVISIONS:04}-{REVISIONS:06x}"


def units():
    first = ("", "CREATE TABLE people (id integer PRIMARY KEY, name varchar(40));\nINSERT INTO people VALUES (1, 'x');", "DROP TABLE people;")
    middle = [("", f"CREATE TABLE t{n} (id integer PRIMARY KEY);\nINSERT INTO t{n} VALUES ({n});", f"DROP TABLE t{n};") for n in range(2, REVISIONS)]
    return [first, *middle, ("", "CREATE UNIQUE INDEX ux_people_name ON people (name);", "SELECT 1;")]


class Fleet:
    def __init__(self, program, folder, options):
        self.program, self.folder, self.options = os.path.abspath(program), folder, options
        self.random = random.Random(options.seed)
        self.failures = []
        self.servers = {engine.name: engine for engine in support.engines(folder) if engine.name != "sqlite"}
        self.names = {}
        os.makedirs(os.path.join(folder, "data"))

    def fail(self, text):
        self.failures.append(text)
        print("FAILED " + text, flush=True)

    def expect(self, true, text):
        if not true:
            self.fail(text)

    # ---- the fleet ----

    def make(self):
        sources = ['    - {files: "data/*.db"}']
        for number in range(self.options.files):
            sqlite3.connect(os.path.join(self.folder, f"data/f{number:05}.db")).close()
        self.names["sqlite"] = [f"f{number:05}" for number in range(self.options.files)]
        if "postgresql" in self.servers and self.options.schemas:
            server = self.servers["postgresql"]
            server.reset()
            self.names["postgresql"] = [f"s{number:05}" for number in range(self.options.schemas)]
            server.sql("".join(f"CREATE SCHEMA {name};\n" for name in self.names["postgresql"]))
            sources.append(f'    - {{schemas: "s0*", on: "{server.url}"}}')
        if "mariadb" in self.servers and self.options.databases:
            server = self.servers["mariadb"]
            self.names["mariadb"] = [f"fleet_{os.getpid()}_{number:03}" for number in range(self.options.databases)]
            server.sql("".join(f"DROP DATABASE IF EXISTS {name}; CREATE DATABASE {name};\n" for name in self.names["mariadb"]), "information_schema")
            sources.append(f'    - {{databases: "fleet_{os.getpid()}_%", on: "{server.url_of("information_schema") if hasattr(server, "url_of") else server.url.rsplit("/", 1)[0] + "/information_schema"}"}}')
        self.sources = sources

    def project(self, waves, extra=()):
        engine = support.Sqlite(self.folder)
        support.write_project(self.folder, engine, units(), "lock: {timeout: 2s}\nstatement: {lock_timeout: 500ms, retries: 1}\nfleet:\n  targets:\n" + "\n".join([*self.sources, *extra]) + f"\n  waves:\n{waves}\n  journal: fleet.db\n")

    def drop(self):
        for name in self.names.get("mariadb", []):
            self.servers["mariadb"].sql(f"DROP DATABASE IF EXISTS {name}", "information_schema")
        if "postgresql" in self.names:
            self.servers["postgresql"].drop()

    def sqlite(self, name):
        return contextlib.closing(sqlite3.connect(os.path.join(self.folder, f"data/{name}.db"), isolation_level=None))

    # ---- runs ----

    def migrate(self, *words, code=None, measured=False):
        command = [self.program, "-c", os.path.join(self.folder, "migrate.yaml"), *words, "--no-input"]
        started = time.time()
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=self.folder)
        peak = [0]
        watch = threading.Thread(target=self.memory, args=(process, peak))
        if measured:
            watch.start()
        out, errors = process.communicate()
        if measured:
            watch.join()
        if code is not None and process.returncode != code:
            self.fail(f"{' '.join(words)}: exit {process.returncode}, not {code}: {errors[-2000:]}")
        return out, errors, time.time() - started, peak[0] / 1024

    @staticmethod
    def memory(process, peak):
        """Of the runner and its workers, with each page that they share counted once (proportional set size), in KB."""
        while process.poll() is None:
            total = 0
            with contextlib.suppress(OSError):
                pids = [process.pid]
                with open(f"/proc/{process.pid}/task/{process.pid}/children") as file:
                    pids += [int(pid) for pid in file.read().split()]
                for pid in pids:
                    with contextlib.suppress(OSError), open(f"/proc/{pid}/smaps_rollup") as file:
                        total += next(int(line.split()[1]) for line in file if line.startswith("Pss:"))
            peak[0] = max(peak[0], total)
            time.sleep(0.05)

    def status(self):
        return json.loads(self.migrate("fleet", "status", "--json", code=0)[0])

    def all_names(self):
        return [name for names in self.names.values() for name in names]

    # ---- what is looked at ----

    def poison(self):
        """Seven targets that cannot arrive, or stand elsewhere: name -> words of its error, None for one that arrives all the same."""
        poisoned = {}
        files = self.random.sample(self.names["sqlite"][10:], 6)
        with self.sqlite(files[0]) as rows:  # drift: somebody made a table
            rows.execute("CREATE TABLE t5 (id text)")
        poisoned[files[0]] = "t5"
        with self.sqlite(files[1]) as rows:  # bad rows: they come by a trigger as soon as the table is there
            rows.execute("CREATE TABLE people (id integer PRIMARY KEY, name varchar(40))")
        poisoned[files[1]] = "people"
        self.locked = sqlite3.connect(os.path.join(self.folder, f"data/{files[2]}.db"), isolation_level=None)
        self.locked.execute("BEGIN EXCLUSIVE")
        poisoned[files[2]] = "lock"
        for name, sql, words in ((files[3], "INSERT INTO schema_versions SELECT '9999-ffffff', message, checksum, state, statement, fingerprint, downgrade, applied_at, applied_by, duration_ms, tool_version FROM schema_versions LIMIT 1", "9999-ffffff"),
                                 (files[4], "UPDATE schema_versions SET checksum = 'edited'", "was edited"), (files[5], None, None)):
            self.migrate("upgrade", "0003", "--database", f"sqlite:///{self.folder}/data/{name}.db", code=0)
            if sql:
                with self.sqlite(name) as rows:
                    rows.execute(sql)
            poisoned[name] = words
        poisoned["unreachable"] = "connect"
        return poisoned

    def poisoned_fleet(self):
        canary = self.names["sqlite"][0]
        with self.sqlite(canary) as rows:
            rows.execute("CREATE TABLE people (id text)")
        poisoned = self.poison()
        self.project(f"    - {{name: canary, match: [{canary}]}}\n    - {{name: rest, parallel: 8, max_failures: 1%}}", ['    - {name: unreachable, database: "postgresql://nobody@127.0.0.1:1/x?connect_timeout=2"}'])
        self.migrate("fleet", "upgrade", code=1)
        status = self.status()
        self.expect(status["failed"] == 1 and status["at_head"] == 0, f"the canary did not stop the rest: {status['failed']} failed, {status['at_head']} at head")
        with self.sqlite(canary) as rows:
            rows.execute("DROP TABLE people")
        # A budget of one in a hundred may be less than seven.
        budget = "max_failures: 7"
        self.project(f"    - {{name: canary, match: [{canary}]}}\n    - {{name: rest, parallel: 8, {budget}}}", ['    - {name: unreachable, database: "postgresql://nobody@127.0.0.1:1/x?connect_timeout=2"}'])
        _, _, seconds, memory = self.migrate("fleet", "upgrade", "--report", os.path.join(self.folder, "report.html"), code=1, measured=True)
        print(f"{len(self.all_names())} targets, 10 revisions, 7 poisoned: {seconds:.1f} s, {memory:.0f} MB", flush=True)
        status = self.status()
        wrong = {name for name, words in poisoned.items() if words}
        failed = {target["name"]: target for target in status["targets"] if target["state"] == "failed"}
        self.expect(set(failed) == wrong, f"failed are {sorted(failed)}, poisoned {sorted(wrong)}")
        for name in wrong & set(failed):
            error = failed[name]["error"]
            self.expect(poisoned[name] in error["message"], f"{name}: {error}")
            self.expect(error["hint"] or error["place"], f"{name}: neither hint nor place: {error}")
        self.expect(status["at_head"] == len(self.all_names()) + 1 - len(wrong), f"{status['at_head']} at head of {len(self.all_names()) + 1}")
        with open(os.path.join(self.folder, "report.html")) as file:
            page = file.read()
        self.expect(all(name in page for name in wrong), "the report does not name all")
        self.locked.close()
        self.project("    - {name: rest, parallel: 8, max_failures: 100%}")

    def nothing_to_do(self):
        _, _, seconds, memory = self.migrate("fleet", "upgrade", "--parallel", "8", measured=True)
        print(f"nothing to do on {len(self.all_names())}: {seconds:.2f} s, {memory:.0f} MB", flush=True)

    def against_xargs(self):
        def fresh():
            for name in self.names["sqlite"]:
                os.unlink(os.path.join(self.folder, f"data/{name}.db"))
                sqlite3.connect(os.path.join(self.folder, f"data/{name}.db")).close()
        self.sources = self.sources[:1]
        self.project("    - {name: all, parallel: 2, max_failures: 0}")
        fresh()
        _, _, ours, memory = self.migrate("fleet", "upgrade", code=0, measured=True)
        fresh()
        started = time.time()
        listed = "\n".join(os.path.join(self.folder, f"data/{name}.db") for name in self.names["sqlite"])
        subprocess.run(["xargs", "-P2", "-I{}", self.program, "-c", os.path.join(self.folder, "migrate.yaml"), "upgrade", "head", "--yes", "--no-input", "--database", "sqlite:///{}"], input=listed, text=True,
                       check=True, capture_output=True)
        loop = time.time() - started
        print(f"10 revisions on {len(self.names['sqlite'])} files: {ours:.1f} s, {memory:.0f} MB; xargs -P2 {loop:.1f} s: {ours / loop:.2f} of it", flush=True)

    def process_of(self, name):
        """The server's own process, found by the file that it writes its number into, and the files by which another one would take it for alive."""
        server = self.servers[name]
        if name == "postgresql":
            pid_file = server.sql("SHOW data_directory").strip() + "/postmaster.pid"
        else:
            pid_file = server.sql("SELECT @@pid_file", "information_schema").strip()
        with open(pid_file) as file:
            lines = file.read().splitlines()
        return int(lines[0]), [pid_file] + ([f"{lines[4]}/.s.PGSQL.{lines[3]}.lock"] if name == "postgresql" else [])

    def restart(self, name):
        """SIGKILL, and the same command again by the same user."""
        pid, locks = self.process_of(name)
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            command = [word.decode() for word in file.read().split(b"\0") if word]
        with open(f"/proc/{pid}/environ", "rb") as file:
            environment = dict(entry.decode().split("=", 1) for entry in file.read().split(b"\0") if b"=" in entry)
        owner = os.stat(f"/proc/{pid}")
        group = [line.split()[1] for line in open(f"/proc/{pid}/status") if line.startswith("Gid:")][0]
        children = subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True).stdout.split()
        os.kill(pid, signal.SIGKILL)
        for one in [pid, *map(int, children)]:
            for _ in range(300):
                if not os.path.exists(f"/proc/{one}") or "Z (zombie)" in open(f"/proc/{one}/status").read():
                    break
                time.sleep(0.05)
        for lock in locks:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(lock)  # nobody may have collected the dead process yet, and it looks alive by its number
        user = ["setpriv", f"--reuid={owner.st_uid}", f"--regid={group}", "--init-groups"] if os.geteuid() == 0 else []
        log = open(os.path.join(self.folder, f"{name}.log"), "ab")
        subprocess.Popen([*user, *command], env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True, cwd="/")
        for _ in range(300):
            with contextlib.suppress(Exception):
                self.servers[name].sql("SELECT 1", *(["information_schema"] if name == "mariadb" else []))
                return
            time.sleep(0.1)
        raise SystemExit(f"{name} did not start again: {open(log.name).read()[-2000:]}")

    def make_empty(self):
        for name in self.names["sqlite"]:
            os.unlink(os.path.join(self.folder, f"data/{name}.db"))
            sqlite3.connect(os.path.join(self.folder, f"data/{name}.db")).close()
        for name in self.names.get("postgresql", []):
            self.servers["postgresql"].sql(f"DROP SCHEMA {name} CASCADE; CREATE SCHEMA {name}")
        for name in self.names.get("mariadb", []):
            self.servers["mariadb"].sql(f"DROP DATABASE {name}; CREATE DATABASE {name}", "information_schema")

    def arrived(self, engine, name):
        """The applied revisions of a target, and its rows."""
        queries = ["SELECT revision FROM {}schema_versions WHERE state = 'applied' ORDER BY 1", "SELECT count(*) FROM {}people"]
        if engine == "sqlite":
            with self.sqlite(name) as rows:
                return [row[0] for row in rows.execute(queries[0].format(""))], rows.execute(queries[1].format("")).fetchone()[0]
        ask = lambda query: self.servers[engine].sql(query.format(name + "."), *(["information_schema"] if engine == "mariadb" else []))
        return ask(queries[0]).split(), int(ask(queries[1]))

    def kills(self):
        """SIGKILL of the runner at random, and now and then of a server: every target has each revision once."""
        os.unlink(os.path.join(self.folder, "fleet.db"))  # it knows of a target that is none any more
        self.project("    - {name: all, parallel: 8, max_failures: 100%}")
        self.make_empty()
        command = [self.program, "-c", os.path.join(self.folder, "migrate.yaml"), "fleet", "upgrade", "--no-input"]
        restarts = 0
        for number in range(self.options.kills):
            process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=self.folder)
            time.sleep(self.random.uniform(0.02, 0.6))
            if self.options.restarts and number % 8 == 3:
                self.restart(self.random.choice([name for name in self.names if name != "sqlite"]))
                restarts += 1
            process.kill()
            process.wait()
        self.migrate("fleet", "upgrade", code=0)
        for engine, names in self.names.items():
            for name in names:
                applied, people = self.arrived(engine, name)
                self.expect(len(applied) == len(set(applied)) == REVISIONS and people == 1, f"{engine} {name} after the kills: {applied}, {people} people")
        status = self.status()
        self.expect(status["at_head"] == len(self.all_names()) and not status["unknown"] and not status["failed"], f"the journal after the kills: {status['at_head']} at head")
        print(f"{self.options.kills} kills, {restarts} restarts of a server: every revision once", flush=True)

    @staticmethod
    def processor_time():
        """Of what has been run so far: unlike seconds it does not grow with what else the machine does."""
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        return used.ru_utime + used.ru_stime

    def linear(self):
        times = []
        for count in (self.options.linear // 4, self.options.linear):
            folder = os.path.join(self.folder, f"data{count}")
            os.makedirs(folder)
            with open(os.path.join(self.folder, "list.txt"), "w") as file:
                for number in range(count):
                    sqlite3.connect(os.path.join(folder, f"{number}.db")).close()
                    file.write(f"sqlite:///{folder}/{number}.db\n")
            self.sources = ['    - {command: "cat list.txt"}']
            self.project("    - {name: all, parallel: 2}")
            if os.path.exists(os.path.join(self.folder, "fleet.db")):
                os.unlink(os.path.join(self.folder, "fleet.db"))
            before = self.processor_time()
            _, _, first, memory = self.migrate("fleet", "upgrade", "0001", code=0, measured=True)
            between = self.processor_time()
            _, _, again, _ = self.migrate("fleet", "upgrade", "0001", code=0)
            times.append((count, between - before, self.processor_time() - between))
            print(f"{count} files: one revision {first:.1f} s, nothing to do {again:.1f} s, {memory:.0f} MB", flush=True)
        (few, first, again), (many, first_many, again_many) = times
        self.expect(first_many < 1.6 * first * many / few and again_many < 1.6 * again * many / few, f"the cost grows faster than the fleet: {times}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    for name, value in (("files", 1000), ("schemas", 300), ("databases", 50), ("kills", 40), ("linear", 10000), ("seed", 7)):
        parser.add_argument("--" + name, type=int, default=value)
    parser.add_argument("--restarts", action="store_true", help="servers are killed and started again too: only those that nobody else uses")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="migrate-fleet-", ignore_cleanup_errors=True) as folder:
        fleet = Fleet(options.program, folder, options)
        try:
            fleet.make()
            fleet.project("    - {name: all}")
            fleet.poisoned_fleet()
            fleet.nothing_to_do()
            if options.kills:
                fleet.kills()
            fleet.against_xargs()
            if options.linear:
                fleet.linear()
        finally:
            fleet.drop()
    return 1 if fleet.failures else 0


if __name__ == "__main__":
    sys.exit(main())
