#include "dialect/sqlite/canonical/related.hpp"

#include <algorithm>
#include <set>

#include "core/text.hpp"
#include "dialect/sqlite/canonical/ddl.hpp"
#include "dialect/sqlite/sql/text.hpp"
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

std::string renamed_trigger(const std::string& definition, const std::string& name) {
  Cursor cursor(definition);
  cursor.advance(2);  // CREATE TRIGGER
  const Token& token = cursor.peek();
  return definition.substr(0, token.offset) + quote_name(name) + definition.substr(token.offset + token.text.size());
}

}  // namespace migrate::sqlite
