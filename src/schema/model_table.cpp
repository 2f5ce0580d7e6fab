#include <algorithm>

#include "core/text.hpp"
#include "schema/lookup.hpp"
#include "schema/model_reader.hpp"

namespace migrate::model {
namespace {

const std::vector<std::string> table_keys{"comment",  "columns",    "primary_key", "uniques",  "indexes",      "foreign_keys", "checks",
                                          "exclusions", "triggers", "policies",    "renamed_from", "order", "owner", "grants"};
const std::vector<std::string> column_keys{"type",   "null",        "default",    "identity", "generated",    "collation", "comment", "unique", "index",
                                           "references", "primary_key", "check", "renamed_from", "cast", "backfill", "mask", "grants"};
const std::vector<std::string> foreign_key_keys{"name",     "columns",  "column", "references", "on_delete",    "on_update",
                                                "match",    "deferrable", "initially_deferred", "not_valid", "comment", "renamed_from", "table"};

/// The columns of a key or an index.
const yaml::Node& columns_of(const Properties& properties, const yaml::Node& node) {
  const auto* columns = properties.find("columns");
  if (columns == nullptr) properties.context.fail(*node.find("columns"), properties.what + ": `columns:` is empty", "name them: `columns: [a, b]`");
  return *columns;
}

/// Reads one table while the names that its constraints get by rule are collected, so that no two are the same.
class TableReader {
 public:
  TableReader(const Context& context, const QualifiedName& name, const Location& place) : context_(context) {
    table_.name = name;
    table_.declared.location = place;
  }

  std::optional<Table> read(const yaml::Node& node) {
    const Properties properties(context_, node, "table " + table_.name.text(), table_keys, "table");
    if (!properties.holds_here()) return std::nullopt;
    table_.comment = properties.text("comment");
    table_.options = properties.options();
    table_.declared.renamed_from = properties.text("renamed_from");
    table_.declared.access = read_access(properties);
    read_order(properties);
    read_columns(properties);
    read_keys(properties);
    read_rest(properties);
    for (const auto& read_later : later_) read_later();
    close_primary_key();
    check_key_columns();
    check_renames(what("column"), table_.columns);
    check_renames(what("index"), table_.indexes);
    check_renames(what("unique"), table_.uniques);
    check_renames(what("foreign key"), table_.foreign_keys);
    check_renames(what("check"), table_.checks);
    return std::move(table_);
  }

 private:
  [[nodiscard]] std::string what(const std::string& part) const { return "table " + table_.name.text() + ": " + part; }

  void read_order(const Properties& properties) {
    const auto order = properties.text("order");
    if (!order.empty() && order != "strict" && order != "any") {
      context_.fail(*properties.find("order"), what("order must be strict or any"));
    }
    table_.declared.strict_order = order == "strict";
  }

  void read_columns(const Properties& properties) {
    const auto* columns = properties.find("columns");
    if (columns == nullptr) return;
    if (!columns->is_map()) context_.fail(*columns, what("columns must be a map from name to type"));
    table_.columns.reserve(columns->keys.size());
    for (std::size_t i = 0; i < columns->keys.size(); ++i) {
      const auto& [name, value] = columns->keys[i];
      const auto [line, column] = columns->key_places[i];
      read_column(name, value, {context_.file, line, column});
    }
  }

