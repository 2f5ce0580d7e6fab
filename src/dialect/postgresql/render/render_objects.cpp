/// Schemas, extensions, sequences, routines and other definitions.
#include <algorithm>

#include "core/text.hpp"
#include "dialect/postgresql/canonical/definitions.hpp"
#include "dialect/postgresql/render/render.hpp"
#include "dialect/postgresql/sql/literals.hpp"
#include "dialect/postgresql/sql/routines.hpp"
#include "dialect/postgresql/sql/sequences.hpp"
#include "dialect/postgresql/sql/text.hpp"
#include "dialect/postgresql/sql/types.hpp"
#include "schema/lookup.hpp"

namespace migrate::postgresql {
namespace {

std::string owner_sql(const std::string& owned_by) {
  if (owned_by.empty()) return "NONE";
  std::vector<std::string> parts;
  for (const auto& part : split(owned_by, '.')) parts.push_back(quote_name(part));
  return join(parts, ".");
}

}  // namespace

void Renderer::rename(const std::string& kind, const QualifiedName& from, const QualifiedName& to, const std::string& suffix) {
  const auto schema = to.schema.empty() ? (server_.default_schema.empty() ? "public" : server_.default_schema) : to.schema;
  auto current = from;
  if (from.schema != to.schema) {
    statement("ALTER " + kind + " " + quote_name(current) + suffix + " SET SCHEMA " + quote_name(schema));
    current.schema = to.schema;
  }
  if (current.name != to.name) statement("ALTER " + kind + " " + quote_name(current) + suffix + " RENAME TO " + quote_name(to.name));
}

void Renderer::render(const CreateSchema& operation) { statement("CREATE SCHEMA " + quote_name(operation.name)); }
void Renderer::render(const DropSchema& operation) { statement("DROP SCHEMA " + quote_name(operation.name)); }

void Renderer::render(const Sql& operation) {
  if (!trim(operation.text).empty()) statement(operation.text);
}

// ---- extensions ------------------------------------------------------------------------------------------------

void Renderer::render(const Create<Extension>& operation) {
  const auto& extension = operation.object;
  std::string sql = "CREATE EXTENSION IF NOT EXISTS " + quote_name(extension.name);
  if (!extension.schema.empty()) sql += " SCHEMA " + quote_name(extension.schema);
  if (!extension.version.empty()) sql += " VERSION " + quote_text(extension.version);
  statement(sql);
}

void Renderer::render(const Drop<Extension>& operation) { statement("DROP EXTENSION " + quote_name(operation.object.name)); }

void Renderer::render(const Alter<Extension>& operation) {
  const auto name = quote_name(operation.after.name);
  if (operation.before.version != operation.after.version && !operation.after.version.empty()) {
    statement("ALTER EXTENSION " + name + " UPDATE TO " + quote_text(operation.after.version));
  }
  if (operation.before.schema != operation.after.schema) {
    const auto schema = operation.after.schema.empty() ? server_.default_schema : operation.after.schema;
    statement("ALTER EXTENSION " + name + " SET SCHEMA " + quote_name(schema.empty() ? "public" : schema));
  }
}

// ---- sequences -------------------------------------------------------------------------------------------------

void Renderer::render(const Create<Sequence>& operation) {
  const auto& sequence = operation.object;
  statement(sequence_sql(sequence));
  if (!sequence.owned_by.empty()) unowned_.push_back(sequence);
  comment(sequence.name, "SEQUENCE " + quote_name(sequence.name), "", sequence.comment);
  give_back({.kind = ObjectId::Kind::relation, .name = sequence.name, .part = {}}, quote_name(sequence.name));
}

void Renderer::render(const Drop<Sequence>& operation) {
  const auto& sequence = operation.object;
  if (!sequence.owned_by.empty()) {
    // It goes, or went, with the column that owns it.
    const auto dot = sequence.owned_by.rfind('.');
    const auto owner = std::find_if(state_.tables.begin(), state_.tables.end(),
                                    [&](const Table& table) { return table.name.text() == sequence.owned_by.substr(0, dot); });
    if (owner == state_.tables.end()) return;
    const auto column = sequence.owned_by.substr(dot + 1);
    if (find_named(owner->columns, column) == nullptr) return;
    const auto later = later_column(owner->name, column);
    if ((later && !*later) || object_touched_later<Table>(owner->name)) return;
  }
  statement("DROP SEQUENCE " + quote_name(sequence.name));
}

void Renderer::render(const Alter<Sequence>& operation) {
  const auto& before = operation.before;
  const auto& after = operation.after;
  std::string change;
  if (before.type != after.type) change += " AS " + type_sql(after.type);
  change += alter_options(before.sequence, after.type, after.sequence, after.type);
  if (before.owned_by != after.owned_by) change += " OWNED BY " + owner_sql(after.owned_by);
  const auto name = quote_name(after.name);
  const auto least = [&](const Sequence& sequence) { return std::stold(*full_options(sequence.sequence, after.type).min); };
  if (least(before) < least(after)) {
    // The counter has to be inside of the new limits already.
    const auto first = *full_options(after.sequence, after.type).min;
    statement("SELECT setval(" + quote_text(name) + ", " + first + ", false) FROM " + name + " WHERE last_value < " + first);
  }
  if (!change.empty()) statement("ALTER SEQUENCE " + name + change);
  if (option(before.options, "unlogged") != option(after.options, "unlogged")) {
    statement("ALTER SEQUENCE " + name + (option(after.options, "unlogged").empty() ? " SET LOGGED" : " SET UNLOGGED"));
  }
  comment(after.name, "SEQUENCE " + name, before.comment, after.comment);
}

void Renderer::render(const Rename<Sequence>& operation) { rename("SEQUENCE", operation.from, operation.to); }

// ---- composite and range types ---------------------------------------------------------------------------------

namespace {

/// As DROP and COMMENT ON name it.
std::string definition_name(const Definition& definition) {
  const auto name = upper(definition.kind) + " ";
  if (definition.kind == "rule") return name + quote_name(definition.name.name) + " ON " + option(definition.options, "table");
  if (definition.kind == "aggregate") return name + quote_name(definition.name) + "(" + option(definition.options, "arguments") + ")";
  return name + quote_name(definition.name);
}

}  // namespace

void Renderer::render(const Create<Definition>& operation) {
  const auto& object = operation.object;
  statement(object.definition);
  comment(object.name, definition_name(object), "", object.comment);
  if (object.kind == "type") give_back({.kind = ObjectId::Kind::type, .name = object.name, .part = {}}, quote_name(object.name));
}

void Renderer::render(const Drop<Definition>& operation) { statement("DROP " + definition_name(operation.object)); }

namespace {

/// The attributes of "CREATE TYPE x AS (a integer, b text)" as (name, type) in SQL; nullopt for other types.
std::optional<std::vector<std::pair<std::string, std::string>>> attributes_of(const std::string& definition) {
  const auto tokens = tokenize(definition, lexical_rules());
  if (tokens.size() < 2 || !tokens[1].is("type")) return std::nullopt;
  std::size_t i = 0;
  while (i < tokens.size() && !tokens[i].is("as")) ++i;
  if (i + 1 >= tokens.size() || !tokens[i + 1].is_symbol("(")) return std::nullopt;
  std::vector<std::pair<std::string, std::string>> attributes;
  int depth = 1;
  std::size_t first = i + 2;
  for (i = first; i < tokens.size(); ++i) {
    if (tokens[i].is_symbol("(")) ++depth;
    if (tokens[i].is_symbol(")")) --depth;
    if (depth > 1 || (depth == 1 && !tokens[i].is_symbol(","))) continue;
    if (i > first + 1) {
      const auto start = tokens[first + 1].offset;
      attributes.emplace_back(tokens[first].text, trim(std::string_view(definition).substr(start, tokens[i].offset - start)));
    }
    first = i + 1;
    if (depth == 0) break;
  }
  return attributes;
}

}  // namespace

void Renderer::render(const Alter<Definition>& operation) {
  const auto& [before, after] = std::tie(operation.before, operation.after);
  const auto name = definition_name(after);
  if (before.definition != after.definition) {
    const auto old = attributes_of(before.definition);
    const auto now = attributes_of(after.definition);
    if (old && now) {
      const std::map<std::string, std::string> old_types(old->begin(), old->end());
      const std::map<std::string, std::string> new_types(now->begin(), now->end());
      // An attribute keeps its type while a column holds values of it.
      const bool retyped = std::any_of(now->begin(), now->end(), [&](const auto& attribute) {
        const auto it = old_types.find(attribute.first);
        return it != old_types.end() && it->second != attribute.second;
      });
      if (retyped && has_columns_of(after.name)) {
        std::vector<std::string> kept;
        for (const auto& [attribute, type] : *old) kept.push_back(attribute);
        std::vector<std::string> wanted;
        for (const auto& [attribute, type] : *now) wanted.push_back(attribute);
        if (kept == wanted) {
          replace_type(after.name, after.definition, {});
          comment(after.name, name, before.comment, after.comment);
          return;
        }
      }
      std::vector<std::string> changes;
      for (const auto& [attribute, type] : *old) {
        if (new_types.count(attribute) == 0) changes.push_back("DROP ATTRIBUTE " + attribute);
      }
      for (const auto& [attribute, type] : *now) {
        const auto it = old_types.find(attribute);
        if (it == old_types.end()) {
          changes.push_back("ADD ATTRIBUTE " + attribute + " " + type);
        } else if (it->second != type) {
          changes.push_back("ALTER ATTRIBUTE " + attribute + " TYPE " + type);
        }
      }
      if (!changes.empty()) statement("ALTER " + name + (changes.size() > 1 ? "\n  " : " ") + join(changes, ",\n  "));
    } else {
      statement("DROP " + definition_name(before));
      statement(after.definition);
      comment(after.name, name, "", after.comment);
      return;
    }
  }
  comment(after.name, name, before.comment, after.comment);
}

void Renderer::render(const Rename<Definition>& operation) { rename(upper(operation.kind), operation.from, operation.to); }

// ---- routines --------------------------------------------------------------------------------------------------

void Renderer::create_routine(const Routine& routine) {
  statement(routine.definition);
  comment(routine.name, routine_sql(routine), "", routine.comment);
  const auto sql = routine_sql(routine);
  give_back({.kind = ObjectId::Kind::routine, .name = routine.name, .part = routine.arguments}, sql.substr(sql.find(' ') + 1));
}

void Renderer::render(const Create<Routine>& operation) { create_routine(operation.object); }

void Renderer::render(const Drop<Routine>& operation) {
  if (was_dropped("routine", operation.object.name, operation.object.arguments)) return;
  // What was bound to this overload is bound to another one then.
  const bool overloaded = std::any_of(state_.routines.begin(), state_.routines.end(), [&](const Routine& routine) {
    return routine.name == operation.object.name && routine.arguments != operation.object.arguments;
  });
  std::function<void()> restore;
  if (overloaded) restore = drop_users_of_routine(operation.object);
  statement("DROP " + routine_sql(operation.object));
  if (restore) restore();
}

std::function<void()> Renderer::drop_users_of_routine(const Routine& routine) {
  flush();  // what was added in an open ALTER TABLE cannot be dropped in the same one
  const std::vector<std::string> words{routine.name.name};
  auto views = drop_views_on(words);
  std::vector<Dependents> parts;
  std::vector<std::function<void()>> defaults;
  for (const auto& owner : state_.tables) {
    parts.push_back(drop_dependents(owner, words, Scope::words));
    for (const auto& column : owner.columns) {
      if (!column.default_value || !column.default_value->expression || !mentions(column.default_value->text, words[0])) continue;
      if (parent_has(owner.name, column.name)) continue;
      const auto start = "ALTER COLUMN " + quote_name(column.name) + " ";
      action(owner.name, start + "DROP DEFAULT");
      auto value = column.default_value;
      if (const auto later = later_column(owner.name, column.name)) value = *later ? (*later)->default_value : std::nullopt;
      if (!value) continue;
      defaults.emplace_back([this, name = owner.name, text = start + "SET DEFAULT " + default_sql(*value, column.type)] { action(name, text); });
    }
  }
  for (const auto& domain : state_.domains) {
    const auto start = "ALTER DOMAIN " + quote_name(domain.name) + " ";
    for (const auto& check : domain.checks) {
      if (!mentions(check.expression, words[0])) continue;
      statement(start + "DROP CONSTRAINT " + quote_name(check.name));
      defaults.emplace_back([this, text = start + "ADD " + constraint_sql(check)] { statement(text); });
    }
    if (domain.default_value && domain.default_value->expression && mentions(domain.default_value->text, words[0])) {
      statement(start + "DROP DEFAULT");
      defaults.emplace_back([this, text = start + "SET DEFAULT " + default_sql(*domain.default_value, domain.type)] { statement(text); });
    }
  }
  return [this, views = std::move(views), parts = std::move(parts), defaults = std::move(defaults)] {
    for (const auto& make : defaults) make();
    for (const auto& dropped : parts) restore_dependents(dropped);
    restore_views(views);
  };
}

std::function<void()> Renderer::drop_bound_routines(const QualifiedName& name, const std::vector<std::string>& words) {
  std::vector<Routine> dropped;
  for (const auto& routine : state_.routines) {
    if (!has_sql_body(routine.definition) || !mentions(routine.definition, name.name)) continue;
    if (std::none_of(words.begin(), words.end(), [&](const std::string& word) { return mentions(routine.definition, word); })) continue;
    const auto key = gone_key("routine", routine.name, routine.arguments);
    if (gone_.count(key) != 0) continue;
    statement("DROP " + routine_sql(routine));
    if (object_touched_later<Routine>(routine.name)) gone_.insert(key);
    else dropped.push_back(routine);
  }
  return [this, dropped = std::move(dropped)] {
    for (const auto& routine : dropped) create_routine(routine);
  };
}

void Renderer::render(const Alter<Routine>& operation) {
  const auto& [before, after] = std::tie(operation.before, operation.after);
  if (was_dropped("routine", before.name, before.arguments)) return create_routine(after);
  if (before.definition != after.definition) {
    if (before.kind != after.kind || routine_signature(before.definition) != routine_signature(after.definition)) {
      const auto restore = drop_users_of_routine(before);
      statement("DROP " + routine_sql(before));
      create_routine(after);
      restore();
      return;
    }
    // A body that is read when it is made needs the names that it uses.
    const auto behind = has_sql_body(after.definition) ? later_name(after.definition) : std::nullopt;
    if (behind) postponed_.emplace_back(*behind, [this, text = after.definition] { statement(text); });
    else statement(after.definition);
  }
  comment(after.name, routine_sql(after), before.comment, after.comment);
}

void Renderer::render(const Rename<Routine>& operation) {
  const bool procedure = operation.kind == "procedure";
  std::vector<std::string> types;
  for (const auto& type : split(operation.arguments, ',')) types.push_back(type_sql(type));
  rename(procedure ? "PROCEDURE" : "FUNCTION", operation.from, operation.to, "(" + join(types, ", ") + ")");
}

}  // namespace migrate::postgresql
