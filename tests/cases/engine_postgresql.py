"""PostgreSQL: databases that cases use one after the other, looked at by pg_dump."""
import glob
import json
import os
import re
import threading

import libpq
import servers
from tools import Failure, run

SERVER = servers.SERVERS["postgresql"]


def program(name):
    """The server's own, else the newest version itself: what stands in /usr/bin on Debian is a script that looks for it."""
    own = SERVER.program(name)
    if not own.startswith("/usr/bin/"):
        return own
    found = sorted(glob.glob(f"/usr/lib/postgresql/*/bin/{name}"), key=lambda path: int(path.split("/")[4]) if path.split("/")[4].isdigit() else 0)
    return found[-1] if found else name


PSQL, PG_DUMP = program("psql"), program("pg_dump")

# A database as it was when it was made.
EMPTY = """DO $$
DECLARE item text;
BEGIN
  FOR item IN SELECT quote_ident(extname) FROM pg_extension WHERE extname <> 'plpgsql' LOOP EXECUTE 'DROP EXTENSION IF EXISTS ' || item || ' CASCADE'; END LOOP;
  FOR item IN SELECT quote_ident(nspname) FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema' LOOP
    EXECUTE 'DROP SCHEMA ' || item || ' CASCADE';
  END LOOP;
  FOR item IN SELECT quote_ident(pubname) FROM pg_publication LOOP EXECUTE 'DROP PUBLICATION ' || item; END LOOP;
  FOR item IN SELECT quote_ident(evtname) FROM pg_event_trigger LOOP EXECUTE 'DROP EVENT TRIGGER ' || item; END LOOP;
  FOR item IN SELECT quote_ident(amname) FROM pg_am WHERE oid >= 16384 LOOP EXECUTE 'DROP ACCESS METHOD ' || item; END LOOP;
  IF current_setting('server_version_num')::int >= 150000 THEN
    CREATE SCHEMA public AUTHORIZATION pg_database_owner;
    GRANT USAGE ON SCHEMA public TO PUBLIC;
  ELSE
    CREATE SCHEMA public;
    GRANT ALL ON SCHEMA public TO PUBLIC;
  END IF;
  COMMENT ON SCHEMA public IS 'standard public schema';
END $$"""


class Database:
    def __init__(self, engine, name):
        self.engine = engine
        self.name = name
        self.url = engine.url_of(name)
        self.connection = libpq.Connection(self.url)

    def execute(self, sql):
        if not sql.strip():
            return
        try:
            self.connection.query(sql)
            self.connection.query("DISCARD ALL")
        except libpq.Error:
            # All of it was one transaction to the server; psql sends one statement after the other and knows its own commands.
            self.connection.query("ROLLBACK")
            done = run([PSQL, "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", self.url], sql, False, environment={"PGOPTIONS": "-c client_min_messages=error"})
            if done.returncode != 0:
                raise Failure(f"the case's own SQL fails: {done.stderr.strip()}", sql)

    def query(self, sql):
        return "\n".join("|".join(value or "" for value in row) for row in self.connection.query(sql))

    def catalog(self):
        text = run([PG_DUMP, "-s", "-d", self.url, "-T", "*.schema_versions*", "--no-sync"]).stdout
        return statements(text)

    def leave_out_unmanaged(self, lines):
        """Without partitions and their indexes, which a model leaves alone, and what concerns the schema itself."""
        names = [row[0] for row in self.connection.query("SELECT relname FROM pg_class WHERE relispartition")]
        names += [row[0] for row in self.connection.query("SELECT conname FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid WHERE relispartition")]
        gone = re.compile(r"\b(" + "|".join(map(re.escape, names)) + r")\b" if names else r"(?!)")
        return [line for line in lines if not gone.search(line) and "SCHEMA public" not in line]

    def rows(self):
        tables = self.connection.query(r"""
            SELECT c.relname, c.oid::regclass FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
              AND c.relname NOT LIKE 'schema\_versions%'""")
        if not tables:
            return {}
        out = {}
        quoted = lambda name: "'" + name.replace("'", "''") + "'"
        for table, row in self.connection.query(" UNION ALL ".join(
                f"SELECT {quoted(name)}, to_jsonb(row_of)::text FROM {path} row_of" for name, path in tables)):
            out.setdefault(table, []).append({key: json.dumps(value) for key, value in json.loads(row).items()})
        return out

    def drop(self):
        self.engine.give_back(self)


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
            # From PostgreSQL 18 on a NOT NULL has a name, which follows no rename and which a model does not say.
            inner = sorted(re.sub(r' CONSTRAINT (?:"(?:[^"]|"")*"|\S+) NOT NULL', " NOT NULL", line.strip().rstrip(",")) for line in lines[1:end])
            options = " ".join(" ".join(lines[end:]).split())
            match = re.search(r"WITH \((.*)\)", options)
            if match:
                options = options.replace(match.group(1), ", ".join(sorted(match.group(1).split(", "))))
            return " ".join([lines[0], ", ".join(inner), options])
    if lines[0].startswith(("CREATE INDEX", "CREATE UNIQUE INDEX")):
        return re.sub(r" WITH \(([^()]*)\)", lambda match: f" WITH ({', '.join(sorted(match.group(1).split(', ')))})", "\n".join(lines))
    return "\n".join(lines)


class Engine:
    name = dialect = "postgresql"

    def __init__(self):
        self.lock = threading.RLock()
        self.free = []
        self.made = 0
        self.server_connection = None
        self.server = SERVER.url
        self.missing = SERVER.missing

    def url_of(self, name):
        return SERVER.url_of(name)

    def admin(self, sql):
        with self.lock:
            self.server_connection = self.server_connection or libpq.Connection(self.server)
            return self.server_connection.query(sql)

    def version(self):
        return self.admin("SHOW server_version")[0][0]

    def create(self, label, folder):
        """An empty database: one that an earlier case gave back, or a new one."""
        with self.lock:
            if self.free:
                return self.free.pop()
            self.made += 1
            name = f"case_{os.getpid()}_{self.made}"
        self.admin(f'CREATE DATABASE "{name}" TEMPLATE template0')
        database = Database(self, name)
        database.connection.query(EMPTY)
        return database

    def give_back(self, database):
        try:
            if database.query("SELECT count(*) FROM pg_db_role_setting s JOIN pg_database d ON d.oid = s.setdatabase AND d.datname = current_database()") == "0":
                database.connection.query(EMPTY)
                with self.lock:
                    self.free.append(database)
                return
        except libpq.Error:
            pass
        self.drop(database)

    def drop(self, database):
        database.connection.close()
        self.admin(f'DROP DATABASE IF EXISTS "{database.name}" WITH (FORCE)')

    def close(self):
        for database in self.free:
            self.drop(database)