  void read_column(const std::string& name, const yaml::Node& node, const Location& place) {
    const auto where = "column " + table_.name.text() + "." + name;
    if (name.empty()) throw Error{ErrorKind::usage, what("the name of a column is empty"), "give it a name", place};
    Column column{.name = name};
    column.declared.location = place;
    if (node.is_scalar()) {
      column.type = collapse_spaces(node.scalar);
      table_.columns.push_back(std::move(column));
      return;
    }
    if (node.is_null()) context_.fail(node, where + " has no type", "write `" + name + ": text` or `" + name + ": {type: text}`");
    const Properties properties(context_, node, where, column_keys, "column");
    if (!properties.holds_here()) return;
    column.type = collapse_spaces(properties.text("type"));
    // An empty type is one in SQLite, where a column needs none: write_model says `type: ""`.
    if (properties.find("type") == nullptr) context_.fail(node, where + " has no type", "write `" + name + ": {type: text}`");
    column.nullable = properties.flag("null", true);
    if (properties.find("null") != nullptr) explicit_null_.push_back(name);
    if (const auto* value = properties.find("default")) column.default_value = read_default(context_, *value, where + ": default");
    if (const auto* value = properties.find("identity")) column.identity = read_identity(*value, where, column.declared);
    if (const auto* value = properties.find("generated")) column.generated = read_generated(*value, where);
    column.collation = properties.text("collation");
    column.comment = properties.text("comment");
    column.options = properties.options();
    column.declared.renamed_from = properties.text("renamed_from");
    column.declared.access = read_access(properties);
    column.declared.cast = properties.text("cast");
    column.declared.backfill = properties.text("backfill");
    if (const auto* mask = properties.find("mask")) column.declared.mask = read_mask_words(*mask, context_.file, where);
    read_short_forms(properties, name, place);
    table_.columns.push_back(std::move(column));
  }

  Rare<Identity> read_identity(const yaml::Node& node, const std::string& where, Declaration& declared) {
    Identity identity;
    std::string kind = node.scalar;
    if (node.is_map()) {
      const Properties properties(context_, node, where + ": identity", {"kind", "sequence", "start", "increment", "min", "max", "cache", "cycle"});
      kind = properties.text("kind");
      identity.sequence = read_sequence_options(properties);
      if (const auto sequence = properties.text("sequence"); !sequence.empty()) declared.spelling["sequence"] = sequence;
    }
    kind = lower(kind);
    if (kind == "false") return {};
    if (kind.empty() || kind == "true" || kind == "always") identity.kind = Identity::Kind::always;
    else if (kind == "by_default" || kind == "by default") identity.kind = Identity::Kind::by_default;
    else if (kind == "serial") identity.kind = Identity::Kind::serial;
    else context_.fail(node, where + ": identity must be always, by_default or serial");
    return identity;
  }

  Generated read_generated(const yaml::Node& node, const std::string& where) {
    if (node.is_scalar()) return {node.scalar, true};
    const Properties properties(context_, node, where + ": generated", {"expression", "stored"});
    Generated generated{properties.text("expression"), properties.flag("stored", true)};
    if (generated.expression.empty()) context_.fail(node, where + ": generated has no expression");
    return generated;
  }

  /// `unique: true`, `references: teams(id)`, ... on a column are constraints of their table; they are read after all
  /// columns are known.
  void read_short_forms(const Properties& properties, const std::string& name, const Location& place) {
    if (properties.flag("primary_key", false)) {
      if (!table_.primary_key) table_.primary_key.emplace();
      table_.primary_key->parts.push_back({.column = name});
    }
    if (const auto* value = properties.find("unique"); value != nullptr && flag_or_name(*value)) {
      add_unique({.name = given_name(*value), .parts = parts_of({name})}, place);
    }
    if (const auto* value = properties.find("index"); value != nullptr && flag_or_name(*value)) {
      Index index{.name = given_name(*value), .parts = parts_of({name})};
      index.declared.location = place;
      name_it(index, context_.options.naming.index, name, "");
      table_.indexes.push_back(std::move(index));
    }
    if (const auto* value = properties.find("check")) {
      Check check{.expression = scalar_text(context_, *value, what("check"))};
      check.declared.location = place;
      name_it(check, context_.options.naming.check, name, name);
      table_.checks.push_back(std::move(check));
    }
    if (const auto* value = properties.find("references")) {
      later_.emplace_back([this, value, name, place] { read_column_reference(*value, name, place); });
    }
  }

