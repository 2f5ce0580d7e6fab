/// What a change of a database is, as data: each difference once, with its SQL both ways, what lint says of it, and the questions that
/// only a person answers. The page shows it; it computes nothing of its own.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "autogenerate/answers_file.hpp"
#include "autogenerate/autogenerate.hpp"
#include "dialect/lint.hpp"
#include "library/page.hpp"

namespace migrate::review {

struct Finding {
  std::string id;
  std::string severity;  ///< note, warning, error
  std::string effect;
  std::string hint;      ///< what to do, where no SQL says it
  std::string remedy;    ///< SQL to run in its place; ""
};

/// One difference.
struct Entry {
  std::size_t number = 0;
  std::string action;    ///< add, drop, change, rename, run
  std::string table;     ///< whose it is, by its new name; "" for what belongs to no table
  std::string title;     ///< "add column users.mail varchar(255) not null"
  std::string before;    ///< as the model writes it; "" where there was nothing
  std::string after;
  std::vector<std::string> up, down;  ///< statements; one that makes several changes stands with each of them
  std::vector<std::string> with;      ///< what else its statements make
  std::vector<std::string> notes, questions;
  bool asks_for_values = false;       ///< a question is what rows should hold, and not whether it is a rename
  std::vector<Finding> findings;
};

/// A unit that is written already.
struct Unit {
  std::string id, title, file;
  std::vector<std::string> up, down;
  std::vector<Finding> findings;
  std::string no_way_back;  ///< why there is none; ""
  std::string measured;     ///< what a rehearsal took for it: "0.3 s, back 0.1 s"; ""
};

/// Rows or values to be shown beside a question.
struct Samples {
  std::vector<std::string> columns;
  std::vector<std::vector<std::string>> rows;
  bool more = false;  ///< there are more than these
};

struct Review {
  std::string title;
  std::string database;  ///< its URL without a password
  std::string server;    ///< "PostgreSQL 15.4"
  std::string written;   ///< when, in UTC
  std::vector<Entry> changes;
  UnitText text;                         ///< the unit as it would be written, with findings above its statements
  std::vector<RenameQuestion> renames;   ///< what vanished while something came
  std::vector<DataQuestion> questions;   ///< what rows should hold
  std::map<std::string, Samples> samples; ///< by the key of a question; none where row values are not to be shown
  Answers answers;                       ///< what has been said
  std::string diagram;                   ///< HTML (review/diagram.hpp); ""
  bool served = false;                   ///< questions are answered on the page
  std::vector<Unit> units;
  std::string units_title;               ///< "Pending units"
  std::string changes_title = "Changes";
  std::map<std::string, long long> rows;  ///< of tables that are there, as the engine estimates; names in lower case
  std::map<std::string, long long> bytes; ///< that they take with their indexes
  std::string revisions;                 ///< the graph around what is shown, an SVG; ""
  std::vector<PageTable> rehearsal;      ///< what a rehearsal found and measured
  std::vector<std::string> notes;
};

/// What a person sees of the differences. `found` are the changes as compare() gave them, before the data was guarded; `difference` the same
/// behind it; `findings` of the upgrade, whose lines count from 0 in `parts.text().upgrade`; `section`: that of
/// the engine in the model file.
[[nodiscard]] std::vector<Entry> make_entries(const std::vector<PlannedChange>& found, const Difference& difference, const UnitParts& parts, const lint::Findings& findings, const std::string& section);

/// An object or a part of a table, as the model writes it; `before`: what the operation takes, else what it makes. "" for none.
[[nodiscard]] std::string model_text(const Operation& operation, bool before, const std::string& section);

[[nodiscard]] Finding to_finding(const lint::Finding& finding);

/// Where the changes of each table stand on the page: ids of elements.
[[nodiscard]] std::map<std::string, std::string> group_ids(const Review& review);

/// The whole as one HTML page.
[[nodiscard]] std::string review_html(const Review& review);

/// What stands inside of <main>, and the line above it: what a served page takes in place of its own.
struct Body {
  std::string html;
  std::string verdict;
  bool good = true;
};
[[nodiscard]] Body review_body(const Review& review);

/// Takes values of rows out of the questions: those that no type and no check names.
void hide_row_values(Review& review);

/// The questions as a section; "" when there are none.
[[nodiscard]] std::string questions_html(const Review& review);
[[nodiscard]] std::size_t count_questions(const Review& review);

}  // namespace migrate::review
