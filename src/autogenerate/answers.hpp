/// What a person has said about renames, held against what there is.
#pragma once

#include <vector>

#include "autogenerate/rename.hpp"

namespace migrate {

/// Throws Error (usage) for the first --rename, --no-rename or answer that nothing came of: a name that the database or the model
/// does not have, or something that is not dropped anyway. A column of a table that is renamed goes by the table's old name or its new one.
void check_answers(const RenameAnswers& answers, const Schema& live, const Schema& declared, const std::vector<RenameDecision>& decisions,
                   const FormerTables& former);

/// The names by which a person may call a part of a table (or a value of a type): by its name now, and by the one that it had.
[[nodiscard]] std::vector<std::string> keys_of_part(const QualifiedName& owner, const FormerTables& former, const std::string& part);

}  // namespace migrate
