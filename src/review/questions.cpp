// The questions as a section of the page: to read in a file, to answer on a served page.
#include <fmt/format.h>

#include <algorithm>

#include "core/text.hpp"
#include "library/page.hpp"
#include "review/review.hpp"

namespace migrate::review {
namespace {

/// How a choice is called between the page and the server.
constexpr const char* dropped = "dropped";
constexpr const char* kept = "kept";
constexpr const char* aside = "aside";

TemplateData text_data(std::map<std::string, std::string> values) { return {.texts = std::move(values), .lists = {}}; }

TemplateData choice(const std::string& value, const std::string& label, bool selected) {
  return text_data({{"value", value}, {"label", label}, {"selected", selected ? "yes" : ""}});
}

const char* word_of(RenameKind kind) {
  switch (kind) {
    case RenameKind::table: return "table";
    case RenameKind::enum_value: return "value";
    default: return "column";
  }
}

bool has(const std::vector<std::string>& names, const std::string& name) { return std::find(names.begin(), names.end(), name) != names.end(); }

std::string samples_html(const Review& review, const std::string& key, const std::string& title) {
  const auto it = review.samples.find(key);
  if (it == review.samples.end() || it->second.rows.empty()) return "";
  auto data = text_data({{"samples_title", title}});
  for (const auto& column : it->second.columns) data.lists["sample_columns"].push_back(text_data({{"sample_column", column}}));
  for (const auto& row : it->second.rows) {
    TemplateData cells;
    for (const auto& cell : row) cells.lists["sample_cells"].push_back(text_data({{"sample", cell}}));
    data.lists["sample_rows"].push_back(std::move(cells));
  }
  return page_part("samples.html", data);
}

// ---- what became of it? --------------------------------------------------------------------------------------------------

std::string standing_of(const Review& review, const RenameQuestion& question) {
  if (has(review.answers.data.kept, question.key)) return "It is kept, although the model leaves it out.";
  if (has(review.answers.data.aside, question.key)) return "It is moved aside" + (question.to.empty() ? std::string(".") : ": " + question.to + ", with what it holds.");
  const auto thing = question.kind == RenameKind::table ? "row" : "value";
  const auto held = question.kind == RenameKind::enum_value ? std::string() : held_text(question.held, thing);
  const std::string text = held.empty() ? "" : "It has " + held + ". ";
  if (question.asked) return text + "Nothing and nobody has decided: the unit has it under REVIEW, as " + (question.to.empty() ? "dropped." : "renamed to " + question.to + ".");
  return text + (question.to.empty() ? "As things stand it is dropped." : "As things stand it is renamed to " + question.to + ".");
}

std::vector<TemplateData> choices_of(const Review& review, const RenameQuestion& question) {
  const auto& answers = review.answers;
  const auto said = answers.renames.renames.find(question.key);
  const bool is_dropped = has(answers.renames.no_renames, question.key);
  const bool is_kept = has(answers.data.kept, question.key);
  const bool is_moved = has(answers.data.aside, question.key);
  const bool open = said == answers.renames.renames.end() && !is_dropped && !is_kept && !is_moved;
  std::vector<TemplateData> choices;
  choices.push_back(choice("", question.asked ? "nobody has said: the unit asks" : "as found: " + (question.to.empty() ? std::string("dropped") : question.to), open));
  for (const auto& candidate : question.candidates) {
    if (candidate.score < 0) continue;
    choices.push_back(choice("to:" + candidate.to, fmt::format("{} (score {:.2f})", candidate.to, candidate.score), said != answers.renames.renames.end() && said->second == candidate.to));
  }
  if (question.kind == RenameKind::enum_value) return choices;
  const std::string none = question.candidates.empty() ? "" : "none of these: ";
  choices.push_back(choice(dropped, none + "dropped, with what it holds", is_dropped));
  choices.push_back(choice(kept, none + "kept, although the model leaves it out", is_kept));
  choices.push_back(choice(aside, none + "moved aside, to another name", is_moved));
  return choices;
}

TemplateData to_data(const Review& review, const RenameQuestion& question, std::size_t number) {
  // A page that takes no answers has no use for pairs that nothing but chance speaks for; one that does offers them all.
  const auto shown = [&](const auto& candidate) { return review.served || question.asked || candidate.score >= 0.1; };
  const bool has_table = std::any_of(question.candidates.begin(), question.candidates.end(), shown);
  auto data = text_data({{"question_id", "q" + std::to_string(number)}, {"asked", question.asked ? "yes" : ""}, {"question_kind", word_of(question.kind)}, {"key", question.key},
                         {"standing", standing_of(review, question)}, {"drop_option", "--no-rename " + question.key}, {"none", question.candidates.empty() ? "" : "none of these: "},
                         {"has_table", has_table ? "yes" : ""}, {"stays", question.kind == RenameKind::enum_value ? "" : "yes"}, {"samples_html", samples_html(review, question.key, "Some of what it holds")}});
  auto& candidates = data.lists["candidates"];
  for (const auto& candidate : question.candidates) {
    if (!shown(candidate)) continue;
    candidates.push_back(text_data({{"candidate", candidate.to}, {"score", candidate.score < 0 ? "cannot be" : fmt::format("{:.2f}", candidate.score)}, {"reasons", join(candidate.reasons, ", ")},
                                    {"option", candidate.score < 0 ? "" : "--rename " + question.key + ":" + candidate.to}}));
  }
  if (review.served) data.lists["choices"] = choices_of(review, question);
  return data;
}

// ---- what do rows get? ---------------------------------------------------------------------------------------------------

std::string standing_of(const DataQuestion& question, const char* open) {
  if (question.asked) return std::string(open) + " Nobody has said: the unit has it under REVIEW.";
  return question.answered ? "It is said." : "Nothing has to be said: no row holds such a value.";
}

void add_by_hand(TemplateData& data, const Review& review, const DataQuestion& question, const FillRule* rule) {
  const auto it = review.samples.find(question.key);
  if (it == review.samples.end() || it->second.more || it->second.rows.empty() || question.row_key.size() != 1) return;
  TemplateData table;
  for (const auto& column : it->second.columns) table.lists["hand_columns"].push_back(text_data({{"hand_column", column}}));
  for (const auto& row : it->second.rows) {
    TemplateData line;
    const auto& key = row.front();
    const auto value = rule == nullptr ? std::map<std::string, std::string>::const_iterator() : rule->rows.find(key);
    line.texts = {{"row", key}, {"row_id", data.texts["question_id"] + "-row" + std::to_string(table.lists["hand_rows"].size())}, {"hand_value", rule == nullptr || value == rule->rows.end() ? "" : value->second}};
    for (const auto& cell : row) line.lists["hand_cells"].push_back(text_data({{"cell", cell}}));
    table.lists["hand_rows"].push_back(std::move(line));
  }
  table.texts["hide_rows"] = rule != nullptr && rule->kind == FillRule::Kind::rows ? "" : "yes";
  data.lists["by_hand"].push_back(std::move(table));
}

TemplateData fill_data(const Review& review, const DataQuestion& question) {
  using Kind = FillRule::Kind;
  const auto it = review.answers.data.fills.find(question.key);
  const auto* rule = it == review.answers.data.fills.end() ? nullptr : &it->second;
  auto data = text_data({{"question_id", "v" + std::to_string(question.change)}, {"change_id", "c" + std::to_string(question.change)}, {"asked", question.asked ? "yes" : ""}, {"key", question.key},
                         {"standing", standing_of(question, question.unique ? "It has to be in every row, and no two may have the same." : "It has to be in every row.")},
                         {"example", "fill: {" + question.key + ": {" + (question.unique ? "key: \"\"" : "constant: TEXT") + "}}"}});
  if (!review.served) return data;
  add_by_hand(data, review, question, rule);
  const auto is = [&](Kind kind) { return rule != nullptr && rule->kind == kind; };
  auto& kinds = data.lists["kinds"];
  kinds.push_back(choice("", "nobody has said" + (question.suggestion.empty() ? std::string() : " (the unit asks, with " + question.suggestion + ")"), rule == nullptr));
  if (!question.unique || is(Kind::constant)) kinds.push_back(choice("constant", "a value, the same in each", is(Kind::constant)));
  kinds.push_back(choice("expression", "an SQL expression", is(Kind::expression)));
  if (!question.others.empty()) kinds.push_back(choice("column", "the value of another column", is(Kind::column)));
  if (question.row_key.size() == 1) kinds.push_back(choice("key", "numbered by the row's key", is(Kind::key)));
  kinds.push_back(choice("random", "a random text, another in each", is(Kind::random)));
  if (data.lists.contains("by_hand")) kinds.push_back(choice("rows", "a value for each row, by hand", is(Kind::rows)));
  const auto text_for = [&](Kind kind) { return is(kind) ? rule->text : std::string(); };
  const auto hide = [&](const std::string& name, Kind kind) { data.texts["hide_" + name] = is(kind) ? "" : "yes"; };
  data.texts["constant"] = text_for(Kind::constant);
  data.texts["expression"] = text_for(Kind::expression);
  data.texts["prefix"] = text_for(Kind::key);
  hide("constant", Kind::constant), hide("expression", Kind::expression), hide("column", Kind::column), hide("key", Kind::key);
  for (const auto& column : question.others) data.lists["columns"].push_back(text_data({{"column", column}, {"selected", text_for(Kind::column) == column ? "yes" : ""}}));
  return data;
}

TemplateData map_data(const Review& review, const DataQuestion& question) {
  const auto it = review.answers.data.values.find(question.key);
  const auto* map = it == review.answers.data.values.end() ? nullptr : &it->second;
  auto data = text_data({{"question_id", "w" + std::to_string(question.change) + "-" + question.column}, {"change_id", "c" + std::to_string(question.change)}, {"asked", question.asked ? "yes" : ""}, {"key", question.key},
                         {"standing", standing_of(question, "Rows hold values that it no longer takes.")}, {"example", "values: {" + question.key + ": {OLD: NEW}}"},
                         {"samples_html", samples_html(review, question.key, "Some of the rows")}});
  for (const auto& [old, rows] : question.old_values) {
    const auto said = map == nullptr ? ValueMap::const_iterator() : map->find(old);
    const bool open = map == nullptr || said == map->end();
    const auto becomes = open ? std::string() : said->second.value_or("NULL");
    auto pair = text_data({{"old", old}, {"rows", std::to_string(rows)}, {"becomes", becomes}, {"listed", question.new_values.empty() ? "" : "yes"},
                           {"pair_id", data.texts["question_id"] + "-" + std::to_string(data.lists["pairs"].size())}});
    auto& targets = pair.lists["targets"];
    targets.push_back(choice("", "nobody has said", open));
    for (const auto& value : question.new_values) targets.push_back(choice("to:" + value, value, !open && said->second == value));
    targets.push_back(choice("null", "NULL: the column is empty", !open && !said->second));
    data.lists["pairs"].push_back(std::move(pair));
  }
  return data;
}

}  // namespace

std::size_t count_questions(const Review& review) {
  const auto is_asked = [](const auto& question) { return question.asked; };
  auto count = std::count_if(review.renames.begin(), review.renames.end(), is_asked) + std::count_if(review.questions.begin(), review.questions.end(), is_asked);
  // What is asked in the unit only.
  count += std::count_if(review.changes.begin(), review.changes.end(), [&](const Entry& change) {
    return change.asks_for_values && std::none_of(review.questions.begin(), review.questions.end(), [&](const DataQuestion& question) { return question.change == change.number; });
  });
  return static_cast<std::size_t>(count);
}

void hide_row_values(Review& review) {
  for (auto& question : review.questions) {
    if (question.free_text) question.old_values.clear();
  }
}

std::string questions_html(const Review& review) {
  if (review.renames.empty() && review.questions.empty()) return "";
  TemplateData data;
  data.texts["served"] = review.served ? "yes" : "";
  // Said once for all of them: there may be a thousand.
  const bool losses = std::any_of(review.renames.begin(), review.renames.end(), [](const RenameQuestion& question) { return question.kind != RenameKind::enum_value; });
  data.texts["say_losses"] = losses && !review.served ? "yes" : "";
  for (std::size_t i = 0; i < review.renames.size(); ++i) data.lists["renames"].push_back(to_data(review, review.renames[i], i + 1));
  for (const auto& question : review.questions) {
    const bool fill = question.kind == DataQuestion::Kind::fill;
    data.lists[fill ? "fills" : "maps"].push_back(fill ? fill_data(review, question) : map_data(review, question));
  }
  return page_part("questions.html", data);
}

}  // namespace migrate::review
