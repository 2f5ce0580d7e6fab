#!/usr/bin/env python3
"""Random pairs of schemas, taken the way of a case: before -> unit -> after and back, compared with the engine's own catalog.

    random_pairs.py [ENGINE...] [--seeds A:B] [-v] [-j N]

A seed always makes the same pair. The schema is made of objects that use each other (keys, indexes, checks, computed columns, views,
triggers, enums, functions), and the second is the first after some changes: what a dropped column carries goes with it, a renamed one
keeps what is over it. CI runs a few seeds; any failing one deserves a case of its own."""
import argparse
import concurrent.futures
import copy
import os
import pathlib
import random
import re
import shutil
import sys
import tempfile
import traceback

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]
os.environ.setdefault("MIGRATE_PROGRAM", str(HERE.parent.parent / "build" / "migrate"))

import engines
import flow
import known_failures
from tools import Failure

NAMES = """account address amount balance batch branch cart category city client code color comment contact country currency customer
day delivery device discount document email event invoice item label level line location log member message method note number offer
owner page part payment period person phone place point price product profile project quantity rate reason region report role room
score session size slot source stage state stock street supplier tag task team ticket title token total unit user value vendor visit
weight zone order group select table key index check Mixed camelCase with_long_name_that_goes_on_and_on_for_a_while größe""".split()

WORDS = ["new", "paid", "open", "done", "it's", "a b", "50%", "x", "N/A"]


# Types by family, from narrow to wide; defaults; a value for row i.
TYPES = {
    "postgresql": {
        "int": (["smallint", "integer", "bigint"], ["0", "1", "-5", "(2 + 3)"], "{i}"),
        "decimal": (["numeric(8,2)", "numeric(12,4)", "numeric"], ["0", "1.5"], "{i}.5"),
        "float": (["real", "double precision"], ["0", "1.5"], "{i}.5"),
        "text": (["character varying(20)", "varchar(100)", "text"], ["''", "'new'", "'it''s'", "upper('x')", "CURRENT_USER"], "'v{i}'"),
        "char": (["char(4)", "char(8)"], ["'a'", "''"], "'v{i}'"),
        "bool": (["boolean"], ["true", "false"], "true"),
        "date": (["date"], ["'2020-01-01'", "CURRENT_DATE"], "'2024-01-0{i}'"),
        "time": (["timestamp(0)", "timestamp(3)", "timestamp"], ["now()", "'2020-01-01 00:00:00'", "CURRENT_TIMESTAMP"], "'2024-01-0{i} 10:00:00'"),
        "tz": (["timestamptz(3)", "timestamptz"], ["now()", "CURRENT_TIMESTAMP", "now() + interval '1 day'"], "'2024-01-0{i} 10:00:00+00'"),
        "clock": (["time(0)", "time"], ["'10:00'", "LOCALTIME"], "'10:00:0{i}'"),
        "interval": (["interval"], ["'1 day'", "interval '2 hours'"], "'{i} days'"),
        "json": (["jsonb"], ["'{}'", "'[]'::jsonb"], "'[{i}]'"),
        "oldjson": (["json"], ["'{}'"], "'[{i}]'"),
        "uuid": (["uuid"], ["gen_random_uuid()"], "'00000000-0000-0000-0000-00000000000{i}'"),
        "bytes": (["bytea"], ["'\\x00'", "''"], "'\\x0{i}'"),
        "inet": (["inet"], ["'127.0.0.1'"], "'10.0.0.{i}'"),
        "ints": (["integer[]", "bigint[]"], ["'{}'", "ARRAY[1, 2]"], "'{{{i}}}'"),
        "texts": (["varchar(20)[]", "text[]"], ["'{}'", "ARRAY['a'::text]"], "'{{{i}}}'"),
        "bit": (["bit(4)"], ["B'0000'"], "B'0001'"),
        "range": (["int4range"], ["'[1,2)'"], "'[{i},9)'"),
        "tsvector": (["tsvector"], ["''"], "'a'"),
        "money": (["money"], ["0"], "'{i}'"),
    },
    "mysql": {
        "int": (["smallint", "mediumint", "int", "bigint"], ["0", "1", "-5"], "{i}"),
        "unsigned": (["smallint unsigned", "int unsigned", "bigint unsigned"], ["0", "1"], "{i}"),
        "tiny": (["tinyint(1)", "tinyint"], ["0", "1", "TRUE"], "1"),
        "decimal": (["decimal(8,2)", "decimal(12,4)", "numeric(20,4)"], ["0", "1.5", "0.00"], "{i}.5"),
        "float": (["float", "double"], ["0", "1.5"], "{i}.5"),
        "text": (["varchar(20)", "varchar(100)", "varchar(255)"], ["''", "'new'", "'it''s'", "(concat('a', 'b'))", "(uuid())"], "'v{i}'"),
        "latin": (["varchar(20) CHARACTER SET latin1", "varchar(60) CHARACTER SET latin1"], ["''", "'x'"], "'v{i}'"),
        "binary_text": (["varchar(20) COLLATE utf8mb4_bin", "varchar(30) COLLATE utf8mb4_bin"], ["''", "'x'"], "'v{i}'"),
        "char": (["char(4)", "char(8)"], ["'a'", "''"], "'v{i}'"),
        "long": (["tinytext", "text", "mediumtext", "longtext"], ["'x'", "('a')", "NULL"], "'v{i}'"),
        "blob": (["blob", "mediumblob"], [], "'v{i}'"),
        "bytes": (["varbinary(16)", "varbinary(40)"], ["''", "'a'", "x'00'"], "'v{i}'"),
        "date": (["date"], ["'2020-01-01'", "(curdate())"], "'2024-01-0{i}'"),
        "time": (["datetime", "datetime(3)"], ["'2020-01-01 00:00:00'"], "'2024-01-0{i} 10:00:00'"),
        "now": (["datetime"], ["CURRENT_TIMESTAMP", "now()", "CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP"], "'2024-01-0{i} 10:00:00'"),
        "stamp": (["timestamp NULL"], ["CURRENT_TIMESTAMP", "NULL"], "'2024-01-0{i} 10:00:00'"),
        "clock": (["time", "time(3)"], ["'10:00:00'"], "'10:00:0{i}'"),
        "year": (["year"], ["2020"], "202{i}"),
        "json": (["json"], ["'{}'", "(json_array())"], "'[{i}]'"),
        "enum": (["enum('a','b')", "enum('a','b','it''s')", "enum('a','b','it''s','N/A')"], ["'a'", "'b'"], "'a'"),
        "set": (["set('a','b')", "set('a','b','c')"], ["'a'", "'a,b'", "''"], "'a'"),
        "bit": (["bit(4)", "bit(8)"], ["b'0'", "b'101'"], "b'01'"),
    },
    "sqlite": {
        "int": (["integer", "bigint", "int"], ["0", "1", "-5", "(2 + 3)"], "{i}"),
        "decimal": (["decimal(8,2)", "numeric"], ["0", "1.5"], "{i}.5"),
        "float": (["real", "double precision"], ["0", "1.5"], "{i}.5"),
        "text": (["varchar(20)", "varchar(100)", "text"], ["''", "'new'", "'it''s'", "(upper('x'))", "CURRENT_TIMESTAMP"], "'v{i}'"),
        "bool": (["boolean"], ["true", "false", "0"], "1"),
        "date": (["date", "datetime"], ["'2020-01-01'", "CURRENT_DATE", "(datetime('now'))"], "'2024-01-0{i}'"),
        "blob": (["blob"], ["x'00ff'"], "x'0{i}'"),
        "json": (["json"], ["'{{}}'"], "'[{i}]'"),
    },
}

