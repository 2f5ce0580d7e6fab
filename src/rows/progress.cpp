#include "rows/progress.hpp"

#include <fmt/format.h>

#include "core/sha256.hpp"
#include "dialect/canonical.hpp"
#include "dialect/render.hpp"
#include "dialect/run.hpp"
#include "dialect/sql.hpp"

namespace migrate {
namespace {

/// Kinds of records beside the parts of tables.
constexpr std::string_view begun_mark = "begun";
constexpr std::string_view rejected_mark = "rejected";

std::string id_of(const CopyPart& part) { return sha256(part.table).substr(0, 40) + "-" + std::to_string(part.part); }

}  // namespace

std::string CopyProgress::text(const std::string& value) const { return dialect_.sql().quote_value(value); }

std::string CopyProgress::begun(Connection& connection) const {
  try {
    const auto result = connection.query(fmt::format("SELECT place_from FROM {} WHERE state = '{}'", dialect_.sql().quote_name(name_), begun_mark));
    return result.rows.empty() ? "" : result.rows[0].at(0).value_or("");
  } catch (const DatabaseError& error) {
    if (dialect_.run().is_missing_table(error)) return "";
    throw;
  }
}

void CopyProgress::begin(Connection& connection, const ServerInfo& server, const std::string& what) const {
  Schema schema;
  Table table{.name = name_};
  const auto text_type = dialect_.sql().long_text_type();
  table.columns = {{.name = "id", .type = "varchar(100)", .nullable = false}, {.name = "object", .type = text_type}, {.name = "part", .type = "integer"},
                   {.name = "place_from", .type = text_type}, {.name = "place_to", .type = text_type}, {.name = "state", .type = "varchar(20)"},
                   {.name = "row_count", .type = "bigint"}, {.name = "checksum", .type = "varchar(60)"}};
  table.primary_key = PrimaryKey{.name = "", .parts = {{.column = "id"}}};
  table.options = dialect_.run().durable_table_options();
  schema.tables.push_back(table);
  dialect_.canonical().canonicalize(schema, server);
  // One that was cut off between its first two statements has a table and nothing in it.
  connection.execute("DROP TABLE IF EXISTS " + dialect_.sql().quote_name(name_));
  for (const auto& statement : dialect_.render().render({Create<Table>{schema.tables[0]}}, Schema{}, server)) connection.execute(statement.text);
  connection.execute(fmt::format("INSERT INTO {} (id, object, state, place_from) VALUES ('begun', '', '{}', {})", dialect_.sql().quote_name(name_), begun_mark, text(what)));
}

void CopyProgress::end(Connection& connection) const { connection.execute("DROP TABLE " + dialect_.sql().quote_name(name_)); }

std::vector<CopyPart> CopyProgress::parts(Connection& connection) const {
  std::vector<CopyPart> parts;
  const auto result = connection.query(fmt::format("SELECT object, part, place_from, place_to, state, row_count, checksum FROM {} WHERE state IN ('planned', 'done') ORDER BY object, part",
                                                   dialect_.sql().quote_name(name_)));
  for (const auto& row : result.rows) {
    CopyPart part{.table = row.at(0).value_or(""), .part = std::stoi(row.at(1).value_or("0"))};
    part.range = {read_place(row.at(2).value_or("")), read_place(row.at(3).value_or(""))};
    part.done = row.at(4) == "done";
    part.checksum = {std::stoll(row.at(5).value_or("0")), row.at(6).value_or("")};
    parts.push_back(std::move(part));
  }
  return parts;
}

std::string CopyProgress::wait_sql() const { return fmt::format("UPDATE {} SET state = state WHERE state IN ('planned', 'done')", dialect_.sql().quote_name(name_)); }

std::string CopyProgress::claim_sql(const CopyPart& part) const {
  return fmt::format("UPDATE {} SET state = 'planned' WHERE id = '{}'", dialect_.sql().quote_name(name_), id_of(part));
}

std::string CopyProgress::plan_sql(const CopyPart& part) const {
  return fmt::format("INSERT INTO {} (id, object, part, place_from, place_to, state) VALUES ('{}', {}, {}, {}, {}, 'planned')", dialect_.sql().quote_name(name_), id_of(part), text(part.table), part.part,
                     text(write_place(part.range.from)), text(write_place(part.range.to)));
}

std::string CopyProgress::done_sql(const CopyPart& part) const {
  return fmt::format("UPDATE {} SET state = 'done', row_count = {}, checksum = '{}' WHERE id = '{}'", dialect_.sql().quote_name(name_), part.checksum.rows, part.checksum.sum, id_of(part));
}

std::string CopyProgress::forget_sql(const std::string& table) const { return fmt::format("DELETE FROM {} WHERE object = {}", dialect_.sql().quote_name(name_), text(table)); }

std::string CopyProgress::rejected_sql(const std::string& table, const std::string& words) const {
  return fmt::format("INSERT INTO {} (id, object, state, place_from) VALUES ('{}', {}, '{}', {})", dialect_.sql().quote_name(name_), random_hex(20), text(table), rejected_mark, text(words));
}

std::vector<std::pair<std::string, std::string>> CopyProgress::rejected(Connection& connection) const {
  std::vector<std::pair<std::string, std::string>> list;
  for (const auto& row : connection.query(fmt::format("SELECT object, place_from FROM {} WHERE state = '{}' ORDER BY id", dialect_.sql().quote_name(name_), rejected_mark)).rows) {
    list.emplace_back(row.at(0).value_or(""), row.at(1).value_or(""));
  }
  return list;
}

}  // namespace migrate
