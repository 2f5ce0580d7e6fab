/// A database of its own on the MariaDB of MIGRATE_TEST_MARIADB or the MySQL of MIGRATE_TEST_MYSQL, dropped at the end.
#pragma once

#include <doctest/doctest.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <regex>
#include <string>
#include <vector>

#include "core/text.hpp"
#include "dialect/catalog.hpp"
#include "dialect/dialect.hpp"
#include "dialect/mysql/sql/text.hpp"
#include "dialect/registry.hpp"
#include "dialect/render.hpp"
#include "dialect/run.hpp"
#include "dialect/sql.hpp"
#include "dialect/sql/lexer.hpp"
#include "schema/lookup.hpp"

namespace migrate::mysql_test {

using mysql::dialect;

/// The servers that every test case runs on, one after the other:
///
///     TEST_CASE_TEMPLATE("a sentence", Server, MariaDB, MySQL) {
///       REQUIRE_SERVER(Server);
struct MariaDB {
  static constexpr const char* name = "mariadb";
  static constexpr const char* variable = "MIGRATE_TEST_MARIADB";
};
struct MySQL {
  static constexpr const char* name = "mysql";
  static constexpr const char* variable = "MIGRATE_TEST_MYSQL";
};

/// The server of the test case that runs.
struct Current {
  std::string name;
  std::string url;
};
inline Current& current() {
  static Current value;
  return value;
}

template <class Server>
bool use_server() {
  const char* url = std::getenv(Server::variable);
  current() = {Server::name, url != nullptr ? url : ""};
  return !current().url.empty();
}

/// Ends a test case that has no server to run on.
#define REQUIRE_SERVER(Server)                           \
  if (!migrate::mysql_test::use_server<Server>()) {      \
    MESSAGE(Server::variable << " is not set: skipped"); \
    return;                                              \
  }

/// The text as it is for the current server: [[mariadb ...]] and [[mysql ...]] are for one of them.
inline std::string for_server(const std::string& text) {
  static const std::regex part(R"(\[\[(mariadb|mysql) ([^\]]*)\]\])");
  std::string out;
  auto at = text.begin();
  for (std::sregex_iterator it(text.begin(), text.end(), part), end; it != end; ++it) {
    out.append(at, (*it)[0].first);
    if ((*it)[1] == current().name) out.append((*it)[2].first, (*it)[2].second);
    at = (*it)[0].second;
  }
  return out.append(at, text.end());
}

class Database {
 public:
  explicit Database(const std::string& options = "") {
    static int count = 0;
    name_ = "my_" + std::to_string(::getpid()) + "_" + std::to_string(++count);
    admin_ = dialect().run().connect(parse_url(current().url));
    admin_->execute("DROP DATABASE IF EXISTS " + name_);
    admin_->execute("CREATE DATABASE " + name_ + " " + options);
    url = parse_url(current().url);
    url.database = name_;
    connection = dialect().run().connect(url);
    server = dialect().catalog().probe(*connection);
  }
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;
  ~Database() {
    try {
      connection.reset();
      admin_->execute("DROP DATABASE IF EXISTS " + name_);
    } catch (...) {
    }
  }

  /// Runs SQL as a unit would: split, one statement after the other.
  void run(const std::string& sql) {
    for (const auto& statement : dialect().sql().split(sql, {"test.sql", 1, 1})) run(statement);
  }
  void run(const Statement& statement) {
    try {
      static_cast<void>(connection->query(statement.text));
    } catch (const DatabaseError& error) {
      FAIL_CHECK(error.message() << "\n  in: " << statement.text);
      throw;
    }
  }
  void run(const std::vector<Operation>& operations) {
    for (const auto& statement : dialect().render().render(operations, inspect(), server)) run(statement);
  }

  [[nodiscard]] Schema inspect() { return dialect().catalog().inspect(*connection, server, {}); }

  /// What the server itself says about everything: SHOW CREATE of each object.
  [[nodiscard]] std::string dump(bool with_database = true) {
    std::string text;
    const auto show = [&](const std::string& sql, std::size_t column) {
      const auto result = connection->query(sql);
      auto shown = result.rows.at(0).at(column).value_or("(hidden)");
      if (const auto at = shown.find(" AUTO_INCREMENT="); at != std::string::npos) shown.erase(at, shown.find(' ', at + 1) - at);
      text += without_the_tables_own(sorted_keys(shown)) + "\n\n";
    };
    if (with_database) text += connection->query("SELECT @@collation_database").rows[0][0].value_or("") + "\n\n";
    for (const auto& row : connection->query("SHOW TABLES").rows) show("SHOW CREATE TABLE `" + *row[0] + "`", 1);
    for (const auto& row : connection->query("SELECT trigger_name, event_object_table, action_timing, event_manipulation, action_order, action_statement "
                                             "FROM information_schema.triggers WHERE trigger_schema = database() ORDER BY 2, 3, 4, 5").rows) {
      static const std::regex comment(R"((^|\n)-- [^\n]*)");  // in front of the body; MySQL keeps it
      for (const auto& value : row) text += std::string(trim(std::regex_replace(value.value_or(""), comment, ""))) + " ";
      text += "\n\n";
    }
    for (const auto& row : connection->query("SELECT routine_type, routine_name FROM information_schema.routines WHERE routine_schema = database() ORDER BY 1, 2").rows) {
      show("SHOW CREATE " + *row[0] + " `" + *row[1] + "`", 2);
    }
    for (const auto& row : connection->query("SELECT event_name FROM information_schema.events WHERE event_schema = database() ORDER BY 1").rows) {
      show("SHOW CREATE EVENT `" + *row[0] + "`", 3);
    }
    for (const auto* noise : {" ON DELETE NO ACTION", " ON UPDATE NO ACTION", " ON DELETE RESTRICT", " ON UPDATE RESTRICT"}) text = replace_all(std::move(text), noise, "");
    text = replace_all(std::move(text), " PAGE_CHECKSUM=1", "");
    // Display widths are never a difference.
    static const std::regex width(R"(\b(small|medium|big|tiny)?int\((?!1\))\d+\)(?! unsigned zerofill))");
    text = std::regex_replace(text, width, "$1int");
    return replace_all(std::move(text), name_, "DATABASE");
  }

