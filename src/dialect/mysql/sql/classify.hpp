/// What kind of statement a text is.
#pragma once

#include <string_view>

#include "dialect/statement.hpp"

namespace migrate::mysql {

[[nodiscard]] StatementClass classify_statement(std::string_view sql);

/// Whether the statement commits the transaction that it stands in, or may do so, as a procedure may.
[[nodiscard]] bool commits_transaction(std::string_view sql);

/// CALL and the like answer with any number of results; every other statement with exactly one.
[[nodiscard]] bool may_return_several_results(std::string_view sql);

}  // namespace migrate::mysql