COMPUTED = {
    "postgresql": {"int": ["{0} + 1", "{0} * 2 + coalesce({0}, 0)"], "text": ["lower({0})", "({0} || '-x')"], "decimal": ["round({0} * 1.2, 2)"], "bool": ["NOT {0}"]},
    "mysql": {"int": ["{0} + 1", "coalesce({0}, 0) * 2"], "text": ["lower({0})", "concat({0}, '-x')"], "decimal": ["{0} * 2"]},
    "sqlite": {"int": ["{0} + 1", "coalesce({0}, 0) * 2"], "text": ["lower({0})", "({0} || '-x')"], "float": ["{0} * 2"]},
}
RESULT = {"postgresql": {"int": "bigint", "text": "text", "decimal": "numeric", "bool": "boolean"},
          "mysql": {"int": "bigint", "text": "varchar(200)", "decimal": "decimal(20,4)"}, "sqlite": {"int": "integer", "text": "text", "float": "real"}}



def types_of(engine):
    """MariaDB takes a plain default for a text or json, MySQL wants an expression, which it knows from 8.0.13 on."""
    types = dict(TYPES[engine.dialect])
    if known_failures.covers(["mysql<8.0.13"], engine):
        return {family: (names, [] if family in ("long", "json") else [text for text in defaults if not text.startswith("(")], value)
                for family, (names, defaults, value) in types.items()}
    if engine.name == "mysql":
        for family in ("long", "json"):
            names, defaults, value = types[family]
            types[family] = (names, [f"({text})" if text.startswith("'") else text for text in defaults], value)
    return types


CHECKS = {"int": ["{0} > -100", "{0} BETWEEN -1000 AND 1000", "{0} IN (1, 2, 3, 4, 5)", "{0} >= 0 OR {0} IS NULL", "{0} <> -7"],
          "text": ["{0} <> ''", "length({0}) < 100", "{0} LIKE 'v%'", "{0} NOT IN ('a', 'b')"],
          "decimal": ["{0} >= 0", "{0} < 99999.5"], "float": ["{0} > -1.5"], "date": ["{0} > '1990-01-01'"]}


# Of a trigger: the session that makes it, and what it sets.
PROGRAMS = [("", "trim({0})"), ("", "trim({0})"), ("", "concat({0}, '''', if({0} regexp '^\\\\d+$', '\\\\', \"it's\"))"), ("SET sql_mode = 'PIPES_AS_CONCAT'", "{0} || '\\n'"),
            ("SET sql_mode = 'ANSI_QUOTES,NO_BACKSLASH_ESCAPES'", "concat({0}, '\\')"), ("SET character_set_client = latin1, collation_connection = latin1_swedish_ci", "concat({0}, 'x')")]
COLLATIONS = {"postgresql": ['"C"', '"POSIX"'], "mysql": [], "sqlite": ["NOCASE", "RTRIM"]}

OPTIONS = {"postgresql": ["", "", "", " WITH (fillfactor=70)", " WITH (autovacuum_enabled=false, fillfactor=80)"],
           "mysql": ["", "", "", " DEFAULT CHARSET=latin1", " DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin", " ROW_FORMAT=DYNAMIC", " AUTO_INCREMENT=100"],
           "sqlite": ["", "", " WITHOUT ROWID"]}


class Thing:
    """An object with a text in which {c7} and {t3} stand for the names of the columns and tables that it uses."""

    def __init__(self, **values):
        self.__dict__.update(values)

    def uses(self):
        return set(re.findall(r"\{([ctfe]\d+)\}", self.text))


