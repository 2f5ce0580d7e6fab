#!/usr/bin/env python3
"""A primary that dies in the middle of an upgrade, and the standby that takes over.

  failover.py PROGRAM [--engine postgresql|mariadb] [--rounds N] [--seed N]

Makes servers of its own on loopback: a primary and a standby that streams from it (PostgreSQL), a primary and a replica (MariaDB). A round
starts `migrate upgrade head`, kills the primary with SIGKILL at a random moment of it, promotes the standby a little later, and then asks:
did the run end well, has the new primary what one undisturbed run gives, has each unit run exactly once there? Replication is asynchronous:
the standby may lack what was committed last, and the run has to find that out. Rounds take turns: in one the URL names both servers, in the
other it names one address that moves to the standby before that is promoted. In front of the rounds: a standby is told before anything
runs. Ends with 77 where a server or a client is not installed.
"""
import argparse
import glob
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "faults"), os.path.join(HERE, "..")]
import support  # noqa: E402
from network import Proxy, as_user, free_port  # noqa: E402

UNITS = 10
DATABASE = "failover"


def units(dialect):
    """Each says in `ran` that it has run; some are of many statements, some in no transaction."""
    sleep = "SELECT pg_sleep(0.03)" if dialect == "postgresql" else "DO SLEEP(0.03)"
    result = [("", "CREATE TABLE ran (unit int NOT NULL);\nINSERT INTO ran VALUES (1);", "DROP TABLE ran;")]
    for number in range(2, UNITS + 1):
        table = f"t{number}"
        header = "-- transaction: off\n" if number % 4 == 0 and dialect == "postgresql" else ""
        statements = [f"CREATE TABLE {table} (id int PRIMARY KEY, name varchar(40))", f"INSERT INTO {table} VALUES (1, 'one'), (2, 'two')", sleep,
                      f"ALTER TABLE {table} ADD COLUMN more int NOT NULL DEFAULT 7", f"UPDATE {table} SET more = more + 1", sleep,
                      f"CREATE INDEX ix_{table} ON {table} (name)", f"INSERT INTO ran VALUES ({number})"]
        result.append((header, ";\n".join(statements) + ";", f"DROP TABLE {table};\nDELETE FROM ran WHERE unit = {number};"))
    return result


class Node:
    """One server: a folder and a port that stay its own, and a process."""

    def __init__(self, folder, name, user):
        self.folder, self.port, self.user = os.path.join(folder, name), free_port(), user
        self.data = os.path.join(self.folder, "data")
        self.process = None
        os.makedirs(self.folder)
        if os.getuid() == 0:
            shutil.chown(self.folder, user, user)

    def run(self, *command):
        done = subprocess.run([*as_user(self.user), *map(str, command)], capture_output=True, text=True)
        if done.returncode != 0:
            raise SystemExit(f"{command[0]}: {done.stdout}{done.stderr}")

    def start(self, *command):
        with open(os.path.join(self.folder, "output"), "ab") as output:
            self.process = subprocess.Popen([*as_user(self.user), *map(str, command)], stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True)
        for _ in range(600):
            if self.process.poll() is not None:
                break
            try:
                self.sql("SELECT 1")
                return
            except RuntimeError:
                time.sleep(0.05)
        with open(os.path.join(self.folder, "output"), errors="replace") as output:
            raise SystemExit(f"{command[0]} does not start:\n{output.read()[-3000:]}")

    def sql(self, sql, database=None):
        done = subprocess.run([*self.client(), database or self.system], input=sql, capture_output=True, text=True)
        if done.returncode != 0:
            raise RuntimeError(done.stderr)
        return done.stdout.strip()

    def kill(self):
        """With all its processes, so that none goes on: those are stopped first, lest it starts others."""
        if self.process is None or self.process.poll() is not None:
            return
        os.kill(self.process.pid, signal.SIGSTOP)
        with open(f"/proc/{self.process.pid}/task/{self.process.pid}/children") as children:
            for child in children.read().split():
                os.kill(int(child), signal.SIGKILL)
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.wait()


