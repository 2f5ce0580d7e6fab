#!/usr/bin/env python3
"""What a unit takes away comes back: every kind of loss on every engine, undisturbed and killed.

  keep.py PROGRAM                  every case undisturbed, and some boundaries of each way
  keep.py PROGRAM --every          a kill at every boundary of both ways of every case
  keep.py PROGRAM --engine NAME    only this engine (may be given several times)
  keep.py PROGRAM --case NAME      only cases whose name holds this

The engine's own client reads rows and schema before and after, and this program works out what has to be there. A kill is SIGKILL in front
of or behind any statement (MIGRATE_TEST_CRASH_AT); the same command again has to end like one that nothing disturbed.
"""
import argparse
import os
import random
import re
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import support

PEOPLE = {
    "sqlite": """create table teams (id integer primary key, name varchar(40) not null);
create table people (id integer primary key autoincrement, mail varchar(100) not null constraint uq_people_mail unique, age integer, note varchar(200),
  team integer constraint fk_people_team references teams (id), state varchar(10) default 'new');
create index ix_people_age on people (age);
create table seen (what varchar(20));
create trigger people_seen after update on people begin insert into seen values ('update'); end;""",
    "postgresql": """create table teams (id integer primary key, name varchar(40) not null);
create table people (id bigint generated always as identity primary key, mail varchar(100) not null constraint uq_people_mail unique, age integer, note varchar(200),
  team integer constraint fk_people_team references teams (id), state varchar(10) default 'new');
create index ix_people_age on people (age);
create table seen (what varchar(20));
create function people_seen() returns trigger language plpgsql as 'begin insert into seen values (''update''); return new; end';
create trigger people_seen after update on people for each row execute function people_seen();""",
    "mysql": """create table teams (id integer primary key, name varchar(40) not null);
create table people (id bigint auto_increment primary key, mail varchar(100) not null, age integer, note varchar(200), team integer, state varchar(10) default 'new',
  constraint uq_people_mail unique (mail), constraint fk_people_team foreign key (team) references teams (id));
create index ix_people_age on people (age);
create table seen (what varchar(20));
create trigger people_seen after update on people for each row insert into seen values ('update');""",
}
PEOPLE_BACK = {  # what a downgrade writes to have the table again
    dialect: text.split("\n", 1)[1].replace("create table seen (what varchar(20));\n", "") for dialect, text in PEOPLE.items()}
PEOPLE_BACK["postgresql"] = re.sub(r"create function.*?end';\n", "", PEOPLE_BACK["postgresql"], flags=re.S)
ROWS = {
    "sqlite": "insert into people (id, mail, age, note, team, state)", "mysql": "insert into people (id, mail, age, note, team, state)",
    "postgresql": "insert into people (id, mail, age, note, team, state) overriding system value"}
FIRST = """insert into teams values (1, 'red'), (2, 'blue'), (3, 'a name of more than twenty letters');
{rows} values (1, 'ada@x', 36, 'it''s; fine', 1, 'new'), (2, 'bob@x', null, null, 1, 'new'), (3, 'cyd@x', 20, '', 2, 'paid'),
  (4, 'dan@x', 7, 'long note of dan, with more than ten letters', null, 'gone'), (5, 'eve@x', 99, 'x', 2, 'new');
delete from seen;"""
# The client in the meantime: a new row, one that goes, one that changes where nothing was taken.
MEANWHILE = "{new}; delete from people where id = 2; update people set team = 1 where id = 5; delete from seen;"


def new_row(dialect, columns, values):
    return f"insert into people ({columns}){' overriding system value' if dialect == 'postgresql' else ''} values ({values})"


class Case:
    """`up` and `down` may be a text for all engines or one for each dialect. `meanwhile` runs on the upgraded database; `after` makes of
    the rows that were there, by table, those that have to be there at the end. `kept`: all of it comes back, so that nothing stays kept.
    `own`: the dialects on which an UPDATE of the unit itself fires the trigger once; what is put back fires none."""

    def __init__(self, name, up, down, meanwhile="", after=None, transaction=True, engines=None, kept=True, own=()):
        self.name, self.up, self.down, self.meanwhile, self.after = name, up, down, meanwhile, after
        self.transaction, self.engines, self.kept, self.own = transaction, engines, kept, own

    def text(self, which, dialect):
        value = getattr(self, which)
        return value.get(dialect, "") if isinstance(value, dict) else value


