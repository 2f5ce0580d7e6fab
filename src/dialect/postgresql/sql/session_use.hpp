/// What a statement has to do with its session.
#pragma once

#include <string>
#include <string_view>

#include "dialect/postgresql/sql/text.hpp"
#include "dialect/session_use.hpp"

namespace migrate::postgresql {

/// SqlFace::session_use().
[[nodiscard]] SessionUse session_use(std::string_view sql, const LexicalRules& rules = lexical_rules());

/// SQL for the value of a text that puts the item back where it was, run later in another session; "" where that cannot be.
[[nodiscard]] std::string keep_expression(const SessionItem& item);

}  // namespace migrate::postgresql
