#include "dialect/render.hpp"
#include "mysql_support.hpp"

namespace mysql_change_test {

using namespace migrate;
using namespace migrate::mysql_test;

namespace {

struct Case {
  const char* name;
  const char* before;
  std::vector<Operation> (*change)(const Schema&);
  const char* after;      ///< SQL that makes the schema as it should be in an empty database
  const char* rows = "";    ///< SQL that fills the tables before the change
  const char* server = "";  ///< "mariadb" when MySQL has no such thing
};

const Table& table(const Schema& schema, const std::string& name) { return *find_named(schema.tables, QualifiedName{"", name}); }
const Column& column(const Schema& schema, const std::string& name, const std::string& of = "t") { return *find_named(table(schema, of).columns, name); }

Operation alter(const Schema& schema, const std::string& name, void (*edit)(Column&), const std::string& of = "t") {
  auto after = column(schema, name, of);
  edit(after);
  return Change<Column>{{"", of}, column(schema, name, of), after};
}

Operation alter_table(const Schema& schema, void (*edit)(Table&), const std::string& of = "t") {
  Table before;
  before.name = {"", of};
  before.comment = table(schema, of).comment;
  before.options = table(schema, of).options;
  auto after = before;
  edit(after);
  return Alter<Table>{before, after};
}

const QualifiedName t{"", "t"};

const std::vector<Case> cases = {
    {"columns added in places", "CREATE TABLE t (a int, b int);",
     [](const Schema&) -> std::vector<Operation> {
       return {AddColumn{t, {.name = "first", .type = "int"}, ""}, AddColumn{t, {.name = "middle", .type = "varchar(5)", .nullable = false, .default_value = Default{false, "it's"}}, "a"},
               AddColumn{t, {.name = "last", .type = "json"}}};
     },
     "CREATE TABLE t (first int, a int, middle varchar(5) NOT NULL DEFAULT 'it''s', b int, last json);", "INSERT INTO t VALUES (1, 2);"},
    {"a column dropped with its index", "CREATE TABLE t (a int, b int, KEY ib (b), KEY iab (a, b));",
     [](const Schema& s) -> std::vector<Operation> {
       return {DropIndex{t, table(s, "t").indexes[0]}, DropIndex{t, table(s, "t").indexes[1]}, DropColumn{t, column(s, "b"), "a"}};
     },
     "CREATE TABLE t (a int);"},
    {"a column renamed and changed with its check and index", "CREATE TABLE t (a int, b int, KEY k (a), CONSTRAINT ck CHECK (a > 1));",
     [](const Schema& s) -> std::vector<Operation> {
       auto after = column(s, "a");
       after.name = "z";
       auto before = after;
       after.type = "bigint unsigned";
       after.nullable = false;
       after.comment = "it's z";
       return {RenameColumn{t, "a", "z"}, AlterColumn{t, before, after}, Change<Check>{t, {.name = "ck", .expression = "a > 1"}, {.name = "ck", .expression = "z > 1"}}};
     },
     "CREATE TABLE t (z bigint unsigned NOT NULL COMMENT 'it''s z', b int, KEY k (z), CONSTRAINT ck CHECK (z > 1));", "INSERT INTO t VALUES (5, 6);"},
    {"two columns that swap their names", "CREATE TABLE t (a int, b varchar(10));",
     [](const Schema&) -> std::vector<Operation> { return {RenameColumn{t, "a", "x"}, RenameColumn{t, "b", "a"}, RenameColumn{t, "x", "b"}}; },
     "CREATE TABLE t (b int, a varchar(10));", "INSERT INTO t VALUES (1, 'x');"},
    {"columns in another order", "CREATE TABLE t (a int, b int, c int, d int);",
     [](const Schema&) -> std::vector<Operation> { return {ReorderColumns{t, {"a", "b", "c", "d"}, {"d", "a", "c", "b"}}}; },
     "CREATE TABLE t (d int, a int, c int, b int);"},
    {"auto_increment and the primary key together", "CREATE TABLE t (a int NOT NULL, b int);",
     [](const Schema& s) -> std::vector<Operation> {
       return {alter(s, "a", [](Column& c) { c.identity = Identity{Identity::Kind::by_default, {}}; }), Add<PrimaryKey>{t, {.parts = parts_of({"a"})}}};
     },
     "CREATE TABLE t (a int NOT NULL AUTO_INCREMENT PRIMARY KEY, b int);", "INSERT INTO t VALUES (1, 2), (2, 2);"},
    {"the primary key to another column, auto_increment gone", "CREATE TABLE t (a int AUTO_INCREMENT PRIMARY KEY, b int NOT NULL);",
     [](const Schema& s) -> std::vector<Operation> {
       return {Change<PrimaryKey>{t, *table(s, "t").primary_key, {.parts = parts_of({"b", "a"})}}, alter(s, "a", [](Column& c) { c.identity.reset(); })};
     },
     "CREATE TABLE t (a int NOT NULL, b int NOT NULL, PRIMARY KEY (b, a));", "INSERT INTO t VALUES (1, 2), (2, 2);"},
    {"indexes changed, renamed, hidden", "CREATE TABLE t (a int, b varchar(50), c text, KEY k1 (a), UNIQUE KEY u1 (b), FULLTEXT KEY f (c), KEY k2 (b(5)), KEY k3 (a, b));",
     [](const Schema& s) -> std::vector<Operation> {
       auto hidden = *find_named(table(s, "t").indexes, std::string("k3"));
       hidden.options["invisible"] = "true";
       auto k2 = *find_named(table(s, "t").indexes, std::string("k2"));
       auto k2_after = k2;
       k2_after.parts[0].prefix_length = 7;
       return {RenameIndex{t, "k1", "r1"}, RenamePart<Unique>{t, "u1", "r2"}, AlterIndex{t, *find_named(table(s, "t").indexes, std::string("k3")), hidden}, AlterIndex{t, k2, k2_after},
               DropIndex{t, *find_named(table(s, "t").indexes, std::string("f"))}, Add<Unique>{t, {.name = "u3", .parts = parts_of({"a"}), .comment = "new"}}};
     },
     "CREATE TABLE t (a int, b varchar(50), c text, UNIQUE KEY r2 (b), UNIQUE KEY u3 (a) COMMENT 'new', KEY r1 (a), KEY k3 (a, b) [[mariadb IGNORED]][[mysql INVISIBLE]], KEY k2 (b(7)));"},
    {"a foreign key gets another action and loses its index", "CREATE TABLE p (id int PRIMARY KEY); CREATE TABLE t (a int, CONSTRAINT fk FOREIGN KEY (a) REFERENCES p (id));",
     [](const Schema& s) -> std::vector<Operation> {
       auto key = table(s, "t").foreign_keys[0];
       auto after = key;
       after.on_delete = "cascade";
       return {Change<ForeignKey>{t, key, after}};
     },
     "CREATE TABLE p (id int PRIMARY KEY); CREATE TABLE t (a int, CONSTRAINT fk FOREIGN KEY (a) REFERENCES p (id) ON DELETE CASCADE);",
     "INSERT INTO p VALUES (1); INSERT INTO t VALUES (1);"},
    {"both ends of a foreign key change their type", "CREATE TABLE p (id int PRIMARY KEY, self int, CONSTRAINT fs FOREIGN KEY (self) REFERENCES p (id)); CREATE TABLE t (a int, CONSTRAINT fk FOREIGN KEY (a) REFERENCES p (id));",
     [](const Schema& s) -> std::vector<Operation> {
       const auto big = [](Column& c) { c.type = "bigint"; };
       return {alter(s, "id", big, "p"), alter(s, "self", big, "p"), alter(s, "a", big)};
     },
     "CREATE TABLE p (id bigint PRIMARY KEY, self bigint, CONSTRAINT fs FOREIGN KEY (self) REFERENCES p (id)); CREATE TABLE t (a bigint, CONSTRAINT fk FOREIGN KEY (a) REFERENCES p (id));",
     "INSERT INTO p VALUES (1, 1); INSERT INTO t VALUES (1);"},
    {"an index that could serve a foreign key leaves the one that serves it", "CREATE TABLE p (id int PRIMARY KEY); CREATE TABLE t (a int, b int, CONSTRAINT fk FOREIGN KEY (a) REFERENCES p (id));",
     [](const Schema&) -> std::vector<Operation> { return {CreateIndex{t, {.name = "wide", .parts = parts_of({"a", "b"})}}}; },
     "CREATE TABLE p (id int PRIMARY KEY); CREATE TABLE t (a int, b int, KEY fk (a), KEY wide (a, b), CONSTRAINT fk FOREIGN KEY (a) REFERENCES p (id));"},
    {"a table's charset with its columns, but not the one that says its own", "CREATE TABLE t (a varchar(10), b varchar(10) CHARACTER SET ascii, c text, d int) CHARACTER SET latin1;",
     [](const Schema& s) -> std::vector<Operation> {
       return {alter_table(s, [](Table& x) { x.options.erase("charset"); x.options.erase("collation"); x.comment = "it's"; })};
     },
     "CREATE TABLE t (a varchar(10), b varchar(10) CHARACTER SET ascii, c text, d int) COMMENT 'it''s';", "INSERT INTO t VALUES (_latin1 x'e9', 'a', _latin1 x'e9', 1);"},
    {"the database's charset with the tables that inherit it", "CREATE TABLE t (a varchar(10), b varchar(10) COLLATE utf8mb4_bin); CREATE TABLE u (a varchar(10)) COLLATE latin1_bin; CREATE TABLE p (code varchar(10) PRIMARY KEY); CREATE TABLE c (code varchar(10), CONSTRAINT fk FOREIGN KEY (code) REFERENCES p (code));",
     [](const Schema& s) -> std::vector<Operation> { return {SetDatabaseOptions{s.options, {{"charset", "utf8mb3"}, {"collation", "utf8mb3_unicode_ci"}}}}; },
     "ALTER DATABASE CHARACTER SET utf8mb3 COLLATE utf8mb3_unicode_ci; CREATE TABLE t (a varchar(10), b varchar(10) COLLATE utf8mb4_bin); CREATE TABLE u (a varchar(10)) COLLATE latin1_bin; CREATE TABLE p (code varchar(10) PRIMARY KEY); CREATE TABLE c (code varchar(10), CONSTRAINT fk FOREIGN KEY (code) REFERENCES p (code));",
     "INSERT INTO p VALUES ('x'); INSERT INTO c VALUES ('x');"},
    {"table options", "CREATE TABLE t (a int) ROW_FORMAT=COMPRESSED KEY_BLOCK_SIZE=4 STATS_PERSISTENT=1;",
     [](const Schema& s) -> std::vector<Operation> { return {alter_table(s, [](Table& x) { x.options = {{"row_format", "dynamic"}}; })}; },
     "CREATE TABLE t (a int) ROW_FORMAT=DYNAMIC;"},
    {"the engine", "CREATE TABLE t (a int);", [](const Schema& s) -> std::vector<Operation> { return {alter_table(s, [](Table& x) { x.options["engine"] = "MyISAM"; })}; },
     "CREATE TABLE t (a int) ENGINE=MyISAM;"},
    {"partitions made, one added", "CREATE TABLE t (a int) PARTITION BY RANGE (a) (PARTITION p0 VALUES LESS THAN (10));",
     [](const Schema& s) -> std::vector<Operation> {
       return {alter_table(s, [](Table& x) { x.options["partition_by"] = "range (a) (partition p0 values less than (10), partition p1 values less than (20))"; })};
     },
     "CREATE TABLE t (a int) PARTITION BY RANGE (a) (PARTITION p0 VALUES LESS THAN (10), PARTITION p1 VALUES LESS THAN (20));", "INSERT INTO t VALUES (5);"},
    {"partitions taken away", "CREATE TABLE t (a int) PARTITION BY HASH (a) PARTITIONS 3;", [](const Schema& s) -> std::vector<Operation> { return {alter_table(s, [](Table& x) { x.options.clear(); })}; },
     "CREATE TABLE t (a int);", "INSERT INTO t VALUES (5);"},
    {"system versioning added", "CREATE TABLE t (a int);", [](const Schema& s) -> std::vector<Operation> { return {alter_table(s, [](Table& x) { x.options["system_versioning"] = "true"; })}; },
     "CREATE TABLE t (a int) WITH SYSTEM VERSIONING;", "", "mariadb"},
    {"a column of a versioned table", "CREATE TABLE t (a int) WITH SYSTEM VERSIONING;", [](const Schema&) -> std::vector<Operation> { return {AddColumn{t, {.name = "b", .type = "int"}}}; },
     "CREATE TABLE t (a int, b int) WITH SYSTEM VERSIONING;", "INSERT INTO t VALUES (5);", "mariadb"},
    {"a NOT NULL column with a value for the rows that are there", "CREATE TABLE t (a int, z int);",
     [](const Schema&) -> std::vector<Operation> {
       Column added{.name = "b", .type = "int", .nullable = false};
       added.declared.backfill = "a * 2";
       return {AddColumn{t, added, "a"}};
     },
     "CREATE TABLE t (a int, b int NOT NULL, z int);", "INSERT INTO t VALUES (5, 1), (6, 1);"},
    {"a type change with a cast, under keys", "CREATE TABLE t (id int PRIMARY KEY, a varchar(20) NOT NULL, b int, UNIQUE KEY u (a), KEY k (b, a));",
     [](const Schema& s) -> std::vector<Operation> {
       return {alter(s, "a", [](Column& c) {
         c.type = "int";
         c.declared.cast = "CAST(substring(a, 2) AS SIGNED)";
       })};
     },
     "CREATE TABLE t (id int PRIMARY KEY, a int NOT NULL, b int, UNIQUE KEY u (a), KEY k (b, a));", "INSERT INTO t VALUES (1, 'x17', 2), (2, 'x18', 3);"},
    {"values of an enum renamed", "CREATE TABLE t (id int PRIMARY KEY, a enum('new','old') NOT NULL DEFAULT 'new');",
     [](const Schema& s) -> std::vector<Operation> {
       return {alter(s, "a", [](Column& c) {
         c.type = "enum('fresh','old','gone')";
         c.default_value = Default{false, "fresh"};
         c.declared.value_renames = {{"fresh", "new"}};
       })};
     },
     "CREATE TABLE t (id int PRIMARY KEY, a enum('fresh','old','gone') NOT NULL DEFAULT 'fresh');", "INSERT INTO t VALUES (1, 'new'), (2, 'old');"},
    {"a virtual column becomes a plain one and keeps its values", "CREATE TABLE t (a int, b int AS (a + 1));", [](const Schema& s) -> std::vector<Operation> { return {alter(s, "b", [](Column& c) { c.generated.reset(); })}; },
     "CREATE TABLE t (a int, b int);", "INSERT INTO t (a) VALUES (1), (2);"},
    {"a plain column becomes a stored one", "CREATE TABLE t (a int, b int);", [](const Schema& s) -> std::vector<Operation> { return {alter(s, "b", [](Column& c) { c.generated = Generated{"a + 1", true}; })}; },
     "CREATE TABLE t (a int, b int AS (a + 1) STORED);", "INSERT INTO t (a) VALUES (1), (2);"},
    {"a virtual column becomes stored", "CREATE TABLE t (a int, b int AS (a + 1), KEY (a));", [](const Schema& s) -> std::vector<Operation> { return {alter(s, "b", [](Column& c) { c.generated->stored = true; })}; },
     "CREATE TABLE t (a int, b int AS (a + 1) STORED, KEY (a));", "INSERT INTO t (a) VALUES (1), (2);"},
    {"a check changed, one dropped, one added", "CREATE TABLE t (a int, CONSTRAINT c1 CHECK (a > 1), CONSTRAINT c2 CHECK (a < 100));",
     [](const Schema& s) -> std::vector<Operation> {
       return {Change<Check>{t, table(s, "t").checks[0], {.name = "c1", .expression = "a > 2"}}, Remove<Check>{t, table(s, "t").checks[1]}, Add<Check>{t, {.name = "c3", .expression = "a <> 50"}}};
     },
     "CREATE TABLE t (a int, CONSTRAINT c1 CHECK (a > 2), CONSTRAINT c3 CHECK (a <> 50));", "INSERT INTO t VALUES (5);"},
    {"column properties", "CREATE TABLE t (a int, b timestamp NULL, c varchar(10), d int INVISIBLE, e text);",
     [](const Schema& s) -> std::vector<Operation> {
       return {alter(s, "a", [](Column& c) { c.options["invisible"] = "true"; c.default_value = Default{true, "1 + 1"}; }),
               alter(s, "b", [](Column& c) { c.nullable = false; c.default_value = Default{true, "current_timestamp()"}; c.options["on_update"] = "current_timestamp()"; }),
               alter(s, "c", [](Column& c) { c.collation = "latin1_bin"; c.options["charset"] = "latin1"; }), alter(s, "d", [](Column& c) { c.options.clear(); c.options["column_check"] = "d > 0"; }),
               alter(s, "e", [](Column& c) { c.options["compressed"] = "true"; })};
     },
     "CREATE TABLE t (a int INVISIBLE DEFAULT (1 + 1), b timestamp NOT NULL DEFAULT now() ON UPDATE now(), c varchar(10) CHARACTER SET latin1 COLLATE latin1_bin, d int CHECK (d > 0), e text COMPRESSED);", "", "mariadb"},
    {"a table renamed and changed", "CREATE TABLE t (a int); CREATE VIEW v AS SELECT 1 AS one; CREATE SEQUENCE s;",
     [](const Schema& s) -> std::vector<Operation> {
       auto sequence = s.sequences[0];
       sequence.sequence.increment = "5";
       return {RenameTable{t, {"", "u"}, "", ""}, AddColumn{{"", "u"}, {.name = "b", .type = "int"}}, Rename<View>{{"", "v"}, {"", "w"}, "", ""}, Alter<Sequence>{s.sequences[0], sequence},
               Rename<Sequence>{{"", "s"}, {"", "s2"}, "", ""}};
     },
     "CREATE TABLE u (a int, b int); CREATE VIEW w AS SELECT 1 AS one; CREATE SEQUENCE s2 INCREMENT BY 5;", "", "mariadb"},
    {"programs changed", "CREATE TABLE t (a int); CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW SET NEW.a = 1; CREATE PROCEDURE p() SELECT 1; CREATE FUNCTION f() RETURNS int DETERMINISTIC RETURN 1; CREATE EVENT e ON SCHEDULE EVERY 1 DAY STARTS '2030-01-01 00:00:00' DO DELETE FROM t;",
     [](const Schema& s) -> std::vector<Operation> {
       auto trigger = table(s, "t").triggers[0];
       trigger.definition = replace_all(trigger.definition, "NEW.a = 1", "NEW.a = 2");
       auto procedure = *find_named(s.routines, QualifiedName{"", "p"});
       procedure.comment = "it's p";
       auto event = s.definitions[0];
       event.definition = replace_all(event.definition, "EVERY 1 DAY", "EVERY 2 DAY");
       event.comment = "often";
       return {Change<Trigger>{t, table(s, "t").triggers[0], trigger}, RenamePart<Trigger>{t, "g", "h"}, Alter<Routine>{*find_named(s.routines, QualifiedName{"", "p"}), procedure},
               Rename<Routine>{{"", "f"}, {"", "f2"}, "", "function"}, Alter<Definition>{s.definitions[0], event}, Rename<Definition>{{"", "e"}, {"", "e2"}, "", "event"}};
     },
     "CREATE TABLE t (a int); CREATE TRIGGER h BEFORE INSERT ON t FOR EACH ROW SET NEW.a = 2; CREATE PROCEDURE p() COMMENT 'it''s p' SELECT 1; CREATE FUNCTION f2() RETURNS int DETERMINISTIC RETURN 1; CREATE EVENT e2 ON SCHEDULE EVERY 2 DAY STARTS '2030-01-01 00:00:00' COMMENT 'often' DO DELETE FROM t;"},
};

}  // namespace

TEST_CASE_TEMPLATE("each change on MariaDB gives the schema that was asked for, and its reverse the one before", Server, MariaDB, MySQL) {
  REQUIRE_SERVER(Server);
  for (const auto& one : cases) {
    if (*one.server != '\0' && one.server != current().name) continue;
    CAPTURE(std::string(one.name));
    try {
      Database wanted("CHARACTER SET utf8mb4");
      wanted.run(for_server(one.after));
      Database database("CHARACTER SET utf8mb4");
      database.run(for_server(one.before));
      database.run(one.rows);
      const auto before = database.inspect();
      const auto before_dump = database.dump();
      const auto operations = one.change(before);
      std::string sql;
      for (const auto& statement : dialect().render().render(operations, before, database.server)) {
        sql += statement.text + ";\n";
        database.run(statement);
      }
      CAPTURE(sql);
      auto expected = before;
      for (const auto& operation : operations) apply(expected, operation);
      const auto difference = first_difference(wanted.dump(), database.dump());
      CHECK_MESSAGE(difference.empty(), difference);
      std::string back;
      for (const auto& statement : dialect().render().render(reverse(operations), expected, database.server)) {
        back += statement.text + ";\n";
        database.run(statement);
      }
      CAPTURE(back);
      const auto rest = first_difference(before_dump, database.dump());
      CHECK_MESSAGE(rest.empty(), rest);
    } catch (const std::exception& error) {
      FAIL_CHECK(error.what());
    }
  }
}

}  // namespace mysql_change_test
