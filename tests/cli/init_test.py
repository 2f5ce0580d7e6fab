"""`init --template`, completions and the manual."""
import os
import shutil
import subprocess
import urllib.parse

from support import PROGRAM, TestCase, main


class Init(TestCase):
    def test_templates_add_files_and_environments(self):
        for project in self.each():
            folder = project.folder / "new"
            project.migrate("init", "new", "--database", project.database.url, "--template", "environments", "--template", "github", "--template", "gitlab")
            self.assertIn("migrate verify", (folder / ".github/workflows/migrations.yml").read_text())
            self.assertIn("${{ secrets.PRODUCTION_DATABASE_URL }}", (folder / ".github/workflows/migrations.yml").read_text())
            self.assertIn("-e production", (folder / ".gitlab-ci.yml").read_text())
            config = str(folder / "migrate.yaml")
            project.migrate("-c", config, "history", "-e", "test")
            refused = project.migrate("-c", config, "-e", "staging", "current", code=2).err
            self.assertIn("STAGING_DATABASE_URL", refused)

    def test_sql_only_has_no_model(self):
        for project in self.each():
            project.migrate("init", "new", "--database", project.database.url, "--template", "sql-only")
            self.assertFalse((project.folder / "new/model.yaml").exists())
            config = str(project.folder / "new/migrate.yaml")
            project.migrate("-c", config, "revision", "-m", "first")
            project.migrate("-c", config, "upgrade")

    def test_a_password_in_a_variable_is_not_in_the_file(self):
        for project in self.each():
            password = urllib.parse.urlsplit(project.database.url).password
            if not password:
                continue
            url = project.database.url.replace(f":{password}@", ":${MIGRATE_TEST_SECRET}@")
            self.assertNotIn("holds the password", project.migrate("init", "new", "--database", url, env={"MIGRATE_TEST_SECRET": password}).err)
            self.assertNotIn(password + "@", (project.folder / "new/migrate.yaml").read_text())
            self.assertIn("holds the password", project.migrate("init", "open", "--database", project.database.url).err)

    def test_a_database_with_a_key_to_nowhere_is_taken_as_it_is(self):
        for project in self.each():
            if project.database.dialect == "postgresql":
                continue  # it has none
            off = "SET foreign_key_checks = 0;" if project.database.dialect == "mysql" else ""
            project.sql(off + "CREATE TABLE child (id integer PRIMARY KEY, parent_id integer, CONSTRAINT fk_gone FOREIGN KEY (parent_id) REFERENCES gone (id));")
            project.migrate("init", "new", "--database", project.database.url)
            project.migrate("-c", str(project.folder / "new/migrate.yaml"), "check")

    def test_what_no_model_can_say_is_named(self):
        for project in self.each():
            if project.database.dialect != "postgresql":
                continue
            project.sql("CREATE TABLE t (id int); CREATE FUNCTION near(int, int) RETURNS bool LANGUAGE sql AS 'select abs($1 - $2) < 5';"
                        "CREATE OPERATOR ~~~ (FUNCTION = near, LEFTARG = int, RIGHTARG = int);"
                        "CREATE TEXT SEARCH CONFIGURATION plain (COPY = simple); CREATE EXTENSION citext;")
            said = project.migrate("init", "new", "--database", project.database.url).err
            self.assertIn("left alone: operator public.~~~(integer,integer), text search configuration public.plain\n", said)
            self.assertIn("operator public.~~~", project.migrate("-c", str(project.folder / "new/migrate.yaml"), "inspect").err)

    def test_other_tools_words_for_the_database_are_understood(self):
        for project in self.each():
            self.assertIn("did you mean --database?", project.migrate("init", "new", "--url", project.database.url, code=2).err)

    def test_an_unknown_template_names_the_nearest(self):
        for project in self.each():
            self.assertIn("github", project.migrate("init", "new", "--database", project.database.url, "--template", "gihub", code=2).err)
            self.assertFalse((project.folder / "new").exists())


class Shells(TestCase):
    def output(self, *arguments):
        return subprocess.run([PROGRAM, *arguments], check=True, capture_output=True, text=True).stdout

    def test_bash_completes_commands_and_options(self):
        script = self.output("completion", "bash")

        def complete(words, at):
            call = f'COMP_WORDS=(migrate {words}); COMP_CWORD={at}; _migrate; echo "${{COMPREPLY[@]}}"'
            return subprocess.run(["bash", "-c", script + call], check=True, capture_output=True, text=True).stdout.split()

        self.assertEqual(complete("upg", 1), ["upgrade"])
        self.assertIn("--autogenerate", complete("revision --a", 2))
        self.assertIn("head", complete("upgrade he", 2))
        self.assertEqual(complete("revision --format ''", 3), ["sql", "cpp"])
        self.assertEqual(complete("lint --format s", 3), ["sarif"])
        self.assertEqual(complete("init --template git", 3), ["github", "gitlab"])
        self.assertEqual(complete("upgrade --color a", 3), ["always", "auto"][::-1])
        self.assertEqual(complete("fleet st", 2), ["status"])
        self.assertEqual(complete("copy --on-error s", 3), ["stop"])

    def test_shells_complete_what_the_project_has(self):
        project = self.project("sqlite")
        project.unit("0001-aaaaaa", "", "SELECT 1;", "SELECT 1;")
        project.write("migrate.yaml", f'database: "{project.database.url}"\nenvironments:\n  staging: {{}}\n  production: {{database: "sqlite:///p.db"}}\n')
        self.assertEqual(project.migrate("completion", "revisions").out, "0001-aaaaaa\n")
        self.assertEqual(sorted(project.migrate("completion", "environments").out.split()), ["production", "staging"])
        script = self.output("completion", "bash")
        path = {**os.environ, "PATH": f"{os.path.dirname(PROGRAM)}:{os.environ['PATH']}"}

        def complete(words, at):
            call = f'COMP_WORDS=(migrate {words}); COMP_CWORD={at}; _migrate; echo "${{COMPREPLY[@]}}"'
            return subprocess.run(["bash", "-c", script + call], check=True, capture_output=True, text=True, cwd=project.folder, env=path).stdout.split()

        self.assertEqual(complete("upgrade 00", 2), ["0001-aaaaaa"])
        self.assertEqual(complete("upgrade --env st", 3), ["staging"])
        self.assertEqual(complete("upgrade -e p", 3), ["production"])
        self.assertEqual(complete("copy @p", 2), ["@production"])

    def test_the_scripts_are_read_by_their_shells(self):
        for shell in ("bash", "zsh", "fish"):
            if shutil.which(shell):
                done = subprocess.run([shell, "-n"], input=self.output("completion", shell), capture_output=True, text=True)
                self.assertEqual((done.returncode, done.stderr), (0, ""), shell)

    def test_the_manual_and_the_other_shells_name_every_command(self):
        commands = [line.split()[0] for line in self.output("help").split("commands:\n")[1].split("\n\n")[0].splitlines()]
        self.assertIn("upgrade", commands)
        for text in (self.output("help", "--man"), self.output("completion", "zsh"), self.output("completion", "fish")):
            for command in commands:
                self.assertIn(command, text)


if __name__ == "__main__":
    main()
