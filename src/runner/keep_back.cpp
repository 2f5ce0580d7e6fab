#include "runner/keep_back.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/text.hpp"
#include "dialect/keep.hpp"
#include "dialect/render.hpp"
#include "dialect/rows.hpp"
#include "dialect/sql.hpp"
#include "operation/operation.hpp"
#include "schema/lookup.hpp"

namespace migrate {
namespace {

using Names = std::vector<std::string>;
using KeptKind = KeptRecord::Kind;

bool holds_rows(const KeptRecord& record) { return record.kind == KeptKind::table || record.kind == KeptKind::rows; }

long long count(const KeepContext& context, const std::string& sql) {
  const auto result = context.connection().query(sql);
  return result.rows.empty() ? 0 : std::atoll(result.rows[0].at(0).value_or("0").c_str());
}

/// "t.a = k.a AND t.b = k.b".
std::string equal_keys(const KeepContext& context, const Names& columns, const std::string& a, const std::string& b) {
  std::string out;
  for (const auto& column : columns) out += fmt::format("{}{}.{} = {}.{}", out.empty() ? "" : " AND ", a, context.quote(column), b, context.quote(column));
  return out;
}

class BackPlanner {
 public:
  BackPlanner(KeepContext& context, const KeptRecord& record, bool last) : context_(context), record_(record), last_(last) {}

  std::optional<BackPlan> make() {
    table_ = context_.look(record_.object);
    kept_ = context_.look(record_.kept);
    if (!kept_) {
      if (last_) plan_.notes.push_back(fmt::format("what was kept of {} is not there any more", record_.object.name));
      return last_ ? std::optional(plan_) : std::nullopt;
    }
    // The partitions that its rows go to are made behind it.
    if (!last_ && table_ && table_->options.contains("partition_by")) return std::nullopt;
    if (!table_) return last_ ? std::optional(stays("there is no such table")) : std::nullopt;
    return holds_rows(record_) ? rows() : values();
  }

 private:
  BackPlan stays(const std::string& why) {
    plan_.notes.push_back(fmt::format("not put back: {}: {}; it stays in {}", record_.text(table_ ? table_->name.schema : ""), why, record_.kept.name));
    plan_.left = record_;
    return plan_;
  }

  [[nodiscard]] Names missing(const Names& columns) const {
    Names out;
    for (const auto& column : columns) {
      if (find_named(table_->columns, column) == nullptr) out.push_back(column);
    }
    return out;
  }

  /// No trigger of the table sees what is put back: it saw it when it came first.
  void silence() {
    if (table_->triggers.empty()) return;
    if (auto silence = context_.dialect().keep().silence(*table_)) {
      plan_.ahead.insert(plan_.ahead.end(), silence->off.begin(), silence->off.end());
      plan_.behind.insert(plan_.behind.begin(), silence->on.begin(), silence->on.end());
      return;
    }
    Schema schema;
    schema.tables = {*table_};
    std::vector<Operation> off, on;
    for (const auto& trigger : table_->triggers) {
      off.emplace_back(Remove<Trigger>{table_->name, trigger});
      on.emplace_back(Add<Trigger>{table_->name, trigger});
    }
    const auto& render = context_.dialect().render();
    const auto& server = context_.session->server();
    for (const auto& statement : render.render(off, schema, server)) plan_.ahead.push_back(statement.text);
    schema.tables[0].triggers.clear();
    for (const auto& statement : render.render(on, schema, server)) plan_.behind.push_back(statement.text);
  }

  [[nodiscard]] std::string value(const std::string& column) const {
    return context_.dialect().keep().converted("k." + context_.quote(column), find_named(kept_->columns, column)->type, find_named(table_->columns, column)->type);
  }

  // ---- values by their key ----
  std::optional<BackPlan> values() {
    auto wanted = record_.columns;
    wanted.insert(wanted.end(), record_.key.begin(), record_.key.end());
    const auto gone = missing(wanted);
    if (!gone.empty()) return last_ ? std::optional(stays("there is no column " + join(gone, ", "))) : std::nullopt;
    if (record_.kind == KeptKind::values && !last_) return std::nullopt;
    for (const auto& column : record_.columns) {
      const auto* now = find_named(table_->columns, column);
      const auto before = record_.types.find(column);
      if (!last_ && before != record_.types.end() && before->second != now->type) return std::nullopt;
    }
    std::vector<KeepFace::Assignment> set;
    for (const auto& column : record_.columns) set.emplace_back(column, value(column));
    silence();
    plan_.rows.push_back(context_.dialect().keep().put_back_sql(table_->name, record_.kept, set, record_.key, ""));
    return plan_;
  }

