"""`migrate drift`: what somebody changed by hand since the last run is found, and nothing else."""
import json

from support import TestCase, main

TABLES = """CREATE TABLE team (id integer PRIMARY KEY, name varchar(50) NOT NULL);
CREATE TABLE person (id integer PRIMARY KEY, mail varchar(100) DEFAULT 'it''s', team_id integer, CONSTRAINT fk_team FOREIGN KEY (team_id) REFERENCES team (id));
CREATE INDEX ix_person_mail ON person (mail);
CREATE VIEW names AS SELECT name FROM team;"""
GONE = "DROP VIEW names;\nDROP TABLE person;\nDROP TABLE team;"


class Drift(TestCase):
    def started(self, project):
        project.unit("0001-aaaaaa", "", TABLES, GONE)
        project.migrate("upgrade")

    def test_nothing_is_found_after_any_run(self):
        for project in self.each():
            self.started(project)
            self.assertIn("nobody changed the schema", project.migrate("drift").out)
            project.unit("0002-bbbbbb", "0001-aaaaaa", "ALTER TABLE team ADD COLUMN note varchar(10);", "ALTER TABLE team DROP COLUMN note;")
            for command in ("upgrade", "downgrade -1", "stamp head", "stamp 0001", "downgrade base"):
                project.migrate(*command.split())
                project.migrate("drift")
            self.assertNotIn("schema_versions", project.migrate("inspect").out)
            project.migrate("check", code=3)

    def test_changes_by_hand_are_shown(self):
        for project in self.each():
            self.started(project)
            project.sql("ALTER TABLE team ADD COLUMN note varchar(10)")
            project.sql("CREATE TABLE stray (a integer)")
            project.sql("DROP VIEW names")
            project.sql("CREATE VIEW names AS SELECT id, name FROM team")
            shown = project.migrate("drift", code=3).out
            self.assertIn("add column team.note varchar(10)", shown)
            self.assertIn("create table stray", shown)
            self.assertIn("view names", shown)
            self.assertIn("+", shown)
            data = json.loads(project.migrate("drift", "--json", code=3).out)
            self.assertTrue(data["drift"])
            self.assertEqual({(item["kind"], item["name"]) for item in data["objects"]}, {("table", "team"), ("table", "stray"), ("view", "names")})
            project.migrate("drift", "--accept")
            project.migrate("drift")
            project.sql("DROP TABLE stray")
            self.assertIn("drop table stray", project.migrate("drift", code=3).out)

    def test_upgrade_refuses_before_anything_runs(self):
        for project in self.each():
            self.started(project)
            project.unit("0002-bbbbbb", "0001-aaaaaa", "CREATE TABLE later (a integer);", "DROP TABLE later;")
            project.sql("DROP INDEX ix_person_mail" + (" ON person" if project.dialect == "mysql" else ""))
            done = project.migrate("upgrade", "--check-drift", code=3)
            self.assertIn("drop index person.ix_person_mail", done.err)
            self.assertEqual(project.migrate("current").out.count("0002"), 0)
            project.migrate("drift", "--accept")
            project.migrate("upgrade", "--check-drift")
            project.migrate("upgrade", "--check-drift")
            project.sql("CREATE TABLE stray (a integer)")
            project.migrate("upgrade", "--check-drift", code=3)

    def test_it_can_be_switched_off(self):
        for project in self.each("drift: {enabled: false}"):
            self.started(project)
            self.assertIn("no schema is kept", project.migrate("drift", code=1).err)
            project.migrate("drift", "--accept")
            project.migrate("drift")

    def test_a_baseline_is_kept(self):
        for project in self.each():
            for statement in TABLES.split(";\n"):
                project.sql(statement.rstrip(";"))
            for name in ("migrate.yaml", "model.yaml"):
                (project.folder / name).unlink()
            project.migrate("init", "--database", project.database.url)
            project.migrate("drift")
            project.sql("CREATE TABLE stray (a integer)")
            project.migrate("drift", code=3)

    def test_a_failed_run_keeps_what_came_before(self):
        for project in self.each():
            self.started(project)
            project.unit("0002-bbbbbb", "0001-aaaaaa", "CREATE TABLE later (a integer);", "DROP TABLE later;")
            project.unit("0003-cccccc", "0002-bbbbbb", "CREATE TABLE last (a integer);\nINSERT INTO no_such_table VALUES (1);", "DROP TABLE last;")
            project.migrate("upgrade", code=1)
            project.migrate("drift")

    def test_rows_cost_only_what_changed(self):
        for project in self.each():
            self.started(project)
            before = project.sql("SELECT count(*) FROM schema_versions_schema")
            project.unit("0002-bbbbbb", "0001-aaaaaa", "UPDATE team SET name = 'x';", "UPDATE team SET name = 'y';")
            project.sql("UPDATE schema_versions_schema SET kept_at = 'then'")
            project.migrate("upgrade")
            self.assertEqual(project.sql("SELECT count(*) FROM schema_versions_schema"), before)
            self.assertEqual(project.sql("SELECT count(*) FROM schema_versions_schema WHERE kept_at <> 'then'"), "1")

    def test_other_revisions_are_told_from_drift(self):
        for project in self.each():
            self.started(project)
            project.unit("0002-bbbbbb", "0001-aaaaaa", "CREATE TABLE later (a integer);", "DROP TABLE later;")
            script = project.migrate("upgrade", "--sql").out
            self.assertEqual(project.database.script(script, project.folder).code, 0)
            shown = project.migrate("drift", code=3).out
            self.assertIn("when other revisions were applied", shown)
            self.assertIn("0002-bbbbbb", shown)

    def test_everything_an_engine_has_is_read_back(self):
        for project in self.each():
            if project.engine == "postgresql":
                project.sql("""CREATE TYPE mood AS ENUM ('sad', 'it''s ok'); CREATE DOMAIN positive AS integer CHECK (VALUE > 0);
                    CREATE SEQUENCE numbers START 5; CREATE TABLE "Odd Name" (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, m mood DEFAULT 'sad', p positive,
                    t text COLLATE "C", n numeric(10,2) GENERATED ALWAYS AS (p * 2) STORED, EXCLUDE USING btree (p WITH =)) ;
                    COMMENT ON TABLE "Odd Name" IS E'two\nlines: ''quoted'' -- é';
                    CREATE UNIQUE INDEX ON "Odd Name" (lower(t) DESC) WHERE p > 3;
                    CREATE FUNCTION f(a integer, b text) RETURNS integer LANGUAGE plpgsql AS $$ BEGIN RETURN a; END $$;
                    CREATE MATERIALIZED VIEW mv AS SELECT id, t FROM "Odd Name"; CREATE INDEX ON mv (t);
                    CREATE SCHEMA other; CREATE TABLE parts (a integer) PARTITION BY RANGE (a); CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM (1) TO (9);
                    CREATE TYPE pair AS (a integer, b text); ALTER TABLE parts ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON parts USING (a > 1)""")
            elif project.dialect == "mysql":
                project.sql("""CREATE TABLE `Odd Name` (id bigint unsigned AUTO_INCREMENT PRIMARY KEY, e ENUM('a','it''s') DEFAULT 'a', j json, v varchar(20) GENERATED ALWAYS AS (upper(e)) VIRTUAL,
                    t text, FULLTEXT KEY ft (t), KEY pre (t(10)), n int, CHECK (n > 0)) COMMENT='two\\nlines ''quoted'' -- é' CHARSET=latin1;
                    CREATE PROCEDURE proc(a int) SELECT a; CREATE FUNCTION fn(a int) RETURNS int DETERMINISTIC RETURN a + 1;
                    CREATE VIEW vw AS SELECT id FROM `Odd Name`; CREATE TRIGGER tr BEFORE INSERT ON `Odd Name` FOR EACH ROW SET NEW.t = 'x'""")
            else:
                project.sql("""CREATE TABLE "Odd Name" (id integer PRIMARY KEY AUTOINCREMENT, t text COLLATE NOCASE DEFAULT 'it''s', g integer GENERATED ALWAYS AS (id * 2) VIRTUAL, CHECK (id > 0), UNIQUE (t));
                    CREATE INDEX part ON "Odd Name" (lower(t)) WHERE id > 3; CREATE VIEW vw AS SELECT id FROM "Odd Name";
                    CREATE TRIGGER tr AFTER INSERT ON "Odd Name" BEGIN UPDATE "Odd Name" SET t = 'x' WHERE id = new.id; END; CREATE TABLE s (a text) STRICT;
                    CREATE VIRTUAL TABLE search USING fts5(body)""")
            project.unit("0001-aaaaaa", "", "CREATE TABLE plain (a integer);", "DROP TABLE plain;")
            project.migrate("upgrade")
            project.migrate("drift")
            # One change must be the only one that is found: the kept texts are read back as the same schema.
            project.sql("ALTER TABLE plain ADD COLUMN b integer")
            data = json.loads(project.migrate("drift", "--json", code=3).out)
            self.assertEqual([change["change"] for change in data["changes"]], ["add column plain.b integer" if project.dialect != "mysql" else "add column plain.b int"])


if __name__ == "__main__":
    main()
