#include <algorithm>
#include <map>
#include <set>

#include "autogenerate/compare.hpp"
#include "autogenerate/dependencies.hpp"
#include "core/text.hpp"
#include "schema/lookup.hpp"

namespace migrate {
namespace {

/// What has to go and come back around a change: views, triggers, policies, rules and keys over what is changed.
class Pinner {
 public:
  Pinner(const Schema& live, const Schema& declared, const LexicalRules& rules, const Capabilities& can)
      : live_(live), declared_(declared), rules_(rules), can_(can), live_needs_(live.dependencies, rules), declared_needs_(declared.dependencies, rules) {}

  std::vector<PlannedChange> run(std::vector<PlannedChange> changes) {
    const auto pins = can_.views_pin_columns ? pins_of(changes) : std::vector<Pin>{};
    const auto unsettled = unsettled_tables(changes);
    changes = with_pinned_views(std::move(changes), pins, unsettled);
    if (can_.views_pin_columns) changes = with_pinned_triggers(std::move(changes), pins);
    changes = with_split_changes(std::move(changes), unsettled);
    return changes;
  }

 private:
  struct Pin {
    QualifiedName table;
    std::string column;
  };

  static bool changes_type(const Change<Column>& change) {
    return change.before.type != change.after.type || change.before.collation != change.after.collation ||
           change.before.generated != change.after.generated;
  }

  /// Columns that go or change their type, and the computed ones over them.
  [[nodiscard]] std::vector<Pin> pins_of(const std::vector<PlannedChange>& changes) const {
    auto pins = changed_columns(changes);
    const auto direct = pins.size();
    for (std::size_t i = 0; i < direct; ++i) {
      const auto* table = find_named(live_.tables, pins[i].table);
      if (table == nullptr) continue;
      for (const auto& column : table->columns) {
        if (column.generated && column.name != pins[i].column && mentions(column.generated->expression, pins[i].column, rules_)) {
          pins.push_back({table->name, column.name});
        }
      }
    }
    return pins;
  }

  [[nodiscard]] static std::vector<Pin> changed_columns(const std::vector<PlannedChange>& changes) {
    std::vector<Pin> pins;
    for (const auto& change : changes) {
      if (const auto* remove = change.as<Remove<Column>>()) pins.push_back({remove->table, remove->object.name});
      if (const auto* column = change.as<Change<Column>>(); column != nullptr && changes_type(*column)) {
        pins.push_back({column->table, column->after.name});
      }
    }
    return pins;
  }

  /// Tables of which names go away: a definition that uses them cannot be put back before they are back.
  [[nodiscard]] static std::set<QualifiedName> unsettled_tables(const std::vector<PlannedChange>& changes) {
    std::set<QualifiedName> names;
    for (const auto& change : changes) {
      if (const auto* remove = change.as<Remove<Column>>()) names.insert(remove->table);
      if (const auto* rename = change.as<RenamePart<Column>>()) names.insert(rename->table);
      if (const auto* drop = change.as<Drop<Table>>()) names.insert(drop->object.name);
      if (const auto* rename = change.as<Rename<Table>>()) names.insert({rename->from, rename->to});
    }
    return names;
  }

  [[nodiscard]] bool stands_on_any(const std::vector<Need>& needs, const std::set<QualifiedName>& relations) const {
    return std::any_of(relations.begin(), relations.end(), [&](const QualifiedName& name) { return live_needs_.stands_on(needs, name, "", ""); });
  }

  [[nodiscard]] bool mentions_any(const std::string& text, const std::set<std::string>& names) const {
    return std::any_of(names.begin(), names.end(), [&](const std::string& name) { return mentions(text, name, rules_); });
  }

