#include "rehearse/place.hpp"

#include <algorithm>
#include <filesystem>

#include "core/filesystem.hpp"
#include "core/sha256.hpp"
#include "dialect/run.hpp"
#include "dialect/sql.hpp"

namespace migrate {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view mark = "_rehearsal_";
constexpr std::size_t digits = 8;
constexpr std::size_t longest_name = 63;  // of PostgreSQL; MySQL allows one more

bool is_file(Target& target) { return !target.dialect().run().file_of(target.url()).empty(); }

/// What the names of its rehearsals begin with; without the folder, of a file.
std::string stem(Target& source) {
  auto name = source.url().database;
  if (is_file(source)) name = fs::path(name).filename().string();
  if (name.empty()) throw Error{ErrorKind::usage, "a database in memory cannot be rehearsed on: nobody else can read it"};
  if (!is_file(source)) name.resize(std::min(name.size(), longest_name - mark.size() - digits));
  return name + std::string(mark);
}

bool is_rehearsal(const std::string& name, const std::string& stem) {
  return name.size() == stem.size() + digits && name.starts_with(stem) && name.find_first_not_of("0123456789abcdef", stem.size()) == std::string::npos;
}

void drop_database(Target& beside, const std::string& name) {
  if (is_file(beside)) {
    for (const auto* part : {"", "-wal", "-shm", "-journal"}) remove_file(name + part);
    return;
  }
  beside.session().connection().execute("DROP DATABASE " + beside.dialect().sql().quote_name(name));
}

}  // namespace

RehearsalPlace::RehearsalPlace(Target& source, Target& beside) : beside_(beside), url_(beside.url()) {
  if (source.url().dialect() != beside.url().dialect()) throw Error{ErrorKind::usage, "a rehearsal needs the same engine: " + beside.url().display() + " is another", "--on a database of the same engine"};
  const auto name = stem(source) + random_hex(digits / 2);
  if (is_file(beside)) {
    url_.database = (fs::path(beside.url().database).parent_path() / name).string();
    return;  // connecting makes it
  }
  url_.database = name;
  try {
    beside.session().connection().execute("CREATE DATABASE " + beside.dialect().sql().quote_name(name));
  } catch (const DatabaseError& error) {
    throw Error{ErrorKind::failed, "cannot make the database " + name + " for the rehearsal: " + error.message(), "the role needs the right to create databases; `--on URL` rehearses on another server"};
  }
}

void RehearsalPlace::drop() {
  kept_ = true;
  drop_database(beside_, url_.database);
}

RehearsalPlace::~RehearsalPlace() {
  if (kept_) return;
  try {
    drop();
  } catch (...) {  // its name says what it was: rehearse --clean
  }
}

std::vector<std::string> clean_rehearsals(Target& source, Target& beside) {
  const auto begin = stem(source);
  std::vector<std::string> names;
  if (is_file(beside)) {
    const auto folder = fs::path(beside.url().database).parent_path();
    for (const auto& name : list_files(folder)) {
      if (is_rehearsal(name, begin)) names.push_back((folder / name).string());
    }
  } else {
    for (const auto& name : beside.dialect().run().database_names(beside.session().connection())) {
      if (is_rehearsal(name, begin)) names.push_back(name);
    }
  }
  for (const auto& name : names) drop_database(beside, name);
  return names;
}

}  // namespace migrate
