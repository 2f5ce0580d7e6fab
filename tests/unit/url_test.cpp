#include "project/url.hpp"

#include <doctest/doctest.h>

#include <string>
#include <utility>
#include <vector>

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
  CHECK(parse_url("mysql://u:100%25@h/x").password == "100%");
  CHECK(parse_url("mariadb://a:9721,b:9722/x").endpoints() == std::vector<Endpoint>{{"a", 9721}, {"b", 9722}});
  CHECK(parse_url("mariadb://a:9721,b/x").endpoints() == std::vector<Endpoint>{{"a", 9721}, {"b", 0}});
  CHECK(parse_url("mariadb://a,b/x?port=7").endpoints() == std::vector<Endpoint>{{"a", 7}, {"b", 7}});
  CHECK(parse_url("mariadb://[::1]:3306,[fe80::1]/x").endpoints() == std::vector<Endpoint>{{"::1", 3306}, {"fe80::1", 0}});
  CHECK(parse_url("mysql:///x").endpoints() == std::vector<Endpoint>{{"", 0}});
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
  for (const auto* url : {"postgresql://u@[::1]/x", "mariadb://a:1,b:2/x", "mariadb://[::1]:7,b/x", "postgresql://a,b/x"}) CHECK(parse_url(url).display() == url);
}

TEST_CASE("errors in a URL show it, and never the password") {
  const std::pair<const char*, const char*> cases[] = {
      {"postgresql://u:secret/word@h:x/y", "postgresql://u:***@h:***"},
      {"postgresql://u:secret?word@h/x", "postgresql://u:***:"},
      {"mysql://u:x@h:secret/x", "mysql://u:***@h:***"},
      {"mysql://u:secret@[::1/x", "mysql://u:***@[::1/x"},
      {"mysql://u:secret@h:99999/shop", "mysql://u:***@h:99999/shop"},
      {"postgresql://u:1/secret@h/x", "postgresql://u:***@h/x"},
      {"mysql://u:100%secret@h/shop", "mysql://u:***@h/shop"},
      {"mysql://u@h/100%shop", "mysql://u@h/100%shop"},
      {"mysql://u:secret@h/x?ssl", "mysql://u:***@h/x?***"},
      {"mysql://u@h/x?password=secret&ssl-mode", "mysql://u@h/x?password=***&***"},
      {"mysql://u@h/x?password=se@cret&ssl-mode", "mysql://u"},
      {"mysql://u:secret@h/x?a=1&a=2", "mysql://u:***@h/x?a=1&a=2"},
      {"mysql://h:secret", "mysql://h:***"},
      {"mysql://u:secret@::1/x", "mysql://u:***@::1/x"},
      {"mysql://u:secret@a:1,b/x?port=1,2,3", "mysql://u:***@a:1,b/x?port=1,2,3"},
      {"oracle://u:secret@h/x", "oracle://u:***@h/x"},
      {"u:secret@h/x", "***@h/x"},
      {"sqlite:///100%.db", "sqlite:///100%.db"}};
  for (const auto& [url, shown] : cases) {
    CAPTURE(url);
    const auto text = message(url);
    CHECK(text.find(shown) != std::string::npos);
    CHECK(text.find("secret") == std::string::npos);
    CHECK(text.find("cret&") == std::string::npos);
  }
  CHECK(message("oracle://h/x").find("unknown scheme 'oracle'") != std::string::npos);
  CHECK(message("postgrsql://h/x").find("did you mean 'postgresql'?") != std::string::npos);
  CHECK(message("") != "");
  CHECK(message("app.db").find("app.db") != std::string::npos);
  CHECK(message("mysql://h/x%00") != "");
  for (const auto* url : {"mysql://u:a%@h/x", "mysql://u:a%4@h/x", "mysql://u:a%zz@h/x", "mysql://u@h/a%", "sqlite:///a%b", "mysql://h/x?a=%x"}) {
    CAPTURE(url);
    CHECK(message(url).find("no escape") != std::string::npos);
    CHECK(message(url).find("%25") != std::string::npos);
  }
}

TEST_CASE("the value of a variable in a URL is any text where a part of the URL is") {
  const char* const texts[] = {"secret", "a@b:c/d?e#f%g&h=i+j k", "100%", "%", "%%41", "päss wörd", "'\"\\`$", "[::1]", "p%40ss?", "tab\tline\n"};
  for (const std::string text : texts) {
    CAPTURE(text);
    CHECK(parse_url("mysql://u:" + value_in_url(text, "mysql://u:", "@h/x") + "@h/x").password == text);
    CHECK(parse_url("mysql://" + value_in_url(text, "mysql://", ":p@h/x") + ":p@h/x").user == text);
    CHECK(parse_url("mysql://u:a" + value_in_url(text, "mysql://u:a", "b@h/x?c=@") + "b@h/x").password == "a" + text + "b");
    const std::string before = "postgresql://h/x?a=b&password=";
    CHECK(parse_url(before + value_in_url(text, before, "&c=d") + "&c=d").password == text);
  }
  // What is escaped already is left alone, and so is what holds more than one part.
  CHECK(value_in_url("p%40ss", "mysql://u:", "@h/x") == "p%40ss");
  CHECK(value_in_url("mysql://u:p%40@h/x", "", "") == "mysql://u:p%40@h/x");
  CHECK(value_in_url("u:p", "mysql://", "@h/x") == "u:p");
  CHECK(value_in_url("a:1,b:2", "mysql://u:p@", "/x") == "a:1,b:2");
  CHECK(value_in_url("shop?ssl-mode=required", "mysql://u:p@h/", "") == "shop?ssl-mode=required");
  CHECK(value_in_url("a=1&b=2", "mysql://h/x?", "") == "a=1&b=2");
  CHECK(parse_url("sqlite:///" + value_in_url("/var/100% sure/a.db", "sqlite:///", "")).database == "/var/100% sure/a.db");
}

TEST_CASE("URLs are told from file names") {
  CHECK(is_url("sqlite:///x"));
  CHECK(is_url("postgresql+x://h"));
  CHECK_FALSE(is_url("model.yaml"));
  CHECK_FALSE(is_url("://x"));
  CHECK_FALSE(is_url("a b://x"));
}

}  // namespace url_test
