/// What the forms of MySQL's and MariaDB's schema depend on, read once from ServerInfo.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "dialect/server.hpp"

namespace migrate::mysql {

struct Context {
  bool mariadb = true;
  int version = 0;                 ///< 101106 for MariaDB 10.11.6, 80036 for MySQL 8.0.36
  std::string database;            ///< the current one
  std::string collation;           ///< the database's default
  std::string engine = "InnoDB";   ///< what a table gets that names none
  bool lower_case_names = false;   ///< lower_case_table_names is not 0
  bool explicit_timestamps = true; ///< explicit_defaults_for_timestamp
  bool pipes_concat = false;       ///< sql_mode PIPES_AS_CONCAT
  bool written_charsets = false;   ///< a character set in front of a literal was written there: MySQL puts it (_utf8mb4'x') in front of others too, but in views
  bool oracle = false;             ///< sql_mode ORACLE: some names of types mean others
  bool real_is_float = false;      ///< sql_mode REAL_AS_FLOAT
  std::map<std::string, std::string> default_collations;  ///< by charset
  Options usual;  ///< what a session of ours gives to the programs that it makes (canonical/provenance.hpp)

  [[nodiscard]] bool has_uuid() const { return mariadb && version >= 100700; }
  [[nodiscard]] bool has_utf8mb3() const { return default_collations.empty() || default_collations.contains("utf8mb3"); }
};

[[nodiscard]] Context context_of(const ServerInfo& server);

/// The same with the database collation that the schema itself declares.
[[nodiscard]] Context context_of(const ServerInfo& server, const Schema& schema);

/// "utf8mb4" for "utf8mb4_bin".
[[nodiscard]] std::string charset_of(std::string_view collation);

/// The collation that a pair of declared charset and collation means; either may be empty; `inherited` for none.
[[nodiscard]] std::string resolve_collation(const Context& context, std::string charset, std::string collation, const std::string& inherited);

/// The collation in force, from canonical (relative) options.
[[nodiscard]] std::string table_collation(const Table& table, const std::string& database_collation);
[[nodiscard]] std::string column_collation(const Column& column, const std::string& table_collation);

/// Writes `collation` into options as canonical forms have it: only what differs from what is inherited.
void set_table_collation(Table& table, const std::string& collation, const std::string& inherited);
void set_column_collation(Column& column, const std::string& collation, const std::string& inherited);

/// The option's value, or "".
[[nodiscard]] std::string option(const Options& options, const std::string& key);

/// Whether an option says yes: "true", "yes", "1", "on".
[[nodiscard]] bool is_on(const Options& options, const std::string& key);

}  // namespace migrate::mysql
