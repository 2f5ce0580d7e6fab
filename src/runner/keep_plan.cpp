#include "runner/keep_plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <functional>
#include <set>

#include "core/text.hpp"
#include "dialect/catalog.hpp"
#include "dialect/keep.hpp"
#include "dialect/render.hpp"
#include "dialect/rows.hpp"
#include "dialect/run.hpp"
#include "dialect/sql.hpp"
#include "dialect/sql/lexer.hpp"
#include "dialect/sql/parsed.hpp"
#include "schema/lookup.hpp"

namespace migrate {
namespace {

using Names = std::vector<std::string>;

bool among(const Names& names, const std::string& name) {
  return std::any_of(names.begin(), names.end(), [&](const auto& other) { return equal_ignoring_case(other, name); });
}

/// A key whose columns the statement leaves as they are; empty when there is none.
Names key_without(const Table& table, const Names& touched) {
  const auto hit = [&](const std::vector<IndexPart>& parts) { return std::any_of(parts.begin(), parts.end(), [&](const auto& part) { return among(touched, part.column); }); };
  auto left = table;
  if (left.primary_key && hit(left.primary_key->parts)) left.primary_key.reset();
  std::erase_if(left.uniques, [&](const Unique& unique) { return hit(unique.parts); });
  std::erase_if(left.indexes, [&](const Index& index) { return hit(index.parts); });
  return key_columns(left);
}

Names stored_columns(const Table& table) {
  Names names;
  for (const auto& column : table.columns) {
    if (!column.generated) names.push_back(column.name);
  }
  return names;
}

/// A type as the reader of statements writes it: values of an enum stay as they are.
std::string spelled(const std::string& type) { return type.find('\'') == std::string::npos ? lower(type) : type; }

Names without(Names names, const Names& others) {
  std::erase_if(names, [&](const auto& name) { return among(others, name); });
  return names;
}

class LossPlanner {
 public:
  LossPlanner(KeepContext& context, const Loss& loss, const Statement& statement) : context_(context), loss_(loss), statement_(statement) {}

  KeepPlan make() {
    if (loss_.kind == Loss::Kind::type) {
      for (const auto& name : loss_.tables) {
        for (auto& sql : context_.dialect().keep().set_type_aside(context_.connection(), name, context_.versions->kept_table().name + "_")) plan_.instead.push_back(std::move(sql));
      }
      plan_.replaced = loss_.tables.size() == 1 && !plan_.instead.empty();
      if (!plan_.replaced) plan_.instead.clear();
      return plan_;
    }
    for (const auto& name : loss_.tables) {
      auto table = context_.look(name);
      if (!table) continue;  // IF EXISTS, a temporary table, one of the engine's own: the statement says so itself
      if (context_.versions->owns(table->name)) continue;
      if (const auto why = others(*table); !why.empty()) refuse(*table, why);
      else if (!loss_.replacement.name.empty()) rebuild(*table);
      else if (loss_.kind == Loss::Kind::table) tables_.push_back(std::move(*table));
      else if (loss_.kind == Loss::Kind::columns) columns(*table);
      else if (loss_.kind == Loss::Kind::values) values(*table);
      else rows(*table);
    }
    if (!tables_.empty()) drop_tables();
    return plan_;
  }

 private:
  KeptRecord& add(KeptRecord::Kind kind, const Table& table) {
    KeptRecord record{.id = context_.next_id(), .revision = context_.revision, .kind = kind, .object = table.name};
    record.kept = context_.versions->kept_table(table.name.schema, record.id);
    record.kept_at = context_.at;
    record.until = context_.until;
    plan_.records.push_back(std::move(record));
    return plan_.records.back();
  }

  [[nodiscard]] std::string others(const Table& table) const {
    const bool rows = loss_.kind == Loss::Kind::table || loss_.kind == Loss::Kind::rows || loss_.kind == Loss::Kind::all_rows;
    auto why = rows && loss_.replacement.name.empty() ? context_.dialect().keep().rows_of_others(context_.connection(), table.name) : "";
    return why.empty() && table.columns.empty() ? "it has no columns of its own" : why;
  }

  void refuse(const Table& table, const std::string& why) { plan_.cannot += (plan_.cannot.empty() ? "" : "; ") + table.name.name + ": " + why; }

