// Units that are wrong, and what is said about them: nothing has changed in the database afterwards.
#include <doctest/doctest.h>

#include "program.hpp"

namespace migrate::cli_test {
namespace {

struct Case {
  std::string what;
  std::string body;     ///< behind the header
  std::string message;  ///< part of what is said
  std::string place;    ///< FILE:LINE that it starts with
  int code = 2;
};

const std::string header = "-- revision: 0001-aaaaaa\n-- message: m\n\n";

std::vector<Case> cases_for_all() {
  return {
      {"a directive that is nearly one", "-- migrate: upgrade\nCREATE TABLE a (id integer);\n  -- migrate: downgrade\nDROP TABLE a;\n", "is nearly a directive", "migrations/0001.sql:6"},
      {"an unknown directive", "-- migrate: up\nCREATE TABLE a (id integer);\n", "unknown directive 'up'", "migrations/0001.sql:4"},
      {"an engine that does not exist", "-- migrate: upgrade postgres\nCREATE TABLE a (id integer);\n", "unknown engine 'postgres'", "migrations/0001.sql:4"},
      {"a section twice", "-- migrate: upgrade\n-- migrate: upgrade\n", "a second section for upgrade", "migrations/0001.sql:5"},
      {"no upgrade", "-- migrate: downgrade\nDROP TABLE a;\n", "it has no upgrade section", "migrations/0001.sql"},
      {"a statement in front", "CREATE TABLE a (id integer);\n-- migrate: upgrade\n", "in front of the first section", "migrations/0001.sql:4"},
      {"a missing include", "-- migrate: upgrade\n-- migrate: include none.sql\n", "include", "migrations/0001.sql:5"},
      {"an include outside", "-- migrate: upgrade\n-- migrate: include ../migrate.yaml\n", "outside of the migrations folder", "migrations/0001.sql:5"},
      {"an open string", "-- migrate: upgrade\nCREATE TABLE a (id integer DEFAULT 'x);\n", "unterminated", "migrations/0001.sql:5"},
      {"an open REVIEW", "-- migrate: upgrade\n-- REVIEW: is it?\nCREATE TABLE a (id integer);\n", "is it?", "migrations/0001.sql:5", 5},
      {"SQL that fails", "-- migrate: upgrade\nCREATE TABLE a (id integer);\n\nCREATE TABLE a (id integer);\n", "statement 2 of 2", "migrations/0001.sql:7", 1},
  };
}

}  // namespace

TEST_CASE("a unit that is wrong is refused with its place, and nothing is changed") {
  const Folder folder;
  const Databases databases(folder);
  folder.write("migrate.yaml", "database: \"${DB}\"\n");
  for (const auto& known : databases.urls()) {
    const auto& [engine, url] = known;
    const bool commits_by_itself = engine == "mysql" || engine == "mariadb";
    auto cases = cases_for_all();
    if (!commits_by_itself) {
      cases.push_back({"a ROLLBACK inside", "-- migrate: upgrade\nCREATE TABLE a (id integer);\nROLLBACK;\n", "cannot hold ROLLBACK", "migrations/0001.sql:6"});
      cases.push_back({"SQL that fails behind a COMMIT", "-- migrate: upgrade\nBEGIN;\nCREATE TABLE a (id integer);\nCOMMIT;\nCREATE TABLE a (id integer);\n",
                       "already exists", "migrations/0001.sql:8", 1});
    }
    for (const auto& one : cases) {
      CAPTURE(known.first);
      INFO(one.what);
      folder.write("migrations/0001.sql", header + one.body);
      const auto outcome = migrate(folder.path(), {"upgrade"}, {{"DB", url}});
      INFO(outcome.out << outcome.err);
      CHECK(outcome.code == one.code);
      CHECK(outcome.err.find("error: " + one.place) == 0);
      CHECK(outcome.err.find(one.message) != std::string::npos);
      CHECK(outcome.err.find("hint: ") != std::string::npos);
      const auto after = migrate(folder.path(), {"inspect"}, {{"DB", url}});
      // Where DDL commits by itself, what was done before the failure is recorded, and the same command goes on.
      if (!commits_by_itself || one.code != 1) CHECK(after.out.find("tables:") == std::string::npos);
    }
  }
}

TEST_CASE("a unit that cannot be undone is refused before anything is reverted") {
  const Folder folder;
  const Databases databases(folder);
  folder.write("migrate.yaml", "database: \"${DB}\"\n");
  folder.write("migrations/0001.sql", header + "-- migrate: upgrade\nCREATE TABLE a (id integer);\n\n-- migrate: downgrade none\n");
  folder.write("migrations/0002.sql", "-- revision: 0002-bbbbbb\n-- parents: 0001-aaaaaa\n\n-- migrate: upgrade\nCREATE TABLE b (id integer);\n\n"
                                      "-- migrate: downgrade\nDROP TABLE b;\n");
  for (const auto& known : databases.urls()) {
    const auto& [engine, url] = known;
    CAPTURE(known.first);
    const Environment environment{{"DB", url}};
    CHECK(migrate(folder.path(), {"upgrade"}, environment).code == 0);
    const auto outcome = migrate(folder.path(), {"downgrade", "base"}, environment);
    CHECK(outcome.code == 1);
    CHECK(outcome.err.find("cannot be undone") != std::string::npos);
    CHECK(migrate(folder.path(), {"current"}, environment).out.find("0002-bbbbbb") == 0);
    CHECK(migrate(folder.path(), {"downgrade", "-1"}, environment).code == 0);
  }
}

TEST_CASE("an edited unit stops a run until the edit is taken back or accepted") {
  const Folder folder;
  const Databases databases(folder);
  folder.write("migrate.yaml", "database: \"${DB}\"\n");
  const auto unit = header + "-- migrate: upgrade\nCREATE TABLE a (id integer);\n\n-- migrate: downgrade\nDROP TABLE a;\n";
  for (const auto& known : databases.urls()) {
    const auto& [engine, url] = known;
    CAPTURE(known.first);
    const Environment environment{{"DB", url}};
    folder.write("migrations/0001.sql", unit);
    std::filesystem::remove(folder / "migrations/0002.sql");
    CHECK(migrate(folder.path(), {"upgrade"}, environment).code == 0);
    folder.write("migrations/0001.sql", unit + "-- edited\n");
    folder.write("migrations/0002.sql", "-- revision: 0002-bbbbbb\n-- parents: 0001-aaaaaa\n\n-- migrate: upgrade\nCREATE TABLE b (id integer);\n\n"
                                        "-- migrate: downgrade\nDROP TABLE b;\n");
    const auto outcome = migrate(folder.path(), {"upgrade"}, environment);
    CHECK(outcome.code == 1);
    CHECK(outcome.err.find("was edited after it was applied") != std::string::npos);
    CHECK(outcome.err.find("migrate repair --accept 0001-aaaaaa") != std::string::npos);
    CHECK(migrate(folder.path(), {"verify"}, environment).code == 3);
    CHECK(migrate(folder.path(), {"repair", "--accept", "1"}, environment).code == 0);
    CHECK(migrate(folder.path(), {"upgrade"}, environment).code == 0);
    CHECK(migrate(folder.path(), {"verify"}, environment).code == 0);
    // Line ends and trailing blanks are no edit.
    folder.write("migrations/0001.sql", "\xEF\xBB\xBF" + unit + "-- edited  \r\n\n");
    CHECK(migrate(folder.path(), {"downgrade", "base"}, environment).code == 0);
  }
}

}  // namespace migrate::cli_test
