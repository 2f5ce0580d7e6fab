// What README.md and the guides show is what the program prints: every ```console block is run as it stands, in one empty folder
// and an empty home for each page, and its output compared. MIGRATE_UPDATE_DOCS=1 writes the output into the pages instead.
//
//     <!-- file: NAME -->     the next block is written to this file; the page says the name
//     ```diff                 is done to the file that its `+++` line names: each hunk's old lines stand there once
//
// Nothing is run that the page does not show: a reader who does what it says gets what it says.
#include <doctest/doctest.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <regex>

#include "core/filesystem.hpp"
#include "program.hpp"

namespace migrate::cli_test {
namespace {

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::size_t start = 0;
  while (start < text.size()) {
    const auto end = std::min(text.find('\n', start), text.size());
    lines.push_back(text.substr(start, end - start));
    start = end + 1;
  }
  return lines;
}

std::string joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const auto& line : lines) text += line + "\n";
  return text;
}

/// The folder of a page, as the program prints it.
const std::regex& folder_name() {
  static const std::regex pattern(R"((/[\w.-]+)*/migrate_cli_\d+_\d+)");
  return pattern;
}

/// Without what differs from run to run: random parts of ids, times, durations, processes.
std::string normalized(std::string text) {
  static const std::vector<std::pair<std::regex, std::string>> rules{
      {std::regex(R"((\d{4})-[0-9a-f]{6}\b)"), "$1-ID"},
      {std::regex(R"(v1:[0-9a-f]{8,64})"), "v1:SUM"},
      {std::regex(R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)"), "TIME"},
      {std::regex(R"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)"), "TIME"},
      {std::regex(R"( *\d+ ms)"), " N ms"},
      {std::regex(R"((\S+) \(\S+@\S+, process \d+\))"), "PERSON"},
      {std::regex(R"(\S+@\S+, process \d+)"), "PERSON"},
      {folder_name(), "FOLDER"}};
  for (const auto& [pattern, with] : rules) text = std::regex_replace(text, pattern, with);
  return text;
}

class Page {
 public:
  explicit Page(const std::string& name) : path_(std::filesystem::path(MIGRATE_SOURCE_DIR) / name), lines_(lines_of(read_file(path_))) {}

  void run() {
    while (at_ < lines_.size()) {
      const auto& line = lines_[at_];
      if (line.starts_with("<!-- file: ")) {
        take();
        write_block(line.substr(11, line.size() - 15));
      } else if (line.starts_with("<!-- run")) {
        FAIL(path_.filename().string() << ": a step that the reader does not see: " << line);
      } else if (line == "```console") {
        take();
        run_block();
      } else if (line == "```diff") {
        take();
        edit();
      } else {
        take();
      }
    }
    if (std::getenv("MIGRATE_UPDATE_DOCS") != nullptr) write_file(path_, joined(out_));
  }

 private:
  void take() { out_.push_back(lines_[at_++]); }

  void write_block(const std::string& name) {
    const auto near = lines_.begin() + static_cast<std::ptrdiff_t>(at_ < 30 ? 0 : at_ - 30);
    const bool said = std::any_of(near, lines_.begin() + static_cast<std::ptrdiff_t>(at_ - 1), [&](const std::string& line) { return line.find("`" + name + "`") != std::string::npos; });
    CHECK_MESSAGE(said, path_.filename().string() << ": the reader is not told that the next block is the file `" << name << "`");
    while (!lines_.at(at_).starts_with("```")) take();
    take();
    std::vector<std::string> content;
    for (; lines_.at(at_) != "```"; take()) content.push_back(lines_[at_]);
    take();
    write_file(work_ / name, joined(content));
  }

  /// Does what a diff says. The line of a hunk's start needs no numbers: people do not read them.
  void edit() {
    std::string name;
    for (; lines_.at(at_) != "```" && !lines_[at_].starts_with("@@"); take()) {
      if (lines_[at_].starts_with("+++ ")) name = lines_[at_].substr(4);
    }
    auto content = "\n" + read_file(work_ / name);
    while (lines_.at(at_) != "```") {
      take();
      std::string before = "\n";
      std::string after = "\n";
      for (; lines_.at(at_) != "```" && !lines_[at_].starts_with("@@"); take()) {
        const auto text = lines_[at_].substr(std::min<std::size_t>(1, lines_[at_].size())) + "\n";
        if (!lines_[at_].starts_with("+")) before += text;
        if (!lines_[at_].starts_with("-")) after += text;
      }
      INFO(path_.filename().string() << ": in " << name << " there should be, once:" << before << "in:" << content);
      const auto where = content.find(before);
      REQUIRE(where != std::string::npos);
      REQUIRE(content.find(before, where + 1) == std::string::npos);
      content.replace(where, before.size(), after);
    }
    write_file(work_ / name, content.substr(1));
    take();
  }

  void run_block() {
    while (lines_.at(at_) != "```") {
      const auto command = lines_[at_];
      REQUIRE_MESSAGE(command.starts_with("$ "), "a console block starts with a command: " << command);
      take();
      std::vector<std::string> expected;
      while (lines_.at(at_) != "```" && !lines_[at_].starts_with("$ ")) expected.push_back(lines_[at_++]);
      const bool blank = !expected.empty() && expected.back().empty();  // in front of the next command
      while (!expected.empty() && expected.back().empty()) expected.pop_back();
      const auto outcome = shell(command.substr(2));
      auto printed = lines_of(std::regex_replace(outcome.out, folder_name(), "FOLDER"));
      while (!printed.empty() && printed.back().empty()) printed.pop_back();
      INFO(path_.filename().string() << ": " << command);
      if (std::getenv("MIGRATE_UPDATE_DOCS") == nullptr) CHECK(normalized(joined(printed)) == normalized(joined(expected)));
      out_.insert(out_.end(), printed.begin(), printed.end());
      if (blank || (lines_.at(at_) != "```" && !printed.empty())) out_.emplace_back();
    }
    take();
  }

  /// Where a command leaves the shell (`cd shop`), the next one begins.
  [[nodiscard]] Outcome shell(const std::string& command) {
    const auto home = home_.path().string();
    auto outcome = cli_test::run(work_, {"sh", "-c", "exec 2>&1\n" + command + "\ncode=$?; pwd > \"$HOME/folder\"; exit $code"},
                                 {{"PATH", std::string(MIGRATE_BUILD_DIR) + ":" + std::getenv("PATH")}, {"MIGRATE_NOW", "2026-11-21T10:00:00Z"}, {"EDITOR", "true"}, {"HOME", home}});
    work_ = lines_of(read_file(home_ / "folder")).at(0);
    return outcome;
  }

  std::filesystem::path path_;
  std::vector<std::string> lines_;
  std::vector<std::string> out_;
  std::size_t at_ = 0;
  Folder folder_;
  Folder home_;
  std::filesystem::path work_ = folder_.path();
};

/// The anchor that a heading gets: lower case, blanks as '-', letters, digits, '-' and '_' only.
std::string anchor_of(const std::string& heading) {
  std::string anchor;
  for (const char c : heading) {
    if (c == ' ') anchor += '-';
    else if (std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_') anchor += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return anchor;
}

bool has_anchor(const std::filesystem::path& page, const std::string& anchor) {
  for (const auto& line : lines_of(read_file(page))) {
    if (line.starts_with("#") && anchor_of(line.substr(line.find_first_not_of("# "))) == anchor) return true;
  }
  return false;
}

}  // namespace

TEST_CASE("every link in the pages leads somewhere") {
  const std::filesystem::path root = MIGRATE_SOURCE_DIR;
  std::vector<std::filesystem::path> pages{root / "README.md", root / "CHANGELOG.md"};
  for (const auto& entry : std::filesystem::directory_iterator(root / "docs")) {
    if (entry.path().extension() == ".md") pages.push_back(entry.path());
  }
  static const std::regex link(R"(\]\(([^)#]*)(#([^)]*))?\))");
  for (const auto& page : pages) {
    const auto text = read_file(page);
    for (auto it = std::sregex_iterator(text.begin(), text.end(), link); it != std::sregex_iterator(); ++it) {
      const std::string target = (*it)[1];
      if (target.find("://") != std::string::npos) continue;
      INFO(page.filename().string() << " links to " << it->str());
      const auto file = target.empty() ? page : page.parent_path() / target;
      CHECK(std::filesystem::exists(file));
      if ((*it)[3].matched && std::filesystem::exists(file)) CHECK(has_anchor(file, (*it)[3]));
    }
  }
}

TEST_CASE("the tour of the README prints what it shows") { Page("README.md").run(); }

TEST_CASE("the page about C++ units prints what it shows") { Page("docs/cpp-units.md").run(); }

TEST_CASE("the guide prints what it shows") { Page("docs/getting-started.md").run(); }

TEST_CASE("the page for those who come from another tool prints what it shows") { Page("docs/coming-from.md").run(); }

TEST_CASE("the cookbook prints what it shows") { Page("docs/cookbook.md").run(); }

TEST_CASE("the recipes for rows print what they show") { Page("docs/cookbook-rows.md").run(); }

TEST_CASE("the page about what is kept prints what it shows") { Page("docs/keep.md").run(); }

TEST_CASE("the page about rehearsals prints what it shows") { Page("docs/rehearse.md").run(); }

TEST_CASE("the page about backups prints what it shows") { Page("docs/backup.md").run(); }

TEST_CASE("the page about the review page prints what it shows") { Page("docs/review.md").run(); }

TEST_CASE("the tutorial prints what it shows") {
  if (std::system("git --version >/dev/null 2>&1") != 0) {
    MESSAGE("git is not there: the tutorial is not run");
    return;
  }
  Page("docs/tutorial.md").run();
}

}  // namespace migrate::cli_test
