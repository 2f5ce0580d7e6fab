#include "transfer/copy_rows.hpp"

#include <fmt/format.h>
#include <malloc.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <future>
#include <map>
#include <mutex>
#include <thread>

#include "core/text.hpp"
#include "rows/differences.hpp"

namespace migrate {
namespace {

using Clock = std::chrono::steady_clock;

/// Memory of large values goes back to the system when they are written: glibc would keep more and more of it.
void return_large_memory() {
#ifdef M_MMAP_THRESHOLD
  constexpr int large = 4 << 20;
  mallopt(M_MMAP_THRESHOLD, large);
#endif
}

/// A range of a table that a worker takes.
struct Work {
  std::size_t table = 0;
  CopyPart part;
  bool last_of_table = false;
};

class RowCopier {
 public:
  RowCopier(End& source, Snapshot& snapshot, End& target, EndLock& lock, std::vector<TablePair>& pairs, const CopyProgress& progress, const CopyOptions& options, CopyEvents& events, CopyReport& report)
      : source_(source), snapshot_(snapshot), target_(target), lock_(lock), pairs_(pairs), progress_(progress), options_(options), events_(events), report_(report), left_(pairs.size()), started_(pairs.size()) {}

  void run() {
    return_large_memory();
    report_.tables.resize(pairs_.size());
    for (std::size_t i = 0; i < pairs_.size(); ++i) {
      report_.tables[i].table = pairs_[i].source.name.text();
      report_.tables[i].target = pairs_[i].target.name.text();
    }
    if (options_.is_subset()) choose();
    plan();
    const auto readers = snapshot_.readers(std::min(jobs_of(options_, target_.server()), work_.size()));
    std::vector<std::thread> threads;
    for (std::size_t i = 1; i < readers.size(); ++i) threads.emplace_back([this, reader = readers[i]] { work(*reader); });
    work(*readers.front());
    for (auto& thread : threads) thread.join();
    if (failure_) std::rethrow_exception(failure_);
  }

 private:
  static constexpr long long rows_a_range = 200000;

  void choose() {
    std::vector<SubsetTable> tables;
    for (const auto& pair : pairs_) {
      tables.push_back({&pair.source, pair.from, pair.key});
      tables.back().side.connection = &snapshot_.first();
    }
    closure_.emplace(std::move(tables));
    for (const auto& start : options_.subset) closure_->start(start);
    if (options_.rows >= 0) closure_->start_everywhere(options_.rows);
    closure_->complete(options_.children);
  }

  /// What is there of an earlier run is looked at: a range that the source has otherwise now is copied again with its table.
  void plan() {
    auto writer = target_.open_rows();
    lock_.follow(*writer);
    writer->execute(progress_.wait_sql());
    if (const auto limit = target_.dialect().rows().set_up_writing(*writer); !limit.empty()) events_.note(limit);
    std::map<std::string, std::vector<CopyPart>> known;
    for (auto& part : progress_.parts(*writer)) known[part.table].push_back(std::move(part));
    for (std::size_t i = 0; i < pairs_.size(); ++i) {
      auto& pair = pairs_[i];
      auto from = pair.from;
      from.connection = &snapshot_.first();
      auto parts = known[pair.source.name.text()];
      if (!parts.empty() && !still_true(from, pair, parts)) {
        clear(*writer, pair);
        parts.clear();
      }
      if (parts.empty()) parts = new_parts(*writer, from, pair);
      for (auto& part : parts) {
        if (part.done) {
          report_.tables[i].read += part.checksum.rows;
          report_.tables[i].written += part.checksum.rows;
          continue;
        }
        ++left_[i];
        work_.push_back({i, std::move(part)});
      }
    }
    // The tables with most to do first.
    std::stable_sort(work_.begin(), work_.end(), [&](const Work& a, const Work& b) { return left_[a.table] > left_[b.table]; });
  }

  bool still_true(const TableSide& from, const TablePair& pair, const std::vector<CopyPart>& parts) {
    if (closure_) return false;  // other rows may be chosen now
    const bool done = std::any_of(parts.begin(), parts.end(), [](const CopyPart& part) { return part.done; });
    if (!done) return target_.dialect().rows().transactional(pair.target);
    if (!target_.dialect().rows().transactional(pair.target)) return std::all_of(parts.begin(), parts.end(), [](const CopyPart& part) { return part.done; });
    for (const auto& part : parts) {
      if (part.done && measure(from, pair, part.range, part.checksum.sum.empty()) != part.checksum) return false;
    }
    report_.resumed = true;
    return true;
  }

