// Operations to SQL. Operations on one table that follow each other become one ALTER TABLE: not clause by clause, but
// from the difference between the table before the first and after the last of them.

#include "dialect/mysql/render/render.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "core/sha256.hpp"
#include "core/text.hpp"
#include "dialect/mysql/canonical/canonical_column.hpp"
#include "dialect/mysql/render/access.hpp"
#include "dialect/mysql/render/render_programs.hpp"
#include "dialect/mysql/render/render_table.hpp"
#include "dialect/mysql/render/suspended_keys.hpp"
#include "dialect/mysql/sql/split.hpp"
#include "dialect/mysql/sql/text.hpp"
#include "dialect/mysql/sql/types.hpp"
#include "schema/lookup.hpp"

namespace migrate::mysql {
namespace {

template <class T>
constexpr bool is_one_of(const Operation& operation) {
  return std::holds_alternative<T>(operation);
}

/// Operations that an ALTER TABLE can carry.
bool is_alteration(const Operation& operation) {
  return std::visit(overloaded{[]<class T>(const Add<T>&) { return !std::is_same_v<T, Trigger> && !std::is_same_v<T, Policy> && !std::is_same_v<T, Exclusion>; },
                               []<class T>(const Remove<T>&) { return !std::is_same_v<T, Trigger> && !std::is_same_v<T, Policy> && !std::is_same_v<T, Exclusion>; },
                               []<class T>(const Change<T>&) { return !std::is_same_v<T, Trigger> && !std::is_same_v<T, Policy> && !std::is_same_v<T, Exclusion>; },
                               []<class T>(const RenamePart<T>&) { return !std::is_same_v<T, Trigger> && !std::is_same_v<T, Policy> && !std::is_same_v<T, Exclusion>; },
                               [](const ReorderColumns&) { return true; }, [](const Alter<Table>&) { return true; }, [](const auto&) { return false; }},
                    operation);
}

const QualifiedName& altered_table(const Operation& operation) {
  if (const auto* alter = std::get_if<Alter<Table>>(&operation)) return alter->before.name;
  return *table_of(operation);
}

/// Follows the parts of a table through operations.
void follow(Origins& origins, const Operation& operation) {
  const auto rename = [](std::map<std::string, std::string>& names, const std::string& from, const std::string& to) {
    const auto found = names.find(from);
    if (found == names.end()) return;
    auto was = found->second;
    names.erase(found);
    names[to] = std::move(was);
  };
  std::visit(overloaded{[&](const Add<Column>& op) { origins.columns.erase(op.object.name); }, [&](const Remove<Column>& op) { origins.columns.erase(op.object.name); },
                        [&](const RenamePart<Column>& op) { rename(origins.columns, op.from, op.to); },
                        [&](const Remove<Unique>& op) { origins.keys.erase(op.object.name); }, [&](const Remove<Index>& op) { origins.keys.erase(op.object.name); },
                        [&](const RenamePart<Unique>& op) { rename(origins.keys, op.from, op.to); },
                        [&](const RenamePart<Index>& op) { rename(origins.keys, op.from, op.to); }, [](const auto&) {}},
             operation);
}

Origins origins_of(const Table& table) {
  Origins origins;
  for (const auto& column : table.columns) origins.columns[column.name] = column.name;
  for (const auto& unique : table.uniques) origins.keys[unique.name] = unique.name;
  for (const auto& index : table.indexes) origins.keys[index.name] = index.name;
  return origins;
}

class Renderer : ProgramRenderer {
 public:
  /// Nothing is joined across `ends`, the operations that end a part.
  Renderer(const Schema& before, const ServerInfo& server, const std::vector<Operation>& operations, std::set<std::size_t> ends = {})
      : ProgramRenderer(before, context_of(server, before), option(server.defaults, "names_definers") != "false"), operations_(operations), ends_(std::move(ends)) {}

