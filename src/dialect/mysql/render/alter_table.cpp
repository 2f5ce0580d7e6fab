// One ALTER TABLE out of the difference between a table before and after, with the parts' own history.

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "core/text.hpp"
#include "dialect/mysql/render/render_table.hpp"
#include "dialect/mysql/sql/text.hpp"
#include "dialect/sql/lexer.hpp"
#include "schema/lookup.hpp"

namespace migrate::mysql {
namespace {

/// A unique key or an index, as text: two with the same text are the same.
struct Key {
  std::string name;
  std::string text;    ///< with an empty name
  std::string hidden;  ///< "true" when invisible
  std::vector<std::string> columns;
  std::string sql;
};

/// Without the period that stands among them WITHOUT OVERLAPS.
std::vector<std::string> real_columns(std::vector<IndexPart> parts) {
  std::erase_if(parts, [](const IndexPart& part) { return part.opclass == "without overlaps"; });
  return column_names(parts);
}

/// MySQL refuses to rename a column that an expression uses, unless the same statement gives the expression its new words;
/// MariaDB gives them itself.
class RenamedWords {
 public:
  explicit RenamedWords(const Origins& origins) : origins_(origins) {
    for (const auto& [now, was] : origins.columns) {
      if (now != was && !was.empty()) names_.emplace_back(was, now);
    }
  }

  /// Everything that `after` took over from `before` as it was, with the columns' new names in it.
  void put(Table& after, const Table& before) const {
    if (names_.empty()) return;
    for (auto& check : after.checks) {
      const auto* was = find_named(before.checks, check.name);
      if (was != nullptr && was->expression == check.expression) put(check.expression);
    }
    for (auto& column : after.columns) {
      const auto origin = origins_.columns.find(column.name);
      const auto* was = origin == origins_.columns.end() ? nullptr : find_named(before.columns, origin->second);
      if (was == nullptr) continue;
      if (column.generated && column.generated == was->generated) put(column.generated->expression);
      if (column.default_value && column.default_value->expression && column.default_value == was->default_value) put(column.default_value->text);
    }
    for (auto& index : after.indexes) {
      const auto* was = find_named(before.indexes, index.name);
      for (std::size_t i = 0; was != nullptr && i < index.parts.size() && i < was->parts.size(); ++i) {
        if (index.parts[i].expression == was->parts[i].expression) put(index.parts[i].expression);
      }
    }
  }

 private:
  /// By way of names that nothing has: two columns may swap theirs.
  void put(std::string& expression) const {
    const auto between = [](std::size_t i) { return "renamed column " + std::to_string(i); };
    for (std::size_t i = 0; i < names_.size(); ++i) expression = rename_in_sql(expression, names_[i].first, between(i), lexical_rules());
    for (std::size_t i = 0; i < names_.size(); ++i) expression = rename_in_sql(expression, between(i), names_[i].second, lexical_rules());
  }

  const Origins& origins_;
  std::vector<std::pair<std::string, std::string>> names_;  ///< was, now
};

class Alteration {
 public:
  Alteration(const TableChange& change, const Context& context)
      : before_(change.before), after_(change.after), origins_(change.origins), context_(context), collation_(option(after_.options, "collation")) {}

  std::vector<std::string> run() {
    drop_foreign_keys();
    drop_checks();
    columns();
    primary_key();
    keys();
    add_constraints();
    options();
    std::vector<std::string> statements;
    const bool versioned = is_on(before_.options, "system_versioning");
    if (versioned && !clauses_.empty()) statements.emplace_back("SET SESSION system_versioning_alter_history = KEEP");
    for (const auto& clause : first_) push(statements, {clause});
    if (split_drops()) push(statements, drops_);
    else clauses_.insert(clauses_.begin(), drops_.begin(), drops_.end());
    push(statements, clauses_);
    for (const auto& clause : alone_) push(statements, {clause});
    partitions(statements);
    return statements;
  }

