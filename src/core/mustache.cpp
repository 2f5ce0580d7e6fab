#include "core/mustache.hpp"

#include <algorithm>
#include <kainjow/mustache.hpp>
#include <set>

#include "core/html.hpp"
#include "core/text.hpp"
#include "migrate/error.hpp"

namespace migrate {
namespace {

namespace km = kainjow::mustache;

km::data to_data(const TemplateData& data) {
  km::data out{km::data::type::object};
  for (const auto& [name, text] : data.texts) {
    // An empty text must not open a section.
    if (text.empty()) {
      out.set(name, km::data{km::data::type::bool_false});
    } else {
      out.set(name, text);
    }
  }
  for (const auto& [name, items] : data.lists) {
    km::data list{km::data::type::list};
    for (const auto& item : items) list.push_back(to_data(item));
    out.set(name, list);
  }
  return out;
}

void collect_names(const TemplateData& data, std::set<std::string>& names) {
  for (const auto& [name, text] : data.texts) names.insert(name);
  for (const auto& [name, items] : data.lists) {
    names.insert(name);
    for (const auto& item : items) collect_names(item, names);
  }
}

/// The library renders a misspelled name as nothing.
void check_names(std::string_view text, const TemplateData& data, const std::string& name) {
  if (text.find("{{=") != std::string_view::npos) return;  // other delimiters from here on
  std::set<std::string> names;
  collect_names(data, names);
  for (auto at = text.find("{{"); at != std::string_view::npos; at = text.find("{{", at)) {
    const auto end = text.find("}}", at);
    if (end == std::string_view::npos) return;
    auto tag = trim(text.substr(at + 2, end - at - 2));
    const auto line = 1 + static_cast<int>(std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(at), '\n'));
    at = end + 2;
    if (tag.empty() || tag.front() == '!' || tag.front() == '=' || tag.front() == '>') continue;
    if (std::string_view("#^/&{").find(tag.front()) != std::string_view::npos) tag = trim(tag.substr(1));
    if (tag == "." || names.contains(std::string(tag))) continue;
    throw Error{ErrorKind::usage,
                "cannot fill in the template " + name + ": it names '" + std::string(tag) + "', which is not there",
                did_you_mean(tag, std::vector<std::string>(names.begin(), names.end())),
                {name, line, 0}};
  }
}

constexpr const char* line_end_name = "\x01";
constexpr const char* brace_name = "\x02";  ///< a '{' at the end of a line: it would make the tag behind it another one

/// The library's own way with lines that hold nothing but a section's tag leaves an empty line behind for a section that
/// is not shown, and eats one behind a section that is. So it gets to see no lines: such lines lose their end here, as the
/// mustache manual wants it, and all other ends become a name that stands for one.
std::string without_lines(std::string_view text) {
  if (text.find("{{=") != std::string_view::npos) return std::string(text);
  std::string out;
  bool inside_tag = false;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    const auto line = text.substr(0, end);
    const bool has_end = end < text.size();
    text.remove_prefix(has_end ? end + 1 : end);
    const auto tag = trim(line);
    const bool section =
        tag.size() > 4 && tag.starts_with("{{") && std::string_view("#^/!").find(tag[2]) != std::string_view::npos;
    if (!inside_tag && section && tag.find("}}") == tag.size() - 2) {
      out += tag;
      continue;
    }
    out += line;
    const auto open = line.rfind("{{");
    const auto close = line.rfind("}}");
    if (open != std::string_view::npos || close != std::string_view::npos) {
      inside_tag = open != std::string_view::npos && (close == std::string_view::npos || close < open);
    }
    if (has_end && !inside_tag) {
      const auto braces = out.size() - std::min(out.find_last_not_of('{') + 1, out.size());
      out.resize(out.size() - braces);
      for (std::size_t i = 0; i < braces; ++i) out += "{{" + std::string(brace_name) + "}}";
    }
    if (has_end) out += inside_tag ? std::string("\n") : "{{" + std::string(line_end_name) + "}}";
  }
  return out;
}

km::mustache parse(std::string_view text, const std::string& name) {
  km::mustache parsed{without_lines(text)};
  if (parsed.is_valid()) return parsed;
  throw Error{ErrorKind::usage,
              "cannot read the template " + name + ": " + parsed.error_message(),
              "every {{#name}} needs its {{/name}}, every '{{' its '}}'",
              {name}};
}

std::string fill_in(km::mustache& parsed, const TemplateData& data, const std::string& name) {
  auto values = to_data(data);
  values.set(line_end_name, "\n");
  values.set(brace_name, "{");
  auto out = parsed.render(values);
  if (!parsed.is_valid())
    throw Error{ErrorKind::usage, "cannot fill in the template " + name + ": " + parsed.error_message(), {}, {name}};
  return out;
}

}  // namespace

std::string render_template(std::string_view text, const TemplateData& data, const std::string& name) {
  auto parsed = parse(text, name);
  check_names(text, data, name);
  parsed.set_custom_escape([](const std::string& plain) { return plain; });
  return fill_in(parsed, data, name);
}

std::string render_html(std::string_view text, const TemplateData& data, const std::string& name) {
  auto parsed = parse(text, name);
  parsed.set_custom_escape([](const std::string& plain) { return html_text(plain); });
  return fill_in(parsed, data, name);
}

}  // namespace migrate
