"""The way of a case: before -> unit -> after, twice compared with the engine's own catalog, and back."""
import os
import pathlib
import re
import shlex

from tools import Failure, difference, run

PROGRAM = os.environ.get("MIGRATE_PROGRAM", "")


class Project:
    """A project folder, and the built program run in it."""

    def __init__(self, folder, log):
        self.folder = pathlib.Path(folder)
        self.log = log
        self.units = []

    def migrate(self, *arguments, expect=0, what=""):
        done = run([PROGRAM, *arguments, "--no-input"], check=False, cwd=self.folder)
        self.log.append(f"$ migrate {' '.join(arguments)}   -> {done.returncode}\n{done.stdout}{done.stderr}".rstrip())
        allowed = expect if isinstance(expect, tuple) else (expect,)
        if done.returncode not in allowed:
            raise Failure(f"{what or arguments[0]}: exit code {done.returncode}: {(done.stderr + done.stdout).strip()[:1500]}", self.unit_text())
        return done

    def unit_files(self):
        return sorted((self.folder / "migrations").glob("*.sql"))

    def unit_text(self):
        files = self.unit_files()
        return files[-1].read_text() if files else ""

    def autogenerate(self, *arguments):
        """The new unit's path, or None when there was nothing to do."""
        known = set(self.unit_files())
        self.migrate("revision", "--autogenerate", "-m", "change", *arguments, what="revision --autogenerate")
        new = [path for path in self.unit_files() if path not in known]
        if new:
            self.log.append(new[0].read_text())
        return new[0] if new else None


def agree(project, database, wanted, wanted_name, when):
    found = database.catalog()
    if wanted_name == "after" and hasattr(database, "engine_rules"):
        found = database.engine_rules(found, wanted)
    text = difference(found, wanted, "the database", wanted_name)
    if text:
        raise Failure(f"{when}: the catalog is not that of {wanted_name}\n{text}", project.unit_text())


def project_rows(rows, table, columns):
    return sorted(tuple(str(row.get(column)) for column in columns) for row in rows.get(table, []))


def rows_agree(before, now, columns_of, ignore, when, project):
    for table, rows in before.items():
        if table not in now or not rows:
            continue
        columns = [column for column in rows[0] if columns_of(table, column) and f"{table}.{column}" not in ignore and table not in ignore]
        was, is_now = project_rows(before, table, columns), project_rows(now, table, columns)
        if was != is_now:
            raise Failure(f"{when}: rows of {table} changed: {was[:4]} became {is_now[:4]}", project.unit_text())


def check_words(case, text):
    for phrase in case.lines("expect"):
        if phrase.lower() not in text.lower():
            raise Failure(f"the unit does not say: {phrase}", text)
    upgrade = text.split("-- migrate: downgrade")[0]
    for phrase in case.lines("forbid"):
        if phrase.lower() in upgrade.lower():
            raise Failure(f"the unit says: {phrase}", text)


def settle_reviews(case, path):
    text = path.read_text()
    if not case.has("review"):
        if "-- REVIEW:" in text:
            raise Failure("the unit has a REVIEW that the case does not expect", text)
        return
    if "-- REVIEW:" not in text:
        raise Failure("the unit has no REVIEW", text)
    for phrase in case.lines("review"):
        if phrase.lower() not in text.lower():
            raise Failure(f"the REVIEW does not say: {phrase}", text)
    path.write_text(re.sub(r"^-- REVIEW:.*\n", "", text, flags=re.M))


def put_model(case, project, after, *name):
    """The model is what the after-database is inspected as, with the case's own replacements."""
    model = project.folder / "model.yaml"
    project.migrate("inspect", "--database", after.url, "-o", str(model), what="inspect of the after-schema")
    text = model.read_text()
    for line in (line for line in case.sections.get("replace", []) if line.strip()):
        old, _, new = line.partition(" => ")
        if old not in text:
            raise Failure(f"the case replaces '{old}', which the model does not have", text)
        text = text.replace(old, new.replace("\\n", "\n"), 1)
    model.write_text(text)
    project.log.append(text)


def run_case(case, engine, folder, label, log):
    x = engine.create(label + "_x", folder)
    y = engine.create(label + "_y", folder)
    z = engine.create(label + "_z", folder)
    try:
        x.execute(case.text("before"))
        y.execute(case.text("after"))
        change(case, Project(folder, log), x, y, z)
    finally:
        for database in (x, y, z):
            database.drop()


def start(case, project, x):
    if case.has("config"):
        (project.folder / "migrations").mkdir()
        (project.folder / "migrate.yaml").write_text(f'database: "{x.url}"\nmodel: model.yaml\n{case.text("config")}\n')
        project.migrate("inspect", "-o", "model.yaml", what="inspect of the before-schema")
        project.migrate("diff", what="diff of the before-schema with its own model")
        return
    project.migrate("init", ".", "--database", x.url)
    project.migrate("check", what="check right after init")


def change(case, project, x, y, z):
    start(case, project, x)
    x.execute(case.text("rows"))
    before, after, rows = x.catalog(), y.catalog(), x.rows()
    put_model(case, project, y)
    if case.has("refuse"):
        refused = project.migrate("revision", "-a", "-m", "change", *shlex.split(case.text("args")), expect=(1, 2))
        for phrase in case.lines("refuse"):
            if phrase.lower() not in (refused.stderr + refused.stdout).lower():
                raise Failure(f"the refusal does not say: {phrase}", refused.stderr)
        return
    unit = project.autogenerate(*shlex.split(case.text("args")))
    if unit is None:
        if difference(before, after, "before", "after") and not case.has("differs"):
            raise Failure("a change was missed: revision --autogenerate found nothing\n" + difference(before, after, "before", "after"))
        return
    settle_reviews(case, unit)
    check_words(case, unit.read_text())
    if case.has("unit-only"):
        return
    forward(case, project, x, after, rows)
    back(case, project, x, before, after, rows)
    if not case.has("config") and not case.has("review") and not case.has("one-way"):
        project.migrate("upgrade", "head", "--database", z.url, what="upgrade of an empty database")
        agree(project, z, after, "after", "built from nothing")


def forward(case, project, x, after, rows):
    ignore = case.lines("rows-change")
    project.migrate("upgrade", "head", what="upgrade")
    agree(project, x, after, "after", "upgrade")
    if case.has("query"):
        found = x.query(case.text("query"))
        if found.split() != case.text("gives").split():
            raise Failure(f"after the upgrade {case.text('query')} gives {found!r}", project.unit_text())
    now = x.rows()
    rows_agree(rows, now, lambda table, column: not now[table] or column in now[table][0], ignore, "upgrade", project)
    project.migrate("check", what="check after upgrade")
    second = project.autogenerate()
    if second is not None:
        raise Failure("a second revision --autogenerate wrote a unit", second.read_text())
    case.now = now


def back(case, project, x, before, after, rows):
    project.migrate("downgrade", "-1", what="downgrade")
    agree(project, x, before, "before", "downgrade")
    now = case.now
    renamed = "--rename " in case.text("args") or "rename " in case.text("expect").lower()
    kept = lambda table, column: renamed or (table in now and (not now[table] or column in now[table][0]))
    back_rows = x.rows()
    if not renamed:
        back_rows = {table: value for table, value in back_rows.items() if table in now}
    rows_agree(rows, back_rows, kept, case.lines("rows-change"), "downgrade", project)
    project.migrate("upgrade", "head", what="upgrade after downgrade")
    if not case.has("config"):
        return
    agree(project, x, after, "after", "upgrade after downgrade")
