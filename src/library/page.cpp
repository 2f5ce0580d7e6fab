#include "library/page.hpp"

#include "core/sha256.hpp"
#include "core/text.hpp"
#include "unit/templates.hpp"

namespace migrate {
namespace {

/// JSON inside a script element: nothing in it may end the element.
std::string inside_script(const std::string& json) { return replace_all(replace_all(replace_all(json, "<", "\\u003c"), "\xE2\x80\xA8", "\\u2028"), "\xE2\x80\xA9", "\\u2029"); }

}  // namespace

std::string page_part(const std::string& name, const TemplateData& data) { return render_html(built_in_template(name), data, name + ".mustache"); }

std::string page_html(const Page& page) {
  const std::string css(built_in_template("page.css"));
  const std::string script(built_in_template("page.js"));
  TemplateData data;
  data.texts = {{"title", page.title}, {"verdict", page.verdict}, {"mark", page.good ? "good" : "bad"}, {"body", page.body}, {"css", css}, {"script", script},
                {"data", inside_script(page.data)}, {"css_hash", sha256_base64(css)}, {"script_hash", sha256_base64(script)}, {"served", page.served ? "served" : ""}};
  auto& facts = data.lists["facts"];
  for (const auto& fact : page.facts) facts.push_back({.texts = {{"fact", fact}}, .lists = {}});
  auto& sections = data.lists["sections"];
  for (const auto& [id, title] : page.sections) sections.push_back({.texts = {{"id", id}, {"name", title}}, .lists = {}});
  return page_part("page.html", data);
}

void Page::add(const PageTable& table) {
  if (table.rows.empty()) return;
  sections.emplace_back(table.id, table.title);
  body += page_table(table);
}

std::string page_table(const PageTable& table) {
  if (table.rows.empty()) return "";
  TemplateData data;
  data.texts = {{"id", table.id}, {"title", table.title}};
  for (const auto& column : table.columns) data.lists["columns"].push_back({.texts = {{"column", column}}, .lists = {}});
  for (std::size_t i = 0; i < table.rows.size(); ++i) {
    TemplateData row;
    row.texts["mark"] = i < table.marks.size() ? table.marks[i] : "";
    const auto& cells = table.rows[i];
    for (std::size_t k = 1; k < cells.size(); ++k) row.lists["cells"].push_back({.texts = {{"cell", cells[k]}}, .lists = {}});
    row.texts["head"] = cells.empty() ? "" : cells.front();
    data.lists["rows"].push_back(std::move(row));
  }
  return page_part("table.html", data);
}

}  // namespace migrate
