#include "dialect/mysql/catalog/plain_mode.hpp"

#include <algorithm>
#include <array>

#include "core/text.hpp"
#include "dialect/mysql/sql/text.hpp"

namespace migrate::mysql {

PlainMode::PlainMode(Connection& connection, const ServerInfo& server) : connection_(connection) {
  static constexpr std::array<std::string_view, 11> left_out{"NO_BACKSLASH_ESCAPES", "ANSI_QUOTES", "ANSI", "ORACLE", "MSSQL", "DB2", "POSTGRESQL",
                                                             "NO_TABLE_OPTIONS", "NO_FIELD_OPTIONS", "NO_KEY_OPTIONS", "EMPTY_STRING_IS_NULL"};
  const auto mode = server.defaults.find("sql_mode");
  if (mode == server.defaults.end()) return;
  const auto modes = split(mode->second, ',');
  std::vector<std::string> kept;
  for (const auto& one : modes) {
    if (std::find(left_out.begin(), left_out.end(), one) == left_out.end()) kept.push_back(one);
  }
  if (kept.size() == modes.size()) return;
  connection_.execute("SET SESSION sql_mode = " + quote_text(join(kept, ",")));
  restore_ = "SET SESSION sql_mode = " + quote_text(mode->second);
}

PlainMode::~PlainMode() {
  if (restore_.empty()) return;
  try {
    connection_.execute(restore_);
  } catch (const DatabaseError&) {  // the connection is gone, and the session with it
  }
}

}  // namespace migrate::mysql
