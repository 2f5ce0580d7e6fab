#include "transfer/sync.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "autogenerate/autogenerate.hpp"
#include "autogenerate/dependencies.hpp"
#include "core/text.hpp"
#include "dialect/render.hpp"
#include "rows/differences.hpp"
#include "schema/lookup.hpp"
#include "schema/rights.hpp"
#include "transfer/convert.hpp"
#include "transfer/copy_rows.hpp"
#include "transfer/schema_steps.hpp"

namespace migrate {
namespace {

using RowKind = RowDifference::Kind;

/// Takes `there` of an object list for `here`, so that comparing finds nothing among them.
template <class T>
void leave_alone(std::vector<T>& here, const std::vector<T>& there) {
  here = there;
}

class Syncer {
 public:
  Syncer(Target& source, Target& target, const SyncOptions& options, CopyEvents& events) : source_(source, true), target_(target, false), options_(options), events_(events) {
    report_.source = source_.shown();
    report_.target = target_.shown();
  }

  SyncReport run() {
    const auto& rows = source_.dialect().rows();
    if (&source_.dialect() == &target_.dialect() && rows.place(source_.session().connection()) == rows.place(target_.session().connection())) {
      throw Error{ErrorKind::usage, fmt::format("{} and {} are one database", report_.source, report_.target), "name another one"};
    }
    std::optional<EndLock> lock;
    if (!options_.dry_run) lock.emplace(target_, [this](const std::string& text) { events_.note(text); });
    look();
    compare_schemas();
    if (options_.dry_run) {
      compare_rows();
      return std::move(report_);
    }
    change_schema();
    if (options_.copy.wants(CopyKind::rows)) change_rows(*lock);
    make_triggers();
    return std::move(report_);
  }

 private:
  [[nodiscard]] bool same_engine() { return &source_.dialect() == &target_.dialect() && source_.server().product == target_.server().product; }

  void look() {
    schema_ = without_definers(source_.inspect());
    choose_tables(schema_, options_.copy.tables);
    converted_ = convert_schema(schema_, {source_.dialect(), source_.server(), target_.dialect(), target_.server(), target_.session().connection()});
    report_.losses = converted_.losses;
    live_ = target_.inspect();
    if (!options_.copy.tables.empty()) {
      std::erase_if(live_.tables, [&](const Table& table) { return find_named(converted_.schema.tables, table.name) == nullptr; });
      leave_alone(converted_.schema.views, live_.views);
      leave_alone(converted_.schema.routines, live_.routines);
      leave_alone(converted_.schema.definitions, live_.definitions);
      leave_alone(converted_.schema.sequences, live_.sequences);
      for (const auto& type : live_.enums) {
        if (find_named(converted_.schema.enums, type.name) == nullptr) converted_.schema.enums.push_back(type);
      }
    }
    if (!same_engine()) {
      leave_alone(converted_.schema.views, live_.views);
      leave_alone(converted_.schema.routines, live_.routines);
      leave_alone(converted_.schema.definitions, live_.definitions);
      leave_alone(converted_.schema.sequences, live_.sequences);
      leave_alone(converted_.schema.extensions, live_.extensions);
      converted_.schema.options = live_.options;
      for (auto& table : converted_.schema.tables) {
        if (const auto* other = find_named(live_.tables, table.name)) {
          table.triggers = other->triggers;
          table.policies = other->policies;
        }
      }
    }
    keep_wanted(converted_.schema, options_.copy);
    keep_wanted(live_, options_.copy);
  }

  void compare_schemas() {
    if (!options_.copy.wants(CopyKind::tables)) return;
    difference_ = find_difference(target_.dialect(), target_.session().connection(), target_.server(), live_, converted_.schema, options_.renames);
    for (const auto& change : difference_->changes) report_.changes.push_back(describe(change.operation));
    for (const auto& statement : render_statements(*difference_, target_.dialect())) report_.statements.push_back(statement.text);
  }

  void pair_up(const Schema& there) {
    pairs_.clear();
    for (const auto& table : schema_.tables) {
      if (table.options.contains("partition_of")) continue;
      const auto name = converted_.tables.find(table.name);
      const auto* other = name == converted_.tables.end() ? nullptr : find_named(there.tables, name->second);
      if (other != nullptr) pairs_.push_back(pair_tables(source_, schema_, table, target_, there, *other));
    }
  }

  /// Both sides with their sessions.
  std::pair<TableSide, TableSide> sides(const TablePair& pair, RowsConnection& there) {
    auto from = pair.from;
    auto to = pair.to;
    from.connection = &snapshot_->first();
    to.connection = &there;
    return {from, to};
  }

