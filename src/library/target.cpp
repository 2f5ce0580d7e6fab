#include "library/target.hpp"

#include <algorithm>
#include <set>
#include <thread>

#include "core/clock.hpp"
#include "core/filesystem.hpp"
#include "core/text.hpp"
#include "dialect/canonical.hpp"
#include "dialect/catalog.hpp"
#include "dialect/rows.hpp"
#include "dialect/run.hpp"
#include "dialect/sql.hpp"
#include "dialect/sql/lexer.hpp"
#include "library/sql_model.hpp"
#include "library/squash.hpp"
#include "runner/kept_schema.hpp"
#include "runner/stop.hpp"
#include "schema/lookup.hpp"
#include "schema/rights.hpp"

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

// ---- connection -------------------------------------------------------------------------------------------------------

bool Target::has_database() const { return url_.has_value() || database_.has_value() || !config().database.is_null(); }

const DatabaseUrl& Target::url() {
  if (!url_) {
    if (database_) {
      url_ = project_.database(*database_);
    } else {
      url_ = database_url(config());
    }
  }
  return *url_;
}

Session& Target::session() {
  if (!session_) {
    auto there = url();
    if (only_looks_) dialect().run().only_look(there);
    session_ = connect(there);
    if (connected_) connected_(*session_);
  }
  return *session_;
}

std::unique_ptr<Session> Target::connect(const DatabaseUrl& url) {
  const Stopwatch watch;
  for (bool told = false;; told = true) {
    try {
      return std::make_unique<Session>(url, schemas());
    } catch (const DatabaseError& error) {
      // A wrong password or a wrong name stays wrong.
      if (error.cause != DatabaseError::Cause::connection || error.sqlstate == "3D000" || stop_requested() || watch.elapsed() >= patience_) throw;
      if (!told && waiting_) waiting_(error);
    }
    std::this_thread::sleep_for(std::min(std::chrono::milliseconds(500), patience_ - watch.elapsed()));
  }
}

const Dialect& Target::dialect() { return dialect_named(url().dialect()); }

std::vector<std::string> Target::sections() {
  if (session_) return session_->server().sections;
  if (!has_database()) return {};
  std::vector<std::string> names{url().dialect()};
  if (url().scheme != names.front()) names.push_back(url().scheme);
  return names;
}

// ---- runs -------------------------------------------------------------------------------------------------------------

std::string Target::versions_table() const {
  const auto& name = config().versions_table;
  return schema_.empty() || name.find('.') != std::string::npos ? name : schema_ + "." + name;
}

const Versions& Target::versions() {
  if (!versions_) versions_.emplace(dialect(), versions_table());
  return *versions_;
}

RunOptions Target::run_options(const std::string& lock_timeout) {
  RunOptions options;
  options.versions_table = versions_table();
  options.lock_wait = config().lock.timeout;
  if (!lock_timeout.empty()) {
    const auto time = parse_duration(lock_timeout);
    if (!time) throw Error{ErrorKind::usage, "--lock-timeout cannot be '" + lock_timeout + "'", "a time such as 30s, 500ms or 5m"};
    options.lock_wait = *time;
  }
  options.lock_kind = config().lock.kind == LockSettings::Kind::lease     ? LockKind::lease
                      : config().lock.kind == LockSettings::Kind::session ? LockKind::session
                                                                         : LockKind::automatic;
  options.lease = config().lock.lease;
  options.reconnect = config().reconnect;
  options.online_ddl = config().vitess_ddl_strategy == "direct" ? "" : config().vitess_ddl_strategy;
  options.timeouts = {config().statement.lock_timeout, config().statement.timeout};
  options.retries = config().statement.retries;
  options.transaction = config().transaction == TransactionMode::all    ? RunTransaction::all
                        : config().transaction == TransactionMode::none ? RunTransaction::none
                                                                        : RunTransaction::per_revision;
  options.keep = {config().keep.on, config().keep.strict, config().keep.time};
  options.before_run = hooks().before_run;
  options.after_run = hooks().after_run;
  return options;
}

const Hooks& Target::hooks() {
  if (!hooks_) hooks_.emplace(read_hooks(config(), dialect(), sections()));
  return *hooks_;
}

std::function<void(Session&)> Target::schema_keeper() {
  if (!config().drift.enabled) return {};
  return [this](Session& session) { (void)keep_schema(session, versions(), [&] { return without_definers(live_schema(session)); }); };
}