 private:
  void push(std::vector<std::string>& statements, const std::vector<std::string>& clauses) const {
    if (clauses.empty()) return;
    const auto head = "ALTER TABLE " + quote_name(after_.name);
    statements.push_back(clauses.size() == 1 ? head + " " + clauses[0] : head + "\n  " + join(clauses, ",\n  "));
  }

  [[nodiscard]] std::string origin(const std::string& column) const {
    const auto found = origins_.columns.find(column);
    return found == origins_.columns.end() ? std::string() : found->second;
  }

  /// The name that a column of before has after; itself when it is dropped.
  [[nodiscard]] std::string renamed(const std::string& column) const {
    for (const auto& [now, was] : origins_.columns) {
      if (was == column) return now;
    }
    return column;
  }

  [[nodiscard]] bool survives(const std::string& column) const {
    return std::any_of(origins_.columns.begin(), origins_.columns.end(), [&](const auto& pair) { return pair.second == column; });
  }

  // ---- foreign keys and checks ----

  [[nodiscard]] ForeignKey moved(ForeignKey key) const {
    for (auto& column : key.columns) column = renamed(column);
    if (key.references == before_.name) {
      for (auto& column : key.referenced_columns) column = renamed(column);
      key.references = after_.name;
    }
    return key;
  }

  static std::string plain_sql(ForeignKey key) {
    key.declared = {};
    return foreign_key_sql(key);
  }

  void drop_foreign_keys() {
    for (const auto& key : before_.foreign_keys) {
      const auto* now = find_named(after_.foreign_keys, key.name);
      const bool lost = std::any_of(key.columns.begin(), key.columns.end(), [&](const auto& column) { return !survives(column); });
      const auto as_now = moved(key);
      const bool same = now != nullptr && !lost &&
                        (*now == as_now || (now->columns == key.columns && now->references == as_now.references && plain_sql(*now) == plain_sql(as_now)));
      if (same) {
        kept_keys_.insert(key.name);
        continue;
      }
      drops_.push_back("DROP FOREIGN KEY " + quote_name(key.name));
    }
  }

  /// MySQL cannot drop and add foreign keys in one statement, nor change a column under one that it drops.
  [[nodiscard]] bool split_drops() const {
    if (drops_.empty() || clauses_.empty()) return false;
    const bool adds = std::any_of(after_.foreign_keys.begin(), after_.foreign_keys.end(), [&](const auto& key) { return !kept_keys_.contains(key.name); });
    return adds || modifies_;
  }

  void drop_checks() {
    for (const auto& check : before_.checks) {
      const auto* now = find_named(after_.checks, check.name);
      if (now != nullptr && *now == check) kept_checks_.insert(check.name);
      else clauses_.push_back("DROP CONSTRAINT " + quote_name(check.name));
    }
  }

  void add_constraints() {
    for (const auto& check : after_.checks) {
      if (!kept_checks_.contains(check.name)) clauses_.push_back("ADD " + check_sql(check));
    }
    for (const auto& key : after_.foreign_keys) {
      if (!kept_keys_.contains(key.name)) clauses_.push_back("ADD " + foreign_key_sql(key));
    }
  }

  // ---- columns ----

  /// The columns that keep their place: the longest run of them that is in order already.
  [[nodiscard]] std::set<std::string> staying() const {
    std::vector<std::string> kept;  // in the order of before, by the names of after
    for (const auto& column : before_.columns) {
      if (survives(column.name)) kept.push_back(renamed(column.name));
    }
    std::vector<std::size_t> places;
    for (const auto& name : kept) {
      const auto at = std::find_if(after_.columns.begin(), after_.columns.end(), [&](const Column& column) { return column.name == name; });
      places.push_back(static_cast<std::size_t>(at - after_.columns.begin()));
    }
    std::vector<std::size_t> length(places.size(), 1);
    std::vector<std::size_t> from(places.size(), places.size());
    std::size_t best = places.size();
    for (std::size_t i = 0; i < places.size(); ++i) {
      for (std::size_t k = 0; k < i; ++k) {
        if (places[k] < places[i] && length[k] + 1 > length[i]) length[i] = length[k] + 1, from[i] = k;
      }
      if (best == places.size() || length[i] > length[best]) best = i;
    }
    std::set<std::string> result;
    for (auto i = best; i < places.size(); i = from[i]) result.insert(kept[i]);
    return result;
  }

