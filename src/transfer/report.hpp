/// What a copy did, and what it did not.
#pragma once

#include <string>
#include <vector>

#include "rows/move.hpp"

namespace migrate {

/// Something that the target has not, or has otherwise than the source.
struct Loss {
  std::string object;  ///< "table users, column mail"
  std::string what;
  bool left_out = false;  ///< it is not there at all

  bool operator==(const Loss&) const = default;
  [[nodiscard]] std::string text() const { return object + ": " + what; }
};

struct TableReport {
  std::string table;
  std::string target;       ///< its name there
  long long read = 0;
  long long written = 0;
  long long rejected = 0;
  long long bytes = 0;
  double seconds = 0;
  std::string verified;     ///< "", "counts", "full"
  long long differences = 0;///< rows that differ behind the copy
};

struct CopyReport {
  std::string source, target;  ///< URLs for people
  std::vector<TableReport> tables;
  std::vector<Loss> losses;
  std::vector<RejectedRow> rejected;
  std::vector<std::string> differing;  ///< rows that differ, by key
  std::vector<std::string> notes;
  bool resumed = false;
  double seconds = 0;

  /// Whether something of the source is not in the target, beyond what types cannot hold.
  [[nodiscard]] bool complete() const;
};

/// The report as JSON, and as one HTML page that needs no network.
[[nodiscard]] std::string report_json(const CopyReport& report);
[[nodiscard]] std::string report_html(const CopyReport& report);

}  // namespace migrate
