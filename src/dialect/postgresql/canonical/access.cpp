#include "dialect/postgresql/canonical/access.hpp"

#include <algorithm>

#include "core/text.hpp"

namespace migrate::postgresql {
namespace {

using PlaceKind = AccessPlace::Kind;

/// The privileges that there are on a kind of object.
std::vector<std::string> privileges_of(const AccessPlace& place, const ServerInfo& server) {
  std::vector<std::string> tables{"select", "insert", "update", "delete", "truncate", "references", "trigger"};
  constexpr int with_maintain = 170000;
  if (server.version_number >= with_maintain) tables.emplace_back("maintain");
  switch (place.kind) {
    case PlaceKind::table:
    case PlaceKind::view:
    case PlaceKind::materialized_view: return tables;
    case PlaceKind::column: return {"select", "insert", "update", "references"};
    case PlaceKind::sequence: return {"usage", "select", "update"};
    case PlaceKind::function:
    case PlaceKind::procedure: return {"execute"};
    case PlaceKind::type: return {"usage"};
    case PlaceKind::schema: return {"usage", "create"};
    case PlaceKind::defaults: break;
  }
  for (const auto& [part, kind] : {std::pair{"tables", PlaceKind::table}, std::pair{"sequences", PlaceKind::sequence}, std::pair{"functions", PlaceKind::function}, std::pair{"types", PlaceKind::type},
                                   std::pair{"schemas", PlaceKind::schema}}) {
    if (place.part == part) return privileges_of({kind, {}, {}}, server);
  }
  return {};
}

}  // namespace

void canonicalize_access(const AccessPlace& place, Access& access, const ServerInfo& server, const SchemaAccess& /*live*/, const Location& location) {
  const auto known = privileges_of(place, server);
  if (known.empty()) throw Error{ErrorKind::usage, "default_privileges: there are none on '" + place.part + "'", "tables, sequences, functions, types or schemas", location};
  if (place.kind == PlaceKind::defaults && place.part == "schemas" && place.name.schema != "*") {
    throw Error{ErrorKind::usage, "default_privileges on schemas hold everywhere", "leave `schema` out", location};
  }
  if (!access.grants) return;
  std::vector<Grant> out;
  for (auto& grant : *access.grants) {
    if (grant.to == "public" && grant.grantable) {
      throw Error{ErrorKind::usage, "a grant option is for roles: public cannot give " + grant.privilege + " on", "leave `with_grant_option` out", location};
    }
    if (grant.by == access.owner) grant.by.clear();
    if (grant.privilege == "all" || grant.privilege == "all privileges") {
      for (const auto& privilege : known) out.push_back({.to = grant.to, .by = grant.by, .privilege = privilege, .grantable = grant.grantable});
      continue;
    }
    if (std::find(known.begin(), known.end(), grant.privilege) == known.end()) {
      throw Error{ErrorKind::usage, "there is no privilege '" + grant.privilege + "' here (" + server.product + " " + server.version + ")", did_you_mean(grant.privilege, known), location};
    }
    out.push_back(std::move(grant));
  }
  access.grants = std::move(out);
}

}  // namespace migrate::postgresql
