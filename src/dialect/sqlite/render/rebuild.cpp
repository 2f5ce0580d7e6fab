#include "dialect/sqlite/render/rebuild.hpp"

#include <algorithm>
#include <map>

#include "core/text.hpp"
#include "dialect/sqlite/canonical/create.hpp"
#include "dialect/sqlite/sql/text.hpp"
#include "schema/lookup.hpp"

namespace migrate::sqlite {
namespace {

/// Where the values of a column of the new table come from.
class Sources {
 public:
  explicit Sources(const TableChange& change) {
    for (const auto& column : change.before.columns) expressions_[column.name] = quote_name(column.name);
    for (const auto& operation : change.operations) {
      std::visit(overloaded{[&](const Remove<Column>& op) { expressions_.erase(op.object.name); },
                            [&](const Add<Column>& op) { add(op.object); },
                            [&](const Change<Column>& op) { change_column(op); },
                            [&](const Add<Check>& op) { rename_values(op.object.expression, op.object.declared.value_renames, false); },
                            [&](const Change<Check>& op) { change_check(op); },
                            [](const auto&) {}},
                 operation);
    }
  }

  /// SQL over the old table; null when the column's default is to fill it.
  [[nodiscard]] const std::string* of(const std::string& column) const {
    const auto it = expressions_.find(column);
    return it == expressions_.end() ? nullptr : &it->second;
  }

 private:
  void add(const Column& column) {
    expressions_.erase(column.name);
    if (!column.declared.backfill.empty()) expressions_[column.name] = column.declared.backfill;
  }

  void change_column(const Change<Column>& op) {
    auto it = expressions_.find(op.after.name);
    if (it == expressions_.end()) return;
    if (!op.after.declared.cast.empty()) it->second = op.after.declared.cast;
    if (!op.before.nullable || op.after.nullable) return;
    std::string filling = op.after.declared.backfill;
    if (filling.empty() && op.after.default_value) filling = default_sql(*op.after.default_value, op.after.type);
    if (!filling.empty()) it->second = "coalesce(" + it->second + ", " + filling + ")";
  }

  void change_check(const Change<Check>& op) {
    if (!op.after.declared.value_renames.empty()) rename_values(op.after.expression, op.after.declared.value_renames, false);
    else rename_values(op.before.expression, op.before.declared.value_renames, true);
  }

  /// Values of an enum that are renamed: the check over them starts with its column.
  void rename_values(const std::string& check, const std::map<std::string, std::string>& renames, bool back) {
    if (renames.empty()) return;
    const auto tokens = tokenize(check, lexical_rules());
    if (tokens.empty()) return;
    const auto it = expressions_.find(unquote_name(tokens[0].text));
    if (it == expressions_.end()) return;
    std::string text = "CASE " + it->second;
    for (const auto& [now, was] : renames) text += " WHEN " + quote_text(back ? now : was) + " THEN " + quote_text(back ? was : now);
    it->second = text + " ELSE " + it->second + " END";
  }

