#!/usr/bin/env python3
"""Copies real schemas, filled with rows, from every engine that they run on to all others. What arrived is read by the engines' own clients and compared
here, and every object of the source is there or a line of the report.

  MIGRATE_TEST_CORPORA=FOLDER corpora.py PROGRAM [--only WORD] [--engines A,B,...] [--rows N] [--seed N]"""
import argparse
import collections
import json
import os
import pathlib
import random
import re
import sqlite3
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

FOLDERS = {"sqlite": ["sqlite"], "postgres": ["postgresql"], "mysql": ["mariadb", "mysql"]}

# What a value of a type is, by the first word of the type's name.
WORDS = [("boolean", ("bool",)), ("integer", ("int", "bigint", "smallint", "mediumint", "tinyint", "year", "serial")), ("decimal", ("numeric", "decimal", "money")), ("real", ("double", "float", "real")),
         ("bytes", ("bytea", "blob", "longblob", "mediumblob", "tinyblob", "varbinary", "binary")), ("padded", ("char", "character", "bpchar", "nchar")), ("date", ("date",)),
         ("moment", ("timestamptz",)), ("timestamp", ("timestamp", "datetime")), ("time", ("time",)), ("json", ("json", "jsonb")), ("uuid", ("uuid",)), ("bits", ("bit",)),
         ("bytes", ("geometry", "point", "polygon")), ("text", ("text", "varchar", "longtext", "mediumtext", "tinytext", "enum", "nvarchar", "clob", "set"))]


def kind_of(type):
    text = type.lower()
    if text in ("tinyint(1)",):
        return "boolean"
    if text.startswith("timestamp with time zone"):
        return "moment"
    if text.startswith("character varying"):
        return "text"
    if text.endswith("[]"):
        return "own"
    if text.startswith("blob") and "text" in text:  # SQLite's affinity goes by the word inside
        return "text"
    word = re.match(r"[a-z0-9_]*", text).group().rstrip("0123456789") if not text.startswith("_") else ""
    return next((kind for kind, words in WORDS if word in words), "own")


def length_of(type):
    found = re.search(r"\((\d+)", type)
    return int(found.group(1)) if found else 1


