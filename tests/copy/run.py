#!/usr/bin/env python3
"""Copies a table of every kind of value from every engine to every other, and compares what arrived by the engines' own clients.

  run.py PROGRAM [--engines A,B,...] [--rows N] [--seed N] [--keep]"""
import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent))
sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent / "cli"))

import kinds
import oracle
from servers import SERVERS
from support import Database


def fill(database, seed, count):
    engine = database.engine
    quote = "`" if engine in kinds.MYSQL else '"'
    columns = kinds.columns(engine)
    statements = []
    if engine == "postgresql":
        statements.append("CREATE TYPE mood AS ENUM ('sad', 'ok', 'very happy')")
    listed = ", ".join(f"{quote}{column.name}{quote} {column.type}" for column in columns)
    tail = " CHARACTER SET utf8mb4" if engine in kinds.MYSQL else ""
    statements.append(f"CREATE TABLE kinds (id bigint NOT NULL PRIMARY KEY, {listed}){tail}" if engine != "sqlite" else f"CREATE TABLE kinds (id integer NOT NULL PRIMARY KEY, {listed})")
    statements.append(f"CREATE TABLE keyless (id integer, t text){tail}")
    rows = kinds.rows(engine, seed, count)
    for number, row in enumerate(rows, 1):
        statements.append(f"INSERT INTO kinds VALUES ({number}, {', '.join(kinds.literal(engine, column, value) for column, value in zip(columns, row))})")
        statements.append(f"INSERT INTO keyless VALUES ({number % 7}, 'row {number % 3}')")
    oracle.run_script(database, statements)
    return columns, rows


def expected_rejects(columns, rows, source, target):
    return {number for number, row in enumerate(rows, 1) if not all(kinds.fits(column, value, target, source) for column, value in zip(columns, row))}


def one_pair(program, source, target, columns, rows, folder):
    """Returns what is wrong, a line each."""
    report = folder / f"{source.engine}-{target.engine}.json"
    done = subprocess.run([program, "copy", source.url, target.url, "--on-error", "report", "--report", str(report), "--no-input"], capture_output=True, encoding="utf-8", errors="replace", timeout=600)
    problems = []
    if done.returncode not in (0, 3):
        return [f"exit code {done.returncode}: {done.stderr[-1500:]}"]
    told = json.loads(report.read_text())
    here, there = oracle.read(source, "kinds", columns), oracle.read(target, "kinds", columns)
    expected = expected_rejects(columns, rows, source.engine, target.engine)
    rejected = {int(row["key"].split("'")[1] if "'" in row["key"] else row["key"].split()[-1]) for row in told["rejected"]}
    if rejected != expected:
        names = lambda numbers: [(number, next((column.name, value) for column, value in zip(columns, rows[number - 1]) if True)) for number in sorted(numbers)][:5]
        detail = {row["key"]: (row["column"], row["value"], row["why"]) for row in told["rejected"]}
        problems.append(f"rejected too much: {[(n, [d for k, d in detail.items() if str(n) in k][:1]) for n in sorted(rejected - expected)][:6]}")
        missing = sorted(expected - rejected)
        problems.append(f"not rejected: {[(n, [(c.name, v) for c, v in zip(columns, rows[n - 1]) if not kinds.fits(c, v, target.engine, source.engine)]) for n in missing][:6]}")
    for number, row in here.items():
        if number in rejected:
            if number in there:
                problems.append(f"row {number} was rejected and is there")
            continue
        if number not in there:
            problems.append(f"row {number} is missing")
            continue
        for column, a, b in zip(columns, row, there[number]):
            if a != b:
                problems.append(f"row {number}, {column.name} ({column.type}): {a!r} became {b!r}")
    if set(there) - set(here):
        problems.append(f"rows too many: {sorted(set(there) - set(here))[:5]}")
    for table in told["tables"]:
        if table["differences"]:
            problems.append(f"migrate found differences in {table['table']}: {table['differences']}, {told['differing'][:3]}")
        if table["verified"] != "full":
            problems.append(f"{table['table']} was not verified")
    count = "SELECT id, count(*) FROM keyless GROUP BY id ORDER BY id"
    if [[int(v) for v in row] for row in counted(source, count)] != [[int(v) for v in row] for row in counted(target, count)]:
        problems.append("the table without a key differs")
    return problems


def counted(database, sql):
    if database.engine != "sqlite":
        return oracle.client(database, sql)
    import sqlite3
    connection = sqlite3.connect(database.file)
    rows = connection.execute(sql).fetchall()
    connection.close()
    return rows


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("--engines", default="sqlite,postgresql,mariadb,mysql")
    parser.add_argument("--from", dest="source", default="")
    parser.add_argument("--rows", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    engines = [engine for engine in arguments.engines.split(",") if engine == "sqlite" or SERVERS[engine].url]
    if arguments.source and arguments.source not in engines:
        print(f"{arguments.source}: no such server here")
        return 77
    bad = 0
    with tempfile.TemporaryDirectory(prefix="migrate-copy-") as folder:
        folder = pathlib.Path(folder)
        for engine in [arguments.source] if arguments.source else engines:
            source = Database(engine, folder)
            try:
                columns, rows = fill(source, arguments.seed, arguments.rows)
                for other in engines:
                    target = Database(other, folder)
                    try:
                        problems = one_pair(arguments.program, source, target, columns, rows, folder)
                    finally:
                        target.drop()
                    print(f"{engine} -> {other}: {'right' if not problems else f'{len(problems)} problems'}", flush=True)
                    for problem in problems[:12]:
                        print("   ", problem)
                    bad += bool(problems)
            finally:
                source.drop()
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
