/// A file of answers: what a person has said about renames, about the values of rows and about what stays (docs/review.md).
///
///     renames: {users.email: mail}
///     dropped: [users.fax]
///     kept: [users.notes]
///     aside: [users.pager]
///     values: {orders.status: {new: open, paid: open, lost: null}}
///     fill: {users.code: {key: "U-"}, users.kind: {constant: guest}}
#pragma once

#include <string>
#include <string_view>

#include "autogenerate/data_answers.hpp"
#include "autogenerate/rename.hpp"

namespace migrate {

struct Answers {
  RenameAnswers renames;
  DataAnswers data;
};

/// Throws Error (usage) with file, line and column for an unknown key or a value of another kind.
void parse_answers(Answers& answers, std::string_view text, const std::string& file);

/// The same from JSON, as the review page sends it.
[[nodiscard]] Answers answers_of_json(const std::string& json);

/// The text of a file that reads back as the same answers; "" for none.
[[nodiscard]] std::string answers_text(const Answers& answers);

/// "old:new", "table.old:new" and "table.old:table.new", as --rename takes it. Throws Error (usage).
void add_rename(RenameAnswers& answers, const std::string& text);

/// Throws Error (usage) for answers that cannot all be true.
void refuse_contradictions(const RenameAnswers& answers);

/// Gives maps that are named by an enum type of the model to its columns, and says which values of types the maps settle.
void settle_values(DataAnswers& answers, const Schema& declared, RenameOptions& options);

}  // namespace migrate
