"""What a model, the settings and the command line may not say: an error with exit code 2 that names file, line and column, before
anything is written; and what looks like it and may be said."""
import os
import resource
import subprocess

from support import PROGRAM, Outcome, TestCase, engines, main

ALL = ("sqlite", "postgresql", "mysql")
SERVERS = ("postgresql", "mysql")

# The engines, the model, where the error is, what it says.
REFUSED = {
    "an unknown type": (SERVERS, "tables:\n  t:\n    columns:\n      a: varchrr(10)\n", "4:7", "varchrr", "varchar"),
    "an unknown type without a near one": (SERVERS, "tables:\n  t:\n    columns:\n      a: frobnicator\n", "4:7", "frobnicator"),
    "an unknown type beside known ones": (SERVERS, "tables:\n  t:\n    columns:\n      a: integer\n      b: varchar(9)\n      c: {type: integr}\n", "6:7", "integr", "integer"),
    "a negative length": (SERVERS, "tables:\n  t:\n    columns:\n      a: varchar(-5)\n", "4:7", "varchar"),
    "no length": (("postgresql",), "tables:\n  t:\n    columns:\n      a: varchar(0)\n", "4:7", "varchar"),
    "a length beyond the engine's": (SERVERS, "tables:\n  t:\n    columns:\n      a: varchar(99999999)\n", "4:7", "99999999"),
    "a length in characters beyond a row": (("mysql",), "tables:\n  t:\n    columns:\n      a: {type: varchar(20000), mysql: {charset: utf8mb4}}\n", "4:7", "16383"),
    "a long char": (("mysql",), "tables:\n  t:\n    columns:\n      a: char(256)\n", "4:7", "255"),
    "digits beyond the engine's": (SERVERS, "tables:\n  t:\n    columns:\n      a: numeric(2000, 2)\n", "4:7", "2000"),
    "more digits behind the point than digits": (("mysql",), "tables:\n  t:\n    columns:\n      a: numeric(4, 5)\n", "4:7", "point"),
    "fractions of a second beyond the engine's": (SERVERS, "tables:\n  t:\n    columns:\n      a: timestamp(9)\n", "4:7", "6"),
    "many bits": (SERVERS, "tables:\n  t:\n    columns:\n      a: bit(99999999)\n", "4:7", "99999999"),
    "a length for a type that has none": (("postgresql",), "tables:\n  t:\n    columns:\n      a: uuid(3)\n", "4:7", "uuid"),
    "a word as a length": (SERVERS, "tables:\n  t:\n    columns:\n      a: varchar(ten)\n", "4:7", "ten"),
    "an unknown type of an array": (("postgresql",), "tables:\n  t:\n    columns:\n      a: integr[]\n", "4:7", "integr"),
    "an unknown type of a schema": (("postgresql",), "tables:\n  t:\n    columns:\n      a: nowhere.mood\n", "4:7", "nowhere.mood"),
    "an unknown type of a domain": (("postgresql",), "domains:\n  d: varchrr(10)\n", "2:3", "domain d", "varchrr"),
    "a table without columns": (ALL, "tables:\n  t: {comment: x}\n", "2:3", "table t has no columns"),
    "a table with an empty list of columns": (ALL, "tables:\n  t:\n    columns: {}\n", "2:3", "table t has no columns"),
    "a table without a name": (ALL, 'tables:\n  "": {columns: {a: integer}}\n', "2:3", "empty"),
    "a table of a schema without a name": (("postgresql",), 'tables:\n  "s.": {columns: {a: integer}}\n', "2:3", "empty"),
    "a column without a name": (ALL, 'tables:\n  t:\n    columns:\n      "": integer\n', "4:7", "table t", "empty"),
    "an index without a name": (ALL, 'tables:\n  t:\n    columns: {a: integer}\n    indexes:\n      "": [a]\n', "5:7", "empty"),
    "an enum without values": (ALL, "enums:\n  mood: []\n", "2:3", "enum mood has no values"),
    "an enum without a name": (ALL, 'enums:\n  "": [a]\n', "2:3", "empty"),
    "two columns renamed from one": (ALL, "tables:\n  t:\n    columns:\n      a: {type: integer, renamed_from: x}\n      b: {type: integer, renamed_from: x}\n", "5:7", "a and b", "x"),
    "two tables renamed from one": (ALL, "tables:\n  a: {columns: {i: integer}, renamed_from: x}\n  b: {columns: {i: integer}, renamed_from: x}\n", "3:3", "a and b", "x"),
    "a column renamed from itself": (ALL, "tables:\n  t:\n    columns:\n      a: {type: integer, renamed_from: a}\n", "4:7", "itself"),
    "an unknown option": (ALL, "tables:\n  t:\n    columns: {a: integer}\n    postgresql: {unloged: true}\n", "4:18", "unloged", "unlogged"),
    "an unknown option of MySQL": (ALL, "tables:\n  t:\n    columns: {a: integer}\n    mysql: {row_fromat: dynamic}\n", "4:13", "row_fromat", "row_format"),
    "an unknown option of MariaDB": (ALL, "tables:\n  t:\n    columns: {a: {type: integer, mariadb: {invisibel: true}}}\n", "3:44", "invisibel", "invisible"),
    "an unknown option of SQLite": (ALL, "tables:\n  t:\n    columns: {a: integer}\n    sqlite:\n      stricct: true\n", "5:7", "stricct", "strict"),
    "an option of another object": (ALL, "tables:\n  t:\n    columns: {a: {type: integer, postgresql: {unlogged: true}}}\n", "3:47", "unlogged"),
    "a wrong property in a section": (ALL, "tables:\n  t:\n    columns: {a: {type: integer, postgresql: {typ: bigint}}}\n", "3:47", "typ"),
    "an option of the database": (ALL, "mysql:\n  charest: utf8mb4\ntables: {}\n", "2:3", "charest", "charset"),
    "an option of an index": (ALL, "tables:\n  t:\n    columns: {a: integer}\n    indexes: {i: {columns: [a], postgresql: {tablespac: x}}}\n", "4:46", "tablespac"),
    "an option where there are none": (ALL, "enums:\n  e: {values: [a], postgresql: {fast: true}}\n", "2:33", "fast"),
}

