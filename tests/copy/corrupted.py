#!/usr/bin/env python3
"""Single values of a copy are spoiled by hand: each is found by its key, and sync mends these rows and no others.

  corrupted.py PROGRAM [--engines A,B,...] [--pair A,B]... [--values N] [--rows N] [--seed N]"""
import argparse
import json
import pathlib
import random
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent))
sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent / "cli"))

import oracle
from run import fill
from servers import SERVERS
from support import Database


def migrate(program, *words):
    return subprocess.run([program, *words, "--no-input"], capture_output=True, encoding="utf-8", errors="replace", timeout=600)


def spoil(target, columns, rows, count, draw):
    """Puts another value of its column in place of some; returns the rows that read otherwise now."""
    quote = "`" if target.dialect == "mysql" else '"'
    statements = []
    ids = sorted(rows)
    for number in draw.sample(ids, min(count, len(ids))):
        place = draw.randrange(len(columns))
        others = [other for other in ids if rows[other][place] != rows[number][place]]
        if not others:
            continue
        name = f"{quote}{columns[place].name}{quote}"
        statements.append(f"UPDATE kinds SET {name} = (SELECT v FROM (SELECT {name} AS v FROM kinds WHERE id = {draw.choice(others)}) o) WHERE id = {number}")
    oracle.run_script(target, statements)
    now = oracle.read(target, "kinds", columns)
    return now, {number for number in ids if now[number] != rows[number]}


def touched(target):
    """Versions of rows, where the engine tells."""
    return {row[0]: row[1:] for row in oracle.client(target, "SELECT id, xmin, ctid FROM kinds")} if target.engine == "postgresql" else {}


def one_pair(program, source, target, columns, options, draw):
    done = migrate(program, "copy", source.url, target.url, "--on-error", "report")
    if done.returncode not in (0, 3):
        return 0, [f"copy: exit code {done.returncode}: {done.stderr[-800:]}"]
    copied = oracle.read(target, "kinds", columns)
    # What did not fit is only in the source, before and after.
    missing = set(oracle.read(source, "kinds", columns)) - set(copied)
    _, spoiled = spoil(target, columns, copied, options.values, draw)
    problems = []
    done = migrate(program, "sync", source.url, target.url, "--dry-run", "--json")
    if done.returncode != 3:
        return len(spoiled), [f"sync --dry-run: exit code {done.returncode}: {done.stderr[-800:]}"]
    told = json.loads(done.stdout)
    found = {int(match.group(1)) for line in told["differing"] if (match := re.match(r"\S*kinds, id '?(\d+)'?: column", line))}
    if found != spoiled:
        problems.append(f"not found: {sorted(spoiled - found)[:5]}; found and not spoiled: {sorted(found - spoiled)[:5]}")
    counts = next(table for table in told["tables"] if table["table"].endswith("kinds"))
    if (counts["different"], counts["only_target"], counts["only_source"]) != (len(spoiled), 0, len(missing)):
        problems.append(f"{counts}, expected {len(spoiled)} different, {len(missing)} only in the source")
    before = touched(target)
    done = migrate(program, "sync", source.url, target.url, "--yes", "--on-error", "report")
    if done.returncode not in (0, 3):
        problems.append(f"sync: exit code {done.returncode}: {done.stderr[-800:]}")
    after = touched(target)
    if changed := {int(number) for number in before if before[number] != after.get(number)} - spoiled:
        problems.append(f"rows that were right were written: {sorted(changed)[:5]}")
    now = oracle.read(target, "kinds", columns)
    if now != copied:
        problems.append(f"not mended: {[(number, now.get(number), copied[number]) for number in copied if now.get(number) != copied[number]][:1]}")
    return len(spoiled), problems


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("--engines", default="sqlite,postgresql,mariadb,mysql")
    parser.add_argument("--pair", action="append")
    parser.add_argument("--values", type=int, default=500)
    parser.add_argument("--rows", type=int, default=1500)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    engines = [engine for engine in options.engines.split(",") if engine == "sqlite" or SERVERS[engine].url]
    pairs = [tuple(pair.split(",")) for pair in options.pair or []] or [(a, b) for a in engines for b in engines]
    bad = 0
    with tempfile.TemporaryDirectory(prefix="migrate-corrupted-") as folder:
        folder = pathlib.Path(folder)
        for name, other in pairs:
            if name not in engines or other not in engines:
                continue
            source, target = Database(name, folder), Database(other, folder)
            try:
                columns, _ = fill(source, options.seed, options.rows)
                count, problems = one_pair(options.program, source, target, columns, options, random.Random(options.seed))
            finally:
                source.drop()
                target.drop()
            print(f"{name} -> {other}: {count} values, {'right' if not problems else f'{len(problems)} problems'}", flush=True)
            for problem in problems:
                print("   ", problem[:1000])
            bad += bool(problems)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
