#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>

#include "core/filesystem.hpp"
#include "dialect/canonical.hpp"
#include "dialect/dialect.hpp"
#include "dialect/registry.hpp"
#include "dialect/render.hpp"
#include "schema/model.hpp"
#include "sqlite_support.hpp"

namespace sqlite_inspect_test {

using namespace migrate;
using namespace migrate::test;

namespace {

/// Everything that CREATE TABLE can say, in as many spellings as SQLite reads.
const char* const everything = R"SQL(
CREATE TABLE teams (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  "name" VARCHAR (80) NOT NULL ON CONFLICT FAIL COLLATE NOCASE CONSTRAINT uq_name UNIQUE ON CONFLICT IGNORE, -- a comment, with a comma
  [odd name] DOUBLE  PRECISION DEFAULT -1.5,
  `tick``ed` NUMERIC(12, 2) DEFAULT (1 + 1) /* , ) */,
  code TEXT DEFAULT 'it''s' CHECK (length(code) BETWEEN 1 AND 9),
  flag BOOLEAN NOT NULL DEFAULT FALSE,
  created TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
  "order" INT CHECK ("order" > 0) CHECK ("order" <> 13),
  CONSTRAINT ck_names CHECK (name <> "x" AND teams.code IS NOT NULL)
);
CREATE TABLE IF NOT EXISTS users(
  id INTEGER NOT NULL, team INTEGER REFERENCES Teams (ID) ON DELETE SET NULL ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED,
  boss INTEGER CONSTRAINT fk_boss REFERENCES users(ID) MATCH FULL,
  mail TEXT, shout TEXT GENERATED ALWAYS AS (upper(mail)) STORED, len AS (length(mail)) VIRTUAL,
  born DATE DEFAULT (date('now')), any_thing, blobs BLOB DEFAULT x'00ff', number TEXT DEFAULT '007', kind TEXT DEFAULT admin,
  PRIMARY KEY (id)
  CONSTRAINT uq_mail UNIQUE (mail COLLATE NOCASE, team) ON CONFLICT REPLACE
  FOREIGN KEY (team, boss) REFERENCES pairs (a, b) ON DELETE RESTRICT NOT DEFERRABLE,
  CHECK (mail LIKE '%@%')
);
CREATE TABLE pairs (a INT, b INT, note TEXT NULL, PRIMARY KEY (a DESC, b ASC)) WITHOUT ROWID;
CREATE TABLE tight (k TEXT PRIMARY KEY, v ANY, n INT NOT NULL DEFAULT 0, r REAL) STRICT, WITHOUT ROWID;
CREATE TABLE loose (k TEXT PRIMARY KEY, v);
CREATE TABLE backwards (id INTEGER PRIMARY KEY DESC, v text);
CREATE TABLE alias (id INTEGER, v TEXT, PRIMARY KEY (id DESC));
CREATE TABLE copied AS SELECT id, name, flag FROM teams;
CREATE UNIQUE INDEX ix_code ON teams (code DESC, lower("name") COLLATE RTRIM) WHERE flag = 1 AND "order" IS NOT NULL;
CREATE INDEX "ix odd" ON teams ("odd name" COLLATE BINARY, name COLLATE nocase);
CREATE VIEW v_users (who, len) AS
  -- the loud ones
  SELECT u.shout, u.len FROM users AS u WHERE u.mail <> 'a;b';
CREATE VIEW v_more AS SELECT * FROM v_users UNION ALL SELECT 'x', 1;
CREATE TRIGGER tr_touch AFTER UPDATE OF mail ON users FOR EACH ROW WHEN new.mail IS NOT old.mail BEGIN
  UPDATE teams SET flag = CASE WHEN flag THEN 0 ELSE 1 END WHERE id = new.team;
  DELETE FROM loose WHERE k = 'END;';
END;
CREATE TRIGGER tr_view INSTEAD OF INSERT ON v_users BEGIN INSERT INTO users (mail) VALUES (new.who); END;
CREATE VIRTUAL TABLE notes USING fts5(title, body);
)SQL";

void rebuilds_the_same(const std::string& sql) {
  const auto database = memory_database(sql);
  const Schema live = live_schema(*database);
  const auto copy = memory_database();
  for (const auto& statement : sqlite::dialect().render().render(creations(live), {}, sqlite_server())) {
    INFO(statement.text);
    copy->execute(statement.text);
  }
  CHECK(first_difference(sqlite_catalog(*copy), sqlite_catalog(*database)) == "");
  CHECK(live_schema(*copy) == live);
  Schema again = live;
  sqlite::dialect().canonical().canonicalize(again, sqlite_server());
  CHECK(again == live);
}

std::string corpus(const std::string& folder) {
  const char* root = std::getenv("MIGRATE_TEST_CORPORA");
  if (root == nullptr || !std::filesystem::exists(std::filesystem::path(root) / folder)) return {};
  std::string sql;
  for (const auto& name : list_files(std::filesystem::path(root) / folder)) {
    if (name.ends_with(".up.sql")) sql += read_file(std::filesystem::path(root) / folder / name) + "\n";
  }
  return sql;
}

}  // namespace