Step Target::cpp_step(const UnitFile& file, Direction direction, const std::string& behind) {
  const auto reviews = find_reviews(unit_text(file), {{{1, {file.path.string(), 1}}}});
  if (!reviews.empty()) {
    throw Error{ErrorKind::needs_person, "the unit " + title(file.revision) + " has a question to answer: " + reviews.front().reason,
                "settle it and delete the line that starts with `// REVIEW:`", reviews.front().location};
  }
  const auto& id = file.revision.id;
  Step step{.revision = file.revision, .direction = direction, .checksum = project_.checksum_of(file), .transaction = file.revision.transaction};
  const auto compiled = project_.cpp_unit(id);
  if (direction == Direction::downgrade && !compiled->is_reversible()) {
    throw Error{ErrorKind::failed, "the revision " + title(file.revision) + " cannot be undone", "its unit says `irreversible`", {file.path.string()}};
  }
  set_program(step, compiled, unit_environment(), behind);
  return step;
}

UnitEnvironment& Target::unit_environment() {
  if (!environment_) {
    environment_ = std::make_unique<UnitEnvironment>();
    environment_->dialect = &dialect();
    environment_->folder = config().folder;
  }
  auto& environment = *environment_;
  environment.server = session_ ? session_->server() : dialect().catalog().assume(url());
  environment.model = model_options(environment.server);
  if (session_) {
    environment.inspect = [this] {
      return session_->dialect().catalog().inspect(session_->connection(), session_->server(),
                                         {.schemas = schemas(), .tables = {}, .filter = [this](std::string_view, const QualifiedName& name) { return !versions().owns(name); }});
    };
    environment.ask = [this](const std::string& sql) { return session_->connection().query(sql); };
  }
  return environment;
}

Options Target::server_settings() { return session_ ? session_->server().defaults : Options{}; }

Step Target::kept_step(const std::string& id) {
  const auto kept = versions().read_downgrade(session().connection(), id);
  const std::string place = "the kept downgrade of " + id;
  const auto unit = parse_sql_unit(kept, place, {.folders = {}, .known_engines = {}, .needs_upgrade = false});
  Step step{.revision = unit.revision, .direction = Direction::downgrade, .transaction = unit.revision.transaction};
  step.statements = statements_of(section_for(unit, Direction::downgrade, sections()), dialect(), server_settings());
  leave_out_brackets(step, dialect(), config(), dialect().catalog().assume(url()));
  return step;
}

Step Target::step(const std::string& id, Direction direction, const std::string& behind) {
  const auto* file = project_.unit(id);
  if (file == nullptr) return kept_step(id);
  if (file->format == UnitFormat::cpp) return cpp_step(*file, direction, behind);
  return step_of(project_.parse(*file), direction);
}

Step Target::step_of(const SqlUnit& parsed, Direction direction) {
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
  step.statements = statements_of(section, dialect(), server_settings());
  leave_out_brackets(step, dialect(), config(), dialect().catalog().assume(url()));
  if (direction == Direction::upgrade) {
    const bool back = is_reversible(parsed, engines);
    step.downgrade = kept_downgrade(parsed.revision, back ? section_for(parsed, Direction::downgrade, engines).text : "", !back);
  }
  return step;
}

// ---- what is applied --------------------------------------------------------------------------------------------------

Ids applied_ids(const std::vector<VersionRow>& rows) {
  Ids ids;
  for (const auto& row : rows) {
    if (row.state != RowState::upgrading) ids.push_back(row.revision);
  }
  return ids;
}

std::vector<VersionRow> Target::read_rows() { return rows_of_graph(versions().read(session().connection()), project_.units()); }

const Graph& Target::graph_with(const std::vector<VersionRow>& rows) {
  Ids unknown;
  for (const auto& row : rows) {
    if (project_.graph().find(row.revision) == nullptr && !is_repeatable_id(row.revision) && project_.unit(row.revision) == nullptr) unknown.push_back(row.revision);
  }
  if (unknown.empty()) return project_.graph();
  if (full_graph_ && full_graph_reading_ == project_.readings()) return *full_graph_;
  auto revisions = graph_revisions(project_.units());
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
  full_graph_reading_ = project_.readings();
  return *full_graph_;
}

void Target::set_stand_ins(Step& step, const std::vector<VersionRow>& rows) {
  for (const auto& id : step.revision.replaces) {
    const bool there = std::any_of(rows.begin(), rows.end(), [&](const VersionRow& row) { return row.revision == id; });
    if (step.direction == Direction::downgrade && there) step.stands_for.push_back({.revision = id, .message = {}, .checksum = {}, .downgrade = {}});
    if (step.direction == Direction::downgrade || project_.unit(id) == nullptr) continue;
    const auto replaced = this->step(id, Direction::upgrade);
    step.stands_for.push_back({id, replaced.revision.message, replaced.checksum, replaced.downgrade});
  }
}

