// The layers of docs/architecture.md, enforced by reading the includes of every source file.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <regex>
#include <string>
#include <vector>

#include "core/filesystem.hpp"
#include "core/text.hpp"

namespace layers_test {

using namespace migrate;

namespace {

namespace fs = std::filesystem;

/// A layer may include itself and the layers below it; layers of the same height do not know each other.
const std::map<std::string, int> heights{{"include", 0},      {"core", 1},   {"project", 2},     {"schema", 2}, {"revision", 2}, {"operation", 3},
                                         {"dialect", 4},      {"rows", 5},   {"unit", 6},         {"autogenerate", 7}, {"runner", 7},   {"lint", 7},
                                         {"library", 8},      {"transfer", 9}, {"rehearse", 10}, {"fleet", 10}, {"review", 10},       {"cli", 12}};

struct Include {
  std::string file;    ///< relative to src/
  int line = 0;
  std::string target;  ///< as it is written
};

std::vector<Include> all_includes() {
  const fs::path root = fs::path(MIGRATE_SOURCE_DIR) / "src";
  static const std::regex pattern(R"re(^\s*#\s*include\s*[<"]([^>"]+)[>"])re");
  std::vector<Include> found;
  for (const auto& entry : fs::recursive_directory_iterator(root)) {
    if (!entry.is_regular_file() || (entry.path().extension() != ".cpp" && entry.path().extension() != ".hpp")) continue;
    const auto file = fs::relative(entry.path(), root).string();
    const auto text = read_file(entry.path());
    int number = 0;
    for (const auto& line : split(text, '\n')) {
      ++number;
      std::smatch match;
      if (std::regex_search(line, match, pattern)) found.push_back({file, number, match[1]});
    }
  }
  return found;
}

std::string first_part(const std::string& path) { return path.substr(0, path.find('/')); }

/// What a room of an engine's folder may use of the other rooms and faces; who may use one may use what that one may.
const std::map<std::string, std::vector<std::string>> rooms{{"sql", {}},
                                                            {"canonical", {"sql"}},
                                                            {"catalog", {"canonical", "render", "run"}},
                                                            {"render", {"canonical"}},
                                                            {"run", {"sql"}},
                                                            {"rows", {"sql"}},
                                                            {"keep", {"sql"}},
                                                            {"measure", {"run"}},
                                                            {"lint", {"canonical"}}};

bool may_use(const std::string& room, const std::string& other) {
  if (room == other) return true;
  const auto& direct = rooms.at(room);
  return std::any_of(direct.begin(), direct.end(), [&](const auto& next) { return may_use(next, other); });
}

const std::vector<std::string> engines{"mysql", "postgresql", "sqlite"};

/// "dialect/mysql/sql/types.hpp" -> "mysql"; "" for what all engines share.
std::string engine_of(const std::string& path) {
  const auto parts = split(path, '/');
  return parts.size() > 2 && parts[0] == "dialect" && std::find(engines.begin(), engines.end(), parts[1]) != engines.end() ? parts[1] : "";
}

/// The room of a file in an engine's folder, or the face of a header in dialect/; "" for anything else.
std::string room_of(const std::string& path) {
  const auto parts = split(path, '/');
  if (parts[0] != "dialect") return "";
  if (parts.size() == 4) return parts[2];
  const auto face = parts.size() == 2 ? parts[1].substr(0, parts[1].find('.')) : "";
  return parts.size() == 2 && parts[1].ends_with(".hpp") && rooms.contains(face) ? face : "";
}

/// The layer of an included file; "" for one that is not ours.
std::string layer_of(const std::string& target) {
  const auto part = first_part(target);
  if (part == "migrate") return "include";
  return heights.contains(part) && target.find('/') != std::string::npos ? part : "";
}

std::string place(const Include& include) { return "src/" + include.file + ":" + std::to_string(include.line) + " includes " + include.target; }

bool is_driver_header(const std::string& target) {
  static const std::vector<std::string> starts{"pqxx", "libpq", "postgres", "pg_config", "cppconn/", "mysql", "jdbc/", "mariadb", "sqlite3"};
  return std::any_of(starts.begin(), starts.end(), [&](const auto& start) { return target.starts_with(start); });
}

}  // namespace

TEST_CASE("a layer includes only the layers below it") {
  const auto includes = all_includes();
  REQUIRE(includes.size() > 200);
  for (const auto& include : includes) {
    const auto from = first_part(include.file);
    const auto to = layer_of(include.target);
    INFO(place(include));
    REQUIRE_MESSAGE(heights.contains(from), "a folder of src/ without a place in the layers: " << from);
    if (to.empty() || to == from) continue;
    CHECK(heights.at(to) < heights.at(from));
  }
}

TEST_CASE("only what connects, and SQLite's backup, include a driver's headers") {
  for (const auto& include : all_includes()) {
    if (!is_driver_header(include.target) || !layer_of(include.target).empty()) continue;
    INFO(place(include));
    CHECK(first_part(include.file) == "dialect");
    CHECK((include.file.ends_with("/run/connect.cpp") || include.file.ends_with("/run/connect_rows.cpp") || include.file == "dialect/sqlite/run/backup.cpp"));
  }
}

TEST_CASE("a dialect includes no other dialect, and nobody else includes the inside of one") {
  for (const auto& include : all_includes()) {
    const auto target = engine_of(include.target);
    if (target.empty()) continue;
    INFO(place(include));
    const auto from = engine_of(include.file);
    CHECK(from == target);
  }
}

TEST_CASE("an engine's folder holds its rooms and dialect.cpp, nothing else") {
  for (const auto& engine : engines) {
    for (const auto& entry : fs::recursive_directory_iterator(fs::path(MIGRATE_SOURCE_DIR) / "src/dialect" / engine)) {
      if (!entry.is_regular_file()) continue;
      const auto file = fs::relative(entry.path(), fs::path(MIGRATE_SOURCE_DIR) / "src").string();
      INFO(file);
      CHECK((file == "dialect/" + engine + "/dialect.cpp" || rooms.contains(room_of(file))));
    }
  }
}

TEST_CASE("a room uses only the rooms and faces that it may use") {
  int arrows = 0;
  for (const auto& include : all_includes()) {
    const auto from = room_of(include.file);
    if (from.empty() || engine_of(include.file).empty()) continue;
    const auto to = room_of(include.target);
    INFO(place(include));
    if (!to.empty()) CHECK(may_use(from, to));
    arrows += !to.empty() && to != from ? 1 : 0;
    // Drivers are loaded where connections are made; a room does not know the dialect that hands it out.
    CHECK((include.target != "dialect/driver.hpp" || from == "run"));
    CHECK(include.target != "dialect/dialect.hpp");
  }
  CHECK(arrows > 100);
}

TEST_CASE("only the dialects themselves are asked for by their names in code") {
  for (const auto& include : all_includes()) {
    INFO(place(include));
    if (include.target == "dialect/registry.hpp") CHECK((include.file == "dialect/registry.cpp" || include.file.ends_with("/dialect.cpp")));
  }
}

TEST_CASE("the picture of the house in docs/architecture.md is what the includes say") {
  const auto command = "python3 " + (fs::path(MIGRATE_SOURCE_DIR) / "scripts/house").string() + " --check";
  CHECK(std::system(command.c_str()) == 0);
}

TEST_CASE("public headers include public headers and the standard library only") {
  for (const auto& include : all_includes()) {
    if (first_part(include.file) != "include") continue;
    INFO(place(include));
    const bool standard = include.target.find('/') == std::string::npos && include.target.find('.') == std::string::npos;
    CHECK((standard || layer_of(include.target) == "include"));
  }
}

TEST_CASE("outside of the dialects no source names an engine to decide by") {
  // Names of engines may stand in help texts and lists of sections, and project/ knows the schemes of URLs; comparing with
  // one is what capabilities are for.
  static const std::regex decides(R"re((==|!=)\s*"(sqlite|postgresql|postgres|mysql|mariadb)")re");
  const fs::path root = fs::path(MIGRATE_SOURCE_DIR) / "src";
  for (const auto& entry : fs::recursive_directory_iterator(root)) {
    const auto file = fs::relative(entry.path(), root).string();
    if (!entry.is_regular_file() || first_part(file) == "dialect" || first_part(file) == "project") continue;
    int number = 0;
    for (const auto& line : split(read_file(entry.path()), '\n')) {
      ++number;
      INFO("src/" << file << ":" << number << ": " << line);
      CHECK_FALSE(std::regex_search(line, decides));
    }
  }
}

}  // namespace layers_test
