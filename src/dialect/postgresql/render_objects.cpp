/// Schemas, extensions, sequences, routines and other definitions.
#include <algorithm>

#include "core/text.hpp"
#include "dialect/postgresql/definitions.hpp"
#include "dialect/postgresql/names.hpp"
#include "dialect/postgresql/render.hpp"
#include "dialect/postgresql/routines.hpp"
#include "dialect/postgresql/sequences.hpp"
#include "dialect/postgresql/types.hpp"
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
  const auto& [before, after] = std::tie(operation.before, operation.after);
  std::string change;
  if (before.type != after.type) change += " AS " + type_sql(after.type);
  change += alter_options(before.sequence, after.type, after.sequence, after.type);
  if (before.owned_by != after.owned_by) change += " OWNED BY " + owner_sql(after.owned_by);
  const auto name = quote_name(after.name);
  if (!change.empty()) statement("ALTER SEQUENCE " + name + change);
  if (option(before.options, "unlogged") != option(after.options, "unlogged")) {
    statement("ALTER SEQUENCE " + name + (option(after.options, "unlogged").empty() ? " SET LOGGED" : " SET UNLOGGED"));
  }
  comment(after.name, "SEQUENCE " + name, before.comment, after.comment);
}

void Renderer::render(const Rename<Sequence>& operation) { rename("SEQUENCE", operation.from, operation.to); }

// ---- composite and range types ---------------------------------------------------------------------------------

void Renderer::render(const Create<Definition>& operation) {
  const auto& object = operation.object;
  statement(object.definition);
  comment(object.name, upper(object.kind) + " " + quote_name(object.name), "", object.comment);
}

void Renderer::render(const Drop<Definition>& operation) {
  statement("DROP " + upper(operation.object.kind) + " " + quote_name(operation.object.name));
}

namespace {

/// The attributes of "CREATE TYPE x AS (a integer, b text)" as (name, type) in SQL; nullopt for other types.
std::optional<std::vector<std::pair<std::string, std::string>>> attributes_of(const std::string& definition) {
  const auto tokens = tokenize(definition, lexical_rules());
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
  const auto name = upper(after.kind) + " " + quote_name(after.name);
  if (before.definition != after.definition) {
    const auto old = attributes_of(before.definition);
    const auto now = attributes_of(after.definition);
    if (old && now) {
      const std::map<std::string, std::string> old_types(old->begin(), old->end());
      const std::map<std::string, std::string> new_types(now->begin(), now->end());
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
      statement("DROP " + name);
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
}

void Renderer::render(const Create<Routine>& operation) { create_routine(operation.object); }

void Renderer::render(const Drop<Routine>& operation) {
  if (was_dropped("routine", operation.object.name, operation.object.arguments)) return;
  statement("DROP " + routine_sql(operation.object));
}

void Renderer::render(const Alter<Routine>& operation) {
  const auto& [before, after] = std::tie(operation.before, operation.after);
  if (was_dropped("routine", before.name, before.arguments)) return create_routine(after);
  if (before.definition != after.definition) {
    if (before.kind != after.kind || routine_signature(before.definition) != routine_signature(after.definition)) {
      const auto views = drop_views_on({before.name.name});
      statement("DROP " + routine_sql(before));
      create_routine(after);
      restore_views(views);
      return;
    }
    statement(after.definition);
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
