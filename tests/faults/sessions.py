#!/usr/bin/env python3
"""Random units whose statements leave things in their session and look for them: generated numbers, row counts, variables, temporary
tables, prepared statements, settings, functions that write.

  sessions.py PROGRAM                 the short form: a few projects an engine
  sessions.py PROGRAM --rounds N      N projects an engine
  sessions.py PROGRAM --engine NAME   only this engine (may be given several times)
  sessions.py PROGRAM --seed N        the projects of that seed
  sessions.py PROGRAM --case NAME     only the one of that name

What is known to be hard comes first, whatever the seed.

Each project is run (a) by the engine's own client, a client a unit, (b) in one run, (c) in one run a unit, and (d) in runs that are killed at
random and run again. Tables and rows must be the same each time. A project may be refused before anything ran (exit 2); a run
that was killed may end with exit 5 when it says what is missing, and nothing ran twice then.
"""
import argparse
import copy
import os
import random
import re
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import support

HOME = {
    "sqlite": "CREATE TABLE parent (id integer PRIMARY KEY AUTOINCREMENT, name text);\nCREATE TABLE child (parent_id integer, name text);\n"
              "CREATE TABLE seen (what text);\nCREATE TABLE counter (n integer);\nINSERT INTO counter VALUES (0);\nCREATE TABLE many (i integer);\n"
              "INSERT INTO many VALUES (1), (2), (3), (4), (5);",
    "postgresql": "CREATE TABLE parent (id serial PRIMARY KEY, name text);\nCREATE TABLE child (parent_id integer, name text);\nCREATE TABLE seen (what text);\n"
                  "CREATE TABLE counter (n integer);\nINSERT INTO counter VALUES (0);\nCREATE TABLE many (i integer);\nINSERT INTO many VALUES (1), (2), (3), (4), (5);\n"
                  "CREATE FUNCTION f() RETURNS integer LANGUAGE plpgsql AS $$ BEGIN UPDATE counter SET n = n + 1; PERFORM set_config('app.f', 'was here', false); RETURN 7; END $$;",
    "mysql": "CREATE TABLE parent (id int AUTO_INCREMENT PRIMARY KEY, name varchar(40));\nCREATE TABLE child (parent_id int, name varchar(40));\n"
               "CREATE TABLE seen (what varchar(200));\nCREATE TABLE counter (n int);\nINSERT INTO counter VALUES (0);\nCREATE TABLE many (i int);\n"
               "INSERT INTO many VALUES (1), (2), (3), (4), (5);\nINSERT INTO parent (name) VALUES ('a'), ('b'), ('c');\n"
               "CREATE FUNCTION f() RETURNS int DETERMINISTIC MODIFIES SQL DATA BEGIN UPDATE counter SET n = n + 1; SET @f = 'was here'; RETURN 7; END;",
}


def common(name, number):
    return [f"INSERT INTO parent (name) VALUES ('{name}');", "UPDATE counter SET n = n + 1;", "DELETE FROM many WHERE i = 99;",
            f"CREATE TABLE t{number} (i integer);", f"CREATE TABLE u{number} (i integer);\nALTER TABLE u{number} ADD COLUMN j integer;\nINSERT INTO u{number} VALUES (1, 2);"]


