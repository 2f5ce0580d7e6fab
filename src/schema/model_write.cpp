#include <algorithm>
#include <optional>
#include <utility>

#include "core/text.hpp"
#include "core/yaml.hpp"
#include "schema/model.hpp"

namespace migrate {
namespace {

using yaml::quote;

/// Whether a text can stand as a block literal and read back the same.
bool fits_block(std::string_view text) {
  if (text.find('\n') == std::string_view::npos || text.back() == '\n' || text.front() == '\n' || text.front() == ' ') return false;
  return yaml::holds_as_is(text);
}

/// A name as a model key: a part with a dot or a quote in it stands in double quotes of its own.
std::string name_key(const std::string& name) {
  if (name.find_first_of(".\"") == std::string::npos) return name;
  return "\"" + replace_all(name, "\"", "\"\"") + "\"";
}
std::string name_key(const QualifiedName& name) {
  return name.schema.empty() ? name_key(name.name) : name_key(name.schema) + "." + name_key(name.name);
}

/// A map in flow style: {a: 1, b: 2}.
class Flow {
 public:
  void raw(std::string_view key, const std::string& value) {
    if (!text_.empty()) text_ += ", ";
    text_ += key;
    text_ += ": ";
    text_ += value;
  }
  void text(std::string_view key, const std::string& value) {
    if (!value.empty()) raw(key, quote(value));
  }
  void flag(std::string_view key, bool value, bool otherwise = false) {
    if (value != otherwise) raw(key, value ? "true" : "false");
  }
  void number(std::string_view key, const std::optional<std::string>& value) {
    if (value) raw(key, *value);
  }
  void names(std::string_view key, const std::vector<std::string>& names) {
    if (!names.empty()) raw(key, list(names));
  }
  void options(const std::string& section, const Options& options) {
    if (options.empty()) return;
    Flow inner;
    for (const auto& [name, value] : options) inner.raw(quote(name), quote(value));
    raw(section, inner.done());
  }
  static std::string list(const std::vector<std::string>& names) {
    std::string out = "[";
    for (const auto& name : names) out += (out.size() > 1 ? ", " : "") + quote(name);
    return out + "]";
  }
  [[nodiscard]] bool empty() const { return text_.empty(); }
  [[nodiscard]] std::string done() const { return "{" + text_ + "}"; }

 private:
  std::string text_;
};

void sequence_options(Flow& flow, const SequenceOptions& options) {
  flow.number("start", options.start);
  flow.number("increment", options.increment);
  flow.number("min", options.min);
  flow.number("max", options.max);
  flow.number("cache", options.cache);
  flow.flag("cycle", options.cycle);
}

std::string default_text(const Default& value) {
  if (!value.expression) return quote(value.text);
  Flow flow;
  flow.raw("sql", quote(value.text));
  return flow.done();
}

/// As somebody wrote it, where the canonical text reads otherwise.
std::string spelled(const Declaration& declared, const std::string& property, const std::string& canonical) {
  const auto it = declared.spelling.find(property);
  return it == declared.spelling.end() ? canonical : it->second;
}

std::string identity_text(const Identity& identity, const std::string& sequence) {
  const std::string kind = identity.kind == Identity::Kind::always ? "always" : identity.kind == Identity::Kind::by_default ? "by_default" : "serial";
  if (identity.sequence == SequenceOptions{} && sequence.empty()) return kind;
  Flow flow;
  flow.raw("kind", kind);
  flow.text("sequence", sequence);
  sequence_options(flow, identity.sequence);
  return flow.done();
}

std::string part_text(const IndexPart& part) {
  const bool odd = part.column.empty() || part.prefix_length > 0 || !part.collation.empty() || !part.opclass.empty() ||
                   part.column.find_first_of(" ()") != std::string::npos;
  if (!odd) {
    std::string text = part.column;
    if (part.descending) text += " desc";
    if (part.nulls_first) text += *part.nulls_first ? " nulls first" : " nulls last";
    return quote(text);
  }
  Flow flow;
  flow.text("column", part.column);
  flow.text("expression", part.expression);
  flow.flag("desc", part.descending);
  if (part.nulls_first) flow.raw("nulls", *part.nulls_first ? "first" : "last");
  flow.text("collation", part.collation);
  flow.text("opclass", part.opclass);
  if (part.prefix_length > 0) flow.raw("length", std::to_string(part.prefix_length));
  return flow.done();
}

std::string parts_text(const std::vector<IndexPart>& parts) {
  std::string out = "[";
  for (const auto& part : parts) out += (out.size() > 1 ? ", " : "") + part_text(part);
  return out + "]";
}

class Writer {
 public:
  explicit Writer(std::string section) : section_(std::move(section)) {}