  [[nodiscard]] Checksum measure(const TableSide& from, const TablePair& pair, const KeyRange& range, bool count_only) const {
    const auto condition = condition_of(from, range);
    if (count_only) return {count_rows(from, condition), ""};
    return checksum(from, digested(pair.from, pair.to), condition);
  }

  void clear(RowsConnection& writer, const TablePair& pair) {
    writer.execute(target_.dialect().run().begin_sql());
    writer.execute(target_.dialect().rows().empty_sql(pair.target.name));
    writer.execute(progress_.forget_sql(pair.source.name.text()));
    writer.execute("COMMIT");
  }

  std::vector<CopyPart> new_parts(RowsConnection& writer, const TableSide& from, const TablePair& pair) {
    const bool whole = closure_ || !target_.dialect().rows().transactional(pair.target);
    std::vector<CopyPart> parts;
    for (auto& range : whole ? std::vector<KeyRange>{{}} : plan_ranges(from, rows_a_range)) {
      parts.push_back({.table = pair.source.name.text(), .part = static_cast<int>(parts.size()), .range = std::move(range)});
    }
    writer.execute(target_.dialect().run().begin_sql());
    for (const auto& part : parts) writer.execute(progress_.plan_sql(part));
    writer.execute("COMMIT");
    return parts;
  }

  void work(RowsConnection& reader) {
    try {
      auto writer = target_.open_rows();
      static_cast<void>(target_.dialect().rows().set_up_writing(*writer));
      while (true) {
        Work mine;
        {
          const std::scoped_lock lock(mutex_);
          if (failure_ || next_ == work_.size()) return;
          mine = work_[next_++];
          if (!started_[mine.table]) {
            started_[mine.table] = Clock::now();
            events_.table_started(report_.tables[mine.table].table, -1);
          }
        }
        copy(reader, *writer, mine);
      }
    } catch (...) {
      const std::scoped_lock lock(mutex_);
      if (!failure_) failure_ = std::current_exception();
    }
  }

  void copy(RowsConnection& reader, RowsConnection& writer, Work& mine) {
    auto& pair = pairs_[mine.table];
    auto from = pair.from;
    auto to = pair.to;
    from.connection = &reader;
    to.connection = &writer;
    const auto conditions = closure_ ? closure_->conditions(mine.table) : std::vector<std::string>{condition_of(from, mine.part.range)};
    writer.execute(target_.dialect().run().begin_sql());
    writer.execute(progress_.claim_sql(mine.part));
    std::vector<RejectedRow> rejected;
    Moved moved;
    try {
      for (const auto& condition : conditions) {
        const auto some = move(pair, from, to, condition, rejected);
        moved.read += some.read;
        moved.written += some.written;
        moved.bytes += some.bytes;
        mine.part.checksum = add(mine.part.checksum, options_.verify == Verify::full ? checksum(from, digested(pair.from, pair.to), condition) : Checksum{some.read, ""});
      }
      if (options_.verify == Verify::full && mine.part.checksum.sum.empty()) mine.part.checksum.sum = "0";
      writer.execute(progress_.done_sql(mine.part));
      for (const auto& row : rejected) writer.execute(progress_.rejected_sql(pair.source.name.text(), row.text()));
      writer.execute("COMMIT");
    } catch (...) {
      try {
        writer.execute("ROLLBACK");
      } catch (const DatabaseError&) {  // the session is gone, and the transaction with it
      }
      throw;
    }
    done(mine, moved, rejected);
  }