  /// The statements of each part.
  std::vector<std::vector<Statement>> run_parts() {
    std::vector<std::vector<Statement>> parts;
    auto all = run();
    std::size_t from = 0;
    for (std::size_t i = 0; i < counts_.size(); ++i) {
      const auto to = i + 1 == counts_.size() ? all.size() : counts_[i];  // the end belongs to the last
      parts.emplace_back(all.begin() + static_cast<std::ptrdiff_t>(from), all.begin() + static_cast<std::ptrdiff_t>(to));
      from = to;
    }
    return parts;
  }

  std::vector<Statement> run() {
    for (std::size_t i = 0; i < operations_.size();) {
      auto end = i + 1;
      if (is_alteration(operations_[i])) {
        while (end < operations_.size() && !ends_.contains(end - 1) && is_alteration(operations_[end]) && altered_table(operations_[end]) == altered_table(operations_[i]) &&
               !needs_own_step(operations_[end]) && !needs_own_step(operations_[end - 1])) {
          ++end;
        }
        alterations(i, end);
      } else {
        single(operations_[i]);
      }
      if (ends_.contains(end - 1)) counts_.push_back(statements_.size());
      i = end;
    }
    finish();
    return std::move(statements_);
  }

 private:
  using ProgramRenderer::render;

  [[nodiscard]] std::string database_collation() const {
    const auto own = option(state_.options, "collation");
    return own.empty() ? context_.collation : own;
  }

  [[nodiscard]] std::string physical_collation(const QualifiedName& table) const {
    const auto found = physical_.find(table);
    return found == physical_.end() ? database_collation() : found->second;
  }

  // ---- one ALTER TABLE ------------------------------------------------------------------------------------------------

  static bool turns_generated(const Change<Column>& op) {
    const auto kind = [](const Column& column) { return !column.generated ? 0 : column.generated->stored ? 1 : 2; };
    return kind(op.before) != kind(op.after);
  }

  /// A table that is copied (for another clause) cannot have such a column renamed on the way.
  [[nodiscard]] bool in_foreign_key(const QualifiedName& name, const std::string& column) const {
    return std::any_of(state_.tables.begin(), state_.tables.end(), [&](const Table& table) {
      return std::any_of(table.foreign_keys.begin(), table.foreign_keys.end(), [&](const ForeignKey& key) { return stands_on(key, table.name, name, {column}); });
    });
  }

  /// Whether an expression of the table uses the column: it is given its new words in the statement that renames.
  [[nodiscard]] bool stands_in_expression(const QualifiedName& name, const std::string& column) const {
    const auto uses = [&](const std::string& text) { return mentions(text, column, lexical_rules()); };
    const auto& table = *find_named(state_.tables, name);
    return std::any_of(table.columns.begin(), table.columns.end(),
                       [&](const Column& other) {
                         return (other.generated && uses(other.generated->expression)) || (other.default_value && other.default_value->expression && uses(other.default_value->text)) ||
                                uses(option(other.options, "column_check"));
                       }) ||
           std::any_of(table.checks.begin(), table.checks.end(), [&](const Check& check) { return uses(check.expression); });
  }

  /// It cannot be a clause among others: a change of rows goes with it, or the server wants it alone.
  [[nodiscard]] bool needs_own_step(const Operation& operation) const {
    if (const auto* op = std::get_if<Change<Column>>(&operation)) {
      if (!op->after.declared.cast.empty() && op->before.type != op->after.type) return true;
      if (!op->after.declared.backfill.empty() && op->before.nullable && !op->after.nullable) return true;
      if (!renamed_values(*op).empty()) return true;
      return turns_generated(*op);
    }
    if (const auto* op = std::get_if<RenamePart<Column>>(&operation)) return in_foreign_key(op->table, op->from) && !stands_in_expression(op->table, op->from);
    if (const auto* op = std::get_if<Add<Column>>(&operation)) {
      return !op->object.generated && !op->object.identity && (!op->object.declared.backfill.empty() || filled_by_default(op->object));
    }
    return false;
  }

