/// What our sessions have of the server, as far as programs keep it.
#pragma once

#include <string>
#include <string_view>

#include "dialect/server.hpp"

namespace migrate::mysql {

/// What a session of ours gives to a program that it makes: definer, sql_mode, charset, collation, time_zone. Without what is not known
/// of the server.
[[nodiscard]] Options usual_provenance(const ServerInfo& server);

/// Modes as a set: in upper case, sorted, those that stand for several with all of them.
[[nodiscard]] std::string normal_mode(std::string_view sql_mode, bool mariadb);

}  // namespace migrate::mysql