class PostgresqlNode(Node):
    system = "postgres"
    settings = ("wal_level=replica", "max_wal_senders=8", "hot_standby=on", "shared_buffers=16MB", "fsync=off", "listen_addresses=127.0.0.1")

    def __init__(self, folder, name):
        super().__init__(folder, name, "postgres")

    @staticmethod
    def program(name):
        found = sorted(glob.glob(f"/usr/lib/postgresql/*/bin/{name}"), key=lambda path: float(path.split("/")[4]))
        return found[-1] if found else shutil.which(name)

    def client(self):
        return ["psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-p", str(self.port), "-U", "postgres", "-d"]

    def serve(self):
        self.start(self.program("postgres"), "-D", self.data, "-p", self.port, *(f"--{setting}" for setting in (*self.settings, "unix_socket_directories=" + self.folder)))

    def make_primary(self):
        self.run(self.program("initdb"), "-D", self.data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
        self.serve()

    def follow(self, primary):
        self.kill()
        shutil.rmtree(self.data, ignore_errors=True)
        self.run(self.program("pg_basebackup"), "-D", self.data, "-R", "-h", "127.0.0.1", "-p", primary.port, "-U", "postgres", "--checkpoint=fast", "--no-sync")
        self.serve()

    def has_all_of(self, primary):
        return primary.sql("SELECT count(*) FROM pg_stat_replication WHERE replay_lsn >= pg_current_wal_lsn()") == "1"

    def why(self):
        return self.sql("SELECT * FROM pg_stat_wal_receiver")

    def promote(self):
        self.sql("SELECT pg_promote()")

    def url(self, *ports):
        return "postgresql://postgres@" + ",".join(f"127.0.0.1:{port}" for port in ports) + "/" + DATABASE

    def engine(self):
        return support.Postgresql(support.SERVERS["postgresql"], DATABASE, self.url(self.port))


class MariadbNode(Node):
    system = "information_schema"
    counter = 0

    def __init__(self, folder, name):
        super().__init__(folder, name, "mysql")
        MariadbNode.counter += 1
        self.number = MariadbNode.counter
        self.temporary = os.path.join(self.folder, "tmp")
        os.makedirs(self.temporary)
        if os.getuid() == 0:
            shutil.chown(self.temporary, "mysql", "mysql")

    @staticmethod
    def program(name):
        return shutil.which(name) or (f"/usr/sbin/{name}" if os.path.exists(f"/usr/sbin/{name}") else None)

    def client(self):
        return ["mariadb", "--no-defaults", "-N", "-B", "-uroot", f"--socket={self.folder}/socket"]

    def serve(self, *more):
        self.start(self.program("mariadbd"), "--no-defaults", f"--datadir={self.data}", f"--tmpdir={self.temporary}", f"--port={self.port}", "--bind-address=127.0.0.1",
                   f"--socket={self.folder}/socket", f"--pid-file={self.folder}/pid", f"--server-id={self.number}", f"--log-bin={self.data}/log", "--binlog-format=ROW",
                   "--log-slave-updates=1", "--innodb-buffer-pool-size=32M", "--innodb-flush-log-at-trx-commit=0", "--skip-name-resolve", *more)

    def make_primary(self):
        shutil.rmtree(self.data, ignore_errors=True)
        self.run(self.program("mariadb-install-db"), "--no-defaults", f"--datadir={self.data}", f"--tmpdir={self.temporary}", "--auth-root-authentication-method=normal", "--skip-test-db")
        self.serve()
        self.sql("CREATE USER app@'127.0.0.1' IDENTIFIED BY 'secret'; GRANT ALL ON *.* TO app@'127.0.0.1' WITH GRANT OPTION")

    def follow(self, primary):
        """A new server that reads the primary's log from its beginning; by a new number, as a server passes over what it wrote itself."""
        self.kill()
        MariadbNode.counter += 1
        self.number = MariadbNode.counter
        shutil.rmtree(self.data, ignore_errors=True)
        self.run(self.program("mariadb-install-db"), "--no-defaults", f"--datadir={self.data}", f"--tmpdir={self.temporary}", "--auth-root-authentication-method=normal", "--skip-test-db")
        self.serve("--read-only=1")
        self.sql(f"CHANGE MASTER TO MASTER_HOST='127.0.0.1', MASTER_PORT={primary.port}, MASTER_USER='app', MASTER_PASSWORD='secret', MASTER_USE_GTID=slave_pos; START SLAVE")

    def has_all_of(self, primary):
        return self.sql("SELECT @@gtid_slave_pos") == primary.sql("SELECT @@gtid_binlog_pos")

    def replica_status(self):
        command = [word for word in self.client() if word != "-N"]  # -N takes the names away
        out = subprocess.run([*command, "-e", "SHOW SLAVE STATUS\\G"], capture_output=True, text=True, check=True).stdout
        return dict(line.lstrip().split(": ", 1) for line in out.split("\n") if ": " in line)

    def why(self):
        return self.sql("SELECT @@gtid_slave_pos") + " " + "; ".join(f"{key} {value}" for key, value in self.replica_status().items() if "Error" in key or "State" in key or "Gtid" in key)

    def promote(self):
        while "has read all relay log" not in (status := self.replica_status()).get("Slave_SQL_Running_State", ""):
            if status.get("Last_SQL_Error"):
                raise SystemExit("the replica cannot apply: " + status["Last_SQL_Error"])
            time.sleep(0.05)
        self.sql("STOP SLAVE; RESET SLAVE ALL; SET GLOBAL read_only = 0")

    def url(self, *ports):
        return "mariadb://app:secret@" + ",".join(f"127.0.0.1:{port}" for port in ports) + "/" + DATABASE

    def engine(self):
        return support.Mysql(support.SERVERS["mariadb"], DATABASE, self.url(self.port))


class Failover:
    def __init__(self, program, kind, folder, seed):
        self.program, self.folder = program, folder
        self.random = random.Random(seed)
        self.failures = []
        self.primary, self.standby = kind(folder, "a"), kind(folder, "b")
        self.name = "postgresql" if kind is PostgresqlNode else "mariadb"

    def fail(self, text):
        self.failures.append(text)
        print(f"FAILED {self.name}: {text}", flush=True)

    def start(self):
        self.primary.make_primary()
        self.primary.sql(f"CREATE DATABASE {DATABASE}")
        support.write_project(self.folder, self.primary.engine(), units(self.primary.engine().dialect), "reconnect: 40s\n")
        self.expected = self.undisturbed()
        self.standby.follow(self.primary)
        self.wait_for_standby()

    def stop(self):
        for node in (self.primary, self.standby):
            node.kill()

    def upgrade(self, url, **more):
        return subprocess.Popen([self.program, "-c", os.path.join(self.folder, "migrate.yaml"), "--database", url, "upgrade", "head", "--yes", "--no-input"],
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **more)

    def undisturbed(self):
        process = self.upgrade(self.primary.url(self.primary.port))
        out, errors = process.communicate(timeout=120)
        if process.returncode != 0:
            raise SystemExit(f"the undisturbed run failed: {out}{errors}")
        return support.state(self.primary.engine())

    def wait_for_standby(self):
        for _ in range(200):
            if self.standby.has_all_of(self.primary):
                return
            time.sleep(0.05)
        raise SystemExit("the standby does not follow: " + self.standby.why())

    def applied(self):
        try:
            return int(self.primary.engine().rows("SELECT count(*) FROM schema_versions WHERE state = 'applied'")[0][0])
        except (RuntimeError, IndexError):
            return 0

    def standby_is_told(self):
        self.primary.engine().reset()
        self.wait_for_standby()
        process = self.upgrade(self.standby.url(self.standby.port))
        out, errors = process.communicate(timeout=60)
        if process.returncode != 1 or "takes no writes" not in errors:
            self.fail(f"a standby was not told: exit {process.returncode}: {out}{errors}")
        if self.standby.engine().schema().strip():
            self.fail("something was made on a standby")

    def round(self, number):
        moving = number % 2 == 1
        self.primary.engine().reset()
        self.wait_for_standby()
        address = Proxy(self.primary.port) if moving else None
        url = self.primary.url(address.port) if moving else self.primary.url(*self.random.sample([self.primary.port, self.standby.port], 2))
        at = self.random.randint(1, UNITS - 3)
        process = self.upgrade(url)
        deadline = time.time() + 60
        while self.applied() < at and process.poll() is None and time.time() < deadline:
            pass
        time.sleep(self.random.random() * 0.1)
        over = process.poll() is not None
        if address:
            address.target = self.standby.port
        self.primary.kill()
        if address:
            address.drop()
        time.sleep(self.random.random() * 1.5)
        self.standby.promote()
        try:
            out, errors = process.communicate(timeout=120)
        except subprocess.TimeoutExpired:
            process.kill()
            return self.fail(f"round {number}: the run does not end")
        finally:
            if address:
                address.close()
        what = f"round {number} ({'an address that moved' if moving else 'two hosts'}, killed behind {at} units{', when it was over' if over else ''})"
        if process.returncode != 0:
            self.fail(f"{what}: exit {process.returncode}: {out}{errors}")
        elif not over and "connecting again" not in errors:
            self.fail(f"{what}: the run did not say that it connected again: {errors}")
        new = self.standby.engine()
        if over:  # what was not replicated is lost with a primary, and nobody was there to notice
            subprocess.run([self.program, "-c", os.path.join(self.folder, "migrate.yaml"), "--database", new.url, "upgrade", "head", "--yes", "--no-input"], check=True, capture_output=True)
        ran = [int(row[0]) for row in new.rows("SELECT unit FROM ran ORDER BY 1")]
        if ran != list(range(1, UNITS + 1)):
            self.fail(f"{what}: units ran {ran}")
        state = support.state(new)
        if state != self.expected:
            before, now = self.expected.split("\n"), state.split("\n")
            self.fail(f"{what}: not where an undisturbed run ends:\n" + "\n".join([f"  - {line}" for line in before if line not in now] + [f"  + {line}" for line in now if line not in before]))
        return None

    def change_places(self):
        self.primary, self.standby = self.standby, self.primary
        self.standby.follow(self.primary)
        self.wait_for_standby()


KINDS = {"postgresql": (PostgresqlNode, ("initdb", "postgres", "pg_basebackup")), "mariadb": (MariadbNode, ("mariadbd", "mariadb-install-db", "mariadb"))}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("--engine", choices=sorted(KINDS), action="append")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--seed", type=int, default=None)
    options = parser.parse_args()
    seed = options.seed if options.seed is not None else random.randrange(1 << 30)
    failures, ran = [], 0
    for name in options.engine or sorted(KINDS):
        kind, programs = KINDS[name]
        if missing := [program for program in programs if not kind.program(program)]:
            print(f"{name}: {', '.join(missing)} is not installed: left out")
            continue
        ran += 1
        started = time.time()
        with tempfile.TemporaryDirectory(prefix="migrate-failover-", ignore_cleanup_errors=True) as folder:
            os.chmod(folder, 0o755)
            test = Failover(os.path.abspath(options.program), kind, folder, seed)
            try:
                test.start()
                test.standby_is_told()
                for number in range(options.rounds):
                    if number:
                        test.change_places()
                    test.round(number)
            finally:
                test.stop()
            failures += test.failures
            print(f"{name}: {options.rounds} failovers, {len(test.failures)} failed, seed {seed}, {time.time() - started:.1f} s", flush=True)
    if not ran:
        return 77
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
