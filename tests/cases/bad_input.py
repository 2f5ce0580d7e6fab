"""Bad input: the documented exit code, a message that names file and line where there are some, a hint, and a database
as it was."""
import os
import re
import stat

from flow import Project
from tools import Failure

GOOD = """-- revision: 0001-aaaaaa
-- parents:
-- message: first

-- migrate: upgrade
CREATE TABLE a (id int PRIMARY KEY);

CREATE TABLE b (id int PRIMARY KEY);

-- migrate: downgrade
DROP TABLE b;

DROP TABLE a;
"""
GOOD = GOOD.replace("-- parents:\n", "")


class Setting:
    """A project with one unit, over a database with a table `kept`."""

    def __init__(self, engine, folder, label, log):
        self.database = engine.create("bad_" + label, folder)
        self.database.execute("CREATE TABLE kept (id int PRIMARY KEY);")
        self.project = Project(folder, log)
        self.write("migrate.yaml", f'database: "{self.database.url}"\nmodel: model.yaml\n')
        self.write("model.yaml", "tables: {kept: {columns: {id: {type: int, primary_key: true}}}}\n")
        self.write("migrations/0001_first.sql", GOOD)

    def write(self, name, text):
        path = self.project.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        return path

    def refuse(self, *arguments, code, says, hint=True):
        before = self.database.catalog()
        done = self.project.migrate(*arguments, expect=tuple(range(-20, 256)))
        text = done.stderr
        if done.returncode not in (code if isinstance(code, tuple) else (code,)):
            raise Failure(f"migrate {' '.join(arguments)}: exit code {done.returncode}, not {code}: {text[:600]}{done.stdout[:200]}")
        for phrase in says:
            if not re.search(phrase, text, re.S | re.I):
                raise Failure(f"migrate {' '.join(arguments)} does not say {phrase}: {text[:600]}")
        if hint and "hint:" not in text:
            raise Failure(f"migrate {' '.join(arguments)} gives no hint: {text[:600]}")
        if "secret" in text:
            raise Failure("the message shows the password: " + text[:300])
        if self.database.catalog() != before:
            raise Failure(f"migrate {' '.join(arguments)} changed the database")


def broken_configuration(s):
    s.write("migrate.yaml", f'database: "{s.database.url}"\nmodel: [\n')
    s.refuse("upgrade", code=2, says=[r"migrate\.yaml:\d+"], hint=False)


def unknown_configuration_key(s):
    s.write("migrate.yaml", f'database: "{s.database.url}"\nmigratoins: migrations\n')
    s.refuse("upgrade", code=2, says=[r"migrate\.yaml:2", "migratoins", "migrations"])


def wrong_configuration_value(s):
    s.write("migrate.yaml", f'database: "{s.database.url}"\ntransaction: sometimes\n')
    s.refuse("upgrade", code=2, says=[r"migrate\.yaml:2", "per-revision"])


def unset_variable(s):
    s.write("migrate.yaml", "database: ${NO_SUCH_VARIABLE_HERE}\n")
    s.refuse("upgrade", code=2, says=[r"migrate\.yaml:1", "NO_SUCH_VARIABLE_HERE"])


def broken_model(s):
    s.write("model.yaml", "tables:\n  t:\n    columns: {id: [}\n")
    s.refuse("check", code=2, says=[r"model\.yaml:3"], hint=False)


def unknown_model_key(s):
    s.write("model.yaml", "tables:\n  t:\n    colums: {id: int}\n")
    s.refuse("check", code=2, says=[r"model\.yaml:3:\d+", "colums", "columns"])


def unknown_type(s):
    s.write("model.yaml", "tables:\n  kept:\n    columns:\n      id: {type: int, primary_key: true}\n      a: integr(3\n")
    s.refuse("check", code=2, says=[r"model\.yaml:\d+", "integr"], hint=False)


def key_of_missing_column(s):
    s.write("model.yaml", "tables:\n  t:\n    columns: {ident: int}\n    primary_key: [idnt]\n")
    s.refuse("check", code=2, says=[r"model\.yaml:\d+", "idnt", "ident"])


def bad_url(s):
    s.refuse("current", "--database", "nonsense", code=2, says=["URL"])
    s.refuse("current", "--database", "oracle://x/y", code=2, says=["oracle"])


def unreachable_server(s):
    if s.database.url.startswith("sqlite"):
        s.refuse("upgrade", "--database", "sqlite:////no/such/folder/x.db", code=1, says=["/no/such/folder"])
    else:
        scheme = s.database.url.split(":")[0]
        s.refuse("upgrade", "--database", f"{scheme}://u:secret@127.0.0.1:1/x", code=1, says=["127.0.0.1"])


def wrong_password(s):
    if s.database.url.startswith("m"):
        s.refuse("upgrade", "--database", re.sub(r"//[^@]*@", "//nobody:secret@", s.database.url), code=1, says=["nobody"])


def missing_database(s):
    if not s.database.url.startswith("sqlite"):
        s.refuse("upgrade", "--database", s.database.url.rsplit("/", 1)[0] + "/no_such_database", code=1, says=["no_such_database"])