  Moved move(const TablePair& pair, const TableSide& from, const TableSide& to, const std::string& condition, std::vector<RejectedRow>& rejected) {
    const auto table = from.name.text();
    const auto tell = [&](long long rows, long long bytes) {
      const std::scoped_lock lock(mutex_);
      events_.rows_moved(table, rows, bytes);
    };
    if (pair.masks.empty() && passes_through(from, to)) return pass_through(from, to, condition, tell);
    std::vector<std::string> buffers(from.columns.size());
    const auto& masks = pair.masks;
    const auto change = [&](std::span<Field> row) {
      for (std::size_t i = 0; i < masks.size(); ++i) {
        if (masks[i]) row[i] = masked(*masks[i], to.columns[i].own, options_.mask_key, row[i], buffers[i]);
      }
    };
    MoveOptions options{.report = options_.report_errors, .rejected = [&](const RejectedRow& row) { rejected.push_back(row); }, .progress = tell, .change = {}};
    if (!masks.empty()) options.change = change;
    const auto order = target_.dialect().rows().load_form().in_order ? from.key : std::vector<RowsColumn>{};
    return move_rows(from, to, select_sql(from, from.columns, condition, order), target_.dialect().rows().limits(target_.server()), options);
  }

  [[nodiscard]] bool passes_through(const TableSide& from, const TableSide& to) const {
    if (from.dialect != to.dialect || from.columns.empty() || options_.report_errors) return false;
    if (from.rows().pass_through(from.name, from.columns, "").first.empty()) return false;
    return std::equal(from.columns.begin(), from.columns.end(), to.columns.begin(), to.columns.end(), [](const RowsColumn& a, const RowsColumn& b) { return a.own == b.own; });
  }

  Moved pass_through(const TableSide& from, const TableSide& to, const std::string& condition, const std::function<void(long long, long long)>& tell) {
    const auto out = from.rows().pass_through({from.name}, from.columns, condition).first;
    const auto in = to.rows().pass_through(to.name, to.columns, "").second;
    Moved moved;
    long long told_rows = 0;
    long long told_bytes = 0;
    std::string pending;
    to.connection->begin_copy_in(in);
    try {
      from.connection->copy_out(out, [&](std::string_view data) {
        pending += data;
        ++moved.read;
        moved.bytes += static_cast<long long>(data.size());
        if (pending.size() < 65536) return;
        to.connection->copy_in(pending);
        pending.clear();
        if (moved.bytes - told_bytes < (8 << 20)) return;
        tell(moved.read - told_rows, moved.bytes - told_bytes);
        told_rows = moved.read;
        told_bytes = moved.bytes;
      });
      if (!pending.empty()) to.connection->copy_in(pending);
    } catch (...) {
      to.connection->abort_copy_in();
      throw;
    }
    try {
      to.connection->end_copy_in();
    } catch (const DatabaseError& error) {
      if (error.cause != DatabaseError::Cause::statement) throw;
      throw Error{ErrorKind::failed, fmt::format("cannot write rows of {}: {}", to.name.text(), error.message()), "`--on-error report` goes on and lists the rows that did not arrive"};
    }
    moved.written = moved.read;
    tell(moved.read - told_rows, moved.bytes - told_bytes);
    return moved;
  }

  void done(const Work& mine, const Moved& moved, const std::vector<RejectedRow>& rejected) {
    const std::scoped_lock lock(mutex_);
    auto& table = report_.tables[mine.table];
    table.read += moved.read;
    table.written += moved.written;
    table.bytes += moved.bytes;
    if (--left_[mine.table] == 0) table.seconds = std::chrono::duration<double>(Clock::now() - *started_[mine.table]).count();
    for (const auto& row : rejected) report_.rejected.push_back(row);
  }