  /// MySQL adds no column whose default differs from row to row (error 1674), and none of a spatial type that is NOT NULL (1138): the rows
  /// get what the default says by an UPDATE.
  [[nodiscard]] bool filled_by_default(const Column& column) const {
    if (context_.mariadb || !column.default_value || !column.default_value->expression) return false;
    if (!column.nullable && is_spatial(read_type(column.type, context_))) return true;
    static const std::set<std::string, std::less<>> unsafe = {"uuid", "uuid_short", "rand", "random_bytes", "sysdate", "user", "current_user", "session_user", "system_user",
                                                              "connection_id", "version", "found_rows", "row_count", "last_insert_id", "load_file", "sleep", "database"};
    const auto tokens = tokenize(column.default_value->text, lexical_rules());
    return std::any_of(tokens.begin(), tokens.end(), [](const Token& token) { return token.kind == TokenKind::word && unsafe.contains(lower(token.text)); });
  }

  void alterations(std::size_t from, std::size_t to) {
    const auto name = altered_table(operations_[from]);
    const auto* table = find_named(state_.tables, name);
    if (table == nullptr) throw std::logic_error("an operation on a table that is not there: " + name.text());
    if (to == from + 1 && needs_own_step(operations_[from]) && !std::holds_alternative<RenamePart<Column>>(operations_[from])) {
      suspend_for(from, to, name);
      own_step(operations_[from], *table);
      apply(state_, operations_[from]);
      return;
    }
    suspend_for(from, to, name);
    for (auto i = from; i < to && to - from > 1; ++i) {
      const auto* rename = std::get_if<RenamePart<Column>>(&operations_[i]);
      if (rename != nullptr) suspend({rename->from}, name);
    }
    TableChange change;
    change.before = with_collations(*find_named(state_.tables, name), physical_collation(name));
    change.origins = origins_of(change.before);
    std::vector<std::string> rights;
    for (auto i = from; i < to; ++i) {
      follow(change.origins, operations_[i]);
      if (const auto* rename = std::get_if<RenamePart<Column>>(&operations_[i])) move_column_rights(*rename, rights);
      apply(state_, operations_[i]);
    }
    physical_.erase(name);
    change.after = with_collations(*find_named(state_.tables, name), database_collation());
    alter(std::move(change));
    for (auto& sql : rights) add(std::move(sql));
    if (auto* table = find_named(state_.tables, name); table != nullptr && table->primary_key) table->declared.spelling.erase("generated_key");
  }

  /// Privileges on a column stay with its name: what gives them to the next one, and takes them from this one.
  void move_column_rights(const RenamePart<Column>& op, std::vector<std::string>& out) const {
    const auto had = state_.rights.access.find({AccessPlace::Kind::column, op.table, op.from});
    if (had == state_.rights.access.end()) return;
    for (auto& sql : access_sql({.on = {AccessPlace::Kind::column, op.table, op.to}, .before = {}, .after = had->second})) out.push_back(std::move(sql));
    for (auto& sql : access_sql({.on = had->first, .before = had->second, .after = {}})) out.push_back(std::move(sql));
  }

  void alter(TableChange change) {
    suspended_.hide(change);
    in_session_of(zero_dates_taken(has_zero_dates(change.before) || has_zero_dates(change.after)), alter_table_sql(change, context_));
  }

  /// The mode of this server's sessions, but for what refuses dates of zeros, where a table has such.
  [[nodiscard]] Options zero_dates_taken(bool needed) const {
    if (!needed) return {};
    auto modes = split(option(context_.usual, "sql_mode"), ',');
    std::erase_if(modes, [](const std::string& mode) { return mode == "NO_ZERO_DATE" || mode == "NO_ZERO_IN_DATE" || mode == "TRADITIONAL"; });
    return {{"sql_mode", join(modes, ",")}};
  }

