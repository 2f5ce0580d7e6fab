"""Runs the built program as a user does, on an empty database of each engine.

MIGRATE_PROGRAM names the program (scripts/test sets it); the servers are found as tests/servers.py says. A server that is not there is
left out, and the test says so. A test asks for the `dialect` of a project, where MariaDB and MySQL are one, or for its `engine`.
"""
import itertools
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest
import urllib.parse

sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent))
from servers import SERVERS, dialect_of

PROGRAM = os.environ.get("MIGRATE_PROGRAM", "build-dev/migrate")
COUNTER = itertools.count(1)


class Outcome:
    def __init__(self, done):
        self.code, self.out, self.err = done.returncode, done.stdout, done.stderr

    def __repr__(self):
        return f"exit code {self.code}\n{self.out}{self.err}"

    @property
    def events(self):
        return [json.loads(line) for line in self.out.splitlines() if line.strip()]


def run(command, **more):
    return Outcome(subprocess.run([str(word) for word in command], capture_output=True, encoding="utf-8", errors="replace",
                                  stdin=subprocess.DEVNULL, timeout=300, **more))


class Database:
    """An empty database of one engine and the engine's own client."""

    def __init__(self, engine, folder):
        self.engine, self.dialect = engine, dialect_of(engine)
        self.admin = None
        if engine == "sqlite":
            self.file = folder / f"db{next(COUNTER)}.sqlite"
            self.url = f"sqlite:///{self.file}"
            return
        self.server = SERVERS[engine]
        self.admin = self.server.url
        self.name = f"migrate_cli_{os.getpid()}_{next(COUNTER)}"
        self.client(self.admin, f"CREATE DATABASE {self.name}", check=True)
        self.url = self.server.url_of(self.name)

    def client(self, url, sql, check=False):
        if self.engine == "sqlite":
            done = run(["sqlite3", "-batch", self.file, sql])
        elif self.engine == "postgresql":
            done = run([self.server.client, "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", url, "-c", sql])
        else:
            done = run([*self.mysql(url), "-N", "-e", sql])
        if check and done.code != 0:
            raise AssertionError(f"{sql}\n{done!r}")
        return done

    def mysql(self, url):
        return [self.server.client, *self.server.mysql_options(), "--default-character-set=utf8mb4", urllib.parse.urlsplit(url).path[1:]]

    def sql(self, sql):
        """Runs SQL as somebody by hand would; returns what the client prints."""
        return self.client(self.url, sql, check=True).out.strip()

    def script(self, text, folder):
        """Feeds a script to the engine's own client."""
        file = folder / "script.sql"
        file.write_text(text, encoding="utf-8")
        with open(file, "rb") as source:
            if self.engine == "sqlite":
                command = ["sqlite3", str(self.file)]
            elif self.engine == "postgresql":
                command = [self.server.client, "-X", "-q", self.url]
            else:
                command = self.mysql(self.url)
            return Outcome(subprocess.run(command, stdin=source, capture_output=True, encoding="utf-8", timeout=300))

    def drop(self):
        if self.admin:
            self.client(self.admin, f"DROP DATABASE {self.name}" + (" WITH (FORCE)" if self.engine == "postgresql" else ""))


class Project:
    """A folder with migrate.yaml, and its database."""

    def __init__(self, engine, config=""):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="migrate-cli-"))
        self.database = Database(engine, self.folder)
        self.engine, self.dialect = engine, self.database.dialect
        (self.folder / "migrations").mkdir()
        self.write("model.yaml", "")
        self.config(config)

    def config(self, more):
        self.write("migrate.yaml", f'database: "{self.database.url}"\nmodel: model.yaml\n{more}\n')

    def write(self, name, text):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def unit(self, id, parents, upgrade, downgrade, header="", message=None):
        text = f"-- revision: {id}\n" + (f"-- parents: {parents}\n" if parents else "") + f"-- message: {message or 'unit ' + id}\n{header}"
        return self.write(f"migrations/{id}.sql", f"{text}\n-- migrate: upgrade\n{upgrade}\n\n-- migrate: downgrade\n{downgrade}\n")

    def migrate(self, *arguments, code=0, env=None):
        done = run([PROGRAM, "--no-input", *arguments] if arguments and arguments[0].startswith("--") else [PROGRAM, *arguments, "--no-input"],
                   cwd=self.folder, env={**os.environ, "NO_COLOR": "1", **(env or {})})
        if code is not None and done.code != code:
            raise AssertionError(f"migrate {' '.join(arguments)}: {done!r}, expected {code}")
        return done

    def sql(self, sql):
        return self.database.sql(sql)

    def close(self):
        self.database.drop()
        shutil.rmtree(self.folder, ignore_errors=True)


def engines(dialect=None):
    """The engines that are there, or those that speak this dialect."""
    found = ["sqlite"]
    for server in SERVERS.values():
        if server.url:
            found.append(server.name)
        else:
            print(f"{server.missing}: {server.name} is left out")
    return [engine for engine in found if dialect in (None, dialect_of(engine))]


class TestCase(unittest.TestCase):
    maxDiff = None

    def project(self, engine, config=""):
        project = Project(engine, config)
        self.addCleanup(project.close)
        return project

    def each(self, config=""):
        """A project on each engine, one after the other."""
        for engine in engines():
            with self.subTest(engine=engine):
                yield self.project(engine, config)


def main():
    unittest.main(verbosity=2)
