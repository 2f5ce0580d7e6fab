#include "dialect/mysql/catalog/access.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <span>

#include "core/text.hpp"
#include "dialect/mysql/sql/text.hpp"
#include "schema/access.hpp"

namespace migrate::mysql {
namespace {

using PlaceKind = AccessPlace::Kind;

std::string text_of(const Value& value) { return value.value_or(""); }

/// A role of MariaDB has no host; PUBLIC is everybody.
std::string account_of(const std::string& user, const std::string& host) {
  if (host.empty()) return user == "PUBLIC" ? "public" : user;
  return user + "@" + host;
}

/// As GRANT calls what the tables of grants call otherwise.
std::string privilege_of(std::string word) {
  word = lower(word);
  if (word == "create tmp table") return "create temporary tables";
  if (word == "delete versioning rows") return "delete history";
  return word;
}

/// The words of a set; "Grant" is the option on all of them.
void add_grants(std::vector<Grant>& grants, const std::string& to, const std::vector<std::string>& words) {
  const bool option = std::find(words.begin(), words.end(), "Grant") != words.end();
  for (const auto& word : words) {
    if (word != "Grant" && !word.empty()) grants.push_back({.to = to, .by = {}, .privilege = privilege_of(word), .grantable = option});
  }
}

/// mysql.db has a column for each privilege.
Access read_database(const Result& result) {
  Access access{.owner = {}, .grants = std::vector<Grant>{}};
  for (const auto& row : result.rows) {
    std::string user, host;
    std::vector<std::string> words;
    for (std::size_t i = 0; i < result.columns.size(); ++i) {
      const auto name = lower(result.columns[i]);
      if (name == "user") user = text_of(row[i]);
      else if (name == "host") host = text_of(row[i]);
      else if (name.ends_with("_priv") && text_of(row[i]) == "Y") words.push_back(name == "grant_priv" ? "Grant" : replace_all(name.substr(0, name.size() - 5), "_", " "));
    }
    add_grants(*access.grants, account_of(user, host), words);
  }
  std::sort(access.grants->begin(), access.grants->end());
  return access;
}

const std::array<std::string, 3> objects_sql{"SELECT user, host, table_name, table_priv FROM mysql.tables_priv WHERE db = database()",
                                             "SELECT user, host, table_name, column_priv, column_name FROM mysql.columns_priv WHERE db = database()",
                                             "SELECT user, host, routine_name, proc_priv, routine_type FROM mysql.procs_priv WHERE db = database()"};

/// What the three say of the schema's objects; those that nobody has a privilege on are not among them.
std::map<AccessPlace, Access> read_objects(const Schema& schema, std::span<const Result> results) {
  std::map<std::string, PlaceKind> relations;
  std::set<AccessPlace> places;
  for_each_access(schema, [&](const AccessPlace& place, const Declaration&) {
    places.insert(place);
    if (place.kind == PlaceKind::table || place.kind == PlaceKind::view || place.kind == PlaceKind::sequence) relations.emplace(place.name.name, place.kind);
  });
  std::map<AccessPlace, Access> found;
  const auto add = [&](const AccessPlace& place, const Row& row) {
    if (!places.contains(place)) return;
    auto& access = found[place];
    if (!access.grants) access.grants.emplace();
    add_grants(*access.grants, account_of(text_of(row[0]), text_of(row[1])), split(text_of(row[3]), ','));
  };
  for (const auto& row : results[0].rows) {
    const auto it = relations.find(text_of(row[2]));
    if (it != relations.end()) add({it->second, {"", it->first}, {}}, row);
  }
  for (const auto& row : results[1].rows) add({PlaceKind::column, {"", text_of(row[2])}, text_of(row[4])}, row);
  for (const auto& row : results[2].rows) add({text_of(row[4]) == "PROCEDURE" ? PlaceKind::procedure : PlaceKind::function, {"", text_of(row[2])}, {}}, row);
  for (auto& [place, access] : found) std::sort(access.grants->begin(), access.grants->end());
  return found;
}

}  // namespace

std::span<const std::string> object_rights_queries() { return objects_sql; }

void take_object_rights(std::span<const Result> answers, const std::string& account, Schema& schema) {
  auto& rights = schema.rights.access = read_objects(schema, answers);
  for (auto& [place, access] : rights) std::erase_if(*access.grants, [&](const Grant& grant) { return grant.to == account; });
}

void read_access(Connection& connection, const ServerInfo& /*server*/, Schema& live, const std::set<std::string>& /*also*/) {
  std::vector<std::string> queries{objects_sql.begin(), objects_sql.end()};
  queries.insert(queries.end(), {"SELECT * FROM mysql.db WHERE db IN (database(), replace(replace(database(), '_', concat(char(92), '_')), '%', concat(char(92), '%')))",
                                 "SELECT user, host FROM mysql.user", "SELECT current_user()"});
  std::vector<Result> results;
  try {
    results = connection.query_all(queries);
  } catch (const DatabaseError& error) {
    if (error.cause != DatabaseError::Cause::statement) throw;
    throw Error{ErrorKind::failed, "cannot read the privileges that the model declares: " + error.message(),
                "it takes SELECT on mysql.db, mysql.tables_priv, mysql.columns_priv, mysql.procs_priv and mysql.user"};
  }
  auto found = read_objects(live, results);
  for_each_access(live, [&](const AccessPlace& place, Declaration& said) {
    const auto it = found.find(place);
    said.access = it == found.end() ? Access{.owner = {}, .grants = std::vector<Grant>{}} : it->second;
  });
  live.access.places[{PlaceKind::schema, {}, {}}] = read_database(results[3]);
  for (const auto& row : results[4].rows) live.access.roles.insert(account_of(text_of(row[0]), text_of(row[1])));
  live.access.role = text_of(results[5].rows.at(0).at(0));
}

}  // namespace migrate::mysql
