/// How far a copy has come, kept in the target: each range is recorded in the transaction that writes its rows, so that a copy that was
/// cut off goes on without a row twice or one missing.
#pragma once

#include <string>
#include <vector>

#include "dialect/connection.hpp"
#include "dialect/dialect.hpp"
#include "dialect/server.hpp"
#include "rows/checksum.hpp"
#include "rows/ranges.hpp"

namespace migrate {

struct CopyPart {
  std::string table;  ///< as the source calls it
  int part = 0;
  KeyRange range;
  bool done = false;
  Checksum checksum;  ///< of the source's rows in the range, when it was done
};

class CopyProgress {
 public:
  CopyProgress(const Dialect& dialect, QualifiedName name) : dialect_(dialect), name_(std::move(name)) {}

  [[nodiscard]] const QualifiedName& name() const { return name_; }
  /// What is being copied, as begin() was told; "" when no copy was begun here.
  [[nodiscard]] std::string begun(Connection& connection) const;
  void begin(Connection& connection, const ServerInfo& server, const std::string& what) const;
  void end(Connection& connection) const;

  /// Waits for whoever has claimed a part: sessions of a copy that was killed may still be at work on the server.
  [[nodiscard]] std::string wait_sql() const;
  [[nodiscard]] std::vector<CopyPart> parts(Connection& connection) const;
  /// Statements for the transaction that does the work.
  [[nodiscard]] std::string plan_sql(const CopyPart& part) const;
  /// First of all: its record is locked while the rows are written.
  [[nodiscard]] std::string claim_sql(const CopyPart& part) const;
  [[nodiscard]] std::string done_sql(const CopyPart& part) const;
  [[nodiscard]] std::string forget_sql(const std::string& table) const;

  /// Rows that did not arrive, so that a copy that goes on still tells of them.
  [[nodiscard]] std::string rejected_sql(const std::string& table, const std::string& text) const;
  [[nodiscard]] std::vector<std::pair<std::string, std::string>> rejected(Connection& connection) const;

 private:
  [[nodiscard]] std::string text(const std::string& value) const;

  const Dialect& dialect_;
  QualifiedName name_;
};

}  // namespace migrate
