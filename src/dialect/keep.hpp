/// The face `keep`: how an engine puts aside what a statement takes away, so that a downgrade has it again.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "dialect/connection.hpp"
#include "dialect/server.hpp"
#include "migrate/schema.hpp"

namespace migrate {

/// What to do with a table that a DROP TABLE takes away.
struct SetAside {
  enum class Way {
    rename,  ///< `statements` run in place of the DROP: the table has the kept name then, and nothing of it is in the way
    copy,    ///< its rows have to be copied, and the DROP runs as it is
    none     ///< the server refuses the DROP, or there is nothing to keep: it runs as it is
  };
  Way way = Way::copy;
  std::vector<std::string> statements;
};

/// The DROP TABLE in hand.
struct DroppedTable {
  const Table* table = nullptr;            ///< as it is, qualified where the engine has schemas
  std::vector<QualifiedName> together;     ///< all tables of the statement
  std::string statement;                   ///< its text
  bool cascade = false;
  bool in_transaction = true;              ///< a transaction is open
  QualifiedName kept;                      ///< the name that it gets
};

class KeepFace {
 public:
  virtual ~KeepFace() = default;

  /// How the table is put aside at a cost that does not grow with its rows. What depends on it goes as the statement says, or the
  /// statement fails as it would have.
  [[nodiscard]] virtual SetAside set_aside(Connection& connection, const ServerInfo& server, const DroppedTable& dropped) const = 0;

  /// SQL, in a transaction, behind which nobody else changes the table's rows until it ends; "" where reading rows in it does that.
  [[nodiscard]] virtual std::string lock_sql(const QualifiedName& table) const {
    static_cast<void>(table);
    return "";
  }

  /// Why rows of the table cannot be taken for its own; "" when they can.
  [[nodiscard]] virtual std::string rows_of_others(Connection& connection, const QualifiedName& table) const {
    static_cast<void>(connection), static_cast<void>(table);
    return "";
  }

  /// A DELETE that hands what it takes to `kept` as it goes, in one look at the rows: `taken` are the values of its `columns`. "" where
  /// the engine has no such thing.
  [[nodiscard]] virtual std::string take_rows_sql(const std::string& deletion, const std::string& kept, const std::string& columns, const std::string& taken) const {
    static_cast<void>(deletion), static_cast<void>(kept), static_cast<void>(columns), static_cast<void>(taken);
    return "";
  }

  /// Whether deleting rows deletes or changes those that refer to them, as their keys say.
  [[nodiscard]] virtual bool keys_act(Connection& connection) const {
    static_cast<void>(connection);
    return true;
  }

  /// A condition that two values, perhaps of different types, read the same.
  [[nodiscard]] virtual std::string same_sql(const std::string& a, const std::string& b) const = 0;

  /// A column and the expression for its value.
  using Assignment = std::pair<std::string, std::string>;
  /// UPDATE by the rows of `kept` whose key is the same and that meet `condition` ("" all). The tables are called t and k.
  [[nodiscard]] virtual std::string put_back_sql(const QualifiedName& table, const QualifiedName& kept, const std::vector<Assignment>& set,
                                                 const std::vector<std::string>& key, const std::string& condition) const = 0;

  /// The type in which values of that type are kept, so that the type itself may go.
  [[nodiscard]] virtual std::string kept_type(Connection& connection, const std::string& type) const {
    static_cast<void>(connection);
    return type;
  }
  /// A kept value of one type as one of another.
  [[nodiscard]] virtual std::string converted(const std::string& expression, const std::string& from, const std::string& to) const {
    static_cast<void>(from), static_cast<void>(to);
    return expression;
  }

  /// What stands between INSERT INTO table (columns) and the SELECT so that numbers the server gives out are taken as they are.
  [[nodiscard]] virtual std::string own_numbers() const { return ""; }

  /// Statements around a change of rows that no trigger of the table may see; nothing where they have to be dropped and made again.
  struct Silence {
    std::vector<std::string> off, on;
  };
  [[nodiscard]] virtual std::optional<Silence> silence(const Table& table) const {
    static_cast<void>(table);
    return std::nullopt;
  }

  /// What stands around an INSERT of rows that refer to each other, where foreign keys are looked at row by row; nothing elsewhere.
  [[nodiscard]] virtual Silence unchecked(Connection& connection) const {
    static_cast<void>(connection);
    return {};
  }

  /// In place of a DROP TYPE: the type is renamed, where only what is kept still stands on it (its names start with `prefix`). Empty: it runs as it is.
  [[nodiscard]] virtual std::vector<std::string> set_type_aside(Connection& connection, const QualifiedName& type, const std::string& prefix) const {
    static_cast<void>(connection), static_cast<void>(type), static_cast<void>(prefix);
    return {};
  }
  /// SQL that drops types that were put aside with a kept table, which is gone, and nothing stands on any more; "" for none.
  [[nodiscard]] virtual std::string drop_types_sql(const QualifiedName& kept) const {
    static_cast<void>(kept);
    return "";
  }

  /// A query for the bytes that a table takes.
  [[nodiscard]] virtual std::string bytes_sql(const QualifiedName& table) const = 0;

 protected:
  /// put_back_sql of engines that have UPDATE ... FROM; the names of the tables are quoted already, those of columns by `quote`.
  template <class Quote>
  [[nodiscard]] static std::string update_from_sql(const std::string& table, const std::string& kept, const std::vector<Assignment>& assignments,
                                                   const std::vector<std::string>& key, const std::string& condition, const Quote& quote) {
    std::string set;
    for (const auto& [column, value] : assignments) set += (set.empty() ? "" : ", ") + quote(column) + " = " + value;
    std::string where = condition;
    for (const auto& column : key) where += (where.empty() ? "" : " AND ") + ("t." + quote(column)) + " = k." + quote(column);
    return "UPDATE " + table + " AS t SET " + set + " FROM " + kept + " AS k WHERE " + where;
  }
};

}  // namespace migrate
