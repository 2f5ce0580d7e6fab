/// Mustache templates: logic-less text with {{names}}. Nothing is escaped: what comes out is SQL, C++ or YAML.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace migrate {

/// What a template may name. A section ({{#name}} ... {{/name}}) is shown for a text that is not empty, and once for each
/// element of a list.
struct TemplateData {
  std::map<std::string, std::string> texts;
  std::map<std::string, std::vector<TemplateData>> lists;
};

/// Fills in a template. `name` is what errors call it. Throws Error (usage) for a template that is malformed or names
/// something that is not there.
[[nodiscard]] std::string render_template(std::string_view text, const TemplateData& data, const std::string& name);

}  // namespace migrate
