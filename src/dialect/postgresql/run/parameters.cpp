#include "dialect/postgresql/run/parameters.hpp"

#include <map>
#include <vector>

#include "core/text.hpp"

namespace migrate::postgresql {
namespace {

/// A value of a libpq connection string.
std::string conninfo_value(std::string_view value) {
  std::string text = "'";
  for (const char c : value) {
    if (c == '\'' || c == '\\') text += '\\';
    text += c;
  }
  return text + "'";
}

std::string between(std::string_view text, std::string_view before, char after) {
  const auto start = text.find(before);
  if (start == std::string_view::npos) return {};
  text.remove_prefix(start + before.size());
  return std::string(text.substr(0, text.find(after)));
}

/// Those that a URL is likely to hold; libpq knows which ones there are.
const std::vector<std::string>& usual_names() {
  static const std::vector<std::string> names{"sslmode", "sslrootcert", "sslcert", "sslkey", "sslpassword", "sslcrl", "connect_timeout", "options",
                                              "target_session_attrs", "application_name", "passfile", "service", "channel_binding", "gssencmode",
                                              "hostaddr", "keepalives", "keepalives_idle", "keepalives_interval", "tcp_user_timeout"};
  return names;
}

/// What other tools call it.
std::string hint_for(const std::string& name) {
  auto plain = lower(name);
  std::erase_if(plain, [](const char c) { return c == '-' || c == '_'; });
  for (const auto* tls : {"tls", "ssl", "usessl", "requiressl", "usetls"}) {
    if (plain == tls) return "write sslmode=require for an encrypted connection, sslmode=verify-full for one to a server whose certificate is checked too, or sslmode=disable";
  }
  for (const auto* ca : {"sslca", "tlsca", "cafile"}) {
    if (plain == ca) return "write sslrootcert=FILE";
  }
  for (const auto* path : {"searchpath", "currentschema", "schema", "schemas"}) {
    if (plain == path) return "name the schemas in migrate.yaml (schemas: [app]), or write options=-csearch_path%3Dapp";
  }
  for (const auto* charset : {"charset", "encoding", "characterencoding"}) {
    if (plain == charset) return "leave it out: connections speak UTF-8";
  }
  for (const auto& known : usual_names()) {
    auto letters = known;
    std::erase(letters, '_');
    if (letters == plain) return "write " + known;
  }
  const auto near = nearest(name, usual_names());
  return near.empty() ? "it takes the parameters of libpq connection strings: " + join(usual_names(), ", ") + ", ..." : "did you mean '" + near + "'?";
}

}  // namespace

std::map<std::string, std::string> connection_settings(const DatabaseUrl& url) {
  std::map<std::string, std::string> settings{{"application_name", "migrate"}, {"client_encoding", "UTF8"}, {"connect_timeout", "10"}};
  if (!url.host.empty()) settings["host"] = url.host;
  if (url.port != 0) settings["port"] = std::to_string(url.port);
  if (!url.user.empty()) settings["user"] = url.user;
  if (!url.password.empty()) settings["password"] = url.password;
  if (!url.database.empty()) settings["dbname"] = url.database;
  if (url.endpoints().size() > 1) settings["target_session_attrs"] = "read-write";
  for (const auto& [key, value] : url.parameters) settings[key == "socket" ? "host" : key] = value;
  return settings;
}

std::string conninfo(const DatabaseUrl& url) {
  std::string text;
  for (const auto& [key, value] : connection_settings(url)) text += (text.empty() ? "" : " ") + key + "=" + conninfo_value(value);
  return text;
}

std::string hint_for_parameters(std::string_view words) {
  const auto has = [&](std::string_view part) { return words.find(part) != std::string_view::npos; };
  if (has("invalid connection option")) return hint_for(between(words, "invalid connection option \"", '"'));
  if (has("invalid sslmode")) return "one of disable, allow, prefer, require, verify-ca, verify-full";
  if (has("invalid target_session_attrs")) return "one of any, read-write, read-only, primary, standby, prefer-standby";
  if (has("invalid port") || has("invalid integer value") || (has("invalid") && has("value: \""))) return "see the parameters of libpq connection strings in PostgreSQL's documentation";
  return {};
}

}  // namespace migrate::postgresql