def bad_revision_arguments(s):
    for argument in ("nonsense", "9999", "head+3", "x@head", "+7"):
        s.refuse("upgrade", argument, code=2, says=[re.escape(argument.split("@")[0].rstrip("+37") or "7")])
    s.refuse("downgrade", "-5", code=2, says=["5"])


def unknown_option(s):
    s.refuse("upgrade", "--dry-rn", code=2, says=["dry-rn", "dry-run"])
    s.refuse("upgrad", code=2, says=["upgrad", "upgrade"])


SECOND = "-- revision: 0002-bbbbbb\n-- parents: 0001-aaaaaa\n-- message: x\n\n-- migrate: upgrade\nDROP TABLE kept;\n\n-- migrate: downgrade none\n"


def edited_unit(s):
    s.project.migrate("upgrade")
    s.write("migrations/0001_first.sql", GOOD.replace("CREATE TABLE b (id int", "CREATE TABLE b (id bigint"))
    s.write("migrations/0002_x.sql", SECOND)
    s.refuse("upgrade", code=1, says=["edited", r"0001"])
    s.refuse("downgrade", "base", code=1, says=["edited"])


def missing_unit(s):
    s.project.migrate("upgrade")
    os.remove(s.project.folder / "migrations/0001_first.sql")
    s.write("migrations/0002_x.sql", SECOND)
    s.refuse("upgrade", code=(1, 2), says=["0001-aaaaaa"])


def broken_unit_header(s):
    s.write("migrations/0002_x.sql", "-- message: no id\n\n-- migrate: upgrade\nSELECT 1;\n")
    s.refuse("upgrade", code=2, says=[r"0002_x\.sql"])


def unterminated_string(s):
    s.write("migrations/0002_x.sql", "-- revision: 0002-bbbbbb\n-- parents: 0001-aaaaaa\n-- message: x\n\n-- migrate: upgrade\nSELECT 1;\nSELECT 'open;\n\n-- migrate: downgrade\n")
    s.refuse("upgrade", code=2, says=[r"0002_x\.sql:7"], hint=False)


def missing_parent(s):
    s.write("migrations/0002_x.sql", "-- revision: 0002-bbbbbb\n-- parents: 0001-cccccc\n-- message: x\n\n-- migrate: upgrade\n\n-- migrate: downgrade\n")
    s.refuse("upgrade", code=2, says=["0001-cccccc"])


def failing_statement(s):
    lines = "".join(f"INSERT INTO kept VALUES ({i});\n" for i in range(300))
    s.write("migrations/0001_first.sql", GOOD.split("CREATE TABLE a")[0] + lines + "INSERT INTO no_such_table VALUES (1);\n" + lines +
            "\n-- migrate: downgrade none\n")
    line = GOOD.split("CREATE TABLE a")[0].count("\n") + 301
    rows = s.database.query("SELECT count(*) FROM kept")
    done = s.project.migrate("upgrade", expect=1)
    for phrase in (f"0001_first.sql:{line}", "no_such_table", "hint:"):
        if phrase not in done.stderr:
            raise Failure(f"the message does not say {phrase}: {done.stderr[:600]}")
    if not s.database.url.startswith("m") and s.database.query("SELECT count(*) FROM kept") != rows:
        raise Failure("rows of the failed unit stayed")


def unresolved_review(s):
    s.write("migrations/0001_first.sql", GOOD.replace("CREATE TABLE b", "-- REVIEW: is it?\nCREATE TABLE b"))
    s.refuse("upgrade", code=5, says=[r"0001_first\.sql:\d+", "is it"])


def meta_command(s):
    if s.database.url.startswith("postgresql"):
        s.write("migrations/0001_first.sql", GOOD.replace("CREATE TABLE a", "\\connect other\nCREATE TABLE a"))
        s.refuse("upgrade", code=2, says=[r"0001_first\.sql:5", "connect"])


def read_only_database(s):
    if s.database.url.startswith("sqlite") and os.geteuid() != 0:
        os.chmod(s.database.path, stat.S_IRUSR)
        s.refuse("upgrade", code=1, says=["read"])
    if s.database.url.startswith("postgresql"):
        s.database.execute(f'ALTER DATABASE "{s.database.name}" SET default_transaction_read_only = on')
        s.refuse("upgrade", code=1, says=["read-only"])


def behind_head(s):
    s.refuse("revision", "-a", "-m", "x", code=2, says=["0001-aaaaaa"])


CHECKS = [broken_configuration, unknown_configuration_key, wrong_configuration_value, unset_variable, broken_model, unknown_model_key, unknown_type,
          key_of_missing_column, bad_url, unreachable_server, wrong_password, missing_database, bad_revision_arguments,
          unknown_option, edited_unit, missing_unit, broken_unit_header, unterminated_string, missing_parent, failing_statement, unresolved_review,
          meta_command, read_only_database, behind_head]


def checks(engine):
    def bind(check):
        def run_check(engine, folder, label, log):
            setting = Setting(engine, folder, label, log)
            try:
                check(setting)
            finally:
                setting.database.drop()
        run_check.__name__ = check.__name__
        return run_check
    return [bind(check) for check in CHECKS]
