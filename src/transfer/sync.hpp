/// A database that is there made the same as another: its schema by compare, order and render, its rows by key.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "autogenerate/rename.hpp"
#include "transfer/copy.hpp"

namespace migrate {

struct SyncOptions {
  CopyOptions copy;            ///< tables, kinds, report_errors, confirm
  bool delete_rows = true;     ///< rows that only the target has go
  bool dry_run = false;
  RenameOptions renames;
};

struct TableDifference {
  std::string table;
  long long only_source = 0;
  long long only_target = 0;
  long long different = 0;

  [[nodiscard]] bool any() const { return only_source + only_target + different != 0; }
};

struct SyncReport {
  std::string source, target;
  std::vector<std::string> changes;       ///< of the schema, a line each
  std::vector<std::string> statements;
  std::vector<TableDifference> tables;    ///< of those that both have
  std::vector<std::string> differing;     ///< rows by their keys, a line each, the first of them
  std::vector<Loss> losses;
  std::vector<RejectedRow> rejected;
  std::vector<std::string> notes;

  [[nodiscard]] bool same() const;
};

/// Throws Error as copy_database does. With `dry_run` nothing is changed.
[[nodiscard]] SyncReport sync_databases(Target& source, Target& target, const SyncOptions& options, CopyEvents& events);

}  // namespace migrate