  std::string write(const Schema& schema) {
    if (!schema.options.empty()) {
      out_ += section_ + ":\n";
      for (const auto& [key, value] : schema.options) line(2, quote(key) + ": " + quote(value));
    }
    if (!schema.schemas.empty()) out_ += "schemas: " + Flow::list(schema.schemas) + "\n";
    each("extensions", schema.extensions, [&](const Extension& extension) { write_extension(extension); });
    each("enums", schema.enums, [&](const EnumType& type) { write_enum(type); });
    each("domains", schema.domains, [&](const Domain& domain) { write_domain(domain); });
    each("sequences", schema.sequences, [&](const Sequence& sequence) { write_sequence(sequence); });
    write_definitions("types", "type", schema);
    write_routines("functions", Routine::Kind::function, schema);
    write_routines("procedures", Routine::Kind::procedure, schema);
    write_definitions("aggregates", "aggregate", schema);
    each("tables", schema.tables, [&](const Table& table) { write_table(table); });
    write_views("views", false, schema);
    write_views("materialized_views", true, schema);
    write_definitions("rules", "rule", schema);
    write_definitions("statistics", "statistics", schema);
    write_definitions("events", "event", schema);
    write_definitions("virtual_tables", "virtual table", schema);
    return std::move(out_);
  }

 private:
  void line(int indent, const std::string& text) {
    out_.append(static_cast<std::size_t>(indent), ' ');
    out_ += text;
    out_ += '\n';
  }

  /// `key: text`, as a block literal where the text has several lines.
  void text(int indent, const std::string& key, const std::string& value) {
    if (value.empty()) return;
    if (!fits_block(value)) {
      line(indent, key + ": " + quote(value));
      return;
    }
    line(indent, key + ": |-");
    std::size_t start = 0;
    while (start <= value.size()) {
      const auto end = std::min(value.find('\n', start), value.size());
      if (end == start) out_ += '\n';
      else line(indent + 2, value.substr(start, end - start));
      start = end + 1;
    }
  }

  template <class T, class F>
  void each(const std::string& key, const std::vector<T>& items, const F& write) {
    if (items.empty()) return;
    out_ += key + ":\n";
    for (const auto& item : items) write(item);
  }

  void options(int indent, const Options& options) {
    if (options.empty()) return;
    Flow flow;
    for (const auto& [key, value] : options) flow.raw(quote(key), quote(value));
    line(indent, section_ + ": " + flow.done());
  }

  void write_extension(const Extension& extension) {
    Flow flow;
    flow.text("schema", extension.schema);
    flow.text("version", extension.version);
    flow.text("comment", extension.comment);
    line(2, quote(extension.name) + ": " + flow.done());
  }

  void write_enum(const EnumType& type) {
    if (type.comment.empty()) {
      line(2, quote(name_key(type.name)) + ": " + Flow::list(type.values));
      return;
    }
    line(2, quote(name_key(type.name)) + ":");
    line(4, "values: " + Flow::list(type.values));
    text(4, "comment", type.comment);
  }

  void write_domain(const Domain& domain) {
    line(2, quote(name_key(domain.name)) + ":");
    text(4, "type", domain.type);
    if (!domain.nullable) line(4, "null: false");
    if (domain.default_value) line(4, "default: " + default_text(*domain.default_value));
    text(4, "collation", domain.collation);
    write_checks(4, domain.checks);
    text(4, "comment", domain.comment);
  }

  void write_sequence(const Sequence& sequence) {
    Flow flow;
    flow.text("type", sequence.type);
    sequence_options(flow, sequence.sequence);
    flow.text("owned_by", sequence.owned_by);
    flow.text("comment", sequence.comment);
    flow.options(section_, sequence.options);
    line(2, quote(name_key(sequence.name)) + ": " + flow.done());
  }

  void write_definitions(const std::string& key, const std::string& kind, const Schema& schema) {
    bool first = true;
    for (const auto& definition : schema.definitions) {
      if (definition.kind != kind) continue;
      if (std::exchange(first, false)) out_ += key + ":\n";
      line(2, quote(name_key(definition.name)) + ":");
      text(4, "definition", definition.definition);
      text(4, "comment", definition.comment);
      options(4, definition.options);
    }
  }

