"""Operations on definitions and rows together, with real rows, on every engine and back."""
import atexit
import pathlib
import shutil
import tempfile

from support import TestCase, main

CACHE = pathlib.Path(tempfile.mkdtemp(prefix="migrate-units-"))
atexit.register(shutil.rmtree, CACHE, ignore_errors=True)

BASE = '''
void upgrade(migrate::Operations& op) {
  op.create_table("users", [](migrate::TableDefinition& t) {
    t.column("id", "bigint").identity().primary_key();
    t.column("name", "varchar(50)").not_null();
    t.column("boss_id", "bigint").references("users", "id");
    t.column("street", "varchar(50)");
    t.column("city", "varchar(50)").not_null().default_value("?");
    t.index({"boss_id"}, "ix_users_boss");
    t.index({"city"}, "ix_users_city");
  });
  op.create_table("tags", [](migrate::TableDefinition& t) {
    t.column("id", "bigint").identity().primary_key();
    t.column("name", "varchar(50)").not_null();
  });
  op.create_table("user_tags", [](migrate::TableDefinition& t) {
    t.column("user_id", "bigint");
    t.column("tag_id", "bigint");
    t.primary_key({"user_id", "tag_id"});
    t.foreign_key({"user_id"}, "users", {"id"}).on_delete("cascade");
    t.foreign_key({"tag_id"}, "tags", {"id"}).on_delete("cascade");
  });
  op.create_view("bosses", "SELECT u.id, u.name FROM users u WHERE u.boss_id IS NULL");
  op.bulk_insert("users", {"id", "name", "boss_id", "street", "city"},
                 {{1, "Ann Lee", nullptr, "Elm", "x"}, {2, "Bo", 1, nullptr, "y"}, {7, "Cy de Do", 2, "Oak", "z"}});
  op.bulk_insert("tags", {"id", "name"}, {{1, "a"}, {2, "b"}});
  op.bulk_insert("user_tags", {"user_id", "tag_id"}, {{1, 1}, {1, 2}, {7, 2}});
}
void downgrade(migrate::Operations& op) {
  op.drop_view("bosses");
  op.drop_table("user_tags");
  op.drop_table("tags");
  op.drop_table("users");
}
'''

UUID = '''
void upgrade(migrate::Operations& op) { op.change_key_to_uuid("users"); }
void downgrade(migrate::Operations& op) { op.change_key_to_integer("users"); }
'''

SPLIT = '''
void upgrade(migrate::Operations& op) {
  op.drop_view("bosses");
  op.split_column_at("users", "name", " ", migrate::column("first_name", "varchar(50)").not_null(), migrate::column("last_name", "varchar(50)"));
  op.split_table({.table = "users", .into = "addresses", .columns = {"street", "city"}});
}
void downgrade(migrate::Operations& op) {
  op.merge_tables({.table = "users", .into = "addresses", .columns = {"street", "city"}});
  op.merge_columns_with("users", {"first_name", "last_name"}, " ", migrate::column("name", "varchar(50)").not_null());
  op.create_view("bosses", "SELECT u.id, u.name FROM users u WHERE u.boss_id IS NULL");
}
'''

PEOPLE = "SELECT u.name, b.name, t.name FROM users u LEFT JOIN users b ON b.id = u.boss_id LEFT JOIN user_tags x ON x.user_id = u.id LEFT JOIN tags t ON t.id = x.tag_id ORDER BY u.name, t.name"


def write(project, id, parents, body):
    parents = f"// parents: {parents}\n" if parents else ""
    project.write(f"migrations/{id}.cpp", f"// revision: {id}\n{parents}// message: unit {id}\n\n#include <migrate/unit.hpp>\n{body}\nMIGRATE_UNIT(upgrade, downgrade)\n")


def definitions(project):
    """What inspect writes, whatever the order of columns and indexes, which not every engine lets one choose."""
    return sorted(project.migrate("inspect").out.replace("{type: integer}", "{type: bigint}").splitlines())


