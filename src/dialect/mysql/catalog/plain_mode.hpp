/// The session's mode while the catalog is read.
#pragma once

#include <string>

#include "dialect/connection.hpp"
#include "dialect/server.hpp"

namespace migrate::mysql {

/// While it lives the session quotes texts as this dialect writes them, and SHOW CREATE shows all there is: without
/// NO_BACKSLASH_ESCAPES, ANSI_QUOTES, ORACLE and the like, and with sql_quote_show_create. What expressions mean (PIPES_AS_CONCAT) stays. Costs nothing where the
/// server has none of these modes; sessions have the server's mode, as what a unit sets ends with it.
class PlainMode {
 public:
  /// `zero_dates`: dates of zeros are taken too.
  PlainMode(Connection& connection, const ServerInfo& server, bool zero_dates = false);
  ~PlainMode();
  PlainMode(const PlainMode&) = delete;
  PlainMode& operator=(const PlainMode&) = delete;

 private:
  Connection& connection_;
  std::string restore_;
};

}  // namespace migrate::mysql