  /// What whole rows need on their way back.
  void describe_rows(const Table& table, KeptRecord& record) {
    record.key = key_columns(table);
    record.columns = stored_columns(table);
    const auto add_unique = [&](const std::vector<IndexPart>& parts) {
      const auto names = column_names(parts);
      const bool plain = names.size() == parts.size() && std::all_of(parts.begin(), parts.end(), [](const auto& part) { return part.prefix_length == 0; });
      if (plain && names != record.key) record.uniques.push_back(names);
    };
    if (table.primary_key) add_unique(table.primary_key->parts);
    for (const auto& unique : table.uniques) add_unique(unique.parts);
    for (const auto& index : table.indexes) {
      if (index.unique && index.where.empty()) add_unique(index.parts);
    }
    for (const auto& key : table.foreign_keys) {
      auto parent = key.references;
      if (parent.schema.empty()) parent.schema = table.name.schema;
      record.parents.push_back({key.columns, parent, key.referenced_columns});
    }
  }

  void copy_ahead(const Table& table, const KeptRecord& record, const Names& columns) {
    const auto target = context_.quote(record.kept), source = context_.quote(table.name);
    Names all = record.key;
    for (const auto& column : without(columns, record.key)) all.push_back(column);
    Names quoted;
    for (const auto& column : all) quoted.push_back(context_.quote(column));
    const auto list = join(quoted, ", ");
    plan_.ahead.push_back(create_kept_sql(context_, table, record.kept, record.key, without(columns, record.key)));
    if (context_.in_transaction || record.key.empty() || !has_plain_key(table, record.key)) {
      if (context_.in_transaction) lock(table);
      plan_.fill.push_back(fmt::format("INSERT INTO {} ({}) SELECT {} FROM {}", target, list, list, source));
      return;
    }
    Names key;
    for (const auto& column : record.key) key.push_back(context_.quote(column));
    plan_.ranges.push_back({source, target, key, quoted});
    std::string same, on;
    std::vector<KeepFace::Assignment> set;
    for (const auto& column : key) on += (on.empty() ? "" : " AND ") + ("t." + column) + " = k." + column;
    for (const auto& column : without(columns, record.key)) {
      same += (same.empty() ? "" : " AND ") + context_.dialect().keep().same_sql("t." + context_.quote(column), "k." + context_.quote(column));
      set.emplace_back(column, "k." + context_.quote(column));
    }
    std::string from_source;
    for (const auto& column : quoted) from_source += (from_source.empty() ? "t." : ", t.") + column;
    plan_.catch_up.push_back(fmt::format("DELETE FROM {} WHERE NOT EXISTS (SELECT 1 FROM {} t WHERE {})", target, source, replace_all(on, "k.", target + ".")));
    if (!set.empty()) plan_.catch_up.push_back(context_.dialect().keep().put_back_sql(record.kept, table.name, set, record.key, "NOT (" + same + ")"));
    plan_.catch_up.push_back(fmt::format("INSERT INTO {} ({}) SELECT {} FROM {} t WHERE NOT EXISTS (SELECT 1 FROM {} k WHERE {})", target, list, from_source, source, target, on));
  }

  void lock(const Table& table) {
    auto sql = context_.dialect().keep().lock_sql(table.name);
    if (!sql.empty() && std::find(plan_.fill.begin(), plan_.fill.end(), sql) == plan_.fill.end()) plan_.fill.push_back(std::move(sql));
  }

  void numbers(const Table& table, KeptRecord& record) {
    for (const auto& column : table.columns) {
      if (!column.identity) continue;
      if (auto next = context_.dialect().rows().next_number(context_.connection(), table, column)) record.numbers[column.name] = *next;
    }
  }

