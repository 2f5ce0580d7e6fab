/// What stands on something that changes: taken away before, made again after.
#include <algorithm>

#include "core/text.hpp"
#include "dialect/postgresql/canonical/definitions.hpp"
#include "dialect/postgresql/render/render.hpp"
#include "dialect/postgresql/sql/text.hpp"
#include "schema/lookup.hpp"

namespace migrate::postgresql {
namespace {

bool has_column(const std::vector<IndexPart>& parts, const std::vector<std::string>& include, const std::vector<std::string>& columns) {
  const auto is_one = [&](const std::string& name) { return std::find(columns.begin(), columns.end(), name) != columns.end(); };
  return std::any_of(parts.begin(), parts.end(), [&](const IndexPart& part) { return is_one(part.column); }) ||
         std::any_of(include.begin(), include.end(), is_one);
}

bool mentions_any(const std::string& sql, const std::vector<std::string>& words) {
  return std::any_of(words.begin(), words.end(), [&](const std::string& word) { return mentions(sql, word); });
}

bool in_expressions(const Index& index, const std::vector<std::string>& words) {
  if (!index.where.empty() && mentions_any(index.where, words)) return true;
  return std::any_of(index.parts.begin(), index.parts.end(),
                     [&](const IndexPart& part) { return !part.expression.empty() && mentions_any(part.expression, words); });
}

/// Triggers depend on the columns that they name in OF and WHEN; the name of the function does not count.
bool trigger_mentions(const Trigger& trigger, const std::vector<std::string>& words) {
  const auto end = trigger.definition.rfind(" EXECUTE ");
  return mentions_any(trigger.definition.substr(0, end), words);
}

}  // namespace

template <class T>
bool Renderer::touched_later(const QualifiedName& table, const std::string& name) const {
  for (std::size_t i = at_ + 1; i < operations_.size(); ++i) {
    if (const auto* change = std::get_if<Change<T>>(&operations_[i])) {
      if (change->table == table && change->before.name == name) return true;
    } else if (const auto* removal = std::get_if<Remove<T>>(&operations_[i])) {
      if (removal->table == table && removal->object.name == name) return true;
    } else if (const auto* drop = std::get_if<Drop<Table>>(&operations_[i])) {
      if (drop->object.name == table) return true;
    }
  }
  return false;
}

std::optional<std::optional<Column>> Renderer::later_column(const QualifiedName& table, const std::string& name) const {
  for (std::size_t i = at_ + 1; i < operations_.size(); ++i) {
    if (const auto* change = std::get_if<Change<Column>>(&operations_[i]); change && change->table == table && change->before.name == name) {
      return change->after;
    }
    if (const auto* removal = std::get_if<Remove<Column>>(&operations_[i]); removal && removal->table == table && removal->object.name == name) {
      return std::optional<Column>{};
    }
  }
  return std::nullopt;
}

std::optional<std::size_t> Renderer::later_type_change(const QualifiedName& table, const std::string& text) const {
  std::optional<std::size_t> last;
  for (std::size_t i = at_ + 1; i < operations_.size(); ++i) {
    const auto* change = std::get_if<Change<Column>>(&operations_[i]);
    if (change == nullptr || change->before.type == change->after.type || !mentions(text, change->after.name)) continue;
    if (change->table != table) {
      const auto ancestors = ancestors_of(table);
      if (std::find(ancestors.begin(), ancestors.end(), change->table) == ancestors.end()) continue;
    }
    last = i;
  }
  return last;
}

void Renderer::make_when_typed(const char* kind, const QualifiedName& table, const std::string& name, const std::string& text,
                               std::function<void()> make) {
  const auto behind = later_type_change(table, text);
  if (!behind) {
    make();
    return;
  }
  const auto key = gone_key(kind, table, name);
  gone_.insert(key);
  postponed_.emplace_back(*behind, [this, key, make = std::move(make)] {
    if (gone_.erase(key) != 0) make();
  });
}

std::optional<std::size_t> Renderer::later_name(const std::string& text) const {
  std::optional<std::size_t> last;
  for (std::size_t i = at_ + 1; i < operations_.size(); ++i) {
    const auto* column = std::get_if<RenamePart<Column>>(&operations_[i]);
    const auto* renamed = std::get_if<Rename<Table>>(&operations_[i]);
    if (column != nullptr && mentions(text, column->to) && mentions(text, column->table.name)) last = i;
    if (renamed != nullptr && mentions(text, renamed->to.name)) last = i;
  }
  return last;
}

std::optional<std::size_t> Renderer::frees_later(const QualifiedName& name, const std::string& part) const {
  const auto* owner = table(name);
  if (owner == nullptr) return std::nullopt;
  const auto has = [&](const auto& list) { return find_named(list, part) != nullptr; };
  const bool taken = has(owner->uniques) || has(owner->foreign_keys) || has(owner->checks) || has(owner->exclusions) || has(owner->indexes) ||
                     (owner->primary_key && primary_key_name(*owner->primary_key, name) == part);
  if (!taken) return std::nullopt;
  for (std::size_t i = at_ + 1; i < operations_.size(); ++i) {
    const bool frees = std::visit(overloaded{[](const RenamePart<Column>&) { return false; }, [](const Remove<Column>&) { return false; },
                                             [&]<class T>(const RenamePart<T>& op) { return op.table == name && op.from == part; },
                                             [&]<class T>(const Remove<T>& op) { return op.table == name && op.object.name == part; }, [](const auto&) { return false; }},
                                  operations_[i]);
    if (frees) return i;
  }
  return std::nullopt;
}

void Renderer::rename_part(const QualifiedName& name, const std::string& from, const std::string& to, const std::function<std::string(const std::string&, const std::string&)>& sql) {
  const auto behind = frees_later(name, to);
  if (!behind) {
    statement(sql(from, to));
    return;
  }
  const auto aside = cut_name("migrate " + to);
  statement(sql(from, aside));
  postponed_.emplace_back(*behind, [this, text = sql(aside, to)] { statement(text); });
}

void Renderer::forget_parts_over(const Table& table, const std::string& column) {
  const std::vector<std::string> words{column};
  const auto forget = [&]<class T>(const T& part, const char* kind) {
    if (touched_later<T>(table.name, part.name)) gone_.insert(gone_key(kind, table.name, part.name));
  };
  for (const auto& index : table.indexes) {
    if (has_column(index.parts, index.include, words) || in_expressions(index, words)) forget(index, "index");
  }
  for (const auto& unique : table.uniques) {
    if (has_column(unique.parts, unique.include, words)) forget(unique, "constraint");
  }
  for (const auto& check : table.checks) {
    if (mentions(check.expression, column)) forget(check, "constraint");
  }
  for (const auto& exclusion : table.exclusions) {
    if (mentions(exclusion.definition, column)) forget(exclusion, "constraint");
  }
}

Renderer::Dependents Renderer::drop_dependents(const Table& table, const std::vector<std::string>& given, Scope scope) {
  Dependents found;
  found.table = table.name;
  // A computed column is dropped and added again, and so is all that stands on it.
  std::vector<std::string> computed;
  for (const auto& column : table.columns) {
    const bool itself = std::find(given.begin(), given.end(), column.name) != given.end();
    if (column.generated && !itself && mentions_any(column.generated->expression, given) && gone_.count(gone_key("column", table.name, column.name)) == 0) {
      computed.push_back(column.name);
    }
  }
  auto words = given;
  words.insert(words.end(), computed.begin(), computed.end());
  if (!computed.empty()) suspend_foreign_keys(table.name, computed, false);
  // A part that a later operation deals with is dropped here, and that operation makes it again.
  const auto drop = [&]<class T>(std::vector<T>& list, const T& part, const char* kind, const std::string& sql, bool as_action) {
    if (gone_.count(gone_key(kind, table.name, part.name)) != 0) return;
    if (touched_later<T>(table.name, part.name)) {
      gone_.insert(gone_key(kind, table.name, part.name));
    } else {
      list.push_back(part);
    }
    if (as_action) {
      action(table.name, sql);
    } else {
      statement(sql);
    }
  };
  const auto name = quote_name(table.name);
  for (const auto& trigger : table.triggers) {
    if (trigger_mentions(trigger, words)) drop(found.triggers, trigger, "trigger", "DROP TRIGGER " + quote_name(trigger.name) + " ON " + name, false);
  }
  for (const auto& policy : table.policies) {
    if (mentions_any(policy.using_expression, words) || mentions_any(policy.check_expression, words)) {
      drop(found.policies, policy, "policy", "DROP POLICY " + quote_name(policy.name) + " ON " + name, false);
    }
  }
  // What only the computed columns are concerned by is dropped whatever the scope is.
  const auto& in_text = scope == Scope::type ? computed : words;
  const auto& in_keys = scope == Scope::keys ? words : computed;
  if (!in_text.empty()) {
    for (const auto& index : table.indexes) {
      const bool hit = has_column(index.parts, index.include, in_keys) || in_expressions(index, in_text);
      if (hit) drop(found.indexes, index, "index", "DROP INDEX " + quote_name({table.name.schema, index.name}), false);
    }
    for (const auto& check : table.checks) {
      if (mentions_any(check.expression, in_text)) drop(found.checks, check, "constraint", "DROP CONSTRAINT " + quote_name(check.name), true);
    }
    for (const auto& exclusion : table.exclusions) {
      if (mentions_any(exclusion.definition, in_text)) {
        drop(found.exclusions, exclusion, "constraint", "DROP CONSTRAINT " + quote_name(exclusion.name), true);
      }
    }
  }
  if (!in_keys.empty()) {
    for (const auto& unique : table.uniques) {
      if (has_column(unique.parts, unique.include, in_keys)) {
        drop(found.uniques, unique, "constraint", "DROP CONSTRAINT " + quote_name(unique.name), true);
      }
    }
    if (table.primary_key && has_column(table.primary_key->parts, table.primary_key->include, in_keys)) {
      found.primary_key = table.primary_key;
      action(table.name, "DROP CONSTRAINT " + quote_name(primary_key_name(*table.primary_key, table.name)));
    }
  }
  for (const auto& column : table.columns) {
    if (std::find(computed.begin(), computed.end(), column.name) == computed.end()) continue;
    action(table.name, "DROP COLUMN " + quote_name(column.name));
    const auto later = later_column(table.name, column.name);
    if (!later) {
      found.generated.push_back(column);
      continue;
    }
    // What a later operation makes of it is made at once; that operation has nothing left to do.
    if (*later) found.generated.push_back(**later);
    gone_.insert(gone_key("column", table.name, column.name));
  }
  if (!found.generated.empty()) flush();
  return found;
}

void Renderer::restore_dependents(const Dependents& dependents) {
  const auto& name = dependents.table;
  for (const auto& column : dependents.generated) {
    action(name, "ADD COLUMN " + column_sql(column));
    for (auto& text : column_settings(column)) action(name, std::move(text));
    comment(name, "COLUMN " + quote_name(name) + "." + quote_name(column.name), "", column.comment);
  }
  if (!dependents.generated.empty()) flush();
  if (dependents.primary_key) add_constraint(name, *dependents.primary_key);
  for (const auto& unique : dependents.uniques) add_constraint(name, unique);
  for (const auto& check : dependents.checks) add_constraint(name, check);
  for (const auto& exclusion : dependents.exclusions) add_constraint(name, exclusion);
  for (const auto& index : dependents.indexes) create_index(name, index);
  for (const auto& policy : dependents.policies) create_policy(name, policy);
  for (const auto& trigger : dependents.triggers) create_trigger(name, trigger);
}

void Renderer::suspend_foreign_keys(const QualifiedName& name, const std::vector<std::string>& columns, bool only_references) {
  const auto same = [](std::vector<std::string> a, std::vector<std::string> b) {
    std::sort(a.begin(), a.end());
    std::sort(b.begin(), b.end());
    return a == b;
  };
  const auto overlaps = [&](const std::vector<std::string>& list) {
    return std::any_of(list.begin(), list.end(), [&](const auto& item) { return std::find(columns.begin(), columns.end(), item) != columns.end(); });
  };
  for (const auto& owner : state_.tables) {
    for (const auto& key : owner.foreign_keys) {
      const bool to = key.references == name && (only_references ? same(key.referenced_columns, columns) : overlaps(key.referenced_columns));
      const bool from = !only_references && owner.name == name && overlaps(key.columns);
      if (!to && !from) continue;
      const auto gone = gone_key("constraint", owner.name, key.name);
      const auto entry = std::pair{owner.name, key.name};
      if (gone_.count(gone) != 0 || std::find(suspended_.begin(), suspended_.end(), entry) != suspended_.end()) continue;
      statement("ALTER TABLE " + quote_name(owner.name) + " DROP CONSTRAINT " + quote_name(key.name));
      if (touched_later<ForeignKey>(owner.name, key.name)) {
        gone_.insert(gone);
      } else {
        suspended_.push_back(entry);
      }
    }
  }
}

void Renderer::resume_foreign_keys() {
  for (const auto& [owner, name] : suspended_) {
    const auto* found = table(owner);
    const auto* key = found == nullptr ? nullptr : find_named(found->foreign_keys, name);
    if (key != nullptr) add_constraint(owner, *key);
  }
  suspended_.clear();
}

template bool Renderer::touched_later<Column>(const QualifiedName&, const std::string&) const;

}  // namespace migrate::postgresql
