#include <doctest/doctest.h>

#include <utility>

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

TEST_CASE("sha256 gives the known digests") {
  CHECK(sha256("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(sha256("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(sha256("\xff\x80\x01") == "1b28450642394cac2cd61bbfb2b88c6325ac0c94944091bfd1ffdd8fad6571f9");
  // Around the ends of blocks.
  const std::vector<std::pair<std::size_t, std::string>> of_many{
      {1, "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"},
      {3, "9834876dcfb05cb167a5c24953eba58c4ac89b1adf57f28f2f9d09af107ee8f0"},
      {55, "9f4390f8d30c2dd92ec9f095b65e2b9ae9b0a925a5258e241c9f1e910f734318"},
      {56, "b35439a4ac6f0948b6d6f9e3c6af0f5f590ce20f1bde7090ef7970686ec6738a"},
      {63, "7d3e74a05d7db15bce4ad9ec0658ea98e3f06eeecf16b4c6fff2da457ddc2f34"},
      {64, "ffe054fe7ae0cb6dc65c3af9b61d5209f439851db43d0ba5997337df154668eb"},
      {65, "635361c48bb9eab14198e76ea8ab7f1a41685d6ad62aa9146d301d4f17eb0ae0"},
      {119, "31eba51c313a5c08226adf18d4a359cfdfd8d2e816b13f4af952f7ea6584dcfb"},
      {120, "2f3d335432c70b580af0e8e1b3674a7c020d683aa5f73aaaedfdc55af904c21c"},
      {127, "c57e9278af78fa3cab38667bef4ce29d783787a2f731d4e12200270f0c32320a"},
      {128, "6836cf13bac400e9105071cd6af47084dfacad4e5e302c94bfed24e013afb73e"},
      {129, "c12cb024a2e5551cca0e08fce8f1c5e314555cc3fef6329ee994a3db752166ae"},
      {1000, "41edece42d63e8d9bf515a9ba6932e1c20cbc9f5a5d134645adb5db1b9737ea3"},
  };
  for (const auto& known : of_many) {
    const auto& [count, digest] = known;
    CAPTURE(known.first);
    CHECK(sha256(std::string(count, 'a')) == digest);
  }
  CHECK(sha256(std::string(1'000'000, 'a')) == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST_CASE("printable text moves no cursor, changes no colour and turns no letters about") {
  const std::pair<const char*, const char*> cases[] = {
      {"plain\ttext\nand Grüße 漢字 🙂", "plain\ttext\nand Grüße 漢字 🙂"},
      {"\x1b[31mred\x1b[0m", "\\u001b[31mred\\u001b[0m"},
      {"line\r\nover\rwrite", "line\nover\\u000dwrite"},
      {"bell\a back\b del\x7f", "bell\\u0007 back\\u0008 del\\u007f"},
      {"csi \xC2\x9B", "csi \\u009b"},
      {"turned \xE2\x80\xAE", "turned \\u202e"},
      {"no utf-8 \x9B \xFF \xC3", "no utf-8 \xEF\xBF\xBD \xEF\xBF\xBD \xEF\xBF\xBD"},
      {"", ""}};
  for (const auto& [text, shown] : cases) CHECK(printable(text) == shown);
}

}  // namespace text_test
