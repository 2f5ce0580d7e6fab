/// Views of another engine: made where the target takes them and shows the same rows in them.
#pragma once

#include <vector>

#include "transfer/end.hpp"
#include "transfer/report.hpp"

namespace migrate {

/// Makes those of `views` (translated, in the order of `originals`) that the target accepts; the others are losses. With `rows`, a
/// session that sees the source, a view that shows other rows than its original is a loss too, and does not stay.
void make_views(End& source, RowsConnection* rows, End& target, const std::vector<View>& originals, const std::vector<View>& views, std::vector<Loss>& losses);

}  // namespace migrate
