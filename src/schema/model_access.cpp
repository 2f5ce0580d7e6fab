/// Owners and privileges in a model.
#include <algorithm>

#include "core/text.hpp"
#include "schema/model_reader.hpp"

namespace migrate::model {
namespace {

constexpr const char* how = "write `grants: {reader: [select]}`, or `{lead: {privileges: [select], with_grant_option: true}}`";

/// A word or a list of words, in lower case.
std::vector<std::string> words(const Context& context, const yaml::Node& node, const std::string& what) {
  std::vector<std::string> out;
  const auto add = [&](const yaml::Node& word) {
    if (!word.is_scalar() || trim(word.scalar).empty()) context.fail(word, what + ": a privilege is a word", how);
    out.push_back(lower(collapse_spaces(word.scalar)));
  };
  if (node.is_sequence()) std::for_each(node.items.begin(), node.items.end(), add);
  else if (!node.is_null()) add(node);
  return out;
}

void read_grant(const Context& context, const std::string& to, const yaml::Node& node, const std::string& what, std::vector<Grant>& out) {
  if (!node.is_map()) {
    for (auto& privilege : words(context, node, what)) out.push_back({.to = to, .by = {}, .privilege = std::move(privilege)});
    return;
  }
  const Properties properties(context, node, what, {"privileges", "with_grant_option", "granted_by"});
  const auto* privileges = properties.find("privileges");
  const auto* option = properties.find("with_grant_option");
  const bool all = option != nullptr && option->is_scalar() && (lower(option->scalar) == "true" || lower(option->scalar) == "false") && scalar_flag(context, *option, what);
  const auto some = option == nullptr || (option->is_scalar() && lower(option->scalar) == (all ? "true" : "false")) ? std::vector<std::string>{} : words(context, *option, what);
  const auto by = properties.text("granted_by");
  const auto given = privileges == nullptr ? std::vector<std::string>{} : words(context, *privileges, what);
  if (given.empty() && some.empty()) context.fail(node, what + " names no privilege", how);
  for (const auto& privilege : given) out.push_back({.to = to, .by = by, .privilege = privilege, .grantable = all || std::find(some.begin(), some.end(), privilege) != some.end()});
  for (const auto& privilege : some) {
    if (std::find(given.begin(), given.end(), privilege) == given.end()) out.push_back({.to = to, .by = by, .privilege = privilege, .grantable = true});
  }
}

std::vector<Grant> read_grants(const Context& context, const yaml::Node& node, const std::string& what) {
  if (!node.is_map()) context.fail(node, what + ": grants must be a map from accounts to privileges", how);
  std::vector<Grant> out;
  for (const auto& [key, value] : node.keys) {
    if (key.empty()) context.fail(value, what + ": the name of an account is empty");
    const auto to = lower(key) == "public" ? "public" : key;
    const auto of_account = what + ": grants: " + key;
    const bool several = value.is_sequence() && std::any_of(value.items.begin(), value.items.end(), [](const yaml::Node& item) { return item.is_map(); });
    if (!several) read_grant(context, to, value, of_account, out);
    else for (const auto& item : value.items) read_grant(context, to, item, of_account, out);
  }
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

void add_place(const Context& context, const yaml::Node& node, const std::string& what, const AccessPlace& place, Access access, const Location& at, Schema& schema) {
  if (!schema.access.places.emplace(place, std::move(access)).second) context.fail(node, what + " is declared a second time");
  schema.access.locations[place] = at;
}

}  // namespace

Rare<Access> read_access(const Properties& properties) {
  Access access;
  if (const auto owner = properties.text("owner"); !owner.empty()) access.owner = owner;
  if (const auto* grants = properties.node.is_map() ? properties.find("grants") : nullptr) access.grants = read_grants(properties.context, *grants, properties.what);
  if (access == Access{}) return {};
  return access;
}

void read_top_access(const Context& context, const std::string& key, const yaml::Node& node, Schema& schema) {
  const AccessPlace place{AccessPlace::Kind::schema, {}, {}};
  auto& access = schema.access.places[place];
  schema.access.locations[place] = context.at(node);
  if (key == "owner" ? access.owner.has_value() : access.grants.has_value()) context.fail(node, key + " is declared a second time");
  if (key == "owner") access.owner = scalar_text(context, node, key);
  else access.grants = read_grants(context, node, "the model");
}

void read_schemas(const Context& context, const yaml::Node& node, Schema& schema) {
  const auto add = [&](const std::string& name, const yaml::Node& value, const Location& place) {
    const auto own = name == context.options.default_schema ? std::string() : name;
    if (!own.empty()) schema.schemas.push_back(own);
    if (!value.is_map()) return;
    const Properties properties(context, value, "schema " + name, {"name", "owner", "grants"});
    auto access = read_access(properties);
    if (access) add_place(context, value, "access to schema " + name, {AccessPlace::Kind::schema, {own, ""}, ""}, *access, place, schema);
  };
  if (node.is_map()) {
    each_entry(context, node, "schemas", add);
  } else if (node.is_sequence()) {
    for (const auto& item : node.items) {
      const auto* name = item.is_map() ? item.find("name") : &item;
      if (name == nullptr) context.fail(item, "a schema needs a name", "write `- {name: audit, owner: ...}`");
      add(scalar_text(context, *name, "schemas"), item, context.at(item));
    }
  } else {
    context.fail(node, "schemas must be a list of names or a map");
  }
}

void read_default_privileges(const Context& context, const yaml::Node& node, Schema& schema) {
  constexpr const char* hint = "write `- {for: app_owner, schema: shop, on: tables, grants: {reader: [select]}}`";
  if (!node.is_sequence()) context.fail(node, "default_privileges must be a list", hint);
  for (const auto& item : node.items) {
    const std::string what = "default_privileges";
    const Properties properties(context, item, what, {"for", "schema", "on", "grants"});
    if (!properties.holds_here()) continue;
    const auto on = lower(properties.text("on"));
    if (on.empty() || properties.find("grants") == nullptr) context.fail(item, what + ": `on` and `grants` are missing", hint);
    auto in = properties.find("schema") == nullptr ? std::string("*") : properties.text("schema");
    if (in == context.options.default_schema) in.clear();
    add_place(context, item, what + " for the same objects", {AccessPlace::Kind::defaults, {in, properties.text("for")}, on},
              {.owner = {}, .grants = read_access(properties)->grants}, context.at(item), schema);
  }
}

}  // namespace migrate::model
