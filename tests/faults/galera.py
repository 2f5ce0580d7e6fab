#!/usr/bin/env python3
"""A real cluster of three MariaDB Galera nodes on loopback, and runs of `migrate` from all of them at once.

  galera.py PROGRAM          starts the cluster, tests, stops it; says so and ends well when galera-4 or rsync is not installed
  galera.py --serve FOLDER   starts the cluster and keeps it until Ctrl-C, for trying things out

1. three runs at once, one on each node; 2. the run that has the lock is killed; 3. the node that it works on is killed in the
middle of it, the others finish, the node joins again. After each, all nodes must hold what one undisturbed run gives.
"""
import argparse
import os
import shutil
import signal
import socket
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import lease
import support

PROVIDERS = ["/usr/lib/galera/libgalera_smm.so", "/usr/lib64/galera-4/libgalera_smm.so"]


def free_ports(count):
    probes = [socket.socket() for _ in range(count)]
    for probe in probes:
        probe.bind(("127.0.0.1", 0))
    ports = [probe.getsockname()[1] for probe in probes]
    for probe in probes:
        probe.close()
    return ports


def missing():
    if not any(os.path.exists(path) for path in PROVIDERS):
        return "galera-4"
    for tool in ("mariadbd", "mariadb-install-db", "rsync"):
        if not shutil.which(tool) and not os.path.exists("/usr/sbin/" + tool):
            return tool
    return None


