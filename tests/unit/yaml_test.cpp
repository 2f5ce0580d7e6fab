#include <doctest/doctest.h>

#include "core/yaml.hpp"

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
                                 "back\\slash", " lead", "trail ", "@x", "`x`", "%x", "ends:", "<<", "\xc2\x85next", "\x01"}) {
    CAPTURE(text);
    const auto node = yaml::parse("k: " + yaml::quote(text) + "\n", "f");
    CHECK(node.find("k")->scalar == text);
  }
}

}  // namespace yaml_test
