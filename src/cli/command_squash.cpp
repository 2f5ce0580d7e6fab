// migrate squash: one unit for a range of revisions
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "cli/context.hpp"
#include "core/clock.hpp"
#include "library/squash.hpp"
#include "revision/argument.hpp"
#include "unit/write.hpp"

namespace migrate::cli {
namespace {

struct Texts {
  std::string upgrade, downgrade;
  bool irreversible = false;
};

/// The sections of all units for an engine, or those for every engine.
Texts join_units(const std::vector<SqlUnit>& units, const std::vector<std::string>& engines) {
  Texts texts;
  const auto add = [](std::string& text, const SqlUnit& unit, const std::string& section) {
    text += fmt::format("{}-- {}\n{}", text.empty() ? "" : "\n", title(unit.revision), section);
    if (!text.ends_with('\n')) text += "\n";
  };
  for (const auto& unit : units) add(texts.upgrade, unit, section_for(unit, Direction::upgrade, engines).text);
  for (auto unit = units.rbegin(); unit != units.rend(); ++unit) {
    if (is_reversible(*unit, engines)) add(texts.downgrade, *unit, section_for(*unit, Direction::downgrade, engines).text);
    else texts.irreversible = true;
  }
  return texts;
}

std::vector<SqlUnit> read_units(Project& project, const Ids& ids) {
  std::vector<SqlUnit> units;
  for (const auto& id : ids) {
    const auto* file = project.unit(id);
    const auto refuse = [&](const std::string& why) {
      throw Error{ErrorKind::usage, title(file->revision) + " cannot be squashed: " + why, "end the range before it", {file->path.string()}};
    };
    if (file->format != UnitFormat::sql) refuse("it is written in C++");
    if (!file->revision.transaction) refuse("it runs without a transaction");
    units.push_back(project.parse(*file));
    if (!reviews_of(units.back()).empty()) refuse("it has a question to answer");
  }
  return units;
}

/// The engines that any of the units has sections of its own for.
std::set<std::string> engines_of(const std::vector<SqlUnit>& units) {
  std::set<std::string> engines;
  for (const auto& unit : units) {
    for (const auto& section : unit.sections) engines.insert(section.engines.begin(), section.engines.end());
  }
  return engines;
}

/// The unit's text behind its header.
std::string sections_of(const std::vector<SqlUnit>& units) {
  const auto write = [&](const std::string& engine, const Texts& texts) {
    const auto name = engine.empty() ? "" : " " + engine;
    return fmt::format("\n-- migrate: upgrade{}\n{}\n-- migrate: downgrade{}{}\n{}", name, texts.upgrade, name, texts.irreversible ? " none" : "",
                       texts.irreversible ? "" : texts.downgrade);
  };
  std::string text;
  bool general = true;
  for (const auto& engine : engines_of(units)) {
    text += write(engine, join_units(units, {engine}));
  }
  for (const auto& unit : units) {
    general = general && std::any_of(unit.sections.begin(), unit.sections.end(), [](const SqlSection& section) { return section.engines.empty(); });
  }
  return (general ? write("", join_units(units, {})) : "") + text;
}

}  // namespace

int run_squash(Context& context) {
  auto& project = context.project();
  const auto& graph = project.graph();
  const auto argument = context.arguments.at(0);
  if (!is_range(argument)) throw Error{ErrorKind::usage, "'" + argument + "' is no range", "migrate squash base:0040"};
  const auto ids = revisions_in(graph, resolve_range(graph, {}, argument), true);
  check_squashable(graph, ids);
  const auto units = read_units(project, ids);

  Revision revision;
  revision.replaces = ids;
  const auto inside = graph.mark(ids);
  for (const auto& id : ids) {
    const auto& member = *graph.find(id);
    const auto keep_outside = [&](const Ids& from, Ids& to) {
      for (const auto& name : from) {
        const int index = graph.index(name);
        const bool is_inside = index >= 0 && inside[static_cast<std::size_t>(index)] != 0;
        if (!is_inside && std::find(to.begin(), to.end(), name) == to.end()) to.push_back(name);
      }
    };
    keep_outside(member.parents, revision.parents);
    keep_outside(member.depends_on, revision.depends_on);
    revision.labels.insert(revision.labels.end(), member.labels.begin(), member.labels.end());
  }
  revision.number = graph.find(ids.back())->number;
  revision.id = context.arguments.get("id");
  if (revision.id.empty()) revision.id = make_revision_id(revision.number, project.config().revision.number_width);
  else check_revision_id(revision.id);
  if (project.unit(revision.id) != nullptr) throw Error{ErrorKind::usage, "the revision " + revision.id + " is there already"};
  revision.message = context.arguments.get("message", fmt::format("squash of {} to {}", ids.front(), ids.back()));
  revision.created = now_utc();

  const auto& config = project.config();
  const auto path = write_unit_with_sections(project.new_unit_folder(), {.revision = revision, .format = UnitFormat::sql}, sections_of(units),
                                             {.templates = {}, .file_name = config.revision.file_name, .number_width = config.revision.number_width});
  project.write_sum();
  if (context.output.json()) {
    context.output.line(nlohmann::ordered_json({{"revision", revision.id}, {"file", path.string()}, {"replaces", ids}}).dump());
  } else {
    context.output.line("wrote " + std::filesystem::relative(path).string());
    context.output.note(fmt::format("it stands for {} revisions; take their files away when every database has them all", ids.size()));
  }
  return 0;
}

}  // namespace migrate::cli
