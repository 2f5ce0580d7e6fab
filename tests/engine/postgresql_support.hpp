/// What the PostgreSQL tests share: scratch databases on the test server, pg_dump, and rebuilding a schema.
#pragma once

#include <doctest/doctest.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "core/text.hpp"
#include "dialect/catalog.hpp"
#include "dialect/dialect.hpp"
#include "dialect/registry.hpp"
#include "dialect/render.hpp"
#include "dialect/run.hpp"
#include "operation/operation.hpp"
#include "project/url.hpp"

namespace migrate::postgresql_test {

inline const Dialect& engine() { return migrate::postgresql::dialect(); }

/// True when there is a server; says so when not.
inline bool have_server() {
  if (std::getenv("MIGRATE_TEST_POSTGRESQL") != nullptr) return true;
  MESSAGE("skipped: MIGRATE_TEST_POSTGRESQL is not set");
  return false;
}

/// A database of its own that goes away with the object.
class Scratch {
 public:
  Scratch() {
    static int counter = 0;
    url_ = parse_url(std::getenv("MIGRATE_TEST_POSTGRESQL"));
    admin_ = engine().run().connect(url_);
    url_.database = "migrate_test_" + std::to_string(::getpid()) + "_" + std::to_string(++counter);
    admin_->execute("CREATE DATABASE " + url_.database);
    connection = engine().run().connect(url_);
    server = engine().catalog().probe(*connection);
  }
  ~Scratch() {
    connection.reset();
    try {
      admin_->execute("DROP DATABASE IF EXISTS " + url_.database);
    } catch (...) {  // another session of the test is still in it
    }
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  [[nodiscard]] const DatabaseUrl& url() const { return url_; }
  void execute(const std::string& sql) const { connection->execute(sql); }
  [[nodiscard]] Schema inspect(std::vector<std::string> schemas = {}) const {
    return engine().catalog().inspect(*connection, server, InspectOptions{.schemas = std::move(schemas)});
  }
  void run(const std::vector<Operation>& operations, const Schema& before) const {
    for (const auto& statement : engine().render().render(operations, before, server)) {
      INFO(statement.text);
      REQUIRE_NOTHROW(connection->execute(statement.text));
    }
  }
  /// What pg_dump says about the definitions, without comments and settings.
  [[nodiscard]] std::string dump() const {
    const auto command = "pg_dump -s --no-owner --no-privileges -h " + url_.host + " -p " + std::to_string(url_.port) + " -U " + url_.user +
                         " " + url_.database + " 2>&1";
    std::unique_ptr<FILE, int (*)(FILE*)> pipe(::popen(command.c_str(), "r"), ::pclose);
    std::string text;
    std::array<char, 65536> buffer{};
    while (const auto count = std::fread(buffer.data(), 1, buffer.size(), pipe.get())) text.append(buffer.data(), count);
    std::string result;
    for (std::size_t start = 0; start < text.size();) {
      const auto end = std::min(text.find('\n', start), text.size());
      const auto line = text.substr(start, end - start);
      const bool noise = line.starts_with("--") || line.empty() || line.starts_with("\\") || line.starts_with("SET ") ||
                         line.starts_with("SELECT pg_catalog.set_config");
      if (!noise) result += line + "\n";
      start = end + 1;
    }
    return result;
  }

  std::unique_ptr<Connection> connection;
  ServerInfo server;

 private:
  DatabaseUrl url_;
  std::unique_ptr<Connection> admin_;
};

/// The operations that make a whole schema in an empty database, in an order that holds for the schemas of these tests.
inline std::vector<Operation> creation(const Schema& schema) {
  std::vector<Operation> operations;
  for (const auto& name : schema.schemas) operations.emplace_back(CreateSchema{name});
  for (const auto& object : schema.extensions) operations.emplace_back(Create<Extension>{object});
  for (const auto& object : schema.enums) operations.emplace_back(Create<EnumType>{object});
  const auto add_definitions = [&](const std::vector<std::string>& kinds) {
    for (const auto& object : schema.definitions) {
      if (std::find(kinds.begin(), kinds.end(), object.kind) != kinds.end()) operations.emplace_back(Create<Definition>{object});
    }
  };
  add_definitions({"type"});
  for (const auto& object : schema.sequences) operations.emplace_back(Create<Sequence>{object});
  for (const auto& object : schema.domains) operations.emplace_back(Create<Domain>{object});
  // A function that returns rows of a table comes behind the tables.
  const auto is_late = [](const Routine& routine) { return routine.definition.find("RETURNS SETOF ") != std::string::npos; };
  for (const auto& object : schema.routines) {
    if (!is_late(object)) operations.emplace_back(Create<Routine>{object});
  }
  add_definitions({"aggregate"});
  std::vector<Table> tables = schema.tables;
  std::stable_sort(tables.begin(), tables.end(),
                   [](const Table& a, const Table& b) { return a.options.count("inherits") < b.options.count("inherits"); });
  for (auto object : tables) {
    object.foreign_keys.clear();
    object.triggers.clear();
    object.policies.clear();
    operations.emplace_back(Create<Table>{object});
  }
  for (const auto& object : tables) {
    for (const auto& key : object.foreign_keys) operations.emplace_back(Add<ForeignKey>{object.name, key});
  }
  for (const auto& object : schema.routines) {
    if (is_late(object)) operations.emplace_back(Create<Routine>{object});
  }
  // Views in the order of their dependencies: a view that names another comes behind it.
  auto views = schema.views;
  for (std::size_t round = 0; round < views.size(); ++round) {
    for (std::size_t i = 0; i + 1 < views.size(); ++i) {
      for (std::size_t j = i + 1; j < views.size(); ++j) {
        if (views[i].definition.find(views[j].name.name) != std::string::npos) std::swap(views[i], views[j]);
      }
    }
  }
  for (auto object : views) {
    object.triggers.clear();
    operations.emplace_back(Create<View>{object});
  }
  add_definitions({"statistics", "rule"});
  for (const auto& object : tables) {
    for (const auto& policy : object.policies) operations.emplace_back(Add<Policy>{object.name, policy});
    for (const auto& trigger : object.triggers) operations.emplace_back(Add<Trigger>{object.name, trigger});
  }
  for (const auto& object : schema.views) {
    for (const auto& trigger : object.triggers) operations.emplace_back(Add<Trigger>{object.name, trigger});
  }
  return operations;
}

/// What one dump has and the other has not, whatever the order of its lines.
inline std::string dump_difference(const std::string& a, const std::string& b) {
  const auto sorted_lines = [](const std::string& text) {
    std::vector<std::string> lines;
    for (auto line : split(text, '\n')) {
      if (line.ends_with(',')) line.pop_back();
      lines.push_back(line);
    }
    std::sort(lines.begin(), lines.end());
    return lines;
  };
  const auto left = sorted_lines(a);
  const auto right = sorted_lines(b);
  std::vector<std::string> only_left;
  std::vector<std::string> only_right;
  std::set_difference(left.begin(), left.end(), right.begin(), right.end(), std::back_inserter(only_left));
  std::set_difference(right.begin(), right.end(), left.begin(), left.end(), std::back_inserter(only_right));
  std::string text;
  for (const auto& line : only_left) text += "- " + line + "\n";
  for (const auto& line : only_right) text += "+ " + line + "\n";
  return text;
}

}  // namespace migrate::postgresql_test
