#include "cli/lint_output.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "core/text.hpp"
#include "core/version.hpp"

namespace migrate::cli {
namespace {

using Json = nlohmann::ordered_json;
using lint::Finding;
using lint::Severity;

std::string indented_json(const Json& json) { return json.dump(2, ' ', false, Json::error_handler_t::replace); }

std::string indented(const std::string& text, const std::string& margin) { return margin + replace_all(text, "\n", "\n" + margin); }

Json fix_json(const lint::Fix& fix) {
  Json json{{"automatic", fix.automatic}, {"statements", fix.statements}};
  if (!fix.later.empty()) json["outside_transaction"] = fix.later;
  std::string sql;
  for (const auto* list : {&fix.statements, &fix.later}) {
    for (const auto& statement : *list) sql += (sql.empty() ? "" : "\n") + statement + ";";
  }
  json["sql"] = sql;
  return json;
}

Json to_json(const LintedUnit& unit, const Finding& finding) {
  const auto* rule = lint::find_rule(finding.id);
  Json json{{"id", finding.id}, {"severity", lint::to_text(finding.severity)}};
  if (rule != nullptr) json["rule"] = rule->title;
  json["effect"] = finding.effect;
  if (!unit.revision.empty()) json["revision"] = unit.revision;
  json["file"] = shown_path(finding.location.file);
  if (finding.location.line > 0) json["line"] = finding.location.line;
  if (finding.location.column > 0) json["column"] = finding.location.column;
  if (!finding.statement.empty()) json["statement"] = finding.statement;
  if (!finding.hint.empty()) json["hint"] = finding.hint;
  if (finding.fix) json["fix"] = fix_json(*finding.fix);
  return json;
}

std::string count_line(const std::vector<LintedUnit>& units) {
  std::size_t counts[3] = {0, 0, 0};
  std::size_t all = 0;
  int allowed = 0;
  for (const auto& unit : units) {
    allowed += unit.allowed;
    for (const auto& finding : unit.findings) ++counts[static_cast<int>(finding.severity)], ++all;
  }
  auto text = all == 0 ? "no findings" : plural(all, "finding");
  std::vector<std::string> parts;
  if (counts[2] > 0) parts.push_back(plural(counts[2], "error"));
  if (counts[1] > 0) parts.push_back(plural(counts[1], "warning"));
  if (counts[0] > 0) parts.push_back(plural(counts[0], "note"));
  if (all > 0) text += " (" + join(parts, ", ") + ")";
  text += " in " + plural(units.size(), "unit");
  if (allowed > 0) text += ", " + std::to_string(allowed) + " allowed";
  return text;
}

void print_text(const Output& output, const std::vector<LintedUnit>& units) {
  for (const auto& unit : units) {
    for (const auto& finding : unit.findings) {
      const auto severity = std::string(lint::to_text(finding.severity));
      const auto place = fmt::format("{}:{}", shown_path(finding.location.file), finding.location.line);
      output.line(fmt::format("{}: {} {}: {}", output.strong(place), finding.severity == Severity::error ? output.bad(severity) : severity, finding.id, finding.effect));
      if (!finding.statement.empty()) output.line(output.faint(indented(finding.statement, "    ")));
      output.lines(fix_text(finding));
    }
  }
}

void print_json(const Output& output, const std::vector<LintedUnit>& units, const std::vector<LintFixes>& fixes) {
  Json list = Json::array();
  int allowed = 0;
  for (const auto& unit : units) {
    allowed += unit.allowed;
    for (const auto& finding : unit.findings) list.push_back(to_json(unit, finding));
  }
  Json json{{"ok", list.empty()}, {"units", units.size()}, {"allowed", allowed}, {"findings", list}};
  if (!fixes.empty()) {
    Json fixed = Json::array();
    for (const auto& fix : fixes) {
      Json entry{{"file", shown_path(fix.file)}, {"ids", fix.ids}};
      if (!fix.written.empty()) entry["wrote"] = shown_path(fix.written);
      fixed.push_back(std::move(entry));
    }
    json["fixed"] = std::move(fixed);
  }
  output.line(indented_json(json));
}

/// SARIF's words for severities are ours.
Json sarif_result(const Finding& finding, std::size_t rule_index) {
  Json region{{"startLine", std::max(finding.location.line, 1)}};
  if (finding.location.column > 0) region["startColumn"] = finding.location.column;
  if (!finding.statement.empty()) region["snippet"] = {{"text", finding.statement}};
  auto message = finding.effect;
  if (finding.fix) message += "\n\nFix:\n" + fix_json(*finding.fix)["sql"].get<std::string>();
  if (!finding.hint.empty()) message += "\n\n" + finding.hint;
  return {{"ruleId", finding.id},
          {"ruleIndex", rule_index},
          {"level", lint::to_text(finding.severity)},
          {"message", {{"text", message}}},
          {"locations", Json::array({{{"physicalLocation", {{"artifactLocation", {{"uri", shown_path(finding.location.file)}, {"uriBaseId", "%SRCROOT%"}}}, {"region", region}}}}})}};
}

void print_sarif(const Output& output, const std::vector<LintedUnit>& units) {
  Json rules = Json::array();
  std::vector<std::string> ids;
  Json results = Json::array();
  for (const auto& unit : units) {
    for (const auto& finding : unit.findings) {
      auto it = std::find(ids.begin(), ids.end(), finding.id);
      if (it == ids.end()) {
        const auto* rule = lint::find_rule(finding.id);
        rules.push_back({{"id", finding.id},
                         {"shortDescription", {{"text", rule == nullptr ? finding.id : std::string(rule->title)}}},
                         {"defaultConfiguration", {{"level", lint::to_text(rule == nullptr ? finding.severity : rule->severity)}}}});
        ids.push_back(finding.id);
        it = ids.end() - 1;
      }
      results.push_back(sarif_result(finding, static_cast<std::size_t>(it - ids.begin())));
    }
  }
  output.line(indented_json({{"$schema", "https://json.schemastore.org/sarif-2.1.0.json"},
                    {"version", "2.1.0"},
                    {"runs", Json::array({{{"tool", {{"driver", {{"name", "migrate"}, {"version", tool_version()}, {"rules", rules}}}}}, {"columnKind", "unicodeCodePoints"}, {"results", results}}})}}));
}

/// Workflow commands: %, line ends and, in properties, ':' and ',' are escaped.
std::string escaped(std::string text, bool property) {
  text = replace_all(replace_all(replace_all(std::move(text), "%", "%25"), "\r", "%0D"), "\n", "%0A");
  return property ? replace_all(replace_all(std::move(text), ":", "%3A"), ",", "%2C") : text;
}

void print_github(const Output& output, const std::vector<LintedUnit>& units) {
  for (const auto& unit : units) {
    for (const auto& finding : unit.findings) {
      const char* command = finding.severity == Severity::error ? "error" : finding.severity == Severity::warning ? "warning" : "notice";
      auto message = finding.effect;
      if (finding.fix) message += "\nFix:\n" + fix_json(*finding.fix)["sql"].get<std::string>();
      else if (!finding.hint.empty()) message += "\n" + finding.hint;
      output.line(fmt::format("::{} file={},line={},col={},title={}::{}", command, escaped(shown_path(finding.location.file), true), std::max(finding.location.line, 1),
                              std::max(finding.location.column, 1), escaped(finding.id, true), escaped(message, false)));
    }
  }
}

}  // namespace

std::string fix_text(const Finding& finding) {
  std::string text;
  const auto list = [&](const std::string& title, const std::vector<std::string>& statements) {
    if (statements.empty()) return;
    text += "  " + title + "\n";
    for (const auto& statement : statements) text += indented(statement + ";", "    ") + "\n";
  };
  if (finding.fix) {
    const auto& fix = *finding.fix;
    if (fix.statements.empty() && fix.later.empty()) text += "  fix: leave it out\n";
    list(fix.automatic ? "fix:" : "for example:", fix.statements);
    list(fix.statements.empty() ? "fix, outside of a transaction (a unit of its own with `transaction: off`):" : "then, outside of a transaction (a unit of its own with `transaction: off`):", fix.later);
  }
  if (!finding.hint.empty()) text += "  hint: " + finding.hint + "\n";
  return text;
}

void print_findings(const Output& output, const std::string& format, const std::vector<LintedUnit>& units, const std::vector<LintFixes>& fixes) {
  if (format == "text") {
    for (const auto& fix : fixes) {
      output.line("fixed " + shown_path(fix.file) + ": " + join(fix.ids, ", "));
      if (!fix.written.empty()) output.line("wrote " + shown_path(fix.written));
    }
    print_text(output, units);
  } else if (format == "json") {
    print_json(output, units, fixes);
  } else if (format == "sarif") {
    print_sarif(output, units);
  } else if (format == "github") {
    print_github(output, units);
  } else {
    throw Error{ErrorKind::usage, "--format cannot be '" + format + "'", "text, json, sarif or github"};
  }
  output.note(count_line(units));
}

void print_rules(const Output& output, const lint::Settings& settings) {
  Json list = Json::array();
  for (const auto* rule : lint::all_rules()) {
    const std::string id(rule->id);
    const auto it = settings.rules.find(id);
    const std::string severity(it == settings.rules.end() ? lint::to_text(rule->severity) : !it->second ? "off" : lint::to_text(*it->second));
    if (output.json()) list.push_back({{"id", id}, {"severity", severity}, {"rule", rule->title}});
    else output.line(fmt::format("{:<7} {:<8} {}", id, severity, rule->title));
  }
  if (output.json()) output.line(indented_json(list));
}

}  // namespace migrate::cli
