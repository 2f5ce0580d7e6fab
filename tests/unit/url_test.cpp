#include "project/url.hpp"

#include <doctest/doctest.h>

#include "migrate/error.hpp"

namespace url_test {

using namespace migrate;

namespace {

std::string message(std::string_view text) {
  try {
    (void)parse_url(text);
  } catch (const Error& error) {
    CHECK(error.kind == ErrorKind::usage);
    CHECK_FALSE(error.hint.empty());
    return error.message() + " " + error.hint;
  }
  return "";
}

}  // namespace

TEST_CASE("sqlite URLs hold a relative path, an absolute one, or none") {
  CHECK(parse_url("sqlite:///app.db").database == "app.db");
  CHECK(parse_url("sqlite:////var/app.db").database == "/var/app.db");
  CHECK(parse_url("sqlite://").database.empty());
  CHECK(parse_url("sqlite:///:memory:").database.empty());
  CHECK(parse_url("sqlite:///a%20b.db?mode=ro") ==
        DatabaseUrl{.scheme = "sqlite", .database = "a b.db", .parameters = {{"mode", "ro"}}});
  CHECK(parse_url("sqlite:///app.db").dialect() == "sqlite");
  CHECK(message("sqlite://app.db").find("sqlite:///app.db") != std::string::npos);
}

TEST_CASE("server URLs are read in all their parts") {
  CHECK(parse_url("postgres://u:p%40ss@db.example:5433/shop?sslmode=require") ==
        DatabaseUrl{.scheme = "postgresql",
                    .user = "u",
                    .password = "p@ss",
                    .host = "db.example",
                    .port = 5433,
                    .database = "shop",
                    .parameters = {{"sslmode", "require"}}});
  CHECK(parse_url("mariadb://root@localhost/x?socket=/run/m.sock").parameters.at("socket") == "/run/m.sock");
  CHECK(parse_url("mariadb://h/x").dialect() == "mysql");
  CHECK(parse_url("postgresql:///shop?host=/run/postgresql").host == "/run/postgresql");
  CHECK(parse_url("postgresql://%2Frun%2Fpostgresql/shop").host == "/run/postgresql");
  CHECK(parse_url("postgresql://[::1]:5432/shop").host == "::1");
  CHECK(parse_url("postgresql://a:1,b:2/shop").parameters.at("port") == "1,2");
  CHECK(parse_url("postgresql://a,b/shop").host == "a,b");
  CHECK(parse_url("postgresql+psycopg2://h/shop").scheme == "postgresql");
  CHECK(parse_url("mysql://u:a@b@h/x").password == "a@b");
  CHECK(parse_url("mysql://u:100%@h/x").password == "100%");
  CHECK(parse_url("postgresql://h/x?password=secret&port=7").password == "secret");
  CHECK(parse_url("postgresql://h/x?password=secret&port=7").port == 7);
}

TEST_CASE("a URL for people hides the password") {
  CHECK(parse_url("postgresql://u:secret@h:1/x?sslpassword=secret&sslmode=require").display() ==
        "postgresql://u:***@h:1/x?sslmode=require&sslpassword=***");
  CHECK(parse_url("mysql://h/x?password=secret").display() == "mysql://:***@h/x");
  CHECK(parse_url("mysql://u:secret@h/x?init=secret").display() == "mysql://u:***@h/x?init=***");
  CHECK_THROWS_AS((void)parse_url("mysql://u:secret@h/x?mysql://u:secret@h/x?a=b"), Error);
  CHECK(parse_url("sqlite:////var/a b.db").display() == "sqlite:////var/a b.db");
  CHECK(parse_url("sqlite://").display() == "sqlite://");
  CHECK(parse_url("postgresql://u@[::1]/x").display() == "postgresql://u@[::1]/x");
}

TEST_CASE("errors in a URL never show the password") {
  for (const auto* url :
       {"postgresql://u:secret/word@h/x", "postgresql://u:secret?word@h/x", "mysql://u:x@h:secret/x", "mysql://u:secret@[::1/x",
        "mysql://u:x@h:99999/secret", "mysql://secret", "postgresql://u:1/secret@h/x"}) {
    CAPTURE(url);
    CHECK(message(url).find("secret") == std::string::npos);
  }
  CHECK(message("postgresql://u:1/secret@h/x") != "");
  CHECK(message("oracle://h/x").find("unknown scheme 'oracle'") != std::string::npos);
  CHECK(message("postgrsql://h/x").find("did you mean 'postgresql'?") != std::string::npos);
  CHECK(message("") != "");
  CHECK(message("app.db") != "");
  CHECK(message("mysql://h/x?ssl") != "");
  CHECK(message("mysql://h/x%00") != "");
}

TEST_CASE("URLs are told from file names") {
  CHECK(is_url("sqlite:///x"));
  CHECK(is_url("postgresql+x://h"));
  CHECK_FALSE(is_url("model.yaml"));
  CHECK_FALSE(is_url("://x"));
  CHECK_FALSE(is_url("a b://x"));
}

}  // namespace url_test
