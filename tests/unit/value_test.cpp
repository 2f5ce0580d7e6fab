// Values on their way between engines: one canonical text for each, and what fits where.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "dialect/value.hpp"
#include "rows/closure.hpp"
#include "rows/ranges.hpp"

namespace value_test {

using namespace migrate;
using Kind = ValueType::Kind;

namespace {

/// The canonical text of a text; "!" and the reason where there is none.
std::string canonical(const ValueType& type, const Field& field) {
  std::string buffer;
  const auto result = canonical_text(type, field, buffer);
  if (!result.refusal.empty()) return "!";
  return result.value.is_null() ? "NULL" : std::string(result.value.text);
}

std::string canonical(Kind kind, std::string_view text) { return canonical({.kind = kind}, Field::of(text)); }

}  // namespace

TEST_CASE("engines write one value in many ways, and all have one canonical text") {
  struct Row {
    Kind kind;
    std::vector<std::string> texts;
    std::string expected;
  };
  const std::vector<Row> table{
      {Kind::boolean, {"t", "true", "1", "TRUE"}, "1"},
      {Kind::boolean, {"f", "0", "false"}, "0"},
      {Kind::boolean, {"2", "yes", ""}, "!"},
      {Kind::integer, {"7", "007", "+7", "7.0", "7e0"}, "7"},
      {Kind::integer, {"-9223372036854775808"}, "-9223372036854775808"},
      {Kind::integer, {"18446744073709551615"}, "18446744073709551615"},
      {Kind::integer, {"7.5", "seven", ""}, "!"},
      {Kind::decimal, {"1.10", "1.1", "01.100", "11e-1", "0.11E1"}, "1.1"},
      {Kind::decimal, {"0", "-0", "0.000", "-0.00", ".0"}, "0"},
      {Kind::decimal, {"1e3", "1000", "1000.0"}, "1000"},
      {Kind::decimal, {"NaN", "nan"}, "NaN"},
      {Kind::decimal, {"1.2.3", "1e", "--1"}, "!"},
      {Kind::real, {"0.1", "1e-1", "0.10000000000000001"}, "1e-01"},
      {Kind::real, {"-0", "0", "0e0"}, "0"},
      {Kind::real, {"Infinity", "inf"}, "Infinity"},
      {Kind::date, {"2024-02-29", "2024-02-29 00:00:00", "2024-02-29T00:00"}, "2024-02-29"},
      {Kind::date, {"2024-02-29 12:00:00", "20240229", "2024-2-9"}, "!"},
      {Kind::time, {"01:02:03.500000", "01:02:03.5", "1:02:03.50"}, "01:02:03.5"},
      {Kind::time, {"838:59:59"}, "838:59:59"},
      {Kind::timestamp, {"2024-02-29 12:00:00.000000", "2024-02-29T12:00:00", "2024-02-29 12:00", "2024-02-29 12:00:00Z"}, "2024-02-29 12:00:00"},
      {Kind::timestamp, {"2024-02-29 12:00:00+02:00", "noon"}, "!"},
      {Kind::timestamptz, {"2024-03-01 01:30:00+02", "2024-02-29T23:30:00Z", "2024-02-29 18:00:00-05:30", "2024-02-29 23:30:00"}, "2024-02-29 23:30:00"},
      {Kind::uuid, {"6F1C1B3E-5F0A-4C33-9D8E-0123456789AB", "6f1c1b3e5f0a4c339d8e0123456789ab", "{6f1c1b3e-5f0a-4c33-9d8e-0123456789ab}"}, "6f1c1b3e-5f0a-4c33-9d8e-0123456789ab"},
      {Kind::uuid, {"6f1c", "no uuid at all, but long enough!"}, "!"},
  };
  for (const auto& row : table) {
    for (const auto& text : row.texts) {
      INFO(text);
      CHECK(canonical(row.kind, text) == row.expected);
    }
  }
  CHECK(canonical({.kind = Kind::text, .fixed = true}, Field::of("ab  ")) == "ab");
  CHECK(canonical({.kind = Kind::text}, Field::of("ab  ")) == "ab  ");
  CHECK(canonical({.kind = Kind::integer}, Field{.kind = Field::Kind::real, .real = 7}) == "7");
  CHECK(canonical({.kind = Kind::text}, Field::of_bytes("x")) == "!");
  CHECK(canonical({.kind = Kind::bytes}, Field::of("x")) == "!");
  CHECK(canonical({.kind = Kind::text}, Field{}) == "NULL");
}

TEST_CASE("what does not fit is refused, and what fits is not") {
  struct Row {
    ValueType type;
    std::vector<std::string> fit;
    std::vector<std::string> refused;
  };
  const ValueLimits strict{.nul_in_text = false, .smallest_time = "00:00:00", .largest_time = "24:00:00"};
  const std::vector<Row> table{
      {{.kind = Kind::integer, .width = 8}, {"-128", "127"}, {"-129", "128", "99999999999999999999999"}},
      {{.kind = Kind::integer, .width = 8, .is_unsigned = true}, {"0", "255"}, {"-1", "256"}},
      {{.kind = Kind::integer}, {"-9223372036854775808", "9223372036854775807"}, {"9223372036854775808", "-9223372036854775809"}},
      {{.kind = Kind::integer, .is_unsigned = true}, {"18446744073709551615"}, {"18446744073709551616"}},
      {{.kind = Kind::decimal, .precision = 5, .scale = 2}, {"999.99", "-999.99", "0.01", "0"}, {"1000", "0.001", "NaN"}},
      {{.kind = Kind::decimal, .precision = 2, .scale = 2}, {"0.99"}, {"1"}},
      {{.kind = Kind::real, .single = true}, {"1.5e+00", "5e-01"}, {"1e-01"}},
      {{.kind = Kind::text, .length = 3}, {"abc", "äöü", ""}, {"abcd", std::string("a\0b", 3), "\xff"}},
      {{.kind = Kind::text, .values = {"a", "b"}}, {"a"}, {"A", ""}},
      {{.kind = Kind::date}, {"2024-02-29"}, {"0000-00-00", "2024-00-10", "infinity", "10000-01-01", "0044-03-15 BC"}},
      {{.kind = Kind::timestamp, .fraction = 3}, {"2024-02-29 12:00:00.123"}, {"2024-02-29 12:00:00.1234"}},
      {{.kind = Kind::timestamptz, .narrow_years = true}, {"1970-01-01 00:00:01", "2038-01-19 03:14:07"}, {"1970-01-01 00:00:00", "2038-01-19 03:14:08"}},
      {{.kind = Kind::time}, {"00:00:00", "24:00:00"}, {"24:00:01", "-00:00:01", "100:00:00"}},
      {{.kind = Kind::bits, .length = 3, .fixed = true}, {"101"}, {"10", "1010"}},
  };
  for (const auto& row : table) {
    for (const auto& text : row.fit) CHECK_MESSAGE(misfit(row.type, strict, Field::of(text)).empty(), text);
    for (const auto& text : row.refused) CHECK_MESSAGE(!misfit(row.type, strict, Field::of(text)).empty(), text);
  }
}

TEST_CASE("digests of real numbers do not depend on how they are printed") {
  for (const auto* text : {"1234.5", "1.2345e3", "1.2345e+03", "12345e-1"}) CHECK(real_digest(text) == "1234.5");
  CHECK(real_digest("-0.001") == "-0.001");
  CHECK(real_digest("0.00099") == "0.99e-3");
  CHECK(real_digest("99999999999999") == "99999999999999");
  CHECK(real_digest("1e14") == "0.1e15");
  CHECK(real_digest("2e3") == "2000");
  CHECK(real_digest("5e-324") == "0.5e-323");
  CHECK(real_digest("0") == "0");
}

TEST_CASE("JSON is the same when it says the same") {
  const ValueType json{.kind = Kind::json};
  CHECK(same_value(json, Field::of(R"({"a": 1, "b": [1, 2]})"), Field::of(R"({"b":[1,2],"a":1})")));
  CHECK(!same_value(json, Field::of("[1, 2]"), Field::of("[2, 1]")));
  CHECK(!same_value({.kind = Kind::text}, Field::of("[1, 2]"), Field::of("[1,2]")));
}

TEST_CASE("a place of a key is written and read back") {
  const std::vector<std::optional<KeyValues>> places{std::nullopt, KeyValues{Value("1")}, KeyValues{Value("a,b"), Value(), Value("")}};
  for (const auto& place : places) CHECK(read_place(write_place(place)) == place);
}

TEST_CASE("a subset is a table with a condition and a limit") {
  const auto plain = parse_subset("users");
  CHECK(plain.table == "users");
  CHECK(plain.limit == -1);
  const auto both = parse_subset("users WHERE name = 'a limit 5' limit 10");
  CHECK(both.condition == "name = 'a limit 5'");
  CHECK(both.limit == 10);
  CHECK(parse_subset("a.b limit 3").table == "a.b");
  for (const auto* wrong : {"", "two words", "users limit x", "users where "}) CHECK_THROWS_AS(static_cast<void>(parse_subset(wrong)), Error);
}

}  // namespace value_test
