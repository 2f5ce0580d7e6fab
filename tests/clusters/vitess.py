#!/usr/bin/env python3
"""Runs on a Vitess that somebody has made.

  MIGRATE_TEST_VITESS=mysql://root@127.0.0.1:15306/control vitess.py PROGRAM [--kills N] [--seed N] [--slow]

The URL names a keyspace with one shard; another one with several is looked for (SHOW VITESS_SHARDS) and used too. The user may change
the VSchema. All tables of both are dropped. Compared are SHOW CREATE TABLE of every shard and the rows, as MySQL's own client tells them.
--slow adds a statement that takes longer than a lock of a session lives. Without the variable it prints one line, and ends with 77.
"""
import argparse
import os
import random
import re
import subprocess
import sys
import tempfile
import time
import urllib.parse

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "faults")]
import support  # noqa: E402

UNITS = [
    ("", """CREATE TABLE ran (unit int PRIMARY KEY);
CREATE TABLE users (id bigint PRIMARY KEY, name varchar(50) NOT NULL);
INSERT INTO users (id, name) VALUES (1, 'a'), (2, 'b'), (3, 'c'), (4, 'd'), (5, 'e'), (6, 'f');
INSERT INTO ran (unit) VALUES (1);""", "DROP TABLE users;\nDROP TABLE ran;"),
    ("", """ALTER TABLE users ADD COLUMN age int;
CREATE INDEX ix_users_name ON users (name);
ALTER TABLE users RENAME COLUMN name TO full_name;
INSERT INTO ran (unit) VALUES (2);""", """DELETE FROM ran WHERE unit = 2;
ALTER TABLE users RENAME COLUMN full_name TO name;
DROP INDEX ix_users_name ON users;
ALTER TABLE users DROP COLUMN age;"""),
    ("", """UPDATE users SET age = 20;
ALTER TABLE users MODIFY COLUMN age bigint NOT NULL, ADD CONSTRAINT ck_users_age CHECK (age > 0);
CREATE TABLE orders (id bigint PRIMARY KEY, user_id bigint NOT NULL, KEY ix_orders_user (user_id));
INSERT INTO ran (unit) VALUES (3);""", """DELETE FROM ran WHERE unit = 3;
DROP TABLE orders;
ALTER TABLE users DROP CONSTRAINT ck_users_age, MODIFY COLUMN age int;"""),
]

MODEL = """tables:
  users:
    columns:
      id: bigint
      name: {type: varchar(100), null: false, default: nobody}
      age: int
      born: {type: int, generated: "2000 + age"}
    primary_key: [id]
    checks: {ck_users_age: "age > 0 AND (age < 200 OR name = 'Methuselah')"}
    indexes: {ix_users_name: [name]}
  orders:
    columns: {id: bigint, user_id: {type: bigint, null: false}}
    primary_key: [id]
"""

CHANGED = """tables:
  users:
    columns:
      id: bigint
      full_name: {type: varchar(200), null: false, default: nobody, renamed_from: name}
      age: {type: bigint, null: false}
      born: {type: int, generated: "2000 + age"}
      notes: json
    primary_key: [id]
    checks: {ck_users_age: "age > 1 AND (age < 150 OR full_name = 'Methuselah')"}
    indexes: {ix_users_age: [age, full_name]}
  purchases:
    renamed_from: orders
    columns: {id: bigint, user_id: {type: bigint, null: false}, price: "numeric(10,2)"}
    primary_key: [id]
    uniques: {uq_purchases_user: [user_id, id]}
"""

TABLES = {"ran": "unit", "users": "id", "orders": "id", "purchases": "id"}


