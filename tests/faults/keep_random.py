#!/usr/bin/env python3
"""Losses by chance: a unit of random statements that drop, delete, update and change types, and a way back that makes the places again.
The rows of before are there again, by the engine's own client; then the same with a kill at a random boundary of each way. At last a
table of more rows than are kept at a time, killed in the middle of it.

  keep_random.py PROGRAM [--engine NAME] [--rounds N] [--rows N] [--seed N]
"""
import argparse
import json
import os
import random
import re
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import support

TYPES = {"number": "integer", "text": "varchar(40)", "amount": "decimal(12,2)"}
WIDER = {"integer": "bigint", "varchar(40)": "varchar(60)"}
NARROWER = {"varchar(40)": "varchar(3)", "decimal(12,2)": "decimal(12,0)"}


class Table:
    def __init__(self, chance, name, rows):
        self.name = name
        self.columns = {f"c{i}": chance.choice(list(TYPES.values())) for i in range(chance.randint(2, 5))}
        self.rows = [[self.value(chance, kind) for kind in self.columns.values()] for _ in range(rows)]

    @staticmethod
    def value(chance, kind):
        if chance.random() < 0.15:
            return "null"
        if kind == "integer":
            return str(chance.randint(-50, 1000))
        if kind.startswith("varchar"):
            letters = "".join(chance.choice("abz é'\\;%_" if chance.random() < 0.3 else "abcxyz") for _ in range(chance.randint(0, 12)))
            return "'" + letters.replace("'", "''") + "'"
        return f"{chance.randint(-999, 99999)}.{chance.randint(10, 99)}"

    def create(self):
        return f"create table {self.name} (id integer primary key, {', '.join(f'{name} {kind}' for name, kind in self.columns.items())});"

    def fill(self, dialect):
        rows = ", ".join(f"({number}, {', '.join(row)})" for number, row in enumerate(self.rows, 1))
        return f"insert into {self.name} values {rows.replace(chr(92), chr(92) * 2) if dialect == 'mysql' else rows};"


def condition(chance, table, other):
    """A WHERE over the table that every engine reads the same, and whose rows stay the same while it is asked."""
    def one():
        name, kind = chance.choice(list(table.columns.items()))
        text = kind.startswith("varchar")
        return chance.choice([f"{name} is null", f"{name} is not null", f"id % {chance.randint(2, 4)} = {chance.randint(0, 1)}", f"id between {chance.randint(1, 9)} and {chance.randint(5, 30)}",
                              f"{name} like 'a%'" if text else f"{name} > {chance.randint(-10, 500)}", f"length({name}) > {chance.randint(1, 6)}" if text else f"{name} <= {chance.randint(0, 900)}",
                              f"id in (select id from {other.name} where id % 3 = 0)", f"exists (select 1 from {other.name} o where o.id = {table.name}.id + {chance.randint(1, 5)})"])
    parts = [one() for _ in range(chance.randint(1, 3))]
    parts = [f"not ({part})" if chance.random() < 0.2 else f"({part})" for part in parts]
    return chance.choice([" and ", " or "]).join(parts)


def new_value(chance, name, kind):
    if kind.startswith("varchar"):
        return chance.choice([f"upper({name})", "null", "'it''s'", f"replace({name}, 'a', 'b')"])
    return chance.choice([f"{name} + 1", "null", "7", f"{name} * 2", "id"])


