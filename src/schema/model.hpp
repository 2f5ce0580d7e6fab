/// Reads and writes model files: the declared schema as YAML (docs/model.md).
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "core/yaml.hpp"
#include "migrate/schema.hpp"

namespace migrate {

/// Mustache templates for the names of constraints and indexes that the model leaves unnamed.
struct NamingRules {
  std::string index = "ix_{{table}}_{{columns}}";
  std::string unique = "uq_{{table}}_{{columns}}";
  std::string foreign_key = "fk_{{table}}_{{columns}}";
  std::string check = "ck_{{table}}_{{name}}";
};

/// The options that an engine's section may hold, by kind of object ("table", "column", ..., "database"). "with.*" stands for
/// all that is under `with`. A kind that is not there has none.
using KnownOptions = std::map<std::string, std::vector<std::string>, std::less<>>;

struct ModelOptions {
  std::vector<std::string> sections;        ///< the engine sections that hold, weakest first: {"mysql", "mariadb"}
  std::vector<std::string> other_sections;  ///< known section names that do not hold here
  bool schemas = false;                     ///< the engine has schemas: "a.b" names table b of schema a
  std::string default_schema;               ///< a qualifier equal to this one is dropped
  NamingRules naming;
  /// By section. An option that is not among them is an error, whichever engine is in hand; a section that is not there takes
  /// every option.
  std::map<std::string, KnownOptions, std::less<>> known_options;
};

/// Reads model files into one schema. Throws Error (usage) with file, line and column for anything wrong: an unknown
/// key, a column named twice, a key over a column that is not there, ...
[[nodiscard]] Schema load_model(const std::vector<std::filesystem::path>& files, const ModelOptions& options);
[[nodiscard]] Schema parse_model(std::string_view text, const std::string& file, const ModelOptions& options);

/// What `mask:` says of a column, in a model and in a masks file: a word, or a map of words. `what` is for messages. Throws Error (usage).
[[nodiscard]] std::map<std::string, std::string> read_mask_words(const yaml::Node& node, const std::string& file, const std::string& what);

/// The schema as a model file: full, stable (same schema, same bytes), and read back as the same schema. Engine options
/// are written under `section`.
[[nodiscard]] std::string write_model(const Schema& schema, const std::string& section);

}  // namespace migrate
