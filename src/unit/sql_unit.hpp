/// SQL units: a header, sections for each direction and engine, included files, blocks to review.
///
/// A directive is a line that starts with "-- migrate:", wherever it stands: the first column belongs to us, so that a
/// section can be found without knowing the engine's quotes. Indent such a line where a string or a body must hold it.
///
///     -- migrate: upgrade                       for every engine without a section of its own
///     -- migrate: downgrade postgresql, sqlite  for these; the most specific section wins
///     -- migrate: downgrade none                cannot be undone
///     -- migrate: include data/countries.sql    the file's text stands here; relative to the unit
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "dialect/dialect.hpp"
#include "dialect/statement.hpp"
#include "migrate/schema.hpp"
#include "revision/revision.hpp"

namespace migrate {

enum class Direction { upgrade, downgrade };

/// "upgrade" or "downgrade".
[[nodiscard]] std::string_view to_text(Direction direction);

/// Where the lines of a text that was put together stand in files.
struct LineMap {
  struct Piece {
    int first_line = 1;  ///< of the text
    Location start;      ///< of that line
    bool operator==(const Piece&) const = default;
  };
  std::vector<Piece> pieces;

  /// The place of a line and column (from 1) of the text.
  [[nodiscard]] Location locate(int line, int column = 0) const;
  bool operator==(const LineMap&) const = default;
};

/// A block that a person has to look at: from "-- REVIEW: reason" to the next blank line. Deleting that first line
/// resolves it.
struct Review {
  std::string reason;
  std::string text;  ///< what stands below the first line
  Location location;
  bool operator==(const Review&) const = default;
};

struct SqlSection {
  Direction direction = Direction::upgrade;
  std::vector<std::string> engines;  ///< empty: for all
  bool none = false;                 ///< `downgrade none`
  std::string text;                  ///< with the included files in their places
  LineMap lines;
  std::vector<Review> reviews;
  Location location;  ///< of the directive
};

struct SqlUnit {
  Revision revision;
  std::vector<SqlSection> sections;
  std::vector<std::filesystem::path> includes;
  std::string checksum;  ///< of the unit's text and the included ones
};

struct SqlUnitOptions {
  /// Included files must stay inside one of these; empty: the unit's own folder.
  std::vector<std::filesystem::path> folders;
  /// The names that a section may be for ("sqlite", "mysql", "mariadb", ...); empty: any.
  std::vector<std::string> known_engines;
  /// False for the way back that a row of the versions table keeps.
  bool needs_upgrade = true;
};

/// Parses a unit; reads the files it includes. Throws Error (usage) with file and line: no header, an unknown directive or
/// engine, statements in front of the first section, a section twice, NUL bytes, text that is not UTF-8, an include that
/// is missing or leaves the folder.
[[nodiscard]] SqlUnit parse_sql_unit(std::string_view text, const std::filesystem::path& file,
                                     const SqlUnitOptions& options = {});

/// The section that runs on an engine, whose names come weakest first ({"mysql", "mariadb"}). Throws Error: none is for
/// this engine (usage), or the unit cannot be undone (failed).
[[nodiscard]] const SqlSection& section_for(const SqlUnit& unit, Direction direction, std::span<const std::string> engines);

/// Whether the unit can be downgraded on an engine.
[[nodiscard]] bool is_reversible(const SqlUnit& unit, std::span<const std::string> engines);

/// The statements of a section, with their places in the files they come from. `settings`: of the server, where one is in hand.
[[nodiscard]] std::vector<Statement> statements_of(const SqlSection& section, const Dialect& dialect, const Options& settings = {});

/// All blocks of a unit that are left to review.
[[nodiscard]] std::vector<Review> reviews_of(const SqlUnit& unit);

/// The blocks to review in any text, SQL ("--") or C++ ("//").
[[nodiscard]] std::vector<Review> find_reviews(std::string_view text, const LineMap& lines);

/// Throws Error (usage) with line and column for a NUL byte or bytes that are not UTF-8.
void check_text(std::string_view text, const std::string& file);

}  // namespace migrate
