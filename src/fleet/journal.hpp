/// What is known of each target of a fleet, kept beside the targets: it survives a run that is killed, and answers without asking one.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "dialect/connection.hpp"
#include "fleet/settings.hpp"
#include "library/project.hpp"

namespace migrate {
class Dialect;
class RunLock;
}  // namespace migrate

namespace migrate::fleet {

/// Where a target stands.
enum class State {
  waiting,  ///< its turn has not come
  running,  ///< its turn came, and nobody has said how it ended: it runs, or its run was killed
  done,     ///< it is where the run wanted it
  failed,
  stopped   ///< somebody stopped the run; it ended between two statements
};
[[nodiscard]] std::string_view to_text(State state);

struct Entry {
  std::string name;
  std::string url;       ///< for people, without a password
  std::string wave;
  std::vector<std::string> tags;
  State state = State::waiting;
  int tries = 0;
  std::string revision;  ///< the heads of what is applied, by comma; "" when that is not known
  int steps = 0;         ///< revisions applied or reverted by the last try
  long long ms = 0;
  std::string changed;   ///< when this was written, UTC
  std::string error;
  std::string place;     ///< file:line of the error
  std::string hint;
};

/// The run that the journal tells of.
struct RunRecord {
  std::string action;    ///< "upgrade head"
  std::string who;       ///< user, host, process
  std::string started;
  std::string ended;     ///< "" while it runs, or when it was killed
};

class Journal {
 public:
  /// Connects; the tables are made when they are first written. `only_look`: a journal that is not there reads as an empty one.
  Journal(const Project& project, const std::string& place, bool only_look);
  ~Journal();
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;

  /// Keeps other runs of the fleet away as long as the journal is open; `wait`: how long to wait for one, `told` is called once with who it is.
  /// Throws Error (locked).
  void lock(std::chrono::milliseconds wait, const std::function<void(const std::string&)>& told, const std::function<bool()>& stop);

  /// A run begins: these are its targets; others stay as they are.
  void begin(const RunRecord& run, const std::vector<Entry>& entries);
  void write(const Entry& entry);
  /// The entry of a target that was done by itself, beside the runs of the fleet: it is made where there is none. Its tries are counted here.
  void put(Entry entry);
  void end(const std::string& when);

  [[nodiscard]] std::vector<Entry> entries();
  [[nodiscard]] RunRecord run();

 private:
  void open();
  void make_tables();
  [[nodiscard]] bool try_lock();
  /// What is done is done again when its connection is lost and made anew, as long as the project says; also the lock is taken again then.
  /// Throws Error (locked) when another run has it by then.
  void lasting(const std::function<void()>& work);
  void write_anew(const std::vector<Entry>& entries);
  [[nodiscard]] std::string text(std::string_view value) const;
  [[nodiscard]] std::string values(const Entry& entry) const;

  DatabaseUrl url_;
  std::chrono::milliseconds reconnect_;
  const Dialect* dialect_;
  std::string file_;  ///< "" when it is a server's database
  std::unique_ptr<Connection> connection_;
  std::unique_ptr<RunLock> lock_;
  int lock_file_ = -1;
  bool locked_ = false;
};

}  // namespace migrate::fleet
