#!/usr/bin/env python3
"""Starts many runs of `migrate` at once and checks that every revision is applied exactly once and that all succeed.

  race.py PROGRAM [--rounds N] [--processes N] [--engine NAME]

Each round: all of them `upgrade head` on an empty database, one is killed while it holds the lock; then upgrade against
downgrade. Last: a lock that somebody else holds ends in exit code 4 and names the holder.
"""
import argparse
import os
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import support
import units


class Race:
    def __init__(self, program, engine, folder, processes):
        self.program, self.engine, self.folder, self.processes = program, engine, folder, processes
        self.failures = []
        self.runs = self.killed = 0
        support.write_project(folder, engine, units.units(engine.dialect))
        engine.reset()
        self.check(self.start("upgrade", "head"), "undisturbed")
        self.top = support.state(engine)
        self.revisions = len(units.units(engine.dialect))

    def start(self, *arguments):
        return subprocess.Popen([self.program, "-c", os.path.join(self.folder, "migrate.yaml"), *arguments, "--yes"],
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def check(self, process, what, allowed=(0,)):
        out, errors = process.communicate(timeout=180)
        self.runs += 1
        if process.returncode not in allowed:
            self.fail(f"{what}: exit {process.returncode}: {errors}")
        return out + errors

    def fail(self, text):
        self.failures.append(text)
        print(f"FAILED {self.engine.name}: {text}", flush=True)

    def upgrade_at_once(self, kill):
        self.engine.reset()
        all_of_them = [self.start("upgrade", "head") for _ in range(self.processes)]
        victim = None
        if kill:
            deadline = time.time() + 5
            while victim is None and time.time() < deadline:
                try:
                    if int(self.engine.rows("select count(*) from schema_versions")[0][0]) > 0:
                        # Whoever holds the lock says so in its row; the process number is in applied_by.
                        by = self.engine.rows("select applied_by from schema_versions order by revision desc")[0][0]
                        number = int(by.rstrip(")").split("process ")[1])
                        victim = next((p for p in all_of_them if p.pid == number and p.poll() is None), None)
                        if victim is None:
                            break
                except Exception:
                    time.sleep(0.005)
            if victim is not None:
                victim.send_signal(signal.SIGKILL)
                self.killed += 1
        for process in all_of_them:
            self.check(process, "upgrade", (0, -signal.SIGKILL) if process is victim else (0,))
        if support.state(self.engine) != self.top:
            self.fail("the database is not where one run ends:\n" + support.state(self.engine))
        done = int(self.engine.rows("select count(*) from schema_versions_log where action = 'upgrade' and outcome = 'done'")[0][0])
        if done != self.revisions:
            self.fail(f"{done} upgrades in the log, {self.revisions} revisions")

    def upgrade_against_downgrade(self):
        processes = []
        for i in range(self.processes // 2):
            processes.append(self.start("upgrade", "head"))
            processes.append(self.start("downgrade", "base"))
        for process in processes:
            self.check(process, "upgrade against downgrade")
        self.check(self.start("upgrade", "head"), "upgrade at last")
        schema = [line for line in support.state(self.engine).split("\n")]
        expected = self.top.split("\n")
        if schema != expected:
            self.fail("after upgrades against downgrades:\n" + "\n".join(set(schema) ^ set(expected)))

    def held_lock(self):
        """A run that is over before it could be stopped shows nothing: then once more."""
        for _ in range(10):
            if self.try_held_lock():
                return
        self.fail("no run could be stopped while it held the lock")

    def try_held_lock(self):
        self.check(self.start("downgrade", "base"), "downgrade")
        holder = None
        if self.engine.name == "sqlite":
            import sqlite3
            holder = sqlite3.connect(self.engine.path, isolation_level=None)
            holder.execute("begin immediate")
        else:
            # A run that stands still in the middle: its table is locked, and it waits.
            holder = subprocess.Popen([self.program, "-c", os.path.join(self.folder, "migrate.yaml"), "upgrade", "head", "--yes"],
                                      stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            deadline = time.time() + 5
            while time.time() < deadline and not self.engine.rows("select 1 from schema_versions"):
                time.sleep(0.002)
            holder.send_signal(signal.SIGSTOP)
        started = time.time()
        second = self.start("upgrade", "head", "--lock-timeout", "1s")
        out, errors = second.communicate(timeout=60)
        waited = time.time() - started
        finished = second.returncode == 0 and "nothing to do" in errors
        if not finished and (second.returncode != 4 or waited > 12):
            self.fail(f"a held lock: exit {second.returncode} after {waited:.1f} s: {errors}")
        if not finished:
            print(f"{self.engine.name}: held lock: exit {second.returncode} after {waited:.1f} s\n    {errors.strip()}")
        if self.engine.name == "sqlite":
            holder.execute("rollback")
            holder.close()
        else:
            holder.send_signal(signal.SIGCONT)
            holder.wait(60)
        self.check(self.start("upgrade", "head"), "upgrade after the lock")
        return not finished


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--processes", type=int, default=16)
    parser.add_argument("--engine", action="append")
    arguments = parser.parse_args()
    failures = []
    with support.temporary_folder() as folder:
        for engine in support.engines(folder, arguments.engine):
            started = time.time()
            project = os.path.join(folder, engine.name)
            os.makedirs(project)
            race = Race(os.path.abspath(arguments.program), engine, project, arguments.processes)
            for number in range(arguments.rounds):
                race.upgrade_at_once(kill=number % 2 == 1)
            race.upgrade_against_downgrade()
            race.held_lock()
            engine.drop()
            failures += race.failures
            print(f"{engine.name}: {arguments.rounds} rounds, {race.runs} runs, {race.killed} killed with the lock in hand, "
                  f"{len(race.failures)} failed, {time.time() - started:.0f} s", flush=True)
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
