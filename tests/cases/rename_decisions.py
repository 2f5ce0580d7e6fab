#!/usr/bin/env python3
"""What `revision --autogenerate --no-input` makes of what vanished beside what appeared, on every engine that is there.

    rename_decisions.py [ENGINE]...

Nothing that holds rows or values is dropped in silence; other spellings are renamed, other words asked about. The rows are looked at with the
engine's own client. See docs/renames.md for the rules."""
import os
import pathlib
import re
import shutil
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]
os.environ.setdefault("MIGRATE_PROGRAM", str(HERE.parent.parent / "build" / "migrate"))

import engines
from flow import Project

RENAMED, ASKED, DROPPED = "renamed", "asked", "dropped"
BETWEEN, LAST, MOVED = "between", "last", "moved"
T, I, B, D = "varchar(40)", "integer", "boolean", "date"

# old name, its type, new name, its type, a value (None: no row), where (between two columns, last, or moved to the end), what is to come of it
COLUMNS = [
    ("usr", T, "user_", T, "'a'", BETWEEN, RENAMED),
    ("descr", T, "description", T, "'a'", BETWEEN, RENAMED),
    ("created_on", D, "createdon", D, "'2020-02-02'", BETWEEN, RENAMED),
    ("user_name", T, "username", T, None, LAST, RENAMED),
    ("qty", I, "quantity", I, "1", LAST, RENAMED),
    ("email", T, "mail", T, "'a'", BETWEEN, RENAMED),
    ("enabled", B, "disabled", B, "true", BETWEEN, ASKED),
    ("is_active", B, "is_inactive", B, "true", LAST, ASKED),
    ("duration_s", I, "duration_ms", I, "1", BETWEEN, ASKED),
    ("price_eur", I, "price_usd", I, "1", LAST, ASKED),
    ("min_price", I, "max_price", I, None, BETWEEN, ASKED),
    ("created_at", D, "updated_at", D, None, BETWEEN, ASKED),
    ("password", T, "password_hash", T, "'a'", BETWEEN, ASKED),
    ("url", T, "urls", T, None, LAST, ASKED),
    ("owner", I, "owner_id", I, "1", BETWEEN, ASKED),
    ("extractor_id", I, "integration_id", I, "1", BETWEEN, ASKED),
    ("username", T, "access_key", T, None, BETWEEN, ASKED),
    ("icon", T, "avatar", T, None, LAST, ASKED),
    ("pending", B, "state", T, None, BETWEEN, ASKED),
    ("pending", B, "state", T, "true", LAST, ASKED),
    ("published", D, "published_on", D, "'2020-02-02'", BETWEEN, RENAMED),
    ("born", D, "weight", I, "'2020-02-02'", MOVED, ASKED),
    ("born", D, "weight", I, None, MOVED, DROPPED),
    ("born", D, "weight", I, "NULL", MOVED, DROPPED),
]

CLIENTS = "CREATE TABLE clients (id integer PRIMARY KEY, name varchar(40)); INSERT INTO clients VALUES (1, 'a');"
CUSTOMERS = "CREATE TABLE customers (id integer PRIMARY KEY, name varchar(40), mail varchar(40), phone varchar(40));"
ORDERS = "CREATE TABLE orders (id integer PRIMARY KEY, client_id integer, CONSTRAINT fk_client FOREIGN KEY (client_id) REFERENCES {} (id));"

