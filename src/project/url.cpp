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

/// What is wrong with a URL; parse_url adds the URL to it. No message shows a part of the text that may be a password.
struct Fault {
  std::string what, hint;
};

[[noreturn]] void fail(const std::string& what, std::string hint = std::string(escape_hint)) { throw Fault{what, std::move(hint)}; }

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool starts_escape(std::string_view text, std::size_t at) {
  return text[at] == '%' && at + 2 < text.size() && hex_digit(text[at + 1]) >= 0 && hex_digit(text[at + 2]) >= 0;
}

std::string decode(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && !starts_escape(text, i)) {
      fail("a '%' in it is no escape: two hexadecimal digits have to follow", "a '%' that is meant as such is written %25");
    }
    if (text[i] == '%') {
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

bool holds_secret(std::string_view parameter) {
  const auto name = lower(parameter);
  return name.find("pass") != std::string::npos || name.find("secret") != std::string::npos ||
         name.find("token") != std::string::npos;
}

bool is_parameter_name(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](const char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';
  });
}

/// Hosts, database and parameters of a text that is no right URL. Behind what may be a password nothing is shown.
std::string address_without_secrets(std::string_view text) {
  const auto question = text.find('?');
  const auto address = text.substr(0, question);
  std::string_view hosts = address.substr(0, address.find('/'));
  for (std::size_t start = 0; start <= hosts.size();) {
    const auto end = std::min(hosts.find(',', start), hosts.size());
    const auto host = hosts.substr(start, end - start);
    const auto colon = host.substr(0, 1) == "[" ? host.find(':', std::min(host.find(']'), host.size())) : host.find(':');
    const bool v6 = std::count(host.begin(), host.end(), ':') > 1 && host.find_first_not_of("0123456789abcdefABCDEF:.[]%") == std::string_view::npos;
    if (colon != std::string_view::npos && !v6 && host.find_first_not_of("0123456789", colon + 1) != std::string_view::npos) {
      return std::string(text.substr(0, start + colon)) + ":***";
    }
    start = end + 1;
  }
  std::string out(address);
  if (question == std::string_view::npos) return out;
  char separator = '?';
  for (const auto& part : split(text.substr(question + 1), '&')) {
    const auto equal = part.find('=');
    const auto name = std::string_view(part).substr(0, equal);
    const bool shown = equal != std::string::npos && is_parameter_name(name);
    out += separator + (!shown ? std::string("***") : holds_secret(name) ? std::string(name) + "=***" : part);
    separator = '&';
  }
  return out;
}

