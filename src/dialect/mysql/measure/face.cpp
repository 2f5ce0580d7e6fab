// performance_schema.metadata_locks tells who holds what on MySQL, and on MariaDB where it is switched on; there metadata_lock_info, a
// plugin, does too. Where neither is there a session tries.

#include "dialect/mysql/measure/face.hpp"

#include <fmt/format.h>

#include "core/text.hpp"
#include "dialect/mysql/sql/text.hpp"

namespace migrate::mysql {
namespace {

/// Who waits among those who read a table and those who change its rows (sql/mdl.h names the modes).
Waits waits_for(const std::string& mode) {
  if (mode == "EXCLUSIVE" || mode == "SHARED_NO_READ_WRITE") return Waits::everybody;
  if (mode == "SHARED_NO_WRITE" || mode == "SHARED_READ_ONLY") return Waits::writers;
  return Waits::nobody;
}

/// Nothing where the server does not let us.
std::optional<Result> try_query(Connection& connection, const std::string& sql) {
  try {
    return connection.query(sql);
  } catch (const DatabaseError& error) {
    if (error.cause == DatabaseError::Cause::connection) throw;
    return std::nullopt;
  }
}

/// A file's or a table's name as the engine writes it: what is not a letter, a digit or '_' stands as @ and four hex digits.
std::string decoded(std::string_view name) {
  std::string text;
  for (std::size_t i = 0; i < name.size(); ++i) {
    const auto code = name.substr(i + 1, 4);
    if (name[i] != '@' || code.size() < 4 || code.find_first_not_of("0123456789abcdef") != std::string_view::npos) {
      text += name[i];
      continue;
    }
    const auto point = static_cast<unsigned>(std::stoul(std::string(code), nullptr, 16));
    if (point < 0x80) {
      text += static_cast<char>(point);
    } else {
      if (point >= 0x800) text += static_cast<char>(0xE0U | (point >> 12U));
      text += point >= 0x800 ? static_cast<char>(0x80U | ((point >> 6U) & 0x3FU)) : static_cast<char>(0xC0U | (point >> 6U));
      text += static_cast<char>(0x80U | (point & 0x3FU));
    }
    i += 4;
  }
  return text;
}

constexpr std::string_view seen_by_schema = R"(
  SELECT DISTINCT object_name, lock_type FROM performance_schema.metadata_locks
  WHERE object_type = 'TABLE' AND object_schema = DATABASE() AND lock_status = 'GRANTED' AND object_name NOT LIKE '#%'
    AND owner_thread_id IN (SELECT thread_id FROM performance_schema.threads WHERE type = 'FOREGROUND' AND processlist_id <> CONNECTION_ID()))";
constexpr std::string_view seen_by_plugin = R"(
  SELECT DISTINCT table_name, lock_mode FROM information_schema.metadata_lock_info
  WHERE lock_type = 'Table metadata lock' AND table_schema = DATABASE() AND table_name NOT LIKE '#%' AND thread_id <> CONNECTION_ID())";

class Seen final : public LockProbe {
 public:
  Seen(Connection& second, std::string_view sql) : second_(second), sql_(sql) {}

  [[nodiscard]] std::vector<SeenLock> look(const std::vector<QualifiedName>& /*about*/) override {
    std::vector<SeenLock> locks;
    for (const auto& row : second_.query(sql_).rows) {
      auto mode = row.at(1).value_or("");
      if (mode.starts_with("MDL_")) mode.erase(0, 4);
      locks.push_back({{"", row.at(0).value_or("")}, mode, waits_for(mode)});
    }
    return locks;
  }

 private:
  Connection& second_;
  std::string_view sql_;
};

/// Reads nothing from a table, and locks nothing of it for a change: both wait when somebody holds it against them.
class Tried final : public LockProbe {
 public:
  explicit Tried(Connection& second) : second_(second) { second_.execute("SET SESSION lock_wait_timeout = 0, innodb_lock_wait_timeout = 0"); }

  [[nodiscard]] std::vector<SeenLock> look(const std::vector<QualifiedName>& about) override {
    std::vector<SeenLock> locks;
    for (const auto& table : about) {
      const bool reads_wait = waits("SELECT 1 FROM " + quote_name(table.name) + " LIMIT 0");
      if (reads_wait) locks.push_back({{"", table.name}, "reads wait", Waits::everybody});
      if (reads_wait || waits("SELECT 1 FROM " + quote_name(table.name) + " LIMIT 0 FOR UPDATE")) {
        locks.push_back({{"", table.name}, "changes wait", Waits::writers});
      }
    }
    return locks;
  }

