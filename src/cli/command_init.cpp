// migrate init: a project is started, on an empty database or one that has tables
#include <fmt/format.h>

#include "cli/context.hpp"
#include "core/clock.hpp"
#include "core/filesystem.hpp"
#include "core/text.hpp"
#include "core/version.hpp"
#include "core/yaml_write.hpp"
#include "schema/rights.hpp"
#include "unit/templates.hpp"
#include "unit/write.hpp"

namespace migrate::cli {
namespace {

void refuse_existing(const std::filesystem::path& file) {
  if (path_exists(file)) {
    throw Error{ErrorKind::usage, file.string() + " is there already", "init starts a new project; it replaces nothing", {file.string()}};
  }
}

/// A baseline: everything that the database has, as a unit that a new database runs and this one counts as applied.
NewUnit make_baseline(Target& target, const Schema& live) {
  auto& project = target.project();
  const auto text = render_unit(compare_inspected(target.dialect(), target.session().server(), Schema{}, live), target.dialect());
  NewUnit unit{.revision = {}, .format = UnitFormat::sql, .upgrade = text.upgrade, .downgrade = text.downgrade};
  unit.revision.number = 1;
  unit.revision.id = make_revision_id(1, project.config().revision.number_width);
  unit.revision.message = "baseline";
  unit.revision.created = now_utc();
  return unit;
}

void write_baseline(Context& context, Target& target, const NewUnit& unit) {
  auto& project = target.project();
  const auto& config = project.config();
  const auto path = write_unit(project.new_unit_folder(), unit,
                               {.templates = config.templates, .file_name = config.revision.file_name, .number_width = config.revision.number_width});
  project.write_sum();
  const auto* file = project.unit(unit.revision.id);
  RunEvents events;
  auto options = target.run_options(context.arguments.get("lock-timeout"));
  options.keep_schema = target.schema_keeper();
  run_locked(target.session(), options, events, [&](const std::vector<VersionRow>&) {
    const auto& versions = target.versions();
    const VersionRow row{.revision = unit.revision.id, .message = "baseline", .checksum = project.checksum_of(*file), .applied_at = now_utc(),
                         .applied_by = who_runs(), .tool_version = tool_version()};
    return std::vector<std::string>{versions.insert_sql(row, kept_downgrade(unit.revision, unit.downgrade, false)),
                                    versions.log_sql({"stamp", unit.revision.id, "done", now_utc(), who_runs(), 0, tool_version()})};
  });
  context.output.line("wrote " + std::filesystem::relative(path).string() + " (stamped: the database has it already)");
}

/// What --template may name: each sets the names that it opens in the templates, or adds a file.
struct Start {
  bool environments = false;
  bool model = true;
  std::vector<std::pair<std::string, std::string>> files;  ///< template, path
};

Start read_templates(const std::vector<std::string>& names) {
  static const std::vector<std::string> known{"single", "environments", "sql-only", "github", "gitlab"};
  Start start;
  for (const auto& name : names) {
    if (name == "environments") start.environments = true;
    else if (name == "sql-only") start.model = false;
    else if (name == "github") start.files.emplace_back("github.yml", ".github/workflows/migrations.yml");
    else if (name == "gitlab") start.files.emplace_back("gitlab.yml", ".gitlab-ci.yml");
    else if (name != "single") throw Error{ErrorKind::usage, "there is no template '" + name + "'", did_you_mean(name, known)};
  }
  return start;
}

}  // namespace

int run_init(Context& context) {
  const auto& arguments = context.arguments;
  const auto folder = std::filesystem::absolute(arguments.at(0, ".")).lexically_normal();
  const auto url = arguments.get("database");
  if (url.empty()) throw Error{ErrorKind::usage, "init needs the database", "migrate init --database sqlite:///app.db"};
  (void)parse_url(url);
  const auto config_file = folder / "migrate.yaml";
  refuse_existing(config_file);
  refuse_existing(folder / "model.yaml");
  const auto start = read_templates(arguments.all("template"));
  for (const auto& [name, path] : start.files) refuse_existing(folder / path);
  make_folders(folder / "migrations");
  if (!list_files(folder / "migrations").empty()) refuse_existing(folder / "migrations");
  const auto database = url_for_config(url, folder);
  const TemplateData data{.texts = {{"database", yaml::quote(database)}, {"migrations", "migrations"}, {"model", start.model ? "model.yaml" : ""},
                                    {"environments", start.environments ? "yes" : ""}, {"file", parse_url(url).host.empty() ? "yes" : ""}, {"open", "${{"}},
                          .lists = {}};
  const auto config_text = render_file("migrate.yaml", data);
  Project project(parse_config(config_text, config_file));
  Target target(project);
  // Everything that can fail comes before the first file is written.
  const auto live = without_definers(target.whole_schema());
  const auto rows = target.read_rows();
  const bool empty = live == Schema{.options = live.options};
  const auto section = std::string(target.dialect().name());
  const auto baseline = !empty && rows.empty() ? std::optional(make_baseline(target, live)) : std::nullopt;
  if (start.model) write_file(folder / "model.yaml", empty ? render_file("model.yaml", TemplateData{.texts = {{"model", ""}}, .lists = {}}) : write_model(live, section));
  write_file(config_file, config_text);
  context.output.line("wrote " + std::filesystem::relative(config_file).string());
  if (start.model) context.output.line("wrote " + std::filesystem::relative(folder / "model.yaml").string());
  for (const auto& [name, path] : start.files) {
    make_folders((folder / path).parent_path());
    write_file(folder / path, render_file(name, data));
    context.output.line("wrote " + std::filesystem::relative(folder / path).string());
  }
  const auto password = parse_url(url).password;
  if (!password.empty() && password.find("${") == std::string::npos) {
    context.output.note("migrate.yaml holds the password; `database: \"${DATABASE_URL}\"` or `password_file` keeps it out of version control");
  }
  if (baseline) note_left_alone(context.output, target.session());
  if (baseline) write_baseline(context, target, *baseline);
  else if (!rows.empty()) context.output.note("the database is under migration already: bring its units into " + (folder / "migrations").string());
  return 0;
}

}  // namespace migrate::cli