def people_change(rows):
    """What MEANWHILE does, on rows of people as tuples (id, mail, age, note, team, state)."""
    people = [list(row) for row in rows["people"] if row[0] != "2"]
    for row in people:
        if row[0] == "5":
            row[4] = "1"
    people.append(["100", "new@x", "", "", "", "new"])
    return {**rows, "people": people}


def change_with(**values):
    order = ["id", "mail", "age", "note", "team", "state"]

    def after(rows):
        rows = people_change(rows)
        for row in rows["people"]:
            if row[0] == "100":
                for name, value in values.items():
                    row[order.index(name)] = value
        return rows
    return after


def rebuild(new_columns, carried):
    return f"""PRAGMA foreign_keys = OFF;
create table new_people ({new_columns});
insert into new_people ({carried}) select {carried} from people;
drop table people;
PRAGMA legacy_alter_table = ON;
alter table new_people rename to people;
PRAGMA legacy_alter_table = OFF;
"""


FULL = ("id integer primary key autoincrement, mail varchar(100) not null constraint uq_people_mail unique, age integer, note varchar(200), "
        "team integer constraint fk_people_team references teams (id), state varchar(10) default 'new'")
SQLITE_REST = """create index ix_people_age on people (age);
create trigger people_seen after update on people begin insert into seen values ('update'); end;"""

NEW = {d: MEANWHILE.format(new=new_row(d, "id, mail", "100, 'new@x'")) for d in PEOPLE}

