/// Rendering: operations to SQL, following the schema as it changes.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "dialect/render.hpp"
#include "operation/operation.hpp"

namespace migrate::postgresql {

[[nodiscard]] std::vector<Statement> render(const std::vector<Operation>& operations, const Schema& before, const ServerInfo& server);

/// What stands behind USING when a column changes its type; "" where the server needs none.
[[nodiscard]] std::string using_expression(const Column& before, const Column& after);

/// The statements of each part; all parts are known from the first on.
[[nodiscard]] std::vector<std::vector<Statement>> render_parts(const std::vector<std::vector<Operation>>& parts, const Schema& before,
                                                               const ServerInfo& server);

/// Collects the statements. Actions on one table that follow each other become one ALTER TABLE.
class Renderer {
 public:
  Renderer(const std::vector<Operation>& operations, Schema before, const ServerInfo& server);
  std::vector<Statement> run();
  /// How many statements were there before each operation, and the number at the end. Operations at `ends` end a part.
  std::vector<std::size_t> part_ends(const std::set<std::size_t>& ends);
  std::vector<Statement> take() { return std::move(statements_); }

 private:
  // ---- output ----
  void statement(std::string text);
  void action(const QualifiedName& table, std::string text);
  /// A statement that may wait until the open ALTER TABLE is complete (a comment).
  void afterwards(const QualifiedName& table, std::string text);
  void flush();
  void comment(const QualifiedName& table, const std::string& what, const std::string& before, const std::string& after);

  // ---- objects: render_objects.cpp ----
  void render(const CreateSchema&);
  void render(const DropSchema&);
  void render(const SetDatabaseOptions&);
  void render(const Sql&);
  // ---- owners and privileges: render_access.cpp ----
  void render(const SetAccess&);
  void give_columns_back(const SetAccess& op, const std::string& to, const std::vector<std::string>& privileges);

  void render(const Create<Extension>&);
  void render(const Drop<Extension>&);
  void render(const Alter<Extension>&);
  void render(const Create<Sequence>&);
  void render(const Drop<Sequence>&);
  void render(const Alter<Sequence>&);
  void render(const Rename<Sequence>&);
  void render(const Create<Definition>&);
  void render(const Drop<Definition>&);
  void render(const Alter<Definition>&);
  void render(const Rename<Definition>&);
  void render(const Create<Routine>&);
  void render(const Drop<Routine>&);
  void render(const Alter<Routine>&);
  void render(const Rename<Routine>&);
  void rename(const std::string& kind, const QualifiedName& from, const QualifiedName& to, const std::string& suffix = {});
  void create_routine(const Routine&);
  /// Drops everything that uses a routine, so that the routine can go, and what has to be made again afterwards.
  std::function<void()> drop_users_of_routine(const Routine& routine);
  /// Drops the routines whose body is bound to any of the words of the table; made again by the result.
  std::function<void()> drop_bound_routines(const QualifiedName& table, const std::vector<std::string>& words);

  // ---- views: render_views.cpp ----
  void render(const Create<View>&);
  void render(const Drop<View>&);
  void render(const Alter<View>&);
  void render(const Rename<View>&);
  void create_view(const View&, bool with_triggers);
  void drop_view(const View&);
  void comment_columns(const View& before, const View& after);
  void alter_view_options(const View& before, const View& after);
  /// Drops the views that stand on any of the names, directly or not; returns them in the order to make them again.
  std::vector<View> drop_views_on(const std::vector<std::string>& names);
  void restore_views(const std::vector<View>& views);
  /// Gives an object that is made again what it had: its owner, privileges on it. `name` as statements call it; of its columns those that `has_column`.
  void give_back(const ObjectId& object, const std::string& name, const std::function<bool(const std::string&)>& has_column = {});
  /// The same for a column of a table that comes back.
  void give_back_column(const QualifiedName& table, const std::string& column);

  // ---- types: render_types.cpp ----
  void render(const Create<EnumType>&);
  void render(const Drop<EnumType>&);
  void render(const Alter<EnumType>&);
  void render(const Rename<EnumType>&);
  void render(const Create<Domain>&);
  void render(const Drop<Domain>&);
  void render(const Alter<Domain>&);
  void render(const Rename<Domain>&);
  [[nodiscard]] bool used_later(const EnumType& type, const std::vector<std::string>& values) const;
  using Renames = std::map<std::string, std::string>;  ///< values of an enum: before -> after
  void replace_type(const QualifiedName& name, const std::string& create, const Renames& renames);
  void replace_types_over(const QualifiedName& name, const Renames& renames);
  [[nodiscard]] bool has_columns_of(const QualifiedName& type) const;
  void convert_columns(const QualifiedName& name, const Renames& renames);

