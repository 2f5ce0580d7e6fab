"""What the fault tests share: throw-away databases, projects and the state of a database as text.

The servers are found as tests/servers.py says; an engine without its variable is left out. An engine has its server's name, and the
dialect that migrate speaks with it: mysql is MariaDB's too.
Only the standard library and the engines' own clients are used.
"""
import os
import re
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.parse

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from servers import SERVERS

TIME_COLUMNS = {"applied_at", "applied_by", "duration_ms"}


class Sqlite:
    name = dialect = "sqlite"

    def __init__(self, folder):
        self.path = os.path.join(folder, "database.db")
        self.url = "sqlite:///" + self.path

    def reset(self):
        for suffix in ("", "-journal", "-wal", "-shm"):
            if os.path.exists(self.path + suffix):
                os.unlink(self.path + suffix)

    def drop(self):
        self.reset()

    def rows(self, sql):
        with sqlite3.connect(self.path) as connection:
            return [[("" if v is None else str(v)) for v in row] for row in connection.execute(sql)]

    def schema(self):
        rows = self.rows("select type, name, tbl_name, coalesce(sql, '') from sqlite_schema where name not like 'sqlite_%' order by 1, 2")
        return "\n".join("|".join(row) for row in rows)

    def kill_connection(self):
        return False


class Client:
    """A server that is asked through its own command-line client."""

    def __init__(self, server, database, url=None):
        self.name, self.dialect, self.client = server.name, server.dialect, server.client
        self.server = urllib.parse.urlsplit(url or server.url)
        self.database = database
        self.url = urllib.parse.urlunsplit(self.server._replace(path="/" + database))

    def environment(self):
        return dict(os.environ, PGPASSWORD=self.server.password or "", MYSQL_PWD=self.server.password or "")

    def run(self, command, sql):
        done = subprocess.run(command, input=sql, env=self.environment(), capture_output=True, text=True)
        if done.returncode != 0:
            raise RuntimeError(f"{command[0]}: {done.stderr}\n{sql}")
        return done.stdout


class Postgresql(Client):
    def sql(self, sql, database=None):
        return self.run([self.client, "-X", "-q", "-A", "-t", "-F", "\t", "-v", "ON_ERROR_STOP=1", "-h", self.server.hostname, "-p", str(self.server.port),
                         "-U", self.server.username, "-d", database or self.database], sql)

    def reset(self):
        self.drop()
        self.sql(f"create database {self.database}", "postgres")

    def drop(self):
        self.sql(f"drop database if exists {self.database} with (force)", "postgres")

    def rows(self, sql):
        return [line.split("\t") for line in self.sql(sql).splitlines()]

    def schema(self):
        return self.sql("""
            select c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, pg_get_expr(d.adbin, d.adrelid)
              from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
              left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
             where c.relnamespace = 'public'::regnamespace order by 1, a.attnum;
            select pg_get_indexdef(indexrelid), indisvalid from pg_index i join pg_class c on c.oid = i.indrelid
             where c.relnamespace = 'public'::regnamespace order by 1;
            select conrelid::regclass::text, conname, pg_get_constraintdef(oid) from pg_constraint where connamespace = 'public'::regnamespace order by 1, 2;
            select pg_get_triggerdef(oid) from pg_trigger where not tgisinternal order by 1;
            select pg_get_functiondef(oid) from pg_proc where pronamespace = 'public'::regnamespace order by 1;""")

    def kill_connection(self):
        return "t" in self.sql(f"select pg_terminate_backend(pid) from pg_stat_activity where datname = '{self.database}' and "
                               "application_name like 'migrate%'", "postgres")


class Mysql(Client):
    """MariaDB or MySQL."""

    def sql(self, sql, database=None):
        return self.run([self.client, "--no-defaults", "-h", self.server.hostname, "-P", str(self.server.port), "-u", self.server.username, "-N", "-B",
                         "-D", database or self.database], sql)

    def reset(self):
        self.sql(f"drop database if exists {self.database}; create database {self.database}", "information_schema")

    def drop(self):
        self.sql(f"drop database if exists {self.database}", "information_schema")

    def rows(self, sql):
        return [line.split("\t") for line in self.sql(sql).splitlines()]

    def schema(self):
        out = []
        for (table, kind) in self.rows("show full tables"):
            text = self.sql(f"show create table `{table}`")
            out.append(re.sub(r" AUTO_INCREMENT=\d+", "", text))
        out.append(self.sql("select trigger_name, action_timing, event_manipulation, action_statement from information_schema.triggers "
                            f"where trigger_schema = '{self.database}' order by 1"))
        return "\n".join(out)

    def kill_connection(self):
        ids = self.rows(f"select id from information_schema.processlist where db = '{self.database}' and id <> connection_id()") 
        for (number,) in ids:
            try:
                self.sql(f"kill {number}")
            except RuntimeError:
                pass  # it has ended by itself
        return bool(ids)


