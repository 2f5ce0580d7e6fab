#include <doctest/doctest.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>

#include "core/filesystem.hpp"
#include "revision/files.hpp"
#include "revision/sum.hpp"

namespace revision_test {

using namespace migrate;

namespace {

namespace fs = std::filesystem;

struct Folder {
  Folder() : path(fs::temp_directory_path() / ("migrate-revision-" + std::to_string(::getpid()))) {
    fs::remove_all(path);
    fs::create_directories(path);
  }
  ~Folder() { fs::remove_all(path); }
  fs::path path;
};

template <class Work>
Error error_of(Work work) {
  try {
    (void)work();
  } catch (const Error& error) {
    CHECK(error.kind == ErrorKind::usage);
    CHECK_FALSE(error.hint.empty());
    return error;
  }
  FAIL("no error");
  return Error{ErrorKind::failed, ""};
}

Error header_error(std::string_view text) {
  return error_of([&] { return parse_header(text, "u.sql"); });
}

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

constexpr std::string_view full_header = R"(-- revision: 0007-9f3c21
-- parents: 0006-77aa10, 0006-88bb20
-- message: rename users.email: to mail
-- created: 2026-11-21T10:00:00Z
-- labels: billing
-- depends_on: 0003-aa0000
-- transaction: off
-- repeatable: no

-- migrate: upgrade
)";

}  // namespace

TEST_CASE("a header is read with all its keys") {
  const auto header = parse_header(full_header, "u.sql").value();
  const auto& revision = header.revision;
  CHECK(revision.id == "0007-9f3c21");
  CHECK(revision.number == 7);
  CHECK(revision.parents == Ids{"0006-77aa10", "0006-88bb20"});
  CHECK(revision.message == "rename users.email: to mail");
  CHECK(revision.created == "2026-11-21T10:00:00Z");
  CHECK(revision.labels == std::vector<std::string>{"billing"});
  CHECK(revision.depends_on == Ids{"0003-aa0000"});
  CHECK_FALSE(revision.transaction);
  CHECK_FALSE(revision.repeatable);
  CHECK(revision.location.file == "u.sql");
  CHECK(header.body_line == 9);
  CHECK(full_header.substr(header.body).starts_with("\n-- migrate: upgrade"));
}

TEST_CASE("a header may stand in C++ comments, behind a BOM, with Windows line ends, and without a blank line behind it") {
  const auto cpp = parse_header("// revision: 1\r\n// parents:\r\n\r\n#include <migrate/unit.hpp>\r\n", "u.cpp").value();
  CHECK(cpp.revision.id == "1");
  CHECK(cpp.revision.parents.empty());
  CHECK(cpp.body_line == 3);
  CHECK(parse_header("\xEF\xBB\xBF\n\n--revision:1", "u.sql")->revision.id == "1");
  const auto tight = parse_header("-- revision: 1\n-- migrate: upgrade\n", "u.sql").value();
  CHECK(tight.body_line == 2);
  CHECK_FALSE(parse_header("-- revision: 1\n-- message: a", "u.sql", false));
}

TEST_CASE("errors in a header name the line and what was meant") {
  const auto unknown = header_error("-- revision: 1\n-- mesage: x\n");
  CHECK(contains(unknown.message(), "cannot read the unit u.sql: unknown key 'mesage' in the header"));
  CHECK(unknown.hint == "did you mean 'message'?");
  CHECK(unknown.location == Location{"u.sql", 2, 0});
  CHECK(contains(header_error("-- revision: 1\n-- hello there\n").message(), "not written as `key: value`"));
  CHECK(contains(header_error("SELECT 1;").message(), "has no header"));
  CHECK(contains(header_error("").message(), "has no header"));
  CHECK(contains(header_error("-- Copyright: me\n-- a licence\n").message(), "has no header"));
  CHECK(contains(header_error("-- message: x\n").message(), "no `revision:` line"));
  CHECK(contains(header_error("-- revision: 1\n-- revision: 2\n").message(), "twice"));
  CHECK(contains(header_error("-- revision: head\n").message(), "has a meaning of its own"));
  CHECK(contains(header_error("-- revision: a b\n").message(), "cannot be a revision id"));
  CHECK(contains(header_error("-- revision: 1\n-- parents: 2,,3\n").message(), "an empty revision id"));
  CHECK(contains(header_error("-- revision: 1\n-- parents: 2, 2\n").message(), "names '2' twice"));
  CHECK(contains(header_error("-- revision: 1\n-- labels: a@b\n").message(), "cannot be a label"));
  CHECK(contains(header_error("-- revision: 1\n-- transaction: maybe\n").message(), "'transaction' is on or off"));
  CHECK(contains(header_error("-- revision: 1\n-- created: yesterday\n").message(), "'created' needs a time"));
}

