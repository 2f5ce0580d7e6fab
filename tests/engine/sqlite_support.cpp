#include "sqlite_support.hpp"

#include <algorithm>
#include <stdexcept>

#include "core/text.hpp"
#include "dialect/canonical.hpp"
#include "dialect/catalog.hpp"
#include "dialect/dialect.hpp"
#include "dialect/registry.hpp"
#include "dialect/run.hpp"
#include "dialect/sqlite/run/connect.hpp"
#include "dialect/sqlite/sql/text.hpp"
#include "schema/model.hpp"

namespace migrate::test {
namespace {

std::string text_of(const Row& row, std::size_t from = 0) {
  std::string text;
  for (std::size_t i = from; i < row.size(); ++i) text += (i > from ? "|" : "") + row[i].value_or("NULL");
  return text;
}

void sorted_lines(std::vector<std::string> lines, std::string& out) {
  std::sort(lines.begin(), lines.end());
  for (const auto& line : lines) out += line + "\n";
}

std::string describe_index(Connection& connection, const Row& index) {
  const bool named = index[3] == "c";
  std::string line = "  index " + (named ? *index[1] : std::string("constraint")) + " unique=" + *index[2] + " origin=" + *index[3] + " partial=" + *index[4];
  for (const Row& part : connection.query("PRAGMA index_xinfo(" + sqlite::quote_text(*index[1]) + ")").rows) {
    if (part[5] == "1") line += " (" + part[2].value_or("expression") + " desc=" + *part[3] + " " + part[4].value_or("") + ")";
  }
  if (named) {
    const Value sql = connection.query("SELECT sql FROM sqlite_schema WHERE name = " + sqlite::quote_text(*index[1])).rows[0][0];
    line += " " + replace_all(normalize_sql(*sql, sqlite::lexical_rules()), " asc", "");
  }
  return line;
}

}  // namespace

std::unique_ptr<Connection> memory_database(const std::string& sql) {
  auto connection = sqlite::connect({.scheme = "sqlite"});
  connection->execute(sql);
  return connection;
}

std::string first_difference(const std::string& a, const std::string& b) {
  const auto left = split(a, '\n');
  const auto right = split(b, '\n');
  for (std::size_t i = 0; i < std::max(left.size(), right.size()); ++i) {
    const std::string one = i < left.size() ? left[i] : "";
    const std::string two = i < right.size() ? right[i] : "";
    if (one != two) return one + "\n" + two;
  }
  return {};
}

ServerInfo sqlite_server() {
  static const ServerInfo server = sqlite::dialect().catalog().probe(*memory_database());
  return server;
}

Schema live_schema(Connection& connection) { return sqlite::dialect().catalog().inspect(connection, sqlite_server(), {}); }

std::string sqlite_catalog(Connection& connection) {
  std::string out;
  for (const Row& table : connection.query("SELECT name, wr, strict FROM pragma_table_list WHERE schema = 'main' AND type = 'table' ORDER BY name").rows) {
    if (table[0]->starts_with("sqlite_")) continue;
    const std::string name = sqlite::quote_text(*table[0]);
    out += "table " + text_of(table) + "\n";
    for (const Row& column : connection.query("PRAGMA table_xinfo(" + name + ")").rows) out += "  column " + text_of(column) + "\n";
    std::vector<std::string> lines;
    for (const Row& key : connection.query("PRAGMA foreign_key_list(" + name + ")").rows) lines.push_back("  key " + lower(text_of(key, 1)));
    sorted_lines(std::move(lines), out);
    lines.clear();
    for (const Row& index : connection.query("PRAGMA index_list(" + name + ")").rows) lines.push_back(describe_index(connection, index));
    sorted_lines(std::move(lines), out);
    const Value sql = connection.query("SELECT sql FROM sqlite_schema WHERE type = 'table' AND name = " + name).rows[0][0];
    const std::string normal = normalize_sql(*sql, sqlite::lexical_rules());
    for (const char* word : {"autoincrement", "check", "on conflict", "initially deferred", "collate"}) {
      std::size_t count = 0;
      for (std::size_t at = 0; (at = normal.find(word, at)) != std::string::npos; ++at) ++count;
      if (count > 0) out += "  " + std::string(word) + " x " + std::to_string(count) + "\n";
    }
  }
  for (const Row& row : connection.query("SELECT name, sql FROM sqlite_schema WHERE type IN ('view', 'trigger') ORDER BY name").rows) {
    out += *row[0] + ": " + normalize_sql(*row[1], sqlite::lexical_rules()) + "\n";
  }
  return out;
}

std::vector<Operation> creations(const Schema& schema) {
  std::vector<Operation> operations;
  for (const auto& table : schema.tables) operations.emplace_back(Create<Table>{table});
  for (const auto& view : schema.views) operations.emplace_back(Create<View>{view});
  for (const auto& definition : schema.definitions) operations.emplace_back(Create<Definition>{definition});
  const auto add = [&](const auto& object) {
    for (const auto& trigger : object.triggers) operations.emplace_back(Add<Trigger>{object.name, trigger});
  };
  std::for_each(schema.tables.begin(), schema.tables.end(), add);
  std::for_each(schema.views.begin(), schema.views.end(), add);
  return operations;
}

void run_unit(Connection& connection, const std::vector<Statement>& statements) {
  const UnitFrame frame = sqlite::dialect().run().frame_unit(statements, &connection);
  for (const auto& statement : frame.before) connection.execute(statement.text);
  connection.execute("BEGIN IMMEDIATE");
  std::vector<std::string> known;
  if (frame.violations) known = frame.violations(connection);
  try {
    for (const auto& statement : frame.statements) connection.execute(statement.text);
    if (frame.violations) {
      for (const auto& line : frame.violations(connection)) {
        const auto it = std::find(known.begin(), known.end(), line);
        if (it == known.end()) throw std::runtime_error("a new violation: " + line);
        known.erase(it);
      }
    }
    connection.execute("COMMIT");
    for (const auto& statement : frame.after) connection.execute(statement.text);
  } catch (...) {
    connection.execute("ROLLBACK");
    for (const auto& sql : frame.restore) connection.execute(sql);
    throw;
  }
  for (const auto& sql : frame.restore) connection.execute(sql);
}

std::string rows(Connection& connection, const std::string& sql) {
  std::string text;
  for (const Row& row : connection.query(sql).rows) text += (text.empty() ? "" : "; ") + text_of(row);
  return text;
}

Schema declared_schema(const std::string& yaml) {
  ModelOptions options;
  options.sections = {"sqlite"};
  options.other_sections = {"mysql", "mariadb", "postgresql"};
  Schema schema = parse_model(yaml, "model.yaml", options);
  sqlite::dialect().canonical().canonicalize(schema, sqlite_server());
  return schema;
}

}  // namespace migrate::test
