"""What the benchmark needs to know of each engine: databases, the engine's own client, SQL of the workloads, catalog reads."""
import os
import subprocess
import sys
from urllib.parse import urlparse

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from servers import SERVERS

TYPES = {  # portable name -> what each engine calls it
    "varchar(40)": {}, "integer": {}, "timestamptz": {"mysql": "timestamp NULL", "sqlite": "timestamptz"}, "numeric(12,2)": {},
    "text": {}, "boolean": {"mysql": "tinyint(1)"}, "bigint": {},
}
COLUMNS = ["varchar(40)", "integer", "timestamptz", "numeric(12,2)", "text", "boolean"]


class Engine:
    name = dialect = ""
    alembic_url = None

    def client(self, database):
        raise NotImplementedError

    def run_client(self, database, sql_file):
        with open(sql_file) as source:
            subprocess.run(self.client(database), stdin=source, stdout=subprocess.DEVNULL, check=True)

    def type(self, portable):
        return TYPES[portable].get(self.dialect, portable)

    def begin(self):
        return "BEGIN;"

    def commit(self):
        return "COMMIT;"

    def identity(self):
        return "bigint NOT NULL"

    def table_sql(self, number):
        """One of the T tables: 15 columns, a key, an index, a foreign key to the one before (in chains of 50:
        Alembic goes along them by recursion)."""
        lines = [f"  id {self.identity()}"]
        for i in range(13):
            kind = COLUMNS[i % len(COLUMNS)]
            lines.append(f"  col_{i:02} {self.type(kind)}{' NOT NULL' if i % 3 == 0 else ''}")
        lines.append("  ref bigint")
        lines.append("  PRIMARY KEY (id)")
        if number % 50:
            lines.append(f"  FOREIGN KEY (ref) REFERENCES table_{number - 1:05} (id)")
        text = f"CREATE TABLE table_{number:05} (\n" + ",\n".join(lines) + "\n);\n"
        if not (self.dialect == "mysql" and number % 50):
            text += f"CREATE INDEX ix_t{number:05}_ref ON table_{number:05} (ref);\n"
        return text + f"CREATE INDEX ix_t{number:05} ON table_{number:05} (col_01);\n"


class SQLite(Engine):
    name = dialect = "sqlite"

    def __init__(self, folder):
        self.folder = folder

    def path(self, database):
        return os.path.join(self.folder, database + ".db")

    def url(self, database):
        return "sqlite:///" + self.path(database)

    def alembic(self, database):
        return "sqlite:///" + self.path(database)

    def create(self, database):
        self.drop(database)
        subprocess.run(self.client(database) + ["vacuum"], check=True)

    def drop(self, database):
        for suffix in ("", "-journal", "-wal", "-shm"):
            if os.path.exists(self.path(database) + suffix):
                os.remove(self.path(database) + suffix)

    def client(self, database):
        return ["sqlite3", "-bail", self.path(database)]

    catalog = """
      select type, name, tbl_name, sql from sqlite_schema;
      select m.name, c.* from sqlite_schema m, pragma_table_xinfo(m.name) c where m.type = 'table';
      select m.name, l.*, x.* from sqlite_schema m, pragma_index_list(m.name) l, pragma_index_xinfo(l.name) x where m.type = 'table';
      select m.name, k.* from sqlite_schema m, pragma_foreign_key_list(m.name) k where m.type = 'table';
    """


class Server(Engine):
    def __init__(self, url):
        self.parsed = urlparse(url)
        self.port = self.parsed.port

    def through(self, port):
        """The same server behind another port of loopback."""
        other = type(self)(self.parsed.geturl())
        other.port = port
        return other

    def url(self, database):
        user = self.parsed.username + (":" + self.parsed.password if self.parsed.password else "")
        return f"{self.parsed.scheme}://{user}@127.0.0.1:{self.port}/{database}"

    def admin(self, sql):
        subprocess.run(self.client(self.admin_database), input=sql, text=True, check=True, stdout=subprocess.DEVNULL,
                       env={**os.environ, "PGOPTIONS": "-c client_min_messages=warning"})

    def create(self, database):
        self.drop(database)
        self.admin(f"CREATE DATABASE {database};")

    def drop(self, database):
        self.admin(f"DROP DATABASE IF EXISTS {database};")


class PostgreSQL(Server):
    name = dialect = "postgresql"
    admin_database = "postgres"

    def alembic(self, database):
        return f"postgresql+psycopg2://{self.parsed.username}@127.0.0.1:{self.port}/{database}"

    def client(self, database):
        return ["psql", "-q", "-X", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-p", str(self.port), "-U", self.parsed.username, "-d", database]

    catalog = """
      select c.oid, n.nspname, c.relname, c.relkind, obj_description(c.oid, 'pg_class'), c.reloptions
        from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname = 'public';
      select a.attrelid, a.attnum, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity, a.attgenerated,
             pg_get_expr(d.adbin, d.adrelid), col_description(a.attrelid, a.attnum)
        from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
        left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
       where n.nspname = 'public' and c.relkind = 'r' and a.attnum > 0 and not a.attisdropped;
      select con.conrelid, con.conname, con.contype, con.conkey, pg_get_constraintdef(con.oid) from pg_constraint con
        join pg_namespace n on n.oid = con.connamespace where n.nspname = 'public';
      select i.indrelid, c.relname, pg_get_indexdef(i.indexrelid) from pg_index i join pg_class c on c.oid = i.indexrelid
        join pg_namespace n on n.oid = c.relnamespace where n.nspname = 'public';
    """


class MySQL(Server):
    """MariaDB or MySQL: the URL says which."""

    dialect = "mysql"
    admin_database = ""

    @property
    def name(self):
        return self.parsed.scheme

    def alembic(self, database):
        return f"mysql+pymysql://{self.parsed.username}:{self.parsed.password}@127.0.0.1:{self.port}/{database}"

    def client(self, database):
        return [SERVERS[self.name].client, "--no-defaults", "-h", "127.0.0.1", "-P", str(self.port), "-u", self.parsed.username, "-p" + self.parsed.password] + (
            [database] if database else [])

    def begin(self):
        return ""  # a statement of DDL commits by itself

    def commit(self):
        return ""

    catalog = """
      select * from information_schema.tables where table_schema = database();
      select * from information_schema.columns where table_schema = database();
      select * from information_schema.statistics where table_schema = database();
      select * from information_schema.key_column_usage where table_schema = database();
      select * from information_schema.referential_constraints where constraint_schema = database();
      select * from information_schema.check_constraints where constraint_schema = database();
    """


NAMES = ["sqlite", "postgresql", "mariadb", "mysql"]


def engines(names, folder):
    found = []
    for name in names:
        if name == "sqlite":
            found.append(SQLite(folder))
        elif name == "postgresql":
            found.append(PostgreSQL(SERVERS[name].url))
        else:
            found.append(MySQL(SERVERS[name].url))
    return found
