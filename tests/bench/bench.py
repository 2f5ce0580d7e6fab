#!/usr/bin/env python3
"""Measures the program, in one run, against each engine's own client (the floor) and other migration tools; scripts/bench starts it.

Every figure is a median over paired runs: the contenders take turns, so that what slows the machine slows them all. Ratios are
of these medians. Whole processes are timed, from their start to their end."""
import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import engines as engine_kinds  # noqa: E402
import projects  # noqa: E402
import rows as row_workloads  # noqa: E402
from delay import DelayProxy  # noqa: E402
from peers import PEERS, Alembic  # noqa: E402

PROGRAM = os.environ.get("MIGRATE_PROGRAM", "migrate")
PYTHON = "/usr/bin/python3"  # Debian's, which has Debian's Alembic


class Run:
    """A timed process: seconds, and the most memory it had, in MB."""

    def __init__(self, command, cwd=None, stdin=None, environment=None):
        source = open(stdin) if stdin else subprocess.DEVNULL
        with tempfile.TemporaryFile() as errors:
            start = time.perf_counter()
            process = subprocess.Popen(command, cwd=cwd, stdin=source, stdout=subprocess.DEVNULL, stderr=errors,
                                       env={**os.environ, **(environment or {})})
            _, status, usage = os.wait4(process.pid, 0)
            self.seconds = time.perf_counter() - start
            process.returncode = os.waitstatus_to_exitcode(status)
            self.megabytes = usage.ru_maxrss / 1024
            if process.returncode != 0:
                errors.seek(0)
                sys.exit(f"failed with {process.returncode}: {' '.join(command)}\n{errors.read().decode(errors='replace')[-2000:]}")