def mysql_pieces(name, number):
    return common(name, number) + [
        f"INSERT INTO parent (name) VALUES ('{name}');\nINSERT INTO child VALUES (LAST_INSERT_ID(), '{name}');",
        f"INSERT INTO child VALUES (LAST_INSERT_ID(), 'before {name}');",
        f"INSERT INTO parent (name) VALUES ('{name}');\nSET @id = LAST_INSERT_ID();\nALTER TABLE seen COMMENT = '{name}';\nINSERT INTO child VALUES (@id, '{name}');",
        f"INSERT INTO parent (name) VALUES ('{name}');\nALTER TABLE seen COMMENT = '{name}';\nUPDATE counter SET n = n + 1;\nINSERT INTO child VALUES (LAST_INSERT_ID(), '{name}');",
        f"UPDATE many SET i = i + 1;\nINSERT INTO seen VALUES (CONCAT('rows {name} ', ROW_COUNT()));",
        f"SELECT SQL_CALC_FOUND_ROWS i FROM many LIMIT 1;\nINSERT INTO seen VALUES (CONCAT('found {name} ', FOUND_ROWS()));",
        "INSERT INTO seen VALUES (CONCAT('a ', IFNULL(@a, 'none'), ' f ', IFNULL(@f, 'none')));",
        f"SET @a = '{name}';", f"SET @a = CONCAT('{name}', (SELECT count(*) FROM many));", f"SELECT count(*), sum(i) INTO @a, @b FROM many;\nINSERT INTO seen VALUES (CONCAT('into ', @a, ' ', @b));",
        "SET @a = f();\nINSERT INTO seen VALUES (CONCAT('f ', @a));", "SELECT f();", "DO f();", "SELECT f() INTO @b;",
        "SET @n = 1.50;\nSET @n = @n * 2;\nCREATE TABLE z%d (i int);\nINSERT INTO seen VALUES (CONCAT('n ', @n));\nSET @n = @n * 2;\nALTER TABLE z%d ADD COLUMN j int;\nINSERT INTO seen VALUES (CONCAT('n ', @n));" % (number, number),
        f"CREATE TEMPORARY TABLE tmp AS SELECT i FROM many;\nINSERT INTO seen SELECT CONCAT('tmp {name} ', count(*)) FROM tmp;\nDROP TEMPORARY TABLE tmp;",
        "CREATE TEMPORARY TABLE IF NOT EXISTS counter2 (n int);\nINSERT INTO counter2 VALUES (1);",
        "CREATE TEMPORARY TABLE many (i int);\nINSERT INTO many VALUES (77);\nDROP TEMPORARY TABLE many;",
        f"SET @sql = CONCAT('INSERT INTO seen VALUES (''', (SELECT n FROM counter), ' {name}'')');\nPREPARE p FROM @sql;\nEXECUTE p;\nDEALLOCATE PREPARE p;",
        f"SET SESSION sql_mode = 'ANSI_QUOTES';\nINSERT INTO seen VALUES (CONCAT('mode {name} ', @@sql_mode));",
        "SET foreign_key_checks = 0;\nINSERT INTO seen VALUES (CONCAT('keys ', @@foreign_key_checks));", "INSERT INTO seen VALUES (CONCAT('mode ', @@sql_mode, @@foreign_key_checks));",
        f"SET @old = @@sql_mode;\nSET SESSION sql_mode = '';\nINSERT INTO seen VALUES ('{name} quiet');\nSET SESSION sql_mode = @old;\nINSERT INTO seen VALUES (CONCAT('again ', @@sql_mode));",
        "BEGIN;\nUPDATE counter SET n = n + 1;\nSET @a = (SELECT n FROM counter);\nINSERT INTO seen VALUES (CONCAT('in ', @a));\nCOMMIT;",
    ]