  // ---- tables: render_tables.cpp ----
  void render(const Create<Table>&);
  void render(const Drop<Table>&);
  void render(const Alter<Table>&);
  void render(const Rename<Table>&);
  void render(const ReorderColumns&);
  void set_access_method(const std::string& kind, const QualifiedName& name, const std::string& method);
  /// Citus: render_spread.cpp. A table that was just made, or is there as a plain one, is spread over the cluster.
  void spread(const QualifiedName& name, const Options& options);
  void change_spread(const QualifiedName& name, const Options& before, const Options& after);
  void spread_first(const QualifiedName& name);
  [[nodiscard]] std::string colocated_with(const QualifiedName& name, const Options& options) const;
  void alter_table_options(const QualifiedName& name, const Options& before, const Options& after);
  void rename_serial_sequences(const Table& before, const QualifiedName& to);
  void adopt_sequences();
  bool inherited(const Table& table, const Column& column) const;
  bool parent_has(const QualifiedName& table, const std::string& column) const;
  /// Whether the list adds (or removes) that column to a parent of the table, sooner or later: children follow.
  bool parent_adds(const QualifiedName& table, const std::string& column) const;
  bool parent_removes(const QualifiedName& table, const std::string& column) const;
  std::vector<QualifiedName> ancestors_of(const QualifiedName& table) const;
  /// The operations that change that column of a parent, nearest or further up: the server makes the change in children too.
  std::vector<std::size_t> parent_changes(const QualifiedName& table, const std::string& column) const;
  /// The tables that inherit from it, directly or not.
  std::vector<const Table*> children_of(const QualifiedName& table) const;

  // ---- columns: render_columns.cpp ----
  void render(const Add<Column>&);
  void render(const Remove<Column>&);
  void render(const Change<Column>&);
  void render(const RenamePart<Column>&);
  void change_column(const Change<Column>&);
  void change_type(const QualifiedName& table, const Column& before, const Column& after);
  void change_generated(const QualifiedName& table, const Column& before, const Column& after);
  void change_identity(const QualifiedName& table, const Column& before, const Column& after);
  void change_settings(const QualifiedName& table, const Column& before, const Column& after);
  [[nodiscard]] std::optional<std::size_t> leaves_key_later(const QualifiedName& table, const std::string& column) const;
  void change_null(const QualifiedName& table, const Column& before, const Column& after);
  void replace_column(const QualifiedName& table, const Column& before, const Column& after);
  void number_on(const QualifiedName& table, const Column& column);
  void restore_sequence_name(const QualifiedName& table, const Column& column);
  void own_sequence(const QualifiedName& table, const Column& column);

  // ---- constraints, indexes, triggers, policies: render_constraints.cpp ----
  template <class T> void add_constraint(const QualifiedName& table, const T& object);
  template <class T> void drop_constraint(const QualifiedName& table, const T& object);
  template <class T> void rename_constraint(const RenamePart<T>& operation);
  void render(const Add<PrimaryKey>&);
  void render(const Remove<PrimaryKey>&);
  void render(const Change<PrimaryKey>&);
  void render(const RenamePart<PrimaryKey>&);
  void render(const Add<Unique>&);
  void render(const Remove<Unique>&);
  void render(const Change<Unique>&);
  void render(const RenamePart<Unique>&);
  void render(const Add<ForeignKey>&);
  void render(const Remove<ForeignKey>&);
  void render(const Change<ForeignKey>&);
  void render(const RenamePart<ForeignKey>&);
  void render(const Add<Check>&);
  void render(const Remove<Check>&);
  void render(const Change<Check>&);
  void render(const RenamePart<Check>&);
  void render(const Add<Exclusion>&);
  void render(const Remove<Exclusion>&);
  void render(const Change<Exclusion>&);
  void render(const RenamePart<Exclusion>&);
  void render(const Add<Index>&);
  void render(const Remove<Index>&);
  void render(const Change<Index>&);
  void render(const RenamePart<Index>&);
  void render(const Add<Trigger>&);
  void render(const Remove<Trigger>&);
  void render(const Change<Trigger>&);
  void render(const RenamePart<Trigger>&);
  void render(const Add<Policy>&);
  void render(const Remove<Policy>&);
  void render(const Change<Policy>&);
  void render(const RenamePart<Policy>&);
  void create_index(const QualifiedName& table, const Index& index);
  void create_trigger(const QualifiedName& table, const Trigger& trigger);
  void create_policy(const QualifiedName& table, const Policy& policy);
  void drop_index(const QualifiedName& table, const Index& index);