  void write_routines(const std::string& key, Routine::Kind kind, const Schema& schema) {
    bool first = true;
    for (const auto& routine : schema.routines) {
      if (routine.kind != kind) continue;
      if (std::exchange(first, false)) out_ += key + ":\n";
      line(2, quote(name_key(routine.name) + (routine.arguments.empty() ? "" : "(" + routine.arguments + ")")) + ":");
      text(4, "definition", routine.definition);
      text(4, "comment", routine.comment);
      options(4, routine.options);
    }
  }

  void write_views(const std::string& key, bool materialized, const Schema& schema) {
    bool first = true;
    for (const auto& view : schema.views) {
      if (view.materialized != materialized) continue;
      if (std::exchange(first, false)) out_ += key + ":\n";
      line(2, quote(name_key(view.name)) + ":");
      text(4, "comment", view.comment);
      if (!view.columns.empty()) line(4, "columns: " + Flow::list(view.columns));
      text(4, "query", view.definition);
      write_indexes(view.indexes);
      write_triggers(view.triggers);
      options(4, view.options);
    }
  }

  void write_table(const Table& table) {
    line(2, quote(name_key(table.name)) + ":");
    text(4, "comment", table.comment);
    line(4, table.columns.empty() ? "columns: {}" : "columns:");
    for (const auto& column : table.columns) write_column(table, column);
    write_primary_key(table);
    write_uniques(table.uniques);
    write_indexes(table.indexes);
    write_foreign_keys(table.foreign_keys);
    write_checks(4, table.checks);
    write_exclusions(table.exclusions);
    write_triggers(table.triggers);
    write_policies(table.policies);
    options(4, table.options);
  }

  void write_column(const Table& table, const Column& column) {
    Flow flow;
    flow.raw("type", quote(spelled(column.declared, "type_sql", column.type)));
    const bool key = table.primary_key && std::any_of(table.primary_key->parts.begin(), table.primary_key->parts.end(),
                                                      [&](const IndexPart& part) { return part.column == column.name; });
    flow.flag("null", column.nullable, !key);
    if (column.identity) {
      flow.raw("identity", identity_text(*column.identity, spelled(column.declared, "sequence", "")));
    } else if (const auto written = spelled(column.declared, "default_sql", ""); !written.empty()) {
      flow.raw("default", default_text({true, written}));
    } else if (column.default_value) {
      flow.raw("default", default_text(*column.default_value));
    }
    if (column.generated) {
      if (column.generated->stored) {
        flow.raw("generated", quote(column.generated->expression));
      } else {
        Flow generated;
        generated.raw("expression", quote(column.generated->expression));
        generated.raw("stored", "false");
        flow.raw("generated", generated.done());
      }
    }
    flow.text("collation", column.collation);
    flow.text("comment", column.comment);
    flow.options(section_, column.options);
    line(6, quote(column.name) + ": " + flow.done());
  }

  void write_primary_key(const Table& table) {
    if (!table.primary_key) return;
    const auto& key = *table.primary_key;
    Flow flow;
    flow.text("name", key.name);
    flow.raw("columns", parts_text(key.parts));
    flow.names("include", key.include);
    flow.flag("deferrable", key.deferrable);
    flow.flag("initially_deferred", key.initially_deferred);
    flow.text("comment", key.comment);
    flow.options(section_, key.options);
    const PrimaryKey plain{.parts = key.parts};
    line(4, "primary_key: " + (key == plain ? parts_text(key.parts) : flow.done()));
  }

  /// Entries by name, or as a list when some have none.
  template <class T, class F>
  void named(int indent, const std::string& key, const std::vector<T>& items, const F& describe) {
    if (items.empty()) return;
    line(indent, key + ":");
    const bool all_named = std::all_of(items.begin(), items.end(), [](const T& item) { return !item.name.empty(); });
    for (const auto& item : items) {
      Flow flow;
      if (!all_named) flow.text("name", item.name);
      const std::string short_form = describe(item, flow);
      if (all_named) line(indent + 2, quote(item.name) + ": " + (short_form.empty() ? flow.done() : short_form));
      else line(indent + 2, "- " + (short_form.empty() || !item.name.empty() ? flow.done() : short_form));
    }
  }

