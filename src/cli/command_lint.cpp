// migrate lint: what will a unit lock, rewrite, lose or break?
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <set>

#include "cli/context.hpp"
#include "cli/lint_output.hpp"
#include "core/clock.hpp"
#include "core/filesystem.hpp"
#include "core/text.hpp"
#include "dialect/catalog.hpp"
#include "dialect/lint.hpp"
#include "library/unit_program.hpp"
#include "lint/fix.hpp"
#include "lint/lint.hpp"
#include "revision/argument.hpp"
#include "unit/write.hpp"

namespace migrate::cli {
namespace {

namespace fs = std::filesystem;
using lint::Linter;

lint::Settings settings_of(Context& context) {
  const auto& config = context.project().config();
  auto settings = lint::read_settings(config.lint, config.file.string());
  settings.transactions = config.transaction != TransactionMode::none;
  if (context.output.json()) settings.format = "json";
  settings.format = context.arguments.get("format", settings.format);
  return settings;
}

/// What is known before the first unit: the server, the tables and their sizes, and what is applied.
struct Ground {
  const Dialect* dialect = nullptr;
  lint::Facts facts;
  Schema live;
  Ids applied;
  bool connected = false;
  std::vector<std::string> engines;
};

void take_version(Ground& ground, const lint::Settings& settings) {
  auto& facts = ground.facts;
  facts.version = facts.server.version_number;
  const auto oldest = lint::version_number(settings.version, ground.dialect->lint());
  if (oldest > 0 && (facts.version == 0 || !ground.connected || oldest < facts.version)) facts.version = oldest;
  facts.big_table = settings.big_table;
}

/// The files below `folder` that git's `ref` has, by their names from there. Throws Error (usage) where git does not know it.
std::set<std::string> files_at(const fs::path& folder, const std::string& ref) {
  if (ref.empty() || ref.front() == '-') throw Error{ErrorKind::usage, "--new-since cannot be '" + ref + "'", "a branch, a tag or a commit: origin/main"};
  std::string output;
  try {
    output = command_output("git", "git ls-tree -r --name-only -z '" + replace_all(ref, "'", "'\\''") + "' -- .", folder, {});
  } catch (const Error&) {
    throw Error{ErrorKind::usage, "git does not tell which units " + ref + " has", "a shallow clone has no other branches: fetch it first (actions/checkout: fetch-depth: 0)"};
  }
  const auto names = split(output, '\0');
  return {names.begin(), names.end()};
}

/// The revisions whose units git's `ref` has already.
Ids revisions_at(Project& project, const std::string& ref) {
  Ids ids;
  for (const auto& folder : project.config().migrations) {
    if (!fs::is_directory(folder)) continue;
    const auto files = files_at(folder, ref);
    for (const auto& unit : project.units()) {
      if (project.graph().index(unit.revision.id) >= 0 && files.contains(unit.path.lexically_relative(folder).string())) ids.push_back(unit.revision.id);
    }
  }
  return ids;
}

Ground look(Context& context, const lint::Settings& settings) {
  auto& project = context.project();
  auto& target = context.target();
  Ground ground;
  ground.dialect = &target.dialect();
  ground.facts.kept = project.config().keep.on;
  const auto since = context.arguments.get("new-since");
  if (!since.empty()) ground.applied = revisions_at(project, since);
  if (since.empty() && !context.arguments.has("offline")) {
    try {
      auto& session = target.session();
      ground.facts.server = session.server();
      ground.applied = applied_ids(target.versions().read(session.connection()));
      std::erase_if(ground.applied, [&](const std::string& id) { return project.graph().index(id) < 0; });
      ground.live = session.dialect().catalog().inspect(session.connection(), session.server(), {.schemas = project.config().schemas, .tables = {}, .filter = {}});
      if (const auto rows = ground.dialect->lint().table_rows; rows != nullptr) ground.facts.rows = rows(session.connection(), ground.live);
      ground.connected = ground.facts.connected = true;
    } catch (const DatabaseError& error) {
      context.output.note("no database at hand (" + error.message() + "): neither what is applied nor the tables' sizes are known");
    }
  }
  if (!ground.connected) ground.facts.server = ground.dialect->catalog().assume(target.url());
  ground.engines = ground.facts.server.sections;
  if (!project.config().schemas.empty()) ground.facts.server.default_schema = project.config().schemas.front();
  take_version(ground, settings);
  return ground;
}

/// What the arguments name: revisions in order, and files that are no units of the project.
struct Chosen {
  Ids revisions;
  std::vector<fs::path> files;
};

Chosen choose(Context& context, const Ground& ground) {
  auto& project = context.project();
  const auto& graph = project.graph();
  Chosen chosen;
  auto marks = graph.no_marks();
  const auto take = [&](const Ids& ids) {
    for (const auto& id : ids) marks[static_cast<std::size_t>(graph.index(id))] = 1;
  };
  const auto& arguments = context.arguments.positional;
  if (arguments.empty()) {
    const auto applied = graph.mark(ground.applied);
    for (std::size_t i = 0; i < marks.size(); ++i) marks[i] = static_cast<char>(applied[i] == 0);
  }
  for (const auto& argument : arguments) {
    std::error_code error;
    if (fs::is_regular_file(argument, error)) {
      const auto path = real_path(argument);
      const auto& units = project.units();
      const auto it = std::find_if(units.begin(), units.end(), [&](const UnitFile& unit) { return real_path(unit.path) == path; });
      // A repeatable unit has no place in the graph.
      if (it == units.end() || graph.index(it->revision.id) < 0) chosen.files.push_back(fs::absolute(argument).lexically_normal());
      else take({it->revision.id});
    } else if (argument.ends_with(".sql") || argument.ends_with(".cpp")) {
      throw Error{ErrorKind::usage, "cannot read " + argument + ": there is no such file"};
    } else if (is_range(argument)) {
      take(revisions_in(graph, resolve_range(graph, ground.applied, argument), false));
    } else {
      take(resolve(graph, ground.applied, argument));
    }
  }
  chosen.revisions = graph.ids(marks);
  return chosen;
}

/// A file that is no unit: all of it is the way forward, and nobody expects a way back.
SqlUnit plain_file(const std::string& text, const fs::path& path) {
  SqlUnit unit;
  unit.revision.location = {path.string(), 1, 0};
  SqlSection forward;
  forward.text = text;
  forward.location = {path.string(), 1, 0};
  forward.lines.pieces = {{1, {path.string(), 1, 1}}};
  SqlSection none;
  none.direction = Direction::downgrade;
  none.none = true;
  unit.sections = {forward, none};
  return unit;
}

bool is_unit(const std::string& text) { return text.find("-- migrate: upgrade") != std::string::npos; }

/// Goes over the project's units in order: what is not checked is followed, so that the rules know the schema.
class Run {
 public:
  Run(Context& context, lint::Settings settings, const std::optional<Ids>& revisions = std::nullopt)
      : context_(context), settings_(std::move(settings)), ground_(look(context, settings_)), chosen_(revisions ? Chosen{*revisions, {}} : choose(context, ground_)) {
    const auto& graph = context.project().graph();
    for (const auto& allowed : settings_.allowed) {
      Ids revisions;
      for (const auto& revision : allowed.revisions) {
        try {
          for (auto& id : resolve(graph, ground_.applied, revision)) revisions.push_back(std::move(id));
        } catch (const Error& error) {
          throw Error{ErrorKind::usage, "'lint.allow': " + error.message(), error.hint, allowed.location};
        }
      }
      allowed_.emplace_back(allowed.rules, std::move(revisions));
    }
  }