CASES = [
    Case("a table", "drop table people;", PEOPLE_BACK),
    Case("a table and what it refers to", "drop table people; drop table teams;",
         {d: "create table teams (id integer primary key, name varchar(40) not null);\n" + PEOPLE_BACK[d] for d in PEOPLE}),
    Case("a table whose name is taken", {"sqlite": "drop table people; create table people (id integer primary key, other integer); create index ix_people_age on people (other);",
                                         "postgresql": "drop table people; create table people (id integer primary key, other integer); create index ix_people_age on people (other);",
                                         "mysql": "drop table people; create table people (id integer primary key, other integer); create index ix_people_age on people (other);"},
         {d: "drop table people;\n" + PEOPLE_BACK[d] for d in PEOPLE}, meanwhile="insert into people (id, other) values (1, 1);"),
    Case("a column", "alter table people drop column note;",
         {"sqlite": rebuild(FULL, "id, mail, age, team, state") + SQLITE_REST, "postgresql": "alter table people add column note varchar(200);",
          "mysql": "alter table people add column note varchar(200) after age;"}, meanwhile=NEW, after=change_with(), kept=False),
    Case("a column that is a key",
         {"sqlite": rebuild("id integer primary key autoincrement, age integer, note varchar(200), team integer constraint fk_people_team references teams (id), state varchar(10) default 'new'",
                            "id, age, note, team, state") + SQLITE_REST,
          "postgresql": "alter table people drop column mail;", "mysql": "alter table people drop column mail;"},
         {"sqlite": rebuild(FULL, "id, age, note, team, state").replace("(id, age, note, team, state) select id,", "(id, mail, age, note, team, state) select id, id,") + SQLITE_REST,
          "postgresql": "alter table people add column mail varchar(100); update people set mail = id where mail is null; "
                        "alter table people alter column mail set not null, add constraint uq_people_mail unique (mail);",
          "mysql": "alter table people add column mail varchar(100) after id; update people set mail = id where mail is null; "
                   "alter table people modify column mail varchar(100) not null, add unique key uq_people_mail (mail);"},
         meanwhile={d: MEANWHILE.format(new=new_row(d, "id", "100")) for d in PEOPLE}, after=change_with(mail="100"), kept=False, own=("postgresql", "mysql")),
    Case("a narrower type",
         {"postgresql": "alter table people alter column note type varchar(10) using left(note, 10);", "mysql": "set sql_mode = ''; alter table people modify column note varchar(10);"},
         {"postgresql": "alter table people alter column note type varchar(200);", "mysql": "alter table people modify column note varchar(200);"},
         engines=("postgresql", "mysql"), meanwhile=NEW, after=change_with()),
    Case("a number for a text",
         {"sqlite": rebuild(FULL.replace("age integer", "age integer").replace("note varchar(200)", "note integer"), "id, mail, age, team, state").replace(
             "(id, mail, age, team, state) select id, mail, age, team, state", "(id, mail, age, note, team, state) select id, mail, age, length(note), team, state") + SQLITE_REST,
          "postgresql": "alter table people alter column note type integer using length(note);"},
         {"sqlite": rebuild(FULL, "id, mail, age, note, team, state") + SQLITE_REST, "postgresql": "alter table people alter column note type varchar(200);"},
         engines=("sqlite", "postgresql"), meanwhile=NEW, after=change_with()),
    Case("an UPDATE", "update people set age = age + 1, state = 'old' where state = 'new' and id < 50;", "select 1;", meanwhile=NEW, after=change_with(), kept=False),
    Case("an UPDATE by another table",
         {"sqlite": "update people as p set note = t.name from teams t where t.id = p.team and t.name like 'r%';",
          "postgresql": "update people p set note = t.name from teams t where t.id = p.team and t.name like 'r%';",
          "mysql": "update people p join teams t on t.id = p.team set p.note = t.name where t.name like 'r%';"}, "select 1;", meanwhile=NEW, after=change_with(), kept=False),
    Case("a DELETE", "delete from people where age > 30 or age is null;", "select 1;",
         meanwhile={d: new_row(d, "id, mail", "100, 'new@x'") + "; update people set team = 1 where id = 4; delete from seen;" for d in PEOPLE},
         after=lambda rows: {**rows, "people": [[*r[:4], "1", r[5]] if r[0] == "4" else r for r in rows["people"]] + [["100", "new@x", "", "", "", "new"]]}),
    Case("a DELETE whose keys are taken", "delete from people where id in (1, 2, 3);", "select 1;",
         meanwhile={d: new_row(d, "id, mail", "1, 'new@x'") + "; " + new_row(d, "id, mail", "50, 'bob@x'") + "; delete from seen;" for d in PEOPLE}, kept=False,
         after=lambda rows: {**rows, "people": [r for r in rows["people"] if r[0] not in ("1", "2")] + [["1", "new@x", "", "", "", "new"], ["50", "bob@x", "", "", "", "new"]]}),
    Case("all rows", {"sqlite": "delete from seen; delete from people;", "postgresql": "truncate people;", "mysql": "delete from people;"}, "select 1;",
         meanwhile={d: new_row(d, "id, mail", "100, 'new@x'") for d in PEOPLE}, after=lambda rows: {**rows, "people": rows["people"] + [["100", "new@x", "", "", "", "new"]]}),
    Case("TRUNCATE", "truncate table people;", "select 1;", engines=("mysql",),
         meanwhile={d: new_row(d, "id, mail", "100, 'new@x'") for d in PEOPLE}, after=lambda rows: {**rows, "people": rows["people"] + [["100", "new@x", "", "", "", "new"]]}),
    Case("all of it in one unit",
         {"sqlite": "update people set note = 'none' where note is null; delete from people where id = 4; alter table people drop column note; update teams set name = upper(name); drop table seen;",
          "postgresql": "update people set note = 'none' where note is null; delete from people where id = 4; alter table people drop column note; update teams set name = upper(name); "
                        "drop trigger people_seen on people; drop table seen;",
          "mysql": "update people set note = 'none' where note is null; delete from people where id = 4; alter table people drop column note; update teams set name = upper(name); "
                   "drop trigger people_seen; drop table seen;"},
         {"sqlite": "create table seen (what varchar(20));\n" + rebuild(FULL, "id, mail, age, team, state") + SQLITE_REST,
          "postgresql": "create table seen (what varchar(20)); create trigger people_seen after update on people for each row execute function people_seen(); "
                        "alter table people add column note varchar(200);",
          "mysql": "create table seen (what varchar(20)); create trigger people_seen after update on people for each row insert into seen values ('update'); "
                   "alter table people add column note varchar(200) after age;"}, own=("sqlite", "postgresql", "mysql")),
    Case("statements that commit by themselves", "update people set age = 1 where id = 1; delete from people where id = 4; alter table people drop column note;",
         {"postgresql": "alter table people add column note varchar(200);"}, transaction=False, engines=("postgresql",), own=("postgresql",)),
]


