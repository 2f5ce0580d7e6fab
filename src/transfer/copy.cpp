#include "transfer/copy.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "core/text.hpp"
#include "schema/lookup.hpp"
#include "schema/rights.hpp"
#include "transfer/convert.hpp"
#include "transfer/copy_rows.hpp"
#include "transfer/schema_steps.hpp"
#include "transfer/views.hpp"

namespace migrate {
namespace {

class Copier {
 public:
  Copier(Target& source, Target& target, const CopyOptions& options, CopyEvents& events) : source_(source, true), target_(target, false), options_(options), events_(events) {
    report_.source = source_.shown();
    report_.target = target_.shown();
  }

  CopyReport run() {
    const auto start = std::chrono::steady_clock::now();
    refuse_same_place();
    lock_.emplace(target_, [this](const std::string& text) { events_.note(text); });
    look();
    prepare_target();
    make_bare();
    if (options_.wants(CopyKind::rows)) move_rows();
    make_rest();
    verify();
    progress().end(target_.session().connection());
    report_.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    return std::move(report_);
  }

  CopyReport plan() {
    refuse_same_place();
    look();
    Snapshot snapshot(source_);
    for (const auto& table : schema_.tables) {
      const auto name = converted_.tables.find(table.name);
      if (name == converted_.tables.end()) continue;
      auto pair = pair_tables(source_, schema_, table, source_, schema_, table);
      pair.from.connection = &snapshot.first();
      report_.tables.push_back({.table = table.name.text(), .target = name->second.text(), .read = count_rows(pair.from)});
    }
    return std::move(report_);
  }

 private:
  [[nodiscard]] CopyProgress progress() { return {target_.dialect(), target_.progress_table()}; }
  [[nodiscard]] bool same() { return &source_.dialect() == &target_.dialect() && source_.server().product == target_.server().product; }
  [[nodiscard]] bool makes_tables() const { return options_.wants(CopyKind::tables); }

  void refuse_same_place() {
    if (source_.dialect().rows().place(source_.session().connection()) != target_.dialect().rows().place(target_.session().connection()) || &source_.dialect() != &target_.dialect()) return;
    throw Error{ErrorKind::usage, fmt::format("{} and {} are one database", report_.source, report_.target), "name another one to copy to"};
  }

  void look() {
    schema_ = without_definers(source_.inspect());
    choose_tables(schema_, options_.tables);
    converted_ = convert_schema(schema_, {source_.dialect(), source_.server(), target_.dialect(), target_.server(), target_.session().connection()});
    keep_wanted(converted_.schema, options_);
    report_.losses = converted_.losses;
  }

  /// What this copy is, so that one that was cut off is known again.
  [[nodiscard]] std::string what() {
    std::string text = report_.source + "\n" + join(options_.tables, ",") + "\n";
    for (const auto& start : options_.subset) text += fmt::format("{} where {} limit {}\n", start.table, start.condition, start.limit);
    for (const auto& child : options_.children) text += "children " + child + "\n";
    if (options_.rows >= 0) text += fmt::format("rows {}\n", options_.rows);
    for (const auto& [name, kind] : copy_kinds()) text += options_.wants(kind) ? name + " " : "";
    return text;
  }

  void prepare_target() {
    auto& connection = target_.session().connection();
    const auto begun = progress().begun(connection);
    if (begun == what() && !options_.replace) {
      events_.note("going on with a copy that was cut off");
      return;
    }
    if (!begun.empty() && !options_.replace) {
      throw Error{ErrorKind::usage, fmt::format("{} holds a part of another copy, from {}", report_.target, begun.substr(0, begun.find('\n'))),
                  "the same command again goes on with it; --replace empties the database first"};
    }
    const auto there = target_.inspect();
    if (makes_tables()) replace_schema(there, !begun.empty());
    else replace_rows(there);
    progress().begin(connection, target_.server(), what());
  }

