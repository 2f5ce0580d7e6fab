#include <charconv>

#include "core/text.hpp"
#include "lint/lint.hpp"
#include "lint/rules.hpp"

namespace migrate::lint {
namespace {

[[noreturn]] void fail(const yaml::Node& node, const std::string& file, const std::string& message, std::string hint = {}) {
  throw Error{ErrorKind::usage, message, std::move(hint), {file, node.line, node.column}};
}

std::optional<Severity> read_severity(const yaml::Node& node, const std::string& file, const std::string& key, const std::string& off) {
  static const std::vector<std::string> words{"note", "warning", "error"};
  if (node.is_scalar()) {
    const auto word = lower(node.scalar);
    if (word == off || (off == "off" && word == "false")) return std::nullopt;
    if (word == "note") return Severity::note;
    if (word == "warning") return Severity::warning;
    if (word == "error") return Severity::error;
  }
  fail(node, file, "'" + key + "' is one of note, warning, error, " + off, node.is_scalar() ? did_you_mean(node.scalar, words) : "");
}

std::vector<std::string> read_words(const yaml::Node& node, const std::string& file, const std::string& key) {
  std::vector<std::string> words;
  const auto take = [&](const yaml::Node& item) {
    if (!item.is_scalar() || item.scalar.empty()) fail(item, file, "'lint.allow': '" + key + "' needs a word or a list of words");
    words.push_back(item.scalar);
  };
  if (node.is_sequence()) std::for_each(node.items.begin(), node.items.end(), take);
  else take(node);
  return words;
}

AllowedFinding read_allowed(const yaml::Node& node, const std::string& file) {
  AllowedFinding allowed;
  allowed.location = {file, node.line, node.column};
  if (!node.is_map()) fail(node, file, "'lint.allow' needs maps", "{rule: ALL033, revisions: [0007-3f2a1c], because: the table is empty}");
  static const std::vector<std::string> known{"rule", "revisions", "because"};
  for (std::size_t i = 0; i < node.keys.size(); ++i) {
    const auto& [key, value] = node.keys[i];
    if (key == "rule") {
      allowed.rules = read_words(value, file, key);
      for (const auto& rule : allowed.rules) {
        if (find_rule(rule) == nullptr) fail(value, file, "there is no lint rule '" + rule + "'", "`migrate lint --rules` lists them");
      }
    } else if (key == "revisions") {
      allowed.revisions = read_words(value, file, key);
    } else if (key == "because") {
      allowed.reason = value.scalar;
    } else {
      throw Error{ErrorKind::usage, "unknown key '" + key + "' in 'lint.allow'", did_you_mean(key, known), {file, node.key_places[i].first, node.key_places[i].second}};
    }
  }
  if (allowed.rules.empty()) fail(node, file, "'lint.allow': 'rule' is missing");
  if (trim(allowed.reason).empty()) fail(node, file, "'lint.allow': 'because' is missing", "say why it is all right, for whoever reads this next");
  return allowed;
}

}  // namespace

Settings read_settings(const yaml::Node& node, const std::string& file) {
  Settings settings;
  static const std::vector<std::string> known{"rules", "fail_on", "big_table", "version", "format", "allow"};
  for (std::size_t i = 0; i < node.keys.size(); ++i) {
    const auto& [key, value] = node.keys[i];
    if (value.is_null()) continue;
    if (key == "rules") {
      if (!value.is_map()) fail(value, file, "'lint.rules' needs a map from rules to note, warning, error or off");
      for (std::size_t j = 0; j < value.keys.size(); ++j) {
        const auto& [id, severity] = value.keys[j];
        if (find_rule(id) == nullptr) {
          throw Error{ErrorKind::usage, "there is no lint rule '" + id + "'", "`migrate lint --rules` lists them", {file, value.key_places[j].first, value.key_places[j].second}};
        }
        settings.rules[id] = read_severity(severity, file, "lint.rules." + id, "off");
      }
    } else if (key == "allow") {
      if (!value.is_sequence()) fail(value, file, "'lint.allow' needs a list", "allow: [{rule: ALL033, revisions: [0007-3f2a1c], because: the table is empty}]");
      for (const auto& item : value.items) settings.allowed.push_back(read_allowed(item, file));
    } else if (key == "fail_on") {
      settings.fail_on = read_severity(value, file, "lint.fail_on", "never");
    } else if (key == "big_table") {
      const auto& text = value.scalar;
      const auto end = std::from_chars(text.data(), text.data() + text.size(), settings.big_table);
      if (end.ec != std::errc{} || end.ptr != text.data() + text.size() || settings.big_table < 0) fail(value, file, "'lint.big_table' needs a number of rows");
    } else if (key == "version") {
      if (!value.is_scalar() || value.scalar.empty() || value.scalar[0] < '0' || value.scalar[0] > '9') fail(value, file, "'lint.version' needs a server version such as \"14\" or \"10.6.12\"");
      settings.version = value.scalar;
    } else if (key == "format") {
      if (value.scalar != "text" && value.scalar != "json" && value.scalar != "sarif" && value.scalar != "github") fail(value, file, "'lint.format' is one of text, json, sarif, github");
      settings.format = value.scalar;
    } else {
      throw Error{ErrorKind::usage, "unknown key '" + key + "' in 'lint'", did_you_mean(key, known), {file, node.key_places[i].first, node.key_places[i].second}};
    }
  }
  return settings;
}

std::vector<const Rule*> all_rules() {
  std::vector<const Rule*> rules;
  for (const auto& rule : common_rules()) rules.push_back(&rule);
  for (const auto* name : {"postgresql", "mysql", "sqlite"}) {
    for (const auto& rule : dialect_named(name).lint().rules) rules.push_back(&rule);
  }
  return rules;
}

const Rule* find_rule(std::string_view id) {
  for (const auto* rule : all_rules()) {
    if (rule->id == id) return rule;
  }
  return nullptr;
}

int version_number(std::string_view text, const Support& support) {
  int numbers[3] = {0, 0, 0};
  int count = 0;
  for (const auto& part : split(text, '.')) {
    if (count < 3) std::from_chars(part.data(), part.data() + part.size(), numbers[count++]);
  }
  return support.two_part_version ? numbers[0] * 10000 + numbers[1] : numbers[0] * 10000 + numbers[1] * 100 + numbers[2];
}

}  // namespace migrate::lint
