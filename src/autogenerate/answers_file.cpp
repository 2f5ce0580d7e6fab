#include "autogenerate/answers_file.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/text.hpp"
#include "core/yaml.hpp"
#include "core/yaml_write.hpp"

namespace migrate {
namespace {

using yaml::Node;

class Reader {
 public:
  Reader(Answers& answers, const std::string& file) : answers_(answers), file_(file) {}

  void read(const Node& root) {
    if (root.is_null()) return;
    if (!root.is_map()) refuse(root, "answers are a map", "write `renames:`, `dropped:`, `kept:`, `aside:`, `values:` or `fill:`");
    for (const auto& [key, value] : root.keys) {
      if (key == "renames") each(value, "a map from old to new", [&](const std::string& from, const Node& to) { add_rename(from, scalar(to)); });
      else if (key == "dropped") names(value, answers_.renames.no_renames);
      else if (key == "kept") names(value, answers_.data.kept);
      else if (key == "aside") names(value, answers_.data.aside);
      else if (key == "values") each(value, "a map from table.column to a map", [&](const std::string& name, const Node& map) { read_map(name, map); });
      else if (key == "fill") each(value, "a map from table.column to a rule", [&](const std::string& name, const Node& rule) { answers_.data.fills[name] = read_rule(rule); });
      else refuse(value, "unknown key '" + key + "'", "known: renames (a map from old to new), dropped (a list), kept (a list), aside (a list), values (maps from old to new by table.column), fill (rules by table.column)");
    }
  }

 private:
  [[noreturn]] void refuse(const Node& node, const std::string& what, const std::string& hint) const {
    throw Error{ErrorKind::usage, "answers: " + what, hint, {file_, node.line, node.column}};
  }

  [[nodiscard]] std::string scalar(const Node& node) const {
    if (!node.is_scalar() && !node.is_null()) refuse(node, "a text is wanted here", "put it in quotes");
    return node.scalar;
  }

  void each(const Node& node, const std::string& wanted, const std::function<void(const std::string&, const Node&)>& take) const {
    if (node.is_null()) return;
    if (!node.is_map()) refuse(node, wanted + " is wanted here", "");
    for (const auto& [key, value] : node.keys) take(key, value);
  }

  void names(const Node& node, std::vector<std::string>& out) const {
    if (!node.is_sequence()) refuse(node, "a list is wanted here", "[a, b]");
    for (const auto& item : node.items) out.push_back(scalar(item));
  }

  void add_rename(const std::string& from, std::string to) {
    if (from.empty() || to.empty()) throw Error{ErrorKind::usage, "answers: a rename has no name", "renames: {old: new}", {file_}};
    const auto dot = from.rfind('.');
    if (dot != std::string::npos && to.starts_with(from.substr(0, dot + 1))) to.erase(0, dot + 1);
    const auto [it, fresh] = answers_.renames.renames.emplace(from, to);
    if (!fresh && it->second != to) throw Error{ErrorKind::usage, "answers: " + from + " becomes " + it->second + " and " + to, "say one of the two", {file_}};
  }

  void read_map(const std::string& name, const Node& node) {
    auto& map = answers_.data.values[name];
    each(node, "a map from old to new values", [&](const std::string& before, const Node& after) {
      map[before] = after.is_null() ? std::nullopt : std::optional(scalar(after));
    });
  }

  FillRule read_rule(const Node& node) const {
    FillRule rule{.kind = FillRule::Kind::constant, .text = {}, .rows = {}, .location = {file_, node.line, node.column}};
    const std::string known = "{constant: TEXT}, {expression: SQL}, {column: NAME}, {key: PREFIX}, {random: true} or {rows: {KEY: TEXT}}";
    if (!node.is_map() || node.keys.empty()) refuse(node, "a rule is wanted here", known);
    std::optional<FillRule::Kind> kind;
    for (const auto& [key, value] : node.keys) {
      if (key == "rows") {
        each(value, "a map from the key of a row to its value", [&](const std::string& row, const Node& text) { rule.rows[row] = scalar(text); });
        kind = FillRule::Kind::rows;
        continue;
      }
      const auto found = kind_of(key);
      if (!found) refuse(value, "unknown rule '" + key + "'", known);
      if (*found != FillRule::Kind::random) rule.text = scalar(value);
      if (kind != FillRule::Kind::rows) kind = found;
      else if (*found != FillRule::Kind::constant) refuse(value, "rows go together with `constant` only", known);
    }
    if (node.keys.size() > 1 && (kind != FillRule::Kind::rows || node.keys.size() > 2)) refuse(node, "one rule is wanted here", known);
    rule.kind = *kind;
    return rule;
  }

  static std::optional<FillRule::Kind> kind_of(const std::string& name) {
    for (const auto kind : {FillRule::Kind::constant, FillRule::Kind::expression, FillRule::Kind::column, FillRule::Kind::key, FillRule::Kind::random}) {
      if (to_text(kind) == name) return kind;
    }
    return std::nullopt;
  }