  // ---- whole rows ----
  std::optional<BackPlan> rows() {
    Names columns, lost;
    for (const auto& column : record_.columns) {
      const auto* now = find_named(table_->columns, column);
      if (now == nullptr) lost.push_back(column);
      else if (!now->generated && find_named(kept_->columns, column) != nullptr) columns.push_back(column);
    }
    if (!last_ && (!lost.empty() || record_.kind == KeptKind::rows)) return std::nullopt;
    if (columns.empty()) return stays("it has no column of them");
    if (!lost.empty()) {
      plan_.notes.push_back(fmt::format("{} has no column {}: these values stay in {}", record_.object.name, join(lost, ", "), record_.kept.name));
      plan_.left = record_;
    }
    silence();
    const auto conflict = conflicts();
    if (!conflict.empty()) keep_conflicts(conflict, lost.empty());
    Names quoted, values;
    for (const auto& column : columns) {
      quoted.push_back(context_.quote(column));
      values.push_back(value(column));
    }
    const auto own = context_.dialect().keep().own_numbers();
    insert(fmt::format("INSERT INTO {} ({}) {}{}SELECT {} FROM {} k{}", context_.quote(table_->name), join(quoted, ", "), own, own.empty() ? "" : " ", join(values, ", "),
                       context_.quote(record_.kept), conflict.empty() ? "" : " WHERE NOT (" + conflict + ")"));
    for (const auto& [name, next] : record_.numbers) {
      const auto* column = find_named(table_->columns, name);
      if (column == nullptr || !column->identity) continue;
      const auto now = context_.dialect().rows().next_number(context_.connection(), *table_, *column);
      if (now && std::atoll(now->c_str()) > std::atoll(next.c_str())) continue;
      plan_.behind.push_back(context_.dialect().rows().set_next_number_sql(*table_, *column, next));
    }
    return plan_;
  }

  /// Rows that refer to each other cannot come in an order that pleases a server which looks at each row by itself.
  void insert(std::string sql) {
    const auto refers_to_itself = [&](const auto& parent) { return parent.table.name == record_.object.name; };
    const bool by_itself = std::any_of(record_.parents.begin(), record_.parents.end(), refers_to_itself);
    const auto unchecked = by_itself ? context_.dialect().keep().unchecked(context_.connection()) : KeepFace::Silence{};
    plan_.rows.insert(plan_.rows.end(), unchecked.off.begin(), unchecked.off.end());
    plan_.rows.push_back(std::move(sql));
    plan_.rows.insert(plan_.rows.end(), unchecked.on.begin(), unchecked.on.end());
  }

  /// A condition over `k` that the row cannot come back: a key of it was taken, or what it refers to is gone. "" when there is no such row.
  std::string conflicts() {
    std::string conflict;
    const auto add = [&](const std::string& condition) { conflict += (conflict.empty() ? "" : " OR ") + condition; };
    const auto there = context_.quote(table_->name);
    if (!context_.connection().query("SELECT 1 FROM " + there + " LIMIT 1").rows.empty()) {
      auto keys = record_.uniques;
      if (!record_.key.empty()) keys.push_back(record_.key);
      for (const auto& key : keys) {
        if (missing(key).empty()) add(fmt::format("EXISTS (SELECT 1 FROM {} t WHERE {})", there, equal_keys(context_, key, "t", "k")));
      }
    }
    for (const auto& parent : record_.parents) {
      if (parent.table.name == record_.object.name && parent.table.schema == record_.object.schema) continue;
      const auto table = context_.look(parent.table);
      if (!table || parent.columns.size() != parent.referenced.size() || !missing(parent.columns).empty()) continue;
      std::string refers, found;
      for (std::size_t i = 0; i < parent.columns.size(); ++i) {
        refers += "k." + context_.quote(parent.columns[i]) + " IS NOT NULL AND ";
        found += fmt::format("{}p.{} = k.{}", i == 0 ? "" : " AND ", context_.quote(parent.referenced[i]), context_.quote(parent.columns[i]));
      }
      add(fmt::format("({}NOT EXISTS (SELECT 1 FROM {} p WHERE {}))", refers, context_.quote(table->name), found));
    }
    if (conflict.empty()) return "";
    conflicting_ = count(context_, fmt::format("SELECT COUNT(*) FROM {} k WHERE {}", context_.quote(record_.kept), conflict));
    return conflicting_ == 0 ? "" : conflict;
  }

