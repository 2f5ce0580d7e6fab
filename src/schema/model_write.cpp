#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "core/text.hpp"
#include "core/yaml_write.hpp"
#include "schema/model.hpp"

namespace migrate {
namespace {

using yaml::Written;

/// A name as a model key: a part with a dot or a quote in it stands in double quotes of its own.
std::string name_key(const std::string& name) {
  if (name.find_first_of(".\"") == std::string::npos) return name;
  return "\"" + replace_all(name, "\"", "\"\"") + "\"";
}
std::string name_key(const QualifiedName& name) {
  return name.schema.empty() ? name_key(name.name) : name_key(name.schema) + "." + name_key(name.name);
}

Written options_of(const Options& options);

/// A map in flow style: {a: 1, b: 2}.
class Flow {
 public:
  void set(std::string key, Written value) { map_.add(std::move(key), std::move(value)); }
  void text(std::string key, const std::string& value) {
    if (!value.empty()) set(std::move(key), yaml::text(value));
  }
  void flag(std::string key, bool value, bool otherwise = false) {
    if (value != otherwise) set(std::move(key), yaml::word(value ? "true" : "false"));
  }
  void number(std::string key, const std::optional<std::string>& value) {
    if (value) set(std::move(key), yaml::word(*value));
  }
  void names(std::string key, const std::vector<std::string>& names) {
    if (!names.empty()) set(std::move(key), yaml::list(names));
  }
  void options(const std::string& section, const Options& options) {
    if (options.empty()) return;
    set(section, options_of(options));
  }
  [[nodiscard]] Written done() const { return map_; }

 private:
  Written map_{.kind = Written::Kind::flow, .scalar = {}, .items = {}, .keys = {}};
};

/// "with.fillfactor" and its like stand in a map of their own: {with: {fillfactor: 70}}. Not those of `comment`, a key that every section has.
Written options_of(const Options& options) {
  Flow flow;
  for (auto it = options.begin(); it != options.end();) {
    const auto dot = it->first.find('.');
    if (dot == std::string::npos || it->first.starts_with("comment.")) {
      flow.set(it->first, yaml::text(it->second));
      ++it;
      continue;
    }
    const auto group = it->first.substr(0, dot + 1);
    Flow members;
    for (; it != options.end() && it->first.starts_with(group); ++it) members.set(it->first.substr(group.size()), yaml::text(it->second));
    flow.set(group.substr(0, dot), members.done());
  }
  return flow.done();
}

void sequence_options(Flow& flow, const SequenceOptions& options) {
  flow.number("start", options.start);
  flow.number("increment", options.increment);
  flow.number("min", options.min);
  flow.number("max", options.max);
  flow.number("cache", options.cache);
  flow.flag("cycle", options.cycle);
}

Written default_text(const Default& value) {
  if (!value.expression) return yaml::text(value.text);
  Flow flow;
  flow.set("sql", yaml::text(value.text));
  return flow.done();
}

/// As somebody wrote it, where the canonical text reads otherwise.
std::string spelled(const Declaration& declared, const std::string& property, const std::string& canonical) {
  const auto it = declared.spelling.find(property);
  return it == declared.spelling.end() ? canonical : it->second;
}

Written identity_text(const Identity& identity, const std::string& sequence) {
  const std::string kind = identity.kind == Identity::Kind::always ? "always" : identity.kind == Identity::Kind::by_default ? "by_default" : "serial";
  if (identity.sequence == SequenceOptions{} && sequence.empty()) return yaml::word(kind);
  Flow flow;
  flow.set("kind", yaml::word(kind));
  flow.text("sequence", sequence);
  sequence_options(flow, identity.sequence);
  return flow.done();
}

Written part_text(const IndexPart& part) {
  const bool odd = part.column.empty() || part.prefix_length > 0 || !part.collation.empty() || !part.opclass.empty() ||
                   part.column.find_first_of(" ()") != std::string::npos;
  if (!odd) {
    std::string text = part.column;
    if (part.descending) text += " desc";
    if (part.nulls_first) text += *part.nulls_first ? " nulls first" : " nulls last";
    return yaml::text(text);
  }
  Flow flow;
  flow.text("column", part.column);
  flow.text("expression", part.expression);
  flow.flag("desc", part.descending);
  if (part.nulls_first) flow.set("nulls", yaml::word(*part.nulls_first ? "first" : "last"));
  flow.text("collation", part.collation);
  flow.text("opclass", part.opclass);
  if (part.prefix_length > 0) flow.set("length", yaml::word(std::to_string(part.prefix_length)));
  return flow.done();
}

Written parts_text(const std::vector<IndexPart>& parts) {
  std::vector<Written> items;
  for (const auto& part : parts) items.push_back(part_text(part));
  return yaml::list(std::move(items));
}

/// A map with a line for each key.
Written lines() { return {.kind = Written::Kind::map, .scalar = {}, .items = {}, .keys = {}}; }

void add_text(Written& map, const std::string& key, const std::string& value) {
  if (!value.empty()) map.add(key, yaml::block(value));
}

/// Privileges by account: a list, or a map where some may be given on or another role gave them.
Written grants_text(const std::vector<Grant>& grants) {
  std::map<std::string, std::map<std::string, std::vector<const Grant*>>> by_account;
  for (const auto& grant : grants) by_account[grant.to][grant.by].push_back(&grant);
  Flow out;
  for (const auto& [to, by_giver] : by_account) {
    std::vector<Written> entries;
    for (const auto& [by, given] : by_giver) {
      std::vector<std::string> all, options;
      for (const auto* grant : given) {
        all.push_back(grant->privilege);
        if (grant->grantable) options.push_back(grant->privilege);
      }
      if (by.empty() && options.empty()) {
        entries.push_back(yaml::list(all));
        continue;
      }
      Flow entry;
      entry.names("privileges", all);
      if (options.size() == all.size()) entry.set("with_grant_option", yaml::word("true"));
      else entry.names("with_grant_option", options);
      entry.text("granted_by", by);
      entries.push_back(entry.done());
    }
    out.set(to, entries.size() == 1 ? std::move(entries[0]) : yaml::list(std::move(entries)));
  }
  return out.done();
}

template <class Map, class Add>
void add_access(Map& map, const Access& access, const Add& add) {
  if (access.owner) add(map, "owner", yaml::text(*access.owner));
  if (access.grants) add(map, "grants", grants_text(*access.grants));
}
void add_access(Written& map, const Access& access) {
  add_access(map, access, [](Written& to, const char* key, Written value) { to.add(key, std::move(value)); });
}
void add_access(Written& map, const Declaration& declared) {
  if (declared.access) add_access(map, *declared.access);
}
void add_access(Flow& flow, const Declaration& declared) {
  if (declared.access) add_access(flow, *declared.access, [](Flow& to, const char* key, Written value) { to.set(key, std::move(value)); });
}

class Writer {
 public:
  explicit Writer(std::string section) : section_(std::move(section)) {}