# What may be said, on all its engines.
ACCEPTED = {
    "portable types": (ALL, "tables: {t: {columns: {a: varchar(10), b: 'numeric(10,2)', c: timestamptz, d: bytea, e: jsonb, f: uuid, g: double precision, h: datetime, i: char(3)}}}\n"),
    "a type of the model": (ALL, "enums: {mood: [a, b]}\ntables: {t: {columns: {a: mood}}}\n"),
    "types of PostgreSQL": (("postgresql",), "domains: {d: text}\ntypes: {pair: 'CREATE TYPE pair AS (a int, b int)', span: 'CREATE TYPE span AS RANGE (subtype = float8)'}\n"
                            "tables: {u: {columns: {i: integer}}, t: {columns: {a: d, b: 'd[]', c: pair, d: int4range, e: 'varchar(5)[]', f: u, g: interval day to second(3), h: span}}}\n"),
    "options of every engine": (ALL, "tables: {t: {columns: {a: {type: text, postgresql: {storage: external}, mysql: {type: varchar(20)}, sqlite: {not_null_conflict: fail}, null: false}}, "
                                     "postgresql: {unlogged: true, with: {fillfactor: 70, autovacuum_enabled: false}}, mysql: {engine: InnoDB, row_format: dynamic}, sqlite: {strict: true}}}\n"),
    "a table of an engine of its own": (("sqlite", "postgresql"), "tables: {t: {columns: {a: {type: text}}, mysql: {engine: CONNECT, table_type: CSV, file_name: x.csv}}}\n"),
    "a partition": (("postgresql",), "tables:\n  t: {columns: {a: {type: integer, null: false}}, postgresql: {partition_by: RANGE (a)}}\n"
                                     "  t1: {postgresql: {partition_of: t, partition_bound: FOR VALUES FROM (1) TO (9)}}\n"),
    "types of MySQL": (("mysql",), "tables: {t: {columns: {a: mediumtext, b: 'enum(''x'',''y'')', c: point, d: year, e: bit(3), f: 'decimal(65,30)', g: 'int(10) unsigned', h: tinyint(1), i: 'varchar(15000)'}, "
                                   "mysql: {row_format: dynamic, charset: utf8mb4}}, u: {columns: {a: {type: varchar(60000), mysql: {charset: latin1}}}}}\n"),
}


