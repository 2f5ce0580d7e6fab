"""The pipelines that `init --template` writes, run step by step as the runner would: green once, red with a reason otherwise; and the rehearsal, whose report stays."""
import os
import re
import subprocess

from support import PROGRAM, TestCase, main

MODEL = "tables:\n  users:\n    columns:\n      id: {type: integer, null: false}\n%s    primary_key: [id]\n"


def job(text, name, indent):
    """The lines of one job."""
    found = re.search(rf"^{indent}{name}:\n((?:{indent} .*\n|\n)*)", text + "\n", re.M)
    return found.group(1).splitlines()


def gitlab_steps(text, name="check"):
    """The script of a job: one command a line."""
    return [line.strip()[2:] for line in job(text, name, "") if line.startswith("    - ")]


def github_steps(text, name="check"):
    """The commands of a job that run `migrate`, blocks as one step; what runs only when the job is cancelled is left out."""
    steps, block = [], None
    for line in job(text, name, "  "):
        bare = line.strip()
        if block is not None and line.startswith("          "):
            block.append(bare)
            continue
        if block is not None:
            steps.append("\n".join(block))
            block = None
        if bare == "run: |":
            block = []
        elif bare.startswith("- run: migrate"):
            steps.append(bare[7:].replace("${{ github.base_ref || github.event.repository.default_branch }}", "main"))
        elif bare == "if: cancelled()":
            steps.pop()
    return steps + (["\n".join(block)] if block else [])


def published(text, indent):
    """The file that the rehearsal's job keeps, whatever became of it."""
    lines = "\n".join(job(text, "rehearse", indent))
    found = re.search(r"(?:artifacts: {when: always, paths: \[|if: always\(\)\s+with: {name: rehearsal, path: )([^\]}]+)", lines)
    return found.group(1)


class Pipeline(TestCase):
    def setUp(self):
        super().setUp()
        self.project = self.project("sqlite")
        self.folder = self.project.folder / "app"
        self.project.migrate("init", "app", "--database", "sqlite:///app.db", "--template", "github", "--template", "gitlab")
        self.git("init", "-q", "-b", "main")
        self.model("      name: {type: text}\n")
        self.migrate("revision", "-a", "-m", "users")
        self.commit()
        self.git("update-ref", "refs/remotes/origin/main", "HEAD")

    def git(self, *arguments):
        subprocess.run(["git", "-c", "user.name=x", "-c", "user.email=x@example.org", *arguments], cwd=self.folder, check=True, capture_output=True)

    def commit(self):
        self.git("add", "-A")
        self.git("commit", "-q", "-m", "work")

    def model(self, columns):
        (self.folder / "model.yaml").write_text(MODEL % columns)

    def migrate(self, *arguments):
        return self.project.migrate("-c", str(self.folder / "migrate.yaml"), *arguments)

    def units(self):
        return sorted((self.folder / "migrations").glob("*.sql"))

    def run_pipelines(self, name="check"):
        """What that job of each pipeline says: (step that failed, its output), or None."""
        said = []
        for file, read in ((".gitlab-ci.yml", gitlab_steps), (".github/workflows/migrations.yml", github_steps)):
            steps = read((self.folder / file).read_text(), name)
            self.assertGreaterEqual(len(steps), 1 if name == "rehearse" else 3)
            (self.folder / "scratch.db").unlink(missing_ok=True)
            environment = dict(os.environ, PATH=os.path.dirname(PROGRAM) + ":" + os.environ["PATH"], SCRATCH="sqlite:///scratch.db", CI_COMMIT_BRANCH="work", CI_DEFAULT_BRANCH="main")
            failed = None
            for step in steps:
                done = subprocess.run(["bash", "-e", "-o", "pipefail", "-c", step], cwd=self.folder, env=environment, capture_output=True, text=True)
                if done.returncode != 0:
                    failed = (step, done.stdout + done.stderr)
                    break
            said.append(failed)
        return said

    def red(self, words, name="check"):
        for failed in self.run_pipelines(name):
            self.assertIsNotNone(failed, "the pipeline is green")
            self.assertIn(words, failed[1])

    def add_column(self):
        self.model("      name: {type: text}\n      mail: {type: text}\n")
        self.migrate("upgrade", "head")
        self.migrate("revision", "-a", "-m", "mail")

    def test_clean(self):
        self.add_column()
        self.commit()
        self.assertEqual(self.run_pipelines(), [None, None])

    def test_forgotten_revision(self):
        self.model("      name: {type: text}\n      mail: {type: text}\n")
        self.commit()
        self.red("mail")

    def test_edited_unit(self):
        unit = self.units()[-1]
        unit.write_text(unit.read_text().replace("text", "varchar(9)", 1))
        self.commit()
        self.red("was edited")

    def test_two_heads(self):
        self.add_column()
        text = self.units()[-1].read_text()
        identifier = self.units()[-1].name.split("_")[0]
        (self.folder / "migrations" / "0002-ffffff_other.sql").write_text(text.replace(identifier, "0002-ffffff").replace("mail", "phone"))
        self.project.migrate("-c", str(self.folder / "migrate.yaml"), "verify", "--update", "--offline", code=3)
        self.commit()
        self.red("head")

    def test_failing_upgrade(self):
        self.add_column()
        unit = self.units()[-1]
        unit.write_text(unit.read_text().replace("ADD COLUMN mail", "ADD COLUMN name"))
        self.migrate("verify", "--update", "--offline")
        self.commit()
        self.red("duplicate column")

    def test_dangerous_statement(self):
        self.model("")
        self.migrate("upgrade", "head")
        self.migrate("revision", "-a", "-m", "nameless")
        self.commit()
        self.red("ALL002")

    def test_rehearsal(self):
        self.migrate("upgrade", "head")
        subprocess.run(["sqlite3", self.project.folder / "app.db", "INSERT INTO users VALUES (1, 'ada'), (2, 'ada')"], check=True)
        self.model("      name: {type: text}\n      mail: {type: text}\n")
        self.migrate("revision", "-a", "-m", "mail")
        reports = [self.folder / published((self.folder / file).read_text(), indent) for file, indent in ((".gitlab-ci.yml", ""), (".github/workflows/migrations.yml", "  "))]
        self.assertEqual(self.run_pipelines("rehearse"), [None, None])
        for report in reports:
            self.assertIn("No hazards", report.read_text())
        unit = self.units()[-1]
        unit.write_text(unit.read_text().replace("ADD COLUMN mail text;", "ADD COLUMN mail text;\nCREATE UNIQUE INDEX names ON users (name);"))
        self.assertIn("UNIQUE", unit.read_text())
        self.migrate("verify", "--update", "--offline")
        self.red("UNIQUE constraint failed", "rehearse")
        self.assertIn("The upgrade fails", reports[0].read_text())


if __name__ == "__main__":
    main()
