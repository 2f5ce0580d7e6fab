#include <algorithm>
#include <map>
#include <set>

#include "core/filesystem.hpp"
#include "core/text.hpp"
#include "schema/lookup.hpp"
#include "schema/model_reader.hpp"

namespace migrate {
namespace {

using model::Context;

struct File {
  std::string name;
  yaml::Node root;
};

/// Top-level keys: kinds of objects, engine sections (options of the database), and `x-...` for anchors.
void check_top_level(const Context& context, const yaml::Node& root) {
  if (root.is_null()) return;
  if (!root.is_map()) context.fail(root, "a model must be a map with keys such as `tables`", "write `tables:` and the tables below it");
  for (std::size_t i = 0; i < root.keys.size(); ++i) {
    const auto& key = root.keys[i].first;
    const auto& known = model::top_level_keys();
    if (std::find(known.begin(), known.end(), key) != known.end() || context.is_section(key) || key.starts_with("x-")) continue;
    const auto [line, column] = root.key_places[i];
    throw Error{ErrorKind::usage, "model: unknown key '" + key + "'", did_you_mean(key, known), {context.file, line, column}};
  }
}

void read_section_options(const Context& context, const yaml::Node& root, Schema& schema) {
  for (std::size_t i = 0; root.is_map() && i < root.keys.size(); ++i) {
    const auto& [section, values] = root.keys[i];
    if (!context.is_section(section)) continue;
    for (std::size_t option = 0; option < values.keys.size(); ++option) context.check_option(section, "database", values, option, "the database", {});
  }
  for (const auto& section : context.options.sections) {
    const auto* options = root.find(section);
    if (options == nullptr) continue;
    if (!options->is_map()) context.fail(*options, "'" + section + "' must be a map of options of the database");
    for (const auto& [key, value] : options->keys) {
      std::vector<std::string> items;
      for (const auto& item : value.items) items.push_back(model::scalar_text(context, item, section + ": " + key));
      schema.options[key] = value.is_sequence() ? join(items, ", ") : model::scalar_text(context, value, section + ": " + key);
    }
  }
}

[[noreturn]] void twice(const std::string& what, const Location& second, const Location& first) {
  throw Error{ErrorKind::usage, what + " is declared a second time",
              "first in " + first.file + " line " + std::to_string(first.line), second};
}

void check_tables_once(const Schema& schema) {
  std::map<QualifiedName, const Table*> seen;
  for (const auto& table : schema.tables) {
    const auto [it, fresh] = seen.emplace(table.name, &table);
    if (!fresh) twice("table " + table.name.text(), table.declared.location, it->second->declared.location);
  }
  std::set<std::pair<QualifiedName, std::string>> routines;
  for (const auto& routine : schema.routines) {
    if (!routines.emplace(routine.name, std::string(1, routine.kind == Routine::Kind::function ? 'f' : 'p') + routine.arguments).second) {
      twice("routine " + routine.name.text(), routine.declared.location, routine.declared.location);
    }
  }
}

/// A foreign key to a column that its (declared) table does not have is a typing error worth finding before a server does.
void check_references(const Schema& schema) {
  std::map<QualifiedName, const Table*> tables;
  for (const auto& table : schema.tables) tables.emplace(table.name, &table);
  for (const auto& table : schema.tables) {
    for (const auto& key : table.foreign_keys) {
      const auto it = tables.find(key.references);
      if (it == tables.end() || it->second->columns.empty()) continue;
      for (const auto& name : key.referenced_columns) {
        if (find_named(it->second->columns, name) != nullptr) continue;
        std::vector<std::string> names;
        for (const auto& column : it->second->columns) names.push_back(column.name);
        throw Error{ErrorKind::usage,
                    "table " + table.name.text() + ": foreign key " + key.name + " references " + key.references.text() + "(" + name +
                        "), which does not exist",
                    did_you_mean(name, names), key.declared.location};
      }
    }
  }
}

Schema build(const std::vector<File>& files, const ModelOptions& options) {
  Schema schema;
  for (const auto& file : files) {
    const Context context{file.name, options};
    check_top_level(context, file.root);
    read_section_options(context, file.root, schema);
  }
  // By kind over all files, so that a trigger in one file finds its table in another.
  for (const auto& key : model::top_level_keys()) {
    if (key == "triggers") continue;
    for (const auto& file : files) {
      if (const auto* node = file.root.find(key); node != nullptr && !node->is_null()) {
        model::read_objects(Context{file.name, options}, key, *node, schema);
      }
    }
  }
  for (const auto& file : files) {
    if (const auto* node = file.root.find("triggers")) model::read_objects(Context{file.name, options}, "triggers", *node, schema);
  }
  check_tables_once(schema);
  check_references(schema);
  model::check_renames("table", schema.tables);
  model::check_renames("enum", schema.enums);
  model::check_renames("domain", schema.domains);
  model::check_renames("sequence", schema.sequences);
  model::check_renames("view", schema.views);
  return schema;
}

}  // namespace

Schema load_model(const std::vector<std::filesystem::path>& paths, const ModelOptions& options) {
  std::vector<File> files;
  for (const auto& path : paths) files.push_back({path.string(), yaml::parse(read_file(path), path.string())});
  return build(files, options);
}

Schema parse_model(std::string_view text, const std::string& file, const ModelOptions& options) {
  std::vector<File> files;
  files.push_back({file, yaml::parse(text, file)});
  return build(files, options);
}

std::map<std::string, std::string> read_mask_words(const yaml::Node& node, const std::string& file, const std::string& what) {
  const auto word = [](const yaml::Node& value) { return value.is_null() ? std::string("null") : value.scalar; };
  if (node.is_scalar() || node.is_null()) return {{"with", word(node)}};
  const auto hint = "hash, or {with: date_shift, days: 30}";
  if (!node.is_map()) throw Error{ErrorKind::usage, what + ": a mask is a word or a map", hint, {file, node.line, node.column}};
  std::map<std::string, std::string> words;
  for (const auto& [key, value] : node.keys) {
    if (!value.is_scalar() && !value.is_null()) throw Error{ErrorKind::usage, what + ": mask: '" + key + "' needs a single value", hint, {file, value.line, value.column}};
    words[key] = key == "with" ? word(value) : value.scalar;
  }
  return words;
}

}  // namespace migrate