  std::map<std::string, std::string> expressions_;
};

bool without_rowid(const Table& table) { return table.options.contains("without_rowid"); }

bool counts_up(const Table& table) {
  return std::any_of(table.columns.begin(), table.columns.end(), [](const Column& column) { return column.identity.has_value(); });
}

bool has_column(const Table& table, std::string_view name) {
  return std::any_of(table.columns.begin(), table.columns.end(), [&](const Column& column) { return equal_ignoring_case(column.name, name); });
}

/// A name for the rowid that no column has; rows without a key of their own keep it, as other things may refer to it.
std::string rowid_name(const TableChange& change) {
  if (without_rowid(change.before) || without_rowid(change.after) || has_rowid_alias(change.after)) return {};
  for (const char* name : {"rowid", "_rowid_", "oid"}) {
    if (!has_column(change.before, name) && !has_column(change.after, name)) return name;
  }
  return {};
}

/// ON CONFLICT clauses of the table would make rows vanish that break a new rule.
bool resolves_conflicts(const Table& table) {
  const auto set = [](const auto& part) { return part.options.contains("on_conflict"); };
  return (table.primary_key && set(*table.primary_key)) || std::any_of(table.uniques.begin(), table.uniques.end(), set) ||
         std::any_of(table.columns.begin(), table.columns.end(), [](const Column& c) { return c.options.contains("not_null_conflict"); });
}

std::string copy_rows(const TableChange& change, const std::string& scratch) {
  const Sources sources(change);
  std::vector<std::string> columns;
  std::vector<std::string> values;
  if (const std::string rowid = rowid_name(change); !rowid.empty()) {
    columns.push_back(rowid);
    values.push_back(rowid);
  }
  for (const auto& column : change.after.columns) {
    const std::string* source = column.generated ? nullptr : sources.of(column.name);
    if (source == nullptr) continue;
    columns.push_back(quote_name(column.name));
    values.push_back(*source);
  }
  const std::string verb = resolves_conflicts(change.after) ? "INSERT OR ABORT INTO " : "INSERT INTO ";
  const std::string from = "\n  FROM " + quote_name(change.before.name.name);
  if (columns.empty()) {  // every column is new
    return verb + quote_name(scratch) + " (" + quote_name(change.after.columns.front().name) + ")\nSELECT NULL" + from;
  }
  return verb + quote_name(scratch) + " (" + join(columns, ", ") + ")\nSELECT " + join(values, ", ") + from;
}

// ---- in place ------------------------------------------------------------------------------------------------------------

bool lists(const std::vector<IndexPart>& parts, const std::string& column) {
  return std::any_of(parts.begin(), parts.end(), [&](const IndexPart& part) {
    return part.column == column || (!part.expression.empty() && mentions_name(part.expression, column));
  });
}

/// What ALTER TABLE DROP COLUMN refuses (manual, lang_altertable.html section 5).
bool can_drop(const Table& table, const std::string& column) {
  if (table.columns.size() < 2) return false;
  if (table.primary_key && lists(table.primary_key->parts, column)) return false;
  const auto in_parts = [&](const auto& object) { return lists(object.parts, column); };
  if (std::any_of(table.uniques.begin(), table.uniques.end(), in_parts)) return false;
  if (std::any_of(table.indexes.begin(), table.indexes.end(),
                  [&](const Index& index) { return in_parts(index) || mentions_name(index.where, column); })) return false;
  for (const auto& key : table.foreign_keys) {
    if (std::find(key.columns.begin(), key.columns.end(), column) != key.columns.end()) return false;
    if (key.references == table.name &&
        std::find(key.referenced_columns.begin(), key.referenced_columns.end(), column) != key.referenced_columns.end()) return false;
  }
  for (const auto& check : table.checks) {
    if (mentions_name(check.expression, column)) return false;
  }
  for (const auto& other : table.columns) {
    if (other.generated && other.name != column && mentions_name(other.generated->expression, column)) return false;
  }
  return std::none_of(table.triggers.begin(), table.triggers.end(), [&](const Trigger& t) { return mentions_name(t.definition, column); });
}

/// What ALTER TABLE ADD COLUMN refuses (section 4).
bool can_add(const Table& table, const Add<Column>& op) {
  const Column& column = op.object;
  if (op.after && (table.columns.empty() || table.columns.back().name != *op.after)) return false;
  if (column.identity || !column.declared.backfill.empty()) return false;
  if (column.generated) return !column.generated->stored && column.nullable;
  if (!column.default_value) return column.nullable;
  const std::string text = default_sql(*column.default_value, column.type);
  return !text.starts_with("(") && !text.starts_with("CURRENT_");
}

bool is_over(const Check& check, const std::string& column, const Table& table) {
  return mentions_name(check.expression, column) && std::none_of(table.columns.begin(), table.columns.end(), [&](const Column& other) {
    return other.name != column && mentions_name(check.expression, other.name);
  });
}

class InPlace {
 public:
  InPlace(const TableChange& change, const std::function<bool(const std::string&)>& used_elsewhere)
      : change_(change), used_elsewhere_(used_elsewhere) {
    schema_.tables.push_back(change.before);
  }

  std::optional<std::vector<std::string>> run() {
    for (at_ = 0; at_ < change_.operations.size(); ++at_) {
      const std::size_t first = at_;
      if (!std::visit([&](const auto& op) { return step(op); }, change_.operations[at_])) return std::nullopt;
      for (std::size_t i = first; i <= at_; ++i) apply(schema_, change_.operations[i]);
    }
    return std::move(statements_);
  }

 private:
  [[nodiscard]] const Table& table() const { return schema_.tables.front(); }
  [[nodiscard]] std::string alter() const { return "ALTER TABLE " + quote_name(table().name.name) + " "; }

