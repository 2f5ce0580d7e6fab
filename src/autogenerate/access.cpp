#include "autogenerate/access.hpp"

#include <algorithm>

#include "core/text.hpp"
#include "dialect/canonical.hpp"
#include "dialect/catalog.hpp"
#include "schema/access.hpp"

namespace migrate {
namespace {

using PlaceKind = AccessPlace::Kind;

void check_account(const std::string& account, const SchemaAccess& live, const Location& location) {
  if (account.empty() || account == "public" || live.roles.contains(account)) return;
  const auto near = nearest(account, std::vector<std::string>{live.roles.begin(), live.roles.end()});
  throw Error{ErrorKind::usage, "the model gives rights to '" + account + "', which the server does not have",
              near.empty() ? "no account is made by a model: create it first" : "did you mean '" + near + "'? No account is made by a model", location};
}

void bring_to_terms(const Dialect& dialect, const ServerInfo& server, const AccessPlace& place, Access& access, const SchemaAccess& live, const Location& location) {
  dialect.canonical().canonicalize_access(place, access, server, live, location);
  if (access.owner) check_account(*access.owner, live, location);
  if (!access.grants) return;
  auto& grants = *access.grants;
  for (const auto& grant : grants) {
    check_account(grant.to, live, location);
    check_account(grant.by, live, location);
  }
  std::sort(grants.begin(), grants.end());
  // `all` beside one of them, or the same with and without the option: the stronger holds.
  const auto same = [](const Grant& a, const Grant& b) { return a.to == b.to && a.by == b.by && a.privilege == b.privilege; };
  for (std::size_t i = 1; i < grants.size(); ++i) {
    if (same(grants[i - 1], grants[i])) grants[i - 1].grantable = grants[i].grantable;
  }
  grants.erase(std::unique(grants.begin(), grants.end(), same), grants.end());
}

/// What "tables" of default privileges stands for.
const char* defaults_of(PlaceKind kind) {
  switch (kind) {
    case PlaceKind::table:
    case PlaceKind::view:
    case PlaceKind::materialized_view: return "tables";
    case PlaceKind::sequence: return "sequences";
    case PlaceKind::function:
    case PlaceKind::procedure: return "functions";
    case PlaceKind::type: return "types";
    case PlaceKind::schema: return "schemas";
    default: return "";
  }
}

void add(std::vector<Grant>& grants, const std::vector<Grant>& more) {
  grants.insert(grants.end(), more.begin(), more.end());
  std::sort(grants.begin(), grants.end());
  grants.erase(std::unique(grants.begin(), grants.end()), grants.end());
}

/// What an object has that the role in hand makes.
Access of_new(const AccessPlace& place, const SchemaAccess& live) {
  Access access{.owner = live.role, .grants = std::vector<Grant>{}};
  const auto kind = place.kind == PlaceKind::defaults ? PlaceKind::table : place.kind;
  const auto said = [&](const std::string& schema) { return live.places.find({PlaceKind::defaults, {schema, live.role}, defaults_of(kind)}); };
  if (const auto everywhere = said("*"); everywhere != live.places.end()) add(*access.grants, everywhere->second.grants.value_or(std::vector<Grant>{}));
  else if (const auto implied = live.implied.find(kind); implied != live.implied.end()) add(*access.grants, implied->second);
  if (kind != PlaceKind::schema && place.kind != PlaceKind::column) {
    if (const auto here = said(place.name.schema); here != live.places.end()) add(*access.grants, here->second.grants.value_or(std::vector<Grant>{}));
  }
  return access;
}

/// What nobody has changed: defaults that no role has are those of the engine.
Access of_defaults(const AccessPlace& place, const SchemaAccess& live) {
  Access access{.owner = {}, .grants = std::vector<Grant>{}};
  if (place.name.schema != "*") return access;
  for (const auto& [kind, implied] : live.implied) {
    if (place.part == defaults_of(kind)) add(*access.grants, implied);
  }
  for (auto& grant : *access.grants) {
    if (grant.to.empty()) grant.to = place.name.name;
  }
  return access;
}

/// Leaves out what a model need not say: the rights of the owner and of the account in hand.
void leave_out_own(Access& before, const Access& after, const std::vector<std::string>& own) {
  if (!before.grants || !after.grants) return;
  const auto named = [&](const std::string& who) {
    return std::any_of(after.grants->begin(), after.grants->end(), [&](const Grant& grant) { return grant.to == who; });
  };
  std::erase_if(*before.grants, [&](const Grant& grant) {
    return grant.to.empty() || (std::find(own.begin(), own.end(), grant.to) != own.end() && !named(grant.to));
  });
}

void compare_one(const AccessPlace& place, const Access* live, const Access& declared, const SchemaAccess& all, std::vector<PlannedChange>& out) {
  SetAccess op{.on = place, .before = live != nullptr ? *live : place.kind == PlaceKind::defaults ? of_defaults(place, all) : of_new(place, all), .after = declared};
  op.fresh = live == nullptr && place.kind != PlaceKind::defaults;
  if (!op.after.owner) op.after.owner = op.before.owner;
  if (!op.after.grants) {
    op.after.grants = op.before.grants;
  } else {
    leave_out_own(op.before, op.after, {op.after.owner.value_or(place.kind == PlaceKind::defaults ? place.name.name : all.role), all.role});
    // What the owner before has goes to the next one with the object.
    if (op.before.owner != op.after.owner) std::erase_if(*op.before.grants, [&](const Grant& grant) { return grant.to == op.before.owner; });
  }
  if (op.before != op.after) out.push_back({std::move(op)});
}

}  // namespace

void read_declared_access(const Dialect& dialect, Connection& connection, const ServerInfo& server, Schema& live, Schema& declared) {
  if (!says_access(declared)) return;
  std::set<std::string> also(declared.schemas.begin(), declared.schemas.end());
  for (const auto& [place, access] : declared.access.places) {
    if (place.name.schema != "*") also.insert(place.name.schema);
  }
  dialect.catalog().read_access(connection, server, live, also);
  for_each_access(declared, [&](const AccessPlace& place, Declaration& said) {
    if (!said.access) return;
    bring_to_terms(dialect, server, place, *said.access, live.access, said.location);
    if (*said.access == Access{}) said.access.reset();
  });
  std::map<AccessPlace, Access> places;
  for (auto& [place, access] : declared.access.places) {
    bring_to_terms(dialect, server, place, access, live.access, declared.access.locations[place]);
    if (access == Access{}) continue;
    auto key = place;
    if (key.kind == PlaceKind::defaults && key.name.name.empty()) key.name.name = live.access.role;
    places.emplace(std::move(key), std::move(access));
  }
  declared.access.places = std::move(places);
}

void compare_access(const Schema& live, const Schema& declared, std::vector<PlannedChange>& out) {
  if (!says_access(declared)) return;
  std::map<AccessPlace, const Access*> there;
  for_each_access(live, [&](const AccessPlace& place, const Declaration& said) {
    if (said.access) there.emplace(place, &*said.access);
  });
  for (const auto& [place, access] : live.access.places) there.emplace(place, &access);
  const auto compare = [&](const AccessPlace& place, const Access& access) {
    const auto it = there.find(place);
    compare_one(place, it == there.end() ? nullptr : it->second, access, live.access, out);
  };
  for (const auto& [place, access] : declared.access.places) compare(place, access);
  for_each_access(declared, [&](const AccessPlace& place, const Declaration& said) {
    if (said.access) compare(place, *said.access);
  });
}

}  // namespace migrate
