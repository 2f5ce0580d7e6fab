#include "dialect/mysql/keep/face.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "dialect/mysql/sql/text.hpp"

namespace migrate::mysql {
namespace {

std::string schema_sql(const QualifiedName& table) { return table.schema.empty() ? "DATABASE()" : quote_text(table.schema); }

class MysqlKeep final : public KeepFace {
 public:
  [[nodiscard]] SetAside set_aside(Connection& connection, const ServerInfo& server, const DroppedTable& dropped) const override {
    const auto& table = *dropped.table;
    // A key of another table that refers to it: the DROP is refused, or with foreign_key_checks off leaves it as it is, which a
    // rename would not.
    const auto keys = connection.query(fmt::format(
        "SELECT table_name, @@foreign_key_checks FROM information_schema.referential_constraints WHERE unique_constraint_schema = {} AND referenced_table_name = {}",
        schema_sql(table.name), quote_text(table.name.name)));
    for (const auto& row : keys.rows) {
      const auto named = [&](const QualifiedName& other) { return other.name == row.at(0).value_or(""); };
      if (std::any_of(dropped.together.begin(), dropped.together.end(), named)) continue;
      return {.way = row.at(1) == "1" ? SetAside::Way::none : SetAside::Way::copy, .statements = {}};
    }
    SetAside aside{.way = SetAside::Way::rename, .statements = {}};
    for (const auto& trigger : table.triggers) aside.statements.push_back("DROP TRIGGER " + quote_name(QualifiedName{table.name.schema, trigger.name}));
    // Names of foreign keys, and of checks on MySQL, belong to the database and not to the table.
    std::vector<std::string> drops;
    for (const auto& key : table.foreign_keys) drops.push_back("DROP FOREIGN KEY " + quote_name(key.name));
    if (server.product == "MySQL") {
      for (const auto& check : table.checks) drops.push_back("DROP CHECK " + quote_name(check.name));
    }
    std::string alter;
    for (const auto& drop : drops) alter += (alter.empty() ? "" : ", ") + drop;
    if (!alter.empty()) aside.statements.push_back("ALTER TABLE " + quote_name(table.name) + " " + alter);
    aside.statements.push_back("RENAME TABLE " + quote_name(table.name) + " TO " + quote_name(dropped.kept));
    return aside;
  }

  [[nodiscard]] bool keys_act(Connection& connection) const override { return connection.query("SELECT @@foreign_key_checks").rows.at(0).at(0) == "1"; }

  [[nodiscard]] std::string same_sql(const std::string& a, const std::string& b) const override {
    return fmt::format("CAST({} AS BINARY) <=> CAST({} AS BINARY)", a, b);
  }

  [[nodiscard]] std::string put_back_sql(const QualifiedName& table, const QualifiedName& kept, const std::vector<Assignment>& assignments,
                                         const std::vector<std::string>& key, const std::string& condition) const override {
    std::string set;
    for (const auto& [column, value] : assignments) set += (set.empty() ? "" : ", ") + std::string("t.") + quote_name(column) + " = " + value;
    std::string on;
    for (const auto& column : key) on += (on.empty() ? "" : " AND ") + std::string("t.") + quote_name(column) + " = k." + quote_name(column);
    return fmt::format("UPDATE {} AS t JOIN {} AS k ON {} SET {}{}", quote_name(table), quote_name(kept), on, set, condition.empty() ? "" : " WHERE " + condition);
  }

  [[nodiscard]] Silence unchecked(Connection& connection) const override {
    const auto checked = connection.query("SELECT @@foreign_key_checks").rows.at(0).at(0).value_or("1");
    return {.off = {"SET foreign_key_checks = 0"}, .on = {"SET foreign_key_checks = " + checked}};
  }

  [[nodiscard]] std::string bytes_sql(const QualifiedName& table) const override {
    return fmt::format("SELECT COALESCE(SUM(data_length + index_length), 0) FROM information_schema.tables WHERE table_schema = {} AND table_name = {}",
                       schema_sql(table), quote_text(table.name));
  }
};

}  // namespace

const KeepFace& keep_face() {
  static const MysqlKeep instance;
  return instance;
}

}  // namespace migrate::mysql