  void columns() {
    for (const auto& column : before_.columns) {
      if (!survives(column.name)) clauses_.push_back("DROP COLUMN " + quote_name(column.name));
    }
    const auto stay = staying();
    std::size_t tail = after_.columns.size();  // new columns at the end need no position
    while (tail > 0 && origin(after_.columns[tail - 1].name).empty()) --tail;
    for (std::size_t i = 0; i < after_.columns.size(); ++i) {
      const auto& column = after_.columns[i];
      const auto place = i == 0 ? std::string(" FIRST") : " AFTER " + quote_name(after_.columns[i - 1].name);
      const auto was = origin(column.name);
      if (was.empty()) {
        clauses_.push_back("ADD COLUMN " + column_sql(column, context_, collation_) + (i < tail ? place : ""));
      } else {
        kept_column(*find_named(before_.columns, was), column, stay.contains(column.name) ? "" : place);
      }
    }
  }

  void kept_column(const Column& before, const Column& after, const std::string& place) {
    auto as_named = before;
    as_named.name = after.name;
    // A column's own check names it.
    const bool renamed_check = before.name != after.name && before.options.contains("column_check") && after.options.contains("column_check");
    if (renamed_check) as_named.options["column_check"] = after.options.at("column_check");
    if (as_named == after && place.empty()) {
      if (before.name != after.name) clauses_.push_back(fmt::format("RENAME COLUMN {} TO {}", quote_name(before.name), quote_name(after.name)));
      return;
    }
    modifies_ = modifies_ || as_named != after;
    const auto definition = column_sql(after, context_, collation_) + place;  // a default that changes in the same statement counts already
    clauses_.push_back(before.name == after.name ? "MODIFY COLUMN " + definition : fmt::format("CHANGE COLUMN {} {}", quote_name(before.name), definition));
  }

  // ---- keys ----

  [[nodiscard]] bool all_survive(const std::vector<std::string>& columns) const {
    return std::all_of(columns.begin(), columns.end(), [&](const auto& column) { return survives(column); });
  }

  void primary_key() {
    auto was = before_.primary_key;
    const auto& now = after_.primary_key;
    bool same = was.has_value() == now.has_value();
    if (was) {
      same = same && all_survive(real_columns(was->parts));
      for (auto& part : was->parts) part.column = renamed(part.column);
    }
    generated_key();
    if (same && was == now && !block_size_goes()) return;
    if (was) clauses_.push_back("DROP PRIMARY KEY");
    if (now) clauses_.push_back("ADD " + primary_key_sql(*now));
  }

  /// Keys keep the block size of the table that they were made in: they are made again with the table, which is written anew for this.
  [[nodiscard]] bool block_size_goes() const {
    const auto was = option(before_.options, "key_block_size");
    return !was.empty() && was != option(after_.options, "key_block_size");
  }

  /// The key that the server made for a table without one (MySQL) makes room for the first that is declared, and for a column that counts.
  void generated_key() {
    const auto generated = before_.declared.spelling.find("generated_key");
    if (generated == before_.declared.spelling.end()) return;
    const auto counts = [](const Column& column) { return column.identity.has_value(); };
    if (after_.primary_key || std::any_of(after_.columns.begin(), after_.columns.end(), counts)) clauses_.push_back("DROP COLUMN " + quote_name(generated->second));
  }

