// Steps that are programs (C++ units): their statements are known when they come.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "core/clock.hpp"
#include "dialect/run.hpp"
#include "dialect/sql.hpp"
#include "revision/graph.hpp"
#include "runner/run_lock.hpp"
#include "runner/run_step.hpp"
#include "runner/session_rules.hpp"
#include "runner/stop.hpp"

namespace migrate {
namespace {

Error refuse_query(const Step& step, const Statement& statement) {
  return Error{ErrorKind::usage, fmt::format("{} of {}: a query reads, and this is not known to:\n    {}", to_text(step.direction), title(step.revision), statement.text),
               "op.execute runs statements that change something", statement.location};
}

/// Runs the program; what it throws is only told when none of its calls failed before.
template <class F>
void run_guarded(const Step& step, StepSink& sink, const F& failed) {
  try {
    step.program(sink);
  } catch (const Error&) {
    if (!failed()) throw;
  }
}

}  // namespace

// ---- in a transaction ----------------------------------------------------------------------------------------------

/// Runs every statement at once, in the transaction of the step.
class StepRunner::TransactionSink final : public StepSink {
 public:
  /// `outside`: statements that have been run in front of the transaction already.
  TransactionSink(StepRunner& runner, Step& step, std::vector<Statement>& outside) : runner_(runner), step_(step), outside_(outside) {}

  [[nodiscard]] bool online() const override { return true; }

  void run(const StepCall& call) override {
    refuse_further();
    if (call.before) ask(call.before);
    run_all(call.statements());
  }

  void run_batches(const BatchCall& call) override {
    std::string cursor;
    while (true) {
      refuse_further();
      std::optional<BatchCall::Batch> batch;
      ask([&] { batch = call.next(cursor); });
      if (!batch) return;
      auto statements = std::move(batch->in_front);
      statements.push_back(std::move(batch->statement));
      run_all(std::move(statements));
      cursor = batch->cursor;
    }
  }

  Result query(const std::string&, const Statement& statement) override {
    refuse_further();
    const auto kind = runner_.session_.dialect().sql().classify(statement);
    if (kind != StatementClass::query && kind != StatementClass::session) throw refuse_query(step_, statement);
    Result result;
    step_.statements.push_back(statement);
    execute(static_cast<int>(step_.statements.size()) - 1, [&] { result = runner_.connection().query(statement.text); });
    return result;
  }

  std::string remember(const std::string&, const std::function<std::string()>& find_out) override {
    std::string text;
    refuse_further();
    ask([&] { text = find_out(); });
    return text;
  }

  void progress(const std::string& text) override { runner_.events_.progress(step_, text); }
  void note(const std::string& text) override { runner_.events_.notice(text); }
  void keep_downgrade(const std::string& text) override { step_.downgrade = text; }

  /// Something has to stand in front of the transaction: the step begins again.
  [[nodiscard]] bool again() const { return again_; }
  [[nodiscard]] const std::optional<std::pair<DatabaseError, int>>& failure() const { return failure_; }

 private:
  void refuse_further() const {
    if (failure_ || again_) throw Error{ErrorKind::failed, "a call of the unit has failed before"};
  }

  void run_all(std::vector<Statement> statements) {
    auto frame = runner_.session_.dialect().run().frame_unit(std::move(statements), &runner_.connection());
    for (auto& statement : frame.before) {
      if (std::any_of(outside_.begin(), outside_.end(), [&](const Statement& other) { return other.text == statement.text; })) continue;
      outside_.push_back(std::move(statement));
      again_ = true;
    }
    refuse_further();
    for (auto& statement : frame.statements) {
      step_.statements.push_back(std::move(statement));
      const auto index = static_cast<int>(step_.statements.size()) - 1;
      execute(index, [&] { runner_.send_one(step_, index, step_.statements.back()); });
      runner_.events_.statement_done(step_, index);
    }
  }

  template <class F>
  void execute(int index, const F& work) {
    try {
      work();
    } catch (const DatabaseError& error) {
      failure_.emplace(error, index);
      throw StepFailure{error, index, {}, false, Kept::nothing}.described(step_);
    }
  }
  template <class F>
  void ask(const F& work) {
    execute(StepFailure::not_known, work);
  }

