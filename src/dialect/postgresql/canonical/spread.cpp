#include "dialect/postgresql/canonical/spread.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <vector>

#include "core/text.hpp"
#include "dialect/postgresql/sql/text.hpp"
#include "schema/lookup.hpp"

namespace migrate::postgresql {
namespace {

std::string said(const Options& options, const char* key) {
  const auto it = options.find(key);
  return it == options.end() ? std::string{} : it->second;
}

bool yes(const Options& options, const char* key) {
  const auto value = lower(said(options, key));
  return value == "true" || value == "yes" || value == "on" || value == "1";
}

void keep_flag(Options& options, const char* key) {
  if (options.contains(key)) {
    if (yes(options, key)) options[key] = "true";
    else options.erase(key);
  }
}

[[noreturn]] void refuse(const Table& table, const std::string& what, const std::string& hint) {
  throw Error{ErrorKind::usage, "table " + table.name.text() + " " + what, hint, table.declared.location};
}

/// "none" and "default" are Citus' words, all else names a table.
bool names_a_table(const std::string& word) { return !word.empty() && word != "none" && word != "default"; }

/// Which distributed tables stand together, as their words say it.
class Groups {
 public:
  explicit Groups(const Schema& schema) {
    for (const auto& table : schema.tables) {
      if (spread_of(table.options) != Spread::distributed) continue;
      const auto with = said(table.options, distributed_colocate_with);
      if (names_a_table(with)) parents_[root(table.name)] = root(parse_name(with));
    }
  }
  [[nodiscard]] bool together(const QualifiedName& a, const QualifiedName& b) const { return root(a) == root(b); }
  [[nodiscard]] QualifiedName root(QualifiedName name) const {
    for (auto it = parents_.find(name); it != parents_.end() && it->second != name; it = parents_.find(name)) name = it->second;
    return name;
  }

 private:
  std::map<QualifiedName, QualifiedName> parents_;
};

void canonical_words(Table& table, const std::string& default_schema) {
  auto& options = table.options;
  // `distributed: tenant_id` is short for the map with its column.
  if (const auto it = options.find("distributed"); it != options.end()) {
    options.emplace(distributed_column, it->second);
    options.erase("distributed");
  }
  for (const auto* flag : {"reference", "local_metadata", distributed_single_shard}) keep_flag(options, flag);
  if (const auto it = options.find(distributed_colocate_with); it != options.end()) {
    const auto word = lower(it->second);
    if (word == "none" || word == "default") {
      it->second = word;
    } else {
      auto name = parse_name(it->second);
      if (name.schema == default_schema) name.schema.clear();
      it->second = quote_name(name);
    }
    if (it->second == "default") options.erase(it);
  }
}

void check_words(const Schema& declared, const Table& table) {
  const auto& options = table.options;
  const bool distributed = std::any_of(options.begin(), options.end(), [](const auto& option) { return option.first.starts_with("distributed."); });
  const int kinds = (distributed ? 1 : 0) + (options.contains("reference") ? 1 : 0) + (options.contains("local_metadata") ? 1 : 0);
  if (kinds > 1) refuse(table, "says more than one of distributed, reference and local_metadata", "Citus spreads a table one way: keep one of them");
  if (kinds == 0) return;
  if (options.contains("partition_of")) refuse(table, "is a partition, which Citus spreads as its parent", "say it at " + said(options, "partition_of"));
  if (!distributed) return;
  const auto column = said(options, distributed_column);
  const bool single = options.contains(distributed_single_shard);
  if (column.empty() == !single) {
    refuse(table, single ? "is distributed by a column and has a single shard" : "is distributed and does not say by which column",
           single ? "keep one of column and single_shard" : "write `distributed: {column: NAME}`, or `distributed: {single_shard: true}`");
  }
  if (!single && find_named(table.columns, column) == nullptr) refuse(table, "is distributed by " + column + ", which is no column of it", "name one of its columns");
  const auto count = said(options, distributed_shard_count);
  if (!count.empty() && (single || count.find_first_not_of("0123456789") != std::string::npos || count.size() > 5 || std::stoi(count) == 0)) {
    refuse(table, "cannot have the shard_count " + count, single ? "a single shard has none" : "write a number from 1 on");
  }
  const auto with = said(options, distributed_colocate_with);
  if (!names_a_table(with)) return;
  const auto* other = find_named(declared.tables, parse_name(with));
  if (other == &table) refuse(table, "is colocated with itself", "name another table, or `none`");
  if (other != nullptr && spread_of(other->options) != Spread::distributed) refuse(table, "is colocated with " + with + ", which is not distributed", "distribute that one too, or name another");
}

/// Tables that stand together have as many shards: one of them says how many.
void settle_counts(Schema& declared) {
  const Groups groups(declared);
  std::map<QualifiedName, std::pair<std::string, const Table*>> counts;
  for (const auto& table : declared.tables) {
    const auto count = said(table.options, distributed_shard_count);
    if (count.empty()) continue;
    const auto [it, fresh] = counts.emplace(groups.root(table.name), std::pair{count, &table});
    if (!fresh && it->second.first != count) {
      refuse(table, "has " + count + " shards, and " + it->second.second->name.text() + ", with which it is colocated, " + it->second.first, "colocated tables have as many shards: say it at one of them");
    }
  }
  for (auto& table : declared.tables) {
    if (spread_of(table.options) != Spread::distributed) continue;
    table.options.erase(distributed_shard_count);
    const auto it = counts.find(groups.root(table.name));
    const bool follows = names_a_table(said(table.options, distributed_colocate_with));
    if (it != counts.end() && !follows) table.options[distributed_shard_count] = it->second.first;
  }
}

void leave_out(Options& options) {
  std::erase_if(options, [](const auto& option) { return is_spread_option(option.first); });
}

const char* const no_citus = "Citus spreads tables over a cluster: CREATE EXTENSION citus in this database, on the coordinator";

}  // namespace

bool is_spread_option(std::string_view key) { return key == "distributed" || key.starts_with("distributed.") || key == "reference" || key == "local_metadata"; }

Spread spread_of(const Options& options) {
  if (options.contains(distributed_column) || options.contains(distributed_single_shard)) return Spread::distributed;
  if (options.contains("reference")) return Spread::reference;
  return options.contains("local_metadata") ? Spread::local_metadata : Spread::plain;
}

std::vector<std::string> schemas_of(const Options& options) {
  auto names = split(said(options, distributed_schemas), ',');
  for (auto& name : names) name = trim(name);
  std::erase(names, "");
  std::sort(names.begin(), names.end());
  return names;
}

void canonicalize_spread(Schema& declared, const ServerInfo& server) {
  const bool without = server.version_number != 0 && !server.defaults.contains("citus");
  if (const auto it = declared.options.find(distributed_schemas); it != declared.options.end()) {
    const bool of_a_model = std::any_of(declared.tables.begin(), declared.tables.end(), [](const Table& table) { return table.declared.location.known(); });
    it->second = join(schemas_of(declared.options), ", ");
    if (without && of_a_model && !it->second.empty()) throw Error{ErrorKind::usage, "the schemas " + it->second + " are to be distributed, and this database has no Citus", no_citus, {}};
    if (without) declared.options.erase(it);
  }
  bool any = false;
  for (auto& table : declared.tables) {
    const auto is_ours = [](const auto& option) { return is_spread_option(option.first); };
    if (std::none_of(table.options.begin(), table.options.end(), is_ours)) continue;
    canonical_words(table, server.default_schema);
    if (without) {
      if (table.declared.location.known() && spread_of(table.options) != Spread::plain) refuse(table, "is to be spread over a cluster, and this database has no Citus", no_citus);
      leave_out(table.options);
    }
    any = true;
  }
  if (!any) return;
  for (const auto& table : declared.tables) check_words(declared, table);
  settle_counts(declared);
}

namespace {

/// The words of declared tables that are distributed on both sides.
class Settler {
 public:
  Settler(const Schema& live, Schema& declared) : live_(live), declared_(declared), there_(live), wanted_(declared) {
    std::set<QualifiedName> names;
    for (const auto& table : live.tables) names.insert(table.name);
    for (const auto& table : declared.tables) {
      if (auto count = said(table.options, distributed_shard_count); !count.empty()) counts_[wanted_.root(table.name)] = std::move(count);
      if (names.contains(table.name)) beside_[there_.root(table.name)].push_back(&table);
    }
  }