# title, before, after, what is to come of it, the names asked about
TABLES = [
    ("two columns more", CLIENTS, CUSTOMERS, ASKED, "clients renamed to customers"),
    ("a prefix on each column", "CREATE TABLE usr (usr_id integer PRIMARY KEY, usr_name varchar(40), usr_mail varchar(40)); INSERT INTO usr VALUES (1, 'a', 'b');",
     "CREATE TABLE account (account_id integer PRIMARY KEY, account_name varchar(40), account_mail varchar(40));", ASKED, "usr renamed to account"),
    ("other names for all", "CREATE TABLE settings (k varchar(20) PRIMARY KEY, v varchar(20)); INSERT INTO settings VALUES ('a', 'b');",
     "CREATE TABLE preferences (name varchar(20) PRIMARY KEY, content varchar(20));", ASKED, "settings renamed to preferences"),
    ("strangers", "CREATE TABLE aaa (x integer PRIMARY KEY); INSERT INTO aaa VALUES (1);", "CREATE TABLE zork (p date, q varchar(20), r varchar(20));", ASKED, "aaa renamed to zork"),
    ("strangers without rows", "CREATE TABLE aaa (x integer PRIMARY KEY);", "CREATE TABLE zork (p date, q varchar(20), r varchar(20));", DROPPED, "drops the table aaa"),
    ("two go and one comes", "CREATE TABLE aaa (x integer PRIMARY KEY); CREATE TABLE bbb (y date); INSERT INTO aaa VALUES (1); INSERT INTO bbb VALUES ('2020-02-02');",
     "CREATE TABLE zork (p date, q varchar(20));", ASKED, "aaa renamed to zork"),
    ("another table's key points to it", CLIENTS + ORDERS.format("clients") + "INSERT INTO orders VALUES (1, 1);", CUSTOMERS + ORDERS.format("customers"), ASKED, "clients renamed to customers"),
    ("spelling", "CREATE TABLE usr (id integer PRIMARY KEY, mail varchar(40)); INSERT INTO usr VALUES (1, 'a');", "CREATE TABLE users (id integer PRIMARY KEY, mail varchar(40), x integer);", ASKED, "usr renamed to users"),
    ("spelling alone", "CREATE TABLE order_item (id integer PRIMARY KEY, n integer); INSERT INTO order_item VALUES (1, 2);", "CREATE TABLE order_items (id integer PRIMARY KEY, n integer, x integer);",
     RENAMED, "order_item to order_items"),
]


class Pair:
    """Two databases and a project over the first; the model is the second."""

    def __init__(self, engine, label, before, after):
        self.folder = tempfile.mkdtemp(prefix="migrate-renames-")
        self.x, self.y = engine.create(label + "_x", self.folder), engine.create(label + "_y", self.folder)
        self.x.execute(before)
        self.y.execute(after)
        self.project = Project(self.folder, [])
        self.project.migrate("init", ".", "--database", self.x.url)
        self.project.migrate("inspect", "--database", self.y.url, "-o", "model.yaml")

    def upgrade_text(self, *arguments):
        unit = self.project.autogenerate(*arguments)
        return unit.read_text().split("-- migrate: downgrade")[0] if unit else ""

    def close(self):
        self.x.drop()
        self.y.drop()
        shutil.rmtree(self.folder, ignore_errors=True)


def blocks_of(text):
    return re.split(r"\n\s*\n", text)


def became(text, subject):
    """What the unit makes of "t7.a" (or of a table): the question or the note above the statement."""
    for block in blocks_of(text):
        flat = " ".join(line.removeprefix("--").strip() for line in block.splitlines())
        if re.search(rf"REVIEW: .*was {re.escape(subject)} renamed", flat):
            return ASKED
        if f"renamed, not dropped: {subject} to" in flat:
            return RENAMED
        if re.search(rf"drops the (column|table) {re.escape(subject)} ", flat):
            return DROPPED
    return "nothing"


def check_columns(engine):
    before, after = "", ""
    for number, (old, old_type, new, new_type, value, place, _) in enumerate(COLUMNS):
        columns = {BETWEEN: "{}, z integer", LAST: "{}", MOVED: "z integer, {}"}
        before += f"CREATE TABLE t{number} (id integer PRIMARY KEY, {columns[BETWEEN if place == MOVED else place].format(f'{old} {old_type}')});\n"
        after += f"CREATE TABLE t{number} (id integer PRIMARY KEY, {columns[place].format(f'{new} {new_type}')});\n"
        if value is not None:
            before += f"INSERT INTO t{number} (id, {old}) VALUES (1, {value});\n"
    pair, failures = Pair(engine, "cols", before, after), []
    try:
        text = pair.upgrade_text()
        for number, (old, old_type, new, new_type, value, _, wanted) in enumerate(COLUMNS):
            found = became(text, f"t{number}.{old}")
            if found != wanted:
                failures.append(f"{old} {old_type} -> {new} {new_type}, value {value}: {found}, not {wanted}")
        if "(; score" in text:
            failures.append("a reason is empty")
        rows = pair.x.rows()
        refused = pair.project.migrate("upgrade", "head", expect=5)
        if "renamed" not in refused.stderr or pair.x.rows() != rows:
            failures.append("upgrade ran a unit with questions: " + refused.stderr)
    finally:
        pair.close()
    return failures


