#include "dialect/sqlite/measure/face.hpp"

#include "dialect/sqlite/run/frame.hpp"

namespace migrate::sqlite {
namespace {

/// A file's locks do not tell who holds them: reading and beginning to write are tried, without waiting.
class Probe final : public LockProbe {
 public:
  explicit Probe(Connection& second) : second_(second) { second_.execute("PRAGMA busy_timeout = 0"); }

  [[nodiscard]] std::vector<SeenLock> look(const std::vector<QualifiedName>& /*about*/) override {
    const SeenLock changes{{}, "changes wait", Waits::writers};
    if (waits("SELECT 1 FROM sqlite_master LIMIT 1")) return {{{}, "reads wait", Waits::everybody}, changes};
    if (waits("BEGIN IMMEDIATE")) return {changes};
    second_.execute("ROLLBACK");
    return {};
  }

 private:
  bool waits(const std::string& sql) {
    try {
      static_cast<void>(second_.query(sql));
    } catch (const DatabaseError& error) {
      if (error.cause == DatabaseError::Cause::lock_timeout) return true;
      throw;
    }
    return false;
  }

  Connection& second_;
};

class SqliteMeasure final : public MeasureFace {
 public:
  [[nodiscard]] std::unique_ptr<LockProbe> lock_probe(Connection& second, std::string& /*why*/) const override { return std::make_unique<Probe>(second); }

  /// A table that is made anew in another's place begins at another page.
  [[nodiscard]] std::map<QualifiedName, TableFile> table_files(Connection& connection) const override {
    std::map<QualifiedName, TableFile> files;
    for (const auto& row : connection.query("SELECT name, rootpage FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'").rows) {
      files.emplace(QualifiedName{"", row.at(0).value_or("")}, TableFile{row.at(1).value_or(""), std::nullopt});
    }
    return files;
  }

  [[nodiscard]] std::vector<std::string> broken_rules(Connection& connection) const override { return foreign_key_violations(connection); }

  [[nodiscard]] std::optional<RowsChanged> rows_changed(Connection& connection) const override {
    return RowsChanged{std::stoll(connection.query("SELECT total_changes()").rows.at(0).at(0).value_or("0")), "connection", false};
  }
};

}  // namespace

const MeasureFace& measure_face() {
  static const SqliteMeasure instance;
  return instance;
}

}  // namespace migrate::sqlite