  // ---- foreign keys that stand in the way -----------------------------------------------------------------------------

  /// The columns of the table whose type or collation changes.
  [[nodiscard]] std::set<std::string> retyped(std::size_t from, std::size_t to, const QualifiedName& name) const {
    auto after = state_;
    auto origins = origins_of(*find_named(state_.tables, name));
    for (auto i = from; i < to; ++i) {
      follow(origins, operations_[i]);
      apply(after, operations_[i]);
    }
    const auto was = with_collations(*find_named(state_.tables, name), physical_collation(name));
    const auto now = with_collations(*find_named(after.tables, name), database_collation());
    std::set<std::string> names;
    for (const auto& column : now.columns) {
      const auto origin = origins.columns.find(column.name);
      if (origin == origins.columns.end()) continue;
      const auto* before = find_named(was.columns, origin->second);
      if (before != nullptr && breaks_keys(*before, column, context_.mariadb)) names.insert(before->name);
    }
    return names;
  }

  [[nodiscard]] bool may_retype(std::size_t from, std::size_t to, const QualifiedName& name) const {
    if (physical_.contains(name)) return true;
    return std::any_of(operations_.begin() + static_cast<std::ptrdiff_t>(from), operations_.begin() + static_cast<std::ptrdiff_t>(to), [this](const Operation& operation) {
      if (const auto* op = std::get_if<Change<Column>>(&operation)) return breaks_keys(op->before, op->after, context_.mariadb);
      if (const auto* op = std::get_if<Alter<Table>>(&operation)) return option(op->before.options, "collation") != option(op->after.options, "collation");
      return false;
    });
  }

  void suspend_for(std::size_t from, std::size_t to, const QualifiedName& name) {
    if (!may_retype(from, to, name)) return;
    suspend(retyped(from, to, name), name);
  }

  void suspend(const std::set<std::string>& columns, const QualifiedName& name) {
    for (auto& sql : suspended_.suspend(columns, name)) add(std::move(sql));
  }

  // ---- changes with rows ----------------------------------------------------------------------------------------------

  static std::map<std::string, std::string> renamed_values(const Change<Column>& op) {
    std::map<std::string, std::string> renames;
    if (!op.before.type.starts_with("enum(") || !op.after.type.starts_with("enum(")) return renames;
    const auto values = [](const std::string& type) { return read_type(type, {}).arguments; };
    const auto before = values(op.before.type);
    const auto after = values(op.after.type);
    const auto has = [](const std::vector<std::string>& list, const std::string& value) { return std::find(list.begin(), list.end(), value) != list.end(); };
    for (const auto& [now, was] : op.after.declared.value_renames) {
      if (has(after, now) && has(before, was) && !has(before, now) && !has(after, was) && !equal_ignoring_case(now, was)) renames[now] = was;
    }
    return renames;
  }

  void own_step(const Operation& operation, const Table& table) {
    if (const auto* op = std::get_if<Add<Column>>(&operation)) return add_filled(*op, table);
    const auto& op = std::get<Change<Column>>(operation);
    if (const auto renames = renamed_values(op); !renames.empty()) return rename_values(op, renames);
    const bool cast = !op.after.declared.cast.empty() && op.before.type != op.after.type;
    if (cast || turns_generated(op)) return copy_column(op);
    fill(op.table, op.after.name, op.after.declared.backfill, true);
    change_to(op.table, op.after);
  }

  void fill(const QualifiedName& table, const std::string& column, const std::string& expression, bool only_null) {
    add(fmt::format("UPDATE {} SET {} = {}{}", quote_name(table), quote_name(column), expression, only_null ? " WHERE " + quote_name(column) + " IS NULL" : ""));
  }