  StepRunner& runner_;
  Step& step_;
  std::vector<Statement>& outside_;
  bool again_ = false;
  std::optional<std::pair<DatabaseError, int>> failure_;
};

StepOutcome StepRunner::run_program_in_transaction(Step& step) {
  std::vector<Statement> outside;
  while (true) {
    step.statements.clear();
    const auto frame = session_.dialect().run().frame_unit(step.unit.empty() ? outside : step.unit, &connection());
    const auto restore = [&] {
      for (const auto& sql : frame.restore) connection().execute(sql);
    };
    TransactionSink sink(*this, step, outside);
    int current = StepFailure::not_known;
    try {
      for (const auto& statement : frame.before) connection().execute(statement.text);
      begin_exclusive(step);
      if (session_.server().capabilities.single_writer) {
        if (const auto outcome = overtaken()) {
          rollback();
          restore();
          return *outcome;
        }
      }
      events_.step_started(step, 0);
      const Stopwatch watch;
      const Cancellable cancellable(connection(), true);
      const auto before = frame.violations ? frame.violations(connection()) : std::vector<std::string>{};
      run_guarded(step, sink, [&] { return sink.again() || sink.failure(); });
      if (sink.again()) {
        rollback();
        restore();
        continue;
      }
      if (sink.failure()) {
        current = sink.failure()->second;
        throw DatabaseError(sink.failure()->first);
      }
      if (frame.violations) check_violations(step, before, frame.violations(connection()));
      record(step, watch.elapsed(), current);
      connection().execute("COMMIT");
      expect_done(step);
      for (const auto& statement : frame.after) connection().execute(statement.text);
      restore();
      events_.step_done(step, watch.elapsed());
      return StepOutcome::done;
    } catch (const DatabaseError& error) {
      if (error.cause == DatabaseError::Cause::connection) throw StepFailure{error, current};
      rollback();
      restore();
      fail(step, error, current);
    } catch (const Error&) {
      rollback();
      restore();
      throw;
    }
  }
}

// ---- all steps in one transaction --------------------------------------------------------------------------------------

StepOutcome StepRunner::run_together(std::vector<Step>& steps) {
  std::vector<Statement> outside;
  const bool separate = std::any_of(steps.begin(), steps.end(), [&](const Step& step) {
    plan_.forget();
    if (!step.program) plan_.follow(step.statements);
    return needs_session(step);
  });
  std::optional<UnitSession> session;
  if (separate) session.emplace(session_);
  for (const auto& step : steps) {
    if (!step.transaction) {
      throw Error{ErrorKind::usage, "the unit " + title(step.revision) + " says `transaction: off` and cannot be part of one transaction for all",
                  "run with transaction: per-revision", step.revision.location};
    }
    const auto& statements = step.unit.empty() ? step.statements : step.unit;
    for (auto& statement : session_.dialect().run().frame_unit(statements, &connection()).before) outside.push_back(std::move(statement));
  }
  while (true) {
    const auto outcome = try_together(steps, outside);
    if (outcome) return *outcome;
  }
}

/// Nothing when something more has to stand in front of the transaction.
std::optional<StepOutcome> StepRunner::try_together(std::vector<Step>& steps, std::vector<Statement>& outside) {
  const auto frame = session_.dialect().run().frame_unit(outside, &connection());
  const auto give_up = [&] {
    rollback();
    for (const auto& sql : frame.restore) connection().execute(sql);
  };
  Step* now = &steps.front();
  std::vector<std::pair<const Step*, std::chrono::milliseconds>> done;
  int current = StepFailure::not_known;
  const Cancellable cancellable(connection(), true);
  try {
    for (const auto& statement : frame.before) connection().execute(statement.text);
    begin_exclusive(*now);
    if (session_.server().capabilities.single_writer) {
      if (const auto outcome = overtaken()) {
        give_up();
        return outcome;
      }
    }
    const auto before = frame.violations ? frame.violations(connection()) : std::vector<std::string>{};
    for (auto& step : steps) {
      now = &step;
      events_.step_started(step, 0);
      const Stopwatch watch;
      if (step.program) {
        step.statements.clear();
        TransactionSink sink(*this, step, outside);
        run_guarded(step, sink, [&] { return sink.again() || sink.failure(); });
        if (sink.again()) {
          give_up();
          return std::nullopt;
        }
        if (sink.failure()) {
          current = sink.failure()->second;
          throw DatabaseError(sink.failure()->first);
        }
      } else {
        current = -1;
        for (const auto& statement : session_.dialect().run().frame_unit(step.statements, &connection()).statements) {
          current = index_of(step, statement, current + 1);
          send_one(step, current, statement);
          events_.statement_done(step, current);
        }
      }
      record(step, watch.elapsed(), current);
      done.emplace_back(&step, watch.elapsed());
    }
    if (frame.violations) check_violations(steps.back(), before, frame.violations(connection()));
    connection().execute("COMMIT");
    for (const auto& [step, time] : done) events_.step_done(*step, time);  // not before: all of it may be rolled back
    for (const auto& sql : frame.restore) connection().execute(sql);
    return StepOutcome::done;
  } catch (const DatabaseError& error) {
    if (error.cause != DatabaseError::Cause::connection) give_up();
    fail(*now, error, current);
  } catch (const Error&) {
    give_up();
    throw;
  }
}

// ---- statement by statement ----------------------------------------------------------------------------------------

Journal StepRunner::journal_at(std::size_t index) const {
  auto journal = *journal_;
  if (journal.flight.empty() || index < call_end_) return journal;
  journal.base = index;
  journal.statements.clear();
  if (!journal.next_cursor.empty()) {
    journal.cursor = std::exchange(journal.next_cursor, {});
    return journal;
  }
  ++journal.calls;
  journal.digest = std::exchange(journal.flight, {});
  journal.cursor.clear();
  return journal;
}

/// Records progress around the statements, and passes over the calls that an earlier run has done.
class StepRunner::ProgressSink final : public StepSink {
 public:
  ProgressSink(StepRunner& runner, Step& step, const VersionRow* row) : runner_(runner), step_(step) {
    if (row == nullptr) return;
    check_direction(step, *row);
    progress_ = read_progress(row->fingerprint);
    if (!progress_.journal.empty()) earlier_ = read_journal(progress_.journal);
    done_ = static_cast<std::size_t>(std::max(0, row->statement));
    cut_off_ = true;
    journal() = earlier_;
    journal().flight.clear();
    if (earlier_.calls == 0) step_.statements.resize(earlier_.base);
  }

