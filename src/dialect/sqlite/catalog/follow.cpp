#include "dialect/sqlite/canonical/virtual.hpp"
#include "dialect/sqlite/catalog/follow.hpp"

#include <algorithm>
#include <set>

#include "core/text.hpp"
#include "dialect/sqlite/canonical/create.hpp"
#include "dialect/sqlite/canonical/related.hpp"
#include "dialect/sqlite/catalog/inspect.hpp"
#include "dialect/sqlite/render/rename.hpp"
#include "dialect/sqlite/run/connect.hpp"
#include "dialect/sqlite/sql/text.hpp"
#include "schema/lookup.hpp"

namespace migrate::sqlite {
namespace {

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

void apply_and_follow(Schema& schema, const Operation& operation) {
  const bool renames = std::holds_alternative<Rename<Table>>(operation) || std::holds_alternative<RenamePart<Column>>(operation);
  if (const auto* rename = std::get_if<Rename<Definition>>(&operation)) {
    migrate::apply(schema, operation);
    for (auto& definition : schema.definitions) {
      if (definition.name == rename->to && definition.kind == rename->kind) definition.definition = virtual_table_sql(definition.definition, rename->to.name);
    }
    return;
  }
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

}  // namespace migrate::sqlite
