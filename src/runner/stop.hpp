/// Ctrl-C, SIGTERM and SIGHUP (a terminal that goes away): a request to stop, looked at between statements.
#pragma once

#include "dialect/connection.hpp"

namespace migrate {

/// Installs the handlers for SIGINT, SIGTERM and SIGHUP (unless that is ignored already). The first signal asks to stop between statements; a second one also
/// cancels the statement that runs.
void install_stop_handlers();

/// Whether somebody asked to stop.
[[nodiscard]] bool stop_requested();
/// Whether the first request was a Ctrl-C.
[[nodiscard]] bool stop_by_interrupt();

/// The connection whose statement a second signal cancels, while this object lives. `at_once`: the first signal cancels too
/// (where a transaction undoes what has been done).
class Cancellable {
 public:
  Cancellable(Connection& connection, bool at_once);
  ~Cancellable();
  Cancellable(const Cancellable&) = delete;
  Cancellable& operator=(const Cancellable&) = delete;
};

}  // namespace migrate