  /// MySQL tells of a column whether its character set was typed or the table's own, which is the same column.
  std::string without_the_tables_own(const std::string& shown) {
    static const std::regex own(R"(\) ENGINE=.* CHARSET=(\w+)(?: COLLATE=(\w+))?)");
    std::smatch found;
    if (!std::regex_search(shown, found, own)) return shown;
    auto collation = found[2].str();
    if (collation.empty()) {
      collation = connection->query("SELECT default_collate_name FROM information_schema.character_sets WHERE character_set_name = '" + found[1].str() + "'").rows.at(0).at(0).value_or("");
    }
    auto lines = split(shown, '\n');
    for (auto& line : lines) {
      if (!trim(line).starts_with("`")) continue;
      line = replace_all(std::move(line), " CHARACTER SET " + found[1].str() + " ", " ");
      line = std::regex_replace(line, std::regex(" COLLATE " + collation + "\\b"), "");
    }
    return join(lines, "\n");
  }

  /// The order of keys means nothing.
  static std::string sorted_keys(const std::string& shown) {
    auto lines = split(shown, '\n');
    const auto is_key = [](const std::string& line) { return line.starts_with("KEY ") || line.starts_with("UNIQUE KEY ") || line.starts_with("FULLTEXT KEY ") || line.starts_with("SPATIAL KEY "); };
    if (!shown.starts_with("CREATE TABLE")) return shown;
    for (auto& line : lines) {
      if (line.ends_with(',')) line.pop_back();
    }
    const auto first = std::find_if(lines.begin(), lines.end(), is_key);
    const auto last = std::find_if_not(first, lines.end(), is_key);
    std::sort(first, last);
    return join(lines, "\n");
  }

  DatabaseUrl url;
  std::unique_ptr<Connection> connection;
  ServerInfo server;

 private:
  std::string name_;
  std::unique_ptr<Connection> admin_;
};

/// The operations that make a schema out of nothing: tables without foreign keys first, as cycles are possible.
inline std::vector<Operation> creation_of(const Schema& schema) {
  std::vector<Operation> operations;
  operations.emplace_back(SetDatabaseOptions{{}, schema.options});
  for (const auto& sequence : schema.sequences) operations.emplace_back(Create<Sequence>{sequence});
  for (auto table : schema.tables) {
    table.foreign_keys.clear();
    table.triggers.clear();
    operations.emplace_back(CreateTable{table});
  }
  for (const auto& table : schema.tables) {
    for (const auto& key : table.foreign_keys) operations.emplace_back(Add<ForeignKey>{table.name, key});
  }
  for (const auto& routine : schema.routines) operations.emplace_back(Create<Routine>{routine});
  // Views over views: as often as it takes.
  std::vector<const View*> left;
  for (const auto& view : schema.views) left.push_back(&view);
  while (!left.empty()) {
    const auto ready = std::find_if(left.begin(), left.end(), [&](const View* view) {
      return std::none_of(left.begin(), left.end(), [&](const View* other) {
        return other != view && mentions(view->definition, other->name.name, mysql::lexical_rules());
      });
    });
    const auto next = ready == left.end() ? left.begin() : ready;
    operations.emplace_back(Create<View>{**next});
    left.erase(next);
  }
  for (const auto& table : schema.tables) {
    for (const auto& trigger : table.triggers) operations.emplace_back(Add<Trigger>{table.name, trigger});
  }
  for (const auto& definition : schema.definitions) operations.emplace_back(Create<Definition>{definition});
  return operations;
}

/// Where two dumps part, for a message that can be read.
inline std::string first_difference(const std::string& a, const std::string& b) {
  if (a == b) return {};
  std::size_t i = 0;
  while (i < a.size() && i < b.size() && a[i] == b[i]) ++i;
  const auto from = i < 300 ? 0 : i - 300;
  return "---- one:\n" + a.substr(from, 700) + "\n---- other:\n" + b.substr(from, 700);
}

}  // namespace migrate::mysql_test