  [[nodiscard]] bool flag_or_name(const yaml::Node& value) const { return lower(value.scalar) != "false"; }
  [[nodiscard]] std::string given_name(const yaml::Node& value) const { return lower(value.scalar) == "true" ? "" : value.scalar; }

  void read_column_reference(const yaml::Node& value, const std::string& column, const Location& place) {
    ForeignKey key;
    if (value.is_map()) {
      const Properties properties(context_, value, what("references"), foreign_key_keys, "foreign key");
      key = read_foreign_key_properties(properties);
      key.name = properties.text("name");
    } else {
      set_references(key, value);
    }
    key.columns = {column};
    key.declared.location = place;
    name_it(key, context_.options.naming.foreign_key, column, "");
    table_.foreign_keys.push_back(std::move(key));
  }

  template <class T>
  void name_it(T& part, const std::string& rule, const std::string& columns, const std::string& name) {
    if (!part.name.empty()) return;
    const auto base = generated_name(rule, table_.name, columns, name);
    part.name = base;
    for (int i = 2; std::find(given_.begin(), given_.end(), part.name) != given_.end(); ++i) part.name = base + "_" + std::to_string(i);
    given_.push_back(part.name);
    part.declared.generated_name = true;
  }

  [[nodiscard]] static std::string columns_text(const std::vector<IndexPart>& parts) {
    std::vector<std::string> names;
    for (const auto& part : parts) names.push_back(part.column.empty() ? slug(part.expression) : part.column);
    return join(names, "_");
  }

  void add_unique(Unique unique, const Location& place) {
    unique.declared.location = place;
    name_it(unique, context_.options.naming.unique, columns_text(unique.parts), "");
    table_.uniques.push_back(std::move(unique));
  }

  void read_keys(const Properties& properties) {
    if (const auto* value = properties.find("primary_key")) read_primary_key(*value);
    if (const auto* value = properties.find("uniques")) {
      each_entry(context_, *value, what("uniques"), [&](const auto& name, const auto& entry, const auto& place) { read_unique(name, entry, place); });
    }
    if (const auto* value = properties.find("foreign_keys")) {
      each_entry(context_, *value, what("foreign_keys"), [&](const auto& name, const auto& entry, const auto& place) {
        const Properties key_properties(context_, entry, what("foreign key " + name), foreign_key_keys, "foreign key");
        if (!key_properties.holds_here()) return;
        ForeignKey key = read_foreign_key_properties(key_properties);
        key.name = name;
        key.declared.location = place;
        name_it(key, context_.options.naming.foreign_key, join(key.columns, "_"), "");
        table_.foreign_keys.push_back(std::move(key));
      });
    }
  }

  void read_primary_key(const yaml::Node& node) {
    PrimaryKey key;
    if (node.is_map() && node.find("columns") != nullptr) {
      const Properties properties(context_, node, what("primary_key"),
                                  {"name", "columns", "include", "deferrable", "initially_deferred", "comment"}, "primary key");
      key.name = properties.text("name");
      key.parts = read_index_parts(context_, columns_of(properties, node), table_.columns, what("primary_key"));
      key.include = properties.names("include");
      key.initially_deferred = properties.flag("initially_deferred", false);
      key.deferrable = properties.flag("deferrable", key.initially_deferred);
      key.comment = properties.text("comment");
      key.options = properties.options();
    } else {
      key.parts = read_index_parts(context_, node, table_.columns, what("primary_key"));
    }
    table_.primary_key = std::move(key);
  }

  /// A primary key column is NOT NULL unless the model says `null: true` (SQLite lets such a column be NULL).
  void close_primary_key() {
    if (!table_.primary_key) return;
    for (const auto& part : table_.primary_key->parts) {
      auto* column = find_named(table_.columns, part.column);
      if (column != nullptr && std::find(explicit_null_.begin(), explicit_null_.end(), column->name) == explicit_null_.end()) {
        column->nullable = false;
      }
    }
  }

