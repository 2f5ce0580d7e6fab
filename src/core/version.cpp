#include "core/version.hpp"

namespace migrate {

std::string tool_version() { return MIGRATE_VERSION; }

std::string tool_commit() { return MIGRATE_COMMIT; }

}  // namespace migrate
