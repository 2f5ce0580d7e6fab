/// The parts of CREATE statements: pure functions from values to SQL, shared by rendering and normalizing.
#pragma once

#include <string>
#include <vector>

#include "migrate/schema.hpp"

namespace migrate::postgresql {

[[nodiscard]] std::string collation_sql(const std::string& collation);

/// "name type COLLATE ... DEFAULT ... NOT NULL". Storage and statistics are not part of it: see column_settings().
[[nodiscard]] std::string column_sql(const Column& column);
/// What stands behind DEFAULT: as somebody wrote it where that means the same. "" when there is no default.
[[nodiscard]] std::string column_default_sql(const Column& column);
/// The actions of ALTER TABLE for what a column definition cannot say on every version.
[[nodiscard]] std::vector<std::string> column_settings(const Column& column);
/// "GENERATED ALWAYS AS IDENTITY (...)".
[[nodiscard]] std::string identity_sql(const Identity& identity);

/// "(a DESC, lower(b) text_pattern_ops)".
[[nodiscard]] std::string parts_sql(const std::vector<IndexPart>& parts);

/// "CONSTRAINT name PRIMARY KEY (...)", as it stands in CREATE TABLE and behind ADD.
[[nodiscard]] std::string constraint_sql(const PrimaryKey& key);
[[nodiscard]] std::string constraint_sql(const Unique& unique);
[[nodiscard]] std::string constraint_sql(const ForeignKey& key);
[[nodiscard]] std::string constraint_sql(const Check& check);
[[nodiscard]] std::string constraint_sql(const Exclusion& exclusion);

/// "set null (a, b)" as {"set null", {"a", "b"}}.
[[nodiscard]] std::string action_sql(const std::string& action);

[[nodiscard]] std::string index_sql(const Index& index, const QualifiedName& table);
[[nodiscard]] std::string policy_sql(const Policy& policy, const QualifiedName& table);
[[nodiscard]] std::string view_sql(const View& view, bool replace = false);
[[nodiscard]] std::string domain_sql(const Domain& domain);
[[nodiscard]] std::string enum_sql(const EnumType& type);
/// Without OWNED BY.
[[nodiscard]] std::string sequence_sql(const Sequence& sequence);

/// The storage parameters among options, "fillfactor = 70, ..."; "" when there are none.
[[nodiscard]] std::string storage_parameters(const Options& options);
/// One key of them ("toast.autovacuum_enabled") as SQL, and one value.
[[nodiscard]] std::string parameter_name(const std::string& key);
[[nodiscard]] std::string parameter_value(const std::string& value);

[[nodiscard]] inline std::string option(const Options& options, const std::string& key) {
  const auto it = options.find(key);
  return it == options.end() ? std::string{} : it->second;
}

/// The name that the server gives a primary key by itself.
[[nodiscard]] std::string primary_key_name(const PrimaryKey& key, const QualifiedName& table);

/// The name that the server makes for an object of a table: its parts cut until all fit, as makeObjectName() does.
/// Whether a NOT NULL is one that the rows have not been checked for: it cannot stand in the column's own definition (PostgreSQL 18).
[[nodiscard]] bool not_null_later(const Column& column);
/// "ADD [CONSTRAINT name] NOT NULL column ...", an action of ALTER TABLE.
[[nodiscard]] std::string add_not_null_sql(const Column& column);
[[nodiscard]] std::string object_name(std::string table, std::string column, const std::string& label);

/// The sequence behind a serial or identity column, quoted: the name that inspection found, else the one that the server gives.
[[nodiscard]] std::string sequence_name(const Column& column, const QualifiedName& table);

}  // namespace migrate::postgresql
