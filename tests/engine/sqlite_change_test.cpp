#include <doctest/doctest.h>

#include <algorithm>
#include <functional>

#include "dialect/dialect.hpp"
#include "dialect/registry.hpp"
#include "dialect/render.hpp"
#include "dialect/sql.hpp"
#include "schema/lookup.hpp"
#include "sqlite_support.hpp"

namespace sqlite_change_test {

using namespace migrate;
using namespace migrate::test;

namespace {

/// A shop with children of every kind, rows in all of them, and counters beyond the highest id.
const char* const shop = R"SQL(
CREATE TABLE teams (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL, note TEXT, budget NUMERIC(12,2) DEFAULT 0);
CREATE TABLE users (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  team_id INTEGER NOT NULL REFERENCES teams(id) ON DELETE CASCADE,
  boss_id INTEGER REFERENCES users(id) ON DELETE SET NULL,
  mail VARCHAR(255) COLLATE NOCASE,
  age INT CHECK (age > 0),
  shout TEXT GENERATED ALWAYS AS (upper(mail)) STORED,
  CONSTRAINT uq_users_mail UNIQUE (mail)
);
CREATE TABLE orders (code TEXT PRIMARY KEY, user_id INTEGER NOT NULL REFERENCES users(id) ON DELETE CASCADE, total REAL) STRICT, WITHOUT ROWID;
CREATE TABLE log (what TEXT);
CREATE TABLE plain (a TEXT, b TEXT, c TEXT);
CREATE INDEX ix_users_age ON users (age DESC) WHERE age IS NOT NULL;
CREATE UNIQUE INDEX ix_users_lower ON users (lower(mail));
CREATE VIEW v_users AS SELECT u.id, u.mail, t.name AS team FROM users u JOIN teams t ON t.id = u.team_id;
CREATE VIEW v_mails AS SELECT mail FROM v_users;
CREATE TRIGGER tr_users AFTER INSERT ON users BEGIN INSERT INTO log VALUES ('user ' || new.id || ' of ' || (SELECT name FROM teams WHERE id = new.team_id)); END;
CREATE TRIGGER tr_orders AFTER DELETE ON orders BEGIN UPDATE users SET age = coalesce(age, 0) + 1 WHERE id = old.user_id; END;
CREATE TRIGGER tr_view INSTEAD OF DELETE ON v_users BEGIN DELETE FROM users WHERE id = old.id; END;
INSERT INTO teams (id, name, note) VALUES (1, 'red', 'n1'), (2, 'blue', NULL), (9, 'gone', NULL);
DELETE FROM teams WHERE id = 9;
INSERT INTO users (id, team_id, boss_id, mail, age) VALUES (1, 1, NULL, 'a@x', 30), (2, 1, 1, 'b@x', NULL), (3, 2, 1, NULL, 40), (7, 2, 2, 'z@x', 1);
DELETE FROM users WHERE id = 7;
INSERT INTO orders VALUES ('o1', 1, 1.5), ('o2', 2, NULL), ('o3', 3, 3.0);
INSERT INTO plain VALUES ('a1', 'b1', 'c1'), ('a2', 'b2', NULL), ('a3', 'b3', 'c3');
DELETE FROM plain WHERE a = 'a2';
)SQL";

const char* const all_rows = R"SQL(
SELECT 'team', id, name FROM teams UNION ALL SELECT 'user', id, team_id FROM users UNION ALL SELECT 'order', code, user_id FROM orders
UNION ALL SELECT 'plain', rowid, b FROM plain UNION ALL SELECT 'log', rowid, what FROM log
UNION ALL SELECT 'counter', name, seq FROM (SELECT name, seq FROM sqlite_sequence ORDER BY name) ORDER BY 1, 2, 3
)SQL";

const QualifiedName users{"", "users"};
const QualifiedName teams{"", "teams"};
const QualifiedName plain{"", "plain"};

template <class T, class N>
T part(const std::vector<T>& parts, const N& name) {
  const T* found = find_named(parts, name);
  REQUIRE(found != nullptr);
  return *found;
}

Schema applied(Schema schema, const std::vector<Operation>& operations) {
  for (const auto& operation : operations) apply(schema, operation);
  return schema;
}

