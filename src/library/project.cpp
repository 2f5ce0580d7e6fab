#include "library/project.hpp"

#include <algorithm>
#include <cstdlib>
#include <fmt/format.h>

#include "core/filesystem.hpp"
#include "core/text.hpp"
#include "dialect/catalog.hpp"
#include "dialect/run.hpp"
#include "dialect/sql.hpp"
#include "library/sql_model.hpp"
#include "library/squash.hpp"
#include "library/unit_program.hpp"
#include "runner/kept_schema.hpp"
#include "unit/embedded.hpp"

namespace migrate {
namespace {

/// BEGIN, START TRANSACTION, COMMIT and END, as scripts of other tools have them around their statements.
bool brackets_a_transaction(std::string_view text) {
  const auto words = split(collapse_spaces(lower(text)), ' ');
  const auto second = words.size() > 1 ? words[1] : std::string();
  if (words.front() == "start") return second == "transaction";
  if (words.front() == "begin") return true;
  return (words.front() == "commit" || words.front() == "end") && (second.empty() || second == "work" || second == "transaction");
}

/// Where the unit's own transaction holds all of it, brackets inside are left out, as a COMMIT would tear the unit from its row
/// in the versions table. What undoes a part of it cannot be meant.
void leave_out_brackets(Step& step, const Dialect& dialect, const Config& config, const ServerInfo& server) {
  if (!step.transaction || !server.capabilities.transactional_ddl || config.transaction == TransactionMode::none) return;
  std::erase_if(step.statements, [&](const Statement& statement) {
    if (dialect.sql().classify(statement) != StatementClass::transaction) return false;
    if (brackets_a_transaction(statement.text)) return true;
    throw Error{ErrorKind::usage, "the unit " + title(step.revision) + " runs in a transaction of its own and cannot hold " + statement.text,
                "take it out, or write `transaction: off` in the header: then every statement, and every transaction of the unit, commits by itself", statement.location};
  });
}

}  // namespace

Project::Project(Config config, std::optional<std::string> database) : config_(std::move(config)), database_(std::move(database)) {}

// ---- units ---------------------------------------------------------------------------------------------------------

const std::vector<UnitFile>& Project::units() {
  if (!units_) {
    std::vector<std::filesystem::path> folders;
    for (const auto& folder : config_.migrations) {
      if (folder_exists(folder)) folders.push_back(folder);
      else if (config_.file.empty()) {
        throw Error{ErrorKind::usage, "there is no migrate.yaml here or above, and no folder " + folder.string(), "start a project with `migrate init`"};
      }
    }
    units_ = load_units(folders);
  }
  return *units_;
}

const Graph& Project::graph() {
  if (!graph_) graph_.emplace(graph_revisions(units()));
  return *graph_;
}

const UnitFile* Project::unit(const std::string& id) {
  const auto& all = units();
  if (unit_index_.empty()) {
    for (std::size_t i = 0; i < all.size(); ++i) unit_index_.emplace(all[i].revision.id, i);
  }
  const auto it = unit_index_.find(id);
  return it == unit_index_.end() ? nullptr : &all[it->second];
}

void Project::reload_units() {
  units_.reset();
  unit_index_.clear();
  graph_.reset();
  full_graph_.reset();
}

SqlUnit Project::parse(const UnitFile& unit) const { return parse_sql_unit(unit_text(unit), unit.path, {.folders = config_.migrations, .known_engines = engine_names()}); }

std::string Project::checksum_of(const UnitFile& unit) const {
  const auto text = unit_text(unit);
  if (unit.format == UnitFormat::cpp || text.find("migrate: include") == std::string::npos) return checksum(text);
  return parse(unit).checksum;
}

std::vector<SumEntry> Project::sum_entries() {
  std::vector<SumEntry> entries;
  for (const auto& revision : graph().revisions()) {
    const auto* file = unit(revision.id);
    if (file->path.parent_path() != new_unit_folder() && config_.migrations.size() > 1) {
      entries.push_back({revision.id, checksum_of(*file), std::filesystem::relative(file->path, new_unit_folder()).string()});
    } else {
      entries.push_back({revision.id, checksum_of(*file), file->path.filename().string()});
    }
  }
  return entries;
}

void Project::write_sum() {
  reload_units();
  write_file(sum_file(), migrate::write_sum(graph(), sum_entries()));
}

// ---- database ------------------------------------------------------------------------------------------------------

bool Project::has_database() const { return database_.has_value() || !config_.database.is_null(); }

const DatabaseUrl& Project::url() {
  if (!url_) {
    if (database_) {
      url_ = parse_url(*database_);
    } else {
      url_ = database_url(config_);
    }
  }
  return *url_;
}

Session& Project::session() {
  if (!session_) {
    auto there = url();
    if (only_looks_) dialect().run().only_look(there);
    session_ = std::make_unique<Session>(std::move(there), config_.schemas);
  }
  return *session_;
}

const Versions& Project::versions() {
  if (!versions_) versions_.emplace(dialect(), config_.versions_table);
  return *versions_;
}

const Dialect& Project::dialect() { return dialect_named(url().dialect()); }

std::vector<std::string> Project::sections() {
  if (session_) return session_->server().sections;
  if (!has_database()) return {};
  std::vector<std::string> names{url().dialect()};
  if (url().scheme != names.front()) names.push_back(url().scheme);
  return names;
}

RunOptions Project::run_options(const std::string& lock_timeout) {
  RunOptions options;
  options.versions_table = config_.versions_table;
  options.lock_wait = config_.lock.timeout;
  if (!lock_timeout.empty()) {
    const auto time = parse_duration(lock_timeout);
    if (!time) throw Error{ErrorKind::usage, "--lock-timeout cannot be '" + lock_timeout + "'", "a time such as 30s, 500ms or 5m"};
    options.lock_wait = *time;
  }
  options.lock_kind = config_.lock.kind == LockSettings::Kind::lease     ? LockKind::lease
                      : config_.lock.kind == LockSettings::Kind::session ? LockKind::session
                                                                         : LockKind::automatic;
  options.lease = config_.lock.lease;
  options.timeouts = {config_.statement.lock_timeout, config_.statement.timeout};
  options.retries = config_.statement.retries;
  options.transaction = config_.transaction == TransactionMode::all    ? RunTransaction::all
                        : config_.transaction == TransactionMode::none ? RunTransaction::none
                                                                        : RunTransaction::per_revision;
  options.before_run = hooks().before_run;
  options.after_run = hooks().after_run;
  return options;
}

const Hooks& Project::hooks() {
  if (!hooks_) hooks_.emplace(read_hooks(config_, dialect(), sections()));
  return *hooks_;
}

std::function<void(Session&)> Project::schema_keeper() {
  if (!config_.drift.enabled) return {};
  return [this](Session& session) { (void)keep_schema(session, versions(), [&] { return live_schema(session); }); };
}

// ---- what is applied -----------------------------------------------------------------------------------------------

Ids applied_ids(const std::vector<VersionRow>& rows) {
  Ids ids;
  for (const auto& row : rows) {
    if (row.state != RowState::upgrading) ids.push_back(row.revision);
  }
  return ids;
}

const Graph& Project::graph_with(const std::vector<VersionRow>& rows) {
  Ids unknown;
  for (const auto& row : rows) {
    if (graph().find(row.revision) == nullptr && !is_repeatable_id(row.revision) && unit(row.revision) == nullptr) unknown.push_back(row.revision);
  }
  if (unknown.empty()) return graph();
  if (full_graph_) return *full_graph_;
  auto revisions = graph_revisions(units());
  for (const auto& id : unknown) {
    const auto kept = versions().read_downgrade(session().connection(), id);
    const auto header = parse_header(kept, "the row of " + id);
    if (!header || header->revision.id != id) {
      throw Error{ErrorKind::failed, "the database has the revision " + id + ", which has no unit here and no way back in its row",
                  "restore its file, or take it out of the table with `migrate stamp`"};
    }
    revisions.push_back(header->revision);
  }
  full_graph_.emplace(std::move(revisions));
  return *full_graph_;
}

// ---- C++ units -----------------------------------------------------------------------------------------------------

CompileOptions Project::compile_options() const {
  CompileOptions options;
  const char* environment = std::getenv("CXX");
  options.compiler = !config_.cpp.compiler.empty() ? config_.cpp.compiler : environment != nullptr && *environment != '\0' ? environment : "c++";
  options.flags = config_.cpp.flags;
  options.folder = config_.folder;
  options.cache = config_.cpp.cache;
  options.caches = {config_.folder / ".migrate"};
  options.ahead_only = config_.cpp.ahead_only;
  options.jobs = static_cast<unsigned>(config_.cpp.jobs);
  return options;
}

std::vector<CompiledUnit> Project::compile(const Ids& ids, const std::function<void(const UnitFile&)>& started) {
  std::vector<const UnitFile*> files;
  for (const auto& id : ids) {
    const auto* file = unit(id);
    if (file == nullptr || file->format != UnitFormat::cpp || cpp_units_.contains(id)) continue;
    if (const auto* entry = embedded_unit(file->path)) {
      check_abi(*entry, file->revision);
      cpp_units_.emplace(id, std::make_shared<const CppUnit>(*entry));
      continue;
    }
    files.push_back(file);
  }
  if (files.empty()) return {};
  auto compiled = compile_units(files, compile_options(), started);
  for (std::size_t i = 0; i < files.size(); ++i) cpp_units_.emplace(files[i]->revision.id, load_unit(compiled[i].object, files[i]->revision));
  return compiled;
}

Step Project::cpp_step(const UnitFile& file, Direction direction, const std::string& behind) {
  const auto reviews = find_reviews(unit_text(file), {{{1, {file.path.string(), 1}}}});
  if (!reviews.empty()) {
    throw Error{ErrorKind::needs_person, "the unit " + title(file.revision) + " has a question to answer: " + reviews.front().reason,
                "settle it and delete the line that starts with `// REVIEW:`", reviews.front().location};
  }
  const auto& id = file.revision.id;
  (void)compile({id});
  Step step{.revision = file.revision, .direction = direction, .checksum = checksum_of(file), .transaction = file.revision.transaction};
  const auto& compiled = cpp_units_.at(id);
  if (direction == Direction::downgrade && !compiled->is_reversible()) {
    throw Error{ErrorKind::failed, "the revision " + title(file.revision) + " cannot be undone", "its unit says `irreversible`", {file.path.string()}};
  }
  set_program(step, compiled, unit_environment(), behind);
  return step;
}

UnitEnvironment& Project::unit_environment() {
  if (!environment_) {
    environment_ = std::make_unique<UnitEnvironment>();
    environment_->dialect = &dialect();
    environment_->folder = config_.folder;
  }
  auto& environment = *environment_;
  environment.server = session_ ? session_->server() : dialect().catalog().assume(url());
  environment.model = model_options(environment.server);
  if (session_) {
    environment.inspect = [this] {
      return session_->dialect().catalog().inspect(session_->connection(), session_->server(),
                                         {.schemas = config_.schemas, .tables = {}, .filter = [this](std::string_view, const QualifiedName& name) { return !versions().owns(name); }});
    };
    environment.ask = [this](const std::string& sql) { return session_->connection().query(sql); };
  }
  return environment;
}

Step Project::kept_step(const std::string& id) {
  const auto kept = versions().read_downgrade(session().connection(), id);
  const std::string place = "the kept downgrade of " + id;
  const auto unit = parse_sql_unit(kept, place, {.folders = {}, .known_engines = {}, .needs_upgrade = false});
  Step step{.revision = unit.revision, .direction = Direction::downgrade, .transaction = unit.revision.transaction};
  step.statements = statements_of(section_for(unit, Direction::downgrade, sections()), dialect());
  leave_out_brackets(step, dialect(), config_, dialect().catalog().assume(url()));
  return step;
}

Step Project::step(const std::string& id, Direction direction, const std::string& behind) {
  const auto* file = unit(id);
  if (file == nullptr) return kept_step(id);
  if (file->format == UnitFormat::cpp) return cpp_step(*file, direction, behind);
  const auto parsed = parse(*file);
  const auto reviews = reviews_of(parsed);
  if (direction == Direction::upgrade && !reviews.empty()) {
    throw Error{ErrorKind::needs_person, "the unit " + title(parsed.revision) + " has a question to answer: " + reviews.front().reason,
                "settle it and delete the line that starts with `-- REVIEW:`", reviews.front().location};
  }
  const auto engines = sections();
  const auto& section = section_for(parsed, direction, engines);
  for (const auto& review : section.reviews) {
    throw Error{ErrorKind::needs_person, "the unit " + title(parsed.revision) + " has a question to answer: " + review.reason,
                "settle it and delete the line that starts with `-- REVIEW:`", review.location};
  }
  Step step{.revision = parsed.revision, .direction = direction, .checksum = parsed.checksum, .transaction = parsed.revision.transaction};
  step.statements = statements_of(section, dialect());
  leave_out_brackets(step, dialect(), config_, dialect().catalog().assume(url()));
  if (direction == Direction::upgrade) {
    const bool back = is_reversible(parsed, engines);
    step.downgrade = kept_downgrade(parsed.revision, back ? section_for(parsed, Direction::downgrade, engines).text : "", !back);
  }
  return step;
}

std::vector<VersionRow> Project::read_rows() { return rows_of_graph(versions().read(session().connection()), units()); }

void Project::set_stand_ins(Step& step, const std::vector<VersionRow>& rows) {
  for (const auto& id : step.revision.replaces) {
    const bool there = std::any_of(rows.begin(), rows.end(), [&](const VersionRow& row) { return row.revision == id; });
    if (step.direction == Direction::downgrade && there) step.stands_for.push_back({.revision = id, .message = {}, .checksum = {}, .downgrade = {}});
    if (step.direction == Direction::downgrade || unit(id) == nullptr) continue;
    const auto replaced = this->step(id, Direction::upgrade);
    step.stands_for.push_back({id, replaced.revision.message, replaced.checksum, replaced.downgrade});
  }
}

bool Project::has_way_back(const std::string& id) {
  const auto* file = unit(id);
  if (file != nullptr && file->format == UnitFormat::cpp) return true;
  const SqlUnitOptions kept{.folders = {}, .known_engines = {}, .needs_upgrade = false};
  const auto parsed = file != nullptr ? parse(*file) : parse_sql_unit(versions().read_downgrade(session().connection(), id), "the kept downgrade of " + id, kept);
  return is_reversible(parsed, sections());
}

Ids Project::without_unit(const std::vector<VersionRow>& rows) {
  Ids ids;
  for (const auto& row : rows_of_graph(rows, units())) {
    if (!is_repeatable_id(row.revision) && unit(row.revision) == nullptr) ids.push_back(row.revision);
  }
  return ids;
}

void Project::verify_applied(const std::vector<VersionRow>& rows, bool unknown_allowed) {
  for (const auto& row : rows) {
    if (is_repeatable_id(row.revision)) continue;
    const auto* file = unit(row.revision);
    if (file == nullptr) {
      if (unknown_allowed) continue;
      throw Error{ErrorKind::failed,
                  "the database has the revision " + row.revision + " (" + row.message + "), which has no unit here",
                  "restore its file, deploy the release that has it, or go back with `migrate downgrade`"};
    }
    // A unit that was cut off may be mended before it goes on; what is done of it is checked there.
    if (row.checksum.empty() || row.state != RowState::applied || checksum_of(*file) == row.checksum) continue;
    throw Error{ErrorKind::failed, "the unit " + title(file->revision) + " was edited after it was applied on " + row.applied_at,
                "restore the file as it was, or accept the edit with `migrate repair --accept " + row.revision + "`", {file->path.string()}};
  }
}

// ---- schemas -------------------------------------------------------------------------------------------------------

ModelOptions Project::model_options(const ServerInfo& server) const {
  ModelOptions options;
  options.sections = server.sections;
  for (const auto& name : engine_names()) {
    if (std::find(options.sections.begin(), options.sections.end(), name) == options.sections.end()) options.other_sections.push_back(name);
  }
  options.schemas = server.capabilities.schemas;
  options.default_schema = config_.schemas.empty() ? server.default_schema : config_.schemas.front();
  options.naming = {config_.naming.index, config_.naming.unique, config_.naming.foreign_key, config_.naming.check};
  return options;
}

ObjectFilter Project::filter() {
  return [this](std::string_view, const QualifiedName& name) {
    return !versions().owns(name) && is_included(config_, name.schema, name.name);
  };
}

Schema Project::live_schema() { return live_schema(session()); }

Schema Project::live_schema(Session& session) {
  const auto keep = filter();
  auto schema = session.dialect().catalog().inspect(session.connection(), session.server(), {.schemas = config_.schemas, .tables = {}, .filter = keep});
  filter_schema(schema, keep);
  return schema;
}

Schema Project::declared_schema() {
  const auto files = model_files(config_);
  if (files.empty()) throw Error{ErrorKind::usage, "there is no model", "name it with `model:` in migrate.yaml"};
  return read_model(files, session());
}

Schema Project::read_model(const std::vector<std::filesystem::path>& files, Session& session) {
  const auto is_sql = [](const std::filesystem::path& file) { return file.extension() == ".sql"; };
  const auto sql_files = static_cast<std::size_t>(std::count_if(files.begin(), files.end(), is_sql));
  if (sql_files != 0 && sql_files != files.size()) {
    throw Error{ErrorKind::usage, "the model is SQL in one file and YAML in another", "write all of it in one of the two", {config_.file.string()}};
  }
  auto schema = sql_files == 0 ? load_model(files, model_options(session.server())) : load_sql_model(files, session, config_.schemas, live_schema(session).options);
  filter_schema(schema, filter());
  return schema;
}

}  // namespace migrate
