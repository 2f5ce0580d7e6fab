/// What a rename in place does to the definitions that name the renamed thing. SQLite itself knows best: it is asked, in a
/// database in memory.
#pragma once

#include <string>
#include <vector>

#include "operation/operation.hpp"

namespace migrate::sqlite {

/// The table, and everything whose definition a rename in it may touch or has to read.
[[nodiscard]] Schema related_to(const Schema& schema, const std::string& table);

/// The views that read the table through other views only. A column that is renamed takes their column away, and SQLite
/// refuses to rename it while they are there.
[[nodiscard]] std::vector<QualifiedName> indirect_views(const Schema& schema, const std::string& table);

/// Brings the texts in `schema`, in which the rename is applied already, to what they are after `statements` have run on a
/// database like `before`. False when SQLite refuses them, then nothing is changed.
[[nodiscard]] bool follow(Schema& schema, const Schema& before, const std::vector<std::string>& statements);

/// The statements that rename the table or column in place.
[[nodiscard]] std::vector<std::string> rename_in_place(const Schema& schema, const Operation& rename);

/// migrate::apply, with the definitions that follow a rename.
void apply_and_follow(Schema& schema, const Operation& operation);

/// A name for a table that is there for a moment only.
[[nodiscard]] std::string scratch_name(const Schema& schema, const std::string& table);

/// Where SQLite cannot be asked (a function or module that is not there): names as tokens, in the table's own definitions.
void replace_names(Schema& schema, const Operation& rename);

[[nodiscard]] std::string renamed_trigger(const std::string& definition, const std::string& name);

}  // namespace migrate::sqlite