  /// The table with one column as given; the state is not touched.
  void change_to(const QualifiedName& name, const Column& column) {
    TableChange change;
    change.before = with_collations(*find_named(scratch_or_state(name), name), physical_collation(name));
    auto after = *find_named(scratch_or_state(name), name);
    *find_named(after.columns, column.name) = column;
    change.after = with_collations(after, database_collation());
    change.origins = origins_of(change.before);
    alter(std::move(change));
  }

  std::vector<Table>& scratch_or_state(const QualifiedName&) { return scratch_.empty() ? state_.tables : scratch_; }

  /// NOT NULL needs a value in every row first.
  void add_filled(const Add<Column>& op, const Table& table) {
    auto loose = op.object;
    const bool by_default = op.object.declared.backfill.empty();
    loose.nullable = true;
    if (by_default) loose.default_value.reset();
    auto step = op;
    step.object = loose;
    Schema copy;
    copy.options = state_.options;
    copy.tables = {table};
    apply(copy, step);
    TableChange change;
    change.before = with_collations(table, physical_collation(table.name));
    change.after = with_collations(copy.tables[0], database_collation());
    change.origins = origins_of(change.before);
    change.origins.columns.erase(op.object.name);
    alter(std::move(change));
    fill(op.table, op.object.name, by_default ? op.object.default_value->text : op.object.declared.backfill, false);
    if (op.object.nullable && !by_default) return;
    scratch_ = copy.tables;
    change_to(op.table, op.object);
    scratch_.clear();
  }

  /// Old and new values side by side, the rows moved, the old values taken away.
  void rename_values(const Change<Column>& op, const std::map<std::string, std::string>& renames) {
    auto both = op.after;
    auto type = read_type(op.after.type, context_);
    for (const auto& value : read_type(op.before.type, context_).arguments) {
      const bool known = std::any_of(type.arguments.begin(), type.arguments.end(), [&](const auto& other) { return equal_ignoring_case(other, value); });
      if (!known) type.arguments.push_back(value);
    }
    both.type = type.text();
    change_to(op.table, both);
    std::string cases;
    for (const auto& [now, was] : renames) cases += fmt::format(" WHEN {} THEN {}", quote_text(was), quote_text(now));
    const auto column = quote_name(op.after.name);
    std::vector<std::string> old;
    for (const auto& [now, was] : renames) old.push_back(quote_text(was));
    add(fmt::format("UPDATE {} SET {} = CASE {}{} END WHERE {} IN ({})", quote_name(op.table), column, column, cases, column, join(old, ", ")));
    scratch_ = {*find_named(state_.tables, op.table)};
    *find_named(scratch_[0].columns, op.after.name) = both;
    change_to(op.table, op.after);
    scratch_.clear();
  }

  /// A new column beside the old one, filled from it, put in its place.
  void copy_column(const Change<Column>& op) {
    const auto& name = op.after.name;
    const auto& table = *find_named(state_.tables, op.table);
    suspend({name}, op.table);
    const auto cast = op.after.declared.cast.empty() ? quote_name(name) : op.after.declared.cast;
    const auto copy_name = "migrate_" + sha256(op.table.text() + "." + name).substr(0, 12);
    const bool filled = !op.after.generated;

    auto beside = table;
    if (filled) {
      auto column = op.after;
      column.name = copy_name;
      column.nullable = true;
      column.options.erase("column_check");
      beside.columns.push_back(column);
      TableChange first;
      first.before = with_collations(table, physical_collation(op.table));
      first.after = with_collations(beside, database_collation());
      first.origins = origins_of(first.before);
      alter(std::move(first));
      fill(op.table, copy_name, cast, false);
    }
    TableChange second;
    second.before = with_collations(beside, physical_collation(op.table));
    auto after = table;
    *find_named(after.columns, name) = op.after;
    second.after = with_collations(after, database_collation());
    second.origins = origins_of(second.after);
    if (filled) second.origins.columns[name] = copy_name;
    else second.origins.columns.erase(name);
    alter(std::move(second));
  }

