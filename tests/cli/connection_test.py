"""Connections: TLS as the URL asks for it, several hosts, silent servers, proxies, passwords of any characters.

The servers with TLS are this test's own, with certificates of an authority that lives as long as the test."""
import contextlib
import os
import random
import socket
import subprocess
import threading
import time
import urllib.parse

from own_servers import Folder, Proxy, Server, free_port, servers_of, through
from support import PROGRAM, TestCase, main


class Tls(TestCase):
    @classmethod
    def setUpClass(cls):
        cls.servers = [Server(engine) for engine in servers_of()]

    @classmethod
    def tearDownClass(cls):
        for server in cls.servers:
            server.stop()

    SEEN = {"mysql": "CREATE TABLE seen AS SELECT variable_value AS cipher FROM information_schema.session_status WHERE variable_name = 'SSL_CIPHER';",
            "postgresql": "CREATE TABLE seen AS SELECT coalesce(cipher, '') AS cipher FROM pg_stat_ssl WHERE pid = pg_backend_pid();"}

    def cipher(self, server, url):
        """What the server itself says of the session that a unit runs in; none when the connection is refused."""
        project = Folder()
        project.unit("0001-aaaaaa", self.SEEN[server.dialect], "DROP TABLE seen;")
        done = project.migrate("upgrade", "-v", "--database", url)
        if done.code == 0:
            cipher = server.admin("SELECT cipher FROM seen", "shop")
            self.assertIn("not encrypted" if cipher == "" else cipher, done.err)
            self.assertEqual(project.migrate("downgrade", "base", "--database", url).code, 0)
        else:
            cipher = None
        project.close()
        return cipher, done

    def test_a_session_is_encrypted_as_the_url_says(self):
        for server in self.servers:
            mysql = server.dialect == "mysql"
            ca = f"{server.folder}/ca.pem"
            stranger = f"{server.folder}/stranger.pem"
            mode, root = ("ssl-mode", "ssl-ca") if mysql else ("sslmode", "sslrootcert")
            words = {"off": "disabled", "prefer": "preferred", "on": "required", "ca": "verify_ca", "full": "verify_identity"}
            if not mysql:
                words = {"off": "disable", "prefer": "prefer", "on": "require", "ca": "verify-ca", "full": "verify-full"}
            encrypted = ["", f"?{mode}={words['prefer']}", f"?{mode}={words['on']}", f"?{mode}={words['ca']}&{root}={ca}", f"?{mode}={words['full']}&{root}={ca}"]
            if mysql:
                encrypted += ["?sslmode=require", "?ssl_mode=REQUIRED", f"?ssl-ca={ca}", f"?sslMode=VERIFY_IDENTITY&sslCa={ca}", "?sslmode=prefer"]
            for behind in encrypted:
                with self.subTest(engine=server.engine, url=behind):
                    cipher, done = self.cipher(server, server.url(behind))
                    self.assertTrue(cipher, done)
            with self.subTest(engine=server.engine, url="off"):
                self.assertEqual(self.cipher(server, server.url(f"?{mode}={words['off']}"))[0], "")
            refused = [f"?{mode}={words['ca']}&{root}={stranger}", f"?{mode}={words['full']}&{root}={stranger}"]
            if mysql:
                refused += [f"?ssl-ca={stranger}", f"?ssl-mode=required&ssl-ca={stranger}", "?ssl-mode=verify_identity"]
            for behind in refused:
                with self.subTest(engine=server.engine, url=behind):
                    cipher, done = self.cipher(server, server.url(behind))
                    self.assertIsNone(cipher)
                    self.assertEqual(done.code, 1, done)
                    self.assertIn("certificate", done.err)
                    self.assertNotIn("secret", done.err)

    def test_the_name_of_the_certificate_is_looked_at_when_that_is_asked_for(self):
        for server in self.servers:
            if not ipv6():
                return self.skipTest("this machine has no IPv6")
            ca = f"{server.folder}/ca.pem"  # for 127.0.0.1, not for ::1
            verify, full = ((f"?ssl-mode=verify_ca&ssl-ca={ca}", f"?ssl-mode=verify_identity&ssl-ca={ca}") if server.dialect == "mysql" else
                            (f"?sslmode=verify-ca&sslrootcert={ca}", f"?sslmode=verify-full&sslrootcert={ca}"))
            self.assertTrue(self.cipher(server, server.url(verify, host="[::1]"))[0])
            self.assertIsNone(self.cipher(server, server.url(full, host="[::1]"))[0])

    def test_no_url_that_asks_for_tls_in_another_spelling_connects_in_plain_text(self):
        for server in self.servers:
            names = ["tls=true", "tls=skip-verify", "ssl=true", "ssl=1", "useSSL=true", "requireSSL=true", "ssl-verify-server-cert=true", "verifyServerCertificate=true", "ssl-mod=verify_identity",
                     "use_tls=1"]
            names += ["sslMode=REQUIRED", "ssl-mode=required"] if server.engine == "postgresql" else ["ssl-mode=on", "ssl-mode=true"]
            for name in names:
                with self.subTest(engine=server.engine, parameter=name):
                    cipher, done = self.cipher(server, server.url("?" + name))
                    self.assertIsNone(cipher)
                    self.assertEqual(done.code, 2, done)
                    self.assertIn(name.partition("=")[0], done.err)
                    self.assertIn("hint: ", done.err)

    def test_a_server_without_tls_is_refused_where_tls_is_asked_for(self):
        for engine in servers_of():
            admin = os.environ["MIGRATE_TEST_" + engine.upper()]
            behind = "?ssl-mode=required" if engine == "mariadb" else "?sslmode=require"
            project = Folder()
            done = project.migrate("current", "--database", admin + behind)
            self.assertEqual(done.code, 1, done)
            self.assertRegex(done.err, "TLS|SSL")
            self.assertIn("not encrypted", project.migrate("current", "-v", "--database", admin).err)
            project.close()

    def test_a_password_may_be_any_text(self):
        random.seed(20261127)
        letters = "aZ09@:/?#[]%&=+ ,;'\"\\`$!*(){}<>|~^._-äß漢"
        passwords = ["a@b:c/d?e#f%g", "%41%", "100%", "${HOME}", "p%40ss/", "'\\\"", " blank ", "#!*'();:@&=+$,/?%[]"]
        passwords += ["".join(random.choice(letters) for _ in range(12)) + "/" for _ in range(8)]
        for server in self.servers:
            for number, password in enumerate(passwords):
                user = f"u{number}@x" if number % 2 else f"u{number}"
                quoted = "'" + password.replace("\\", "\\\\" if server.dialect == "mysql" else "\\").replace("'", "''") + "'"
                if server.dialect == "mysql":
                    server.admin(f"CREATE OR REPLACE USER '{user}' IDENTIFIED BY {quoted}; GRANT ALL ON shop.* TO '{user}'")
                else:
                    server.admin(f'DROP ROLE IF EXISTS "{user}"')
                    server.admin(f'CREATE ROLE "{user}" LOGIN PASSWORD {quoted}')
                escaped = urllib.parse.quote(password, safe="")
                configs = {"in the url": f'database: "{server.scheme}://${{DB_USER}}:${{DB_PASSWORD}}@127.0.0.1:{server.port}/shop"\n',
                           "escaped": f'database: "{server.scheme}://${{DB_USER}}:${{DB_ESCAPED}}@127.0.0.1:{server.port}/shop"\n',
                           "parameter": f'database: "{server.scheme}://127.0.0.1:{server.port}/shop?user=${{DB_USER}}&password=${{DB_PASSWORD}}"\n',
                           "beside": f'database: {{url: "{server.scheme}://127.0.0.1:{server.port}/shop", user: "${{DB_USER}}", password: "${{DB_PASSWORD}}"}}\n',
                           "all beside": f'database: {{url: "{server.scheme}://", host: 127.0.0.1, port: {server.port}, name: shop, user: "${{DB_USER}}", password: "${{DB_PASSWORD}}"}}\n'}
                for name, config in configs.items():
                    with self.subTest(engine=server.engine, password=password, config=name):
                        project = Folder()
                        (project.folder / "migrate.yaml").write_text(config, encoding="utf-8")
                        done = project.migrate("current", "-v", env={"DB_USER": user, "DB_PASSWORD": password, "DB_ESCAPED": escaped})
                        self.assertEqual(done.code, 0, done)
                        self.assertNotIn(password, done.err)
                        wrong = project.migrate("current", env={"DB_USER": user, "DB_PASSWORD": password + "x", "DB_ESCAPED": escaped + "x"})
                        self.assertEqual(wrong.code, 1, wrong)
                        self.assertNotIn(password, wrong.err)
                        project.close()

    def test_several_hosts_are_tried_in_turn_and_the_one_that_takes_writes_wins(self):
        dead = free_port()
        for server in self.servers:
            reader = Server(server.engine, ["--read-only=1"] if server.dialect == "mysql" else ["default_transaction_read_only = on"])
            if server.dialect == "mysql":
                reader.admin("CREATE USER plain IDENTIFIED BY 'secret'; GRANT ALL ON shop.* TO plain")
                server.admin("CREATE OR REPLACE USER plain IDENTIFIED BY 'secret'; GRANT ALL ON shop.* TO plain")
            user = "plain" if server.dialect == "mysql" else "app"
            address = f"{server.scheme}://{user}:secret@127.0.0.1:{{}}/shop"
            project = Folder()
            project.unit("0001-aaaaaa", "CREATE TABLE here (a int);", "DROP TABLE here;")
            try:
                for ports in ((reader.port, server.port), (dead, server.port), (server.port, dead), (dead, reader.port, server.port)):
                    url = through(address.format(1), *ports)
                    done = project.migrate("upgrade", "--database", url)
                    self.assertEqual(done.code, 0, done)
                    self.assertIn("here", server.admin("SELECT table_name FROM information_schema.tables WHERE table_name = 'here'", "shop"))
                    self.assertEqual(project.migrate("downgrade", "base", "--database", url).code, 0)
                done = project.migrate("current", "--database", through(address.format(1), reader.port, dead))
                self.assertEqual(done.code, 1, done)
                self.assertIn("target_session_attrs=any", done.err)
                done = project.migrate("current", "--database", through(address.format(1), reader.port, dead) + "?target_session_attrs=any")
                self.assertEqual(done.code, 0, done)
                done = project.migrate("upgrade", "--database", address.format(reader.port))
                self.assertEqual(done.code, 1, done)
                self.assertRegex(done.err, "takes no writes")
            finally:
                reader.stop()
                project.close()

    def test_what_calls_itself_a_vtgate_gets_a_lease_whatever_the_settings_say(self):
        """A MariaDB by another name: what differs there is how the lock is held and how a statement that was cut off is settled."""
        if "mariadb" not in {server.engine for server in self.servers}:
            return
        gate = Server("mariadb", ["--version=10.11.6-MariaDB-Vitess"])
        project = Folder()
        try:
            (project.folder / "migrate.yaml").write_text(f"database: {gate.url()}\nmigrations: migrations\nlock: {{kind: session, lease: 500ms}}\n", encoding="utf-8")
            project.unit("0001-aaaaaa", "CREATE TABLE t1 (a int);\nCREATE TABLE t2 (a int);\nINSERT INTO t2 VALUES (1);\nCREATE INDEX ix ON t2 (a);", "DROP TABLE t2;\nDROP TABLE t1;")
            for moment in range(3, 40, 9):
                project.migrate("upgrade", env={"MIGRATE_TEST_CRASH_AT": str(moment)})
                done = project.migrate("upgrade")
                self.assertEqual(done.code, 0, done)
                self.assertEqual(gate.admin("SELECT count(*) FROM t2", "shop"), "1")
                self.assertEqual(gate.admin("SELECT count(*) FROM schema_versions_lock WHERE name = 'lease'", "shop"), "1")
                self.assertEqual(project.migrate("downgrade", "base").code, 0)
        finally:
            gate.stop()
            project.close()

    def test_a_server_that_turns_read_only_in_a_run_is_left_for_the_one_that_takes_writes(self):
        for server in self.servers:
            if server.dialect != "mysql":
                continue  # a primary of PostgreSQL does not become a standby without ending its sessions
            server.admin("CREATE OR REPLACE USER plain IDENTIFIED BY 'secret'; GRANT ALL ON shop.* TO plain")
            other = Proxy(server.port)
            project = Folder()
            project.unit("0001-aaaaaa", "CREATE TABLE t1 (a int);\nDO SLEEP(1.5);\nCREATE TABLE t2 (a int);\nINSERT INTO t2 VALUES (1);", "DROP TABLE t2;\nDROP TABLE t1;")
            url = through(f"mariadb://plain:secret@127.0.0.1:1/shop", server.port, other.port)
            threading.Timer(0.7, lambda: server.admin("SET GLOBAL read_only = 1")).start()
            threading.Timer(4, lambda: server.admin("SET GLOBAL read_only = 0")).start()
            done = project.migrate("upgrade", "--database", url)
            self.assertEqual(done.code, 0, done)
            self.assertIn("connecting again", done.err)
            self.assertEqual(server.admin("SELECT count(*) FROM t2", "shop"), "1")
            self.assertEqual(project.migrate("downgrade", "base", "--database", url).code, 0)
            other.close()
            project.close()