class Bench:
    def __init__(self, options, folder):
        self.options, self.folder, self.rows, self.counter = options, folder, [], 0

    def wanted(self, workload):
        return self.options.only is None or self.options.only in workload

    def place(self, name):
        self.counter += 1
        path = os.path.join(self.folder, f"{self.counter}_{name}")
        os.makedirs(path)
        return path

    def measure(self, workload, engine, contenders, prepare=None):
        """contenders: name -> function that returns a Run; `prepare` runs before each, untimed. The other tools take many times
        as long: they run in the first rounds only."""
        runs = {name: [] for name in contenders}
        for turn in range(self.options.runs):
            for name, work in contenders.items():
                if name not in ("floor", "migrate") and turn >= self.options.peer_runs:
                    continue
                if prepare:
                    prepare(name)
                runs[name].append(work())
        medians = {name: statistics.median(run.seconds for run in all_runs) for name, all_runs in runs.items()}
        memory = max(run.megabytes for run in runs["migrate"])
        row = {"workload": workload, "engine": engine, "seconds": medians, "migrate_megabytes": round(memory, 1)}
        if "floor" in medians:
            row["of_floor"] = medians["migrate"] / medians["floor"]
        self.rows.append(row)
        floor = f"{medians['floor']:9.3f}" if "floor" in medians else "        –"
        ratio = f"{row['of_floor']:7.2f}" if "of_floor" in row else "      –"
        others = "".join(f"  {name} {seconds:.3f}" for name, seconds in medians.items() if name not in ("floor", "migrate"))
        print(f"{workload:<42} {engine:<24}{floor}{medians['migrate']:9.3f} {ratio} {memory:7.0f}{others}", flush=True)

    # ---- workloads -----------------------------------------------------------------------------------------------------

    def upgrade(self, engine, count, label=""):
        names = [f"upgrade to head, {count} revisions{label}", f"current, {count} revisions{label}", f"upgrade, nothing to do{label}",
                 f"downgrade to base, {count} revisions{label}"]
        if not any(self.wanted(name) for name in names):
            return
        place = self.place("upgrade")
        databases = {"floor": "bench_floor", "migrate": "bench_migrate"}
        projects.migrate_project(f"{place}/migrate", engine.url(databases["migrate"]), count)
        up, down = projects.client_scripts(place, engine, count)
        others = {peer.name: peer(f"{place}/{peer.name}", engine, f"bench_{peer.name}", count)
                  for peer in PEERS if peer.name in self.options.peers and peer.available(engine)}
        migrate = lambda *words: Run([PROGRAM, *words], cwd=f"{place}/migrate")
        client = lambda script: Run(engine.client(databases["floor"]), stdin=script)
        work = lambda peer, what: Run(getattr(peer, what)(), cwd=peer.folder, environment=peer.environment)

        def contenders(floor, own, what):
            return {"floor": floor, "migrate": own, **{name: lambda peer=peer: work(peer, what) for name, peer in others.items()}}

        def empty(name):
            if name in others:
                others[name].reset()
            else:
                engine.create(databases[name])

        def at_head(name):
            if name == "floor":
                empty(name)
                client(up)
            elif name == "migrate":
                migrate("upgrade", "head")
            else:
                empty(name)
                work(others[name], "up")

        for name in databases:
            empty(name)
        if self.wanted(names[0]):
            self.measure(names[0], engine.name, contenders(lambda: client(up), lambda: migrate("upgrade", "head"), "up"), empty)
        else:
            for name in [*databases, *others]:
                at_head(name)
        projects.write(f"{place}/one.sql", "SELECT 1;\n")
        if self.wanted(names[1]):
            self.measure(names[1], engine.name, contenders(lambda: client(f"{place}/one.sql"), lambda: migrate("current"), "current"))
        if self.wanted(names[2]):
            self.measure(names[2], engine.name, contenders(lambda: client(f"{place}/one.sql"), lambda: migrate("upgrade", "head"), "up"))
        if self.wanted(names[3]):
            self.measure(names[3], engine.name, contenders(lambda: client(down), lambda: migrate("downgrade", "base", "--yes"), "down"), at_head)
        for peer in others.values():
            peer.drop()
        for database in databases.values():
            engine.drop(database)
        shutil.rmtree(place)

    def long_unit(self, engine, statements, width=0):
        """One unit of many inserts; with a width each brings so many bytes along. The client commits it as the program does: whole where it can."""
        name = f"one unit, {statements} inserts" + (f" of {width // 1024} KB" if width else "")
        if not self.wanted(name):
            return
        place = self.place("long")
        databases = {"floor": "bench_floor", "migrate": "bench_migrate"}
        script = projects.long_unit(f"{place}/migrate", engine, engine.url(databases["migrate"]), statements, width)
        contenders = {"floor": lambda: Run(engine.client(databases["floor"]), stdin=script), "migrate": lambda: Run([PROGRAM, "upgrade", "head"], cwd=f"{place}/migrate")}
        self.measure(name, engine.name, contenders, lambda which: engine.create(databases[which]))
        self.rows[-1]["of_file"] = self.rows[-1]["migrate_megabytes"] * (1 << 20) / os.path.getsize(script)
        for database in databases.values():
            engine.drop(database)
        shutil.rmtree(place)

    def offline(self, count):
        names = [f"history, {count} units on disk", f"heads, {count} units on disk", f"upgrade, nothing to do, {count} units on disk"]
        if not any(self.wanted(name) for name in names):
            return
        place = self.place("offline")
        engine = engine_kinds.SQLite(place)
        projects.migrate_project(f"{place}/migrate", engine.url("units"), count)
        migrate = lambda *words: Run([PROGRAM, *words], cwd=f"{place}/migrate")
        migrate("stamp", "head")
        for name, words in zip(names, (["history"], ["heads"], ["upgrade", "head"])):
            self.measure(name, "sqlite", {"migrate": lambda words=words: migrate(*words)})
        shutil.rmtree(place)

    def autogenerate(self, engine, tables, label="", behind=None):
        name = f"autogenerate, {tables} tables{label}"
        if not self.wanted(name):
            return
        place = self.place("autogenerate")
        database = "bench_tables"
        if behind is None:
            engine.create(database)
            engine.run_client(database, projects.schema_script(place, engine, tables))
        reached = behind or engine
        projects.write_model(PROGRAM, f"{place}/migrate", reached.url(database))
        projects.write(f"{place}/catalog.sql", engine.catalog)
        contenders = {
            "floor": lambda: Run(reached.client(database), stdin=f"{place}/catalog.sql"),
            "migrate": lambda: Run([PROGRAM, "revision", "--autogenerate", "-m", "none", "--no-input"], cwd=f"{place}/migrate"),
        }
        if tables <= 1000 and "alembic" in self.options.peers and Alembic.available(engine):
            projects.write(f"{place}/compare.py", projects.ALEMBIC_COMPARE)
            contenders["alembic"] = lambda: Run([PYTHON, f"{place}/compare.py", reached.alembic(database), str(tables)])
        self.measure(name, engine.name, contenders)
        if os.listdir(f"{place}/migrate/migrations"):
            sys.exit(f"{engine.name}: autogenerate found a difference where there is none")
        if behind is None:
            engine.drop(database)
        shutil.rmtree(place)


