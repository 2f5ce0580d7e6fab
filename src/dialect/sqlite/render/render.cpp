#include "dialect/sqlite/render/render.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/text.hpp"
#include "dialect/sqlite/canonical/create.hpp"
#include "dialect/sqlite/canonical/ddl.hpp"
#include "dialect/sqlite/canonical/related.hpp"
#include "dialect/sqlite/canonical/virtual.hpp"
#include "dialect/sqlite/render/rebuild.hpp"
#include "dialect/sqlite/render/rename.hpp"
#include "dialect/sqlite/sql/split.hpp"
#include "dialect/sqlite/sql/text.hpp"
#include "schema/lookup.hpp"

namespace migrate::sqlite {
namespace {

[[noreturn]] void cannot(const Operation& operation) {
  throw Error{ErrorKind::usage, "cannot " + describe(operation) + ": SQLite has no such thing", "leave it out for SQLite"};
}

/// Changes of a table's parts wait until something else needs them done, so that a table is made anew once for all of
/// them. Renames are always done in place, as views, triggers and foreign keys follow them there; everything that waits is
/// done before.
class Renderer {
 public:
  Renderer(const Schema& before, const Renames& renames) : state_(before), renames_(renames) {}

  std::vector<Statement> run(const std::vector<Operation>& operations) {
    for (const auto& operation : operations) render_one(operation);
    flush_all();
    bring_back();
    if (keys_off_) statements_.insert(statements_.begin(), Statement{"PRAGMA foreign_keys = OFF", {}});
    return std::move(statements_);
  }

 private:
  void render_one(const Operation& operation) {
    current_ = &operation;
    std::visit([&](const auto& op) { render(op); }, operation);
  }

  void emit(std::string text) { statements_.push_back({std::move(text), {}}); }

  void apply_to(Schema& schema, const Operation& operation) const {
    try {
      migrate::apply(schema, operation);
    } catch (const std::logic_error& error) {
      throw Error{ErrorKind::failed, "cannot " + describe(operation) + ": " + error.what()};
    }
  }
  void apply() { apply_to(state_, *current_); }

  // ---- parts of tables: they wait ----

  TableChange& waiting(const QualifiedName& name) {
    for (auto& change : waiting_) {
      if (change.before.name == name) return change;
    }
    const Table* table = find_named(state_.tables, name);
    if (table == nullptr) throw Error{ErrorKind::failed, "cannot " + describe(*current_) + ": there is no table " + name.text()};
    waiting_.push_back({.before = *table, .after = {}, .operations = {}});
    return waiting_.back();
  }

  void wait(const QualifiedName& table) {
    waiting(table).operations.push_back(*current_);
    apply();
  }

  void flush(TableChange change) {
    const Table* after = find_named(state_.tables, change.before.name);
    if (after == nullptr) return;
    change.after = *after;
    const auto used_elsewhere = [&](const std::string& column) { return mentioned_elsewhere(change.before, column); };
    if (const auto statements = alter_in_place(change, used_elsewhere)) {
      for (const auto& text : *statements) emit(text);
      return;
    }
    keys_off_ = true;
    for (const auto& text : rebuild(change, scratch_name(state_, change.after.name.name))) emit(text);
  }

  void flush_all() {
    while (!waiting_.empty()) flush_first([](const TableChange&) { return true; });
  }
  void flush_mentioned(const std::string& sql) {
    while (flush_first([&](const TableChange& change) { return mentions_name(sql, change.before.name.name); })) {
    }
  }
  template <class F>
  bool flush_first(const F& wanted) {
    const auto it = std::find_if(waiting_.begin(), waiting_.end(), wanted);
    if (it == waiting_.end()) return false;
    TableChange change = std::move(*it);
    waiting_.erase(it);
    flush(std::move(change));
    return true;
  }

  [[nodiscard]] bool mentioned_elsewhere(const Table& table, const std::string& column) const {
    const auto in_triggers = [&](const auto& object) {
      return std::any_of(object.triggers.begin(), object.triggers.end(), [&](const Trigger& t) { return mentions_name(t.definition, column); });
    };
    for (const auto& view : state_.views) {
      if (mentions_name(view.definition, column) || in_triggers(view)) return true;
    }
    for (const auto& change : waiting_) {
      if (change.before.name != table.name && in_triggers(change.before)) return true;
    }
    return std::any_of(state_.tables.begin(), state_.tables.end(),
                       [&](const Table& other) { return other.name != table.name && in_triggers(other); });
  }

