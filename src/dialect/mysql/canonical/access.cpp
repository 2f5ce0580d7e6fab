#include "dialect/mysql/canonical/access.hpp"

#include <algorithm>
#include <set>

#include "core/text.hpp"

namespace migrate::mysql {
namespace {

using PlaceKind = AccessPlace::Kind;

/// The privileges that there are on a kind of object.
std::vector<std::string> privileges_of(PlaceKind kind, const ServerInfo& server) {
  const bool mariadb = server.product == "MariaDB";
  constexpr int with_show_create_routine = 110300;
  std::vector<std::string> tables{"select", "insert", "update", "delete", "create", "drop", "references", "index", "alter", "create view", "show view", "trigger"};
  if (mariadb) tables.emplace_back("delete history");
  std::vector<std::string> routines{"execute", "alter routine"};
  if (mariadb && server.version_number >= with_show_create_routine) routines.emplace_back("show create routine");
  switch (kind) {
    case PlaceKind::column: return {"select", "insert", "update", "references"};
    case PlaceKind::function:
    case PlaceKind::procedure: return routines;
    case PlaceKind::schema:
      tables.insert(tables.end(), routines.begin(), routines.end());
      tables.insert(tables.end(), {"create temporary tables", "lock tables", "create routine", "event"});
      return tables;
    default: return tables;
  }
}

/// "'app'@'localhost'", "app@localhost" and "app" as user@host; a role of MariaDB has no host.
std::string account_of(const std::string& text, const SchemaAccess& live) {
  if (text == "public" || live.roles.contains(text)) return text;
  const auto bare = [](std::string_view part) {
    part = trim(part);
    const bool quoted = part.size() > 1 && (part.front() == '\'' || part.front() == '`' || part.front() == '"') && part.back() == part.front();
    return std::string(quoted ? part.substr(1, part.size() - 2) : part);
  };
  const auto at = text.rfind('@');
  return at == std::string::npos ? bare(text) + "@%" : bare(text.substr(0, at)) + "@" + bare(text.substr(at + 1));
}

[[noreturn]] void refuse(const std::string& what, const std::string& hint, const Location& location) { throw Error{ErrorKind::usage, what, hint, location}; }

}  // namespace

void canonicalize_access(const AccessPlace& place, Access& access, const ServerInfo& server, const SchemaAccess& live, const Location& location) {
  if (place.kind == PlaceKind::defaults) refuse(server.product + " has no default privileges", "leave them to PostgreSQL: `dialects: postgresql`", location);
  if (access.owner) refuse("objects of " + server.product + " have no owner", "`definer` is whom a view or program runs as; write `owner` under `postgresql:`", location);
  if (!access.grants) return;
  const auto known = privileges_of(place.kind, server);
  std::vector<Grant> out;
  std::set<std::string> may_give;
  for (auto& grant : *access.grants) {
    if (!grant.by.empty()) refuse(server.product + " does not keep who gave a privilege", "leave `granted_by` out", location);
    grant.to = account_of(grant.to, live);
    if (grant.grantable) may_give.insert(grant.to);
    if (grant.privilege == "all" || grant.privilege == "all privileges") {
      for (const auto& privilege : known) out.push_back({.to = grant.to, .by = {}, .privilege = privilege});
      continue;
    }
    if (std::find(known.begin(), known.end(), grant.privilege) == known.end()) {
      refuse("there is no privilege '" + grant.privilege + "' here (" + server.product + " " + server.version + ")", did_you_mean(grant.privilege, known), location);
    }
    out.push_back(std::move(grant));
  }
  // The option is one for all that an account has on an object.
  for (auto& grant : out) grant.grantable = may_give.contains(grant.to) && place.kind != PlaceKind::column;
  access.grants = std::move(out);
}

}  // namespace migrate::mysql