  void replace_schema(const Schema& there, bool begun) {
    const bool empty = there.tables.empty() && there.views.empty() && there.routines.empty() && there.sequences.empty() && there.enums.empty() && there.domains.empty() && there.definitions.empty();
    if (empty && !begun) return;
    if (!options_.replace) {
      throw Error{ErrorKind::usage, fmt::format("{} is not empty: it has {} and {}", report_.target, plural(there.tables.size(), "table"), plural(there.views.size(), "view")),
                  "--replace drops everything in it first; `migrate sync` makes a database that is there the same as another"};
    }
    if (!empty) options_.confirm(fmt::format("Drop all {} of {}?", plural(there.tables.size(), "table"), report_.target));
    drop_everything(target_);
  }

  void replace_rows(const Schema& there) {
    std::vector<QualifiedName> full;
    auto rows = target_.open_rows();
    for (const auto& [from, to] : converted_.tables) {
      const auto* table = find_named(there.tables, to);
      if (table == nullptr) throw Error{ErrorKind::usage, fmt::format("{} has no table {}", report_.target, to.text()), "without `--only rows` copy makes the tables too"};
      TableSide side{.dialect = &target_.dialect(), .connection = rows.get(), .name = to, .columns = {}, .key = {}};
      side.children = table->options.contains("partition_by");
      if (count_rows(side) != 0) full.push_back(to);
    }
    if (full.empty()) return;
    if (!options_.replace) throw Error{ErrorKind::usage, fmt::format("{} has rows in {}", report_.target, full.front().text()), "--replace deletes them first"};
    options_.confirm(fmt::format("Delete all rows of {} in {}?", plural(full.size(), "table"), report_.target));
    static_cast<void>(target_.dialect().rows().set_up_writing(*rows));
    rows->execute(target_.dialect().run().begin_sql());
    for (const auto& name : full) rows->execute(target_.dialect().rows().empty_sql(name));
    rows->execute("COMMIT");
  }

  void make_bare() {
    if (!makes_tables()) return;
    events_.phase("making tables");
    make_missing(target_, bare_schema(converted_.schema, target_.dialect()), false, report_.losses);
  }

  void pair_up() {
    const auto there = target_.inspect();
    for (const auto& table : schema_.tables) {
      if (table.options.contains("partition_of")) continue;
      const auto name = converted_.tables.find(table.name);
      const auto* other = name == converted_.tables.end() ? nullptr : find_named(there.tables, name->second);
      if (other == nullptr) continue;
      pairs_.push_back(pair_tables(source_, schema_, table, target_, there, *other));
      tell_columns_left(table, *other);
      mask(pairs_.back());
    }
    for (const auto& [table, columns] : options_.masks) {
      if (masked_.contains(table) || !options_.tables.empty()) continue;
      throw Error{ErrorKind::usage, "there is no table " + table + " to mask", "correct the mask, or bring the database to where the model is; --no-mask brings values as they are", columns.begin()->second.location};
    }
  }

  void mask(TablePair& pair) {
    auto found = options_.masks.find(pair.source.name.text());
    if (found == options_.masks.end()) return;
    masked_.insert(found->first);
    pair.masks.resize(pair.from.columns.size());
    for (const auto& [name, mask] : found->second) {
      const auto column = std::find_if(pair.from.columns.begin(), pair.from.columns.end(), [&](const RowsColumn& c) { return c.name == name; });
      if (column == pair.from.columns.end()) throw Error{ErrorKind::usage, fmt::format("table {} has no column {} to mask", found->first, name), "correct the mask, or bring the database to where the model is; --no-mask brings values as they are", mask.location};
      const auto place = static_cast<std::size_t>(column - pair.from.columns.begin());
      pair.masks[place] = mask;
      pair.from.columns[place].changed = pair.to.columns[place].changed = true;
      // A value such as SQLite stores it has to be a canonical text first.
      pair.from.columns[place].native = pair.to.columns[place].native = false;
    }
  }

  void tell_columns_left(const Table& table, const Table& other) {
    for (const auto& column : table.columns) {
      if (std::none_of(other.columns.begin(), other.columns.end(), [&](const Column& c) { return equal_ignoring_case(c.name, column.name); })) {
        report_.losses.push_back({"table " + table.name.text() + ", column " + column.name, "the target has no such column", true});
      }
    }
  }