std::string text_of(const std::vector<Statement>& statements) {
  std::string text;
  for (const auto& statement : statements) text += statement.text + ";\n";
  return text;
}

/// Definitions with the texts that follow a rename taken from the live schema, which follow() is tested for elsewhere.
struct Trip {
  std::unique_ptr<Connection> database;
  Schema before;
  Schema after;
  std::string sql;
};

/// Runs the operations and checks the result against the catalog, then runs what undoes them and checks again.
Trip there(const std::string& setup, const std::function<std::vector<Operation>(const Schema&)>& make, bool keys = true) {
  Trip trip;
  trip.database = memory_database(setup);
  trip.database->execute(keys ? "PRAGMA foreign_keys = ON" : "PRAGMA foreign_keys = OFF");
  trip.before = live_schema(*trip.database);
  const auto operations = make(trip.before);
  const Schema expected = applied(trip.before, operations);
  const auto statements = sqlite::dialect().render().render(operations, trip.before, sqlite_server());
  trip.sql = text_of(statements);
  INFO(trip.sql);
  run_unit(*trip.database, statements);
  trip.after = live_schema(*trip.database);
  CHECK(rows(*trip.database, "PRAGMA foreign_keys") == (keys ? "1" : "0"));
  CHECK(rows(*trip.database, "PRAGMA integrity_check") == "ok");
  const bool renames = std::any_of(operations.begin(), operations.end(), [](const Operation& op) {
    return std::holds_alternative<RenameColumn>(op) || std::holds_alternative<RenameTable>(op) ||
           std::holds_alternative<RenamePart<Trigger>>(op);
  });
  if (!renames) {
    for (const auto& table : expected.tables) {
      CAPTURE(table.name.name);
      const Table* now = find_named(trip.after.tables, table.name);
      REQUIRE(now != nullptr);
      CHECK(now->columns == table.columns);
      CHECK(now->primary_key == table.primary_key);
      CHECK(std::is_permutation(now->uniques.begin(), now->uniques.end(), table.uniques.begin(), table.uniques.end()));
      CHECK(std::is_permutation(now->checks.begin(), now->checks.end(), table.checks.begin(), table.checks.end()));
      CHECK(std::is_permutation(now->foreign_keys.begin(), now->foreign_keys.end(), table.foreign_keys.begin(), table.foreign_keys.end()));
      CHECK(std::is_permutation(now->indexes.begin(), now->indexes.end(), table.indexes.begin(), table.indexes.end()));
      CHECK(std::is_permutation(now->triggers.begin(), now->triggers.end(), table.triggers.begin(), table.triggers.end()));
      CHECK(now->options == table.options);
    }
    CHECK(trip.after.tables.size() == expected.tables.size());
    CHECK(trip.after.views == expected.views);
  }
  return trip;
}

std::string there_and_back(const std::string& setup, const std::function<std::vector<Operation>(const Schema&)>& make, bool keys = true) {
  const auto original = memory_database(setup);
  Trip trip = there(setup, make, keys);
  const auto back = sqlite::dialect().render().render(reverse(make(trip.before)), trip.after, sqlite_server());
  INFO(trip.sql, "-- back\n", text_of(back));
  run_unit(*trip.database, back);
  CHECK(first_difference(sqlite_catalog(*trip.database), sqlite_catalog(*original)) == "");
  CHECK(rows(*trip.database, all_rows) == rows(*original, all_rows));
  CHECK(rows(*trip.database, "PRAGMA integrity_check") == "ok");
  return trip.sql;
}

bool rebuilt(const std::string& sql) { return sql.find("legacy_alter_table") != std::string::npos; }
std::size_t count(const std::string& text, const std::string& part) {
  std::size_t found = 0;
  for (std::size_t at = 0; (at = text.find(part, at)) != std::string::npos; ++at) ++found;
  return found;
}

Operation altered(const Schema& schema, const QualifiedName& table, const std::string& column, const std::function<void(Column&)>& change) {
  const Column before = part(find_named(schema.tables, table)->columns, column);
  Column after = before;
  after.declared = {};
  change(after);
  return Change<Column>{table, before, after};
}

}  // namespace

