#include "revision/files.hpp"

#include "core/filesystem.hpp"

namespace migrate {
namespace {

/// Nearly every unit is smaller; a larger one holds data, which only running it needs.
constexpr std::size_t small = 16 * 1024;

UnitFile load_unit(FolderReader& reader, const std::filesystem::path& folder, const std::string& name, UnitFormat format) {
  UnitFile unit;
  unit.path = folder / name;
  unit.format = format;
  unit.text = reader.start_of(name, small, unit.complete);
  const auto& file = unit.path.native();
  auto header = parse_header(unit.text, file, unit.complete);
  if (!header) {
    unit.text = read_file(unit.path);
    unit.complete = true;
    header = parse_header(unit.text, file);
  }
  unit.revision = std::move(header->revision);
  unit.body = header->body;
  unit.body_line = header->body_line;
  if (!unit.complete) unit.text = {};
  return unit;
}

}  // namespace

std::vector<UnitFile> load_units(std::span<const std::filesystem::path> folders) {
  std::vector<UnitFile> units;
  for (const auto& folder : folders) {
    if (!folder_exists(folder)) {
      throw Error{ErrorKind::usage,
                  "cannot read the migrations folder " + folder.string() + ": there is no such folder",
                  "correct `migrations:` in migrate.yaml, or make the folder",
                  {folder.string()}};
    }
    FolderReader reader(folder);
    for (const auto& name : list_files(folder)) {
      if (name.front() == '.') continue;
      if (name.ends_with(".sql")) units.push_back(load_unit(reader, folder, name, UnitFormat::sql));
      if (name.ends_with(".cpp")) units.push_back(load_unit(reader, folder, name, UnitFormat::cpp));
    }
  }
  return units;
}

std::string unit_text(const UnitFile& unit) {
  return unit.complete ? unit.text : read_file(unit.path);
}

std::vector<Revision> revisions_of(std::span<const UnitFile> units) {
  std::vector<Revision> revisions;
  revisions.reserve(units.size());
  for (const auto& unit : units) revisions.push_back(unit.revision);
  return revisions;
}

}  // namespace migrate
