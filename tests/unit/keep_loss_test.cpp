// What a statement takes away, read from its text: docs/keep.md.
#include <doctest/doctest.h>

#include "core/text.hpp"
#include "dialect/sql.hpp"
#include "runner/keep_loss.hpp"

namespace migrate::keep_loss_test {
namespace {

/// The loss as one text: kind, tables, columns, and what chooses the rows.
std::string shown(const std::optional<Loss>& loss) {
  if (!loss) return "nothing";
  static const char* const kinds[] = {"table", "columns", "rows", "values", "all", "type", "cannot"};
  std::string out = kinds[static_cast<int>(loss->kind)];
  if (loss->kind == Loss::Kind::unknown) return out;
  for (const auto& table : loss->tables) out += " " + table.text();
  if (!loss->dropped.empty()) out += " drop " + join(loss->dropped, ",");
  for (const auto& [column, type] : loss->changed) out += " " + column + ":" + type;
  if (!loss->assigned.empty()) out += " set " + join(loss->assigned, ",");
  if (loss->cascade) out += " cascade";
  if (!loss->with.empty()) out += " [" + loss->with + "]";
  if (!loss->alias.empty()) out += " as " + loss->alias;
  if (!loss->from.empty()) out += std::string(loss->joined ? " of " : " from ") + loss->from;
  if (!loss->where.empty()) out += " where " + loss->where;
  if (!loss->tail.empty()) out += " " + loss->tail;
  if (!loss->replacement.name.empty()) out += " becomes " + loss->replacement.text();
  for (const auto& [from, to] : loss->carried) out += " " + from + ">" + to;
  return out;
}

struct Example {
  const char* dialect;
  const char* sql;
  const char* loss;
};

}  // namespace

TEST_CASE("what a statement takes away is read from its text") {
  const Example examples[] = {
      {"postgresql", "DROP TABLE IF EXISTS shop.orders, items CASCADE", "table shop.orders items cascade"},
      {"mysql", "DROP TEMPORARY TABLE t", "nothing"},
      {"sqlite", "DROP TABLE \"order items\"", "table order items"},
      {"postgresql", "ALTER TABLE a DROP COLUMN b, ADD c int, ALTER COLUMN d TYPE varchar(10) USING left(d, 10)", "columns a drop b d:varchar(10)"},
      {"mysql", "ALTER TABLE a MODIFY COLUMN b enum('x','y') NOT NULL, CHANGE c d int", "columns a b:enum('x','y') c:int"},
      {"mysql", "ALTER TABLE a ADD COLUMN b int", "nothing"},
      {"mysql", "ALTER TABLE a DROP PARTITION p1", "cannot"},
      {"postgresql", "ALTER TABLE a DROP COLUMN b CASCADE", "cannot"},
      {"postgresql", "UPDATE users AS u SET name = upper(u.name), (a, b) = (1, 2) FROM teams t WHERE t.id = u.team RETURNING 1", "values users set name,a,b as u from teams t where t.id = u.team"},
      {"mysql", "UPDATE users SET a = 1, b = 'WHERE' WHERE id IN (SELECT id FROM x WHERE y) ORDER BY id LIMIT 3", "values users set a,b where id IN (SELECT id FROM x WHERE y) ORDER BY id LIMIT 3"},
      {"mysql", "UPDATE users SET a = 1 LIMIT 3", "cannot"},
      {"mysql", "UPDATE users u JOIN teams t ON t.id = u.team SET u.a = t.b WHERE t.c", "values users set a as u of users u JOIN teams t ON t.id = u.team where t.c"},
      {"mysql", "UPDATE users u JOIN teams t ON t.id = u.team SET t.a = 1", "cannot"},
      {"mysql", "UPDATE users u JOIN teams t ON t.id = u.team SET a = 1", "cannot"},
      {"sqlite", "UPDATE OR REPLACE users SET id = 1", "cannot"},
      {"sqlite", "WITH x AS (SELECT 1 AS id) UPDATE users SET a = 2 WHERE id IN (SELECT id FROM x)", "values users set a [WITH x AS (SELECT 1 AS id)] where id IN (SELECT id FROM x)"},
      {"postgresql", "WITH gone AS (DELETE FROM a RETURNING id) DELETE FROM b WHERE id IN (SELECT id FROM gone)", "cannot"},
      {"postgresql", "DELETE FROM users u USING teams t WHERE t.id = u.team", "rows users as u from teams t where t.id = u.team"},
      {"postgresql", "DELETE FROM ONLY users", "cannot"},
      {"postgresql", "DELETE FROM users WHERE random() < 0.5", "cannot"},
      {"mysql", "DELETE FROM users", "rows users"},
      {"mysql", "DELETE a FROM a JOIN b ON a.x = b.x", "cannot"},
      {"postgresql", "TRUNCATE TABLE a, b", "all a b"},
      {"postgresql", "TRUNCATE a CASCADE", "cannot"},
      {"postgresql", "DROP TYPE mood", "type mood"},
      {"postgresql", "DROP TYPE mood CASCADE", "cannot"},
      {"postgresql", "DROP SCHEMA old CASCADE", "cannot"},
      {"postgresql", "DO $$ BEGIN DELETE FROM users; END $$", "cannot"},
      {"mysql", "CALL purge()", "cannot"},
      {"mysql", "REPLACE INTO users VALUES (1)", "cannot"},
      {"mysql", "INSERT INTO users VALUES (1) ON DUPLICATE KEY UPDATE a = 1", "cannot"},
      {"postgresql", "INSERT INTO users VALUES (1) ON CONFLICT (id) DO UPDATE SET a = 1", "cannot"},
      {"postgresql", "INSERT INTO users VALUES (1) ON CONFLICT DO NOTHING", "nothing"},
      {"mysql", "/*!50000 DROP TABLE users */", "cannot"},
      {"postgresql", "MERGE INTO a USING b ON a.id = b.id WHEN MATCHED THEN DELETE", "cannot"},
      {"sqlite", "CREATE TABLE x (id integer)", "nothing"},
      {"sqlite", "SELECT 1", "nothing"},
  };
  for (const auto& example : examples) {
    CAPTURE(example.sql);
    CHECK(shown(losses_of(dialect_named(example.dialect), {{example.sql, {}}}).at(0)) == example.loss);
  }
}

TEST_CASE("a table made anew takes away what does not go along") {
  const auto& dialect = dialect_named("sqlite");
  const std::string unit =
      "CREATE TABLE new_users (id integer PRIMARY KEY, mail text, n integer);\n"
      "INSERT INTO new_users (id, mail, n) SELECT id, \"email\", CAST(n AS integer) FROM users;\n"
      "DROP TABLE users;\nALTER TABLE new_users RENAME TO users;";
  const auto losses = losses_of(dialect, dialect.sql().split(unit, {}));
  REQUIRE(losses.size() == 4);
  CHECK(shown(losses[2]) == "table users becomes new_users id>id email>mail");
}

TEST_CASE("a type holds every value of another") {
  const std::pair<std::pair<const char*, const char*>, bool> examples[] = {
      {{"varchar(20)", "varchar(40)"}, true},  {{"varchar(40)", "varchar(20)"}, false}, {{"varchar(40)", "text"}, true},          {{"text", "varchar(40)"}, false},
      {{"int", "bigint"}, true},               {{"bigint", "int"}, false},              {{"int unsigned", "int"}, false},          {{"numeric(10,2)", "numeric(12,2)"}, true},
      {{"numeric(10,2)", "numeric(10,1)"}, false}, {{"numeric(10,2)", "numeric(10,4)"}, false}, {{"integer", "text"}, false},      {{"enum('a','b')", "enum('b','c','a')"}, true},
      {{"enum('a','b')", "enum('a')"}, false}, {{"date", "date"}, true}};
  for (const auto& [types, wide] : examples) {
    CAPTURE(types.first);
    CAPTURE(types.second);
    CHECK(fits(types.first, types.second) == wide);
  }
}

}  // namespace migrate::keep_loss_test