def postgresql_pieces(name, number):
    return common(name, number) + [
        f"INSERT INTO parent (name) VALUES ('{name}');\nINSERT INTO child VALUES (lastval(), '{name}');",
        f"INSERT INTO parent (name) VALUES ('{name}');\nUPDATE counter SET n = n + 1;\nINSERT INTO child VALUES (currval('parent_id_seq'), '{name}');",
        "INSERT INTO seen VALUES ('set ' || coalesce(current_setting('app.x', true), 'none') || coalesce(current_setting('app.f', true), 'none'));",
        f"SET app.x = '{name}';\nINSERT INTO seen VALUES ('x ' || current_setting('app.x'));", f"SELECT set_config('app.x', (SELECT count(*)::text FROM many) || '{name}', false);",
        f"SELECT set_config('app.y', '{name}', false);\nCREATE TABLE y{number} (i integer);\nINSERT INTO seen VALUES ('y ' || current_setting('app.y'));",
        "SELECT f();", "DO $$ BEGIN PERFORM f(); END $$;", "PREPARE q AS UPDATE counter SET n = n + 1;\nEXECUTE q;\nEXECUTE q;\nDEALLOCATE q;",
        "DO $$ BEGIN PERFORM set_config('search_path', 'pg_catalog, public', false); END $$;", "INSERT INTO public.seen VALUES ('path ' || current_setting('search_path'));",
        f"CREATE TEMP TABLE tmp AS SELECT i FROM many;\nINSERT INTO seen SELECT 'tmp {name} ' || count(*) FROM tmp;\nDROP TABLE tmp;", "CREATE TEMP TABLE IF NOT EXISTS left_over (i integer);",
        "INSERT INTO seen VALUES ('left ' || coalesce(to_regclass('left_over')::text, 'none'));", "SELECT pg_advisory_lock(4711);",
        "INSERT INTO seen SELECT 'locks ' || count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = 4711 AND pid = pg_backend_pid();",
        "SET statement_timeout = '9min';", "INSERT INTO seen VALUES ('replica ' || current_setting('session_replication_role'));", "DO $$ BEGIN SET session_replication_role = replica; END $$;",
    ]


def sqlite_pieces(name, number):
    return common(name, number) + [
        f"INSERT INTO parent (name) VALUES ('{name}');\nINSERT INTO child VALUES (last_insert_rowid(), '{name}');",
        f"INSERT INTO child VALUES (last_insert_rowid() > 0, 'before {name}');",
        f"UPDATE many SET i = i + 1;\nINSERT INTO seen VALUES ('rows {name} ' || changes());",
        f"CREATE TEMP TABLE tmp AS SELECT i FROM many;\nINSERT INTO seen SELECT 'tmp {name} ' || count(*) FROM tmp;\nDROP TABLE tmp;",
        "CREATE TEMP TABLE IF NOT EXISTS left_over (i integer);", "INSERT INTO seen SELECT 'left ' || count(*) FROM temp.sqlite_master;",
        "PRAGMA case_sensitive_like = ON;", "INSERT INTO seen VALUES ('like ' || ('a' LIKE 'A'));", "CREATE TEMP VIEW IF NOT EXISTS many AS SELECT 1 AS i;\nDROP VIEW IF EXISTS temp.many;",
    ]


OFF = "-- transaction: off\n"
ROLE = "GRANT ALL ON seen TO pg_monitor;\nGRANT USAGE, CREATE ON SCHEMA public TO pg_monitor;\n{set}\nINSERT INTO seen VALUES ('as ' || current_user);\nCREATE TABLE y1 (i integer);\nINSERT INTO seen VALUES ('still ' || current_user);\nRESET ROLE;\nRESET SESSION AUTHORIZATION;\nINSERT INTO seen SELECT 'back ' || (current_user <> 'pg_monitor');"
READ_ONLY = "SET default_transaction_read_only = on;\n{between}SET default_transaction_read_only = off;\nINSERT INTO seen VALUES ('written');"
LOOKS = "INSERT INTO seen VALUES ('next ' || current_user || current_setting('default_transaction_read_only') || current_setting('search_path') || current_setting('statement_timeout'));"
PROCEDURE = "CREATE PROCEDURE p() BEGIN SET @p = 7; SET SESSION sql_mode = 'ANSI_QUOTES'; SET foreign_key_checks = 0; END;"

