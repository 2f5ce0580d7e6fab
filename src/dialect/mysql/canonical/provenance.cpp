#include "dialect/mysql/canonical/provenance.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "core/text.hpp"
#include "dialect/mysql/sql/split.hpp"
#include "dialect/mysql/sql/text.hpp"
#include "dialect/mysql/sql/usual_session.hpp"

namespace migrate::mysql {
namespace {

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

/// Units are UTF-8: text with other letters is read as what it is only by a connection that says so.
bool can_be_given(std::string_view charset, std::string_view text) { return charset.starts_with("utf8") || is_ascii(text); }

bool is_usual(const Options& options, const std::string& key, const Context& context) {
  const auto value = options.find(key);
  const auto usual = context.usual.find(key);
  return value == options.end() || (usual != context.usual.end() && usual->second == value->second);
}

std::string account_sql(const std::string& account) {
  const auto at = account.rfind('@');
  return at == std::string::npos ? backtick(account) : backtick(account.substr(0, at)) + "@" + backtick(account.substr(at + 1));
}

}  // namespace

std::string normal_account(std::string_view sql) {
  const auto unquoted = [](std::string_view part) {
    part = trim(part);
    return !part.empty() && part.front() == '\'' ? unquote_text(part) : unquote_name(part);
  };
  // The '@' that separates stands behind the first part, which may hold others between its quotes.
  std::size_t at = std::string_view::npos;
  char quote = 0;
  for (std::size_t i = 0; i < sql.size(); ++i) {
    if (quote != 0) quote = sql[i] == quote ? '\0' : quote;
    else if (sql[i] == '`' || sql[i] == '\'' || sql[i] == '"') quote = sql[i];
    else if (sql[i] == '@') at = i;
  }
  if (at == std::string_view::npos) return unquoted(sql);
  const auto host = unquoted(sql.substr(at + 1));
  const auto user = unquoted(sql.substr(0, at));
  return host.empty() ? user : user + "@" + host;
}

void tell_provenance(Options& options, const std::string& key, const std::string& value, const Context& context) {
  options[key] = value;
  if (is_usual(options, key, context)) options.erase(key);
}

void tell_session(Options& options, const Session& session, std::string_view text, const Context& context) {
  if (session.sql_mode) tell_provenance(options, "sql_mode", normal_mode(*session.sql_mode, context.mariadb), context);
  if (!session.charset.empty() && can_be_given(session.charset, text)) tell_provenance(options, "charset", session.charset, context);
  if (!session.collation.empty()) tell_provenance(options, "collation", session.collation, context);
  if (!session.time_zone.empty()) tell_provenance(options, "time_zone", session.time_zone, context);
}

namespace {

/// What the one of MySQL and MariaDB has and the other does not know is left out: a copy brings it.
void leave_out_unknown(Options& options, const Context& context) {
  if (const auto collation = option(options, "collation"); collation.find(context.mariadb ? "_0900_" : "_uca1400_") != std::string::npos) {
    options.erase("collation");
    options.erase("charset");
  }
  const auto mode = options.find("sql_mode");
  if (mode == options.end() || context.mariadb) return;
  static constexpr std::array<std::string_view, 13> of_mariadb = {"ORACLE", "MSSQL", "DB2", "POSTGRESQL", "MAXDB", "NO_KEY_OPTIONS", "NO_TABLE_OPTIONS", "NO_FIELD_OPTIONS", "NO_AUTO_CREATE_USER",
                                                                  "SIMULTANEOUS_ASSIGNMENT", "EMPTY_STRING_IS_NULL", "IGNORE_BAD_TABLE_OPTIONS", "TIME_ROUND_FRACTIONAL"};
  auto modes = split(mode->second, ',');
  std::erase_if(modes, [](const std::string& one) { return std::find(of_mariadb.begin(), of_mariadb.end(), one) != of_mariadb.end(); });
  mode->second = join(modes, ",");
}

}  // namespace

void canonicalize_provenance(Options& options, std::string_view text, const Context& context) {
  if (const auto definer = options.find("definer"); definer != options.end()) {
    const auto word = upper(definer->second);
    if (word.starts_with("CURRENT_USER") && context.usual.contains("definer")) definer->second = context.usual.at("definer");
    else if (definer->second.find_first_of("`'\"") != std::string::npos) definer->second = normal_account(definer->second);
    else if (definer->second.find('@') == std::string::npos && !context.mariadb) definer->second += "@%";
  }
  if (const auto mode = options.find("sql_mode"); mode != options.end()) mode->second = normal_mode(mode->second, context.mariadb);
  const auto charset = options.find("charset");
  if (charset != options.end() || options.contains("collation")) {
    auto name = charset == options.end() ? std::string() : lower(charset->second);
    if (name == "utf8" && context.has_utf8mb3()) name = "utf8mb3";
    if (charset != options.end()) charset->second = name;
    if (options.contains("collation")) options["collation"] = resolve_collation(context, "", options["collation"], {});
    if (!name.empty() && !can_be_given(name, text)) options.erase("charset");
  }
  leave_out_unknown(options, context);
}

std::string program_mode(const Options& options, const Context& context) {
  const auto own = options.find("sql_mode");
  return own != options.end() ? own->second : option(context.usual, "sql_mode");
}

const LexicalRules& program_rules(const Options& options, const Context& context) { return rules_for(Quoting::of(program_mode(options, context))); }

bool in_oracle_mode(const Options& options, const Context& context) {
  const auto modes = split(program_mode(options, context), ',');
  return std::find(modes.begin(), modes.end(), "ORACLE") != modes.end();
}

std::string definer_clause(const Options& options, const Context& context) {
  return is_usual(options, "definer", context) ? "" : "DEFINER = " + account_sql(options.at("definer")) + " ";
}

std::string with_definer(std::string create, const Options& options, const Context& context) {
  return create.insert(std::string_view("CREATE ").size(), definer_clause(options, context));
}

SessionChange session_change(const Options& options, const Context& context) {
  std::vector<std::string> before;
  std::vector<std::string> after;
  if (!is_usual(options, "sql_mode", context)) {
    before.push_back("sql_mode = " + quote_text(options.at("sql_mode")));
    after.emplace_back("sql_mode = DEFAULT");
  }
  const bool charset = !is_usual(options, "charset", context);
  if (charset || !is_usual(options, "collation", context)) {
    if (charset) before.push_back("character_set_client = " + options.at("charset"));
    if (options.contains("collation")) before.push_back("collation_connection = " + options.at("collation"));
    after.emplace_back("NAMES utf8mb4");
  }
  if (!is_usual(options, "time_zone", context)) {
    before.push_back("time_zone = " + quote_text(options.at("time_zone")));
    after.emplace_back("time_zone = DEFAULT");
  }
  if (before.empty()) return {};
  return {"SET " + join(before, ", "), "SET " + join(after, ", ")};
}

}  // namespace migrate::mysql
