"""Two branches merged in git: `verify` finds the two heads, `revision --rebase` puts one line on top of the other."""
from support import TestCase, main


class Rebase(TestCase):
    def forked(self, project):
        def unit(id, parents, table, minute, header=""):
            project.unit(id, parents, f"CREATE TABLE {table} (id integer);", f"DROP TABLE {table};", f"-- created: 2026-11-21T10:{minute:02}:00Z\n{header}")
        unit("0001-aaaaaa", "", "a", 1)
        unit("0002-bbbbbb", "0001-aaaaaa", "theirs", 2)
        unit("0003-bbbbbc", "0002-bbbbbb", "theirs_too", 6)
        unit("0002-cccccc", "0001-aaaaaa", "mine", 4)
        unit("0003-cccccd", "0002-cccccc", "mine_too", 5, "-- depends_on: 0002-cccccc\n")
        project.migrate("verify", "--offline", "--update", code=None)

    def test_two_heads_are_found_and_put_into_one_line(self):
        for project in self.each():
            self.forked(project)
            found = project.migrate("verify", "--offline", code=3).out
            self.assertIn("merge", found)
            self.assertIn("--rebase", found)
            done = project.migrate("revision", "--rebase").out
            self.assertIn("0004-cccccc", done)
            names = sorted(path.name for path in (project.folder / "migrations").glob("*.sql"))
            self.assertEqual(names, ["0001-aaaaaa.sql", "0002-bbbbbb.sql", "0003-bbbbbc.sql", "0004-cccccc.sql", "0005-cccccd.sql"])
            self.assertIn("-- parents: 0004-cccccc\n", (project.folder / "migrations/0005-cccccd.sql").read_text())
            self.assertIn("-- depends_on: 0004-cccccc\n", (project.folder / "migrations/0005-cccccd.sql").read_text())
            project.migrate("verify", "--offline")
            project.migrate("upgrade")
            project.migrate("downgrade", "base")

    def test_onto_says_which_line_stays(self):
        for project in self.each():
            self.forked(project)
            project.migrate("revision", "--rebase", "--onto", "0003-cccccd")
            self.assertTrue((project.folder / "migrations/0005-bbbbbc.sql").exists())
            project.migrate("verify", "--offline")

    def test_what_is_applied_keeps_its_place(self):
        for project in self.each():
            self.forked(project)
            project.migrate("upgrade", "0002-cccccc")
            before = sorted(path.name for path in (project.folder / "migrations").iterdir())
            refused = project.migrate("revision", "--rebase", code=1).err
            self.assertIn("0002-cccccc", refused)
            self.assertIn("--onto", refused)
            self.assertEqual(before, sorted(path.name for path in (project.folder / "migrations").iterdir()))
            project.migrate("revision", "--rebase", "--onto", "0003-cccccd")
            project.migrate("upgrade")

    def test_a_labelled_branch_stays(self):
        for project in self.each():
            self.forked(project)
            path = project.folder / "migrations/0002-cccccc.sql"
            path.write_text(path.read_text().replace("-- created", "-- labels: billing\n-- created"))
            self.assertIn("billing", project.migrate("revision", "--rebase", code=2).err)


if __name__ == "__main__":
    main()