  void read_unique(const std::string& name, const yaml::Node& node, const Location& place) {
    Unique unique{.name = name};
    const auto where = what("unique " + name);
    if (node.is_map() && node.find("columns") != nullptr) {
      const Properties properties(context_, node, where,
                                  {"name", "columns", "include", "nulls_not_distinct", "deferrable", "initially_deferred", "comment", "renamed_from"}, "unique");
      if (!properties.holds_here()) return;
      unique.parts = read_index_parts(context_, columns_of(properties, node), table_.columns, where);
      unique.include = properties.names("include");
      unique.nulls_not_distinct = properties.flag("nulls_not_distinct", false);
      unique.initially_deferred = properties.flag("initially_deferred", false);
      unique.deferrable = properties.flag("deferrable", unique.initially_deferred);
      unique.comment = properties.text("comment");
      unique.options = properties.options();
      unique.declared.renamed_from = properties.text("renamed_from");
    } else {
      unique.parts = read_index_parts(context_, node, table_.columns, where);
    }
    add_unique(std::move(unique), place);
  }

  ForeignKey read_foreign_key_properties(const Properties& properties) {
    ForeignKey key;
    key.columns = properties.names(properties.find("columns") != nullptr ? "columns" : "column");
    if (const auto* references = properties.find("references")) {
      set_references(key, *references);
    } else if (const auto* table = properties.find("table")) {
      set_references(key, *table);
      key.referenced_columns = properties.names(properties.find("columns") != nullptr ? "columns" : "column");
    } else {
      context_.fail(properties.node, properties.what + " has no `references`", "write `references: table(column)`");
    }
    key.on_delete = action(properties, "on_delete");
    for (const char* property : {"on_delete", "on_update"}) {
      // What happens by itself, said nevertheless: some engines print it.
      if (equal_ignoring_case(replace_all(properties.text(property), "_", " "), "no action")) key.declared.spelling[property] = "no action";
    }
    key.on_update = action(properties, "on_update");
    key.match = lower(properties.text("match"));
    if (key.match == "simple") key.match.clear();
    key.initially_deferred = properties.flag("initially_deferred", false);
    key.deferrable = properties.flag("deferrable", key.initially_deferred);
    key.not_valid = properties.flag("not_valid", false);
    key.comment = properties.text("comment");
    key.options = properties.options();
    key.declared.renamed_from = properties.text("renamed_from");
    return key;
  }

  std::string action(const Properties& properties, const std::string& key) {
    const auto given = lower(collapse_spaces(replace_all(properties.text(key), "_", " ")));
    if (given.empty() || given == "no action") return "";
    if (given == "cascade" || given == "restrict" || given == "set null" || given == "set default") return given;
    if (given.starts_with("set null (") || given.starts_with("set default (")) return collapse_spaces(properties.text(key));
    context_.fail(*properties.find(key), properties.what + ": " + key + " cannot be '" + given + "'",
                  "one of: cascade, restrict, set null, set default, no action");
  }

  void set_references(ForeignKey& key, const yaml::Node& node) {
    if (node.is_map()) {
      const Properties properties(context_, node, what("references"), {"table", "columns"});
      key.references = context_.name(properties.text("table"));
      key.referenced_columns = properties.names("columns");
      return;
    }
    const std::string whole = scalar_text(context_, node, what("references"));
    const std::string_view view = trim(whole);
    const auto open = view.find('(');
    if (view.empty() || (open != std::string_view::npos && view.back() != ')')) {
      context_.fail(node, what("cannot read the reference '" + whole + "'"), "write `table(column)` or `table(a, b)`");
    }
    key.references = context_.name(trim(view.substr(0, open)));
    if (open != std::string_view::npos) key.referenced_columns = split(view.substr(open + 1, view.size() - open - 2), ',');
  }

