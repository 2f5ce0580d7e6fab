#include "dialect/mysql/run/backup.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <fstream>
#include <iterator>
#include <optional>
#include <set>

#include "core/process.hpp"
#include "core/sha256.hpp"
#include "core/text.hpp"
#include "dialect/driver.hpp"
#include "dialect/mysql/run/parameters.hpp"
#include "dialect/mysql/sql/text.hpp"

namespace migrate::mysql {
namespace {

bool is_mariadb(const ServerInfo& server) { return server.product == "MariaDB"; }

/// What a program says of itself: "mysqldump  Ver 10.19 Distrib 10.11.19-MariaDB", "mariadb-dump from 11.8.3-MariaDB", "mysqldump  Ver 9.7.0 for Linux".
struct ToolVersion {
  bool mariadb = false;
  int number = 0;  ///< 1011 for 10.11
};

ToolVersion version_of(const std::filesystem::path& program) {
  const auto text = output_of({.program = program, .arguments = {"--version"}});
  ToolVersion version{.mariadb = text.find("MariaDB") != std::string::npos};
  for (const auto* word : {"Distrib ", " from ", "Ver "}) {
    const auto at = text.find(word);
    if (at == std::string::npos) continue;
    const auto* begin = text.data() + at + std::strlen(word);
    const auto* end = text.data() + text.size();
    int major = 0;
    int minor = 0;
    const auto dot = std::from_chars(begin, end, major);
    if (dot.ptr != end && *dot.ptr == '.') std::from_chars(dot.ptr + 1, end, minor);
    version.number = major * 100 + minor;
    return version;
  }
  return version;
}

ProgramCall call_of(const BackupPlace& place, const ServerInfo& server, bool dumps) {
  std::vector<std::string> names{dumps ? "mysqldump" : "mysql"};
  if (is_mariadb(server)) names.insert(names.begin(), dumps ? "mariadb-dump" : "mariadb");
  const auto program = find_program(names, place.tools);
  const auto hint = fmt::format("install the client programs of {} {}, or name their folder in migrate.yaml: `backup: {{tools: FOLDER}}`", server.product, server.version);
  if (!program) {
    throw Error{ErrorKind::failed, fmt::format("a backup of {} needs {}, which is not {}", server.product, names.front(), place.tools.empty() ? "on the PATH" : "in " + place.tools.string()), hint};
  }
  const auto version = version_of(*program);
  if (version.mariadb != is_mariadb(server)) {
    throw Error{ErrorKind::failed, fmt::format("{} is {}'s program, and the server is {}", program->string(), version.mariadb ? "MariaDB" : "MySQL", server.product), hint};
  }
  if (version.number < server.version_number / 100) {
    throw Error{ErrorKind::failed, fmt::format("{} is of version {}.{}, older than the server ({})", program->string(), version.number / 100, version.number % 100, server.version), hint};
  }
  return {.program = *program};
}

/// A value of an option file: in quotes, where backslashes and quotes are escaped.
std::string option_value(const std::string& value) {
  std::string text = "\"";
  for (const char c : value) {
    if (c == '\n' || c == '\r') throw Error{ErrorKind::usage, "a line break in the URL cannot be given to the server's programs"};
    if (c == '\\' || c == '"') text += '\\';
    text += c;
  }
  return text + "\"";
}

std::vector<std::pair<std::string, std::string>> tls_options(const Parameters& parameters, bool mariadb, bool socket) {
  std::vector<std::pair<std::string, std::string>> options;
  for (const auto& [name, value] : {std::pair{"ssl-ca", parameters.ca}, std::pair{"ssl-capath", parameters.capath}, std::pair{"ssl-cert", parameters.cert},
                                    std::pair{"ssl-key", parameters.key}, std::pair{"ssl-cipher", parameters.cipher}}) {
    if (!value.empty()) options.emplace_back(name, value);
  }
  // As our own connections have it: what does not leave the machine is not encrypted unless that is asked for.
  const bool wanted = parameters.tls != Tls::disabled && (parameters.tls > Tls::preferred || !socket);
  if (!mariadb) {
    static constexpr std::array modes{"DISABLED", "PREFERRED", "REQUIRED", "VERIFY_CA", "VERIFY_IDENTITY"};
    options.emplace_back("ssl-mode", wanted ? modes.at(static_cast<std::size_t>(parameters.tls)) : "DISABLED");
    return options;
  }
  if (!wanted) return {{"skip-ssl", ""}};
  // Since 11.4 these programs check every certificate unless they are told not to; they have no word for an authority without the name.
  if (parameters.tls > Tls::preferred) options.emplace_back("ssl", "");
  options.emplace_back(parameters.tls >= Tls::verify_ca ? "ssl-verify-server-cert" : "skip-ssl-verify-server-cert", "");
  return options;
}

/// The one of several hosts that we are connected to: the one on which a lock of ours is held.
Endpoint connected_to(const DatabaseUrl& url, Connection& connection) {
  const auto endpoints = url.endpoints();
  if (endpoints.size() == 1) return endpoints.front();
  const auto lock = quote_text("migrate:backup:" + random_hex(12));
  const auto ours = connection.query("SELECT CONNECTION_ID(), GET_LOCK(" + lock + ", 0)").rows.at(0).at(0);
  std::optional<Endpoint> found;
  for (const auto& endpoint : endpoints) {
    auto one = url;
    one.host = endpoint.host;
    one.port = endpoint.port;
    one.parameters.erase("port");
    try {
      if (open_with_driver("mysql", one)->query("SELECT IS_USED_LOCK(" + lock + ")").rows.at(0).at(0) == ours) found = endpoint;
    } catch (const DatabaseError&) {
      continue;  // it was passed over when we connected, too
    }
    if (found) break;
  }
  connection.execute("DO RELEASE_LOCK(" + lock + ")");
  if (found) return *found;
  throw Error{ErrorKind::usage, "the URL names several hosts, and a backup is made of one: which of them we are connected to cannot be found out", "name that host alone in the URL"};
}

/// The option file that says where to connect to, and how; nothing of a URL stands on a command line.
std::filesystem::path option_file(const DatabaseUrl& url, Connection& connection, bool mariadb, const SecretFolder& secrets) {
  const auto parameters = Parameters::of(url);
  std::vector<std::pair<std::string, std::string>> options{{"user", url.user}, {"password", url.password}};
  const auto place = connected_to(url, connection);
  const bool local = !parameters.socket.empty() || (place.host == "localhost" && place.port == 0);
  if (!parameters.socket.empty()) {
    options.emplace_back("socket", parameters.socket);
  } else if (!local) {
    options.emplace_back("host", place.host.empty() || place.host == "localhost" ? "127.0.0.1" : place.host);
    options.emplace_back("port", std::to_string(place.port == 0 ? 3306 : place.port));
    options.emplace_back("protocol", "tcp");
  }
  for (auto& option : tls_options(parameters, mariadb, local)) options.push_back(std::move(option));
  std::string text = "[client]\n";
  for (const auto& [name, value] : options) {
    const bool flag = name == "ssl" || name.starts_with("skip-") || name == "ssl-verify-server-cert";
    text += name + (flag ? "" : "=" + option_value(value)) + "\n";
  }
  return secrets.write("options", text);
}

/// A name in backticks, whatever it is.
std::string tick(const std::string& name) { return "`" + replace_all(name, "`", "``") + "`"; }

std::string here(const DatabaseUrl& url) { return quote_text(url.database); }

/// Privileges on the database and what is in it, each as "PRIVILEGE ON OBJECT TO ACCOUNT": dropping and making objects leaves some and
/// takes others, and a dump has none. Without the right to read them only our own are seen.
std::set<std::string> grants(const DatabaseUrl& url, Connection& connection) {
  std::set<std::string> lines;
  const auto add = [&](const std::string& sql) {
    for (const auto& row : connection.query(sql).rows) {
      // A role of MariaDB has no host.
      auto account = row[2].value_or("");
      if (account.ends_with("@''")) account.resize(account.size() - 3);
      const auto on = " ON " + row[1].value_or("") + " TO " + account;
      if (on.find('\n') != std::string::npos) continue;
      if (row[0] != "USAGE") lines.insert(row[0].value_or("") + on);
      if (row[3] == "YES") lines.insert("GRANT OPTION" + on);
    }
  };
  const auto database = tick(url.database);
  const auto pattern = quote_text(replace_all(replace_all(url.database, "_", "\\_"), "%", "\\%"));
  add(fmt::format("SELECT privilege_type, concat('`', replace(table_schema, '`', '``'), '`.*'), grantee, is_grantable FROM information_schema.schema_privileges WHERE table_schema IN ({}, {})", here(url), pattern));
  add(fmt::format("SELECT privilege_type, concat({}, '.`', replace(table_name, '`', '``'), '`'), grantee, is_grantable FROM information_schema.table_privileges WHERE table_schema = {}",
                  quote_text(database), here(url)));
  add(fmt::format("SELECT concat(privilege_type, ' (`', replace(column_name, '`', '``'), '`)'), concat({}, '.`', replace(table_name, '`', '``'), '`'), grantee, 'NO' "
                  "FROM information_schema.column_privileges WHERE table_schema = {}", quote_text(database), here(url)));
  try {
    const auto rows = connection.query(fmt::format(
        "SELECT proc_priv + 0, concat(routine_type, ' ', {}, '.`', replace(routine_name, '`', '``'), '`'), concat('''', user, '''@''', host, '''') FROM mysql.procs_priv WHERE db = {}",
        quote_text(database), here(url)));
    for (const auto& row : rows.rows) {
      auto account = row[2].value_or("");
      if (account.ends_with("@''")) account.resize(account.size() - 3);
      const auto bits = std::stoi(row[0].value_or("0"));
      const std::array names{"EXECUTE", "ALTER ROUTINE", "GRANT OPTION"};
      for (std::size_t i = 0; i < names.size(); ++i) {
        if ((bits & (1 << i)) != 0) lines.insert(std::string(names[i]) + " ON " + row[1].value_or("") + " TO " + account);
      }
    }
  } catch (const DatabaseError&) {
    // No right to read them: what nobody sees is neither kept nor taken away.
  }
  return lines;
}

std::string grant_sql(const std::string& line, bool gives) {
  const auto option = line.starts_with("GRANT OPTION ON ");
  if (gives) return option ? "GRANT USAGE" + line.substr(12) + " WITH GRANT OPTION" : "GRANT " + line;
  const auto to = line.rfind(" TO ");
  return "REVOKE " + line.substr(0, to) + " FROM " + line.substr(to + 4);
}

constexpr std::string_view mark = "-- migrate: ";

/// What a dump does not say of its database, in comments behind it.
std::string trailer(const DatabaseUrl& url, Connection& connection) {
  const auto defaults = connection.query("SELECT default_character_set_name, default_collation_name FROM information_schema.schemata WHERE schema_name = " + here(url)).rows.at(0);
  std::string text = fmt::format("\n{}defaults {} {}\n", mark, defaults[0].value_or(""), defaults[1].value_or(""));
  for (const auto& line : grants(url, connection)) text += fmt::format("{}grant {}\n", mark, line);
  return text + std::string(mark) + "end\n";
}

struct Trailer {
  bool whole = false;
  std::string defaults;
  std::set<std::string> grants;
  std::set<std::string> definers;  ///< accounts that programs and views of the dump run as
};

Trailer read_trailer(const std::filesystem::path& file) {
  Trailer out;
  std::ifstream in(file, std::ios::binary);
  std::string line;
  while (std::getline(in, line)) {
    if (const auto at = line.find(" DEFINER=`"); at != std::string::npos && !line.starts_with("INSERT")) {
      const auto begin = at + 9;
      out.definers.insert(line.substr(begin, line.find_first_of(" *", line.find("`@`", begin)) - begin));
    }
    if (!line.starts_with(mark)) continue;
    const auto text = line.substr(mark.size());
    out.whole = text == "end";
    if (text.starts_with("defaults ")) {
      // Values can hold such lines too; the last ones count.
      out.defaults = text.substr(9);
      out.grants.clear();
    } else if (text.starts_with("grant ")) {
      out.grants.insert(text.substr(6));
    }
  }
  return out;
}

/// The accounts that we may not make objects for; a restore would end at the first of them, with everything dropped.
std::string strangers(Connection& connection, const std::set<std::string>& definers) {
  std::string granted;
  for (const auto& line : first_column(connection.query("SHOW GRANTS"))) granted += line + "\n";
  for (const auto* right : {"GRANT ALL PRIVILEGES ON *.*", "SUPER", "SET USER", "SET_USER_ID", "SET_ANY_DEFINER"}) {
    if (granted.find(right) != std::string::npos) return {};
  }
  const auto account = connection.query("SELECT current_user()").rows.at(0).at(0).value_or("");
  const auto at = account.rfind('@');
  const auto own = tick(account.substr(0, at)) + "@" + tick(account.substr(at + 1));
  std::vector<std::string> others;
  std::copy_if(definers.begin(), definers.end(), std::back_inserter(others), [&](const std::string& definer) { return definer != own; });
  return join(others, ", ");
}

/// The server's programs, reading and writing a file.
void pass(ProgramCall& call, const DatabaseUrl& url, const std::filesystem::path& options) {
  call.arguments.insert(call.arguments.begin(), "--defaults-file=" + options.string());
  call.arguments.push_back("--default-character-set=utf8mb4");
  call.arguments.push_back("--max-allowed-packet=1G");
  call.arguments.push_back(url.database);
  call.environment = {{"MYSQL_PWD", ""}};
}

[[noreturn]] void fail_file(const std::string& what, const std::filesystem::path& file) {
  throw Error{ErrorKind::failed, "cannot " + what + " " + file.string() + ": " + std::strerror(errno)};
}

/// Everything in the database goes.
void empty(const DatabaseUrl& url, Connection& connection) {
  const auto name = [&](const Row& row) { return tick(url.database) + "." + tick(row[0].value_or("")); };
  connection.execute("SET FOREIGN_KEY_CHECKS = 0");
  for (const auto& row : connection.query("SELECT event_name FROM information_schema.events WHERE event_schema = " + here(url)).rows) connection.execute("DROP EVENT IF EXISTS " + name(row));
  for (const auto& row : connection.query("SELECT table_name, table_type FROM information_schema.tables WHERE table_schema = " + here(url)).rows) {
    const auto* kind = row[1] == "VIEW" ? "VIEW" : row[1] == "SEQUENCE" ? "SEQUENCE" : "TABLE";
    connection.execute(fmt::format("DROP {} IF EXISTS {}", kind, name(row)));
  }
  for (const auto& row : connection.query("SELECT routine_name, routine_type FROM information_schema.routines WHERE routine_schema = " + here(url)).rows) {
    if (row[1] == "PACKAGE BODY") continue;  // goes with its package
    connection.execute(fmt::format("DROP {} IF EXISTS {}", *row[1], name(row)));
  }
  connection.execute("SET FOREIGN_KEY_CHECKS = DEFAULT");
}

}  // namespace

void check_backup(Connection& connection, const ServerInfo& server, const BackupPlace& place) {
  const auto version = connection.query("SELECT version()").rows.at(0).at(0).value_or("");
  if (version.find("TiDB") != std::string::npos) throw Error{ErrorKind::failed, "TiDB's backups are left to its own tools", "`tiup br` or `dumpling`"};
  if (server.product != "MySQL" && server.product != "MariaDB") throw Error{ErrorKind::failed, server.product + " has no dump program that migrate knows: its backup is left to its own tools"};
  (void)call_of(place, server, true);
  (void)call_of(place, server, false);
}

void backup(const DatabaseUrl& url, Connection& connection, const ServerInfo& server, const BackupPlace& place) {
  const SecretFolder secrets;
  const auto options = option_file(url, connection, is_mariadb(server), secrets);
  Descriptor file(::open(place.file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  if (file.get() < 0) fail_file("write", place.file);
  auto call = call_of(place, server, true);
  call.output = file.get();
  call.arguments = {"--single-transaction", "--quick", "--routines", "--events", "--triggers", "--hex-blob", "--no-tablespaces", "--add-drop-trigger"};
  if (!is_mariadb(server)) call.arguments.emplace_back("--set-gtid-purged=OFF");
  const auto versioned = connection.query("SELECT 1 FROM information_schema.tables WHERE table_type = 'SYSTEM VERSIONED' AND table_schema = " + here(url) + " LIMIT 1");
  if (!versioned.rows.empty()) {
    if (server.version_number < 101100) throw Error{ErrorKind::failed, "the history of tables WITH SYSTEM VERSIONING is in no dump of " + server.version, "back it up by the server's physical backup (mariadb-backup)"};
    call.arguments.emplace_back("--dump-history");
  }
  const auto plain = connection.query("SELECT table_name FROM information_schema.tables WHERE table_type = 'BASE TABLE' AND engine <> 'InnoDB' AND table_schema = " + here(url));
  if (!plain.rows.empty() && place.tell) place.tell("tables without transactions (" + join(first_column(plain), ", ") + ") are not held at one moment while they are dumped");
  pass(call, url, options);
  run_program(call);
  if (const auto others = strangers(connection, read_trailer(place.file).definers); !others.empty() && place.tell) {
    place.tell("objects of " + others + " can be restored by an account that may set a definer, which this one may not");
  }
  std::ofstream out(place.file, std::ios::binary | std::ios::app);
  out << trailer(url, connection);
  out.flush();
  if (!out) fail_file("write", place.file);
}

void check_backup_file(const DatabaseUrl& /*url*/, const BackupPlace& place) {
  std::ifstream in(place.file, std::ios::binary);
  std::string line;
  bool dump = false;
  for (int i = 0; i < 3 && std::getline(in, line); ++i) dump = dump || line.starts_with("-- MySQL dump") || line.starts_with("-- MariaDB dump");
  if (!dump) throw Error{ErrorKind::usage, place.file.string() + " is no backup of a MySQL or MariaDB database"};
  if (!read_trailer(place.file).whole) throw Error{ErrorKind::usage, place.file.string() + " is not whole: its end is missing"};
}

void restore(const DatabaseUrl& url, Connection& connection, const ServerInfo& server, const BackupPlace& place) {
  const SecretFolder secrets;
  const auto options = option_file(url, connection, is_mariadb(server), secrets);
  const Descriptor file(::open(place.file.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0) fail_file("read", place.file);
  auto call = call_of(place, server, false);
  call.input = file.get();
  call.arguments = {"--binary-mode"};
  pass(call, url, options);
  const auto wanted = read_trailer(place.file);
  if (const auto others = strangers(connection, wanted.definers); !others.empty()) {
    throw Error{ErrorKind::failed, "the backup has objects that run as " + others + ", which our account may not make; nothing was changed",
                is_mariadb(server) ? "restore it by an account with SET USER" : "restore it by an account with SET_ANY_DEFINER (SET_USER_ID before 8.2)"};
  }
  empty(url, connection);
  const auto blank = wanted.defaults.find(' ');
  connection.execute(fmt::format("ALTER DATABASE {} CHARACTER SET {} COLLATE {}", tick(url.database), wanted.defaults.substr(0, blank), wanted.defaults.substr(blank + 1)));
  run_program(call);
  const auto settle = [&](const std::set<std::string>& these, const std::set<std::string>& those, bool gives) {
    for (const auto& line : these) {
      if (those.contains(line)) continue;
      try {
        connection.execute(grant_sql(line, gives));
      } catch (const DatabaseError& error) {
        if (error.cause == DatabaseError::Cause::connection) throw;
        if (place.tell) place.tell("the privilege " + line + " could not be " + (gives ? "given" : "taken away") + ": " + error.message());
      }
    }
  };
  settle(grants(url, connection), wanted.grants, false);
  // MariaDB takes a column's privilege away together with the same one on its table.
  settle(wanted.grants, grants(url, connection), true);
}

bool holds_anything(Connection& connection) {
  return !connection.query("SELECT 1 FROM information_schema.tables WHERE table_schema = DATABASE() UNION ALL SELECT 1 FROM information_schema.routines WHERE routine_schema = DATABASE() LIMIT 1").rows.empty();
}

}  // namespace migrate::mysql
