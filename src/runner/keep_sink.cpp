#include "runner/keep_sink.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/clock.hpp"
#include "core/sha256.hpp"
#include "core/text.hpp"
#include "dialect/lint.hpp"
#include "dialect/sql.hpp"
#include "dialect/sql/parsed.hpp"

namespace migrate {
namespace {

using Json = nlohmann::ordered_json;

/// Rows of a table that are kept at a time, where each time commits.
constexpr long long rows_at_a_time = 20'000;

std::string json_text(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

std::string key_of(const std::vector<Statement>& statements) {
  std::string text;
  for (const auto& statement : statements) text += statement.text + '\0';
  return sha256(text).substr(0, 16);
}

}  // namespace

// ---- what both ways share --------------------------------------------------------------------------------------------

void KeepSink::run(const StepCall& call) {
  std::vector<Statement> statements;
  if (call.fixed) {
    statements = call.statements();
  } else {
    // What the database says later is not what it said.
    const auto text = inner_.remember(call.key + " statements", [&] {
      auto list = Json::array();
      for (const auto& statement : call.statements()) list.push_back(statement.text);
      return json_text(list);
    });
    for (const auto& one : Json::parse(text)) statements.push_back({one, call.location});
  }
  run_all(call.key, statements, [](std::size_t index) { return index + 1; });
}

void KeepSink::run_unit(const std::vector<Statement>& statements, const std::function<std::size_t(std::size_t)>& bound_until) { run_all("unit", statements, bound_until); }

void KeepSink::run_all(const std::string& key, const std::vector<Statement>& statements, const std::function<std::size_t(std::size_t)>& bound_until) {
  look_at(statements);
  std::vector<Statement> plain;
  std::size_t part = 0;
  const auto name = [&](const std::vector<Statement>& some) { return fmt::format("{} #{} {}", key, part++, key_of(some)); };
  const auto flush = [&] {
    if (plain.empty()) return;
    auto some = std::exchange(plain, {});
    const auto own = name(some);
    run_plain(own, std::move(some));
  };
  for (std::size_t i = 0; i < statements.size();) {
    const auto end = std::max(bound_until(i), i + 1);
    bool concerned = false;
    for (auto k = i; k < end; ++k) concerned = concerned || concerns(statements, k);
    if (concerned) {
      flush();
      run_bound(name({statements.begin() + static_cast<std::ptrdiff_t>(i), statements.begin() + static_cast<std::ptrdiff_t>(end)}), statements, i, end);
    } else if (end > i + 1) {
      flush();
      std::vector<Statement> some(statements.begin() + static_cast<std::ptrdiff_t>(i), statements.begin() + static_cast<std::ptrdiff_t>(end));
      const auto own = name(some);
      run_plain(own, std::move(some), true);
    } else {
      plain.push_back(statements[i]);
    }
    i = end;
  }
  flush();
}

void KeepSink::run_plain(const std::string& key, std::vector<Statement> statements, bool together, std::function<void()> before) {
  const auto location = statements.front().location;
  inner_.run({.key = key, .fixed = true, .location = location, .statements = [&] { return statements; }, .together = together, .before = std::move(before)});
}

std::vector<Statement> KeepSink::own(const std::vector<std::string>& texts, const Location& location) const {
  std::vector<Statement> statements;
  for (const auto& text : texts) statements.push_back({text, location});
  return statements;
}

void KeepSink::run_own(const std::string& key, const std::vector<std::string>& statements, const Location& location, bool together) {
  if (!statements.empty()) run_plain(key, own(statements, location), together);
}

// ---- there ---------------------------------------------------------------------------------------------------------------

void KeepingSink::look_at(const std::vector<Statement>& all) { losses_ = losses_of(context_.dialect(), all); }

bool KeepingSink::concerns(const std::vector<Statement>& /*all*/, std::size_t index) { return losses_[index].has_value(); }

KeepPlan KeepingSink::plan(const std::string& key, const Loss& loss, const Statement& statement) {
  auto plan = read_plan(inner_.remember(key + " keep", [&] { return write_plan(plan_keep(context_, loss, statement)); }));
  for (const auto& record : plan.records) context_.last_id = std::max(context_.last_id, record.id);
  // What the unit's text says has been named before the run.
  auto told = plan.cannot;
  if (!announced_ && !plan.beside.empty()) told += (told.empty() ? "" : "; ") + plan.beside;
  if (strict_ && (!plan.cannot.empty() || !plan.beside.empty())) {
    throw Error{ErrorKind::usage, fmt::format("{}: `keep` is strict, and this cannot be kept: {}\n    {}", step_, plan.cannot.empty() ? plan.beside : plan.cannot, start_of(statement)),
                "see docs/keep.md for what can be kept; without `strict` it runs, and is named", statement.location};
  }
  if (!told.empty() && !(announced_ && loss.kind == Loss::Kind::unknown)) inner_.note(fmt::format("not kept: {}: {}", start_of(statement), told));
  return plan;
}

void KeepingSink::run_bound(const std::string& key, const std::vector<Statement>& all, std::size_t first, std::size_t end) {
  std::vector<Statement> statements;
  std::vector<KeepPlan> plans;
  bool together = end > first + 1;
  std::vector<std::string> catch_up;
  for (auto i = first; i < end; ++i) {
    const auto& statement = all[i];
    if (!concerns(all, i)) {
      statements.push_back(statement);
      continue;
    }
    const auto own_key = fmt::format("{} {}", key, i - first);
    auto plan = this->plan(own_key, *losses_[i], statement);
    run_own(own_key + " tables", plan.ahead, statement.location);
    copy_ranges(own_key, plan, statement);
    std::vector<std::string> records;
    add_records(plan, records);
    auto fill = plan.fill;
    fill.insert(fill.end(), records.begin(), records.end());
    together = together || plan.together;
    if (together || context_.in_transaction) {
      for (auto& one : own(fill, statement.location)) statements.push_back(std::move(one));
    } else {
      run_own(own_key + " fill", fill, statement.location, true);
    }
    if (!plan.replaced) statements.push_back(statement);
    for (auto& one : own(plan.instead, statement.location)) statements.push_back(std::move(one));
    catch_up.insert(catch_up.end(), plan.catch_up.begin(), plan.catch_up.end());
    plans.push_back(std::move(plan));
  }
  std::function<void()> before;
  if (!catch_up.empty()) {
    before = [this, catch_up] {
      context_.connection().execute(context_.session->begin_sql());
      for (const auto& sql : catch_up) context_.connection().execute(sql);
      context_.connection().execute("COMMIT");
    };
  }
  run_plain(key + " itself", std::move(statements), together, before);
  for (std::size_t i = 0; i < plans.size(); ++i) finish(fmt::format("{} end {}", key, i), plans[i], all[first].location);
}

void KeepingSink::add_records(const KeepPlan& plan, std::vector<std::string>& statements) const {
  for (const auto& record : plan.records) {
    statements.push_back(insert_kept_sql(*context_.versions, record));
    statements.push_back(log_kept_sql(*context_.versions, record, "keep", context_.at, context_.by));
  }
}

void KeepingSink::copy_ranges(const std::string& key, const KeepPlan& plan, const Statement& statement) {
  for (std::size_t number = 0; number < plan.ranges.size(); ++number) {
    const auto& range = plan.ranges[number];
    long long rows = 0;
    const auto behind = [&](const Json& place, const char* sign) {
      std::string condition, equal;
      for (std::size_t i = 0; i < range.key.size(); ++i) {
        const auto literal = context_.dialect().sql().quote_value(place.at(i).get<std::string>());
        const bool last = i + 1 == range.key.size();
        condition += fmt::format("{}({}{} {} {})", i == 0 ? "" : " OR ", equal, range.key[i], last ? sign : std::string(sign).substr(0, 1), literal);
        equal += fmt::format("{} = {} AND ", range.key[i], literal);
      }
      return "(" + condition + ")";
    };
    const auto next = [&](const std::string& cursor) -> std::optional<BatchCall::Batch> {
      if (cursor == "end") return std::nullopt;
      const auto keys = join(range.key, ", "), columns = join(range.columns, ", ");
      const auto from = cursor.empty() ? std::string() : behind(Json::parse(cursor), ">");
      const auto found = context_.connection().query(fmt::format("SELECT {} FROM {}{} ORDER BY {} LIMIT 1 OFFSET {}", keys, range.table, from.empty() ? "" : " WHERE " + from, keys, rows_at_a_time - 1));
      auto place = Json::array();
      std::string where = from;
      if (!found.rows.empty()) {
        for (const auto& value : found.rows[0]) place.push_back(value.value_or(""));
        where += (where.empty() ? "" : " AND ") + behind(place, "<=");
      }
      if (rows > 0) inner_.progress(fmt::format("keeping values: {} rows of {}", rows, range.table));
      rows += rows_at_a_time;
      return BatchCall::Batch{.statement = {fmt::format("INSERT INTO {} ({}) SELECT {} FROM {}{}", range.target, columns, columns, range.table, where.empty() ? "" : " WHERE " + where), statement.location},
                              .cursor = found.rows.empty() ? "end" : json_text(place)};
    };
    inner_.run_batches({.key = fmt::format("{} range {}", key, number), .location = statement.location, .next = next, .whole = {}});
  }
}

/// Behind the statement: what was not taken after all is let go.
void KeepingSink::finish(const std::string& key, const KeepPlan& plan, const Location& location) {
  run_own(key + " prune", plan.prune, location, true);
  for (const auto& record : plan.records) {
    if (record.kind == KeptRecord::Kind::table || record.kind == KeptRecord::Kind::columns) continue;
    const auto empty = inner_.remember(fmt::format("{} empty {}", key, record.id), [&] {
      return std::string(context_.connection().query("SELECT 1 FROM " + context_.quote(record.kept) + " LIMIT 1").rows.empty() ? "yes" : "no");
    });
    if (empty == "yes") run_own(fmt::format("{} forget {}", key, record.id), forget_kept_sql(*context_.versions, record), location);
  }
}

void KeepingSink::run_batches(const BatchCall& call) {
  // Each batch changes other rows: one table holds what all of them overwrite.
  const auto losses = losses_of(context_.dialect(), {call.whole});
  if (!losses.at(0)) return inner_.run_batches(call);
  auto plan = this->plan(call.key, *losses[0], call.whole);
  if (!plan.keeps()) return inner_.run_batches(call);
  run_own(call.key + " tables", plan.ahead, call.location);
  std::vector<std::string> records;
  add_records(plan, records);
  run_own(call.key + " record", records, call.location);
  auto batches = call;
  batches.next = [&](const std::string& cursor) -> std::optional<BatchCall::Batch> {
    auto batch = call.next(cursor);
    if (!batch) return batch;
    auto loss = losses_of(context_.dialect(), {batch->statement}).at(0);
    auto inner = context_;
    inner.last_id = plan.records.front().id - 1;
    auto own = plan_keep(inner, *loss, batch->statement);
    for (auto& sql : own.fill) batch->in_front.push_back({std::move(sql), call.location});
    if (own.replaced) batch->statement.text = own.instead.at(0);
    return batch;
  };
  inner_.run_batches(batches);
  finish(call.key + " end", plan, call.location);
}

// ---- and back --------------------------------------------------------------------------------------------------------------

bool ReturningSink::concerns(const std::vector<Statement>& all, std::size_t index) {
  const auto& statement = all[index];
  const bool definition = starts_with_ignoring_case(statement.text, "CREATE") || starts_with_ignoring_case(statement.text, "ALTER") || starts_with_ignoring_case(statement.text, "RENAME");
  if (!definition) return false;
  const auto& rules = rules_of(statement, context_.dialect().sql().lexical_rules());
  const auto verb = parsed::parse(statement.text, {&rules, context_.dialect().lint().fold_case}).verb;
  if (verb != parsed::Verb::create_table && verb != parsed::Verb::alter_table && verb != parsed::Verb::rename_table) return false;
  for (std::size_t i = 0; i < records_.size(); ++i) {
    if (!states_[i].back && names(statement, records_[i])) return true;
  }
  return false;
}

bool ReturningSink::names(const Statement& statement, const KeptRecord& record) const {
  return mentions(statement.text, record.object.name, rules_of(statement, context_.dialect().sql().lexical_rules()));
}

void ReturningSink::run_bound(const std::string& key, const std::vector<Statement>& all, std::size_t first, std::size_t end) {
  std::vector<Statement> statements(all.begin() + static_cast<std::ptrdiff_t>(first), all.begin() + static_cast<std::ptrdiff_t>(end));
  std::vector<std::size_t> named;
  for (auto i = records_.size(); i-- > 0;) {
    if (!states_[i].back && std::any_of(statements.begin(), statements.end(), [&](const Statement& statement) { return names(statement, records_[i]); })) named.push_back(i);
  }
  run_plain(key + " itself", std::move(statements), end > first + 1);
  for (const auto i : named) put_back(fmt::format("{} back {}", key, i), i, false);
}

void ReturningSink::put_back(const std::string& key, std::size_t index, bool last) {
  const auto& record = records_[index];
  const Location nowhere;
  const auto text = inner_.remember(key, [&] {
    const auto plan = plan_back(context_, record, last);
    return plan ? write_back(*plan) : std::string("not yet");
  });
  if (text == "not yet") return;
  const auto plan = read_back(text);
  auto& state = states_[index];
  state.back = true;
  if (!plan.left.kept.name.empty()) {
    state.left = plan.left;
    const auto& name = plan.left.kept.name;
    context_.last_id = std::max(context_.last_id, static_cast<long long>(std::atoll(name.c_str() + name.rfind('_') + 1)));
  }
  run_own(key + " ahead", plan.ahead, nowhere);
  run_own(key + " rows", plan.rows, nowhere, true);
  run_own(key + " behind", plan.behind, nowhere);
  for (const auto& note : plan.notes) inner_.note(note);
}

void ReturningSink::finish() {
  const auto holds_rows = [](const KeptRecord& record) { return record.kind == KeptRecord::Kind::table || record.kind == KeptRecord::Kind::rows; };
  std::set<QualifiedName> came_back;
  for (auto i = records_.size(); i-- > 0;) {
    const bool again = states_[i].back && !holds_rows(records_[i]) && states_[i].left.kept.name.empty() && came_back.contains(records_[i].object);
    if (!states_[i].back || again) {
      put_back(fmt::format("last {}", i), i, true);
      if (holds_rows(records_[i])) came_back.insert(records_[i].object);
    }
  }
  for (auto i = records_.size(); i-- > 0;) {
    const auto text = inner_.remember(fmt::format("end {}", i), [&] {
      auto end = plan_end(context_, records_[i], states_[i].left);
      end.statements.push_back(log_kept_sql(*context_.versions, records_[i], "put back", now_utc(), context_.by));
      return json_text({{"statements", end.statements}, {"notes", end.notes}});
    });
    const auto json = Json::parse(text);
    run_own(fmt::format("end {} itself", i), json.at("statements").get<std::vector<std::string>>(), {});
    for (const auto& note : json.at("notes")) inner_.note(note.get<std::string>());
  }
}

}  // namespace migrate