def losses(chance, tables, dialect):
    """Statements of a unit and of its way back."""
    up, down = [], []
    there = {table.name: dict(table.columns) for table in tables}
    for _ in range(chance.randint(1, 5)):
        table = chance.choice(tables)
        if table.name not in there:
            continue
        columns = there[table.name]
        other = next(one for one in tables if one is not table)
        where = condition(chance, type("Now", (), {"name": table.name, "columns": columns}), other) if columns and other.name in there else f"id > {chance.randint(0, 20)}"
        what = chance.choice(["delete", "delete", "update", "update", "column", "type", "table", "all"])
        if what == "delete":
            up.append(f"delete from {table.name} where {where};")
        elif what == "all":
            up.append(chance.choice([f"delete from {table.name};", f"truncate table {table.name};" if dialect != "sqlite" else f"delete from {table.name};"]))
        elif what == "update" and columns:
            some = chance.sample(list(columns.items()), min(len(columns), chance.randint(1, 2)))
            up.append(f"update {table.name} set {', '.join(f'{name} = {new_value(chance, name, kind)}' for name, kind in some)} where {where};")
        elif what == "column" and len(columns) > 1:
            name = chance.choice(list(columns))
            up.append(f"alter table {table.name} drop column {name};")
            down.insert(0, f"alter table {table.name} add column {name} {columns.pop(name)};")
        elif what == "type" and dialect != "sqlite":
            to = chance.choice([WIDER, NARROWER])
            changing = [name for name, kind in columns.items() if kind in to and table.columns[name] == kind]
            if not changing:
                continue
            name = chance.choice(changing)
            old, new = columns[name], to[columns[name]]
            columns[name] = new
            using = f" using left({name}, 3)" if new == "varchar(3)" else ""
            up.append(f"alter table {table.name} alter column {name} type {new}{using};" if dialect == "postgresql" else f"set sql_mode = ''; alter table {table.name} modify {name} {new};")
            down.insert(0, f"alter table {table.name} alter column {name} type {old};" if dialect == "postgresql" else f"alter table {table.name} modify {name} {old};")
        elif what == "table":
            up.append(f"drop table {table.name};")
            down.insert(0, Now(table.name, columns).create())
            del there[table.name]
    return up, down or ["select 1;"], there


class Now(Table):
    def __init__(self, name, columns):
        self.name, self.columns = name, dict(columns)


class Project:
    def __init__(self, program, engine, folder, units, settings="keep: 30d\n"):
        self.program, self.engine, self.folder = os.path.abspath(program), engine, folder
        os.makedirs(folder, exist_ok=True)
        support.write_project(folder, engine, units, settings)

    def run(self, *words, point=None):
        environment = dict(os.environ, **({} if point is None else {"MIGRATE_TEST_CRASH_AT": str(point)}))
        return subprocess.run([self.program, "-c", os.path.join(self.folder, "migrate.yaml"), *words, *(["--yes"] if words[0] != "kept" else [])], env=environment, capture_output=True, text=True, timeout=300)

    def must(self, *words, point=None):
        """Runs; killed at a boundary it runs again. Returns how many boundaries there are, when none was chosen."""
        done = self.run(*words, point=point)
        if done.returncode == -signal.SIGKILL:
            done = self.run(*words)
        if done.returncode != 0:
            raise AssertionError(f"{' '.join(words)} (killed at {point}): exit {done.returncode}: {done.stderr}")
        found = re.search(r"crash points: (\d+)", done.stderr)
        return int(found.group(1)) if found else 0


def rows_of(engine, tables):
    return {table.name: engine.rows(f"select id, {', '.join(table.columns)} from {table.name} order by id") for table in tables}


def check(what, found, wanted):
    for name in wanted:
        if found[name] != wanted[name]:
            gone = [row for row in wanted[name] if row not in found[name]]
            more = [row for row in found[name] if row not in wanted[name]]
            raise AssertionError(f"{what}: {name}: missing {gone[:5]}, too many {more[:5]}")


def random_round(program, engine, folder, chance):
    tables = [Table(chance, name, chance.randint(8, 30)) for name in ("ta", "tb", "tc")]
    first = "\n".join(table.create() + "\n" + table.fill(engine.dialect) for table in tables)
    up, down, there = losses(chance, tables, engine.dialect)
    if not up:
        return 0
    header = "-- transaction: off\n" if chance.random() < 0.3 else ""
    project = Project(program, engine, folder, [("", first, "select 1;"), (header, "\n".join(up), "\n".join(down))])
    points = (0, 0)
    for kill in (False, True):
        engine.reset()
        project.must("upgrade", "1")
        before = rows_of(engine, tables)
        chosen = [chance.randint(1, most) if kill and most else 0 for most in points]
        at = (project.must("upgrade", "head", point=chosen[0]),)
        # Rows that come in meanwhile stay.
        for name, columns in there.items():
            execute(engine, f"insert into {name} (id{''.join(', ' + column for column in columns)}) values (500{', null' * len(columns)});")
        at += (project.must("downgrade", "1", point=chosen[1]),)
        points = points if kill else at
        wanted = {table.name: before[table.name] + ([["500"] + ["NULL" if engine.dialect == "mysql" else ""] * len(table.columns)] if table.name in there else []) for table in tables}
        check(f"killed at {chosen}" if kill else "undisturbed", rows_of(engine, tables), wanted)
        left = json.loads(project.run("kept", "--json").stdout or "[]")
        if left:
            raise AssertionError(f"still kept: {left}")
    return len(up)