  void settle(Table& table) const {
    const auto* before = find_named(live_.tables, table.name);
    if (before == nullptr || spread_of(before->options) != Spread::distributed) return;
    auto with = said(table.options, distributed_colocate_with);
    if (names_a_table(with)) turn_round(table, with);
    if (!means_the_same(table, with)) return;
    take(before->options, table.options, distributed_colocate_with);
    // The one that the others name has the number of all.
    table.options.erase(distributed_shard_count);
    if (!before->options.contains(distributed_shard_count)) return;
    const auto wanted = counts_.find(wanted_.root(table.name));
    table.options[distributed_shard_count] = wanted == counts_.end() ? said(before->options, distributed_shard_count) : wanted->second;
  }

 private:
  static void take(const Options& from, Options& into, const char* key) {
    if (const auto it = from.find(key); it != from.end()) into[key] = it->second;
    else into.erase(key);
  }

  /// A table that is there does not move to one that is made now: the new one comes to it.
  void turn_round(const Table& table, std::string& with) const {
    const auto name = parse_name(with);
    auto* fresh = find_named(declared_.tables, name);
    if (fresh == nullptr || find_named(live_.tables, name) != nullptr || names_a_table(said(fresh->options, distributed_colocate_with))) return;
    fresh->options[distributed_colocate_with] = quote_name(table.name);
    fresh->options.erase(distributed_shard_count);
    with.clear();
  }

  [[nodiscard]] bool means_the_same(const Table& table, const std::string& with) const {
    if (with.empty()) return true;
    if (with != "none") return there_.together(table.name, parse_name(with));
    const auto& beside = beside_.at(there_.root(table.name));
    return std::all_of(beside.begin(), beside.end(), [&](const Table* other) {
      return wanted_.together(table.name, other->name) || said(other->options, distributed_colocate_with).empty();
    });
  }

  const Schema& live_;
  Schema& declared_;
  Groups there_;
  Groups wanted_;
  std::map<QualifiedName, std::vector<const Table*>> beside_;  ///< the declared tables of a group as it stands now
  std::map<QualifiedName, std::string> counts_;
};

}  // namespace

void take_live_spread(const Schema& live, Schema& declared) {
  const auto spread = [](const Table& table) { return spread_of(table.options) == Spread::distributed; };
  if (std::none_of(declared.tables.begin(), declared.tables.end(), spread)) return;
  for (const auto& table : declared.tables) {
    const auto with = said(table.options, distributed_colocate_with);
    if (!names_a_table(with) || find_named(declared.tables, parse_name(with)) != nullptr || find_named(live.tables, parse_name(with)) != nullptr) continue;
    if (table.declared.location.known()) refuse(table, "is colocated with " + with + ", a table that neither the model nor the database has", "correct the name, or declare the table");
  }
  const Settler settler(live, declared);
  for (auto& table : declared.tables) {
    if (spread(table)) settler.settle(table);
  }
}

}  // namespace migrate::postgresql