# What each unit behind HOME says; every engine has those of its dialect.
CASES = {
    "postgresql": {
        "a role": [("", ROLE.format(set="SET ROLE pg_monitor;")), ("", LOOKS)],
        "a role, transaction off": [(OFF, ROLE.format(set="SET ROLE pg_monitor;")), ("", LOOKS)],
        "a role that is left": [(OFF, ROLE.format(set="SET ROLE pg_monitor;").split("RESET")[0]), ("", LOOKS)],
        "somebody else, transaction off": [(OFF, ROLE.format(set="SET SESSION AUTHORIZATION pg_monitor;")), ("", LOOKS)],
        "read only": [("", READ_ONLY.format(between="")), ("", LOOKS)],
        "read only, transaction off": [(OFF, READ_ONLY.format(between="SELECT count(*) FROM seen;\n")), ("", LOOKS)],
        "read only that is left": [("", "INSERT INTO seen VALUES ('first');\nSET default_transaction_read_only = on;"), (OFF, "INSERT INTO seen VALUES ('second');\nSET default_transaction_read_only = on;"),
                                   ("", LOOKS)],
        "advisory locks": [(OFF, "SELECT pg_advisory_lock(4711);\nCREATE TABLE y1 (i integer);\nINSERT INTO seen SELECT 'locks ' || count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = 4711 "
                            "AND pid = pg_backend_pid();\nSELECT pg_advisory_unlock(4711);\nCREATE TABLE y2 (i integer);\nINSERT INTO seen SELECT 'unlocked ' || count(*) FROM pg_locks "
                            "WHERE locktype = 'advisory' AND objid = 4711 AND pid = pg_backend_pid();")],
        "a path set by code": [(OFF, "CREATE SCHEMA s;\nDO $$ BEGIN PERFORM set_config('search_path', 's, public', false); END $$;\nCREATE TABLE inside (i integer);\n"
                                "INSERT INTO seen VALUES ('path ' || current_setting('search_path'));\nSET app.x = 'kept';\nSELECT set_config('app.y', (SELECT max(what) FROM seen), false);\n"
                                "CREATE INDEX CONCURRENTLY later ON inside (i);\nINSERT INTO seen SELECT 'in ' || relnamespace::regnamespace::text || current_setting('app.x') || current_setting('app.y') FROM pg_class WHERE relname = 'inside';"),
                               ("", LOOKS)],
        "code that writes": [(OFF, "PREPARE q AS UPDATE counter SET n = n + 1;\nEXECUTE q;\nSELECT f();\nDO $$ BEGIN PERFORM f(); END $$;\nEXECUTE q;\nINSERT INTO seen SELECT 'n ' || n FROM counter;")],
        "a path that is left": [("", "CREATE SCHEMA s;\nSET search_path = s;\nCREATE TABLE schema_versions (i integer);"), (OFF, "CREATE SCHEMA u;\nSET search_path = u;\nCREATE TABLE schema_versions_log (i integer);\nCREATE TABLE t (i integer);"),
                                ("", LOOKS)],
    },
    "mysql": {
        "numbers of ours": [("", "INSERT INTO parent (name) VALUES ('d');\nINSERT INTO child VALUES (LAST_INSERT_ID(), 'd');"), ("", "INSERT INTO child VALUES (LAST_INSERT_ID(), 'nobody');"),
                            ("", "UPDATE many SET i = i + 1;\nINSERT INTO seen VALUES (CONCAT('rows ', ROW_COUNT()));\nSELECT i FROM many;\nINSERT INTO seen VALUES (CONCAT('found ', FOUND_ROWS()));")],
        "set by a procedure": [("", PROCEDURE), ("", "CALL p();\nCREATE TABLE z1 (i int);\nINSERT INTO seen VALUES (CONCAT('p ', IFNULL(@p, 'none'), ' mode ', @@sql_mode, ' keys ', @@foreign_key_checks));\n"
                               "ALTER TABLE z1 ADD j int;\nINSERT INTO seen VALUES (CONCAT('again ', IFNULL(@p, 'none'), ' mode ', @@sql_mode, ' keys ', @@foreign_key_checks));"),
                               ("", "INSERT INTO seen VALUES (CONCAT('next ', IFNULL(@p, 'none'), ' mode ', @@sql_mode, ' keys ', @@foreign_key_checks));")],
        "a lock": [("", "SELECT GET_LOCK('sessions', 1);\nCREATE TABLE z1 (i int);\nINSERT INTO seen SELECT CONCAT('mine ', IS_USED_LOCK('sessions') = CONNECTION_ID());\nDO RELEASE_LOCK('sessions');\n"
                    "CREATE TABLE z2 (i int);\nINSERT INTO seen SELECT CONCAT('free ', IS_FREE_LOCK('sessions'));")],
        "functions that write": [("", "SELECT f();\nDO f();\nSET @a = f();\nSELECT f() INTO @b;\nINSERT INTO seen SELECT CONCAT('n ', n) FROM counter;\nCREATE TABLE z1 (i int);\n"
                                  "INSERT INTO seen VALUES (CONCAT('a ', @a, ' b ', @b));")],
        # By the name: a transaction that is rolled back has used up its numbers, and the rows come again with later ones.
        "a number that is computed": [("", "UPDATE parent SET id = LAST_INSERT_ID(100 + length(name)) WHERE name = 'c';\nCREATE TABLE z1 (i int);\nINSERT INTO seen VALUES (CONCAT('id ', LAST_INSERT_ID()));")],
    },
    "sqlite": {
        "counts": [(OFF, "INSERT INTO seen VALUES ('one'), ('two');\nINSERT INTO seen VALUES ('changed ' || changes());\nCREATE TABLE t1 (i);\nINSERT INTO seen VALUES ('in all ' || total_changes());"),
                   ("", "INSERT INTO seen VALUES ('new ' || changes() || total_changes() || last_insert_rowid());")],
        "attached": [(OFF, "ATTACH ':memory:' AS other;\nCREATE TABLE t1 (i);\nDETACH other;\nCREATE TABLE t2 (i);\nATTACH ':memory:' AS other;\nINSERT INTO seen SELECT 'databases ' || count(*) FROM pragma_database_list WHERE name = 'other';"),
                     ("", "INSERT INTO seen SELECT 'left ' || count(*) FROM pragma_database_list WHERE name = 'other';")],
    },
}

