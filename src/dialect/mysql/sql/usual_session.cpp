#include "dialect/mysql/sql/usual_session.hpp"

#include <set>

#include "core/text.hpp"

namespace migrate::mysql {
namespace {

/// Modes that stand for several (manuals: "SQL mode", combination modes).
std::string_view expansion(std::string_view mode, bool mariadb) {
  if (mode == "ANSI") return mariadb ? "REAL_AS_FLOAT,PIPES_AS_CONCAT,ANSI_QUOTES,IGNORE_SPACE" : "REAL_AS_FLOAT,PIPES_AS_CONCAT,ANSI_QUOTES,IGNORE_SPACE,ONLY_FULL_GROUP_BY";
  if (mode == "TRADITIONAL") {
    return mariadb ? "STRICT_TRANS_TABLES,STRICT_ALL_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_AUTO_CREATE_USER,NO_ENGINE_SUBSTITUTION"
                   : "STRICT_TRANS_TABLES,STRICT_ALL_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION";
  }
  if (!mariadb) return {};
  if (mode == "ORACLE") return "PIPES_AS_CONCAT,ANSI_QUOTES,IGNORE_SPACE,NO_KEY_OPTIONS,NO_TABLE_OPTIONS,NO_FIELD_OPTIONS,NO_AUTO_CREATE_USER,SIMULTANEOUS_ASSIGNMENT";
  if (mode == "MSSQL" || mode == "DB2" || mode == "POSTGRESQL") return "PIPES_AS_CONCAT,ANSI_QUOTES,IGNORE_SPACE,NO_KEY_OPTIONS,NO_TABLE_OPTIONS,NO_FIELD_OPTIONS";
  if (mode == "MAXDB") return "PIPES_AS_CONCAT,ANSI_QUOTES,IGNORE_SPACE,NO_KEY_OPTIONS,NO_TABLE_OPTIONS,NO_FIELD_OPTIONS,NO_AUTO_CREATE_USER";
  return {};
}

}  // namespace

Options usual_provenance(const ServerInfo& server) {
  Options usual;
  const auto& facts = server.defaults;
  if (!server.user.empty()) usual["definer"] = server.user;
  if (facts.contains("sql_mode")) usual["sql_mode"] = normal_mode(facts.at("sql_mode"), server.product != "MySQL");
  usual["charset"] = "utf8mb4";
  if (facts.contains("collation_connection")) usual["collation"] = facts.at("collation_connection");
  if (facts.contains("time_zone")) usual["time_zone"] = facts.at("time_zone");
  return usual;
}

std::string normal_mode(std::string_view sql_mode, bool mariadb) {
  std::set<std::string> modes;
  for (const auto& item : split(upper(sql_mode), ',')) {
    const auto mode = std::string(trim(item));
    if (mode.empty()) continue;
    modes.insert(mode);
    for (const auto& other : split(expansion(mode, mariadb), ',')) {
      if (!other.empty()) modes.insert(other);
    }
  }
  return join(std::vector<std::string>(modes.begin(), modes.end()), ",");
}

}  // namespace migrate::mysql
