/// Who may do what with the objects of a schema: owners and privileges.
#pragma once

#include <compare>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "migrate/dependencies.hpp"
#include "migrate/error.hpp"

namespace migrate {

/// One privilege that one account or role has.
struct Grant {
  std::string to;          ///< the account or role, as the engine names it without quotes; "public" is everybody
  std::string by;          ///< the role that gave it; "": the owner
  std::string privilege;   ///< lower case ("select"); in a model "all" too: every one of the kind
  bool grantable = false;  ///< it may give it on

  auto operator<=>(const Grant&) const = default;
};

/// What is said of one object; what is not set is not looked at.
struct Access {
  std::optional<std::string> owner;
  std::optional<std::vector<Grant>> grants;  ///< sorted, all of them but what the owner has from the start

  bool operator==(const Access&) const = default;
};

/// What owners and privileges are of.
struct AccessPlace {
  enum class Kind { schema, table, view, materialized_view, sequence, function, procedure, type, column, defaults };
  Kind kind = Kind::table;
  QualifiedName name;  ///< of a schema: only `schema` ("" is the default one); of a column: its table or view; of defaults: their schema ("*": any) and role
  std::string part;    ///< of a routine: its arguments; of a column: its name; of defaults: what they are for ("tables")

  auto operator<=>(const AccessPlace&) const = default;
};

/// What a whole schema says of access beyond its objects.
struct SchemaAccess {
  std::map<AccessPlace, Access> places;  ///< schemas, and privileges that new objects get
  std::map<AccessPlace, Location> locations;  ///< in the model
  std::string role;                      ///< live: the role or account in hand
  std::set<std::string> roles;           ///< live: the roles and accounts that are there
  std::map<AccessPlace::Kind, std::vector<Grant>> implied;  ///< live: what an object has from the start; the owner is ""

  bool operator==(const SchemaAccess&) const { return true; }
};

/// A statement that gives back what an object had; "{}" stands for the object as statements name it.
struct Given {
  std::string sql;
  std::string column;  ///< it concerns that column only; "": the object

  auto operator<=>(const Given&) const = default;
};

/// What making an object again would lose and comparing does not look at: its owner, privileges on it, the defaults of a view's columns.
/// It says nothing about whether two schemas are equal.
struct Rights {
  std::map<ObjectId, std::vector<Given>> given;
  std::map<AccessPlace, Access> access;  ///< owners and privileges, as far as they were asked for: of all objects where a model says any

  bool operator==(const Rights&) const { return true; }
};

}  // namespace migrate
