/// A part of a database whose foreign keys all hold: the rows that somebody chose, and every row that they refer to.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "migrate/schema.hpp"
#include "rows/side.hpp"

namespace migrate {

/// Rows to start from: 'TABLE [where COND] [limit N]'.
struct SubsetStart {
  std::string table;      ///< as somebody wrote it
  std::string condition;  ///< SQL of the source; "" is all rows
  long long limit = -1;   ///< the first by their key; -1 is all
};

/// Throws Error (usage) for words that are none of it.
[[nodiscard]] SubsetStart parse_subset(const std::string& text);

/// A table with what its rows are known by: its key, or where it has none the number of the whole row.
struct SubsetTable {
  const Table* table = nullptr;
  TableSide side;               ///< with all columns of the source that are copied
  std::vector<std::size_t> key; ///< places among them
};

/// The chosen rows of each table, by what they are known by.
class Closure {
 public:
  explicit Closure(std::vector<SubsetTable> tables) : tables_(std::move(tables)), chosen_(tables_.size()), fresh_(tables_.size()) {}

  void start(const SubsetStart& start);
  /// The first rows of every table.
  void start_everywhere(long long rows);
  /// Adds what chosen rows refer to, and the rows of these tables that refer to chosen ones, until nothing is missing.
  void complete(const std::set<std::string>& children);

  [[nodiscard]] long long rows(std::size_t table) const { return static_cast<long long>(chosen_[table].size()); }
  /// Conditions that together hold for the chosen rows of a table, some rows each.
  [[nodiscard]] std::vector<std::string> conditions(std::size_t table) const;
  [[nodiscard]] const std::vector<SubsetTable>& tables() const { return tables_; }

 private:
  using Keys = std::set<KeyValues>;

  [[nodiscard]] std::size_t place_of(const QualifiedName& name) const;
  [[nodiscard]] std::string condition_of_keys(const SubsetTable& table, const std::vector<KeyValues>& keys) const;
  void choose(std::size_t table, const std::string& condition, long long limit);
  void take(std::size_t table, KeyValues key);
  /// Reads key and other columns of rows.
  void read(const SubsetTable& table, const std::vector<RowsColumn>& columns, const std::string& condition, const std::function<void(KeyValues key, KeyValues values)>& row) const;
  void follow(std::size_t table, const ForeignKey& key, const std::vector<KeyValues>& rows);
  void follow_back(std::size_t child, const ForeignKey& key, std::size_t parent, const std::vector<KeyValues>& rows);

  std::vector<SubsetTable> tables_;
  std::vector<Keys> chosen_;
  std::vector<std::vector<KeyValues>> fresh_;  ///< chosen, and not followed yet
};

}  // namespace migrate
