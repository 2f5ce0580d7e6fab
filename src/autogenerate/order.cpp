#include <algorithm>
#include <map>
#include <set>

#include "autogenerate/compare.hpp"
#include "autogenerate/dependencies.hpp"
#include "autogenerate/former_names.hpp"
#include "core/text.hpp"
#include "schema/lookup.hpp"

namespace migrate {
namespace {

template <class T>
const T* get(const PlannedChange& change) {
  return std::get_if<T>(&change.operation);
}

/// Drops come out of here in the reverse of the order in which their objects could be made, so that the downgrade, which
/// runs everything backwards, makes them in that very order.
class Orderer {
 public:
  Orderer(const Schema& original, const Schema& live, const Schema& declared, const Dialect& dialect, const ServerInfo& server)
      : original_(original), live_(live), declared_(declared), rules_(dialect.lexical_rules()), can_(server.capabilities) {}

  std::vector<PlannedChange> run(std::vector<PlannedChange> changes) {
    former_ = FormerNames(changes);
    changes = with_pinned_things(std::move(changes));
    for (auto& change : changes) sort_in(std::move(change));
    order_table_groups();
    std::vector<PlannedChange> out;
    append(out, dropped_dependents());
    append(out, first_);
    append(out, removed_keys_);
    auto drops = dropped_objects();  // splits keys off, which have to go before everything else
    append(out, split_keys_);
    append(out, making_room(drops));
    append(out, created_objects());
    append(out, drops);
    append(out, added_keys_);
    append(out, created_dependents());
    append(out, last_);
    return out;
  }

 private:
  static void append(std::vector<PlannedChange>& out, std::vector<PlannedChange> more) {
    out.insert(out.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
  }

  // ---- what has to go and come back around a change ------------------------------------------------------------------

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
      if (const auto* remove = get<Remove<Column>>(change)) pins.push_back({remove->table, remove->object.name});
      if (const auto* column = get<Change<Column>>(change); column != nullptr && changes_type(*column)) {
        pins.push_back({column->table, column->after.name});
      }
    }
    return pins;
  }

  /// Tables of which names go away: a definition that uses them cannot be put back before they are back.
  [[nodiscard]] static std::set<std::string> unsettled_tables(const std::vector<PlannedChange>& changes) {
    std::set<std::string> names;
    for (const auto& change : changes) {
      if (const auto* remove = get<Remove<Column>>(change)) names.insert(remove->table.name);
      if (const auto* rename = get<RenamePart<Column>>(change)) names.insert(rename->table.name);
      if (const auto* drop = get<Drop<Table>>(change)) names.insert(drop->object.name.name);
      if (const auto* rename = get<Rename<Table>>(change)) names.insert({rename->from.name, rename->to.name});
    }
    return names;
  }

  [[nodiscard]] bool mentions_any(const std::string& text, const std::set<std::string>& names) const {
    return std::any_of(names.begin(), names.end(), [&](const std::string& name) { return mentions(text, name, rules_); });
  }

  std::vector<PlannedChange> with_pinned_things(std::vector<PlannedChange> changes) {
    const auto pins = can_.views_pin_columns ? pins_of(changes) : std::vector<Pin>{};
    const auto unsettled = unsettled_tables(changes);
    changes = with_pinned_views(std::move(changes), pins, unsettled);
    if (can_.views_pin_columns) changes = with_pinned_triggers(std::move(changes), pins);
    changes = with_split_changes(std::move(changes), unsettled);
    if (can_.keys_pin_columns) changes = with_pinned_keys(std::move(changes), pins_of(changes));
    return changes;
  }

