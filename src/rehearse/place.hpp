/// The database that a rehearsal works in: a copy of its own beside another, told apart by its name.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "dialect/run.hpp"
#include "library/target.hpp"

namespace migrate {

/// An empty database beside the one of a target, dropped with this value unless it is kept. Its name is that of the database rehearsed,
/// "_rehearsal_" and eight hex digits; a file is made beside the file. It takes what the database rehearsed takes (character set, collation),
/// and is locked as long as this value lives.
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
  [[nodiscard]] bool make_file();
  void set_up_file(Target& source);
  void make_database(Target& source);

  Target& beside_;
  DatabaseUrl url_;
  bool kept_ = false;
  std::unique_ptr<Connection> holder_;  ///< its session has the lock
  std::unique_ptr<RunLock> lock_;
  std::unique_ptr<Connection> inside_;  ///< keeps servers that refuse to drop a database in use from dropping it
};

struct Cleaned {
  std::vector<std::string> removed;
  std::vector<std::string> in_use;  ///< of rehearsals that still run: they stay
};

/// Drops what rehearsals of `source` that were killed have left there, or have kept. Throws Error (failed).
Cleaned clean_rehearsals(Target& source, Target& beside);

}  // namespace migrate