class Schema:
    def __init__(self, engine, rnd, types):
        self.engine, self.rnd = engine, rnd
        self.types = types
        self.counter = 0
        self.tables, self.parts, self.views, self.enums, self.functions = [], [], [], [], []

    def quote(self, name):
        return f"`{name}`" if self.engine == "mysql" else f'"{name}"'

    # ---- making -------------------------------------------------------------------------------------------------------

    def uid(self, letter):
        self.counter += 1
        return f"{letter}{self.counter}"

    def fresh(self, taken, prefix=""):
        while True:
            name = prefix + self.rnd.choice(NAMES)
            if name == "check" and self.engine == "sqlite":
                continue  # what looks at the catalog takes it for the keyword
            if self.rnd.random() < 0.3:
                name += "_" + self.rnd.choice(["id", "no", "2", "old", "x"])
            if name.lower() not in {other.lower() for other in taken}:
                return name

    def object_names(self):
        return [t.name for t in self.tables] + [v.name for v in self.views] + [p.name for p in self.parts] + [e.name for e in self.enums] + [f.name for f in self.functions]

    def new_column(self, table, family=None, plain=False):
        rnd = self.rnd
        family = family or rnd.choice(list(self.types) + (["@" + e.uid for e in self.enums] if self.engine == "postgresql" else []))
        column = Thing(uid=self.uid("c"), name=self.fresh([c.name for c in table.columns]), family=family, width=0, null=True, default=None, text="",
                       computed=None, comment="", identity="", collation="")
        if not family.startswith("@"):
            column.width = rnd.randrange(len(self.types[family][0]))
        if plain:
            return column
        column.null = rnd.random() < 0.5
        if rnd.random() < 0.5:
            self.new_default(column)
        if family == "text" and COLLATIONS[self.engine] and rnd.random() < 0.15:
            column.collation = rnd.choice(COLLATIONS[self.engine])
        if rnd.random() < 0.15 and self.engine != "sqlite":
            column.comment = rnd.choice(["what it is", "it's 100% sure", "a\\\\b", "line one\nline two"])
        return column

    def new_default(self, column):
        if column.family.startswith("@"):
            enum = next(e for e in self.enums if "@" + e.uid == column.family)
            column.default = "'" + self.rnd.choice(enum.values).replace("'", "''") + "'"
        elif self.types[column.family][1]:
            column.default = self.rnd.choice(self.types[column.family][1])
        if column.default == "NULL" and not column.null:
            column.default = None

    def new_table(self):
        rnd = self.rnd
        table = Thing(uid=self.uid("t"), name=self.fresh(self.object_names()), columns=[], key=[], comment="", text="", key_name="", options="")
        style = rnd.random()
        if style < 0.75:
            key = self.new_column(table, "int", plain=True)
            key.null = False
            key.width = len(self.types["int"][0]) - 1 if self.engine != "sqlite" else 0
            if rnd.random() < 0.6:
                key.identity = rnd.choice(["always", "default", "serial"]) if self.engine == "postgresql" else "auto"
                if key.identity == "serial":
                    key.width = 1
            if rnd.random() < 0.5:
                key.name = "id"
            table.columns.append(key)
            table.key = [key.uid]
        for _ in range(rnd.randint(1, 6)):
            table.columns.append(self.new_column(table))
        if 0.75 <= style < 0.9:
            good = [c for c in table.columns if c.family in ("int", "text", "date", "char", "uuid", "unsigned")]
            if good:
                table.key = [c.uid for c in good[:2]]
                for c in good[:2]:
                    c.null = False
                    if c.default == "NULL":
                        c.default = None
        if rnd.random() < 0.2 and self.engine != "sqlite":
            table.comment = rnd.choice(["a table", "it's; \"quoted\""])
        table.options = rnd.choice(OPTIONS[self.engine])
        if self.engine == "mysql" and rnd.random() < 0.1:
            table.columns.append(self.new_column(table, "latin"))
        self.tables.append(table)
        for _ in range(rnd.randint(0, 3)):
            self.new_part(table)
        return table

    def find(self, uid):
        for table in self.tables:
            if table.uid == uid:
                return table
            for column in table.columns:
                if column.uid == uid:
                    return column
        return None

    def owner(self, column_uid):
        return next(t for t in self.tables if any(c.uid == column_uid for c in t.columns))

    def plain_columns(self, table, *families):
        return [c for c in table.columns if c.computed is None and (not families or c.family in families)]

    def indexable(self, table):
        bad = {"postgresql": ("oldjson", "json", "tsvector", "money", "range", "bit"), "mysql": ("long", "blob", "json"), "sqlite": ()}[self.engine]
        return [c for c in table.columns if c.family not in bad and c.computed is None]

    def new_part(self, table):
        kinds = ["unique", "index", "index", "check", "key", "computed", "expression", "partial", "wide_key"]
        if self.engine == "postgresql":
            kinds += ["include", "gin", "policy"]
        kinds += ["trigger"]
        make = getattr(self, "make_" + self.rnd.choice(kinds))
        part = make(table)
        if part is not None:
            part.table = table.uid
            self.parts.append(part)

    def part(self, kind, text, prefix):
        return Thing(kind=kind, name=self.fresh(self.object_names(), prefix), text=text, uid=self.uid("p"))

    def make_unique(self, table):
        columns = [c for c in self.indexable(table) if c.family in ("int", "text", "date", "uuid", "unsigned", "time")]
        if columns:
            chosen = self.rnd.sample(columns, min(len(columns), self.rnd.randint(1, 2)))
            return self.part("unique", ", ".join(f"{{{c.uid}}}" for c in chosen), "uq_")

    def make_index(self, table):
        columns = self.indexable(table)
        if not columns:
            return None
        chosen = self.rnd.sample(columns, min(len(columns), self.rnd.randint(1, 3)))
        direction = lambda: self.rnd.choice(["", "", " DESC"])
        if self.engine == "postgresql":
            direction = lambda: self.rnd.choice(["", "", " DESC", " DESC NULLS LAST", " NULLS FIRST"])
        text = ", ".join(f"{{{c.uid}}}{direction()}" for c in chosen)
        unique = "UNIQUE " if all(c.family in ("int", "text") for c in chosen) and self.rnd.random() < 0.2 else ""
        return self.part("index", f"{unique}INDEX @ ON {{{table.uid}}} ({text})", "ix_")

    def make_include(self, table):
        columns = self.indexable(table)
        if len(columns) > 1:
            return self.part("index", f"INDEX @ ON {{{table.uid}}} ({{{columns[0].uid}}}) INCLUDE ({{{columns[1].uid}}})", "ix_")

    def make_gin(self, table):
        columns = [c for c in table.columns if c.family in ("json", "ints", "texts", "tsvector")]
        if columns:
            return self.part("index", f"INDEX @ ON {{{table.uid}}} USING gin ({{{columns[0].uid}}})", "ix_")

    def make_expression(self, table):
        columns = self.plain_columns(table, "text")
        if columns and self.engine != "mysql":
            column = self.rnd.choice(columns)
            expression = self.rnd.choice(["lower({0})", "coalesce({0}, 'x')", "substr({0}, 1, 3)"]).replace("{0}", f"{{{column.uid}}}")
            return self.part("index", f"INDEX @ ON {{{table.uid}}} ({expression})", "ix_")
        if columns:
            return self.part("index", f"INDEX @ ON {{{table.uid}}} ({{{self.rnd.choice(columns).uid}}}(5))", "ix_")

    def make_partial(self, table):
        columns = self.plain_columns(table, "int", "text")
        if columns and self.engine != "mysql":
            a, b = self.rnd.choice(columns), self.rnd.choice(columns)
            return self.part("index", f"{self.rnd.choice(['', 'UNIQUE '])}INDEX @ ON {{{table.uid}}} ({{{a.uid}}}) WHERE {self.condition(b)}", "ix_")

    def condition(self, column):
        return self.rnd.choice(CHECKS[column.family] + ["{0} IS NOT NULL"]).replace("{0}", f"{{{column.uid}}}")

    def make_check(self, table):
        columns = [c for c in self.plain_columns(table) if c.family in CHECKS and not c.identity]
        if columns:
            text = self.condition(self.rnd.choice(columns))
            if self.rnd.random() < 0.3:
                text = f"({text}) OR ({self.condition(self.rnd.choice(columns))})"
            return self.part("check", text, "ck_")

    def make_key(self, table):
        targets = [t for t in self.tables if len(t.key) == 1 and self.find(t.key[0]).family == "int"]
        if not targets:
            return None
        target = self.rnd.choice(targets)
        other = self.find(target.key[0])
        column = self.new_column(table, "int", plain=True)
        column.width = other.width
        table.columns.append(column)
        action = self.rnd.choice(["", " ON DELETE CASCADE", " ON DELETE SET NULL", " ON UPDATE CASCADE", " ON DELETE RESTRICT"])
        if self.engine != "mysql":
            action += self.rnd.choice(["", "", " DEFERRABLE INITIALLY DEFERRED"])
        return self.part("key", f"FOREIGN KEY ({{{column.uid}}}) REFERENCES {{{target.uid}}} ({{{other.uid}}}){action}", "fk_")

    def make_wide_key(self, table):
        """To the two columns of a unique constraint, or of a primary key."""
        targets = [(t, t.key) for t in self.tables if len(t.key) == 2]
        for part in self.parts:
            if part.kind == "unique":
                targets.append((self.find(part.table), re.findall(r"\{(c\d+)\}", part.text)))
        targets = [(t, uids) for t, uids in targets if t is not None and all(self.find(uid).family in ("int", "date") for uid in uids)]
        if not targets:
            return None
        target, uids = self.rnd.choice(targets)
        columns = []
        for uid in uids:
            column = self.new_column(table, self.find(uid).family, plain=True)
            column.width = self.find(uid).width
            table.columns.append(column)
            columns.append(column)
        names = lambda ids: ", ".join(f"{{{uid}}}" for uid in ids)
        return self.part("key", f"FOREIGN KEY ({names(c.uid for c in columns)}) REFERENCES {{{target.uid}}} ({names(uids)})", "fk_")

    def make_computed(self, table):
        columns = [c for c in self.plain_columns(table) if c.family in COMPUTED[self.engine] and not c.identity]
        if not columns:
            return None
        base = self.rnd.choice(columns)
        column = self.new_column(table, base.family, plain=True)
        column.text = self.rnd.choice(COMPUTED[self.engine][base.family]).replace("{0}", f"{{{base.uid}}}")
        column.computed = "STORED" if self.engine == "postgresql" else self.rnd.choice(["STORED", "VIRTUAL"])
        table.columns.append(column)
        return None

    def make_trigger(self, table):
        columns = self.plain_columns(table, "text")
        if not columns or self.engine == "sqlite" and not table.key:
            return None
        column = self.rnd.choice(columns)
        if self.engine == "postgresql":
            if not self.functions:
                self.functions.append(Thing(name=self.fresh(self.object_names(), "fn_"), text="", uid=self.uid("f"), body="RETURN NEW;"))
            function = self.rnd.choice(self.functions)
            event = self.rnd.choice(["INSERT", "UPDATE", "INSERT OR UPDATE", f"UPDATE OF {{{column.uid}}}"])
            when = self.rnd.choice(["", f" WHEN (NEW.{{{column.uid}}} IS NOT NULL)"])
            return self.part("trigger", f"TRIGGER @ {self.rnd.choice(['BEFORE', 'AFTER'])} {event} ON {{{table.uid}}} FOR EACH ROW{when} EXECUTE FUNCTION {{{function.uid}}}()", "tg_")
        if self.engine == "mysql":
            session, body = self.rnd.choice(PROGRAMS)
            value = body.replace("{0}", f"NEW.{{{column.uid}}}")
            trigger = self.part("trigger", f"TRIGGER @ BEFORE {self.rnd.choice(['INSERT', 'UPDATE'])} ON {{{table.uid}}} FOR EACH ROW SET NEW.{{{column.uid}}} = {value}", "tg_")
            trigger.session = session
            return trigger
        target = self.rnd.choice(self.tables)
        return self.part("trigger", f"TRIGGER @ AFTER {self.rnd.choice(['DELETE', 'UPDATE OF {%s}' % column.uid])} ON {{{table.uid}}} WHEN OLD.{{{column.uid}}} = 'never' "
                                    f"BEGIN DELETE FROM {{{target.uid}}} WHERE OLD.{{{column.uid}}} = 'z'; SELECT 1; END", "tg_")

    def make_policy(self, table):
        columns = self.plain_columns(table, "text", "int")
        if columns:
            return self.part("policy", f"POLICY @ ON {{{table.uid}}} FOR {self.rnd.choice(['ALL', 'SELECT'])} USING ({self.condition(self.rnd.choice(columns))})", "pol_")

    def new_view(self):
        rnd = self.rnd
        table = rnd.choice(self.tables)
        columns = rnd.sample(table.columns, min(len(table.columns), rnd.randint(1, 3)))
        listed = ", ".join(f"a.{{{c.uid}}}" + rnd.choice(["", f" AS {self.quote('out_' + str(i))}"]) for i, c in enumerate(columns))
        text = f"SELECT {listed} FROM {{{table.uid}}} a"
        others = [t for t in self.tables if t is not table]
        if others and rnd.random() < 0.3:
            other = rnd.choice(others)
            c = rnd.choice(other.columns)
            text = f"SELECT {listed}, b.{{{c.uid}}} AS other_value FROM {{{table.uid}}} a CROSS JOIN {{{other.uid}}} b"
        where = [c for c in self.plain_columns(table) if c.family in ("int", "text")]
        if where and rnd.random() < 0.5:
            column = rnd.choice(where)
            text += " WHERE " + self.condition(column).replace(f"{{{column.uid}}}", f"a.{{{column.uid}}}")
        kind = "MATERIALIZED VIEW" if self.engine == "postgresql" and rnd.random() < 0.25 else "VIEW"
        self.views.append(Thing(name=self.fresh(self.object_names()), text=text, uid=self.uid("v"), kind=kind))

    def new_enum(self):
        self.enums.append(Thing(name=self.fresh(self.object_names(), "kind_"), uid=self.uid("e"), text="", values=self.rnd.sample(WORDS, self.rnd.randint(2, 4))))

    @staticmethod
    def random(engine, rnd, types):
        schema = Schema(engine, rnd, types)
        if engine == "postgresql":
            for _ in range(rnd.randint(0, 2)):
                schema.new_enum()
        for _ in range(rnd.randint(1, 5)):
            schema.new_table()
        for _ in range(rnd.randint(0, 3)):
            schema.new_view()
        return schema

    # ---- changing -----------------------------------------------------------------------------------------------------

    def change(self):
        kinds = ["add_column"] * 3 + ["drop_column"] * 2 + ["rename_column"] * 2 + ["widen"] * 3 + ["nullable"] * 2 + ["default"] * 2 + \
                ["add_table", "drop_table", "rename_table", "add_part", "add_part", "add_part", "drop_part", "drop_part", "rename_part", "change_part",
                 "add_view", "drop_view", "change_view", "comment", "collation", "options", "reorder", "key_type", "primary_key", "recompute", "table_comment"]
        if self.engine == "postgresql":
            kinds += ["add_enum", "enum_value", "rename_enum", "drop_enum", "function", "identity"]
        getattr(self, "do_" + self.rnd.choice(kinds))()
        self.forget(set())

    def any_column(self, test=lambda column: True):
        found = [c for t in self.tables for c in t.columns if test(c)]
        return self.rnd.choice(found) if found else None

    def in_key(self, column):
        return any(column.uid in t.key for t in self.tables) or any(p.kind == "key" and column.uid in p.uses() for p in self.parts)

    def forget(self, gone):
        """Drops what uses something that is gone, and so on."""
        while True:
            before = len(self.parts) + len(self.views) + sum(len(t.columns) for t in self.tables)
            for table in self.tables:
                lost = [c.uid for c in table.columns if c.uses() & gone]
                gone |= set(lost)
                table.columns = [c for c in table.columns if c.uid not in gone]
                if set(table.key) & gone:
                    table.key = []
            self.parts = [p for p in self.parts if not p.uses() & gone and p.table not in gone]
            self.views = [v for v in self.views if not v.uses() & gone]
            for table in list(self.tables):
                if not [c for c in table.columns if c.computed is None]:
                    self.tables.remove(table)
                    gone.add(table.uid)
                    gone |= {c.uid for c in table.columns}
            self.parts = [p for p in self.parts if p.kind != "key" or self.finds_its_end(p)]
            if before == len(self.parts) + len(self.views) + sum(len(t.columns) for t in self.tables):
                return

    def finds_its_end(self, key):
        """A key needs a primary key or a unique constraint at the other end."""
        table, columns = re.search(r"REFERENCES \{(t\d+)\} \(([^)]*)\)", key.text).groups()
        uids = re.findall(r"\{(c\d+)\}", columns)
        target = self.find(table)
        return target is not None and (target.key == uids or any(
            p.kind == "unique" and p.table == table and re.findall(r"\{(c\d+)\}", p.text) == uids for p in self.parts))

    def do_add_column(self):
        table = self.rnd.choice(self.tables)
        column = self.new_column(table)
        if not column.null and column.default is None:
            column.null = True
        table.columns.insert(self.rnd.randint(0, len(table.columns)) if self.engine == "mysql" else len(table.columns), column)

    def do_drop_column(self):
        column = self.any_column()
        if column is not None and sum(len(t.columns) for t in self.tables) > 2:
            self.owner(column.uid).columns.remove(column)
            self.forget({column.uid})

    def do_rename_column(self):
        column = self.any_column()
        if column is not None:
            column.name = self.fresh([c.name for c in self.owner(column.uid).columns])

    def do_widen(self):
        column = self.any_column(lambda c: not c.family.startswith("@") and not self.in_key(c) and c.computed is None and c.width + 1 < len(self.types[c.family][0]))
        if column is not None:
            column.width += 1

    def do_key_type(self):
        """A key's type changes at both ends."""
        for part in self.parts:
            if part.kind == "key":
                linked = {uid for uid in part.uses() if uid.startswith("c")}
                while True:
                    more = {uid for p in self.parts if p.kind == "key" and p.uses() & linked for uid in p.uses() if uid.startswith("c")}
                    if more <= linked:
                        break
                    linked |= more
                width = self.rnd.randrange(1, len(self.types["int"][0]))
                if self.engine == "sqlite":
                    return
                for uid in linked:
                    if self.find(uid).family == "int":
                        self.find(uid).width = width
                return

    def do_nullable(self):
        column = self.any_column(lambda c: not self.in_key(c) and c.computed is None and not c.identity)
        if column is not None:
            column.null = not column.null
            if column.default == "NULL":
                column.default = None

    def do_default(self):
        column = self.any_column(lambda c: not self.in_key(c) and c.computed is None and not c.identity)
        if column is not None:
            if column.default is not None and self.rnd.random() < 0.4:
                column.default = None
            else:
                self.new_default(column)

    def do_identity(self):
        column = self.any_column(lambda c: c.identity in ("always", "default"))
        if column is not None:
            column.identity = "default" if column.identity == "always" else "always"

    def do_collation(self):
        column = self.any_column(lambda c: c.family == "text" and c.computed is None and not self.in_key(c))
        if column is not None and COLLATIONS[self.engine]:
            column.collation = self.rnd.choice(["", *COLLATIONS[self.engine]])

    def do_options(self):
        table = self.rnd.choice(self.tables)
        if "CHARSET" not in table.options:  # what goes with it is a change of every text
            table.options = self.rnd.choice([option for option in OPTIONS[self.engine] if "CHARSET" not in option])

    def do_comment(self):
        column = self.any_column()
        if column is not None and self.engine != "sqlite":
            column.comment = self.rnd.choice(["", "another", "it's"])

    def do_table_comment(self):
        if self.engine != "sqlite":
            self.rnd.choice(self.tables).comment = self.rnd.choice(["", "another one"])

    def do_reorder(self):
        if self.engine == "mysql":
            self.rnd.shuffle(self.rnd.choice(self.tables).columns)

    def do_recompute(self):
        column = self.any_column(lambda c: c.computed is not None)
        if column is not None:
            used = sorted(column.uses())[0]
            column.text = self.rnd.choice(COMPUTED[self.engine][column.family]).replace("{0}", f"{{{used}}}")

    def do_primary_key(self):
        tables = [t for t in self.tables if not any(p.kind == "key" and t.uid in p.uses() for p in self.parts) and not any(c.identity for c in t.columns)]
        if tables:
            table = self.rnd.choice(tables)
            good = [c for c in self.plain_columns(table, "int", "text", "date", "char") if not c.null]
            table.key = [c.uid for c in self.rnd.sample(good, self.rnd.randint(1, min(2, len(good))))] if good and self.rnd.random() < 0.7 else []

    def do_add_table(self):
        self.new_table()

    def do_drop_table(self):
        if len(self.tables) > 1:
            table = self.rnd.choice(self.tables)
            self.tables.remove(table)
            self.forget({table.uid} | {c.uid for c in table.columns})

    def do_rename_table(self):
        self.rnd.choice(self.tables).name = self.fresh(self.object_names())

    def do_add_part(self):
        self.new_part(self.rnd.choice(self.tables))

    def do_drop_part(self):
        if self.parts:
            self.parts.remove(self.rnd.choice(self.parts))

    def do_rename_part(self):
        if self.parts:
            part = self.rnd.choice(self.parts)
            part.name = self.fresh(self.object_names(), part.name.split("_")[0] + "_")

    def do_change_part(self):
        """Another of its kind under the same name."""
        parts = [p for p in self.parts if p.kind != "key"]
        if parts:
            part = self.rnd.choice(parts)
            again = getattr(self, "make_" + part.kind)(self.find(part.table))
            if again is not None:
                part.text = again.text
                part.session = getattr(again, "session", "")

    def do_add_view(self):
        self.new_view()

    def do_drop_view(self):
        if self.views:
            self.views.remove(self.rnd.choice(self.views))

    def do_change_view(self):
        if self.views:
            view = self.rnd.choice(self.views)
            self.new_view()
            again = self.views.pop()
            view.text = again.text

    def do_add_enum(self):
        self.new_enum()

    def do_enum_value(self):
        if self.enums:
            enum = self.rnd.choice(self.enums)
            word = self.rnd.choice([w for w in WORDS + ["later", "extra"] if w not in enum.values])
            enum.values.insert(self.rnd.randint(0, len(enum.values)), word)

    def do_rename_enum(self):
        if self.enums:
            self.rnd.choice(self.enums).name = self.fresh(self.object_names(), "kind_")

    def do_drop_enum(self):
        if self.enums:
            enum = self.rnd.choice(self.enums)
            self.enums.remove(enum)
            gone = {c.uid for t in self.tables for c in t.columns if c.family == "@" + enum.uid}
            for table in self.tables:
                table.columns = [c for c in table.columns if c.uid not in gone]
            self.forget(gone)

    def do_function(self):
        if self.functions:
            self.rnd.choice(self.functions).body = self.rnd.choice(["RETURN NEW;", "RAISE NOTICE 'it''s'; RETURN NEW;"])

    def changed_values(self, after):
        """Columns of which the type or the expression is another: their values may look different."""
        for table in self.tables:
            for column in table.columns:
                other = after.find(column.uid)
                if other is not None and (other.width != column.width or other.text != column.text):
                    yield f"{table.name}.{column.name}"
            if any(other.name == table.name and other.uid != table.uid for other in after.tables):
                yield table.name

    def renames_ends(self, after):
        """Whether a table or a key's column has another name: as drop and add its rows are gone, and keys do not find them."""
        for table in self.tables:
            other = after.find(table.uid)
            if other is not None and other.name != table.name:
                return True
            if any(after.find(uid) is not None and after.find(uid).name != self.find(uid).name for uid in table.key):
                return True
        return False

    # ---- writing ------------------------------------------------------------------------------------------------------

    def names(self, text):
        all_names = {t.uid: t.name for t in self.tables} | {c.uid: c.name for t in self.tables for c in t.columns} | {f.uid: f.name for f in self.functions}
        return re.sub(r"\{([ctf]\d+)\}", lambda match: self.quote(all_names[match.group(1)]), text)

    def type_of(self, column):
        if column.family.startswith("@"):
            return self.quote(next(e for e in self.enums if "@" + e.uid == column.family).name)
        if column.computed:
            return RESULT[self.engine][column.family]
        return self.types[column.family][0][column.width]

    def column_sql(self, table, column):
        sql = f"{self.quote(column.name)} {'serial' if column.identity == 'serial' else self.type_of(column)}"
        if column.computed:
            sql += f" GENERATED ALWAYS AS ({self.names(column.text)}) {column.computed}"
        if self.engine == "sqlite" and column.identity and table.key == [column.uid]:
            return sql + " PRIMARY KEY AUTOINCREMENT"
        if not column.null and not column.computed:
            sql = sql.removesuffix(" NULL") + " NOT NULL"
        if column.default is not None and not column.computed:
            sql += f" DEFAULT {column.default}"
        if column.collation:
            sql += f" COLLATE {column.collation}"
        if column.identity in ("always", "default"):
            sql += f" GENERATED {'ALWAYS' if column.identity == 'always' else 'BY DEFAULT'} AS IDENTITY"
        if self.engine == "mysql":
            if column.identity and table.key == [column.uid]:
                sql += " AUTO_INCREMENT"
            if column.comment:
                sql += f" COMMENT {self.text(column.comment)}"
        return sql

    def text(self, value):
        return "'" + value.replace("'", "''") + "'"

    def sql(self):
        q, out = self.quote, []
        for enum in self.enums:
            out.append(f"CREATE TYPE {q(enum.name)} AS ENUM ({', '.join(self.text(value) for value in enum.values)})")
        for function in self.functions:
            out.append(f"CREATE FUNCTION {q(function.name)}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {function.body} END $$")
        late = []
        for table in self.tables:
            lines = [self.column_sql(table, column) for column in table.columns]
            if table.key and not (self.engine == "sqlite" and any("AUTOINCREMENT" in line for line in lines)):
                lines.append(f"PRIMARY KEY ({', '.join(q(self.find(uid).name) for uid in table.key)})")
            for part in self.parts:
                if part.table != table.uid or part.kind not in ("unique", "check", "key"):
                    continue
                text = self.names(part.text)
                line = {"unique": f"CONSTRAINT {q(part.name)} UNIQUE ({text})", "check": f"CONSTRAINT {q(part.name)} CHECK ({text})",
                        "key": f"CONSTRAINT {q(part.name)} {text}"}[part.kind]
                if part.kind == "key" and self.engine != "sqlite":
                    late.append(f"ALTER TABLE {q(table.name)} ADD {line}")
                else:
                    lines.append(line)
            tail = f" COMMENT {self.text(table.comment)}" if self.engine == "mysql" and table.comment else ""
            if self.engine != "sqlite" or table.key and not any("AUTOINCREMENT" in line for line in lines):
                tail += table.options
            out.append(f"CREATE TABLE {q(table.name)} (\n  " + ",\n  ".join(lines) + f"\n){tail}")
            if self.engine == "postgresql":
                if table.comment:
                    out.append(f"COMMENT ON TABLE {q(table.name)} IS {self.text(table.comment)}")
                out += [f"COMMENT ON COLUMN {q(table.name)}.{q(c.name)} IS {self.text(c.comment)}" for c in table.columns if c.comment]
        out += late
        for part in self.parts:
            if part.kind == "index":
                out.append("CREATE " + self.names(part.text).replace("@", q(part.name), 1))
        for view in self.views:
            out.append(f"CREATE {view.kind} {q(view.name)} AS {self.names(view.text)}")
        for part in self.parts:
            if part.kind in ("trigger", "policy"):
                made = "CREATE " + self.names(part.text).replace("@", q(part.name), 1)
                session = getattr(part, "session", "")
                out += [session, made, "SET sql_mode = DEFAULT, NAMES utf8mb4"] if session else [made]
        return ";\n".join(out) + ";\n"

    def rows(self):
        """Three rows a table: row i has i everywhere, so that keys find their ends and checks hold."""
        out = []
        for table in self.tables:
            columns = [c for c in table.columns if c.computed is None and c.identity not in ("always",)]
            if not columns:
                continue
            for i in (1, 2, 3):
                values = []
                for column in columns:
                    if column.family.startswith("@"):
                        values.append(self.text(next(e for e in self.enums if "@" + e.uid == column.family).values[0]))
                    else:
                        values.append(self.types[column.family][2].format(i=i))
                names = ", ".join(self.quote(c.name) for c in columns)
                out.append(f"INSERT INTO {self.quote(table.name)} ({names}) VALUES ({', '.join(values)})")
        if self.engine == "mysql":
            out = ["SET foreign_key_checks = 0"] + out
        elif self.engine == "sqlite":
            out = ["PRAGMA foreign_keys = OFF"] + out
        else:
            out = ["SET session_replication_role = replica"] + out
        return ";\n".join(out) + ";\n"


