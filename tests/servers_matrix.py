#!/usr/bin/env python3
"""Runs what tests the engines on other versions of the servers, one server after the other, and prints a table of the versions.

    servers_matrix.py all | NAME[,NAME...] [SUITE...]   scripts/test --servers does it; names as scripts/unpack-server --list has them;
                                                        suites: cases, random pairs, calibration, kill, race, lease, behaviour

On each: the cases with bad input and corpora, random pairs, lint's calibration and the short faults. All of a run's output is in
build/servers/NAME. The exit code is 0 when nothing failed on any server that could be had, and all those that were named could."""
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
OUT = ROOT / "build" / "servers"
PROGRAM = str(ROOT / "build" / "migrate")
OPTIONS = {  # a server has to survive a kill here, and no power failure
    "MIGRATE_POSTGRESQL_CONF": "fsync = off\nfull_page_writes = off",
    "MIGRATE_MARIADB_OPTIONS": "--innodb-flush-log-at-trx-commit=2 --innodb-flush-method=nosync",
    "MIGRATE_MYSQL_OPTIONS": "--innodb-flush-log-at-trx-commit=2 --innodb-flush-method=nosync --sync-binlog=0 --innodb-buffer-pool-size=64M",
}


def suites(engine):
    """Name, command, and how its output tells what passed and failed."""
    tests = ROOT / "tests"
    fault = lambda name, *more: [tests / "faults" / f"{name}.py", PROGRAM, "--engine", engine, *more]
    return [
        ("cases", [tests / "cases/run.py", "--engine", engine]),
        ("random pairs", [tests / "cases/random_pairs.py", engine, "--seeds", "0:25"]),
        ("calibration", [tests / "cli/lint_calibration_test.py", {"postgresql": "PostgreSQL", "mariadb": "MariaDB", "mysql": "MySQL"}[engine]]),
        ("kill", fault("kill")), ("race", fault("race")), ("lease", fault("lease")), ("behaviour", fault("behaviour")),
    ]


def count(name, output, code):
    """What passed and what failed; a suite that ended without a word has failed once."""
    passed = failed = 0
    if name in ("cases", "random pairs"):
        for match in re.finditer(r"^.*: (\d+) passed, (\d+) failed", output, re.M):
            passed, failed = passed + int(match[1]), failed + int(match[2])
    elif name == "calibration":
        ran = re.search(r"^Ran (\d+) test", output, re.M)
        failed = len(re.findall(r"^(?:FAIL|ERROR): ", output, re.M))
        passed = max(0, int(ran[1]) - failed) if ran else 0
    else:
        failed = len(re.findall(r"^FAILED ", output, re.M))
        passed = {"kill": lambda: sum(map(int, re.findall(r"^\w+: (\d+) runs in", output, re.M))),
                  "race": lambda: sum(map(int, re.findall(r"rounds, (\d+) runs", output))),
                  "lease": lambda: len(re.findall(r"^\w+: lease: ", output, re.M)),
                  "behaviour": lambda: len(re.findall(r"^  \w+: .* s\)$", output, re.M))}[name]() - failed
    return max(0, passed), failed or int(code not in (0, 77))


def environment_of(folder):
    lines = (folder / "env").read_text().splitlines()
    return dict(line.removeprefix("export ").split("=", 1) for line in lines)


def version(engine, environment):
    sys.path.insert(0, str(ROOT / "tests"))
    import servers
    os.environ.update(environment)
    server = servers.SERVERS[engine]
    if engine == "postgresql":
        command = [server.client, "-X", "-A", "-t", server.url, "-c", "SHOW server_version"]
    else:
        command = [server.client, *server.mysql_options(), "-N", "-e", "SELECT version()"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()[0]


def run_server(name, only):
    """The table's row: name, version or why there is none, results by suite; None where the server cannot be had."""
    engine = name.split("-")[0]
    log = OUT / name
    log.mkdir(parents=True, exist_ok=True)
    folder = pathlib.Path(tempfile.mkdtemp(prefix="migrate-server-", dir="/tmp"))
    try:
        started = subprocess.run([ROOT / "scripts/servers", "start", folder, str(os.getpid()), name], capture_output=True, text=True, env={**os.environ, **OPTIONS})
        if started.returncode != 0:
            reason = (started.stderr.strip().splitlines() or ["it did not start"])[-1]
            print(f"{name}: {reason}", flush=True)
            return name, reason, None if started.returncode == 77 else {"start": (0, 1)}
        found = environment_of(folder)
        for key in [key for key in os.environ if key.startswith("MIGRATE_TEST_") and key != "MIGRATE_TEST_CORPORA"]:
            del os.environ[key]
        number = version(engine, found)
        results = {}
        for suite, command in suites(engine):
            if only and suite not in only:
                continue
            began = time.monotonic()
            done = subprocess.run([sys.executable, *map(str, command)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
                                  stdin=subprocess.DEVNULL, env={**os.environ, "MIGRATE_PROGRAM": PROGRAM}, cwd=ROOT)
            (log / f"{suite.replace(' ', '_')}.log").write_text(done.stdout)
            results[suite] = count(suite, done.stdout, done.returncode)
            print(f"{name} ({number}): {suite}: {results[suite][0]} passed, {results[suite][1]} failed, {time.monotonic() - began:.0f} s", flush=True)
        return name, number, results
    finally:
        subprocess.run([ROOT / "scripts/servers", "stop", folder], check=False)


def table(rows):
    print(f"\n{'server':18} {'version':26} {'passed':>7} {'failed':>7}  failed in")
    total = [0, 0]
    for name, number, results in rows:
        if results is None:
            print(f"{name:18} {'not to be had':26} {'-':>7} {'-':>7}")
            continue
        passed, failed = (sum(result[i] for result in results.values()) for i in (0, 1))
        total = [total[0] + passed, total[1] + failed]
        print(f"{name:18} {number[:26]:26} {passed:7} {failed:7}  {', '.join(f'{suite} {bad}' for suite, (_, bad) in results.items() if bad)}")
    skipped = sum(results is None for _, _, results in rows)
    print(f"\n{total[0]} passed, {total[1]} failed" + (f", {skipped} skipped" if skipped else ""))
    return total[1]


def main():
    known = subprocess.run([ROOT / "scripts/unpack-server", "--list"], capture_output=True, text=True, check=True).stdout.split()
    names = known if sys.argv[1] == "all" else sys.argv[1].split(",")
    unknown = [name for name in names if name not in known + ["postgresql", "mariadb", "mysql"]]
    if unknown:
        sys.exit(f"there is no server {', '.join(unknown)}; there are: {' '.join(known)}")
    corpora = ROOT.parent / "shared" / "corpora"
    if "MIGRATE_TEST_CORPORA" not in os.environ and corpora.is_dir():
        os.environ["MIGRATE_TEST_CORPORA"] = str(corpora)
    rows = [run_server(name, sys.argv[2:]) for name in names]
    failed = table(rows)
    missing = any(results is None for _, _, results in rows) and sys.argv[1] != "all"
    return 1 if failed or missing else 0


if __name__ == "__main__":
    sys.exit(main())