  Answers& answers_;
  const std::string& file_;
};

Node to_node(const nlohmann::json& json) {
  Node node;
  node.quoted = true;
  if (json.is_object()) {
    node.kind = Node::Kind::map;
    for (const auto& [key, value] : json.items()) {
      node.keys.emplace_back(key, to_node(value));
      node.key_places.emplace_back(0, 0);
    }
  } else if (json.is_array()) {
    node.kind = Node::Kind::sequence;
    for (const auto& item : json) node.items.push_back(to_node(item));
  } else if (!json.is_null()) {
    node.kind = Node::Kind::scalar;
    node.scalar = json.is_string() ? json.get<std::string>() : json.dump();
  }
  return node;
}

yaml::Written flow() { return {.kind = yaml::Written::Kind::flow, .scalar = {}, .items = {}, .keys = {}}; }
yaml::Written map() { return {.kind = yaml::Written::Kind::map, .scalar = {}, .items = {}, .keys = {}}; }

yaml::Written written(const FillRule& rule) {
  auto out = flow();
  if (rule.kind == FillRule::Kind::rows) {
    auto rows = flow();
    for (const auto& [row, value] : rule.rows) rows.add(row, yaml::text(value));
    out.add("rows", rows);
    if (!rule.text.empty()) out.add("constant", yaml::text(rule.text));
  } else if (rule.kind == FillRule::Kind::random) {
    out.add("random", yaml::word("true"));
  } else {
    out.add(std::string(to_text(rule.kind)), yaml::text(rule.text));
  }
  return out;
}

}  // namespace

void parse_answers(Answers& answers, std::string_view text, const std::string& file) { Reader(answers, file).read(yaml::parse(text, file)); }

Answers answers_of_json(const std::string& json) {
  const auto parsed = nlohmann::json::parse(json, nullptr, false);
  if (parsed.is_discarded()) throw Error{ErrorKind::usage, "answers: this is not JSON"};
  Answers answers;
  const std::string place = "answers";
  Reader(answers, place).read(to_node(parsed));
  refuse_contradictions(answers.renames);
  return answers;
}

std::string answers_text(const Answers& answers) {
  auto document = map();
  if (!answers.renames.renames.empty()) {
    auto renames = map();
    for (const auto& [from, to] : answers.renames.renames) renames.add(from, yaml::text(to));
    document.add("renames", renames);
  }
  if (!answers.renames.no_renames.empty()) document.add("dropped", yaml::list(answers.renames.no_renames));
  if (!answers.data.kept.empty()) document.add("kept", yaml::list(answers.data.kept));
  if (!answers.data.aside.empty()) document.add("aside", yaml::list(answers.data.aside));
  if (!answers.data.values.empty()) {
    auto values = map();
    for (const auto& [name, pairs] : answers.data.values) {
      auto one = flow();
      for (const auto& [before, after] : pairs) one.add(before, after ? yaml::text(*after) : yaml::word("null"));
      values.add(name, one);
    }
    document.add("values", values);
  }
  if (!answers.data.fills.empty()) {
    auto fills = map();
    for (const auto& [name, rule] : answers.data.fills) fills.add(name, written(rule));
    document.add("fill", fills);
  }
  return document.keys.empty() ? "" : yaml::write(document);
}

void add_rename(RenameAnswers& answers, const std::string& text) {
  const auto colon = text.find(':');
  if (colon == std::string::npos || colon == 0 || colon + 1 == text.size()) {
    throw Error{ErrorKind::usage, "--rename cannot be '" + text + "'", "write old:new for a table, table.old:new for a column"};
  }
  const auto from = text.substr(0, colon);
  auto to = text.substr(colon + 1);
  const auto dot = from.rfind('.');
  if (dot != std::string::npos && to.starts_with(from.substr(0, dot + 1))) to.erase(0, dot + 1);
  const auto [it, fresh] = answers.renames.emplace(from, to);
  if (!fresh && it->second != to) throw Error{ErrorKind::usage, "--rename says that " + from + " becomes " + it->second + " and " + to, "say one of the two"};
}

void refuse_contradictions(const RenameAnswers& answers) {
  std::map<std::string, std::string> targets;
  for (const auto& [from, to] : answers.renames) {
    const auto target = from.substr(0, from.rfind('.') + 1) + to;
    const auto [it, fresh] = targets.emplace(target, from);
    if (!fresh) throw Error{ErrorKind::usage, "--rename says that both " + it->second + " and " + from + " become " + to, "say one of the two"};
    if (std::find(answers.no_renames.begin(), answers.no_renames.end(), from) != answers.no_renames.end()) {
      throw Error{ErrorKind::usage, from + " is renamed to " + to + " by --rename and dropped by --no-rename", "say one of the two"};
    }
  }
}

void settle_values(DataAnswers& answers, const Schema& declared, RenameOptions& options) {
  for (const auto& type : declared.enums) {
    const auto name = type.name.text();
    const auto of_type = answers.values.find(name);
    const auto settle = [&](const ValueMap& map) {
      for (const auto& [before, after] : map) options.settled.insert(name + "." + before);
    };
    if (of_type != answers.values.end()) settle(of_type->second);
    for (const auto& table : declared.tables) {
      for (const auto& column : table.columns) {
        if (column.type != name) continue;
        const auto key = table.name.text() + "." + column.name;
        if (const auto it = answers.values.find(key); it != answers.values.end()) settle(it->second);
        else if (of_type != answers.values.end()) answers.by_type[key] = name;
      }
    }
  }
}

}  // namespace migrate