class Subject:
    def __init__(self, program, engine, folder, case):
        self.program, self.engine, self.folder, self.case = program, engine, folder, case
        self.dialect = engine.dialect
        units = [("", self.first(), "select 1;")]
        header = "" if case.transaction else "-- transaction: off\n"
        units.append((header, case.text("up", self.dialect), case.text("down", self.dialect)))
        support.write_project(folder, engine, units, "keep: 30d\n")

    def first(self):
        return PEOPLE[self.dialect] + "\n" + FIRST.format(rows=ROWS[self.dialect])

    def run(self, *words, environment=None):
        yes = ["--yes"] if words[0] in ("upgrade", "downgrade") else []
        return subprocess.run([self.program, "-c", os.path.join(self.folder, "migrate.yaml"), *words, *yes], env=dict(os.environ, **(environment or {})),
                              capture_output=True, text=True, timeout=120)

    def must(self, *words):
        done = self.run(*words)
        if done.returncode != 0:
            raise AssertionError(f"{' '.join(words)}: exit {done.returncode}: {done.stderr}")
        return done

    def execute(self, sql):
        if self.engine.name == "sqlite":
            import sqlite3
            with sqlite3.connect(self.engine.path) as connection:
                connection.executescript(sql)
        elif sql:
            self.engine.sql(sql)

    def tables(self):
        if self.engine.name == "sqlite":
            names = [row[0] for row in self.engine.rows("select name from sqlite_schema where type = 'table' and name not like 'sqlite_%'")]
        elif self.dialect == "postgresql":
            names = [row[0] for row in self.engine.rows("select relname from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace")]
        else:
            names = [row[0] for row in self.engine.rows("show tables")]
        return sorted(name for name in names if not name.startswith("schema_versions"))

    def rows(self):
        out = {}
        for table in self.tables():
            columns = "*" if table != "people" else "id, mail, age, note, team, state"
            try:
                rows = self.engine.rows(f"select {columns} from {table}")
            except Exception:  # a column is not there now
                rows = self.engine.rows(f"select * from {table}")
            out[table] = [["" if value == "NULL" else value for value in row] for row in rows]
        return out

    def schema(self):
        """What the tables are, line by line: where a column stands is the unit's own business."""
        if self.engine.name == "sqlite":
            found = self.engine.rows("select type, name, coalesce(sql, '') from sqlite_schema where name not like 'sqlite_%' and tbl_name not like 'schema_versions%'")
            lines = [re.sub(r"\s+", " ", " ".join(row)).replace('"', "") for row in found]
        elif self.dialect == "postgresql":
            lines = self.engine.schema().split("\n")
        else:
            lines = [line for table in self.tables() for line in self.engine.sql(f"show create table {table}").replace("\\n", "\n").split("\n")]
            lines += self.engine.sql(f"select trigger_name, action_statement from information_schema.triggers where trigger_schema = '{self.engine.database}'").split("\n")
        lines = [re.sub(r" AUTO_INCREMENT=\d+", "", line.strip().rstrip(",")) for line in lines]
        return "\n".join(sorted(line for line in lines if line and "schema_versions" not in line))

    def leftovers(self):
        """The tables of what is kept."""
        if self.engine.name == "sqlite":
            rows = self.engine.rows("select name from sqlite_schema where name like 'schema_versions_kept_%'")
        elif self.dialect == "postgresql":
            rows = self.engine.rows("select relname from pg_class where relname like 'schema_versions_kept_%' and relkind in ('r', 'S') and relname !~ 'pkey'")
        else:
            rows = self.engine.rows("show tables like 'schema_versions_kept_%'")
        return [row[0] for row in rows]

    def start(self):
        self.engine.reset()
        self.must("upgrade", "1")

    def wanted(self, before):
        after = self.case.after(before) if self.case.after else dict(before)
        if self.dialect in self.case.own:
            after["seen"] = [["update"]]
        return {table: sorted(rows) for table, rows in after.items()}


