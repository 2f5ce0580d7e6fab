"""Servers of a test's own, with TLS and with settings that a test asks for, and a proxy to stand in front of one."""
import contextlib
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time
import urllib.parse

from support import PROGRAM, dialect_of, engines, run  # it finds tests/ too
from network import Proxy, as_user, free_port


def openssl(*words, cwd):
    subprocess.run(["openssl", *words], cwd=cwd, check=True, capture_output=True)


def make_certificates(folder):
    """An authority, another one that signed nothing, and a server's certificate for localhost and 127.0.0.1."""
    for name in ("ca", "stranger"):
        openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-keyout", f"{name}.key", "-out", f"{name}.pem", "-subj", f"/CN={name}", cwd=folder)
    openssl("req", "-newkey", "rsa:2048", "-nodes", "-keyout", "server.key", "-out", "server.csr", "-subj", "/CN=localhost", cwd=folder)
    (folder / "names").write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\n", encoding="ascii")
    openssl("x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2", "-extfile", "names", "-out", "server.pem", cwd=folder)


class Server:
    """A throw-away server with TLS; its options may be added to."""

    def __init__(self, engine, options=()):
        self.engine, self.dialect, self.port = engine, dialect_of(engine), free_port()
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="mig-tls-"))
        self.folder.chmod(0o755)
        make_certificates(self.folder)
        user = "postgres" if engine == "postgresql" else "mysql"
        self.data = self.folder / "data"
        self.data.mkdir(mode=0o700)
        (self.folder / "tmp").mkdir(mode=0o700)
        # A server that starts removes what it takes for its own leftovers there: those of a running one.
        self.environment = dict(os.environ, TMPDIR=str(self.folder / "tmp"))
        for path in (self.data, self.folder / "tmp", self.folder / "server.key"):
            path.chmod(0o700 if path.is_dir() else 0o600)
            if os.geteuid() == 0:
                shutil.chown(path, user, user)
        self.log = open(self.folder / "output", "wb")
        start = self.start_postgresql if engine == "postgresql" else self.start_mariadb
        start(as_user(user), list(options))

    def start_mariadb(self, user, options):
        subprocess.run([*user, "mariadb-install-db", "--no-defaults", f"--datadir={self.data}", "--auth-root-authentication-method=normal", "--skip-test-db"],
                       check=True, capture_output=True, env=self.environment)
        server = shutil.which("mariadbd") or "/usr/sbin/mariadbd"
        self.process = subprocess.Popen(
            [*user, server, "--no-defaults", f"--datadir={self.data}", f"--port={self.port}", "--bind-address=127.0.0.1,::1", f"--socket={self.data}/s", f"--pid-file={self.data}/pid",
             "--skip-name-resolve", f"--ssl-ca={self.folder}/ca.pem", f"--ssl-cert={self.folder}/server.pem", f"--ssl-key={self.folder}/server.key", *options],
            env=self.environment, stdout=self.log, stderr=self.log, stdin=subprocess.DEVNULL)
        self.wait(lambda: self.admin("SELECT 1"))
        self.admin("CREATE USER app IDENTIFIED BY 'secret'; GRANT ALL ON *.* TO app WITH GRANT OPTION; CREATE DATABASE shop")
        self.scheme = "mariadb"

    def start_postgresql(self, user, options):
        binaries = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: float(path.parent.name))[-1]
        subprocess.run([*user, binaries / "initdb", "-D", self.data, "-U", "postgres", "--auth-local=trust", "--auth-host=scram-sha-256", "--no-sync", "-E", "UTF8", "--no-locale"],
                       check=True, capture_output=True)
        with open(self.data / "postgresql.conf", "a", encoding="ascii") as conf:
            conf.write(f"port = {self.port}\nlisten_addresses = '127.0.0.1,::1'\nunix_socket_directories = '{self.data}'\nssl = on\n"
                       f"ssl_ca_file = '{self.folder}/ca.pem'\nssl_cert_file = '{self.folder}/server.pem'\nssl_key_file = '{self.folder}/server.key'\n" + "\n".join(options) + "\n")
        self.process = subprocess.Popen([*user, binaries / "postgres", "-D", self.data], stdout=self.log, stderr=self.log, stdin=subprocess.DEVNULL)
        self.wait(lambda: self.admin("SELECT 1"))
        self.admin("CREATE ROLE app SUPERUSER LOGIN PASSWORD 'secret'")
        self.admin("CREATE DATABASE shop OWNER app")
        self.scheme = "postgresql"

    def wait(self, ready):
        for _ in range(300):
            with contextlib.suppress(AssertionError):
                return ready()
            time.sleep(0.1)
        raise AssertionError((self.folder / "output").read_text(errors="replace"))

    def admin(self, sql, database=None):
        if self.engine == "postgresql":
            done = run(["psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h", self.data, "-p", self.port, "-U", "postgres", "-d", database or "postgres", "-c", sql],
                       env={**os.environ, "PGOPTIONS": "-c default_transaction_read_only=off"})
        else:
            done = run(["mariadb", "--no-defaults", "-N", "-S", f"{self.data}/s", "-uroot", *([database] if database else []), "-e", sql])
        if done.code != 0:
            raise AssertionError(repr(done))
        return done.out.strip()

    def url(self, behind="", host="127.0.0.1", user="app", password="secret"):
        return f"{self.scheme}://{user}:{password}@{host}:{self.port}/shop{behind}"

    def stop(self):
        self.process.send_signal(signal.SIGINT if self.engine == "postgresql" else signal.SIGTERM)
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.log.close()
        shutil.rmtree(self.folder, ignore_errors=True)


def through(url, *ports):
    """The URL with other hosts in its place."""
    parts = urllib.parse.urlsplit(url)
    account = parts.netloc.rpartition("@")[0]
    return parts._replace(netloc=(account + "@" if account else "") + ",".join(f"127.0.0.1:{port}" for port in ports)).geturl()


def servers_of(engines_wanted=("postgresql", "mariadb")):
    return [engine for engine in engines_wanted if engine in engines()]


class Folder:
    """A project without a database of its own."""

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="migrate-cli-"))
        (self.folder / "migrations").mkdir()

    def unit(self, id, upgrade, downgrade, header=""):
        (self.folder / "migrations" / f"{id}.sql").write_text(
            f"-- revision: {id}\n-- message: unit\n{header}\n-- migrate: upgrade\n{upgrade}\n\n-- migrate: downgrade\n{downgrade}\n", encoding="utf-8")

    def migrate(self, *words, env=None):
        return run([PROGRAM, *words, "--no-input"], cwd=self.folder, env={**os.environ, "NO_COLOR": "1", **(env or {})})

    def close(self):
        shutil.rmtree(self.folder)
