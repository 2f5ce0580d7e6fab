/// What migrate.yaml says of rehearsals: where they take place, and what an upgrade may cost.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "project/config.hpp"

namespace migrate {

/// What is over its budget is a hazard. Only statements of the upgrade have budgets.
struct Budgets {
  std::optional<std::chrono::milliseconds> statement;  ///< of one statement
  std::optional<std::chrono::milliseconds> lock;       ///< for which changes of a table's rows, or reads, may have to wait
  std::optional<long long> rewrite;                    ///< bytes of a table that one statement writes anew
  bool loss = false;                                   ///< rows and values may be lost by the way back: a note, and no hazard
};

struct RehearsalSettings {
  std::string on;  ///< beside which database; "": beside the one at hand
  Budgets budgets;
};

/// Reads the section `rehearse`. Throws Error (usage) with its place.
[[nodiscard]] RehearsalSettings read_rehearsal_settings(const Config& config);

/// "1GB", "500 MB", "64kB", "1024": bytes, by 1024; nothing when it is none.
[[nodiscard]] std::optional<long long> parse_bytes(std::string_view text);
/// "1.5 GB"
[[nodiscard]] std::string bytes_text(long long bytes);

}  // namespace migrate