  std::string write(const Schema& schema) {
    if (!schema.options.empty()) {
      auto options = lines();
      for (const auto& [key, value] : schema.options) options.add(key, yaml::text(value));
      document_.add(section_, std::move(options));
    }
    write_schemas(schema);
    each("extensions", schema.extensions, [&](const Extension& extension) { return write_extension(extension); });
    each("enums", schema.enums, [&](const EnumType& type) { return write_enum(type); });
    each("domains", schema.domains, [&](const Domain& domain) { return write_domain(domain); });
    each("sequences", schema.sequences, [&](const Sequence& sequence) { return write_sequence(sequence); });
    write_definitions("types", "type", schema);
    write_routines("functions", Routine::Kind::function, schema);
    write_routines("procedures", Routine::Kind::procedure, schema);
    write_definitions("aggregates", "aggregate", schema);
    each("tables", schema.tables, [&](const Table& table) { return write_table(table); });
    write_views("views", false, schema);
    write_views("materialized_views", true, schema);
    write_definitions("rules", "rule", schema);
    write_definitions("statistics", "statistics", schema);
    write_definitions("events", "event", schema);
    write_definitions("virtual_tables", "virtual table", schema);
    write_default_privileges(schema);
    return yaml::write(document_);
  }

 private:
  using Entry = std::pair<std::string, Written>;

  template <class T, class F>
  void each(const std::string& key, const std::vector<T>& items, const F& write) {
    if (items.empty()) return;
    auto section = lines();
    for (const auto& item : items) section.keys.push_back(write(item));
    document_.add(key, std::move(section));
  }

  void add_section(const std::string& key, Written section) {
    if (!section.keys.empty()) document_.add(key, std::move(section));
  }

