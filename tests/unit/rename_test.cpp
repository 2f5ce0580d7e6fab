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

/// A database that holds so many rows, or values in each column.
RenameOptions holding(long long count) {
  RenameOptions options;
  options.count = [count](const std::vector<HeldPlace>& places) {
    HeldCounts counts;
    for (const auto& place : places) counts[place] = {.known = true, .count = count};
    return counts;
  };
  return options;
}

std::vector<RenameDecision> decide(const Table& before, const Table& after, const RenameOptions& options = holding(0)) {
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

TEST_CASE("strangers without values are dropped and added without a question, and with values never") {
  const auto before = table_of({{"id", "bigint"}, {"created", "timestamptz"}, {"x", "integer"}});
  const auto after = table_of({{"id", "bigint"}, {"x", "integer"}, {"photo", "bytea"}});
  CHECK(decide(before, after).empty());
  for (const auto& options : {holding(1), RenameOptions{}}) {
    const auto decisions = decide(before, after, options);
    REQUIRE(decisions.size() == 1);
    CHECK(decisions[0].how == RenameDecision::How::review_drop);
  }
}

TEST_CASE("a column with values is no silent drop, whatever comes and whoever else goes") {
  const auto decisions = decide(table_of({{"a", "date"}, {"b", "bytea"}, {"c", "uuid"}, {"k", "integer"}}), table_of({{"k", "integer"}, {"z", "json"}}), holding(3));
  std::set<std::string> asked;
  for (const auto& decision : decisions) {
    CHECK(decision.how != RenameDecision::How::sure);
    asked.insert(decision.candidate.from);
  }
  CHECK(asked == std::set<std::string>{"a", "b", "c"});
}

TEST_CASE("a table with rows is no silent drop while another comes") {
  Schema live;
  Schema declared;
  live.tables.push_back(table_of({{"x", "bigint"}, {"y", "text"}}, "aaa"));
  declared.tables.push_back(table_of({{"p", "date"}}, "zork"));
  REQUIRE(find_object_renames(live, declared, holding(1)).size() == 1);
  CHECK(find_object_renames(live, declared, holding(1))[0].how == RenameDecision::How::review_drop);
  CHECK(find_object_renames(live, declared, {}).size() == 1);
  CHECK(find_object_renames(live, declared, holding(0)).empty());
  CHECK(find_object_renames(live, declared, {.policy = RenamePolicy::review, .answers = {.renames = {}, .no_renames = {"aaa"}}}).empty());
  CHECK(find_object_renames(live, declared, {.policy = RenamePolicy::never}).empty());
  declared.tables.clear();
  CHECK(find_object_renames(live, declared, holding(1)).empty());
}

TEST_CASE("other spellings are renames, other words are questions") {
  struct Pair {
    const char* from;
    const char* to;
    bool sure;
  };
  static constexpr Pair pairs[] = {
      {"usr", "user", true}, {"descr", "description", true}, {"createdAt", "created_at", true}, {"user_name", "username", true}, {"e_mail", "email", true},
      {"email", "mail", true}, {"qty", "quantity", true}, {"addr", "address", true}, {"adress", "address", true}, {"recieved_at", "received_at", true},
      {"colour", "color", true}, {"CustomerName", "customer_name", true}, {"URLPath", "url_path", true}, {"msg_cnt", "message_count", true}, {"pwd", "password", true},
      {"published", "published_at", false}, {"t_name", "name", true}, {"name", "t_name", true}, {"tel", "phone", true},
      {"enabled", "disabled", false}, {"is_active", "is_inactive", false}, {"duration_s", "duration_ms", false}, {"price_eur", "price_usd", false},
      {"min_price", "max_price", false}, {"created_at", "updated_at", false}, {"password", "password_hash", false}, {"url", "urls", false}, {"owner", "owner_id", false},
      {"extractor_id", "integration_id", false}, {"username", "access_key", false}, {"icon", "avatar", false}, {"name", "namespace", false}, {"user", "username", false},
      {"name", "nickname", false}, {"started_at", "starred_at", false}, {"paid", "unpaid", false}, {"address1", "address2", false}, {"line_1", "line_2", false},
      {"valid", "not_valid", false}, {"order", "ordered", false}, {"net_total", "gross_total", false}, {"home_phone", "work_phone", false}, {"mail", "mailbox", false}};
  for (const auto& pair : pairs) {
    CAPTURE(pair.from);
    CAPTURE(pair.to);
    const auto decisions = decide(table_of({{"id", "bigint"}, {pair.from, "text"}, {"z", "date"}}), table_of({{"id", "bigint"}, {pair.to, "text"}, {"z", "date"}}));
    REQUIRE(decisions.size() == 1);
    CHECK((decisions[0].how == RenameDecision::How::sure) == pair.sure);
    CHECK(!decisions[0].candidate.reasons.empty());
  }
}

TEST_CASE("what speaks against a rename makes it a question") {
  auto before = table_of({{"id", "bigint"}, {"usr_id", "bigint"}, {"z", "date"}});
  auto after = table_of({{"id", "bigint"}, {"user_id", "bigint"}, {"z", "date"}});
  const auto sure = [&] { return decide(before, after).at(0).how == RenameDecision::How::sure; };
  CHECK(sure());
  before.foreign_keys.push_back({.name = "f", .columns = {"usr_id"}, .references = {"", "people"}, .referenced_columns = {"id"}});
  after.foreign_keys.push_back({.name = "f", .columns = {"user_id"}, .references = {"", "people"}, .referenced_columns = {"id"}});
  CHECK(sure());
  after.foreign_keys[0].references.name = "robots";
  CHECK(!sure());
  before.foreign_keys.clear();
  after.foreign_keys.clear();
  after.checks.push_back({.name = "c", .expression = "user_id > 0"});
  CHECK(!sure());
  before.checks.push_back({.name = "c", .expression = "usr_id > 0"});
  CHECK(sure());
  after.columns[1].type = "uuid";
  CHECK(!sure());
  after.columns[1].type = before.columns[1].type = "boolean";
  before.columns[1].default_value = Default{false, "true"};
  after.columns[1].default_value = Default{false, "false"};
  CHECK(!sure());
}

TEST_CASE("a column named after its table follows it") {
  const auto decisions = find_part_renames({.tables = {table_of({{"usr_id", "bigint"}, {"usr_name", "text"}}, "account")}},
                                           {.tables = {table_of({{"account_id", "bigint"}, {"account_name", "text"}}, "account")}}, holding(1),
                                           {{{"", "account"}, {{"", "usr"}}}});
  REQUIRE(decisions.size() == 2);
  for (const auto& decision : decisions) CHECK(decision.how == RenameDecision::How::sure);
}

TEST_CASE("siblings with another ending each are renamed together") {
  Table before = table_of({{"id", "bigint"}}, "facts");
  Table after = before;
  for (const char* name : {"order_date", "ship_date", "due_date", "pay_date", "a_date", "b_date"}) {
    before.columns.push_back({.name = std::string(name) + "_id", .type = "integer"});
    after.columns.push_back({.name = std::string(name) + "_key", .type = "integer"});
  }
  const auto decisions = decide(before, after, holding(1));
  REQUIRE(decisions.size() == 6);
  for (const auto& decision : decisions) {
    CHECK(decision.how == RenameDecision::How::sure);
    CHECK(decision.candidate.from.substr(0, 4) == decision.candidate.to.substr(0, 4));
  }
}

TEST_CASE("a chain is a question that names it") {
  const auto decisions = decide(table_of({{"id", "bigint"}, {"orig_note", "text"}, {"orig_sidebar", "text"}, {"z", "date"}}),
                                table_of({{"id", "bigint"}, {"orig_summary", "text"}, {"orig_note", "text"}, {"z", "date"}}), holding(1));
  REQUIRE(decisions.size() == 1);
  CHECK(decisions[0].how != RenameDecision::How::sure);
  CHECK(decisions[0].through == "orig_note");
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
  CHECK(decide(before, after, {.policy = RenamePolicy::review, .answers = {.renames = {{"t.email", "mail"}}, .no_renames = {}}})[0].how ==
        RenameDecision::How::certain);
  CHECK(decide(before, after, {.policy = RenamePolicy::review, .answers = {.renames = {}, .no_renames = {"t.email"}}}).empty());
  CHECK(decide(before, after, {.policy = RenamePolicy::never}).empty());
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

/// What became of the true renames of one kind that a comparison by name can see, and what else was said.
struct Score {
  int renames = 0;
  int made = 0;      ///< of these, without a question
  int asked = 0;     ///< of these, whose old name is asked about
  int wrong = 0;     ///< made without a question, and not a rename
  int needless = 0;  ///< asked about, and not a rename
  int silent = 0;    ///< of the names that vanished while another appeared, neither renamed nor asked about

  void add(const std::vector<RenameDecision>& decisions, const std::set<std::pair<std::string, std::string>>& truth, const std::string& step) {
    renames += static_cast<int>(truth.size());
    std::set<std::string> true_names;
    for (const auto& [from, to] : truth) true_names.insert(from);
    for (const auto& decision : decisions) {
      const auto& [from, to] = std::pair(decision.candidate.from, decision.candidate.to);
      const bool sure = decision.how == RenameDecision::How::sure;
      if (sure && !truth.contains({from, to})) MESSAGE(step << ": " << from << " -> " << to << " " << decision.candidate.score);
      if (sure) (truth.contains({from, to}) ? made : wrong) += 1;
      else (true_names.contains(from) ? asked : needless) += 1;
    }
  }
};

}  // namespace

namespace {

/// One table in one step of a project's history, and which of its columns were renamed.
struct Step {
  Table before, after;
  std::set<std::pair<std::string, std::string>> renames;
};

struct Corpus {
  std::map<std::string, Step> steps;
  std::vector<std::pair<Table, Table>> tables;
};

Corpus read_corpus(const std::string& file_name) {
  Corpus corpus;
  std::ifstream file(file_name);
  for (std::string line; std::getline(file, line);) {
    const auto row = json::parse(line);
    const std::string kind = row.at("kind");
    const auto before = read_table(row.at("before_cols"), row.at("table_before"));
    const auto after = read_table(row.at("after_cols"), row.at("table"));
    if (kind == "rename_table") {
      corpus.tables.emplace_back(before, after);
      continue;
    }
    if (row.value("visible", "yes") == "no") continue;
    auto& step = corpus.steps[row.at("corpus").get<std::string>() + row.at("dialect").get<std::string>() + row.at("migration").get<std::string>() + after.name.name];
    step.before = before;
    step.after = after;
    if (kind == "rename") step.renames.emplace(row.at("old").at("name"), row.at("new").at("name"));
  }
  return corpus;
}

Score score_columns_of(const Corpus& corpus, long long held) {
  Score score;
  for (const auto& [key, step] : corpus.steps) {
    auto before = step.before;
    before.name = step.after.name;
    const auto decisions = find_part_renames({.tables = {before}}, {.tables = {step.after}}, holding(held), {{step.after.name, {step.before.name}}});
    score.add(decisions, step.renames, key);
    std::set<std::string> told;
    for (const auto& decision : decisions) told.insert(decision.candidate.from);
    for (const auto& column : step.before.columns) {
      const bool stays = std::any_of(step.after.columns.begin(), step.after.columns.end(), [&](const Column& other) { return other.name == column.name; });
      if (!stays && !told.contains(column.name)) ++score.silent;
    }
  }
  return score;
}

void report(const std::string& what, const Score& score) {
  MESSAGE(what << ": " << score.renames << " renames, " << score.made << " made, " << score.asked << " asked about, " << score.wrong << " wrong, " << score.needless
               << " needless questions, " << score.silent << " silent drops");
}

}  // namespace

TEST_CASE("the renames of real projects are found, and drops are not taken for renames") {
  const char* folder = std::getenv("MIGRATE_TEST_CORPORA");
  if (folder == nullptr) {
    MESSAGE("MIGRATE_TEST_CORPORA is not set");
    return;
  }
  const auto corpus = read_corpus(std::string(folder) + "/renames.jsonl");
  const auto empty = score_columns_of(corpus, 0);
  const auto filled = score_columns_of(corpus, 1);
  Score tables;
  for (const auto& [before, after] : corpus.tables) {
    tables.add(find_object_renames({.tables = {before}}, {.tables = {after}}, holding(0)), {{before.name.text(), after.name.text()}}, before.name.text());
  }
  report("columns without values", empty);
  report("columns with values", filled);
  report("tables without rows", tables);
  for (const Score* score : {&empty, &filled, static_cast<const Score*>(&tables)}) {
    CHECK(score->renames > 30);
    CHECK(score->made >= 0.97 * (score->made + score->wrong));
    CHECK(score->made + score->asked == score->renames);
  }
  // What holds something is never dropped in silence; what holds nothing is asked about only where something speaks for it.
  CHECK(filled.silent == 0);
  CHECK(empty.needless <= 8);
}

}  // namespace rename_test
