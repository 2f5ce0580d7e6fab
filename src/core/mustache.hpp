/// Mustache templates: logic-less text with {{names}}.
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

/// Fills in a template; nothing is escaped: what comes out is SQL, C++ or YAML. `name` is what errors call it. Throws Error (usage) for a template that is malformed or names
/// something that is not there.
[[nodiscard]] std::string render_template(std::string_view text, const TemplateData& data, const std::string& name);

/// The same for a page: each {{name}} shows as the text that it is (core/html.hpp), and {{{name}}} is HTML already. A name that is
/// not there is nothing, as names inside a list without elements are.
[[nodiscard]] std::string render_html(std::string_view text, const TemplateData& data, const std::string& name);

}  // namespace migrate
