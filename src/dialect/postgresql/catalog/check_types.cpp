// Types of a model that PostgreSQL may not have: what its own types take is known, about others the server is asked.
#include "dialect/postgresql/catalog/check_types.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "core/text.hpp"
#include "dialect/new_types.hpp"
#include "dialect/postgresql/sql/types.hpp"

namespace migrate::postgresql {
namespace {

/// The numbers in "(10,2)"; nothing where something else stands there.
std::optional<std::vector<long long>> modifiers(const std::string& type) {
  const auto element = element_type(type);
  const auto open = element.find('(');
  std::vector<long long> numbers;
  if (open == std::string::npos) return numbers;
  for (const auto& part : split(element.substr(open + 1, element.size() - open - 2), ',')) {
    long long number = 0;
    const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), number);
    if (error != std::errc() || end != part.data() + part.size()) return std::nullopt;
    numbers.push_back(number);
  }
  return numbers;
}

/// Whether a built-in type surely exists as it is written. What is left is for the server to say.
bool is_sure(const NewType& type) {
  if (!is_builtin(type.type)) return false;
  const auto numbers = modifiers(type.type);
  if (!numbers) return false;
  if (numbers->empty()) return element_type(type.type).find('(') == std::string::npos;
  const auto base = base_type(type.type);
  const auto between = [](long long number, long long least, long long most) { return number >= least && number <= most; };
  if (numbers->size() == 2) return base == "numeric" && between((*numbers)[0], 1, 1000) && between((*numbers)[1], 0, (*numbers)[0]);
  if (numbers->size() != 1) return false;
  const auto number = numbers->front();
  if (base == "varchar" || base == "char" || base == "bpchar") return between(number, 1, 10'485'760);
  if (base == "bit" || base == "varbit") return between(number, 1, 83'886'080);
  if (base == "numeric") return between(number, 1, 1000);
  const bool time = base == "time" || base == "timetz" || base == "timestamp" || base == "timestamptz" || base == "interval";
  // The server takes a larger precision with a warning, and makes it 6: the model would never be what it made.
  if (time && number > 6) refuse_type(type, fmt::format("the type '{}' asks for more than the 6 digits that PostgreSQL keeps", type.type), "write at most 6");
  return time && number >= 0;
}

/// A type whose name nothing here says: an array of it exists exactly when it does, and makes no domain check its value.
std::string as_question(const NewType& type) { return "NULL::" + type_sql(is_array(type.type) ? type.type : type.type + "[]"); }

bool brings_types(const Schema& declared, const Schema& live) {
  const auto is_new = [&](const Extension& extension) {
    return std::none_of(live.extensions.begin(), live.extensions.end(), [&](const Extension& other) { return other.name == extension.name; });
  };
  // A range type brings a multirange type, whose name can be any.
  const auto is_range = [](const Definition& definition) { return definition.kind == "type" && lower(definition.definition).find(" range") != std::string::npos; };
  return std::any_of(declared.extensions.begin(), declared.extensions.end(), is_new) || std::any_of(declared.definitions.begin(), declared.definitions.end(), is_range);
}

std::set<std::string> types_of(const Schema& schema) {
  auto names = own_types(schema);
  // Each table and view is a type: that of its rows.
  for (const auto& table : schema.tables) names.insert(table.name.text());
  for (const auto& view : schema.views) names.insert(view.name.text());
  return names;
}

/// Those that extensions and other schemas brought, for a hint.
void add_visible_types(Connection& connection, std::vector<std::string>& names) {
  for (const auto& row : connection.query(R"(
           select t.typname
             from pg_catalog.pg_type t
            where t.typtype <> 'p' and t.typcategory <> 'A' and pg_catalog.pg_type_is_visible(t.oid)
              and t.typnamespace <> 'pg_catalog'::regnamespace)").rows) {
    names.push_back(row.at(0).value_or(""));
  }
}

[[noreturn]] void refuse(Connection& connection, const NewType& type, const DatabaseError& error, const std::set<std::string>& own) {
  if (error.sqlstate != "42704" && error.sqlstate != "3F000") {
    refuse_type(type, fmt::format("PostgreSQL cannot have the type '{}': {}", type.type, replace_all(error.message(), "[]", "")));
  }
  auto names = usual_names();
  names.insert(names.end(), own.begin(), own.end());
  add_visible_types(connection, names);
  const auto near = nearest(base_type(type.type), names);
  refuse_type(type, fmt::format("there is no type '{}', neither in the model nor in the database", element_type(type.type)),
              near.empty() ? "declare it under `enums`, `domains` or `types`, or the extension that brings it under `extensions`" : "did you mean '" + near + "'?");
}

/// Whether the server's words are about the type, and not about something in the way of the question.
bool is_about_type(const DatabaseError& error) { return error.sqlstate.starts_with("42") || error.sqlstate.starts_with("22") || error.sqlstate == "3F000" || error.sqlstate == "0A000"; }

}  // namespace

std::vector<ModelRemark> check_types(Connection& connection, const Schema& declared, const Schema& live) {
  std::vector<NewType> doubtful;
  for (auto& type : new_types(declared, live)) {
    if (!is_sure(type)) doubtful.push_back(std::move(type));
  }
  if (doubtful.empty()) return {};
  auto own = types_of(declared);
  own.merge(types_of(live));
  std::erase_if(doubtful, [&](const NewType& type) { return own.contains(element_type(type.type)); });
  if (doubtful.empty()) return {};
  std::set<std::string> questions;
  for (const auto& type : doubtful) questions.insert(as_question(type));
  try {
    (void)connection.query("SELECT " + join(std::vector<std::string>(questions.begin(), questions.end()), ", "));
    return {};
  } catch (const DatabaseError& error) {
    if (!is_about_type(error)) throw;
  }
  const bool brings = brings_types(declared, live);
  for (const auto& type : doubtful) {
    try {
      (void)connection.query("SELECT " + as_question(type));
    } catch (const DatabaseError& error) {
      if (!is_about_type(error)) throw;
      if (!(error.sqlstate == "42704" && brings)) refuse(connection, type, error, own);
    }
  }
  return {};
}

}  // namespace migrate::postgresql
