/// Writes new units from the templates.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "revision/files.hpp"
#include "revision/revision.hpp"

namespace migrate {

/// What a new unit is to hold.
struct NewUnit {
  Revision revision;  ///< id, parents, message, created, labels, depends_on, transaction
  UnitFormat format = UnitFormat::sql;
  std::string upgrade;    ///< SQL with its final ';', or the C++ statements of the function
  std::string downgrade;  ///< empty with `irreversible`
  bool irreversible = false;
  std::string engines;    ///< whose SQL it is ("sqlite"), for the sections of a SQL unit; "" is everybody's
};

struct WriteOptions {
  std::optional<std::filesystem::path> templates;  ///< the project's own; built-in ones serve otherwise
  std::string file_name = "{{number}}_{{slug}}";   ///< may name number, slug, revision, random, date, time
  int number_width = 4;
};

/// The text of a unit. Throws Error (usage) when a template of the project's own writes something that is not read back as
/// the same revision.
[[nodiscard]] std::string render_unit(const NewUnit& unit, const WriteOptions& options = {});

/// The file name with its extension.
[[nodiscard]] std::string unit_file_name(const NewUnit& unit, const WriteOptions& options = {});

/// Writes a unit whose sections are written already, as write_unit does.
std::filesystem::path write_unit_with_sections(const std::filesystem::path& folder, const NewUnit& unit, const std::string& sections,
                                               const WriteOptions& options);

/// Writes the unit into the folder, which is made if needed, and returns its path. An existing file is never replaced:
/// the random part of the id then goes into the name.
std::filesystem::path write_unit(const std::filesystem::path& folder, const NewUnit& unit, const WriteOptions& options = {});

}  // namespace migrate