  // ---- DROP TABLE ----
  void drop_tables() {
    std::vector<SetAside> ways;
    std::vector<QualifiedName> names;
    for (const auto& table : tables_) names.push_back(table.name);
    const auto first = context_.last_id;
    for (const auto& table : tables_) {
      const auto kept = context_.versions->kept_table(table.name.schema, context_.next_id());
      ways.push_back(context_.dialect().keep().set_aside(context_.connection(), context_.session->server(),
                                                         {&table, names, statement_.text, loss_.cascade, context_.in_transaction, kept}));
    }
    context_.last_id = first;
    const auto has = [&](SetAside::Way way) { return std::any_of(ways.begin(), ways.end(), [&](const auto& one) { return one.way == way; }); };
    if (has(SetAside::Way::none)) return;
    plan_.replaced = !has(SetAside::Way::copy) && plan_.cannot.empty();  // what is refused goes as the statement says
    for (std::size_t i = 0; i < tables_.size(); ++i) {
      auto& record = add(KeptRecord::Kind::table, tables_[i]);
      describe_rows(tables_[i], record);
      numbers(tables_[i], record);
      if (plan_.replaced) plan_.instead.insert(plan_.instead.end(), ways[i].statements.begin(), ways[i].statements.end());
      else copy_ahead(tables_[i], record, record.columns);
    }
  }

  // ---- ALTER TABLE ----
  void columns(const Table& table) {
    Names dropped, changed;
    for (const auto& name : loss_.dropped) {
      const auto* column = find(table, name);
      if (column != nullptr && !column->generated) dropped.push_back(column->name);
    }
    for (const auto& [name, type] : loss_.changed) {
      const auto* column = find(table, name);
      if (column != nullptr && !column->generated && !fits(spelled(column->type), type)) changed.push_back(column->name);
    }
    keep_values(table, dropped, changed);
  }

  void keep_values(const Table& table, const Names& dropped, const Names& changed) {
    if (dropped.empty() && changed.empty()) return;
    auto touched = dropped;
    touched.insert(touched.end(), changed.begin(), changed.end());
    const auto key = key_without(table, touched);
    if (key.empty()) return refuse(table, "it has no key that stays, so that its values could not be told apart");
    if (!dropped.empty()) keep_columns(table, KeptRecord::Kind::columns, key, dropped);
    if (!changed.empty()) {
      const auto& record = keep_columns(table, KeptRecord::Kind::types, key, changed);
      prune(table, record);
    }
  }

  KeptRecord& keep_columns(const Table& table, KeptRecord::Kind kind, const Names& key, const Names& columns) {
    auto& record = add(kind, table);
    record.key = key;
    record.columns = columns;
    for (const auto& name : columns) record.types[name] = find(table, name)->type;
    copy_ahead(table, record, columns);
    return record;
  }

  /// Values that the change of type leaves as they were are not taken away.
  void prune(const Table& table, const KeptRecord& record) {
    const auto kept = context_.quote(record.kept);
    std::string same;
    for (const auto& column : record.key) same += fmt::format(" AND t.{0} = {1}.{0}", context_.quote(column), kept);
    for (const auto& column : record.columns) same += " AND " + context_.dialect().keep().same_sql("t." + context_.quote(column), kept + "." + context_.quote(column));
    plan_.prune.push_back(fmt::format("DELETE FROM {} WHERE EXISTS (SELECT 1 FROM {} t WHERE {})", kept, context_.quote(table.name), same.substr(5)));
  }

  static const Column* find(const Table& table, const std::string& name) {
    const auto it = std::find_if(table.columns.begin(), table.columns.end(), [&](const Column& column) { return equal_ignoring_case(column.name, name); });
    return it == table.columns.end() ? nullptr : &*it;
  }

  // ---- a table made anew ----
  void rebuild(const Table& table) {
    const auto after = context_.look(loss_.replacement);
    if (!after) return refuse(table, "what takes its place is not there yet");
    Names dropped, changed;
    for (const auto& column : table.columns) {
      if (column.generated) continue;
      const auto went = std::find_if(loss_.carried.begin(), loss_.carried.end(), [&](const auto& one) { return equal_ignoring_case(one.first, column.name); });
      const auto* there = went == loss_.carried.end() ? nullptr : find(*after, went->second);
      if (there != nullptr && fits(spelled(column.type), spelled(there->type))) continue;
      (there == nullptr && find(*after, column.name) == nullptr ? dropped : changed).push_back(column.name);
    }
    if (loss_.filtered) refuse(table, "the rows that do not go along when it is made anew");
    if (dropped.empty() && changed.empty()) return;
    auto touched = dropped;
    touched.insert(touched.end(), changed.begin(), changed.end());
    if (key_without(table, touched).empty()) return refuse(table, "it has no key that stays, so that its values could not be told apart");
    // The new table has its rows already.
    if (!changed.empty()) prune(*after, keep_columns(table, KeptRecord::Kind::types, key_without(table, touched), changed));
    if (dropped.empty()) return;
    const auto kept = context_.versions->kept_table(table.name.schema, context_.last_id + 1);
    auto way = context_.dialect().keep().set_aside(context_.connection(), context_.session->server(),
                                                   {&table, {table.name}, statement_.text, loss_.cascade, context_.in_transaction, kept});
    if (way.way != SetAside::Way::rename) {
      keep_columns(table, KeptRecord::Kind::columns, key_without(table, touched), dropped);
      return;
    }
    auto& record = add(KeptRecord::Kind::columns, table);
    record.key = key_without(table, touched);
    record.columns = dropped;
    for (const auto& name : dropped) record.types[name] = find(table, name)->type;
    plan_.replaced = true;
    plan_.instead = std::move(way.statements);
  }

