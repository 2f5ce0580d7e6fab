#include "dialect/mysql/render/access.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "core/text.hpp"
#include "dialect/mysql/sql/text.hpp"

namespace migrate::mysql {
namespace {

using PlaceKind = AccessPlace::Kind;

std::string account_sql(const std::string& account) {
  if (account == "public") return "PUBLIC";
  const auto at = account.rfind('@');
  return at == std::string::npos ? quote_text(account) : quote_text(account.substr(0, at)) + "@" + quote_text(account.substr(at + 1));
}

std::string object_sql(const AccessPlace& place) {
  if (place.kind == PlaceKind::schema) return "*";
  if (place.kind == PlaceKind::function) return "FUNCTION " + quote_name(place.name);
  if (place.kind == PlaceKind::procedure) return "PROCEDURE " + quote_name(place.name);
  return quote_name(place.name);
}

struct Held {
  std::set<std::string> privileges;
  bool option = false;
};

std::map<std::string, Held> by_account(const Access& access) {
  std::map<std::string, Held> out;
  for (const auto& grant : access.grants ? *access.grants : std::vector<Grant>{}) {
    auto& held = out[grant.to];
    held.privileges.insert(grant.privilege);
    held.option = held.option || grant.grantable;
  }
  return out;
}

std::string list_sql(const std::set<std::string>& has, const std::set<std::string>& other, const AccessPlace& place) {
  std::vector<std::string> out;
  for (const auto& privilege : has) {
    if (!other.contains(privilege)) out.push_back(upper(privilege) + (place.kind == PlaceKind::column ? " (" + quote_name(place.part) + ")" : ""));
  }
  return join(out, ", ");
}

}  // namespace

std::vector<std::string> access_sql(const SetAccess& op) {
  auto before = by_account(op.before);
  auto after = by_account(op.after);
  const auto on = " ON " + object_sql(op.on);
  std::vector<std::string> out;
  for (const auto& [account, held] : before) {
    const auto& now = after[account];
    if (held.option && !now.option) out.push_back("REVOKE GRANT OPTION" + on + " FROM " + account_sql(account));
    if (const auto less = list_sql(held.privileges, now.privileges, op.on); !less.empty()) out.push_back("REVOKE " + less + on + " FROM " + account_sql(account));
  }
  for (const auto& [account, held] : after) {
    const auto& was = before[account];
    const auto more = list_sql(held.privileges, was.privileges, op.on);
    const bool option = held.option && !was.option;
    if (!more.empty() || option) out.push_back("GRANT " + (more.empty() ? "USAGE" : more) + on + " TO " + account_sql(account) + (option ? " WITH GRANT OPTION" : ""));
  }
  return out;
}

}  // namespace migrate::mysql
