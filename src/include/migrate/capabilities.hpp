/// What a database server can do.
#pragma once

namespace migrate {

/// What the server in hand can do; found by probing it, not from a version string alone.
struct Capabilities {
  bool transactional_ddl = false;      ///< DDL rolls back with its transaction
  bool session_lock = false;           ///< a lock that lives and dies with the session
  bool single_writer = false;          ///< a transaction locks the whole database (SQLite): the run lock is the write lock
  bool schemas = false;                ///< several schemas in a database
  bool enum_types = false;             ///< enums are types of their own
  bool alter_column_in_place = false;  ///< false: a column change rebuilds the table
  bool column_order = false;           ///< columns can be put into another order
  bool views_pin_columns = false;      ///< a column that a view uses cannot be dropped or change its type
  bool overloads = false;              ///< several routines may share a name
  bool deferrable_keys = false;
  bool triggers_per_table = false;     ///< trigger names are unique in their table only, not in the schema
  bool expressions_follow_renames = true;  ///< false: what is computed from a renamed column is given its new words in the statement that renames
  bool savepoints = true;
  bool view_usage = false;             ///< the catalog tells what views stand on (information_schema.view_table_usage)
  bool statement_a_message = false;    ///< several statements in one message are refused (Citus, for most of DDL)
  bool catalog_in_writes = true;       ///< INSERT and UPDATE may ask the catalog (false: Vitess)
  bool scratch_objects = true;         ///< objects can be made for a moment, to see how the server stores them (false: Vitess)
  bool constraint_alone = false;       ///< ADD CONSTRAINT stands in an ALTER TABLE of its own (Citus)
  bool pooled = false;                 ///< a pooler in between: no session stays ours from one transaction to the next
};

}  // namespace migrate
