#!/usr/bin/env python3
"""Runs the data-driven cases with the built program and real servers.

    run.py [-v] [-j N] [ENGINE | ENGINE/CASE | corpora | bad | planted]...

MIGRATE_PROGRAM is the program (build/migrate); the servers are found as tests/servers.py says, and their cases
are skipped with a message when unset. One line for a failing case (its unit too with -v), and a summary."""
import argparse
import concurrent.futures
import os
import pathlib
import shutil
import sys
import tempfile
import time
import traceback

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]
os.environ.setdefault("MIGRATE_PROGRAM", str(HERE.parent.parent / "build" / "migrate"))

import bad_input
import corpora
import engines
import flow
import known_failures
import planted
import portable
from case_file import Case
from tools import Failure


def run_one(job):
    path, engine, number = job
    log, began = [], time.monotonic()
    folder = tempfile.mkdtemp(prefix="migrate-case-")
    try:
        if callable(path):
            path(engine, folder, str(number), log)
            return path, engine, None, log, time.monotonic() - began
        if path.is_dir():
            corpora.run_corpus(path, engine, folder, str(number), log)
            return path, engine, None, log, time.monotonic() - began
        case = Case(path)
        (portable.run_case if case.has("model") else flow.run_case)(case, engine, folder, str(number), log)
        return path, engine, None, log, time.monotonic() - began
    except Failure as failure:
        return path, engine, failure, log, time.monotonic() - began
    except Exception:
        return path, engine, Failure("the harness failed: " + traceback.format_exc()), log, time.monotonic() - began
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def find_jobs(names, engines):
    jobs = []
    for engine in engines:
        for folder in (engine.dialect, "portable"):
            for path in sorted((HERE / folder).glob("*.case")):
                short = [engine.name, f"{folder}/{path.stem}", f"{engine.name}/{path.stem}", path.stem, str(path)]
                case_engines = Case(path).lines("engines")
                if (not names or any(name in short for name in names)) and (not case_engines or known_failures.covers(case_engines[0].split(), engine)):
                    jobs.append((path, engine, len(jobs)))
        if not names or "bad" in names:
            jobs += [(check, engine, len(jobs) + number) for number, check in enumerate(bad_input.checks(engine))]
        if not names or "planted" in names:
            jobs += [(check, engine, len(jobs) + number) for number, check in enumerate(planted.checks(engine))]
        for folder in corpora.folders():
            name = f"{folder.parent.name}/{folder.name}"
            if corpora.ENGINE_OF[folder.name.removesuffix("-head")] == engine.dialect and (not names or "corpora" in names or name in names):
                jobs.append((folder, engine, len(jobs)))
    if not os.environ.get("MIGRATE_TEST_CORPORA"):
        print("corpora: skipped, MIGRATE_TEST_CORPORA is not set")
    return jobs


def title(path, engine):
    """The group of a case, and its name."""
    if callable(path):
        return ("planted differences", "planted/" + path.__name__) if path.__module__ == "planted" else ("bad input", "bad/" + path.__name__)
    if path.is_dir():
        return "corpora", f"{path.parent.name}/{path.name}"
    return ("portable" if path.parent.name == "portable" else "changes"), f"{path.parent.name}/{path.stem}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help="engines, or cases as ENGINE/CASE")
    parser.add_argument("--engine", action="append", help="only on this one: sqlite or a server's name (may be given several times)")
    parser.add_argument("-v", "--verbose", action="store_true", help="show every command of a failing case, and its unit")
    parser.add_argument("-j", "--jobs", type=int, default=2)
    parser.add_argument("--every", type=int, default=1, help="of the cases that say no engine, each Nth alone: what several engines run is spread over them")
    parser.add_argument("--slowest", type=int, default=0, help="name the slowest cases")
    arguments = parser.parse_args()
    found = engines.available(arguments.engine)
    jobs = find_jobs(arguments.names, found)
    jobs = [job for job in jobs if callable(job[0]) or job[0].is_dir() or job[2] % arguments.every == 0 or Case(job[0]).lines("engines")]
    known = known_failures.Known()
    counts, times = {}, []
    with concurrent.futures.ThreadPoolExecutor(arguments.jobs) as pool:
        for path, engine, failure, log, seconds in pool.map(run_one, jobs):
            group, name = title(path, engine)
            key = f"{group} on {engine.name}"
            failure = known.judge(name, engine, failure)
            passed, failed = counts.get(key, (0, 0))
            counts[key] = (passed + (failure is None), failed + (failure is not None))
            times.append((seconds, name))
            if failure is not None:
                print(f"FAILED {name} on {engine.name}: {failure.reason}", flush=True)
            if arguments.verbose:
                print("\n".join(log))
                if failure is not None and failure.detail:
                    print("---- " + failure.detail)
    for engine in found:
        engine.close()
    for key, (passed, failed) in counts.items():
        print(f"{key}: {passed} passed, {failed} failed")
    for seconds, name in sorted(times, reverse=True)[: arguments.slowest]:
        print(f"  {seconds:.2f} s {name}")
    if not found:
        return 77
    return 1 if any(failed for _, failed in counts.values()) or not jobs and arguments.names else 0


if __name__ == "__main__":
    sys.exit(main())
