"""PostgreSQL: a database a case, made and looked at by psql and pg_dump."""
import json
import os
import re

from tools import Failure, run

BREAK = re.compile(r"^(--.*)?$")


class Database:
    def __init__(self, engine, name):
        self.engine = engine
        self.name = name
        self.url = engine.url_of(name)

    def psql(self, sql, check=True):
        return run(["psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", self.url], sql, check, environment={"PGOPTIONS": "-c client_min_messages=error"})

    def execute(self, sql):
        if not sql.strip():
            return
        done = self.psql(sql, False)
        if done.returncode != 0:
            raise Failure(f"the case's own SQL fails: {done.stderr.strip()}", sql)

    def query(self, sql):
        return self.psql(sql).stdout.strip()

    def catalog(self):
        text = run(["pg_dump", "-s", "-d", self.url, "-T", "*.schema_versions*", "--no-sync"]).stdout
        return statements(text)

    def rows(self):
        sql = r"""SELECT format('SELECT %L, to_jsonb(row_of)::text FROM %s row_of', c.relname, c.oid::regclass) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast') AND c.relname NOT LIKE 'schema_versions%'
\gexec
"""
        out = {}
        for line in self.psql(sql).stdout.splitlines():
            table, _, row = line.partition("|")
            out.setdefault(table, []).append({key: json.dumps(value) for key, value in json.loads(row).items()})
        return out

    def drop(self):
        self.engine.admin(f'DROP DATABASE IF EXISTS "{self.name}" WITH (FORCE)')


def statements(dump):
    """A dump as statements in which the order of columns, constraints and statements does not matter."""
    out, lines = [], []
    quote = None
    for line in dump.splitlines():
        if quote is None and (line.startswith("--") or not line.strip() or line.startswith("SET ") or line.startswith("\\") or line.startswith("SELECT pg_catalog.set_config")):
            continue
        for tag in re.findall(r"\$[A-Za-z_]*\$", line):
            quote = tag if quote is None else (None if quote == tag else quote)
        lines.append(line)
        if quote is None and line.rstrip().endswith(";"):
            out.append(statement_text(lines))
            lines = []
    if lines:
        out.append(statement_text(lines))
    return out


def statement_text(lines):
    if lines[0].startswith("CREATE TABLE") or lines[0].startswith("CREATE UNLOGGED TABLE") or lines[0].startswith("CREATE TYPE"):
        if "ENUM" not in lines[0]:
            end = max(index for index, line in enumerate(lines) if line.startswith(")"))
            inner = sorted(line.strip().rstrip(",") for line in lines[1:end])
            options = " ".join(" ".join(lines[end:]).split())
            match = re.search(r"WITH \((.*)\)", options)
            if match:
                options = options.replace(match.group(1), ", ".join(sorted(match.group(1).split(", "))))
            return " ".join([lines[0], ", ".join(inner), options])
    return "\n".join(lines)


class Engine:
    name = "postgresql"

    def __init__(self):
        self.server = os.environ.get("MIGRATE_TEST_POSTGRESQL", "")
        self.missing = "" if self.server else "MIGRATE_TEST_POSTGRESQL is not set"

    def url_of(self, name):
        base, _, query = self.server.partition("?")
        return base.rsplit("/", 1)[0] + "/" + name + ("?" + query if query else "")

    def admin(self, sql):
        return run(["psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", self.server], sql, environment={"PGOPTIONS": "-c client_min_messages=error"}).stdout

    def create(self, label, folder):
        name = f"case_{os.getpid()}_{label}".lower()[:63]
        self.admin(f'CREATE DATABASE "{name}" TEMPLATE template0')
        return Database(self, name)
