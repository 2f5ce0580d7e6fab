#include <algorithm>
#include <map>

#include "core/text.hpp"
#include "dialect/postgresql/render/render.hpp"
#include "dialect/postgresql/sql/text.hpp"

namespace migrate::postgresql {
namespace {

using PlaceKind = AccessPlace::Kind;

std::string role(const std::string& name) { return name == "public" ? "PUBLIC" : quote_name(name); }

/// The object as ALTER ... OWNER TO names it.
std::string owned_sql(const AccessPlace& place, const std::string& schema) {
  const auto name = quote_name(place.name);
  switch (place.kind) {
    case PlaceKind::schema: return "SCHEMA " + quote_name(schema);
    case PlaceKind::view: return "VIEW " + name;
    case PlaceKind::materialized_view: return "MATERIALIZED VIEW " + name;
    case PlaceKind::sequence: return "SEQUENCE " + name;
    case PlaceKind::function: return "FUNCTION " + name + "(" + place.part + ")";
    case PlaceKind::procedure: return "PROCEDURE " + name + "(" + place.part + ")";
    case PlaceKind::type: return "TYPE " + name;
    default: return "TABLE " + name;
  }
}

/// The object as GRANT names it.
std::string granted_sql(const AccessPlace& place, const std::string& schema) {
  if (place.kind == PlaceKind::view || place.kind == PlaceKind::materialized_view) return "TABLE " + quote_name(place.name);
  if (place.kind == PlaceKind::defaults) return upper(place.part);
  return owned_sql(place, schema);
}

/// Privileges on one object by account, giver and option: one statement each.
struct Key {
  std::string to, by;
  bool grantable = false;
  auto operator<=>(const Key&) const = default;
};
using Lists = std::map<Key, std::vector<std::string>>;

std::string list_sql(const std::vector<std::string>& privileges, const AccessPlace& place) {
  std::vector<std::string> out;
  const auto column = place.kind == PlaceKind::column ? " (" + quote_name(place.part) + ")" : std::string();
  for (const auto& privilege : privileges) out.push_back(upper(privilege) + column);
  return join(out, ", ");
}

/// A statement in the name of another role; whoever it was before is it again afterwards.
std::string as_role(const std::string& by, const std::string& statement) {
  if (by.empty()) return statement;
  return "DO " + dollar_quote("DECLARE was text := current_setting('role'); BEGIN SET LOCAL ROLE " + quote_name(by) + "; " + statement +
                              "; PERFORM set_config('role', was, true); END");
}

struct Changes {
  Lists revoked, options_revoked, granted;
};

Changes changes_of(const SetAccess& op) {
  const std::vector<Grant> none;
  const auto& before = op.before.grants ? *op.before.grants : none;
  const auto& after = op.after.grants ? *op.after.grants : none;
  const bool handed_over = op.before.owner != op.after.owner;
  const auto find = [](const std::vector<Grant>& list, const Grant& like) {
    const auto it = std::find_if(list.begin(), list.end(), [&](const Grant& grant) { return grant.to == like.to && grant.by == like.by && grant.privilege == like.privilege; });
    return it == list.end() ? nullptr : &*it;
  };
  Changes out;
  for (const auto& grant : before) {
    if (handed_over && grant.to == op.after.owner) continue;  // it has everything now
    const auto* now = find(after, grant);
    if (now == nullptr) out.revoked[{grant.to, grant.by, false}].push_back(grant.privilege);
    else if (grant.grantable && !now->grantable) out.options_revoked[{grant.to, grant.by, false}].push_back(grant.privilege);
  }
  for (const auto& grant : after) {
    const auto* was = find(before, grant);
    if (was == nullptr || (grant.grantable && !was->grantable)) out.granted[{grant.to, grant.by, grant.grantable}].push_back(grant.privilege);
  }
  return out;
}

}  // namespace

/// Who loses a privilege on a table loses it on every column that was given it too.
void Renderer::give_columns_back(const SetAccess& op, const std::string& to, const std::vector<std::string>& privileges) {
  if (op.on.kind == PlaceKind::column || op.on.kind == PlaceKind::defaults) return;
  for (const auto& [place, access] : state_.rights.access) {
    if (place.kind != PlaceKind::column || place.name != op.on.name || !access.grants) continue;
    Lists lost;
    for (const auto& grant : *access.grants) {
      if (grant.to == to && std::find(privileges.begin(), privileges.end(), grant.privilege) != privileges.end()) lost[{grant.to, grant.by, grant.grantable}].push_back(grant.privilege);
    }
    for (const auto& [key, again] : lost) {
      statement(as_role(key.by, "GRANT " + list_sql(again, place) + " ON TABLE " + quote_name(place.name) + " TO " + role(to) + (key.grantable ? " WITH GRANT OPTION" : "")));
    }
  }
}

void Renderer::render(const SetAccess& op) {
  const auto schema = op.on.name.schema.empty() ? server_.default_schema : op.on.name.schema;
  if (op.before.owner != op.after.owner && op.after.owner) statement("ALTER " + owned_sql(op.on, schema) + " OWNER TO " + quote_name(*op.after.owner));
  std::string start;
  if (op.on.kind == PlaceKind::defaults) {
    start = "ALTER DEFAULT PRIVILEGES FOR ROLE " + quote_name(op.on.name.name) + (op.on.name.schema == "*" ? " " : " IN SCHEMA " + quote_name(schema) + " ");
  }
  const auto on = " ON " + granted_sql(op.on, schema);
  const auto changes = changes_of(op);
  // What a role gave goes before the role's own right to give.
  for (const bool given_on : {true, false}) {
    for (const auto& [key, privileges] : changes.revoked) {
      if (key.by.empty() == given_on) continue;
      statement(as_role(key.by, start + "REVOKE " + list_sql(privileges, op.on) + on + " FROM " + role(key.to)));
      give_columns_back(op, key.to, privileges);
    }
  }
  for (const auto& [key, privileges] : changes.options_revoked) {
    statement(as_role(key.by, start + "REVOKE GRANT OPTION FOR " + list_sql(privileges, op.on) + on + " FROM " + role(key.to)));
    give_columns_back(op, key.to, privileges);
  }
  for (const bool given_on : {false, true}) {
    for (const auto& [key, privileges] : changes.granted) {
      if (key.by.empty() == given_on) continue;
      statement(as_role(key.by, start + "GRANT " + list_sql(privileges, op.on) + on + " TO " + role(key.to) + (key.grantable ? " WITH GRANT OPTION" : "")));
    }
  }
}

}  // namespace migrate::postgresql
