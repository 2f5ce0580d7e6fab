#!/usr/bin/env python3
"""Kills copies: the program, and either server, at random moments, while the source is written to. The same command again has to end with the rows of one
moment, none twice and none missing, also in tables without a key.

  killed.py PROGRAM                       the short form: a few kills of the program for some pairs of engines
  killed.py PROGRAM --kills N             N kills a pair
  killed.py PROGRAM --pair A,B            only this pair (may be given several times)
  killed.py PROGRAM --servers FOLDER      kills and restarts the servers too that `scripts/servers start FOLDER` has started (may be given several times)
  killed.py PROGRAM --rows N --seed N
"""
import argparse
import collections
import importlib.util
import os
import pathlib
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time

TESTS = pathlib.Path(__file__).resolve().parent.parent
sys.path += [str(TESTS / "copy"), str(TESTS), str(TESTS / "cli")]

import oracle
from servers import SERVERS
from support import Database

# tests/faults has a module of that name too.
specification = importlib.util.spec_from_file_location("fault_support", TESTS / "faults/support.py")
faults = importlib.util.module_from_spec(specification)
specification.loader.exec_module(faults)

MYSQL = ("mysql", "mariadb")
TOTAL = 2_000_000


def schema(engine, rows):
    tail = " ENGINE=InnoDB" if engine in MYSQL else ""
    make = [f"CREATE TABLE account (id integer NOT NULL PRIMARY KEY, amount integer NOT NULL){tail}", f"CREATE TABLE other (id integer NOT NULL PRIMARY KEY, amount integer NOT NULL){tail}",
            f"CREATE TABLE item (id integer NOT NULL PRIMARY KEY, account_id integer REFERENCES account (id), note varchar(60)){tail}", f"CREATE TABLE loose (n integer, t varchar(20)){tail}"]
    values = [f"INSERT INTO {table} VALUES " + ", ".join(f"({n}, {TOTAL // 2000})" for n in range(1, 1001)) for table in ("account", "other")]
    for first in range(1, rows + 1, 1000):
        numbers = range(first, min(first + 1000, rows + 1))
        values.append("INSERT INTO item VALUES " + ", ".join(f"({n}, {n % 1000 + 1}, 'it''s number {n}')" for n in numbers))
        values.append("INSERT INTO loose VALUES " + ", ".join(f"({n % 97}, 'row {n % 13}')" for n in numbers))
    return make + values


class Writer(threading.Thread):
    """Moves amounts between two tables, 200 transactions a second; their sum never changes."""

    def __init__(self, database, draw):
        super().__init__(daemon=True)
        self.database, self.draw, self.stopping, self.count = database, draw, False, 0

    def transaction(self):
        a, b, amount = self.draw.randint(1, 1000), self.draw.randint(1, 1000), self.draw.randint(1, 9)
        return [f"UPDATE account SET amount = amount - {amount} WHERE id = {a}", f"UPDATE other SET amount = amount + {amount} WHERE id = {b}"]

    def connect(self):
        if self.database.engine == "sqlite":
            connection = sqlite3.connect(self.database.file, timeout=5, isolation_level=None, check_same_thread=False)
            connection.execute("PRAGMA journal_mode = WAL")
            return connection
        server = self.database.server
        command = [server.client, "-X", "-q", self.database.url] if self.database.engine == "postgresql" else self.database.mysql(self.database.url)
        return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, text=True)

    def run(self):
        session = None
        while not self.stopping:
            started = time.time()
            try:
                session = session or self.connect()
                if self.database.engine == "sqlite":
                    for statement in ["BEGIN IMMEDIATE", *self.transaction(), "COMMIT"]:
                        session.execute(statement)
                else:
                    if session.poll() is not None:
                        raise BrokenPipeError
                    session.stdin.write("; ".join(["BEGIN", *self.transaction(), "COMMIT"]) + ";\n")
                    session.stdin.flush()
                self.count += 1
            except (OSError, sqlite3.Error):  # the server is gone for a moment
                session = None if self.database.engine != "sqlite" else session
                time.sleep(0.1)
            time.sleep(max(0.0, 0.005 - (time.time() - started)))
        if session and self.database.engine != "sqlite":
            session.stdin.close()
            session.wait()
        elif session:
            session.close()


