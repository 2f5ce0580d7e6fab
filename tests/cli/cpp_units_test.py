"""C++ units from the command line, on every engine: what they do, how they fail, how a run that was killed goes on."""
import os
import pathlib
import shutil
import subprocess
import tempfile
import time

from support import PROGRAM, Project, TestCase, dialect_of, engines, main

CACHE = pathlib.Path(tempfile.mkdtemp(prefix="migrate-units-"))

USERS = '''
void upgrade(migrate::Operations& op) {
  op.create_table("teams", [](migrate::TableDefinition& t) {
    t.column("id", "bigint").identity().primary_key();
    t.column("name", "varchar(50)").not_null();
  });
  op.create_table("users", [](migrate::TableDefinition& t) {
    t.column("id", "bigint").identity().primary_key();
    t.column("mail", "varchar(255)").not_null().unique();
    t.column("status", "user_status").values({"new", "old"}).not_null().default_value("new");
    t.column("team_id", "bigint").references("teams", "", "cascade");
    t.column("age", "integer").not_null().default_value(3);
    t.column("created", "timestamp").default_sql("now()");
    t.index({"created desc"});
    t.check("mail <> ''", "ck_users_mail");
    t.comment("People");
  });
  op.bulk_insert("teams", {"name"}, {{"red"}, {"o'blue"}, {"green \\\\ ?"}});
  for (auto [id, name] : op.query<long long, std::string>("SELECT id, name FROM teams ORDER BY id")) {
    op.execute("INSERT INTO users (mail, team_id) VALUES (?, ?)", {name + "@x.org", id});
  }
}

void downgrade(migrate::Operations& op) {
  op.drop_table("users");
  op.drop_table("teams");
  op.drop_enum("user_status");
}
'''

CHANGES = '''
void upgrade(migrate::Operations& op) {
  op.rename_column("users", "mail", "email");
  op.alter_column("users", "age", migrate::alter().type("bigint").nullable().no_default());
  op.alter_column("users", "email", migrate::alter().type("varchar(300)"));
  op.drop_column("users", "created");
  op.create_view("ages", "SELECT id, age FROM users");
  op.update_in_batches("users", {.set = "age = age + 1", .size = 2});
  op.create_index("users", {"age", "email"}, "ix_users_age");
  op.add_check("users", "age > 0", "ck_users_age");
  op.rename_table("teams", "groups_of_users");
  op.add_column("groups_of_users", migrate::column("size", "integer").not_null().backfill("7"));
  op.drop_foreign_key("users", "fk_users_team_id");
  op.add_foreign_key("users", migrate::ForeignKeyDefinition({"team_id"}, "groups_of_users").named("fk_users_group"));
  if (op.value<long long>("SELECT sum(age) FROM users") != 12) throw std::runtime_error("the ages are wrong");
}

void downgrade(migrate::Operations& op) {
  op.drop_foreign_key("users", "fk_users_group");
  op.drop_column("groups_of_users", "size");
  op.rename_table("groups_of_users", "teams");
  op.add_foreign_key("users", migrate::ForeignKeyDefinition({"team_id"}, "teams").on_delete("cascade"));
  op.drop_check("users", "ck_users_age");
  op.drop_index("users", "ix_users_age");
  op.drop_view("ages");
  op.add_column("users", migrate::column("created", "timestamp").default_sql("now()"));
  op.create_index("users", {"created desc"});
  op.execute("UPDATE users SET age = 3");
  op.alter_column("users", "age", migrate::alter().type("integer").not_null().default_value(3));
  op.alter_column("users", "email", migrate::alter().type("varchar(255)"));
  op.rename_column("users", "email", "mail");
}
'''


def unit(project, id, parents, body, header="", name=None):
    text = f"// revision: {id}\n" + (f"// parents: {parents}\n" if parents else "") + f"// message: unit {id}\n{header}\n#include <migrate/unit.hpp>\n"
    if "MIGRATE_UNIT" not in body:
        body += "\nMIGRATE_UNIT(upgrade, downgrade)\n"
    return project.write(f"migrations/{name or id}.cpp", text + body)


def simple(up, down="(void)op;"):
    return f"void upgrade(migrate::Operations& op) {{ {up} }}\nvoid downgrade(migrate::Operations& op) {{ {down} }}\n"


def schema_of(project):
    """What inspect writes, but for the order of indexes, which MariaDB lists as they were made."""
    return sorted(project.migrate("inspect").out.splitlines())


