"""`migrate rehearse`: an upgrade on a copy; hazards that were planted are told with their place, and the database stays as it was."""
import json
import os

from support import PROGRAM, TestCase, main, run

CREATE = "CREATE TABLE users (id INTEGER NOT NULL PRIMARY KEY, name VARCHAR(20), mail VARCHAR(40));"
ROWS = "INSERT INTO users (id, name, mail) VALUES (1, 'ada', 'a@x'), (2, 'bob', NULL), (3, 'ada', 'c@x')"
ADD = "ALTER TABLE users ADD COLUMN age INTEGER;"
DROP = "ALTER TABLE users DROP COLUMN age;"

# What a second revision does: name, upgrade, downgrade, exit code, kind of the hazard, line of the unit.
HAZARDS = (
    ("duplicates under a unique", ADD + "\nCREATE UNIQUE INDEX ux ON users (name);", "DROP INDEX ux{on};\n" + DROP, 1, "upgrade", 7),
    ("NULLs in a table that takes none", "CREATE TABLE strict_mails (mail VARCHAR(40) NOT NULL);\nINSERT INTO strict_mails SELECT mail FROM users;", "DROP TABLE strict_mails;", 1, "upgrade", 7),
    ("a downgrade that fails", ADD, "ALTER TABLE users DROP COLUMN nobody;", 3, "downgrade", None),
    ("a downgrade that brings no values back", "ALTER TABLE users DROP COLUMN mail;", "ALTER TABLE users ADD COLUMN mail VARCHAR(40);", 3, "loss", 6),
    ("a downgrade that loses rows", ADD, DROP + "\nDELETE FROM users WHERE id = 2;", 3, "loss", 6),
    ("an upgrade that deletes", "DELETE FROM users WHERE mail IS NULL;", "UPDATE users SET id = id;", 3, "loss", 6),
    ("an update that is not taken back", "UPDATE users SET name = 'x' WHERE id = 1;", "UPDATE users SET id = id;", 3, "loss", 6),
    ("a downgrade that leaves something", ADD, "UPDATE users SET id = id;", 3, "schema", None),
    ("one that works on empty tables only", "CREATE TABLE one (id INTEGER PRIMARY KEY);\nINSERT INTO one SELECT 1 FROM users;", "DROP TABLE one;", 1, "upgrade", 7),
)


class Rehearse(TestCase):
    def with_rows(self, project, upgrade, downgrade):
        (project.folder / "model.yaml").unlink()
        project.unit("0001-aaaaaa", "", CREATE, "DROP TABLE users;")
        project.migrate("upgrade")
        project.sql(ROWS)
        project.unit("0002-bbbbbb", "0001-aaaaaa", upgrade, downgrade)

    def databases(self, project):
        if project.engine == "sqlite":
            return sorted(file.name for file in project.folder.iterdir() if "_rehearsal_" in file.name)
        of = "SELECT datname FROM pg_database" if project.dialect == "postgresql" else "SHOW DATABASES"
        return sorted(name for name in project.sql(of).split() if name.startswith(project.database.name + "_rehearsal_"))

    def everything(self, project):
        return project.sql("SELECT * FROM users ORDER BY id") + project.sql("SELECT revision, applied_at FROM schema_versions") + project.migrate("inspect").out

    def test_hazards_are_told(self):
        for name, upgrade, downgrade, code, kind, line in HAZARDS:
            for project in self.each():
                with self.subTest(hazard=name):
                    on = " ON users" if project.dialect == "mysql" else ""
                    self.with_rows(project, upgrade, downgrade.replace("{on}", on))
                    before = self.everything(project)
                    told = json.loads(project.migrate("rehearse", "--json", code=code).out)
                    found = [hazard for hazard in told["hazards"] if hazard["kind"] == kind]
                    self.assertTrue(found, told)
                    self.assertIn("0002-bbbbbb.sql", found[0]["file"])
                    if line:
                        self.assertEqual(found[0]["line"], line, told)
                    self.assertEqual(self.everything(project), before)
                    self.assertEqual(self.databases(project), [])

    def test_a_clean_history_has_none(self):
        for project in self.each():
            self.with_rows(project, ADD + "\nUPDATE users SET age = 7;", DROP)
            told = json.loads(project.migrate("rehearse", "--json").out)
            self.assertEqual(told["hazards"], [])
            self.assertEqual([one["line"] for one in told["statements"] if one["revision"] == "0002-bbbbbb"][:2], [6, 7])
            self.assertEqual(project.sql("SELECT count(*) FROM schema_versions"), "1")
            project.migrate("rehearse", "--report", "page.html", "--no-down")
            self.assertIn("No hazards", (project.folder / "page.html").read_text())
            self.assertEqual(self.databases(project), [])

    def test_what_a_killed_one_leaves_is_cleaned_away(self):
        for project in self.each():
            self.with_rows(project, ADD, DROP)
            before = self.everything(project)
            for place in (2, 12, 30):
                run([PROGRAM, "rehearse", "--no-input"], cwd=project.folder, env=dict(os.environ, MIGRATE_TEST_CRASH_AT=str(place)))
            project.migrate("rehearse", "--keep-copy")
            self.assertNotEqual(self.databases(project), [])
            project.migrate("rehearse", "--clean")
            self.assertEqual(self.databases(project), [])
            self.assertEqual(self.everything(project), before)


if __name__ == "__main__":
    main()
