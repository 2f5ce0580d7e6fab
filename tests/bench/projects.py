"""Writes the projects that the benchmark runs: the same revisions and tables for the program and for a client."""
import os
import subprocess

VERSIONS = "CREATE TABLE floor_versions (revision varchar(64) PRIMARY KEY, message varchar(200), checksum char(64), applied_at timestamp);"


def write(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as out:
        out.write(text)


def revision_sql(number):
    """One of the N revisions: a table of 8 columns and an index."""
    name = f"r{number:05}"
    columns = ",\n".join(f"  c{i} {kind}" for i, kind in enumerate(["varchar(40)", "integer", "numeric(12,2)", "text", "bigint", "varchar(10)", "integer"]))
    return [f"CREATE TABLE {name} (\n  id integer NOT NULL PRIMARY KEY,\n{columns}\n)", f"CREATE INDEX ix_{name} ON {name} (c1)"], [f"DROP TABLE {name}"]


def migrate_project(folder, url, count):
    write(f"{folder}/migrate.yaml", f"database: {url}\nmigrations: migrations\nmodel: model.yaml\n")
    write(f"{folder}/model.yaml", "tables: {}\n")
    os.makedirs(f"{folder}/migrations", exist_ok=True)
    for number in range(count):
        up, down = revision_sql(number)
        parent = f"{number - 1:05}-abcdef" if number else ""
        write(f"{folder}/migrations/{number:05}_r.sql",
              f"-- revision: {number:05}-abcdef\n-- parents: {parent}\n-- message: r{number}\n-- created: 2026-01-01T00:00:00Z\n\n"
              f"-- migrate: upgrade\n{';'.join(s + chr(10) for s in up)};\n-- migrate: downgrade\n{down[0]};\n")


def client_scripts(folder, engine, count):
    """The statements of all revisions with their version rows, for the engine's own client: (up, down)."""
    up, down = [VERSIONS], []
    for number in range(count):
        there, back = revision_sql(number)
        row = f"INSERT INTO floor_versions VALUES ('{number:05}-abcdef', 'r{number}', '{number:064}', CURRENT_TIMESTAMP)"
        up.append("\n".join([engine.begin(), *[s + ";" for s in there], row + ";", engine.commit()]))
        down.append("\n".join([engine.begin(), back[0] + ";", f"DELETE FROM floor_versions WHERE revision = '{number:05}-abcdef';", engine.commit()]))
    write(f"{folder}/up.sql", "\n".join(up) + "\n")
    write(f"{folder}/down.sql", "\n".join(reversed(down)) + "\n")
    return f"{folder}/up.sql", f"{folder}/down.sql"


def long_unit(folder, engine, url, statements, width):
    """A project with one unit of many inserts, and the same as a script for the engine's own client."""
    filler = "x" * width
    create = "CREATE TABLE t (id integer PRIMARY KEY, name varchar(100), n integer, filler text);\n"
    rows = [f"INSERT INTO t (id, name, n, filler) VALUES ({i}, 'name of number {i}', {i % 97}, '{filler}');\n" for i in range(statements)]
    write(f"{folder}/migrate.yaml", f"database: {url}\nmigrations: migrations\n")
    write(f"{folder}/migrations/0001_long.sql", "-- revision: 0001-abcdef\n-- message: long\n\n-- migrate: upgrade\n" + create + "".join(rows) + "\n-- migrate: downgrade\nDROP TABLE t;\n")
    body = create + "".join(rows)
    # MySQL's and MariaDB's client commits each statement, as nothing else is said.
    write(f"{folder}/long.sql", body if engine.name in ("mysql", "mariadb") else f"{engine.begin()}\n{body}{engine.commit()}\n")
    return f"{folder}/long.sql"


def schema_script(folder, engine, tables):
    """500 tables a transaction: PostgreSQL keeps a lock for each until its end, and has room for some thousands."""
    parts = [range(first, min(first + 500, tables)) for first in range(0, tables, 500)]
    write(f"{folder}/schema.sql", "".join(f"{engine.begin()}\n{''.join(map(engine.table_sql, part))}{engine.commit()}\n" for part in parts))
    return f"{folder}/schema.sql"


def write_model(program, folder, url):
    """migrate.yaml and a model read from the database, as `init` writes them, without a baseline revision."""
    write(f"{folder}/migrate.yaml", f"database: {url}\nmigrations: migrations\nmodel: model.yaml\n")
    os.makedirs(f"{folder}/migrations", exist_ok=True)
    subprocess.run([program, "inspect", "-q", "-o", "model.yaml"], cwd=folder, check=True, stdout=subprocess.DEVNULL)


ALEMBIC_COMPARE = '''
import sys
from sqlalchemy import create_engine, MetaData, Table, Column, ForeignKey, Index, PrimaryKeyConstraint
from sqlalchemy import String, Integer, Numeric, Text, Boolean, BigInteger, TIMESTAMP
from alembic.migration import MigrationContext
from alembic.autogenerate import compare_metadata
kinds = [String(40), Integer, TIMESTAMP(timezone=True), Numeric(12, 2), Text, Boolean]
metadata = MetaData()
for number in range(int(sys.argv[2])):
    columns = [Column("id", BigInteger, primary_key=True, autoincrement=False)]
    columns += [Column(f"col_{i:02}", kinds[i % 6], nullable=i % 3 != 0) for i in range(13)]
    columns.append(Column("ref", BigInteger, *([ForeignKey(f"table_{number - 1:05}.id")] if number % 50 else [])))
    table = Table(f"table_{number:05}", metadata, *columns)
    Index(f"ix_t{number:05}", table.c.col_01)
    Index(f"ix_t{number:05}_ref", table.c.ref)
with create_engine(sys.argv[1]).connect() as connection:
    compare_metadata(MigrationContext.configure(connection, opts={"compare_type": False}), metadata)
'''
