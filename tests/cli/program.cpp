#include "dialect/run.hpp"
#include "program.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>

#include "core/filesystem.hpp"
#include "dialect/dialect.hpp"
#include "project/url.hpp"

namespace migrate::cli_test {
namespace {

std::string unique_name(const std::string& prefix) {
  static int count = 0;
  return prefix + std::to_string(::getpid()) + "_" + std::to_string(++count);
}

/// The URL of another database on the same server.
std::string with_database(const std::string& url, const std::string& name) {
  const auto query = url.find('?');
  const auto slash = url.find('/', url.find("://") + 3);
  return url.substr(0, slash) + "/" + name + (query == std::string::npos ? "" : url.substr(query));
}

void execute(const std::string& url, const std::string& sql) {
  const auto parsed = parse_url(url);
  dialect_named(parsed.dialect()).run().connect(parsed)->execute(sql);
}

}  // namespace

Folder::Folder() : path_(std::filesystem::temp_directory_path() / unique_name("migrate_cli_")) {
  std::filesystem::remove_all(path_);
  std::filesystem::create_directories(path_);
}

Folder::~Folder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

void Folder::write(const std::string& name, const std::string& text) const {
  std::filesystem::create_directories((path_ / name).parent_path());
  write_file(path_ / name, text);
}

std::string Folder::read(const std::string& name) const { return read_file(path_ / name); }

void copy_sample_project(const Folder& folder) {
  const std::filesystem::path checkout = MIGRATE_SOURCE_DIR;
  for (const auto* name : {"migrate.yaml", "migrations", "templates"}) {
    std::filesystem::copy(checkout / name, folder / name, std::filesystem::copy_options::recursive);
  }
}

Outcome run(const std::filesystem::path& folder, std::vector<std::string> command, const Environment& environment) {
  const Folder capture;
  const auto out = (capture / "out").string();
  const auto err = (capture / "err").string();
  std::vector<char*> words;
  for (auto& word : command) words.push_back(word.data());
  words.push_back(nullptr);
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    ::setenv("NO_COLOR", "1", 1);
    for (const auto& [name, value] : environment) ::setenv(name.c_str(), value.c_str(), 1);
    const auto redirect = [](const char* file, int flags, int descriptor) { ::dup2(::open(file, flags, 0600), descriptor); };
    redirect("/dev/null", O_RDONLY, STDIN_FILENO);
    redirect(out.c_str(), O_WRONLY | O_CREAT, STDOUT_FILENO);
    redirect(err.c_str(), O_WRONLY | O_CREAT, STDERR_FILENO);
    if (::chdir(folder.c_str()) != 0) ::_exit(126);
    ::execvp(words[0], words.data());
    ::_exit(127);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  return {WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), read_file(out), read_file(err)};
}

Outcome migrate(const std::filesystem::path& folder, const std::vector<std::string>& arguments, const Environment& environment) {
  std::vector<std::string> command{MIGRATE_PROGRAM};
  command.insert(command.end(), arguments.begin(), arguments.end());
  return run(folder, command, environment);
}

Databases::Databases(const Folder& folder) {
  urls_["sqlite"] = "sqlite:///" + (folder / "test.db").string();
  for (const auto& [engine, variable] : {std::pair{"postgresql", "MIGRATE_TEST_POSTGRESQL"}, std::pair{"mariadb", "MIGRATE_TEST_MARIADB"}, std::pair{"mysql", "MIGRATE_TEST_MYSQL"}}) {
    const char* server = std::getenv(variable);
    if (server == nullptr || *server == '\0') {
      MESSAGE(std::string(variable) << " is not set: skipped there");
      continue;
    }
    const auto name = unique_name("cli_");
    cli_test::execute(server, "CREATE DATABASE " + name);
    made_.push_back({server, name});
    urls_[engine] = with_database(server, name);
  }
}

void Databases::execute(const std::string& engine, const std::string& sql) const { cli_test::execute(urls_.at(engine), sql); }

std::vector<std::string> Databases::rows(const std::string& engine, const std::string& sql) const {
  const auto url = parse_url(urls_.at(engine));
  std::vector<std::string> lines;
  for (const auto& row : dialect_named(url.dialect()).run().connect(url)->query(sql).rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) line += (i == 0 ? "" : "|") + row[i].value_or("");
    lines.push_back(std::move(line));
  }
  return lines;
}

Databases::~Databases() {
  for (const auto& [admin, name] : made_) {
    try {
      cli_test::execute(admin, "DROP DATABASE " + name);
    } catch (const std::exception& error) {
      MESSAGE("cannot drop " << name << ": " << error.what());
    }
  }
}

}  // namespace migrate::cli_test