def round_trip(engine):
    """The time of one round trip through the port that the engine is reached by, in milliseconds."""
    script = "".join("SELECT 1;\n" for _ in range(200))
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as many, tempfile.NamedTemporaryFile("w", suffix=".sql") as one:
        many.write(script), many.flush(), one.write("SELECT 1;\n"), one.flush()
        measured = [Run(engine.client(engine.admin_database), stdin=file.name).seconds for file in (many, one, many, one)]
    return (measured[0] + measured[2] - measured[1] - measured[3]) / 398 * 1000


def main():
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("engine", nargs="*", default=[], choices=[[], *engine_kinds.NAMES], metavar="ENGINE", help=", ".join(engine_kinds.NAMES) + "; all without one")
    parser.add_argument("--only", metavar="WORD", help="workloads with this in their name")
    parser.add_argument("--runs", type=int, default=5, help="paired runs of each (5)")
    parser.add_argument("--peers", default=",".join([*(peer.name for peer in PEERS), "pgloader"]), help="the other tools, by comma; those that are installed run (all)")
    parser.add_argument("--peer-runs", type=int, default=1, help="runs of each of them (1)")
    parser.add_argument("--quick", action="store_true", help="a tenth of the revisions and tables, 3 runs: does it work at all?")
    parser.add_argument("--rows", type=int, default=200_000, metavar="N", help="rows of the workloads of copy and sync (200,000; the long form is 5,000,000)")
    parser.add_argument("--json", metavar="FILE", help="the figures as JSON, too")
    options = parser.parse_args()
    options.peers = options.peers.split(",")
    if options.quick:
        options.runs = min(options.runs, 3)
    scale = 10 if options.quick else 1
    names = options.engine or engine_kinds.NAMES
    folder = tempfile.mkdtemp(prefix="migrate-bench-")
    try:
        bench = Bench(options, folder)
        print(f"{'seconds, medians of ' + str(options.runs) + ' paired runs':<67}    floor  migrate  /floor      MB  others")
        for engine in engine_kinds.engines(names, folder):
            bench.upgrade(engine, 1000 // scale)
            for count in (2_000, 100_000, 1_000_000):
                bench.long_unit(engine, count // scale)
            bench.long_unit(engine, 20_000 // scale, 10 << 10)  # 200 MB
            for tables in (100, 1000, 10000):
                if tables // scale >= 10:
                    bench.autogenerate(engine, tables // scale)
            if engine.name == "sqlite":
                for count in (100, 1000, 5000, 10000):
                    bench.offline(count // scale)
                continue
            proxy = DelayProxy("127.0.0.1", engine.port, 0.0004)
            far = engine.through(proxy.port)
            label = f", {round_trip(far):.1f} ms away"
            bench.upgrade(far, 100 // scale, label)
            if bench.wanted(f"autogenerate, {1000 // scale} tables{label}"):
                engine.create("bench_tables")
                engine.run_client("bench_tables", projects.schema_script(folder, engine, 1000 // scale))
                bench.autogenerate(engine, 1000 // scale, label, behind=far)
                engine.drop("bench_tables")
            proxy.stop()
        row_workloads.RowsBench(bench, Run, PROGRAM, engine_kinds.engines(names, folder), options.rows // scale).everything()
        if options.json:
            with open(options.json, "w") as out:
                json.dump(bench.rows, out, indent=1)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