class Pair:
    def __init__(self, program, source, target, folder, options, draw):
        self.program, self.engines, self.folder, self.options, self.draw = program, (source, target), folder, options, draw
        self.figures, self.failures = collections.Counter(), []
        self.source = Database(source, folder)
        oracle.run_script(self.source, schema(source, options.rows))
        self.steady = {table: self.rows(self.source, table) for table in ("item", "loose")}
        target = Database(self.engines[1], folder)
        started = time.time()
        done = self.command(target).communicate()
        self.seconds = time.time() - started
        target.drop()
        if done[1] and "error" in done[1]:
            raise SystemExit(f"the undisturbed copy failed: {done[1]}")

    def command(self, target):
        return subprocess.Popen([self.program, "copy", self.source.url, target.url, "--no-input"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8", errors="replace")

    @staticmethod
    def rows(database, table):
        if database.engine == "sqlite":
            connection = sqlite3.connect(database.file, timeout=10)
            rows = connection.execute(f"SELECT * FROM {table}").fetchall()
            connection.close()
        else:
            rows = oracle.client(database, f"SELECT * FROM {table}")
        return collections.Counter(tuple(str(value) for value in row) for row in rows)

    def restart(self, database):
        """The server dies, and is there again a moment later."""
        for folder in self.options.servers:
            if os.path.exists(os.path.join(folder, database.engine)):
                class Engine:
                    name = database.engine

                    @staticmethod
                    def sql(text, name=None):
                        if database.client(database.url, text).code != 0:
                            raise RuntimeError("not there")
                faults.Servers(folder).restart(Engine)
                return True
        return False

    def disturb(self, process, target):
        """What is done to a copy that runs; returns its name."""
        what = self.draw.choice(["program", "program", "source", "target"] if self.options.servers else ["program"])
        database = {"source": self.source, "target": target}.get(what)
        if database is not None and database.engine != "sqlite" and self.restart(database):
            return f"server of the {what} killed"
        process.send_signal(signal.SIGKILL)
        return "program killed"

    def one(self, number):
        target = Database(self.engines[1], self.folder)
        writer = Writer(self.source, self.draw)
        writer.start()
        happened = []
        try:
            for attempt in range(30):
                process = self.command(target)
                disturbed = attempt < 2 and (attempt == 0 or self.draw.random() < 0.4)
                if disturbed:
                    try:
                        out, err = process.communicate(timeout=self.draw.uniform(0.02, self.seconds * 1.1))
                    except subprocess.TimeoutExpired:
                        happened.append(self.disturb(process, target))
                        out, err = process.communicate(timeout=180)
                else:
                    out, err = process.communicate(timeout=300)
                # One that is killed behind its last statement has done all of it.
                if process.returncode == 0 or (happened and "is not empty" in err):
                    break
                if not disturbed and not any(word in err for word in ("connect", "gone away", "Lost", "terminat", "shutting", "starting up", "recovery")):
                    self.fail(number, happened, f"exit {process.returncode}: {err.strip()}")
                    return
                time.sleep(0.2)
            else:
                self.fail(number, happened, f"it never ended: {err.strip()}")
                return
            self.figures[", ".join(happened) or "not disturbed in time"] += 1
            for table, expected in self.steady.items():
                found = self.rows(target, table)
                if found != expected:
                    self.fail(number, happened, f"{table}: {list((expected - found).items())[:3]} are missing, {list((found - expected).items())[:3]} too many")
            total = sum(int(row[1]) * count for table in ("account", "other") for row, count in self.rows(target, table).items())
            if total != TOTAL:
                self.fail(number, happened, f"the sums are of two moments: {total}")
        finally:
            writer.stopping = True
            writer.join()
            self.figures["transactions meanwhile"] += writer.count
            target.drop()

    def fail(self, number, happened, why):
        self.failures.append(why)
        print(f"FAILED {' -> '.join(self.engines)}, round {number} ({', '.join(happened)}): {why}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("--kills", type=int, default=2)
    parser.add_argument("--pair", action="append")
    parser.add_argument("--servers", action="append", default=[])
    parser.add_argument("--rows", type=int, default=20000)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    options = parser.parse_args()
    have = ["sqlite", *(name for name, server in SERVERS.items() if server.url)]
    pairs = [tuple(pair.split(",")) for pair in options.pair or ["postgresql,mariadb", "mariadb,postgresql", "sqlite,postgresql"]]
    print(f"seed {options.seed}")
    draw, failures = random.Random(options.seed), []
    with tempfile.TemporaryDirectory(prefix="migrate-killed-") as folder:
        for source, target in pairs:
            if source not in have or target not in have:
                continue
            started = time.time()
            pair = Pair(os.path.abspath(options.program), source, target, pathlib.Path(folder), options, draw)
            try:
                for number in range(options.kills):
                    pair.one(number)
            finally:
                pair.source.drop()
            failures += pair.failures
            print(f"{source} -> {target}: {options.kills} copies in {time.time() - started:.0f} s, {len(pair.failures)} failed; " + ", ".join(f"{count} {what}" for what, count in pair.figures.items()), flush=True)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
