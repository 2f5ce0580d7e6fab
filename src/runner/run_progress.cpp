// Units that do not run in one transaction: progress is recorded around the statements, so that a run that is cut off goes
// on at the right one (docs/reliability.md). The statements run in groups, each of which cannot come apart from its record
// unnoticed:
//   together   rows, and all else that rolls back, and what stands between BEGIN and COMMIT: the statements and their record
//              in one transaction
//   witnessed  definitions whose effect shows in the value of an SQL expression; the values before them are part of the record
//   observed   other definitions: the record holds a fingerprint of the catalog taken before
//   free       what may be done again: SET, SHOW, VACUUM
// A record says at once that the statements before it are done and that the ones behind it are begun. The end of one unit
// and the beginning of the next are one transaction.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "core/clock.hpp"
#include "core/text.hpp"
#include "dialect/run.hpp"
#include "dialect/sql.hpp"
#include "revision/graph.hpp"
#include "runner/run_step.hpp"
#include "runner/session_rules.hpp"
#include "runner/stop.hpp"
#include "runner/unit_transactions.hpp"

namespace migrate {
namespace {

constexpr std::size_t largest_group = 32;

/// Of statements that change rows and share a transaction and its record: a stop waits for it, and others for its locks.
constexpr std::size_t most_rows_together = 1000;
constexpr std::size_t most_text_together = 256 << 10;

/// Set where a group begins that is one for speed alone.
constexpr std::string_view group_savepoint = "migrate_group";

/// Of a message; a server has a limit too (max_allowed_packet of MySQL, 16 MB and more).
constexpr std::size_t largest_message = 4 << 20;

bool reads_rows(std::string_view sql) {
  for (auto at = sql.find_first_of("sS"); at != std::string_view::npos; at = sql.find_first_of("sS", at + 1)) {
    if (starts_with_ignoring_case(sql.substr(at), "SELECT")) return true;
  }
  return false;
}

}  // namespace

bool StepRunner::was_applied(const Step& step) const {
  const auto* row = row_of(step.revision.id);
  return row != nullptr && row->state == RowState::applied;
}

bool StepRunner::is_progressive(const Step& step) const {
  const auto* row = row_of(step.revision.id);
  const bool begun = row != nullptr && row->state != RowState::applied;
  return begun || !step.transaction || !session_.server().capabilities.transactional_ddl;
}

StepRunner::Opening StepRunner::opening_for(const Step& step) const {
  // A row that is there is one to be reverted, or of a repeatable unit that runs again.
  const bool up = step.direction == Direction::upgrade;
  return {new_row(step, up ? RowState::upgrading : RowState::downgrading), up ? step.downgrade : "", row_of(step.revision.id) == nullptr};
}

StepOutcome StepRunner::run_progressively(Step& step, bool more) {
  const auto* row = row_of(step.revision.id);
  const bool resumed = row != nullptr && row->state != RowState::applied;
  journal_.reset();
  const auto start = static_cast<std::size_t>(!resumed ? 0 : step.program ? std::max(0, row->statement) : resume_point(step, *row));
  const auto restore = step.program ? std::vector<std::string>{} : keep_session(step);
  events_.step_started(step, static_cast<int>(start));
  const auto left_out = std::find_if(step.statements.begin(), step.statements.end(), [](const Statement& statement) { return !statement.left_out.empty(); });
  if (left_out != step.statements.end()) events_.notice(fmt::format("{}:{}: {}", left_out->location.file, left_out->location.line, left_out->left_out));
  const Stopwatch watch;
  opening_.reset();
  recorded_.reset();
  digests_.clear();
  if (!resumed && !opened_) opening_ = opening_for(step);
  if (step.program) {
    if (const auto outcome = run_program_progressively(step, resumed ? row : nullptr); outcome != StepOutcome::done) return outcome;
  }
  if (resumed && !step.program) give_back(step, start, static_cast<std::size_t>(std::max(0, row->statement)), read_session(read_progress(row->fingerprint).session));
  for (auto i = start; i < step.statements.size() && !step.program;) {
    if (stop_requested()) {
      record_stop(step, i);
      events_.notice(fmt::format("stopped before statement {} of {} of {}; the same command goes on there", i + 1, step.statements.size(),
                                 title(step.revision)));
      return StepOutcome::stopped;
    }
    const auto next = run_group(step, i);
    for (; i < next; ++i) events_.statement_done(step, static_cast<int>(i));
  }
  guarded(step, step.statements.size(), [&] {
    for (const auto& sql : restore) connection().execute(sql);
  });
  const auto& id = step.revision.id;
  if (opening_) pending_.push_back(opening_sql());
  opening_.reset();
  // A program's way back is known now; a unit that was cut off may have been mended, a repeatable one was edited.
  if ((step.program || row != nullptr) && step.direction == Direction::upgrade) pending_.push_back(versions_.unit_sql(id, step.checksum, step.downgrade));
  if (!step.stands_for.empty()) {
    for (auto& sql : stand_in_sql(step, watch.elapsed())) pending_.push_back(std::move(sql));
  } else {
    pending_.push_back(step.direction == Direction::upgrade ? versions_.state_sql(id, RowState::applied, now_utc(), watch.elapsed().count())
                                                            : versions_.delete_sql(id));
  }
  pending_.push_back(versions_.log_sql(log_entry(step, "done", watch.elapsed())));
  if (!more) flush();
  expect_done(step);
  events_.step_done(step, watch.elapsed());
  return StepOutcome::done;
}

void StepRunner::flush() {
  if (pending_.empty()) return;
  const auto sql = session_.in_transaction(pending_);
  try {
    connection().execute(sql);
  } catch (const DatabaseError& error) {
    // What is not known to be recorded is found out from the rows.
    pending_.clear();
    if (error.cause != DatabaseError::Cause::connection) rollback();
    throw StepFailure{versions_.explain(error, "the record of it cannot be written"), StepFailure::record};
  }
  pending_.clear();
}

const Step::Block* StepRunner::block_of(const Step& step, std::size_t index) {
  const auto behind = std::upper_bound(step.blocks.begin(), step.blocks.end(), index, [](std::size_t at, const auto& block) { return at < block.first; });
  if (behind == step.blocks.begin() || index >= std::prev(behind)->end) return nullptr;
  return &*std::prev(behind);
}

/// Whether the statement sets up the session, for what comes behind. In a transaction that only its own statements are
/// part of, it may as well be about this transaction (SET LOCAL, LOCK TABLE).
bool StepRunner::is_setting(const Step& step, std::size_t index) const {
  if (session_.dialect().sql().classify(step.statements[index]) != StatementClass::session) return false;
  return !session_.server().capabilities.transactional_ddl || block_of(step, index) == nullptr;
}

/// Runs the statements from `index` on that belong together; returns the one behind them.
std::size_t StepRunner::run_group(const Step& step, std::size_t index) {
  const auto& dialect = session_.dialect();
  const bool transactional = session_.server().capabilities.transactional_ddl;
  if (const auto next = run_bond(step, index)) return *next;
  if (const auto* block = block_of(step, index)) {
    if (const auto next = run_block(step, index, *block)) return *next;
  }
  const auto& statement = step.statements[index];
  const auto kind = dialect.sql().classify(statement);
  if (kind == StatementClass::session || kind == StatementClass::query) {
    if (kind == StatementClass::query) clean_up(step, index);
    run_free(step, index);
    return index + 1;
  }
  if (auto group = witnesses_from(step, index); !group.empty()) {
    if (transactional) clean_up(step, index);
    return run_witnessed(step, index, group);
  }
  const bool together = transactional || (kind == StatementClass::data && rolls_back(step, index));
  if (together) {
    try {
      const auto end = transactional ? index + 1 : end_of_rows(step, index);
      return run_group_together(step, index, end, end > index + 1);
    } catch (const StepFailure& failure) {
      if (!transactional || !dialect.run().refuses_transaction(failure.error)) throw;
    }
  }
  if (kind == StatementClass::definition) clean_up(step, index);
  return run_observed(step, index, kind);
}

/// Whether what the statement changes can be rolled back: asked once for each set of names.
bool StepRunner::rolls_back(const Step& step, std::size_t index) {
  const auto& run = session_.dialect().run();
  auto by = run.rolls_back_by(step.statements[index]);
  if (const auto known = rolls_back_.find(by); known != rolls_back_.end()) return known->second;
  const bool answer = guarded(step, index, [&] { return run.rolls_back(connection(), step.statements[index]); });
  if (rolls_back_.size() > 10000) rolls_back_.clear();
  return rolls_back_.emplace(std::move(by), answer).first->second;
}

/// Statements that bring their rows along are quick; one that looks for its rows has a transaction to itself, so that its locks are
/// not held for longer than it takes.
std::size_t StepRunner::end_of_rows(const Step& step, std::size_t index) {
  const auto brings_rows = [&](std::size_t i) {
    const auto& text = step.statements[i].text;
    if (!starts_with_ignoring_case(text, "INSERT") && !starts_with_ignoring_case(text, "REPLACE")) return false;
    return session_.dialect().sql().classify(step.statements[i]) == StatementClass::data && !reads_rows(text);
  };
  auto end = index + 1;
  if (options_.apart || !brings_rows(index)) return end;
  for (auto size = step.statements[index].text.size(); end < step.statements.size() && end - index < most_rows_together; ++end) {
    size += step.statements[end].text.size();
    if (size > most_text_together || block_of(step, end) != nullptr || plan_.bond_at(end, false).end > end + 1 || !brings_rows(end) ||
        !rolls_back(step, end)) {
      break;
    }
  }
  return end;
}

/// Runs what the unit has put into a transaction, from `index` on. Nothing where tables of it have no transactions: its
/// statements run one by one then, as they commit.
std::optional<std::size_t> StepRunner::run_block(const Step& step, std::size_t index, const Step::Block& block) {
  const auto& dialect = session_.dialect();
  if (!session_.server().capabilities.transactional_ddl) {
    Statement all{{}, step.statements[index].location};
    bool savepoints = false;
    for (auto i = index; i < block.end; ++i) {
      all.text += step.statements[i].text + "\n;\n";
      savepoints = savepoints || dialect.sql().classify(step.statements[i]) == StatementClass::transaction;
    }
    if (!guarded(step, index, [&] { return dialect.run().rolls_back(connection(), all); })) {
      if (!block.undone && !savepoints) return std::nullopt;
      stop_at(step, index);
      throw Error{ErrorKind::usage, fmt::format("{} of {}: a table in this transaction has no transactions, and {} cannot be undone", to_text(step.direction),
                                                title(step.revision), block.undone ? "what ROLLBACK ends" : "what stands behind a savepoint"),
                  "give the table a storage engine with transactions, or take the transaction out of the unit", all.location};
    }
  }
  try {
    return block.undone ? run_undone(step, index, block.end) : run_group_together(step, index, block.end);
  } catch (const StepFailure& failure) {
    if (dialect.run().refuses_transaction(failure.error)) stop_at(step, index);
    throw;
  }
}

/// A transaction that the unit itself rolls back: it leaves nothing, so its record may come behind it.
std::size_t StepRunner::run_undone(const Step& step, std::size_t first, std::size_t end) {
  Batch batch;
  const auto opening = opening_of(session_, step.statements[first]);
  batch.sql = opening.begin;
  for (auto i = first; i < end; ++i) {
    batch.add(step.statements[i]);
    if (i == first) batch.sql += opening.behind_first;
  }
  batch.end = batch.sql.size();
  batch.sql += "ROLLBACK;\n" + session_.in_transaction(records_due(progress_record(step, end, progress_at(step, end))));
  send(step, first, batch, true);
  return end;
}

/// Clears away what an earlier try of the statement left.
void StepRunner::clean_up(const Step& step, std::size_t index) {
  guarded(step, index, [&] {
    const auto cleanup = session_.dialect().run().cleanup_before(connection(), step.statements[index]);
    if (cleanup.empty()) return;
    events_.notice("clearing away what an earlier try left: " + cleanup);
    connection().execute(cleanup);
  });
}

void StepRunner::run_free(const Step& step, std::size_t index) {
  const Cancellable cancellable(connection(), false);
  guarded(step, index, [&] { send_one(step, static_cast<int>(index), step.statements[index]); });
}

std::size_t StepRunner::run_group_together(const Step& step, std::size_t first, std::size_t end, bool divisible) {
  record_before(step, first, end);
  // The statements come first: SET TRANSACTION has to.
  Batch batch;
  const auto opening = opening_of(session_, step.statements[first]);
  batch.sql = opening.begin;
  if (divisible) batch.sql += fmt::format("SAVEPOINT {};\n", group_savepoint);
  for (auto i = first; i < end; ++i) {
    batch.add(step.statements[i]);
    if (i == first) batch.sql += opening.behind_first;
  }
  batch.end = batch.sql.size();
  batch.sql += session_.own_settings();
  for (const auto& record : records_due(progress_record(step, end, progress_at(step, end)))) batch.sql += record + "\n;\n";
  batch.sql += "COMMIT";
  send(step, first, batch, true, divisible);
  recorded_ = end;
  return end;
}

/// The records of earlier steps, and this one's.
std::vector<std::string> StepRunner::records_due(std::string progress) const {
  auto records = pending_;
  records.push_back(std::move(progress));
  return records;
}

/// As many statements as can be begun at once, with what proves each. More than one only where they are quick, so that a
/// stop does not wait: they make things, or belong to what the group has made; or they remove things.
std::vector<Witness> StepRunner::witnesses_from(const Step& step, std::size_t index) const {
  std::vector<Witness> group;
  if (!session_.server().capabilities.catalog_in_writes) return group;
  std::set<std::string> values;
  std::set<std::string> objects;
  bool drops = false;
  for (auto i = index; i < step.statements.size() && group.size() < largest_group && block_of(step, i) == nullptr; ++i) {
    auto witness = session_.dialect().run().witness(step.statements[i]);
    if (!witness) break;
    if (!group.empty()) {
      const bool follows = drops ? witness->drops && !objects.contains(witness->object)
                                 : !witness->drops && (witness->creates || objects.contains(witness->object));
      if (!follows || values.contains(witness->value)) break;
    }
    drops = witness->drops;
    values.insert(witness->value);
    if (witness->creates || witness->drops) objects.insert(witness->object);
    const bool quick = witness->creates || witness->drops || objects.contains(witness->object);
    group.push_back(std::move(*witness));
    if (!quick || options_.apart) break;
  }
  return group;
}

std::string StepRunner::opening_sql() const {
  return opening_->is_new ? versions_.insert_sql(opening_->row, opening_->downgrade) : versions_.state_sql(opening_->row.revision, opening_->row.state);
}

std::string StepRunner::progress_record(const Step& step, std::size_t statement, const Progress& progress, const std::vector<std::string>& expressions) const {
  const auto number = static_cast<int>(statement);
  if (!opening_) return versions_.progress_sql(step.revision.id, number, progress, expressions);
  const auto& row = opening_->row;
  return opening_->is_new ? versions_.insert_begun_sql(row, opening_->downgrade, number, progress, expressions)
                          : versions_.state_begun_sql(row.revision, row.state, number, progress, expressions);
}

/// Sends the records that are due, with `progress`, in front of the statements [first, end).
void StepRunner::record_and_run(const Step& step, std::size_t first, std::size_t end, const std::string& progress) {
  rolls_back_.clear();
  recorded_.reset();
  Batch batch;
  batch.sql = session_.in_transaction(records_due(progress));
  if (session_.server().capabilities.transactional_ddl) {
    // A statement that refuses to run in a transaction refuses to share its message, too.
    batch.end = batch.sql.size();
    send(step, first, batch, false);
    batch = {};
  }
  for (auto i = first; i < end; ++i) batch.add(step.statements[i]);
  batch.end = batch.sql.size();
  send(step, first, batch, false);
}

std::size_t StepRunner::run_witnessed(const Step& step, std::size_t first, const std::vector<Witness>& witnesses) {
  const auto end = first + witnesses.size();
  auto progress = progress_at(step, first);
  progress.in_doubt = progress.visible = true;
  progress.begun = digest_of(step.statements, first, end);
  progress.witnesses = static_cast<int>(witnesses.size());
  std::vector<std::string> values;
  std::set<std::string> anew;  // what belongs to a thing that is not there yet need not be looked for
  for (const auto& witness : witnesses) {
    values.push_back(anew.contains(witness.object) && !witness.absent.empty() ? witness.absent : witness.value);
    if (witness.anew) anew.insert(witness.object);
  }
  record_and_run(step, first, end, progress_record(step, first, progress, values));
  return end;
}

std::size_t StepRunner::run_observed(const Step& step, std::size_t index, StatementClass kind) {
  auto progress = progress_at(step, index);
  progress.in_doubt = true;
  progress.begun = digest_of(step.statements, index, index + 1);
  if (kind == StatementClass::definition) {
    const auto before = guarded(step, index, [&] { return session_.dialect().run().fingerprint(connection(), session_.server(), step.statements[index]); });
    progress.visible = before.visible;
    progress.before = before.value;
  }
  record_and_run(step, index, index + 1, progress_record(step, index, progress));
  // Nothing but the record tells later that it is done.
  if (!progress.visible) {
    guarded(step, index, [&] {
      connection().execute(versions_.progress_sql(step.revision.id, static_cast<int>(index) + 1, progress_at(step, index + 1)));
    });
  }
  return index + 1;
}

/// Sends a batch: in one round trip, or in a few messages when it is long or its statements are to be told apart.
void StepRunner::execute(const Step& step, std::size_t first, const Batch& batch) {
  std::size_t sent = 0;
  const auto send_up_to = [&](std::size_t end) {
    if (end == sent) return;
    try {
      connection().execute(std::string_view(batch.sql).substr(sent, end - sent));
    } catch (DatabaseError& error) {
      if (error.position >= 0) error.position += static_cast<long long>(sent);
      throw;
    }
    sent = end;
  };
  if (options_.apart) {
    for (std::size_t i = 0; i < batch.starts.size(); ++i) {
      send_up_to(batch.starts[i]);
      events_.statement_sent(step, static_cast<int>(first + i));
      send_up_to(i + 1 < batch.starts.size() ? batch.starts[i + 1] : batch.end);
      events_.statement_ended(step, static_cast<int>(first + i));
    }
  } else if (batch.sql.size() > largest_message) {
    for (std::size_t i = 1; i < batch.starts.size(); ++i) {
      const auto next = i + 1 < batch.starts.size() ? batch.starts[i + 1] : batch.sql.size();
      if (next - sent > largest_message) send_up_to(batch.starts[i]);
    }
  }
  send_up_to(batch.sql.size());
}

/// What stands in front of the statement that failed is kept, as it would be without the group: its numbers (AUTO_INCREMENT) are
/// given out. False when the server has rolled it all back.
bool StepRunner::keep_front(const Step& step, std::size_t failed) {
  try {
    std::string sql = fmt::format("RELEASE SAVEPOINT {};\n", group_savepoint);
    for (const auto& record : records_due(progress_record(step, failed, progress_at(step, failed)))) sql += record + "\n;\n";
    connection().execute(sql + "COMMIT");
    forget_pending();
    return true;
  } catch (const DatabaseError&) {
    return false;
  }
}

/// Sends a batch. `atomic`: all of it is one transaction, records too.
void StepRunner::send(const Step& step, std::size_t first, const Batch& batch, bool atomic, bool divisible) {
  const Cancellable cancellable(connection(), atomic);
  try {
    execute(step, first, batch);
  } catch (const DatabaseError& error) {
    if (error.cause == DatabaseError::Cause::connection) {
      forget_pending();
      throw StepFailure{error, batch.starts.size() == 1 ? static_cast<int>(first) : StepFailure::not_known};
    }
    const auto known = error.position >= 0 || batch.starts.size() == 1;
    const auto position = error.position >= 0 ? static_cast<std::size_t>(error.position) : batch.end - 1;
    const auto after = std::upper_bound(batch.starts.begin(), batch.starts.end(), position);
    const bool in_record = after == batch.starts.begin() || position >= batch.end;
    const auto failed = first + static_cast<std::size_t>(after - batch.starts.begin()) - (in_record ? 0 : 1);
    if (divisible && known && !in_record && failed > first && keep_front(step, failed)) fail(step, error, static_cast<int>(failed));
    rollback();
    const int guilty = in_record          ? StepFailure::record
                       : known || !atomic ? static_cast<int>(failed)
                                          : failed_again(step, first, first + batch.starts.size(), error, {progress_record(step, first, progress_at(step, first))});
    if (!atomic && !in_record) forget_pending();  // they stand in front of it
    if (!known && !atomic) forget_pending();      // the record in the database says what was begun: it is settled from there
    const bool refused = session_.server().capabilities.transactional_ddl && session_.dialect().run().refuses_transaction(error);
    if (atomic && refused) throw StepFailure{error, static_cast<int>(first)};
    try {
      if (atomic && recorded_ == first) forget_pending();  // the record says so, and what the session has now is not what it had there
      else if (atomic) record_stop(step, first);
      else if (known && !in_record) record_stop(step, failed);
    } catch (const DatabaseError&) {
      // The record says "in doubt", which the next run settles.
    }
    forget_pending();
    fail(step, error, guilty);
  }
  forget_pending();
}

/// A stop or a refused statement: all before `statement` is done and nothing is in doubt. A step of which nothing was done
/// leaves no trace.
void StepRunner::record_stop(const Step& step, std::size_t statement) {
  const auto& id = step.revision.id;
  auto records = std::exchange(pending_, {});
  if (std::exchange(opening_, std::nullopt)) {
    // nothing of this step is recorded
  } else if (statement > 0 || (journal_ && journal_->calls > 0)) {
    records.push_back(versions_.progress_sql(id, static_cast<int>(statement), progress_at(step, statement)));
  } else if (step.direction == Direction::upgrade && !was_applied(step)) {
    records.push_back(versions_.delete_sql(id));
  } else {
    records.push_back(versions_.state_sql(id, RowState::applied));
  }
  if (!records.empty()) connection().execute(session_.in_transaction(records));
}

Progress StepRunner::progress_at(const Step& step, std::size_t index) {
  Progress progress;
  if (journal_) progress.journal = write_journal(journal_at(index));
  else progress.done = done_digest(step, index);
  note_session(step, index, progress);
  return progress;
}

std::string StepRunner::done_digest(const Step& step, std::size_t count) {
  if (digests_.empty()) digests_.emplace_back();
  while (digests_.size() <= count) digests_.push_back(next_digest(digests_.back(), step.statements[digests_.size() - 1]));
  return digests_[count];
}

void StepRunner::stop_at(const Step& step, std::size_t index) noexcept {
  rollback();
  try {
    record_stop(step, index);
  } catch (const std::exception&) {
    // The record that is there stands.
  }
}

}  // namespace migrate
