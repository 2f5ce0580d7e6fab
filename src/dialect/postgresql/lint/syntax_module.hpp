/// What the module with libpg_query answers; plain C so that nothing of the library is seen outside of it.
#pragma once

struct SyntaxAnswer {
  int grammar;       ///< the server version whose grammar it is: 150000
  int position;      ///< of the error, from 1; 0: not known
  int actions;       ///< of an ALTER TABLE
  char error[200];   ///< "" when the statement is read
  char node[64];     ///< "AlterTableStmt"
};

extern "C" void migrate_check_postgresql_syntax(const char* sql, SyntaxAnswer* answer);
