#include "library/sql_model.hpp"

#include <memory>

#include "library/target.hpp"
#include "core/filesystem.hpp"
#include "core/sha256.hpp"
#include "core/text.hpp"
#include "dialect/catalog.hpp"
#include "dialect/render.hpp"
#include "dialect/sql.hpp"

namespace migrate {
namespace {

/// A database of our own on the server of another session, dropped with this value.
class ScratchDatabase {
 public:
  ScratchDatabase(Session& live, const std::vector<std::string>& schemas) : live_(live) {
    auto url = live.url();
    url.database.clear();
    if (!live.server().capabilities.single_writer) {
      url.database = "migrate_scratch_" + random_hex(6);
      try {
        live.connection().execute("CREATE DATABASE " + live.dialect().sql().quote_name(url.database));
      } catch (const DatabaseError& error) {
        throw Error{ErrorKind::failed, "cannot make a database to load the SQL model into: " + error.message(),
                    "the role needs the right to create databases; a YAML model needs none"};
      }
      name_ = url.database;
    }
    try {
      session_ = std::make_unique<Session>(url, schemas);
    } catch (...) {
      drop();
      throw;
    }
  }
  ScratchDatabase(const ScratchDatabase&) = delete;
  ScratchDatabase& operator=(const ScratchDatabase&) = delete;
  ~ScratchDatabase() { drop(); }

  Session& session() { return *session_; }

 private:
  void drop() noexcept {
    session_.reset();
    if (name_.empty()) return;
    try {
      live_.connection().execute("DROP DATABASE " + live_.dialect().sql().quote_name(name_));
    } catch (...) {  // the connection is gone; the database's name says what it was
    }
  }

  Session& live_;
  std::string name_;
  std::unique_ptr<Session> session_;
};

void run_file(Session& session, const std::filesystem::path& file) {
  const auto text = read_file(file);
  check_encoding(text, file.string());
  for (const auto& statement : session.dialect().sql().split(text, {file.string(), 1, 1})) {
    try {
      session.connection().execute(statement.text);
    } catch (const DatabaseError& error) {
      if (error.cause == DatabaseError::Cause::connection) throw;
      throw Error{ErrorKind::usage, "the model cannot be loaded: " + error.message(), error.hint, statement.location};
    }
  }
}

}  // namespace

Schema load_sql_model(const std::vector<std::filesystem::path>& files, Session& live, const std::vector<std::string>& schemas, const Options& options) {
  ScratchDatabase scratch(live, schemas);
  auto& session = scratch.session();
  const auto& dialect = session.dialect();
  if (!options.empty()) {
    for (const auto& statement : dialect.render().render({SetDatabaseOptions{{}, options}}, Schema{}, session.server())) session.connection().execute(statement.text);
  }
  if (session.server().capabilities.schemas) {
    for (const auto& schema : schemas) session.connection().execute("CREATE SCHEMA IF NOT EXISTS " + dialect.sql().quote_name(schema));
  }
  for (const auto& file : files) run_file(session, file);
  return inspect_whole(session, {.schemas = schemas, .tables = {}, .filter = {}});
}

}  // namespace migrate
