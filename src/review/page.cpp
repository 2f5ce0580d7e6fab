#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "core/text.hpp"
#include "review/review.hpp"

namespace migrate::review {
namespace {

TemplateData texts(std::map<std::string, std::string> values) { return {.texts = std::move(values), .lists = {}}; }

std::string with_ends(const std::vector<std::string>& statements) {
  std::string out;
  for (const auto& statement : statements) out += (out.empty() ? "" : "\n\n") + statement + ";";
  return out;
}

std::string plain(const std::string& text) { return text.ends_with('\n') ? text.substr(0, text.size() - 1) : text; }

/// "2 warnings", the worst first.
std::vector<TemplateData> marks_of(const std::vector<Finding>& findings, std::size_t questions) {
  std::vector<TemplateData> marks;
  if (questions > 0) marks.push_back(texts({{"severity", "question"}, {"mark", plural(questions, "question")}}));
  for (const std::string severity : {"error", "warning", "note"}) {
    const auto count = static_cast<std::size_t>(std::count_if(findings.begin(), findings.end(), [&](const Finding& finding) { return finding.severity == severity; }));
    if (count > 0) marks.push_back(texts({{"severity", severity}, {"mark", plural(count, severity)}}));
  }
  return marks;
}

std::vector<TemplateData> findings_of(const std::vector<Finding>& findings) {
  std::vector<TemplateData> out;
  for (const auto& finding : findings) out.push_back(texts({{"severity", finding.severity}, {"finding_id", finding.id}, {"effect", finding.effect}, {"hint", finding.hint}, {"remedy", plain(finding.remedy)}}));
  return out;
}

/// `of_units`: its SQL stands with the units.
TemplateData to_data(const Entry& change, bool of_units) {
  auto data = texts({{"has_sql", of_units ? "" : "yes"}, {"change_id", "c" + std::to_string(change.number)}, {"action", change.action}, {"change", change.title}, {"before", plain(change.before)}, {"after", plain(change.after)},
                     {"has_sides", change.before.empty() && change.after.empty() ? "" : "yes"}, {"up", with_ends(change.up)}, {"down", with_ends(change.down)},
                     {"marked", change.findings.empty() && change.questions.empty() ? "" : "yes"}});
  data.lists["marks"] = marks_of(change.findings, change.questions.size());
  data.lists["findings_of"] = findings_of(change.findings);
  auto& questions = data.lists["questions_of"];
  for (const auto& question : change.questions) questions.push_back(texts({{"question_text", question}}));
  auto& notes = data.lists["notes_of"];
  for (const auto& note : change.notes) notes.push_back(texts({{"note", note}}));
  auto& with = data.lists["with_of"];
  constexpr std::size_t most = 12;
  const std::vector<std::string> named(change.with.begin(), change.with.begin() + static_cast<std::ptrdiff_t>(std::min(change.with.size(), most)));
  const auto more = change.with.size() > most ? "; and " + std::to_string(change.with.size() - most) + " more" : "";
  if (!named.empty()) with.push_back(texts({{"with", join(named, "; ") + more}}));
  return data;
}

}  // namespace

std::map<std::string, std::string> group_ids(const Review& review) {
  std::map<std::string, std::string> ids;
  for (const auto& change : review.changes) ids.emplace(change.table, "");
  std::size_t number = 0;
  for (auto& [table, id] : ids) id = "g" + std::to_string(number++);
  return ids;
}

namespace {

std::string bytes_text(long long bytes) {
  if (bytes < 10'000) return fmt::format("{} bytes", bytes);
  double size = static_cast<double>(bytes);
  std::string unit;
  for (const auto* next : {"kB", "MB", "GB", "TB"}) {
    if (!unit.empty() && size < 1000) break;
    size /= 1000;
    unit = next;
  }
  return fmt::format("{:.{}f} {}", size, size < 10 ? 1 : 0, unit);
}

/// "about 1,234 rows, 2.4 MB"; "" for a table that is not there yet.
std::string size_text(const Review& review, const std::string& table) {
  const auto rows = review.rows.find(lower(table));
  const auto bytes = review.bytes.find(lower(table));
  std::string text;
  if (rows != review.rows.end()) text = "about " + lint::count_text(rows->second) + (rows->second == 1 ? " row" : " rows");
  if (bytes != review.bytes.end()) text += (text.empty() ? "" : ", ") + bytes_text(bytes->second);
  return text;
}

/// Tables by name, what belongs to none in front of them.
std::vector<TemplateData> groups_of(const Review& review) {
  std::map<std::string, std::vector<const Entry*>> tables;
  for (const auto& change : review.changes) tables[change.table].push_back(&change);
  const auto ids = group_ids(review);
  std::vector<TemplateData> groups;
  for (const auto& [table, changes] : tables) {
    auto group = texts({{"group_id", ids.at(table)}, {"group", table.empty() ? "Types, views, functions and the rest" : table},
                        {"group_rows", size_text(review, table)}});
    auto& list = group.lists["changes"];
    for (const auto* change : changes) list.push_back(to_data(*change, !review.units.empty()));
    groups.push_back(std::move(group));
  }
  return groups;
}

TemplateData to_data(const Unit& unit, std::size_t number) {
  auto data = texts({{"unit_id", "u" + std::to_string(number)}, {"unit", unit.title}, {"file", unit.file}, {"up", with_ends(unit.up)}, {"down", with_ends(unit.down)},
                     {"no_way_back", unit.no_way_back.empty() ? "nothing runs" : unit.no_way_back}, {"measured", unit.measured}});
  data.lists["unit_marks"] = marks_of(unit.findings, 0);
  data.lists["unit_findings"] = findings_of(unit.findings);
  return data;
}

std::size_t count_findings(const Review& review, const std::string& severity) {
  std::set<std::pair<std::string, std::string>> seen;  // one of a statement that makes several changes stands with each of them
  const auto count = [&](const std::vector<Finding>& findings) {
    for (const auto& finding : findings) {
      if (finding.severity == severity) seen.emplace(finding.id, finding.effect);
    }
  };
  for (const auto& change : review.changes) count(change.findings);
  for (const auto& unit : review.units) count(unit.findings);
  return seen.size();
}

void add_overview(TemplateData& data, const Review& review) {
  auto& numbers = data.lists["numbers"];
  const auto add = [&](const std::string& name, std::size_t count, const char* mark) {
    numbers.push_back(texts({{"number_name", name}, {"number", std::to_string(count)}, {"number_mark", count == 0 ? "zero" : mark}}));
  };
  std::set<std::string> tables;
  for (const auto& change : review.changes) {
    if (!change.table.empty()) tables.insert(change.table);
  }
  if (!review.units.empty()) add("units", review.units.size(), "plain");
  if (!review.changes.empty() || review.units.empty()) {
    add("changes", review.changes.size(), "plain");
    add("tables", tables.size(), "plain");
  }
  add("questions", count_questions(review), "warn");
  add("errors", count_findings(review, "error"), "bad");
  add("warnings", count_findings(review, "warning"), "warn");
  add("notes", count_findings(review, "note"), "plain");
  auto& remarks = data.lists["remarks"];
  for (const auto& note : review.notes) remarks.push_back(texts({{"remark", note}}));
}

void add_changes(TemplateData& data, const Review& review) {
  std::map<std::string, std::size_t> counts;
  for (const auto& change : review.changes) ++counts[change.action];
  auto& actions = data.lists["actions"];
  for (const std::string action : {"add", "change", "rename", "drop", "run"}) {
    if (counts.contains(action)) actions.push_back(texts({{"filter_action", action}, {"filter_count", std::to_string(counts[action])}}));
  }
  data.lists["groups"] = groups_of(review);
  data.texts["upgrade"] = plain(review.text.upgrade);
  data.texts["downgrade"] = plain(review.text.downgrade);
}

std::string verdict_of(const Review& review, bool& good) {
  const auto questions = count_questions(review);
  const auto errors = count_findings(review, "error");
  good = questions == 0 && errors == 0;
  if (questions > 0) return plural(questions, "open question") + " for a person";
  if (errors > 0) return plural(errors, "error") + " by lint";
  if (review.changes.empty() && review.units.empty()) return "Nothing to do: the model and the database agree";
  return "No question is open";
}

}  // namespace

Body review_body(const Review& review) {
  TemplateData data;
  add_overview(data, review);
  add_changes(data, review);
  for (std::size_t i = 0; i < review.units.size(); ++i) data.lists["units"].push_back(to_data(review.units[i], i + 1));
  data.texts["diagram_html"] = review.diagram;
  data.texts["questions_html"] = questions_html(review);
  data.texts["units_title"] = review.units_title;
  data.texts["has_changes"] = review.changes.empty() ? "" : "yes";
  data.texts["changes_title"] = review.changes_title;
  data.texts["has_script"] = review.changes.empty() || !review.units.empty() ? "" : "yes";
  data.texts["revisions_html"] = review.revisions.empty() ? "" : page_part("picture.html", texts({{"id", "revisions"}, {"title", "Revisions"}, {"svg", review.revisions}}));
  for (const auto& table : review.rehearsal) data.texts["rehearsal_html"] += page_table(table);
  data.texts["has_units"] = review.units.empty() ? "" : "yes";
  data.texts["served"] = review.served ? "yes" : "";
  data.texts["can_write"] = review.served && !review.changes.empty() && review.units.empty() ? "yes" : "";
  Body body;
  body.html = page_part("review.html", data);
  body.verdict = verdict_of(review, body.good);
  return body;
}

std::string review_html(const Review& review) {
  auto body = review_body(review);
  Page page{.title = review.title, .verdict = body.verdict, .good = body.good, .facts = {review.database, review.server, review.written}, .sections = {{"overview", "Overview"}}, .body = std::move(body.html), .data = {}, .served = review.served};
  std::erase(page.facts, "");
  if (!review.renames.empty() || !review.questions.empty()) page.sections.emplace_back("questions", "Questions");
  if (!review.changes.empty()) page.sections.emplace_back("changes", "Changes");
  if (!review.changes.empty() && review.units.empty()) page.sections.emplace_back("script", "The unit");
  if (!review.diagram.empty()) page.sections.emplace_back("diagram", "Diagram");
  if (!review.units.empty()) page.sections.emplace_back("units", review.units_title);
  for (const auto& table : review.rehearsal) page.sections.emplace_back(table.id, table.title);
  if (!review.revisions.empty()) page.sections.emplace_back("revisions", "Revisions");
  if (review.served) page.sections.emplace_back("finish", "Finish");
  return page_html(page);
}

}  // namespace migrate::review
