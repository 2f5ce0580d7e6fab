/// How far a program (a C++ unit) has come that does not run in one transaction: enough to run it again up to the place where
/// it was cut off, without doing anything twice.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "dialect/connection.hpp"

namespace migrate {

struct Journal {
  std::size_t calls = 0;       ///< that are done
  std::string digest;          ///< of their keys
  std::size_t base = 0;        ///< statements that were done in front of the call in flight
  std::string flight;          ///< digest of the key of the call that was begun; "" for none
  std::vector<std::string> statements;         ///< its statements, where they do not follow from the call alone
  std::string cursor, next_cursor;             ///< of a call that works in batches: before and behind the statement
  std::map<std::size_t, std::string> answers;  ///< of queries, by the number of the call: see write_answer

  bool operator==(const Journal&) const = default;
};

[[nodiscard]] std::string write_journal(const Journal& journal);
/// Throws Error (failed) for what write_journal did not write.
[[nodiscard]] Journal read_journal(const std::string& text);

/// The rows as text; where that is long, its digest only ("#...").
[[nodiscard]] std::string write_answer(const Result& result);
[[nodiscard]] bool is_digest(const std::string& answer);
[[nodiscard]] Result read_answer(const std::string& answer);

/// The digest of keys with one more.
[[nodiscard]] std::string next_key(const std::string& digest, const std::string& key);

}  // namespace migrate