bool Target::has_way_back(const std::string& id) {
  const auto* file = project_.unit(id);
  if (file != nullptr && file->format == UnitFormat::cpp) return true;
  const SqlUnitOptions kept{.folders = {}, .known_engines = {}, .needs_upgrade = false};
  const auto parsed = file != nullptr ? project_.parse(*file) : parse_sql_unit(versions().read_downgrade(session().connection(), id), "the kept downgrade of " + id, kept);
  return is_reversible(parsed, sections());
}

// ---- schemas ----------------------------------------------------------------------------------------------------------

ModelOptions Target::model_options(const ServerInfo& server) const {
  ModelOptions options;
  options.sections = server.sections;
  for (const auto& name : engine_names()) {
    if (std::find(options.sections.begin(), options.sections.end(), name) == options.sections.end()) options.other_sections.push_back(name);
  }
  options.schemas = server.capabilities.schemas;
  options.default_schema = schemas().empty() ? server.default_schema : schemas().front();
  options.naming = {config().naming.index, config().naming.unique, config().naming.foreign_key, config().naming.check};
  return options;
}

ModelOptions Target::checked_model_options(const ServerInfo& server) const {
  auto options = model_options(server);
  for (const auto& name : engine_names()) {
    DatabaseUrl engine;
    engine.scheme = name;
    options.known_options.emplace(name, dialect_named(engine.dialect()).canonical().known_options());
  }
  return options;
}

ObjectFilter Target::filter() {
  return [this](std::string_view, const QualifiedName& name) {
    return !versions().owns(name) && is_included(config(), name.schema, name.name);
  };
}

Schema Target::live_schema() { return live_schema(session()); }

Schema inspect_whole(Session& session, InspectOptions options) {
  auto& connection = session.connection();
  auto schema = session.dialect().catalog().inspect(connection, session.server(), options);
  for (const auto& name : session.dialect().rows().partitions(connection)) {
    if ((!options.filter || options.filter("table", name)) && find_named(schema.tables, name) == nullptr) options.tables.push_back(name);
  }
  if (!options.tables.empty()) {
    for (auto& table : session.dialect().catalog().inspect(connection, session.server(), options).tables) schema.tables.push_back(std::move(table));
  }
  return schema;
}

Schema Target::whole_schema() {
  auto schema = inspect_whole(session(), inspect_options(session()));
  filter_schema(schema, filter());
  return schema;
}

Schema Target::live_schema(Session& session) {
  auto schema = session.dialect().catalog().inspect(session.connection(), session.server(), inspect_options(session));
  filter_schema(schema, filter());
  return schema;
}

InspectOptions Target::inspect_options(Session& session) {
  auto named = schemas();
  // The versions table says where the database's home is: CREATE SCHEMA may change what names without a schema mean.
  if (named.empty() && session.server().capabilities.schemas && versions().table().schema.empty()) {
    if (auto home = session.dialect().run().schema_of(session.connection(), versions().table()); !home.empty()) named.push_back(std::move(home));
  }
  return {.schemas = named, .tables = {}, .filter = filter()};
}

namespace {

/// Whether a model is written in SQL: it starts with a statement.
bool is_sql_model(const std::string& text, const LexicalRules& rules) {
  static const std::set<std::string> verbs{"alter", "begin", "comment", "create", "drop", "insert", "pragma", "select", "set", "start", "use"};
  Lexer lexer(text, rules, {}, false);
  Token token{};
  return lexer.next(token) && verbs.contains(lower(token.text));
}

}  // namespace

Schema Target::declared_schema() {
  if (!config().model_command.empty()) {
    const auto text = command_output("the model's command", config().model_command, config().folder, config().model_command_place);
    if (trim(text).empty()) throw Error{ErrorKind::usage, "the model's command prints nothing", "it has to print the whole model, as YAML or SQL", config().model_command_place};
    const auto printed = config().folder / (is_sql_model(text, dialect().sql().lexical_rules()) ? "the model's command.sql" : "the model's command.yaml");
    keep_in_memory(printed, text);
    return read_model({printed}, session());
  }
  const auto files = model_files(config());
  if (files.empty()) throw Error{ErrorKind::usage, "there is no model", "name it with `model:` in migrate.yaml"};
  return read_model(files, session());
}

Schema Target::read_model(const std::vector<std::filesystem::path>& files, Session& session) {
  const auto is_sql = [](const std::filesystem::path& file) { return file.extension() == ".sql"; };
  const auto sql_files = static_cast<std::size_t>(std::count_if(files.begin(), files.end(), is_sql));
  if (sql_files != 0 && sql_files != files.size()) {
    throw Error{ErrorKind::usage, "the model is SQL in one file and YAML in another", "write all of it in one of the two", {config().file.string()}};
  }
  auto schema = sql_files == 0 ? load_model(files, checked_model_options(session.server())) : load_sql_model(files, session, schemas(), live_schema(session).options, scratch_url(config()));
  filter_schema(schema, filter());
  return schema;
}

}  // namespace migrate