  /// What is found, unit by unit.
  std::vector<LintedUnit> collect() {
    auto& project = context_.project();
    const auto& graph = project.graph();
    const auto applied = graph.mark(ground_.applied);
    const auto wanted = graph.mark(chosen_.revisions);
    // The live schema is right in front of what is pending; a revision that is applied stood before a schema that has to
    // be followed from the beginning.
    const bool past = std::any_of(chosen_.revisions.begin(), chosen_.revisions.end(), [&](const auto& id) { return applied[static_cast<std::size_t>(graph.index(id))] != 0; });
    const bool from_live = ground_.connected && !past;
    Linter linter(*ground_.dialect, ground_.facts, settings_, from_live ? ground_.live : Schema{});
    const auto needed = graph.with_needs(wanted);
    const auto ids = graph.ids(graph.with_needs(graph.mark(graph.heads())));
    for (const auto& id : ids) {
      const auto index = static_cast<std::size_t>(graph.index(id));
      if (wanted[index] != 0) check(linter, *project.unit(id), applied[index] != 0);
      else if (needed[index] != 0 && !(from_live && applied[index] != 0)) follow(linter, *project.unit(id));
    }
    Linter beside(*ground_.dialect, ground_.facts, settings_, ground_.connected ? ground_.live : linter.state());
    for (const auto& path : chosen_.files) check_file(beside, path);
    if (wrote_) project.write_sum();
    return std::move(units_);
  }

