// The progress of C++ units, and the values that go in and out of them.
#include <doctest/doctest.h>

#include "migrate/values.hpp"
#include "runner/journal.hpp"
#include "runner/versions.hpp"

namespace journal_test {

using namespace migrate;

TEST_CASE("a journal is read back as it was written") {
  Journal journal;
  journal.calls = 12;
  journal.digest = "0123456789abcdef";
  journal.base = 3;
  journal.flight = "fedcba";
  journal.statements = {"UPDATE t SET a = ':%' -- \n\xff", ""};
  journal.cursor = "10:1:5";
  journal.next_cursor = "20:2:15";
  journal.answers = {{2, "x"}, {7, ""}};
  CHECK(read_journal(write_journal(journal)) == journal);
  CHECK(read_journal(write_journal({})) == Journal{});
  CHECK_THROWS_AS((void)read_journal("12"), Error);
}

TEST_CASE("progress carries a journal beside its other parts") {
  Progress progress{.in_doubt = true, .visible = true, .before = "1,2", .begun = "abc", .witnesses = 2, .journal = "3 0::j:"};
  CHECK(read_progress(write_progress(progress)) == progress);
  progress = {.journal = "x"};
  CHECK(read_progress(write_progress(progress)) == progress);
  progress = {.done = "abc"};
  CHECK(read_progress(write_progress(progress)) == progress);
}

TEST_CASE("a long answer is kept as its digest") {
  const Result small{{"a", "b"}, {{"1", std::nullopt}, {"", "x\x01"}}, 0};
  const auto text = write_answer(small);
  CHECK_FALSE(is_digest(text));
  CHECK(read_answer(text).rows == small.rows);
  CHECK(read_answer(text).columns == small.columns);
  Result large = small;
  large.rows.assign(10000, {"1", "2"});
  CHECK(is_digest(write_answer(large)));
  CHECK(write_answer(large) == write_answer(large));
}

TEST_CASE("rows of a query are read as what they hold") {
  const Rows rows({"id", "name", "ok"}, {{"7", "Ann", "t"}, {"300", std::nullopt, "0"}}, {"unit.cpp", 3});
  CHECK(rows[0].get<long long>("id") == 7);
  CHECK(rows[0].get<bool>("ok"));
  CHECK_FALSE(rows[1].get<bool>(2));
  CHECK(rows[1].get<std::optional<std::string>>("name") == std::nullopt);
  const auto [id, name] = rows[0].as<int, std::string>();
  CHECK(id == 7);
  CHECK(name == "Ann");
  CHECK_THROWS_WITH_AS((void)rows[1].get<std::string>("name"), "the column name of row 2 of the query (NULL) has no value: read it as a std::optional", Error);
  CHECK_THROWS_AS((void)rows[1].get<signed char>("id"), Error);
  CHECK_THROWS_AS((void)rows[0].get<long long>("name"), Error);
  CHECK_THROWS_AS((void)rows[0].get<long long>("nothing"), Error);
  CHECK_THROWS_AS((void)rows[0].get<long long>(9), Error);
}

TEST_CASE("numbers become text that is read back as the same number") {
  CHECK(Scalar(0.1).text() == "0.1");
  CHECK(Scalar(-7).text() == "-7");
  CHECK(Scalar(std::optional<int>{}).kind() == Scalar::Kind::null);
  CHECK(Scalar(std::optional<int>{3}).text() == "3");
  CHECK(Scalar(true).kind() == Scalar::Kind::boolean);
}

}  // namespace journal_test
