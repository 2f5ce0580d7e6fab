#include "library/scratch.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/sha256.hpp"
#include "dialect/catalog.hpp"
#include "dialect/render.hpp"
#include "dialect/run.hpp"
#include "dialect/sql.hpp"
#include "library/target.hpp"

namespace migrate {
namespace {

/// The database that `scratch:` names. Where DDL rolls back, all of it is one transaction that never commits; elsewhere the database is made
/// anew, and a table tells what a killed run has left there from what is somebody's.
class GivenDatabase final : public ScratchPlace {
 public:
  GivenDatabase(Session& live, const DatabaseUrl& url, const std::vector<std::string>& schemas) : session_(url, schemas) {
    const auto refuse = [&](const std::string& what, const std::string& hint) { throw Error{ErrorKind::usage, "`scratch` is " + url.display() + ", " + what, hint}; };
    if (session_.server().product != live.server().product) refuse("and the database at hand is of another engine (" + live.server().product + ")", "name a database on such a server");
    const auto found = session_.dialect().catalog().inspect(session_.connection(), session_.server(), {.schemas = schemas, .tables = {}, .filter = {}});
    rolls_back_ = session_.server().capabilities.transactional_ddl;
    const bool left = !rolls_back_ && std::any_of(found.tables.begin(), found.tables.end(), [](const Table& table) { return table.name.name == mark; });
    if (!left && !(found.tables.empty() && found.views.empty() && found.routines.empty() && found.sequences.empty() && found.enums.empty() && found.domains.empty() && found.definitions.empty())) {
      refuse("which is not empty", "name a database that is there for this alone");
    }
    if (rolls_back_) {
      session_.connection().execute(session_.dialect().run().begin_sql());
      return;
    }
    options_ = found.options;
    if (left) make_anew();
    session_.connection().execute(fmt::format("CREATE TABLE {} (id integer NOT NULL PRIMARY KEY)", session_.dialect().sql().quote_name(mark)));
  }
  GivenDatabase(const GivenDatabase&) = delete;
  GivenDatabase& operator=(const GivenDatabase&) = delete;
  ~GivenDatabase() override {
    try {
      if (rolls_back_) session_.connection().execute("ROLLBACK");
      else make_anew();
    } catch (...) {  // the connection is gone: the server rolls back, or the table tells the next run
    }
  }

  Session& session() override { return session_; }
  static constexpr auto mark = "migrate_scratch";

 private:
  void make_anew() {
    const auto& dialect = session_.dialect();
    const auto name = dialect.sql().quote_name(session_.url().database);
    session_.connection().execute("DROP DATABASE " + name);
    session_.connection().execute("CREATE DATABASE " + name);
    session_.connection().execute("USE " + name);
    for (const auto& statement : dialect.render().render({SetDatabaseOptions{{}, options_}}, Schema{}, session_.server())) session_.connection().execute(statement.text);
  }

  Session session_;
  bool rolls_back_ = false;
  Options options_;
};

/// A database of our own on the server of another session, dropped with this value.
class ScratchDatabase final : public ScratchPlace {
 public:
  ScratchDatabase(Session& live, const std::vector<std::string>& schemas, const std::string& purpose) : live_(live) {
    auto url = live.url();
    url.database.clear();
    if (!live.server().capabilities.single_writer) {
      url.database = "migrate_scratch_" + random_hex(6);
      try {
        live.connection().execute("CREATE DATABASE " + live.dialect().sql().quote_name(url.database));
      } catch (const DatabaseError& error) {
        throw Error{ErrorKind::failed, "cannot make a database to " + purpose + ": " + error.message(),
                    "the role needs the right to create databases; or name an empty database with `scratch: URL` in migrate.yaml"};
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
  ~ScratchDatabase() override { drop(); }

  Session& session() override { return *session_; }

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

}  // namespace

std::unique_ptr<ScratchPlace> make_scratch(Session& live, const std::vector<std::string>& schemas, const Options& options, const std::optional<DatabaseUrl>& given,
                                           const std::string& purpose) {
  std::unique_ptr<ScratchPlace> place;
  if (given && !live.server().capabilities.single_writer) place = std::make_unique<GivenDatabase>(live, *given, schemas);
  else place = std::make_unique<ScratchDatabase>(live, schemas, purpose);
  auto& session = place->session();
  const auto& dialect = session.dialect();
  if (!options.empty()) {
    for (const auto& statement : dialect.render().render({SetDatabaseOptions{{}, options}}, Schema{}, session.server())) session.connection().execute(statement.text);
  }
  if (session.server().capabilities.schemas) {
    for (const auto& schema : schemas) session.connection().execute("CREATE SCHEMA IF NOT EXISTS " + dialect.sql().quote_name(schema));
  }
  return place;
}

Schema inspect_scratch(ScratchPlace& place, const std::vector<std::string>& schemas) {
  auto schema = inspect_whole(place.session(), {.schemas = schemas, .tables = {}, .filter = {}});
  std::erase_if(schema.tables, [](const Table& table) { return table.name.name == GivenDatabase::mark; });
  return schema;
}

}  // namespace migrate