def ipv6():
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET6) as probe:
        probe.bind(("::1", 0))
        return True
    return False


class Silent(TestCase):
    """Something that listens, accepts and says nothing."""

    def test_it_is_an_error_within_the_time_limit(self):
        with socket.create_server(("127.0.0.1", 0), backlog=16) as listener:
            accepted = []
            threading.Thread(target=lambda: [accepted.append(listener.accept()) for _ in range(8)], daemon=True).start()
            port = listener.getsockname()[1]
            for scheme in ("mysql", "mariadb", "postgresql"):
                project = Folder()
                for behind, least, most in (("?connect_timeout=2", 1, 5), ("", 8, 14)):
                    if behind == "" and scheme == "mysql":
                        continue
                    began = time.monotonic()
                    done = project.migrate("current", "--database", f"{scheme}://u:secret@127.0.0.1:{port}/shop{behind}")
                    took = time.monotonic() - began
                    self.assertEqual(done.code, 1, done)
                    self.assertTrue(least <= took <= most, f"{scheme}{behind}: {took} s")
                    self.assertIn(f"{scheme}://u:***@127.0.0.1:{port}/shop", done.err)
                project.close()


class Urls(TestCase):
    def test_errors_show_the_url_without_its_password(self):
        project = Folder()
        for url, words in (("mysql://u:100%secret@h/x", "no escape"), ("postgresql://u:secret@h:x/y", "port"), ("oracle://u:secret@h/x", "unknown scheme"), ("mysql://u:secret@::1/x", "brackets"),
                           ("mysql://u:secret@h/x?ssl", "name=value"), ("mysql://u:secret@a,b/x?port=1,2,3", "number of ports"), ("mysql://u:secret@h/x?tls=true", "ssl-mode=required"),
                           ("sqlite:///x?_fk=1", "foreign_keys")):
            done = project.migrate("current", "--database", url)
            self.assertEqual(done.code, 2, done)
            self.assertIn(words, done.err)
            self.assertNotIn("secret", done.err)
            self.assertIn(url.partition("://")[0] + "://", done.err)
        (project.folder / "migrate.yaml").write_text('database: {url: "postgresql://h/x", user: a, users: b}\n', encoding="utf-8")
        self.assertIn("did you mean 'user'", project.migrate("current").err)
        for config, words in (('{user: a}', "has no url"), ('{url: "postgresql://u@h/x", user: a}', "the URL says it too"), ('{url: "postgresql://h/x", port: many}', "between 1 and 65535"),
                              ('{url: "postgresql://h/x", password: a, password_file: b}', "remove one of them"), ('{url: "sqlite:///x", user: a}', "is a file")):
            (project.folder / "migrate.yaml").write_text(f"database: {config}\n", encoding="utf-8")
            done = project.migrate("current")
            self.assertEqual(done.code, 2, done)
            self.assertIn(words, done.err)
            self.assertIn("migrate.yaml:1", done.err)
        project.close()