class Catalog:
    """What a database has, as its own catalog says: columns of each table, and the names of other objects."""

    def __init__(self, database):
        self.database = database
        rows = getattr(self, database.dialect)()
        self.tables = collections.OrderedDict()
        for table, column, type, null in rows:
            self.tables.setdefault(table, []).append(kinds.Column(column, type, kind_of(type), [], length=length_of(type)))
            self.tables[table][-1].nullable = null in ("YES", "1", 1)
        if database.engine == "mariadb":  # its JSON is a text with a check
            for table, clause in self.ask("SELECT table_name, check_clause FROM information_schema.check_constraints WHERE constraint_schema = DATABASE() AND check_clause LIKE 'json\\_valid(%'"):
                for column in self.tables.get(table, []):
                    column.kind = "json" if clause == f"json_valid(`{column.name}`)" else column.kind

    def ask(self, sql):
        if self.database.engine != "sqlite":
            return oracle.client(self.database, " ".join(sql.split()))
        connection = sqlite3.connect(self.database.file)
        rows = connection.execute(sql).fetchall()
        connection.close()
        return rows

    def sqlite(self):
        self.objects = [(kind, name) for kind, name in self.ask("SELECT type, name FROM sqlite_schema WHERE type <> 'table' AND sql IS NOT NULL")]
        self.sql = " ".join(sql for (sql,) in self.ask("SELECT sql FROM sqlite_schema WHERE type = 'table' AND sql IS NOT NULL")).lower()
        return self.ask("SELECT m.name, c.name, lower(c.type), NOT c.\"notnull\" FROM sqlite_schema m, pragma_table_xinfo(m.name) c WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite!_%' ESCAPE '!' "
                        "AND m.name NOT LIKE 'schema!_versions%' ESCAPE '!' AND c.hidden = 0 ORDER BY m.name, c.cid")

    def postgresql(self):
        own = "n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'"
        member = "AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = {0}.oid AND d.deptype = 'e')"
        self.objects = [tuple(row) for row in self.ask(
            f"SELECT CASE c.relkind WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view' ELSE 'index' END, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE {own} AND c.relkind IN ('v', 'm', 'i') "
            f"AND NOT EXISTS (SELECT 1 FROM pg_index i WHERE i.indexrelid = c.oid AND i.indisprimary) AND NOT EXISTS (SELECT 1 FROM pg_inherits h WHERE h.inhrelid = c.oid) AND NOT EXISTS (SELECT 1 FROM pg_index i JOIN pg_class t ON t.oid = i.indrelid WHERE i.indexrelid = c.oid AND (t.relispartition OR t.relkind = 'm')) {member.format('c')} UNION ALL "
            f"SELECT CASE p.prokind WHEN 'p' THEN 'procedure' ELSE 'function' END, p.proname FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE {own} {member.format('p')} UNION ALL "
            f"SELECT 'trigger', t.tgname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace WHERE {own} AND NOT t.tgisinternal AND NOT c.relispartition UNION ALL "
            f"SELECT CASE k.contype WHEN 'f' THEN 'foreign key' WHEN 'c' THEN 'check' ELSE 'exclusion' END, k.conname FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace "
            f"WHERE {own} AND k.contype IN ('f', 'c', 'x') AND NOT c.relispartition")]
        return self.ask(f"SELECT c.relname, a.attname, format_type(coalesce(nullif(t.typbasetype, 0), a.atttypid), a.atttypmod) || CASE WHEN t.typtype = 'e' THEN ' enum' ELSE '' END, CASE WHEN a.attnotnull THEN 'NO' ELSE 'YES' END FROM pg_class c "
                        f"JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid JOIN pg_type t ON t.oid = a.atttypid WHERE {own} AND c.relkind IN ('r', 'p') "
                        f"AND NOT c.relispartition AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '' AND c.relname NOT LIKE 'schema\\_versions%' {member.format('c')} ORDER BY c.relname, a.attnum")

    def mysql(self):
        here = "= DATABASE()"
        self.objects = [tuple(row) for row in self.ask(
            f"SELECT 'view', table_name FROM information_schema.views WHERE table_schema {here} UNION ALL SELECT LOWER(routine_type), routine_name FROM information_schema.routines WHERE routine_schema {here} UNION ALL "
            f"SELECT 'trigger', trigger_name FROM information_schema.triggers WHERE trigger_schema {here} UNION ALL SELECT DISTINCT 'index', index_name FROM information_schema.statistics WHERE table_schema {here} "
            f"AND index_name <> 'PRIMARY' UNION ALL SELECT 'foreign key', constraint_name FROM information_schema.referential_constraints WHERE constraint_schema {here} UNION ALL "
            f"SELECT 'check', constraint_name FROM information_schema.check_constraints WHERE constraint_schema {here} AND check_clause NOT LIKE 'json\\_valid(%'")]
        return self.ask(f"SELECT c.table_name, c.column_name, c.column_type, c.is_nullable FROM information_schema.columns c JOIN information_schema.tables t ON t.table_schema = c.table_schema AND t.table_name = c.table_name "
                        f"WHERE c.table_schema {here} AND t.table_type = 'BASE TABLE' AND c.generation_expression IN ('', 'NULL') IS NOT FALSE AND c.table_name NOT LIKE 'schema\\_versions%' ORDER BY 1, c.ordinal_position")


def load(database, folder):
    """Returns the first thing that this server refuses: MariaDB has not all of MySQL, and goes on behind that."""
    refused = ""
    for path in sorted(folder.glob("*.up.sql")):
        if database.engine == "sqlite":
            command = ["sqlite3", "-bail", str(database.file)]
        elif database.engine == "postgresql":
            command = [database.server.client, "-X", "-q", "-v", "ON_ERROR_STOP=1", database.url]
        else:
            command = [*database.mysql(database.url), "--force"]
        done = subprocess.run(command, input=path.read_bytes(), capture_output=True)
        words = done.stderr.decode(errors="replace")
        if done.returncode != 0 or "ERROR " in words:
            refused = refused or f"{path.name}: {words[max(words.find('ERROR '), 0):].strip()[:120]}"
            if database.dialect != "mysql":
                break
    return refused