  /// A trigger or policy that changes while names that it uses go away is dropped first and made again last, and so is a
  /// key over other columns.
  std::vector<PlannedChange> with_split_changes(std::vector<PlannedChange> changes, const std::set<std::string>& unsettled) const {
    std::map<QualifiedName, std::set<std::string>> moving;  // columns that come or go
    for (const auto& change : changes) {
      if (const auto* remove = get<Remove<Column>>(change)) moving[remove->table].insert(remove->object.name);
      if (const auto* add = get<Add<Column>>(change)) moving[add->table].insert(add->object.name);
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
      const auto* key = get<Change<ForeignKey>>(change);
      if (key != nullptr && keys_apart() && joins_others(key->before, key->after)) {
        out.push_back({Remove<ForeignKey>{key->table, key->before}});
        out.push_back({Add<ForeignKey>{key->table, key->after}});
        continue;
      }
      const auto* policy = get<Change<Policy>>(change);
      if (policy != nullptr && (mentions_any(policy_text(policy->before), unsettled) || mentions_any(policy_text(policy->after), unsettled))) {
        out.push_back({Remove<Policy>{policy->table, policy->before}});
        out.push_back({Add<Policy>{policy->table, policy->after}});
        continue;
      }
      const auto* trigger = get<Change<Trigger>>(change);
      if (trigger == nullptr || !(mentions_any(trigger->before.definition, unsettled) || mentions_any(trigger->after.definition, unsettled))) {
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
                                               const std::set<std::string>& unsettled) {
    std::set<QualifiedName> again;
    std::set<QualifiedName> altered;
    std::set<QualifiedName> gone;
    for (const auto& change : changes) {
      if (const auto* alter = get<Alter<View>>(change)) {
        altered.insert(alter->before.name);
        if (mentions_any(alter->before.definition, unsettled) || mentions_any(alter->after.definition, unsettled)) again.insert(alter->before.name);
      }
      if (const auto* drop = get<Drop<View>>(change)) gone.insert(drop->object.name);
    }
    std::set<QualifiedName> replaced;  // by a view of another kind
    for (const auto& change : changes) {
      const auto* create = get<Create<View>>(change);
      if (create != nullptr && gone.contains(create->object.name)) replaced.insert(create->object.name);
    }
    for (const auto& view : live_.views) {
      const bool pinned = std::any_of(pins.begin(), pins.end(), [&](const Pin& pin) {
        return mentions(view.definition, pin.table.name, rules_) && mentions(view.definition, pin.column, rules_);
      });
      if (pinned) again.insert(view.name);
    }
    for (bool grew = true; grew;) {
      grew = false;
      for (const auto& view : live_.views) {
        if (again.contains(view.name)) continue;
        const auto over = [&](const QualifiedName& other) { return other != view.name && mentions(view.definition, other.name, rules_); };
        for (const auto& other : altered) {
          if (can_.views_pin_columns && over(other) && again.insert(other).second) grew = true;
        }
        if (gone.contains(view.name)) continue;
        if (std::any_of(again.begin(), again.end(), over) || std::any_of(replaced.begin(), replaced.end(), over)) grew = again.insert(view.name).second || grew;
      }
    }
    std::vector<PlannedChange> out;
    for (auto& change : changes) {
      const auto* alter = get<Alter<View>>(change);
      const auto* create = get<Create<View>>(change);
      const auto* rename = get<Rename<View>>(change);
      if (rename != nullptr && again.contains(rename->to)) continue;  // dropped by its old name, made by its new one
      if (alter != nullptr && again.contains(alter->before.name)) continue;
      if (create != nullptr && gone.contains(create->object.name)) again.erase(create->object.name);
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
      out.push_back({Create<View>{*after}});
    }
    return out;
  }

  /// Rules and the like on what is made again or on columns that change: they go before and come back after.
  std::vector<PlannedChange> with_pinned_definitions(std::vector<PlannedChange> changes, const std::vector<Pin>& pins,
                                                     const std::set<std::string>& unsettled, const std::set<QualifiedName>& again) const {
    if (!can_.views_pin_columns) return changes;
    std::vector<PlannedChange> out;
    std::set<std::pair<std::string, QualifiedName>> touched;
    for (auto& change : changes) {
      if (const auto* drop = get<Drop<Definition>>(change)) touched.insert({drop->object.kind, drop->object.name});
      const auto* alter = get<Alter<Definition>>(change);
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
      const auto names = [&](const std::string& name) { return mentions(definition.definition, name, rules_); };
      const bool pinned = std::any_of(pins.begin(), pins.end(), [&](const Pin& pin) { return names(pin.table.name) && names(pin.column); }) ||
                          std::any_of(again.begin(), again.end(), [&](const QualifiedName& view) { return names(view.name); }) ||
                          mentions_any(definition.definition, unsettled);
      if (!pinned) continue;
      for (const auto& after : declared_.definitions) {
        if (after.kind != definition.kind || after.name != definition.name) continue;
        out.push_back({Drop<Definition>{definition}});
        out.push_back({Create<Definition>{after}});
      }
    }
    return out;
  }

  std::vector<PlannedChange> with_pinned_triggers(std::vector<PlannedChange> changes, const std::vector<Pin>& pins) {
    const auto touched = [&]<class T>(const QualifiedName& table, const T& part) {
      return std::any_of(changes.begin(), changes.end(), [&](const PlannedChange& change) {
        const auto* remove = get<Remove<T>>(change);
        const auto* replace = get<Change<T>>(change);
        return (remove != nullptr && remove->table == table && remove->object.name == part.name) ||
               (replace != nullptr && replace->table == table && replace->before.name == part.name);
      });
    };
    const auto remake = [&]<class T>(const Pin& pin, const std::vector<T>& before, const std::vector<T>& after, const auto& text) {
      for (const auto& part : before) {
        const auto* now = find_named(after, part.name);
        if (now == nullptr || touched(pin.table, part) || !mentions(text(part), pin.column, rules_)) continue;
        changes.push_back({Remove<T>{pin.table, part}});
        changes.push_back({Add<T>{pin.table, *now}});
      }
    };
    for (const auto& pin : pins) {
      const auto* before = find_named(live_.tables, pin.table);
      const auto* after = find_named(declared_.tables, pin.table);
      if (before == nullptr || after == nullptr) continue;
      remake(pin, before->triggers, after->triggers, [](const Trigger& trigger) { return trigger.definition; });
      remake(pin, before->policies, after->policies, [](const Policy& policy) { return policy.using_expression + " " + policy.check_expression; });
    }
    return changes;
  }

  /// A key over a column (either end) that changes its type is dropped first and added last.
  std::vector<PlannedChange> with_pinned_keys(std::vector<PlannedChange> changes, const std::vector<Pin>& pins) {
    std::set<std::pair<QualifiedName, std::string>> touched;
    for (const auto& change : changes) {
      if (const auto* remove = get<Remove<ForeignKey>>(change)) touched.emplace(remove->table, remove->object.name);
      if (const auto* replace = get<Change<ForeignKey>>(change)) touched.emplace(replace->table, replace->before.name);
      if (const auto* rename = get<RenamePart<ForeignKey>>(change)) touched.emplace(rename->table, rename->from);
    }
    const auto pinned = [&](const QualifiedName& table, const std::vector<std::string>& columns) {
      return std::any_of(pins.begin(), pins.end(), [&](const Pin& pin) {
        return pin.table == table && std::find(columns.begin(), columns.end(), pin.column) != columns.end();
      });
    };
    for (const auto& table : live_.tables) {
      const auto* after = find_named(declared_.tables, table.name);
      if (after == nullptr || pins.empty()) continue;
      for (const auto& key : table.foreign_keys) {
        if (touched.contains({table.name, key.name})) continue;
        if (!pinned(table.name, key.columns) && !pinned(key.references, key.referenced_columns)) continue;
        changes.push_back({Remove<ForeignKey>{table.name, key}});
        changes.push_back({Add<ForeignKey>{table.name, key}});
      }
    }
    return changes;
  }

  // ---- sorting into places -------------------------------------------------------------------------------------------

  /// Where keys are checked when they are made, they go before everything and come after everything.
  [[nodiscard]] bool keys_apart() const { return can_.alter_column_in_place; }

  void sort_in(PlannedChange change) { std::visit([&](const auto& operation) { place(operation, change); }, change.operation); }

  void place(const CreateSchema&, PlannedChange& change) { first_.push_back(std::move(change)); }
  void place(const SetDatabaseOptions&, PlannedChange& change) { first_.push_back(std::move(change)); }
  void place(const Create<Extension>&, PlannedChange& change) { first_.push_back(std::move(change)); }
  void place(const Alter<Extension>&, PlannedChange& change) { first_.push_back(std::move(change)); }
  void place(const Drop<Extension>&, PlannedChange& change) { last_.push_back(std::move(change)); }
  void place(const DropSchema&, PlannedChange& change) { last_.push_back(std::move(change)); }
  void place(const Sql&, PlannedChange& change) { last_.push_back(std::move(change)); }
  template <class T>
  void place(const Rename<T>&, PlannedChange& change) {
    first_.push_back(std::move(change));
  }

  template <class T>
  void place(const Create<T>&, PlannedChange& change) {
    creates_.push_back(std::move(change));
  }
  template <class T>
  void place(const Alter<T>&, PlannedChange& change) {
    creates_.push_back(std::move(change));
  }
  template <class T>
  void place(const Drop<T>&, PlannedChange& change) {
    drops_.push_back(std::move(change));
  }

  void place(const Create<View>& op, PlannedChange& change) {
    View view = op.object;
    for (const auto& trigger : view.triggers) creates_.push_back({Add<Trigger>{view.name, trigger}});
    view.triggers.clear();
    change.operation = Create<View>{std::move(view)};
    creates_.push_back(std::move(change));
  }
  void place(const Drop<View>& op, PlannedChange& change) {
    View view = op.object;
    for (const auto& trigger : view.triggers) early_drops_.push_back({Remove<Trigger>{view.name, trigger}});
    view.triggers.clear();
    change.operation = Drop<View>{std::move(view)};
    early_drops_.push_back(std::move(change));
  }

  void place(const Drop<Definition>& op, PlannedChange& change) {
    if (stands_on_tables(op.object)) early_drops_.push_back(std::move(change));
    else drops_.push_back(std::move(change));
  }

  void place(const Create<Table>& op, PlannedChange& change) {
    Table table = op.object;
    for (const auto& policy : table.policies) creates_.push_back({Add<Policy>{table.name, policy}});
    for (const auto& trigger : table.triggers) creates_.push_back({Add<Trigger>{table.name, trigger}});
    table.policies.clear();
    table.triggers.clear();
    change.operation = Create<Table>{std::move(table)};
    creates_.push_back(std::move(change));
  }
  void place(const Drop<Table>& op, PlannedChange& change) {
    Table table = op.object;
    for (const auto& trigger : table.triggers) early_drops_.push_back({Remove<Trigger>{table.name, trigger}});
    for (const auto& policy : table.policies) early_drops_.push_back({Remove<Policy>{table.name, policy}});
    table.policies.clear();
    table.triggers.clear();
    change.operation = Drop<Table>{std::move(table)};
    drops_.push_back(std::move(change));
  }
  void place(const Alter<Table>& op, PlannedChange& change) { into_group(op.before.name, change); }

  /// It is given away last, when the column is there, and taken from its column first, which may go.
  void place(const Alter<Sequence>& op, PlannedChange& change) {
    if (op.before.owned_by == op.after.owned_by) {
      creates_.push_back(std::move(change));
      return;
    }
    Sequence before = op.before;
    Sequence after = op.after;
    before.owned_by.clear();
    after.owned_by.clear();
    if (before != op.before) first_.push_back({Alter<Sequence>{op.before, before}});
    if (before != after) creates_.push_back({Alter<Sequence>{before, after}});
    if (after != op.after) last_.insert(last_.begin(), {Alter<Sequence>{after, op.after}});
  }

  /// An owned sequence is made before its table and given to it afterwards; the other way round when dropped.
  void place(const Create<Sequence>& op, PlannedChange& change) {
    if (!op.object.owned_by.empty()) {
      Sequence free = op.object;
      free.owned_by.clear();
      last_.insert(last_.begin(), {Alter<Sequence>{free, op.object}});
      change.operation = Create<Sequence>{free};
    }
    creates_.push_back(std::move(change));
  }
  void place(const Drop<Sequence>& op, PlannedChange& change) {
    if (!op.object.owned_by.empty()) {
      Sequence free = op.object;
      free.owned_by.clear();
      first_.push_back({Alter<Sequence>{op.object, free}});
      change.operation = Drop<Sequence>{free};
    }
    drops_.push_back(std::move(change));
  }

  template <class T>
  void place(const Add<T>& op, PlannedChange& change) {
    into_group(op.table, change);
  }
  template <class T>
  void place(const Remove<T>& op, PlannedChange& change) {
    into_group(op.table, change);
  }
  template <class T>
  void place(const Change<T>& op, PlannedChange& change) {
    into_group(op.table, change);
  }
  template <class T>
  void place(const RenamePart<T>& op, PlannedChange& change) {
    into_group(op.table, change);
  }
  void place(const RenamePart<Column>&, PlannedChange& change) { first_.push_back(std::move(change)); }
  void place(const ReorderColumns& op, PlannedChange& change) { into_group(op.table, change); }

  void place(const Remove<ForeignKey>& op, PlannedChange& change) {
    if (keys_apart()) removed_keys_.push_back(std::move(change));
    else into_group(op.table, change);
  }
  void place(const Add<ForeignKey>& op, PlannedChange& change) {
    if (keys_apart()) added_keys_.push_back(std::move(change));
    else into_group(op.table, change);
  }
  void place(const Change<ForeignKey>& op, PlannedChange& change) {
    if (keys_apart()) added_keys_.push_back(std::move(change));
    else into_group(op.table, change);
  }
  void place(const Remove<Trigger>&, PlannedChange& change) { early_drops_.push_back(std::move(change)); }
  void place(const Remove<Policy>&, PlannedChange& change) { early_drops_.push_back(std::move(change)); }
  void place(const Add<Trigger>&, PlannedChange& change) { creates_.push_back(std::move(change)); }
  void place(const Change<Trigger>&, PlannedChange& change) { creates_.push_back(std::move(change)); }
  void place(const Add<Policy>&, PlannedChange& change) { creates_.push_back(std::move(change)); }
  void place(const Change<Policy>&, PlannedChange& change) { creates_.push_back(std::move(change)); }

  void into_group(const QualifiedName& table, PlannedChange& change) {
    const auto [it, fresh] = group_of_.emplace(table, groups_.size());
    if (fresh) groups_.push_back({table, {}});
    groups_[it->second].changes.push_back(std::move(change));
  }

  // ---- inside a table ------------------------------------------------------------------------------------------------

  struct TableGroup {
    QualifiedName table;
    std::vector<PlannedChange> changes;
  };

  /// What is over columns goes before them and comes after them; computed columns go before and come after plain ones.
  struct Rank {
    template <class T>
    int operator()(const RenamePart<T>&) const {
      return 0;
    }
    template <class T>
    int operator()(const Remove<T>&) const {
      return 10;
    }
    int operator()(const Remove<PrimaryKey>&) const { return 12; }
    int operator()(const Remove<Column>& op) const { return op.object.generated ? 20 : 45; }
    int operator()(const Alter<Table>&) const { return 25; }
    int operator()(const Add<Column>& op) const { return op.object.generated ? 40 : 30; }
    int operator()(const Change<Column>& op) const { return op.after.generated ? 42 : 35; }
    int operator()(const ReorderColumns&) const { return 50; }
    int operator()(const Add<PrimaryKey>&) const { return 60; }
    int operator()(const Change<PrimaryKey>&) const { return 60; }
    template <class T>
    int operator()(const Change<T>&) const {
      return 70;
    }
    template <class T>
    int operator()(const Add<T>&) const {
      return 80;
    }
    int operator()(const Add<ForeignKey>&) const { return 90; }
    template <class T>
    int operator()(const T&) const {
      return 95;
    }
  };

  void order_table_groups() {
    for (auto& group : groups_) {
      std::stable_sort(group.changes.begin(), group.changes.end(), [](const PlannedChange& a, const PlannedChange& b) {
        return std::visit(Rank{}, a.operation) < std::visit(Rank{}, b.operation);
      });
      settle_places<Add<Column>>(group.changes.rbegin(), group.changes.rend());
      settle_places<Remove<Column>>(group.changes.begin(), group.changes.end());
    }
  }

  /// A column cannot stand behind one that is not there yet: a computed one comes after plain ones (and when drops are
  /// undone, too). It stands behind that one's own neighbour then, and the other gets in between.
  template <class Op, class Iterator>
  static void settle_places(Iterator from, Iterator to) {
    std::map<std::string, std::optional<std::string>> later;
    for (; from != to; ++from) {
      auto* op = std::get_if<Op>(&from->operation);
      if (op == nullptr) continue;
      while (op->after && later.count(*op->after) != 0) op->after = std::optional<std::string>(later[*op->after]);
      later[op->object.name] = op->after;
    }
  }

  // ---- across objects ------------------------------------------------------------------------------------------------

  static Dependent dependent_of(const PlannedChange& change, bool keys) {
    return std::visit(
        overloaded{
            [&](const Create<Table>& op) { return dependent(op.object, keys); },
            [&](const Drop<Table>& op) { return dependent(op.object, keys); },
            [](const Add<Trigger>& op) { return dependent(op.object); },
            [](const Change<Trigger>& op) { return dependent(op.after); },
            [](const Remove<Trigger>& op) { return dependent(op.object); },
            [](const RenamePart<Trigger>&) { return Dependent{}; },
            [](const Add<Policy>& op) { return dependent(op.object, op.table); },
            [](const Change<Policy>& op) { return dependent(op.after, op.table); },
            [](const Remove<Policy>& op) { return dependent(op.object, op.table); },
            []<class T>(const Create<T>& op) -> Dependent {
              if constexpr (requires { dependent(op.object); }) return dependent(op.object);
              else return {};
            },
            []<class T>(const Alter<T>& op) -> Dependent {
              if constexpr (requires { dependent(op.after); }) return dependent(op.after);
              else return {};
            },
            []<class T>(const Drop<T>& op) -> Dependent {
              if constexpr (requires { dependent(op.object); }) return dependent(op.object);
              else return {};
            },
            [](const auto&) { return Dependent{}; },
        },
        change.operation);
  }

  /// Everything that the group's operations bring in, under the table's name.
  Dependent dependent_of(const TableGroup& group) const {
    Table added{.name = group.table};
    for (const auto& change : group.changes) {
      if (const auto* column = get<Add<Column>>(change)) added.columns.push_back(column->object);
      if (const auto* column = get<Change<Column>>(change)) added.columns.push_back(column->after);
      if (const auto* check = get<Add<Check>>(change)) added.checks.push_back(check->object);
      if (const auto* check = get<Change<Check>>(change)) added.checks.push_back(check->after);
      if (const auto* index = get<Add<Index>>(change)) added.indexes.push_back(index->object);
      if (const auto* index = get<Change<Index>>(change)) added.indexes.push_back(index->after);
      if (const auto* exclusion = get<Add<Exclusion>>(change)) added.exclusions.push_back(exclusion->object);
    }
    Dependent out = dependent(added, false);
    if (find_named(live_.views, group.table) != nullptr) out.phase = 41;
    else out.phase -= 5;
    return out;
  }

  std::vector<PlannedChange> created_objects() {
    std::vector<Dependent> things;
    for (const auto& change : creates_) things.push_back(dependent_of(change, keys_apart()));
    for (const auto& group : groups_) things.push_back(dependent_of(group));
    std::vector<PlannedChange> out;
    std::set<QualifiedName> pending;
    for (const auto& change : creates_) {
      if (const auto* create = get<Create<Table>>(change)) pending.insert(create->object.name);
    }
    std::vector<std::set<std::size_t>> needs;
    std::vector<bool> late_before(things.size());
    for (const auto i : dependency_order(things, rules_, &needs)) {
      // What needs a view, a trigger or a policy comes with them.
      const bool late = (i < creates_.size() && is_late(creates_[i])) || std::any_of(needs[i].begin(), needs[i].end(), [&](auto n) { return late_before[n]; });
      late_before[i] = late;
      if (i >= creates_.size()) {
        append(late ? late_ : out, std::move(groups_[i - creates_.size()].changes));
        continue;
      }
      if (auto* create = std::get_if<Create<Table>>(&creates_[i].operation); create != nullptr && keys_apart()) {
        pending.erase(create->object.name);
        for (auto& key : split_pending_keys(create->object, pending)) added_keys_.push_back({Add<ForeignKey>{create->object.name, std::move(key)}});
      }
      (late ? late_ : out).push_back(std::move(creates_[i]));
    }
    return out;
  }

  static bool stands_on_tables(const Definition& definition) { return definition.kind != "type" && definition.kind != "aggregate"; }

  /// Views, triggers and policies come last of all, when keys and drops are done; in the order found.
  static bool is_late(const PlannedChange& change) {
    return std::visit(overloaded{[](const Create<View>&) { return true; }, [](const Alter<View>&) { return true; },
                                 [](const Add<Trigger>&) { return true; }, [](const Change<Trigger>&) { return true; },
                                 [](const Add<Policy>&) { return true; }, [](const Change<Policy>&) { return true; },
                                 [](const Create<Definition>& op) { return stands_on_tables(op.object); },
                                 [](const Alter<Definition>& op) { return stands_on_tables(op.after); },
                                 [](const auto&) { return false; }},
                      change.operation);
  }

  std::vector<PlannedChange> created_dependents() { return std::move(late_); }

  static std::vector<ForeignKey> split_pending_keys(Table& table, const std::set<QualifiedName>& pending) {
    std::vector<ForeignKey> split;
    std::vector<ForeignKey> kept;
    for (auto& key : table.foreign_keys) {
      (pending.contains(key.references) && key.references != table.name ? split : kept).push_back(std::move(key));
    }
    table.foreign_keys = std::move(kept);
    return split;
  }

  /// The drops of what stands in the way of something new by its name; they are taken out of `drops`.
  std::vector<PlannedChange> making_room(std::vector<PlannedChange>& drops) const {
    std::set<std::string> wanted;
    for (const auto& change : creates_) wanted.insert(place_of_name(change.operation));
    wanted.erase("");
    std::vector<PlannedChange> out;
    for (auto it = drops.begin(); it != drops.end();) {
      if (!wanted.contains(place_of_name(it->operation))) {
        ++it;
        continue;
      }
      out.push_back(std::move(*it));
      it = drops.erase(it);
    }
    return out;
  }

  /// What no two objects can have at the same time: a relation's or type's name, a routine's with its arguments.
  static std::string place_of_name(const Operation& operation) {
    return std::visit(overloaded{[](const Create<Routine>& op) { return "routine " + op.object.name.text() + "(" + op.object.arguments + ")"; },
                                 [](const Drop<Routine>& op) { return "routine " + op.object.name.text() + "(" + op.object.arguments + ")"; },
                                 [](const Create<Extension>&) { return std::string(); }, [](const Drop<Extension>&) { return std::string(); },
                                 []<class T>(const Create<T>& op) { return op.object.name.text(); },
                                 []<class T>(const Drop<T>& op) { return op.object.name.text(); }, [](const auto&) { return std::string(); }},
                      operation);
  }

  std::vector<PlannedChange> reversed_by_dependency(std::vector<PlannedChange> changes) {
    std::vector<Dependent> things;
    for (const auto& change : changes) things.push_back(dependent_of(change, keys_apart()));
    std::vector<PlannedChange> out;
    for (const auto i : dependency_order(things, rules_)) out.push_back(std::move(changes[i]));
    std::reverse(out.begin(), out.end());
    return out;
  }

  /// They go before anything is renamed, under the names and with the definitions that they have in the database.
  std::vector<PlannedChange> dropped_dependents() {
    for (auto& change : early_drops_) {
      if (auto* view = std::get_if<Drop<View>>(&change.operation)) {
        if (const auto* before = find_named(original_.views, former_.view(view->object.name))) {
          view->object = *before;
          view->object.triggers.clear();
        }
      } else if (auto* trigger = std::get_if<Remove<Trigger>>(&change.operation)) {
        use_original(*trigger, &Table::triggers);
      } else if (auto* policy = std::get_if<Remove<Policy>>(&change.operation)) {
        use_original(*policy, &Table::policies);
      }
    }
    return reversed_by_dependency(std::move(early_drops_));
  }

  template <class T>
  void use_original(Remove<T>& remove, std::vector<T> Table::*parts) const {
    const auto* table = find_named(original_.tables, former_.table(remove.table));
    const auto* before = table == nullptr ? nullptr : find_named(table->*parts, remove.object.name);
    if (before != nullptr) {
      remove.object = *before;
      remove.table = table->name;
    } else if constexpr (std::is_same_v<T, Trigger>) {
      const auto* view = find_named(original_.views, former_.view(remove.table));
      const auto* own = view == nullptr ? nullptr : find_named(view->triggers, remove.object.name);
      if (own != nullptr) {
        remove.object = *own;
        remove.table = view->name;
      }
    }
  }

  /// Keys among dropped tables that would be in the way (cycles) are removed on their own before.
  std::vector<PlannedChange> dropped_objects() {
    auto out = reversed_by_dependency(std::move(drops_));
    if (!keys_apart()) return out;
    std::set<QualifiedName> pending;
    for (const auto& change : out) {
      if (const auto* drop = get<Drop<Table>>(change)) pending.insert(drop->object.name);
    }
    // Backwards is the order of making: what is not made yet cannot be referred to.
    for (auto it = out.rbegin(); it != out.rend(); ++it) {
      auto* drop = std::get_if<Drop<Table>>(&it->operation);
      if (drop == nullptr) continue;
      pending.erase(drop->object.name);
      for (auto& key : split_pending_keys(drop->object, pending)) split_keys_.push_back({Remove<ForeignKey>{drop->object.name, std::move(key)}});
    }
    return out;
  }

  const Schema& original_;  ///< before the renames
  const Schema& live_;      ///< with the renames made
  const Schema& declared_;
  FormerNames former_;
  const LexicalRules& rules_;
  const Capabilities& can_;
  std::vector<PlannedChange> first_;
  std::vector<PlannedChange> early_drops_;
  std::vector<PlannedChange> removed_keys_;
  std::vector<PlannedChange> split_keys_;
  std::vector<PlannedChange> creates_;
  std::vector<PlannedChange> drops_;
  std::vector<PlannedChange> added_keys_;
  std::vector<PlannedChange> late_;
  std::vector<PlannedChange> last_;
  std::vector<TableGroup> groups_;
  std::map<QualifiedName, std::size_t> group_of_;
};

}  // namespace

std::vector<PlannedChange> order(std::vector<PlannedChange> changes, const Schema& original, const Schema& live, const Schema& declared,
                                 const Dialect& dialect, const ServerInfo& server) {
  return Orderer(original, live, declared, dialect, server).run(std::move(changes));
}

}  // namespace migrate