TEST_CASE("a sqlite schema in every spelling is read, and made again from what was read") { rebuilds_the_same(everything); }

TEST_CASE("the parts of a sqlite table are read as they are") {
  const auto database = memory_database(std::string(everything) + "CREATE TABLE child (team INTEGER REFERENCES TEAMS)");
  const Schema schema = live_schema(*database);
  const auto table = [&](const std::string& name) {
    for (const auto& item : schema.tables) {
      if (item.name.name == name) return item;
    }
    FAIL("no table " << name);
    return Table{};
  };
  const Table teams = table("teams");
  CHECK(teams.columns[0].identity.has_value());
  CHECK(teams.columns[1].type == "varchar(80)");
  CHECK(teams.columns[1].collation == "nocase");
  CHECK(teams.columns[1].options == Options{{"not_null_conflict", "fail"}});
  CHECK(teams.uniques[0].options == Options{{"on_conflict", "ignore"}});
  CHECK(teams.columns[2].default_value == Default{false, "-1.5"});
  CHECK(teams.columns[3].name == "tick`ed");
  CHECK(teams.columns[3].default_value == Default{true, "1 + 1"});
  CHECK(teams.columns[4].default_value == Default{false, "it's"});
  CHECK(teams.columns[5].default_value == Default{false, "0"});
  CHECK(teams.columns[6].default_value == Default{true, "CURRENT_TIMESTAMP"});
  CHECK(teams.checks.size() == 4);
  CHECK(teams.checks[3].expression == "name <> 'x' and code is not null");
  CHECK(teams.indexes[0].where == "flag = 1 and \"order\" is not null");
  CHECK(teams.indexes[1].parts[0].collation.empty());
  CHECK(teams.indexes[1].parts[1].collation.empty());

  const Table users = table("users");
  CHECK(users.foreign_keys[0].references.name == "teams");
  CHECK(users.foreign_keys[0].referenced_columns == std::vector<std::string>{"id"});
  CHECK(users.foreign_keys[0].on_delete == "set null");
  CHECK(users.foreign_keys[0].initially_deferred);
  CHECK(users.foreign_keys[1].referenced_columns == std::vector<std::string>{"id"});
  CHECK(users.foreign_keys[2].on_delete == "restrict");
  CHECK(users.columns[4].generated == Generated{"upper(mail)", true});
  CHECK(users.columns[5].generated == Generated{"length(mail)", false});
  CHECK(users.columns[8].default_value == Default{true, "x'00FF'"});
  CHECK(users.columns[10].default_value == Default{false, "admin"});
  CHECK(table("child").foreign_keys[0].references.name == "teams");
  CHECK(table("child").foreign_keys[0].referenced_columns == std::vector<std::string>{"id"});
  CHECK(table("tight").options == Options{{"strict", "true"}, {"without_rowid", "true"}});
  CHECK(table("backwards").primary_key->parts[0].descending);
  CHECK_FALSE(table("alias").primary_key->parts[0].descending);
  CHECK(schema.views[1].columns == std::vector<std::string>{"who", "len"});
  CHECK(schema.definitions.size() == 1);
  for (const auto& item : schema.tables) CHECK_FALSE(item.name.name.starts_with("notes"));
}

TEST_CASE("one query reads a sqlite schema, whatever its size") {
  const auto database = memory_database(everything);
  const long long before = database->round_trips();
  static_cast<void>(live_schema(*database));
  CHECK(database->round_trips() - before == 1);
}

TEST_CASE("the sqlite corpora are read and made again from what was read") {
  for (const char* folder : {"chinook/sqlite-head", "sakila/sqlite-head", "ory-kratos/sqlite"}) {
    const std::string sql = corpus(folder);
    if (sql.empty()) {
      MESSAGE("MIGRATE_TEST_CORPORA is not set or has no " << std::string(folder));
      continue;
    }
    CAPTURE(std::string(folder));
    rebuilds_the_same(sql);
  }
}

TEST_CASE("a model written from a sqlite schema reads back as the same schema") {
  std::vector<std::string> schemas{everything};
  for (const char* folder : {"chinook/sqlite-head", "sakila/sqlite-head", "ory-kratos/sqlite"}) schemas.push_back(corpus(folder));
  for (const auto& sql : schemas) {
    const auto database = memory_database(sql);
    Schema live = live_schema(*database);
    Schema loaded = declared_schema(write_model(live, "sqlite"));
    // Unnamed constraints get names by rule that match any name.
    const auto unname = [](auto& parts) {
      for (auto& part : parts) {
        if (part.declared.generated_name) part.name.clear();
      }
    };
    for (auto& table : loaded.tables) {
      unname(table.uniques);
      unname(table.foreign_keys);
      unname(table.checks);
    }
    REQUIRE(loaded.tables.size() == live.tables.size());
    for (std::size_t i = 0; i < live.tables.size(); ++i) {
      CAPTURE(live.tables[i].name.name);
      CHECK(loaded.tables[i] == live.tables[i]);
    }
    CHECK(loaded.views == live.views);
    CHECK(loaded.definitions == live.definitions);
  }
}

}  // namespace sqlite_inspect_test