  void move_rows() {
    pair_up();
    events_.phase("copying rows");
    snapshot_ = std::make_unique<Snapshot>(source_, jobs_of(options_, target_.server()), [this](const std::string& text) { events_.note(text); });
    copy_rows(source_, *snapshot_, target_, *lock_, pairs_, progress(), options_, events_, report_);
  }

  void make_rest() {
    if (!makes_tables()) return;
    events_.phase("making indexes, keys and views");
    auto full = converted_.schema;
    if (!same()) full.views.clear();
    make_missing(target_, full, options_.report_errors || !same(), report_.losses);
    if (!same() && !converted_.schema.views.empty()) {
      // Rows tell whether a view still means the same, where all of them came along as they are.
      const bool whole = snapshot_ && !options_.is_subset() && options_.masks.empty() && options_.tables.empty() && report_.rejected.empty();
      make_views(source_, whole ? &snapshot_->first() : nullptr, target_, schema_.views, converted_.schema.views, report_.losses);
    }
    for (auto& line : target_.dialect().rows().broken_keys(target_.session().connection())) {
      events_.note(line);
      report_.notes.push_back(std::move(line));
    }
    if (options_.wants(CopyKind::rows) && options_.wants(CopyKind::sequences)) set_next_numbers(source_, schema_, target_, target_.inspect(), converted_.tables);
  }

  void verify() {
    if (!options_.wants(CopyKind::rows)) return;
    if (options_.verify != Verify::none) events_.phase("comparing");
    verify_rows(*snapshot_, target_, pairs_, progress(), options_, events_, report_);
  }

  End source_;
  End target_;
  const CopyOptions& options_;
  CopyEvents& events_;
  CopyReport report_;
  Schema schema_;
  Converted converted_;
  std::vector<TablePair> pairs_;
  std::set<std::string> masked_;
  std::unique_ptr<Snapshot> snapshot_;
  std::optional<EndLock> lock_;
};

}  // namespace

const std::vector<std::pair<std::string, CopyKind>>& copy_kinds() {
  static const std::vector<std::pair<std::string, CopyKind>> kinds{
      {"tables", CopyKind::tables}, {"rows", CopyKind::rows}, {"indexes", CopyKind::indexes}, {"keys", CopyKind::keys}, {"checks", CopyKind::checks},
      {"views", CopyKind::views}, {"routines", CopyKind::routines}, {"triggers", CopyKind::triggers}, {"sequences", CopyKind::sequences}, {"comments", CopyKind::comments}};
  return kinds;
}

void choose_tables(Schema& schema, const std::vector<std::string>& globs) {
  if (globs.empty()) return;
  const auto chosen = [&](const Table& table) {
    return std::any_of(globs.begin(), globs.end(), [&](const std::string& glob) { return glob_match(glob, table.name.name) || glob_match(glob, table.name.text()); });
  };
  for (const auto& glob : globs) {
    if (std::none_of(schema.tables.begin(), schema.tables.end(), [&](const Table& table) { return glob_match(glob, table.name.name) || glob_match(glob, table.name.text()); })) {
      std::vector<std::string> names;
      for (const auto& table : schema.tables) names.push_back(table.name.text());
      throw Error{ErrorKind::usage, "no table is called " + glob, did_you_mean(glob, names)};
    }
  }
  std::erase_if(schema.tables, [&](const Table& table) { return !chosen(table); });
  for (auto& table : schema.tables) {
    std::erase_if(table.foreign_keys, [&](const ForeignKey& key) { return find_named(schema.tables, key.references) == nullptr; });
  }
  // What stands on tables that do not come cannot come either.
  schema.views.clear();
  schema.routines.clear();
  std::erase_if(schema.definitions, [](const Definition& definition) { return definition.kind != "type"; });
}

CopyReport copy_database(Target& source, Target& target, const CopyOptions& options, CopyEvents& events) { return Copier(source, target, options, events).run(); }

CopyReport plan_copy(Target& source, Target& target, const CopyOptions& options) {
  CopyEvents silent;
  return Copier(source, target, options, silent).plan();
}

}  // namespace migrate
