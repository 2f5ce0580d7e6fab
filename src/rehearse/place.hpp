/// The database that a rehearsal works in: a copy of its own beside another, told apart by its name.
#pragma once

#include <string>
#include <vector>

#include "library/target.hpp"

namespace migrate {

/// An empty database beside the one of a target, dropped with this value unless it is kept. Its name is that of the database rehearsed,
/// "_rehearsal_" and eight hex digits; a file is made beside the file.
class RehearsalPlace {
 public:
  /// `source`: what is rehearsed; `beside`: on whose server, or in whose folder. Throws Error (usage) for a database in memory, and
  /// Error (failed) where none can be made.
  RehearsalPlace(Target& source, Target& beside);
  RehearsalPlace(const RehearsalPlace&) = delete;
  RehearsalPlace& operator=(const RehearsalPlace&) = delete;
  ~RehearsalPlace();

  [[nodiscard]] const DatabaseUrl& url() const { return url_; }
  void keep() { kept_ = true; }
  /// Drops it now. All sessions in it must be closed. Throws Error (failed).
  void drop();

 private:
  Target& beside_;
  DatabaseUrl url_;
  bool kept_ = false;
};

/// Drops what killed rehearsals of `source` have left there; returns the names. One that is in use on a server that tells stays, as the
/// server refuses to drop it. Throws Error (failed).
std::vector<std::string> clean_rehearsals(Target& source, Target& beside);

}  // namespace migrate