  template <class T>
  Key key_of(T item, bool before) const {
    Key key{.name = item.name, .columns = real_columns(item.parts)};
    key.hidden = option(item.options, "invisible");
    if (before) {
      for (auto& part : item.parts) {
        if (!part.column.empty()) part.column = renamed(part.column);
      }
    }
    if constexpr (std::is_same_v<T, Unique>) key.sql = unique_sql(item, context_);
    else key.sql = index_sql(item, context_);
    item.name = "x";
    item.options.erase("invisible");
    item.declared = {};  // how it is spelled makes no other key of it
    if constexpr (std::is_same_v<T, Unique>) key.text = unique_sql(item, context_);
    else key.text = index_sql(item, context_);
    return key;
  }

  [[nodiscard]] std::vector<Key> keys_of(const Table& table, bool before) const {
    std::vector<Key> keys;
    for (const auto& unique : table.uniques) keys.push_back(key_of(unique, before));
    for (const auto& index : table.indexes) keys.push_back(key_of(index, before));
    return keys;
  }

  void keys() {
    const auto before = keys_of(before_, true);
    const auto after = keys_of(after_, false);
    std::vector<std::string> adds;
    std::set<std::string> used;
    std::vector<const Key*> added;
    for (const auto& key : after) {
      const auto found = origins_.keys.find(key.name);
      const auto* was = found == origins_.keys.end() ? nullptr : find_named(before, found->second);
      // A key that was dropped and made again with the same text is the same key.
      if (was == nullptr) was = find_named(before, key.name);
      const bool same = was != nullptr && !block_size_goes() && was->text == key.text && all_survive(was->columns) && !used.contains(was->name);
      if (!same) {
        // InnoDB of MySQL makes one FULLTEXT index at a time (error 1795).
        const bool fulltext = !context_.mariadb && key.sql.starts_with("FULLTEXT");
        (fulltext && std::exchange(fulltext_, true) ? alone_ : adds).push_back("ADD " + key.sql);
        added.push_back(&key);
        continue;
      }
      used.insert(was->name);
      if (was->name != key.name) adds.push_back(fmt::format("RENAME INDEX {} TO {}", quote_name(was->name), quote_name(key.name)));
      if (was->hidden != key.hidden) adds.push_back(fmt::format("ALTER INDEX {} {}", quote_name(key.name), visibility(!key.hidden.empty())));
    }
    for (const auto& key : before) {
      if (used.contains(key.name)) {
        keep_generated(key, added, adds);
        continue;
      }
      clauses_.push_back("DROP KEY " + quote_name(key.name));
    }
    clauses_.insert(clauses_.end(), adds.begin(), adds.end());
  }

  [[nodiscard]] std::string visibility(bool hidden) const {
    if (context_.mariadb) return hidden ? "IGNORED" : "NOT IGNORED";
    return hidden ? "INVISIBLE" : "VISIBLE";
  }

  /// An index that InnoDB made by itself for a foreign key is dropped, silently, as soon as another one can serve the
  /// key. Making it again in the same statement makes it an index like any other.
  void keep_generated(const Key& key, const std::vector<const Key*>& added, std::vector<std::string>& adds) {
    const auto* index = find_named(after_.indexes, key.name);
    if (index == nullptr) return;
    const auto columns = column_names(index->parts);
    const bool plain = index->method.empty() && index->comment.empty() && index->options.empty() &&
                       std::all_of(index->parts.begin(), index->parts.end(), [](const IndexPart& part) { return part.prefix_length == 0 && !part.descending; });
    const bool serves = std::any_of(after_.foreign_keys.begin(), after_.foreign_keys.end(), [&](const ForeignKey& foreign) {
      return foreign.columns == columns && (foreign.name == key.name || foreign.columns[0] == key.name);
    });
    if (!plain || !serves) return;
    const bool covered = std::any_of(added.begin(), added.end(), [&](const Key* other) {
      return other->columns.size() >= columns.size() && std::equal(columns.begin(), columns.end(), other->columns.begin());
    });
    if (!covered) return;
    clauses_.push_back("DROP KEY " + quote_name(key.name));
    adds.insert(adds.begin(), "ADD " + index_sql(*index, context_));
  }

  // ---- options ----

