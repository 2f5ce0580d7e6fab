"""Other migration tools: how each writes the same revisions, and the commands that run them. Those that Debian has; one that is
not installed is left out of the benchmark."""
import glob
import os
import shutil
import subprocess

from projects import revision_sql, write

PYTHON = "/usr/bin/python3"  # Debian's, which has Debian's modules


def has_modules(*names):
    return subprocess.run([PYTHON, "-c", "import " + ", ".join(names)], capture_output=True).returncode == 0


def driver(engine, **modules):
    """The Python module that a tool reaches the engine with."""
    return {"sqlite": "sqlite3", "postgresql": "psycopg2", "mysql": "pymysql", **modules}[engine.dialect]


class Peer:
    """A project with `count` revisions in `folder`; every command is a list of words for a process."""
    name = ""
    environment = {}

    def __init__(self, folder, engine, database, count):
        self.folder, self.engine, self.database, self.count = folder, engine, database, count
        os.makedirs(folder, exist_ok=True)
        self.write()

    @classmethod
    def available(cls, engine):
        raise NotImplementedError

    def reset(self):
        """Makes the database empty."""
        self.engine.create(self.database)

    def drop(self):
        self.engine.drop(self.database)


class Alembic(Peer):
    name = "alembic"

    ENV = '''from alembic import context
from sqlalchemy import create_engine, pool
engine = create_engine(context.config.get_main_option("sqlalchemy.url"), poolclass=pool.NullPool)
with engine.connect() as connection:
    context.configure(connection=connection, target_metadata=None, transaction_per_migration=True)
    with context.begin_transaction():
        context.run_migrations()
'''

    @classmethod
    def available(cls, engine):
        return has_modules("alembic", driver(engine))

    def write(self):
        write(f"{self.folder}/alembic.ini", f"[alembic]\nscript_location = {self.folder}\nsqlalchemy.url = {self.engine.alembic(self.database)}\n")
        write(f"{self.folder}/env.py", self.ENV)
        write(f"{self.folder}/script.py.mako", "")
        os.makedirs(f"{self.folder}/versions", exist_ok=True)
        for number in range(self.count):
            up, down = revision_sql(number)
            parent = f"'r{number - 1:05}'" if number else "None"
            lines = [f"revision = 'r{number:05}'", f"down_revision = {parent}", "branch_labels = depends_on = None", "from alembic import op",
                     "def upgrade():", *[f"    op.execute('''{s}''')" for s in up], "def downgrade():", *[f"    op.execute('''{s}''')" for s in down]]
            write(f"{self.folder}/versions/r{number:05}.py", "\n".join(lines) + "\n")

    def run(self, *words):
        return [PYTHON, "-m", "alembic", "-c", f"{self.folder}/alembic.ini", *words]

    def up(self):
        return self.run("upgrade", "head")

    def down(self):
        return self.run("downgrade", "base")

    def current(self):
        return self.run("current")


class Django(Peer):
    name = "django"

    @classmethod
    def available(cls, engine):
        return has_modules("django", driver(engine, mysql="MySQLdb"))

    def settings(self):
        if self.engine.name == "sqlite":
            return {"ENGINE": "django.db.backends.sqlite3", "NAME": self.engine.path(self.database)}
        server = self.engine.parsed
        return {"ENGINE": f"django.db.backends.{self.engine.dialect}", "NAME": self.database, "HOST": "127.0.0.1", "PORT": str(self.engine.port),
                "USER": server.username, "PASSWORD": server.password or ""}

    def write(self):
        write(f"{self.folder}/settings.py", f"SECRET_KEY = 'x'\nINSTALLED_APPS = ['bench']\nUSE_TZ = True\nDATABASES = {{'default': {self.settings()!r}}}\n")
        write(f"{self.folder}/manage.py", "import os, sys\nos.environ['DJANGO_SETTINGS_MODULE'] = 'settings'\n"
              "from django.core.management import execute_from_command_line\nexecute_from_command_line(sys.argv)\n")
        write(f"{self.folder}/bench/__init__.py", "")
        write(f"{self.folder}/bench/migrations/__init__.py", "")
        for number in range(self.count):
            up, down = revision_sql(number)
            before = f"('bench', '{number - 1:05}_r')" if number else ""
            write(f"{self.folder}/bench/migrations/{number:05}_r.py",
                  f"from django.db import migrations\nclass Migration(migrations.Migration):\n    dependencies = [{before}]\n"
                  f"    operations = [migrations.RunSQL({up!r}, {down!r})]\n")

    def run(self, *words):
        return [PYTHON, f"{self.folder}/manage.py", *words]

    def up(self):
        return self.run("migrate", "-v", "0")

    def down(self):
        return self.run("migrate", "-v", "0", "bench", "zero")

    def current(self):
        return self.run("showmigrations")


