// What may stand behind the '?' of a server's URL, in every spelling.
#include <doctest/doctest.h>

#include <string>
#include <utility>

#include "dialect/mysql/run/parameters.hpp"
#include "dialect/postgresql/run/parameters.hpp"
#include "migrate/error.hpp"

namespace parameters_test {

using namespace migrate;
using mysql::Parameters;
using mysql::Tls;

namespace {

Parameters read(const std::string& behind) { return Parameters::of(parse_url("mariadb://u:secret@h/x" + behind)); }

std::string refusal(const std::string& behind) {
  try {
    (void)read(behind);
  } catch (const Error& error) {
    CHECK(error.kind == ErrorKind::usage);
    CHECK(error.message().find("secret") == std::string::npos);
    CHECK(error.message().find("mariadb://u:***@h/x") != std::string::npos);
    return error.message() + " " + error.hint;
  }
  return "";
}

}  // namespace

TEST_CASE("MySQL: TLS is preferred, and every spelling of ssl-mode asks for what it says") {
  CHECK(read("").tls == Tls::preferred);
  const std::pair<const char*, Tls> modes[] = {{"disabled", Tls::disabled},   {"DISABLED", Tls::disabled},         {"disable", Tls::disabled},
                                               {"preferred", Tls::preferred}, {"prefer", Tls::preferred},          {"required", Tls::required},
                                               {"require", Tls::required},    {"VERIFY_IDENTITY", Tls::verify_identity}, {"verify-full", Tls::verify_identity},
                                               {"verify_identity", Tls::verify_identity}};
  for (const auto* name : {"ssl-mode", "ssl_mode", "sslmode", "sslMode", "SSL_MODE"}) {
    for (const auto& [mode, tls] : modes) {
      CAPTURE(name);
      CAPTURE(mode);
      CHECK(read(std::string("?") + name + "=" + mode).tls == tls);
    }
  }
  CHECK(read("?ssl-mode=verify_ca&ssl-ca=/ca").tls == Tls::verify_ca);
  CHECK(read("?ssl-ca=/ca").tls == Tls::verify_ca);
  CHECK(read("?ssl_ca=/ca&sslmode=required").tls == Tls::verify_ca);
  CHECK(read("?sslca=/ca&sslmode=verify_identity").tls == Tls::verify_identity);
  CHECK(read("?ssl-cert=/c&ssl-key=/k&ssl-cipher=x").cert == "/c");
}

TEST_CASE("MySQL: a parameter that is not known is refused, and the hint knows other tools") {
  const std::pair<const char*, const char*> cases[] = {{"?tls=true", "ssl-mode=required"},
                                                       {"?tls=skip-verify", "ssl-mode=required"},
                                                       {"?ssl=true", "ssl-mode=required"},
                                                       {"?ssl=0", "ssl-mode=disabled"},
                                                       {"?useSSL=true", "ssl-mode=required"},
                                                       {"?requireSSL=true", "ssl-mode=required"},
                                                       {"?ssl-verify-server-cert=true", "ssl-mode=verify_identity"},
                                                       {"?verifyServerCertificate=true", "ssl-mode=verify_identity"},
                                                       {"?ssl-mod=verify_identity", "did you mean 'ssl-mode'"},
                                                       {"?sslrootcert=/ca", "ssl-ca=FILE"},
                                                       {"?charset=latin1", "utf8mb4"},
                                                       {"?collation=utf8mb4_bin", "utf8mb4"},
                                                       {"?conect_timeout=3", "did you mean 'connect_timeout'"},
                                                       {"?frobnicate=1", "unknown parameter 'frobnicate'"},
                                                       {"?ssl-mode=on", "one of disabled"},
                                                       {"?ssl-mode=", "one of disabled"},
                                                       {"?ssl-mode=required&sslmode=disabled", "say the same"},
                                                       {"?ssl-mode=verify_ca", "ssl-ca=FILE"},
                                                       {"?ssl-mode=preferred&ssl-ca=/ca", "verify_ca"},
                                                       {"?ssl-cert=/c", "go together"},
                                                       {"?ssl-ca=", "no value"},
                                                       {"?connect_timeout=soon", "seconds"},
                                                       {"?connect_timeout=0", "seconds"},
                                                       {"?socket=/s", "host and a socket"},
                                                       {"?target_session_attrs=maybe", "read-write"}};
  for (const auto& [behind, words] : cases) {
    CAPTURE(behind);
    CHECK(refusal(behind).find(words) != std::string::npos);
  }
  for (const auto* behind : {"?charset=utf8mb4", "?connect_timeout=3", "?connectTimeout=3", "?target_session_attrs=any"}) {
    CAPTURE(behind);
    CHECK(refusal(behind).empty());
  }
  CHECK(Parameters::of(parse_url("mysql://u@localhost/x?unix_socket=/s")).socket == "/s");
  CHECK(Parameters::of(parse_url("mysql://a,b/x")).must_write);
  CHECK_FALSE(Parameters::of(parse_url("mysql://a,b/x?target_session_attrs=any")).must_write);
  CHECK_FALSE(read("").must_write);
}

TEST_CASE("PostgreSQL: libpq gets a time limit, and of several hosts the one that takes writes") {
  using postgresql::conninfo;
  CHECK(conninfo(parse_url("postgresql://h/x")).find("connect_timeout='10'") != std::string::npos);
  CHECK(conninfo(parse_url("postgresql://h/x?connect_timeout=3")).find("connect_timeout='3'") != std::string::npos);
  CHECK(conninfo(parse_url("postgresql://h/x")).find("target_session_attrs") == std::string::npos);
  CHECK(conninfo(parse_url("postgresql://a:1,b:2/x")).find("target_session_attrs='read-write'") != std::string::npos);
  CHECK(conninfo(parse_url("postgresql://a:1,b:2/x")).find("port='1,2'") != std::string::npos);
  CHECK(conninfo(parse_url("postgresql://a,b/x?target_session_attrs=any")).find("target_session_attrs='any'") != std::string::npos);
  CHECK(conninfo(parse_url("postgresql://u:it%27s%5C@h/x")).find(R"(password='it\'s\\')") != std::string::npos);
  const std::pair<const char*, const char*> hints[] = {{"ssl", "sslmode=require"},      {"useSSL", "sslmode=require"}, {"tls", "sslmode=require"},  {"ssl-mode", "sslmode"},
                                                       {"sslMode", "sslmode"},          {"ssl_ca", "sslrootcert=FILE"}, {"schema", "schemas"},      {"charset", "UTF-8"},
                                                       {"sslmod", "did you mean 'sslmode'"}, {"frobnicate", "libpq"}};
  for (const auto& [name, words] : hints) {
    CAPTURE(name);
    CHECK(postgresql::hint_for_parameters("invalid connection option \"" + std::string(name) + "\"").find(words) != std::string::npos);
  }
  CHECK(postgresql::hint_for_parameters("invalid sslmode value: \"on\"").find("verify-full") != std::string::npos);
  CHECK(postgresql::hint_for_parameters("connection refused").empty());
}

}  // namespace parameters_test
