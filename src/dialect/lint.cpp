#include "dialect/lint.hpp"

#include <algorithm>
#include <array>

#include "core/text.hpp"
#include "dialect/sql.hpp"

namespace migrate::lint {

std::string_view to_text(Severity severity) {
  return severity == Severity::error ? "error" : severity == Severity::warning ? "warning" : "note";
}

QualifiedName key_of(const QualifiedName& name, const ServerInfo& server) {
  QualifiedName key{lower(name.schema), lower(name.name)};
  if (key.schema == lower(server.default_schema)) key.schema.clear();
  const auto database = server.defaults.find("database");
  if (database != server.defaults.end() && key.schema == lower(database->second)) key.schema.clear();
  return key;
}

std::string count_text(long long count) {
  if (count >= 2'000'000) return std::to_string((count + 500'000) / 1'000'000) + " million";
  auto digits = std::to_string(count);
  for (auto at = static_cast<int>(digits.size()) - 3; at > 0; at -= 3) digits.insert(static_cast<std::size_t>(at), ",");
  return digits;
}

std::vector<std::reference_wrapper<const parsed::Action>> Context::altered(parsed::Action::Kind kind) const {
  std::vector<std::reference_wrapper<const parsed::Action>> found;
  if (parsed().verb != parsed::Verb::alter_table) return found;
  for (const auto& action : parsed().actions) {
    if (action.kind == kind) found.emplace_back(action);
  }
  return found;
}

const Table* Context::table(const QualifiedName& name) const {
  const auto key = key_of(name, facts.server);
  const auto it = std::find_if(state.tables.begin(), state.tables.end(), [&](const Table& table) { return key_of(table.name, facts.server) == key; });
  return it == state.tables.end() ? nullptr : &*it;
}

const Column* Context::column(const QualifiedName& name, std::string_view column) const {
  const auto* found = table(name);
  if (found == nullptr) return nullptr;
  const auto it = std::find_if(found->columns.begin(), found->columns.end(), [&](const Column& item) { return equal_ignoring_case(item.name, column); });
  return it == found->columns.end() ? nullptr : &*it;
}

bool Context::same(const QualifiedName& a, const QualifiedName& b) const { return key_of(a, facts.server) == key_of(b, facts.server); }

bool Context::fresh(const QualifiedName& name) const {
  const auto key = key_of(name, facts.server);
  if (created.contains(key)) return true;
  // A table that an earlier pending unit makes is not in the database yet.
  return facts.connected && !facts.rows.contains(key);
}

std::optional<long long> Context::rows(const QualifiedName& name) const {
  if (fresh(name)) return 0;
  const auto it = facts.rows.find(key_of(name, facts.server));
  if (it != facts.rows.end()) return it->second;
  return facts.connected ? std::optional<long long>(0) : std::nullopt;
}

bool Context::small(const QualifiedName& name) const {
  const auto count = rows(name);
  return count && *count < facts.big_table;
}

std::string Context::shown(const QualifiedName& name) const {
  const auto count = rows(name);
  return name.text() + (count && *count > 0 ? " (" + count_text(*count) + " rows)" : "");
}

std::string Context::quote_list(const std::vector<std::string>& names) const {
  std::vector<std::string> quoted;
  for (const auto& name : names) quoted.push_back(dialect.sql().quote_name(name));
  return join(quoted, ", ");
}

std::string Context::with_action(const parsed::Action& action, std::string_view replacement) const {
  std::string out;
  for (const auto& other : parsed().actions) {
    const bool same = other.range.begin == action.range.begin;
    const auto part = same ? replacement : text(other.range);
    if (part.empty()) continue;
    out += (out.empty() ? " " : ", ") + std::string(part);
  }
  return out.empty() ? "" : std::string(text(parsed().head)) + out;
}

std::string Context::only_action(std::string_view replacement) const {
  return std::string(text(parsed().head)) + " " + std::string(replacement);
}

Finding& report(const Context& context, const Rule& rule, Findings& findings, std::string effect) {
  Finding finding;
  finding.id = rule.id;
  finding.severity = rule.severity;
  finding.effect = std::move(effect);
  finding.statement = context.item().source.text;
  finding.location = context.item().source.location;
  finding.at = context.at;
  findings.push_back(std::move(finding));
  return findings.back();
}

namespace {

/// Bits that a whole number holds, 0 for other types.
int integer_bits(std::string_view type) {
  static constexpr std::array<std::pair<std::string_view, int>, 15> known{{{"tinyint", 8}, {"smallint", 16}, {"int2", 16}, {"smallserial", 16}, {"mediumint", 24},
    {"integer", 32}, {"int", 32}, {"int4", 32}, {"serial", 32}, {"serial4", 32}, {"bigint", 64}, {"int8", 64}, {"bigserial", 64}, {"serial8", 64}, {"year", 8}}};
  auto name = parsed::type_name(type);
  for (const auto* tail : {" unsigned", " signed", " zerofill"}) {
    if (name.ends_with(tail)) name.remove_suffix(std::string_view(tail).size());
  }
  for (const auto& [word, bits] : known) {
    if (name == word) return bits;
  }
  return 0;
}

enum class Kind { integer, decimal, floating, text, binary, date, moment, other };

Kind kind_of(std::string_view type) {
  const auto name = parsed::type_name(type);
  const auto one_of = [&](std::initializer_list<std::string_view> names) { return std::find(names.begin(), names.end(), name) != names.end(); };
  if (integer_bits(type) > 0) return Kind::integer;
  if (one_of({"numeric", "decimal", "dec"})) return Kind::decimal;
  if (one_of({"real", "float", "float4", "float8", "double", "double precision"})) return Kind::floating;
  if (one_of({"varchar", "character varying", "char", "character", "text", "tinytext", "mediumtext", "longtext", "nvarchar", "clob", "bpchar", "citext"})) return Kind::text;
  if (one_of({"bytea", "blob", "tinyblob", "mediumblob", "longblob", "varbinary", "binary"})) return Kind::binary;
  if (name == "date") return Kind::date;
  if (name.starts_with("timestamp") || name == "datetime") return Kind::moment;
  return Kind::other;
}

/// How long a text of that type may be; a large number for those without a limit.
long long text_limit(std::string_view type) {
  const auto name = parsed::type_name(type);
  const auto [length, none] = parsed::type_numbers(type);
  if (length >= 0) return length;
  if (name == "tinytext" || name == "tinyblob") return 255;
  if (name == "mediumtext" || name == "mediumblob") return 16'777'215;
  if (name == "char" || name == "character" || name == "binary") return 1;
  return 1LL << 40;  // MySQL's TEXT too: what is shorter than it says how long
}

}  // namespace

bool narrows(std::string_view from, std::string_view to) {
  if (from.empty() || to.empty() || from == to) return false;
  if ((from.starts_with("enum(") && to.starts_with("enum(")) || (from.starts_with("set(") && to.starts_with("set("))) {
    const auto values = [](std::string_view type) { return split(type.substr(type.find('(') + 1, type.rfind(')') - type.find('(') - 1), ','); };
    const auto kept = values(to);
    const auto old = values(from);
    return std::any_of(old.begin(), old.end(), [&](const std::string& value) { return std::find(kept.begin(), kept.end(), value) == kept.end(); });
  }
  const auto before = kind_of(from);
  const auto after = kind_of(to);
  const auto [p1, s1] = parsed::type_numbers(from);
  const auto [p2, s2] = parsed::type_numbers(to);
  if (before == Kind::integer && after == Kind::integer) {
    if (integer_bits(to) < integer_bits(from)) return true;
    const bool was_unsigned = from.find("unsigned") != std::string_view::npos;
    const bool is_unsigned = to.find("unsigned") != std::string_view::npos;
    return (was_unsigned && !is_unsigned && integer_bits(to) == integer_bits(from)) || (!was_unsigned && is_unsigned);
  }
  if ((before == Kind::text && after == Kind::text) || (before == Kind::binary && after == Kind::binary)) return text_limit(to) < text_limit(from);
  if (before == Kind::decimal && after == Kind::decimal) {
    if (p2 < 0) return false;
    if (p1 < 0) return true;
    const int scale1 = std::max(s1, 0);
    const int scale2 = std::max(s2, 0);
    return scale2 < scale1 || p2 - scale2 < p1 - scale1;
  }
  if (before == Kind::decimal && (after == Kind::integer || after == Kind::floating)) return true;
  if (before == Kind::floating && (after == Kind::integer || after == Kind::decimal)) return true;
  if (before == Kind::moment && after == Kind::date) return true;
  if (before == Kind::text && after != Kind::text && after != Kind::other && after != Kind::binary) return true;
  const auto double_like = [](std::string_view type) { const auto name = parsed::type_name(type); return name == "double" || name == "double precision" || name == "float8"; };
  return before == Kind::floating && after == Kind::floating && double_like(from) && !double_like(to);
}

}  // namespace migrate::lint
