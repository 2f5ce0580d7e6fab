#!/usr/bin/env python3
"""Every change of the cases is on the review page once, with its SQL both ways, and the page's unit is the one that is written.

    review.py [ENGINE]... [--cases N]      MIGRATE_PROGRAM is the program; 150 cases of each engine by default, 0: all

A change is known by what `diff --format json` says; the page is read with Python's own parser of HTML."""
import argparse
import collections
import concurrent.futures
import json
import os
import pathlib
import re
import shlex
import shutil
import sys
import tempfile
import traceback

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent), str(HERE.parent / "cli")]
os.environ.setdefault("MIGRATE_PROGRAM", str(HERE.parent.parent / "build" / "migrate"))

import engines
import flow
import known_failures
from case_file import Case
from review_page import Page
from tools import Failure


def two_schemas(case, engine, folder, label, log):
    x, y = engine.create(label + "_x", folder), engine.create(label + "_y", folder)
    x.execute(case.text("before"))
    y.execute(case.text("after"))
    project = flow.Project(folder, log)
    flow.start(case, project, x)
    x.execute(case.text("rows"))
    flow.put_model(case, project, y)
    return project, (x, y)


def two_models(case, engine, folder, label, log):
    x = engine.create(label + "_p", folder)
    project = flow.Project(folder, log)
    project.migrate("init", ".", "--database", x.url)
    if case.has("model 2"):
        (project.folder / "model.yaml").write_text(case.text("model") + "\n")
        project.autogenerate()
        project.migrate("upgrade", "head")
        x.execute(case.text("rows"))
    (project.folder / "model.yaml").write_text(case.text("model 2" if case.has("model 2") else "model") + "\n")
    return project, (x,)


def section(unit, direction):
    """The text of a section of a unit."""
    return unit.split(f"-- migrate: {direction}\n", 1)[1].split("\n-- migrate: ", 1)[0].strip()


def silent(case, change):
    """Whether other statements may do it: columns of children change with those of their parents; an order of columns is one of a new table."""
    return "inherit" in (case.text("before") + case.text("after")).lower() or change.title.startswith("reorder the columns")


def plain(text):
    """Without what a page shows as an escape: what moves a cursor or turns the direction of writing."""
    text = text.replace("\r\n", "\n")
    return re.sub("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]|\\\\x[0-9a-f]{2}|\\\\u\\{?[0-9a-fA-F]{4}\\}?", "?", text)


def check(case, project):
    arguments = shlex.split(case.text("args"))
    told = collections.Counter(plain(change["change"]) for change in json.loads(project.migrate("diff", "--format", "json", *arguments, expect=(0, 3)).stdout))
    project.migrate("review", "-o", "page.html", *arguments)
    page = Page((project.folder / "page.html").read_text())
    page.check_sealed()
    shown = collections.Counter(plain(change.title) for change in page.changes)
    if shown != told:
        raise Failure(f"the page has {dict(shown - told)} and lacks {dict(told - shown)}")
    for change in page.changes:
        if len(change.sql) != 2 and not silent(case, change):
            raise Failure(f"{change.title}: SQL of {len(change.sql)} directions: {change.text}")
    unit = project.autogenerate(*arguments)
    if unit is None:
        if told:
            raise Failure("nothing was written")
        return 0
    for direction in ("upgrade", "downgrade"):
        wanted, found = plain(section(unit.read_text(), direction)), plain(page.texts.get(direction, "").strip())
        if found != wanted:
            raise Failure(f"the {direction} on the page is another one: {found}\n-----\n{wanted}")
        for change in page.changes:
            for line in plain("" if len(change.sql) != 2 else change.sql[direction == "downgrade"]).removesuffix(";").split("\n"):
                if line not in wanted:
                    raise Failure(f"{change.title}: {line} is not in the unit")
    return sum(told.values())


def run_one(job):
    path, engine, number = job
    folder, log, databases = tempfile.mkdtemp(prefix="migrate-review-"), [], ()
    case = Case(path)
    try:
        project, databases = (two_models if case.has("model") else two_schemas)(case, engine, folder, f"r{number}", log)
        return path, engine, None, check(case, project)
    except Failure as failure:
        return path, engine, failure, 0
    except Exception:
        return path, engine, Failure(traceback.format_exc()), 0
    finally:
        for database in databases:
            database.drop()
        shutil.rmtree(folder, ignore_errors=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("engines", nargs="*")
    parser.add_argument("--cases", type=int, default=150)
    arguments = parser.parse_args()
    jobs, found = [], engines.available(arguments.engines)
    for engine in found:
        paths = [path for folder in (engine.dialect, "portable") for path in sorted((HERE / folder).glob("*.case"))]
        fit = []
        for path in paths:
            case = Case(path)
            lines = case.lines("engines")
            if any(case.has(name) for name in ("refuse", "skip", "roles", "differs", "config")) or (lines and not known_failures.covers(lines[0].split(), engine)):
                continue
            fit.append(path)
        step = 1 if arguments.cases == 0 else max(1, len(fit) / arguments.cases)
        jobs += [(fit[int(i * step)], engine, len(jobs) + i) for i in range(int(len(fit) / step))]
    failures, changes = 0, 0
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for path, engine, failure, count in pool.map(run_one, jobs):
            changes += count
            if failure:
                failures += 1
                print(f"{engine.name}/{path.stem}: {failure}")
    for engine in found:
        engine.close()
    if not found:
        return 77
    print(f"{len(jobs)} cases, {changes} changes, {failures} failures")
    return 1 if failures or not jobs else 0


if __name__ == "__main__":
    sys.exit(main())
