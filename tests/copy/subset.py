#!/usr/bin/env python3
"""Random databases with keys of every shape (cycles, rows that refer to themselves, composite keys, keys to unique columns), subsets of
them, and a closure worked out here: what --subset chose has to be exactly that, on every engine, and all keys have to hold.

  subset.py PROGRAM [--seeds A:B] [--engines A,B,...]"""
import argparse
import json
import pathlib
import random
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent))
sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent / "cli"))

import oracle
from run import counted
from servers import SERVERS
from support import Database


class Graph:
    """Tables t0, t1, ... with rows; keys are (child, columns, parent, columns)."""

    def __init__(self, seed):
        draw = random.Random(seed)
        self.tables = [f"t{i}" for i in range(draw.randint(2, 6))]
        self.keys, self.rows = [], {}
        self.composite = {table: draw.random() < 0.3 for table in self.tables}
        for child in self.tables:
            for parent in draw.sample(self.tables, draw.randint(0, min(2, len(self.tables)))):
                way = "code" if draw.random() < 0.3 else "key"
                self.keys.append((child, f"r{len(self.keys)}", parent, way))
            if draw.random() < 0.3:
                self.keys.append((child, f"r{len(self.keys)}", child, "key"))
        for table in self.tables:
            self.rows[table] = [{"id": n, "part": n % 3, "code": 1000 + n} for n in range(1, draw.randint(5, 40))]
        for child, column, parent, way in self.keys:
            for row in self.rows[child]:
                row[column] = draw.choice(self.rows[parent]) if draw.random() < 0.7 else None
        self.start = draw.choice(self.tables)
        self.limit = draw.randint(1, 5)
        self.children = [table for table in self.tables if draw.random() < 0.2]

    def columns_of(self, table):
        return [(column, parent, way) for child, column, parent, way in self.keys if child == table]

    def script(self, engine):
        quote = lambda text: text
        out = []
        for table in self.tables:
            columns = ["id integer NOT NULL", "part integer NOT NULL", "code integer NOT NULL"]
            for column, parent, way in self.columns_of(table):
                columns.append(f"{column} integer")
                if way == "key" and self.composite[parent]:
                    columns.append(f"{column}_part integer")
            columns.append("PRIMARY KEY (id, part)" if self.composite[table] else "PRIMARY KEY (id)")
            columns.append(f"CONSTRAINT uq_{table} UNIQUE (code)")
            if engine == "sqlite":
                columns += [self.key_sql(child, column, parent, way) for child, column, parent, way in self.keys if child == table]
            out.append(f"CREATE TABLE {table} ({', '.join(columns)})")
        for table in self.tables:
            for row in self.rows[table]:
                names, values = ["id", "part", "code"], [row["id"], row["part"], row["code"]]
                for column, parent, way in self.columns_of(table):
                    other = row[column]
                    names.append(column)
                    values.append("NULL" if other is None else other["code"] if way == "code" else other["id"])
                    if way == "key" and self.composite[parent]:
                        names.append(f"{column}_part")
                        values.append("NULL" if other is None else other["part"])
                out.append(f"INSERT INTO {table} ({', '.join(names)}) VALUES ({', '.join(map(str, values))})")
        if engine != "sqlite":
            out += [f"ALTER TABLE {key[0]} ADD {self.key_sql(*key)}" for key in self.keys]
        return out

    def key_sql(self, child, column, parent, way):
        if way == "code":
            return f"CONSTRAINT fk_{child}_{column} FOREIGN KEY ({column}) REFERENCES {parent} (code)"
        if self.composite[parent]:
            return f"CONSTRAINT fk_{child}_{column} FOREIGN KEY ({column}, {column}_part) REFERENCES {parent} (id, part)"
        return f"CONSTRAINT fk_{child}_{column} FOREIGN KEY ({column}) REFERENCES {parent} (id)"

    def closure(self):
        chosen = {table: set() for table in self.tables}
        waiting = [(self.start, row) for row in self.rows[self.start][:self.limit]]
        while waiting:
            table, row = waiting.pop()
            if row["id"] in chosen[table]:
                continue
            chosen[table].add(row["id"])
            for column, parent, _ in self.columns_of(table):
                if row[column] is not None:
                    waiting.append((parent, row[column]))
            for child, column, parent, _ in self.keys:
                if parent == table and child in self.children:
                    waiting += [(child, other) for other in self.rows[child] if other[column] is row]
        return {table: sorted(ids) for table, ids in chosen.items()}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("--seeds", default="0:6")
    parser.add_argument("--engines", default="sqlite,postgresql,mariadb,mysql")
    arguments = parser.parse_args()
    engines = [engine for engine in arguments.engines.split(",") if engine == "sqlite" or SERVERS[engine].url]
    first, last = map(int, arguments.seeds.split(":"))
    bad = 0
    with tempfile.TemporaryDirectory(prefix="migrate-subset-") as folder:
        folder = pathlib.Path(folder)
        for seed in range(first, last):
            graph = Graph(seed)
            expected = graph.closure()
            for number, engine in enumerate(engines):
                source, target = Database(engine, folder), Database(engines[(number + seed) % len(engines)], folder)
                try:
                    oracle.run_script(source, graph.script(engine))
                    options = ["--subset", f"{graph.start} limit {graph.limit}"] + (["--children", ",".join(graph.children)] if graph.children else [])
                    done = subprocess.run([arguments.program, "copy", source.url, target.url, *options, "--no-input"], capture_output=True, encoding="utf-8")
                    if done.returncode != 0:
                        print(f"seed {seed}, {engine} -> {target.engine}: {done.stderr}")
                        bad += 1
                        continue
                    found = {table: sorted(int(row[0]) for row in counted(target, f"SELECT id FROM {table}")) for table in graph.tables}
                    if found != expected:
                        print(f"seed {seed}, {engine} -> {target.engine}: {found}, expected {expected}")
                        bad += 1
                finally:
                    source.drop()
                    target.drop()
    print("subsets are what they should be" if not bad else f"{bad} are wrong")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
