// `cmake --install` puts a program in place that needs nothing of the source tree, and a package that others can find.
#include <doctest/doctest.h>

#include "program.hpp"

namespace migrate::cli_test {
namespace {

/// Runs a command and expects that it succeeds.
Outcome run_well(const Folder& folder, const std::vector<std::string>& command, const Environment& environment = {}) {
  auto outcome = run(folder.path(), command, environment);
  INFO(command.front() << "\n" << outcome.out << outcome.err);
  REQUIRE(outcome.code == 0);
  return outcome;
}

}  // namespace

TEST_CASE("an installed migrate works elsewhere, and find_package finds it") {
  const Folder folder;
  const auto prefix = (folder / "prefix").string();
  run_well(folder, {"cmake", "--install", MIGRATE_BUILD_DIR, "--prefix", prefix});

  const auto program = prefix + "/bin/migrate";
  const Databases databases(folder);
  for (const auto& known : databases.urls()) {
    const auto& [engine, url] = known;
    CAPTURE(known.first);
    run_well(folder, {program, "init", engine, "--database", url});
    run_well(folder, {program, "revision", "-c", engine, "-m", "empty"});
    run_well(folder, {program, "upgrade", "-c", engine});
    CHECK(run_well(folder, {program, "check", "-c", engine}).out.find("agree") != std::string::npos);
  }

  folder.write("user/CMakeLists.txt",
               "cmake_minimum_required(VERSION 3.22)\nproject(user LANGUAGES CXX)\n"
               "find_package(migrate 0.2 REQUIRED)\nadd_executable(user main.cpp)\ntarget_link_libraries(user PRIVATE migrate::migrate)\n");
  folder.write("user/main.cpp",
               "#include <iostream>\n#include <migrate/schema.hpp>\n"
               "int main() {\n  migrate::Table users{.name = {\"\", \"users\"}};\n  std::cout << users.name.text();\n}\n");
  run_well(folder, {"cmake", "-S", "user", "-B", "user/build", "-G", "Ninja", "-DCMAKE_PREFIX_PATH=" + prefix});
  run_well(folder, {"cmake", "--build", "user/build"});
  CHECK(run_well(folder, {"user/build/user"}).out == "users");
}

}  // namespace migrate::cli_test
