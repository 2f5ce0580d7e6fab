#pragma once

namespace migrate::cli {

/// Runs the command line and returns the exit code of the design (0 done ... 5 needs a person). Every error ends here.
int run(int argc, char** argv);

}  // namespace migrate::cli