def check_tables(engine):
    failures = []
    for number, (title, before, after, wanted, words) in enumerate(TABLES):
        pair = Pair(engine, f"tab{number}", before, after)
        try:
            text = pair.upgrade_text()
            subject = re.sub(r"^drops the table ", "", words).split(" ")[0]
            found = became(text, subject)
            if found != wanted or words not in " ".join(text.replace("--", " ").split()):
                failures.append(f"{title}: {found}, not {wanted}:\n{text}")
            if title == "two go and one comes" and became(text, "bbb") != ASKED:
                failures.append(f"{title}: bbb is not asked about:\n{text}")
            rows = {table: value for table, value in pair.x.rows().items() if value}
            pair.project.migrate("upgrade", "head", expect=5 if wanted == ASKED else 0)
            now = pair.x.rows()
            if wanted == ASKED and {table: now.get(table) for table in rows} != rows:
                failures.append(f"{title}: rows were lost")
        finally:
            pair.close()
    return failures


def check_no_rename(engine):
    """A person says that it is dropped: it is, also where another table's key points to it, and the downgrade makes it again."""
    pair, failures = Pair(engine, "norename", CLIENTS + ORDERS.format("clients"), CUSTOMERS + ORDERS.format("customers")), []
    try:
        text = pair.upgrade_text("--no-rename", "clients")
        if "REVIEW" in text:
            failures.append("--no-rename clients is asked about all the same:\n" + text)
        catalog = pair.x.catalog()
        pair.project.migrate("upgrade", "head")
        if pair.x.catalog() != pair.y.catalog():
            failures.append("--no-rename clients: the result is not the model")
        pair.project.migrate("downgrade", "-1")
        if pair.x.catalog() != catalog:
            failures.append("--no-rename clients: the way back is another schema")
    finally:
        pair.close()
    return failures


BEFORE = "CREATE TABLE t (id integer PRIMARY KEY, a integer, c integer); CREATE TABLE old_t (id integer PRIMARY KEY, b varchar(9));"
AFTER = "CREATE TABLE t (id integer PRIMARY KEY, x integer, c integer); CREATE TABLE new_t (id integer PRIMARY KEY, y varchar(9));"
TABLE_TOO = ["--rename", "old_t:new_t"]

# flags, the exit code, words of the error, or of the unit
FLAGS = [
    (["--rename", "t.a:nothere"], 2, "the model has nothing that is called 't.nothere'"),
    (["--rename", "t.nothere:x"], 2, "nothing in the database is called 't.nothere'"),
    (["--rename", "nothere:new_t"], 2, "nothing in the database is called 'nothere'"),
    (["--rename", "t.a:new_t"], 2, "both names have to be of one kind"),
    (["--no-rename", "t.c"], 2, "the model has it"),
    (["--no-rename", "nothere"], 2, "nothing in the database is called 'nothere'"),
    (TABLE_TOO + ["--rename", "old_t.nothere:y"], 2, "nothing in the database is called 'old_t.nothere'"),
    (TABLE_TOO + ["--rename", "old_t.b:z"], 2, "the model has nothing that is called 'new_t.z'"),
    (TABLE_TOO + ["--rename", "old_t.b:y", "--rename", "t.a:x"], 0, "old_t"),
    (TABLE_TOO + ["--rename", "new_t.b:y", "--rename", "t.a:x"], 0, "old_t"),
    (TABLE_TOO + ["--rename", "old_t.b:new_t.y", "--rename", "t.a:x"], 0, "old_t"),
    (TABLE_TOO + ["--no-rename", "old_t.b", "--rename", "t.a:x"], 0, "old_t"),
    (TABLE_TOO + ["--no-rename", "new_t.b", "--rename", "t.a:x"], 0, "old_t"),
]


def check_flags(engine):
    pair, failures = Pair(engine, "flags", BEFORE, AFTER), []
    try:
        for flags, code, words in FLAGS:
            done = pair.project.migrate("revision", "-a", "-m", "flags", *flags, expect=(0, 1, 2))
            unit = pair.project.unit_text() if done.returncode == 0 else ""
            said = done.stderr if code else unit
            if done.returncode != code or words not in said or "REVIEW" in unit:
                failures.append(f"{' '.join(flags)}: exit code {done.returncode}: {said}")
            if done.returncode == 0:
                pair.project.unit_files()[-1].unlink()
    finally:
        pair.close()
    return failures


def main():
    found = engines.available(sys.argv[1:] or None)
    passed = failed = 0
    for engine in found:
        for check in (check_columns, check_tables, check_no_rename, check_flags):
            failures = check(engine)
            passed, failed = passed + (not failures), failed + bool(failures)
            for failure in failures:
                print(f"FAILED {check.__name__} on {engine.name}: {failure}")
        engine.close()
    print(f"{passed} passed, {failed} failed")
    return 77 if not found else 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