  End& source_;
  Snapshot& snapshot_;
  End& target_;
  EndLock& lock_;
  std::vector<TablePair>& pairs_;
  const CopyProgress& progress_;
  const CopyOptions& options_;
  CopyEvents& events_;
  CopyReport& report_;
  std::optional<Closure> closure_;
  std::vector<Work> work_;
  std::vector<long long> left_;
  std::vector<std::optional<Clock::time_point>> started_;
  std::size_t next_ = 0;
  std::mutex mutex_;
  std::exception_ptr failure_;
};

std::size_t comparable(const TableSide& side) {
  return static_cast<std::size_t>(std::count_if(side.columns.begin(), side.columns.end(), [](const RowsColumn& column) { return !column.changed; }));
}

/// Columns of both sides at the same places, with which rows are compared here.
void narrow_to(TableSide& side, const std::vector<std::size_t>& places) {
  std::vector<RowsColumn> columns;
  for (const auto place : places) columns.push_back(side.columns[place]);
  side.columns = std::move(columns);
}

}  // namespace

std::string shown_difference(const TableSide& side, const std::vector<std::size_t>& places, const RowDifference& difference) {
  std::vector<RowsColumn> key;
  for (const auto place : places) key.push_back(side.columns[place]);
  const auto row = side.name.text() + ", " + shown_key(key.empty() ? side.columns : key, difference.key);
  switch (difference.kind) {
    case RowDifference::Kind::only_source: return row + ": only in the source";
    case RowDifference::Kind::only_target: return row + ": only in the target";
    case RowDifference::Kind::different: return row + ": column " + difference.column + " differs";
  }
  return row;
}

std::vector<RowsColumn> digested(const TableSide& side, const TableSide& other) {
  std::vector<RowsColumn> columns;
  for (std::size_t i = 0; i < side.columns.size(); ++i) {
    const auto& a = side.columns[i];
    const auto& b = other.columns[i];
    if (a.changed || b.changed) continue;
    // A form of its own is another text for the same JSON.
    if (a.logical.kind == ValueType::Kind::json && (a.own.normalizes != b.own.normalizes || (a.own.normalizes && side.dialect != other.dialect))) continue;
    columns.push_back(a);
  }
  return columns;
}

Snapshot::Snapshot(End& source, std::size_t wanted, const std::function<void(const std::string&)>& tell) {
  const auto& rows = source.dialect().rows();
  std::vector<RowsConnection*> sessions;
  std::string limit;
  for (std::size_t i = 0; i < wanted; ++i) {
    try {
      readers_.push_back(source.open_rows());
    } catch (const DatabaseError& error) {  // a server lets a role have so many sessions
      if (i == 0) throw;
      limit = fmt::format("rows are read by {}: {}", plural(i, "session"), error.message());
      break;
    }
    sessions.push_back(readers_.back().get());
    rows.set_up_reading(*sessions.back());
  }
  readers_.resize(rows.begin_snapshots(sessions, limit));
  if (!limit.empty() && tell) tell(limit);
}

std::vector<RowsConnection*> Snapshot::readers(std::size_t wanted) {
  std::vector<RowsConnection*> all;
  for (std::size_t i = 0; i < std::min(std::max<std::size_t>(wanted, 1), readers_.size()); ++i) all.push_back(readers_[i].get());
  return all;
}

std::size_t jobs_of(const CopyOptions& options, const ServerInfo& target) {
  constexpr std::size_t usual = 4;
  if (target.capabilities.single_writer) return 1;
  return options.jobs > 0 ? static_cast<std::size_t>(options.jobs) : usual;
}

void copy_rows(End& source, Snapshot& snapshot, End& target, EndLock& lock, std::vector<TablePair>& pairs, const CopyProgress& progress, const CopyOptions& options, CopyEvents& events, CopyReport& report) {
  RowCopier(source, snapshot, target, lock, pairs, progress, options, events, report).run();
}

namespace {

/// The checksums of the target's tables, by several sessions: a large table in the ranges in which it was copied.
class TargetChecksums {
 public:
  TargetChecksums(End& target, const std::vector<TablePair>& pairs, const std::map<std::string, std::vector<CopyPart>>& parts, Verify verify)
      : target_(target), pairs_(pairs), verify_(verify), sums_(pairs.size()) {
    for (std::size_t i = 0; i < pairs.size(); ++i) {
      const auto known = parts.find(pairs[i].source.name.text());
      const bool divided = known != parts.end() && known->second.size() > 1 && same_order(pairs[i]);
      if (!divided) work_.push_back({i, {}});
      else for (const auto& part : known->second) work_.push_back({i, part.range});
    }
  }

  std::vector<Checksum> run(std::size_t jobs) {
    std::vector<std::future<void>> others;
    for (std::size_t i = 1; i < std::min(jobs, work_.size()); ++i) others.push_back(std::async(std::launch::async, [this] { work(); }));
    std::exception_ptr failure;
    const auto end = [&](auto&& task) {
      try {
        task();
      } catch (...) {
        next_ = work_.size();
        if (!failure) failure = std::current_exception();
      }
    };
    end([this] { work(); });
    for (auto& other : others) end([&] { other.get(); });
    if (failure) std::rethrow_exception(failure);
    return std::move(sums_);
  }