  template <class T>
  void render(const Add<T>& op) {
    if constexpr (std::is_same_v<T, Exclusion>) cannot(*current_);
    if constexpr (std::is_same_v<T, Trigger>) {
      if (find_named(state_.views, op.table) != nullptr) return trigger_on_view(nullptr, &op.object);
    }
    wait(op.table);
  }
  template <class T>
  void render(const Remove<T>& op) {
    if constexpr (std::is_same_v<T, Exclusion>) cannot(*current_);
    if constexpr (std::is_same_v<T, Trigger>) {
      if (find_named(state_.views, op.table) != nullptr) return trigger_on_view(&op.object, nullptr);
    }
    wait(op.table);
  }
  template <class T>
  void render(const Change<T>& op) {
    if constexpr (std::is_same_v<T, Exclusion>) cannot(*current_);
    if constexpr (std::is_same_v<T, Trigger>) {
      if (find_named(state_.views, op.table) != nullptr) return trigger_on_view(&op.before, &op.after);
    }
    wait(op.table);
  }
  template <class T>
  void render(const RenamePart<T>& op) {
    if constexpr (std::is_same_v<T, Exclusion>) cannot(*current_);
    wait(op.table);
  }
  void render(const ReorderColumns& op) { wait(op.table); }
  void render(const Alter<Table>& op) { wait(op.before.name); }

  void trigger_on_view(const Trigger* before, const Trigger* after) {
    const bool away = parked(table_of(*current_) == nullptr ? QualifiedName{} : *table_of(*current_));
    if (before != nullptr && !away) emit("DROP TRIGGER " + quote_name(before->name));
    apply();
    if (after == nullptr || away) return;
    flush_mentioned(after->definition);
    emit(after->definition);
  }

  /// A trigger's name stands in its definition: it is dropped and made again.
  void render(const RenamePart<Trigger>& op) {
    std::vector<Trigger>* triggers = nullptr;
    if (auto* table = find_named(state_.tables, op.table)) triggers = &table->triggers;
    else if (auto* view = find_named(state_.views, op.table)) triggers = &view->triggers;
    Trigger* trigger = triggers == nullptr ? nullptr : find_named(*triggers, op.from);
    if (trigger == nullptr) throw Error{ErrorKind::failed, "cannot " + describe(*current_) + ": there is no such trigger"};
    flush_all();
    trigger->name = op.to;
    trigger->definition = renamed_trigger(trigger->definition, op.to);
    if (parked(op.table)) return;
    emit("DROP TRIGGER " + quote_name(op.from));
    emit(trigger->definition);
  }

  // ---- tables ----

  void render(const Create<Table>& op) {
    Table table = op.object;
    table.triggers.clear();  // operations of their own
    table.policies.clear();
    apply_to(state_, Create<Table>{table});
    emit(create_table_sql(table, table.name.name));
    for (const auto& index : table.indexes) emit(create_index_sql(index, table));
  }

  /// With foreign keys on, DROP TABLE deletes the rows first: children would lose theirs by ON DELETE CASCADE.
  void render(const Drop<Table>& op) {
    const auto refers = [&](const Table& table) {
      return table.name != op.object.name && std::any_of(table.foreign_keys.begin(), table.foreign_keys.end(), [&](const ForeignKey& key) {
        return equal_ignoring_case(key.references.name, op.object.name.name);
      });
    };
    keys_off_ = keys_off_ || std::any_of(state_.tables.begin(), state_.tables.end(), refers) ||
                std::any_of(waiting_.begin(), waiting_.end(), [&](const TableChange& change) { return refers(change.before); });
    std::erase_if(waiting_, [&](const TableChange& change) { return change.before.name == op.object.name; });
    apply();
    emit("DROP TABLE " + quote_name(op.object.name.name));
  }

  void render(const Rename<Table>& op) {
    flush_all();
    follow_in_place(rename_in_place(state_, *current_), op.from.name);
  }

  void render(const RenamePart<Column>& op) {
    flush_all();
    follow_in_place(rename_in_place(state_, *current_), op.table.name);
  }

  void follow_in_place(const std::vector<std::string>& statements, const std::string& table) {
    const Schema before = related_to(without_parked(), table);
    const Schema untouched = state_;
    apply();
    if (!renames_.follow(state_, before, statements)) {
      park(indirect_views(untouched, table));
      if (!renames_.follow(state_, related_to(without_parked(untouched), table), statements)) replace_names(state_, *current_);
    }
    for (const auto& name : parked_) {
      if (View* view = find_named(state_.views, name)) rename_in_parked(*view, table);
    }
    for (const auto& text : statements) emit(text);
  }

