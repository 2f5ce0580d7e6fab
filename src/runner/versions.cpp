#include "runner/versions.hpp"

#include <fmt/format.h>
#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>

#include "core/text.hpp"
#include "dialect/canonical.hpp"
#include "dialect/render.hpp"
#include "dialect/run.hpp"
#include "dialect/sql.hpp"

namespace migrate {
namespace {

constexpr std::string_view columns = "revision, message, checksum, state, statement, fingerprint, applied_at, applied_by, duration_ms, tool_version";

std::string_view state_text(RowState state) {
  switch (state) {
    case RowState::upgrading: return "upgrading";
    case RowState::downgrading: return "downgrading";
    default: return "applied";
  }
}

RowState read_state(const std::string& text) {
  if (text == "upgrading") return RowState::upgrading;
  if (text == "downgrading") return RowState::downgrading;
  if (text == "applied") return RowState::applied;
  throw text;
}

long long number(const Value& value) {
  long long result = 0;
  if (!value || value->empty()) return result;
  const auto end = std::from_chars(value->data(), value->data() + value->size(), result);
  if (end.ec != std::errc{} || end.ptr != value->data() + value->size()) throw *value;
  return result;
}

Column column(const std::string& name, const std::string& type, bool nullable = true) {
  Column out{.name = name, .type = type, .nullable = nullable};
  return out;
}

}  // namespace

std::string write_progress(const Progress& progress) {
  if (!progress.journal.empty()) {
    auto rest = progress;
    rest.journal.clear();
    if (rest.done.empty()) rest.done = "-";
    return fmt::format("j{}:{}{}", progress.journal.size(), progress.journal, write_progress(rest));
  }
  const auto session = progress.session.empty() ? std::string() : "|" + progress.session;
  if (progress.done.empty() && !progress.in_doubt) return session;
  const auto mark = !progress.in_doubt ? "-" : progress.witnesses > 0 ? std::to_string(progress.witnesses) : progress.visible ? "v" : "?";
  return fmt::format("{}:{}:{}:{}{}", progress.done, mark, progress.begun, progress.before, session);
}

Progress read_progress(const std::string& record) {
  Progress progress;
  auto text = record;
  if (const auto bar = text.find('|'); bar != std::string::npos && !text.starts_with('j')) {
    progress.session = text.substr(bar + 1);
    text.resize(bar);
  }
  if (text.starts_with('j')) {
    const auto colon = text.find(':');
    const auto size = static_cast<std::size_t>(std::atoll(text.c_str() + 1));
    if (colon == std::string::npos || size > text.size() - colon - 1) return progress;
    progress = read_progress(text.substr(colon + 1 + size));
    if (progress.done == "-") progress.done.clear();
    progress.journal = text.substr(colon + 1, size);
    return progress;
  }
  std::array<std::string, 4> parts;
  std::size_t start = 0;
  for (std::size_t i = 0; i < parts.size() && start <= text.size(); ++i) {
    const auto end = i + 1 < parts.size() ? std::min(text.find(':', start), text.size()) : text.size();
    parts[i] = text.substr(start, end - start);
    start = end + 1;
  }
  if (text.find(':') == std::string::npos) return progress;
  progress.done = parts[0];
  progress.in_doubt = parts[1] != "-";
  const bool number = !parts[1].empty() && parts[1].size() < 6 && parts[1].find_first_not_of("0123456789") == std::string::npos;
  if (number) progress.witnesses = std::atoi(parts[1].c_str());
  progress.visible = parts[1] == "v" || progress.witnesses > 0;
  progress.begun = parts[2];
  progress.before = parts[3];
  return progress;
}

Versions::Versions(const Dialect& dialect, const std::string& name) : dialect_(&dialect) {
  const auto dot = name.find('.');
  table_ = dot == std::string::npos ? QualifiedName{"", name} : QualifiedName{name.substr(0, dot), name.substr(dot + 1)};
  log_ = {table_.schema, table_.name + "_log"};
  schema_ = {table_.schema, table_.name + "_schema"};
  lock_ = {table_.schema, table_.name + "_lock"};
  copy_ = {table_.schema, table_.name + "_copy"};
  kept_ = {table_.schema, table_.name + "_kept"};
}

void Versions::stay_in(const std::string& schema) {
  if (!table_.schema.empty()) return;
  table_.schema = log_.schema = schema_.schema = lock_.schema = copy_.schema = kept_.schema = schema;
}

DatabaseError Versions::explain(const DatabaseError& error, const std::string& what) const {
  if (error.cause != DatabaseError::Cause::statement) return error;
  const auto& run = dialect_->run();
  auto hint = error.hint;
  if (run.is_denied(error)) {
    hint = "the role needs SELECT, INSERT, UPDATE and DELETE on " + table_.text() + ", and SELECT and INSERT on " + log_.text();
  } else if (run.is_missing_column(error)) {
    hint = table_.text() + " or " + log_.text() + " is not one of migrate's: another tool may have made it; `versions_table: NAME` in migrate.yaml gives migrate's another name";
  } else if (run.is_missing_table(error)) {
    hint = table_.text() + " and " + log_.text() + " belong together, and one of them is gone: bring it back from a backup, or as it is in another database";
  }
  DatabaseError told{error.cause, what + ": " + error.message(), error.sqlstate, error.native_code, hint};
  return told;
}

void Versions::expect_all_rows(Connection& connection) const {
  const auto sql = dialect_->run().hides_rows_sql(table_);
  if (sql.empty()) return;
  bool hidden = false;
  try {
    const auto result = connection.query(sql);
    const auto value = result.rows.empty() ? Value() : result.rows[0].at(0);
    hidden = value && (*value == "t" || *value == "true" || *value == "1");
  } catch (const DatabaseError& error) {
    if (error.cause != DatabaseError::Cause::statement) throw;  // else a server that knows no such thing
  }
  if (!hidden) return;
  throw Error{ErrorKind::failed, "row-level security may hide rows of " + table_.text() + " from this role: what is applied cannot be told",
              "give the role a policy that lets all rows through, or BYPASSRLS, or switch row-level security off for the table"};
}

namespace {

bool same_table(const QualifiedName& own, const QualifiedName& name) {
  return own.name == name.name && (own.schema == name.schema || name.schema.empty() || own.schema.empty());
}

}  // namespace

bool Versions::owns(const QualifiedName& name) const { return same_table(table_, name) || same_table(log_, name) || stays_here(name); }

bool Versions::stays_here(const QualifiedName& name) const { return same_table(schema_, name) || same_table(lock_, name) || same_table(copy_, name) || is_kept(name); }

bool Versions::is_kept(const QualifiedName& name) const {
  const std::string_view own = kept_.name;
  if (!std::string_view(name.name).starts_with(own)) return false;
  const auto rest = std::string_view(name.name).substr(own.size());
  return rest.empty() || (rest.size() > 1 && rest[0] == '_' && rest[1] >= '0' && rest[1] <= '9');
}

std::string Versions::select_sql() const {
  return fmt::format("SELECT {} FROM {} ORDER BY applied_at, revision", columns, dialect_->sql().quote_name(table_));
}

std::vector<VersionRow> Versions::read(Connection& connection, bool* exists) const {
  if (exists != nullptr) *exists = true;
  Result result;
  try {
    result = connection.query(select_sql());
  } catch (const DatabaseError& error) {
    if (!dialect_->run().is_missing_table(error)) throw explain(error, "what is applied cannot be read");
    if (exists != nullptr) *exists = false;
    return {};
  }
  std::vector<VersionRow> rows;
  rows.reserve(result.rows.size());
  for (const auto& row : result.rows) {
    const auto field = [&](std::size_t i) { return row.at(i).value_or(""); };
    try {
      rows.push_back({field(0), field(1), field(2), read_state(field(3)), static_cast<int>(number(row.at(4))), field(5), field(6), field(7),
                      number(row.at(8)), field(9)});
    } catch (const std::string& unknown) {
      throw Error{ErrorKind::failed, "the row of " + field(0) + " in " + table_.text() + " holds '" + unknown + "', which migrate does not write there",
                  "was it written by hand, or by a newer migrate? state is applied, upgrading or downgrading; statement and duration_ms are numbers"};
    }
  }
  return rows;
}

std::string Versions::read_downgrade(Connection& connection, const std::string& revision) const {
  const auto result = connection.query(fmt::format("SELECT downgrade FROM {} WHERE revision = {}", dialect_->sql().quote_name(table_), text(revision)));
  return result.rows.empty() ? "" : result.rows[0].at(0).value_or("");
}

std::vector<LogEntry> Versions::read_log(Connection& connection, int limit) const {
  Result result;
  try {
    result = connection.query(fmt::format(
        "SELECT action, revision, outcome, logged_at, logged_by, duration_ms, tool_version FROM {} ORDER BY id DESC LIMIT {}",
        dialect_->sql().quote_name(log_), limit));
  } catch (const DatabaseError& error) {
    if (!dialect_->run().is_missing_table(error)) throw explain(error, "the log cannot be read");
    return {};
  }
  std::vector<LogEntry> entries;
  for (const auto& row : result.rows) {
    const auto field = [&](std::size_t i) { return row.at(i).value_or(""); };
    entries.push_back({field(0), field(1), field(2), field(3), field(4), number(row.at(5)), field(6)});
  }
  return entries;
}

std::vector<std::string> Versions::create_sql(const ServerInfo& server) const {
  const auto long_text = dialect_->sql().long_text_type();
  Schema schema;
  Table versions{.name = table_};
  versions.columns = {column("revision", "varchar(200)", false), column("message", long_text), column("checksum", "varchar(100)"),
                      column("state", "varchar(20)", false),     column("statement", "integer", false), column("fingerprint", long_text),
                      column("downgrade", long_text),            column("applied_at", "varchar(40)"), column("applied_by", "varchar(200)"),
                      column("duration_ms", "bigint"),           column("tool_version", "varchar(40)")};
  versions.primary_key = PrimaryKey{.parts = {{.column = "revision"}}};
  Table log{.name = log_};
  log.columns = {column("id", "bigint", false), column("action", "varchar(20)", false), column("revision", "varchar(200)"),
                 column("outcome", long_text), column("logged_at", "varchar(40)"), column("logged_by", "varchar(200)"),
                 column("duration_ms", "bigint"), column("tool_version", "varchar(40)")};
  log.columns[0].identity = Identity{.kind = Identity::Kind::by_default};
  log.primary_key = PrimaryKey{.parts = {{.column = "id"}}};
  schema.tables = {log, versions};
  return create_tables_sql(std::move(schema), server);
}

std::string Versions::schema_probe_sql() const { return fmt::format("SELECT 1 FROM {} WHERE id = ''", dialect_->sql().quote_name(schema_)); }

std::vector<std::string> Versions::create_schema_sql(const ServerInfo& server) const {
  const auto long_text = dialect_->sql().long_text_type();
  Table table{.name = schema_};
  table.columns = {column("id", "varchar(64)", false), column("kind", "varchar(40)", false), column("name", long_text),
                   column("hash", "varchar(64)", false), column("kept_at", "varchar(40)"),   column("definition", long_text)};
  table.primary_key = PrimaryKey{.parts = {{.column = "id"}}};
  return create_tables_sql(Schema{.tables = {table}}, server);
}

std::string Versions::kept_probe_sql() const { return fmt::format("SELECT 1 FROM {} WHERE id = 0", dialect_->sql().quote_name(kept_)); }

std::vector<std::string> Versions::create_kept_sql(const ServerInfo& server) const {
  const auto long_text = dialect_->sql().long_text_type();
  Table table{.name = kept_};
  table.columns = {column("id", "bigint", false),        column("revision", "varchar(200)", false), column("kind", "varchar(20)", false),
                   column("object", long_text),          column("kept_table", "varchar(200)", false), column("details", long_text),
                   column("state", "varchar(20)", false), column("kept_at", "varchar(40)"),          column("kept_until", "varchar(40)")};
  table.primary_key = PrimaryKey{.parts = {{.column = "id"}}};
  return create_tables_sql(Schema{.tables = {table}}, server);
}

std::vector<std::string> Versions::create_lock_sql(const ServerInfo& server) const {
  Table table{.name = lock_};
  table.columns = {column("name", "varchar(20)", false), column("token", "bigint", false),       column("beat", "bigint", false),
                   column("lasts_ms", "bigint", false),  column("holder", "varchar(500)", false), column("since", "varchar(40)", false)};
  table.primary_key = PrimaryKey{.parts = {{.column = "name"}}};
  return create_tables_sql(Schema{.tables = {table}}, server);
}

std::vector<std::string> Versions::create_tables_sql(Schema schema, const ServerInfo& server) const { return own_tables_sql(*dialect_, std::move(schema), server, table_); }

std::vector<std::string> own_tables_sql(const Dialect& dialect, Schema schema, const ServerInfo& server, const QualifiedName& last) {
  for (auto& table : schema.tables) table.options = dialect.run().durable_table_options();
  dialect.canonical().canonicalize(schema, server);
  // Canonical order is by name, but who finds the versions table must find the others.
  std::stable_partition(schema.tables.begin(), schema.tables.end(), [&](const Table& table) { return table.name != last; });
  std::vector<std::string> sql;
  for (const auto& table : schema.tables) {
    for (auto& statement : dialect.render().render({Create<Table>{table}}, Schema{}, server)) {
      auto create = std::move(statement.text);
      // Two that start together on an empty database both get here before either holds a lock.
      if (starts_with_ignoring_case(create, "CREATE TABLE ")) create.insert(13, "IF NOT EXISTS ");
      sql.push_back(std::move(create));
    }
  }
  return sql;
}

std::string Versions::insert_sql(const VersionRow& row, const std::string& downgrade) const {
  return insert_sql(row, downgrade, row.statement, text(row.fingerprint));
}

std::string Versions::insert_begun_sql(const VersionRow& row, const std::string& downgrade, int statement, const Progress& progress,
                                       const std::vector<std::string>& expressions) const {
  return insert_sql(row, downgrade, statement, fingerprint_sql(progress, expressions));
}

std::string Versions::insert_sql(const VersionRow& row, const std::string& downgrade, int statement, const std::string& fingerprint) const {
  return fmt::format(
      "INSERT INTO {} (revision, message, checksum, state, statement, fingerprint, downgrade, applied_at, applied_by, duration_ms, "
      "tool_version) VALUES ({}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {})",
      dialect_->sql().quote_name(table_), text(row.revision), text(row.message), text(row.checksum), text(std::string(state_text(row.state))), statement,
      fingerprint, text(downgrade), text(row.applied_at), text(row.applied_by), row.duration_ms, text(row.tool_version));
}

std::string Versions::fingerprint_sql(const Progress& progress, const std::vector<std::string>& expressions) const {
  if (expressions.empty() && progress.keep.empty()) return text(write_progress(progress));
  auto value = "CONCAT(" + text(write_progress(progress));
  for (std::size_t i = 0; i < expressions.size(); ++i) value += (i == 0 ? ", " : ", ',', ") + expressions[i];
  for (std::size_t i = 0; i < progress.keep.size(); ++i) value += (i == 0 ? ", '|', COALESCE(" : ", COALESCE(") + progress.keep[i] + ", '')";
  return value + ")";
}

std::string Versions::progress_sql(const std::string& revision, int statement, const Progress& progress,
                                   const std::vector<std::string>& expressions) const {
  return fmt::format("UPDATE {} SET statement = {}, fingerprint = {} WHERE revision = {}", dialect_->sql().quote_name(table_), statement,
                     fingerprint_sql(progress, expressions), text(revision));
}

std::string Versions::state_begun_sql(const std::string& revision, RowState state, int statement, const Progress& progress,
                                      const std::vector<std::string>& expressions) const {
  return fmt::format("UPDATE {} SET state = {}, statement = {}, fingerprint = {} WHERE revision = {}", dialect_->sql().quote_name(table_),
                     text(std::string(state_text(state))), statement, fingerprint_sql(progress, expressions), text(revision));
}

std::string Versions::state_sql(const std::string& revision, RowState state, const std::string& at, long long duration_ms) const {
  std::string set = fmt::format("state = {}, statement = 0, fingerprint = ''", text(std::string(state_text(state))));
  if (!at.empty()) set += fmt::format(", applied_at = {}, duration_ms = {}", text(at), duration_ms);
  return fmt::format("UPDATE {} SET {} WHERE revision = {}", dialect_->sql().quote_name(table_), set, text(revision));
}

std::string Versions::checksum_sql(const std::string& revision, const std::string& checksum) const {
  return fmt::format("UPDATE {} SET checksum = {} WHERE revision = {}", dialect_->sql().quote_name(table_), text(checksum), text(revision));
}

std::string Versions::unit_sql(const std::string& revision, const std::string& checksum, const std::string& downgrade) const {
  return fmt::format("UPDATE {} SET checksum = {}, downgrade = {} WHERE revision = {}", dialect_->sql().quote_name(table_), text(checksum), text(downgrade),
                     text(revision));
}

std::string Versions::delete_sql(const std::string& revision) const {
  return fmt::format("DELETE FROM {} WHERE revision = {}", dialect_->sql().quote_name(table_), text(revision));
}

std::string Versions::log_sql(const LogEntry& entry) const {
  return fmt::format("INSERT INTO {} (action, revision, outcome, logged_at, logged_by, duration_ms, tool_version) VALUES ({}, {}, {}, {}, {}, {}, {})",
                     dialect_->sql().quote_name(log_), text(entry.action), text(entry.revision), text(entry.outcome), text(entry.at), text(entry.by),
                     entry.duration_ms, text(entry.tool_version));
}

std::string Versions::row_sql(const std::string& revision) const {
  return fmt::format("SELECT state, statement, fingerprint FROM {} WHERE revision = {}", dialect_->sql().quote_name(table_), text(revision));
}

std::string who_runs() {
  std::array<char, 256> host{};
  ::gethostname(host.data(), host.size() - 1);
  const passwd* user = ::getpwuid(::geteuid());
  return fmt::format("{}@{}, process {}", user == nullptr ? std::to_string(::geteuid()) : std::string(user->pw_name), host.data(), ::getpid());
}

}  // namespace migrate
