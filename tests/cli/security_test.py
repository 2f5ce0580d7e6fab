"""Names and comments cannot inject SQL; another schema for the versions table; includes stay inside the folder."""
import os
import urllib.parse

from support import TestCase, engines, main

NASTY = ["plain", "two words", "semi;colon", "it's", 'dou"ble', "back`tick", "dash--dash", "/*slash", "back\\slash", "'; DROP TABLE victim; --", '"; DROP TABLE victim; --',
         "`; DROP TABLE victim; --", "\\'; DROP TABLE victim; --", "select", "Grüße 漢字", "$$body$$", "percent%s{{x}}", "a.b", "tab\there", "line\nbreak"]


def quoted(text):
    """As a YAML key or value in double quotes."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t") + '"'


def key(name):
    """As the name of an object in a model: a part with a dot or a quote is quoted itself."""
    return quoted('"' + name.replace('"', '""') + '"' if "." in name or '"' in name else name)


class Injection(TestCase):
    def test_names_comments_and_values_are_only_text(self):
        for project in self.each():
            names = [name for name in NASTY if name[-1] != " " and (project.dialect != "mysql" or "/" not in name)]
            if project.dialect == "mysql":
                project.sql("ALTER DATABASE CHARACTER SET utf8mb4")
            project.sql("CREATE TABLE victim (id integer)")
            model = "enums:\n  mood: [" + ", ".join(quoted(name) for name in names) + "]\ntables:\n  victim: {columns: {id: integer}}\n"
            for number, name in enumerate(names):
                comment = "" if project.engine == "sqlite" else f"    comment: {quoted('about ' + name)}\n"
                column_comment = "" if project.engine == "sqlite" else f", comment: {quoted(name)}"
                model += f"  {key(name + str(number))}:\n{comment}    columns:\n      id: {{type: integer, null: false}}\n"
                model += f"      {quoted(name)}: {{type: varchar(99), default: {quoted(name)}{column_comment}}}\n      feeling: {{type: mood, default: {quoted(name)}}}\n"
                model += f"    primary_key: [id]\n    indexes:\n      {quoted('ix ' + name + str(number))}: {{columns: [{{column: {quoted(name)}}}]}}\n"
                model += f"    checks:\n      {quoted('ck ' + name + str(number))}: \"id > 0\"\n"
            project.write("model.yaml", model)
            project.migrate("revision", "-a", "-m", "it's; -- nasty")
            project.migrate("upgrade")
            self.assertEqual(project.sql("SELECT count(*) FROM victim"), "0")
            project.migrate("check")
            project.migrate("drift")
            project.migrate("downgrade", "base")
            self.assertEqual(project.sql("SELECT count(*) FROM victim"), "0")
            self.assertNotIn("feeling", project.migrate("inspect").out)

    def test_messages_and_ids_are_only_text(self):
        for project in self.each():
            # The framework's tables hold any text, whatever the database's own character set is.
            message = "'); DROP TABLE schema_versions; -- 漢字 🙂 \\"
            project.unit("0001-aaaaaa", "", "CREATE TABLE a (id integer);", "DROP TABLE a;", message=message)
            project.migrate("upgrade")
            self.assertIn(message, project.migrate("history").out)
            project.write("script.sql", project.migrate("downgrade", "base", "--sql").out)
            project.migrate("downgrade", "base")

    def test_includes_stay_inside_the_folder(self):
        for project in self.each():
            project.write("outside.sql", "CREATE TABLE outside (a integer);")
            for name in ("../outside.sql", str(project.folder / "outside.sql"), "link.sql"):
                if name == "link.sql":
                    os.symlink(project.folder / "outside.sql", project.folder / "migrations/.link")
                    os.symlink(project.folder, project.folder / "migrations/sub")
                    name = "sub/outside.sql"
                project.write("migrations/0001.sql", f"-- revision: 0001-aaaaaa\n-- message: m\n\n-- migrate: upgrade\n-- migrate: include {name}\n\n-- migrate: downgrade none\n")
                self.assertIn("0001.sql", project.migrate("upgrade", code=2).err)


class Schemas(TestCase):
    def setUp(self):
        if "postgresql" not in engines():
            self.skipTest("no PostgreSQL")
        self.p = self.project("postgresql")

    def test_the_versions_table_in_a_schema_of_its_own(self):
        p = self.p
        p.config("versions_table: meta.schema_versions")
        p.unit("0001-aaaaaa", "", "CREATE TABLE a (id integer);", "DROP TABLE a;")
        refused = p.migrate("upgrade", code=1).err
        self.assertIn("meta", refused)
        self.assertIn("create meta first", refused)
        self.assertEqual(p.sql("SELECT count(*) FROM pg_tables WHERE tablename = 'a'"), "0")
        p.sql("CREATE SCHEMA meta")
        p.migrate("upgrade")
        p.migrate("drift")
        self.assertEqual(p.sql("SELECT string_agg(tablename, ' ' ORDER BY tablename) FROM pg_tables WHERE schemaname = 'meta'"), "schema_versions schema_versions_log schema_versions_schema")
        self.assertEqual(p.sql("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"), "1")
        self.assertNotIn("meta", p.migrate("inspect").out)
        self.assertEqual(p.database.script(p.migrate("downgrade", "base", "--sql").out, p.folder).code, 0)

    def test_unqualified_names_mean_the_first_schema(self):
        p = self.p
        p.config("schemas: [app, public]")
        p.unit("0001-aaaaaa", "", "CREATE SCHEMA app;", "DROP SCHEMA app;")
        p.migrate("upgrade")
        p.unit("0002-bbbbbb", "0001-aaaaaa", "CREATE TABLE a (id integer);", "DROP TABLE a;")
        p.migrate("upgrade")
        self.assertEqual(p.sql("SELECT schemaname FROM pg_tables WHERE tablename = 'a'"), "app")
        p.write("model.yaml", "tables:\n  a: {columns: {id: integer}}\n  b: {columns: {id: {type: bigint, identity: always}}, primary_key: [id]}\n  public.c: {columns: {id: integer}}\n")
        p.migrate("revision", "-a", "-m", "b")
        p.migrate("upgrade")
        self.assertEqual(p.sql("SELECT string_agg(schemaname || '.' || tablename, ' ' ORDER BY schemaname, tablename) FROM pg_tables WHERE tablename IN ('a', 'b', 'c')"), "app.a app.b public.c")
        p.migrate("check")
        p.migrate("drift")
        p.migrate("downgrade", "0001")
        script = p.migrate("upgrade", "--sql").out
        done = p.database.script(script, p.folder)
        self.assertEqual(done.code, 0, done)
        p.migrate("check")

    def test_a_role_that_may_only_do_what_the_units_need(self):
        p = self.p
        role = p.database.name + "_role"
        p.config("versions_table: meta.schema_versions")
        p.unit("0001-aaaaaa", "", "CREATE TABLE a (id integer);", "DROP TABLE a;")
        p.sql("CREATE SCHEMA meta")
        p.migrate("upgrade")
        p.sql(f"CREATE ROLE {role} LOGIN PASSWORD 'secret'")
        self.addCleanup(lambda: p.database.client(p.database.admin, f"DROP ROLE {role}"))
        self.addCleanup(lambda: p.sql(f"DROP OWNED BY {role}"))
        p.sql(f"REVOKE CREATE ON SCHEMA public FROM public; GRANT USAGE ON SCHEMA meta TO {role}; GRANT SELECT, INSERT, UPDATE, DELETE ON meta.schema_versions, meta.schema_versions_log TO {role};"
              f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA meta TO {role}; GRANT SELECT, INSERT ON a TO {role}")
        parts = urllib.parse.urlsplit(p.database.url)
        url = parts._replace(netloc=f"{role}:secret@{parts.hostname}:{parts.port}").geturl()
        p.unit("0002-bbbbbb", "0001-aaaaaa", "INSERT INTO a VALUES (1);", "SELECT 1;")
        done = p.migrate("upgrade", "--database", url)
        self.assertIn("could not be kept", done.err)
        self.assertEqual(p.sql("SELECT count(*) FROM a"), "1")
        self.assertNotIn("secret", done.err + done.out)
        p.unit("0003-cccccc", "0002-bbbbbb", "CREATE TABLE not_allowed (a integer);", "SELECT 1;")
        self.assertIn("permission denied", p.migrate("upgrade", "--database", url, code=1).err)


if __name__ == "__main__":
    main()