def compare(subject, what, wanted_rows, wanted_schema, kept):
    rows = {table: sorted(found) for table, found in subject.rows().items()}
    problems = []
    for table in sorted(set(rows) | set(wanted_rows)):
        if rows.get(table) != wanted_rows.get(table):
            problems.append(f"{table}: found {rows.get(table)}\n      wanted {wanted_rows.get(table)}")
    if wanted_schema is not None and subject.schema() != wanted_schema:
        a, b = subject.schema().split("\n"), wanted_schema.split("\n")
        problems.append("schema:\n" + "\n".join([f"      + {x}" for x in a if x not in b] + [f"      - {x}" for x in b if x not in a]))
    if kept is not None and bool(subject.leftovers()) != kept:
        problems.append(f"kept tables: {subject.leftovers()}")
    if problems:
        raise AssertionError(f"{what}: " + "\n    ".join(problems))


def both_ways(subject, up_at=0, down_at=0):
    """There and back; killed at a boundary of either way. Returns the numbers of boundaries."""
    case, points = subject.case, []
    subject.start()
    before, schema = subject.rows(), subject.schema()
    for command, point in ((("upgrade", "head"), up_at), (("downgrade", "1"), down_at)):
        if command[0] == "downgrade":
            subject.execute(case.text("meanwhile", subject.dialect))
        done = subject.run(*command, environment={"MIGRATE_TEST_CRASH_AT": str(point)})
        if point > 0:
            if done.returncode == -signal.SIGKILL:
                subject.must(*command)
            elif done.returncode != 0:  # it may have had a boundary less than the one that was counted
                raise AssertionError(f"{command[0]} {point}: exit {done.returncode}: {done.stderr}")
        elif done.returncode != 0:
            raise AssertionError(f"{command[0]}: exit {done.returncode}: {done.stderr}")
        else:
            points.append(int(re.search(r"crash points: (\d+)", done.stderr).group(1)))
        if command[0] == "upgrade":
            listed = subject.must("kept", "--json").stdout
            if '"revision": "0002' not in listed:
                raise AssertionError("nothing is kept: " + listed)
            if subject.run("check").returncode == 1 or "schema_versions" in subject.must("inspect").stdout:
                raise AssertionError("inspection sees what is kept")
    where = f"killed at {up_at or '-'}/{down_at or '-'}" if up_at or down_at else "undisturbed"
    compare(subject, where, subject.wanted(before), schema, not case.kept)
    listed = subject.must("kept", "--json").stdout
    if ('"revision"' in listed) == case.kept:
        raise AssertionError(f"{where}: still kept: " + listed)
    return points


def run_case(program, engine, folder, case, kills):
    subject = Subject(program, engine, folder, case)
    count = 1
    up, down = both_ways(subject)
    if kills is None:
        chosen = [(i, 0) for i in range(1, up + 1)] + [(0, i) for i in range(1, down + 1)]
    else:
        chosen = [(random.randint(1, up), random.randint(1, down)) for _ in range(kills)]
    failures = []
    for up_at, down_at in chosen:
        count += 1
        try:
            both_ways(subject, up_at, down_at)
        except AssertionError as error:
            failures.append(f"at {up_at}/{down_at}: {error}")
            if len(failures) > 3:
                break
    if failures:
        raise AssertionError("\n  ".join(failures))
    return count, up, down


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("--every", action="store_true")
    parser.add_argument("--kills", type=int, default=1, help="of each case")
    parser.add_argument("--engine", action="append")
    parser.add_argument("--case", default="")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    arguments = parser.parse_args()
    random.seed(arguments.seed)
    print(f"seed {arguments.seed}")
    failures = 0
    with support.temporary_folder() as folder:
        for engine in support.engines(folder, arguments.engine):
            started, runs = time.time(), 0
            for case in CASES:
                if arguments.case not in case.name or (case.engines and engine.dialect not in case.engines):
                    continue
                project = os.path.join(folder, engine.name, re.sub(r"\W", "_", case.name))
                os.makedirs(project)
                try:
                    count, up, down = run_case(os.path.abspath(arguments.program), engine, project, case, None if arguments.every else arguments.kills)
                    runs += count
                    if arguments.every:
                        print(f"{engine.name}: {case.name}: {up} + {down} boundaries")
                except AssertionError as error:
                    failures += 1
                    print(f"FAILED {engine.name}: {case.name}: {error}", flush=True)
            engine.drop()
            print(f"{engine.name}: {runs} runs in {time.time() - started:.0f} s", flush=True)
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