class Data(TestCase):

    def test_a_key_becomes_uuids_with_all_that_points_to_it(self):
        for project in self.each(f"cpp: {{cache: {CACHE}}}"):
            write(project, "0001-aaaaaa", "", BASE)
            project.migrate("upgrade")
            before, people = definitions(project), project.sql(PEOPLE)
            write(project, "0002-bbbbbb", "0001-aaaaaa", UUID)
            project.migrate("upgrade")
            self.assertEqual(project.sql(PEOPLE), people)
            self.assertEqual(len(project.sql("SELECT id FROM users WHERE name = 'Bo'")), 36)
            model = project.migrate("inspect").out
            self.assertIn("fk_user_tags_user_id: {columns: [user_id], references: users(id), on_delete: cascade}", model)
            self.assertIn("primary_key: [user_id, tag_id]" if project.engine != "postgresql" else "columns: [user_id, tag_id]", model)
            self.assertIn("bosses", model)
            # A row that never had a number gets one on the way back; the others get theirs.
            project.sql("INSERT INTO users (name, boss_id) SELECT 'Di Di', id FROM users WHERE name = 'Bo'")
            project.migrate("downgrade", "-1")
            self.assertEqual(definitions(project), before)
            self.assertEqual(project.sql("SELECT id FROM users ORDER BY id").split(), ["1", "2", "7", "8"])
            self.assertEqual(project.sql("SELECT boss_id FROM users WHERE id = 8"), "2")
            # Numbers go on behind the largest.
            project.sql("INSERT INTO users (name) VALUES ('Ed')")
            self.assertEqual(project.sql("SELECT id FROM users WHERE name = 'Ed'"), "9")
            project.sql("DELETE FROM users WHERE id > 7")
            self.assertEqual(project.sql(PEOPLE), people)

    def test_columns_and_tables_are_split_and_merged_with_their_rows(self):
        for project in self.each(f"cpp: {{cache: {CACHE}}}"):
            write(project, "0001-aaaaaa", "", BASE)
            project.migrate("upgrade")
            rows = "SELECT name, coalesce(street, '-'), city FROM users ORDER BY id"
            before, people = definitions(project), project.sql(rows)
            write(project, "0002-bbbbbb", "0001-aaaaaa", SPLIT)
            project.migrate("upgrade")
            self.assertEqual(project.sql("SELECT first_name FROM users ORDER BY id").split(), ["Ann", "Bo", "Cy"])
            self.assertEqual(project.sql("SELECT last_name FROM users WHERE last_name IS NOT NULL ORDER BY id").splitlines(), ["Lee", "de Do"])
            self.assertEqual(project.sql("SELECT city FROM addresses ORDER BY id").split(), ["x", "y", "z"])
            self.assertIn("ix_users_city", project.migrate("inspect").out)
            project.migrate("downgrade", "-1")
            self.assertEqual(definitions(project), before)
            self.assertEqual(project.sql(rows), people)


class Autogenerate(TestCase):
    MODEL = """
enums:
  order_status: [new, paid, shipped]
tables:
  users:
    comment: People who can sign in
    columns:
      id:      {type: bigint, identity: by_default}
      mail:    {type: varchar(255), null: false}
      status:  {type: order_status, default: new, null: false}
      total:   {type: "numeric(12,2)"}
      ok:      {type: boolean, default: true}
      created: {type: timestamptz, null: false, default: {sql: now()}}
      team_id: {type: bigint, references: teams(id)}
    primary_key: [id]
    uniques:  {uq_users_mail: [mail]}
    indexes:  {ix_users_created: {columns: [created desc]}}
    checks:   {ck_users_mail: "mail <> 'it''s'"}
  teams:
    columns: {id: {type: bigint, identity: by_default}, name: text}
    primary_key: [id]
views:
  mails: {query: "SELECT mail FROM users"}
"""

    def test_an_autogenerated_unit_in_cpp_leaves_no_difference_on_any_engine(self):
        text = None
        for project in self.each(f"cpp: {{cache: {CACHE}}}\nrevision: {{format: cpp}}"):
            project.write("model.yaml", self.MODEL)
            if text is None:
                project.migrate("revision", "-a", "-m", "first")
                text = (project.folder / "migrations/0001_first.cpp").read_text()
            project.write("migrations/0001_first.cpp", text)
            project.migrate("verify", "--update", "--offline")
            project.migrate("upgrade")
            project.migrate("check")
            changed = self.MODEL.replace("paid, shipped", "paid, sent, shipped").replace("varchar(255)", "varchar(300)").replace("total: ", "sum: ")
            changed = changed.replace("    indexes:  {ix_users_created: {columns: [created desc]}}\n", "").replace("name: text", "name: text, size: {type: int, null: false}")
            project.write("model.yaml", changed)
            project.migrate("revision", "-a", "-m", "second", "--rename", "users.total:sum")
            project.migrate("upgrade")
            project.migrate("check")
            project.write("model.yaml", self.MODEL)
            project.migrate("downgrade", "-1")
            self.assertIn("no difference", project.migrate("diff").err + project.migrate("diff").out)
            project.migrate("downgrade", "base")


if __name__ == "__main__":
    main()
