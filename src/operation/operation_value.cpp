#include "operation/operation.hpp"

namespace migrate {

Operation::Operation() = default;
Operation::Operation(const Operation&) = default;
Operation::Operation(Operation&&) noexcept = default;
Operation& Operation::operator=(const Operation&) = default;
Operation& Operation::operator=(Operation&&) noexcept = default;
Operation::~Operation() = default;

bool operator==(const Operation& a, const Operation& b) {
  return static_cast<const AnyOperation&>(a) == static_cast<const AnyOperation&>(b);
}

}  // namespace migrate