PIECES = {"mysql": mysql_pieces, "postgresql": postgresql_pieces, "sqlite": sqlite_pieces}


def make_units(engine):
    """Texts of units: (header, upgrade)."""
    units = [("", HOME[engine])]
    for number in range(2, random.randint(4, 7)):
        pieces = []
        for part in range(random.randint(1, 5)):
            pieces.append(random.choice(PIECES[engine](f"n{number}.{part}", number * 10 + part)))
        off = engine != "mysql" and random.random() < 0.4
        units.append(("-- transaction: off\n" if off else "", "\n".join(pieces)))
    return units


def client(engine, header, text):
    """One unit by the engine's own client; returns its error."""
    if engine.dialect == "sqlite":
        body = text if header else f"BEGIN;\n{text}\nCOMMIT;"
        command = ["sqlite3", "-bail", engine.path]
    elif engine.dialect == "postgresql":
        body = text
        command = [engine.client, "-X", "-q", "-v", "ON_ERROR_STOP=1", *([] if header else ["-1"]), "-h", engine.server.hostname, "-p", str(engine.server.port), "-U", engine.server.username,
                   "-d", engine.database]
    else:
        body = re.sub(r"(CREATE (FUNCTION|PROCEDURE) .* END);", r"DELIMITER //\n\1//\nDELIMITER ;", text)
        command = [engine.client, "--no-defaults", "-h", engine.server.hostname, "-P", str(engine.server.port), "-u", engine.server.username, "-D", engine.database]
    environment = engine.environment() if engine.dialect != "sqlite" else None
    done = subprocess.run(command, input=body, env=environment, capture_output=True, text=True, timeout=60)
    return "" if done.returncode == 0 else done.stderr


