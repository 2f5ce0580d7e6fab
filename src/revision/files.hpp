/// The units of the migrations folders, as far as the graph needs them.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "revision/revision.hpp"

namespace migrate {

enum class UnitFormat { sql, cpp };

struct UnitFile {
  std::filesystem::path path;
  UnitFormat format = UnitFormat::sql;
  Revision revision;
  std::size_t body = 0;  ///< where the header ends in the text
  int body_line = 1;
  std::string text;       ///< the whole file when it is small
  bool complete = false;  ///< whether `text` is there
};

/// Reads the headers of all .sql and .cpp files in the folders (not in folders below them; names that start with '.' are
/// ignored). Small files are read whole, larger ones as far as the header goes. Sorted by folder, then by name. Throws
/// Error (usage): a folder that cannot be read, a unit without a sound header.
[[nodiscard]] std::vector<UnitFile> load_units(std::span<const std::filesystem::path> folders);

/// The text of a unit; read now if it was not kept.
[[nodiscard]] std::string unit_text(const UnitFile& unit);

/// The revisions of the units, for the graph.
[[nodiscard]] std::vector<Revision> revisions_of(std::span<const UnitFile> units);

}  // namespace migrate
