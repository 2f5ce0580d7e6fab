#include "project/url.hpp"

#include <algorithm>
#include <charconv>

#include "core/text.hpp"
#include "migrate/error.hpp"

namespace migrate {
namespace {

constexpr std::string_view escape_hint =
    "write a URL as scheme://user:password@host:port/database and special characters in it as percent escapes (@ is %40, / is "
    "%2F, : is %3A)";

/// No message shows a part of the text that may be a password.
[[noreturn]] void fail(const std::string& what, std::string hint = std::string(escape_hint)) {
  throw Error{ErrorKind::usage, "cannot read the database URL: " + what, std::move(hint)};
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// A '%' that starts no escape stands for itself: passwords are often pasted unescaped.
std::string decode(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && hex_digit(text[i + 1]) >= 0 && hex_digit(text[i + 2]) >= 0) {
      out += static_cast<char>(hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2]));
      i += 2;
    } else {
      out += text[i];
    }
  }
  if (out.find('\0') != std::string::npos) fail("it holds a NUL character");
  return out;
}

std::string encode(std::string_view text, std::string_view also_plain) {
  static constexpr std::string_view digits = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       std::string_view("-._~").find(c) != std::string_view::npos ||
                       also_plain.find(c) != std::string_view::npos || static_cast<unsigned char>(c) >= 0x80;
    if (plain) {
      out += c;
    } else {
      out += '%';
      out += digits[static_cast<unsigned char>(c) >> 4];
      out += digits[static_cast<unsigned char>(c) & 15];
    }
  }
  return out;
}

int parse_port(std::string_view text) {
  int port = 0;
  const auto end = std::from_chars(text.data(), text.data() + text.size(), port);
  if (end.ec != std::errc{} || end.ptr != text.data() + text.size() || port < 1 || port > 65535) {
    fail("the port is not a number between 1 and 65535");
  }
  return port;
}

/// host, host:port, [v6]:port, or several of them with commas between (libpq tries them in turn).
void parse_hosts(DatabaseUrl& url, std::string_view text) {
  std::vector<std::string> hosts;
  std::vector<std::string> ports;
  for (const auto& part : split(text, ',')) {
    std::string_view host = part;
    std::string_view port;
    if (host.substr(0, 1) == "[") {
      const auto close = host.find(']');
      if (close == std::string_view::npos) fail("the ']' of the host address is missing");
      const auto rest = host.substr(close + 1);
      if (!rest.empty() && rest.front() != ':') fail("the host address is followed by something other than ':port'");
      port = rest.empty() ? rest : rest.substr(1);
      host = host.substr(1, close - 1);
    } else if (const auto colon = host.find(':'); colon != std::string_view::npos) {
      port = host.substr(colon + 1);
      host = host.substr(0, colon);
    }
    hosts.push_back(decode(host));
    ports.push_back(port.empty() ? "" : std::to_string(parse_port(port)));
  }
  url.host = join(hosts, ",");
  const bool one_port = std::all_of(ports.begin(), ports.end(), [&](const auto& port) { return port == ports.front(); });
  if (!ports.empty() && one_port) {
    url.port = ports.front().empty() ? 0 : parse_port(ports.front());
  } else if (!ports.empty()) {
    url.parameters["port"] = join(ports, ",");
  }
}

void parse_authority(DatabaseUrl& url, std::string_view text) {
  if (const auto at = text.rfind('@'); at != std::string_view::npos) {
    const auto account = text.substr(0, at);
    const auto colon = account.find(':');
    url.user = decode(account.substr(0, colon));
    if (colon != std::string_view::npos) url.password = decode(account.substr(colon + 1));
    text = text.substr(at + 1);
  }
  parse_hosts(url, text);
}

void parse_parameters(DatabaseUrl& url, std::string_view text) {
  while (!text.empty()) {
    const auto end = std::min(text.find('&'), text.size());
    const auto part = text.substr(0, end);
    text = text.substr(std::min(end + 1, text.size()));
    if (part.empty()) continue;
    const auto equal = part.find('=');
    if (equal == std::string_view::npos || equal == 0) fail("a parameter behind '?' is not written as name=value");
    const auto name = decode(part.substr(0, equal));
    const bool plain = std::all_of(name.begin(), name.end(), [](const char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';
    });
    // Not shown: it may be a part of a password.
    if (!plain) fail("what stands behind '?' or '&' is not the name of a parameter", "in a password '?' is written %3F, and '&' %26");
    const bool fresh = url.parameters.emplace(name, decode(part.substr(equal + 1))).second;
    if (!fresh) fail("a parameter behind '?' stands there twice");
  }
}

