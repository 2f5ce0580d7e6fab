/// The dialects that there are, an engine's folder each.
#pragma once

namespace migrate {

class Dialect;

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