class Models(TestCase):
    def test_what_a_model_may_not_say(self):
        for engine in engines():
            for name, (only, model, place, *says) in REFUSED.items():
                if engine not in only:
                    continue
                with self.subTest(engine=engine, model=name):
                    project = self.project(engine)
                    project.write("model.yaml", model)
                    for command in (("check",), ("revision", "-a", "-m", "x"), ("diff",)):
                        done = project.migrate(*command, code=2)
                        self.assertIn(f"model.yaml:{place}: ", done.err)
                        for text in says:
                            self.assertIn(text, done.err)
                    self.assertEqual(os.listdir(project.folder / "migrations"), [])

    def test_what_a_model_may_say(self):
        for engine in engines():
            for name, (only, model) in ACCEPTED.items():
                if engine not in only:
                    continue
                with self.subTest(engine=engine, model=name):
                    project = self.project(engine)
                    project.write("model.yaml", model)
                    project.migrate("revision", "-a", "-m", "x")
                    project.migrate("upgrade")
                    project.migrate("check")
                    project.migrate("inspect", "-o", "model.yaml")
                    project.migrate("check")

    def test_types_that_only_the_database_knows(self):
        if "postgresql" not in engines():
            self.skipTest("no PostgreSQL")
        project = self.project("postgresql", 'ignore: ["hidden_*"]')
        project.sql("CREATE SCHEMA other; CREATE DOMAIN other.money_pence AS bigint NOT NULL CHECK (VALUE > 0); CREATE TYPE hidden_type AS ENUM ('a'); CREATE EXTENSION citext")
        project.write("model.yaml", "extensions: [citext]\ntables: {t: {columns: {a: other.money_pence, b: hidden_type, c: citext, d: 'other.money_pence[]'}}}\n")
        project.migrate("revision", "-a", "-m", "x")
        project.migrate("upgrade")
        project.migrate("check")

    def test_a_type_that_comes_with_a_new_extension(self):
        if "postgresql" not in engines():
            self.skipTest("no PostgreSQL")
        project = self.project("postgresql")
        project.write("model.yaml", "extensions: [citext]\ntables: {t: {columns: {a: citext, b: 'citext[]'}}}\n")
        project.migrate("revision", "-a", "-m", "x")
        project.migrate("upgrade")
        project.migrate("check")
        project.write("model.yaml", "extensions: [citext]\ntables: {t: {columns: {a: citext, b: 'citext[]', c: cittext}}}\n")
        self.assertIn("did you mean", project.migrate("check", code=2).err)

    def test_what_the_database_has_already_is_no_slip(self):
        if "postgresql" not in engines():
            self.skipTest("no PostgreSQL")
        project = self.project("postgresql")
        project.sql("CREATE TABLE no_columns (); CREATE TYPE no_values AS ENUM ()")
        project.migrate("inspect", "-o", "model.yaml")
        project.migrate("check")

    def test_every_word_is_a_type_in_sqlite(self):
        project = self.project("sqlite")
        project.write("model.yaml", "tables:\n  t:\n    columns:\n      a: varchrr(10)\n      b: varchar(-5)\n      c: order_status\n      d: unsigned big int\n      e: integer\n")
        for command in (("diff",), ("check",), ("revision", "-a", "-m", "x")):
            done = project.migrate(*command, code=None)
            self.assertIn(done.code, (0, 3))
            self.assertIn("model.yaml:4:7: column t.a: no usual type is called 'varchrr'", done.err)
            self.assertIn("did you mean 'varchar'?", done.err)
            self.assertIn("model.yaml:5:7: column t.b", done.err)
            for name in ("t.c", "t.d", "t.e"):
                self.assertNotIn(f"column {name}:", done.err)
        project.migrate("upgrade")
        self.assertNotIn("varchrr", project.migrate("check").err)


