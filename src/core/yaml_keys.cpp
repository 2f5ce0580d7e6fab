#include "core/yaml_keys.hpp"

#include <vector>

#include "core/text.hpp"
#include "migrate/error.hpp"

namespace migrate::yaml {

void read_keys(const Node& node, const std::string& name, const std::string& file, const Keys& keys) {
  if (!node.is_map()) throw Error{ErrorKind::usage, "'" + name + "' needs a map", {}, {file, node.line, node.column}};
  for (std::size_t i = 0; i < node.keys.size(); ++i) {
    const auto& [key, value] = node.keys[i];
    const auto known = keys.find(key);
    if (known == keys.end()) {
      std::vector<std::string> names;
      for (const auto& [word, read] : keys) names.push_back(word);
      throw Error{ErrorKind::usage, "unknown key '" + key + "' in '" + name + "'", did_you_mean(key, names), {file, node.key_places[i].first, node.key_places[i].second}};
    }
    if (!value.is_null()) known->second(value);
  }
}

}  // namespace migrate::yaml
