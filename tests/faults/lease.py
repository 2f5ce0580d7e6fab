#!/usr/bin/env python3
"""The run's lock as a leased row: many at once, a holder that is killed, a holder that stands still and wakes up too late.

  lease.py PROGRAM [--engine NAME]    on ordinary servers, with `lock: {kind: lease}`
  lease.py PROGRAM --pgbouncer        PostgreSQL behind PgBouncer in transaction mode, which has to be noticed; some runs connect directly

Compared are schema, rows (a counter shows a statement that ran twice) and the versions table.
"""
import argparse
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.parse

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import support
import units

LEASE = 2.0  # seconds


def slow_units(engine):
    """The usual units with pauses between their statements, so that a run can be caught in the middle."""
    pause = {"postgresql": "SELECT pg_sleep(0.05);", "mysql": "DO sleep(0.05);"}[engine]
    slow = []
    for number in range(6):
        up = f"CREATE TABLE s{number} (i integer);\n{pause}\nINSERT INTO s{number} VALUES (1);\n{units.BUMP}\n{pause}\nINSERT INTO s{number} SELECT i + 1 FROM s{number};\n{units.BUMP}"
        slow.append(("", up, f"DROP TABLE s{number};"))
    return units.units(engine)[:2] + slow


class Lease:
    """One database; `urls` are the ways to it, the runs take turns."""

    def __init__(self, program, engine, folder, urls=None, settings=""):
        self.program, self.engine, self.folder = program, engine, folder
        self.urls = urls or [engine.url]
        self.failures = []
        self.units = slow_units(engine.dialect)
        self.settings = settings or f"lock: {{kind: lease, lease: {int(LEASE * 1000)}ms}}\n"
        support.write_project(folder, engine, self.units, self.settings)
        self.engine.reset()
        self.check(self.start(0), "undisturbed")
        self.top = support.state(engine)

    def start(self, number, *extra):
        return subprocess.Popen([self.program, "-c", os.path.join(self.folder, "migrate.yaml"), "--database", self.urls[number % len(self.urls)],
                                 "upgrade", "head", "--yes", *extra], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def check(self, process, what, allowed=(0,), timeout=120):
        try:
            out, errors = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            self.fail(f"{what}: does not end")
            return ""
        if process.returncode not in allowed:
            self.fail(f"{what}: exit {process.returncode}: {errors}")
        return out + errors

    def fail(self, text):
        self.failures.append(text)
        print(f"FAILED {self.engine.name}: {text}", flush=True)

    def check_state(self, what):
        now = support.state(self.engine)
        if now != self.top:
            difference = [f"    + {line}" for line in now.split("\n") if line not in self.top.split("\n")]
            difference += [f"    - {line}" for line in self.top.split("\n") if line not in now.split("\n")]
            self.fail(f"{what}: not where one run ends:\n" + "\n".join(difference[:20]))
        done = int(self.engine.rows("select count(*) from schema_versions_log where action = 'upgrade' and outcome = 'done'")[0][0])
        if done != len(self.units):
            self.fail(f"{what}: {done} upgrades in the log, {len(self.units)} revisions")

    def is_free(self, what):
        rows = self.engine.rows("select holder from schema_versions_lock where name = 'lease'")
        if rows and rows[0] and rows[0][0]:
            self.fail(f"{what}: the lease was not given back: {rows}")

    def holder(self, processes, revisions=3):
        """The process that has the lease, once some revisions are applied; None when the run is over before."""
        deadline = time.time() + 60
        while time.time() < deadline and any(p.poll() is None for p in processes):
            try:
                if int(self.engine.rows("select count(*) from schema_versions")[0][0]) >= revisions:
                    by = self.engine.rows("select holder from schema_versions_lock where name = 'lease'")[0][0]
                    number = int(by.rstrip(")").split("process ")[1]) if by else 0
                    found = next((p for p in processes if p.pid == number and p.poll() is None), None)
                    if found:
                        return found
            except Exception:
                pass
            time.sleep(0.01)
        return None

    def many_at_once(self, count=8):
        self.engine.reset()
        for process in [self.start(i) for i in range(count)]:
            self.check(process, "many at once")
        self.check_state("many at once")
        self.is_free("many at once")

    def killed_holder(self):
        self.engine.reset()
        processes = [self.start(i) for i in (0, 1, 3, 4)]  # behind PgBouncer: those that hold leases
        victim = self.holder(processes)
        if victim:
            victim.send_signal(signal.SIGKILL)
        said = [self.check(process, "killed holder", (0, -signal.SIGKILL) if process is victim else (0,)) for process in processes]
        self.check_state("killed holder")
        self.is_free("killed holder")
        if victim and not any("process" in text and "waiting" in text for text in said):
            self.fail(f"killed holder: nobody was told who has the lock: {said}")
        return victim is not None

    def sleeping_holder(self):
        """It stands still for longer than its lease; another takes over; it wakes up and must not do anything more."""
        self.engine.reset()
        sleeper = self.start(0)
        if not self.holder([sleeper]):
            self.check(sleeper, "sleeping holder")
            return False
        sleeper.send_signal(signal.SIGSTOP)
        time.sleep(0.1)
        other = self.start(1)
        time.sleep(LEASE * 1.5)
        sleeper_done = not self.engine.rows("select 1 from schema_versions_lock where name = 'lease' and holder <> ''")
        sleeper.send_signal(signal.SIGCONT)
        text = self.check(sleeper, "sleeping holder", (0, 4))
        if sleeper.returncode == 4 and "lost its lock" not in text:
            self.fail(f"sleeping holder: it does not say why it stopped: {text}")
        self.check(other, "the one that took over")
        self.check(self.start(0), "afterwards")
        self.check_state("sleeping holder")
        self.is_free("sleeping holder")
        return sleeper.returncode == 4 or sleeper_done

    def held_by_others(self):
        """A run that finds the lease held waits, then says by whom, exit 4; and does not release it."""
        self.engine.reset()
        self.check(self.start(0), "before")
        self.engine.sql("update schema_versions_lock set holder = 'somebody@elsewhere, process 1', lasts_ms = 600000, beat = beat + 1 where name = 'lease'")
        self.engine.sql("delete from schema_versions where revision like '0008%'; drop table s5")
        text = self.check(self.start(0, "--lock-timeout", "1s"), "held", (4,))
        if "somebody@elsewhere" not in text:
            self.fail(f"held: it does not say by whom: {text}")
        if self.engine.rows("select holder from schema_versions_lock where name = 'lease'")[0][0] == "":
            self.fail("held: another's lease was given back")

    def run_all(self):
        started = time.time()
        self.many_at_once()
        killed = self.killed_holder()
        slept = self.sleeping_holder()
        self.held_by_others()
        self.engine.drop()
        print(f"{self.engine.name}: lease: {'a holder killed' if killed else 'no holder caught'}, {'one overtaken' if slept else 'none overtaken'}, "
              f"{len(self.failures)} failed, {time.time() - started:.0f} s", flush=True)
        return self.failures


class Pgbouncer:
    """PgBouncer in transaction mode in front of one database."""

    def __init__(self, folder, engine):
        self.folder = os.path.join(folder, "pgbouncer")
        os.makedirs(self.folder)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        server = engine.server
        password = f" password={server.password}" if server.password else ""
        with open(os.path.join(self.folder, "pgbouncer.ini"), "w") as file:
            file.write(f"""[databases]
{engine.database} = host={server.hostname} port={server.port} dbname={engine.database} user={server.username}{password}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {self.port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 4
logfile = {self.folder}/log
pidfile = {self.folder}/pid
""")
        os.chmod(folder, 0o755)
        command = [shutil.which("pgbouncer") or "/usr/sbin/pgbouncer", "-q", os.path.join(self.folder, "pgbouncer.ini")]
        if os.getuid() == 0:  # it does not run as root
            shutil.chown(self.folder, "postgres")
            command = ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", "--", *command]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.url = urllib.parse.urlunsplit(server._replace(netloc=f"{server.username}@127.0.0.1:{self.port}", path="/" + engine.database))
        for _ in range(100):
            try:
                socket.create_connection(("127.0.0.1", self.port), 0.2).close()
                return
            except OSError:
                time.sleep(0.05)
        raise RuntimeError("PgBouncer did not start: " + open(os.path.join(self.folder, "log")).read())

    def stop(self):
        self.process.terminate()
        self.process.wait()


def run_pgbouncer(program, folder):
    if not os.path.exists("/usr/sbin/pgbouncer") and not shutil.which("pgbouncer"):
        print("pgbouncer is not installed (apt-get install pgbouncer): left out")
        return []
    found = support.engines(folder, ["postgresql"])
    if not found:
        return []
    engine = found[0]
    engine.reset()
    bouncer = Pgbouncer(folder, engine)
    try:
        project = os.path.join(folder, "project")
        os.makedirs(project)
        # No kind is said: it has to be noticed. Every third run connects to the server itself.
        lease = Lease(program, engine, project, [bouncer.url, bouncer.url, engine.url], f"lock: {{lease: {int(LEASE * 1000)}ms}}\n")
        if not engine.rows("select 1 from pg_class where relname = 'schema_versions_lock'"):
            lease.fail("PgBouncer was not noticed: no lease was taken")
        return lease.run_all()
    finally:
        bouncer.stop()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("--engine", action="append")
    parser.add_argument("--pgbouncer", action="store_true")
    arguments = parser.parse_args()
    program = os.path.abspath(arguments.program)
    failures = []
    with support.temporary_folder() as folder:
        if arguments.pgbouncer:
            failures = run_pgbouncer(program, folder)
        else:
            for engine in support.engines(folder, arguments.engine or ["postgresql", "mariadb", "mysql"]):
                project = os.path.join(folder, engine.name)
                os.makedirs(project)
                failures += Lease(program, engine, project).run_all()
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