  void write_uniques(const std::vector<Unique>& uniques) {
    named(4, "uniques", uniques, [&](const Unique& unique, Flow& flow) -> std::string {
      flow.raw("columns", parts_text(unique.parts));
      flow.names("include", unique.include);
      flow.flag("nulls_not_distinct", unique.nulls_not_distinct);
      flow.flag("deferrable", unique.deferrable);
      flow.flag("initially_deferred", unique.initially_deferred);
      flow.text("comment", unique.comment);
      flow.options(section_, unique.options);
      return unique == Unique{.name = unique.name, .parts = unique.parts} ? parts_text(unique.parts) : "";
    });
  }

  void write_indexes(const std::vector<Index>& indexes) {
    named(4, "indexes", indexes, [&](const Index& index, Flow& flow) -> std::string {
      flow.raw("columns", parts_text(index.parts));
      flow.flag("unique", index.unique);
      const auto method = spelled(index.declared, "method", index.method);
      flow.text("method", method);
      flow.text("where", index.where);
      flow.names("include", index.include);
      flow.flag("nulls_not_distinct", index.nulls_not_distinct);
      flow.text("comment", index.comment);
      flow.options(section_, index.options);
      return method.empty() && index == Index{.name = index.name, .parts = index.parts} ? parts_text(index.parts) : "";
    });
  }

  static std::string references_text(const ForeignKey& key) {
    static constexpr std::string_view odd = " (),\"";
    bool plain = key.references.text().find_first_of(odd) == std::string::npos;
    for (const auto& column : key.referenced_columns) plain = plain && column.find_first_of(odd) == std::string::npos;
    if (plain) {
      auto text = name_key(key.references);
      if (!key.referenced_columns.empty()) text += "(" + join(key.referenced_columns, ", ") + ")";
      return quote(text);
    }
    Flow flow;
    flow.raw("table", quote(name_key(key.references)));
    flow.names("columns", key.referenced_columns);
    return flow.done();
  }

  void write_foreign_keys(const std::vector<ForeignKey>& keys) {
    named(4, "foreign_keys", keys, [&](const ForeignKey& key, Flow& flow) -> std::string {
      flow.names("columns", key.columns);
      flow.raw("references", references_text(key));
      flow.text("on_delete", spelled(key.declared, "on_delete", key.on_delete));
      flow.text("on_update", spelled(key.declared, "on_update", key.on_update));
      flow.text("match", key.match);
      flow.flag("deferrable", key.deferrable);
      flow.flag("initially_deferred", key.initially_deferred);
      flow.flag("not_valid", key.not_valid);
      flow.text("comment", key.comment);
      flow.options(section_, key.options);
      return "";
    });
  }

  void write_checks(int indent, const std::vector<Check>& checks) {
    named(indent, "checks", checks, [&](const Check& check, Flow& flow) -> std::string {
      flow.raw("expression", quote(check.expression));
      flow.flag("no_inherit", check.no_inherit);
      flow.flag("not_valid", check.not_valid);
      flow.flag("not_enforced", check.not_enforced);
      flow.text("comment", check.comment);
      flow.options(section_, check.options);
      return check == Check{.name = check.name, .expression = check.expression} ? quote(check.expression) : "";
    });
  }

  void write_exclusions(const std::vector<Exclusion>& exclusions) {
    named(4, "exclusions", exclusions, [&](const Exclusion& exclusion, Flow& flow) -> std::string {
      flow.raw("definition", quote(exclusion.definition));
      flow.flag("deferrable", exclusion.deferrable);
      flow.flag("initially_deferred", exclusion.initially_deferred);
      flow.text("comment", exclusion.comment);
      return exclusion == Exclusion{.name = exclusion.name, .definition = exclusion.definition} ? quote(exclusion.definition) : "";
    });
  }

  void write_triggers(const std::vector<Trigger>& triggers) {
    if (triggers.empty()) return;
    line(4, "triggers:");
    for (const auto& trigger : triggers) {
      line(6, quote(trigger.name) + ":");
      text(8, "definition", trigger.definition);
      text(8, "comment", trigger.comment);
      options(8, trigger.options);
    }
  }

  void write_policies(const std::vector<Policy>& policies) {
    named(4, "policies", policies, [&](const Policy& policy, Flow& flow) -> std::string {
      flow.raw("command", quote(policy.command));
      flow.flag("permissive", policy.permissive, true);
      flow.names("roles", policy.roles);
      flow.text("using", policy.using_expression);
      flow.text("check", policy.check_expression);
      flow.text("comment", policy.comment);
      return "";
    });
  }

  std::string section_;
  std::string out_;
};

}  // namespace

std::string write_model(const Schema& schema, const std::string& section) { return Writer(section).write(schema); }

}  // namespace migrate
