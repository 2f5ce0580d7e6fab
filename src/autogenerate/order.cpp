#include <algorithm>
#include <map>
#include <set>

#include "autogenerate/compare.hpp"
#include "autogenerate/dependencies.hpp"
#include "autogenerate/former_names.hpp"
#include "core/text.hpp"
#include "dialect/canonical.hpp"
#include "dialect/sql.hpp"
#include "schema/lookup.hpp"

namespace migrate {
namespace {

/// Drops come out of here in the reverse of the order in which their objects could be made, so that the downgrade, which
/// runs everything backwards, makes them in that very order.
class Orderer {
 public:
  Orderer(const Schema& original, const Schema& live, const Schema& declared, const Dialect& dialect, const ServerInfo& server)
      : original_(original), live_(live), declared_(declared), dialect_(dialect), can_(server.capabilities),
        original_needs_(original.dependencies, dialect.sql().lexical_rules()), live_needs_(live.dependencies, dialect.sql().lexical_rules()),
        declared_needs_(declared.dependencies, dialect.sql().lexical_rules()) {}

  std::vector<PlannedChange> run(std::vector<PlannedChange> changes) {
    former_ = FormerNames(changes);
    changes = with_pinned(std::move(changes), live_, declared_, dialect_.sql().lexical_rules(), can_);
    for (const auto& change : changes) {
      if (const auto* drop = change.as<Drop<View>>()) dropped_views_.insert(drop->object.name);
    }
    for (auto& change : changes) sort_in(std::move(change));
    order_table_groups();
    std::vector<PlannedChange> out;
    append(out, dropped_dependents());
    append(out, first_);
    auto drops = dropped_objects();  // splits keys off, which have to go before everything else
    append(removed_keys_, std::move(split_keys_));
    append(removed_keys_, making_room(drops));
    if (!can_.expressions_follow_renames) use_former_columns(removed_keys_);
    append(out, std::move(removed_keys_));
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
  void place(const SetAccess&, PlannedChange& change) { last_.push_back(std::move(change)); }
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

  /// One that is bound to a view goes with it.
  void place(const Drop<Routine>& op, PlannedChange& change) {
    const auto needs = live_needs_.bound(op.object);
    const bool bound = std::any_of(dropped_views_.begin(), dropped_views_.end(), [&](const QualifiedName& view) { return live_needs_.stands_on(needs, view, "", ""); });
    (bound ? early_drops_ : drops_).push_back(std::move(change));
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
  void place(const RenamePart<Column>& op, PlannedChange& change) {
    if (can_.expressions_follow_renames) first_.push_back(std::move(change));
    else into_group(op.table, change);
  }
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
      std::set<std::string> wanted;  // by renames, which come first
      for (const auto& change : group.changes) std::visit(overloaded{[&]<class T>(const RenamePart<T>& op) { wanted.insert(op.to); }, [](const auto&) {}}, change.operation);
      const auto rank = [&](const PlannedChange& change) {
        const bool in_the_way = std::visit(overloaded{[](const Remove<Column>&) { return false; },
                                                      [&]<class T>(const Remove<T>& op) { return wanted.contains(op.object.name); }, [](const auto&) { return false; }},
                                           change.operation);
        return in_the_way ? -1 : std::visit(Rank{}, change.operation);
      };
      std::stable_sort(group.changes.begin(), group.changes.end(), [&](const PlannedChange& a, const PlannedChange& b) { return rank(a) < rank(b); });
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

  /// `gone`: what the objects that go stand on, under the names that they have then.
  Dependent dependent_of(const PlannedChange& change, const Needs& gone) const {
    const auto& made = declared_needs_;
    return std::visit(
        overloaded{
            [&](const Create<Table>& op) { return dependent(op.object, made, keys_apart()); },
            [&](const Drop<Table>& op) { return dependent(op.object, gone, keys_apart()); },
            [&](const Add<Trigger>& op) { return dependent(op.object, made); },
            [&](const Change<Trigger>& op) { return dependent(op.after, made); },
            [&](const Remove<Trigger>& op) { return dependent(op.object, gone); },
            [&](const Add<Policy>& op) { return dependent(op.object, op.table, made); },
            [&](const Change<Policy>& op) { return dependent(op.after, op.table, made); },
            [&](const Remove<Policy>& op) { return dependent(op.object, op.table, gone); },
            [&]<class T>(const Create<T>& op) -> Dependent {
              if constexpr (requires { dependent(op.object, made); }) return dependent(op.object, made);
              else return {};
            },
            [&]<class T>(const Alter<T>& op) -> Dependent {
              if constexpr (requires { dependent(op.after, made); }) return dependent(op.after, made);
              else return {};
            },
            [&]<class T>(const Drop<T>& op) -> Dependent {
              if constexpr (requires { dependent(op.object, gone); }) return dependent(op.object, gone);
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
      if (const auto* column = change.as<Add<Column>>()) added.columns.push_back(column->object);
      if (const auto* column = change.as<Change<Column>>()) added.columns.push_back(column->after);
      if (const auto* check = change.as<Add<Check>>()) added.checks.push_back(check->object);
      if (const auto* check = change.as<Change<Check>>()) added.checks.push_back(check->after);
      if (const auto* index = change.as<Add<Index>>()) added.indexes.push_back(index->object);
      if (const auto* index = change.as<Change<Index>>()) added.indexes.push_back(index->after);
      if (const auto* exclusion = change.as<Add<Exclusion>>()) added.exclusions.push_back(exclusion->object);
    }
    Dependent out = dependent(added, declared_needs_, false);
    if (find_named(live_.views, group.table) != nullptr) out.phase = 41;
    else out.phase -= 5;
    return out;
  }

  std::vector<PlannedChange> created_objects() {
    std::vector<Dependent> things;
    for (const auto& change : creates_) things.push_back(dependent_of(change, live_needs_));
    for (const auto& group : groups_) things.push_back(dependent_of(group));
    std::vector<PlannedChange> out;
    std::set<QualifiedName> pending;
    for (const auto& change : creates_) {
      if (const auto* create = change.as<Create<Table>>()) pending.insert(create->object.name);
    }
    std::vector<std::set<std::size_t>> needs;
    std::vector<bool> late_before(things.size());
    for (const auto i : dependency_order(things, &needs)) {
      // What needs a view, a trigger or a policy comes with them.
      const bool late = (i < creates_.size() && is_late(creates_[i])) || std::any_of(needs[i].begin(), needs[i].end(), [&](auto n) { return late_before[n]; });
      late_before[i] = late;
      if (i >= creates_.size()) {
        append(late ? late_ : out, std::move(groups_[i - creates_.size()].changes));
        continue;
      }
      if (auto* create = std::get_if<Create<Table>>(&creates_[i].operation); create != nullptr && keys_apart()) {
        pending.erase(create->object.name);
        for (auto& key : split_keys(create->object, [&](const QualifiedName& table) { return pending.contains(table); })) added_keys_.push_back({Add<ForeignKey>{create->object.name, std::move(key)}});
      }
      (late ? late_ : out).push_back(std::move(creates_[i]));
    }
    return out;
  }

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

  /// Takes the keys to other tables that cannot stay out of a table.
  template <class Test>
  static std::vector<ForeignKey> split_keys(Table& table, const Test& must_go) {
    std::vector<ForeignKey> split;
    std::vector<ForeignKey> kept;
    for (auto& key : table.foreign_keys) {
      (key.references != table.name && must_go(key.references) ? split : kept).push_back(std::move(key));
    }
    table.foreign_keys = std::move(kept);
    return split;
  }

  /// What stands in the way of something new by its name; it is taken out of `drops` and of the groups of other tables.
  std::vector<PlannedChange> making_room(std::vector<PlannedChange>& drops) {
    static constexpr std::size_t no_group = static_cast<std::size_t>(-1);
    std::map<std::string, std::set<std::size_t>> wanted;  // by which groups
    const auto want = [&](const PlannedChange& change, std::size_t group) {
      for (const auto& name : names_of(change.operation).taken) wanted[name].insert(group);
    };
    for (const auto& change : creates_) want(change, no_group);
    for (std::size_t i = 0; i < groups_.size(); ++i) {
      for (const auto& change : groups_[i].changes) want(change, i);
    }
    std::vector<PlannedChange> out;
    const auto take_from = [&](std::vector<PlannedChange>& changes, std::size_t group) {
      const auto stays = std::stable_partition(changes.begin(), changes.end(), [&](const PlannedChange& change) {
        const auto freed = names_of(change.operation).freed;
        return std::none_of(freed.begin(), freed.end(), [&](const std::string& name) {
          const auto by = wanted.find(name);
          return by != wanted.end() && (by->second.size() > 1 || !by->second.contains(group) || group == no_group);
        });
      });
      out.insert(out.end(), std::make_move_iterator(stays), std::make_move_iterator(changes.end()));
      changes.erase(stays, changes.end());
    };
    if (wanted.empty()) return out;
    take_from(drops, no_group);
    for (std::size_t i = 0; i < groups_.size(); ++i) take_from(groups_[i].changes, i);
    return out;
  }

  /// Names that no two objects of a schema can have at the same time: of relations and types, of routines with their
  /// arguments, and of the parts of tables of which the engine says so.
  struct Names {
    std::vector<std::string> taken;
    std::vector<std::string> freed;
  };

  [[nodiscard]] Names names_of(const Operation& operation) const {
    return std::visit(overloaded{[](const Create<Extension>&) { return Names{}; }, [](const Drop<Extension>&) { return Names{}; },
                                 [&]<class T>(const Create<T>& op) { return Names{.taken = names_of_object(op.object), .freed = {}}; },
                                 [&]<class T>(const Drop<T>& op) { return Names{.taken = {}, .freed = names_of_object(op.object)}; },
                                 [&]<class T>(const Add<T>& op) { return Names{.taken = names_of_part(op.table, op.object), .freed = {}}; },
                                 [&]<class T>(const Remove<T>& op) { return Names{.taken = {}, .freed = names_of_part(op.table, op.object)}; },
                                 [&]<class T>(const RenamePart<T>& op) {
                                   return Names{.taken = names_of_part(op.table, T{.name = op.to}), .freed = names_of_part(op.table, T{.name = op.from})};
                                 },
                                 [](const auto&) { return Names{}; }},
                      operation);
  }

  template <class T>
  [[nodiscard]] std::vector<std::string> names_of_object(const T& object) const {
    if constexpr (std::is_same_v<T, Routine>) {
      return {"routine " + object.name.text() + "(" + object.arguments + ")"};
    } else {
      std::vector<std::string> names{object.name.text()};
      if constexpr (std::is_same_v<T, Table>) {
        for (auto& name : dialect_.canonical().schema_wide_names(object)) names.push_back(std::move(name));
      }
      return names;
    }
  }

  template <class T>
  [[nodiscard]] std::vector<std::string> names_of_part(const QualifiedName& name, const T& part) const {
    Table table{.name = name};
    if constexpr (std::is_same_v<T, Index>) table.indexes.push_back(part);
    if constexpr (std::is_same_v<T, Unique>) table.uniques.push_back(part);
    if constexpr (std::is_same_v<T, Exclusion>) table.exclusions.push_back(part);
    if constexpr (std::is_same_v<T, PrimaryKey>) table.primary_key = part;
    return dialect_.canonical().schema_wide_names(table);
  }

  std::vector<PlannedChange> reversed_by_dependency(std::vector<PlannedChange> changes, const Needs& gone) const {
    std::vector<Dependent> things;
    for (const auto& change : changes) things.push_back(dependent_of(change, gone));
    std::vector<PlannedChange> out;
    for (const auto i : dependency_order(things)) out.push_back(std::move(changes[i]));
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
    return reversed_by_dependency(std::move(early_drops_), original_needs_);
  }

  /// What goes before columns are renamed has keys over them by the names that they have in the database.
  void use_former_columns(std::vector<PlannedChange>& changes) const {
    const auto restore = [&](ForeignKey& key, const QualifiedName& table) {
      for (auto& column : key.columns) column = former_.column(table, column);
      for (auto& column : key.referenced_columns) column = former_.column(key.references, column);
    };
    for (auto& change : changes) {
      if (auto* remove = std::get_if<Remove<ForeignKey>>(&change.operation)) restore(remove->object, remove->table);
      if (auto* drop = std::get_if<Drop<Table>>(&change.operation)) {
        for (auto& key : drop->object.foreign_keys) restore(key, drop->object.name);
      }
    }
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

  /// Whether something of the table goes or changes that a key to it may stand on.
  [[nodiscard]] bool loses_parts(const QualifiedName& table) const {
    const auto group = group_of_.find(table);
    if (group == group_of_.end()) return false;
    const auto& changes = groups_[group->second].changes;
    return std::any_of(changes.begin(), changes.end(), [](const PlannedChange& change) {
      return std::visit(overloaded{[]<class T>(const Remove<T>&) { return true; }, [](const Change<Column>&) { return true; }, [](const Change<PrimaryKey>&) { return true; },
                                   [](const Change<Unique>&) { return true; }, [](const auto&) { return false; }},
                        change.operation);
    });
  }

  /// Keys of dropped tables that would be in the way (cycles among them, what they refer to changes) are removed on their own before.
  std::vector<PlannedChange> dropped_objects() {
    auto out = reversed_by_dependency(std::move(drops_), live_needs_);
    if (!keys_apart()) return out;
    std::set<QualifiedName> pending;
    for (const auto& change : out) {
      if (const auto* drop = change.as<Drop<Table>>()) pending.insert(drop->object.name);
    }
    // Backwards is the order of making: what is not made yet cannot be referred to.
    for (auto it = out.rbegin(); it != out.rend(); ++it) {
      auto* drop = std::get_if<Drop<Table>>(&it->operation);
      if (drop == nullptr) continue;
      pending.erase(drop->object.name);
      const auto in_the_way = [&](const QualifiedName& table) { return pending.contains(table) || loses_parts(table); };
      for (auto& key : split_keys(drop->object, in_the_way)) split_keys_.push_back({Remove<ForeignKey>{drop->object.name, std::move(key)}});
    }
    return out;
  }

  const Schema& original_;  ///< before the renames
  const Schema& live_;      ///< with the renames made
  const Schema& declared_;
  const Dialect& dialect_;
  FormerNames former_;
  const Capabilities& can_;
  Needs original_needs_, live_needs_, declared_needs_;
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
  std::set<QualifiedName> dropped_views_;
};

}  // namespace

std::vector<PlannedChange> order(std::vector<PlannedChange> changes, const Schema& original, const Schema& live, const Schema& declared,
                                 const Dialect& dialect, const ServerInfo& server) {
  return Orderer(original, live, declared, dialect, server).run(std::move(changes));
}

}  // namespace migrate