  /// A trigger or policy that changes while names that it uses go away is dropped first and made again last, and so is a
  /// key over other columns.
  std::vector<PlannedChange> with_split_changes(std::vector<PlannedChange> changes, const std::set<QualifiedName>& unsettled) const {
    std::map<QualifiedName, std::set<std::string>> moving;  // columns that come or go
    for (const auto& change : changes) {
      if (const auto* remove = change.as<Remove<Column>>()) moving[remove->table].insert(remove->object.name);
      if (const auto* add = change.as<Add<Column>>()) moving[add->table].insert(add->object.name);
    }
    std::vector<PlannedChange> out;
    const auto split_part = [&]<class T>(const Change<T>& part) {
      const auto names = moving.find(part.table);
      if (names == moving.end() || (!mentions_any(text_of(part.before), names->second) && !mentions_any(text_of(part.after), names->second))) return false;
      out.push_back({Remove<T>{part.table, part.before}});
      out.push_back({Add<T>{part.table, part.after}});
      return true;
    };
    for (auto& change : changes) {
      const bool split = std::visit(overloaded{[&](const Change<Index>& part) { return split_part(part); }, [&](const Change<Unique>& part) { return split_part(part); },
                                               [&](const Change<PrimaryKey>& part) { return split_part(part); },
                                               [&](const Change<Check>& part) { return split_part(part); },
                                               [&](const Change<Exclusion>& part) { return split_part(part); }, [](const auto&) { return false; }},
                                    change.operation);
      if (split) continue;
      const auto* key = change.as<Change<ForeignKey>>();
      if (key != nullptr && can_.alter_column_in_place && joins_others(key->before, key->after)) {
        out.push_back({Remove<ForeignKey>{key->table, key->before}});
        out.push_back({Add<ForeignKey>{key->table, key->after}});
        continue;
      }
      const auto* policy = change.as<Change<Policy>>();
      if (policy != nullptr && (stands_on_any(live_needs_.of(policy->before, policy->table), unsettled) ||
                                stands_on_any(declared_needs_.of(policy->after, policy->table), unsettled))) {
        out.push_back({Remove<Policy>{policy->table, policy->before}});
        out.push_back({Add<Policy>{policy->table, policy->after}});
        continue;
      }
      const auto* trigger = change.as<Change<Trigger>>();
      if (trigger == nullptr || !(stands_on_any(live_needs_.of(trigger->before), unsettled) || stands_on_any(declared_needs_.of(trigger->after), unsettled))) {
        out.push_back(std::move(change));
        continue;
      }
      out.push_back({Remove<Trigger>{trigger->table, trigger->before}});
      out.push_back({Add<Trigger>{trigger->table, trigger->after}});
    }
    return out;
  }

  /// What names columns in a part of a table.
  static std::string text_of(const std::vector<IndexPart>& parts) {
    std::string text;
    for (const auto& part : parts) text += part.expression + (part.column.empty() ? "" : " \"" + replace_all(part.column, "\"", "\"\"") + "\"") + " ";
    return text;
  }
  static std::string text_of(const Index& index) { return text_of(index.parts) + text_of(parts_of(index.include)) + index.where; }
  static std::string text_of(const Unique& unique) { return text_of(unique.parts) + text_of(parts_of(unique.include)); }
  static std::string text_of(const PrimaryKey& key) { return text_of(key.parts) + text_of(parts_of(key.include)); }
  static std::string text_of(const Check& check) { return check.expression; }
  static std::string text_of(const Exclusion& exclusion) { return exclusion.definition; }

  static bool joins_others(const ForeignKey& before, const ForeignKey& after) {
    return before.columns != after.columns || before.references != after.references || before.referenced_columns != after.referenced_columns;
  }

  static std::string policy_text(const Policy& policy) { return policy.using_expression + " " + policy.check_expression; }