  [[nodiscard]] bool online() const override { return true; }

  void run(const StepCall& call) override {
    guarded([&] {
      if (passed(call.key)) {
        if (call.fixed) set_up_again(call.statements());
        return;
      }
      const auto begun = begin(call.key);
      std::vector<Statement> statements;
      if (begun && !earlier_.statements.empty()) {
        for (const auto& text : earlier_.statements) statements.push_back({text, call.location});
      } else {
        statements = call.statements();
      }
      journal().statements.clear();
      if (!call.fixed) {
        for (const auto& statement : statements) journal().statements.push_back(statement.text);
      }
      run_all(std::move(statements), begun, call.together, call.before);
      end();
    });
  }

  void run_batches(const BatchCall& call) override {
    guarded([&] {
      if (passed(call.key)) return;
      auto begun = begin(call.key);
      auto cursor = begun ? earlier_.cursor : std::string();
      if (begun && !earlier_.statements.empty() && !earlier_.next_cursor.empty()) {
        // The batch that was begun is finished as it was begun.
        BatchCall::Batch batch{{earlier_.statements.back(), call.location}, earlier_.next_cursor};
        for (std::size_t i = 0; i + 1 < earlier_.statements.size(); ++i) batch.in_front.push_back({earlier_.statements[i], call.location});
        run_batch(batch, cursor, true);
        cursor = earlier_.next_cursor;
      }
      while (true) {
        std::optional<BatchCall::Batch> batch;
        runner_.guarded(step_, step_.statements.size(), [&] { batch = call.next(cursor); });
        if (!batch) break;
        run_batch(*batch, cursor, false);
        cursor = batch->cursor;
      }
      end();
    });
  }

  Result query(const std::string& key, const Statement& statement) override {
    const auto kind = runner_.session_.dialect().sql().classify(statement);
    if (kind != StatementClass::query && kind != StatementClass::session) throw refuse_query(step_, statement);
    for (const auto& item : runner_.session_.dialect().sql().session_use(statement).needs) {
      if (item.kind == SessionItem::Kind::last_result || item.kind == SessionItem::Kind::total) throw parted_query(step_, item, statement);
    }
    return answered(key, statement, [&] { return runner_.connection().query(statement.text); });
  }

  std::string remember(const std::string& key, const std::function<std::string()>& find_out) override {
    const auto result = answered(key, {key, step_.revision.location}, [&] { return Result{{"text"}, {{find_out()}}, 0}; });
    return result.rows.at(0).at(0).value_or("");
  }

