// Compiled into migrate-postgresql-syntax.so only, where libpg_query is there.
#include "dialect/postgresql/lint/syntax_module.hpp"

#include <pg_query.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace {

void copy(char* to, std::size_t size, const char* from, std::size_t length) {
  const auto count = length < size - 1 ? length : size - 1;
  std::memcpy(to, from, count);
  to[count] = '\0';
}

}  // namespace

extern "C" void migrate_check_postgresql_syntax(const char* sql, SyntaxAnswer* answer) {
  std::memset(answer, 0, sizeof *answer);
  answer->grammar = PG_VERSION_NUM / 10000 * 10000;
  const auto result = pg_query_parse(sql);
  if (result.error != nullptr) {
    copy(answer->error, sizeof answer->error, result.error->message, std::strlen(result.error->message));
    answer->position = result.error->cursorpos;
  } else if (const char* node = std::strstr(result.parse_tree, R"("stmt":{")"); node != nullptr) {
    node += 9;
    copy(answer->node, sizeof answer->node, node, std::strcspn(node, "\""));
    for (const char* at = node; (at = std::strstr(at, R"("AlterTableCmd":{)")) != nullptr; ++at) ++answer->actions;
  }
  pg_query_free_parse_result(result);
}
