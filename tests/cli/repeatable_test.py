"""Repeatable units run again behind the others whenever they are edited; hooks run around steps and runs."""
from support import TestCase, main

VIEW = """-- revision: views
-- repeatable: true
-- message: views

-- migrate: upgrade
DROP VIEW IF EXISTS v;
CREATE VIEW v AS SELECT {columns} FROM a;
-- migrate: downgrade
DROP VIEW v;
"""


class Repeatable(TestCase):
    def started(self, project):
        project.unit("0001-aaaaaa", "", "CREATE TABLE a (id integer PRIMARY KEY, n integer);", "DROP TABLE a;")
        project.unit("0002-bbbbbb", "0001-aaaaaa", "INSERT INTO a (id, n) VALUES (1, 2);", "DELETE FROM a;")
        self.write(project, "id")

    def write(self, project, columns, header=""):
        (project.folder / "migrations/views.sql").write_text(VIEW.format(columns=columns).replace("-- message", header + "-- message"))

    def test_an_edited_unit_runs_again(self):
        for project in self.each():
            self.started(project)
            self.assertIn("pending: repeatable.views", project.migrate("check", code=3).out)
            self.assertIn("repeatable.views", project.migrate("upgrade").out)
            self.assertEqual(project.sql("SELECT * FROM v"), "1")
            self.assertIn("nothing to do", project.migrate("upgrade").err)
            self.assertNotIn("repeatable.views", project.migrate("check", code=3).out)
            self.write(project, "id, n")
            self.assertIn("was edited and runs again", project.migrate("check", code=3).out)
            self.assertIn("edited", project.migrate("current").out)
            done = project.migrate("upgrade").out
            self.assertIn("repeatable.views", done)
            self.assertNotIn("0002", done)
            self.assertEqual(project.sql("SELECT n FROM v"), "2")
            self.assertIn("nothing to do", project.migrate("upgrade").err)
            self.assertEqual(project.migrate("heads").out.split()[0], "0002-bbbbbb")
            project.migrate("verify", "--update")
            self.write(project, "n")
            project.migrate("verify")  # is meant to be edited

    def test_it_goes_before_what_it_needs_and_comes_back_behind_it(self):
        for project in self.each():
            self.started(project)
            project.migrate("upgrade")
            back = project.migrate("downgrade", "-1").out
            self.assertLess(back.index("repeatable.views"), back.index("0002-bbbbbb"))
            self.assertNotIn("repeatable", project.migrate("current").out)
            self.assertIn("repeatable.views", project.migrate("upgrade").out)
            project.migrate("downgrade", "base")
            self.assertIn("nothing is applied", project.migrate("current").err)

    def test_it_waits_for_what_it_needs(self):
        for project in self.each():
            self.started(project)
            self.assertNotIn("repeatable", project.migrate("upgrade", "0001").out)
            self.write(project, "id", "-- depends_on: 0001-aaaaaa\n")
            self.assertIn("repeatable.views", project.migrate("upgrade", "0001").out)
            self.assertNotIn("repeatable", project.migrate("upgrade").out)
            self.assertNotIn("repeatable", project.migrate("downgrade", "-1").out)
            self.write(project, "id", "-- depends_on: 0009-aaaaaa\n")
            self.assertIn("0009-aaaaaa", project.migrate("upgrade", code=2).err)

    def test_the_skeleton_and_a_script(self):
        for project in self.each():
            self.started(project)
            self.assertIn("all_views.sql", project.migrate("revision", "--repeatable", "-m", "all views").out)
            self.assertIn("-- repeatable: true", (project.folder / "migrations/all_views.sql").read_text())
            (project.folder / "migrations/all_views.sql").unlink()
            self.assertIn("CREATE VIEW", project.migrate("upgrade", "--sql").out)
            self.assertIn("--autogenerate", project.migrate("revision", "--repeatable", "-m", "x", "-a", code=2).err)


class Hooks(TestCase):
    def test_hooks_run_around_steps_and_runs(self):
        for project in self.each():
            project.unit("0001-aaaaaa", "", "CREATE TABLE a (id integer PRIMARY KEY);", "DROP TABLE a;")
            project.unit("0002-bbbbbb", "0001-aaaaaa", "CREATE TABLE b (id integer PRIMARY KEY);", "DROP TABLE b;")
            project.sql("CREATE TABLE seen (what varchar(20))")
            config = project.folder / "migrate.yaml"
            before = config.read_text()
            (project.folder / "last.sql").write_text("INSERT INTO seen VALUES ('last');\n")
            config.write_text(before + "hooks:\n  before_run: INSERT INTO seen VALUES ('first')\n  before_step: [INSERT INTO seen VALUES ('before')]\n"
                              "  after_step: {sqlite: INSERT INTO seen VALUES ('after'), postgresql: INSERT INTO seen VALUES ('after'), mysql: INSERT INTO seen VALUES ('after')}\n"
                              "  after_run: last.sql\n  after_write: ['echo written >> {{file}}.log']\n")
            project.migrate("upgrade")
            self.assertEqual(project.sql("SELECT count(*) FROM seen WHERE what = 'before'"), "2")
            self.assertEqual(project.sql("SELECT count(*) FROM seen WHERE what = 'after'"), "2")
            self.assertEqual(project.sql("SELECT count(*) FROM seen WHERE what IN ('first', 'last')"), "2")
            project.migrate("upgrade")
            self.assertEqual(project.sql("SELECT count(*) FROM seen"), "6")
            self.assertIn("'first'", project.migrate("downgrade", "base", "--sql").out)
            project.migrate("revision", "-m", "more")
            self.assertEqual([path.read_text() for path in (project.folder / "migrations").glob("*.log")], ["written\n"])
            config.write_text(before + "hooks: {before_run: SELEC nonsense}\n")
            self.assertIn("the hook before_run failed", project.migrate("downgrade", "base", code=1).err)
            self.assertEqual(project.sql("SELECT count(*) FROM a"), "0")
            config.write_text(before + "hooks: {before_rum: SELECT 1}\n")
            self.assertIn("before_run", project.migrate("upgrade", code=2).err)


if __name__ == "__main__":
    main()