TEST_CASE("a type change on sqlite rebuilds the table and keeps rows, children, counters, indexes, triggers and views") {
  for (const bool keys : {true, false}) {
    const auto sql = there_and_back(shop, [](const Schema& s) {
      return std::vector<Operation>{altered(s, users, "age", [](Column& c) { c.type = "bigint"; })};
    }, keys);
    CHECK(rebuilt(sql));
  }
}

TEST_CASE("changes of a parent table on sqlite keep its children under ON DELETE CASCADE") {
  there_and_back(shop, [](const Schema& s) {
    return std::vector<Operation>{altered(s, teams, "budget", [](Column& c) { c.default_value = Default{false, "5"}; }),
                                  altered(s, teams, "note", [](Column& c) { c.collation = "nocase"; })};
  });
}

TEST_CASE("one rebuild serves all changes of a table on sqlite, wherever they stand in the list") {
  const auto sql = there_and_back(shop, [](const Schema& s) {
    return std::vector<Operation>{
        altered(s, users, "age", [](Column& c) { c.type = "bigint"; }),
        altered(s, teams, "note", [](Column& c) { c.type = "varchar(9)"; }),
        Add<Column>{users, Column{.name = "state", .type = "text", .nullable = false, .default_value = Default{false, "new"}}},
        Add<Check>{users, Check{.name = "ck_state", .expression = "state in ('new', 'old')"}},
        Remove<Index>{users, part(find_named(s.tables, users)->indexes, "ix_users_age")},
        Add<Index>{users, Index{.name = "ix_new", .parts = {{.column = "state", .descending = true}}}},
    };
  });
  CHECK(count(sql, "INSERT INTO new_users") == 1);
  CHECK(count(sql, "INSERT INTO new_teams") == 1);
}

TEST_CASE("columns are added and dropped in place on sqlite where it can") {
  auto sql = there_and_back(shop, [](const Schema&) {
    return std::vector<Operation>{
        Add<Column>{teams, Column{.name = "color", .type = "varchar(20)"}},
        Add<Column>{teams, Column{.name = "rank", .type = "integer", .nullable = false, .default_value = Default{false, "3"}}},
        Add<Column>{teams, Column{.name = "loud", .type = "text", .generated = Generated{"upper(name)", false}}},
    };
  });
  CHECK_FALSE(rebuilt(sql));
  sql = there_and_back(shop, [](const Schema&) {
    return std::vector<Operation>{
        Add<Column>{plain, Column{.name = "team_id", .type = "integer"}},
        Add<ForeignKey>{plain, ForeignKey{.name = "fk_team", .columns = {"team_id"}, .references = teams, .referenced_columns = {"id"}}},
        Add<Column>{plain, Column{.name = "state", .type = "text", .default_value = Default{false, "new"}}},
        Add<Check>{plain, Check{.name = "ck_state", .expression = "state in ('new', 'old')"}},
        Add<Index>{plain, Index{.name = "ix_state", .parts = {{.column = "state"}}}},
    };
  });
  CHECK_FALSE(rebuilt(sql.substr(0, sql.find("-- back"))));
  const auto with_extra = std::string(shop) + "ALTER TABLE plain ADD COLUMN extra TEXT DEFAULT 'e';";
  CHECK_FALSE(rebuilt(there(with_extra, [](const Schema& s) {
    return std::vector<Operation>{Remove<Column>{plain, part(find_named(s.tables, plain)->columns, "extra")}};
  }).sql));
}

TEST_CASE("columns that sqlite cannot add or drop in place are added and dropped by a rebuild") {
  const std::vector<Column> columns{
      {.name = "x", .type = "timestamp", .default_value = Default{true, "CURRENT_TIMESTAMP"}},
      {.name = "x", .type = "text", .default_value = Default{true, "lower('A')"}},
      {.name = "x", .type = "text", .generated = Generated{"lower(mail)", true}},
  };
  for (const auto& column : columns) {
    CHECK(rebuilt(there_and_back(shop, [&](const Schema&) { return std::vector<Operation>{Add<Column>{users, column}}; })));
  }
  CHECK(rebuilt(there_and_back(shop, [&](const Schema&) {
    return std::vector<Operation>{Add<Column>{users, Column{.name = "x", .type = "text"}, "id"}};
  })));
  CHECK(rebuilt(there(shop, [](const Schema& s) {
    const Table& table = *find_named(s.tables, users);
    return std::vector<Operation>{Remove<Column>{users, part(table.columns, "shout")}, Remove<Check>{users, table.checks[0]},
                                  Remove<Index>{users, part(table.indexes, "ix_users_age")}, Remove<Column>{users, part(table.columns, "age")},
                                  Change<Trigger>{{"", "orders"}, s.tables[1].triggers[0], {.name = "tr_orders", .table = {"", "orders"}, .definition = "CREATE TRIGGER tr_orders AFTER DELETE ON orders BEGIN SELECT 1; END"}}};
  }).sql));
}

