"""A model written in SQL is loaded into a database of its own and compared like any other."""
import os
import urllib.parse

from support import Database, TestCase, main

SCHEMA = """-- people; and their mail
CREATE TABLE people (
  id integer NOT NULL PRIMARY KEY,
  name varchar(40) NOT NULL DEFAULT 'a;b',
  CONSTRAINT ck_people_name CHECK (name <> '')
);
CREATE TABLE mails (id integer NOT NULL PRIMARY KEY, person integer NOT NULL, CONSTRAINT fk_person FOREIGN KEY (person) REFERENCES people (id));
CREATE INDEX ix_mails_person ON mails (person);
CREATE VIEW names AS SELECT id, name FROM people;
"""


class SqlModel(TestCase):
    def start(self, project, text=SCHEMA):
        project.write("schema.sql", text)
        project.write("migrate.yaml", f'database: "{project.database.url}"\nmodel: schema.sql\n')

    def databases(self, project):
        if project.engine == "sqlite":
            return []
        text = project.sql("SELECT datname FROM pg_database" if project.engine == "postgresql" else "SELECT schema_name FROM information_schema.schemata")
        return [name for name in text.split() if name.startswith("migrate_scratch_")]

    def test_revisions_come_from_it(self):
        for project in self.each():
            self.start(project)
            project.migrate("revision", "--autogenerate", "-m", "first")
            project.migrate("upgrade")
            project.migrate("check")
            self.assertIn("nothing to do", project.migrate("revision", "--autogenerate", "-m", "none").out)
            self.start(project, SCHEMA.replace("name varchar(40)", "full_name varchar(40)").replace("(name", "(full_name").replace("id, name", "id, full_name"))
            found = project.migrate("revision", "--autogenerate", "-m", "second", "--rename", "people.name:full_name")
            self.assertIn("rename column people.name to full_name", found.err)
            project.migrate("upgrade")
            project.migrate("check")
            project.migrate("downgrade", "-1")
            self.assertEqual(self.databases(project), [])

    def test_a_role_that_makes_no_database_has_one_given(self):
        for project in self.each():
            if project.engine == "sqlite":
                continue
            self.start(project)
            scratch = Database(project.engine, project.folder)
            self.addCleanup(scratch.drop)
            account = self.limited(project, scratch)
            url, given = account(project.database), account(scratch)
            project.write("migrate.yaml", f'database: "{url}"\nmodel: schema.sql\n')
            self.assertIn("scratch: URL", project.migrate("check", code=1).err)
            project.write("migrate.yaml", f'database: "{url}"\nmodel: schema.sql\nscratch: "{given}"\n')
            for _ in range(2):  # what the first one leaves must not stand in the way of the second
                self.assertIn("create table people", project.migrate("check", code=3).out)
            tables = scratch.sql("SELECT table_name FROM information_schema.tables WHERE table_schema = " + ("'public'" if project.engine == "postgresql" else "database()"))
            self.assertEqual(tables, "")
            scratch.sql("CREATE TABLE mine (x integer)")
            self.assertIn("not empty", project.migrate("check", code=2).err)
            self.assertEqual(scratch.sql("SELECT count(*) FROM mine"), "0")
            project.write("migrate.yaml", f'database: "{url}"\nmodel: schema.sql\nscratch: "sqlite:///x.db"\n')
            self.assertIn("another engine", project.migrate("check", code=2).err)

    def limited(self, project, scratch):
        """Makes a role that may use the two databases and make none; returns what gives its URL of one of them."""
        name = f"m{os.getpid()}{project.engine[:3]}"
        if project.engine == "postgresql":
            self.addCleanup(project.database.client, project.database.admin, f"DROP ROLE {name}")
            project.sql(f"CREATE ROLE {name} LOGIN")
            for database in (project.database, scratch):
                database.sql(f"GRANT ALL ON SCHEMA public TO {name}")
                self.addCleanup(database.client, database.url, f"DROP OWNED BY {name}")
        else:
            self.addCleanup(project.database.client, project.database.admin, f"DROP USER '{name}'@'%'")
            project.sql(f"CREATE USER '{name}'@'%' IDENTIFIED BY 'pw'")
            for database in (project.database, scratch):
                project.sql(f"GRANT ALL ON {database.name}.* TO '{name}'@'%'")

        def account(database):
            parts = urllib.parse.urlsplit(database.url)
            return parts._replace(netloc=f"{name}:pw@{parts.hostname}:{parts.port}").geturl()
        return account

    def test_diff_takes_sql_files(self):
        for project in self.each():
            self.start(project)
            self.assertIn("create table people", project.migrate("diff", "database", "schema.sql", code=3).out)
            project.database.script(SCHEMA, project.folder)
            project.migrate("diff", "schema.sql", "database")

    def test_a_bad_statement_is_named_with_its_line(self):
        for project in self.each():
            self.start(project, SCHEMA + "CREATE TABLE t (id nonsense nonsense nonsense,,);\n")
            self.assertIn("schema.sql:10", project.migrate("check", code=2).err)
            self.assertEqual(self.databases(project), [])


if __name__ == "__main__":
    main()