/// A URL that cannot be read, for people: whatever may be the password, or a part of it, is "***".
std::string without_secrets(std::string_view text) {
  const auto colon = text.find("://");
  const auto at = text.rfind('@');
  if (colon == std::string_view::npos) {
    const bool plain = at == std::string_view::npos && text.find_first_of(":?") == std::string_view::npos;
    return plain ? std::string(text) : at == std::string_view::npos ? "" : "***@" + address_without_secrets(text.substr(at + 1));
  }
  if (!is_url(text)) return "";
  std::string out(text.substr(0, colon + 3));
  const auto rest = text.substr(colon + 3);
  if (at == std::string_view::npos || at < colon + 3) return out + address_without_secrets(rest);
  const auto account = text.substr(colon + 3, at - colon - 3);
  const auto user = account.substr(0, account.find_first_of(":/?"));
  out += user;
  if (user.size() < account.size()) out += ":***";
  // An '@' behind a '?': the password's end cannot be told.
  if (account.find('?') != std::string_view::npos) return out;
  return out + "@" + address_without_secrets(text.substr(at + 1));
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
      if (close == std::string_view::npos) fail("the ']' of the host address is missing", "an IPv6 address is written in brackets: [::1]");
      const auto rest = host.substr(close + 1);
      if (!rest.empty() && rest.front() != ':') fail("the host address is followed by something other than ':port'");
      port = rest.empty() ? rest : rest.substr(1);
      host = host.substr(1, close - 1);
    } else if (const auto colon = host.find(':'); colon != std::string_view::npos) {
      if (host.find(':', colon + 1) != std::string_view::npos) fail("there is more than one ':' in a host", "an IPv6 address is written in brackets: [::1]:5432");
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
    if (url.parameters.contains("port")) fail("ports stand both beside the hosts and behind '?'", "give every host its port: a:3306,b:3306");
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
    // Not shown: it may be a part of a password.
    if (!is_parameter_name(name)) fail("what stands behind '?' or '&' is not the name of a parameter", "in a password '?' is written %3F, and '&' %26");
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
  const auto it = url.parameters.find("port");
  if (it == url.parameters.end()) return;
  const auto ports = split(it->second, ',');
  if (ports.size() == 1) {
    url.port = parse_port(it->second);
    url.parameters.erase(it);
  } else {
    if (ports.size() != split(url.host, ',').size()) fail("it has another number of ports than of hosts", "give every host its port: a:3306,b:3306");
    for (const auto& port : ports) {
      if (!port.empty()) (void)parse_port(port);
    }
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

}  // namespace

const std::vector<std::string>& engine_names() {
  static const std::vector<std::string> names{"sqlite", "postgresql", "mysql", "mariadb"};
  return names;
}

std::string DatabaseUrl::dialect() const {
  return scheme == "mariadb" ? "mysql" : scheme;
}

std::vector<Endpoint> DatabaseUrl::endpoints() const {
  const auto listed = parameters.find("port");
  const auto ports = listed == parameters.end() ? std::vector<std::string>{} : split(listed->second, ',');
  std::vector<Endpoint> all;
  for (const auto& name : split(host, ',')) {
    const auto own = all.size() < ports.size() && !ports[all.size()].empty() ? std::stoi(ports[all.size()]) : port;
    all.push_back({name, own});
  }
  if (all.empty()) all.push_back({"", port});
  return all;
}

std::string DatabaseUrl::display() const {
  std::string out = scheme + "://";
  if (scheme == "sqlite") {
    if (!database.empty()) out += "/" + encode(database, "/: @+,=");
  } else {
    if (!user.empty() || !password.empty()) out += encode(user, "") + (password.empty() ? "@" : ":***@");
    std::string hosts;
    for (const auto& one : endpoints()) {
      if (!hosts.empty()) hosts += ",";
      hosts += one.host.find(':') != std::string::npos ? "[" + one.host + "]" : encode(one.host, "");
      if (one.port != 0) hosts += ":" + std::to_string(one.port);
    }
    out += hosts;
    if (!database.empty()) out += "/" + encode(database, "");
  }
  char separator = '?';
  for (const auto& [name, value] : parameters) {
    if (name == "port") continue;  // stands behind the hosts
    const bool secret = holds_secret(name) || (password.size() > 3 && value.find(password) != std::string::npos);
    out += separator + encode(name, "") + "=" + (secret ? "***" : encode(value, "/:,"));
    separator = '&';
  }
  return out;
}

namespace {

DatabaseUrl read_url(std::string_view text) {
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

/// How text stands in a URL that is escaped as a whole. What is plain, or escaped already, stays as it is.
std::string encode_where_needed(std::string_view value, std::string_view also_plain) {
  for (std::size_t i = 0; i < value.size(); ++i) {
    const auto one = value.substr(i, 1);
    if (!starts_escape(value, i) && encode(one, also_plain) != one) return encode(value, also_plain);
  }
  return std::string(value);
}

}  // namespace

std::string value_in_url(std::string_view value, std::string_view before, std::string_view after) {
  const auto scheme = before.find("://");
  if (scheme == std::string_view::npos) return std::string(value);  // the whole URL, or its beginning
  const auto in_front = before.substr(scheme + 3);
  const auto parameters = in_front.rfind('?');
  if (parameters != std::string_view::npos) {
    const auto part = in_front.substr(in_front.find_last_of("?&") + 1);
    if (part.find('=') == std::string_view::npos) return std::string(value);
    // What stands for an account is escaped there as in front of the '@'.
    const auto name = part.substr(0, part.find('='));
    return encode_where_needed(value, name == "user" || name == "password" ? "" : "/:,@=+ ");
  }
  const auto at = after.substr(0, after.find_first_of("/?")).rfind('@');
  if (at != std::string_view::npos && in_front.find('/') == std::string_view::npos) {
    const bool whole_account = in_front.find(':') == std::string_view::npos && after.substr(0, at).find(':') == std::string_view::npos;
    return encode_where_needed(value, whole_account ? ":" : "");
  }
  // Hosts, the database and the file may be in one variable, with parameters too: only what no URL holds is escaped.
  std::string out;
  for (std::size_t i = 0; i < value.size(); ++i) out += value[i] == '%' && !starts_escape(value, i) ? "%25" : std::string(1, value[i]);
  return out;
}

DatabaseUrl parse_url(std::string_view text) {
  text = trim(text);
  try {
    return read_url(text);
  } catch (const Fault& fault) {
    const auto shown = without_secrets(text);
    throw Error{ErrorKind::usage, "cannot read the database URL" + (shown.empty() ? "" : " " + shown) + ": " + fault.what, fault.hint};
  }
}

bool is_url(std::string_view text) {
  const auto colon = text.find("://");
  if (colon == std::string_view::npos || colon == 0) return false;
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  const auto rest = [&](char c) { return letter(c) || (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.'; };
  return letter(text.front()) && std::all_of(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(colon), rest);
}

}  // namespace migrate