  void keep_conflicts(const std::string& conflict, bool alone) {
    plan_.notes.push_back(fmt::format("{} of {} not put back: a new row has their key, or what they refer to is gone", plural(static_cast<std::size_t>(conflicting_), "row"), record_.object.name));
    plan_.left = record_;
    if (!alone) return;  // all of it stays
    plan_.left.kept = context_.versions->kept_table(record_.kept.schema, context_.next_id());
    Names columns;
    for (const auto& column : kept_->columns) {
      if (!column.generated && std::find(record_.key.begin(), record_.key.end(), column.name) == record_.key.end()) columns.push_back(column.name);
    }
    plan_.ahead.push_back(create_kept_sql(context_, *kept_, plan_.left.kept, record_.key, columns));
    Names all;
    for (const auto& column : record_.key) all.push_back(context_.quote(column));
    for (const auto& column : columns) all.push_back(context_.quote(column));
    plan_.rows.push_back(fmt::format("INSERT INTO {} ({}) SELECT {} FROM {} k WHERE {}", context_.quote(plan_.left.kept), join(all, ", "), join(all, ", "), context_.quote(record_.kept), conflict));
  }

  KeepContext& context_;
  const KeptRecord& record_;
  bool last_;
  std::optional<Table> table_, kept_;
  long long conflicting_ = 0;
  BackPlan plan_;
};

}  // namespace

std::optional<BackPlan> plan_back(KeepContext& context, const KeptRecord& record, bool last) { return BackPlanner(context, record, last).make(); }

EndPlan plan_end(KeepContext& context, const KeptRecord& record, const KeptRecord& left) {
  EndPlan end;
  const auto& versions = *context.versions;
  if (!left.kept.name.empty()) {
    end.statements.push_back(left_kept_sql(versions, left));
    if (left.kept != record.kept) end.statements.push_back("DROP TABLE IF EXISTS " + context.quote(record.kept));
    return end;
  }
  if (!holds_rows(record) && context.look(record.kept) && context.look(record.object)) {
    const auto there = fmt::format("EXISTS (SELECT 1 FROM {} t WHERE {})", context.quote(record.object), equal_keys(context, record.key, "t", context.quote(record.kept.name)));
    const auto gone = count(context, fmt::format("SELECT COUNT(*) FROM {} WHERE NOT {}", context.quote(record.kept), there));
    if (gone > 0) {
      end.notes.push_back(fmt::format("{} of {} gone since: what was kept of them stays in {}", plural(static_cast<std::size_t>(gone), "row"), record.object.name, record.kept.name));
      end.statements = {fmt::format("DELETE FROM {} WHERE {}", context.quote(record.kept), there), left_kept_sql(versions, record)};
      return end;
    }
  }
  end.statements = forget_kept_sql(versions, record);
  return end;
}

std::string write_back(const BackPlan& plan) {
  nlohmann::ordered_json json{{"ahead", plan.ahead}, {"rows", plan.rows}, {"behind", plan.behind}, {"notes", plan.notes}};
  json["left"] = plan.left.kept.name.empty() ? "" : write_kept({plan.left});
  return json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

BackPlan read_back(const std::string& text) {
  const auto json = nlohmann::ordered_json::parse(text);
  BackPlan plan{.ahead = json.at("ahead").get<Names>(), .rows = json.at("rows").get<Names>(), .behind = json.at("behind").get<Names>(), .notes = json.at("notes").get<Names>()};
  if (const auto left = json.at("left").get<std::string>(); !left.empty()) plan.left = read_kept(left).at(0);
  return plan;
}

}  // namespace migrate
