/// The face `canonical`: the engine's own form of schema values, without asking it.
#pragma once

#include <string>
#include <vector>

#include "dialect/server.hpp"
#include "migrate/schema.hpp"
#include "schema/model.hpp"

namespace migrate {

class CanonicalFace {
 public:
  virtual ~CanonicalFace() = default;

  /// Brings a declared schema to the engine's own terms, without asking it: types, defaults, enum columns, implied
  /// indexes and keys, well-known spellings. Throws Error (usage) with the model's location for what the engine cannot do.
  virtual void canonicalize(Schema& declared, const ServerInfo& server) const = 0;

  /// Brings what a model says of an object's access to the engine's terms: `all` is every privilege of the kind, accounts have their
  /// host (`live` knows the accounts). Empties it where the engine knows no accounts. Throws Error (usage) at `location` for what it cannot give.
  virtual void canonicalize_access(const AccessPlace& place, Access& access, const ServerInfo& server, const SchemaAccess& live,
                                   const Location& location) const = 0;

  /// The options that the engine's section of a model may hold.
  [[nodiscard]] virtual const KnownOptions& known_options() const = 0;

  /// The options of views, routines, triggers and definitions that a model is compared in only where it says them (a definer, the mode
  /// of the session that made a program), each with what an object has that was made without saying. Where a model does not say one, what
  /// is there keeps its own, also when it is made again.
  [[nodiscard]] virtual Options compared_when_declared(const ServerInfo& server) const {
    static_cast<void>(server);
    return {};
  }

  /// Where declared tables say in their own words, or leave to the engine, what the live ones (behind the renames) have, they take over the
  /// live words, so that comparing finds nothing. Throws Error (usage) with the model's location for what neither side knows.
  virtual void take_live_words(const Schema& live, Schema& declared, const ServerInfo& server) const {
    static_cast<void>(live), static_cast<void>(declared), static_cast<void>(server);
  }

  /// Names of a table's parts (NAME, or SCHEMA.NAME as of the table) that nothing else in the schema may have: no other table, no
  /// part of one. With a word before it a name is in the way of others with that word only.
  [[nodiscard]] virtual std::vector<std::string> schema_wide_names(const Table& table) const = 0;
};

}  // namespace migrate