  // ---- UPDATE, DELETE, TRUNCATE ----
  void values(const Table& table) {
    Names assigned;
    for (const auto& name : loss_.assigned) {
      const auto* column = find(table, name);
      if (column != nullptr && !column->generated && !among(assigned, column->name)) assigned.push_back(column->name);
    }
    if (assigned.empty()) return;
    triggers(table);
    const auto key = key_without(table, assigned);
    if (key.empty()) return refuse(table, "it has no key that the UPDATE leaves as it is");
    auto& record = add(KeptRecord::Kind::values, table);
    record.key = key;
    record.columns = assigned;
    for (const auto& name : assigned) record.types[name] = find(table, name)->type;
    plan_.ahead.push_back(create_kept_sql(context_, table, record.kept, key, assigned));
    keep_rows(table, record);
  }

  void rows(const Table& table) {
    triggers(table);
    if (loss_.kind == Loss::Kind::rows) {
      std::vector<QualifiedName> seen{table.name};
      with_it(table, [&](const Names& columns) { return loss_.with + (loss_.with.empty() ? "" : " ") + chosen(table, columns); }, seen);
    }
    auto& record = add(KeptRecord::Kind::rows, table);
    describe_rows(table, record);
    const auto stored = record.columns;
    if (loss_.kind == Loss::Kind::all_rows && !context_.in_transaction && !context_.session->server().capabilities.transactional_ddl) {
      copy_ahead(table, record, stored);
      return;
    }
    // An index over rows that come all at once costs as much as they do.
    const bool taken = loss_.kind == Loss::Kind::rows && take_rows(table, record);
    plan_.ahead.push_back(create_kept_sql(context_, table, record.kept, taken ? Names{} : record.key, taken ? all_of(record) : without(stored, record.key)));
    if (!taken) keep_rows(table, record);
  }

  /// The DELETE itself keeps what it takes, where it can.
  bool take_rows(const Table& table, const KeptRecord& record) {
    const auto columns = all_of(record);
    const auto deletion = fmt::format("DELETE FROM {}{}{}{}", context_.quote(table.name), loss_.alias.empty() ? "" : " AS " + loss_.alias, loss_.from.empty() ? "" : " USING " + loss_.from,
                                      loss_.where.empty() ? "" : " WHERE " + loss_.where);
    const auto own = loss_.alias.empty() ? context_.quote(table.name.name) : loss_.alias;
    auto sql = context_.dialect().keep().take_rows_sql(deletion, context_.quote(record.kept), listed("", columns), listed(own, columns));
    if (sql.empty() || !loss_.with.empty() || !loss_.tail.empty()) return false;
    if (!plan_.fill.empty()) lock(table);
    plan_.together = plan_.replaced = true;
    plan_.instead.push_back(std::move(sql));
    return true;
  }

  [[nodiscard]] static Names all_of(const KeptRecord& record) {
    auto all = record.key;
    for (const auto& column : without(record.columns, record.key)) all.push_back(column);
    return all;
  }

  void triggers(const Table& table) {
    for (const auto& trigger : table.triggers) plan_.beside += fmt::format("{}the trigger {} of {}: what it does elsewhere", plan_.beside.empty() ? "" : "; ", trigger.name, table.name.name);
  }

