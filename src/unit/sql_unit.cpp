#include "unit/sql_unit.hpp"

#include <algorithm>

#include "core/filesystem.hpp"
#include "core/text.hpp"
#include "dialect/sql.hpp"
#include "dialect/sql/lexer.hpp"
#include "revision/sum.hpp"

namespace migrate {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void fail(const Location& place, const std::string& what, std::string hint) {
  throw Error{ErrorKind::usage, "cannot read the unit " + place.file + ": " + what, std::move(hint), place};
}

/// Cuts the next line off, without its line end.
std::string_view next_line(std::string_view& rest) {
  const auto end = std::min(rest.find('\n'), rest.size());
  auto line = rest.substr(0, end);
  rest = rest.substr(std::min(end + 1, rest.size()));
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

enum class Mark { none, directive, almost };

/// A line that only nearly is a directive must not pass as a comment: the downgrade below it would run as an upgrade.
Mark mark_of(std::string_view line) {
  if (line.starts_with("-- migrate:")) return Mark::directive;
  auto content = trim(line);
  if (!content.starts_with("--")) return Mark::none;
  content = trim(content.substr(2));
  if (!starts_with_ignoring_case(content, "migrate")) return Mark::none;
  return trim(content.substr(7)).starts_with(":") ? Mark::almost : Mark::none;
}

/// Whether `path` is inside `folder` once links are followed.
bool is_inside(const fs::path& path, const fs::path& folder) {
  const auto inner = real_path(path);
  const auto outer = real_path(folder);
  const auto [outer_end, inner_at] = std::mismatch(outer.begin(), outer.end(), inner.begin(), inner.end());
  return outer_end == outer.end() || (std::next(outer_end) == outer.end() && outer_end->empty());
}

class UnitParser {
 public:
  UnitParser(std::string_view text, const fs::path& file, const SqlUnitOptions& options)
      : text_(text), path_(file), file_(file.string()), options_(options) {}

  SqlUnit parse() {
    check_text(text_, file_);
    auto header = parse_header(text_, file_);
    unit_.revision = std::move(header->revision);
    rest_ = text_.substr(header->body);
    line_ = header->body_line;
    const auto body_line = line_;
    const auto body = rest_;
    while (!rest_.empty()) {
      const auto before = static_cast<std::size_t>(rest_.data() - body.data());
      const auto line = next_line(rest_);
      if (const auto mark = mark_of(line); mark == Mark::almost) {
        fail(here(), "'" + std::string(trim(line)) + "' is nearly a directive", "write `-- migrate:` at the start of the line");
      } else if (mark == Mark::directive) {
        if (unit_.sections.empty()) check_no_statements(body.substr(0, before), body_line);
        read_directive(trim(line.substr(11)));
      } else if (!unit_.sections.empty()) {
        add_line(line, here());
      }
      ++line_;
    }
    if (unit_.sections.empty()) check_no_statements(body, body_line);
    finish();
    return std::move(unit_);
  }

 private:
  [[nodiscard]] Location here() const { return {file_, line_, 0}; }

  void check_no_statements(std::string_view before, int line) const {
    static const LexicalRules plain{};
    Lexer lexer(before, plain, {file_, line, 0});
    Token token{};
    if (!lexer.next(token)) return;
    fail({file_, line + token.line - 1, 0}, "a statement stands in front of the first section",
         "put `-- migrate: upgrade` in front of it");
  }

  void read_directive(std::string_view directive) {
    const auto space = std::min(directive.find_first_of(" \t"), directive.size());
    const auto word = directive.substr(0, space);
    const auto rest = trim(directive.substr(space));
    if (word == "upgrade" || word == "downgrade")
      return open_section(word == "upgrade" ? Direction::upgrade : Direction::downgrade, rest);
    if (word == "include") return include(std::string(rest));
    fail(here(), "unknown directive '" + std::string(word) + "'",
         did_you_mean(word, std::vector<std::string>{"upgrade", "downgrade", "include"}));
  }

  void open_section(Direction direction, std::string_view engines) {
    SqlSection section;
    section.direction = direction;
    section.location = here();
    section.none = engines == "none";
    if (section.none && direction == Direction::upgrade) {
      fail(here(), "'upgrade none' is no section", "leave the section empty where nothing is to be done");
    }
    if (!section.none) section.engines = split(engines, ',');
    for (const auto& engine : section.engines) check_engine(engine);
    for (const auto& other : unit_.sections) {
      if (other.direction == direction) check_twice(section, other);
    }
    unit_.sections.push_back(std::move(section));
  }

  void check_engine(const std::string& engine) const {
    const auto& known = options_.known_engines;
    if (engine.empty())
      fail(here(), "an engine's name is missing between the commas", "write `-- migrate: upgrade sqlite, mysql`");
    if (engine == "none") fail(here(), "'none' stands beside engines", "write `-- migrate: downgrade none` in a line of its own");
    if (known.empty() || std::find(known.begin(), known.end(), engine) != known.end()) return;
    fail(here(), "unknown engine '" + engine + "'", did_you_mean(engine, known));
  }

  void check_twice(const SqlSection& section, const SqlSection& other) const {
    const auto text = std::string(to_text(section.direction));
    const auto since = " (the first is in line " + std::to_string(other.location.line) + ")";
    if (section.engines.empty() && other.engines.empty()) {
      fail(here(), "a second section for " + text + since, "join the two, or name the engines that each is for");
    }
    for (const auto& engine : section.engines) {
      if (std::find(other.engines.begin(), other.engines.end(), engine) == other.engines.end()) continue;
      fail(here(), "a second section for " + text + " " + engine + since, "join the two, or name each engine once");
    }
  }

  void include(const std::string& name) {
    if (name.empty()) fail(here(), "'include' names no file", "write `-- migrate: include FILE`, relative to the unit");
    if (unit_.sections.empty())
      fail(here(), "'include' stands in front of the first section", "put it below `-- migrate: upgrade`");
    const auto path = (path_.parent_path() / name).lexically_normal();
    auto folders = options_.folders;
    if (folders.empty()) folders.push_back(path_.has_parent_path() ? path_.parent_path() : fs::path("."));
    bool inside = false;
    std::string content;
    try {
      inside = std::any_of(folders.begin(), folders.end(), [&](const auto& folder) { return is_inside(path, folder); });
      if (inside) content = read_file(path);
    } catch (const Error& error) {
      fail(here(), "'include': " + error.message(), "the name is relative to the unit's folder");
    }
    if (!inside) fail(here(), "the included file '" + name + "' is outside of the migrations folder", "move it into the folder");
    check_text(content, path.string());
    std::string_view rest = content;
    if (rest.starts_with("\xEF\xBB\xBF")) rest.remove_prefix(3);
    for (int line = 1; !rest.empty(); ++line) {
      const auto one = next_line(rest);
      if (mark_of(one) != Mark::none) {
        fail({path.string(), line, 0}, "an included file holds a directive", "directives stand in the unit itself");
      }
      add_line(one, {path.string(), line, 0});
    }
    unit_.includes.push_back(path);
    included_.push_back(std::move(content));
  }

  void add_line(std::string_view line, const Location& place) {
    auto& section = unit_.sections.back();
    if (section.none && !line.empty() && !trim(line).empty() && !trim(line).starts_with("--")) {
      fail(place, "a statement stands below 'downgrade none'", "remove it, or 'none'");
    }
    auto& pieces = section.lines.pieces;
    const int number = text_lines_ = section.text.empty() ? 1 : text_lines_ + 1;
    if (pieces.empty() || pieces.back().start.file != place.file ||
        place.line - pieces.back().start.line != number - pieces.back().first_line) {
      pieces.push_back({number, {place.file, place.line, 1}});
    }
    section.text += line;
    section.text += '\n';
  }

  void finish() {
    const auto is_upgrade = [](const SqlSection& section) { return section.direction == Direction::upgrade; };
    if (options_.needs_upgrade && std::none_of(unit_.sections.begin(), unit_.sections.end(), is_upgrade)) {
      fail({file_, line_, 0}, "it has no upgrade section", "add a line `-- migrate: upgrade`, with the statements below it");
    }
    for (auto& section : unit_.sections) section.reviews = find_reviews(section.text, section.lines);
    unit_.checksum = checksum(text_, included_);
  }

  std::string_view text_;
  const fs::path& path_;
  std::string file_;
  const SqlUnitOptions& options_;
  SqlUnit unit_;
  std::vector<std::string> included_;
  std::string_view rest_;
  int line_ = 1;
  int text_lines_ = 0;
};

std::string engine_list(std::span<const std::string> engines) {
  return engines.empty() ? "this engine" : engines.back();
}

/// How well a section fits: the place of its best engine, 0 for one that is for all, -1 for one that is for others.
int fitness(const SqlSection& section, std::span<const std::string> engines) {
  if (section.engines.empty()) return 0;
  int best = -1;
  for (std::size_t i = 0; i < engines.size(); ++i) {
    const auto& named = section.engines;
    if (std::find(named.begin(), named.end(), engines[i]) != named.end()) best = static_cast<int>(i) + 1;
  }
  return best;
}

const SqlSection* best_section(const SqlUnit& unit, Direction direction, std::span<const std::string> engines) {
  const SqlSection* best = nullptr;
  int best_fitness = -1;
  for (const auto& section : unit.sections) {
    if (section.direction != direction) continue;
    if (const int fit = fitness(section, engines); fit > best_fitness) {
      best_fitness = fit;
      best = &section;
    }
  }
  return best;
}

}  // namespace

std::string_view to_text(Direction direction) {
  return direction == Direction::upgrade ? "upgrade" : "downgrade";
}

Location LineMap::locate(int line, int column) const {
  const auto after = std::upper_bound(pieces.begin(), pieces.end(), line,
                                      [](int wanted, const Piece& piece) { return wanted < piece.first_line; });
  if (after == pieces.begin()) return {};
  const auto& piece = *std::prev(after);
  return {piece.start.file, piece.start.line + line - piece.first_line, column};
}

SqlUnit parse_sql_unit(std::string_view text, const fs::path& file, const SqlUnitOptions& options) {
  return UnitParser(text, file, options).parse();
}

const SqlSection& section_for(const SqlUnit& unit, Direction direction, std::span<const std::string> engines) {
  const auto& revision = unit.revision;
  const auto* section = best_section(unit, direction, engines);
  if (section != nullptr && !section->none) return *section;
  const auto doing = "cannot " + std::string(to_text(direction)) + " " + revision.id + ": ";
  const auto any =
      std::any_of(unit.sections.begin(), unit.sections.end(), [&](const auto& other) { return other.direction == direction; });
  if (section != nullptr) {
    throw Error{ErrorKind::failed, doing + "its unit says that it cannot be undone",
                "restore a backup, or write a new revision that makes up for it", section->location};
  }
  if (!any && direction == Direction::downgrade) {
    throw Error{ErrorKind::failed, doing + "its unit has no downgrade section", "add one, or say `-- migrate: downgrade none`",
                revision.location};
  }
  throw Error{
      ErrorKind::usage, doing + "its unit has no " + std::string(to_text(direction)) + " section for " + engine_list(engines),
      "add `-- migrate: " + std::string(to_text(direction)) + " " + engine_list(engines) + "`, or a section without engines; `migrate revision -a --format cpp` writes a unit for every engine",
      revision.location};
}

bool is_reversible(const SqlUnit& unit, std::span<const std::string> engines) {
  const auto* section = best_section(unit, Direction::downgrade, engines);
  return section != nullptr && !section->none;
}

std::vector<Statement> statements_of(const SqlSection& section, const Dialect& dialect, const Options& settings) {
  const Location start{section.location.file, 1, 1};
  try {
    auto statements = dialect.sql().split_on(settings, section.text, start);
    for (auto& statement : statements)
      statement.location = section.lines.locate(statement.location.line, statement.location.column);
    return statements;
  } catch (const Error& error) {
    throw Error{error.kind, error.message(), error.hint, section.lines.locate(error.location.line, error.location.column)};
  }
}

std::vector<Review> reviews_of(const SqlUnit& unit) {
  std::vector<Review> reviews;
  for (const auto& section : unit.sections) reviews.insert(reviews.end(), section.reviews.begin(), section.reviews.end());
  return reviews;
}

namespace {

/// Whether a comment right behind the first line of a question is more of it: not the statements that could stand in place of the
/// ones below, which are indented, nor what lint found or is told.
bool continues_question(std::string_view comment) {
  if (comment.size() < 2 || comment[0] != ' ' || is_space(comment[1])) return false;
  const auto text = trim(comment);
  const auto word = text.substr(0, text.find_first_of(" :"));
  const bool finding = word.size() >= 5 && word.size() < text.size() && text[word.size()] == ':' && word.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") == std::string_view::npos;
  return !finding && !text.starts_with("lint:") && !text.starts_with("migrate:");
}

}  // namespace

std::vector<Review> find_reviews(std::string_view text, const LineMap& lines) {
  std::vector<Review> reviews;
  bool inside = false;
  bool asking = false;  // the comment lines right behind the first are part of the question
  for (int number = 1; !text.empty(); ++number) {
    const auto line = next_line(text);
    const auto content = trim(line);
    const bool comment = content.starts_with("--") || content.starts_with("//");
    const auto mark = comment ? trim(content.substr(2)) : std::string_view();
    if (mark.starts_with("REVIEW:")) {
      reviews.push_back({std::string(trim(mark.substr(7))), "", lines.locate(number)});
      inside = asking = true;
    } else if (content.empty()) {
      inside = asking = false;
    } else if (inside) {
      asking = asking && comment && continues_question(content.substr(2));
      if (asking) reviews.back().reason.append(" ").append(mark);
      reviews.back().text.append(line).append("\n");
    }
  }
  return reviews;
}

}  // namespace migrate
