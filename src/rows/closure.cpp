#include "rows/closure.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "core/text.hpp"
#include "rows/checksum.hpp"
#include "schema/lookup.hpp"

namespace migrate {
namespace {

constexpr std::size_t keys_at_once = 200;

double number_of(const Field& field) {
  if (field.kind == Field::Kind::integer) return static_cast<double>(field.integer);
  return field.kind == Field::Kind::real ? field.real : std::strtod(std::string(field.text).c_str(), nullptr);
}

/// Numbers by their value, everything else by its bytes: one order on every engine.
bool key_less(const std::vector<RowsColumn>& columns, const KeyValues& a, const KeyValues& b) {
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (a[i] == b[i]) continue;
    if (!a[i] || !b[i]) return !a[i];
    if (i >= columns.size()) return *a[i] < *b[i];
    const auto kind = columns[i].logical.kind;
    const auto left = restored(columns[i], a[i]);
    const auto right = restored(columns[i], b[i]);
    if (kind != ValueType::Kind::integer && kind != ValueType::Kind::decimal && kind != ValueType::Kind::real) return left.text < right.text;
    const double x = number_of(left);
    const double y = number_of(right);
    return x != y ? x < y : *a[i] < *b[i];
  }
  return false;
}

const RowsColumn* column_named(const TableSide& side, const std::string& name) {
  const auto found = std::find_if(side.columns.begin(), side.columns.end(), [&](const RowsColumn& column) { return equal_ignoring_case(column.name, name); });
  return found == side.columns.end() ? nullptr : &*found;
}

std::vector<RowsColumn> columns_named(const TableSide& side, const std::vector<std::string>& names) {
  std::vector<RowsColumn> columns;
  for (const auto& name : names) {
    if (const auto* column = column_named(side, name)) columns.push_back(*column);
  }
  return columns;
}

std::vector<std::string> referenced_columns(const ForeignKey& key, const Table& parent) {
  if (!key.referenced_columns.empty()) return key.referenced_columns;
  return parent.primary_key ? column_names(parent.primary_key->parts) : std::vector<std::string>{};
}

std::string any_of(const TableSide& side, const std::vector<RowsColumn>& columns, const std::vector<KeyValues>& values) {
  std::string text;
  for (const auto& one : values) text += (text.empty() ? "(" : " OR (") + equal_to(side, columns, one) + ")";
  return text;
}

template <class F>
void in_parts(const std::vector<KeyValues>& all, F&& use) {
  for (std::size_t i = 0; i < all.size(); i += keys_at_once) {
    use(std::vector<KeyValues>(all.begin() + static_cast<std::ptrdiff_t>(i), all.begin() + static_cast<std::ptrdiff_t>(std::min(i + keys_at_once, all.size()))));
  }
}

}  // namespace

SubsetStart parse_subset(const std::string& text) {
  SubsetStart start;
  auto rest = std::string(trim(text));
  const auto refuse = [&] { throw Error{ErrorKind::usage, "--subset cannot be '" + text + "'", "TABLE, 'TABLE where CONDITION', 'TABLE limit N', or both"}; };
  const auto words = lower(rest);
  if (const auto at = words.rfind(" limit "); at != std::string::npos) {
    const auto number = trim(std::string_view(rest).substr(at + 7));
    const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), start.limit);
    if (error == std::errc() && end == number.data() + number.size() && start.limit >= 0) rest.resize(at);
    else if (words.find(" where ") == std::string::npos) refuse();
    else start.limit = -1;
  }
  if (const auto at = lower(rest).find(" where "); at != std::string::npos) {
    start.condition = trim(std::string_view(rest).substr(at + 7));
    if (start.condition.empty()) refuse();
    rest.resize(at);
  }
  start.table = trim(rest);
  if (start.table.empty() || start.table.find(' ') != std::string::npos) refuse();
  return start;
}