class Keyspace:
    """One keyspace, asked through MySQL's client."""

    def __init__(self, test, name, shards, control):
        self.test, self.name, self.shards, self.control = test, name, shards, control
        self.sharded = len(shards) > 1
        self.url = urllib.parse.urlunsplit(test.server._replace(path="/" + name))
        self.versions = f"{control}.schema_versions" if self.sharded else "schema_versions"

    def sql(self, sql, shard=None, check=True):
        command = [support.SERVERS["mysql"].client if "mysql" in support.SERVERS else "mysql", "--no-defaults", "-h", self.test.server.hostname, "-P", str(self.test.server.port), "-u", self.test.server.username, "-N", "-B", "--raw",
                   f"{self.name}:{shard}" if shard else self.name]
        done = subprocess.run(command, input=sql, capture_output=True, text=True, timeout=300, env=dict(os.environ, MYSQL_PWD=self.test.server.password or ""))
        if check and done.returncode != 0:
            raise RuntimeError(f"{sql}: {done.stderr}")
        return [line.split("\t") for line in done.stdout.splitlines()]

    def clean(self):
        for name in {self.name, self.control}:
            shard = Keyspace(self.test, name, [], self.control)
            for row in shard.sql("SHOW TABLES"):
                if not row[0].startswith("_vt"):
                    shard.sql(f"DROP TABLE `{row[0]}`")
        if self.sharded:
            known = {row[0] for row in self.sql("SHOW VSCHEMA TABLES")}
            for table, column in TABLES.items():
                if table not in known:
                    self.sql(f"ALTER VSCHEMA ON {self.name}.{table} ADD VINDEX xxhash({column}) USING xxhash")

    def state(self):
        """The tables of every shard, all rows, and what is recorded."""
        tables = []
        for shard in self.shards:
            found = []
            for row in self.sql("SHOW TABLES", shard):
                if row[0].startswith("schema_versions") or row[0].startswith("_vt"):
                    continue
                created = "\n".join("\t".join(line) for line in self.sql(f"SHOW CREATE TABLE `{row[0]}`", shard))
                found.append((row[0], re.sub(r" AUTO_INCREMENT=\d+", "", created)))
            tables.append(found)
        rows = [sorted(sum((self.sql(f"SELECT * FROM {table}", shard) for shard in self.shards), [])) for table, _ in tables[0]]
        records = self.sql(f"SELECT revision, state FROM {self.versions} ORDER BY 1")
        return tables, rows, records


