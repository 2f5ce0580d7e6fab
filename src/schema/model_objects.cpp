#include <algorithm>
#include <map>

#include "core/text.hpp"
#include "schema/lookup.hpp"
#include "schema/model_reader.hpp"

namespace migrate::model {
namespace {

/// A definition without the white space around it and the final ';'.
std::string definition_text(std::string_view text) {
  text = trim(text);
  while (text.ends_with(';')) text = trim(text.substr(0, text.size() - 1));
  return std::string(text);
}

template <class T>
void add_object(const Context& context, std::vector<T>& items, T object, const yaml::Node& node, const std::string& kind) {
  if constexpr (std::is_same_v<T, Extension>) context.check_name(kind, {"", object.name}, context.at(node));
  else context.check_name(kind, object.name, context.at(node));
  if constexpr (!std::is_same_v<T, Routine>) {
    if (find_named(items, object.name) != nullptr) {
      std::string name;
      if constexpr (std::is_same_v<T, Extension>) name = object.name;
      else name = object.name.text();
      context.fail(node, "the " + kind + " '" + name + "' is declared a second time");
    }
  }
  items.push_back(std::move(object));
}

void read_extension(const Context& context, const std::string& name, const yaml::Node& node, const Location& place, Schema& schema) {
  Extension extension{.name = name};
  extension.declared.location = place;
  if (node.is_scalar() && name.empty()) {
    extension.name = node.scalar;
  } else if (node.is_map()) {
    const Properties properties(context, node, "extension " + name, {"name", "schema", "version", "comment"});
    if (!properties.holds_here()) return;
    extension.schema = properties.text("schema");
    extension.version = properties.text("version");
    extension.comment = properties.text("comment");
  }
  add_object(context, schema.extensions, std::move(extension), node, "extension");
}

void read_enum(const Context& context, const std::string& name, const yaml::Node& node, const Location& place, Schema& schema) {
  EnumType type{.name = context.name(name)};
  type.declared.location = place;
  const yaml::Node* values = &node;
  if (node.is_map()) {
    const Properties properties(context, node, "enum " + name, {"name", "values", "comment", "renamed_from", "owner", "grants"});
    if (!properties.holds_here()) return;
    values = properties.find("values");
    type.comment = properties.text("comment");
    type.declared.renamed_from = properties.text("renamed_from");
    type.declared.access = read_access(properties);
  }
  if (values == nullptr || !values->is_sequence()) context.fail(node, "enum " + name + " needs a list of values", "write `" + name + ": [a, b]`");
  for (const auto& item : values->items) {
    std::string value;
    if (item.is_map()) {
      const Properties properties(context, item, "enum " + name + ": value", {"value", "renamed_from"});
      value = properties.text("value");
      if (const auto from = properties.text("renamed_from"); !from.empty()) type.declared.value_renames[value] = from;
    } else {
      // `[yes, null]` without quotes still means the words.
      value = item.scalar;
    }
    if (std::find(type.values.begin(), type.values.end(), value) != type.values.end()) {
      context.fail(item, "enum " + name + ": the value '" + value + "' stands here twice");
    }
    type.values.push_back(std::move(value));
  }
  std::map<std::string, std::string> renamed;
  for (const auto& [value, from] : type.declared.value_renames) check_rename("enum " + name + ": value", value, from, context.at(node), renamed);
  add_object(context, schema.enums, std::move(type), node, "enum");
}

void read_domain(const Context& context, const std::string& name, const yaml::Node& node, const Location& place, Schema& schema) {
  Domain domain{.name = context.name(name)};
  domain.declared.location = place;
  if (node.is_scalar()) {
    domain.type = collapse_spaces(node.scalar);
  } else {
    const Properties properties(context, node, "domain " + name,
                                {"name", "type", "null", "default", "collation", "check", "checks", "comment", "renamed_from", "owner", "grants"});
    if (!properties.holds_here()) return;
    domain.type = collapse_spaces(properties.text("type"));
    domain.nullable = properties.flag("null", true);
    if (const auto* value = properties.find("default")) domain.default_value = read_default(context, *value, "domain " + name + ": default");
    domain.collation = properties.text("collation");
    domain.comment = properties.text("comment");
    domain.declared.renamed_from = properties.text("renamed_from");
    domain.declared.access = read_access(properties);
    const auto add = [&](const std::string& check_name, const yaml::Node& value, const Location& where) {
      Check check = read_check(context, check_name, value, where, "domain " + name + ": check " + check_name);
      if (check.name.empty()) {
        check.name = domain.name.name + "_check" + (domain.checks.empty() ? "" : std::to_string(domain.checks.size()));
        check.declared.generated_name = true;
      }
      domain.checks.push_back(std::move(check));
    };
    if (const auto* value = properties.find("check")) add("", *value, context.at(*value));
    if (const auto* value = properties.find("checks")) each_entry(context, *value, "domain " + name + ": checks", add);
  }
  if (domain.type.empty()) context.fail(node, "domain " + name + " has no type");
  add_object(context, schema.domains, std::move(domain), node, "domain");
}

void read_sequence(const Context& context, const std::string& name, const yaml::Node& node, const Location& place, Schema& schema) {
  Sequence sequence{.name = context.name(name)};
  sequence.declared.location = place;
  if (!node.is_null()) {
    const Properties properties(context, node, "sequence " + name,
                                {"name", "type", "start", "increment", "min", "max", "cache", "cycle", "owned_by", "comment", "renamed_from", "owner", "grants"}, "sequence");
    if (!properties.holds_here()) return;
    sequence.type = lower(properties.text("type"));
    sequence.sequence = read_sequence_options(properties);
    sequence.owned_by = properties.text("owned_by");
    sequence.comment = properties.text("comment");
    sequence.options = properties.options();
    sequence.declared.renamed_from = properties.text("renamed_from");
    sequence.declared.access = read_access(properties);
  }
  add_object(context, schema.sequences, std::move(sequence), node, "sequence");
}

void read_view(const Context& context, const std::string& name, const yaml::Node& node, const Location& place, bool materialized, Schema& schema) {
  View view{.name = context.name(name), .materialized = materialized};
  view.declared.location = place;
  if (node.is_scalar()) {
    view.definition = definition_text(node.scalar);
  } else {
    const Properties properties(context, node, "view " + name,
                                {"name", "query", "definition", "sql", "columns", "indexes", "triggers", "comment", "renamed_from", "owner", "grants"}, "view");
    if (!properties.holds_here()) return;
    for (const char* key : {"sql", "definition", "query"}) {
      if (view.definition.empty()) view.definition = definition_text(properties.text(key));
    }
    view.columns = properties.names("columns");
    view.comment = properties.text("comment");
    view.options = properties.options();
    view.declared.renamed_from = properties.text("renamed_from");
    view.declared.access = read_access(properties);
    if (const auto* value = properties.find("indexes")) {
      each_entry(context, *value, "view " + name + ": indexes", [&](const auto& index_name, const auto& entry, const auto& where) {
        std::vector<Column> any;  // a view's columns are not declared: every plain word is one
        const auto take = [&](const yaml::Node& item) {
          if (item.is_scalar()) any.push_back({.name = item.scalar.substr(0, item.scalar.find(' '))});
        };
        const auto* columns = entry.is_map() ? entry.find("columns") : &entry;
        if (columns != nullptr && columns->is_sequence()) std::for_each(columns->items.begin(), columns->items.end(), take);
        else if (columns != nullptr) take(*columns);
        std::erase_if(any, [](const Column& column) { return column.name.find('(') != std::string::npos; });
        view.indexes.push_back(read_index(context, index_name, entry, where, view.name, any));
      });
    }
    if (const auto* value = properties.find("triggers")) {
      each_entry(context, *value, "view " + name + ": triggers", [&](const auto& trigger_name, const auto& entry, const auto& where) {
        view.triggers.push_back(read_trigger(context, trigger_name, entry, where, view.name));
      });
    }
  }
  if (view.definition.empty()) context.fail(node, "view " + name + " has no query", "write `" + name + ": {query: SELECT ...}`");
  add_object(context, schema.views, std::move(view), node, "view");
}

/// "add(integer, integer)" names an overload; "add" the only one.
void read_routine(const Context& context, const std::string& key, const yaml::Node& node, const Location& place, Routine::Kind kind, Schema& schema) {
  Routine routine{.kind = kind};
  routine.declared.location = place;
  const auto open = key.find('(');
  routine.name = context.name(trim(std::string_view(key).substr(0, open)));
  if (open != std::string::npos && key.ends_with(')')) routine.arguments = collapse_spaces(key.substr(open + 1, key.size() - open - 2));
  if (node.is_scalar()) {
    routine.definition = definition_text(node.scalar);
  } else {
    const Properties properties(context, node, "routine " + key, {"name", "arguments", "definition", "sql", "comment", "renamed_from", "owner", "grants"}, "routine");
    if (!properties.holds_here()) return;
    routine.definition = definition_text(properties.text("definition"));
    if (routine.definition.empty()) routine.definition = definition_text(properties.text("sql"));
    if (const auto arguments = properties.text("arguments"); !arguments.empty()) routine.arguments = arguments;
    routine.comment = properties.text("comment");
    routine.options = properties.options();
    routine.declared.renamed_from = properties.text("renamed_from");
    routine.declared.access = read_access(properties);
  }
  if (routine.definition.empty()) context.fail(node, key + " has no definition", "give the whole CREATE statement as its definition");
  add_object(context, schema.routines, std::move(routine), node, "routine");
}

void read_definition(const Context& context, const std::string& name, const yaml::Node& node, const Location& place, const std::string& kind, Schema& schema) {
  Definition definition{.kind = kind, .name = context.name(name)};
  definition.declared.location = place;
  if (node.is_scalar()) {
    definition.definition = definition_text(node.scalar);
  } else {
    const Properties properties(context, node, kind + " " + name, {"name", "definition", "sql", "comment", "renamed_from", "owner", "grants"}, kind);
    if (!properties.holds_here()) return;
    definition.definition = definition_text(properties.text("definition"));
    if (definition.definition.empty()) definition.definition = definition_text(properties.text("sql"));
    definition.comment = properties.text("comment");
    definition.options = properties.options();
    definition.declared.renamed_from = properties.text("renamed_from");
    definition.declared.access = read_access(properties);
    if (definition.declared.access && kind != "type") context.fail(node, kind + " " + name + ": `owner` and `grants` are for types");
  }
  if (definition.definition.empty()) context.fail(node, kind + " " + name + " has no definition");
  context.check_name(kind, definition.name, place);
  schema.definitions.push_back(std::move(definition));
}

/// A trigger at the top level names its table; it is kept until all tables are read.
void read_top_trigger(const Context& context, const std::string& key, const yaml::Node& node, const Location& place, Schema& schema) {
  if (!node.is_map()) context.fail(node, "trigger " + key + " must be a map with `table` and `definition`");
  const Properties properties(context, node, "trigger " + key, {"name", "table", "definition", "comment", "renamed_from"}, "trigger");
  if (!properties.holds_here()) return;
  const auto table_name = context.name(properties.text("table"));
  Trigger trigger = read_trigger(context, key, node, place, table_name);
  if (auto* table = find_named(schema.tables, table_name)) table->triggers.push_back(std::move(trigger));
  else if (auto* view = find_named(schema.views, table_name)) view->triggers.push_back(std::move(trigger));
  else context.fail(node, "trigger " + key + ": there is no table '" + table_name.text() + "' in the model", "name it with `table:`");
}

void read_tables(const Context& context, const yaml::Node& node, Schema& schema) {
  if (!node.is_map()) context.fail(node, "tables must be a map from name to table");
  schema.tables.reserve(schema.tables.size() + node.keys.size());
  for (std::size_t i = 0; i < node.keys.size(); ++i) {
    const auto& [name, value] = node.keys[i];
    const auto [line, column] = node.key_places[i];
    context.check_name("table", context.name(name), {context.file, line, column});
    if (auto table = read_table(context, context.name(name), value, {context.file, line, column})) {
      schema.tables.push_back(std::move(*table));
    }
  }
}

}  // namespace

const std::vector<std::string>& top_level_keys() {
  static const std::vector<std::string> keys{"schemas",  "extensions", "enums",     "domains",  "sequences", "types", "functions", "procedures",
                                             "tables",   "views",      "materialized_views", "triggers", "events", "virtual_tables",
                                             "rules",    "statistics", "aggregates", "owner", "grants", "default_privileges"};
  return keys;
}

bool read_objects(const Context& context, const std::string& key, const yaml::Node& node, Schema& schema) {
  const auto each = [&](const auto& read, const auto&... more) {
    each_entry(context, node, key, [&](const std::string& name, const yaml::Node& value, const Location& place) {
      read(context, name, value, place, more..., schema);
    });
  };
  if (key == "schemas") {
    read_schemas(context, node, schema);
  } else if (key == "default_privileges") {
    read_default_privileges(context, node, schema);
  } else if (key == "owner" || key == "grants") {
    read_top_access(context, key, node, schema);
  } else if (key == "tables") {
    read_tables(context, node, schema);
  } else if (key == "extensions") {
    each(read_extension);
  } else if (key == "enums") {
    each(read_enum);
  } else if (key == "domains") {
    each(read_domain);
  } else if (key == "sequences") {
    each(read_sequence);
  } else if (key == "triggers") {
    each(read_top_trigger);
  } else if (key == "views" || key == "materialized_views") {
    each(read_view, key == "materialized_views");
  } else if (key == "functions" || key == "procedures") {
    each(read_routine, key == "functions" ? Routine::Kind::function : Routine::Kind::procedure);
  } else if (key == "types" || key == "events" || key == "virtual_tables" || key == "rules" || key == "statistics" || key == "aggregates") {
    static const std::map<std::string, std::string> kinds{{"types", "type"}, {"events", "event"}, {"virtual_tables", "virtual table"},
                                                          {"rules", "rule"}, {"statistics", "statistics"}, {"aggregates", "aggregate"}};
    each(read_definition, kinds.at(key));
  } else {
    return false;
  }
  return true;
}

}  // namespace migrate::model