  int operator()() {
    units_ = collect();
    print_findings(context_.output, settings_.format, units_, fixes_);
    const bool fails = settings_.fail_on && std::any_of(units_.begin(), units_.end(), [&](const LintedUnit& unit) {
      return std::any_of(unit.findings.begin(), unit.findings.end(), [&](const lint::Finding& finding) { return finding.severity >= *settings_.fail_on; });
    });
    return fails ? 3 : 0;
  }

 private:
  void follow(Linter& linter, const UnitFile& file) {
    if (file.format == UnitFormat::sql) linter.follow(context_.project().parse(file), ground_.engines);
    else if (const auto statements = statements_of_program(file)) linter.follow(*statements);
  }

  void check(Linter& linter, const UnitFile& file, bool applied) {
    if (file.format != UnitFormat::sql) return check_program(linter, file);
    auto text = read_file(file.path);  // --fix may have given it another parent
    if (context_.arguments.has("fix") && !applied) text = fix(linter, file, text);
    add(linter, parse(text, file.path), text, file.revision.id);
    for (const auto& [unit, path, content] : std::exchange(followers_, {})) add(linter, unit, content, unit.revision.id);
  }

  /// What a C++ unit runs, as far as it does not ask the database; nothing when it does, or cannot be compiled here.
  std::optional<std::vector<Statement>> statements_of_program(const UnitFile& file) {
    try {
      auto step = context_.target().step(file.revision.id, Direction::upgrade);
      record_program(step);
      return step.statements;
    } catch (const Error& error) {
      context_.output.note(shown_path(file.path.string()) + " is not looked at: " + error.message());
      return std::nullopt;
    }
  }

  void check_program(Linter& linter, const UnitFile& file) {
    const auto statements = statements_of_program(file);
    if (!statements) return;
    auto report = linter.check(*statements, file.revision, read_file(file.path));
    for (auto& finding : report.findings) {
      if (!finding.location.known()) finding.location = {file.path.string(), 1, 1};
    }
    add(file.revision.id, file.path.string(), std::move(report));
  }

  void add(Linter& linter, const SqlUnit& unit, const std::string& text, const std::string& revision) {
    add(revision, unit.revision.location.file, linter.check(unit, text, ground_.engines));
  }

  /// Without what migrate.yaml allows.
  void add(const std::string& revision, const std::string& file, lint::Report report) {
    report.allowed += static_cast<int>(std::erase_if(report.findings, [&](const lint::Finding& finding) {
      return std::any_of(allowed_.begin(), allowed_.end(), [&](const auto& allowed) {
        const auto& [rules, revisions] = allowed;
        return std::find(rules.begin(), rules.end(), finding.id) != rules.end() && (revisions.empty() || std::find(revisions.begin(), revisions.end(), revision) != revisions.end());
      });
    }));
    units_.push_back({revision, file, std::move(report.findings), report.allowed});
  }