class Pair:
    """A case for flow.run_case, made and not read."""

    def __init__(self, engine, seed):
        rnd = random.Random(f"{engine.dialect}/{seed}")
        before = Schema.random(engine.dialect, rnd, types_of(engine))
        after = copy.deepcopy(before)
        after.rnd = rnd
        for _ in range(rnd.choice([1, 1, 2, 3, 5, 8])):
            after.change()
        self.name, self.quote = f"random/{seed}", before.quote
        self.policy = rnd.choice(["never", "auto", "review"])
        rows = rnd.random() < 0.6 and not (self.policy == "never" and before.renames_ends(after))
        self.sections = {"before": before.sql(), "after": after.sql(), "rows": before.rows() if rows else "",
                         "args": f"--rename-policy {self.policy}", "rows-change": "\n".join(before.changed_values(after))}

    def has(self, name):
        return bool(self.sections.get(name))

    def text(self, name):
        return self.sections.get(name, "")

    def lines(self, name):
        return [line for line in self.text(name).splitlines() if line.strip()]


def change(pair, project, x, y, z):
    flow.start(pair, project, x)
    x.execute(pair.text("rows"))
    before, after, rows = x.catalog(), y.catalog(), x.rows()
    flow.put_model(pair, project, y)
    unit = project.autogenerate("--rename-policy", pair.policy)
    if unit is None:
        if flow.difference(before, after, "before", "after"):
            raise Failure("a change was missed: revision --autogenerate found nothing\n" + flow.difference(before, after, "before", "after"))
        return
    text = unit.read_text()
    unit.write_text(re.sub(r"^-- REVIEW:.*\n", "", text, flags=re.M))
    filled = pair.has("rows")
    if filled and ("-- REVIEW:" in text or "downgrade none" in text):
        filled = False  # a person would have said what existing rows get
        for table in x.rows():
            x.execute(f"DELETE FROM {pair.quote(table)}")
    # Values of a renamed column stand under another name: only without renames rows can be compared by names.
    flow.forward(pair, project, x, after, rows if filled and pair.policy == "never" else {})
    if filled:
        back_with_rows(project, x, before, after)
    else:
        flow.back(pair, project, x, before, after, {})
    project.migrate("upgrade", "head", "--database", z.url, what="upgrade of an empty database")
    flow.agree(project, z, after, "after", "built from nothing")


