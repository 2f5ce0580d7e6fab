/// The schema as the last run left it, object by object, in `<versions_table>_schema`: what `drift` compares with, without a
/// scratch database and without the units.
#pragma once

#include <string>
#include <vector>

#include "runner/session.hpp"
#include "runner/versions.hpp"
#include "schema/model.hpp"

namespace migrate {

/// An object as write_model writes it.
struct KeptObject {
  std::string kind;  ///< "table", "view", "function", ...; "database" holds its options and schemas
  std::string name;
  std::string id;    ///< digest of kind and name: names can be longer than a key, and differ in case alone
  std::string hash;  ///< digest of `text`
  std::string text;

  bool operator==(const KeptObject&) const = default;
};

[[nodiscard]] std::vector<KeptObject> split_schema(const Schema& schema, const std::string& section);

/// The schema of the objects; throws Error when a text is not what write_model wrote.
[[nodiscard]] Schema join_schema(const std::vector<KeptObject>& objects, const ModelOptions& options);

/// Which revisions are applied, and how far, as a digest: tells whether a kept schema belongs to the state at hand.
[[nodiscard]] std::string applied_digest(const std::vector<VersionRow>& rows);

struct KeptSchema {
  bool known = false;                ///< something was kept
  std::vector<KeptObject> objects;   ///< `text` and `name` only when asked for
  std::string applied;               ///< applied_digest when it was kept
  std::string kept_at;
  std::string kept_by;               ///< "migrate 0.2.0, PostgreSQL 15.18"
};

/// Reads what is kept; one round trip. Without `texts` only what tells whether something changed.
[[nodiscard]] KeptSchema read_kept_schema(Connection& connection, const Dialect& dialect, const Versions& versions, bool texts);

/// Keeps the schema that `inspect` returns, for the revisions that are applied now. Only rows that changed are written, in one
/// transaction; where writing locks the database, inspection is inside it. Call it behind the run's lock.
/// Returns how many objects changed.
std::size_t keep_schema(Session& session, const Versions& versions, const std::function<Schema()>& inspect);

}  // namespace migrate
