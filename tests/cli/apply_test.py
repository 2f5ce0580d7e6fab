"""`migrate apply`: the model made true without files; and a model that a command prints."""
import os

from support import PROGRAM, TestCase, main, run

ONE = "tables:\n  users:\n    columns:\n      id: {type: integer, null: false}\n      name: {type: varchar(50)}\n    primary_key: [id]\n"
TWO = ONE.replace("    primary_key", "      mail: {type: varchar(80)}\n    primary_key") + "  notes:\n    columns: {id: {type: integer, null: false}, text: {type: varchar(20)}}\n    primary_key: [id]\n"


class Apply(TestCase):
    def test_it_makes_the_model_true_and_takes_it_back(self):
        for project in self.each():
            project.write("model.yaml", ONE)
            self.assertIn("CREATE TABLE users", project.migrate("apply", "--dry-run").out)
            project.migrate("diff", code=3)
            project.migrate("apply", "--yes")
            project.migrate("diff")
            self.assertIn("nothing to do", project.migrate("apply", "--yes").err)
            project.sql("INSERT INTO users (id, name) VALUES (1, 'ada')")
            project.write("model.yaml", TWO)
            project.migrate("apply", "--yes")
            project.migrate("diff")
            self.assertIn("apply-0002", project.migrate("log").out)
            project.migrate("apply", "--undo", "--yes")
            project.write("model.yaml", ONE)
            project.migrate("diff")
            self.assertEqual(project.sql("SELECT name FROM users").strip(), "ada")
            project.migrate("apply", "--undo", "--yes")
            project.write("model.yaml", "tables: {}\n")
            project.migrate("diff")
            project.migrate("apply", "--undo", "--yes", code=2)

    def test_nothing_is_lost_unless_it_is_said(self):
        for project in self.each():
            project.write("model.yaml", TWO)
            project.migrate("apply", "--yes")
            project.sql("INSERT INTO users (id, name, mail) VALUES (1, 'ada', 'a@x')")
            project.write("model.yaml", ONE)
            refused = project.migrate("apply", "--yes", code=3).err
            self.assertIn("values would be lost: ", refused)
            self.assertIn("mail", refused)
            self.assertEqual(project.sql("SELECT mail FROM users").strip(), "a@x")
            project.migrate("apply", "--yes", "--allow-drop")
            project.migrate("diff")
            project.write("model.yaml", ONE.replace("varchar(50)", "varchar(5)"))
            project.migrate("apply", "--yes", code=3)

    def test_questions_are_answered_first(self):
        for project in self.each():
            project.write("model.yaml", ONE)
            project.migrate("apply", "--yes")
            project.sql("INSERT INTO users (id, name) VALUES (1, 'ada')")
            project.write("model.yaml", ONE.replace("name: {", "enabled: {"))
            project.migrate("apply", "--yes", code=5)
            project.migrate("apply", "--yes", "--rename", "users.name:enabled")
            self.assertEqual(project.sql("SELECT enabled FROM users").strip(), "ada")

    def test_one_that_is_killed_goes_on(self):
        for project in self.each():
            for place in (1, 3, 4, 5, 6, 8):
                with self.subTest(engine=project.engine, place=place):
                    project.write("model.yaml", ONE)
                    project.migrate("apply", "--yes", "--allow-drop")
                    project.write("model.yaml", TWO.replace("varchar(50)", f"varchar({60 + place})"))
                    killed = run([PROGRAM, "apply", "--yes", "--no-input"], cwd=project.folder, env=dict(os.environ, MIGRATE_TEST_CRASH_AT=str(place)))
                    self.assertLess(killed.code, 0, killed)
                    project.migrate("apply", "--yes")
                    project.migrate("diff")

    def test_a_database_with_revisions_is_not_for_it(self):
        project = self.project("sqlite")
        project.unit("0001-aaaaaa", "", "CREATE TABLE a (x int);", "DROP TABLE a;")
        project.migrate("upgrade")
        project.write("model.yaml", ONE)
        self.assertIn("revision --autogenerate", project.migrate("apply", "--yes", code=2).err)


class Command(TestCase):
    def test_a_command_prints_the_model(self):
        for project in self.each():
            project.write("print.py", "print('CREATE TABLE users (id integer NOT NULL PRIMARY KEY, name varchar(50));')\n")
            project.write("migrate.yaml", f'database: "{project.database.url}"\nmodel: {{command: "python3 print.py"}}\n')
            project.migrate("apply", "--yes")
            project.migrate("diff")
            project.write("print.py", f"print({TWO!r})\n")
            project.migrate("apply", "--yes")
            project.migrate("diff")
            project.write("print.py", "raise SystemExit(4)\n")
            self.assertIn("the model's command failed with exit code 4", project.migrate("diff", code=2).err)
            project.write("print.py", "\n")
            self.assertIn("prints nothing", project.migrate("diff", code=2).err)
            project.write("print.py", "print('tables:\\n  t: {columns: {a: {type: 7}}, nothing: 1}')\n")
            self.assertIn("unknown key 'nothing'", project.migrate("diff", code=2).err)


if __name__ == "__main__":
    main()