  // ---- what stands on something that changes: render_dependents.cpp ----
  /// The parts of a table that have to go before a change and come back after it.
  struct Dependents {
    QualifiedName table;
    std::vector<Column> generated;
    std::vector<Check> checks;
    std::vector<Exclusion> exclusions;
    std::vector<Index> indexes;
    std::vector<Unique> uniques;
    std::optional<PrimaryKey> primary_key;
    std::vector<Trigger> triggers;
    std::vector<Policy> policies;
  };
  enum class Scope {
    type,   ///< what refuses a column's change of type: generated columns, triggers, policies
    words,  ///< and all whose text names it: checks, exclusions, index expressions
    keys    ///< and keys and indexes over the column: the column itself is replaced
  };
  /// Drops them; those that a later operation changes or removes do not come back here.
  Dependents drop_dependents(const Table& table, const std::vector<std::string>& words, Scope scope);
  /// Parts over a column that go with it, and that later operations deal with.
  void forget_parts_over(const Table& table, const std::string& column);
  /// What a column will be by a later operation: null when none touches it, an empty optional when it will be gone.
  [[nodiscard]] std::optional<std::optional<Column>> later_column(const QualifiedName& table, const std::string& name) const;
  void restore_dependents(const Dependents& dependents);
  /// Foreign keys that stand in the way are dropped and come back at the end.
  void suspend_foreign_keys(const QualifiedName& table, const std::vector<std::string>& columns, bool only_references);
  void resume_foreign_keys();

  /// The last later operation that gives one of the columns in the text another type: what the text says holds behind it.
  [[nodiscard]] std::optional<std::size_t> later_type_change(const QualifiedName& table, const std::string& text) const;
  /// The last later operation that brings in a name that the text uses: what is bound to names can be made behind it only.
  [[nodiscard]] std::optional<std::size_t> later_name(const std::string& text) const;
  /// The later operation that takes a part of the table away from that name, when another part has it now.
  [[nodiscard]] std::optional<std::size_t> frees_later(const QualifiedName& table, const std::string& name) const;
  /// Renames a part of a table by that statement; over a name of ours where another part has the new name still.
  void rename_part(const QualifiedName& table, const std::string& from, const std::string& to, const std::function<std::string(const std::string&, const std::string&)>& sql);
  /// Makes a part now, or behind the operation that it has to wait for.
  void make_when_typed(const char* kind, const QualifiedName& table, const std::string& name, const std::string& text,
                       std::function<void()> make);

  /// Whether a later operation of the list changes or removes that part of the table.
  template <class T> bool touched_later(const QualifiedName& table, const std::string& name) const;
  /// The same for a whole object: a view, a routine.
  template <class T> bool object_touched_later(const QualifiedName& name) const {
    for (std::size_t i = at_ + 1; i < operations_.size(); ++i) {
      if (const auto* alter = std::get_if<Alter<T>>(&operations_[i]); alter != nullptr && alter->before.name == name) return true;
      if (const auto* drop = std::get_if<Drop<T>>(&operations_[i]); drop != nullptr && drop->object.name == name) return true;
    }
    return false;
  }
  [[nodiscard]] std::string gone_key(const char* kind, const QualifiedName& table, const std::string& name) const {
    return std::string(kind) + "\n" + table.text() + "\n" + name;
  }
  /// True once when the part was dropped early: its own drop has nothing left to do.
  bool was_dropped(const char* kind, const QualifiedName& table, const std::string& name) {
    return gone_.erase(gone_key(kind, table, name)) != 0;
  }

  [[nodiscard]] const Table* table(const QualifiedName& name) const;
  [[nodiscard]] bool at_least(int major) const { return server_.version_number == 0 || server_.version_number >= major * 10000; }

  const std::vector<Operation>& operations_;
  Schema state_;
  const ServerInfo& server_;
  std::size_t at_ = 0;
  std::vector<Statement> statements_;
  std::optional<QualifiedName> open_;
  std::vector<std::string> actions_;
  std::vector<std::string> afterwards_;
  std::set<std::string> gone_;
  std::set<QualifiedName> spread_early_;                           ///< tables that another one needed spread, in front of their turn
  std::vector<std::pair<QualifiedName, std::string>> suspended_;  ///< foreign keys to make again at the end
  std::vector<std::pair<std::size_t, std::function<void()>>> postponed_;
  std::vector<Sequence> unowned_;                                 ///< sequences whose column is not there yet
};

}  // namespace migrate::postgresql