  /// What goes, or changes, with deleted rows because it refers to them: kept in front of them, so that it comes back behind them.
  void with_it(const Table& table, const std::function<std::string(const Names&)>& chosen, std::vector<QualifiedName>& seen) {
    if (!context_.dialect().keep().keys_act(context_.connection())) return;
    for (const auto& other : context_.neighbours(table)) {
      for (const auto& key : other.foreign_keys) {
        const bool ours = key.references.name == table.name.name && (key.references.schema.empty() || key.references.schema == table.name.schema);
        if (!ours || key.on_delete.empty() || key.on_delete == "restrict" || key.referenced_columns.empty()) continue;
        if (std::find(seen.begin(), seen.end(), other.name) != seen.end() || !loss_.tail.empty()) {
          refuse(other, "the rows that go with those of " + table.name.name + " (ON DELETE " + key.on_delete + ")");
          continue;
        }
        const auto condition = fmt::format("({}) IN ({})", listed("", key.columns), chosen(key.referenced_columns));
        if (key.on_delete == "cascade") {
          seen.push_back(other.name);
          with_it(other, [&](const Names& columns) { return fmt::format("SELECT {} FROM {} WHERE {}", listed("", columns), context_.quote(other.name), condition); }, seen);
          triggers(other);
          auto& record = add(KeptRecord::Kind::rows, other);
          describe_rows(other, record);
          follow(other, record, condition);
        } else if (const auto own = key_without(other, key.columns); own.empty()) {
          refuse(other, "it has no key besides those that ON DELETE " + key.on_delete + " changes");
        } else {
          auto& record = add(KeptRecord::Kind::values, other);
          record.key = own;
          record.columns = key.columns;
          follow(other, record, condition);
        }
      }
    }
  }

  void follow(const Table& table, const KeptRecord& record, const std::string& condition) {
    const auto all = all_of(record);
    plan_.ahead.push_back(create_kept_sql(context_, table, record.kept, record.key, without(record.columns, record.key)));
    plan_.fill.push_back(fmt::format("INSERT INTO {} ({}) SELECT {} FROM {} WHERE {}", context_.quote(record.kept), listed("", all), listed("", all), context_.quote(table.name), condition));
  }

  [[nodiscard]] std::string listed(const std::string& prefix, const Names& columns) const {
    std::string out;
    for (const auto& column : columns) out += (out.empty() ? "" : ", ") + (prefix.empty() ? "" : prefix + ".") + context_.quote(column);
    return out;
  }

  /// SELECT of columns of the rows that the statement's own condition meets.
  [[nodiscard]] std::string chosen(const Table& table, const Names& columns) const {
    const auto source = context_.quote(table.name);
    const auto alias = loss_.alias.empty() ? context_.quote(table.name.name) : loss_.alias;
    const auto from = source + (loss_.alias.empty() ? "" : " AS " + loss_.alias);
    const auto where = loss_.where.empty() ? std::string() : " WHERE " + loss_.where;
    if (loss_.joined) {
      const auto key = key_columns(table);
      return fmt::format("SELECT {} FROM {} AS migrate_kept WHERE ({}) IN (SELECT {} FROM {}{})", listed("migrate_kept", columns), source, listed("migrate_kept", key), listed(alias, key), loss_.from, where);
    }
    if (!loss_.from.empty()) return fmt::format("SELECT {} FROM {} WHERE EXISTS (SELECT 1 FROM {}{})", listed(alias, columns), from, loss_.from, where);
    return fmt::format("SELECT {} FROM {}{}{}", listed(alias, columns), from, where, loss_.tail.empty() ? "" : " " + loss_.tail);
  }

  void keep_rows(const Table& table, const KeptRecord& record) {
    plan_.together = true;
    lock(table);
    const auto all = all_of(record);
    plan_.fill.push_back(fmt::format("INSERT INTO {} ({}) {}{}{}", context_.quote(record.kept), listed("", all), loss_.with, loss_.with.empty() ? "" : " ", chosen(table, all)));
  }