  void progress(const std::string& text) override { runner_.events_.progress(step_, text); }
  void note(const std::string& text) override {
    if (number_ >= earlier_.calls) runner_.events_.notice(text);
  }
  void keep_downgrade(const std::string& text) override { step_.downgrade = text; }

  /// The program has ended: has it done all that it did the first time?
  void finish() const {
    if (number_ < earlier_.calls || (!earlier_.flight.empty() && !taken_up_ && done_ > earlier_.base)) throw edited();
  }
  [[nodiscard]] const std::optional<StepFailure>& failure() const { return failure_; }
  [[nodiscard]] bool stopped() const { return stopped_; }

 private:
  struct Stopped {};

  /// The answer of an earlier run, or a new one.
  Result answered(const std::string& key, const Statement& statement, const std::function<Result()>& find_out) {
    Result result;
    guarded([&] {
      const auto ask = [&] { return runner_.guarded(step_, step_.statements.size(), find_out); };
      const auto number = number_;
      if (!passed(key)) {
        (void)begin(key);
        expect_session(runner_.session_.dialect().sql().session_use(statement), statement);
        result = ask();
        journal().answers[number] = write_answer(result);
        end();
        return;
      }
      const auto it = earlier_.answers.find(number);
      if (it == earlier_.answers.end()) throw edited();
      if (!is_digest(it->second)) {
        result = read_answer(it->second);
        return;
      }
      result = ask();
      if (write_answer(result) != it->second) throw other_answer(statement);
    });
    return result;
  }

  Journal& journal() {
    if (!runner_.journal_) runner_.journal_.emplace();
    return *runner_.journal_;
  }

  [[nodiscard]] Error edited() const {
    return Error{ErrorKind::needs_person,
                 fmt::format("{} of {} was cut off, and what the unit does up to there is not what it did then", to_text(step_.direction), title(step_.revision)),
                 "restore it as it was (what stands behind the call that failed may change)", step_.revision.location};
  }
  [[nodiscard]] Error other_answer(const Statement& statement) const {
    return Error{ErrorKind::needs_person,
                 fmt::format("{} of {} was cut off, and a query in front of that place no longer answers the same:\n    {}", to_text(step_.direction),
                             title(step_.revision), statement.text),
                 "finish the unit by hand, then `migrate stamp` it; long work on rows is better done with op.update_in_batches", statement.location};
  }

  /// Whether the call is one of those that an earlier run has done.
  bool passed(const std::string& key) {
    if (number_ >= earlier_.calls) return false;
    digest_ = next_key(digest_, key);
    if (++number_ < earlier_.calls) return true;
    if (digest_ != earlier_.digest) throw edited();
    step_.statements.resize(earlier_.base);
    return true;
  }

  /// Begins a call; true when an earlier run has begun it and not finished.
  bool begin(const std::string& key) {
    digest_ = next_key(digest_, key);
    if (!taken_up_ && !progress_.session.empty()) {
      const auto session = read_session(progress_.session);
      runner_.give_back(step_, 0, 0, session);
      runner_.put_back(step_, 0, session);
      runner_.plan_.remember(session.kept, session.ran_code);
    }
    const bool begun = !taken_up_ && number_ == earlier_.calls && !earlier_.flight.empty();
    taken_up_ = true;
    // A call of which nothing is done may have been mended.
    const bool untouched = done_ == earlier_.base && !progress_.in_doubt && earlier_.cursor.empty();
    if (begun && digest_ != earlier_.flight && !untouched) throw edited();
    auto& now = journal();
    now.base = step_.statements.size();
    now.flight = digest_;
    now.cursor.clear();
    now.next_cursor.clear();
    runner_.call_end_ = now.base;
    return begun && !untouched;
  }

  void end() {
    journal().next_cursor.clear();
    runner_.call_end_ = step_.statements.size();
    journal() = runner_.journal_at(step_.statements.size());
    ++number_;
  }

  void run_batch(const BatchCall::Batch& batch, const std::string& cursor, bool begun) {
    auto& now = journal();
    now.base = step_.statements.size();
    now.cursor = cursor;
    now.next_cursor = batch.cursor;
    auto statements = batch.in_front;
    statements.push_back(batch.statement);
    now.statements.clear();
    for (const auto& statement : statements) now.statements.push_back(statement.text);
    run_all(std::move(statements), begun, true);
  }

