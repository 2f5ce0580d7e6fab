#include "unit/write.hpp"

#include <algorithm>

#include "core/filesystem.hpp"
#include "core/text.hpp"
#include "unit/templates.hpp"

namespace migrate {
namespace {

std::string padded_number(const Revision& revision, int width) {
  const auto number = revision.number > 0 ? revision.number : revision_number(revision.id);
  auto digits = std::to_string(number);
  if (digits.size() < static_cast<std::size_t>(width)) digits.insert(0, static_cast<std::size_t>(width) - digits.size(), '0');
  return digits;
}

std::string without_final_newlines(std::string text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
  return text;
}

std::string random_part(const Revision& revision) {
  const auto dash = revision.id.find_first_of("-_");
  return dash == std::string::npos ? revision.id : revision.id.substr(dash + 1);
}

std::string extension(UnitFormat format) {
  return format == UnitFormat::sql ? ".sql" : ".cpp";
}
std::string template_name(UnitFormat format) {
  return format == UnitFormat::sql ? "unit.sql" : "unit.cpp";
}

/// A statement that holds a directive's line, or a template that loses a key, would silently change what runs.
void check_round_trip(const std::string& text, const NewUnit& unit, const std::string& message) {
  const auto name = template_name(unit.format) + ".mustache";
  const auto& wanted = unit.revision;
  const auto header = parse_header(text, name);
  const auto& found = header->revision;
  const bool same = found.id == wanted.id && found.parents == wanted.parents && found.message == message &&
                    found.labels == wanted.labels && found.depends_on == wanted.depends_on &&
                    found.transaction == wanted.transaction;
  if (!same) {
    throw Error{ErrorKind::usage,
                "cannot write the unit of " + wanted.id + ": the template " + name + " wrote a header that is read as another",
                "compare it with the built-in template: templates/" + name,
                {name}};
  }
  if (unit.format != UnitFormat::sql) return;
  const auto directives = [](std::string_view part) {
    std::size_t count = part.starts_with("-- migrate:") ? 1 : 0;
    for (auto at = part.find("\n-- migrate:"); at != std::string_view::npos; at = part.find("\n-- migrate:", at + 1)) ++count;
    return count;
  };
  if (directives(unit.upgrade) + directives(unit.downgrade) == 0) return;
  throw Error{ErrorKind::usage,
              "cannot write the unit of " + wanted.id + ": a statement holds a line that starts with `-- migrate:`",
              "indent that line in the definition",
              {name}};
}

}  // namespace

std::string render_file(std::string_view name, const TemplateData& data, const std::optional<std::filesystem::path>& templates) {
  if (templates) {
    const auto own = *templates / (std::string(name) + ".mustache");
    if (path_exists(own)) return render_template(read_file(own), data, own.string());
  }
  return render_template(built_in_template(name), data, std::string(name) + ".mustache");
}

std::string render_unit(const NewUnit& unit, const WriteOptions& options) {
  const auto& revision = unit.revision;
  const auto message = collapse_spaces(revision.message);
  TemplateData data;
  data.texts = {{"revision", revision.id},
                {"parents", join(revision.parents, ", ")},
                {"message", message},
                {"created", revision.created},
                {"labels", join(revision.labels, ", ")},
                {"depends_on", join(revision.depends_on, ", ")},
                {"transaction_off", revision.transaction ? "" : "off"},
                {"replaces", join(revision.replaces, ", ")},
                {"repeatable", revision.repeatable ? "true" : ""},
                {"irreversible", unit.irreversible ? "none" : ""},
                {"engines", unit.engines},
                {"downgrade_engines", unit.irreversible ? "" : unit.engines},
                {"upgrade", without_final_newlines(unit.upgrade)},
                {"downgrade", without_final_newlines(unit.downgrade)}};
  auto text = without_final_newlines(render_file(template_name(unit.format), data, options.templates)) + "\n";
  check_round_trip(text, unit, message);
  return text;
}

std::string unit_file_name(const NewUnit& unit, const WriteOptions& options) {
  const auto& revision = unit.revision;
  const auto digits = [&](std::size_t from, std::size_t size) {
    std::string out;
    for (const char c : revision.created.substr(std::min(from, revision.created.size()), size)) {
      if (c >= '0' && c <= '9') out += c;
    }
    return out;
  };
  TemplateData data;
  data.texts = {{"number", padded_number(revision, options.number_width)},
                {"slug", file_slug(revision.message)},
                {"revision", revision.id},
                {"random", random_part(revision)},
                {"date", digits(0, 10)},
                {"time", digits(11, 8)}};
  auto name = render_template(options.file_name, data, "revision.file_name");
  while (!name.empty() && (name.back() == '_' || name.back() == '-' || name.back() == ' ')) name.pop_back();
  if (name.empty() || name.front() == '.' || name.find('/') != std::string::npos) {
    throw Error{ErrorKind::usage, "`revision.file_name` in migrate.yaml gives '" + name + "', which cannot be the name of a unit",
                "the default is \"{{number}}_{{slug}}\""};
  }
  return name + extension(unit.format);
}

namespace {

std::filesystem::path write_text(const std::filesystem::path& folder, const NewUnit& unit, const std::string& text, const WriteOptions& options) {
  const auto name = unit_file_name(unit, options);
  make_folders(folder);
  auto path = folder / name;
  if (path_exists(path)) {
    path = folder / (name.substr(0, name.size() - 4) + "_" + random_part(unit.revision) + extension(unit.format));
  }
  if (path_exists(path)) {
    throw Error{ErrorKind::usage,
                "cannot write " + path.string() + ": the file is there already",
                "choose another message or id",
                {path.string()}};
  }
  write_file(path, text);
  return path;
}

}  // namespace

std::filesystem::path write_unit(const std::filesystem::path& folder, const NewUnit& unit, const WriteOptions& options) {
  return write_text(folder, unit, render_unit(unit, options), options);
}

std::filesystem::path write_unit_with_sections(const std::filesystem::path& folder, const NewUnit& unit, const std::string& sections,
                                               const WriteOptions& options) {
  const auto text = render_unit(unit, options);
  return write_text(folder, unit, text.substr(0, text.find("\n-- migrate: upgrade")) + sections, options);
}

}  // namespace migrate
