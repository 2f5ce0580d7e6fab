"""Reads a table as the engine's own client prints it, and nothing of migrate."""
import pathlib
import sqlite3
import subprocess
import sys

sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent))
sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent / "cli"))
import kinds

MYSQL = kinds.MYSQL


def expression(engine, column):
    name = f'"{column.name}"' if engine != "mysql" and engine != "mariadb" else f"`{column.name}`"
    if engine == "postgresql":
        if column.kind in ("text", "padded", "own", "json", "mixed"):
            if column.kind == "own":  # as it is put out: a cast writes 10.0.0.1/32
                return f"CASE WHEN {name} IS NULL THEN NULL ELSE encode(convert_to(format('%s', {name}), 'UTF8'), 'hex') END"
            return f"encode(convert_to({name}::text, 'UTF8'), 'hex')"
        if column.kind == "bytes":
            return f"encode({name}::bytea, 'hex')"
        if column.kind == "real":
            return f"{name}::float8"
        if column.kind == "moment":
            return f"{name}::timestamptz at time zone 'UTC'"
        if column.type == "money":
            return f"{name}::numeric"
        return name
    if column.kind in ("text", "padded", "own", "json", "mixed"):
        return f"HEX(CONVERT({name} USING utf8mb4))"
    if column.kind == "bytes":
        return f"HEX({name})"
    if column.kind == "real":
        return f"{name} + 0e0"
    if column.kind == "bits":
        return f"LPAD(BIN({name}), {column.length}, '0')"
    return name


def parsed(engine, column, text):
    if text is None:
        return None
    if column.kind in ("text", "padded", "own", "json", "mixed"):
        return bytes.fromhex(text).decode()
    if column.kind == "bytes":
        return bytes.fromhex(text)
    return text


def read(database, table, columns, order="id"):
    """Rows of (id, canonical values), by id."""
    if database.engine == "sqlite":
        connection = sqlite3.connect(database.file)
        connection.text_factory = lambda data: data.decode("utf-8", "surrogateescape")
        names = ", ".join(f'"{column.name}"' for column in columns)
        rows = connection.execute(f'SELECT {order}, {names} FROM "{table}"').fetchall()
        connection.close()
        values = [[row[0], *row[1:]] for row in rows]
    else:
        listed = ", ".join(f"{expression(database.engine, column)}" for column in columns)
        values = [[row[0], *(parsed(database.engine, column, text) for column, text in zip(columns, row[1:]))] for row in client(database, f"SELECT {order}, {listed} FROM {table}")]
    return {int(row[0]): [kinds.canonical(column, value) for column, value in zip(columns, row[1:])] for row in values}


def client(database, sql):
    """Rows as lists of texts, None for NULL."""
    if database.engine == "postgresql":
        done = subprocess.run([database.server.client, "-X", "-q", "-v", "ON_ERROR_STOP=1", database.url, "-c", "SET TimeZone = 'UTC'", "-c", "SET extra_float_digits = 1", "-c", f"COPY ({sql}) TO STDOUT"], capture_output=True, encoding="utf-8")
    else:
        done = subprocess.run([*database.mysql(database.url), "-N", "-B", "--init-command=SET time_zone='+00:00'", "-e", sql], capture_output=True, encoding="utf-8")
    if done.returncode != 0:
        raise AssertionError(f"{sql}\n{done.stderr}")
    null = "\\N" if database.engine == "postgresql" else "NULL"
    return [[None if field == null else field for field in line.split("\t")] for line in done.stdout.splitlines()]


def run_script(database, statements):
    """Runs SQL by the engine's own client."""
    text = ";\n".join(statements) + ";\n"
    if database.engine == "sqlite":
        connection = sqlite3.connect(database.file)
        connection.executescript(text)
        connection.commit()
        connection.close()
        return
    if database.engine == "postgresql":
        command = [database.server.client, "-X", "-q", "-v", "ON_ERROR_STOP=1", database.url]
    else:
        command = [*database.mysql(database.url), "--init-command=SET time_zone='+00:00', sql_mode='ALLOW_INVALID_DATES,NO_AUTO_VALUE_ON_ZERO', foreign_key_checks=0"]
    done = subprocess.run(command, input=text, capture_output=True, encoding="utf-8")
    if done.returncode != 0:
        raise AssertionError(done.stderr[:2000])
