#include "transfer/end.hpp"

#include <algorithm>

#include "core/text.hpp"
#include "schema/lookup.hpp"

namespace migrate {

std::unique_ptr<RowsConnection> End::open_rows() {
  auto url = target_.url();
  if (reads_) dialect().run().only_look(url);
  auto connection = dialect().rows().open(url);
  dialect().run().enter_schemas(*connection, target_.schemas());
  return connection;
}

QualifiedName End::progress_table() { return target_.versions().copy_table(); }

Schema End::inspect() {
  // What migrate.yaml tells other commands to ignore is a part of the database too.
  const auto keep = [&](std::string_view, const QualifiedName& name) {
    return name.name != "migrate_probe" && !target_.versions().stays_here(name);
  };
  auto schema = inspect_whole(session(), {.schemas = target_.schemas(), .tables = {}, .filter = keep});
  filter_schema(schema, keep);
  return schema;
}

EndLock::EndLock(End& end, const std::function<void(const std::string&)>& tell)
    : options_(end.target().run_options()), lock_(end.session(), end.target().versions(), options_) {
  struct Events : RunEvents {
    explicit Events(const std::function<void(const std::string&)>& told) : tell(told) {}
    void waiting(const std::string& holder) override { tell("waiting for another run: " + holder); }
    void notice(const std::string& text) override { tell(text); }
    const std::function<void(const std::string&)>& tell;
  } events(tell);
  lock_.acquire(events);
}

const std::string& End::own_numbers() {
  if (!own_numbers_) own_numbers_ = session().connection().query(dialect().rows().own_numbers_sql()).rows.at(0).at(0).value_or("");
  return *own_numbers_;
}

namespace {

/// Whether both engines' own numbers say the same of a row.
bool same_numbers(End& source, End& target, const TablePair& pair) {
  if (&source.dialect() != &target.dialect() || source.own_numbers().empty() || source.own_numbers() != target.own_numbers()) return false;
  return std::equal(pair.from.columns.begin(), pair.from.columns.end(), pair.to.columns.begin(), pair.to.columns.end(),
                    [](const RowsColumn& a, const RowsColumn& b) { return a.native || a.own == b.own; });
}

}  // namespace

TablePair pair_tables(End& source, const Schema& source_schema, const Table& source_table, End& target, const Schema& target_schema, const Table& target_table) {
  TablePair pair{.source = source_table, .target = target_table};
  pair.from.dialect = &source.dialect();
  pair.to.dialect = &target.dialect();
  pair.from.name = source_table.name;
  pair.to.name = target_table.name;
  pair.from.children = source_table.options.contains("partition_by");
  pair.to.children = target_table.options.contains("partition_by");
  const auto& from = source.dialect().rows();
  const auto& to = target.dialect().rows();
  const bool native = &source.dialect() == &target.dialect() && from.keeps_more_than_types();
  for (const auto& column : source_table.columns) {
    const auto other = std::find_if(target_table.columns.begin(), target_table.columns.end(), [&](const Column& c) { return equal_ignoring_case(c.name, column.name); });
    if (other == target_table.columns.end() || other->generated) continue;
    const auto logical = from.value_type(source_table, column, source_schema, source.server());
    pair.from.columns.push_back({.name = column.name, .own = logical, .logical = logical, .native = native});
    pair.to.columns.push_back({.name = other->name, .own = to.value_type(target_table, *other, target_schema, target.server()), .logical = logical, .native = native});
  }
  for (const auto& name : from.order_key(source_table, pair.from.hidden_key)) {
    const auto* column = find_named(source_table.columns, name);
    if (column == nullptr) {
      const ValueType number{.kind = ValueType::Kind::integer};
      pair.from.key.push_back({.name = name, .own = number, .logical = number});
    } else {
      const auto type = from.value_type(source_table, *column, source_schema, source.server());
      pair.from.key.push_back({.name = name, .own = type, .logical = type});
    }
  }
  for (const auto& name : key_columns(source_table)) {
    const auto place = std::find_if(pair.from.columns.begin(), pair.from.columns.end(), [&](const RowsColumn& column) { return column.name == name; });
    if (place == pair.from.columns.end()) {
      pair.key.clear();
      break;
    }
    pair.key.push_back(static_cast<std::size_t>(place - pair.from.columns.begin()));
  }
  if (same_numbers(source, target, pair)) pair.from.numbers = pair.to.numbers = RowNumbers::own;
  for (const auto index : pair.key) pair.to.key.push_back(pair.to.columns[index]);
  return pair;
}

}  // namespace migrate
