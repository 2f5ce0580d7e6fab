#include "cli/application.hpp"

namespace migrate::cli {

int run(int, char**) { return 0; }

}  // namespace migrate::cli