# ---- rows for tables that have none ------------------------------------------------------------------------------------------

UGLY = [value for value in kinds.TEXTS if value is not None]


def made_up(draw, engine, column, number):
    """A value as SQL. Texts are told apart by their number, so that unique keys mostly hold."""
    if column.nullable and draw.random() < 0.3:
        return "NULL"
    kind = column.kind
    if members := re.findall(r"'([^']*)'", column.type):
        return f"'{draw.choice(members)}'"
    if kind == "boolean":
        return draw.choice(["true", "false"])
    if kind in ("integer", "decimal", "real"):
        return str(number if draw.random() < 0.7 else draw.randint(0, 100))
    if kind == "bytes":
        return kinds.literal(engine, column, draw.choice([b"\x00\xff", b"", b"abc"]))
    if kind in ("date", "timestamp", "moment", "time"):
        return {"date": "'2024-02-29'", "time": "'12:34:56'"}.get(kind, f"'2024-02-29 12:34:{number % 60:02}'")
    if kind == "json":
        return draw.choice(["'{}'", "'[1, 2.5, null]'"])
    if kind == "uuid":
        return f"'6f1c1b3e-5f0a-4c33-9d8e-{number:012}'"
    if kind == "own" and column.type.endswith("[]"):
        return "'{}'"
    most = column.length if "(" in column.type else 60
    text = draw.choice(UGLY) + str(number)
    quoted = text[-most:].replace("\\", "").replace("'", "''") if most > 4 else str(number)[-most:]
    return f"'{quoted}'"


def fill(database, catalog, seed, count):
    """Rows for empty tables, as many as the schema's keys and checks let in."""
    if count == 0:
        return
    draw = random.Random(seed)
    quote = "`" if database.dialect == "mysql" else '"'
    statements = {"sqlite": ["PRAGMA foreign_keys = ON"], "postgresql": [], "mysql": []}[database.dialect]
    for _ in range(3):  # parents may come behind their children
        for table, columns in catalog.tables.items():
            for number in range(1, count + 1):
                names = ", ".join(f"{quote}{column.name}{quote}" for column in columns)
                values = ", ".join(made_up(draw, database.engine, column, number) for column in columns)
                statements.append(f"INSERT INTO {quote}{table}{quote} ({names}) VALUES ({values})")
    text = ";\n".join(statements) + ";\n"
    if database.engine == "sqlite":
        command = ["sqlite3", str(database.file)]
    elif database.engine == "postgresql":
        command = [database.server.client, "-X", "-q", database.url]
    else:
        command = [*database.mysql(database.url), "--force"]
    subprocess.run(command, input=text.encode(), capture_output=True)


# ---- what arrived ------------------------------------------------------------------------------------------------------------

def schema_of(catalog, table):
    """The table as it is named in SQL, with its schema on PostgreSQL."""
    if catalog.database.engine != "postgresql":
        return f"`{table}`" if catalog.database.dialect == "mysql" else f'"{table}"'
    rows = catalog.ask(f"SELECT quote_ident(n.nspname) || '.' || quote_ident(c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relname = '{table}' AND c.relkind IN ('r', 'p') "
                       "AND n.nspname NOT LIKE 'pg\\_%'")
    return rows[0][0]


def read(catalog, table, columns):
    database = catalog.database
    if database.engine == "sqlite":
        connection = sqlite3.connect(database.file)
        connection.text_factory = lambda data: data.decode("utf-8", "surrogateescape")
        names = ", ".join(f'"{column.name}"' for column in columns)
        rows = connection.execute(f'SELECT {names} FROM "{table}"').fetchall()
        connection.close()
    else:
        listed = ", ".join(oracle.expression(database.engine, column) for column in columns)
        rows = [[oracle.parsed(database.engine, column, text) for column, text in zip(columns, row)] for row in oracle.client(database, f"SELECT {listed} FROM {schema_of(catalog, table)}")]
    return rows


def canonical(column, value):
    if value is not None and column.kind == "bytes" and isinstance(value, str):
        value = value.encode("utf-8", "surrogateescape")
    try:
        return str(kinds.canonical(column, value))
    except (ValueError, ArithmeticError):
        return str(value)