class Proxies(TestCase):
    def on(self, *wanted):
        for engine in servers_of(wanted):
            with self.subTest(engine=engine):
                yield self.project(engine)

    def test_a_batch_ends_whatever_columns_are_called(self):
        for project in self.on("mariadb", "mysql"):
            port = urllib.parse.urlsplit(project.database.url).port
            for change in (lambda data: data.replace(b"migrate_end", b"MIGRATE_END"), lambda data: data.replace(b"migrate: end of batch", b"MIGRATE: END OF BATCH")):
                proxy = Proxy(port, change)
                project.write("migrate.yaml", f'database: "{through(project.database.url, proxy.port)}?ssl-mode=disabled"\n')  # the proxy has to read it
                project.sql("DROP PROCEDURE IF EXISTS two")
                project.sql("DELIMITER //\nCREATE PROCEDURE two() BEGIN SELECT 1; SELECT 2; END//\nDELIMITER ;")
                project.unit("0001-aaaaaa", "", "CREATE TABLE a (a int);\nINSERT INTO a VALUES (1);\nINSERT INTO a VALUES (2);\nCALL two();\nSELECT * FROM a;\nCREATE TABLE b (a int);",
                             "DROP TABLE b;\nDROP TABLE a;")
                project.migrate("upgrade")
                self.assertEqual(project.sql("SELECT count(*) FROM a"), "2")
                project.migrate("downgrade", "base")
                self.assertGreater(proxy.count, 0)
                proxy.close()

    def test_a_connection_that_is_lost_while_waiting_for_the_lock_is_made_again(self):
        for project in self.on("postgresql", "mariadb", "mysql"):
            sleep = "SELECT pg_sleep(4);" if project.engine == "postgresql" else "DO SLEEP(4);"
            project.unit("0001-aaaaaa", "", f"CREATE TABLE a (a int);\n{sleep}\nCREATE TABLE b (a int);", "DROP TABLE b;\nDROP TABLE a;")
            proxy = Proxy(urllib.parse.urlsplit(project.database.url).port)
            first = subprocess.Popen([PROGRAM, "upgrade", "--no-input"], cwd=project.folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(1)
            threading.Timer(1.2, proxy.drop).start()
            done = project.migrate("upgrade", "--database", through(project.database.url, proxy.port), code=None)
            self.assertEqual(first.wait(30), 0)
            proxy.close()
            self.assertEqual(done.code, 0, done)
            self.assertIn("while waiting for the lock; connecting again", done.err)
            self.assertGreaterEqual(proxy.count, 2)
            project.migrate("downgrade", "base")

    def test_a_run_goes_on_at_the_host_that_took_over(self):
        for project in self.on("postgresql", "mariadb", "mysql"):
            port = urllib.parse.urlsplit(project.database.url).port
            sleep = "SELECT pg_sleep(2);" if project.engine == "postgresql" else "DO SLEEP(2);"
            project.unit("0001-aaaaaa", "", f"CREATE TABLE a (a int);\nINSERT INTO a VALUES (1);\n{sleep}\nINSERT INTO a VALUES (2);", "DROP TABLE a;")
            old, new = Proxy(port), Proxy(port)
            threading.Timer(1, old.close).start()
            done = project.migrate("upgrade", "--database", through(project.database.url, old.port, new.port), code=None)
            self.assertEqual(done.code, 0, done)
            self.assertIn("connecting again", done.err)
            self.assertGreater(new.count, 0)
            self.assertEqual(project.sql("SELECT count(*) FROM a"), "2")
            project.migrate("downgrade", "base")
            new.close()


if __name__ == "__main__":
    main()