  TableDifference differences(const TablePair& pair, RowsConnection& there, const std::function<void(const RowDifference&)>& take) {
    const auto both_sides = sides(pair, there);
    const auto& from = both_sides.first;
    const auto& to = both_sides.second;
    TableDifference counts{.table = pair.source.name.text()};
    find_differences(from, to, pair.key, [&](const RowDifference& difference) {
      if (difference.kind == RowKind::different) ++counts.different;
      else (difference.kind == RowKind::only_source ? counts.only_source : counts.only_target) += pair.key.empty() ? difference.times : 1;
      if (report_.differing.size() < most_listed_rows) report_.differing.push_back(shown_difference(from, pair.key, difference));
      if (take) take(difference);
    });
    return counts;
  }

  void compare_rows() {
    if (!options_.copy.wants(CopyKind::rows)) return;
    snapshot_ = std::make_unique<Snapshot>(source_);
    Snapshot there(target_);
    pair_up(target_.inspect());
    for (const auto& pair : pairs_) report_.tables.push_back(differences(pair, there.first(), {}));
  }

  void change_schema() {
    if (!difference_ || difference_->empty()) return;
    const auto drops = std::count_if(report_.changes.begin(), report_.changes.end(), [](const std::string& change) { return change.starts_with("drop "); });
    if (drops != 0) options_.copy.confirm(fmt::format("Make {} in {}, of which {} drop something?", plural(report_.changes.size(), "change"), report_.target, drops));
    events_.phase("changing the schema");
    for (const auto& statement : report_.statements) {
      try {
        target_.session().connection().execute(statement);
      } catch (const DatabaseError& error) {
        if (error.cause == DatabaseError::Cause::connection || !options_.copy.report_errors) {
          throw Error{ErrorKind::failed, fmt::format("cannot change the schema: {}\n{}", error.message(), statement), error.hint};
        }
        report_.losses.push_back({statement.substr(0, statement.find('\n')), error.message(), true});
      }
    }
  }

  void change_rows(EndLock& lock) {
    snapshot_ = std::make_unique<Snapshot>(source_);
    const auto there = target_.inspect();
    pair_up(there);
    auto writer = target_.open_rows();
    lock.follow(*writer);
    const auto limit = target_.dialect().rows().set_up_writing(*writer);
    if (!limit.empty()) events_.note(limit);
    std::vector<std::vector<RowDifference>> found(pairs_.size());
    long long gone = 0;
    for (std::size_t i = 0; i < pairs_.size(); ++i) {
      events_.phase("comparing " + pairs_[i].source.name.text());
      report_.tables.push_back(differences(pairs_[i], *writer, [&](const RowDifference& difference) { found[i].push_back(difference); }));
      gone += report_.tables.back().only_target;
    }
    if (!limit.empty()) refuse_side_effects(there, found, limit);
    if (gone != 0 && options_.delete_rows) options_.copy.confirm(fmt::format("Delete {} that only {} has?", plural(static_cast<std::size_t>(gone), "row"), report_.target));
    for (std::size_t i = 0; i < pairs_.size(); ++i) {
      if (!found[i].empty()) drop_triggers(pairs_[i].target, there);
    }
    writer->execute(target_.dialect().run().begin_sql());
    if (const auto defer = target_.dialect().rows().defer_keys_sql(); !limit.empty() && !defer.empty()) writer->execute(defer);
    for (std::size_t i = pairs_.size(); i-- > 0;) remove(pairs_[i], *writer, found[i]);
    for (std::size_t i = 0; i < pairs_.size(); ++i) insert(pairs_[i], *writer, found[i]);
    writer->execute("COMMIT");
    if (options_.copy.wants(CopyKind::sequences)) set_next_numbers(source_, schema_, target_, there, converted_.tables);
  }

  /// Where triggers and keys cannot be switched off, a row that is deleted to come back anew would take those along that refer to it, and triggers would do again
  /// what they did in the source.
  void refuse_side_effects(const Schema& there, const std::vector<std::vector<RowDifference>>& found, const std::string& limit) const {
    const auto refuse = [&](const std::string& what) {
      throw Error{ErrorKind::failed, limit + ", and " + what + ": nothing was changed", "a superuser may, and on PostgreSQL 15 and later a role that was given it: GRANT SET ON PARAMETER session_replication_role TO ..."};
    };
    for (std::size_t i = 0; i < pairs_.size(); ++i) {
      const auto& table = pairs_[i].target;
      if (!found[i].empty() && !table.triggers.empty()) refuse("the triggers of " + table.name.text() + " would fire");
      if (std::all_of(found[i].begin(), found[i].end(), [](const RowDifference& difference) { return difference.kind == RowKind::only_source; })) continue;
      for (const auto& other : there.tables) {
        for (const auto& key : other.foreign_keys) {
          const bool passes_on = !key.on_delete.empty() && key.on_delete != "restrict";
          if (key.references == table.name && passes_on) refuse("deleting rows of " + table.name.text() + " would change " + other.name.text() + " (ON DELETE " + key.on_delete + ")");
        }
      }
    }
  }