  /// Views over a changed column, views over views that are made again, and views that change together with names that
  /// they use are dropped first and made again last.
  std::vector<PlannedChange> with_pinned_views(std::vector<PlannedChange> changes, const std::vector<Pin>& pins,
                                               const std::set<QualifiedName>& unsettled) {
    std::set<QualifiedName> again;
    std::set<QualifiedName> altered;
    std::set<QualifiedName> gone;
    for (const auto& change : changes) {
      if (const auto* alter = change.as<Alter<View>>()) {
        altered.insert(alter->before.name);
        if (stands_on_any(live_needs_.of(alter->before), unsettled) || stands_on_any(declared_needs_.of(alter->after), unsettled)) again.insert(alter->before.name);
      }
      if (const auto* drop = change.as<Drop<View>>()) gone.insert(drop->object.name);
    }
    std::set<QualifiedName> replaced;  // by a view of another kind
    for (const auto& change : changes) {
      const auto* create = change.as<Create<View>>();
      if (create != nullptr && gone.contains(create->object.name)) replaced.insert(create->object.name);
    }
    if (pins.empty() && again.empty() && altered.empty() && replaced.empty()) return with_pinned_definitions(std::move(changes), pins, unsettled, again);
    std::map<QualifiedName, std::vector<Need>> needs;
    for (const auto& view : live_.views) {
      const auto& own = needs[view.name] = live_needs_.of(view);
      const bool pinned = std::any_of(pins.begin(), pins.end(), [&](const Pin& pin) { return live_needs_.stands_on(own, pin.table, pin.column, view.definition); });
      if (pinned) again.insert(view.name);
    }
    std::set<const Routine*> routines;  // whose arguments or rows are those of a view that is made again
    for (bool grew = true; grew;) {
      grew = false;
      for (const auto& routine : live_.routines) {
        if (!can_.views_pin_columns || routines.contains(&routine) || !stands_on_any(live_needs_.bound(routine), again)) continue;
        grew = routines.insert(&routine).second;
      }
      for (const auto& view : live_.views) {
        if (again.contains(view.name)) continue;
        const auto over = [&](const QualifiedName& other) { return other != view.name && live_needs_.stands_on(needs.at(view.name), other, "", ""); };
        for (const auto& other : altered) {
          if (can_.views_pin_columns && over(other) && again.insert(other).second) grew = true;
        }
        if (gone.contains(view.name)) continue;
        if (std::any_of(routines.begin(), routines.end(), [&](const Routine* routine) { return live_needs_.calls(needs.at(view.name), *routine); })) grew = again.insert(view.name).second || grew;
        if (std::any_of(again.begin(), again.end(), over) || std::any_of(replaced.begin(), replaced.end(), over)) grew = again.insert(view.name).second || grew;
      }
    }
    std::vector<PlannedChange> out;
    std::map<QualifiedName, QualifiedName> former;
    for (auto& change : changes) {
      const auto* alter = change.as<Alter<View>>();
      const auto* create = change.as<Create<View>>();
      const auto* rename = change.as<Rename<View>>();
      if (rename != nullptr && again.contains(rename->to)) {  // dropped by its old name, made by its new one
        former.emplace(rename->to, rename->from);
        continue;
      }
      if (alter != nullptr && again.contains(alter->before.name)) continue;
      if (create != nullptr && gone.contains(create->object.name)) again.erase(create->object.name);
      const auto* routine = change.as<Alter<Routine>>();
      if (routine != nullptr && std::any_of(routines.begin(), routines.end(), [&](const Routine* one) { return same_routine(*one, routine->before); })) continue;
      // Parts of a view that is made again are made with it.
      const auto* table = table_of(change.operation);
      if (table != nullptr && again.contains(*table) && find_named(live_.views, *table) != nullptr) continue;
      out.push_back(std::move(change));
    }
    out = with_pinned_definitions(std::move(out), pins, unsettled, again);
    for (const auto& name : again) {
      if (gone.contains(name)) continue;
      const auto* before = find_named(live_.views, name);
      const auto* after = find_named(declared_.views, name);
      if (before == nullptr || after == nullptr) continue;
      out.push_back({Drop<View>{*before}});
      View made = *after;
      const auto was = former.find(name);
      made.declared.renamed_from = was == former.end() ? "" : was->second.text();  // its privileges follow
      out.push_back({Create<View>{std::move(made)}});
    }
    for (const auto* before : routines) {
      const auto after = std::find_if(declared_.routines.begin(), declared_.routines.end(), [&](const Routine& routine) { return same_routine(routine, *before); });
      if (after == declared_.routines.end()) continue;  // it goes
      out.push_back({Drop<Routine>{*before}});
      out.push_back({Create<Routine>{*after}});
    }
    made_again_ = std::move(again);
    return out;
  }

  static bool same_routine(const Routine& a, const Routine& b) { return a.name == b.name && a.kind == b.kind && a.arguments == b.arguments; }

