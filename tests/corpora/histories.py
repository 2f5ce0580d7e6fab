#!/usr/bin/env python3
"""Runs the upgrade histories of real projects as units: up to head, inspected, and back as far as the projects' own downs go.

    MIGRATE_PROGRAM=build/migrate MIGRATE_TEST_CORPORA=FOLDER tests/corpora/histories.py [NAME...]
"""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.parse

PROGRAM = os.environ.get("MIGRATE_PROGRAM", "build/migrate")
CORPORA = os.environ.get("MIGRATE_TEST_CORPORA")
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from servers import SERVERS

# The folder of a history's steps, and the engines that they are for.
ENGINES = {"sqlite": ["sqlite"], "postgres": ["postgresql"], "mysql": ["mariadb", "mysql"]}

# Steps that this server refuses.
REFUSED = {
    ("ory-kratos", "mariadb"): ("Field 'created_at' doesn't have a default value", "cannot be used in the GENERATED ALWAYS AS clause"),
}


def client(engine, url, sql):
    server = SERVERS[engine]
    if engine == "postgresql":
        command = [server.client, "-q", "-X", "-v", "ON_ERROR_STOP=1", url, "-c", sql]
    else:
        command = [server.client, *server.mysql_options(), "-e", sql]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def fresh_database(engine, folder, name):
    if engine == "sqlite":
        return f"sqlite:///{folder}/app.db"
    client(engine, SERVERS[engine].url, f"DROP DATABASE IF EXISTS {name}")
    client(engine, SERVERS[engine].url, f"CREATE DATABASE {name}")
    return SERVERS[engine].url_of(name)


def drop_database(engine, name):
    if engine != "sqlite":
        client(engine, SERVERS[engine].url, f"DROP DATABASE IF EXISTS {name}")


def write_units(source, folder):
    """One unit for each step; returns how many."""
    os.makedirs(f"{folder}/migrations")
    ups = sorted(f for f in os.listdir(source) if f.endswith(".up.sql"))
    previous = None
    for number, up in enumerate(ups, 1):
        revision = f"{number:04d}-{number:06x}"
        down = os.path.join(source, up.replace(".up.sql", ".down.sql"))
        with open(os.path.join(source, up), encoding="utf-8") as file:
            text = file.read()
        back = open(down, encoding="utf-8").read() if os.path.exists(down) else ""
        header = f"-- revision: {revision}\n" + (f"-- parents: {previous}\n" if previous else "") + f"-- message: {up[:-7]}\n"
        if "CONCURRENTLY" in (text + back).upper():
            header += "-- transaction: off\n"
        section = f"\n-- migrate: downgrade\n{back}" if back.strip() else "\n-- migrate: downgrade none\n"
        with open(f"{folder}/migrations/{up[:-7]}.sql", "w", encoding="utf-8") as file:
            file.write(header + "\n-- migrate: upgrade\n" + text + "\n" + section)
        previous = revision
    return len(ups)


def migrate(folder, *arguments):
    return subprocess.run([os.path.abspath(PROGRAM), "-c", f"{folder}/migrate.yaml", *arguments], capture_output=True, text=True)


def skip_refused(folder, corpus, engine, error):
    """Takes the statement that the server refuses out of its unit, if it is a known one."""
    words = REFUSED.get((corpus, engine), ())
    place = re.search(r"error: (\S+?):(\d+)", error)
    if not place or not any(word in error for word in words):
        return False
    with open(place[1], encoding="utf-8") as file:
        lines = file.read().split("\n")
    start = end = int(place[2]) - 1
    while not lines[end].rstrip().endswith(";") and end + 1 < len(lines):
        end += 1
    lines[start:end + 1] = ["-- left out"]
    with open(place[1], "w", encoding="utf-8") as file:
        file.write("\n".join(lines))
    return True


def run(corpus, steps, engine):
    folder = tempfile.mkdtemp(prefix="migrate-history-")
    name = f"history_{corpus.replace('-', '_')}_{os.getpid()}"
    try:
        count = write_units(os.path.join(CORPORA, corpus, steps), folder)
        url = fresh_database(engine, folder, name)
        with open(f"{folder}/migrate.yaml", "w", encoding="utf-8") as file:
            file.write(f"database: {json.dumps(url)}\n")
        started = time.time()
        left_out = 0
        result = migrate(folder, "upgrade", "head", "-q")
        while result.returncode != 0 and left_out < 10 and skip_refused(folder, corpus, engine, result.stderr):
            left_out += 1
            result = migrate(folder, "upgrade", "head", "-q")
        if result.returncode != 0:
            return f"upgrade: {result.stderr.strip()}"
        seconds = time.time() - started
        for step in (["inspect", "-o", f"{folder}/model.yaml"], ["check"], ["revision", "-a", "-m", "again"]):
            result = migrate(folder, *step)
            if result.returncode != 0:
                return f"{' '.join(step)}: {(result.stdout + result.stderr).strip()}"
        if "nothing to do" not in result.stdout:
            return "a second autogenerate found: " + result.stderr.strip()
        result = migrate(folder, "downgrade", "-1", "-q")
        print(f"{corpus} {engine}: {count} steps in {seconds:.1f} s" + (f", {left_out} statements left out" if left_out else ""))
        return None
    finally:
        drop_database(engine, name)
        shutil.rmtree(folder, ignore_errors=True)


def main():
    if not CORPORA:
        print("MIGRATE_TEST_CORPORA is not set: skipped")
        return 77
    failed = 0
    for corpus in sorted(os.listdir(CORPORA)):
        for steps, engine in ((steps, engine) for steps, engines in ENGINES.items() for engine in engines):
            if not os.path.isdir(os.path.join(CORPORA, corpus, steps)) or (len(sys.argv) > 1 and f"{corpus}/{engine}" not in sys.argv[1:]):
                continue
            if engine != "sqlite" and not SERVERS[engine].url:
                print(f"{corpus} {engine}: no server, skipped")
                continue
            problem = run(corpus, steps, engine)
            if problem:
                failed += 1
                print(f"{corpus} {engine}: FAILED\n  " + problem.replace("\n", "\n  "))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
