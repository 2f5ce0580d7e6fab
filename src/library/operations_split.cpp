// Columns and tables that are split and merged with their rows.
#include <fmt/format.h>

#include <algorithm>

#include "core/text.hpp"
#include "dialect/sql.hpp"
#include "dialect/sql/lexer.hpp"
#include "library/operations_context.hpp"
#include "schema/lookup.hpp"

namespace migrate {
namespace {

/// Columns that get their values before they may be asked for them.
ColumnDefinition as_nullable(ColumnDefinition column) {
  column.value.nullable = true;
  return column;
}

std::string joined_names(const Names& names) { return join(names, "\x1f"); }

bool among(const Names& names, const std::string& name) { return std::find(names.begin(), names.end(), name) != names.end(); }

/// Adds columns, fills them, makes them NOT NULL as they are to be, and drops the old ones.
void replace_columns(Operations& op, OperationsContext& context, const TableName& table, const std::vector<ColumnDefinition>& columns,
                     const std::vector<std::string>& expressions, const Names& old, const Operations::Place& place) {
  const auto at = context.location(place);
  std::vector<std::string> sets;
  Names added;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    op.add_column(table, as_nullable(columns[i]), place);
    sets.push_back(context.dialect().sql().quote_name(columns[i].value.name) + " = " + expressions[i]);
    added.push_back(columns[i].value.name);
  }
  context.execute(fmt::format("UPDATE {} SET\n  {}", context.dialect().sql().quote_name(table.get()), join(sets, ",\n  ")), at);
  context.change("replace_columns\x1f" + table.get().text() + "\x1f" + joined_names(added) + "\x1f" + joined_names(old), at, [&](SchemaEditor& editor) {
    auto& changed = editor.table(table.get());
    for (const auto& column : columns) {
      if (!column.value.nullable) editor.column(changed, column.value.name).nullable = false;
    }
    for (const auto& name : old) editor.drop_column(changed, name);
  });
}

}  // namespace

void Operations::split_column(const TableName& table, const std::string& column, const std::vector<SplitColumn>& into, Place place) {
  std::vector<ColumnDefinition> columns;
  std::vector<std::string> expressions;
  for (const auto& part : into) {
    columns.push_back(part.column);
    expressions.push_back(context_.text(part.expression));
  }
  replace_columns(*this, context_, table, columns, expressions, {column}, place);
}

void Operations::split_column_at(const TableName& table, const std::string& column, const std::string& separator, const ColumnDefinition& first,
                                 const ColumnDefinition& rest, Place place) {
  const auto name = context_.dialect().sql().quote_name(column);
  const auto mark = context_.dialect().sql().quote_text(separator);
  SqlText front(fmt::format("CASE WHEN instr({0}, {1}) > 0 THEN substr({0}, 1, instr({0}, {1}) - 1) ELSE {0} END", name, mark));
  front.on("postgresql", fmt::format("split_part({}, {}, 1)", name, mark)).on("mysql", fmt::format("substring_index({}, {}, 1)", name, mark));
  SqlText back(fmt::format("CASE WHEN instr({0}, {1}) > 0 THEN substr({0}, instr({0}, {1}) + length({1})) END", name, mark));
  back.on("postgresql", fmt::format("CASE WHEN strpos({0}, {1}) > 0 THEN substr({0}, strpos({0}, {1}) + length({1})) END", name, mark));
  back.on("mysql", fmt::format("CASE WHEN locate({1}, {0}) > 0 THEN substr({0}, locate({1}, {0}) + char_length({1})) END", name, mark));
  const auto filled = [&](const SqlText& text, const ColumnDefinition& definition) {
    return definition.value.nullable ? context_.text(text) : "coalesce(" + context_.text(text) + ", '')";
  };
  replace_columns(*this, context_, table, {first, rest}, {filled(front, first), filled(back, rest)}, {column}, place);
}

void Operations::merge_columns(const TableName& table, const Names& columns, const ColumnDefinition& into, SqlText expression, Place place) {
  replace_columns(*this, context_, table, {into}, {context_.text(expression)}, columns, place);
}

