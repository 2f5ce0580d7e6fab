#pragma once

#include "dialect/run.hpp"

namespace migrate::mysql {

[[nodiscard]] const RunFace& run_face();

/// A session for rows.
[[nodiscard]] std::unique_ptr<RowsConnection> open_rows(const DatabaseUrl& url);

}  // namespace migrate::mysql
