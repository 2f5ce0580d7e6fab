/// The types of a model that the database does not hold at the same place: what a dialect has to look at.
#pragma once

#include <string>
#include <vector>

#include "migrate/error.hpp"
#include "migrate/schema.hpp"

namespace migrate {

struct NewType {
  std::string type;
  std::string what;  ///< "column users.name"
  Location location;
  std::string collation;  ///< of a column, or ""
  const Table* table = nullptr;
};

/// Columns and domains of `declared`, in canonical form, whose type is not that of the same column or domain of `live`.
[[nodiscard]] std::vector<NewType> new_types(const Schema& declared, const Schema& live);

/// Throws Error (usage) at the type's place: "column users.name: " + `what`.
[[noreturn]] void refuse_type(const NewType& type, const std::string& what, const std::string& hint = {});

}  // namespace migrate
