#include "schema/model_reader.hpp"

#include <algorithm>
#include <cctype>

#include "core/text.hpp"
#include "schema/lookup.hpp"

namespace migrate::model {
namespace {

bool contains(const std::vector<std::string>& items, std::string_view item) {
  return std::find(items.begin(), items.end(), item) != items.end();
}

bool is_number(std::string_view text) {
  if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

// ---- context -------------------------------------------------------------------------------------------------------

void Context::fail(const yaml::Node& node, const std::string& message, const std::string& hint) const {
  throw Error{ErrorKind::usage, message, hint, at(node)};
}

bool Context::is_active_section(std::string_view key) const { return contains(options.sections, key); }
bool Context::is_section(std::string_view key) const { return is_active_section(key) || contains(options.other_sections, key); }

QualifiedName Context::name(std::string_view text) const {
  std::vector<std::string> parts(1);
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '"' && (quoted || parts.back().empty())) {
      if (quoted && i + 1 < text.size() && text[i + 1] == '"') parts.back() += text[++i];
      else quoted = !quoted;
    } else if (text[i] == '.' && !quoted && options.schemas && parts.size() == 1) {
      parts.emplace_back();
    } else {
      parts.back() += text[i];
    }
  }
  if (parts.size() == 1) return {"", parts[0]};
  return {parts[0] == options.default_schema ? "" : parts[0], parts[1]};
}

namespace {

bool is_listed(const std::vector<std::string>& options, std::string_view key) {
  return std::any_of(options.begin(), options.end(), [&](const std::string& option) {
    if (!option.ends_with(".*")) return key == option;
    const auto group = std::string_view(option).substr(0, option.size() - 2);
    return key == group || (key.starts_with(group) && key.size() > group.size() && key[group.size()] == '.');
  });
}

}  // namespace

namespace {

/// The place of a key in a map.
Location place_of(const std::string& file, const yaml::Node& map, std::size_t index) { return {file, map.key_places[index].first, map.key_places[index].second}; }

}  // namespace

void Context::check_option(const std::string& section, const std::string& kind, const yaml::Node& values, std::size_t index, const std::string& what,
                           const std::vector<std::string>& known) const {
  const auto engine = options.known_options.find(section);
  const auto& key = values.keys[index].first;
  if (engine == options.known_options.end() || contains(known, key)) return;
  static const std::vector<std::string> none;
  const auto list_of = [&](std::string_view name) -> const std::vector<std::string>& {
    const auto it = engine->second.find(name);
    return it == engine->second.end() ? none : it->second;
  };
  const auto& listed = list_of(kind);
  // A map whose keys are known one by one.
  std::vector<std::string> members;
  for (const auto& option : listed) {
    if (option.starts_with(key + ".") && !option.ends_with(".*")) members.push_back(option.substr(key.size() + 1));
  }
  const auto& value = values.keys[index].second;
  for (std::size_t i = 0; !members.empty() && i < value.keys.size(); ++i) {
    const auto& inner = value.keys[i].first;
    if (!contains(members, inner)) throw Error{ErrorKind::usage, what + ": " + key + " has no option '" + inner + "'", did_you_mean(inner, members), place_of(file, value, i)};
  }
  if ((value.is_map() && !members.empty()) || is_listed(listed, key)) return;
  // Storage engines beside the server's own bring options of their own.
  const auto* storage = values.find("engine");
  if (storage != nullptr && contains(listed, "engine") && !contains(list_of("engine"), lower(storage->scalar))) return;
  std::vector<std::string> all;
  for (const auto& option : listed) all.push_back(option.substr(0, option.find('.')));
  all.insert(all.end(), known.begin(), known.end());
  throw Error{ErrorKind::usage, what + ": " + section + " has no option '" + key + "' here", did_you_mean(key, all), place_of(file, values, index)};
}

void Context::check_name(const std::string& kind, const QualifiedName& name, const Location& place) const {
  if (name.name.empty()) throw Error{ErrorKind::usage, "the name of a " + kind + " is empty", "give it a name", place};
}

void check_rename(const std::string& what, const std::string& name, const std::string& from, const Location& place, std::map<std::string, std::string>& seen) {
  if (from.empty()) return;
  if (from == name) throw Error{ErrorKind::usage, what + " " + name + " says that it was renamed from itself", "`renamed_from` holds the old name", place};
  const auto [it, fresh] = seen.emplace(from, name);
  if (!fresh) {
    throw Error{ErrorKind::usage, what + "s " + it->second + " and " + name + " both say that they were renamed from " + from, "only one of them can be: take the other `renamed_from` out", place};
  }
}

// ---- scalars -------------------------------------------------------------------------------------------------------

std::string scalar_text(const Context& context, const yaml::Node& node, const std::string& what) {
  if (node.is_null()) return "";
  if (!node.is_scalar()) context.fail(node, what + " must be a text, not a " + (node.is_map() ? "map" : "list"));
  return node.scalar;
}

bool scalar_flag(const Context& context, const yaml::Node& node, const std::string& what) {
  const auto word = lower(node.scalar);
  if (node.is_scalar() && (word == "true" || word == "yes" || word == "on")) return true;
  if (node.is_scalar() && (word == "false" || word == "no" || word == "off")) return false;
  context.fail(node, what + " must be true or false", "write `true` or `false`");
}

// ---- properties ----------------------------------------------------------------------------------------------------

Properties::Properties(const Context& context, const yaml::Node& node, std::string what_text, const std::vector<std::string>& known, const std::string& kind)
    : context(context), node(node), what(std::move(what_text)) {
  if (!node.is_map()) context.fail(node, what + " must be a map", "write it as `key: value` lines");
  for (std::size_t i = 0; i < node.keys.size(); ++i) {
    const auto& [key, value] = node.keys[i];
    if (contains(known, key) || key == "dialects") {
      properties_.emplace_back(key, &value);
    } else if (context.is_section(key)) {
      for (std::size_t option = 0; option < value.keys.size(); ++option) context.check_option(key, kind, value, option, what, known);
    } else {
      const auto [line, column] = node.key_places[i];
      // In braces a comma ends a value, within parentheses too.
      const bool cut = key.ends_with(')') && key.find('(') == std::string::npos;
      throw Error{ErrorKind::usage, what + ": unknown key '" + key + "'", cut ? "quote a value that has a comma: {type: \"numeric(12,2)\"}" : did_you_mean(key, known), {context.file, line, column}};
    }
  }
  for (const auto& section : context.options.sections) {
    const auto* values = node.find(section);
    if (values == nullptr || contains(known, section)) continue;
    if (!values->is_map()) context.fail(*values, what + ": '" + section + "' must be a map of what holds there only");
    for (const auto& [key, value] : values->keys) {
      if (!contains(known, key)) {
        add_option(key, value);
        continue;
      }
      std::erase_if(properties_, [&key = key](const auto& property) { return property.first == key; });
      properties_.emplace_back(key, &value);
    }
  }
}

void Properties::add_option(const std::string& key, const yaml::Node& value) {
  if (value.is_map()) {
    for (const auto& [inner, inner_value] : value.keys) add_option(key + "." + inner, inner_value);
  } else if (value.is_sequence()) {
    std::vector<std::string> items;
    for (const auto& item : value.items) items.push_back(scalar_text(context, item, what + ": " + key));
    options_[key] = join(items, ", ");
  } else if (value.is_null()) {
    options_.erase(key);
  } else {
    options_[key] = value.scalar;
  }
}

const yaml::Node* Properties::find(std::string_view key) const {
  const auto it = std::find_if(properties_.begin(), properties_.end(), [&](const auto& property) { return property.first == key; });
  return it == properties_.end() || it->second->is_null() ? nullptr : it->second;
}

std::string Properties::text(std::string_view key) const {
  const auto* value = find(key);
  return value == nullptr ? "" : scalar_text(context, *value, what + ": " + std::string(key));
}

bool Properties::flag(std::string_view key, bool otherwise) const {
  const auto* value = find(key);
  return value == nullptr ? otherwise : scalar_flag(context, *value, what + ": " + std::string(key));
}

std::optional<std::string> Properties::number(std::string_view key) const {
  const auto* value = find(key);
  if (value == nullptr) return std::nullopt;
  if (!value->is_scalar() || !is_number(value->scalar)) context.fail(*value, what + ": " + std::string(key) + " must be a whole number");
  return value->scalar;
}

std::vector<std::string> Properties::names(std::string_view key) const {
  const auto* value = find(key);
  if (value == nullptr) return {};
  if (value->is_scalar()) return {value->scalar};
  if (!value->is_sequence()) context.fail(*value, what + ": " + std::string(key) + " must be a name or a list of names");
  std::vector<std::string> out;
  for (const auto& item : value->items) {
    if (!item.is_scalar()) context.fail(item, what + ": " + std::string(key) + " must be a list of names");
    out.push_back(item.scalar);
  }
  return out;
}

namespace {

/// Whether an object holds for this engine: it has no `dialects`, or one of them is active here.
bool holds(const Context& context, const yaml::Node& node, const std::string& what) {
  const auto* dialects = node.is_map() ? node.find("dialects") : nullptr;
  if (dialects == nullptr || dialects->is_null()) return true;
  const auto holds_one = [&](const yaml::Node& name) {
    if (!name.is_scalar()) context.fail(name, what + ": dialects must be a name or a list of names");
    if (context.is_section(name.scalar)) return context.is_active_section(name.scalar);
    auto known = context.options.sections;
    known.insert(known.end(), context.options.other_sections.begin(), context.options.other_sections.end());
    context.fail(name, what + ": unknown dialect '" + name.scalar + "'", did_you_mean(name.scalar, known));
  };
  if (!dialects->is_sequence()) return holds_one(*dialects);
  bool any = dialects->items.empty();
  for (const auto& name : dialects->items) any = holds_one(name) || any;
  return any;
}

}  // namespace

bool Properties::holds_here() const { return holds(context, node, what); }

// ---- shared parts --------------------------------------------------------------------------------------------------

void each_entry(const Context& context, const yaml::Node& node, const std::string& what,
                const std::function<void(const std::string&, const yaml::Node&, const Location&)>& each) {
  if (node.is_map()) {
    for (std::size_t i = 0; i < node.keys.size(); ++i) {
      const auto [line, column] = node.key_places[i];
      const auto& [name, value] = node.keys[i];
      if (name.empty()) throw Error{ErrorKind::usage, what + ": an empty name", "give it a name", {context.file, line, column}};
      if (holds(context, value, what + ": " + name)) each(name, value, {context.file, line, column});
    }
  } else if (node.is_sequence()) {
    for (const auto& item : node.items) {
      if (!holds(context, item, what)) continue;
      const auto* name = item.is_map() ? item.find("name") : nullptr;
      each(name == nullptr ? "" : scalar_text(context, *name, what + ": name"), item, context.at(item));
    }
  } else if (!node.is_null()) {
    context.fail(node, what + " must be a map or a list");
  }
}

std::optional<Default> read_default(const Context& context, const yaml::Node& node, const std::string& what) {
  if (node.is_null()) return std::nullopt;
  if (node.is_scalar()) return Default{false, node.scalar};
  if (node.is_map()) {
    const Properties properties(context, node, what, {"sql", "value"});
    if (const auto* sql = properties.find("sql")) return Default{true, scalar_text(context, *sql, what)};
    if (const auto* value = properties.find("value")) return Default{false, scalar_text(context, *value, what)};
  }
  context.fail(node, what + " must be a value or {sql: expression}", "write `default: 0`, `default: new` or `default: {sql: now()}`");
}

SequenceOptions read_sequence_options(const Properties& properties) {
  return {.start = properties.number("start"),
          .increment = properties.number("increment"),
          .min = properties.number("min"),
          .max = properties.number("max"),
          .cache = properties.number("cache"),
          .cycle = properties.flag("cycle", false)};
}

std::string generated_name(const std::string& rule, const QualifiedName& table, const std::string& columns, const std::string& name) {
  auto out = replace_all(rule, "{{table}}", table.name);
  out = replace_all(out, "{{schema}}", table.schema);
  out = replace_all(out, "{{columns}}", columns);
  return replace_all(out, "{{name}}", name);
}

// ---- index parts ---------------------------------------------------------------------------------------------------

namespace {

bool take_suffix(std::string_view& text, std::string_view suffix) {
  if (text.size() <= suffix.size() || !equal_ignoring_case(text.substr(text.size() - suffix.size()), suffix)) return false;
  if (text[text.size() - suffix.size() - 1] != ' ') return false;
  text = trim(text.substr(0, text.size() - suffix.size()));
  return true;
}

/// Whether the text is one pair of parentheses around everything else.
bool is_parenthesised(std::string_view text) {
  if (text.size() < 2 || text.front() != '(' || text.back() != ')') return false;
  int depth = 0;
  char quote = '\0';
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (quote != '\0') {
      if (text[i] == quote) quote = '\0';
    } else if (text[i] == '\'' || text[i] == '"' || text[i] == '`') {
      quote = text[i];
    } else if (text[i] == '(') {
      ++depth;
    } else if (text[i] == ')' && --depth == 0 && i + 1 < text.size()) {
      return false;
    }
  }
  return true;
}

/// "name(10)": a column and how much of it.
bool read_prefix(std::string_view text, const std::vector<Column>& columns, IndexPart& part) {
  const auto open = text.rfind('(');
  if (open == std::string_view::npos || text.back() != ')') return false;
  const auto name = trim(text.substr(0, open));
  const auto length = trim(text.substr(open + 1, text.size() - open - 2));
  if (!is_number(length) || length.size() > 6 || find_named(columns, name) == nullptr) return false;
  part.column = name;
  part.prefix_length = std::stoi(std::string(length));
  return true;
}

IndexPart parse_index_part(const Context& context, const yaml::Node& node, const std::vector<Column>& columns, const std::string& what) {
  IndexPart part;
  std::string_view text = trim(node.scalar);
  if (text.empty()) context.fail(node, what + ": an empty column");
  if (find_named(columns, text) != nullptr) return {.column = std::string(text)};
  // The name of a period, which is no column (MariaDB), or of a range.
  if (take_suffix(text, "without overlaps")) return {.column = std::string(text), .opclass = "without overlaps"};
  if (take_suffix(text, "nulls first")) part.nulls_first = true;
  else if (take_suffix(text, "nulls last")) part.nulls_first = false;
  if (take_suffix(text, "desc")) part.descending = true;
  else (void)take_suffix(text, "asc");
  if (find_named(columns, text) != nullptr) {
    part.column = text;
    return part;
  }
  if (read_prefix(text, columns, part)) return part;
  if (const auto blank = text.find(' '); blank != std::string_view::npos && find_named(columns, text.substr(0, blank)) != nullptr) {
    auto rest = trim(text.substr(blank));
    part.column = text.substr(0, blank);
    if (starts_with_ignoring_case(rest, "collate ")) {
      rest = trim(rest.substr(8));
      const auto end = rest.find(' ');
      part.collation = replace_all(std::string(rest.substr(0, end)), "\"", "");
      rest = end == std::string_view::npos ? std::string_view{} : trim(rest.substr(end));
    }
    part.opclass = rest;
    return part;
  }
  if (columns.empty() && text.find('(') == std::string_view::npos) {
    // A partition: its columns are its parent's.
    const auto blank = text.find(' ');
    part.column = text.substr(0, blank);
    if (blank != std::string_view::npos) part.opclass = trim(text.substr(blank));
    return part;
  }
  if (text.find('(') == std::string_view::npos) {
    std::vector<std::string> names;
    for (const auto& column : columns) names.push_back(column.name);
    context.fail(node, what + ": there is no column '" + std::string(text) + "'", did_you_mean(text, names));
  }
  part.expression = is_parenthesised(text) ? trim(text.substr(1, text.size() - 2)) : text;
  return part;
}

}  // namespace

