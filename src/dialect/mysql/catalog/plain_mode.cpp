#include "dialect/mysql/catalog/plain_mode.hpp"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "core/text.hpp"
#include "dialect/mysql/sql/text.hpp"

namespace migrate::mysql {
namespace {

std::string plain_value(const std::string& value) { return value == "0" || value == "1" ? value : quote_text(value); }

}  // namespace

PlainMode::PlainMode(Connection& connection, const ServerInfo& server, bool zero_dates) : connection_(connection) {
  static constexpr std::array<std::string_view, 11> left_out{"NO_BACKSLASH_ESCAPES", "ANSI_QUOTES", "ANSI", "ORACLE", "MSSQL", "DB2", "POSTGRESQL",
                                                             "NO_TABLE_OPTIONS", "NO_FIELD_OPTIONS", "NO_KEY_OPTIONS", "EMPTY_STRING_IS_NULL"};
  std::vector<std::string> set;
  std::vector<std::string> back;
  const auto change = [&](const std::string& name, const std::string& now, const std::string& usual) {
    set.push_back(name + " = " + now);
    back.push_back(name + " = " + usual);
  };
  if (const auto mode = server.defaults.find("sql_mode"); mode != server.defaults.end()) {
    const auto modes = split(mode->second, ',');
    std::vector<std::string> kept;
    for (const auto& one : modes) {
      const bool refuses_zeros = one == "NO_ZERO_DATE" || one == "NO_ZERO_IN_DATE" || one == "TRADITIONAL";
      if (std::find(left_out.begin(), left_out.end(), one) == left_out.end() && !(zero_dates && refuses_zeros)) kept.push_back(one);
    }
    if (kept.size() != modes.size()) change("sql_mode", quote_text(join(kept, ",")), quote_text(mode->second));
  }
  // What else changes the words of SHOW CREATE and of dates.
  for (const auto& [name, plain] : {std::pair{"sql_quote_show_create", "1"}, std::pair{"lc_time_names", "en_US"}}) {
    const auto fact = server.defaults.find(name);
    if (fact != server.defaults.end() && !fact->second.empty() && fact->second != plain) change(name, plain_value(plain), plain_value(fact->second));
  }
  if (set.empty()) return;
  connection_.execute("SET SESSION " + join(set, ", "));
  restore_ = "SET SESSION " + join(back, ", ");
}

PlainMode::~PlainMode() {
  if (restore_.empty()) return;
  try {
    connection_.execute(restore_);
  } catch (const DatabaseError&) {  // the connection is gone, and the session with it
  }
}

}  // namespace migrate::mysql