  // ---- other operations -----------------------------------------------------------------------------------------------

  void single(const Operation& operation) {
    std::visit([&](const auto& op) { render(op); }, operation);
    if (!std::holds_alternative<SetDatabaseOptions>(operation)) apply(state_, operation);
  }

  void render(const Create<Table>& op) {
    auto table = op.object;
    const auto whole = with_collations(table, database_collation());
    suspended_.hide(table, whole);
    auto context = context_;
    context.collation = database_collation();
    in_session_of(zero_dates_taken(has_zero_dates(table)), {create_table_sql(table, context)});
  }
  void render(const Drop<Table>& op) {
    suspended_.forget(op.object.name);
    physical_.erase(op.object.name);
    add("DROP TABLE " + quote_name(op.object.name));
  }
  void render(const Rename<Table>& op) {
    add(fmt::format("RENAME TABLE {} TO {}", quote_name(op.from), quote_name(op.to)));
    move_rights(op.from, op.to);
    suspended_.rename(op.from, op.to);
    if (auto node = physical_.extract(op.from)) {
      node.key() = op.to;
      physical_.insert(std::move(node));
    }
  }

  /// Tables that inherit the database's collation stay as they are until they are converted, at their next change or
  /// at the end.
  void render(const SetDatabaseOptions& op) {
    const auto collation = option(op.after, "collation");
    if (!collation.empty() && collation != database_collation()) {
      add(fmt::format("ALTER DATABASE CHARACTER SET {} COLLATE {}", charset_of(collation), collation));
      for (const auto& table : state_.tables) {
        if (!table.options.contains("collation")) physical_.try_emplace(table.name, database_collation());
      }
    }
    apply(state_, op);
  }

  void render(const Sql& op) {
    for (auto& statement : split_statements(op.text, {})) add(std::move(statement.text));
  }

  template <class T>
  void render(const T& op) {
    throw Error{ErrorKind::usage, "MySQL has no such change: " + describe(Operation(op))};
  }

  // ---- the end --------------------------------------------------------------------------------------------------------

  void finish() {
    while (!physical_.empty()) {
      const auto [name, collation] = *physical_.begin();
      const auto* table = find_named(state_.tables, name);
      if (table == nullptr) {
        physical_.erase(physical_.begin());
        continue;
      }
      TableChange change;
      change.before = with_collations(*table, collation);
      change.after = with_collations(*table, database_collation());
      change.origins = origins_of(change.before);
      std::set<std::string> changed;
      for (const auto& column : change.before.columns) {
        if (key_type(column) != key_type(*find_named(change.after.columns, column.name))) changed.insert(column.name);
      }
      suspend(changed, name);
      physical_.erase(name);
      alter(std::move(change));
    }
    for (auto& sql : suspended_.restore()) add(std::move(sql));
  }

  const std::vector<Operation>& operations_;
  std::set<std::size_t> ends_;
  std::map<QualifiedName, std::string> physical_;   ///< inherited collations that the database's change left behind
  std::vector<Table> scratch_;
  SuspendedKeys suspended_{state_, [this](const Table& table) { return with_collations(table, physical_collation(table.name)); }};
};

}  // namespace

std::vector<Statement> render_operations(const std::vector<Operation>& operations, const Schema& before, const ServerInfo& server) {
  return Renderer(before, server, operations).run();
}

std::vector<std::vector<Statement>> render_operation_parts(const std::vector<std::vector<Operation>>& parts, const Schema& before, const ServerInfo& server) {
  std::vector<Operation> operations;
  std::set<std::size_t> ends;
  for (const auto& part : parts) {
    operations.insert(operations.end(), part.begin(), part.end());
    ends.insert(operations.size() - 1);  // no part is empty
  }
  return Renderer(before, server, operations, std::move(ends)).run_parts();
}

}  // namespace migrate::mysql
