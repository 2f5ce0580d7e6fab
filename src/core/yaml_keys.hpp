/// Reads a map of settings by its keys.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "core/yaml.hpp"

namespace migrate::yaml {

using Keys = std::map<std::string, std::function<void(const Node& value)>>;

/// Calls what stands for each key of the map that has a value. Throws Error (usage) with the place in `file` for what is no map and for a
/// key that is not among them.
void read_keys(const Node& node, const std::string& name, const std::string& file, const Keys& keys);

}  // namespace migrate::yaml