class Servers:
    """The servers that scripts/servers has started in a folder: kills one and starts it again as it was."""

    def __init__(self, folder):
        self.folder = os.path.abspath(folder)

    def restart(self, engine):
        if engine.name == "postgresql":
            # SIGQUIT: every process of the server ends at once, without a word; SIGKILL would leave the others running.
            name, number = os.path.join(self.folder, "postgresql/data/postmaster.pid"), signal.SIGQUIT
        else:
            name, number = os.path.join(self.folder, engine.name, "pid"), signal.SIGKILL
        with open(name) as file:
            pid = int(file.readline())
        with open(f"/proc/{pid}/cmdline") as file:
            command = file.read().rstrip("\0").split("\0")
        user, group = os.stat(f"/proc/{pid}").st_uid, os.stat(name).st_gid
        if self.folder not in " ".join(command):
            raise RuntimeError(f"process {pid} is not a server of {self.folder}")
        os.kill(pid, number)
        while os.path.exists(f"/proc/{pid}") and open(f"/proc/{pid}/stat").read().rsplit(")")[-1].split()[0] != "Z":
            time.sleep(0.02)
        time.sleep(0.3)
        with open(os.path.join(self.folder, "restarted.log"), "a") as log:
            identity = {"user": user, "group": group, "extra_groups": []} if os.getuid() == 0 else {}
            subprocess.Popen(command, **identity, start_new_session=True, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        for _ in range(600):
            try:
                engine.sql("select 1", {"postgresql": "postgres"}.get(engine.name, "information_schema"))
                return
            except RuntimeError:
                time.sleep(0.05)
        raise RuntimeError(f"{engine.name} did not start again")


def engines(folder, only=None):
    found = [Sqlite(folder)]
    for server in SERVERS.values():
        if only is not None and server.name not in only:
            continue
        if server.url:
            found.append({"postgresql": Postgresql, "mysql": Mysql}[server.dialect](server, f"faults_{os.getpid()}"))
        else:
            print(f"{server.missing}: {server.name} is left out")
    if only is not None and not any(engine.name in only for engine in found):
        sys.exit(77)
    return [engine for engine in found if only is None or engine.name in only]


def write_project(folder, engine, units, settings=""):
    """units: a list of (text of the header's extra lines, upgrade, downgrade)."""
    os.makedirs(os.path.join(folder, "migrations"), exist_ok=True)
    with open(os.path.join(folder, "migrate.yaml"), "w") as file:
        file.write(f"database: {engine.url}\nmigrations: migrations\n{settings}")
    parent = ""
    for number, (header, up, down) in enumerate(units, 1):
        identity = f"{number:04}-{number:06x}"
        with open(os.path.join(folder, "migrations", f"{number:04}_unit.sql"), "w") as file:
            file.write(f"-- revision: {identity}\n")
            if parent:
                file.write(f"-- parents: {parent}\n")
            file.write(f"-- message: unit {number}\n-- created: 2026-11-21T10:00:00Z\n{header}\n-- migrate: upgrade\n{up}\n\n-- migrate: downgrade\n{down}\n")
        parent = identity


def state(engine):
    """Schema, data and versions table as one text; without times."""
    parts = [engine.schema()]
    if engine.name == "sqlite":
        tables = [row[0] for row in engine.rows("select name from sqlite_schema where type = 'table' and name not like 'sqlite_%' order by 1")]
    elif engine.name == "postgresql":
        tables = [row[0] for row in engine.rows("select relname from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace order by 1")]
    else:
        tables = [row[0] for row in engine.rows("show tables")]
    for table in tables:
        if table in ("schema_versions_log", "schema_versions_schema", "schema_versions_lock"):
            continue  # they hold times
        columns = "*" if table != "schema_versions" else "revision, message, checksum, state, statement, fingerprint, downgrade"
        parts.append(f"== {table}")
        parts += sorted("|".join(row) for row in engine.rows(f"select {columns} from {table}"))
    return "\n".join(parts)


def temporary_folder():
    return tempfile.TemporaryDirectory(prefix="migrate-faults-")