class CppUnits(TestCase):
    def each_with_cache(self, more=""):
        return self.each(f"cpp: {{cache: {CACHE}}}\n{more}")

    def test_one_unit_runs_on_every_engine_and_back(self):
        for project in self.each_with_cache():
            unit(project, "0001-aaaaaa", "", USERS)
            unit(project, "0002-bbbbbb", "0001-aaaaaa", CHANGES)
            empty = schema_of(project)
            project.migrate("upgrade", "+1")
            first = schema_of(project)
            project.migrate("upgrade")
            self.assertEqual(project.sql("SELECT count(*) FROM users WHERE email = 'o''blue@x.org'"), "1")
            self.assertEqual(project.sql("SELECT min(size) FROM groups_of_users"), "7")
            second = schema_of(project)
            project.migrate("downgrade", "-1")
            self.assertEqual(schema_of(project), first)
            project.migrate("upgrade")
            self.assertEqual(schema_of(project), second)
            project.migrate("downgrade", "base")
            self.assertEqual(schema_of(project), empty)

    def test_columns_of_one_check_are_renamed_one_after_the_other(self):
        for project in self.each_with_cache():
            unit(project, "0001-aaaaaa", "", simple('op.execute("CREATE TABLE a (x integer, y integer, CONSTRAINT c CHECK (x < y))");', 'op.drop_table("a");'))
            unit(project, "0002-bbbbbb", "0001-aaaaaa", simple('op.rename_column("a", "x", "p"); op.rename_column("a", "y", "q");', 'op.rename_column("a", "q", "y"); op.rename_column("a", "p", "x");'))
            project.migrate("upgrade")
            project.sql("INSERT INTO a (p, q) VALUES (1, 2)")
            self.assertIn("p < q", project.migrate("inspect").out)
            project.migrate("downgrade", "-1")
            self.assertEqual(project.sql("SELECT x + y FROM a"), "3")
            self.assertIn("x < y", project.migrate("inspect").out)

    def killed(self, engine, header, moment):
        """The state after a run that was killed at a moment and run again; and how many moments there are."""
        project = Project(engine, f"cpp: {{cache: {CACHE}}}")
        try:
            unit(project, "0001-aaaaaa", "", USERS, header)
            unit(project, "0002-bbbbbb", "0001-aaaaaa", CHANGES, header)
            first = project.migrate("upgrade", code=None, env={"MIGRATE_TEST_CRASH_AT": str(moment)})
            self.assertEqual(first.code, -9 if moment > 0 else 0, first)
            if moment > 0:
                project.migrate("upgrade")
            state = [project.migrate("inspect").out, project.sql("SELECT email, age FROM users ORDER BY email"), project.sql("SELECT name, size FROM groups_of_users ORDER BY name")]
            return state, int(first.err.split("crash points:")[1].split()[0]) if moment == 0 else 0
        finally:
            project.close()

    def test_a_run_that_is_killed_at_any_moment_goes_on(self):
        kills = int(os.environ.get("MIGRATE_TEST_KILLS", "6"))
        for engine in engines():
            # Where DDL is transactional every statement commits by itself here, and progress is recorded as elsewhere.
            header = "// transaction: off\n" if dialect_of(engine) != "mysql" else ""
            with self.subTest(engine=engine):
                wanted, moments = self.killed(engine, header, 0)
                for moment in range(2, moments, max(1, moments // kills)):
                    state, _ = self.killed(engine, header, moment)
                    self.assertEqual(state, wanted, f"killed at moment {moment} of {moments}")

    def test_what_fails_names_the_unit_and_the_line(self):
        for project in self.each_with_cache():
            unit(project, "0001-aaaaaa", "", simple('op.execute("CREATE TABLE a (id integer)");\n  op.execute("INSERT INTO nowhere VALUES (1)");'))
            done = project.migrate("upgrade", code=1)
            self.assertIn("0001-aaaaaa.cpp:6", done.err)
            self.assertIn("nowhere", done.err)
            unit(project, "0001-aaaaaa", "", simple('op.execute("CREATE TABLE a (id integer)");\n  throw std::runtime_error("no luck");'))
            done = project.migrate("upgrade", code=1)
            self.assertIn("the unit threw an exception: no luck", done.err)
            self.assertIn("0001-aaaaaa", done.err)

    def test_a_crash_is_reported_and_the_next_run_goes_on(self):
        for project in self.each_with_cache():
            crash = 'op.execute("CREATE TABLE a (id integer)");\n  volatile int* p = nullptr; *p = 1;'
            unit(project, "0001-aaaaaa", "", simple(crash))
            done = project.migrate("upgrade", code=1)
            self.assertIn("SIGSEGV", done.err)
            self.assertIn("0001-aaaaaa", done.err)
            unit(project, "0001-aaaaaa", "", simple('op.execute("CREATE TABLE a (id integer)");\n  std::abort();'))
            self.assertIn("SIGABRT", project.migrate("upgrade", code=1).err)
            unit(project, "0001-aaaaaa", "", simple('op.execute("CREATE TABLE a (id integer)");\n  std::exit(0);'))
            self.assertIn("exit", project.migrate("upgrade", code=1).err)
            unit(project, "0001-aaaaaa", "", simple('op.execute("CREATE TABLE a (id integer)");'))
            project.migrate("upgrade")
            self.assertEqual(project.sql("SELECT count(*) FROM a"), "0")

    def test_a_script_holds_what_the_unit_would_run(self):
        for project in self.each_with_cache():
            body = USERS.replace('op.query<long long, std::string>("SELECT id, name FROM teams ORDER BY id")', 'std::vector<std::tuple<long long, std::string>>{{1, "x"}}')
            unit(project, "0001-aaaaaa", "", body)
            script = project.migrate("upgrade", "--sql").out
            self.assertIn("INSERT INTO users (mail, team_id) VALUES ('x@x.org', 1)", script)
            done = project.database.script(script, project.folder)
            self.assertEqual(done.code, 0, done)
            self.assertIn("head", project.migrate("current").out)
            self.assertEqual(project.sql("SELECT count(*) FROM users"), "1")
            # The row of the versions table knows the way back without the unit.
            project.migrate("downgrade", "base")
            project.migrate("upgrade")
            (project.folder / "migrations/0001-aaaaaa.cpp").unlink()
            project.migrate("downgrade", "base")
            unit(project, "0001-aaaaaa", "", USERS)
            done = project.migrate("upgrade", "--sql", code=2)
            self.assertIn("a query cannot be answered", done.err)
            self.assertIn("0001-aaaaaa.cpp:", done.err)

    def test_without_a_compiler_a_built_unit_runs(self):
        project = self.project("sqlite")
        unit(project, "0001-aaaaaa", "", simple('op.execute("CREATE TABLE a (id integer)");'))
        nothing = {"CXX": "no-such-compiler"}
        done = project.migrate("upgrade", code=2, env=nothing)
        self.assertIn("no compiler 'no-such-compiler'", done.err)
        self.assertIn("0001-aaaaaa", done.err)
        started = time.monotonic()
        project.migrate("build")
        print(f"a unit is built in {time.monotonic() - started:.2f} s")
        started = time.monotonic()
        project.migrate("upgrade", env={"PATH": "/nowhere"})
        print(f"a built unit runs in {time.monotonic() - started:.3f} s")
        self.assertEqual(project.sql("SELECT count(*) FROM a"), "0")

    def test_a_unit_for_another_standard_library_is_refused(self):
        project = self.project("sqlite", "cpp: {flags: -D_GLIBCXX_USE_CXX11_ABI=0}")
        unit(project, "0001-aaaaaa", "", simple('op.execute("CREATE TABLE a (id integer)");'))
        done = project.migrate("upgrade", code=1)
        self.assertIn("does not fit this program", done.err)
        self.assertIn("0001-aaaaaa", done.err)

    def test_batches_go_on_where_they_were_killed(self):
        for engine in engines():
            header = "// transaction: off\n" if dialect_of(engine) != "mysql" else ""
            with self.subTest(engine=engine):
                moment = 8
                while True:
                    project = Project(engine, f"cpp: {{cache: {CACHE}}}")
                    try:
                        project.unit("0001-aaaaaa", "", "CREATE TABLE a (id integer NOT NULL PRIMARY KEY, n integer NOT NULL);\nINSERT INTO a VALUES " + ", ".join(f"({i}, 0)" for i in range(1, 48)) + ";", "DROP TABLE a;")
                        project.migrate("upgrade")
                        unit(project, "0002-bbbbbb", "0001-aaaaaa", simple('op.update_in_batches("a", {.set = "n = n + 1", .where = "id <> 13", .size = 10});\n  op.delete_in_batches("a", {.where = "id > 40", .size = 3});'), header)
                        done = project.migrate("upgrade", code=None, env={"MIGRATE_TEST_CRASH_AT": str(moment)})
                        project.migrate("upgrade")
                        self.assertEqual(project.sql("SELECT count(*), min(n), max(n), sum(n) FROM a").split("|" if project.dialect != "mysql" else None), ["40", "0", "1", "39"], f"killed at {moment}")
                        if done.code == 0:
                            break
                        moment += 29
                    finally:
                        project.close()

    def test_a_compiler_error_is_shown_as_printed(self):
        project = self.project("sqlite")
        unit(project, "0001-aaaaaa", "", simple("op.create_tabel();"))
        unit(project, "0002-bbbbbb", "0001-aaaaaa", simple('op.execute("CREATE TABLE a (id integer)");'))
        done = project.migrate("upgrade", code=2)
        self.assertIn("migrations/0001-aaaaaa.cpp:5:", done.err)
        self.assertIn("create_tabel", done.err)
        self.assertEqual(project.sql("SELECT count(*) FROM sqlite_master"), "0")


if __name__ == "__main__":
    try:
        main()
    finally:
        shutil.rmtree(CACHE, ignore_errors=True)
