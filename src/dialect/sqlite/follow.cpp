#include "dialect/sqlite/follow.hpp"

#include <algorithm>
#include <set>

#include "core/text.hpp"
#include "dialect/sqlite/connect.hpp"
#include "dialect/sqlite/create.hpp"
#include "dialect/sqlite/ddl.hpp"
#include "dialect/sqlite/inspect.hpp"
#include "dialect/sqlite/text.hpp"
#include "schema/lookup.hpp"

namespace migrate::sqlite {
namespace {

using NameSet = std::set<std::string>;

NameSet identifiers(const std::string& sql) {
  NameSet names;
  for (const Token& token : tokenize(sql, lexical_rules())) {
    if (token.kind == TokenKind::word || token.kind == TokenKind::quoted_name) names.insert(lower(unquote_name(token.text)));
  }
  return names;
}

bool touch(const NameSet& a, const NameSet& b) {
  return std::any_of(a.begin(), a.end(), [&](const std::string& name) { return b.contains(name); });
}

/// The views over any of the tables named, and views over those; their names join `names`.
std::vector<const View*> views_over(const Schema& schema, NameSet& names) {
  std::vector<std::pair<const View*, NameSet>> open;
  for (const auto& view : schema.views) open.emplace_back(&view, identifiers(view.definition));
  std::vector<const View*> found;
  for (bool more = true; more;) {
    more = false;
    for (auto& [view, mentioned] : open) {
      if (view == nullptr || !touch(mentioned, names)) continue;
      names.insert(lower(view->name.name));
      found.push_back(view);
      view = nullptr;
      more = true;
    }
  }
  return found;
}

/// Views that the statements in hand read: without them those cannot be understood.
void add_views_used(const Schema& schema, NameSet& used, std::set<std::string>& chosen) {
  for (bool more = true; more;) {
    more = false;
    for (const auto& view : schema.views) {
      if (!used.contains(lower(view.name.name)) || !chosen.insert(lower(view.name.name)).second) continue;
      used.merge(identifiers(view.definition));
      more = true;
    }
  }
}

void take_texts(Table& table, const Table& from) {
  table.checks = from.checks;
  table.indexes = from.indexes;
  table.triggers = from.triggers;
  for (auto& column : table.columns) {
    const Column* now = find_named(from.columns, column.name);
    if (now == nullptr) continue;
    column.generated = now->generated;
    column.declared.spelling = now->declared.spelling;
  }
}

/// SQLite quotes every name that it puts into a text for a rename, needed or not; here it is quoted only where it was or
/// must be, as the model's author would write it.
std::string without_needless_quotes(const std::string& before, const std::string& after) {
  const auto old_tokens = tokenize(before, lexical_rules());
  const auto new_tokens = tokenize(after, lexical_rules());
  if (old_tokens.size() != new_tokens.size()) return after;
  std::string text;
  std::size_t copied = 0;
  for (std::size_t i = 0; i < new_tokens.size(); ++i) {
    const Token& token = new_tokens[i];
    if (token.kind != TokenKind::quoted_name || old_tokens[i].kind != TokenKind::word) continue;
    text += after.substr(copied, token.offset - copied) + quote_name(unquote_name(token.text));
    copied = token.offset + token.text.size();
  }
  return text + after.substr(copied);
}

void follow_triggers(std::vector<Trigger>& triggers, const std::vector<Trigger>& renamed) {
  for (auto& trigger : triggers) {
    const Trigger* now = find_named(renamed, trigger.name);
    if (now == nullptr) continue;
    const std::string definition = without_needless_quotes(trigger.definition, now->definition);
    trigger = *now;
    trigger.definition = definition;
  }
}

}  // namespace

Schema related_to(const Schema& schema, const std::string& table) {
  NameSet names{lower(table)};
  const auto over = views_over(schema, names);
  NameSet used = names;
  std::set<std::string> chosen;
  for (const View* view : over) {
    chosen.insert(lower(view->name.name));
    used.merge(identifiers(view->definition));
  }
  const auto keep_triggers = [&](auto& object) {
    std::erase_if(object.triggers, [&](const Trigger& trigger) {
      NameSet mentioned = identifiers(trigger.definition);
      if (!touch(mentioned, names)) return true;
      used.merge(std::move(mentioned));
      used.insert(lower(object.name.name));
      return false;
    });
  };
  std::vector<Table> tables = schema.tables;
  std::vector<View> views = schema.views;
  std::for_each(tables.begin(), tables.end(), keep_triggers);
  std::for_each(views.begin(), views.end(), keep_triggers);
  for (const auto& other : tables) {
    const bool refers = std::any_of(other.foreign_keys.begin(), other.foreign_keys.end(),
                                    [&](const ForeignKey& key) { return equal_ignoring_case(key.references.name, table); });
    if (refers) used.insert(lower(other.name.name));
  }
  add_views_used(schema, used, chosen);
  Schema related;
  for (auto& other : tables) {
    if (used.contains(lower(other.name.name))) related.tables.push_back(std::move(other));
  }
  for (auto& view : views) {
    if (chosen.contains(lower(view.name.name))) related.views.push_back(std::move(view));
  }
  return related;
}

bool follow(Schema& schema, const Schema& before, const std::vector<std::string>& statements) {
  Schema after;
  try {
    const auto memory = connect({.scheme = "sqlite"});
    for (const auto& table : before.tables) {
      memory->execute(create_table_sql(table, table.name.name));
      for (const auto& index : table.indexes) memory->execute(create_index_sql(index, table));
    }
    for (const auto& view : before.views) memory->execute(create_view_sql(view));
    const auto make_triggers = [&](const auto& object) {
      for (const auto& trigger : object.triggers) memory->execute(trigger.definition);
    };
    std::for_each(before.tables.begin(), before.tables.end(), make_triggers);
    std::for_each(before.views.begin(), before.views.end(), make_triggers);
    for (const auto& text : statements) memory->execute(text);
    after = inspect(*memory, {});
  } catch (const DatabaseError&) {
    return false;
  }
  for (const auto& table : after.tables) {
    Table* own = find_named(schema.tables, table.name);
    if (own == nullptr) continue;
    // Triggers that do not mention the renamed thing were not part of the experiment.
    std::vector<Trigger> triggers = own->triggers;
    take_texts(*own, table);
    follow_triggers(triggers, table.triggers);
    own->triggers = std::move(triggers);
  }
  for (const auto& view : after.views) {
    View* own = find_named(schema.views, view.name);
    if (own == nullptr) continue;
    own->definition = without_needless_quotes(own->definition, view.definition);
    follow_triggers(own->triggers, view.triggers);
  }
  return true;
}

void replace_names(Schema& schema, const Operation& rename) {
  std::string from, to;
  QualifiedName table;
  if (const auto* op = std::get_if<RenamePart<Column>>(&rename)) from = op->from, to = op->to, table = op->table;
  if (const auto* op = std::get_if<Rename<Table>>(&rename)) from = op->from.name, to = op->to.name, table = op->to;
  const auto replace = [&](std::string& text) { text = replace_identifier(text, from, to); };
  Table* own = find_named(schema.tables, table);
  if (own == nullptr) return;
  for (auto& column : own->columns) {
    if (column.generated) replace(column.generated->expression);
  }
  for (auto& check : own->checks) replace(check.expression);
  for (auto& index : own->indexes) {
    replace(index.where);
    for (auto& part : index.parts) replace(part.expression);
  }
  for (auto& trigger : own->triggers) replace(trigger.definition);
}

std::vector<QualifiedName> indirect_views(const Schema& schema, const std::string& table) {
  NameSet names{lower(table)};
  std::vector<QualifiedName> indirect;
  for (const View* view : views_over(schema, names)) {
    if (!mentions_name(view->definition, table)) indirect.push_back(view->name);
  }
  return indirect;
}

std::string scratch_name(const Schema& schema, const std::string& table) {
  const auto taken = [&](const std::string& name) {
    const auto same = [&](const auto& object) { return equal_ignoring_case(object.name.name, name); };
    return std::any_of(schema.tables.begin(), schema.tables.end(), same) || std::any_of(schema.views.begin(), schema.views.end(), same);
  };
  std::string name = "new_" + table;
  while (taken(name)) name = "new_" + name;
  return name;
}

std::vector<std::string> rename_in_place(const Schema& schema, const Operation& rename) {
  if (const auto* op = std::get_if<RenamePart<Column>>(&rename)) {
    return {"ALTER TABLE " + quote_name(op->table.name) + " RENAME COLUMN " + quote_name(op->from) + " TO " + quote_name(op->to)};
  }
  const auto& op = std::get<Rename<Table>>(rename);
  const std::string alter = "ALTER TABLE " + quote_name(op.from.name) + " RENAME TO ";
  if (!equal_ignoring_case(op.from.name, op.to.name)) return {alter + quote_name(op.to.name)};
  const std::string between = scratch_name(schema, op.from.name);  // SQLite finds a table of that name already
  return {alter + quote_name(between), "ALTER TABLE " + quote_name(between) + " RENAME TO " + quote_name(op.to.name)};
}

void apply_and_follow(Schema& schema, const Operation& operation) {
  const bool renames = std::holds_alternative<Rename<Table>>(operation) || std::holds_alternative<RenamePart<Column>>(operation);
  if (!renames) return migrate::apply(schema, operation);
  const std::string table = table_of(operation)->name;
  const auto statements = rename_in_place(schema, operation);
  Schema before = schema;
  migrate::apply(schema, operation);
  if (follow(schema, related_to(before, table), statements)) return;
  for (const auto& name : indirect_views(before, table)) {
    std::erase_if(before.views, [&](const View& view) { return view.name == name; });
  }
  if (!follow(schema, related_to(before, table), statements)) replace_names(schema, operation);
}

std::string renamed_trigger(const std::string& definition, const std::string& name) {
  Cursor cursor(definition);
  cursor.advance(2);  // CREATE TRIGGER
  const Token& token = cursor.peek();
  return definition.substr(0, token.offset) + quote_name(name) + definition.substr(token.offset + token.text.size());
}

}  // namespace migrate::sqlite