  void check_file(Linter& linter, const fs::path& path) {
    if (path.extension() == ".cpp") return context_.output.note(shown_path(path.string()) + " is not looked at: it is no revision of this project");
    auto text = read_file(path);
    const auto parse_any = [&](std::string_view content) { return is_unit(std::string(content)) ? parse(std::string(content), path) : plain_file(std::string(content), path); };
    if (context_.arguments.has("fix")) {
      const auto rewrite = lint::fix_unit(linter, text, parse_any, ground_.engines, false);
      if (rewrite.text != text) {
        write_file(path, rewrite.text);
        fixes_.push_back({path.string(), rewrite.fixed, ""});
        text = rewrite.text;
      }
    }
    const auto unit = parse_any(text);
    add(linter, unit, text, unit.revision.id);
  }

  [[nodiscard]] SqlUnit parse(const std::string& text, const fs::path& path) const {
    return parse_sql_unit(text, path, {.folders = context_.project().config().migrations, .known_engines = engine_names()});
  }

  std::string fix(const Linter& linter, const UnitFile& file, const std::string& text) {
    const auto rewrite = lint::fix_unit(linter, text, [&](std::string_view content) { return parse(std::string(content), file.path); }, ground_.engines, true);
    if (rewrite.text == text) return text;
    write_file(file.path, rewrite.text);
    wrote_ = true;
    fixes_.push_back({file.path.string(), rewrite.fixed, ""});
    if (!rewrite.later.empty()) fixes_.back().written = write_follower(file, rewrite).string();
    return rewrite.text;
  }

  /// Writes what needs no transaction into a unit of its own behind the other, and hangs its children behind that.
  fs::path write_follower(const UnitFile& file, const lint::Rewrite& rewrite) {
    auto& project = context_.project();
    const auto& config = project.config();
    const auto& graph = project.graph();
    NewUnit unit;
    auto& revision = unit.revision;
    revision.number = graph.find(file.revision.id)->number + 1;
    do revision.id = make_revision_id(revision.number, config.revision.number_width);
    while (graph.find(revision.id) != nullptr);
    revision.parents = {file.revision.id};
    revision.message = file.revision.message + ", without locks";
    revision.created = now_utc();
    revision.transaction = false;
    const auto sql = [](const std::vector<std::string>& statements) { return statements.empty() ? std::string() : join(statements, ";\n\n") + ";\n"; };
    unit.upgrade = sql(rewrite.later);
    unit.downgrade = rewrite.undo_later.empty() ? "-- Nothing to undo: no definition was changed.\n" : sql(rewrite.undo_later);
    unit.irreversible = rewrite.irreversible;
    if (unit.irreversible) unit.downgrade.clear();
    if (!rewrite.engines.empty()) {
      const auto only = "\n-- migrate: upgrade " + join(rewrite.engines, ", ") + "\n" + unit.upgrade;
      const auto back = unit.irreversible ? "" : "\n-- migrate: downgrade\n-- Nothing was done here.\n\n-- migrate: downgrade " + join(rewrite.engines, ", ") + "\n" + unit.downgrade;
      unit.upgrade = "-- Nothing to do here.\n" + only + back;
      unit.downgrade.clear();
    }
    const WriteOptions options{.templates = config.templates, .file_name = config.revision.file_name, .number_width = config.revision.number_width};
    const auto path = write_engines(file, unit, options, !rewrite.engines.empty());
    for (const auto child : graph.children(graph.index(file.revision.id))) adopt(*project.unit(graph.at(child).id), file.revision.id, revision.id);
    const auto text = read_file(path);
    followers_.push_back({parse(text, path), path, text});
    return path;
  }

