/// Options of sequences: what the server fills in, and how they are written.
#pragma once

#include <string>

#include "migrate/schema.hpp"

namespace migrate::postgresql {

/// Unsets every option that says what a sequence of that type has anyway.
void drop_default_options(SequenceOptions& options, const std::string& type);

/// All options set, the unset ones to what the type gives them.
[[nodiscard]] SequenceOptions full_options(const SequenceOptions& options, const std::string& type);

/// " INCREMENT BY 5 MINVALUE 1 ..." for CREATE; "" when all are defaults.
[[nodiscard]] std::string create_options(const SequenceOptions& options);

/// What ALTER SEQUENCE needs to go from one to the other; each with `prefix` in front ("SET " for an identity).
[[nodiscard]] std::string alter_options(const SequenceOptions& before, const std::string& before_type, const SequenceOptions& after,
                                        const std::string& after_type, const std::string& prefix = {});

}  // namespace migrate::postgresql