TEST_CASE("a NOT NULL column of a filled sqlite table takes its backfill, and a tightened one too") {
  auto trip = there(shop, [](const Schema& s) {
    Column added{.name = "slug", .type = "text", .nullable = false};
    added.declared.backfill = "coalesce(lower(mail), 'user-' || id)";
    return std::vector<Operation>{Add<Column>{users, added}, altered(s, users, "age", [](Column& c) {
                                    c.nullable = false;
                                    c.declared.backfill = "99";
                                  })};
  });
  CHECK(rows(*trip.database, "SELECT id, slug, age FROM users ORDER BY id") == "1|a@x|30; 2|b@x|99; 3|user-3|40");
  trip = there(shop, [](const Schema& s) {
    return std::vector<Operation>{altered(s, teams, "note", [](Column& c) {
      c.nullable = false;
      c.default_value = Default{false, "none"};
    })};
  });
  CHECK(rows(*trip.database, "SELECT id, note FROM teams ORDER BY id") == "1|n1; 2|none");
}

TEST_CASE("a cast converts the values of a sqlite column") {
  const auto trip = there(shop, [](const Schema& s) {
    return std::vector<Operation>{altered(s, plain, "a", [](Column& c) {
      c.type = "integer";
      c.declared.cast = "CAST(substr(a, 2) AS INTEGER)";
    })};
  });
  CHECK(rows(*trip.database, "SELECT rowid, a, typeof(a) FROM plain") == "1|1|integer; 3|3|integer");
}

TEST_CASE("columns of a sqlite table are renamed with all that names them, and swap their names") {
  there_and_back(shop, [](const Schema&) { return std::vector<Operation>{RenameColumn{users, "age", "years"}}; });
  const auto trip = there(shop, [](const Schema&) {
    return std::vector<Operation>{RenameColumn{plain, "a", "tmp"}, RenameColumn{plain, "b", "a"}, RenameColumn{plain, "tmp", "b"}};
  });
  CHECK(rows(*trip.database, "SELECT a, b FROM plain") == "b1|a1; b3|a3");
  there_and_back(shop, [](const Schema&) { return std::vector<Operation>{RenameColumn{users, "mail", "Mail"}}; });
}

TEST_CASE("a column of sqlite is renamed under views over views, which are then corrected") {
  const auto make = [](const Schema& s) {
    const View view = part(s.views, QualifiedName{"", "v_mails"});
    View after = view;
    after.definition = "SELECT address FROM v_users";
    return std::vector<Operation>{RenameColumn{users, "mail", "address"}, Alter<View>{view, after}};
  };
  auto trip = there(shop, make);
  CHECK(rows(*trip.database, "SELECT address FROM v_mails ORDER BY 1") == "NULL; a@x; b@x");
  const auto original = memory_database(shop);
  run_unit(*trip.database, sqlite::dialect().render().render(reverse(make(trip.before)), trip.after, sqlite_server()));
  CHECK(first_difference(sqlite_catalog(*trip.database), sqlite_catalog(*original)) == "");
}

TEST_CASE("a renamed column and a rebuild of its table go together on sqlite") {
  const auto trip = there(shop, [](const Schema& s) {
    Column before = part(find_named(s.tables, users)->columns, "age");
    before.name = "years";
    Column after = before;
    after.type = "bigint";
    return std::vector<Operation>{RenameColumn{users, "age", "years"}, Change<Column>{users, before, after},
                                  RenameTable{.from = users, .to = {"", "people"}},
                                  Add<Unique>{{"", "people"}, Unique{.name = "uq_years", .parts = {{.column = "years"}}}}};
  });
  CHECK(rows(*trip.database, "SELECT id, years FROM people ORDER BY id") == "1|30; 2|NULL; 3|40");
  trip.database->execute("DELETE FROM orders WHERE code = 'o1'");
  CHECK(rows(*trip.database, "SELECT years FROM people WHERE id = 1") == "31");
  trip.database->execute("INSERT INTO people (team_id) VALUES (1)");
  CHECK(rows(*trip.database, "SELECT what FROM log ORDER BY rowid DESC LIMIT 1") == "user 8 of red");
  CHECK(rows(*trip.database, "SELECT count(*) FROM v_mails") == "4");
  CHECK(rows(*trip.database, "SELECT \"table\" FROM pragma_foreign_key_list('orders')") == "people");
}

