#include "transfer/probe.hpp"

#include "dialect/canonical.hpp"
#include "dialect/render.hpp"
#include "dialect/run.hpp"
#include "dialect/sql.hpp"

namespace migrate {
namespace {

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

std::vector<Statement> creation(const Schema& schema, const Dialect& dialect, const ServerInfo& server) {
  std::vector<Operation> operations;
  for (const auto& type : schema.enums) operations.emplace_back(Create<EnumType>{type});
  for (const auto& table : schema.tables) operations.emplace_back(Create<Table>{table});
  for (const auto& view : schema.views) operations.emplace_back(Create<View>{view});
  return dialect.render().render(operations, Schema{}, server);
}

}  // namespace

std::string Probe::refusal(const Table& table, const std::vector<EnumType>& enums) {
  Schema schema;
  schema.tables.push_back(table);
  // Types of their own names: those of the table may be there already.
  for (const auto& type : enums) {
    const auto name = "migrate_probe_" + std::to_string(schema.enums.size());
    bool used = false;
    for (auto& column : schema.tables[0].columns) {
      if (column.type != type.name.text()) continue;
      column.type = name;
      used = true;
    }
    if (!used) continue;
    schema.enums.push_back(type);
    schema.enums.back().name = {"", name};
  }
  return refusal(std::move(schema));
}

std::string Probe::refusal(const View& view) {
  Schema schema;
  schema.views.push_back(view);
  schema.views.back().name = {"", "migrate_probe"};
  return refusal(std::move(schema));
}

std::string Probe::refusal(Schema schema) {
  const bool back = server_.capabilities.transactional_ddl;
  const bool view = !schema.views.empty();
  std::string why;
  try {
    dialect_.canonical().canonicalize(schema, server_);
    const auto statements = creation(schema, dialect_, server_);
    if (back) connection_.execute(dialect_.run().begin_sql());
    else connection_.execute(view ? "DROP VIEW IF EXISTS migrate_probe" : "DROP TABLE IF EXISTS migrate_probe");
    for (const auto& statement : statements) connection_.execute(statement.text);
    // What a default or a check calls may be looked up when a row comes only.
    if (back && !view) static_cast<void>(connection_.query("EXPLAIN INSERT INTO " + dialect_.sql().quote_name(schema.tables.at(0).name) + " DEFAULT VALUES"));
  } catch (const DatabaseError& error) {
    if (error.cause == DatabaseError::Cause::connection) throw;
    why = first_line(error.message());
  } catch (const Error& error) {
    return first_line(error.message());
  }
  try {
    if (back) connection_.execute("ROLLBACK");
    else connection_.execute(view ? "DROP VIEW IF EXISTS migrate_probe" : "DROP TABLE IF EXISTS migrate_probe");
  } catch (const DatabaseError& error) {
    if (error.cause == DatabaseError::Cause::connection) throw;
  }
  return why;
}

}  // namespace migrate
