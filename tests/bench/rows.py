"""The workloads of rows: copy and sync, against what the engines' own programs take to move or to read the same rows."""
import os
import re
import shutil
import subprocess

from servers import SERVERS

COLUMNS = [("id", "bigint NOT NULL"), ("customer", "integer NOT NULL"), ("code", "varchar(40) NOT NULL"), ("note", "text"), ("amount", "numeric(12,2) NOT NULL"),
           ("weight", "double precision"), ("paid", "boolean NOT NULL"), ("made", "MOMENT NOT NULL")]
MOMENTS = {"mysql": "datetime(6)", "postgresql": "timestamp(6)", "sqlite": "timestamp"}


def table_sql(engine, keys=True):
    columns = ", ".join(f"{name} {kind}" for name, kind in COLUMNS).replace("MOMENT", MOMENTS[engine.dialect])
    if engine.dialect == "sqlite":
        columns = columns.replace("id bigint NOT NULL", "id integer NOT NULL")
    tail = " CHARACTER SET utf8mb4" if engine.dialect == "mysql" else ""
    return f"CREATE TABLE item ({columns}{', PRIMARY KEY (id)' if keys else ''}){tail};\n"


INDEX = "CREATE INDEX ix_item_customer ON item (customer);\n"
KEY = "ALTER TABLE item ADD PRIMARY KEY (id);\n"


def fill_sql(engine, rows):
    """The same rows on every engine, made by the server: whole numbers, texts, NULLs, decimals, floats, moments; about 110 bytes a row."""
    join = lambda *parts: f"concat({', '.join(parts)})" if engine.dialect == "mysql" else "(" + " || ".join(parts) + ")"
    source = {"mysql": f"(SELECT seq AS i FROM seq_1_to_{rows}) numbers", "postgresql": f"(SELECT i FROM generate_series(1::bigint, {rows}) i) numbers",
              "sqlite": f"(WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT {rows}) SELECT i FROM n)"}[engine.dialect]
    moment = {"mysql": "timestamp '2020-01-01 00:00:00' + INTERVAL i SECOND", "postgresql": "timestamp '2020-01-01 00:00:00' + i * interval '1 second'",
              "sqlite": "datetime('2020-01-01', '+' || i || ' seconds')"}[engine.dialect]
    paid = {"postgresql": "i % 3 = 0"}.get(engine.dialect, "CASE WHEN i % 3 = 0 THEN 1 ELSE 0 END")
    number = "(i * 37 % 1000000) / 100" + (".0" if engine.dialect != "mysql" else "")
    note = join("'a note of some words, number '", "i", "', as people write them'")
    return (f"INSERT INTO item SELECT i, i * 7919 % 100003, {join(chr(39) + 'code-' + chr(39), 'i')}, CASE WHEN i % 10 = 0 THEN NULL ELSE {note} END, "
            f"{number}, CASE WHEN i % 7 = 0 THEN NULL ELSE i / 8.0 END, {paid}, {moment} FROM {source};\n")


def scan_sql(engine):
    """Every value of every row is looked at."""
    return "SELECT " + ", ".join(f"max({name})" if name != "paid" else "count(paid)" for name, _ in COLUMNS) + " FROM item;\n"


def shell(command):
    return ["bash", "-o", "pipefail", "-c", command]


def quoted(words):
    return " ".join("'" + word + "'" for word in words)