  /// No trigger of the target fires for what comes from the source, where its trigger has fired already.
  void drop_triggers(const Table& table, const Schema& there) {
    if (table.triggers.empty() || target_.dialect().rows().silences_triggers()) return;
    std::vector<Operation> operations;
    for (const auto& trigger : table.triggers) operations.emplace_back(Remove<Trigger>{table.name, trigger});
    for (const auto& statement : target_.dialect().render().render(operations, there, target_.server())) target_.session().connection().execute(statement.text);
    dropped_.push_back(table);
  }

  void make_triggers() {
    for (const auto& table : dropped_) {
      auto there = target_.inspect();
      std::vector<Operation> operations;
      for (const auto& trigger : table.triggers) operations.emplace_back(Add<Trigger>{table.name, trigger});
      for (const auto& statement : target_.dialect().render().render(operations, there, target_.server())) target_.session().connection().execute(statement.text);
    }
  }

  [[nodiscard]] std::vector<RowsColumn> key_of(const TableSide& side, const TablePair& pair) const {
    std::vector<RowsColumn> columns;
    for (const auto place : pair.key) columns.push_back(side.columns[place]);
    return columns;
  }

  /// Conditions over some keys at a time.
  template <class F>
  void by_keys(const TableSide& side, const TablePair& pair, const std::vector<const KeyValues*>& keys, F&& use) const {
    constexpr std::size_t at_once = 200;
    const auto columns = key_of(side, pair);
    for (std::size_t i = 0; i < keys.size(); i += at_once) {
      std::string condition;
      for (std::size_t k = i; k < std::min(i + at_once, keys.size()); ++k) condition += (condition.empty() ? "(" : " OR (") + equal_to(side, columns, *keys[k]) + ")";
      use(condition);
    }
  }

  void remove(const TablePair& pair, RowsConnection& writer, const std::vector<RowDifference>& found) {
    const auto [from, to] = sides(pair, writer);
    std::vector<const KeyValues*> keys;
    for (const auto& difference : found) {
      if (difference.kind == RowKind::only_source || (difference.kind == RowKind::only_target && !options_.delete_rows)) continue;
      if (pair.key.empty()) {
        if (difference.kind == RowKind::only_target) writer.execute(to.rows().delete_some_sql(to.name, same_row(to, difference.key), difference.times));
      } else {
        keys.push_back(&difference.key);
      }
    }
    by_keys(to, pair, keys, [&](const std::string& condition) { writer.execute(fmt::format("DELETE FROM {} WHERE {}", to.from(), condition)); });
  }

  /// A row of a table without a key is known by the number of all its values.
  static std::string same_row(const TableSide& side, const KeyValues& row) {
    std::string text;
    for (std::size_t i = 0; i < row.size(); ++i) {
      text += (i > 0 ? "|" : "") + side.rows().digest_of(side.columns[i], restored(side.columns[i], row[i]));
    }
    return fmt::format("{} = {}", row_number_sql(side, side.columns), hash_of(text));
  }

  void insert(const TablePair& pair, RowsConnection& writer, const std::vector<RowDifference>& found) {
    const auto [from, to] = sides(pair, writer);
    const MoveOptions options{.report = options_.copy.report_errors, .rejected = [&](const RejectedRow& row) { report_.rejected.push_back(row); }, .progress = {}, .change = {}};
    const auto limits = target_.dialect().rows().limits(target_.server());
    const auto move = [&](const std::string& condition) { static_cast<void>(move_rows(from, to, select_sql(from, from.columns, condition), limits, options)); };
    std::vector<const KeyValues*> keys;
    for (const auto& difference : found) {
      if (difference.kind == RowKind::only_target) continue;
      if (!pair.key.empty()) {
        keys.push_back(&difference.key);
        continue;
      }
      // As many as are missing, out of those that are equal there.
      RowBatch batch(to.columns.size());
      for (long long n = 0; n < difference.times; ++n) {
        for (std::size_t i = 0; i < difference.key.size(); ++i) {
          batch.add(restored(to.columns[i], difference.key[i]));
        }
      }
      to.rows().write(writer, to.name, to.columns, batch);
    }
    by_keys(from, pair, keys, move);
  }

  End source_;
  End target_;
  const SyncOptions& options_;
  CopyEvents& events_;
  SyncReport report_;
  Schema schema_;
  Schema live_;
  Converted converted_;
  std::optional<Difference> difference_;
  std::vector<TablePair> pairs_;
  std::unique_ptr<Snapshot> snapshot_;
  std::vector<Table> dropped_;  ///< whose triggers were dropped
};

}  // namespace

bool SyncReport::same() const {
  return changes.empty() && rejected.empty() && std::none_of(tables.begin(), tables.end(), [](const TableDifference& table) { return table.any(); });
}

SyncReport sync_databases(Target& source, Target& target, const SyncOptions& options, CopyEvents& events) { return Syncer(source, target, options, events).run(); }

}  // namespace migrate
