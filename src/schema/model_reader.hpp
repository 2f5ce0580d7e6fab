/// What the readers of the model's parts share: typed access to YAML maps with errors that name the place, and the
/// overrides of one engine laid over the rest.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/yaml.hpp"
#include "migrate/schema.hpp"
#include "schema/model.hpp"

namespace migrate::model {

struct Context {
  const std::string& file;
  const ModelOptions& options;

  [[nodiscard]] Location at(const yaml::Node& node) const { return {file, node.line, node.column}; }
  [[noreturn]] void fail(const yaml::Node& node, const std::string& message, const std::string& hint = {}) const;
  [[nodiscard]] bool is_section(std::string_view key) const;
  [[nodiscard]] bool is_active_section(std::string_view key) const;
  [[nodiscard]] QualifiedName name(std::string_view text) const;
  /// Throws for an option that the engine of the section has not for this kind of object. `values`: the section.
  void check_option(const std::string& section, const std::string& kind, const yaml::Node& values, std::size_t index, const std::string& what,
                    const std::vector<std::string>& known) const;
  /// Throws for a name without characters.
  void check_name(const std::string& kind, const QualifiedName& name, const Location& place) const;
};

/// A map of the model with the active engine sections laid over it: properties by name, and what is left as options.
class Properties {
 public:
  /// `what` is for messages ("table users"). Throws for a key that is neither in `known` nor an engine section, and for one in a
  /// section that is neither known nor an option of this kind of object there ("" for one that has no options).
  Properties(const Context& context, const yaml::Node& node, std::string what, const std::vector<std::string>& known, const std::string& kind = {});

  [[nodiscard]] const yaml::Node* find(std::string_view key) const;
  [[nodiscard]] std::string text(std::string_view key) const;  ///< "" when absent or null
  [[nodiscard]] bool flag(std::string_view key, bool otherwise) const;
  [[nodiscard]] std::optional<std::string> number(std::string_view key) const;
  [[nodiscard]] std::vector<std::string> names(std::string_view key) const;  ///< a scalar or a list of scalars
  [[nodiscard]] const Options& options() const { return options_; }
  /// False when the object has `dialects: [...]` and none of them holds here.
  [[nodiscard]] bool holds_here() const;

  const Context& context;
  const yaml::Node& node;
  const std::string what;

 private:
  void add_option(const std::string& key, const yaml::Node& value);

  std::vector<std::pair<std::string_view, const yaml::Node*>> properties_;
  Options options_;
};

[[nodiscard]] std::string scalar_text(const Context& context, const yaml::Node& node, const std::string& what);
[[nodiscard]] bool scalar_flag(const Context& context, const yaml::Node& node, const std::string& what);

/// Calls `each(name, name_node, value)` for the entries of a map (name -> value), or of a list of maps or values whose
/// name, if any, is their key `name`.
void each_entry(const Context& context, const yaml::Node& node, const std::string& what,
                const std::function<void(const std::string& name, const yaml::Node& value, const Location& place)>& each);

[[nodiscard]] std::optional<Default> read_default(const Context& context, const yaml::Node& node, const std::string& what);
[[nodiscard]] SequenceOptions read_sequence_options(const Properties& properties);

/// One element of an index or key: "created desc", "lower(mail)", "name(10)", or a map.
[[nodiscard]] IndexPart read_index_part(const Context& context, const yaml::Node& node, const std::vector<Column>& columns,
                                        const std::string& what);
[[nodiscard]] std::vector<IndexPart> read_index_parts(const Context& context, const yaml::Node& node,
                                                      const std::vector<Column>& columns, const std::string& what);

/// `owner` and `grants` of an object.
[[nodiscard]] Rare<Access> read_access(const Properties& properties);
/// `owner` and `grants` at the top: of the schema that names without one are in, on MySQL and MariaDB of the database.
void read_top_access(const Context& context, const std::string& key, const yaml::Node& node, Schema& schema);
/// The schemas of a model, a list of names or a map with what is said of each, and privileges that new objects get.
void read_schemas(const Context& context, const yaml::Node& node, Schema& schema);
void read_default_privileges(const Context& context, const yaml::Node& node, Schema& schema);

[[nodiscard]] Index read_index(const Context& context, const std::string& name, const yaml::Node& value, const Location& place,
                               const QualifiedName& table, const std::vector<Column>& columns);
[[nodiscard]] Check read_check(const Context& context, const std::string& name, const yaml::Node& value, const Location& place,
                               const std::string& what);
[[nodiscard]] Trigger read_trigger(const Context& context, const std::string& name, const yaml::Node& value, const Location& place,
                                   const QualifiedName& table);
/// Reads one table; nothing when it does not hold for this engine.
[[nodiscard]] std::optional<Table> read_table(const Context& context, const QualifiedName& name, const yaml::Node& node,
                                              const Location& place);
/// Reads every kind of object but tables; `key` is the model's top-level key. False when it is not a kind.
bool read_objects(const Context& context, const std::string& key, const yaml::Node& node, Schema& schema);

/// The top-level keys of a model file.
[[nodiscard]] const std::vector<std::string>& top_level_keys();

/// A name by a naming rule.
[[nodiscard]] std::string generated_name(const std::string& rule, const QualifiedName& table, const std::string& columns,
                                         const std::string& name);

/// The name of an object or a part of a table as text.
[[nodiscard]] inline const std::string& name_text(const std::string& name) { return name; }
[[nodiscard]] inline std::string name_text(const QualifiedName& name) { return name.text(); }

/// Throws where `name`, called `from` before, cannot be: it is `from`, or another of `seen` was that already.
void check_rename(const std::string& what, const std::string& name, const std::string& from, const Location& place, std::map<std::string, std::string>& seen);

/// The same for all objects of a kind. `what` is for messages ("table users: column").
template <class T>
void check_renames(const std::string& what, const std::vector<T>& objects) {
  std::map<std::string, std::string> seen;
  for (const auto& object : objects) check_rename(what, name_text(object.name), object.declared.renamed_from, object.declared.location, seen);
}

}  // namespace migrate::model
