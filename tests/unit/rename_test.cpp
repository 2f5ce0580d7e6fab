#include <doctest/doctest.h>

#include <cstdlib>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "autogenerate/rename.hpp"

namespace rename_test {

using namespace migrate;

namespace {

Table table_of(const std::vector<std::pair<std::string, std::string>>& columns, const std::string& name = "t") {
  Table table{.name = {"", name}};
  for (const auto& [column, type] : columns) table.columns.push_back({.name = column, .type = type});
  return table;
}

std::vector<RenameDecision> decide(const Table& before, const Table& after, const RenameOptions& options = {}) {
  Schema live;
  Schema declared;
  live.tables.push_back(before);
  declared.tables.push_back(after);
  return find_part_renames(live, declared, options);
}

}  // namespace

TEST_CASE("a column with another name and all else alike is a rename") {
  const auto decisions = decide(table_of({{"id", "bigint"}, {"user_name", "text"}}), table_of({{"id", "bigint"}, {"username", "text"}}));
  REQUIRE(decisions.size() == 1);
  CHECK(decisions[0].how == RenameDecision::How::sure);
  CHECK(decisions[0].candidate.to == "username");
}

TEST_CASE("the same type alone is a question, not a rename and not a silent drop") {
  const auto decisions = decide(table_of({{"id", "bigint"}, {"messages", "json"}}), table_of({{"id", "bigint"}, {"ui", "json"}}));
  REQUIRE(decisions.size() == 1);
  CHECK(decisions[0].how == RenameDecision::How::review_rename);
}

TEST_CASE("strangers are dropped and added without a question") {
  CHECK(decide(table_of({{"id", "bigint"}, {"created", "timestamptz"}}), table_of({{"id", "bigint"}, {"photo", "bytea"}})).empty());
}

TEST_CASE("two equal candidates are never sure") {
  const auto decisions = decide(table_of({{"mail", "text"}}), table_of({{"mail_home", "text"}, {"mail_work", "text"}}));
  REQUIRE(decisions.size() == 1);
  CHECK(decisions[0].how != RenameDecision::How::sure);
}

TEST_CASE("a rename in upper and lower case only is sure") {
  const auto decisions = decide(table_of({{"Email", "text"}}), table_of({{"email", "text"}}));
  REQUIRE(decisions.size() == 1);
  CHECK(decisions[0].how == RenameDecision::How::sure);
}

TEST_CASE("renamed_from makes chains and swaps, once") {
  auto chain = table_of({{"b", "text"}, {"c", "integer"}});
  chain.columns[0].declared.renamed_from = "a";
  chain.columns[1].declared.renamed_from = "b";
  CHECK(decide(table_of({{"a", "text"}, {"b", "integer"}}), chain).size() == 2);
  CHECK(decide(table_of({{"b", "text"}, {"c", "integer"}}), chain).empty());

  auto swap = table_of({{"a", "integer"}, {"b", "text"}});
  swap.columns[0].declared.renamed_from = "b";
  swap.columns[1].declared.renamed_from = "a";
  CHECK(decide(table_of({{"a", "text"}, {"b", "integer"}}), swap).size() == 2);
  CHECK(decide(table_of({{"a", "integer"}, {"b", "text"}}), swap).empty());
}

TEST_CASE("flags decide: --rename, --no-rename, --rename-policy") {
  const auto before = table_of({{"id", "bigint"}, {"email", "text"}});
  const auto after = table_of({{"id", "bigint"}, {"mail", "text"}});
  CHECK(decide(before, after, {.policy = RenamePolicy::review, .answers = {.renames = {{"t.email", "mail"}}, .no_renames = {}}, .ask = {}})[0].how ==
        RenameDecision::How::certain);
  CHECK(decide(before, after, {.policy = RenamePolicy::review, .answers = {.renames = {}, .no_renames = {"t.email"}}, .ask = {}}).empty());
  CHECK(decide(before, after, {.policy = RenamePolicy::never, .answers = {}, .ask = {}}).empty());
}

TEST_CASE("a table and its columns are renamed together") {
  Schema live;
  Schema declared;
  live.tables.push_back(table_of({{"id", "bigint"}, {"login_request_id", "uuid"}, {"expires_at", "timestamp"}, {"active", "text"}}, "login_requests"));
  declared.tables.push_back(table_of({{"id", "bigint"}, {"login_flow_id", "uuid"}, {"expires_at", "timestamp"}, {"active", "text"}}, "login_flows"));
  const auto decisions = find_object_renames(live, declared, {});
  REQUIRE(decisions.size() == 1);
  CHECK(decisions[0].how != RenameDecision::How::review_drop);
}

namespace {

using nlohmann::json;

Table read_table(const json& columns, const std::string& name) {
  Table table{.name = {"", name}};
  for (const auto& column : columns) {
    Column out{.name = column.at("name"), .type = column.at("type"), .nullable = !column.value("notnull", false)};
    if (column.contains("default") && column["default"].is_string()) out.default_value = Default{true, column["default"]};
    table.columns.push_back(std::move(out));
  }
  return table;
}

struct Score {
  int renames = 0;      ///< true ones that a comparison by name can see
  int made = 0;         ///< of these, made without a question
  int offered = 0;      ///< of these, offered under REVIEW
  int wrong = 0;        ///< made without a question, and not a rename
};

}  // namespace

TEST_CASE("the renames of real projects are found, and drops are not taken for renames") {
  const char* folder = std::getenv("MIGRATE_TEST_CORPORA");
  if (folder == nullptr) {
    MESSAGE("MIGRATE_TEST_CORPORA is not set");
    return;
  }
  struct Pair {
    Table before, after;
    std::set<std::pair<std::string, std::string>> renames;
  };
  std::map<std::string, Pair> steps;
  Score tables;
  std::ifstream file(std::string(folder) + "/renames.jsonl");
  for (std::string line; std::getline(file, line);) {
    const auto row = json::parse(line);
    const std::string kind = row.at("kind");
    const auto before = read_table(row.at("before_cols"), row.at("table_before"));
    const auto after = read_table(row.at("after_cols"), row.at("table"));
    if (kind == "rename_table") {
      Schema live;
      Schema declared;
      live.tables.push_back(before);
      declared.tables.push_back(after);
      ++tables.renames;
      for (const auto& decision : find_object_renames(live, declared, {})) {
        (decision.how == RenameDecision::How::sure ? tables.made : tables.offered) += 1;
      }
      continue;
    }
    if (row.value("visible", "yes") == "no") continue;
    auto& step = steps[row.at("corpus").get<std::string>() + row.at("dialect").get<std::string>() + row.at("migration").get<std::string>() + after.name.name];
    step.before = before;
    step.before.name = after.name;
    step.after = after;
    if (kind == "rename") step.renames.emplace(row.at("old").at("name"), row.at("new").at("name"));
  }
  Score columns;
  for (const auto& [key, step] : steps) {
    columns.renames += static_cast<int>(step.renames.size());
    for (const auto& decision : decide(step.before, step.after)) {
      const bool right = step.renames.contains({decision.candidate.from, decision.candidate.to});
      const bool sure = decision.how == RenameDecision::How::sure;
      if (right) (sure ? columns.made : columns.offered) += 1;
      else if (sure) {
        ++columns.wrong;
        MESSAGE(key << ": " << decision.candidate.from << " -> " << decision.candidate.to << " " << decision.candidate.score);
      }
    }
  }
  const auto report = [](const std::string& what, const Score& score) {
    MESSAGE(what << ": " << score.renames << " renames, " << score.made << " made, " << score.offered << " offered, " << score.wrong
                 << " drops taken for renames");
  };
  report("columns", columns);
  report("tables", tables);
  CHECK(columns.made >= 0.95 * (columns.made + columns.wrong));
  CHECK(columns.made + columns.offered == columns.renames);
  CHECK(tables.made + tables.offered >= 0.9 * tables.renames);
}

}  // namespace rename_test