class Renames(TestCase):
    BEFORE = "CREATE TABLE t (old integer, other integer);"

    def start(self, engine, columns, table="t"):
        project = self.project(engine)
        project.unit("0001-aaaaa1", "", self.BEFORE, "DROP TABLE t;")
        project.migrate("upgrade")
        project.write("model.yaml", "tables:\n  %s:\n    columns:\n%s" % (table, "".join(f"      {line}\n" for line in columns)))
        return project

    def test_contradictions_of_the_model(self):
        for engine in engines():
            with self.subTest(engine=engine):
                project = self.start(engine, ["old: integer", "new: {type: integer, renamed_from: old}", "other: integer"])
                done = project.migrate("revision", "-a", "-m", "x", code=2)
                self.assertIn("model.yaml:5:7: the model says that t.new was renamed from old, but it has t.old too", done.err)

    def test_contradictions_of_the_model_and_the_command_line(self):
        columns = ["new: {type: integer, renamed_from: old}", "newer: integer", "other: integer"]
        for options, says in ((["--rename", "t.old:newer"], "becomes newer"), (["--no-rename", "t.old"], "is dropped"), (["--rename", "t.other:new"], "it was other")):
            with self.subTest(options=options):
                project = self.start("sqlite", columns if "t.other:new" not in options else columns[:2])
                done = project.migrate("revision", "-a", "-m", "x", *options, code=2)
                self.assertIn("model.yaml:4:7: the model says that t.new was renamed from old", done.err)
                self.assertIn(says, done.err)

    def test_contradictions_of_the_command_line(self):
        for options in (["--rename", "t.old:a", "--rename", "t.old:b"], ["--rename", "t.old:a", "--rename", "t.other:a"], ["--rename", "t.old:a", "--no-rename", "t.old"]):
            with self.subTest(options=options):
                project = self.start("sqlite", ["a: integer", "b: integer"])
                self.assertIn("--rename", project.migrate("revision", "-a", "-m", "x", *options, code=2).err)
                project.write("answers.yaml", "renames: {t.old: a}\ndropped: [t.old]\n")
                self.assertIn("--no-rename", project.migrate("revision", "-a", "-m", "x", "--answers", "answers.yaml", code=2).err)

    def test_what_is_no_contradiction(self):
        project = self.start("sqlite", ["old: {type: integer, renamed_from: other}", "other: {type: integer, renamed_from: old}"])
        project.migrate("revision", "-a", "-m", "a swap")
        project.migrate("upgrade")
        # A hint that was followed long ago may stay.
        project = self.start("sqlite", ["new: {type: integer, renamed_from: old}", "other: integer"])
        project.migrate("revision", "-a", "-m", "x")
        project.migrate("upgrade")
        project.write("model.yaml", "tables:\n  t: {columns: {new: {type: integer, renamed_from: old}, other: integer, old: integer}}\n")
        project.migrate("revision", "-a", "-m", "y")
        project.migrate("upgrade")
        project.migrate("check")


