/// Builders for tables, columns, keys and indexes, as C++ units write them. Types are the portable ones of the model
/// (docs/model.md), or the engine's own.
#pragma once

#include <initializer_list>
#include <list>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "migrate/schema.hpp"
#include "migrate/values.hpp"

namespace migrate {

/// A table by name: "users", "audit.entries", or a QualifiedName.
class TableName {
 public:
  TableName(const char* name) : TableName(std::string(name)) {}  // NOLINT: names are meant to convert
  TableName(const std::string& name);                            // NOLINT
  TableName(QualifiedName name) : name_(std::move(name)) {}      // NOLINT

  [[nodiscard]] const QualifiedName& get() const { return name_; }

 private:
  QualifiedName name_;
};

using Names = std::vector<std::string>;

/// What a foreign key refers to.
class ForeignKeyDefinition {
 public:
  ForeignKeyDefinition(Names columns, const TableName& table, Names referenced = {});

  ForeignKeyDefinition& named(std::string name);
  ForeignKeyDefinition& on_delete(std::string action);  ///< "cascade", "set null", "set default", "restrict"
  ForeignKeyDefinition& on_update(std::string action);
  ForeignKeyDefinition& match_full();
  ForeignKeyDefinition& deferrable(bool initially_deferred = false);
  ForeignKeyDefinition& not_valid();
  ForeignKeyDefinition& comment(std::string text);

  ForeignKey value;
};

/// An index over columns ("name", "created desc", "name nulls first") or expressions ("(lower(mail))").
class IndexDefinition {
 public:
  explicit IndexDefinition(Names parts);

  IndexDefinition& named(std::string name);
  IndexDefinition& unique();
  IndexDefinition& where(SqlText condition);  ///< a partial index, where the engine has them
  IndexDefinition& method(std::string name);  ///< "gin", "hash", "fulltext", ...
  IndexDefinition& include(Names columns);
  IndexDefinition& nulls_not_distinct();
  IndexDefinition& comment(std::string text);
  IndexDefinition& option(std::string key, std::string text);
  /// Without blocking writers, where the engine can; the unit's header must say `transaction: off` for that.
  IndexDefinition& concurrently();

  Index value;
  SqlText condition;
  bool is_concurrent = false;
};

class ColumnDefinition {
 public:
  ColumnDefinition(std::string name, std::string type);

  ColumnDefinition& type_on(std::string engine, std::string type);  ///< another type on an engine
  ColumnDefinition& not_null();
  ColumnDefinition& nullable();
  ColumnDefinition& default_value(Scalar value);  ///< a literal, or migrate::sql("now()")
  ColumnDefinition& default_sql(SqlText expression);
  ColumnDefinition& identity(Identity::Kind kind = Identity::Kind::by_default);
  ColumnDefinition& identity(Identity value);
  ColumnDefinition& generated(SqlText expression, bool stored = true);
  ColumnDefinition& collation(std::string name);
  ColumnDefinition& comment(std::string text);
  ColumnDefinition& option(std::string key, std::string text);
  /// The values of an enum column; its type is the enum's name, which create_enum makes where the engine has enum types.
  ColumnDefinition& values(Names values);
  /// What existing rows get when a NOT NULL column is added.
  ColumnDefinition& backfill(SqlText expression);
  ColumnDefinition& after(std::string column);  ///< behind this column, where the engine can; "" is first

  // Short forms for keys of this one column.
  ColumnDefinition& primary_key();
  ColumnDefinition& unique(std::string name = {});
  ColumnDefinition& index(std::string name = {});
  ColumnDefinition& check(SqlText expression, std::string name = {});
  ColumnDefinition& references(const TableName& table, std::string column = {}, std::string on_delete = {});

  Column value;
  std::vector<std::pair<std::string, std::string>> engine_types;
  std::optional<SqlText> default_expression, generated_expression, backfill_expression;
  bool generated_stored = true;
  std::optional<Names> enum_values;
  std::optional<std::string> position;
  bool is_primary_key = false;
  std::optional<std::string> unique_name, index_name;
  std::vector<std::pair<std::string, SqlText>> checks;
  std::vector<ForeignKeyDefinition> foreign_keys;
};

[[nodiscard]] inline ColumnDefinition column(std::string name, std::string type) { return {std::move(name), std::move(type)}; }

/// What becomes of a column; what is not named stays.
class ColumnChange {
 public:
  ColumnChange& type(std::string type, SqlText cast = {});  ///< `cast`: how old values become new ones, where the engine asks
  ColumnChange& type_on(std::string engine, std::string type);
  ColumnChange& not_null();
  ColumnChange& nullable();
  ColumnChange& default_value(Scalar value);
  ColumnChange& default_sql(SqlText expression);
  ColumnChange& no_default();
  ColumnChange& identity(Identity::Kind kind = Identity::Kind::by_default);
  ColumnChange& no_identity();
  ColumnChange& collation(std::string name);
  ColumnChange& comment(std::string text);
  ColumnChange& option(std::string key, std::string text);
  ColumnChange& values(Names values);
  ColumnChange& backfill(SqlText expression);  ///< what rows with NULL get in front of not_null()

  std::optional<std::string> new_type, new_collation, new_comment;
  std::vector<std::pair<std::string, std::string>> engine_types;
  std::optional<SqlText> cast, default_expression, backfill_expression;
  std::optional<bool> is_nullable;
  std::optional<Default> literal_default;
  bool drop_default = false, drop_identity = false;
  std::optional<Identity> new_identity;
  Options options;
  std::optional<Names> enum_values;
};

/// A change to begin with: migrate::alter().type("text").not_null()
[[nodiscard]] inline ColumnChange alter() { return {}; }

/// A new table.
class TableDefinition {
 public:
  explicit TableDefinition(const TableName& name) : name(name.get()) {}

  ColumnDefinition& column(std::string name, std::string type);
  void primary_key(Names columns, std::string name = {});
  void unique(Names columns, std::string name = {});
  ForeignKeyDefinition& foreign_key(Names columns, const TableName& table, Names referenced = {});
  void check(SqlText expression, std::string name = {});
  void exclusion(std::string name, std::string definition);  ///< PostgreSQL: what follows EXCLUDE
  IndexDefinition& index(Names parts, std::string name = {});
  void comment(std::string text);
  void option(std::string key, std::string text);  ///< as in the model: "engine", "unlogged", "strict", ...

  QualifiedName name;
  std::list<ColumnDefinition> columns;
  std::optional<PrimaryKey> key;
  std::vector<Unique> uniques;
  std::list<ForeignKeyDefinition> foreign_keys;
  std::vector<std::pair<std::string, SqlText>> checks;
  std::vector<Exclusion> exclusions;
  std::list<IndexDefinition> indexes;
  std::string comment_text;
  Options options;
};

}  // namespace migrate
