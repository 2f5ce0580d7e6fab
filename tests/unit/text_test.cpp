#include <doctest/doctest.h>

#include "core/sha256.hpp"
#include "core/text.hpp"

namespace text_test {

using namespace migrate;

TEST_CASE("text is split, trimmed and kept when empty in the middle") {
  CHECK(split("a, b ,,c", ',') == std::vector<std::string>{"a", "b", "", "c"});
  CHECK(split("", ',').empty());
}

TEST_CASE("globs match whole texts") {
  CHECK(glob_match("legacy_*", "legacy_users"));
  CHECK_FALSE(glob_match("legacy_*", "my_legacy_users"));
  CHECK(glob_match("*.*", "audit.log"));
  CHECK(glob_match("a?c", "abc"));
}

TEST_CASE("the nearest name is found through a typing error, and not through none") {
  const std::vector<std::string> names{"columns", "primary_key", "uniques"};
  CHECK(nearest("colums", names) == "columns");
  CHECK(nearest("triggers", names).empty());
  CHECK(edit_distance("ab", "ba") == 1);
}

TEST_CASE("sha256 gives the known digest of the empty text") {
  CHECK(sha256("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

}  // namespace text_test
