#include "dialect/mysql/run/writes.hpp"

#include "core/text.hpp"

namespace migrate::mysql {

std::string why_no_writes(std::string_view variable, std::string_view value) {
  if (!variable.ends_with("read_only") || value == "0" || equal_ignoring_case(value, "OFF")) return {};
  return "it is read-only (" + std::string(variable) + "), as a replica is";
}

std::string takes_no_writes(Connection& connection) {
  for (const auto& row : connection.query("SHOW GLOBAL VARIABLES WHERE Variable_name IN (" + std::string(read_only_variables) + ")").rows) {
    if (auto why = why_no_writes(row.at(0).value_or(""), row.at(1).value_or("")); !why.empty()) return why;
  }
  return {};
}

}  // namespace migrate::mysql
