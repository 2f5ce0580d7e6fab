// A project and its targets: what stands in files is read once for any number of databases.
#include <doctest/doctest.h>

#include <filesystem>

#include "core/filesystem.hpp"
#include "library/planner.hpp"
#include "library/target.hpp"
#include "runner/run.hpp"

namespace target_test {

using namespace migrate;

namespace {

namespace fs = std::filesystem;

struct Folder {
  fs::path path = fs::temp_directory_path() / ("migrate_targets_" + std::to_string(::getpid()));
  Folder() {
    fs::remove_all(path);
    fs::create_directories(path / "migrations");
    write_file(path / "migrate.yaml", "database: sqlite:///first.db\n");
    write_file(path / "model.yaml", "tables: {a: {columns: {id: integer, note: text}}}\n");
    write_file(path / "migrations/0001_a.sql", "-- revision: 0001-aaaaaa\n-- message: a\n\n-- migrate: upgrade\nCREATE TABLE a (id integer);\n\n-- migrate: downgrade\nDROP TABLE a;\n");
    write_file(path / "migrations/0002_note.sql", "-- revision: 0002-bbbbbb\n-- parents: 0001-aaaaaa\n-- message: note\n\n-- migrate: upgrade\nALTER TABLE a ADD COLUMN note text;\n\n"
                                                  "-- migrate: downgrade\nALTER TABLE a DROP COLUMN note;\n");
  }
  ~Folder() { fs::remove_all(path); }
};

struct Quiet final : RunEvents {};

void upgrade(Target& target, const std::string& revision) {
  Quiet events;
  CommandPlanner planner(target, Direction::upgrade, revision);
  (void)run(target.session(), target.run_options(), [&](const std::vector<VersionRow>& rows) { return planner(rows); }, events);
}

}  // namespace

TEST_CASE("three databases of one project stand where each was brought, and the project is read once") {
  const Folder folder;
  Project project(load_config(folder.path / "migrate.yaml", ""));
  Target first(project);
  Target second(project, "sqlite:///" + (folder.path / "second.db").string());
  Target third(project, "sqlite:///" + (folder.path / "third.db").string());

  upgrade(first, "head");
  // What comes into the folder later is not seen: the units are the project's, not the target's.
  write_file(folder.path / "migrations/0003_late.sql", "-- revision: 0003-cccccc\n-- parents: 0002-bbbbbb\n-- message: late\n\n-- migrate: upgrade\nDROP TABLE a;\n");
  upgrade(second, "1");

  CHECK(applied_ids(first.read_rows()) == Ids{"0001-aaaaaa", "0002-bbbbbb"});
  CHECK(applied_ids(second.read_rows()) == Ids{"0001-aaaaaa"});
  CHECK(applied_ids(third.read_rows()).empty());
  CHECK(project.readings() == 1);
  CHECK(&first.project() == &third.project());

  CHECK(first.live_schema().tables.at(0).columns.size() == 2);
  CHECK(second.live_schema().tables.at(0).columns.size() == 1);
  CHECK(third.live_schema().tables.empty());
  CHECK(third.declared_schema().tables.size() == 1);
  CHECK(fs::exists(folder.path / "first.db"));

  upgrade(second, "head");
  CHECK(second.live_schema() == first.live_schema());

  project.reload_units();
  CHECK(project.graph().heads().size() == 1);
  CHECK(project.readings() == 2);
}

}  // namespace target_test
