#include "rows/move.hpp"

#include <fmt/format.h>

#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <thread>

namespace migrate {

std::string RejectedRow::text() const {
  if (key.empty()) return why;  // told by an earlier run, whole
  std::string text = table + ", " + key;
  if (!column.empty()) text += ", column " + column + " = " + value;
  return text + ": " + why;
}

namespace {

/// Writes batches in a thread of its own, so that one server works while the other does. A few batches wait at most.
class BatchWriter {
 public:
  explicit BatchWriter(std::function<void(const RowBatch&)> write) : write_(std::move(write)), thread_([this] { run(); }) {}
  BatchWriter(const BatchWriter&) = delete;
  BatchWriter& operator=(const BatchWriter&) = delete;
  ~BatchWriter() {
    if (thread_.joinable()) close(true);
  }

  /// Throws what writing threw.
  void push(RowBatch batch) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return waiting_.size() < most || failure_; });
    if (failure_) std::rethrow_exception(failure_);
    waiting_.push_back(std::move(batch));
    changed_.notify_all();
  }

  /// Waits until all that was pushed is written. Throws what writing threw.
  void drain() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return (waiting_.empty() && !writing_) || failure_; });
    if (failure_) std::rethrow_exception(failure_);
  }

  void finish() {
    close(false);
    if (failure_) std::rethrow_exception(failure_);
  }

 private:
  static constexpr std::size_t most = 3;

  void close(bool drop) {
    {
      const std::scoped_lock lock(mutex_);
      if (drop) waiting_.clear();
      closed_ = true;
      changed_.notify_all();
    }
    thread_.join();
  }

  void run() {
    while (true) {
      std::optional<RowBatch> batch;
      {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [this] { return !waiting_.empty() || closed_; });
        if (waiting_.empty()) return;
        batch.emplace(std::move(waiting_.front()));
        waiting_.pop_front();
        writing_ = true;
        changed_.notify_all();
      }
      try {
        write_(*batch);
        batch.reset();
        const std::scoped_lock lock(mutex_);
        writing_ = false;
        changed_.notify_all();
      } catch (...) {
        const std::scoped_lock lock(mutex_);
        failure_ = std::current_exception();
        waiting_.clear();
        changed_.notify_all();
        return;
      }
    }
  }

  std::function<void(const RowBatch&)> write_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<RowBatch> waiting_;
  bool closed_ = false;
  bool writing_ = false;
  std::exception_ptr failure_;
  std::thread thread_;
};

class Mover {
 public:
  Mover(const TableSide& source, const TableSide& target, const ValueLimits& limits, const MoveOptions& options)
      : source_(source), target_(target), limits_(limits), options_(options), batch_(target.columns.size()), changed_(target.columns.size()) {
    for (const auto& column : source_.key) {
      for (std::size_t i = 0; i < source_.columns.size(); ++i) {
        if (source_.columns[i].name == column.name) key_places_.push_back(i);
      }
    }
    if (key_places_.size() != source_.key.size()) key_places_.clear();
  }

  Moved run(const std::string& sql) {
    read_canonical(source_, source_.columns, sql, [this](Fields row) { take(row); },
                   [this](Fields row, const ReadRefusal& refusal) {
                     ++moved_.read;
                     // Nothing of a row that is masked is told as it was, and least of all a value that no mask could take.
                     const auto& column = source_.columns[refusal.column];
                     if (options_.change) reject({}, column.name, "(masked)", refusal.why);
                     else reject(row, column.name, shown_value(refusal.value), refusal.why);
                   });
    flush();
    if (writer_) writer_->finish();
    tell();
    return moved_;
  }

 private:
  void take(Fields row) {
    ++moved_.read;
    if (options_.change) {
      std::copy(row.begin(), row.end(), changed_.begin());
      options_.change(changed_);
      row = changed_;
    }
    for (std::size_t i = 0; i < row.size(); ++i) {
      const auto& column = target_.columns[i];
      if (!column.native) {
        if (auto why = misfit(column.own, limits_, row[i]); !why.empty()) {
          batch_.drop_partial_row();
          reject(row, column.name, shown_value(row[i]), why);
          return;
        }
      }
      batch_.add(row[i]);
    }
    if (batch_.bytes() >= target_.rows().batch_bytes() || batch_.rows() >= most_rows) flush();
  }