  bool step(const Add<Index>& op) { return emit(create_index_sql(op.object, table())); }
  bool step(const Remove<Index>& op) { return emit("DROP INDEX " + quote_name(op.object.name)); }
  bool step(const Change<Index>& op) {
    if (op.before == op.after) return true;
    return emit("DROP INDEX " + quote_name(op.before.name)) && emit(create_index_sql(op.after, table()));
  }
  bool step(const RenamePart<Index>& op) {
    const Index* index = find_named(table().indexes, op.from);
    if (index == nullptr) return false;
    Index renamed = *index;
    renamed.name = op.to;
    return emit("DROP INDEX " + quote_name(op.from)) && emit(create_index_sql(renamed, table()));
  }
  bool step(const Add<Trigger>& op) { return emit(op.object.definition); }
  bool step(const Remove<Trigger>& op) { return emit("DROP TRIGGER " + quote_name(op.object.name)); }
  bool step(const Change<Trigger>& op) {
    return emit("DROP TRIGGER " + quote_name(op.before.name)) && emit(op.after.definition);
  }
  bool step(const Add<Column>& op) {
    if (!can_add(table(), op)) return false;
    Table with = table();
    with.columns.push_back(op.object);
    with.columns.back().declared.spelling.erase("default");  // a literal in parentheses is not constant enough here
    if (with.primary_key && lists(with.primary_key->parts, op.object.name)) return false;
    std::string text = alter() + "ADD COLUMN " + column_sql(with.columns.back(), with);
    // Constraints over the new column alone come right behind it, and can stand with it.
    for (; at_ + 1 < change_.operations.size(); ++at_) {
      const Operation& next = change_.operations[at_ + 1];
      if (const auto* key = std::get_if<Add<ForeignKey>>(&next); key != nullptr && !op.object.default_value &&
                                                                 key->object.columns == std::vector<std::string>{op.object.name}) {
        text += " " + constraint_prefix(key->object.name) + reference_sql(key->object);
      } else if (const auto* check = std::get_if<Add<Check>>(&next); check != nullptr && is_over(check->object, op.object.name, with)) {
        text += " " + check_sql(check->object, with.columns);
      } else {
        break;
      }
    }
    return emit(std::move(text));
  }
  bool step(const Remove<Column>& op) {
    if (!can_drop(table(), op.object.name) || used_elsewhere_(op.object.name)) return false;
    return emit(alter() + "DROP COLUMN " + quote_name(op.object.name));
  }
  bool step(const Change<Column>& op) { return op.before == op.after && op.after.declared.cast.empty(); }
  bool step(const Alter<Table>& op) { return op.before.options == op.after.options; }
  bool step(const Add<Policy>&) { return true; }
  bool step(const Remove<Policy>&) { return true; }
  bool step(const Change<Policy>&) { return true; }
  template <class T>
  bool step(const T&) {
    return false;
  }

  bool emit(std::string text) {
    statements_.push_back(std::move(text));
    return true;
  }

  const TableChange& change_;
  const std::function<bool(const std::string&)>& used_elsewhere_;
  Schema schema_;
  std::size_t at_ = 0;
  std::vector<std::string> statements_;
};

}  // namespace

std::optional<std::vector<std::string>> alter_in_place(const TableChange& change, const std::function<bool(const std::string&)>& used_elsewhere) {
  return InPlace(change, used_elsewhere).run();
}

std::vector<std::string> rebuild(const TableChange& change, const std::string& scratch) {
  const std::string name = change.after.name.name;
  std::vector<std::string> statements;
  statements.push_back(create_table_sql(change.after, scratch));
  statements.push_back(copy_rows(change, scratch));
  if (counts_up(change.before) && counts_up(change.after)) {
    statements.push_back("DELETE FROM sqlite_sequence WHERE name = " + quote_text(scratch));
    statements.push_back("INSERT INTO sqlite_sequence (name, seq)\nSELECT " + quote_text(scratch) + ", seq\n  FROM sqlite_sequence\n WHERE name = " +
                         quote_text(change.before.name.name));
  }
  // They would go along with the table, but who reads the unit sees that it is meant.
  const auto drop_by_name = [&](const std::string& what, const std::string& object, const auto& before, const auto& after) {
    if (find_named(before, object) != nullptr && find_named(after, object) == nullptr) statements.push_back("DROP " + what + " " + quote_name(object));
  };
  for (const auto& operation : change.operations) {
    if (const auto* index = std::get_if<Remove<Index>>(&operation)) drop_by_name("INDEX", index->object.name, change.before.indexes, change.after.indexes);
    if (const auto* trigger = std::get_if<Remove<Trigger>>(&operation)) drop_by_name("TRIGGER", trigger->object.name, change.before.triggers, change.after.triggers);
  }
  statements.push_back("DROP TABLE " + quote_name(name));
  // Without this, RENAME reads every view and trigger again and stops at those that name the table that is away just now.
  statements.emplace_back("PRAGMA legacy_alter_table = ON");
  statements.push_back("ALTER TABLE " + quote_name(scratch) + " RENAME TO " + quote_name(name));
  statements.emplace_back("PRAGMA legacy_alter_table = OFF");
  for (const auto& index : change.after.indexes) statements.push_back(create_index_sql(index, change.after));
  for (const auto& trigger : change.after.triggers) statements.push_back(trigger.definition);
  return statements;
}

}  // namespace migrate::sqlite