/// What may stand in the address or behind the '?' is kept in one place.
void adopt_parameters(DatabaseUrl& url) {
  const auto adopt = [&](const char* name, std::string& field) {
    const auto it = url.parameters.find(name);
    if (it == url.parameters.end()) return;
    field = it->second;
    url.parameters.erase(it);
  };
  adopt("host", url.host);
  adopt("user", url.user);
  adopt("password", url.password);
  adopt("dbname", url.database);
  if (const auto it = url.parameters.find("port"); it != url.parameters.end() && it->second.find(',') == std::string::npos) {
    url.port = parse_port(it->second);
    url.parameters.erase(it);
  }
}

std::string known_scheme(std::string_view text) {
  auto scheme = lower(text);
  // SQLAlchemy names its driver here, as in postgresql+psycopg2.
  scheme = scheme.substr(0, scheme.find('+'));
  if (scheme == "postgres") return "postgresql";
  if (scheme == "sqlite3") return "sqlite";
  const auto& known = engine_names();
  if (std::find(known.begin(), known.end(), scheme) != known.end()) return scheme;
  const bool shown = is_url(scheme + "://");
  fail(shown ? "unknown scheme '" + scheme + "'" : "unknown scheme", did_you_mean(scheme, known));
}

void parse_sqlite(DatabaseUrl& url, std::string_view rest) {
  if (rest.empty()) return;
  if (rest.front() != '/')
    fail("'sqlite://' is followed by a host name",
         "write sqlite:///app.db for a relative path, sqlite:////data/app.db for an absolute one");
  url.database = decode(rest.substr(1));
  if (url.database == ":memory:") url.database.clear();
}

bool holds_secret(std::string_view parameter) {
  const auto name = lower(parameter);
  return name.find("pass") != std::string::npos || name.find("secret") != std::string::npos ||
         name.find("token") != std::string::npos;
}

}  // namespace

const std::vector<std::string>& engine_names() {
  static const std::vector<std::string> names{"sqlite", "postgresql", "mysql", "mariadb"};
  return names;
}

std::string DatabaseUrl::dialect() const {
  return scheme == "mariadb" ? "mysql" : scheme;
}

std::string DatabaseUrl::display() const {
  std::string out = scheme + "://";
  if (scheme == "sqlite") {
    if (!database.empty()) out += "/" + encode(database, "/: @+,=");
  } else {
    if (!user.empty() || !password.empty()) out += encode(user, "") + (password.empty() ? "@" : ":***@");
    const bool v6 = host.find(':') != std::string::npos && host.find(',') == std::string::npos;
    out += v6 ? "[" + host + "]" : encode(host, ",:");
    if (port != 0) out += ":" + std::to_string(port);
    if (!database.empty()) out += "/" + encode(database, "");
  }
  char separator = '?';
  for (const auto& [name, value] : parameters) {
    const bool secret = holds_secret(name) || (password.size() > 3 && value.find(password) != std::string::npos);
    out += separator + encode(name, "") + "=" + (secret ? "***" : encode(value, "/:,"));
    separator = '&';
  }
  return out;
}

DatabaseUrl parse_url(std::string_view text) {
  text = trim(text);
  const auto colon = text.find("://");
  if (text.empty()) fail("it is empty");
  if (colon == std::string_view::npos) {
    fail("it has no scheme", "write sqlite:///app.db, postgresql://user@host/database or mysql://user@host/database");
  }
  DatabaseUrl url;
  url.scheme = known_scheme(text.substr(0, colon));
  auto rest = text.substr(colon + 3);
  const auto question = rest.find('?');
  if (question != std::string_view::npos) parse_parameters(url, rest.substr(question + 1));
  rest = rest.substr(0, question);
  if (url.scheme == "sqlite") {
    parse_sqlite(url, rest);
    return url;
  }
  const auto slash = rest.find('/');
  parse_authority(url, rest.substr(0, slash));
  if (slash != std::string_view::npos) url.database = decode(rest.substr(slash + 1));
  if (url.database.find('@') != std::string::npos && url.user.empty()) {
    fail("a '/' stands in front of the '@' that ends the password");
  }
  adopt_parameters(url);
  return url;
}

bool is_url(std::string_view text) {
  const auto colon = text.find("://");
  if (colon == std::string_view::npos || colon == 0) return false;
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  const auto rest = [&](char c) { return letter(c) || (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.'; };
  return letter(text.front()) && std::all_of(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(colon), rest);
}

}  // namespace migrate
