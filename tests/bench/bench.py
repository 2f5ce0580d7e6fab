#!/usr/bin/env python3
"""Measures the program, in one run, against each engine's own client (the floor) and Alembic; scripts/bench starts it.

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
from delay import DelayProxy  # noqa: E402

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
        self.has_alembic = subprocess.run([PYTHON, "-c", "import alembic"], capture_output=True).returncode == 0

    def wanted(self, workload):
        return self.options.only is None or self.options.only in workload

    def place(self, name):
        self.counter += 1
        path = os.path.join(self.folder, f"{self.counter}_{name}")
        os.makedirs(path)
        return path

    def measure(self, workload, engine, contenders, prepare=None):
        """contenders: name -> function that returns a Run; `prepare` runs before each, untimed."""
        runs = {name: [] for name in contenders}
        for _ in range(self.options.runs):
            for name, work in contenders.items():
                if prepare:
                    prepare(name)
                runs[name].append(work())
        medians = {name: statistics.median(run.seconds for run in all_runs) for name, all_runs in runs.items()}
        memory = max(run.megabytes for run in runs["migrate"])
        row = {"workload": workload, "engine": engine, "seconds": medians, "migrate_megabytes": round(memory, 1)}
        if "floor" in medians:
            row["of_floor"] = medians["migrate"] / medians["floor"]
        if "alembic" in medians:
            row["alembic_of_migrate"] = medians["alembic"] / medians["migrate"]
        self.rows.append(row)
        cells = [f"{medians.get(name, float('nan')):9.3f}" if name in medians else "        –" for name in ("floor", "migrate", "alembic")]
        ratio = f"{row['of_floor']:7.2f}" if "of_floor" in row else "      –"
        peer = f"{row['alembic_of_migrate']:8.1f}" if "alembic_of_migrate" in row else "       –"
        print(f"{workload:<42} {engine:<11}{''.join(cells)} {ratio} {peer} {memory:7.0f}", flush=True)

    # ---- workloads -----------------------------------------------------------------------------------------------------

    def upgrade(self, engine, count, label="", alembic=True):
        names = [f"upgrade to head, {count} revisions{label}", f"current, {count} revisions{label}", f"upgrade, nothing to do{label}",
                 f"downgrade to base, {count} revisions{label}"]
        if not any(self.wanted(name) for name in names):
            return
        place = self.place("upgrade")
        databases = {name: f"bench_{name}" for name in ("floor", "migrate", "alembic")}
        projects.migrate_project(f"{place}/migrate", engine.url(databases["migrate"]), count)
        up, down = projects.client_scripts(place, engine, count)
        ini = projects.alembic_project(f"{place}/alembic", engine.alembic(databases["alembic"]), count)
        migrate = lambda *words: Run([PROGRAM, *words], cwd=f"{place}/migrate")
        peer = lambda *words: Run([PYTHON, "-m", "alembic", "-c", ini, *words])
        client = lambda script: Run(engine.client(databases["floor"]), stdin=script)

        def contenders(floor, own, other):
            found = {"floor": floor, "migrate": own}
            if alembic and self.has_alembic:
                found["alembic"] = other
            return found

        self.measure(names[0], engine.name, contenders(lambda: client(up), lambda: migrate("upgrade", "head"), lambda: peer("upgrade", "head")),
                     lambda name: engine.create(databases[name]))
        projects.write(f"{place}/one.sql", "SELECT 1;\n")
        self.measure(names[1], engine.name, contenders(lambda: client(f"{place}/one.sql"), lambda: migrate("current"), lambda: peer("current")))
        self.measure(names[2], engine.name, contenders(lambda: client(f"{place}/one.sql"), lambda: migrate("upgrade", "head"), lambda: peer("upgrade", "head")))

        def at_head(name):
            if name == "floor":
                engine.create(databases[name])
                client(up)
            elif name == "migrate":
                migrate("upgrade", "head")
            else:
                peer("upgrade", "head")

        self.measure(names[3], engine.name,
                     contenders(lambda: client(down), lambda: migrate("downgrade", "base", "--yes"), lambda: peer("downgrade", "base")), at_head)
        for database in databases.values():
            engine.drop(database)

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

    def autogenerate(self, engine, tables, label="", behind=None, alembic=True):
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
        if self.has_alembic and alembic:
            projects.write(f"{place}/compare.py", projects.ALEMBIC_COMPARE)
            contenders["alembic"] = lambda: Run([PYTHON, f"{place}/compare.py", reached.alembic(database), str(tables)])
        self.measure(name, engine.name, contenders)
        if os.listdir(f"{place}/migrate/migrations"):
            sys.exit(f"{engine.name}: autogenerate found a difference where there is none")


def round_trip(engine):
    """The time of one round trip through the port that the engine is reached by, in milliseconds."""
    script = "".join("SELECT 1;\n" for _ in range(200))
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as many, tempfile.NamedTemporaryFile("w", suffix=".sql") as one:
        many.write(script), many.flush(), one.write("SELECT 1;\n"), one.flush()
        measured = [Run(engine.client(engine.admin_database), stdin=file.name).seconds for file in (many, one, many, one)]
    return (measured[0] + measured[2] - measured[1] - measured[3]) / 398 * 1000


def main():
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("engine", nargs="*", default=[], help="sqlite, postgresql, mysql; all without one")
    parser.add_argument("--only", metavar="WORD", help="workloads with this in their name")
    parser.add_argument("--runs", type=int, default=5, help="paired runs of each (5)")
    parser.add_argument("--quick", action="store_true", help="a tenth of the revisions and tables, 3 runs: does it work at all?")
    parser.add_argument("--json", metavar="FILE", help="the figures as JSON, too")
    options = parser.parse_args()
    if options.quick:
        options.runs = min(options.runs, 3)
    scale = 10 if options.quick else 1
    names = options.engine or ["sqlite", "postgresql", "mysql"]
    folder = tempfile.mkdtemp(prefix="migrate-bench-")
    try:
        bench = Bench(options, folder)
        print(f"{'seconds, medians of ' + str(options.runs) + ' paired runs':<54}    floor  migrate  alembic  /floor  alembic/      MB")
        for engine in engine_kinds.engines(names, folder):
            bench.upgrade(engine, 1000 // scale)
            for tables in (100, 1000, 10000):
                if tables // scale >= 10:
                    bench.autogenerate(engine, tables // scale, alembic=tables // scale <= 1000)
            if engine.name == "sqlite":
                for count in (100, 1000, 10000):
                    bench.offline(count // scale)
                continue
            proxy = DelayProxy("127.0.0.1", engine.port, 0.0004)
            far = engine.through(proxy.port)
            label = f", {round_trip(far):.1f} ms away"
            bench.upgrade(far, 100 // scale, label)
            engine.create("bench_tables")
            engine.run_client("bench_tables", projects.schema_script(folder, engine, 1000 // scale))
            bench.autogenerate(engine, 1000 // scale, label, behind=far)
            engine.drop("bench_tables")
            proxy.stop()
        if options.json:
            with open(options.json, "w") as out:
                json.dump(bench.rows, out, indent=1)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