  /// Rules and the like on what is made again or on columns that change: they go before and come back after.
  std::vector<PlannedChange> with_pinned_definitions(std::vector<PlannedChange> changes, const std::vector<Pin>& pins,
                                                     const std::set<QualifiedName>& unsettled, const std::set<QualifiedName>& again) const {
    if (!can_.views_pin_columns) return changes;
    std::vector<PlannedChange> out;
    std::set<std::pair<std::string, QualifiedName>> touched;
    for (auto& change : changes) {
      if (const auto* drop = change.as<Drop<Definition>>()) touched.insert({drop->object.kind, drop->object.name});
      const auto* alter = change.as<Alter<Definition>>();
      if (alter == nullptr || !stands_on_tables(alter->after)) {
        out.push_back(std::move(change));
        continue;
      }
      touched.insert({alter->after.kind, alter->after.name});
      out.push_back({Drop<Definition>{alter->before}});
      out.push_back({Create<Definition>{alter->after}});
    }
    for (const auto& definition : live_.definitions) {
      if (!stands_on_tables(definition) || touched.contains({definition.kind, definition.name})) continue;
      const auto needs = live_needs_.of(definition);
      const bool pinned = std::any_of(pins.begin(), pins.end(), [&](const Pin& pin) { return live_needs_.stands_on(needs, pin.table, pin.column, definition.definition); }) ||
                          stands_on_any(needs, again) || stands_on_any(needs, unsettled);
      if (!pinned) continue;
      for (const auto& after : declared_.definitions) {
        if (after.kind != definition.kind || after.name != definition.name) continue;
        out.push_back({Drop<Definition>{definition}});
        out.push_back({Create<Definition>{after}});
      }
    }
    return out;
  }

  /// Triggers over a changed column of their table, and policies over one of any table or over a view that is made again.
  std::vector<PlannedChange> with_pinned_triggers(std::vector<PlannedChange> changes, const std::vector<Pin>& pins) {
    const auto touched = [&]<class T>(const QualifiedName& table, const T& part) {
      return std::any_of(changes.begin(), changes.end(), [&](const PlannedChange& change) {
        const auto* remove = change.as<Remove<T>>();
        const auto* replace = change.as<Change<T>>();
        return (remove != nullptr && remove->table == table && remove->object.name == part.name) ||
               (replace != nullptr && replace->table == table && replace->before.name == part.name);
      });
    };
    const auto remake = [&]<class T>(const QualifiedName& table, const T& part, const std::vector<T>& after) {
      const auto* now = find_named(after, part.name);
      if (now == nullptr || touched(table, part)) return;
      changes.push_back({Remove<T>{table, part}});
      changes.push_back({Add<T>{table, *now}});
    };
    if (pins.empty() && made_again_.empty()) return changes;
    for (const auto& table : live_.tables) {
      const auto* after = find_named(declared_.tables, table.name);
      if (after == nullptr || (table.triggers.empty() && table.policies.empty())) continue;
      for (const auto& trigger : table.triggers) {
        const bool pinned = std::any_of(pins.begin(), pins.end(), [&](const Pin& pin) { return pin.table == table.name && mentions(trigger.definition, pin.column, rules_); });
        if (pinned) remake(table.name, trigger, after->triggers);
      }
      for (const auto& policy : table.policies) {
        const auto needs = live_needs_.of(policy, table.name);
        const bool pinned = std::any_of(pins.begin(), pins.end(), [&](const Pin& pin) { return live_needs_.stands_on(needs, pin.table, pin.column, policy_text(policy)); });
        if (pinned || stands_on_any(needs, made_again_)) remake(table.name, policy, after->policies);
      }
    }
    return changes;
  }

  std::set<QualifiedName> made_again_;  ///< views
  const Schema& live_;  ///< with the renames made
  const Schema& declared_;
  const LexicalRules& rules_;
  const Capabilities& can_;
  Needs live_needs_, declared_needs_;
};

}  // namespace

std::vector<PlannedChange> with_pinned(std::vector<PlannedChange> changes, const Schema& live, const Schema& declared,
                                       const LexicalRules& rules, const Capabilities& can) {
  return Pinner(live, declared, rules, can).run(std::move(changes));
}

}  // namespace migrate