void Operations::merge_columns_with(const TableName& table, const Names& columns, const std::string& separator, const ColumnDefinition& into, Place place) {
  const auto mark = context_.dialect().sql().quote_text(separator);
  std::vector<std::string> pieces;
  std::vector<std::string> words;
  std::vector<std::string> nulls;
  for (const auto& column : columns) {
    const auto name = context_.dialect().sql().quote_name(column);
    pieces.push_back(fmt::format("CASE WHEN coalesce({0}, '') <> '' THEN {1} || {0} ELSE '' END", name, mark));
    words.push_back(fmt::format("nullif({}, '')", name));
    nulls.push_back(name + " IS NULL");
  }
  SqlText text(fmt::format("substr({}, length({}) + 1)", join(pieces, " || "), mark));
  const auto concat = fmt::format("concat_ws({}, {})", mark, join(words, ", "));
  text.on("postgresql", concat).on("mysql", concat);
  auto expression = context_.text(text);
  if (into.value.nullable) expression = fmt::format("CASE WHEN {} THEN NULL ELSE {} END", join(nulls, " AND "), expression);
  replace_columns(*this, context_, table, {into}, {expression}, columns, place);
}

// ---- tables --------------------------------------------------------------------------------------------------------

namespace {

/// The parts of a table that are about some of its columns alone.
Table parts_about(const Table& table, const Names& columns, const LexicalRules& rules) {
  Table part;
  const auto only = [&](const std::vector<IndexPart>& parts) {
    return std::all_of(parts.begin(), parts.end(), [&](const IndexPart& item) { return !item.column.empty() && among(columns, item.column); });
  };
  for (const auto& unique : table.uniques) {
    if (only(unique.parts)) part.uniques.push_back(unique);
  }
  for (const auto& index : table.indexes) {
    if (only(index.parts)) part.indexes.push_back(index);
  }
  for (const auto& key : table.foreign_keys) {
    if (std::all_of(key.columns.begin(), key.columns.end(), [&](const auto& name) { return among(columns, name); })) part.foreign_keys.push_back(key);
  }
  for (const auto& check : table.checks) {
    bool own = false;
    bool other = false;
    for (const auto& column : table.columns) {
      if (mentions(check.expression, column.name, rules)) (among(columns, column.name) ? own : other) = true;
    }
    if (own && !other) part.checks.push_back(check);
  }
  return part;
}

void add_parts(Table& table, const Table& parts) {
  table.uniques.insert(table.uniques.end(), parts.uniques.begin(), parts.uniques.end());
  table.indexes.insert(table.indexes.end(), parts.indexes.begin(), parts.indexes.end());
  table.foreign_keys.insert(table.foreign_keys.end(), parts.foreign_keys.begin(), parts.foreign_keys.end());
  table.checks.insert(table.checks.end(), parts.checks.begin(), parts.checks.end());
}

/// Both tables as they are, or one of them.
class TableSplit {
 public:
  TableSplit(OperationsContext& context, const SplitTable& split, const char* what, const Operations::Place& place)
      : context(context), split(split), at(context.location(place)), what_(what) {
    plan = context.remembered(key("plan"), [&](const Table& table) { return table.name == split.table.get() || table.name == split.into.get(); }, at);
    if (find_named(plan.tables, split.table.get()) == nullptr) fail("there is no table '" + split.table.get().text() + "' that is known here");
    const auto& table = *find_named(plan.tables, split.table.get());
    if (!table.primary_key) fail("the table " + table.name.text() + " has no primary key, which both tables need");
    keys = column_names(table.primary_key->parts);
    for (const auto& name : split.columns) {
      if (among(keys, name)) fail("the column " + name + " is part of the primary key, which stays");
    }
  }

  [[noreturn]] void fail(const std::string& message) const { throw Error{ErrorKind::usage, message, "", at}; }
  [[nodiscard]] const Table& table() const { return *find_named(plan.tables, split.table.get()); }
  [[nodiscard]] std::string key(const std::string& step) const {
    return std::string(what_) + '\x1f' + step + '\x1f' + split.table.get().text() + '\x1f' + split.into.get().text() + '\x1f' + joined_names(split.columns);
  }
  [[nodiscard]] std::string quoted(const Names& names, const std::string& before = {}) const {
    std::vector<std::string> out;
    for (const auto& name : names) out.push_back(before + context.dialect().sql().quote_name(name));
    return join(out, ", ");
  }

