/// What stands behind Operations: the schema as the calls leave it, and the way from a call to statements. Every change of a
/// definition is an edit of a schema value; compare, order and render, which autogenerate uses, make it statements.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "dialect/dialect.hpp"
#include "dialect/server.hpp"
#include "dialect/statement.hpp"
#include "migrate/operations.hpp"
#include "migrate/schema.hpp"
#include "operation/operation.hpp"
#include "runner/step.hpp"
#include "schema/model.hpp"

namespace migrate {

/// What all units of a run share.
struct UnitEnvironment {
  const Dialect* dialect = nullptr;
  ServerInfo server;
  ModelOptions model;                ///< names of keys, sections
  std::filesystem::path folder;      ///< what the compiler's file names are relative to
  std::function<Schema()> inspect;   ///< null without a database
  std::function<Result(const std::string& sql)> ask;  ///< a query of our own; null without a database
  std::optional<Schema> schema;      ///< as the last unit left it
  std::string left_by;               ///< that unit
};

class SchemaEditor;

class OperationsContext {
 public:
  using Place = CallPlace;

  OperationsContext(UnitEnvironment& environment, StepSink& sink, std::optional<Schema> schema)
      : environment_(environment), sink_(sink), schema_(std::move(schema)) {}

  [[nodiscard]] const Dialect& dialect() const { return *environment_.dialect; }
  [[nodiscard]] const ServerInfo& server() const { return environment_.server; }
  [[nodiscard]] StepSink& sink() { return sink_; }
  [[nodiscard]] const UnitEnvironment& environment() const { return environment_; }

  /// The place of a call in the unit.
  [[nodiscard]] Location location(const Place& place) const;
  /// The spelling of SQL for the engine in hand.
  [[nodiscard]] std::string text(const SqlText& sql) const;
  [[nodiscard]] std::string type(const std::string& type, const std::vector<std::pair<std::string, std::string>>& engine_types) const;
  /// A value as SQL. Throws Error (usage) for text that no literal can hold.
  [[nodiscard]] std::string literal(const Scalar& value, const Location& at) const;
  /// The text with literals in the places of its parameters. Throws Error (usage) when their numbers differ.
  [[nodiscard]] std::string bind(const std::string& sql, const Scalars& values, const Location& at) const;

  /// The schema as it is now; what the database says when it is not known.
  [[nodiscard]] const Schema& schema();
  /// The same, remembered with the progress of a unit that is cut off.
  [[nodiscard]] const Schema& observed_schema(const Location& at);
  /// The named tables, and the views that use them, as they are when the unit first comes to this place; remembered likewise.
  /// Views come in an order in which they can be made.
  [[nodiscard]] Schema remembered(const std::string& key, const std::function<bool(const Table&)>& wanted, const Location& at);
  [[nodiscard]] const std::optional<Schema>& known_schema() const { return schema_; }
  /// Whether it is whole; else only what the calls so far have made.
  [[nodiscard]] bool is_whole() const { return static_cast<bool>(environment_.inspect); }

  /// Changes definitions: `edit` gets a copy of the schema and makes it what it shall be, in the portable terms of a model.
  /// Renames come first and are made already. `finish` may change the statements.
  using Edit = std::function<void(SchemaEditor& editor)>;
  using Finish = std::function<void(std::vector<Statement>& statements)>;
  void change(const std::string& key, const Location& at, const Edit& edit, const Finish& finish = {});
  void rename(const std::string& key, const Location& at, const std::function<std::vector<Operation>(const Schema&)>& renames);
  /// Runs the SQL of a call.
  void execute(const std::string& sql, const Location& at);
  void execute_all(const std::string& key, std::vector<Statement> statements, const Location& at);
  [[nodiscard]] Rows query(const std::string& sql, const Location& at);

 private:
  std::vector<Statement> statements_for(const Location& at, const Edit& edit, const Finish& finish);
  std::vector<Statement> render(const std::vector<Operation>& operations, const Schema& before, const Location& at);
  void forget_schema();

  UnitEnvironment& environment_;
  StepSink& sink_;
  std::optional<Schema> schema_;
  Schema observed_;
};

// ---- editing a schema (operations_edit.cpp) --------------------------------------------------------------------------

/// Makes the definitions of a unit parts of a declared schema.
class SchemaEditor {
 public:
  /// `before` gets what has to be taken for granted where no database tells.
  SchemaEditor(OperationsContext& context, Schema& before, Schema& schema, Location at)
      : context_(context), before_(before), schema_(schema), at_(std::move(at)) {}

  [[nodiscard]] Schema& schema() { return schema_; }
  /// The table. Throws Error (usage) when it is not there and the schema is known.
  Table& table(const QualifiedName& name);
  Column& column(Table& table, const std::string& name);

  void create(const TableDefinition& definition);
  void add(Table& table, const ColumnDefinition& definition);
  void alter(Table& table, const std::string& name, const ColumnChange& change);
  void drop_column(Table& table, const std::string& name);
  void add(Table& table, Unique unique);
  void add(Table& table, ForeignKey key);
  void add_check(Table& table, const SqlText& expression, const std::string& name, const std::string& column);
  void add(Table& table, const IndexDefinition& definition);
  void set_primary_key(Table& table, PrimaryKey key);

  /// Takes a part out by its name. Throws Error (usage) when there is none.
  template <class T>
  void take(const QualifiedName& table, std::vector<T> Table::*parts, const std::string& name, const char* what);

  [[noreturn]] void fail(const std::string& message, const std::string& hint = {}) const;

 private:
  void add_values(const std::string& type, const std::optional<Names>& values);
  void add_parts(Table& table, const ColumnDefinition& definition);
  template <class T>
  void name_it(const Table& table, T& part, const std::vector<T>& others, const std::string& rule, const std::string& columns, const std::string& name);

  OperationsContext& context_;
  Schema& before_;
  Schema& schema_;
  Location at_;
};

}  // namespace migrate
