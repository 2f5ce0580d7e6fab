#include "migrate/migrate.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/filesystem.hpp"
#include "core/text.hpp"
#include "dialect/driver.hpp"
#include "dialect/module.hpp"
#include "library/planner.hpp"
#include "library/target.hpp"
#include "revision/argument.hpp"
#include "unit/embedded.hpp"

namespace migrate {
namespace {

class LogEvents final : public RunEvents {
 public:
  explicit LogEvents(const LibraryOptions& options) : log_(options.log) {}

  void waiting(const std::string& holder) override { tell("waiting for another migration" + (holder.empty() ? std::string() : ": " + holder)); }
  void step_done(const Step& step, std::chrono::milliseconds time) override {
    done.push_back(step.revision.id);
    tell(fmt::format("{} {} in {} ms", step.direction == Direction::upgrade ? "applied" : "reverted", title(step.revision), time.count()));
  }
  void retry(const Step& step, int attempt, const std::string& reason, const std::vector<std::string>&) override {
    tell(fmt::format("{}: {}; trying again ({})", title(step.revision), reason, attempt));
  }
  void progress(const Step& step, const std::string& text) override { tell(title(step.revision) + ": " + text); }
  void notice(const std::string& text) override { tell(text); }

  std::vector<std::string> done;

 private:
  void tell(const std::string& line) const {
    if (log_) log_(line);
  }
  const std::function<void(const std::string&)>& log_;
};

/// A project's folder, or a folder of units alone.
Config config_of(const std::filesystem::path& directory, const LibraryOptions& options) {
  if (directory.empty()) return default_config(".");
  const auto folder = directory.string().starts_with(embedded_folder().string() + "/") || directory == embedded_folder() ? directory : std::filesystem::absolute(directory);
  if (file_exists(folder / "migrate.yaml")) {
    return parse_config(read_file(folder / "migrate.yaml"), folder / "migrate.yaml", options.environment);
  }
  if (!options.environment.empty()) throw Error{ErrorKind::usage, "there is no migrate.yaml in " + folder.string() + ", so no environment '" + options.environment + "'"};
  auto config = default_config(folder);
  if (!folder_exists(folder / "migrations")) config.migrations = {folder};
  return config;
}

/// The id that the argument of `require` means: an id, a prefix or a number ("8" is 0008-...) of what is applied or what the program
/// knows, or a head of the program's own units. A name that nothing has is given back as it is. Throws Error (usage).
std::string required_id(Project& project, const Ids& applied, const std::string& revision) {
  if (revision.empty()) throw Error{ErrorKind::usage, "no revision is named", "name an id, its number, or head"};
  if (revision == "head" || revision.find('@') != std::string::npos) {
    if (embedded_folder().empty()) {
      throw Error{ErrorKind::usage, "this program has no units in it, so it cannot tell which revision '" + revision + "' is", "name the revision, or put the units into it with migrate_embed"};
    }
    return resolve_one(project.graph(), {}, revision);
  }
  const bool relative = revision.find_first_of("+:") != std::string::npos || revision.starts_with("-");
  if (relative || revision == "heads" || revision == "base" || revision == "current") {
    throw Error{ErrorKind::usage, "'" + revision + "' names no one revision that a database could be required to have", "name an id, its number, or head"};
  }
  const auto number = revision.find_first_not_of("0123456789") == std::string::npos ? revision.substr(std::min(revision.find_first_not_of('0'), revision.size() - 1)) : "";
  const auto means = [&](const std::string& id) {
    const auto digits = id.substr(std::min(id.find_first_not_of('0'), id.size()));
    return id.starts_with(revision) || (!number.empty() && digits.starts_with(number + "-"));
  };
  Ids found;
  auto known = applied;
  if (!embedded_folder().empty()) {
    for (const auto& own : project.graph().revisions()) known.push_back(own.id);
  }
  for (const auto& id : known) {
    if (id == revision) return id;
    if (means(id) && std::find(found.begin(), found.end(), id) == found.end()) found.push_back(id);
  }
  if (found.size() > 1) throw Error{ErrorKind::usage, "'" + revision + "' may mean " + join(found, ", "), "say more of the id"};
  return found.empty() ? revision : found.front();
}

std::filesystem::path embedded_or_refuse() {
  if (embedded_folder().empty()) {
    throw Error{ErrorKind::usage, "this program has no units in it", "migrate_embed(TARGET migrations/) in CMakeLists.txt puts them there; or name their folder"};
  }
  return embedded_folder();
}

std::vector<std::string> run_to(const std::string& url, const std::filesystem::path& directory, Direction direction, const std::string& revision,
                                const LibraryOptions& options) {
  Project project(config_of(directory, options));
  Target target(project, url);
  auto run_options = target.run_options(options.lock_timeout);
  run_options.keep_schema = target.schema_keeper();
  LogEvents events(options);
  CommandPlanner planner(target, direction, revision);
  (void)run(target.session(), run_options, [&](const std::vector<VersionRow>& rows) { return planner(rows); }, events);
  return events.done;
}

}  // namespace

std::vector<std::string> upgrade(const std::string& url, const std::string& directory, const LibraryOptions& options) {
  return run_to(url, directory, Direction::upgrade, options.revision, options);
}

std::vector<std::string> upgrade(const std::string& url, const LibraryOptions& options) {
  return run_to(url, embedded_or_refuse(), Direction::upgrade, options.revision, options);
}

std::vector<std::string> downgrade(const std::string& url, const std::string& directory, const std::string& revision, const LibraryOptions& options) {
  return run_to(url, directory, Direction::downgrade, revision, options);
}

std::vector<std::string> downgrade(const std::string& url, const std::string& revision, const LibraryOptions& options) {
  return run_to(url, embedded_or_refuse(), Direction::downgrade, revision, options);
}

std::vector<std::string> applied(const std::string& url, const LibraryOptions& options) {
  Project project(config_of(embedded_folder(), options));
  Target target(project, url);
  return applied_ids(target.versions().read(target.session().connection()));
}

void require(const std::string& url, const std::string& revision, const LibraryOptions& options) {
  Project project(config_of(embedded_folder(), options));
  Target target(project, url);
  const auto rows = target.versions().read(target.session().connection());
  std::vector<std::string> ids;
  for (const auto& row : rows) {
    if (row.state == RowState::applied) ids.push_back(row.revision);
  }
  const auto database = target.url().display();
  const auto wanted = required_id(project, ids, revision);
  if (std::find(ids.begin(), ids.end(), wanted) == ids.end()) {
    throw Error{ErrorKind::difference, fmt::format("the database {} is too old for this program: the revision {} is not applied; the last one is {}", database, wanted, ids.empty() ? "none" : ids.back()),
                "bring it up to date: `migrate upgrade`"};
  }
  if (options.allow_newer) return;
  const bool has_units = !embedded_folder().empty();
  const auto& graph = has_units || !rows.empty() ? target.graph_with(rows) : project.graph();
  const auto behind = graph.with_dependents(graph.mark(Ids{wanted}));
  for (const auto& id : ids) {
    const bool newer = id != wanted && behind[static_cast<std::size_t>(graph.index(id))] != 0;
    const bool unknown = has_units && project.graph().find(id) == nullptr;
    if (!newer && !unknown) continue;
    throw Error{ErrorKind::difference, fmt::format("the database {} is too new for this program: {} is applied, which {}", database, id, unknown ? "it does not know" : "comes behind " + wanted),
                "start a newer program, or go back with `migrate downgrade " + wanted + "`"};
  }
}

bool embed(const EmbeddedFile* files, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) add_embedded(files[i].path, std::string(files[i].begin, files[i].end), files[i].unit);
  return true;
}

bool add_driver_folder(const char* folder) {
  driver_folders().emplace_back(folder);
  return true;
}

}  // namespace migrate