std::size_t Closure::place_of(const QualifiedName& name) const {
  const auto found = std::find_if(tables_.begin(), tables_.end(), [&](const SubsetTable& table) { return table.table->name == name; });
  return static_cast<std::size_t>(found - tables_.begin());
}

void Closure::start(const SubsetStart& start) {
  const auto found = std::find_if(tables_.begin(), tables_.end(), [&](const SubsetTable& table) { return table.table->name.text() == start.table || table.table->name.name == start.table; });
  if (found == tables_.end()) {
    std::vector<std::string> names;
    for (const auto& table : tables_) names.push_back(table.table->name.text());
    throw Error{ErrorKind::usage, "no table is called " + start.table, did_you_mean(start.table, names)};
  }
  choose(static_cast<std::size_t>(found - tables_.begin()), start.condition, start.limit);
}

void Closure::start_everywhere(long long rows) {
  for (std::size_t i = 0; i < tables_.size(); ++i) choose(i, "", rows);
}

void Closure::choose(std::size_t table, const std::string& condition, long long limit) {
  const auto& of = tables_[table];
  std::vector<KeyValues> keys;
  read(of, {}, condition.empty() ? "" : "(" + condition + ")", [&](KeyValues key, KeyValues) { keys.push_back(std::move(key)); });
  std::vector<RowsColumn> columns;
  for (const auto place : of.key) columns.push_back(of.side.columns[place]);
  std::sort(keys.begin(), keys.end(), [&](const KeyValues& a, const KeyValues& b) { return key_less(columns, a, b); });
  if (limit >= 0 && static_cast<long long>(keys.size()) > limit) keys.resize(static_cast<std::size_t>(limit));
  for (auto& key : keys) take(table, std::move(key));
}

void Closure::take(std::size_t table, KeyValues key) {
  if (chosen_[table].insert(key).second) fresh_[table].push_back(std::move(key));
}

void Closure::read(const SubsetTable& table, const std::vector<RowsColumn>& columns, const std::string& condition, const std::function<void(KeyValues, KeyValues)>& row) const {
  // The key, or the number of the row where there is none; the columns behind it.
  std::vector<RowsColumn> all;
  std::vector<std::string> expressions;
  const auto add = [&](const RowsColumn& column, std::string expression) {
    all.push_back(column);
    expressions.push_back(std::move(expression));
  };
  for (const auto place : table.key) add(table.side.columns[place], table.side.rows().read_expression(table.side.columns[place]));
  const ValueType number{.kind = ValueType::Kind::integer};
  if (all.empty()) add({.name = "", .own = number, .logical = number}, row_number_sql(table.side, table.side.columns));
  const auto keys = all.size();
  for (const auto& column : columns) add(column, table.side.rows().read_expression(column));
  const auto sql = fmt::format("SELECT {} FROM {}{}", join(expressions, ", "), table.side.from(), condition.empty() ? "" : " WHERE " + condition);
  const auto take_row = [&](Fields fields) {
    KeyValues key;
    KeyValues values;
    for (std::size_t i = 0; i < fields.size(); ++i) (i < keys ? key : values).push_back(stored(all[i], fields[i]));
    row(std::move(key), std::move(values));
  };
  read_canonical(table.side, all, sql, take_row, [&](Fields, const ReadRefusal& refusal) {
    throw Error{ErrorKind::failed, fmt::format("a key of {} cannot be read: column {} = {}: {}", table.table->name.text(), all[refusal.column].name, shown_value(refusal.value), refusal.why)};
  });
}

std::string Closure::condition_of_keys(const SubsetTable& table, const std::vector<KeyValues>& keys) const {
  if (!table.key.empty()) {
    std::vector<RowsColumn> columns;
    for (const auto place : table.key) columns.push_back(table.side.columns[place]);
    return "(" + any_of(table.side, columns, keys) + ")";
  }
  std::string list;
  for (const auto& key : keys) list += (list.empty() ? "" : ", ") + key[0].value_or("NULL");
  return fmt::format("{} IN ({})", row_number_sql(table.side, table.side.columns), list);
}

