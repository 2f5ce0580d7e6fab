#include "transfer/schema_steps.hpp"

#include <algorithm>

#include "autogenerate/autogenerate.hpp"
#include "dialect/render.hpp"
#include "rows/progress.hpp"
#include "schema/lookup.hpp"

namespace migrate {
namespace {

/// Whether a change makes something; a copy drops and renames nothing.
bool makes(const Operation& operation) {
  return std::visit(
      []<class T>(const T&) {
        return std::is_same_v<T, CreateSchema> || std::is_same_v<T, Create<Extension>> || std::is_same_v<T, Create<EnumType>> || std::is_same_v<T, Create<Domain>> ||
               std::is_same_v<T, Create<Sequence>> || std::is_same_v<T, Create<Definition>> || std::is_same_v<T, Create<Routine>> || std::is_same_v<T, Create<View>> ||
               std::is_same_v<T, Create<Table>> || std::is_same_v<T, Add<Column>> || std::is_same_v<T, Add<PrimaryKey>> || std::is_same_v<T, Add<Unique>> ||
               std::is_same_v<T, Add<ForeignKey>> || std::is_same_v<T, Add<Check>> || std::is_same_v<T, Add<Exclusion>> || std::is_same_v<T, Add<Index>> ||
               std::is_same_v<T, Add<Trigger>> || std::is_same_v<T, Add<Policy>> || std::is_same_v<T, Alter<Table>> || std::is_same_v<T, Change<Column>> ||
               std::is_same_v<T, Alter<Sequence>> || std::is_same_v<T, SetDatabaseOptions>;
      },
      static_cast<const AnyOperation&>(operation));
}

void run_all(End& target, const std::vector<Statement>& statements) {
  for (const auto& statement : statements) target.session().connection().execute(statement.text);
}

std::string first_line_of(const std::string& text) { return text.substr(0, text.find('\n')); }

/// Statements of changes that follow each other; one by one where they fail together.
void run_changes(End& target, Schema& state, const std::vector<Operation>& changes, bool lenient, std::vector<Loss>& losses) {
  const auto& dialect = target.dialect();
  try {
    run_all(target, dialect.render().render(changes, state, target.server()));
    for (const auto& change : changes) dialect.catalog().apply(state, change);
    return;
  } catch (const DatabaseError& error) {
    if (error.cause == DatabaseError::Cause::connection) throw;
    if (changes.size() == 1) {
      if (!lenient) throw Error{ErrorKind::failed, "cannot " + describe(changes[0]) + ": " + error.message(), "`--on-error report` goes on and lists what did not arrive"};
      losses.push_back({describe(changes[0]), first_line_of(error.message()), true});
      return;
    }
  }
  // Some of them may be there: what one statement made of a few stays on engines that cannot roll back.
  for (const auto& change : changes) run_changes(target, state, {change}, lenient, losses);
}

}  // namespace

void keep_wanted(Schema& schema, const CopyOptions& options) {
  if (!options.wants(CopyKind::views)) schema.views.clear();
  if (!options.wants(CopyKind::routines)) schema.routines.clear();
  if (!options.wants(CopyKind::sequences)) schema.sequences.clear();
  for (auto& table : schema.tables) {
    if (!options.wants(CopyKind::indexes)) table.indexes.clear();
    if (!options.wants(CopyKind::keys)) table.foreign_keys.clear();
    if (!options.wants(CopyKind::checks)) table.checks.clear();
    if (!options.wants(CopyKind::triggers)) table.triggers.clear();
    if (options.wants(CopyKind::comments)) continue;
    table.comment.clear();
    for (auto& column : table.columns) column.comment.clear();
  }
}

void make_missing(End& target, const Schema& wanted, bool lenient, std::vector<Loss>& losses) {
  auto live = target.inspect();
  auto state = live;
  auto difference = find_difference(target.dialect(), target.session().connection(), target.server(), std::move(live), wanted, {.policy = RenamePolicy::never, .answers = {}, .ask = {}});
  std::vector<Operation> together;
  const QualifiedName* table = nullptr;
  for (const auto& change : difference.changes) {
    if (!makes(change.operation)) continue;
    const auto* of = table_of(change.operation);
    const bool goes_on = table != nullptr && of != nullptr && *of == *table && !together.empty() && together.back().index() == change.operation.index();
    if (!goes_on && !together.empty()) {
      run_changes(target, state, together, lenient, losses);
      together.clear();
    }
    together.push_back(change.operation);
    table = table_of(together.back());
  }
  if (!together.empty()) run_changes(target, state, together, lenient, losses);
}

void drop_everything(End& target) {
  auto live = target.inspect();
  Schema nothing;
  nothing.options = live.options;
  auto difference = find_difference(target.dialect(), target.session().connection(), target.server(), std::move(live), std::move(nothing), {.policy = RenamePolicy::never, .answers = {}, .ask = {}});
  run_all(target, render_statements(difference, target.dialect()));
  const CopyProgress progress(target.dialect(), target.progress_table());
  if (!progress.begun(target.session().connection()).empty()) progress.end(target.session().connection());
}

void set_next_numbers(End& source, const Schema& source_schema, End& target, const Schema& target_schema, const std::map<QualifiedName, QualifiedName>& names) {
  auto& here = source.session().connection();
  auto& there = target.session().connection();
  for (const auto& table : source_schema.tables) {
    const auto name = names.find(table.name);
    const auto* other = name == names.end() ? nullptr : find_named(target_schema.tables, name->second);
    if (other == nullptr) continue;
    for (const auto& column : table.columns) {
      const auto* own = find_named(other->columns, column.name);
      if (own == nullptr || !own->identity) continue;
      auto next = source.dialect().rows().next_number(here, table, column);
      if (!next) {
        // Numbered from the largest value there is: the same, where the target remembers a number instead.
        const auto& q = source.dialect().sql();
        next = here.query("SELECT coalesce(max(" + q.quote_name(column.name) + "), 0) + 1 FROM " + q.quote_name(table.name)).rows.at(0).at(0);
      }
      if (next) there.execute(target.dialect().rows().set_next_number_sql(*other, *own, *next));
    }
  }
  if (&source.dialect() != &target.dialect()) return;
  for (const auto& sequence : source_schema.sequences) {
    if (find_named(target_schema.sequences, sequence.name) == nullptr) continue;
    if (const auto sql = source.dialect().rows().sequence_state_sql(here, sequence); !sql.empty()) there.execute(sql);
  }
}

}  // namespace migrate
