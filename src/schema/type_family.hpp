/// Types by what they hold, over all engines' spellings: for judging how near two types are, and for neutral values.
#pragma once

#include <string>

namespace migrate {

/// "integer", "text", "number", "time", "boolean", "bytes", "json", "uuid", "duration", "address", "date", or the type's
/// own first word.
[[nodiscard]] std::string type_family(const std::string& type);

/// 1 for the same type, less for types that people change into one another, 0 for strangers.
[[nodiscard]] double type_similarity(const std::string& a, const std::string& b);

}  // namespace migrate
