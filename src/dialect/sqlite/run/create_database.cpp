#include "dialect/sqlite/run/create_database.hpp"

#include "dialect/sqlite/sql/text.hpp"

namespace migrate::sqlite {

/// The encoding is settled when a table is made, not before; how the journal is kept stands in the file only for a write-ahead log.
std::vector<std::string> create_database_sql(Connection& like) {
  const auto value = [&](const std::string& pragma) { return like.query("PRAGMA " + pragma).rows.at(0).at(0).value_or(""); };
  std::vector<std::string> sql{"PRAGMA encoding = " + quote_text(value("encoding")), "PRAGMA page_size = " + value("page_size"), "PRAGMA auto_vacuum = " + value("auto_vacuum")};
  sql.emplace_back("CREATE TABLE first_table (id)");
  sql.emplace_back("DROP TABLE first_table");
  for (const auto* number : {"user_version", "application_id"}) sql.push_back(std::string("PRAGMA ") + number + " = " + value(number));
  if (value("journal_mode") == "wal") sql.emplace_back("PRAGMA journal_mode = wal");
  return sql;
}

}  // namespace migrate::sqlite