  void add_options(Written& map, const Options& options) const {
    if (options.empty()) return;
    map.add(section_, options_of(options));
  }

  void write_schemas(const Schema& schema) {
    const auto of = [&](const std::string& name) { return schema.access.places.find({AccessPlace::Kind::schema, {name, ""}, ""}); };
    if (const auto own = of(""); own != schema.access.places.end()) add_access(document_, own->second);
    if (schema.schemas.empty()) return;
    std::vector<Written> names;
    for (const auto& name : schema.schemas) {
      const auto it = of(name);
      if (it == schema.access.places.end()) {
        names.push_back(yaml::text(name));
        continue;
      }
      Declaration said;
      said.access = it->second;
      Flow flow;
      flow.set("name", yaml::text(name));
      add_access(flow, said);
      names.push_back(flow.done());
    }
    document_.add("schemas", yaml::list(std::move(names)));
  }

  void write_default_privileges(const Schema& schema) {
    auto section = lines();
    for (const auto& [place, access] : schema.access.places) {
      if (place.kind != AccessPlace::Kind::defaults) continue;
      Flow flow;
      flow.text("for", place.name.name);
      if (place.name.schema != "*") flow.set("schema", yaml::text(place.name.schema));
      flow.set("on", yaml::text(place.part));
      if (access.grants) flow.set("grants", grants_text(*access.grants));
      section.items.push_back(flow.done());
    }
    if (!section.items.empty()) document_.add("default_privileges", std::move(section));
  }

  static Entry write_extension(const Extension& extension) {
    Flow flow;
    flow.text("schema", extension.schema);
    flow.text("version", extension.version);
    flow.text("comment", extension.comment);
    return {extension.name, flow.done()};
  }

  static Entry write_enum(const EnumType& type) {
    if (type.comment.empty() && !type.declared.access) return {name_key(type.name), yaml::list(type.values)};
    auto map = lines();
    map.add("values", yaml::list(type.values));
    add_text(map, "comment", type.comment);
    add_access(map, type.declared);
    return {name_key(type.name), std::move(map)};
  }

  Entry write_domain(const Domain& domain) {
    auto map = lines();
    add_text(map, "type", domain.type);
    if (!domain.nullable) map.add("null", yaml::word("false"));
    if (domain.default_value) map.add("default", default_text(*domain.default_value));
    add_text(map, "collation", domain.collation);
    write_checks(map, domain.checks);
    add_text(map, "comment", domain.comment);
    add_access(map, domain.declared);
    return {name_key(domain.name), std::move(map)};
  }

  Entry write_sequence(const Sequence& sequence) const {
    Flow flow;
    flow.text("type", sequence.type);
    sequence_options(flow, sequence.sequence);
    flow.text("owned_by", sequence.owned_by);
    flow.text("comment", sequence.comment);
    add_access(flow, sequence.declared);
    flow.options(section_, sequence.options);
    return {name_key(sequence.name), flow.done()};
  }

  void write_definitions(const std::string& key, const std::string& kind, const Schema& schema) {
    auto section = lines();
    for (const auto& definition : schema.definitions) {
      if (definition.kind != kind) continue;
      auto map = lines();
      add_text(map, "definition", definition.definition);
      add_text(map, "comment", definition.comment);
      add_access(map, definition.declared);
      add_options(map, definition.options);
      section.add(name_key(definition.name), std::move(map));
    }
    add_section(key, std::move(section));
  }

  void write_routines(const std::string& key, Routine::Kind kind, const Schema& schema) {
    auto section = lines();
    for (const auto& routine : schema.routines) {
      if (routine.kind != kind) continue;
      auto map = lines();
      add_text(map, "definition", routine.definition);
      add_text(map, "comment", routine.comment);
      add_access(map, routine.declared);
      add_options(map, routine.options);
      section.add(name_key(routine.name) + (routine.arguments.empty() ? "" : "(" + routine.arguments + ")"), std::move(map));
    }
    add_section(key, std::move(section));
  }