  /// Views that are away do not follow the rename, and neither do their triggers.
  void rename_in_parked(View& view, const std::string& table) const {
    const auto replace = [&](std::string& text) {
      if (const auto* op = std::get_if<Rename<Table>>(current_)) text = replace_identifier(text, op->from.name, op->to.name);
      const auto* op = std::get_if<RenamePart<Column>>(current_);
      if (op == nullptr || !mentions_name(text, table)) return;
      const bool another = std::any_of(state_.tables.begin(), state_.tables.end(), [&](const Table& other) {
        return other.name != op->table && find_named(other.columns, op->from) != nullptr && mentions_name(text, other.name.name);
      });
      if (!another) text = replace_identifier(text, op->from, op->to);
    };
    replace(view.definition);
    for (auto& trigger : view.triggers) replace(trigger.definition);
  }

  // ---- views that stand aside until the end ----

  [[nodiscard]] bool parked(const QualifiedName& view) const { return std::find(parked_.begin(), parked_.end(), view) != parked_.end(); }
  [[nodiscard]] Schema without_parked() const { return without_parked(state_); }
  [[nodiscard]] Schema without_parked(Schema schema) const {
    std::erase_if(schema.views, [&](const View& view) { return parked(view.name); });
    return schema;
  }
  void park(const std::vector<QualifiedName>& views) {
    for (const auto& view : views) {
      if (parked(view)) continue;
      parked_.push_back(view);
      emit("DROP VIEW " + quote_name(view.name));
    }
  }
  void bring_back() {
    for (const auto& name : parked_) {
      const View* view = find_named(state_.views, name);
      if (view == nullptr) continue;
      emit(create_view_sql(*view));
      for (const auto& trigger : view->triggers) emit(trigger.definition);
    }
  }

  // ---- views and virtual tables ----

  void render(const Create<View>& op) {
    View view = op.object;
    view.triggers.clear();
    apply_to(state_, Create<View>{view});
    flush_mentioned(view.definition);
    emit(create_view_sql(view));
  }
  void render(const Drop<View>& op) {
    apply();
    if (parked(op.object.name)) std::erase(parked_, op.object.name);
    else emit("DROP VIEW " + quote_name(op.object.name.name));
  }
  /// The triggers on a view go with it and are made again; changes of theirs are operations of their own.
  void remake(const QualifiedName& was, const QualifiedName& now) {
    View* view = find_named(state_.views, now);
    if (parked(was)) {
      std::replace(parked_.begin(), parked_.end(), was, now);
      return;
    }
    flush_mentioned(view->definition);
    emit("DROP VIEW " + quote_name(was.name));
    emit(create_view_sql(*view));
    for (auto& trigger : view->triggers) {
      trigger.table = now;
      if (was != now) trigger.definition = replace_identifier(trigger.definition, was.name, now.name);
      emit(trigger.definition);
    }
  }
  void render(const Alter<View>& op) {
    const View* view = find_named(state_.views, op.before.name);
    std::vector<Trigger> triggers = view == nullptr ? std::vector<Trigger>{} : view->triggers;
    apply();
    find_named(state_.views, op.after.name)->triggers = std::move(triggers);
    remake(op.before.name, op.after.name);
  }
  void render(const Rename<View>& op) {
    apply();
    remake(op.from, op.to);
  }

  void render(const Create<Definition>& op) {
    if (op.object.kind != "virtual table") cannot(*current_);
    apply();
    emit(op.object.definition);
    fill_again(op.object);
  }
  /// An index over the rows of another table, which may have some.
  void fill_again(const Definition& definition) {
    if (read_virtual_table(definition.definition).rows != VirtualTable::Rows::outer) return;
    const auto name = quote_name(definition.name.name);
    emit("INSERT INTO " + name + "(" + name + ") VALUES ('rebuild')");
  }
  void render(const Drop<Definition>& op) {
    if (op.object.kind != "virtual table") cannot(*current_);
    apply();
    emit("DROP TABLE " + quote_name(op.object.name.name));
  }
  void render(const Alter<Definition>& op) {
    if (op.after.kind != "virtual table") cannot(*current_);
    apply();
    const auto was = read_virtual_table(op.before.definition);
    const auto now = read_virtual_table(op.after.definition);
    const auto columns = common_columns(was, now);
    const auto name = quote_name(op.before.name.name);
    if (was.rows != VirtualTable::Rows::own || now.rows != VirtualTable::Rows::own || columns.empty()) {
      emit("DROP TABLE " + name);
      emit(op.after.definition);
      fill_again(op.after);
      return;
    }
    // Its rows are nowhere else. The new one is made by its own words, as SQLite keeps them.
    const auto aside = quote_name(free_name(op.before.name.name + "_old"));
    std::string list = was.numbered && now.numbered ? "rowid" : "";
    for (const auto& column : columns) list += (list.empty() ? "" : ", ") + quote_name(column);
    emit("ALTER TABLE " + name + " RENAME TO " + aside);
    emit(op.after.definition);
    emit("INSERT INTO " + quote_name(op.after.name.name) + " (" + list + ") SELECT " + list + " FROM " + aside);
    emit("DROP TABLE " + aside);
  }
  void render(const Rename<Definition>& op) {
    if (op.kind != "virtual table") cannot(*current_);
    flush_all();
    apply();
    emit("ALTER TABLE " + quote_name(op.from.name) + " RENAME TO " + quote_name(op.to.name));
  }

