"""`squash`: one unit for a range; a shortcut while the old units are there, a revision when they are gone."""
from support import TestCase, main


class Squash(TestCase):
    def started(self, project):
        project.unit("0001-aaaaaa", "", "CREATE TABLE a (id integer PRIMARY KEY);", "DROP TABLE a;")
        project.unit("0002-bbbbbb", "0001-aaaaaa", "INSERT INTO a (id) VALUES (1);", "DELETE FROM a;")
        project.unit("0003-cccccc", "0002-bbbbbb", "CREATE TABLE c (id integer PRIMARY KEY);", "DROP TABLE c;")
        project.unit("0004-dddddd", "0003-cccccc", "CREATE TABLE d (id integer PRIMARY KEY);", "DROP TABLE d;")

    def squash(self, project):
        out = project.migrate("squash", "0001:0003", "-m", "start", "--id", "0003-eeeeee").out
        self.assertIn("0003_start.sql", out)
        text = (project.folder / "migrations/0003_start.sql").read_text()
        self.assertIn("-- replaces: 0001-aaaaaa, 0002-bbbbbb, 0003-cccccc", text)
        return text

    def remove(self, project):
        for name in ("0001-aaaaaa", "0002-bbbbbb", "0003-cccccc"):
            (project.folder / f"migrations/{name}.sql").unlink()

    def applied(self, project):
        return sorted(line.split()[0] for line in project.sql("SELECT revision FROM schema_versions").splitlines())

    def test_a_new_database_takes_the_shortcut(self):
        for project in self.each():
            self.started(project)
            text = self.squash(project)
            self.assertLess(text.index("DROP TABLE c"), text.index("DELETE FROM a"))
            done = project.migrate("upgrade").out
            self.assertIn("0003-eeeeee", done)
            self.assertNotIn("0002-bbbbbb", done)
            self.assertEqual(self.applied(project), ["0001-aaaaaa", "0002-bbbbbb", "0003-cccccc", "0004-dddddd"])
            project.migrate("verify", "--update")
            project.migrate("verify")
            self.assertIn("nothing to do", project.migrate("upgrade").err)
            project.migrate("downgrade", "0002")
            self.assertEqual(self.applied(project), ["0001-aaaaaa", "0002-bbbbbb"])
            self.assertNotIn("0003-eeeeee", project.migrate("upgrade").out)
            project.migrate("downgrade", "base")
            self.assertEqual(self.applied(project), [])

    def test_a_database_in_the_middle_goes_the_old_way(self):
        for project in self.each():
            self.started(project)
            project.migrate("upgrade", "0001")
            self.squash(project)
            self.assertNotIn("0003-eeeeee", project.migrate("upgrade").out)
            self.assertEqual(self.applied(project), ["0001-aaaaaa", "0002-bbbbbb", "0003-cccccc", "0004-dddddd"])

    def test_without_the_old_units_it_is_a_revision(self):
        for project in self.each():
            self.started(project)
            project.migrate("upgrade")
            self.squash(project)
            self.remove(project)
            self.assertIn("nothing to do", project.migrate("upgrade").err)
            self.assertIn("0004-dddddd", project.migrate("current").out)
            history = project.migrate("history").out
            self.assertIn("0003-eeeeee -> 0004-dddddd", history)
            self.assertNotIn("pending", history)
            project.migrate("downgrade", "base")
            self.assertEqual(self.applied(project), [])
            self.assertIn("0003-eeeeee", project.migrate("upgrade").out)
            self.assertEqual(self.applied(project), ["0003-eeeeee", "0004-dddddd"])
            self.assertEqual(project.sql("SELECT id FROM a"), "1")

    def test_half_of_the_rows_without_the_units_is_refused(self):
        for project in self.each():
            self.started(project)
            project.migrate("upgrade", "0002")
            self.squash(project)
            self.remove(project)
            self.assertIn("only some", project.migrate("upgrade", code=1).err)

    def test_what_cannot_be_squashed(self):
        for project in self.each():
            self.started(project)
            project.unit("0003-ffffff", "0002-bbbbbb", "CREATE TABLE f (id integer);", "DROP TABLE f;")
            self.assertIn("0003-ffffff", project.migrate("squash", "0001:0003-cccccc", code=2).err)
            self.assertIn("range", project.migrate("squash", "0002", code=2).err)


if __name__ == "__main__":
    main()
