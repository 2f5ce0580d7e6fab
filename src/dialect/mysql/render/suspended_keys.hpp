/// Foreign keys that stand in the way of a change: they go before it, and come back at the end, when both sides have changed.
#pragma once

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "dialect/mysql/render/render_table.hpp"

namespace migrate::mysql {

/// What the server compares: a foreign key needs the same on both ends.
[[nodiscard]] inline std::string key_type(const Column& column) { return column.type + column.collation; }

/// Whether the server refuses the change of a column while a key to it is there: MySQL also when it begins or ends to count (error 1833).
[[nodiscard]] inline bool breaks_keys(const Column& before, const Column& after, bool mariadb) {
  return key_type(before) != key_type(after) || (!mariadb && before.identity.has_value() != after.identity.has_value());
}

/// Whether a key of `owner` stands on one of these columns of the table `name`, at either end.
[[nodiscard]] bool stands_on(const ForeignKey& key, const QualifiedName& owner, const QualifiedName& name, const std::set<std::string>& columns);

class SuspendedKeys {
 public:
  /// `state` is the schema as the operations so far have made it, with the suspended keys; `whole` gives a table its inherited collations.
  SuspendedKeys(const Schema& state, std::function<Table(const Table&)> whole) : state_(state), whole_(std::move(whole)) {}

  /// The statements that drop the keys over these columns.
  [[nodiscard]] std::vector<std::string> suspend(const std::set<std::string>& columns, const QualifiedName& name);

  /// Takes suspended keys out of a change: they are not there now. A new one whose columns do not fit yet waits as well.
  void hide(TableChange& change);
  /// Takes the keys that wait for a table out of one that is made; `whole` is the table with its inherited collations.
  void hide(Table& table, const Table& whole);

  void forget(const QualifiedName& table);
  void rename(const QualifiedName& from, const QualifiedName& to);

  /// The statements that bring back what still stands in the state.
  [[nodiscard]] std::vector<std::string> restore() const;

 private:
  struct Place {
    QualifiedName table;
    std::string name;
    auto operator<=>(const Place&) const = default;
  };

  [[nodiscard]] bool fits(const ForeignKey& key, const Table& table) const;

  const Schema& state_;
  std::function<Table(const Table&)> whole_;
  std::set<Place> places_;
};

}  // namespace migrate::mysql