 private:
  /// Whole numbers stand in the same order everywhere; texts do not.
  static bool same_order(const TablePair& pair) {
    const auto whole = [](const TableSide& side) { return side.key.size() == 1 && !side.hidden_key && !side.key[0].native && side.key[0].own.kind == ValueType::Kind::integer; };
    return whole(pair.from) && whole(pair.to);
  }

  void work() {
    const auto session = target_.open_rows();
    static_cast<void>(target_.dialect().rows().set_up_writing(*session));
    for (auto i = next_++; i < work_.size(); i = next_++) {
      const auto& [table, range] = work_[i];
      auto to = pairs_[table].to;
      to.connection = session.get();
      const auto condition = condition_of(to, range);
      const auto sum = verify_ == Verify::full ? checksum(to, digested(to, pairs_[table].from), condition) : Checksum{count_rows(to, condition), ""};
      const std::scoped_lock lock(mutex_);
      sums_[table] = add(sums_[table], sum);
    }
  }

  End& target_;
  const std::vector<TablePair>& pairs_;
  Verify verify_;
  std::vector<std::pair<std::size_t, KeyRange>> work_;
  std::atomic<std::size_t> next_ = 0;
  std::mutex mutex_;
  std::vector<Checksum> sums_;
};

/// Compares the rows of a table whose checksums differ, and lists some of those that do.
void find_differing(const TablePair& pair, TableSide from, TableSide to, TableReport& table, CopyReport& report) {
  // Masked values are left out; a key among them tells no rows apart any more.
  std::vector<std::size_t> places;
  std::vector<std::size_t> key;
  for (std::size_t c = 0; c < from.columns.size(); ++c) {
    if (from.columns[c].changed) continue;
    if (std::find(pair.key.begin(), pair.key.end(), c) != pair.key.end()) key.push_back(places.size());
    places.push_back(c);
  }
  if (key.size() != pair.key.size()) key.clear();
  narrow_to(from, places);
  narrow_to(to, places);
  table.differences += find_differences(from, to, key, [&](const RowDifference& difference) {
    if (report.differing.size() < most_listed_rows) report.differing.push_back(shown_difference(from, key, difference));
  });
}

}  // namespace

void verify_rows(Snapshot& snapshot, End& target, std::vector<TablePair>& pairs, const CopyProgress& progress, const CopyOptions& options, CopyEvents& events, CopyReport& report) {
  auto there = target.open_rows();
  static_cast<void>(target.dialect().rows().set_up_writing(*there));
  std::map<std::string, std::vector<CopyPart>> parts;
  for (auto& part : progress.parts(*there)) parts[part.table].push_back(std::move(part));
  std::map<std::string, long long> rejected;
  for (const auto& [table, text] : progress.rejected(*there)) {
    ++rejected[table];
    // Those of a run that was cut off.
    if (std::none_of(report.rejected.begin(), report.rejected.end(), [&](const RejectedRow& row) { return row.text() == text; })) report.rejected.push_back({table, "", "", "", text});
  }
  std::vector<Checksum> sums;
  if (options.verify != Verify::none) sums = TargetChecksums(target, pairs, parts, options.verify).run(jobs_of(options, target.server()));
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    const auto& pair = pairs[i];
    auto& table = report.tables[i];
    table.rejected = rejected[table.table];
    auto from = pair.from;
    auto to = pair.to;
    from.connection = &snapshot.first();
    to.connection = there.get();
    if (options.verify != Verify::none) {
      Checksum here;
      for (const auto& part : parts[table.table]) here = add(here, part.checksum);
      const auto& other = sums[i];
      table.verified = options.verify == Verify::full ? "full" : "counts";
      if (options.verify == Verify::counts) {
        table.differences = std::llabs(here.rows - other.rows - table.rejected);
      } else if (here != other && options.is_subset()) {
        table.differences = std::max(1LL, std::llabs(here.rows - other.rows));
        report.differing.push_back(table.table + ", the chosen rows differ");
      } else if (here != other || (digested(to, from).size() != comparable(to) && !options.is_subset())) {
        find_differing(pair, from, to, table, report);
      }
      // Rows that were rejected are told of as such.
      if (options.verify == Verify::full && table.rejected != 0) {
        table.differences = std::max(0LL, table.differences - table.rejected);
        if (table.differences == 0) std::erase_if(report.differing, [&](const std::string& line) { return line.starts_with(table.table + ", "); });
      }
    }
    events.table_done(table);
  }
}

}  // namespace migrate
