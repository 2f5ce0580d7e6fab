// upgrade --sql and downgrade --sql, run by the engines' own clients.
#include <doctest/doctest.h>

#include <cstdlib>

#include "program.hpp"
#include "project/url.hpp"

namespace migrate::cli_test {
namespace {

/// The server's own program where scripts/servers has unpacked one, else the installed one.
std::string own_program(const std::string& server, const std::string& name) {
  const char* folder = std::getenv(("MIGRATE_TEST_" + server + "_BIN").c_str());
  return folder == nullptr ? name : std::string(folder) + "/" + name;
}

/// The client's command line that reads a script from `file`.
std::vector<std::string> client(const std::string& text, const std::string& file) {
  const auto url = parse_url(text);
  std::string command;
  if (url.dialect() == "sqlite") command = "sqlite3 '" + url.database + "'";
  else if (url.dialect() == "postgresql") command = own_program("POSTGRESQL", "psql") + " -q '" + text + "'";
  else {
    command = own_program(url.scheme == "mysql" ? "MYSQL" : "MARIADB", url.scheme) + " --no-defaults -h" + url.host + " -P" + std::to_string(url.port) + " -u" + url.user + " -p" + url.password + " " + url.database;
  }
  return {"sh", "-c", command + " < " + file};
}

/// A unit with what scripts get wrong: bodies with ';', a comment at the end of a statement, quotes.
const std::string difficult = R"(-- revision: 0001-aaaaaa
-- message: it's difficult

-- migrate: upgrade sqlite
CREATE TABLE a (id integer PRIMARY KEY, note text) -- a table; of notes
;
CREATE TRIGGER tr AFTER INSERT ON a BEGIN
  UPDATE a SET note = 'x; y' WHERE id = new.id;
  UPDATE a SET note = note || '//' WHERE id = new.id;
END;
INSERT INTO a (id) VALUES (1);

-- migrate: upgrade postgresql
CREATE TABLE a (id integer PRIMARY KEY, note text) -- a table; of notes
;
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  new.note := 'x; y';
  new.note := new.note || '//';
  RETURN new;
END $$;
CREATE TRIGGER tr BEFORE INSERT ON a FOR EACH ROW EXECUTE FUNCTION f();
INSERT INTO a (id) VALUES (1);

-- migrate: upgrade mysql
CREATE TABLE a (id integer PRIMARY KEY, note text) -- a table; of notes
;
DELIMITER $$
CREATE TRIGGER tr BEFORE INSERT ON a FOR EACH ROW BEGIN
  SET new.note = 'x; y';
  SET new.note = concat(new.note, '//');
END $$
DELIMITER ;
INSERT INTO a (id) VALUES (1);

-- migrate: downgrade
DROP TABLE a;

-- migrate: downgrade postgresql
DROP TABLE a;
DROP FUNCTION f;
)";

}  // namespace

TEST_CASE("the script of an upgrade does in the engine's own client what the upgrade does") {
  const Folder folder;
  const Databases databases(folder);
  folder.write("p/migrate.yaml", "database: \"${DB}\"\n");
  folder.write("p/migrations/0001.sql", difficult);
  for (const auto& known : databases.urls()) {
    const auto& [engine, url] = known;
    CAPTURE(known.first);
    for (const bool offline : {true, false}) {
      CAPTURE(offline);
      const Environment environment{{"DB", url}};
      const auto in = [&](const std::vector<std::string>& arguments) { return migrate(folder / "p", arguments, environment); };
      const auto up = offline ? in({"upgrade", "--sql", "base:head"}) : in({"upgrade", "--sql"});
      REQUIRE(up.code == 0);
      folder.write("up.sql", up.out);
      const auto done = run(folder.path(), client(url, "up.sql"));
      INFO(up.out << done.out << done.err);
      CHECK(done.code == 0);
      CHECK(in({"current"}).out.find("0001-aaaaaa") == 0);
      CHECK(in({"inspect"}).out.find("tr:") != std::string::npos);

      // A second time the database is not where the script starts.
      CHECK(run(folder.path(), client(url, "up.sql")).code != 0);

      const auto down = offline ? in({"downgrade", "base", "--sql", "head:base"}) : in({"downgrade", "base", "--sql"});
      REQUIRE(down.code == 0);
      folder.write("down.sql", down.out);
      const auto undone = run(folder.path(), client(url, "down.sql"));
      INFO(down.out << undone.out << undone.err);
      CHECK(undone.code == 0);
      CHECK(in({"current"}).out.empty());
      CHECK(run(folder.path(), client(url, "down.sql")).code != 0);
    }
  }
}

TEST_CASE("the script of the sample project leads to what its model says") {
  const Folder folder;
  copy_sample_project(folder);
  const Databases databases(folder);
  for (const auto& known : databases.urls()) {
    const auto& [engine, url] = known;
    CAPTURE(known.first);
    const Environment environment{{"SHOP_DATABASE", url}};
    // The last one looks at rows, which a script cannot: it says so, and the program runs it.
    const auto refused = migrate(folder.path(), {"upgrade", "--sql", "base:head"}, environment);
    CHECK(refused.code == 2);
    CHECK(refused.err.find("0009_customers_are_found_by_name.cpp") != std::string::npos);
    folder.write("up.sql", migrate(folder.path(), {"upgrade", "--sql", "base:8"}, environment).out);
    const auto done = run(folder.path(), client(url, "up.sql"));
    INFO(done.out << done.err);
    CHECK(done.code == 0);
    CHECK(migrate(folder.path(), {"upgrade", "head"}, environment).code == 0);
    const auto check = migrate(folder.path(), {"check"}, environment);
    INFO(check.out << check.err);
    CHECK(check.code == 0);
    CHECK(migrate(folder.path(), {"downgrade", "base"}, environment).code == 0);
  }
}

TEST_CASE("a way back of any length is kept") {
  const Folder folder;
  const Databases databases(folder);
  std::string unit = "-- revision: 0001-aaaaaa\n-- message: long\n\n-- migrate: upgrade\nCREATE TABLE a (id integer);\n\n-- migrate: downgrade\n";
  for (int i = 0; i < 3000; ++i) unit += "-- a line of a long downgrade, number " + std::to_string(i) + "\n";
  unit += "DROP TABLE a;\n";
  for (const auto& known : databases.urls()) {
    const auto& [engine, url] = known;
    CAPTURE(known.first);
    const Environment environment{{"DB", url}};
    folder.write("p/migrate.yaml", "database: \"${DB}\"\n");
    folder.write("p/migrations/0001.sql", unit);
    const auto up = migrate(folder / "p", {"upgrade"}, environment);
    INFO(up.out << up.err);
    CHECK(up.code == 0);
    std::filesystem::remove(folder / "p/migrations/0001.sql");
    const auto down = migrate(folder / "p", {"downgrade", "base"}, environment);
    INFO(down.out << down.err);
    CHECK(down.code == 0);
    CHECK(migrate(folder / "p", {"inspect"}, environment).out.find("tables:") == std::string::npos);
  }
}

}  // namespace migrate::cli_test