  void options() {
    const auto was = option(before_.options, "collation");
    if (was != collation_) clauses_.push_back(fmt::format("DEFAULT CHARACTER SET {} COLLATE {}", charset_of(collation_), collation_));
    for (const auto& [key, value] : after_.options) {
      if (is_plain_option(key) && option(before_.options, key) != value) clauses_.push_back(option_sql(key, value));
    }
    // What is Aria's own stays with the table when its engine changes, unless it is taken away: the one before, the other behind.
    const auto is_aria = [](const Table& table) { return equal_ignoring_case(option(table.options, "engine"), "Aria"); };
    const bool leaves_aria = is_aria(before_) && !is_aria(after_);
    for (const auto& [key, value] : before_.options) {
      if (!is_plain_option(key) || after_.options.contains(key)) continue;
      if (leaves_aria && key == "transactional") first_.emplace_back("TRANSACTIONAL=DEFAULT");
      else if (!leaves_aria || key != "page_checksum") clauses_.push_back(option_reset_sql(key, context_));
    }
    if (leaves_aria && !after_.options.contains("page_checksum")) alone_.emplace_back("PAGE_CHECKSUM=DEFAULT");
    if (before_.comment != after_.comment) clauses_.push_back("COMMENT=" + quote_text(after_.comment));
    versioning();
  }

  void versioning() {
    const auto period = [](const Table& table, const char* key) { return option(table.options, key); };
    for (const auto& [key, what] : {std::pair{"period_system_time", "SYSTEM_TIME "}, std::pair{"period", ""}}) {
      const auto was = period(before_, key);
      const auto now = period(after_, key);
      if (was == now) continue;
      const bool system = std::string_view(key) != "period";
      if (!was.empty()) clauses_.push_back("DROP PERIOD FOR " + (system ? std::string("SYSTEM_TIME") : was.substr(0, was.find(" ("))));
      if (!now.empty()) clauses_.push_back("ADD PERIOD FOR " + (system ? std::string(what) + "(" + now + ")" : now));
    }
    const bool was = is_on(before_.options, "system_versioning");
    const bool now = is_on(after_.options, "system_versioning");
    if (was && !now) clauses_.emplace_back("DROP SYSTEM VERSIONING");
    if (now && !was) clauses_.emplace_back("ADD SYSTEM VERSIONING");
  }

  /// Partitions are never dropped: their rows would go with them. The table is divided anew, or gets one more.
  void partitions(std::vector<std::string>& statements) const {
    const auto was = option(before_.options, "partition_by");
    const auto now = option(after_.options, "partition_by");
    if (was == now) return;
    const auto head = "ALTER TABLE " + quote_name(after_.name);
    if (now.empty()) {
      statements.push_back(head + " REMOVE PARTITIONING");
      return;
    }
    const bool ranges = was.starts_with("range") || was.starts_with("list");
    const auto open = was.empty() ? was : was.substr(0, was.size() - 1);
    if (ranges && was.ends_with(")") && now.starts_with(open + ", partition ")) {
      statements.push_back(head + " ADD PARTITION (" + now.substr(open.size() + 2));
      return;
    }
    statements.push_back(head + "\nPARTITION BY " + now);
  }

  const Table& before_;
  const Table& after_;
  const Origins& origins_;
  const Context& context_;
  std::string collation_;
  std::vector<std::string> drops_;    ///< of foreign keys
  std::vector<std::string> clauses_;
  std::vector<std::string> first_;    ///< each in a statement of its own, before the others
  std::vector<std::string> alone_;    ///< and behind them
  bool fulltext_ = false;             ///< one of the clauses adds such an index
  std::set<std::string> kept_keys_;
  std::set<std::string> kept_checks_;
  bool modifies_ = false;
};

}  // namespace

std::vector<std::string> alter_table_sql(const TableChange& change, const Context& context) {
  if (context.mariadb) return Alteration(change, context).run();
  auto worded = change;
  RenamedWords(change.origins).put(worded.after, change.before);
  return Alteration(worded, context).run();
}

}  // namespace migrate::mysql