def compare_rows(source, target, table, there, rejected):
    """Both read as what the source says its values are. As many may be missing as the report says were rejected."""
    columns = source.tables[table]
    others = {column.name.lower(): column for column in target.tables[there]}
    missing = [column.name for column in columns if column.name.lower() not in others]
    if missing:
        return [f"table {table} has no column {missing[0]} there"]
    theirs = [others[column.name.lower()] for column in columns]
    texts = lambda rows, own: collections.Counter(tuple(canonical(column, value) for column, value in zip(columns, row)) for row in rows)
    here, other = texts(read(source, table, columns), columns), texts(read(target, there, theirs), theirs)
    if sum((here - other).values()) == rejected and not other - here:
        return []
    problems = [f"table {table}: only in the source {row} {count} x ({rejected} rejected)" for row, count in (here - other).items()] + [f"table {table}: only in the target {row} {count} x" for row, count in (other - here).items()]
    return problems[:4]


def one_pair(program, source, target, folder):
    report = folder / "report.json"
    done = subprocess.run([program, "copy", source.database.url, target.url, "--on-error", "report", "--report", str(report), "--no-input"], capture_output=True, encoding="utf-8", errors="replace", timeout=900)
    if done.returncode not in (0, 3):
        return [f"exit code {done.returncode}: {done.stderr[-1500:]}"]
    told = json.loads(report.read_text())
    problems = []
    there = Catalog(target)
    lines = [f"{loss['object']}: {loss['what']}" for loss in told["lost"]]
    names = {table["table"].rpartition(".")[2]: table for table in told["tables"]}
    for table in source.tables:
        if table not in names:
            problems.append(f"table {table} is not in the report")
            continue
        if names[table]["differences"]:
            problems.append(f"migrate found {names[table]['differences']} differences in {table}: {told['differing'][:2]}")
        problems += compare_rows(source, there, table, names[table]["target"].rpartition(".")[2], names[table]["rejected"])
    # SQLite's constraints are words of their table.
    has = {name.lower() for _, name in there.objects} | set(re.findall(r'constraint "?([^" ]+)"?', getattr(there, "sql", "")))
    text = "\n".join(lines)
    for kind, name in source.objects:
        if name.lower() not in has and name not in text:
            problems.append(f"{kind} {name} is neither there nor in the report")
    return problems


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("--only", default="")
    parser.add_argument("--engines", default="sqlite,postgresql,mariadb,mysql")
    parser.add_argument("--rows", type=int, default=20, help="rows that are tried in each table besides those of the corpus")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    root = os.environ.get("MIGRATE_TEST_CORPORA")
    if not root:
        print("MIGRATE_TEST_CORPORA is not set")
        return 77
    engines = [engine for engine in arguments.engines.split(",") if engine == "sqlite" or SERVERS[engine].url]
    bad = 0
    with tempfile.TemporaryDirectory(prefix="migrate-corpora-") as folder:
        folder = pathlib.Path(folder)
        for path in sorted(path for path in pathlib.Path(root).glob("*/*") if path.name.removesuffix("-head") in FOLDERS):
            for engine in FOLDERS[path.name.removesuffix("-head")]:
                label = f"{path.parent.name} {engine}"
                if engine not in engines or arguments.only not in label:
                    continue
                database = Database(engine, folder)
                try:
                    refused = load(database, path)
                    fill(database, Catalog(database), arguments.seed, arguments.rows)
                    source = Catalog(database)
                    rows = sum(len(read(source, table, columns[:1])) for table, columns in source.tables.items())
                    print(f"{label}: {len(source.tables)} tables, {rows} rows, {len(source.objects)} other objects" + (f" (it refused {refused})" if refused else ""), flush=True)
                    for other in engines:
                        target = Database(other, folder)
                        try:
                            problems = one_pair(arguments.program, source, target, folder)
                        except Exception as error:  # noqa: BLE001 - one pair must not hide the others
                            problems = [f"{type(error).__name__}: {str(error)[:600]}"]
                        finally:
                            target.drop()
                        print(f"  -> {other}: {'right' if not problems else f'{len(problems)} problems'}", flush=True)
                        for problem in problems[:8]:
                            print("       ", problem[:700])
                        bad += bool(problems)
                finally:
                    database.drop()
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
