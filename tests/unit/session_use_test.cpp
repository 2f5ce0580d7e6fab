#include <doctest/doctest.h>

#include "dialect/mysql/sql/session_use.hpp"
#include "dialect/postgresql/sql/session_use.hpp"
#include "dialect/registry.hpp"
#include "dialect/sqlite/sql/session_use.hpp"
#include "runner/session_plan.hpp"
#include "revision/graph.hpp"
#include "runner/session_rules.hpp"

namespace session_use_test {

using namespace migrate;
using Kind = SessionItem::Kind;

/// "leaves @id, needs insert id; anything" in short.
std::string text_of(const SessionUse& use) {
  std::string out;
  const auto add = [&](const char* mark, const std::vector<SessionItem>& items) {
    for (const auto& item : items) out += (out.empty() ? "" : " ") + std::string(mark) + item.name;
  };
  add("+", use.leaves);
  add("?", use.needs);
  add("-", use.ends);
  if (use.anything) out += out.empty() ? "*" : " *";
  if (use.constant) out += " constant";
  return out;
}

struct Case {
  const char* sql;
  const char* use;
};

TEST_CASE("what a statement of MySQL leaves in its session, and needs of it") {
  static const Case cases[] = {
      {"INSERT INTO t (a, b) VALUES (1, 'x'), (2, 'it''s \\' f(')", ""},
      {"INSERT INTO t VALUES (NOW(), DEFAULT)", ""},
      {"INSERT INTO t VALUES (LAST_INSERT_ID())", "?LAST_INSERT_ID()"},
      {"INSERT INTO t (a) SELECT @id", "?id"},
      {"INSERT INTO t VALUES (@@identity, @@warning_count)", "?LAST_INSERT_ID() ?@@warning_count"},
      {"UPDATE t SET a = ROW_COUNT()", "?ROW_COUNT()"},
      {"UPDATE t SET a = a + 1 WHERE b IN (1, 2)", ""},
      {"UPDATE t SET a = shop.price(a)", "*"},
      {"SELECT f()", "*"},
      {"SELECT count(*), max(a) FROM t", ""},
      {"SELECT a, b INTO @x, @y FROM t", "+x +y"},
      {"SELECT @n := @n + 1 FROM t", "+n ?n ?n"},
      {"SET @a = 1, sql_mode = 'ANSI'", "+a +sql_mode constant"},
      {"SET @a = LAST_INSERT_ID()", "+a ?LAST_INSERT_ID()"},
      {"SET @old = @@sql_mode, foreign_key_checks = 0", "+old +foreign_key_checks ?sql_mode"},
      {"SET @a = (SELECT count(*) FROM t)", "+a"},
      {"SET NAMES utf8mb4", "+names constant"},
      {"SET GLOBAL x = 1", " constant"},
      {"PREPARE p FROM 'SELECT 1'", "+p constant"},
      {"PREPARE p FROM @sql", "+p ?sql"},
      {"EXECUTE p USING @a", "?p ?a *"},
      {"DEALLOCATE PREPARE p", "-p"},
      {"CALL p(1)", "*"},
      {"CREATE TEMPORARY TABLE tmp (a int)", "+tmp"},
      {"CREATE TABLE t (a varchar(10) DEFAULT 'x', PRIMARY KEY (a))", ""},
      {"DROP TABLE IF EXISTS tmp", "-tmp"},
      {"CREATE TRIGGER tr BEFORE INSERT ON t FOR EACH ROW SET @a = f()", ""},
      {"SELECT GET_LOCK('x', 1)", "+the lock 'x' constant"},
      {"SELECT RELEASE_LOCK('x')", "-the lock 'x'"},
      {"UPDATE t SET a = LAST_INSERT_ID(a + 1)", "+LAST_INSERT_ID()"},
      {"INSERT INTO t VALUES (@@sql_mode, @@version, @@global.sql_mode)", "?sql_mode"},
      {"USE other", "+database constant"},
  };
  for (const auto& [sql, use] : cases) {
    CAPTURE(sql);
    CHECK(text_of(mysql::session_use(sql)) == use);
  }
}

TEST_CASE("what a statement of PostgreSQL leaves in its session, and needs of it") {
  static const Case cases[] = {
      {"INSERT INTO t (a, b) VALUES (1, 'x')", ""},
      {"INSERT INTO public.t (a) SELECT lower(b) FROM u WHERE c IN (1, 2)", ""},
      {"INSERT INTO t VALUES (currval('s'))", "?currval()"},
      {"SELECT set_config('search_path', '', false)", "+search_path constant"},
      {"SELECT pg_catalog.set_config('search_path', '', false)", "+search_path constant"},
      {"SELECT set_config('app.x', '', true)", ""},
      {"SELECT set_config('app.x', (SELECT max(a) FROM t), false)", "+app.x"},
      {"SELECT f()", "*"},
      {"INSERT INTO t VALUES (current_setting('App.x'))", "?app.x"},
      {"SELECT pg_advisory_unlock(1)", "-the advisory lock 1"},
      {"SELECT pg_advisory_lock(a) FROM t", "+the advisory lock a"},
      {"SELECT pg_advisory_xact_lock(1)", ""},
      {"SET app.x = '1'", "+app.x constant"},
      {"SET LOCAL app.x = '1'", ""},
      {"DO $$ BEGIN END $$", "*"},
      {"CREATE TEMP TABLE tmp (a varchar(3))", "+tmp"},
      {"PREPARE q AS SELECT 1", "+q constant"},
      {"EXECUTE q", "?q *"},
      {"SELECT pg_advisory_lock(1)", "+the advisory lock 1 constant"},
      {"CREATE INDEX i ON t (lower(a))", ""},
  };
  for (const auto& [sql, use] : cases) {
    CAPTURE(sql);
    CHECK(text_of(postgresql::session_use(sql)) == use);
  }
}

TEST_CASE("what a statement of SQLite leaves in its session, and needs of it") {
  static const Case cases[] = {
      {"INSERT INTO t VALUES (1, 'x')", ""},
      {"INSERT INTO t VALUES (last_insert_rowid())", "?last_insert_rowid()"},
      {"UPDATE t SET a = changes()", "?changes()"},
      {"UPDATE t SET a = total_changes()", "?total_changes()"},
      {"CREATE TEMP TABLE tmp (a)", "+tmp"},
      {"CREATE TRIGGER tr AFTER INSERT ON t BEGIN UPDATE t SET a = last_insert_rowid(); END", ""},
      {"PRAGMA case_sensitive_like = ON", "+case_sensitive_like constant"},
      {"CREATE TABLE t (a DEFAULT (lower('X')))", ""},
  };
  for (const auto& [sql, use] : cases) {
    CAPTURE(sql);
    CHECK(text_of(sqlite::session_use(sql)) == use);
  }
}

SessionPlan plan_of(const char* dialect, const std::vector<std::string>& texts) {
  SessionPlan plan(dialect_named(dialect));
  std::vector<Statement> statements;
  for (const auto& text : texts) statements.push_back({text, {}});
  plan.follow(statements);
  return plan;
}

TEST_CASE("statements that a record must not part") {
  const auto rows = plan_of("mysql", {"INSERT INTO t VALUES (1)", "UPDATE t SET a = 2", "INSERT INTO u VALUES (ROW_COUNT())", "DELETE FROM u"});
  CHECK(rows.bond_at(0, false).end == 1);
  CHECK(rows.bond_at(1, true).end == 3);
  CHECK(rows.bond_at(2, true).end == 3);
  CHECK(rows.bond_at(3, true).end == 4);
  const auto table = plan_of("mysql", {"CREATE TEMPORARY TABLE tmp (a int)", "INSERT INTO tmp VALUES (1)", "INSERT INTO t SELECT * FROM tmp", "DELETE FROM t"});
  CHECK(table.bond_at(0, false).end == 3);
  CHECK(table.bond_at(0, true).end == 1);
  CHECK(table.lost(2, false).size() == 1);
  CHECK(table.lost(3, false).empty());
}

TEST_CASE("a unit of definitions and rows is plain, one that does anything to its session is not") {
  CHECK(plan_of("mysql", {"CREATE TABLE t (a int)", "INSERT INTO t VALUES (1)", "DROP TABLE t", "UPDATE u SET a = NOW()"}).plain());
  CHECK(plan_of("postgresql", {"CREATE TABLE t (a int)", "DROP TABLE t", "DROP INDEX CONCURRENTLY i"}).plain());
  CHECK(plan_of("sqlite", {"DROP TABLE t", "ALTER TABLE u RENAME TO t"}).plain());
  CHECK_FALSE(plan_of("mysql", {"DO RELEASE_ALL_LOCKS()"}).plain());
  CHECK_FALSE(plan_of("postgresql", {"SELECT pg_advisory_unlock_all()"}).plain());
  CHECK_FALSE(plan_of("postgresql", {"CREATE TABLE t (a int)", "DISCARD ALL"}).plain());
  CHECK_FALSE(plan_of("mysql", {"DEALLOCATE PREPARE p"}).plain());
}

TEST_CASE("what is kept with the progress") {
  const auto plan = plan_of("mysql", {"INSERT INTO t VALUES (1)", "SET @id = LAST_INSERT_ID()", "ALTER TABLE t ADD b int", "INSERT INTO u VALUES (@id)"});
  CHECK(plan.keep(0).empty());
  CHECK(plan.keep(1).size() == 2);  // LAST_INSERT_ID(), and @id, which a trigger may have set
  CHECK(plan.keep(2).size() == 2);
  CHECK(plan.needs_kept(2).size() == 1);
  CHECK(plan_of("postgresql", {"SELECT set_config('app.x', (SELECT 'y'), false)", "SELECT 1"}).keep(1).size() == 1);
  CHECK(plan_of("postgresql", {"SET app.x = 'y'", "SELECT 1"}).keep(1).empty());  // is set again
  CHECK(plan_of("postgresql", {"SET app.x = 'y'", "SELECT 1"}).replays(0, 1));
}

}  // namespace session_use_test