  void flush() {
    if (batch_.rows() == 0) return;
    moved_.bytes += static_cast<long long>(batch_.bytes());
    if (options_.report) {
      write_or_divide(batch_);
    } else {
      // The first batch may be all there is.
      moved_.written += static_cast<long long>(batch_.rows());
      if (batch_.bytes() > large) {
        // Of large values none waits in memory.
        if (writer_) writer_->drain();
        write_all(batch_);
        batch_ = RowBatch(target_.columns.size());
      } else if (writer_ || moved_.read > moved_.written || batch_.rows() >= most_rows || batch_.bytes() >= target_.rows().batch_bytes()) {
        if (!writer_) writer_ = std::make_unique<BatchWriter>([this](const RowBatch& batch) { write_all(batch); });
        writer_->push(std::exchange(batch_, RowBatch(target_.columns.size())));
      } else {
        write_all(batch_);
      }
    }
    batch_.clear();
    tell();
  }

  void tell() {
    if (options_.progress) options_.progress(moved_.read - told_rows_, moved_.bytes - told_bytes_);
    told_rows_ = moved_.read;
    told_bytes_ = moved_.bytes;
  }

  void write_all(const RowBatch& batch) {
    try {
      target_.rows().write(*target_.connection, target_.name, target_.columns, batch);
    } catch (const DatabaseError& error) {
      if (error.cause != DatabaseError::Cause::statement) throw;
      throw Error{ErrorKind::failed, fmt::format("cannot write rows of {}: {}", target_.name.text(), error.message()),
                  "`--on-error report` goes on and lists the rows that did not arrive"};
    }
  }

  /// Halves a batch that the server refuses until the rows that it refuses stand alone.
  void write_or_divide(const RowBatch& rows) {
    target_.connection->execute("SAVEPOINT migrate_batch");
    try {
      target_.rows().write(*target_.connection, target_.name, target_.columns, rows);
      target_.connection->execute("RELEASE SAVEPOINT migrate_batch");
      moved_.written += static_cast<long long>(rows.rows());
      return;
    } catch (const DatabaseError& error) {
      if (error.cause != DatabaseError::Cause::statement) throw;
      target_.connection->execute("ROLLBACK TO SAVEPOINT migrate_batch");
      if (rows.rows() == 1) {
        std::vector<Field> row;
        for (std::size_t i = 0; i < rows.columns(); ++i) row.push_back(rows.at(0, i));
        reject(row, "", "", error.message());
        return;
      }
    }
    const auto half = rows.rows() / 2;
    write_or_divide(rows.part(0, half));
    write_or_divide(rows.part(half, rows.rows()));
  }

  void reject(Fields row, const std::string& column, const std::string& value, const std::string& why) {
    std::string key;
    for (const auto place : key_places_) {
      if (row.empty()) break;
      key += (key.empty() ? "" : ", ") + source_.columns[place].name + " " + shown_value(row[place]);
    }
    const RejectedRow rejected{source_.name.text(), key.empty() ? fmt::format("row {}", moved_.read) : key, column, value, why};
    if (!options_.report) {
      throw Error{ErrorKind::failed, "cannot copy a value of " + rejected.text(), "`--on-error report` goes on and lists the rows that did not arrive"};
    }
    if (options_.rejected) options_.rejected(rejected);
  }

  static constexpr std::size_t most_rows = 20000;
  static constexpr std::size_t large = 4 << 20;  ///< bytes of a batch

  const TableSide& source_;
  const TableSide& target_;
  const ValueLimits& limits_;
  const MoveOptions& options_;
  RowBatch batch_;
  std::vector<Field> changed_;
  std::vector<std::size_t> key_places_;
  Moved moved_;
  std::unique_ptr<BatchWriter> writer_;  ///< once there is more than one batch
  long long told_rows_ = 0;
  long long told_bytes_ = 0;
};

}  // namespace

Moved move_rows(const TableSide& source, const TableSide& target, const std::string& sql, const ValueLimits& limits, const MoveOptions& options) {
  return Mover(source, target, limits, options).run(sql);
}

}  // namespace migrate
