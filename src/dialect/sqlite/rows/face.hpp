/// The room `rows`: rows in bulk and their checksums.
#pragma once

#include "dialect/rows.hpp"

namespace migrate::sqlite {

/// `open` opens the database of a URL.
using OpenRows = std::unique_ptr<RowsConnection> (*)(const DatabaseUrl& url);
[[nodiscard]] std::unique_ptr<RowsFace> make_rows_face(OpenRows open);

}  // namespace migrate::sqlite
