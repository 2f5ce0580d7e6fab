// The review page's parts that need no database: who may come in, answers as a file, what a template makes of hostile text.
#include <doctest/doctest.h>

#include "autogenerate/answers_file.hpp"
#include "core/mustache.hpp"
#include "core/sha256.hpp"
#include "migrate/error.hpp"
#include "review/diagram.hpp"
#include "review/serve.hpp"

namespace migrate::review_test {

using review::Gate;
using review::Request;

TEST_CASE("hashes are written as a Content-Security-Policy names them") {
  CHECK(sha256_base64("abc") == "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=");
  CHECK(sha256_base64("") == "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
}

TEST_CASE("a text of a page is that text, and HTML only where the template says so") {
  TemplateData data;
  data.texts = {{"a", "<b> & \"c\" {{d}}"}, {"d", "<i>"}};
  CHECK(render_html("{{a}}|{{{d}}}|{{missing}}|{{#missing}}x{{/missing}}", data, "t") == "&lt;b&gt; &amp; &quot;c&quot; {{d}}|<i>||");
}

TEST_CASE("the gate lets in who knows the token, from this page, in the browser that came first") {
  Gate gate("0123456789abcdef");
  gate.opens_at(4711);
  CHECK(gate.url() == "http://127.0.0.1:4711/0123456789abcdef/");
  const Request good{.method = "GET", .path = "/0123456789abcdef/", .headers = {{"host", "127.0.0.1:4711"}}, .body = {}};
  std::string inside;
  const auto with = [&](const std::string& path, const std::string& header, const std::string& value, const std::string& method = "GET") {
    Request request = good;
    request.method = method;
    if (!path.empty()) request.path = path;
    if (!header.empty()) request.headers[header] = value;
    return gate.refuse(request, inside);
  };
  CHECK(with("", "", "") == "");
  CHECK(inside.empty());
  CHECK(with("/0123456789abcdef/answers.yaml", "host", "localhost:4711") == "");
  CHECK(inside == "answers.yaml");
  for (const std::string path : {"/", "/0123456789abcde/", "/0123456789abcdef", "/0123456789abcdef0/", "/0123456789abcdeg/", "//", "/x/0123456789abcdef/", "*"}) CHECK_MESSAGE(with(path, "", "") != "", path);
  for (const std::string host : {"", "127.0.0.1", "127.0.0.1:4712", "evil.example:4711", "127.0.0.1:4711.evil.example", "[::1]:4711"}) CHECK_MESSAGE(with("", "host", host) != "", host);
  for (const std::string origin : {"null", "https://127.0.0.1:4711", "http://127.0.0.1:4712", "http://localhost:4711", "http://evil.example"}) CHECK_MESSAGE(with("", "origin", origin) != "", origin);
  CHECK(with("", "", "", "POST") != "");
  CHECK(with("", "origin", "http://127.0.0.1:4711", "POST") == "");
  CHECK(with("", "sec-fetch-site", "cross-site") != "");
  CHECK(with("", "sec-fetch-site", "same-origin") == "");

  const auto cookie = gate.begin_session(good);
  CHECK(cookie.find("HttpOnly; SameSite=Strict") != std::string::npos);
  CHECK(gate.begin_session(good).empty());
  CHECK(with("", "", "") != "");
  CHECK(with("", "cookie", "a=b; " + cookie.substr(0, cookie.find(';'))) == "");
  CHECK(with("", "cookie", cookie.substr(0, cookie.find(';')) + "0") != "");
}

TEST_CASE("answers are written as a file that reads back the same") {
  Answers answers;
  answers.renames.renames = {{"users.email", "mail"}, {"a: b.c", "d # e"}};
  answers.renames.no_renames = {"users.fax", "it's"};
  answers.data.kept = {"old, table"};
  answers.data.values["orders.status"] = {{"new", "open"}, {"yes", "no"}, {"1", std::nullopt}, {"", "null"}, {"\"q\"", "{x: y}"}};
  answers.data.fills["t.a"] = {.kind = FillRule::Kind::constant, .text = ""};
  answers.data.fills["t.b"] = {.kind = FillRule::Kind::expression, .text = "lower(name) || ': #'"};
  answers.data.fills["t.c"] = {.kind = FillRule::Kind::column, .text = "other"};
  answers.data.fills["t.d"] = {.kind = FillRule::Kind::key, .text = "N-"};
  answers.data.fills["t.e"] = {.kind = FillRule::Kind::random, .text = ""};
  answers.data.fills["t.f"] = {.kind = FillRule::Kind::rows, .text = "rest", .rows = {{"1", "one"}, {"true", "~"}}};
  Answers again;
  parse_answers(again, answers_text(answers), "answers.yaml");
  CHECK(again.renames.renames == answers.renames.renames);
  CHECK(again.renames.no_renames == answers.renames.no_renames);
  CHECK(again.data.kept == answers.data.kept);
  CHECK(again.data.values == answers.data.values);
  CHECK(again.data.fills == answers.data.fills);
  CHECK(answers_text(Answers{}).empty());
}

TEST_CASE("answers as a page sends them are those of a file, and what is none is refused") {
  const auto answers = answers_of_json(R"({"renames": {"t.a": "b"}, "dropped": [], "values": {"t.c": {"x": null, "y": "\u0001\u00e9"}}, "fill": {"t.d": {"random": true}}})");
  CHECK(answers.renames.renames.at("t.a") == "b");
  CHECK(answers.data.values.at("t.c").at("x") == std::nullopt);
  CHECK(answers.data.values.at("t.c").at("y") == "\x01\xC3\xA9");
  CHECK(answers.data.fills.at("t.d").kind == FillRule::Kind::random);
  for (const char* json : {"", "[1]", "3", "{\"renames\": [1]}", "{\"fill\": {\"a.b\": {}}}", "{\"fill\": {\"a.b\": {\"constant\": [1]}}}", "{\"renames\": {\"t.a\": \"x\", \"t.b\": \"x\"}}", "{\"renames\": {\"t.a\": \"\"}}"}) {
    CHECK_THROWS_AS_MESSAGE(static_cast<void>(answers_of_json(json)), Error, json);
  }
}

TEST_CASE("a diagram of circles and of tables that refer to themselves ends") {
  review::Diagram diagram;
  for (const char* name : {"a", "b", "c", "alone"}) diagram.tables.push_back({.name = name, .action = "", .link = "", .lines = {{"id  int", "", true}}});
  diagram.keys = {{"a", "b", "x", ""}, {"b", "c", "y", "add"}, {"c", "a", "z", ""}, {"a", "a", "self", ""}, {"a", "elsewhere", "out", ""}};
  const auto html = review::diagram_html(diagram, "d", "D");
  std::size_t keys = 0;
  for (auto at = html.find("class=\"key"); at != std::string::npos; at = html.find("class=\"key", at + 1)) ++keys;
  CHECK(keys == 4);
  CHECK(review::diagram_html({}, "d", "D").empty());
}

}  // namespace migrate::review_test
