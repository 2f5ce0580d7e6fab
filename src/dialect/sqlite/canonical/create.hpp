/// Objects to their CREATE statements.
#pragma once

#include <string>

#include "migrate/schema.hpp"

namespace migrate::sqlite {

/// A column as it stands in CREATE TABLE and ADD COLUMN, without the constraints that the table lists.
[[nodiscard]] std::string column_sql(const Column& column, const Table& table);

[[nodiscard]] std::string check_sql(const Check& check, const std::vector<Column>& columns);  ///< [CONSTRAINT name] CHECK (...)
[[nodiscard]] std::string constraint_prefix(const std::string& name);                         ///< "CONSTRAINT name " or ""
[[nodiscard]] std::string reference_sql(const ForeignKey& key);                               ///< REFERENCES ...

/// CREATE TABLE under the name given, one column or constraint a line; without indexes and triggers.
[[nodiscard]] std::string create_table_sql(const Table& table, const std::string& name);
[[nodiscard]] std::string create_index_sql(const Index& index, const Table& table);
[[nodiscard]] std::string create_view_sql(const View& view);

/// Whether the table's key is a single column that stands for the rowid (manual, lang_createtable.html section 5).
[[nodiscard]] bool has_rowid_alias(const Table& table);

}  // namespace migrate::sqlite
