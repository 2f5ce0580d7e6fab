#include <algorithm>
#include <array>
#include <set>

#include "core/text.hpp"
#include "dialect/postgresql/canonical/canonical.hpp"
#include "dialect/postgresql/canonical/spread.hpp"
#include "dialect/postgresql/sql/literals.hpp"
#include "dialect/postgresql/sql/sequences.hpp"
#include "dialect/postgresql/sql/text.hpp"
#include "dialect/postgresql/sql/types.hpp"
#include "schema/lookup.hpp"

namespace migrate::postgresql {
namespace {

struct Context {
  const ServerInfo& server;
  std::set<std::string> own;

  [[nodiscard]] std::string type(const std::string& text) const { return canonical_type(text, own, server.default_schema); }
  [[nodiscard]] bool at_least(int major) const { return server.version_number == 0 || server.version_number >= major * 10000; }
};

[[noreturn]] void refuse(const Context& context, const std::string& what, const Location& location, const std::string& hint = {}) {
  throw Error{ErrorKind::usage, what + " (" + context.server.product + " " + context.server.version + ")", hint, location};
}

bool is_yes(const std::string& value) { return value == "true" || value == "on" || value == "yes" || value == "1"; }
bool is_no(const std::string& value) { return value == "false" || value == "off" || value == "no" || value == "0"; }

void canonical_flag(Options& options, const std::string& key) {
  const auto it = options.find(key);
  if (it == options.end()) return;
  if (is_no(lower(it->second))) {
    options.erase(it);
  } else if (is_yes(lower(it->second))) {
    it->second = "true";
  }
}

void drop_option(Options& options, const std::string& key, std::string_view usual) {
  const auto it = options.find(key);
  if (it != options.end() && equal_ignoring_case(it->second, usual)) options.erase(it);
}

std::string statement_text(const std::string& text) {
  auto view = trim(text);
  while (view.ends_with(';')) view = trim(view.substr(0, view.size() - 1));
  return std::string(view);
}

void canonical_name(std::string& name, const Declaration& declared) {
  name = declared.generated_name ? shorten_name(name) : cut_name(name);
}

void check_length(const std::string& what, const std::string& name, const Location& location) {
  if (name.size() <= longest_name) return;
  throw Error{ErrorKind::usage, "the name of " + what + " '" + name + "' is longer than 63 bytes", "PostgreSQL would cut it: choose a shorter one",
              location};
}

const char* usual_storage(const std::string& type) {
  const auto base = base_type(type);
  if (base == "numeric" || base == "inet" || base == "cidr") return "main";
  for (const auto* variable : {"text", "varchar", "char", "bytea", "json", "jsonb", "xml", "bit", "varbit", "tsvector"}) {
    if (base == variable || is_array(type)) return "extended";
  }
  return is_builtin(type) ? "plain" : "";
}

void canonical_identity(const Context& context, const Table& table, Column& column) {
  const bool quoted = column.type.starts_with("\"");
  if (const auto integer = quoted ? "" : serial_integer(column.type); !integer.empty()) {
    column.type = integer;
    if (!column.identity) column.identity = Identity{Identity::Kind::serial, {}};
    column.identity->kind = Identity::Kind::serial;
  }
  if (!column.identity) return;
  if (!is_integer_type(column.type)) {
    refuse(context, "column " + table.name.text() + "." + column.name + " cannot number itself: its type is " + column.type,
           column.declared.location, "give it the type bigint");
  }
  column.nullable = false;
  drop_default_options(column.identity->sequence, column.type);
}

void canonical_column(const Context& context, const Table& table, Column& column) {
  check_length("column", column.name, column.declared.location);
  column.type = context.type(column.type);
  canonical_identity(context, table, column);
  if (column.default_value) {
    const auto written = *column.default_value;
    column.default_value = canonical_default(written, column.type);
    if (written.expression && column.default_value != written && !column.identity) column.declared.spelling["default_sql"] = written.text;
  }
  if (column.generated) {
    column.generated->expression = strip_parentheses(column.generated->expression);
    if (!column.generated->stored && !context.at_least(18)) {
      refuse(context, "column " + table.name.text() + "." + column.name + ": this server has no virtual generated columns",
             column.declared.location, "make it stored");
    }
  }
  if (equal_ignoring_case(column.collation, "default")) column.collation.clear();
  for (const auto* key : {"storage", "compression"}) {
    if (const auto it = column.options.find(key); it != column.options.end()) it->second = lower(it->second);
  }
  drop_option(column.options, "storage", usual_storage(column.type));
  drop_option(column.options, "storage", "default");
  drop_option(column.options, "compression", "default");
  drop_option(column.options, "statistics", "-1");
  if (column.options.count("compression") != 0 && !context.at_least(14)) {
    refuse(context, "column " + table.name.text() + "." + column.name + ": this server has no column compression", column.declared.location);
  }
}

/// Whether a lone word is a column and no constant: what has no columns here (a partition, a view) has other words than these.
bool is_column(const std::string& word, const std::vector<Column>& columns) {
  if (columns.empty()) return word != "true" && word != "false" && word != "null";
  return find_named(columns, word) != nullptr;
}

void canonical_parts(std::vector<IndexPart>& parts, const std::vector<Column>& columns) {
  for (auto& part : parts) {
    part.prefix_length = 0;  // an index over the whole column does the same and more
    if (part.nulls_first == part.descending) part.nulls_first.reset();
    part.opclass = std::string(trim(part.opclass));
    if (part.expression.empty()) continue;
    part.expression = strip_parentheses(part.expression);
    const auto tokens = tokenize(part.expression, lexical_rules());
    if (tokens.size() != 1) continue;
    if (tokens[0].kind == TokenKind::quoted_name) part.column = unquote_name(tokens[0].text);
    if (tokens[0].kind == TokenKind::word && is_column(lower(tokens[0].text), columns)) part.column = lower(tokens[0].text);
    if (!part.column.empty()) part.expression.clear();
  }
}

void canonical_index(const Context& context, Index& index, const std::vector<Column>& columns) {
  canonical_name(index.name, index.declared);
  canonical_parts(index.parts, columns);
  index.method = lower(index.method);
  if (index.method == "btree") index.method.clear();
  if (index.method == "fulltext" || index.method == "spatial") {
    refuse(context, "index " + index.name + ": the server has no index method " + index.method, index.declared.location,
           index.method == "fulltext" ? "use a gin index over to_tsvector(...)" : "use a gist index");
  }
  if (index.nulls_not_distinct && !context.at_least(15)) {
    refuse(context, "index " + index.name + ": this server has no NULLS NOT DISTINCT", index.declared.location);
  }
  index.where = strip_parentheses(index.where);
  drop_option(index.options, "invalid", "false");
  canonical_flag(index.options, "clustered");
}

std::string canonical_action(const std::string& action) {
  auto text = lower(collapse_spaces(action));
  if (text == "no action" || text.empty()) return {};
  const auto open = text.find('(');
  if (open == std::string::npos) return text;
  // The columns keep their case.
  const auto original = collapse_spaces(action);
  const auto columns = original.substr(original.find('(') + 1, original.rfind(')') - original.find('(') - 1);
  return std::string(trim(std::string_view(text).substr(0, open))) + " (" + join(split(columns, ','), ", ") + ")";
}

void canonical_foreign_key(const Schema& schema, const Table& table, ForeignKey& key) {
  canonical_name(key.name, key.declared);
  key.on_delete = canonical_action(key.on_delete);
  key.on_update = canonical_action(key.on_update);
  key.match = lower(key.match);
  if (key.match == "simple") key.match.clear();
  if (key.initially_deferred) key.deferrable = true;
  if (!key.referenced_columns.empty()) return;
  const auto* target = key.references == table.name ? &table : find_named(schema.tables, key.references);
  if (target == nullptr || !target->primary_key) {
    throw Error{ErrorKind::usage,
                "foreign key " + table.name.text() + "." + key.name + " refers to " + key.references.text() +
                    (target == nullptr ? ", which is not in the model" : ", which has no primary key"),
                "name the columns: references: " + key.references.text() + "(column)", key.declared.location};
  }
  key.referenced_columns = column_names(target->primary_key->parts);
}

void canonical_check(const Context& context, Check& check) {
  canonical_name(check.name, check.declared);
  check.expression = strip_parentheses(check.expression);
  if (check.not_enforced && !context.at_least(18)) {
    refuse(context, "check " + check.name + ": this server enforces all checks", check.declared.location);
  }
}

/// "range (lower( name ))" as the server writes it, as far as that goes without asking it.
std::string canonical_partition(const std::string& text) {
  const auto open = text.find('(');
  if (open == std::string::npos) return text;
  return upper(trim(std::string_view(text).substr(0, open))) + " " + std::string(trim(std::string_view(text).substr(open)));
}

void canonical_options(Table& table, const std::string& default_schema) {
  auto& options = table.options;
  for (const auto* key : {"unlogged", "row_security", "force_row_security"}) canonical_flag(options, key);
  drop_option(options, "replica_identity", "default");
  drop_option(options, "tablespace", "pg_default");
  drop_option(options, "access_method", "heap");
  if (const auto it = options.find("partition_by"); it != options.end()) it->second = canonical_partition(it->second);
  if (const auto it = options.find("partition_bound"); it != options.end()) it->second = canonical_bound(it->second);
  if (const auto it = options.find("partition_of"); it != options.end()) {
    auto parent = parse_name(it->second);
    if (parent.schema == default_schema) parent.schema.clear();
    it->second = quote_name(parent);
    table.columns.clear();  // they are the parent's
  }
  if (const auto it = options.find("inherits"); it != options.end()) {
    std::vector<std::string> parents;
    for (const auto& parent : split(it->second, ',')) {
      auto name = parse_name(parent);
      if (name.schema == default_schema) name.schema.clear();
      parents.push_back(quote_name(name));
    }
    it->second = join(parents, ", ");
  }
}

void canonical_policy(Policy& policy) {
  policy.command = lower(policy.command);
  if (policy.command.empty()) policy.command = "all";
  if (policy.roles.size() == 1 && lower(policy.roles[0]) == "public") policy.roles.clear();
  std::sort(policy.roles.begin(), policy.roles.end());
  policy.using_expression = strip_parentheses(policy.using_expression);
  policy.check_expression = strip_parentheses(policy.check_expression);
}

void canonical_trigger(Trigger& trigger) {
  trigger.definition = statement_text(trigger.definition);
  drop_option(trigger.options, "enabled", "origin");
  drop_option(trigger.options, "enabled", "true");
  if (const auto it = trigger.options.find("enabled"); it != trigger.options.end() && is_no(it->second)) it->second = "disabled";
}

void canonical_table(const Context& context, const Schema& schema, Table& table) {
  check_length("table", table.name.name, table.declared.location);
  for (auto& column : table.columns) canonical_column(context, table, column);
  if (table.primary_key) {
    table.primary_key->name = cut_name(table.primary_key->name);
    canonical_parts(table.primary_key->parts, table.columns);
    for (const auto& name : column_names(table.primary_key->parts)) {
      if (auto* column = find_named(table.columns, name)) column->nullable = false;
    }
  }
  for (auto& unique : table.uniques) {
    canonical_name(unique.name, unique.declared);
    canonical_parts(unique.parts, table.columns);
    if (unique.nulls_not_distinct && !context.at_least(15)) {
      refuse(context, "unique " + unique.name + ": this server has no NULLS NOT DISTINCT", unique.declared.location);
    }
  }
  for (auto& key : table.foreign_keys) canonical_foreign_key(schema, table, key);
  for (auto& check : table.checks) canonical_check(context, check);
  for (auto& exclusion : table.exclusions) {
    canonical_name(exclusion.name, exclusion.declared);
    exclusion.definition = statement_text(exclusion.definition);
    if (starts_with_ignoring_case(exclusion.definition, "exclude ")) exclusion.definition = std::string(trim(exclusion.definition.substr(8)));
  }
  for (auto& index : table.indexes) canonical_index(context, index, table.columns);
  for (auto& trigger : table.triggers) canonical_trigger(trigger);
  for (auto& policy : table.policies) canonical_policy(policy);
  canonical_options(table, context.server.default_schema);
}

void canonical_view(const Context& context, View& view) {
  view.definition = statement_text(view.definition);
  if (const auto it = view.options.find("check_option"); it != view.options.end()) it->second = lower(it->second);
  for (const auto* key : {"security_barrier", "security_invoker"}) canonical_flag(view.options, key);
  for (auto& index : view.indexes) canonical_index(context, index, {});
  for (auto& trigger : view.triggers) canonical_trigger(trigger);
}

void canonical_domain(const Context& context, Domain& domain) {
  domain.type = context.type(domain.type);
  if (domain.default_value) domain.default_value = canonical_default(*domain.default_value, domain.type);
  for (auto& check : domain.checks) canonical_check(context, check);
  std::sort(domain.checks.begin(), domain.checks.end(), [](const Check& a, const Check& b) { return a.name < b.name; });
}

void canonical_routine(const Context& context, Routine& routine) {
  auto text = statement_text(routine.definition);
  const auto tokens = tokenize(text, lexical_rules());
  if (tokens.size() > 2 && tokens[0].is("create") && !tokens[1].is("or")) {
    text = "CREATE OR REPLACE " + text.substr(tokens[1].offset);
  }
  routine.definition = text;
  auto read = routine_arguments(text, context.own, context.server.default_schema);
  if (read != "?") routine.arguments = std::move(read);
}

/// "CREATE RULE r AS ON INSERT TO t ...": t, as it is written.
std::string rule_table(const std::string& definition) {
  const auto tokens = tokenize(definition, lexical_rules());
  for (std::size_t i = 3; i + 1 < tokens.size(); ++i) {
    if (!tokens[i].is("to")) continue;
    std::string name(tokens[i + 1].text);
    if (i + 3 < tokens.size() && tokens[i + 2].is_symbol(".")) name += "." + std::string(tokens[i + 3].text);
    return name;
  }
  return {};
}

/// Every schema that something lives in, beyond the default one.
void collect_schemas(Schema& schema) {
  std::set<std::string> names(schema.schemas.begin(), schema.schemas.end());
  const auto add = [&](const auto& objects) {
    for (const auto& object : objects) {
      if (!object.name.schema.empty()) names.insert(object.name.schema);
    }
  };
  add(schema.enums);
  add(schema.domains);
  add(schema.sequences);
  add(schema.definitions);
  add(schema.routines);
  add(schema.tables);
  add(schema.views);
  schema.schemas.assign(names.begin(), names.end());
}

}  // namespace

std::string routine_arguments(const std::string& definition, const std::set<std::string>& own, const std::string& default_schema) {
  const auto tokens = tokenize(definition, lexical_rules());
  std::size_t i = 0;
  while (i < tokens.size() && !tokens[i].is_symbol("(")) ++i;
  if (i == tokens.size()) return "?";
  std::vector<std::string> types;
  int depth = 1;
  std::size_t first = i + 1;
  const auto add = [&](std::size_t from, std::size_t to) {
    if (from >= to) return;
    bool is_output = false;
    while (from < to && (tokens[from].is("in") || tokens[from].is("out") || tokens[from].is("inout") || tokens[from].is("variadic"))) {
      is_output = is_output || tokens[from].is("out");
      ++from;
    }
    std::size_t end = from;
    while (end < to && !tokens[end].is("default") && !tokens[end].is_symbol("=") && !tokens[end].is_symbol(":=")) ++end;
    if (is_output || from >= end) return;
    const auto text_from = [&](std::size_t start) {
      const auto& last = tokens[end - 1];
      return std::string_view(definition).substr(tokens[start].offset, last.offset + last.text.size() - tokens[start].offset);
    };
    auto whole = canonical_type(text_from(from), own, default_schema);
    // "a integer" is a name and a type, "double precision" a type alone.
    const bool named = end - from > 1 && !is_builtin(whole) && own.count(element_type(whole)) == 0 && !tokens[from + 1].is_symbol(".") &&
                       !tokens[from + 1].is_symbol("(") && !tokens[from + 1].is_symbol("[");
    auto type = named ? canonical_type(text_from(from + 1), own, default_schema) : whole;
    types.push_back(argument_type(type));
  };
  for (++i; i < tokens.size(); ++i) {
    if (tokens[i].is_symbol("(") || tokens[i].is_symbol("[")) ++depth;
    if (tokens[i].is_symbol(")") || tokens[i].is_symbol("]")) --depth;
    if (depth == 0) break;
    if (depth == 1 && tokens[i].is_symbol(",")) {
      add(first, i);
      first = i + 1;
    }
  }
  add(first, std::min(i, tokens.size()));
  return join(types, ", ");
}

void canonicalize(Schema& declared, const ServerInfo& server) {
  Context context{server, own_types(declared)};
  // Where the cluster's extension is there it is nobody's to make or to drop: inspection does not see it either.
  if (server.defaults.contains("citus")) std::erase_if(declared.extensions, [](const Extension& extension) { return extension.name == "citus" || extension.name == "citus_columnar"; });
  for (auto& domain : declared.domains) canonical_domain(context, domain);
  for (auto& sequence : declared.sequences) {
    sequence.type = sequence.type.empty() ? "bigint" : context.type(sequence.type);
    drop_default_options(sequence.sequence, sequence.type);
    canonical_flag(sequence.options, "unlogged");
  }
  for (auto& definition : declared.definitions) {
    definition.definition = statement_text(definition.definition);
    if (definition.kind == "rule") definition.options["table"] = rule_table(definition.definition);
  }
  for (auto& table : declared.tables) canonical_table(context, declared, table);
  for (auto& view : declared.views) canonical_view(context, view);
  for (auto& routine : declared.routines) canonical_routine(context, routine);
  canonicalize_spread(declared, server);
  collect_schemas(declared);
}

}  // namespace migrate::postgresql