  void write_views(const std::string& key, bool materialized, const Schema& schema) {
    auto section = lines();
    for (const auto& view : schema.views) {
      if (view.materialized != materialized) continue;
      auto map = lines();
      add_text(map, "comment", view.comment);
      add_access(map, view.declared);
      if (!view.columns.empty()) map.add("columns", yaml::list(view.columns));
      add_text(map, "query", view.definition);
      write_indexes(map, view.indexes);
      write_triggers(map, view.triggers);
      add_options(map, view.options);
      section.add(name_key(view.name), std::move(map));
    }
    add_section(key, std::move(section));
  }

  Entry write_table(const Table& table) {
    auto map = lines();
    add_text(map, "comment", table.comment);
    add_access(map, table.declared);
    auto columns = lines();
    for (const auto& column : table.columns) columns.keys.push_back(write_column(table, column));
    if (columns.keys.empty()) columns.kind = Written::Kind::flow;
    map.add("columns", std::move(columns));
    write_primary_key(map, table);
    write_uniques(map, table.uniques);
    write_indexes(map, table.indexes);
    write_foreign_keys(map, table.foreign_keys);
    write_checks(map, table.checks);
    write_exclusions(map, table.exclusions);
    write_triggers(map, table.triggers);
    write_policies(map, table.policies);
    add_options(map, table.options);
    return {name_key(table.name), std::move(map)};
  }

  Entry write_column(const Table& table, const Column& column) const {
    Flow flow;
    flow.set("type", yaml::text(spelled(column.declared, "type_sql", column.type)));
    const bool key = table.primary_key && std::any_of(table.primary_key->parts.begin(), table.primary_key->parts.end(),
                                                      [&](const IndexPart& part) { return part.column == column.name; });
    flow.flag("null", column.nullable, !key);
    if (column.identity) {
      flow.set("identity", identity_text(*column.identity, spelled(column.declared, "sequence", "")));
    } else if (const auto written = spelled(column.declared, "default_sql", ""); !written.empty()) {
      flow.set("default", default_text({true, written}));
    } else if (column.default_value) {
      flow.set("default", default_text(*column.default_value));
    }
    if (column.generated) {
      if (column.generated->stored) {
        flow.set("generated", yaml::text(column.generated->expression));
      } else {
        Flow generated;
        generated.set("expression", yaml::text(column.generated->expression));
        generated.set("stored", yaml::word("false"));
        flow.set("generated", generated.done());
      }
    }
    flow.text("collation", column.collation);
    flow.text("comment", column.comment);
    add_access(flow, column.declared);
    flow.options(section_, column.options);
    return {column.name, flow.done()};
  }

  void write_primary_key(Written& map, const Table& table) const {
    if (!table.primary_key) return;
    const auto& key = *table.primary_key;
    Flow flow;
    flow.text("name", key.name);
    flow.set("columns", parts_text(key.parts));
    flow.names("include", key.include);
    flow.flag("deferrable", key.deferrable);
    flow.flag("initially_deferred", key.initially_deferred);
    flow.text("comment", key.comment);
    flow.options(section_, key.options);
    const PrimaryKey plain{.parts = key.parts};
    map.add("primary_key", key == plain ? parts_text(key.parts) : flow.done());
  }

  /// Entries by name, or as a list when some have none.
  template <class T, class F>
  static void named(Written& map, const std::string& key, const std::vector<T>& items, const F& describe) {
    if (items.empty()) return;
    auto section = lines();
    const bool all_named = std::all_of(items.begin(), items.end(), [](const T& item) { return !item.name.empty(); });
    for (const auto& item : items) {
      Flow flow;
      if (!all_named) flow.text("name", item.name);
      auto short_form = describe(item, flow);
      if (all_named) section.add(item.name, short_form.is_empty() ? flow.done() : std::move(short_form));
      else section.items.push_back(short_form.is_empty() || !item.name.empty() ? flow.done() : std::move(short_form));
    }
    map.add(key, std::move(section));
  }

  void write_uniques(Written& map, const std::vector<Unique>& uniques) const {
    named(map, "uniques", uniques, [&](const Unique& unique, Flow& flow) -> Written {
      flow.set("columns", parts_text(unique.parts));
      flow.names("include", unique.include);
      flow.flag("nulls_not_distinct", unique.nulls_not_distinct);
      flow.flag("deferrable", unique.deferrable);
      flow.flag("initially_deferred", unique.initially_deferred);
      flow.text("comment", unique.comment);
      flow.options(section_, unique.options);
      return unique == Unique{.name = unique.name, .parts = unique.parts} ? parts_text(unique.parts) : Written{};
    });
  }