TEST_CASE("tables of sqlite are renamed with the keys, triggers and views that name them") {
  there_and_back(shop, [](const Schema&) { return std::vector<Operation>{RenameTable{.from = users, .to = {"", "People"}}}; });
  there_and_back(shop, [](const Schema&) { return std::vector<Operation>{RenameTable{.from = users, .to = {"", "Users"}}}; });
}

TEST_CASE("constraints and keys of a sqlite table come and go") {
  there_and_back(shop, [](const Schema& s) {
    const Table& table = *find_named(s.tables, users);
    return std::vector<Operation>{Remove<Unique>{users, table.uniques[0]},
                                  Remove<ForeignKey>{users, table.foreign_keys[0]},
                                  Remove<ForeignKey>{users, table.foreign_keys[1]}, Remove<Check>{users, table.checks[0]}};
  });
  there_and_back(shop, [](const Schema& s) {
    return std::vector<Operation>{altered(s, plain, "a", [](Column& c) { c.nullable = false; }), altered(s, plain, "b", [](Column& c) { c.nullable = false; }),
                                  Add<PrimaryKey>{plain, PrimaryKey{.name = "pk_plain", .parts = {{.column = "a"}, {.column = "b"}}}}};
  });
  there_and_back(shop, [](const Schema& s) {
    const Table& table = *find_named(s.tables, users);
    Unique after = table.uniques[0];
    after.parts.push_back({.column = "team_id"});
    return std::vector<Operation>{Change<Unique>{users, table.uniques[0], after}, RenamePart<Unique>{users, "uq_users_mail", "uq_other"}};
  });
}

TEST_CASE("STRICT, WITHOUT ROWID and AUTOINCREMENT come and go") {
  const QualifiedName orders{"", "orders"};
  there_and_back(shop, [&](const Schema& s) {
    Table before{.name = orders, .options = find_named(s.tables, orders)->options};
    return std::vector<Operation>{Alter<Table>{before, Table{.name = orders}}};
  });
  const auto counted = "CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, v TEXT); INSERT INTO t (v) VALUES ('a'), ('b');";
  const auto trip = there(counted, [](const Schema& s) {
    return std::vector<Operation>{altered(s, {"", "t"}, "id", [](Column& c) { c.identity.reset(); })};
  });
  CHECK(rows(*trip.database, "SELECT * FROM sqlite_sequence") == "");
}

TEST_CASE("columns of a sqlite table are put into another order") {
  there_and_back(shop, [](const Schema&) {
    return std::vector<Operation>{ReorderColumns{plain, {"a", "b", "c"}, {"c", "a", "b"}}};
  });
}

TEST_CASE("a dropped parent table on sqlite leaves the rows of what were its children") {
  const auto trip = there(shop, [](const Schema& s) {
    const Table& table = *find_named(s.tables, users);
    return std::vector<Operation>{
        Drop<View>{part(s.views, QualifiedName{"", "v_mails"})}, Drop<View>{part(s.views, QualifiedName{"", "v_users"})},
        Remove<Trigger>{users, table.triggers[0]}, Remove<ForeignKey>{users, table.foreign_keys[0]}, Drop<Table>{*find_named(s.tables, teams)}};
  });
  CHECK(rows(*trip.database, "SELECT count(*) FROM users") == "3");
  CHECK(rows(*trip.database, "SELECT count(*) FROM orders") == "3");
}

