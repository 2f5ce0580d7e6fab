/// What a statement has to do with its session.
#pragma once

#include <string>
#include <string_view>

#include "dialect/session_use.hpp"

namespace migrate::sqlite {

/// SqlFace::session_use().
[[nodiscard]] SessionUse session_use(std::string_view sql);

}  // namespace migrate::sqlite