  /// A unit with sections for some engines has its own `downgrade` lines already: the template's last one goes.
  static fs::path write_engines(const UnitFile& file, const NewUnit& unit, const WriteOptions& options, bool engines) {
    const auto path = write_unit(file.path.parent_path(), unit, options);
    if (!engines || unit.irreversible) return path;
    auto text = read_file(path);
    if (const auto at = text.rfind("-- migrate: downgrade\n"); at != std::string::npos && text.find("-- migrate: downgrade\n") != at) text.erase(at);
    while (text.ends_with("\n\n")) text.pop_back();
    write_file(path, text);
    return path;
  }

  void adopt(const UnitFile& child, const std::string& from, const std::string& to) {
    auto text = read_file(child.path);
    const auto end = text.find("migrate: upgrade");
    const auto line = text.find("parents:");
    if (line == std::string::npos || line > end) return;
    const auto at = text.find(from, line);
    if (at == std::string::npos || at > text.find('\n', line)) return;
    text.replace(at, from.size(), to);
    write_file(child.path, text);
  }

  struct Follower {
    SqlUnit unit;
    fs::path path;
    std::string text;
  };

  Context& context_;
  lint::Settings settings_;
  Ground ground_;
  Chosen chosen_;
  std::vector<LintedUnit> units_;
  std::vector<LintFixes> fixes_;
  std::vector<Follower> followers_;
  std::vector<std::pair<std::vector<std::string>, Ids>> allowed_;  ///< by migrate.yaml: rules, in these revisions (none: in all)
  bool wrote_ = false;
};

}  // namespace

lint::Findings upgrade_findings(Context& context, const Schema& live, const std::string& upgrade) {
  auto& project = context.project();
  auto& target = context.target();
  auto& session = target.session();
  auto settings = lint::read_settings(project.config().lint, project.config().file.string());
  settings.transactions = project.config().transaction != TransactionMode::none;
  Ground ground;
  ground.dialect = &session.dialect();
  ground.facts.kept = project.config().keep.on;
  ground.facts.server = session.server();
  if (!project.config().schemas.empty()) ground.facts.server.default_schema = project.config().schemas.front();
  ground.connected = ground.facts.connected = true;
  if (const auto rows = ground.dialect->lint().table_rows; rows != nullptr) ground.facts.rows = rows(session.connection(), live);
  take_version(ground, settings);

  const std::string head = "-- revision: 0000-000000\n\n-- migrate: upgrade\n";
  const auto unit = parse_sql_unit(head + upgrade + "\n-- migrate: downgrade none\n", "unit.sql");
  Linter linter(*ground.dialect, ground.facts, settings, live);
  const auto first = unit.sections.front().location.line + 1;
  auto findings = linter.check(unit, "", ground.facts.server.sections).findings;
  for (auto& finding : findings) finding.location.line -= first;
  return findings;
}

std::string annotated(const std::string& upgrade, const lint::Findings& findings) {
  std::map<int, std::string> notes;
  for (const auto& finding : findings) {
    std::string line = "-- " + finding.id + ":";
    auto& text = notes[finding.location.line];
    for (const auto& word : split(replace_all(finding.effect, "\n", " "), ' ')) {
      if (line.size() + word.size() > 118) text += std::exchange(line, "--  ") + "\n";
      line += " " + word;
    }
    text += line + "\n";
  }
  if (notes.empty()) return upgrade;
  std::string out;
  int number = 0;
  for (std::size_t at = 0; at < upgrade.size(); ++number) {
    const auto end = std::min(upgrade.find('\n', at), upgrade.size() - 1) + 1;
    if (const auto it = notes.find(number); it != notes.end()) out += it->second;
    out += upgrade.substr(at, end - at);
    at = end;
  }
  return out;
}

std::vector<LintedUnit> lint_units(Context& context, const std::optional<Ids>& revisions) { return Run(context, settings_of(context), revisions).collect(); }

int run_lint(Context& context) {
  if (context.arguments.has("rules")) {
    print_rules(context.output, context.has_project() ? settings_of(context) : lint::Settings{});
    return 0;
  }
  return Run(context, settings_of(context))();
}

}  // namespace migrate::cli