def back_with_rows(project, x, before, after):
    """Values that were dropped are gone: a key over them can refuse the way back, and then nothing of it is kept."""
    if project.migrate("downgrade", "-1", expect=(0, 1), what="downgrade").returncode == 0:
        flow.agree(project, x, before, "before", "downgrade")
    elif x.url[:5] != "mysql" and x.url[:7] != "mariadb":
        flow.agree(project, x, after, "after", "a downgrade that failed")


def run_pair(job):
    engine, seed = job
    log, folder = [], tempfile.mkdtemp(prefix="migrate-random-")
    pair = Pair(engine, seed)
    databases = []
    try:
        for letter in "xyz":
            databases.append(engine.create(f"r{seed}_{letter}", folder))
        x, y, z = databases
        x.execute(pair.text("before"))
        y.execute(pair.text("after"))
        change(pair, flow.Project(folder, log), x, y, z)
        return engine, seed, pair, None, log
    except Failure as failure:
        return engine, seed, pair, failure, log
    except Exception:
        return engine, seed, pair, Failure("the harness failed: " + traceback.format_exc()), log
    finally:
        for database in databases:
            database.drop()
        shutil.rmtree(folder, ignore_errors=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("engines", nargs="*")
    parser.add_argument("--seeds", default="0:40", help="A:B, B not included (0:40)")
    parser.add_argument("-v", "--verbose", action="store_true", help="show a failing pair, and every command")
    parser.add_argument("-j", "--jobs", type=int, default=2)
    arguments = parser.parse_args()
    first, _, last = arguments.seeds.partition(":")
    seeds = range(int(first), int(last) if last else int(first) + 1)
    failures = 0
    known = known_failures.Known()
    found = engines.available(arguments.engines)
    for engine in found:
        passed = failed = invalid = 0
        with concurrent.futures.ThreadPoolExecutor(arguments.jobs) as pool:
            for _, seed, pair, failure, log in pool.map(run_pair, [(engine, seed) for seed in seeds]):
                failure = known.judge(f"{engine.name}/{seed}", engine, failure)
                if failure is None:
                    passed += 1
                    continue
                if "the case's own SQL fails" in failure.reason:
                    invalid += 1
                    if arguments.verbose:
                        print(f"invalid {engine.name}/{seed}: {failure.reason}")
                    continue
                failed += 1
                print(f"FAILED {engine.name}/{seed} ({pair.policy}): {failure.reason}", flush=True)
                if arguments.verbose:
                    print("---- before\n" + pair.text("before") + "---- after\n" + pair.text("after") + "---- rows\n" + pair.text("rows"))
                    print("\n".join(log))
                    print("---- " + failure.detail)
        engine.close()
        print(f"random pairs on {engine.name}: {passed} passed, {failed} failed, {invalid} not valid for the engine", flush=True)
        failures += failed + (invalid > passed / 5)  # pairs that no engine takes test nothing
    return 77 if not found else 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