  /// A name that no table or view has.
  [[nodiscard]] std::string free_name(std::string name) const {
    const auto taken = [&](const auto& objects) { return std::any_of(objects.begin(), objects.end(), [&](const auto& object) { return equal_ignoring_case(object.name.name, name); }); };
    while (taken(state_.tables) || taken(state_.views) || taken(state_.definitions)) name += '_';
    return name;
  }

  // ---- the rest ----

  void render(const Sql& op) {
    flush_all();
    for (auto& statement : split(op.text, {})) emit(std::move(statement.text));
  }
  void render(const SetDatabaseOptions& op) {
    if (op.before != op.after) cannot(*current_);
  }
  template <class T>
  void render(const T&) {
    cannot(*current_);
  }

  Schema state_;
  const Renames& renames_;
  std::vector<TableChange> waiting_;
  std::vector<QualifiedName> parked_;  ///< views that are away until the end
  std::vector<Statement> statements_;
  const Operation* current_ = nullptr;
  bool keys_off_ = false;
};

}  // namespace

Remark remark(const Operation& operation) {
  using Rows = VirtualTable::Rows;
  if (const auto* drop = std::get_if<Drop<Definition>>(&operation)) {
    const auto table = read_virtual_table(drop->object.definition);
    if (table.rows == Rows::outer) return {};
    const auto what = table.rows == Rows::own ? "and its rows" : "and what it holds";
    return {.note = fmt::format("drops the virtual table {} {}; a downgrade does not bring them back", drop->object.name.name, what), .review = {}};
  }
  const auto* alter = std::get_if<Alter<Definition>>(&operation);
  if (alter == nullptr) return {};
  const auto was = read_virtual_table(alter->before.definition);
  const auto now = read_virtual_table(alter->after.definition);
  const auto& name = alter->after.name.name;
  if (was.rows == Rows::outer && now.rows == Rows::outer) return {.note = "the index " + name + " is made again and filled from the table that it stands on", .review = {}};
  if (was.rows == Rows::outer) return {.note = {}, .review = "the virtual table " + name + " reads its rows from another table today and is empty afterwards: fill it in the upgrade if it has to have them."};
  if (was.rows == Rows::nowhere) return {.note = {}, .review = "the index " + name + " keeps no copy of its texts: it is empty afterwards, and only what filled it can fill it again."};
  if (was.rows == Rows::unknown || now.rows != Rows::own) {
    return {.note = {}, .review = fmt::format("the virtual table {} of the module {} is dropped and made again; rows that it holds itself are lost: copy them, if it has any.", name, was.module)};
  }
  const auto common = common_columns(was, now);
  if (common.empty()) return {.note = {}, .review = fmt::format("no column of {} stays, so its rows are lost: put a statement here that keeps them, or let them go.", name)};
  std::vector<std::string> gone;
  for (const auto& column : was.columns) {
    if (std::none_of(common.begin(), common.end(), [&](const auto& kept) { return equal_ignoring_case(kept, column); })) gone.push_back(column);
  }
  if (gone.empty()) return {.note = "the virtual table " + name + " is made again with its rows", .review = {}};
  // One that goes while another comes may be the same by another name.
  const auto gone_text = (gone.size() == 1 ? "the column " : "the columns ") + join(gone, ", ");
  if (now.columns.size() > common.size()) {
    return {.note = {}, .review = fmt::format("{} of {} {}: was one renamed? Then read it in the SELECT below; else the values are lost.", gone_text, name, gone.size() == 1 ? "goes while another comes" : "go while others come")};
  }
  return {.note = fmt::format("drops {} of the virtual table {} and the values; a downgrade does not bring them back", gone_text, name), .review = {}};
}

std::vector<Statement> render(const std::vector<Operation>& operations, const Schema& before, const Renames& renames) {
  return Renderer(before, renames).run(operations);
}

}  // namespace migrate::sqlite
