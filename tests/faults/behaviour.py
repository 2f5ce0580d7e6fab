#!/usr/bin/env python3
"""What a run does when the server gets in its way: one case for each promise of docs/reliability.md that kills do not show.

  behaviour.py PROGRAM [--engine NAME] [CASE...]
"""
import argparse
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.parse

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import support

COUNTER = ("", "CREATE TABLE counter (n bigint NOT NULL);\nINSERT INTO counter VALUES (0);\nCREATE TABLE t (id integer PRIMARY KEY, a integer);\n"
               "INSERT INTO t VALUES (1, 1), (2, 2);\nCREATE TABLE heavy (i integer);", "DROP TABLE heavy;\nDROP TABLE t;\nDROP TABLE counter;")
BUMP = "UPDATE counter SET n = n + 1;"


class Session:
    """Statements over one connection of the engine's own client that stays open."""

    def __init__(self, engine):
        server = engine.server
        if engine.name == "postgresql":
            command = [engine.client, "-X", "-q", "-A", "-t", "-h", server.hostname, "-p", str(server.port), "-U", server.username, "-d", engine.database]
        else:
            command = [engine.client, "--no-defaults", "-n", "-h", server.hostname, "-P", str(server.port), "-u", server.username, "-N", "-B", "-f", "-D", engine.database]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=engine.environment())

    def send(self, sql):
        self.process.stdin.write(sql + ";\n")
        self.process.stdin.flush()

    def run(self, sql):
        """Waits until it is done."""
        self.send(sql)
        self.send("select 'so far'")
        lines = []
        while True:
            line = self.process.stdout.readline()
            if not line or line.strip() == "so far":
                return lines
            lines.append(line.strip())

    def close(self):
        self.process.stdin.close()
        self.process.wait(10)


class Proxy:
    """Passes bytes between `migrate` and the server, and can swallow the answer to a statement and close the connection."""

    def __init__(self, host, port, swallow):
        self.target, self.swallow = (host, port), swallow
        self.swallowed = 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def serve(self, client):
        server = socket.create_connection(self.target)
        state = {"cut": False}

        def pump(source, sink, to_server):
            try:
                while True:
                    data = source.recv(65536)
                    if not data:
                        break
                    if to_server and not self.swallowed and self.swallow in data:
                        self.swallowed += 1
                        state["cut"] = True
                        sink.sendall(data)
                        continue
                    if not to_server and state["cut"]:
                        break  # the server has done it; nobody hears of it
                    sink.sendall(data)
            except OSError:
                pass
            for end in (source, sink):
                try:
                    end.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass

        threading.Thread(target=pump, args=(client, server, True), daemon=True).start()
        pump(server, client, False)