TEST_CASE("tables of sqlite with keys to each other are made and dropped") {
  const auto make = [](const Schema&) {
    Table one{.name = {"", "one"}, .columns = {{.name = "id", .type = "integer", .nullable = false}, {.name = "two_id", .type = "integer"}}};
    one.primary_key = PrimaryKey{.parts = {{.column = "id"}}};
    Table two = one;
    two.name.name = "two";
    two.columns[1].name = "one_id";
    two.foreign_keys.push_back({.name = "fk_one", .columns = {"one_id"}, .references = one.name, .referenced_columns = {"id"}});
    return std::vector<Operation>{Create<Table>{one}, Create<Table>{two},
                                  Add<ForeignKey>{one.name, {.name = "fk_two", .columns = {"two_id"}, .references = two.name, .referenced_columns = {"id"}}}};
  };
  there_and_back(shop, make);
}

TEST_CASE("views, triggers and indexes of sqlite are made, changed, renamed and dropped") {
  there_and_back(shop, [](const Schema& s) {
    const View& view = *find_named(s.views, QualifiedName{"", "v_users"});
    View after = view;
    after.definition = "SELECT id, mail, 'x' AS team FROM users";
    const Table& table = *find_named(s.tables, users);
    Trigger trigger = table.triggers[0];
    trigger.definition = "CREATE TRIGGER tr_users AFTER INSERT ON users BEGIN\n  SELECT 1;\nEND";
    Index index = part(table.indexes, "ix_users_age");
    index.where.clear();
    return std::vector<Operation>{Alter<View>{view, after}, Change<Trigger>{users, table.triggers[0], trigger},
                                  Change<Index>{users, part(table.indexes, "ix_users_age"), index},
                                  RenamePart<Index>{users, "ix_users_lower", "ix_other"}};
  });
  there_and_back(shop, [](const Schema&) {
    return std::vector<Operation>{Rename<View>{.from = {"", "v_users"}, .to = {"", "v_people"}}, RenamePart<Trigger>{users, "tr_users", "tr_other"}};
  });
}

TEST_CASE("renamed values of an enum reach the rows on sqlite, and go back") {
  const auto setup = std::string("CREATE TABLE t (id INTEGER PRIMARY KEY, s TEXT, CONSTRAINT ck CHECK (s IN ('new', 'old'))); INSERT INTO t VALUES (1, 'new'), (2, 'old'), (3, NULL);");
  const auto trip = there(setup, [](const Schema& s) {
    Check after = s.tables[0].checks[0];
    after.expression = "s in ('fresh', 'old')";
    after.declared = {};
    after.declared.value_renames = {{"fresh", "new"}};
    return std::vector<Operation>{Change<Check>{{"", "t"}, s.tables[0].checks[0], after}};
  });
  CHECK(rows(*trip.database, "SELECT s FROM t ORDER BY id") == "fresh; old; NULL");
}

TEST_CASE("a rebuild on sqlite fails where a row breaks a new rule, and leaves everything as it was") {
  const auto database = memory_database(shop);
  const Schema before = live_schema(*database);
  const auto catalog_before = sqlite_catalog(*database);
  const std::vector<Operation> operations{Add<Unique>{users, Unique{.name = "uq", .parts = {{.column = "team_id"}}, .options = {{"on_conflict", "ignore"}}}}};
  CHECK_THROWS_AS(run_unit(*database, sqlite::dialect().render().render(operations, before, sqlite_server())), DatabaseError);
  CHECK(sqlite_catalog(*database) == catalog_before);
  CHECK(rows(*database, "PRAGMA legacy_alter_table") == "0");
}

TEST_CASE("a unit on sqlite that leaves orphans fails") {
  const auto database = memory_database(shop);
  database->execute("PRAGMA foreign_keys = ON");
  CHECK_THROWS_WITH(run_unit(*database, sqlite::dialect().sql().split("PRAGMA foreign_keys = OFF; DELETE FROM teams WHERE id = 1;", {})),
                    "a new violation: row 1 of users refers to a row of teams that does not exist");
  CHECK(rows(*database, "SELECT count(*) FROM teams") == "2");
  CHECK(rows(*database, "PRAGMA foreign_keys") == "1");
}

TEST_CASE("a broken view elsewhere does not stop a rebuild on sqlite") {
  there(std::string(shop) + "CREATE VIEW broken AS SELECT * FROM nowhere;", [](const Schema& s) {
    return std::vector<Operation>{altered(s, users, "age", [](Column& c) { c.type = "bigint"; })};
  });
}

}  // namespace sqlite_change_test