class Node:
    def __init__(self, folder, number):
        self.number = number
        self.folder = os.path.join(folder, f"node{number}")
        self.data = os.path.join(self.folder, "data")
        os.makedirs(self.folder)
        self.port, self.cluster_port, self.ist_port, self.sst_port = free_ports(4)
        self.process = None
        if os.getuid() == 0:
            shutil.chown(self.folder, "mysql")

    def as_user(self, command):
        return ["setpriv", "--reuid=mysql", "--regid=mysql", "--init-groups", "--", *command] if os.getuid() == 0 else command

    def install(self):
        subprocess.run(self.as_user(["mariadb-install-db", "--no-defaults", "--datadir=" + self.data, "--tmpdir=" + str(self.folder), "--auth-root-authentication-method=normal", "--skip-test-db"]),
                       check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def start(self, nodes, first):
        os.makedirs(self.data, exist_ok=True)
        if os.getuid() == 0:
            shutil.chown(self.data, "mysql")
        provider = next(path for path in PROVIDERS if os.path.exists(path))
        timeouts = "evs.keepalive_period=PT0.5S;evs.suspect_timeout=PT2S;evs.inactive_timeout=PT4S;evs.install_timeout=PT4S"
        command = [shutil.which("mariadbd") or "/usr/sbin/mariadbd", "--no-defaults", "--datadir=" + self.data, "--tmpdir=" + str(self.folder), f"--port={self.port}", "--bind-address=127.0.0.1",
                   f"--socket={self.folder}/socket", f"--pid-file={self.folder}/pid", f"--log-error={self.folder}/log", "--innodb-buffer-pool-size=32M",
                   "--innodb-log-file-size=16M", "--innodb-flush-log-at-trx-commit=0", "--binlog-format=ROW", "--innodb-autoinc-lock-mode=2",
                   "--wsrep-on=ON", "--wsrep-provider=" + provider, "--wsrep-cluster-name=faults", f"--wsrep-node-name=node{self.number}",
                   "--wsrep-cluster-address=gcomm://" + ",".join(f"127.0.0.1:{node.cluster_port}" for node in nodes),
                   f"--wsrep-node-address=127.0.0.1:{self.cluster_port}", f"--wsrep-node-incoming-address=127.0.0.1:{self.port}",
                   "--wsrep-sst-method=rsync", f"--wsrep-sst-receive-address=127.0.0.1:{self.sst_port}",
                   f"--wsrep-provider-options=base_port={self.cluster_port};gmcast.listen_addr=tcp://127.0.0.1:{self.cluster_port};"
                   f"ist.recv_addr=127.0.0.1:{self.ist_port};gcache.size=16M;pc.recovery=FALSE;{timeouts}"]
        if first:
            command.append("--wsrep-new-cluster")
        environment = dict(os.environ, PATH=os.environ["PATH"] + ":/usr/sbin:/sbin")
        self.process = subprocess.Popen(self.as_user(command), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True, env=environment)

    def sql(self, sql):
        done = subprocess.run(["mariadb", "--no-defaults", f"--socket={self.folder}/socket", "-uroot", "-N", "-B"], input=sql, capture_output=True, text=True)
        if done.returncode != 0:
            raise RuntimeError(done.stderr)
        return done.stdout

    def wait(self, size=None):
        deadline = time.time() + 180
        while time.time() < deadline:
            if self.process.poll() is not None:
                break
            try:
                state = dict(line.split("\t") for line in self.sql("show status where variable_name in ('wsrep_ready', 'wsrep_cluster_size', 'wsrep_local_state_comment')").splitlines())
                if state.get("wsrep_ready") == "ON" and state.get("wsrep_local_state_comment") == "Synced" and size in (None, int(state["wsrep_cluster_size"])):
                    return
            except RuntimeError:
                pass
            time.sleep(0.2)
        log = os.path.join(self.folder, "log")
        raise SystemExit(f"node {self.number} did not start:\n" + "".join(open(log).readlines()[-30:] if os.path.exists(log) else []))

    def kill(self):
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(40)
            except subprocess.TimeoutExpired:
                self.kill()

    def url(self, database):
        return f"mariadb://migrate:secret@127.0.0.1:{self.port}/{database}"


class Cluster:
    def __init__(self, folder):
        os.chmod(folder, 0o755)
        self.nodes = [Node(folder, number) for number in range(1, 4)]
        try:
            self.nodes[0].install()
            self.nodes[0].start(self.nodes, True)
            self.nodes[0].wait()
            self.nodes[0].sql("create user migrate@'127.0.0.1' identified by 'secret'; grant all on *.* to migrate@'127.0.0.1' with grant option")
            for node in self.nodes[1:]:
                node.start(self.nodes, False)
                node.wait()
            for node in self.nodes:
                node.wait(3)
        except BaseException:
            self.stop()
            raise

    def stop(self):
        for node in reversed(self.nodes):
            node.stop()


class Everywhere(support.Mysql):
    """The database as all nodes see it: they must agree."""

    def __init__(self, nodes, database):
        super().__init__(support.SERVERS["mariadb"], database, nodes[0].url(database))
        self.nodes = nodes

    def check_nodes(self):
        """What each node that runs holds, after it has applied what the others committed."""
        states = []
        for node in self.nodes:
            if node.process.poll() is None:
                one = support.Mysql(support.SERVERS["mariadb"], self.database, node.url(self.database))
                one.sql("set session wsrep_sync_wait = 15; select 1")
                states.append(support.state(one))
        return states


def test(program, folder):
    started = time.time()
    cluster = Cluster(os.path.join(folder))
    print(f"galera: three nodes after {time.time() - started:.0f} s", flush=True)
    try:
        engine = Everywhere(cluster.nodes, "faults")
        project = os.path.join(folder, "project")
        os.makedirs(project)
        urls = [node.url("faults") for node in cluster.nodes]
        # Nothing says that this is a cluster: it has to be noticed.
        race = lease.Lease(program, engine, project, urls, f"lock: {{lease: {int(lease.LEASE * 1000)}ms}}\n")
        if not engine.rows("show tables like 'schema_versions_lock'"):
            race.fail("the cluster was not noticed: no lease was taken")

        def nodes_agree(what):
            for number, state in enumerate(engine.check_nodes(), 1):
                if state != race.top:
                    race.fail(f"{what}: node {number} of those that run holds something else:\n{state}")

        race.many_at_once(6)
        nodes_agree("many at once")
        killed = race.killed_holder()
        nodes_agree("killed holder")
        slept = race.sleeping_holder()
        nodes_agree("sleeping holder")
        lost = killed_node(race, cluster)
        nodes_agree("killed node")
        print(f"galera: {'a holder killed' if killed else 'no holder caught'}, {'one overtaken' if slept else 'none overtaken'}, "
              f"{'a node killed' if lost else 'no node killed in time'}, {len(race.failures)} failed, {time.time() - started:.0f} s", flush=True)
        return race.failures
    finally:
        cluster.stop()


def killed_node(race, cluster):
    race.engine.reset()
    processes = [race.start(number) for number in range(3)]
    victim = race.holder(processes)
    node = None
    if victim:
        node = cluster.nodes[processes.index(victim)]
        node.kill()
        # The test itself looks at a node that lives.
        alive = next(other for other in cluster.nodes if other is not node)
        race.engine.__init__([alive] + [other for other in cluster.nodes if other is not alive], race.engine.database)
    for process in processes:
        race.check(process, "on the node that was killed" if process is victim else "on another node", (0, 1) if process is victim else (0,))
    race.check_state("killed node")
    race.is_free("killed node")
    if node:
        node.start(cluster.nodes, False)
        node.wait(3)
        race.check(race.start(cluster.nodes.index(node)), "on the node that is back")
    return node is not None


def serve(folder):
    os.makedirs(folder)
    cluster = Cluster(os.path.abspath(folder))
    try:
        for node in cluster.nodes:
            print(node.url("mysql"), flush=True)
        signal.pause()
    except KeyboardInterrupt:
        pass
    finally:
        cluster.stop()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", nargs="?")
    parser.add_argument("--serve", metavar="FOLDER")
    arguments = parser.parse_args()
    if missing():
        print(f"{missing()} is not installed (apt-get install galera-4 mariadb-server rsync): left out")
        return
    if arguments.serve:
        serve(arguments.serve)
        return
    if not arguments.program:
        parser.error("the program to test?")
    with support.temporary_folder() as folder:
        failures = test(os.path.abspath(arguments.program), folder)
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