 private:
  bool waits(const std::string& sql) {
    try {
      static_cast<void>(second_.query(sql));
    } catch (const DatabaseError& error) {
      if (error.cause == DatabaseError::Cause::connection) throw;
      return error.cause == DatabaseError::Cause::lock_timeout;
    }
    return false;
  }

  Connection& second_;
};

class MysqlMeasure final : public MeasureFace {
 public:
  [[nodiscard]] std::unique_ptr<LockProbe> lock_probe(Connection& second, std::string& why) const override {
    const auto on = try_query(second, "SELECT COUNT(*) FROM performance_schema.setup_instruments WHERE name = 'wait/lock/metadata/sql/mdl' AND enabled = 'YES' AND @@performance_schema");
    if (on && on->rows.at(0).at(0) == "1" && try_query(second, std::string(seen_by_schema))) return std::make_unique<Seen>(second, seen_by_schema);
    if (try_query(second, std::string(seen_by_plugin))) return std::make_unique<Seen>(second, seen_by_plugin);
    // Only MariaDB has a wait of no time at all.
    if (const auto version = second.query("SELECT VERSION()").rows.at(0).at(0).value_or(""); version.find("MariaDB") != std::string::npos) return std::make_unique<Tried>(second);
    why = "performance_schema is off, or our role may not read performance_schema.metadata_locks";
    return nullptr;
  }

  [[nodiscard]] std::map<QualifiedName, TableFile> table_files(Connection& connection) const override {
    std::map<QualifiedName, TableFile> files;
    const auto names = connection.query("SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE() AND table_type = 'BASE TABLE'");
    for (const auto& row : names.rows) files.emplace(QualifiedName{"", row.at(0).value_or("")}, TableFile{});
    for (const auto* prefix : {"innodb", "innodb_sys"}) {
      const auto spaces = try_query(connection, fmt::format(R"(
        SELECT t.name, t.space, COALESCE(s.file_size, 0) FROM information_schema.{0}_tables t LEFT JOIN information_schema.{0}_tablespaces s ON s.space = t.space
        WHERE SUBSTRING_INDEX(t.name, '/', -1) NOT LIKE '#%' ORDER BY t.name)", prefix));
      if (!spaces) continue;
      const auto database = connection.query("SELECT DATABASE()").rows.at(0).at(0).value_or("");
      for (const auto& row : spaces->rows) add(files, database, row);
    }
    return files;
  }

  [[nodiscard]] std::optional<RowsChanged> rows_changed(Connection& connection) const override {
    const auto count = std::stoll(connection.query("SELECT ROW_COUNT()").rows.at(0).at(0).value_or("-1"));
    if (count < 0) return std::nullopt;
    return RowsChanged{.count = count, .since = {}, .from_zero = true};
  }

  [[nodiscard]] std::optional<long long> log_bytes(Connection& connection) const override {
    const auto result = connection.query("SHOW GLOBAL STATUS LIKE 'Innodb_os_log_written'");
    return result.rows.empty() ? std::nullopt : std::optional(std::stoll(result.rows[0].at(1).value_or("0")));
  }

 private:
  /// A row of "database/table" or "database/table#p#part", space, bytes.
  static void add(std::map<QualifiedName, TableFile>& files, const std::string& database, const Row& row) {
    const auto name = row.at(0).value_or("");
    const auto slash = name.find('/');
    if (slash == std::string::npos || decoded(name.substr(0, slash)) != database) return;
    const auto part = lower(name).find("#p#");
    const auto found = files.find({"", decoded(name.substr(slash + 1, part == std::string::npos ? part : part - slash - 1))});
    if (found == files.end()) return;
    found->second.id += row.at(1).value_or("") + " ";
    found->second.bytes = found->second.bytes.value_or(0) + std::stoll(row.at(2).value_or("0"));
  }
};

}  // namespace

const MeasureFace& measure_face() {
  static const MysqlMeasure instance;
  return instance;
}

}  // namespace migrate::mysql