def execute(engine, sql):
    if engine.name == "sqlite":
        import sqlite3
        with sqlite3.connect(engine.path) as connection:
            connection.executescript(sql)
    else:
        engine.sql(sql)


MANY = {"postgresql": "insert into many select i, 'value ' || i from generate_series(1, {rows}) i;",
        "sqlite": "insert into many with recursive n(i) as (select 1 union all select i + 1 from n where i < {rows}) select i, 'value ' || i from n;",
        "mysql": "insert into many with recursive n(i) as (select 1 union all select i + 1 from n where i < {rows}) select i, concat('value ', i) from n;"}


def ranges(program, engine, folder, chance, rows):
    """A column of more rows than are kept at a time, where each time commits: cut off between them the same command goes on."""
    fill = MANY[engine.dialect].format(rows=rows)
    if engine.name == "mariadb":
        fill = f"set max_recursive_iterations = {rows + 1};\n" + fill
    elif engine.dialect == "mysql":
        fill = f"set cte_max_recursion_depth = {rows + 1};\n" + fill
    units = [("", f"create table many (id integer primary key, note varchar(40));\n{fill}", "select 1;"),
             ("-- transaction: off\n", "alter table many drop column note;", "alter table many add column note varchar(40);")]
    project = Project(program, engine, folder, units)
    query = "select count(*), min(note), max(note), sum(length(note)), sum(id * length(note)) from many"
    engine.reset()
    project.must("upgrade", "1")
    before = engine.rows(query)
    points = project.must("upgrade", "head", point=0)
    kept = engine.rows("select count(*) from schema_versions_kept_1")
    if kept != [[str(rows)]]:
        raise AssertionError(f"{kept} rows are kept of {rows}")
    project.must("downgrade", "1")
    if engine.rows(query) != before:
        raise AssertionError("the column does not come back")
    for _ in range(2):
        project.must("upgrade", "head", point=chance.randint(points // 3, points))
        execute(engine, f"delete from many where id = {rows}; insert into many (id) values ({rows});")  # a row of its own in the meantime
        project.must("downgrade", "1")
        if engine.rows(query) != before:
            raise AssertionError(f"killed between ranges: {engine.rows(query)} for {before}")
    return points


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("--engine", action="append")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--rows", type=int, default=25000)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    arguments = parser.parse_args()
    failures = 0
    print(f"seed {arguments.seed}")
    with support.temporary_folder() as folder:
        for engine in support.engines(folder, arguments.engine):
            started, count = time.time(), 0
            for number in range(arguments.rounds):
                chance = random.Random(f"{arguments.seed} {number} {engine.dialect}")
                try:
                    count += random_round(arguments.program, engine, os.path.join(folder, engine.name, str(number)), chance)
                except AssertionError as error:
                    failures += 1
                    with open(os.path.join(folder, engine.name, str(number), "migrations", "0002_unit.sql")) as file:
                        print(f"FAILED {engine.name}, round {number}: {error}\n{file.read()}", flush=True)
            try:
                points = ranges(arguments.program, engine, os.path.join(folder, engine.name, "ranges"), random.Random(arguments.seed), arguments.rows)
            except AssertionError as error:
                failures += 1
                points = 0
                print(f"FAILED {engine.name}, ranges: {error}", flush=True)
            engine.drop()
            print(f"{engine.name}: {count} losses by chance, {arguments.rows} rows in ranges with {points} boundaries, {time.time() - started:.0f} s", flush=True)
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
