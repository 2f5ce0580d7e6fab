/// How a table comes to be spread over a cluster of Citus, and back.
#include <algorithm>

#include "dialect/postgresql/canonical/definitions.hpp"
#include "dialect/postgresql/canonical/spread.hpp"
#include "dialect/postgresql/render/render.hpp"
#include "dialect/postgresql/sql/text.hpp"
#include "schema/lookup.hpp"

namespace migrate::postgresql {
namespace {

std::string text_of(const QualifiedName& name) { return quote_text(quote_name(name)); }

}  // namespace

/// The table that it is to stand with: the one it names, or one that names it and was there before it (it was dropped, and comes back).
std::string Renderer::colocated_with(const QualifiedName& name, const Options& options) const {
  for (const auto& other : state_.tables) {
    if (other.name != name && parse_name(option(other.options, distributed_colocate_with)) == name) return quote_name(other.name);
  }
  return option(options, distributed_colocate_with);
}

/// A table that this one is to stand with may get its turn later.
void Renderer::spread_first(const QualifiedName& name) {
  const auto* there = table(name);
  if (there == nullptr || spread_of(there->options) == Spread::distributed) return;
  for (std::size_t i = at_ + 1; i < operations_.size(); ++i) {
    const auto* later = std::get_if<Alter<Table>>(&operations_[i]);
    if (later == nullptr || later->after.name != name || spread_of(later->after.options) != Spread::distributed) continue;
    if (spread_early_.contains(name)) return;
    change_spread(name, later->before.options, later->after.options);
    spread_early_.insert(name);
    return;
  }
}

/// Columns are named to Citus as they are, without quotes; tables as SQL names them.
void Renderer::spread(const QualifiedName& name, const Options& options) {
  switch (spread_of(options)) {
    case Spread::plain: return;
    case Spread::reference: return statement("SELECT create_reference_table(" + text_of(name) + ")");
    case Spread::local_metadata: return statement("SELECT citus_add_local_table_to_metadata(" + text_of(name) + ")");
    case Spread::distributed: break;
  }
  const auto column = option(options, distributed_column);
  const auto with = colocated_with(name, options);
  const auto count = option(options, distributed_shard_count);
  if (!with.empty() && with != "none") spread_first(parse_name(with));
  auto sql = "SELECT create_distributed_table(" + text_of(name) + ", " + (column.empty() ? "NULL" : quote_text(column));
  if (!with.empty()) sql += ", colocate_with := " + quote_text(with);
  // Tables that stand together have as many shards as the first one.
  if (!count.empty() && (with.empty() || with == "none")) sql += ", shard_count := " + count;
  statement(sql + ")");
}

/// Schemas are made in front of it, and tables in them behind it: those stand where their schema does from the start.
void Renderer::render(const SetDatabaseOptions& operation) {
  const auto before = schemas_of(operation.before);
  const auto after = schemas_of(operation.after);
  const auto each = [&](const std::vector<std::string>& names, const std::vector<std::string>& others, const std::string& function) {
    for (const auto& name : names) {
      if (std::find(others.begin(), others.end(), name) == others.end()) statement("SELECT " + function + "(" + quote_text(quote_name(name)) + ")");
    }
  };
  each(before, after, "citus_schema_undistribute");
  each(after, before, "citus_schema_distribute");
}

void Renderer::change_spread(const QualifiedName& name, const Options& before, const Options& after) {
  const auto differs = [&](const char* key) { return option(before, key) != option(after, key); };
  const bool any = std::any_of(before.begin(), before.end(), [&](const auto& item) { return is_spread_option(item.first) && option(after, item.first) != item.second; }) ||
                   std::any_of(after.begin(), after.end(), [&](const auto& item) { return is_spread_option(item.first) && option(before, item.first) != item.second; });
  if (!any || spread_early_.contains(name)) return;
  const auto kind = spread_of(before);
  const bool only_counts = kind == Spread::distributed && spread_of(after) == kind && !differs(distributed_column) && !differs(distributed_single_shard) && !differs(distributed_colocate_with);
  // Keys between tables that stand apart for a moment are refused.
  if (const auto* there = table(name); there != nullptr && !only_counts) {
    std::vector<std::string> columns;
    for (const auto& column : there->columns) columns.push_back(column.name);
    suspend_foreign_keys(name, columns, false);
  }
  if (kind != Spread::distributed || spread_of(after) != Spread::distributed || differs(distributed_single_shard)) {
    // One that Citus knows as local is distributed as it is.
    if (kind != Spread::plain && !(kind == Spread::local_metadata && spread_of(after) == Spread::distributed)) statement("SELECT undistribute_table(" + text_of(name) + ")");
    return spread(name, after);
  }
  const auto with = option(after, distributed_colocate_with);
  const auto count = option(after, distributed_shard_count);
  auto sql = "SELECT alter_distributed_table(" + text_of(name);
  const auto bare = sql;
  if (differs(distributed_column)) sql += ", distribution_column := " + quote_text(option(after, distributed_column));
  if (differs(distributed_colocate_with) && !with.empty()) {
    if (with != "none") spread_first(parse_name(with));
    sql += ", colocate_with := " + quote_text(with);
  }
  if (differs(distributed_shard_count) && !count.empty()) {
    sql += ", shard_count := " + count;
    const bool has_others = std::any_of(state_.tables.begin(), state_.tables.end(), [&](const Table& other) {
      return other.name != name && parse_name(option(other.options, distributed_colocate_with)) == name;
    });
    const auto stood_with = option(before, distributed_colocate_with);
    if (differs(distributed_colocate_with) && (has_others || (!stood_with.empty() && stood_with != "none"))) sql += ", cascade_to_colocated := false";
    else if (has_others) sql += ", cascade_to_colocated := true";
  }
  if (sql != bare) statement(sql + ")");
}

}  // namespace migrate::postgresql
