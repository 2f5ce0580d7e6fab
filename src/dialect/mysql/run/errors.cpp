#include "dialect/mysql/run/errors.hpp"

namespace migrate::mysql {

using Cause = DatabaseError::Cause;

Cause cause_of(int code) {
  switch (code) {
    case 1205:  // ER_LOCK_WAIT_TIMEOUT
    case 3572:  // ER_LOCK_NOWAIT
      return Cause::lock_timeout;
    case 1213:  // ER_LOCK_DEADLOCK
    case 1020:  // ER_CHECKREAD: the record has changed since it was read (snapshot isolation of MariaDB 11)
    case 3101:  // ER_TRANSACTION_ROLLBACK_DURING_COMMIT
      return Cause::serialization;
    case 1317:  // ER_QUERY_INTERRUPTED
    case 1969:  // ER_STATEMENT_TIMEOUT of MariaDB
    case 3024:  // ER_QUERY_TIMEOUT of MySQL
      return Cause::cancelled;
    case 1044:  // ER_DBACCESS_DENIED_ERROR
    case 1045:  // ER_ACCESS_DENIED_ERROR
    case 1698:  // ER_ACCESS_DENIED_NO_PASSWORD_ERROR
    case 1820:  // ER_MUST_CHANGE_PASSWORD
    case 1862:  // ER_MUST_CHANGE_PASSWORD_LOGIN
    case 2059:  // CR_AUTH_PLUGIN_CANNOT_LOAD
    case 2061:  // CR_AUTH_PLUGIN_ERR
    case 4151:  // ER_ACCOUNT_HAS_BEEN_LOCKED of MariaDB
      return Cause::authentication;
    case 1040:  // ER_CON_COUNT_ERROR
    case 1053:  // ER_SERVER_SHUTDOWN
    case 1077:  // ER_NORMAL_SHUTDOWN
    case 1129:  // ER_HOST_IS_BLOCKED
    case 1130:  // ER_HOST_NOT_PRIVILEGED
    case 1152: case 1158: case 1159: case 1160: case 1161: case 1184:  // aborted connections, network errors
    case 1203:  // ER_TOO_MANY_USER_CONNECTIONS
    case 1927:  // ER_CONNECTION_KILLED
    case 2002: case 2003: case 2005: case 2006: case 2012: case 2013: case 2026: case 2055:  // client: cannot connect, gone, lost, TLS
    case 4031:  // ER_CLIENT_INTERACTION_TIMEOUT of MySQL
      return Cause::connection;
    default:
      return Cause::statement;
  }
}

std::string hint_of(int code, std::string_view words) {
  if (is_read_only(code, words)) return "this server takes no writes now; name the one that does (the primary), or all of them: mariadb://a:3306,b:3306/name";
  switch (code) {
    case 1045: case 1698: return "check user and password in the database URL";
    case 1044: return "the user may not use this database: GRANT ALL ON database.* TO user";
    case 2002: case 2003: return "is the server running, and are host, port or socket right?";
    case 1153: case 2020: return "raise max_allowed_packet of the server";
    default: return {};
  }
}

bool is_read_only(int code, std::string_view words) {
  // 1290 ER_OPTION_PREVENTS_STATEMENT names the option; 1836 ER_READ_ONLY_MODE
  return code == 1836 || (code == 1290 && (words.find("read-only") != std::string_view::npos || words.find("read_only") != std::string_view::npos));
}

bool is_missing_table(const DatabaseError& error) {
  const std::string words = error.message();
  return error.native_code == 1146 || (error.native_code == 1105 && words.starts_with("table ") && words.ends_with(" not found"));
}

}  // namespace migrate::mysql