class Vitess:
    def __init__(self, program, folder, url, seed):
        self.program, self.folder, self.random = os.path.abspath(program), folder, random.Random(seed)
        self.server, self.failures = urllib.parse.urlsplit(url), []
        control = self.server.path.lstrip("/")
        shards = {}
        for row in Keyspace(self, control, [], control).sql("SHOW VITESS_SHARDS"):
            name, shard = row[0].split("/")
            shards.setdefault(name, []).append(shard)
        self.keyspaces = [Keyspace(self, control, shards[control], control)]
        self.keyspaces += [Keyspace(self, name, found, control) for name, found in sorted(shards.items()) if len(found) > 1][:1]

    def fail(self, text):
        self.failures.append(text)
        print("FAILED " + text, flush=True)

    def project(self, keyspace, units=(), more="", model=None):
        folder = tempfile.mkdtemp(prefix="project-", dir=self.folder)
        support.write_project(folder, keyspace, units, f"model: model.yaml\nversions_table: {keyspace.versions}\n{more}")
        if model:
            self.model(folder, model)
        return folder

    @staticmethod
    def model(folder, text):
        with open(os.path.join(folder, "model.yaml"), "w") as file:
            file.write(text)

    def start(self, folder, *words):
        return subprocess.Popen([self.program, "-c", os.path.join(folder, "migrate.yaml"), *words, "--no-input"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def run(self, folder, *words, code=0, says=""):
        process = self.start(folder, *words)
        out, errors = process.communicate(timeout=300)
        if process.returncode != code:
            self.fail(f"{' '.join(words)}: exit {process.returncode}, not {code}: {out}{errors}")
        if says not in out + errors:
            self.fail(f"{' '.join(words)} does not say '{says}': {out}{errors}")
        return out

    def same(self, what, keyspace, expected):
        if (state := keyspace.state()) != expected:
            self.fail(f"{keyspace.name}: {what}: not where one run ends: {state} and {expected}")

    # ---- one keyspace --------------------------------------------------------------------------------------------

    def runs(self, keyspace, kills):
        keyspace.clean()
        folder = self.project(keyspace, UNITS)
        self.run(folder, "upgrade", "head", "--yes")
        if self.failures:
            return
        top = keyspace.state()
        if any(tables != top[0][0] for tables in top[0]):
            self.fail(f"the shards differ: {top[0]}")
        self.run(folder, "downgrade", "-1", "--yes")
        self.run(folder, "upgrade", "head", "--yes")
        self.same("down and up", keyspace, top)
        self.run(folder, "downgrade", "base", "--yes")
        for number in range(kills):
            process = self.start(folder, "upgrade", "head", "--yes")
            time.sleep(self.random.random() * 1.2)
            process.kill()
            process.communicate()
            self.run(folder, "upgrade", "head", "--yes")
            self.same(f"kill {number}", keyspace, top)
            self.run(folder, "downgrade", "base", "--yes")
        processes = [self.start(folder, "upgrade", "head", "--yes") for _ in range(6)]
        for process in processes:
            out, errors = process.communicate(timeout=300)
            if process.returncode != 0:
                self.fail(f"six at once: exit {process.returncode}: {out}{errors}")
        self.same("six at once", keyspace, top)
        self.run(folder, "downgrade", "base", "--yes")
        # The script runs through the server's own client.
        script = self.run(folder, "upgrade", "head", "--sql")
        keyspace.clean()
        keyspace.sql(script)
        self.same("--sql", keyspace, top)

    def models(self, keyspace):
        keyspace.clean()
        folder = self.project(keyspace, model=MODEL)
        self.run(folder, "revision", "--autogenerate", "-m", "first")
        self.run(folder, "upgrade", "head", "--yes")
        self.run(folder, "check")
        first = keyspace.state()
        self.run(folder, "drift")
        keyspace.sql("INSERT INTO users (id, name, age) VALUES (1, 'a', 20), (2, 'b', 30), (3, 'c', 40), (4, 'd', 50)")
        self.model(folder, self.run(folder, "inspect"))
        self.run(folder, "check")
        self.model(folder, CHANGED)
        self.run(folder, "revision", "--autogenerate", "-m", "second")
        self.run(folder, "upgrade", "head", "--yes")
        self.run(folder, "check")
        # vtgate hears of a change a moment later than the shards.
        if [row[1] for row in sorted(sum((keyspace.sql("SELECT id, full_name FROM users", shard) for shard in keyspace.shards), []))] != ["a", "b", "c", "d"]:
            self.fail("a renamed column lost its data")
        self.run(folder, "downgrade", "-1", "--yes")
        self.run(folder, "drift")
        if keyspace.state()[0] != first[0]:
            self.fail(f"{keyspace.name}: the way back: {keyspace.state()[0]} and {first[0]}")
        keyspace.sql("ALTER TABLE users ADD COLUMN stray int")
        self.run(folder, "drift", code=3, says="stray")
        keyspace.sql("ALTER TABLE users DROP COLUMN stray")
        left = [row[0] for shard in keyspace.shards for row in keyspace.sql("SHOW TABLES", shard) if "scratch" in row[0]]
        if left:
            self.fail(f"comparing left {left}")
        init = tempfile.mkdtemp(prefix="init-", dir=self.folder)
        os.rmdir(init)
        if not keyspace.sharded:
            keyspace.sql("DROP TABLE schema_versions, schema_versions_log, schema_versions_schema")
            done = subprocess.run([self.program, "init", init, "--database", keyspace.url, "--no-input"], capture_output=True, text=True, timeout=120)
            if done.returncode != 0:
                self.fail("init: " + done.stdout + done.stderr)
            else:
                self.run(init, "check")

    def slow(self, keyspace):
        """A statement that takes longer than vtgate keeps a session's lock, while others want to run."""
        keyspace.clean()
        folder = self.project(keyspace, [("", "CREATE TABLE ran (unit int PRIMARY KEY);\nCREATE TABLE slow AS SELECT sleep(38) AS a;\nINSERT INTO ran (unit) VALUES (1);", "DROP TABLE slow;\nDROP TABLE ran;")])
        processes = []
        for _ in range(3):
            processes.append(self.start(folder, "upgrade", "head", "--yes"))
            time.sleep(3)
        for process in processes:
            out, errors = process.communicate(timeout=300)
            if process.returncode != 0:
                self.fail(f"slow: exit {process.returncode}: {out}{errors}")
        if keyspace.sql("SELECT unit FROM ran") != [["1"]] or keyspace.sql("SELECT count(*) FROM schema_versions_log WHERE outcome = 'done'") != [["1"]]:
            self.fail("slow: the unit did not run once")

    # ---- several shards ------------------------------------------------------------------------------------------

    def shards(self, keyspace):
        keyspace.clean()
        folder = self.project(keyspace, UNITS)
        with open(os.path.join(folder, "migrate.yaml")) as file:
            config = file.read()
        with open(os.path.join(folder, "migrate.yaml"), "w") as file:
            file.write(config.replace(keyspace.versions, "schema_versions"))
        self.run(folder, "upgrade", "head", "--yes", code=2, says="versions_table: ")
        if any(keyspace.sql("SHOW TABLES", shard) for shard in keyspace.shards):
            self.fail("a refused run left something")
        with open(os.path.join(folder, "migrate.yaml"), "w") as file:
            file.write(config)
        self.run(folder, "upgrade", "1", "--yes")
        # What one shard has already is refused there and done on the other.
        keyspace.sql("ALTER TABLE users ADD COLUMN age int", keyspace.shards[0])
        out = self.start(folder, "upgrade", "head", "--yes")
        said = "".join(out.communicate(timeout=120))
        if out.returncode != 1 or "shard" not in said or "nothing of this revision was kept" in said:
            self.fail(f"shards that differ: exit {out.returncode}: {said}")
        self.model(folder, "tables: {}\n")
        self.run(folder, "check", code=1, says="differ: table users")
        self.run(folder, "upgrade", "head", "--yes", code=1, says="differ")
        for shard in keyspace.shards:
            if not any("age" in row[0] for row in keyspace.sql("SHOW COLUMNS FROM users", shard)):
                keyspace.sql("ALTER TABLE users ADD COLUMN age int", shard)
            keyspace.sql("ALTER TABLE users DROP COLUMN age", shard)
        self.run(folder, "upgrade", "head", "--yes")
        if len({str(tables) for tables in keyspace.state()[0]}) != 1:
            self.fail("the shards differ behind a mended run")

    def online(self, keyspace):
        """@@ddl_strategy: applied is what Vitess has completed. A vttestserver keeps one list for all its shards: several are refused there."""
        if keyspace.sharded:
            return
        keyspace.clean()
        units = [("", "CREATE TABLE ran (unit int PRIMARY KEY);\nCREATE TABLE users (id bigint PRIMARY KEY, name varchar(50));\nINSERT INTO ran (unit) VALUES (1);", "DROP TABLE users;\nDROP TABLE ran;")]
        folder = self.project(keyspace, units, "vitess: {ddl_strategy: vitess}\n")
        self.run(folder, "upgrade", "head", "--yes")
        for shard in keyspace.shards:
            if {"ran", "users"} - {row[0] for row in keyspace.sql("SHOW TABLES", shard)}:
                self.fail(f"{keyspace.name}: a queued statement was called applied")
        with open(os.path.join(folder, "migrations", "0002_unit.sql"), "w") as file:
            file.write("-- revision: 0002-000002\n-- message: fails\n-- parents: 0001-000001\n\n-- migrate: upgrade\nALTER TABLE users ADD COLUMN id bigint;\n\n-- migrate: downgrade none\n")
        self.run(folder, "upgrade", "head", "--yes", code=1, says="failed")
        if keyspace.sql(f"SELECT revision FROM {keyspace.versions} WHERE state = 'applied'") != [["0001-000001"]]:
            self.fail("a failed online change was recorded")
        if "_vt" in self.run(folder, "inspect"):
            self.fail("tables of Vitess itself are in the model")

    def test(self, kills, slow):
        for keyspace in self.keyspaces:
            for part in (lambda k: self.runs(k, kills), self.models, self.online, self.shards if keyspace.sharded else self.slow if slow else None):
                if part and not self.failures:
                    part(keyspace)
            keyspace.clean()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--slow", action="store_true")
    options = parser.parse_args()
    url = os.environ.get("MIGRATE_TEST_VITESS")
    if not url:
        print("MIGRATE_TEST_VITESS is not set: vitess.py is left out")
        return 77
    started = time.time()
    with tempfile.TemporaryDirectory(prefix="migrate-vitess-") as folder:
        test = Vitess(options.program, folder, url, options.seed)
        test.test(options.kills, options.slow)
    print(f"vitess: {', '.join(k.name + ' (' + str(len(k.shards)) + ' shards)' for k in test.keyspaces)}: {options.kills} kills each, {len(test.failures)} failed, {time.time() - started:.1f} s")
    return 1 if test.failures else 0


if __name__ == "__main__":
    sys.exit(main())
