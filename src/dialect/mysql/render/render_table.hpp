/// SQL for tables: the pieces of CREATE TABLE and ALTER TABLE.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "dialect/mysql/sql/context.hpp"

namespace migrate::mysql {

/// The table with every collation written out: what inherits from what no longer matters.
[[nodiscard]] Table with_collations(Table table, const std::string& database_collation);

/// "name type NOT NULL DEFAULT ..."; `column` comes from with_collations. Its collation is left out where it is
/// `table_collation`.
[[nodiscard]] std::string column_sql(const Column& column, const Context& context, const std::string& table_collation);

[[nodiscard]] std::string parts_sql(const std::vector<IndexPart>& parts);
[[nodiscard]] std::string primary_key_sql(const PrimaryKey& key);
[[nodiscard]] std::string unique_sql(const Unique& unique, const Context& context);
[[nodiscard]] std::string index_sql(const Index& index, const Context& context);
[[nodiscard]] std::string foreign_key_sql(const ForeignKey& key);
[[nodiscard]] std::string check_sql(const Check& check);

/// "ROW_FORMAT=compressed" for an option other than charset, collation, partitions and versioning.
[[nodiscard]] std::string option_sql(const std::string& key, const std::string& value);

/// The same that sets it back to what the server does by itself.
[[nodiscard]] std::string option_reset_sql(const std::string& key, const Context& context);

/// Options that are clauses of their own.
[[nodiscard]] bool is_plain_option(const std::string& key);

[[nodiscard]] std::string create_table_sql(const Table& table, const Context& context, const std::string& name = {}, bool temporary = false);

/// How the parts of a table before a change became the ones after it; what is not listed is new.
struct Origins {
  std::map<std::string, std::string> columns;  ///< name after -> name before
  std::map<std::string, std::string> keys;     ///< of uniques and indexes
};

struct TableChange {
  Table before;
  Table after;  ///< both with_collations
  Origins origins;
};

/// The statements that carry out the change: one ALTER TABLE where that is safe.
[[nodiscard]] std::vector<std::string> alter_table_sql(const TableChange& change, const Context& context);

}  // namespace migrate::mysql