class Yoyo(Peer):
    name = "yoyo"

    @classmethod
    def available(cls, engine):
        return has_modules("yoyo", driver(engine))

    def write(self):
        for number in range(self.count):
            up, down = revision_sql(number)
            depends = f"-- depends: {number - 1:05}_r\n" if number else ""
            write(f"{self.folder}/migrations/{number:05}_r.sql", depends + ";\n".join(up) + ";\n")
            write(f"{self.folder}/migrations/{number:05}_r.rollback.sql", down[0] + ";\n")

    def run(self, command, *words):
        return ["/usr/bin/yoyo", command, "--batch", "--no-config-file", "-d", self.engine.url(self.database).replace("mariadb:", "mysql:"), *words,
                f"{self.folder}/migrations"]

    def up(self):
        return self.run("apply")

    def down(self):
        return self.run("rollback", "--all")

    def current(self):
        return self.run("list")


class Sqitch(Peer):
    name = "sqitch"
    environment = {"SQITCH_FULLNAME": "bench", "SQITCH_EMAIL": "bench@localhost", "SQITCH_USER_CONFIG": "/dev/null"}
    MODULES = {"sqlite": "DBD::SQLite", "postgresql": "DBD::Pg", "mysql": "DBD::mysql"}

    @classmethod
    def available(cls, engine):
        return shutil.which("sqitch") is not None and subprocess.run(["perl", f"-M{cls.MODULES[engine.dialect]}", "-e", "1"], capture_output=True).returncode == 0

    def target(self):
        if self.engine.name == "sqlite":
            return "db:sqlite:" + self.engine.path(self.database)
        return "db:" + self.engine.url(self.database).replace("postgresql:", "pg:").replace("mariadb:", "mysql:")

    def write(self):
        kind = {"postgresql": "pg"}.get(self.engine.dialect, self.engine.dialect)
        registry = f"[engine \"{kind}\"]\n\tregistry = {self.registry()}\n" if self.engine.dialect == "mysql" else ""
        write(f"{self.folder}/sqitch.conf", f"[core]\n\tengine = {kind}\n{registry}")
        lines = ["%syntax-version=1.0.0", "%project=bench", ""]
        for number in range(self.count):
            up, down = revision_sql(number)
            lines.append(f"r{number:05} 2026-01-01T00:00:00Z bench <bench@localhost> # r{number}")
            write(f"{self.folder}/deploy/r{number:05}.sql", self.engine.begin() + "\n" + ";\n".join(up) + ";\n" + self.engine.commit() + "\n")
            write(f"{self.folder}/revert/r{number:05}.sql", self.engine.begin() + "\n" + down[0] + ";\n" + self.engine.commit() + "\n")
        write(f"{self.folder}/sqitch.plan", "\n".join(lines) + "\n")

    def registry(self):
        return self.database + "_sqitch"

    def reset(self):
        self.drop()
        super().reset()

    def drop(self):
        super().drop()
        if self.engine.dialect == "mysql":
            self.engine.drop(self.registry())
        elif self.engine.name == "sqlite":
            for file in glob.glob(os.path.join(os.path.dirname(self.engine.path(self.database)), "sqitch.db*")):
                os.remove(file)

    def run(self, command, *words):
        return ["sqitch", "-C", self.folder, command, *words, self.target()]

    def up(self):
        return self.run("deploy")

    def down(self):
        return self.run("revert", "-y")

    def current(self):
        return self.run("status")


PEERS = [Alembic, Django, Yoyo, Sqitch]