class Cases:
    def __init__(self, program, engine, folder):
        self.program, self.engine, self.folder = program, engine, folder
        self.failures = []

    def project(self, units, settings=""):
        for name in os.listdir(os.path.join(self.folder, "migrations")) if os.path.isdir(os.path.join(self.folder, "migrations")) else []:
            os.unlink(os.path.join(self.folder, "migrations", name))
        support.write_project(self.folder, self.engine, units, settings)
        self.engine.reset()

    def start(self, *arguments):
        return subprocess.Popen([self.program, "-c", os.path.join(self.folder, "migrate.yaml"), *(arguments or ("upgrade", "head"))],
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def end(self, process, expected=0):
        try:
            out, errors = process.communicate(timeout=60)
        except subprocess.TimeoutExpired:
            process.kill()
            out, errors = process.communicate()
            self.fail(f"does not end: {errors}")
        if process.returncode not in (expected if isinstance(expected, tuple) else (expected,)):
            self.fail(f"exit {process.returncode}, not {expected}: {errors}")
        return out + errors

    def run(self, expected=0, *arguments):
        return self.end(self.start(*arguments), expected)

    def fail(self, text):
        self.failures.append(f"{self.engine.name} {self.case}: {text}")
        print("FAILED " + self.failures[-1], flush=True)

    def expect(self, holds, text):
        if not holds:
            self.fail(text)

    def value(self, sql):
        rows = self.engine.rows(sql)
        return rows[0][0] if rows and rows[0] else ""

    def wait_for(self, sql, seconds=20):
        deadline = time.time() + seconds
        while time.time() < deadline:
            try:
                if self.engine.rows(sql):
                    return True
            except RuntimeError:
                pass
            time.sleep(0.02)
        return False

    # ---- cases ----

    def lock_timeout_names_the_blockers_and_tries_again(self):
        self.project([COUNTER, ("", f"{BUMP}\nALTER TABLE t ADD COLUMN b integer;\n{BUMP}", "ALTER TABLE t DROP COLUMN b;")],
                     "statement: {lock_timeout: 1s, retries: 5}\n")
        self.run(0, "upgrade", "1")
        blocker = Session(self.engine)
        blocker.run("begin")
        blocker.run("update t set a = 5 where id = 1")
        process = self.start()
        time.sleep(2.5)
        blocker.run("commit")
        said = self.end(process)
        self.expect("blocked by" in said or "holds" in said, f"nobody is named: {said}")
        self.expect(self.value("select n from counter") == "2", "the step ran twice or not at all")
        # And bounded: with no retries it gives up, names who blocks, and keeps nothing that cannot be gone on from.
        self.run(0, "downgrade", "1")
        self.engine.sql("update counter set n = 0")
        support.write_project(self.folder, self.engine, [], "statement: {lock_timeout: 1s, retries: 0}\n")
        blocker.run("begin")
        blocker.run("update t set a = 6 where id = 1")
        said = self.run(1)
        self.expect("blocked by" in said, f"the error names nobody: {said}")
        blocker.run("rollback")
        blocker.close()
        self.run()
        self.expect(self.value("select n from counter") == "2", "after giving up the step ran twice or not at all")

    def deadlock_is_tried_again(self):
        pause = {"postgresql": "SELECT pg_sleep(1.5);", "mysql": "DO sleep(1.5);"}[self.engine.dialect]
        self.project([COUNTER, ("", f"BEGIN;\n{BUMP}\nUPDATE t SET a = a + 1 WHERE id = 1;\n{pause}\nUPDATE t SET a = a + 1 WHERE id = 2;\nCOMMIT;", "SELECT 1;")],
                     "statement: {lock_timeout: 20s}\n")
        self.run(0, "upgrade", "1")
        other = Session(self.engine)
        if self.engine.name == "postgresql":
            other.run("set deadlock_timeout = '10s'")  # so that it is ours that finds the deadlock, and loses
        other.run("begin")
        if self.engine.dialect == "mysql":
            # The server lets the lighter transaction lose.
            other.run("insert into heavy with recursive n (i) as (select 1 union all select i + 1 from n where i < 900) select i from n")
        other.run("update t set a = a + 10 where id = 2")
        process = self.start()
        time.sleep(0.8)
        other.send("update t set a = a + 10 where id = 1")
        time.sleep(2.5)
        other.run("commit")
        other.close()
        said = self.end(process)
        self.expect("deadlock" in said.lower(), f"nothing is said of the deadlock: {said}")
        self.expect([row[0] for row in self.engine.rows("select a from t order by id")] == ["12", "13"], f"rows: {self.engine.rows('select * from t')}")
        self.expect(self.value("select n from counter") == "1", "the step ran twice or not at all")

    def row_lock_timeout_is_tried_again(self):
        unit = f"BEGIN;\n{BUMP}\nUPDATE t SET a = a + 1 WHERE id = 1;\n{BUMP}\nCOMMIT;\nINSERT INTO heavy VALUES (1);"
        for header in ("", "-- transaction: off\n"):
            self.project([COUNTER, (header, unit, "SELECT 1;")], "statement: {lock_timeout: 1s, retries: 5}\n")
            self.run(0, "upgrade", "1")
            other = Session(self.engine)
            other.run("begin")
            other.run("update t set a = a + 10 where id = 1")
            process = self.start()
            time.sleep(2.5)
            other.run("commit")
            other.close()
            said = self.end(process)
            self.expect("trying again" in said, f"nothing is said of the lock: {said}")
            self.expect(self.value("select a from t where id = 1") == "12", "the row")
            self.expect(self.value("select n from counter") == "2", f"a statement ran twice or not at all: {self.value('select n from counter')}")
            self.expect(self.value("select count(*) from heavy") == "1", "the statement behind it ran twice or not at all")

    def serialization_failure_is_tried_again(self):
        if self.engine.dialect == "mysql":
            # Where snapshots are checked. The first statement takes one.
            if not self.engine.sql("show variables like 'innodb_snapshot_isolation'", "information_schema"):
                return
            self.project([COUNTER, ("", f"SET SESSION innodb_snapshot_isolation = ON;\nSTART TRANSACTION;\nSELECT a FROM t;\n{BUMP}\nDO sleep(1);\n"
                                        "UPDATE t SET a = a + 1 WHERE id = 1;\nCOMMIT;", "SELECT 1;")])
            self.run(0, "upgrade", "1")
            process = self.start()
            time.sleep(0.7)
            self.engine.sql("update t set a = a + 10 where id = 1")
            said = self.end(process)
            self.expect("changed since last read" in said, f"nothing is said: {said}")
            self.expect(self.value("select a from t where id = 1") == "12", "the row")
            self.expect(self.value("select n from counter") == "1", "the step ran twice or not at all")
            return
        units = [("", f"SET TRANSACTION ISOLATION LEVEL SERIALIZABLE;\n{BUMP}\nSELECT pg_sleep(1);\nUPDATE t SET a = a + 1 WHERE id = 1;", "SELECT 1;"),
                 ("-- transaction: off\n", f"{BUMP}\nBEGIN ISOLATION LEVEL SERIALIZABLE;\n{BUMP}\nSELECT pg_sleep(1);\nUPDATE t SET a = a + 1 WHERE id = 1;\nCOMMIT;", "SELECT 1;")]
        for bumps, unit in enumerate(units, 1):
            self.project([COUNTER, unit])
            self.run(0, "upgrade", "1")
            process = self.start()
            time.sleep(0.7)
            self.engine.sql("update t set a = a + 10 where id = 1")
            said = self.end(process)
            self.expect("serialize" in said, f"nothing is said: {said}")
            self.expect(self.value("select a from t where id = 1") == "12", "the row")
            self.expect(self.value("select n from counter") == str(bumps), "the step ran twice or not at all")

    def invalid_index_is_cleared_away(self):
        if self.engine.name != "postgresql":
            return
        unit = ("-- transaction: off\n", f"{BUMP}\nCREATE UNIQUE INDEX CONCURRENTLY ix ON t (a);\n{BUMP}", "DROP INDEX CONCURRENTLY ix;")
        self.project([COUNTER, unit])
        self.run(0, "upgrade", "1")
        self.engine.sql("insert into t values (3, 1)")
        said = self.run(1)
        self.expect("duplicate" in said or "could not create unique index" in said, f"the server's words are missing: {said}")
        self.expect(self.value("select indisvalid from pg_index where indexrelid = 'ix'::regclass") == "f", "the test leaves no INVALID index")
        self.engine.sql("delete from t where id = 3")
        said = self.run()
        self.expect("clearing away" in said, f"nothing is said of clearing away: {said}")
        self.expect(self.value("select indisvalid from pg_index where indexrelid = 'ix'::regclass") == "t", "the index is not valid")
        self.expect(self.value("select n from counter") == "2", "a statement ran twice or not at all")
        # The same for one that was killed while it was built.
        self.run(0, "downgrade", "1")
        self.engine.sql("update counter set n = 0")
        blocker = Session(self.engine)
        blocker.run("begin")
        blocker.run("update t set a = a")
        support.write_project(self.folder, self.engine, [], "statement: {lock_timeout: 0}\n")
        process = self.start()
        self.expect(self.wait_for("select 1 from pg_index where indexrelid = to_regclass('ix') and not indisvalid"), "the index was not begun")
        process.send_signal(signal.SIGKILL)
        process.communicate()
        self.engine.kill_connection()
        blocker.run("commit")
        blocker.close()
        self.run()
        self.expect(self.value("select indisvalid from pg_index where indexrelid = 'ix'::regclass") == "t", "the index is not valid after a kill")
        self.expect(self.value("select n from counter") == "2", "after a kill a statement ran twice or not at all")

    def begin_and_commit_in_a_unit(self):
        for header in ("", "-- transaction: off\n"):
            self.project([COUNTER, (header, f"BEGIN;\n{BUMP}\nINSERT INTO t VALUES (3, 3);\nCOMMIT;", "DELETE FROM t WHERE id = 3;"),
                          (header, f"START TRANSACTION;\n{BUMP}\nINSERT INTO t VALUES (4, 4);\nINSERT INTO t VALUES (1, 1);\nCOMMIT;\n{BUMP}", "SELECT 1;")])
            self.run(0, "upgrade", "2")
            self.expect(self.value("select n from counter") == "1", "the unit with BEGIN and COMMIT")
            said = self.run(1)
            self.expect("0002" in said or "INSERT INTO t VALUES (1, 1)" in said, f"the statement that failed is not shown: {said}")
            self.expect(self.value("select n from counter") == "1", "what stood between BEGIN and COMMIT was kept though it failed")
            self.expect(self.value("select count(*) from t") == "3", "a row of what was rolled back is there")
            self.expect("nothing" not in self.run(0, "current"), "what is applied is lost")
            self.engine.sql("delete from t where id = 1")
            self.run()
            self.expect(self.value("select n from counter") == "3", "mended and run again")
            # What is undone leaves nothing, and stands in no one's way.
            self.project([COUNTER, (header, f"BEGIN;\n{BUMP}\nROLLBACK;", "SELECT 1;")])
            if header == "" and self.engine.name == "postgresql":
                said = self.run(2)
                self.expect("ROLLBACK" in said, f"a ROLLBACK in a unit that is one transaction is not refused: {said}")
            else:
                self.run()
                self.expect(self.value("select n from counter") == "0", "ROLLBACK undid nothing")

    def transactions_of_a_unit_commit_whole(self):
        unit = (f"{BUMP}\nBEGIN;\n{BUMP}\nSAVEPOINT s;\nINSERT INTO heavy VALUES (1);\nROLLBACK TO s;\nRELEASE SAVEPOINT s;\n{BUMP}\nCOMMIT AND CHAIN;\n{BUMP}\n{BUMP}\nROLLBACK;\n"
                f"BEGIN;\nINSERT INTO heavy VALUES (2);\nINSERT INTO t VALUES (1, 1);\nINSERT INTO t VALUES (7, 7);\nCOMMIT;\n{BUMP}")
        self.project([COUNTER, ("-- transaction: off\n", unit, "SELECT 1;")])
        said = self.run(1)
        self.expect("statement 11 of" in said and "VALUES (1, 1)" in said, f"the statement that failed is not named: {said}")
        self.expect(self.value("select n from counter") == "3", f"committed and undone: {self.value('select n from counter')}")
        self.expect(self.value("select count(*) from heavy") == "0", "rows of a transaction that failed, or of a savepoint that was undone")
        self.engine.sql("delete from t where id = 1")
        self.run()
        self.expect(self.value("select n from counter") == "4", f"after going on: {self.value('select n from counter')}")
        self.expect([row[0] for row in self.engine.rows("select i from heavy")] == ["2"], "rows after going on")
        if self.engine.dialect != "mysql":
            return
        # A definition commits what stands in front of it; what stands behind is a transaction again.
        self.project([COUNTER, ("", f"BEGIN;\n{BUMP}\n{BUMP}\nCREATE TABLE made (i integer);\n{BUMP}\nINSERT INTO t VALUES (1, 1);\nCOMMIT;", "SELECT 1;")])
        self.run(1)
        self.expect(self.value("select n from counter") == "2", "what the definition committed")
        self.engine.sql("delete from t where id = 1")
        self.run()
        self.expect(self.value("select n from counter") == "3", "a statement ran twice or not at all")
        # What cannot be undone is refused before anything of it runs.
        self.project([COUNTER, ("", f"BEGIN;\n{BUMP}\nCREATE TABLE made (i integer);\nROLLBACK;", "SELECT 1;")])
        self.expect("commits it" in self.run(2), "ROLLBACK behind a definition is not refused")
        self.project([COUNTER, ("", "CREATE TABLE m (i integer) ENGINE=MyISAM;", "DROP TABLE m;"), ("", f"BEGIN;\nINSERT INTO m VALUES (1);\n{BUMP}\nROLLBACK;", "SELECT 1;"),])
        self.expect("no transactions" in self.run(2), "ROLLBACK of a MyISAM table is not refused")
        self.expect(self.value("select count(*) from m") == "0", "a row in the MyISAM table")
        # A table for the session only, a variable, and more than one message holds.
        filler = "x" * 900_000
        rows = "\n".join(f"INSERT INTO texts VALUES ({i}, '{filler}');" for i in range(20))
        unit = (f"CREATE TABLE texts (i integer, t longtext);\nBEGIN;\nSET @step = 2;\nCREATE TEMPORARY TABLE ids AS SELECT id FROM t;\n{rows}\n"
                "UPDATE t JOIN ids ON ids.id = t.id SET a = a + @step;\nDROP TEMPORARY TABLE ids;\nCOMMIT;\nUPDATE counter SET n = n + @step;")
        self.project([COUNTER, ("", unit, "DROP TABLE texts;")])
        self.run()
        self.expect(self.value("select count(*) from texts") == "20", "rows of a long transaction")
        self.expect(self.value("select sum(a) from t") == "7", "rows changed with a temporary table")
        self.expect(self.value("select n from counter") == "2", "the variable")

    def what_was_there_before_is_not_taken_for_made(self):
        """A CREATE TABLE of a table that is there, killed at every moment, never counts as done, nor does the index behind it."""
        if self.engine.dialect != "mysql":
            return
        for moment in range(1, 100):
            self.project([("", "CREATE TABLE made (i integer);\nCREATE INDEX ix_made ON made (i);", "DROP TABLE made;")])
            self.engine.sql("CREATE TABLE made (i integer); CREATE INDEX ix_made ON made (i); INSERT INTO made VALUES (7)")
            os.environ["MIGRATE_TEST_CRASH_AT"] = str(moment)
            process = self.start()
            del os.environ["MIGRATE_TEST_CRASH_AT"]
            self.end(process, (1, -signal.SIGKILL))
            said = self.run(1)
            self.expect("already exists" in said, f"killed at moment {moment}: {said}")
            self.expect(self.value("select count(*) from made") == "1", f"killed at moment {moment}: the table's row")
            if process.returncode == 1:
                self.expect(moment > 8, f"only {moment - 1} moments")
                return
        self.fail("the run never ended by itself")

    def a_statement_in_doubt_asks(self):
        if self.engine.dialect != "mysql":
            return  # what is in doubt elsewhere shows in the catalog
        self.project([COUNTER, ("", f"{BUMP}\nCALL work();\n{BUMP}", "SELECT 1;")], 'hooks: {before_step: "SET @who = 1"}\n')
        self.run(0, "upgrade", "1")
        self.engine.sql("delimiter //\ncreate procedure work() begin update t set a = a + 1 where id = 1; do sleep(1); end//")
        for answer, times in (("--applied", "2"), ("--not-applied", "3")):
            process = self.start()
            self.wait_for("select 1 from t where id = 1 and a > 1")
            process.send_signal(signal.SIGKILL)
            process.communicate()
            time.sleep(1.5)
            said = self.run(5)
            self.expect("CALL work()" in said and "resume --applied" in said and "resume --not-applied" in said, f"the question is not clear: {said}")
            self.expect("CALL work()" in self.run(5, "resume"), "`resume` does not show the statement")
            self.run(2, "resume", "--applied", "--not-applied")
            self.run(0, "resume", answer)
            self.expect("no statement" in self.run(0, "resume"), "it is still in doubt")
            self.run()
            self.expect(self.value("select a from t where id = 1") == times, f"{answer}: the statement in doubt")
            self.expect(self.value("select n from counter") == "2", f"{answer}: a statement ran twice or not at all")
            self.run(0, "downgrade", "1")
            self.engine.sql("update counter set n = 0; update t set a = 1 where id = 1")

    def commit_whose_answer_is_lost(self):
        self.project([COUNTER, ("", f"{BUMP}\nCREATE TABLE made (i integer);\nINSERT INTO made VALUES (1);\n{BUMP}", "DROP TABLE made;")])
        self.run(0, "upgrade", "1")
        server = self.engine.server
        for swallow in ((b"COMMIT",) if self.engine.name == "postgresql" else (b"INSERT INTO made", b"CREATE TABLE made", b"SET n = n + 1", b"= 'applied'")):
            proxy = Proxy(server.hostname, server.port, swallow)
            url = urllib.parse.urlunsplit(server._replace(netloc=f"{server.netloc.rsplit('@')[0]}@127.0.0.1:{proxy.port}", path="/" + self.engine.database))
            # The proxy has to read what it swallows.
            parameters = "?sslmode=disable" if self.engine.name == "postgresql" else "?ssl-mode=disabled"
            said = self.run(0, "upgrade", "head", "--database", url + parameters)
            self.expect(proxy.swallowed == 1, f"no answer was swallowed ({swallow})")
            self.expect("connecting again" in said, f"nothing is said of the lost connection: {said}")
            self.expect(self.value("select n from counter") == "2", f"{swallow}: a statement ran twice or not at all: {self.value('select n from counter')}")
            self.expect(self.value("select count(*) from made") == "1", f"{swallow}: rows")
            self.expect(self.value("select count(*) from schema_versions where state = 'applied'") == "2", f"{swallow}: versions table")
            self.run(0, "downgrade", "1")
            self.engine.sql("update counter set n = 0")

    def sigterm_ends_a_run_quickly(self):
        pause = {"postgresql": "SELECT pg_sleep({});", "mysql": "DO sleep({});"}[self.engine.dialect]
        many = "\n".join(f"{BUMP}\n{pause.format(0.1)}" for _ in range(20))
        for header in ("", "-- transaction: off\n"):
            for number in (signal.SIGTERM, signal.SIGINT):
                self.project([COUNTER, (header, many, "SELECT 1;")])
                self.run(0, "upgrade", "1")
                process = self.start()
                time.sleep(0.7)
                started = time.time()
                process.send_signal(number)
                said = self.end(process, (0, 130 if number == signal.SIGINT else 1))
                took = time.time() - started
                self.expect(took < 2.5, f"{number.name}: it took {took:.1f} s: {said}")
                self.expect("stopped" in said or "0002-" in said, f"{number.name}: it does not tell where: {said}")
                self.run()
                self.expect(self.value("select n from counter") == "20", f"{number.name}: a statement ran twice or not at all: {self.value('select n from counter')}")


CASES = [name for name in vars(Cases) if not name.startswith("_") and name not in
         ("project", "start", "end", "run", "fail", "expect", "value", "wait_for")]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("--engine", action="append")
    parser.add_argument("cases", nargs="*", metavar="CASE", help="one of: " + ", ".join(CASES))
    arguments = parser.parse_intermixed_args()
    for name in arguments.cases:
        if name not in CASES:
            parser.error(f"there is no case {name}; one of: {', '.join(CASES)}")
    failures = []
    with support.temporary_folder() as folder:
        for engine in support.engines(folder, arguments.engine or ["postgresql", "mariadb", "mysql"]):
            started = time.time()
            project = os.path.join(folder, engine.name)
            os.makedirs(project)
            cases = Cases(os.path.abspath(arguments.program), engine, project)
            for name in arguments.cases or CASES:
                cases.case = name
                begun = time.time()
                getattr(cases, name)()
                print(f"  {engine.name}: {name.replace('_', ' ')} ({time.time() - begun:.1f} s)", flush=True)
            engine.drop()
            failures += cases.failures
            print(f"{engine.name}: {len(cases.failures)} failed, {time.time() - started:.0f} s", flush=True)
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