class Yaml(TestCase):
    BOMBS = {
        "lists of lists": "x-a0: &a0 [a, b, c, d, e, f, g, h, i, j]\n" + "".join(f"x-a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 9)),
        "merged maps": "x-a0: &a0 {k: [a, b, c, d, e, f, g, h]}\n" + "".join(f"x-a{n}: &a{n} {{{', '.join(f'k{i}: *a{n - 1}' for i in range(9))}}}\n" for n in range(1, 9)),
    }

    def test_aliases_that_expand_to_gigabytes(self):
        for name, bomb in self.BOMBS.items():
            for file in ("model.yaml", "migrate.yaml", "answers.yaml"):
                with self.subTest(bomb=name, file=file):
                    project = self.project("sqlite")
                    text = (project.folder / file).read_text() if (project.folder / file).exists() else ""
                    project.write(file, text + bomb)
                    arguments = ["revision", "-a", "-m", "x", "--answers", "answers.yaml"] if file == "answers.yaml" else ["check"]
                    done = subprocess.run([PROGRAM, *arguments], cwd=project.folder, capture_output=True, text=True, timeout=60,
                                          preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (400 << 20, 400 << 20)))
                    self.assertEqual(done.returncode, 2, done)
                    self.assertRegex(done.stderr, file + r":\d+:\d+: .*alias")
                    usage = subprocess.run(["/usr/bin/env", "python3", "-c", "import resource, subprocess, sys\nsubprocess.run(sys.argv[1:], capture_output=True)\n"
                                            "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)", PROGRAM, *arguments], cwd=project.folder, capture_output=True, text=True)
                    self.assertLess(int(usage.stdout), 64 << 10)

    def test_aliases_as_people_write_them(self):
        project = self.project("sqlite")
        project.write("model.yaml", "x-base: &base {id: integer, made: {type: timestamp, null: false}, by: text}\ntables:\n" +
                      "".join(f"  t{n}: {{columns: {{<<: *base, own{n}: integer}}}}\n" for n in range(3000)))
        self.assertIn("t2999", project.migrate("diff", code=3).out)


class CommandLine(TestCase):
    def test_usage_errors(self):
        project = self.project("sqlite")
        project.unit("0001-aaaaa1", "", "CREATE TABLE t (a integer);", "DROP TABLE t;")
        for words, says in ((["current", "--database", "sqlite:///a.db", "--database", "sqlite:///b.db"], "--database is given twice"),
                            (["--database", "sqlite:///a.db", "current", "--database=sqlite:///a.db"], "--database is given twice"),
                            (["revision", "-m", "one", "--message", "two"], "--message is given twice"),
                            (["current", "--json", "--json"], "--json is given twice"), (["log", "--limit", "1", "--limit", "2"], "--limit is given twice"),
                            (["--", "--hed"], "unknown command '--hed'"), (["--hed"], "--hed"), (["--hepl"], "--help"), (["--json", "--hed"], "--hed"),
                            (["upgrade", "--hed"], "--hed"), (["upgrade", "--", "--hed"], "--hed"), (["help", "--hed"], "--hed"), (["help", "upgrad"], "upgrade"),
                            (["help", "upgrade", "downgrade"], "too many"), (["-Q", "current"], "-Q"), ([""], "unknown command ''"), (["--version=3"], "version"),
                            (["check", "--env"], "env"), (["--verion"], "--version")):
            with self.subTest(words=words):
                done = Outcome(subprocess.run([PROGRAM, *words], cwd=project.folder, capture_output=True, text=True, timeout=60))
                self.assertEqual(done.code, 2, done)
                self.assertIn(says, done.err)
                self.assertEqual(done.out if "--json" not in words else "", "")
        for words, code in ((["--help"], 0), (["-h"], 0), (["--version"], 0), (["help"], 0), (["help", "upgrade"], 0), (["help", "--man"], 0), ([], 2), (["--json"], 2),
                            (["revision", "-m", "x", "--label", "a", "--label", "b"], 0), (["--", "heads"], 0), (["upgrade", "--sql", "base:head", "--", "head"], 0)):
            done = subprocess.run([PROGRAM, *words], cwd=project.folder, capture_output=True, text=True, timeout=60)
            self.assertEqual(done.returncode, code, (words, done))
            self.assertNotEqual(done.stdout, "", words)


if __name__ == "__main__":
    main()
