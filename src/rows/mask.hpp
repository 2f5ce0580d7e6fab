/// Values that must not leave a database, made others that look alike: equal ones stay equal, in all tables, so that joins and unique
/// keys hold. What comes out depends on the value and on a secret key, and on nothing else.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/yaml.hpp"
#include "dialect/value.hpp"

namespace migrate {

struct Mask {
  std::string with;     ///< hash, email, name, phone, date_shift, null, constant
  std::string value;    ///< of constant
  int days = 365;       ///< of date_shift: at most so many, forwards or back
  Location location;
};

/// A mask as its words say. Throws Error (usage).
[[nodiscard]] Mask mask_of(const std::map<std::string, std::string>& words, const std::string& what, const Location& location);

/// By table and column, as the file has them: "users" -> "mail" -> mask.
using Masks = std::map<std::string, std::map<std::string, Mask>>;

/// Reads a masks file: `users: {mail: email, born: {with: date_shift, days: 30}}`. Throws Error (usage) with file, line and column.
[[nodiscard]] Masks read_masks(const std::string& file);

/// The masked value of a canonical text; `buffer` holds it. NULL stays NULL. Throws Error (usage) where the kind of mask and the type
/// do not go together.
[[nodiscard]] Field masked(const Mask& mask, const ValueType& type, const std::string& key, const Field& value, std::string& buffer);

}  // namespace migrate
