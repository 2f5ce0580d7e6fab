"""`upgrade --to-plan` and `--plan`: what was reviewed is what runs, or nothing does."""
import json
import subprocess

from support import PROGRAM, TestCase, main


class Plans(TestCase):
    def started(self, project):
        project.unit("0001-aaaaaa", "", "CREATE TABLE a (id integer PRIMARY KEY);", "DROP TABLE a;")
        project.migrate("upgrade")
        project.unit("0002-bbbbbb", "0001-aaaaaa", "-- why: é\nCREATE TABLE b (id integer, note varchar(20) DEFAULT 'x; ''y''');\nINSERT INTO b (id) VALUES (1);", "DROP TABLE b;")
        project.unit("0003-cccccc", "0002-bbbbbb", "CREATE TABLE c (id integer);", "DROP TABLE c;")

    def test_a_plan_runs_and_keeps_the_way_back(self):
        for project in self.each():
            self.started(project)
            project.migrate("upgrade", "--to-plan", "plan.json")
            self.assertNotIn("0002", project.migrate("current").out)
            plan = json.loads((project.folder / "plan.json").read_text())
            self.assertEqual([step["revision"] for step in plan["steps"]], ["0002-bbbbbb", "0003-cccccc"])
            self.assertEqual([statement["sql"] for statement in plan["steps"][0]["statements"]][1], "INSERT INTO b (id) VALUES (1)")
            self.assertIn("CREATE TABLE b", project.migrate("upgrade", "--plan", "plan.json", "--dry-run").out)
            self.assertNotIn("0002", project.migrate("current").out)
            project.migrate("upgrade", "--plan", "plan.json")
            self.assertIn("0003-cccccc", project.migrate("current").out)
            self.assertEqual(project.sql("SELECT note FROM b"), "x; 'y'")
            # Again, as in a pipeline that is tried a second time: this plan has done it all.
            self.assertIn("nothing to do", project.migrate("upgrade", "--plan", "plan.json").err)
            for unit in ("0002-bbbbbb", "0003-cccccc"):
                (project.folder / f"migrations/{unit}.sql").unlink()
            project.migrate("downgrade", "0001")
            project.migrate("drift")

    def test_another_start_is_refused(self):
        for project in self.each():
            self.started(project)
            project.migrate("upgrade", "--to-plan", "plan.json")
            project.migrate("upgrade", "+1")
            self.assertIn("not where the plan starts", project.migrate("upgrade", "--plan", "plan.json", code=1).err)
            project.migrate("downgrade", "base")
            self.assertIn("0001-aaaaaa is not applied", project.migrate("upgrade", "--plan", "plan.json", code=1).err)
            project.migrate("upgrade", "head")
            project.migrate("upgrade", "--plan", "plan.json", code=1)

    def test_another_unit_or_an_edited_plan_is_refused(self):
        for project in self.each():
            self.started(project)
            project.migrate("upgrade", "--to-plan", "plan.json")
            text = (project.folder / "plan.json").read_text()
            project.write("edited.json", text.replace("CREATE TABLE c", "CREATE TABLE d"))
            self.assertIn("edited", project.migrate("upgrade", "--plan", "edited.json", code=2).err)
            project.write("broken.json", text[:200])
            self.assertIn("not a plan", project.migrate("upgrade", "--plan", "broken.json", code=2).err)
            project.unit("0003-cccccc", "0002-bbbbbb", "CREATE TABLE other (id integer);", "DROP TABLE other;")
            self.assertIn("not the one that was planned", project.migrate("upgrade", "--plan", "plan.json", code=1).err)
            self.assertNotIn("0002", project.migrate("current").out)

    def test_a_plan_is_for_its_database(self):
        for project in self.each():
            self.started(project)
            project.migrate("upgrade", "--to-plan", "plan.json")
            other = self.project(project.engine)
            other.migrate("upgrade", code=0)
            for unit in (project.folder / "migrations").glob("*.sql"):
                other.write(f"migrations/{unit.name}", unit.read_text())
            other.migrate("upgrade", "0001")
            other.write("plan.json", (project.folder / "plan.json").read_text())
            if project.engine == "sqlite":
                other.config("versions_table: elsewhere")
            self.assertIn("the plan is for", other.migrate("upgrade", "--plan", "plan.json", code=2).err)

    def test_many_runs_of_one_plan_apply_it_once(self):
        for project in self.each():
            self.started(project)
            project.migrate("upgrade", "--to-plan", "plan.json")
            runs = [subprocess.Popen([PROGRAM, "upgrade", "--plan", "plan.json", "--no-input"], cwd=project.folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) for _ in range(6)]
            for run in runs:
                out, _ = run.communicate(timeout=120)
                self.assertEqual(run.returncode, 0, out)
            self.assertEqual(project.sql("SELECT count(*) FROM b"), "1")

    def test_a_run_that_failed_in_the_middle_goes_on(self):
        for project in self.each():
            self.started(project)
            project.unit("0003-cccccc", "0002-bbbbbb", "CREATE TABLE c (id integer);\nINSERT INTO later VALUES (1);", "DROP TABLE c;")
            project.migrate("upgrade", "--to-plan", "plan.json")
            project.migrate("upgrade", "--plan", "plan.json", code=1)
            project.sql("CREATE TABLE later (id integer)")
            project.migrate("upgrade", "--plan", "plan.json")
            self.assertEqual(project.sql("SELECT count(*) FROM later"), "1")


if __name__ == "__main__":
    main()
