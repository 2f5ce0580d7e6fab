/// The dialects that there are, an engine's folder each.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace migrate {

class Dialect;

/// The engines that there are, for people, and how each is spoken to: {"MySQL, MariaDB", "MySQL Connector/C++ 1.1.12"}; a driver that is not
/// installed is said to be so.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> engines_and_clients();

namespace mysql {
[[nodiscard]] const Dialect& dialect();
}
namespace postgresql {
[[nodiscard]] const Dialect& dialect();
}
namespace sqlite {
[[nodiscard]] const Dialect& dialect();
}

}  // namespace migrate
