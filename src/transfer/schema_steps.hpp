/// The definitions of a copy, made in the target in two steps: what rows need, and what is made behind them.
#pragma once

#include <string>
#include <vector>

#include "transfer/convert.hpp"
#include "transfer/copy.hpp"
#include "transfer/end.hpp"

namespace migrate {

/// Leaves out of a schema what the options do not want.
void keep_wanted(Schema& schema, const CopyOptions& options);

/// Makes what `wanted` has and the target has not. What the target refuses is a loss where `lenient`, and an error otherwise.
void make_missing(End& target, const Schema& wanted, bool lenient, std::vector<Loss>& losses);

/// Drops everything that is there.
void drop_everything(End& target);

/// Lets columns that number themselves, and sequences, go on where they stand in the source.
void set_next_numbers(End& source, const Schema& source_schema, End& target, const Schema& target_schema, const std::map<QualifiedName, QualifiedName>& names);

}  // namespace migrate