  void read_rest(const Properties& properties) {
    const auto entries = [&](const char* key, const auto& read) {
      if (const auto* value = properties.find(key)) each_entry(context_, *value, what(key), read);
    };
    int number = 0;
    entries("checks", [&](const std::string& name, const yaml::Node& node, const Location& place) {
      Check check = read_check(context_, name, node, place, what("check " + name));
      name_it(check, context_.options.naming.check, "", std::to_string(++number));
      table_.checks.push_back(std::move(check));
    });
    entries("exclusions", [&](const std::string& name, const yaml::Node& node, const Location& place) { read_exclusion(name, node, place); });
    entries("indexes", [&](const std::string& name, const yaml::Node& node, const Location& place) {
      Index index = read_index(context_, name, node, place, table_.name, table_.columns);
      name_it(index, context_.options.naming.index, columns_text(index.parts), "");
      table_.indexes.push_back(std::move(index));
    });
    entries("triggers", [&](const std::string& name, const yaml::Node& node, const Location& place) {
      table_.triggers.push_back(read_trigger(context_, name, node, place, table_.name));
    });
    entries("policies", [&](const std::string& name, const yaml::Node& node, const Location& place) { read_policy(name, node, place); });
  }

  void read_exclusion(const std::string& name, const yaml::Node& node, const Location& place) {
    Exclusion exclusion{.name = name};
    if (node.is_scalar()) {
      exclusion.definition = node.scalar;
    } else {
      const Properties properties(context_, node, what("exclusion " + name),
                                  {"name", "definition", "deferrable", "initially_deferred", "comment", "renamed_from"});
      exclusion.definition = properties.text("definition");
      exclusion.initially_deferred = properties.flag("initially_deferred", false);
      exclusion.deferrable = properties.flag("deferrable", exclusion.initially_deferred);
      exclusion.comment = properties.text("comment");
      exclusion.declared.renamed_from = properties.text("renamed_from");
    }
    if (exclusion.definition.empty()) context_.fail(node, what("exclusion " + name + " has no definition"));
    exclusion.declared.location = place;
    table_.exclusions.push_back(std::move(exclusion));
  }

  void read_policy(const std::string& name, const yaml::Node& node, const Location& place) {
    const Properties properties(context_, node, what("policy " + name),
                                {"name", "command", "permissive", "roles", "using", "check", "comment", "renamed_from"});
    Policy policy{.name = name};
    if (const auto command = lower(properties.text("command")); !command.empty()) policy.command = command;
    policy.permissive = properties.flag("permissive", true);
    policy.roles = properties.names("roles");
    std::sort(policy.roles.begin(), policy.roles.end());
    policy.using_expression = properties.text("using");
    policy.check_expression = properties.text("check");
    policy.comment = properties.text("comment");
    policy.declared.renamed_from = properties.text("renamed_from");
    policy.declared.location = place;
    table_.policies.push_back(std::move(policy));
  }

  void check_column(const std::string& name, const std::string& user, const Location& place) const {
    if (name.empty() || find_named(table_.columns, name) != nullptr) return;
    std::vector<std::string> names;
    for (const auto& column : table_.columns) names.push_back(column.name);
    throw Error{ErrorKind::usage, what(user + " names the column '" + name + "', which the table does not have"), did_you_mean(name, names), place};
  }

  /// A table without columns in the model (a partition, an inheriting table) is not checked.
  void check_key_columns() const {
    if (table_.columns.empty()) return;
    for (const auto& key : table_.foreign_keys) {
      for (const auto& name : key.columns) check_column(name, "foreign key " + key.name, key.declared.location);
      if (key.columns.empty()) throw Error{ErrorKind::usage, what("foreign key " + key.name + " has no columns"), "", key.declared.location};
      if (!key.referenced_columns.empty() && key.referenced_columns.size() != key.columns.size()) {
        throw Error{ErrorKind::usage, what("foreign key " + key.name + " has " + plural(key.columns.size(), "column") + " but references " +
                                           std::to_string(key.referenced_columns.size())), "", key.declared.location};
      }
    }
    for (const auto& unique : table_.uniques) {
      for (const auto& name : unique.include) check_column(name, "unique " + unique.name, unique.declared.location);
    }
    for (const auto& index : table_.indexes) {
      for (const auto& name : index.include) check_column(name, "index " + index.name, index.declared.location);
    }
  }