IndexPart read_index_part(const Context& context, const yaml::Node& node, const std::vector<Column>& columns, const std::string& what) {
  if (node.is_scalar()) return parse_index_part(context, node, columns, what);
  const Properties properties(context, node, what, {"column", "expression", "desc", "nulls", "collation", "opclass", "length"});
  IndexPart part{.column = properties.text("column"),
                 .expression = properties.text("expression"),
                 .descending = properties.flag("desc", false),
                 .collation = properties.text("collation"),
                 .opclass = properties.text("opclass")};
  if (part.column.empty() == part.expression.empty()) context.fail(node, what + ": give either `column` or `expression`");
  const bool period = lower(part.opclass) == "without overlaps";
  if (!part.column.empty() && find_named(columns, part.column) == nullptr && !columns.empty() && !period) {
    context.fail(node, what + ": there is no column '" + part.column + "'");
  }
  if (const auto nulls = lower(properties.text("nulls")); !nulls.empty()) {
    if (nulls != "first" && nulls != "last") context.fail(node, what + ": nulls must be first or last");
    part.nulls_first = nulls == "first";
  }
  if (const auto length = properties.number("length")) part.prefix_length = std::stoi(length->substr(0, 8));
  return part;
}

std::vector<IndexPart> read_index_parts(const Context& context, const yaml::Node& node, const std::vector<Column>& columns,
                                        const std::string& what) {
  std::vector<IndexPart> parts;
  if (node.is_sequence()) {
    for (const auto& item : node.items) parts.push_back(read_index_part(context, item, columns, what));
  } else {
    parts.push_back(read_index_part(context, node, columns, what));
  }
  if (parts.empty()) context.fail(node, what + " has no columns");
  return parts;
}

}  // namespace migrate::model
