#include "revision/graph.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <random>

#include "revision/argument.hpp"
#include "revision/plan.hpp"

namespace graph_test {

using namespace migrate;

namespace {

Revision revision(std::string id, Ids parents = {}, Ids depends_on = {}, std::vector<std::string> labels = {}) {
  Revision out;
  out.number = revision_number(id);
  out.location = {"migrations/" + id + ".sql", 1, 0};
  out.id = std::move(id);
  out.parents = std::move(parents);
  out.depends_on = std::move(depends_on);
  out.labels = std::move(labels);
  return out;
}

/// a - b - c - d
Graph line() {
  return Graph({revision("a"), revision("b", {"a"}), revision("c", {"b"}), revision("d", {"c"})});
}

/// a - (b1 - c1, b2 - c2) - m - n
Graph diamond() {
  return Graph({revision("a"), revision("b1", {"a"}), revision("b2", {"a"}), revision("c1", {"b1"}), revision("c2", {"b2"}),
                revision("m", {"c1", "c2"}), revision("n", {"m"})});
}

/// a - (left: b1 - c1, right: b2 - c2), and a tree of its own: x - y
Graph forest() {
  return Graph({revision("a"), revision("b1", {"a"}, {}, {"left"}), revision("c1", {"b1"}), revision("b2", {"a"}, {}, {"right"}),
                revision("c2", {"b2"}), revision("x", {}, {}, {"other"}), revision("y", {"x"})});
}

std::string graph_error(std::vector<Revision> revisions) {
  try {
    const Graph graph(std::move(revisions));
  } catch (const Error& error) {
    CHECK(error.kind == ErrorKind::usage);
    CHECK(error.location.known());
    CHECK_FALSE(error.hint.empty());
    return error.message();
  }
  FAIL("no error");
  return {};
}

template <class Work>
std::string error_of(Work work) {
  try {
    (void)work();
  } catch (const Error& error) {
    CHECK(error.kind == ErrorKind::usage);
    CHECK_FALSE(error.hint.empty());
    return error.message();
  }
  return "no error";
}

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

std::string text_of(const Ids& ids) {
  std::string out;
  for (const auto& id : ids) out += (out.empty() ? "" : " ") + id;
  return out;
}

std::string up(const Graph& graph, const Ids& applied, std::string_view argument) {
  return text_of(upgrade_plan(graph, applied, argument));
}
std::string down(const Graph& graph, const Ids& applied, std::string_view argument) {
  return text_of(downgrade_plan(graph, applied, argument));
}
std::string up_error(const Graph& graph, const Ids& applied, std::string_view argument) {
  return error_of([&] { return upgrade_plan(graph, applied, argument); });
}
std::string down_error(const Graph& graph, const Ids& applied, std::string_view argument) {
  return error_of([&] { return downgrade_plan(graph, applied, argument); });
}
std::string found(const Graph& graph, std::string_view argument, const Ids& applied = {}) {
  return text_of(resolve(graph, applied, argument));
}
std::string not_found(const Graph& graph, std::string_view argument, const Ids& applied = {}) {
  return error_of([&] { return resolve(graph, applied, argument); });
}

const Ids all_of_diamond{"a", "b1", "b2", "c1", "c2", "m", "n"};

}  // namespace

TEST_CASE("heads, bases, branch points and merges are found in every shape of graph") {
  CHECK(Graph().heads().empty());
  CHECK(line().heads() == Ids{"d"});
  CHECK(line().bases() == Ids{"a"});
  CHECK(line().branch_points().empty());
  CHECK(diamond().heads() == Ids{"n"});
  CHECK(diamond().branch_points() == Ids{"a"});
  CHECK(diamond().merges() == Ids{"m"});
  CHECK(forest().heads() == Ids{"y", "c1", "c2"});
  CHECK(forest().bases() == Ids{"a", "x"});
}

TEST_CASE("the topological order is by number, then id, whatever order the units come in") {
  const std::vector<Revision> revisions{revision("0003-aa", {"0002-bb", "0002-aa"}), revision("0002-bb", {"0001-aa"}),
                                        revision("0001-aa"), revision("0002-aa", {"0001-aa"})};
  CHECK(text_of([&] {
          const Graph graph(revisions);
          return graph.ids(Marks(4, 1));
        }()) == "0001-aa 0002-aa 0002-bb 0003-aa");
  auto other = revisions;
  std::reverse(other.begin(), other.end());
  CHECK(Graph(other).revisions() == Graph(revisions).revisions());
}

TEST_CASE("a dependency comes first in the order, and ids without a number get one from their parents") {
  const Graph graph(
      {revision("0001-a"), revision("0002-a", {"0001-a"}, {"0009-b"}), revision("0009-b"), revision("custom", {"0002-a"})});
  CHECK(text_of(graph.ids(Marks(4, 1))) == "0001-a 0009-b 0002-a custom");
  CHECK(graph.find("custom")->number == 3);
  CHECK(graph.next_number(Ids{"0001-a", "0009-b"}) == 10);
  CHECK(graph.next_number(Ids{}) == 1);
  CHECK(graph.effective_heads() == Ids{"custom"});
  CHECK(graph.heads() == Ids{"0009-b", "custom"});
}

TEST_CASE("an unsound graph is reported by name and file") {
  CHECK(contains(graph_error({revision("a", {"a"})}), "the revision a (migrations/a.sql) names itself as its parent"));
  CHECK(contains(graph_error({revision("a", {}, {"a"})}), "names itself as its dependency"));
  CHECK(
      contains(graph_error({revision("a"), revision("b", {"x"})}), "the parent x of revision b (migrations/b.sql) is not there"));
  CHECK(contains(graph_error({revision("a", {}, {"x"})}), "the dependency x of revision a"));
  CHECK(contains(graph_error({revision("a"), revision("a")}), "the revision a is there twice (migrations/a.sql)"));
  const auto cycle =
      graph_error({revision("r"), revision("c", {"b"}), revision("a", {"c"}), revision("b", {"a"}), revision("d", {"c", "r"})});
  CHECK(
      cycle ==
      "revisions are each other's parents in a cycle: a (migrations/a.sql) needs c (migrations/c.sql) needs b (migrations/b.sql) "
      "needs a");
  CHECK(contains(graph_error({revision("a", {}, {"b"}), revision("b", {"a"})}), "depend on each other in a cycle: a"));
  CHECK(contains(graph_error({revision("a", {}, {}, {"l"}), revision("b", {}, {}, {"l"})}),
                 "the label 'l' is declared twice: by a"));
  CHECK(contains(graph_error({revision("a"), revision("b", {}, {}, {"a"})}), "also the id of a revision"));
}

TEST_CASE("labels are carried along their branch, down to where it starts") {
  const auto graph = forest();
  CHECK(text_of(graph.ids(graph.branch("left"))) == "b1 c1");
  CHECK(text_of(graph.ids(graph.branch("other"))) == "x y");
  const Graph up_from_tip({revision("a"), revision("b", {"a"}), revision("c", {"b"}), revision("d", {"c"}, {}, {"l"}),
                           revision("b2", {"a"}), revision("m", {"d", "b2"})});
  CHECK(text_of(up_from_tip.ids(up_from_tip.branch("l"))) == "b c d m");
  const auto carried = graph.carried_labels();
  CHECK(carried[static_cast<std::size_t>(graph.index("c2"))] == std::vector<std::string>{"right"});
  CHECK(carried[static_cast<std::size_t>(graph.index("a"))].empty());
}

TEST_CASE("ids are found by number and unique prefix, and an exact one wins") {
  const Graph graph({revision("0001-9f3c21"), revision("0002-9f3c21", {"0001-9f3c21"}), revision("0002-9a0000", {"0001-9f3c21"}),
                     revision("0012-111111", {"0002-9f3c21"}), revision("12", {"0002-9a0000"}), revision("add_mail", {"12"}),
                     revision("1975ea83b712", {"12"})});
  CHECK(found(graph, "1") == "0001-9f3c21");
  CHECK(found(graph, "0001") == "0001-9f3c21");
  CHECK(found(graph, "2-9f") == "0002-9f3c21");
  CHECK(found(graph, "0002-9a") == "0002-9a0000");
  CHECK(found(graph, "12") == "12");
  CHECK(contains(not_found(graph, "0012"), "is ambiguous"));
  CHECK(found(graph, "0012-11111") == "0012-111111");
  CHECK(found(graph, "add") == "add_mail");
  CHECK(found(graph, "1975") == "1975ea83b712");
  CHECK(contains(not_found(graph, "2"), "'2' may be 0002-9a0000, 0002-9f3c21"));
  CHECK(contains(not_found(graph, "3"), "is not there"));
  CHECK(contains(not_found(graph, ""), "is empty"));
  try {
    (void)resolve(graph, {}, "hed");
  } catch (const Error& error) {
    CHECK(error.hint == "did you mean 'head'?");
  }
}

TEST_CASE("a digit behind a dash may be a prefix or a step, and is an error when it may be both") {
  const Graph graph({revision("0001-9f3c21"), revision("0002-1a0000", {"0001-9f3c21"})});
  CHECK(found(graph, "0002-1a0000-1") == "0001-9f3c21");
  CHECK(found(graph, "2-1a-1") == "0001-9f3c21");
  CHECK(contains(not_found(graph, "0002-1"), "it may mean 0002-1a0000, or 1 below 0002"));
  CHECK(found(graph, "0001-9") == "0001-9f3c21");
}

TEST_CASE("symbols and steps name revisions") {
  const auto graph = diamond();
  CHECK(found(graph, "head") == "n");
  CHECK(found(graph, "heads") == "n");
  CHECK(found(graph, "base").empty());
  CHECK(found(graph, "head-1") == "m");
  CHECK(found(graph, "c1-1") == "b1");
  CHECK(found(graph, "a-1").empty());
  CHECK(found(graph, "b1+2") == "m");
  CHECK(found(graph, "base+1") == "a");
  CHECK(found(graph, "current", {"a", "b1", "b2"}) == "b1 b2");
  CHECK(found(graph, "current+1", {"a", "b1"}) == "c1");
  CHECK(found(graph, "-1", {"a", "b1"}) == "a");
  CHECK(contains(not_found(graph, "+1", all_of_diamond), "goes beyond the head"));
  CHECK(contains(not_found(graph, "head-2"), "m is a merge of c1, c2"));
  CHECK(contains(not_found(graph, "a+1"), "a is followed by b1, b2"));
  CHECK(contains(not_found(graph, "n+1"), "goes beyond the head: only 0 steps"));
  CHECK(contains(not_found(graph, "c1-4"), "goes below base: only 3 steps"));
  CHECK(contains(not_found(graph, "-1", {"a", "b1", "b2"}), "may start at b1, b2"));
  for (const auto* bad : {"head-0", "+", "-", "+x", "head+", "a++1", "@head", "a@", "a@@b", "head-99999999999999999999"}) {
    CAPTURE(bad);
    CHECK(not_found(graph, bad) != "no error");
  }
  CHECK(contains(error_of([&] { return resolve_one(graph, {}, "base"); }), "is no revision"));
  CHECK(resolve_one(graph, {}, "head") == "n");
}

TEST_CASE("labels and revisions name branches") {
  const auto graph = forest();
  CHECK(contains(not_found(graph, "head"), "there are 3 heads: y, c1, c2"));
  CHECK(found(graph, "heads") == "y c1 c2");
  CHECK(found(graph, "left@head") == "c1");
  CHECK(found(graph, "right@heads") == "c2");
  CHECK(found(graph, "x@head") == "y");
  CHECK(found(graph, "left@b1") == "b1");
  CHECK(found(graph, "left@a") == "a");
  CHECK(found(graph, "left@head-1") == "b1");
  CHECK(found(graph, "left@base").empty());
  CHECK(found(graph, "left@current", {"a", "b1", "b2"}) == "b1");
  CHECK(contains(not_found(graph, "left@b2"), "is not on the branch 'left'"));
  CHECK(contains(not_found(graph, "lift@head"), "no revision has the label 'lift'"));
  CHECK(contains(not_found(graph, "left"), "is a label"));
  CHECK(contains(not_found(graph, "a@head"), "there are 2 heads"));
}

TEST_CASE("upgrade applies the target and all that it needs, in order") {
  CHECK(up(line(), {}, "head") == "a b c d");
  CHECK(up(line(), {"a", "b"}, "head") == "c d");
  CHECK(up(line(), {"a", "b"}, "c") == "c");
  CHECK(up(line(), {"a", "b"}, "a").empty());
  CHECK(up(diamond(), {"a", "b1"}, "head") == "b2 c1 c2 m n");
  CHECK(up(diamond(), {}, "c2") == "a b2 c2");
  CHECK(up(forest(), {}, "heads") == "a x b1 b2 y c1 c2");
  CHECK(up(forest(), {}, "left@head") == "a b1 c1");
  CHECK(up(Graph(), {}, "head").empty());
  CHECK(up(line(), {"gone", "a"}, "b") == "b");
  const Graph depends(
      {revision("a"), revision("b", {"a"}, {"y"}), revision("x"), revision("y", {"x"}, {}, {"l"}), revision("c", {"b"}, {"l"})});
  CHECK(up(depends, {"a"}, "b") == "x y b");
  CHECK(contains(up_error(line(), {}, "base"), "base is the way down"));
}

TEST_CASE("relative upgrades follow the line of what is applied") {
  CHECK(up(line(), {}, "+1") == "a");
  CHECK(up(line(), {"a"}, "+2") == "b c");
  CHECK(contains(up_error(line(), {"a"}, "+4"), "only 3 revisions can be applied"));
  CHECK(contains(up_error(line(), {"a"}, "-1"), "the steps go down"));
  CHECK(contains(up_error(diamond(), {"a"}, "+1"), "it may be b1, b2"));
  CHECK(up(diamond(), {"a", "b1"}, "+1") == "c1");
  CHECK(up(diamond(), {"a", "b1", "c1"}, "+1") == "b2");
  CHECK(up(diamond(), {"a", "b1", "c1", "b2"}, "+2") == "c2 m");
  CHECK(up(forest(), {"a"}, "left@+1") == "b1");
  CHECK(up(forest(), {}, "left@+2") == "a b1 c1");
  CHECK(up(forest(), {"a", "b1", "b2"}, "right@+1") == "c2");
  CHECK(up(forest(), {"a", "b1"}, "b1+1") == "c1");
  CHECK(contains(up_error(forest(), {"a", "b1", "c1"}, "left@+1"), "on the branch 'left'"));
}

TEST_CASE("downgrade reverts what needs the target, and nothing else") {
  CHECK(down(line(), {"a", "b", "c", "d"}, "b") == "d c");
  CHECK(down(line(), {"a", "b", "c", "d"}, "base") == "d c b a");
  CHECK(down(line(), {"a", "b"}, "b").empty());
  CHECK(down(diamond(), all_of_diamond, "c1") == "n m");
  CHECK(down(diamond(), all_of_diamond, "b1") == "n m c1");
  CHECK(down(diamond(), all_of_diamond, "a") == "n m c2 c1 b2 b1");
  CHECK(down(forest(), {"a", "b1", "b2", "c1", "c2", "x", "y"}, "a") == "c2 c1 b2 b1");
  CHECK(down(forest(), {"a", "b1", "b2", "c1", "c2", "x", "y"}, "left@base") == "c1 b1");
  CHECK(down(forest(), {"a", "b1", "b2", "c1", "c2"}, "left@a") == "c1 b1");
  CHECK(down(forest(), {"a", "b1", "b2", "c1", "c2"}, "left@b1") == "c1");
  CHECK(down(forest(), {"a", "x", "y"}, "x") == "y");
  CHECK(contains(down_error(line(), {"a", "b"}, "c"), "c is not applied"));
  CHECK(contains(down_error(line(), {"a", "b"}, "head"), "d is not applied"));
  CHECK(contains(down_error(line(), {"a", "b"}, "nothing"), "is not there"));
}

TEST_CASE("downgrade leaves a dependency in place, and takes what depends on the reverted") {
  const Graph graph({revision("a"), revision("b", {"a"}), revision("x"), revision("y", {"x"}, {"b"}), revision("z", {"y"})});
  const Ids applied{"a", "b", "x", "y", "z"};
  CHECK(down(graph, applied, "x") == "z y");
  CHECK(down(graph, applied, "a") == "z y b");
  CHECK(graph.effective_heads_of(graph.mark(applied)) == Ids{"z"});
  CHECK(graph.heads_of(graph.mark(applied)) == Ids{"b", "z"});
  CHECK(down(graph, applied, "-1") == "z");
  CHECK(down(graph, applied, "-2") == "z y");
  CHECK(contains(down_error(graph, applied, "-3"), "several current heads: x, b"));
}

TEST_CASE("relative downgrades take back the current head") {
  CHECK(down(line(), {"a", "b", "c"}, "-1") == "c");
  CHECK(down(line(), {"a", "b", "c"}, "-3") == "c b a");
  CHECK(down(line(), {"a", "b", "c"}, "current-1") == "c");
  CHECK(contains(down_error(line(), {"a", "b", "c"}, "-4"), "only 3 revisions can be reverted"));
  CHECK(contains(down_error(line(), {}, "-1"), "only 0 revisions"));
  CHECK(contains(down_error(line(), {"a"}, "+1"), "the steps go up"));
  CHECK(down(diamond(), all_of_diamond, "-2") == "n m");
  CHECK(contains(down_error(diamond(), all_of_diamond, "-3"), "several current heads: c1, c2"));
  CHECK(down(diamond(), {"a", "b1", "b2", "c1", "c2"}, "c1-1") == "c1");
  CHECK(down(diamond(), {"a", "b1", "b2", "c1", "c2"}, "c1-2") == "c1 b1");
  CHECK(down(forest(), {"a", "b1", "b2", "c1", "c2", "x"}, "left@-1") == "c1");
  CHECK(down(forest(), {"a", "b1", "b2", "c1", "c2", "x"}, "left@-2") == "c1 b1");
  CHECK(down(forest(), {"a", "b1", "x", "y"}, "y-2") == "y x");
  CHECK(down(line(), {"a", "b"}, "d-2").empty());
  CHECK(contains(down_error(line(), {"a"}, "d-2"), "b is not applied"));
}

TEST_CASE("criss-cross merges are ordered and unravelled") {
  const Graph graph({revision("a"), revision("b1", {"a"}), revision("b2", {"a"}), revision("m1", {"b1", "b2"}),
                     revision("m2", {"b2", "b1"}), revision("z", {"m1", "m2"})});
  CHECK(up(graph, {}, "head") == "a b1 b2 m1 m2 z");
  CHECK(up(graph, {"a", "b1"}, "m2") == "b2 m2");
  CHECK(down(graph, {"a", "b1", "b2", "m1", "m2", "z"}, "b1") == "z m2 m1");
  CHECK(down(graph, {"a", "b1", "b2", "m1", "m2", "z"}, "m1") == "z");
}

TEST_CASE("ranges hold what their end needs and their start does not") {
  const auto graph = diamond();
  const auto in = [&](std::string_view text, bool inclusive) {
    return text_of(revisions_in(graph, resolve_range(graph, Ids{"a", "b1"}, text), inclusive));
  };
  CHECK(in("b1:m", false) == "b2 c1 c2 m");
  CHECK(in("b1:m", true) == "b1 b2 c1 c2 m");
  CHECK(in("a:c1", true) == "a b1 c1");
  CHECK(in(":b2", false) == "a b2");
  CHECK(in("base:b2", true) == "a b2");
  CHECK(in("m:", true) == "m n");
  CHECK(in("current:head-1", false) == "b2 c1 c2 m");
  CHECK(in("c1:c1", true) == "c1");
  CHECK(in("c1:c1", false).empty());
  CHECK(contains(error_of([&] { return in("m:a", false); }), "its end comes before its start"));
  CHECK(contains(error_of([&] { return in("a:b:c", false); }), "not a range"));
}

TEST_CASE("stamping keeps what is unrelated") {
  const auto stamp = [](const Graph& graph, const Ids& applied, const Ids& arguments, bool purge = false) {
    const auto plan = stamp_plan(graph, applied, arguments, purge);
    return "-" + text_of(plan.remove) + " +" + text_of(plan.add);
  };
  CHECK(stamp(line(), {}, {"head"}) == "- +a b c d");
  CHECK(stamp(line(), {"a", "b", "c"}, {"b"}) == "-c +");
  CHECK(stamp(line(), {"a", "b"}, {"base"}) == "-b a +");
  CHECK(stamp(forest(), {"a", "b1", "x"}, {"b2"}) == "- +b2");
  CHECK(stamp(forest(), {"a", "b1", "x"}, {"b2"}, true) == "-b1 x +b2");
  CHECK(stamp(forest(), {"a", "b1", "c1", "b2"}, {"left@base"}) == "-c1 b1 +");
  CHECK(stamp(forest(), {"gone", "a"}, {"a"}, true) == "-gone +");
  CHECK(stamp(forest(), {}, {"heads"}) == "- +a x b1 b2 y c1 c2");
}

TEST_CASE("a pending revision below an applied one is out of order") {
  CHECK(out_of_order(line(), Ids{"a", "b"}).empty());
  CHECK(out_of_order(line(), Ids{"a", "c"}) == std::vector<std::pair<std::string, std::string>>{{"b", "c"}});
  CHECK(out_of_order(diamond(), Ids{"a", "b1"}).empty());
}

TEST_CASE("100,000 revisions are held without strain") {
  std::vector<Revision> revisions;
  for (int i = 1; i <= 100'000; ++i) {
    // Every hundredth is a merge of two; every fiftieth depends on one far below.
    const auto id = [](int n) { return std::to_string(n) + "-abcdef"; };
    auto next = revision(id(i), i == 1 ? Ids{} : Ids{id(i - 1)});
    if (i > 100 && i % 100 == 0) next.parents.push_back(id(i - 2));
    if (i > 100 && i % 50 == 0) next.depends_on.push_back(id(i - 90));
    revisions.push_back(std::move(next));
  }
  std::reverse(revisions.begin(), revisions.end());
  const auto start = std::chrono::steady_clock::now();
  const Graph graph(std::move(revisions));
  const auto everything = upgrade_plan(graph, {}, "head");
  CHECK(everything.size() == 100'000);
  CHECK(downgrade_plan(graph, everything, "50000").size() == 50'000);
  CHECK(found(graph, "77777") == "77777-abcdef");
  CHECK(found(graph, "50099-30") == "50069-abcdef");
  const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - start);
  MESSAGE("100,000 revisions: ", took.count(), " ms");
  CHECK(took < std::chrono::seconds(5));
}

TEST_CASE("a revision with 100,000 parents is no trouble") {
  std::vector<Revision> revisions{revision("1-a")};
  Ids parents;
  for (int i = 0; i < 100'000; ++i) {
    revisions.push_back(revision("2-" + std::to_string(i), {"1-a"}));
    parents.push_back(revisions.back().id);
  }
  revisions.push_back(revision("3-m", parents));
  const Graph graph(std::move(revisions));
  CHECK(graph.heads() == Ids{"3-m"});
  CHECK(graph.branch_points() == Ids{"1-a"});
}

namespace {

/// A random graph of up to a dozen revisions with merges, dependencies and labels.
Graph random_graph(std::mt19937& random) {
  std::vector<Revision> revisions;
  const int size = static_cast<int>(random() % 12) + 1;
  for (int i = 0; i < size; ++i) {
    auto next = revision(std::to_string(i / 2 + 1) + "-" + std::to_string(i));
    for (const auto& other : revisions) {
      if (random() % 3 == 0) {
        next.parents.push_back(other.id);
      } else if (random() % 8 == 0) {
        next.depends_on.push_back(other.id);
      }
    }
    if (random() % 4 == 0) next.labels.push_back("l" + std::to_string(i));
    revisions.push_back(std::move(next));
  }
  return Graph(std::move(revisions));
}

bool is_closed(const Graph& graph, const Ids& ids) {
  return graph.with_needs(graph.mark(ids)) == graph.mark(ids);
}

}  // namespace

TEST_CASE("every plan keeps the applied set closed after each of its steps") {
  std::mt19937 random(7);
  for (int round = 0; round < 2'000; ++round) {
    const auto graph = random_graph(random);
    Marks marks = graph.no_marks();
    for (auto& mark : marks) mark = static_cast<char>(random() % 3 == 0);
    const auto applied = graph.ids(graph.with_needs(marks));
    const auto& id = graph.at(static_cast<int>(random() % static_cast<unsigned>(graph.size()))).id;
    for (const auto& argument : Ids{"head", "heads", "base", "-1", "-2", "+1", "+2", id, id + "-1", id + "@head", id + "@-1"}) {
      CAPTURE(argument);
      try {
        Ids after = applied;
        for (const auto& step : upgrade_plan(graph, applied, argument)) {
          REQUIRE(std::find(after.begin(), after.end(), step) == after.end());
          after.push_back(step);
          REQUIRE(is_closed(graph, after));
        }
      } catch (const Error&) {
      }
      try {
        Ids after = applied;
        for (const auto& step : downgrade_plan(graph, applied, argument)) {
          REQUIRE(std::erase(after, step) == 1);
          REQUIRE(is_closed(graph, after));
        }
      } catch (const Error&) {
      }
    }
  }
}

}  // namespace graph_test
