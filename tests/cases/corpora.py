"""Real schemas: loaded by the engine's own client, inspected, and built again from the model alone."""
import os
import pathlib
import shutil

from engine_postgresql import PSQL
from flow import Project
from tools import Failure, difference, run

ENGINE_OF = {"postgres": "postgresql", "mysql": "mysql", "sqlite": "sqlite"}


def folders():
    root = os.environ.get("MIGRATE_TEST_CORPORA", "")
    if not root:
        return []
    return sorted(path for path in pathlib.Path(root).glob("*/*") if path.is_dir() and path.name.removesuffix("-head") in ENGINE_OF)


def load(database, engine, folder):
    for path in sorted(folder.glob("*.up.sql")):
        if engine.dialect == "sqlite":
            done = run([shutil.which("sqlite3"), "-bail", database.path], path.read_text(), False)
        elif engine.dialect == "postgresql":
            done = run([PSQL, "-X", "-q", "-d", database.url, "-f", str(path), "-v", "ON_ERROR_STOP=1"], None, False)
        else:
            done = database.client(path.read_text(errors="replace"))
        if done.returncode != 0:
            return f"{path.name}: {done.stderr.strip()[:200]}"
    return ""


def run_corpus(folder, engine, work, label, log):
    x, y = engine.create(label + "_cx", work), engine.create(label + "_cy", work)
    project = Project(work, log)
    try:
        trouble = load(x, engine, folder)
        if trouble:
            log.append("loaded up to " + trouble)
        if not x.catalog():
            raise Failure("nothing could be loaded: " + trouble)
        (project.folder / "migrations").mkdir()
        (project.folder / "migrate.yaml").write_text(f'database: "{x.url}"\nmodel: model.yaml\n')
        project.migrate("inspect", "-o", "model.yaml")
        project.migrate("diff", what="diff of the database with its own model")
        project.migrate("revision", "--autogenerate", "-m", "all", "--database", y.url, what="revision of an empty database")
        project.migrate("upgrade", "head", "--database", y.url, what="upgrade of an empty database")
        project.migrate("diff", "--database", y.url, what="diff of what the model built")
        built, wanted = y.catalog(), x.catalog()
        if hasattr(y, "engine_rules"):
            built = y.engine_rules(built, wanted)
        built, wanted = (database.leave_out_unmanaged(lines) if hasattr(database, "leave_out_unmanaged") else lines for database, lines in ((y, built), (x, wanted)))
        text = difference(built, wanted, "what was built", "the corpus")
        if text:
            raise Failure(f"the catalogs differ\n{text}")
    finally:
        x.drop()
        y.drop()