  KeepContext& context_;
  const Loss& loss_;
  const Statement& statement_;
  std::vector<Table> tables_;
  KeepPlan plan_;
};

}  // namespace

std::string start_of(const Statement& statement) {
  const auto line = collapse_spaces(statement.text);
  return line.size() > 60 ? line.substr(0, 57) + "..." : line;
}

long long KeepContext::next_id() {
  if (last_id == 0) {
    // What a downgrade could not put back may stand in a table of another number.
    for (const auto& row : connection().query("SELECT id, kept_table FROM " + quote(versions->kept_table())).rows) {
      const auto name = row.at(1).value_or("");
      last_id = std::max({last_id, std::atoll(row.at(0).value_or("0").c_str()), std::atoll(name.c_str() + name.rfind('_') + 1)});
    }
  }
  return ++last_id;
}

std::optional<Table> KeepContext::look(const QualifiedName& name) const {
  const auto& server = session->server();
  std::string schema = name.schema;
  if (server.capabilities.schemas) {
    if (schema.empty()) schema = dialect().run().schema_of(connection(), name);
    if (schema.empty()) return std::nullopt;
  } else if (!schema.empty() && schema != "main" && schema != session->url().database) {
    return std::nullopt;
  } else {
    schema.clear();
  }
  InspectOptions options{.schemas = schema.empty() ? std::vector<std::string>{} : std::vector<std::string>{schema}, .tables = {{"", name.name}}, .filter = {}};
  auto found = dialect().catalog().inspect(connection(), server, options).tables;
  if (found.empty() && !server.capabilities.schemas) {  // names there may not depend on case
    options.tables.clear();
    found = dialect().catalog().inspect(connection(), server, options).tables;
  }
  const auto it = std::find_if(found.begin(), found.end(), [&](const Table& table) {
    return server.capabilities.schemas ? table.name.name == name.name : equal_ignoring_case(table.name.name, name.name);
  });
  if (it == found.end()) return std::nullopt;
  it->name.schema = schema;
  return std::move(*it);
}

std::vector<Table> KeepContext::neighbours(const Table& table) const {
  InspectOptions options{.schemas = table.name.schema.empty() ? std::vector<std::string>{} : std::vector<std::string>{table.name.schema}, .tables = {}, .filter = {}};
  auto tables = dialect().catalog().inspect(connection(), session->server(), options).tables;
  std::erase_if(tables, [&](const Table& other) { return versions->owns(other.name); });
  for (auto& other : tables) {
    if (other.name.schema.empty()) other.name.schema = table.name.schema;
  }
  return tables;
}

bool has_key_without(const Table& table, const std::vector<std::string>& columns) { return !key_without(table, columns).empty(); }

bool has_plain_key(const Table& table, const std::vector<std::string>& key) {
  static const std::set<std::string, std::less<>> plain{"smallint", "integer", "int", "bigint", "tinyint", "mediumint", "varchar", "character varying", "char", "character", "text",
                                                        "uuid", "date", "numeric", "decimal"};
  return !key.empty() && std::all_of(key.begin(), key.end(), [&](const auto& name) {
    const auto* column = find_named(table.columns, name);
    auto type = column == nullptr ? std::string() : lower(std::string(parsed::type_name(column->type)));
    type = type.substr(0, type.find(" unsigned"));
    return plain.contains(type);
  });
}

std::string create_kept_sql(const KeepContext& context, const Table& table, const QualifiedName& name, const std::vector<std::string>& key, const std::vector<std::string>& columns) {
  Table kept{.name = name};
  kept.options = context.dialect().run().durable_table_options();
  const auto add = [&](const std::string& column_name, bool in_key) {
    const auto& from = *find_named(table.columns, column_name);
    Column column{.name = from.name, .type = context.dialect().keep().kept_type(context.connection(), from.type), .nullable = !in_key, .collation = from.collation};
    if (column.type != from.type) column.collation.clear();
    if (const auto charset = from.options.find("charset"); charset != from.options.end()) column.options.insert(*charset);
    kept.columns.push_back(std::move(column));
  };
  for (const auto& column : key) add(column, true);
  for (const auto& column : columns) add(column, false);
  if (!key.empty()) kept.primary_key = PrimaryKey{.parts = parts_of(key)};
  const auto statements = context.dialect().render().render({Create<Table>{kept}}, Schema{}, context.session->server());
  return statements.at(0).text;
}

KeepPlan plan_keep(KeepContext& context, const Loss& loss, const Statement& statement) {
  if (loss.kind == Loss::Kind::unknown) {
    KeepPlan plan;
    plan.cannot = loss.why;
    return plan;
  }
  return LossPlanner(context, loss, statement).make();
}

}  // namespace migrate
