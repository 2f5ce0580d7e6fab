"""A model text that every engine takes: an empty database is built from it, and nothing differs then."""
import shlex

from flow import Project, agree, settle_reviews
from tools import Failure


def put(project, text):
    (project.folder / "model.yaml").write_text(text + "\n")
    project.log.append(text)


def step(case, project, database, section):
    text = case.text(section)
    put(project, text)
    unit = project.autogenerate(*shlex.split(case.text("args")))
    if unit is None:
        raise Failure("revision --autogenerate found nothing to do", text)
    # A question belongs to the change, not to the schema that it starts from.
    if section != "model" or not case.has("review"):
        settle_reviews(case, unit)
    project.migrate("upgrade", "head", what="upgrade")
    project.migrate("check", what="check after upgrade")
    second = project.autogenerate()
    if second is not None:
        raise Failure("a second revision --autogenerate wrote a unit", second.read_text())
    # What inspect writes is the same schema, and its text is stable.
    first_text = project.migrate("inspect").stdout
    put(project, first_text)
    project.migrate("check", what="check of the inspected model")
    put(project, text)


def run_case(case, engine, folder, label, log):
    database = engine.create(label + "_p", folder)
    project = Project(folder, log)
    try:
        project.migrate("init", ".", "--database", database.url)
        catalogs = [database.catalog()]
        for section in ("model", "model 2"):
            if case.has(section):
                step(case, project, database, section)
                catalogs.append(database.catalog())
                if section == "model":
                    database.execute(case.text("rows"))
        for wanted in reversed(catalogs[:-1]):
            project.migrate("downgrade", "-1", what="downgrade")
            agree(project, database, wanted, "before", "downgrade")
        project.migrate("upgrade", "head", what="upgrade after downgrade")
        agree(project, database, catalogs[-1], "after", "upgrade after downgrade")
    finally:
        database.drop()
