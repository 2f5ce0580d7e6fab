/// Backups of PostgreSQL by pg_dump, pg_restore and psql, and what is made anew from them (dialect/run.hpp).
#pragma once

#include "dialect/run.hpp"

namespace migrate::postgresql {

void check_backup(Connection& connection, const ServerInfo& server, const BackupPlace& place);
void backup(const DatabaseUrl& url, Connection& connection, const ServerInfo& server, const BackupPlace& place);
void check_backup_file(const DatabaseUrl& url, const BackupPlace& place);
void restore(const DatabaseUrl& url, Connection& connection, const ServerInfo& server, const BackupPlace& place);
[[nodiscard]] bool holds_anything(Connection& connection);

}  // namespace migrate::postgresql