def picture(engine):
    """Schema and rows without our own tables; numbers of parents by their rank, as a number that was given out and rolled back is missing."""
    if engine.dialect == "sqlite":
        tables = [row[0] for row in engine.rows("select name from sqlite_schema where type = 'table' and name not like 'sqlite_%' order by 1")]
    elif engine.dialect == "postgresql":
        tables = [row[0] for row in engine.rows("select relname from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace order by 1")]
    else:
        tables = [row[0] for row in engine.rows("show tables")]
    tables = [table for table in tables if not table.startswith("schema_versions")]
    rank = {}
    if "parent" in tables:
        rank = {row[0]: f"#{number}" for number, row in enumerate(engine.rows("select id from parent order by id"), 1)}
    lines = [" ".join(tables)]
    schema = engine.schema()
    lines += [line for line in schema.split("\n") if "schema_versions" not in line and line.startswith(("t", "u", "z", "y"))]
    for table in tables:
        rows = engine.rows(f"select * from {table}" + (" order by id" if table == "parent" else ""))
        if table in ("parent", "child"):
            rows = [[rank.get(row[0], row[0]), *row[1:]] for row in rows]
        lines += sorted(f"{table}: " + "|".join(row) for row in rows)
    return "\n".join(lines)


class Project:
    def __init__(self, program, engine, folder, units):
        self.program, self.engine, self.folder, self.units = program, engine, folder, units
        support.write_project(folder, engine, [(header, text, "SELECT 1;") for header, text in units])

    def run(self, target="head", environment=None):
        return subprocess.run([self.program, "-c", os.path.join(self.folder, "migrate.yaml"), "upgrade", target, "--yes"], env=dict(os.environ, **(environment or {})),
                              capture_output=True, text=True, timeout=120)

    def by_client(self):
        self.engine.reset()
        for header, text in self.units:
            error = client(self.engine, header, text)
            if error:
                return None
        return picture(self.engine)

    def at_once(self):
        self.engine.reset()
        done = self.run()
        if done.returncode == 2:
            applied = "seen" in picture(self.engine)
            wrong = "refused when something had run: " if applied else "" if "commits by itself" in done.stderr else "refused for another reason: "
            return ("refused", wrong and wrong + done.stderr)
        return ("done", picture(self.engine)) if done.returncode == 0 else ("failed", done.stderr)

    def one_by_one(self):
        self.engine.reset()
        for number in range(1, len(self.units) + 1):
            done = self.run(f"{number:04}-{number:06x}")
            if done.returncode != 0:
                return ("failed", done.stderr)
        return ("done", picture(self.engine))

    def killed(self, points):
        self.engine.reset()
        for _ in range(random.randint(1, 3)):
            done = self.run(environment={"MIGRATE_TEST_CRASH_AT": str(random.randint(1, points))})
            if done.returncode != -signal.SIGKILL:
                break
        if done.returncode not in (0, 5):
            done = self.run()
        if done.returncode == 5:
            return ("asked", done.stderr)
        return ("done", picture(self.engine)) if done.returncode == 0 else ("failed", done.stderr)

    def points(self):
        self.engine.reset()
        done = self.run(environment={"MIGRATE_TEST_CRASH_AT": "0"})
        return int(done.stderr.rsplit("crash points: ", 1)[1].split()[0])


def difference(expected, found):
    lines = [f"    + {line}" for line in found.split("\n") if line not in expected.split("\n")]
    lines += [f"    - {line}" for line in expected.split("\n") if line not in found.split("\n")]
    return "\n".join(lines[:20])


def check_project(project, kills, figures):
    def count(what):
        figures[what] = figures.get(what, 0) + 1
    expected = project.by_client()
    if expected is None:
        count("the client refuses it")
        return None
    kind, found = project.at_once()
    if kind == "refused":
        count("refused before anything ran")
        return found or None
    if kind != "done" or found != expected:
        return f"in one run: {kind}\n" + (difference(expected, found) if kind == "done" else found)
    count("in one run")
    kind, found = project.one_by_one()
    if kind != "done" or found != expected:
        return f"one run a unit: {kind}\n" + (difference(expected, found) if kind == "done" else found)
    count("one run a unit")
    points = project.points()
    for _ in range(kills):
        kind, found = project.killed(points)
        if kind == "asked":
            count("killed, a person is asked")
            if "cut off" not in found:
                return "killed: exit 5 that does not say why\n" + found
        elif kind != "done" or found != expected:
            return f"killed: {kind}\n" + (difference(expected, found) if kind == "done" else found)
        else:
            count("killed and resumed")
    return None