std::vector<std::string> Closure::conditions(std::size_t table) const {
  std::vector<std::string> list;
  const std::vector<KeyValues> keys(chosen_[table].begin(), chosen_[table].end());
  in_parts(keys, [&](const std::vector<KeyValues>& part) { list.push_back(condition_of_keys(tables_[table], part)); });
  return list;
}

void Closure::follow(std::size_t table, const ForeignKey& key, const std::vector<KeyValues>& rows) {
  const auto parent = place_of(key.references);
  if (parent == tables_.size()) return;
  const auto& of = tables_[table];
  const auto here = columns_named(of.side, key.columns);
  const auto there = columns_named(tables_[parent].side, referenced_columns(key, *tables_[parent].table));
  if (here.size() != key.columns.size() || there.size() != here.size()) return;
  std::set<KeyValues> wanted;
  in_parts(rows, [&](const std::vector<KeyValues>& part) {
    read(of, here, condition_of_keys(of, part), [&](KeyValues, KeyValues values) {
      // A key with a NULL in it refers to nothing (MATCH SIMPLE; of FULL all are NULL).
      if (std::all_of(values.begin(), values.end(), [](const Value& value) { return value.has_value(); })) wanted.insert(std::move(values));
    });
  });
  in_parts(std::vector<KeyValues>(wanted.begin(), wanted.end()), [&](const std::vector<KeyValues>& part) {
    std::string condition;
    for (const auto& values : part) {
      std::string one;
      for (std::size_t i = 0; i < values.size(); ++i) {
        const auto literal = tables_[parent].side.rows().literal(there[i], restored(here[i], values[i]));
        one += (one.empty() ? "" : " AND ") + tables_[parent].side.quoted(there[i].name) + " = " + literal;
      }
      condition += (condition.empty() ? "(" : " OR (") + one + ")";
    }
    read(tables_[parent], {}, condition, [&](KeyValues found, KeyValues) { take(parent, std::move(found)); });
  });
}

void Closure::follow_back(std::size_t child, const ForeignKey& key, std::size_t parent, const std::vector<KeyValues>& rows) {
  const auto& of = tables_[parent];
  const auto there = columns_named(of.side, referenced_columns(key, *of.table));
  const auto here = columns_named(tables_[child].side, key.columns);
  if (here.size() != key.columns.size() || there.size() != here.size()) return;
  in_parts(rows, [&](const std::vector<KeyValues>& part) {
    std::vector<KeyValues> values;
    read(of, there, condition_of_keys(of, part), [&](KeyValues, KeyValues found) { values.push_back(std::move(found)); });
    std::erase_if(values, [](const KeyValues& one) { return std::any_of(one.begin(), one.end(), [](const Value& value) { return !value; }); });
    if (values.empty()) return;
    read(tables_[child], {}, any_of(tables_[child].side, here, values), [&](KeyValues found, KeyValues) { take(child, std::move(found)); });
  });
}

void Closure::complete(const std::set<std::string>& children) {
  for (bool any = true; any;) {
    any = false;
    for (std::size_t i = 0; i < tables_.size(); ++i) {
      if (fresh_[i].empty()) continue;
      any = true;
      const auto rows = std::move(fresh_[i]);
      fresh_[i].clear();
      for (const auto& key : tables_[i].table->foreign_keys) follow(i, key, rows);
      for (std::size_t child = 0; child < tables_.size(); ++child) {
        const auto& name = tables_[child].table->name;
        if (!children.contains(name.name) && !children.contains(name.text())) continue;
        for (const auto& key : tables_[child].table->foreign_keys) {
          if (key.references == tables_[i].table->name) follow_back(child, key, i, rows);
        }
      }
    }
  }
}

}  // namespace migrate