TEST_CASE("ids are a number and six random hex digits") {
  CHECK(revision_number("0007-9f3c21") == 7);
  CHECK(revision_number("42") == 42);
  CHECK(revision_number("20240101_x") == 20240101);
  CHECK(revision_number("1975ea83b712") == 0);
  CHECK(revision_number("add-mail") == 0);
  const auto id = make_revision_id(7, 4);
  CHECK(id.substr(0, 5) == "0007-");
  CHECK(id.size() == 11);
  CHECK(make_revision_id(12345, 4).substr(0, 6) == "12345-");
  CHECK(make_revision_id(7, 4) != make_revision_id(7, 4));
}

TEST_CASE("units are loaded from several folders, and other files are ignored") {
  const Folder folder;
  fs::create_directories(folder.path / "a" / "includes");
  fs::create_directories(folder.path / "b");
  const std::string large(50'000, ' ');
  write_file(folder.path / "a" / "0002_x.sql", "-- revision: 2\n-- parents: 1\n\n-- migrate: upgrade\n" + large);
  write_file(folder.path / "a" / "0001_x.sql", "-- revision: 1\n");
  write_file(folder.path / "a" / "includes" / "x.sql", "SELECT 1;");
  write_file(folder.path / "a" / "migrate.sum", "");
  write_file(folder.path / "a" / "README.md", "");
  write_file(folder.path / "a" / ".#0001_x.sql", "");
  write_file(folder.path / "b" / "u.cpp", "// revision: 3\n// message: " + std::string(20'000, 'x') + "\n");
  const std::vector<fs::path> folders{folder.path / "a", folder.path / "b"};
  const auto units = load_units(folders);
  REQUIRE(units.size() == 3);
  CHECK(units[0].revision.id == "1");
  CHECK(units[0].complete);
  CHECK_FALSE(units[1].complete);
  CHECK(unit_text(units[1]).size() > 50'000);
  CHECK(units[2].format == UnitFormat::cpp);
  CHECK(units[2].revision.message.size() == 20'000);
  CHECK(revisions_of(units)[1].parents == Ids{"1"});
  write_file(folder.path / "a" / "0003_notes.sql", "SELECT 1;");
  const auto error = error_of([&] { return load_units(folders); });
  CHECK(contains(error.message(), "0003_notes.sql: the unit has no header"));
  CHECK(contains(error.hint, "migrate revision -m"));
  CHECK(error_of([&] { return load_units(std::vector<fs::path>{folder.path / "c"}); }).location.known());
}

TEST_CASE("10,000 units are loaded quickly") {
  const Folder folder;
  for (int i = 1; i <= 10'000; ++i) {
    const auto name = folder.path / (std::to_string(100'000 + i) + "_x.sql");
    std::FILE* file = std::fopen(name.c_str(), "w");
    std::fprintf(file, "-- revision: %d-abc\n-- message: step\n", i);
    if (i > 1) std::fprintf(file, "-- parents: %d-abc\n", i - 1);
    std::fprintf(file, "\n-- migrate: upgrade\nCREATE TABLE t%d (id integer);\n\n-- migrate: downgrade\nDROP TABLE t%d;\n", i, i);
    std::fclose(file);
  }
  const auto start = std::chrono::steady_clock::now();
  const auto units = load_units(std::vector<fs::path>{folder.path});
  const Graph graph(revisions_of(units));
  const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - start);
  MESSAGE("10,000 units: ", took.count(), " ms");
  CHECK(graph.size() == 10'000);
  CHECK(took < std::chrono::seconds(3));
}

TEST_CASE("a checksum ignores line ends, a BOM and trailing blanks, and nothing else") {
  CHECK(checksum("a\nb\n") == checksum("\xEF\xBB\xBF"
                                       "a  \r\nb\t\r\n\r\n"));
  CHECK(checksum("a\nb") == checksum("a\nb\n"));
  CHECK(checksum("a\n\nb") != checksum("a\nb"));
  CHECK(checksum(" a") != checksum("a"));
  CHECK(checksum("a", std::vector<std::string>{"b"}) != checksum("a\nb"));
  CHECK(checksum("a", std::vector<std::string>{"b"}) != checksum("a"));
  CHECK(checksum("").substr(0, 3) == "v1:");
  CHECK(checksum("").size() == 67);
}

namespace {

Revision node(std::string id, Ids parents = {}, std::vector<std::string> labels = {}) {
  Revision out;
  out.number = revision_number(id);
  out.location = {id + ".sql", 1, 0};
  out.id = std::move(id);
  out.parents = std::move(parents);
  out.labels = std::move(labels);
  return out;
}

std::vector<SumFinding::Kind> kinds(const std::string& sum, const Graph& graph, const std::vector<SumEntry>& entries) {
  std::vector<SumFinding::Kind> out;
  for (const auto& finding : verify_sum(parse_sum(sum, "migrate.sum"), graph, entries, "migrate.sum")) {
    CHECK_FALSE(finding.hint.empty());
    out.push_back(finding.kind);
  }
  return out;
}

}  // namespace

TEST_CASE("migrate.sum notices edited, missing and new units, and two branches") {
  using Kind = SumFinding::Kind;
  using Kinds = std::vector<Kind>;
  const Graph graph({node("1-a"), node("2-b", {"1-a"})});
  const std::vector<SumEntry> entries{{"2-b", checksum("b"), "2 b.sql"}, {"1-a", checksum("a"), "1.sql"}};
  const auto sum = write_sum(graph, entries);
  CHECK(kinds(sum, graph, entries).empty());
  const auto read = parse_sum(sum, "migrate.sum");
  CHECK(read.heads == Ids{"2-b"});
  CHECK(read.entries == std::vector<SumEntry>{entries[1], entries[0]});
  auto edited = entries;
  edited[0].checksum = checksum("c");
  CHECK(kinds(sum, graph, edited) == Kinds{Kind::edited});
  CHECK(kinds(sum, Graph({node("1-a")}), {entries[1]}) == Kinds{Kind::missing_unit});
  const Graph branched({node("1-a"), node("2-b", {"1-a"}), node("2-c", {"1-a"})});
  auto more = entries;
  more.push_back({"2-c", checksum("c"), "c.sql"});
  CHECK(kinds(sum, branched, more) == Kinds{Kind::unlisted_unit, Kind::several_heads});
  CHECK(kinds(write_sum(branched, more), branched, more) == Kinds{Kind::several_heads});
  const Graph labelled({node("1-a"), node("2-b", {"1-a"}, {"left"}), node("2-c", {"1-a"}, {"right"})});
  CHECK(kinds(write_sum(labelled, more), labelled, more).empty());
  CHECK(kinds(sum, Graph({node("1-a"), node("2-b", {}, {"l"})}), entries) == Kinds{Kind::graph_changed, Kind::several_heads});
}

TEST_CASE("a conflict or an odd line in migrate.sum is an error at its line") {
  CHECK(error_of([] { return parse_sum("graph v1:x heads=a\n<<<<<<< HEAD\n", "s"); }).location == Location{"s", 2, 0});
  CHECK(error_of([] { return parse_sum("nonsense\n", "s"); }).location.line == 1);
  CHECK(error_of([] { return parse_sum("a v1:x f\na v1:x f\n", "s"); }).location.line == 2);
  CHECK(parse_sum("", "s").entries.empty());
}

}  // namespace revision_test