class RowsBench:
    """`bench` measures and prints; here is what it measures."""

    def __init__(self, bench, run, program, engines, rows):
        self.bench, self.run, self.program, self.rows = bench, run, program, rows
        self.engines = {engine.name: engine for engine in engines}
        self.place = bench.place("rows")
        self.filled = set()

    def everything(self):
        for source, target in (("postgresql", "postgresql"), ("mariadb", "mariadb"), ("sqlite", "sqlite"), ("mariadb", "postgresql"), ("sqlite", "postgresql"), ("postgresql", "mariadb"),
                               ("postgresql", "sqlite")):
            if source in self.engines and target in self.engines:
                self.copy(self.engines[source], self.engines[target])
                self.sync(self.engines[source], self.engines[target])
        for engine in self.engines.values():
            self.large(engine, 8, 40)
            self.large(engine, 64, 4)
        for engine in self.engines.values():
            for database in ("bench_source", "bench_target", "bench_floor"):
                engine.drop(database)
        shutil.rmtree(self.place)

    def script(self, engine, database, sql):
        path = f"{self.place}/script.sql"
        with open(path, "w") as out:
            out.write(sql)
        engine.run_client(database, path)

    def source(self, engine):
        """Filled once."""
        if engine.name in self.filled:
            return
        engine.create("bench_source")
        self.script(engine, "bench_source", table_sql(engine) + fill_sql(engine, self.rows) + INDEX + {"postgresql": "VACUUM ANALYZE item;\n", "mysql": "ANALYZE TABLE item;\n"}.get(engine.dialect, ""))
        self.filled.add(engine.name)

    # ---- copy ------------------------------------------------------------------------------------------------------------

    def copy(self, source, target):
        name = f"copy, {self.rows} rows"
        label = f"{source.name} to {target.name}"
        if not self.bench.wanted(name) and not self.bench.wanted(label):
            return
        self.source(source)
        migrate = lambda *more: self.run([self.program, "copy", source.url("bench_source"), target.url("bench_target"), "--no-input", *more])
        contenders = {"migrate": migrate, "counts": lambda: migrate("--verify", "counts")}
        if floor := self.floor(source, target):
            contenders = {"floor": floor, **contenders}
        if target.name == "postgresql" and source.name != "postgresql" and shutil.which("pgloader") and "pgloader" in self.bench.options.peers:
            contenders["pgloader"] = lambda: self.run(["pgloader", "--root-dir", self.place, "--on-error-stop", self.pgloader_url(source), target.url("bench_target")])
        self.bench.measure(name, label, contenders, lambda which: target.create("bench_floor" if which == "floor" else "bench_target"))

    @staticmethod
    def pgloader_url(engine):
        return engine.url("bench_source").replace("mariadb://", "mysql://")

    def floor(self, source, target):
        """The engine's own programs, to the same result: rows, key, index."""
        if source.name != target.name:
            return None
        if source.name == "sqlite":
            return lambda: self.run(source.client("bench_source") + [f".backup {target.path('bench_floor')}"])
        if source.name == "postgresql":
            out, into = quoted(source.client("bench_source")), quoted(target.client("bench_floor"))
            bare, rest = table_sql(target, keys=False).strip(), (KEY + INDEX).replace("\n", " ")
            return lambda: self.run(shell(f"{into} -c '{bare}' && {out} -c 'COPY item TO STDOUT' | {into} -c 'COPY item FROM STDIN' && {into} -c '{rest}'"))
        dump = [SERVERS[source.name].dump, *source.client("bench_source")[1:]]
        return lambda: self.run(shell(f"{quoted(dump)} | {quoted(target.client('bench_floor'))}"))

    # ---- sync ------------------------------------------------------------------------------------------------------------

    def sync(self, source, target):
        equal, differing = f"sync, {self.rows} rows, all equal", f"sync, {self.rows} rows, 100 differ"
        label = f"{source.name} to {target.name}"
        if not any(self.bench.wanted(name) for name in (equal, differing, label)):
            return
        self.source(source)
        target.create("bench_target")
        migrate = lambda *words: self.run([self.program, *words, source.url("bench_source"), target.url("bench_target"), "--no-input", "--yes"])
        migrate("copy", "--verify", "none")
        if target.name == "postgresql":
            self.script(target, "bench_target", "VACUUM ANALYZE item;\n")
        for engine, which in ((source, "here"), (target, "there")):
            with open(f"{self.place}/scan_{which}.sql", "w") as out:
                out.write(scan_sql(engine))
        scans = shell(f"{quoted(source.client('bench_source'))} < '{self.place}/scan_here.sql' && {quoted(target.client('bench_target'))} < '{self.place}/scan_there.sql'")
        if self.bench.wanted(equal) or self.bench.wanted(label):
            self.bench.measure(equal, label, {"floor": lambda: self.run(scans), "migrate": lambda: migrate("sync")})
        if self.bench.wanted(differing) or self.bench.wanted(label):
            def spoil(which):
                if which == "migrate":
                    self.script(target, "bench_target", f"UPDATE item SET customer = customer + 1 WHERE id % {max(self.rows // 100, 1)} = 0;\n")
            self.bench.measure(differing, label, {"floor": lambda: self.run(scans), "migrate": lambda: migrate("sync")}, spoil)

    # ---- large values --------------------------------------------------------------------------------------------------------

    def large(self, engine, megabytes, count):
        name = f"copy, {count} values of {megabytes} MB"
        if not self.bench.wanted(name):
            return
        if engine.dialect == "mysql" and self.largest_packet(engine) <= megabytes << 20:
            print(f"{name:<42} {engine.name:<11}  its max_allowed_packet is smaller")
            return
        engine.create("bench_source")
        self.filled.discard(engine.name)
        size = megabytes << 20
        value = {"postgresql": f"decode(repeat(md5(i::text), {size // 16}), 'hex')", "mysql": f"repeat(unhex(md5(i)), {size // 16})", "sqlite": f"randomblob({size})"}[engine.dialect]
        kind = {"postgresql": "bytea", "mysql": "longblob", "sqlite": "blob"}[engine.dialect]
        numbers = {"mysql": f"(SELECT seq AS i FROM seq_1_to_{count}) numbers", "postgresql": f"(SELECT i FROM generate_series(1, {count}) i) numbers",
                   "sqlite": f"(WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT {count}) SELECT i FROM n)"}[engine.dialect]
        self.script(engine, "bench_source", f"CREATE TABLE file (id integer NOT NULL PRIMARY KEY, content {kind});\nINSERT INTO file SELECT i, {value} FROM {numbers};\n")
        for target in self.engines.values():
            if target.dialect == "mysql" and self.largest_packet(target) <= size:
                continue
            self.bench.measure(name, f"{engine.name} to {target.name}", {"migrate": lambda: self.run([self.program, "copy", engine.url("bench_source"), target.url("bench_target"), "--no-input"])},
                               lambda which: target.create("bench_target"))

    @staticmethod
    def largest_packet(engine):
        done = subprocess.run(engine.client("") + ["-N", "-e", "SELECT @@global.max_allowed_packet"], capture_output=True, text=True, check=True)
        return int(re.search(r"\d+", done.stdout).group())
