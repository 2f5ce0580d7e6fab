#include <doctest/doctest.h>

#include <string>
#include <tuple>
#include <vector>

#include "core/yaml.hpp"
#include "core/yaml_write.hpp"

namespace yaml_test {

using namespace migrate;

TEST_CASE("a YAML tree remembers where everything stood") {
  const auto node = yaml::parse("a: 1\nb:\n  c: [x, 'y']\n", "f.yaml");
  REQUIRE(node.is_map());
  CHECK(node.find("a")->scalar == "1");
  const auto* c = node.find("b")->find("c");
  REQUIRE(c != nullptr);
  CHECK(c->line == 3);
  CHECK(c->items[1].quoted);
}

TEST_CASE("anchors, aliases and merge keys are resolved") {
  const auto node = yaml::parse("base: &b {x: 1, y: 2}\nuse: {<<: *b, y: 3}\n", "f.yaml");
  CHECK(node.find("use")->find("x")->scalar == "1");
  CHECK(node.find("use")->find("y")->scalar == "3");
}

TEST_CASE("a key given twice is an error with its place") {
  try {
    (void)yaml::parse("a: 1\na: 2\n", "f.yaml");
    FAIL("no error");
  } catch (const Error& error) {
    CHECK(error.location.line == 2);
    CHECK(error.kind == ErrorKind::usage);
  }
}

TEST_CASE("aliases that expand without bound are refused") {
  std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 12; ++i) {
    const auto n = std::to_string(i);
    const auto p = "*a" + std::to_string(i - 1);
    bomb += "a" + n + ": &a" + n + " [" + p + ", " + p + ", " + p + ", " + p + ", " + p + ", " + p + ", " + p + ", " + p + "]\n";
  }
  CHECK_THROWS_AS((void)yaml::parse(bomb, "f.yaml"), Error);
}

TEST_CASE("quoted scalars read back as the same text") {
  for (const std::string text : {"plain", "", "null", "~", "- a", "a: b", "a #b", "a, b", "{x}", "'q'", "\"d\"", "tab\there", "two\nlines",
                                 "back\\slash", " lead", "trail ", "@x", "`x`", "%x", "ends:", "<<", "\xc2\x85next", "\x01", "\x7f", "\xc2\x9b", "a:?b",
                                 "\xe2\x80\xa8", "in\xe2\x80\xa9side", "\xef\xbb\xbf", "in\xef\xbb\xbfside", "\xef\xbf\xbf", "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", "\r\n", "data ? 'key'", "a ?| b"}) {
    CAPTURE(text);
    const auto node = yaml::parse("k: " + yaml::quote(text) + "\n", "f");
    CHECK(node.find("k")->scalar == text);
    CHECK(yaml::parse("{k: " + yaml::quote(text) + ", l: 1}\n", "f").find("k")->scalar == text);
  }
}

TEST_CASE("what is no YAML is an error with its place") {
  const std::vector<std::tuple<std::string, int, int, std::string>> texts{
      {"a: [1, 2\nb: 3\n", 2, 2, "flow sequence"},
      {"a: 1\n b: 2\n", 2, 3, "mapping values are not allowed"},
      {"a: *nowhere\n", 1, 4, "the alias *nowhere names no node"},
      {"a: &self {b: *self}\n", 1, 14, "the alias *self"},
      {"a: 'x\n", 2, 1, "quoted scalar"},
      {"a: 1\n---\nb: 2\n", 3, 1, "a second document"},
      {"a: x\nb: \x01\n", 2, 4, "control characters"},
      {"a: x\nb: \xff\n", 2, 4, "UTF-8"},
      {"? [a]\n: 1\n", 1, 3, "a key must be a plain word"},
  };
  for (const auto& known : texts) {
    const auto& [text, line, column, words] = known;
    CAPTURE(std::get<0>(known));
    try {
      (void)yaml::parse(text, "f.yaml");
      FAIL("no error");
    } catch (const Error& error) {
      CHECK(error.kind == ErrorKind::usage);
      CHECK(error.location.line == line);
      CHECK(error.location.column == column);
      CHECK_MESSAGE(error.message().find(words) != std::string::npos, error.message());
    }
  }
}

TEST_CASE("a double among many keys is found, and a merge leaves what is there") {
  std::string text = "base: &base {k0: old, extra: 1}\nmany:\n  <<: *base\n";
  for (int i = 0; i < 100; ++i) text += "  k" + std::to_string(i) + ": " + std::to_string(i) + "\n";
  const auto node = yaml::parse(text, "f");
  const auto* many = node.find("many");
  CHECK(many->keys.size() == 101);
  CHECK(many->find("k0")->scalar == "0");
  CHECK(many->find("extra")->scalar == "1");
  CHECK_THROWS_AS((void)yaml::parse(text + "  k7: again\n", "f"), Error);
}

TEST_CASE("words, nulls and texts are told apart") {
  const auto node = yaml::parse("a:\nb: ~\nc: null\nd: 'null'\ne: !!str 5\nf: |\n  two\n  lines\nnull: x\n", "f");
  CHECK(node.find("a")->is_null());
  CHECK(node.find("b")->is_null());
  CHECK(node.find("c")->is_null());
  CHECK(node.find("d")->scalar == "null");
  CHECK(node.find("d")->quoted);
  CHECK(node.find("e")->quoted);
  CHECK(node.find("f")->scalar == "two\nlines\n");
  CHECK(node.find("null")->scalar == "x");
  CHECK(yaml::parse("# nothing\n", "f").is_null());
}

}  // namespace yaml_test