  void write_indexes(Written& map, const std::vector<Index>& indexes) const {
    named(map, "indexes", indexes, [&](const Index& index, Flow& flow) -> Written {
      flow.set("columns", parts_text(index.parts));
      flow.flag("unique", index.unique);
      const auto method = spelled(index.declared, "method", index.method);
      flow.text("method", method);
      flow.text("where", index.where);
      flow.names("include", index.include);
      flow.flag("nulls_not_distinct", index.nulls_not_distinct);
      flow.text("comment", index.comment);
      flow.options(section_, index.options);
      return method.empty() && index == Index{.name = index.name, .parts = index.parts} ? parts_text(index.parts) : Written{};
    });
  }

  static Written references_text(const ForeignKey& key) {
    static constexpr std::string_view odd = " (),\"";
    bool plain = key.references.text().find_first_of(odd) == std::string::npos;
    for (const auto& column : key.referenced_columns) plain = plain && column.find_first_of(odd) == std::string::npos;
    if (plain) {
      auto text = name_key(key.references);
      if (!key.referenced_columns.empty()) text += "(" + join(key.referenced_columns, ", ") + ")";
      return yaml::text(text);
    }
    Flow flow;
    flow.set("table", yaml::text(name_key(key.references)));
    flow.names("columns", key.referenced_columns);
    return flow.done();
  }

  void write_foreign_keys(Written& map, const std::vector<ForeignKey>& keys) const {
    named(map, "foreign_keys", keys, [&](const ForeignKey& key, Flow& flow) -> Written {
      flow.names("columns", key.columns);
      flow.set("references", references_text(key));
      flow.text("on_delete", spelled(key.declared, "on_delete", key.on_delete));
      flow.text("on_update", spelled(key.declared, "on_update", key.on_update));
      flow.text("match", key.match);
      flow.flag("deferrable", key.deferrable);
      flow.flag("initially_deferred", key.initially_deferred);
      flow.flag("not_valid", key.not_valid);
      flow.text("comment", key.comment);
      flow.options(section_, key.options);
      return Written{};
    });
  }

  void write_checks(Written& map, const std::vector<Check>& checks) const {
    named(map, "checks", checks, [&](const Check& check, Flow& flow) -> Written {
      flow.set("expression", yaml::text(check.expression));
      flow.flag("no_inherit", check.no_inherit);
      flow.flag("not_valid", check.not_valid);
      flow.flag("not_enforced", check.not_enforced);
      flow.text("comment", check.comment);
      flow.options(section_, check.options);
      return check == Check{.name = check.name, .expression = check.expression} ? yaml::text(check.expression) : Written{};
    });
  }

  void write_exclusions(Written& map, const std::vector<Exclusion>& exclusions) const {
    named(map, "exclusions", exclusions, [&](const Exclusion& exclusion, Flow& flow) -> Written {
      flow.set("definition", yaml::text(exclusion.definition));
      flow.flag("deferrable", exclusion.deferrable);
      flow.flag("initially_deferred", exclusion.initially_deferred);
      flow.text("comment", exclusion.comment);
      return exclusion == Exclusion{.name = exclusion.name, .definition = exclusion.definition} ? yaml::text(exclusion.definition) : Written{};
    });
  }

  void write_triggers(Written& map, const std::vector<Trigger>& triggers) const {
    if (triggers.empty()) return;
    auto section = lines();
    for (const auto& trigger : triggers) {
      auto entry = lines();
      add_text(entry, "definition", trigger.definition);
      add_text(entry, "comment", trigger.comment);
      add_options(entry, trigger.options);
      section.add(trigger.name, std::move(entry));
    }
    map.add("triggers", std::move(section));
  }

  void write_policies(Written& map, const std::vector<Policy>& policies) const {
    named(map, "policies", policies, [&](const Policy& policy, Flow& flow) -> Written {
      flow.set("command", yaml::text(policy.command));
      flow.flag("permissive", policy.permissive, true);
      flow.names("roles", policy.roles);
      flow.text("using", policy.using_expression);
      flow.text("check", policy.check_expression);
      flow.text("comment", policy.comment);
      return Written{};
    });
  }

  std::string section_;
  Written document_ = lines();
};

}  // namespace

std::string write_model(const Schema& schema, const std::string& section) { return Writer(section).write(schema); }

}  // namespace migrate
