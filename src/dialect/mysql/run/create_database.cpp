#include "dialect/mysql/run/create_database.hpp"

#include "dialect/mysql/sql/text.hpp"

namespace migrate::mysql {

std::vector<std::string> create_database_sql(Connection& like, const std::string& name) {
  const auto row = like.query("SELECT default_character_set_name, default_collation_name FROM information_schema.schemata WHERE schema_name = DATABASE()").rows.at(0);
  return {"CREATE DATABASE " + quote_name(name) + " CHARACTER SET " + row.at(0).value_or("") + " COLLATE " + row.at(1).value_or("")};
}

}  // namespace migrate::mysql
