/// What an object of a database stands on.
#pragma once

#include <compare>
#include <map>
#include <string>
#include <vector>

namespace migrate {

/// A name with its schema; an empty `schema` means the default one (always so where the engine has no schemas).
struct QualifiedName {
  std::string schema;
  std::string name;

  auto operator<=>(const QualifiedName&) const = default;
  /// "schema.name" or "name", for messages and model files; not quoted for SQL.
  [[nodiscard]] std::string text() const { return schema.empty() ? name : schema + "." + name; }
};

/// An object as others refer to it. Tables, views and sequences share their names, and so do enums, domains and other types.
struct ObjectId {
  enum class Kind { relation, routine, type, definition, trigger, policy };
  Kind kind = Kind::relation;
  QualifiedName name;  ///< of a trigger or a policy: its table or view
  std::string part;    ///< of a trigger or a policy: its own name; of a routine: its arguments; of a definition: its kind

  auto operator<=>(const ObjectId&) const = default;
};

/// One thing that an object stands on.
struct Need {
  ObjectId on;                       ///< a routine without arguments: any routine of that name
  std::vector<std::string> columns;  ///< those columns of it; empty: it as a whole, or it is not told which

  auto operator<=>(const Need&) const = default;
};

/// What the engine has told of a schema's objects. An object that is not in it was not asked about (or stands on nothing where
/// the engine tells of all). It says nothing about whether two schemas are equal.
struct Dependencies {
  bool complete = false;  ///< the engine tells of every object: one that is not in `needs` stands on nothing but what its text names
  std::map<ObjectId, std::vector<Need>> needs;

  bool operator==(const Dependencies&) const { return true; }
};

}  // namespace migrate