def check_own_schema(program, engine, folder):
    """A login role that makes a schema of its own name: the default search path looks there first, our tables stay where they were."""
    role = f"own_{os.getpid()}"
    engine.reset()
    engine.sql(f"create role {role} login password 'secret'; alter database {engine.database} owner to {role}; grant all on schema public to {role}")
    login = copy.copy(engine)
    login.url = engine.url.replace(engine.server.netloc, f"{role}:secret@{engine.server.hostname}:{engine.server.port}")
    units = ["CREATE TABLE a (i integer);", f"CREATE SCHEMA {role};", f"CREATE TABLE b (i integer);\nINSERT INTO b VALUES (1);", "ALTER TABLE b ADD COLUMN j integer;"]
    backwards = ["DROP TABLE a;", f"DROP SCHEMA {role};", "DROP TABLE b;", "ALTER TABLE b DROP COLUMN j;"]
    support.write_project(folder, login, [("", up, down) for up, down in zip(units, backwards)])
    try:
        for command, code in ((["upgrade", "2", "--yes"], 0), (["upgrade", "--yes"], 0), (["upgrade", "--yes"], 0), (["drift"], 0), (["downgrade", "base", "--yes"], 0), (["drift"], 0)):
            done = subprocess.run([program, "-c", os.path.join(folder, "migrate.yaml"), *command], capture_output=True, text=True, timeout=120)
            tables = engine.rows("select n.nspname || '.' || c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace where relkind = 'r' and relname like 'schema_versions%' order by 1")
            if done.returncode != code or any(not name.startswith("public.") for (name,) in tables):
                return f"{' '.join(command)}: exit {done.returncode}, {tables}\n{done.stdout}{done.stderr}"
    finally:
        engine.drop()
        engine.sql(f"drop role if exists {role}", "postgres")
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--kills", type=int, default=2)
    parser.add_argument("--engine", action="append")
    parser.add_argument("--case")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    arguments = parser.parse_args()
    print(f"seed {arguments.seed}")
    failures = 0
    with support.temporary_folder() as folder:
        for engine in support.engines(folder, arguments.engine):
            random.seed(f"{arguments.seed} {engine.name}")
            started, figures = time.time(), {}
            cases = list(CASES[engine.dialect].items())
            for number in range(-len(cases), arguments.rounds):
                name, units = cases[number] if number < 0 else (f"project {number}", make_units(engine.dialect)[1:])
                if arguments.case and name != arguments.case:
                    continue
                place = os.path.join(folder, engine.name, str(number))
                os.makedirs(place)
                units = [("", HOME[engine.dialect])] + units
                wrong = check_project(Project(os.path.abspath(arguments.program), engine, place, units), arguments.kills, figures)
                if wrong:
                    failures += 1
                    print(f"FAILED {engine.name}, {name}, {wrong}\n" + "\n".join(f"-- unit {n}\n{header}{text}" for n, (header, text) in enumerate(units, 1) if n > 1), flush=True)
            if engine.dialect == "postgresql" and arguments.case in (None, "own schema"):
                wrong = check_own_schema(os.path.abspath(arguments.program), engine, os.path.join(folder, engine.name, "own"))
                if wrong:
                    failures += 1
                    print(f"FAILED {engine.name}, own schema, {wrong}", flush=True)
            engine.drop()
            print(f"{engine.name}: {arguments.rounds} projects in {time.time() - started:.0f} s")
            for what, count in sorted(figures.items()):
                print(f"    {count:5}  {what}")
            sys.stdout.flush()
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
