#include "dialect/mysql/run/parameters.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <utility>

#include "core/text.hpp"
#include "migrate/error.hpp"

namespace migrate::mysql {
namespace {

/// Parameters have many spellings: ssl-ca, ssl_ca, sslCa.
std::string plain(std::string_view name) {
  auto text = lower(name);
  std::erase_if(text, [](const char c) { return c == '-' || c == '_'; });
  return text;
}

const std::vector<std::string>& known_names() {
  static const std::vector<std::string> names{"ssl-mode",   "ssl-ca", "ssl-capath", "ssl-cert", "ssl-key",
                                              "ssl-cipher", "connect_timeout", "socket", "target_session_attrs", "charset"};
  return names;
}

/// What other tools call it. None is taken silently: what is meant differs from tool to tool.
std::string hint_for(const std::string& name) {
  static const std::map<std::string, std::string, std::less<>> hints = [] {
    std::map<std::string, std::string, std::less<>> all;
    for (const auto* tls : {"tls", "ssl", "usessl", "requiressl", "usetls", "ssldisabled", "enabletls"}) {
      all[tls] = "write ssl-mode=required for an encrypted connection, ssl-mode=verify_identity for one to a server whose certificate is checked "
                 "too, or ssl-mode=disabled";
    }
    for (const auto* verify : {"sslverifyservercert", "sslverifycert", "sslverifyidentity", "verifyservercertificate", "tlsverify", "trustservercertificate"}) {
      all[verify] = "write ssl-mode=verify_identity, and ssl-ca=FILE where the system does not know the authority";
    }
    for (const auto* ca : {"sslrootcert", "tlsca", "serversslcert", "cafile"}) all[ca] = "write ssl-ca=FILE";
    for (const auto* charset : {"characterencoding", "collation", "encoding", "defaultcharacterset"}) all[charset] = "leave it out: connections speak utf8mb4";
    return all;
  }();
  const auto found = hints.find(plain(name));
  return found != hints.end() ? found->second : did_you_mean(name, known_names());
}

[[noreturn]] void refuse(const DatabaseUrl& url, const std::string& what, const std::string& hint) {
  throw Error{ErrorKind::usage, fmt::format("database URL {}: {}", url.display(), what), hint};
}

const std::map<std::string, Tls, std::less<>>& tls_modes() {
  // The second names are libpq's, whose meaning is the same.
  static const std::map<std::string, Tls, std::less<>> modes = {
      {"disabled", Tls::disabled},  {"disable", Tls::disabled},    {"preferred", Tls::preferred},
      {"prefer", Tls::preferred},   {"required", Tls::required},   {"require", Tls::required},
      {"verifyca", Tls::verify_ca}, {"verifyfull", Tls::verify_identity}, {"verifyidentity", Tls::verify_identity}};
  return modes;
}

void read_one(const DatabaseUrl& url, const std::string& name, const std::string& given, const std::string& value, Parameters& out) {
  const std::pair<const char*, std::string*> texts[] = {{"ssl-ca", &out.ca},   {"ssl-capath", &out.capath}, {"ssl-cert", &out.cert},
                                                        {"ssl-key", &out.key}, {"ssl-cipher", &out.cipher}, {"socket", &out.socket}};
  for (const auto& [text, field] : texts) {
    if (name != text) continue;
    if (value.empty()) refuse(url, fmt::format("'{}' has no value", given), "give it one, or leave it out");
    *field = value;
  }
  if (name == "ssl-mode") {
    const auto mode = tls_modes().find(plain(value));
    if (mode == tls_modes().end()) refuse(url, fmt::format("'{}' is not a value of '{}'", value, given), "one of disabled, preferred, required, verify_ca, verify_identity");
    out.tls = mode->second;
  } else if (name == "connect_timeout") {
    if (value.empty() || value.size() > 6 || value.find_first_not_of("0123456789") != std::string::npos || std::stoi(value) == 0) {
      refuse(url, fmt::format("'{}' is not a value of '{}'", value, given), "a number of seconds");
    }
    out.connect_timeout = std::stoi(value);
  } else if (name == "target_session_attrs") {
    if (value != "any" && value != "read-write") refuse(url, fmt::format("'{}' is not a value of '{}'", value, given), "any or read-write");
    out.must_write = value == "read-write";
  } else if (name == "charset" && !starts_with_ignoring_case(value, "utf8")) {
    refuse(url, fmt::format("the character set '{}' cannot be used", value), "leave it out: connections speak utf8mb4");
  }
}

}  // namespace

Parameters Parameters::of(const DatabaseUrl& url) {
  Parameters out;
  out.must_write = url.endpoints().size() > 1;
  std::map<std::string, std::string> seen;
  for (const auto& [given, value] : url.parameters) {
    if (given == "port") continue;  // of several hosts
    auto key = plain(given);
    if (key == "unixsocket" || key == "unixsock") key = "socket";
    const auto known = std::find_if(known_names().begin(), known_names().end(), [&](const auto& name) { return plain(name) == key; });
    if (known == known_names().end()) refuse(url, fmt::format("unknown parameter '{}'", given), hint_for(given));
    if (const auto [first, fresh] = seen.emplace(*known, given); !fresh) {
      refuse(url, fmt::format("'{}' and '{}' say the same", first->second, given), "leave one of them out");
    }
    read_one(url, *known, given, value, out);
  }
  const bool authority = !out.ca.empty() || !out.capath.empty();
  // An authority is named so that it is asked; libpq reads "required" with one so too.
  if (authority && (!seen.contains("ssl-mode") || out.tls == Tls::required)) out.tls = Tls::verify_ca;
  if (authority && out.tls < Tls::verify_ca) {
    refuse(url, fmt::format("ssl-mode={} does not ask the authority that it names", name_of(out.tls)), "write ssl-mode=verify_ca or verify_identity, or leave ssl-ca out");
  }
  if (out.tls == Tls::verify_ca && !authority) refuse(url, "ssl-mode=verify_ca names no authority", "add ssl-ca=FILE, or write ssl-mode=verify_identity for the authorities that the system knows");
  if (out.cert.empty() != out.key.empty()) refuse(url, "ssl-cert and ssl-key go together", "give both, or none");
  if (!out.socket.empty() && !url.host.empty() && url.host != "localhost") refuse(url, "it has a host and a socket", "leave one of them out");
  return out;
}

std::string name_of(Tls tls) {
  switch (tls) {
    case Tls::disabled: return "disabled";
    case Tls::preferred: return "preferred";
    case Tls::required: return "required";
    case Tls::verify_ca: return "verify_ca";
    default: return "verify_identity";
  }
}

}  // namespace migrate::mysql
