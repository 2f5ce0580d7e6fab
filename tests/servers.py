"""The servers that tests run on, as scripts/servers names them, and what differs between MariaDB and MySQL for a test.

A server is found by its variable, MIGRATE_TEST_POSTGRESQL, MIGRATE_TEST_MARIADB or MIGRATE_TEST_MYSQL (a URL), and its own client
programs in the folder of MIGRATE_TEST_..._BIN, or else in PATH. `servers.py NAME` is a test by itself: it is skipped when there is
no such server, and fails where continuous integration has to have one."""
import os
import shutil
import sys
import urllib.parse


class Server:
    """One server: its name, and the dialect that migrate speaks with it."""

    def __init__(self, name, dialect, client, dump):
        self.name, self.dialect = name, dialect
        self.variable = "MIGRATE_TEST_" + name.upper()
        self.client_name, self.dump_name = client, dump

    @property
    def url(self):
        return os.environ.get(self.variable, "")

    @property
    def missing(self):
        return "" if self.url else f"{self.variable} is not set"

    def program(self, name):
        own = os.path.join(os.environ.get(self.variable + "_BIN", ""), name)
        return own if os.path.isabs(own) and os.access(own, os.X_OK) else shutil.which(name) or name

    @property
    def client(self):
        return self.program(self.client_name)

    @property
    def dump(self):
        return self.program(self.dump_name)

    def url_of(self, database):
        return urllib.parse.urlsplit(self.url)._replace(path="/" + database).geturl()

    def mysql_options(self):
        """How a client of MariaDB or MySQL finds the server; --no-defaults has to come first."""
        url = urllib.parse.urlsplit(self.url)
        return ["--no-defaults", "--protocol=tcp", f"--host={url.hostname}", f"--port={url.port or 3306}", f"--user={url.username}", f"--password={url.password or ''}"]


SERVERS = {server.name: server for server in (
    Server("postgresql", "postgresql", "psql", "pg_dump"),
    Server("mariadb", "mysql", "mariadb", "mariadb-dump"),
    Server("mysql", "mysql", "mysql", "mysqldump"))}


def dialect_of(engine):
    return SERVERS[engine].dialect if engine in SERVERS else engine


def main():
    server = SERVERS[sys.argv[1]]
    if server.url:
        return 0
    print(server.missing)
    return 1 if os.environ.get("CI") == "true" else 77


if __name__ == "__main__":
    sys.exit(main())
