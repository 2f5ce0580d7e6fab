// PostgreSQL's own grammar, from libpg_query, in a module of its own: the program does without it where the library was not
// there to build it, and no other command loads it.
#include <dlfcn.h>

#include <mutex>

#include "dialect/module.hpp"
#include "dialect/postgresql/lint/lint.hpp"
#include "dialect/postgresql/lint/syntax_module.hpp"

namespace migrate::postgresql {
namespace {

using CheckSyntax = decltype(&migrate_check_postgresql_syntax);

CheckSyntax load() {
  const auto file = find_module("migrate-postgresql-syntax.so");
  void* module = file ? ::dlopen(file->c_str(), RTLD_NOW | RTLD_LOCAL) : nullptr;
  return module == nullptr ? nullptr : reinterpret_cast<CheckSyntax>(::dlsym(module, "migrate_check_postgresql_syntax"));
}

}  // namespace

Syntax check_syntax(std::string_view sql) {
  static std::once_flag once;
  static CheckSyntax check = nullptr;
  std::call_once(once, [] { check = load(); });
  if (check == nullptr) return {};
  SyntaxAnswer answer{};
  check(std::string(sql).c_str(), &answer);
  return {true, answer.grammar, answer.error, answer.position, answer.node, answer.actions};
}

}  // namespace migrate::postgresql