  /// `together`: they are one transaction. `before`: done again in front of every try.
  void run_all(std::vector<Statement> statements, bool begun, bool together = false, const std::function<void()>& before = {}) {
    const auto first = step_.statements.size();
    step_.statements.insert(step_.statements.end(), std::make_move_iterator(statements.begin()), std::make_move_iterator(statements.end()));
    if (together && step_.statements.size() > first + 1) step_.blocks.push_back({.first = first, .end = step_.statements.size()});
    runner_.call_end_ = step_.statements.size();
    runner_.plan_.follow(step_.statements);
    for (auto at = first; at < step_.statements.size(); ++at) {
      if (const auto* use = runner_.plan_.use_at(at)) expect_session(*use, step_.statements[at]);
    }
    auto i = first;
    if (begun) i = progress_.in_doubt ? runner_.settle(step_, done_, progress_) : done_;
    if (i < first || i > step_.statements.size()) throw edited();
    if (before && i < step_.statements.size()) runner_.guarded(step_, i, before);
    while (i < step_.statements.size()) {
      if (stop_requested()) {
        runner_.record_stop(step_, i);
        runner_.events_.notice(fmt::format("stopped before statement {} of {}; the same command goes on there", i + 1, title(step_.revision)));
        throw Stopped{};
      }
      const auto next = runner_.run_group(step_, i);
      for (; i < next; ++i) runner_.events_.statement_done(step_, static_cast<int>(i));
    }
  }

  /// Throws Error (needs_person) when the statement needs something of the session that was cut off and that nobody has kept.
  void expect_session(const SessionUse& use, const Statement& statement) const {
    if (!cut_off_) return;
    for (const auto& item : use.needs) {
      const bool number = item.kind == SessionItem::Kind::generated && runner_.session_.dialect().run().keep_expression(item).empty();
      const bool by_code = (item.kind == SessionItem::Kind::variable || item.kind == SessionItem::Kind::setting) && runner_.plan_.ran_code(1);
      if ((number || by_code) && !runner_.plan_.is_left(item)) throw lost_item(step_, item, statement);
    }
  }

  /// What sets the session up is done again: the session that did it is gone.
  void set_up_again(std::vector<Statement> statements) {
    for (auto& statement : statements) {
      if (runner_.session_.dialect().sql().classify(statement) != StatementClass::session) continue;
      if (!runner_.session_.dialect().sql().session_use(statement).constant) continue;
      step_.statements.push_back(std::move(statement));
      runner_.run_again(step_, step_.statements.back().text);
    }
    if (number_ == earlier_.calls) step_.statements.resize(earlier_.base);
  }

  template <class F>
  void guarded(const F& work) {
    if (failure_ || stopped_) throw Error{ErrorKind::failed, "a call of the unit has failed before"};
    try {
      work();
    } catch (const StepFailure& failure) {
      failure_ = failure;
      throw failure.described(step_);
    } catch (const Stopped&) {
      stopped_ = true;
      throw Error{ErrorKind::failed, "stopped"};
    } catch (const DatabaseError& error) {
      failure_ = StepFailure{error};
      throw failure_->described(step_);
    }
  }

  StepRunner& runner_;
  Step& step_;
  Progress progress_;         ///< of the earlier run
  Journal earlier_;
  std::size_t done_ = 0;
  bool cut_off_ = false;      ///< there was an earlier run
  bool taken_up_ = false;     ///< its call in flight has been taken up
  std::size_t number_ = 0;    ///< of the next call
  std::string digest_;
  std::optional<StepFailure> failure_;
  bool stopped_ = false;
};

StepOutcome StepRunner::run_program_progressively(Step& step, const VersionRow* row) {
  step.statements.clear();
  step.blocks.clear();
  plan_.forget();
  journal_.emplace();
  call_end_ = 0;
  ProgressSink sink(*this, step, row);
  try {
    run_guarded(step, sink, [&] { return sink.failure() || sink.stopped(); });
    if (!sink.failure() && !sink.stopped()) sink.finish();
  } catch (const Error&) {
    // The unit itself gave up; what it has done is recorded.
    stop_at(step, step.statements.size());
    throw;
  }
  if (sink.stopped()) return StepOutcome::stopped;
  if (sink.failure()) throw StepFailure(*sink.failure());
  return StepOutcome::done;
}

}  // namespace migrate
