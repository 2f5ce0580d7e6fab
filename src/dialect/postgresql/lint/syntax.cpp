// PostgreSQL's own grammar, from libpg_query, in a module of its own: the program does without it where the library was not
// there to build it, and no other command loads it.
#include <dlfcn.h>

#include <cstdlib>
#include <filesystem>
#include <mutex>
#include <vector>

#include "core/filesystem.hpp"
#include "dialect/postgresql/lint/lint.hpp"
#include "dialect/postgresql/lint/syntax_module.hpp"

namespace migrate::postgresql {
namespace {

using CheckSyntax = decltype(&migrate_check_postgresql_syntax);

CheckSyntax load() {
  std::vector<std::filesystem::path> folders;
  if (const char* chosen = std::getenv("MIGRATE_DRIVERS"); chosen != nullptr && *chosen != '\0') folders.emplace_back(chosen);
  const auto here = program_folder();
  folders.insert(folders.end(), {here, here.parent_path(), here.parent_path() / "lib/migrate", MIGRATE_DRIVER_FOLDER});
#ifdef MIGRATE_DRIVER_SUBFOLDER
  folders.push_back(here.parent_path() / MIGRATE_DRIVER_SUBFOLDER);
#endif
  for (const auto& folder : folders) {
    const auto file = folder / "migrate-postgresql-syntax.so";
    std::error_code error;
    if (!std::filesystem::exists(file, error)) continue;
    void* module = ::dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (module == nullptr) return nullptr;
    return reinterpret_cast<CheckSyntax>(::dlsym(module, "migrate_check_postgresql_syntax"));
  }
  return nullptr;
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
