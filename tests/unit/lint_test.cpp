// The cases of tests/lint, and what they have to cover.
#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>

#include "core/filesystem.hpp"
#include "core/text.hpp"
#include "dialect/catalog.hpp"
#include "dialect/lint.hpp"
#include "dialect/postgresql/lint/lint.hpp"
#include "lint/fix.hpp"
#include "lint/lint.hpp"
#include "project/url.hpp"

namespace lint_test {

using namespace migrate;

namespace {

struct Case {
  std::string file;
  std::string name;
  std::map<std::string, std::string> parts;
  [[nodiscard]] std::string part(const std::string& key) const {
    const auto it = parts.find(key);
    return it == parts.end() ? std::string() : it->second;
  }
};

std::vector<Case> load_cases() {
  std::vector<Case> cases;
  for (const auto& entry : std::filesystem::directory_iterator(std::filesystem::path(MIGRATE_SOURCE_DIR) / "tests/lint")) {
    if (entry.path().extension() != ".case") continue;
    std::string part;
    const auto text = read_file(entry.path());
    for (std::size_t at = 0; at < text.size();) {
      const auto end = std::min(text.find('\n', at), text.size());
      const auto line = text.substr(at, end - at);
      at = end + 1;
      if (line.starts_with("=== ")) {
        cases.push_back({entry.path().stem().string(), line.substr(4), {}});
        part.clear();
      } else if (line.starts_with("--- ")) {
        const auto colon = line.find(": ");
        part = colon == std::string::npos ? line.substr(4) : line.substr(4, colon - 4);
        cases.back().parts[part] = colon == std::string::npos ? "" : line.substr(colon + 2);
      } else if (!cases.empty() && !part.empty()) {
        cases.back().parts[part] += line + "\n";
      }
    }
  }
  // Without libpg_query nobody reads PostgreSQL's grammar.
  std::erase_if(cases, [](const Case& item) {
    if (dialect_named(split(item.part("engine"), ' ').at(0) == "mariadb" ? "mysql" : split(item.part("engine"), ' ').at(0)).lint().prefix.empty()) return true;
    return item.part("findings").find("PG001") != std::string::npos && !postgresql::check_syntax("SELECT 1").known;
  });
  return cases;
}

const Dialect& dialect_of(const std::string& engine) { return dialect_named(engine == "mariadb" ? "mysql" : engine); }

struct Setup {
  std::string engine;
  lint::Facts facts;
  std::vector<std::string> engines;
};

Setup setup_of(const Case& item) {
  Setup setup;
  const auto words = split(item.part("engine"), ' ');
  setup.engine = words.at(0);
  const auto& dialect = dialect_of(setup.engine);
  setup.facts.server = dialect.catalog().assume(parse_url(setup.engine == "sqlite" ? "sqlite://" : setup.engine + "://u@h/d"));
  setup.engines = setup.facts.server.sections;
  for (const auto& fact : split(item.part("server"), ',')) {
    const auto equals = fact.find('=');
    if (equals != std::string::npos) setup.facts.server.defaults[fact.substr(0, equals)] = fact.substr(equals + 1);
  }
  setup.facts.version = words.size() > 1 ? lint::version_number(words[1], dialect.lint()) : setup.facts.server.version_number;
  if (item.parts.contains("rows")) {
    setup.facts.connected = true;
    for (const auto& pair : split(item.part("rows"), ',')) {
      const auto equals = pair.find('=');
      if (equals != std::string::npos) setup.facts.rows[{"", pair.substr(0, equals)}] = std::stoll(pair.substr(equals + 1));
    }
  }
  return setup;
}

std::string head_of(const Case& item) {
  return "-- revision: 0001-aaaaaa\n-- message: case\n" + std::string(item.parts.contains("transaction") ? "-- transaction: off\n" : "") + "\n";
}

std::string unit_of(const Case& item) {
  auto text = head_of(item) + "-- migrate: upgrade\n" + item.part("upgrade");
  text += item.parts.contains("downgrade") ? "-- migrate: downgrade\n" + item.part("downgrade") : "-- migrate: downgrade none\n";
  return text;
}

SqlUnit parse(std::string_view text) { return parse_sql_unit(text, "/tmp/0001.sql"); }

std::string section_text(const std::string& text) {
  const auto unit = parse(text);
  return std::string(trim(unit.sections.front().text));
}

lint::Linter linter_of(const Case& item, const Setup& setup) {
  lint::Linter linter(dialect_of(setup.engine), setup.facts, {}, {});
  const auto given = "-- revision: 0000-aaaaaa\n\n-- migrate: upgrade\n" + item.part("given");
  linter.follow(parse(given), setup.engines);
  return linter;
}

/// "PG010 3" for each finding, sorted.
std::vector<std::string> findings_of(const Case& item, const Setup& setup, const std::string& text) {
  auto linter = linter_of(item, setup);
  const auto unit = parse(text);
  const int up = unit.sections.front().location.line;
  int down = 1 << 30;
  for (const auto& section : unit.sections) {
    if (section.direction == Direction::downgrade) down = section.location.line;
  }
  std::vector<std::string> found;
  for (const auto& finding : linter.check(unit, text, setup.engines).findings) {
    const int line = finding.location.line;
    found.push_back(finding.id + " " + (line >= down ? "back " + std::to_string(line - down) : std::to_string(line - up)));
    CHECK_FALSE(finding.effect.empty());
    CHECK(finding.effect.ends_with('.'));
  }
  std::sort(found.begin(), found.end());
  return found;
}

}  // namespace

TEST_CASE("lint finds in each case what it says, and nothing else") {
  for (const auto& item : load_cases()) {
    CAPTURE(item.file);
    CAPTURE(item.name);
    const auto setup = setup_of(item);
    std::vector<std::string> expected;
    for (const auto& line : split(item.part("findings"), '\n')) {
      if (!line.empty()) expected.push_back(line);
    }
    std::sort(expected.begin(), expected.end());
    CHECK(join(findings_of(item, setup, unit_of(item)), "; ") == join(expected, "; "));
  }
}

TEST_CASE("--fix writes what the case says, and a second time nothing") {
  for (const auto& item : load_cases()) {
    if (!item.parts.contains("fixed")) continue;
    CAPTURE(item.file);
    CAPTURE(item.name);
    const auto setup = setup_of(item);
    const auto linter = linter_of(item, setup);
    const auto rewrite = lint::fix_unit(linter, unit_of(item), parse, setup.engines, true);
    CHECK(section_text(rewrite.text) == std::string(trim(item.part("fixed"))));
    CHECK(std::string(trim(join(rewrite.later, ";\n\n") + (rewrite.later.empty() ? "" : ";"))) == std::string(trim(item.part("later"))));
    const auto again = lint::fix_unit(linter, rewrite.text, parse, setup.engines, true);
    CHECK(again.text == rewrite.text);
    CHECK(again.later.empty());
  }
}

TEST_CASE("every rule has a case that finds it and one that does not") {
  std::set<std::string> found;
  std::set<std::string> not_found;
  for (const auto& item : load_cases()) {
    const auto findings = item.part("findings");
    for (const auto& line : split(findings, '\n')) found.insert(line.substr(0, line.find(' ')));
    if (findings.find(item.file + " ") == std::string::npos) not_found.insert(item.file);
  }
  for (const auto* rule : lint::all_rules()) {
    const std::string id(rule->id);
    if (id == "PG001" && !postgresql::check_syntax("SELECT 1").known) continue;
    CHECK_MESSAGE(found.contains(id), id << " is found by no case");
    CHECK_MESSAGE(not_found.contains(id), "tests/lint/" << id << ".case has no case without a finding of it");
  }
}

TEST_CASE("docs/lint.md describes every rule, and no other") {
  const auto page = read_file(std::filesystem::path(MIGRATE_SOURCE_DIR) / "docs/lint.md");
  std::set<std::string> described;
  for (const auto& line : split(page, '\n')) {
    if (!line.starts_with("### ")) continue;
    const auto id = line.substr(4, line.find(' ', 4) - 4);
    const auto* rule = lint::find_rule(id);
    CHECK_MESSAGE(rule != nullptr, "docs/lint.md describes " << id << ", which is no rule");
    if (rule == nullptr) continue;
    described.insert(id);
    CHECK(line == "### " + id + " " + std::string(rule->title));
  }
  for (const auto* rule : lint::all_rules()) CHECK_MESSAGE(described.contains(std::string(rule->id)), rule->id << " is not in docs/lint.md");
}

TEST_CASE("ids of rules are unique and carry their engine's prefix") {
  std::set<std::string_view> ids;
  for (const auto* rule : lint::all_rules()) CHECK_MESSAGE(ids.insert(rule->id).second, rule->id << " stands twice");
  for (const auto* name : {"postgresql", "mysql", "sqlite"}) {
    const auto& support = dialect_named(name).lint();
    for (const auto& rule : support.rules) CHECK(rule.id.starts_with(support.prefix));
  }
}

TEST_CASE("lint: of migrate.yaml") {
  const auto read = [](const std::string& text) { return lint::read_settings(yaml::parse(text, "migrate.yaml"), "migrate.yaml"); };
  const auto settings = read("{rules: {PG010: error, ALL033: off}, fail_on: warning, big_table: 7, version: \"14\"}");
  CHECK(settings.rules.at("PG010") == lint::Severity::error);
  CHECK_FALSE(settings.rules.at("ALL033").has_value());
  CHECK(settings.fail_on == lint::Severity::warning);
  CHECK(settings.big_table == 7);
  CHECK_FALSE(read("{fail_on: never}").fail_on.has_value());
  CHECK_THROWS_WITH(read("{rule: {}}"), "unknown key 'rule' in 'lint'");
  CHECK_THROWS_WITH(read("{rules: {PG999: off}}"), "there is no lint rule 'PG999'");
  CHECK_THROWS_WITH(read("{fail_on: sometimes}"), "'lint.fail_on' is one of note, warning, error, never");
}

}  // namespace lint_test
