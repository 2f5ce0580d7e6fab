#!/usr/bin/env python3
"""Kills runs of `migrate` and checks that the same command again ends where an undisturbed run ends.

  kill.py PROGRAM                    the short form: some boundaries and moments of every engine
  kill.py PROGRAM --kills N          N kills an engine: every boundary, then random moments and connections
  kill.py PROGRAM --engine NAME      only this engine (may be given several times)
  kill.py PROGRAM --servers FOLDER   kills and restarts the servers too, which `scripts/servers start FOLDER` has started
  kill.py PROGRAM --lease            with the run's lock as a leased row

Boundaries: MIGRATE_TEST_CRASH_AT=N ends the process with SIGKILL in front of and behind every statement that it sends.
Compared are schema, rows (a counter shows a statement that ran twice) and the versions table.
"""
import argparse
import os
import random
import re
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import support
import units


class Subject:
    """One engine with its project and what an undisturbed run gives."""

    def __init__(self, program, engine, folder, settings=""):
        self.program, self.engine, self.folder = program, engine, folder
        self.figures = {}
        self.failures = []
        support.write_project(folder, engine, units.units(engine.dialect), settings)
        engine.reset()
        self.commands = {"upgrade": ["upgrade", "head"], "downgrade": ["downgrade", "base"]}
        self.goals, self.points, self.times = {}, {}, {}
        for direction in ("upgrade", "downgrade"):
            started = time.time()
            done = self.run(direction)
            self.times[direction] = time.time() - started
            if done.returncode != 0:
                raise SystemExit(f"{engine.name}: the undisturbed {direction} failed: {done.stderr}")
            self.goals[direction] = support.state(engine)
        # Again with every statement a round trip of its own, to count the boundaries; it must end alike.
        for direction in ("upgrade", "downgrade"):
            done = self.run(direction, {"MIGRATE_TEST_CRASH_AT": "0"})
            self.points[direction] = int(re.search(r"crash points: (\d+)", done.stderr).group(1))
            self.compare(direction, "one statement at a time", done)

    def arguments(self, direction):
        return [self.program, "-c", os.path.join(self.folder, "migrate.yaml"), *self.commands[direction], "--yes"]

    def run(self, direction, environment=None):
        return subprocess.run(self.arguments(direction), env=dict(os.environ, **(environment or {})), capture_output=True, text=True, timeout=120)

    def start(self, direction):
        return subprocess.Popen(self.arguments(direction), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def prepare(self, direction):
        """The database before the direction, reached without a disturbance."""
        if direction == "upgrade":
            if support_state_is(self.engine, self.goals["downgrade"]):
                return
            self.engine.reset()
            self.run("upgrade")
            self.run("downgrade")
        elif not support_state_is(self.engine, self.goals["upgrade"]):
            self.prepare("upgrade")
            self.run("upgrade")

    def compare(self, direction, what, done):
        self.figures[what] = self.figures.get(what, 0) + 1
        now = support.state(self.engine)
        if done.returncode == 0 and now == self.goals[direction]:
            return True
        difference = [f"    + {line}" for line in now.split("\n") if line not in self.goals[direction].split("\n")]
        difference += [f"    - {line}" for line in self.goals[direction].split("\n") if line not in now.split("\n")]
        self.failures.append(f"{self.engine.name} {direction}, {what}: exit {done.returncode}\n  {done.stderr.strip()}\n" + "\n".join(difference[:30]))
        print("FAILED " + self.failures[-1], flush=True)
        self.engine.reset()
        return False

    def at_boundary(self, direction, point):
        self.prepare(direction)
        killed = self.run(direction, {"MIGRATE_TEST_CRASH_AT": str(point)})
        if killed.returncode != -signal.SIGKILL:
            self.failures.append(f"{self.engine.name} {direction}: no crash at point {point}: exit {killed.returncode}: {killed.stderr}")
            return
        if not self.compare(direction, "SIGKILL at a boundary", self.run(direction)):
            print(f"  (boundary {point} of {direction})")

    def at_moment(self, direction, number):
        self.prepare(direction)
        process = self.start(direction)
        time.sleep(random.uniform(0, self.times[direction] * 1.1))
        process.send_signal(number)
        try:
            _, errors = process.communicate(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            self.failures.append(f"{self.engine.name}: did not end within 20 s of {number.name}")
            return
        if number == signal.SIGTERM and process.returncode not in (0, 1, -signal.SIGTERM, 4):
            self.failures.append(f"{self.engine.name}: exit {process.returncode} after SIGTERM: {errors}")
        self.compare(direction, f"{number.name} at a random moment", self.run(direction))

    def connection_at_moment(self, direction):
        self.prepare(direction)
        process = self.start(direction)
        time.sleep(random.uniform(0.02, self.times[direction]))
        hit = self.engine.kill_connection()
        _, errors = process.communicate(timeout=60)
        # The run itself connects again and goes on; one that lost its first words may give up.
        what = "connection killed" if hit else "connection killed too late"
        if process.returncode == 0:
            self.compare(direction, what + ", the run went on", process_result(process, errors))
        else:
            self.compare(direction, what + ", run again", self.run(direction))


    def server_at_moment(self, direction, servers):
        """The server dies in the middle, and is there again some time later. The run waits for it, or is run again."""
        self.prepare(direction)
        process = self.start(direction)
        time.sleep(random.uniform(0.02, self.times[direction]))
        servers.restart(self.engine)
        _, errors = process.communicate(timeout=120)
        if process.returncode == 0:
            self.compare(direction, "server killed, the run went on", process_result(process, errors))
        else:
            self.compare(direction, "server killed, run again", self.run(direction))


def process_result(process, errors):
    return subprocess.CompletedProcess(process.args, process.returncode, "", errors)


def support_state_is(engine, goal):
    try:
        return support.state(engine) == goal
    except Exception:  # no database yet
        return False


def spread(total, wanted):
    """`wanted` numbers of 1..total, all when there are fewer."""
    if wanted >= total:
        return list(range(1, total + 1))
    return sorted(random.sample(range(1, total + 1), wanted))


def run_engine(program, engine, folder, kills, settings, servers):
    started = time.time()
    subject = Subject(program, engine, folder, settings)
    budget = kills // 2
    points = [("upgrade", p) for p in range(1, subject.points["upgrade"] + 1)] + [("downgrade", p) for p in range(1, subject.points["downgrade"] + 1)]
    chosen = points if budget * 2 >= len(points) and kills >= 200 else [points[i - 1] for i in spread(len(points), budget)]
    for direction, point in chosen:
        subject.at_boundary(direction, point)
    rest = max(kills - len(chosen), kills // 2)
    for i in range(rest):
        direction = ("upgrade", "downgrade")[i // 3 % 2]
        if i % 3 == 2 and engine.name != "sqlite":
            subject.connection_at_moment(direction)
        else:
            subject.at_moment(direction, (signal.SIGKILL, signal.SIGTERM)[i % 3 % 2])
    for i in range(kills // 10 if servers and engine.name != "sqlite" else 0):
        subject.server_at_moment(("upgrade", "downgrade")[i % 2], servers)
    engine.drop()
    print(f"{engine.name}: {sum(subject.figures.values())} runs in {time.time() - started:.0f} s, {len(subject.failures)} failed")
    for what, count in sorted(subject.figures.items()):
        print(f"    {count:5}  {what}")
    sys.stdout.flush()
    return subject.failures


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("--kills", type=int, default=24)
    parser.add_argument("--engine", action="append")
    parser.add_argument("--servers", metavar="FOLDER")
    parser.add_argument("--lease", action="store_true")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    arguments = parser.parse_args()
    random.seed(arguments.seed)
    print(f"seed {arguments.seed}")
    failures = []
    with support.temporary_folder() as folder:
        for engine in support.engines(folder, arguments.engine):
            project = os.path.join(folder, engine.name)
            os.makedirs(project)
            settings = "lock: {kind: lease, lease: 1s}\n" if arguments.lease else ""
            servers = support.Servers(arguments.servers) if arguments.servers else None
            failures += run_engine(os.path.abspath(arguments.program), engine, project, arguments.kills, settings, servers)
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