  const Context& context_;
  Table table_;
  std::vector<std::string> given_;
  std::vector<std::string> explicit_null_;
  std::vector<std::function<void()>> later_;
};

}  // namespace

std::optional<Table> read_table(const Context& context, const QualifiedName& name, const yaml::Node& node, const Location& place) {
  if (node.is_null()) {
    throw Error{ErrorKind::usage, "table " + name.text() + " is empty", "give it `columns:`", place};
  }
  return TableReader(context, name, place).read(node);
}

Index read_index(const Context& context, const std::string& name, const yaml::Node& node, const Location& place,
                 const QualifiedName& table, const std::vector<Column>& columns) {
  const auto what = "table " + table.text() + ": index " + name;
  Index index{.name = name};
  index.declared.location = place;
  if (!node.is_map() || node.find("columns") == nullptr) {
    index.parts = read_index_parts(context, node, columns, what);
    return index;
  }
  const Properties properties(context, node, what,
                              {"name", "columns", "unique", "method", "where", "include", "nulls_not_distinct", "comment", "renamed_from"}, "index");
  index.parts = read_index_parts(context, columns_of(properties, node), columns, what);
  index.unique = properties.flag("unique", false);
  index.method = lower(properties.text("method"));
  index.where = properties.text("where");
  index.include = properties.names("include");
  index.nulls_not_distinct = properties.flag("nulls_not_distinct", false);
  index.comment = properties.text("comment");
  index.options = properties.options();
  index.declared.renamed_from = properties.text("renamed_from");
  return index;
}

Check read_check(const Context& context, const std::string& name, const yaml::Node& node, const Location& place, const std::string& what) {
  Check check{.name = name};
  check.declared.location = place;
  if (node.is_scalar()) {
    check.expression = node.scalar;
  } else {
    const Properties properties(context, node, what,
                                {"name", "expression", "no_inherit", "not_valid", "not_enforced", "comment", "renamed_from"}, "check");
    check.expression = properties.text("expression");
    check.no_inherit = properties.flag("no_inherit", false);
    check.not_valid = properties.flag("not_valid", false);
    check.not_enforced = properties.flag("not_enforced", false);
    check.comment = properties.text("comment");
    check.options = properties.options();
    check.declared.renamed_from = properties.text("renamed_from");
  }
  if (check.expression.empty()) context.fail(node, what + " has no expression");
  return check;
}

Trigger read_trigger(const Context& context, const std::string& name, const yaml::Node& node, const Location& place,
                     const QualifiedName& table) {
  Trigger trigger{.name = name, .table = table};
  trigger.declared.location = place;
  if (node.is_scalar()) {
    trigger.definition = node.scalar;
  } else {
    const Properties properties(context, node, "trigger " + name, {"name", "table", "definition", "comment", "renamed_from"}, "trigger");
    trigger.definition = properties.text("definition");
    trigger.comment = properties.text("comment");
    trigger.options = properties.options();
    trigger.declared.renamed_from = properties.text("renamed_from");
    if (const auto own = properties.text("name"); !own.empty()) trigger.name = own;
  }
  trigger.definition = trim(trigger.definition);
  while (trigger.definition.ends_with(';')) trigger.definition = trim(std::string_view(trigger.definition).substr(0, trigger.definition.size() - 1));
  if (trigger.definition.empty()) context.fail(node, "trigger " + name + " has no definition", "give the whole CREATE TRIGGER statement");
  return trigger;
}

}  // namespace migrate::model