  OperationsContext& context;
  const SplitTable& split;
  Location at;
  Schema plan;
  Names keys;

 private:
  const char* what_;
};

}  // namespace

void Operations::split_table(const SplitTable& split, Place place) {
  TableSplit work(context_, split, "split_table", place);
  const auto& table = work.table();
  const auto parts = parts_about(table, split.columns, context_.dialect().sql().lexical_rules());
  for (const auto& name : split.columns) {
    if (find_named(table.columns, name) == nullptr) work.fail("the table " + table.name.text() + " has no column '" + name + "'");
  }
  context_.change(work.key("create"), work.at, [&](SchemaEditor& editor) {
    Table fresh{.name = split.into.get()};
    for (const auto& column : table.columns) {
      const bool is_key = among(work.keys, column.name);
      if (!is_key && !among(split.columns, column.name)) continue;
      fresh.columns.push_back(column);
      if (is_key) fresh.columns.back().identity.reset(), fresh.columns.back().default_value.reset();
    }
    fresh.primary_key = PrimaryKey{.parts = parts_of(work.keys)};
    fresh.options = table.options;
    auto& added = editor.schema().tables.emplace_back(std::move(fresh));
    editor.add(added, ForeignKeyDefinition(work.keys, split.table, work.keys).on_delete(split.on_delete).value);
  });
  auto names = work.keys;
  names.insert(names.end(), split.columns.begin(), split.columns.end());
  context_.execute(fmt::format("INSERT INTO {} ({})\nSELECT {} FROM {}", context_.dialect().sql().quote_name(split.into.get()), work.quoted(names), work.quoted(names),
                               context_.dialect().sql().quote_name(table.name)),
                   work.at);
  context_.change(work.key("drop"), work.at, [&](SchemaEditor& editor) {
    for (const auto& name : split.columns) editor.drop_column(editor.table(table.name), name);
  });
  if (parts == Table{}) return;
  context_.change(work.key("parts"), work.at, [&](SchemaEditor& editor) { add_parts(editor.table(split.into.get()), parts); });
}

void Operations::merge_tables(const SplitTable& split, Place place) {
  TableSplit work(context_, split, "merge_tables", place);
  const auto* from = find_named(work.plan.tables, split.into.get());
  if (from == nullptr) work.fail("there is no table '" + split.into.get().text() + "' that is known here");
  const auto& target = split.table.get();
  Names names = split.columns;
  if (names.empty()) {
    for (const auto& column : from->columns) {
      if (!among(work.keys, column.name)) names.push_back(column.name);
    }
  }
  auto parts = parts_about(*from, names, context_.dialect().sql().lexical_rules());
  context_.change(work.key("add"), work.at, [&](SchemaEditor& editor) {
    for (const auto& name : names) {
      const auto* column = find_named(from->columns, name);
      if (column == nullptr) work.fail("the table " + from->name.text() + " has no column '" + name + "'");
      auto& added = editor.table(target).columns.emplace_back(*column);
      added.nullable = true;
    }
  });
  std::vector<std::string> sets;
  const auto table = context_.dialect().sql().quote_name(target);
  std::vector<std::string> matches;
  for (const auto& key : work.keys) matches.push_back(fmt::format("o.{0} = {1}.{0}", context_.dialect().sql().quote_name(key), table));
  for (const auto& name : names) {
    sets.push_back(fmt::format("{0} = (SELECT o.{0} FROM {1} o WHERE {2})", context_.dialect().sql().quote_name(name), context_.dialect().sql().quote_name(from->name), join(matches, " AND ")));
  }
  context_.execute(fmt::format("UPDATE {} SET\n  {}", table, join(sets, ",\n  ")), work.at);
  drop_table(split.into, place);
  context_.change(work.key("parts"), work.at, [&](SchemaEditor& editor) {
    auto& changed = editor.table(target);
    for (const auto& name : names) editor.column(changed, name).nullable = find_named(from->columns, name)->nullable;
    add_parts(changed, parts);
  });
}

}  // namespace migrate
