// The session of a unit (docs/units.md, "The session"): who has one of its own, what no record may part, what is kept with the progress and
// given back to a session that goes on.
#include <fmt/format.h>

#include <algorithm>

#include "core/text.hpp"
#include "dialect/run.hpp"
#include "dialect/sql.hpp"
#include "revision/graph.hpp"
#include "runner/run_step.hpp"
#include "runner/session_rules.hpp"
#include "runner/stop.hpp"

namespace migrate {

/// A unit that may leave something in its session, or finds something there, has one to itself: it begins like a new one, and ends with it.
bool StepRunner::needs_session(const Step& step) {
  if (!session_.can_separate()) return false;
  if (step.program || !plan_.plain()) return true;
  if (!code_ && !alone_) code_ = session_.dialect().run().code_may_change_session(session_.control());
  return code_.value_or(false);
}

/// Begins a step in our own session: the unit's sees no more than its progress, and no row of ours is inserted there.
void StepRunner::open_beforehand(const Step& step) {
  opening_ = opening_for(step);
  const auto sql = session_.in_transaction({opening_sql()});
  opening_.reset();
  try {
    connection().execute(sql);
  } catch (const DatabaseError& error) {
    throw StepFailure{error, StepFailure::record};
  }
  opened_ = true;
}

/// The statements that no record may part from the one at `index`, with the transactions that they stand in.
std::size_t StepRunner::end_of_bond(const Step& step, std::size_t index, bool strict) const {
  auto end = index + 1;
  for (auto i = index; i < end; ++i) {
    end = std::max(end, plan_.bond_at(i, strict).end);
    if (const auto* block = block_of(step, i); block != nullptr && end > index + 1) end = std::max(end, block->end);
    end = std::min(end, step.statements.size());
  }
  return end;
}

/// Whether the statements can be one transaction, as far as it is known before they run.
bool StepRunner::can_share(const Step& step, std::size_t first, std::size_t end) {
  for (auto i = first; i < end; ++i) {
    const auto* block = block_of(step, i);
    if (block != nullptr && (block->undone || block->first < first)) return false;
    if (session_.server().capabilities.transactional_ddl) continue;
    const auto kind = session_.dialect().sql().classify(step.statements[i]);
    const bool shares = kind == StatementClass::data || kind == StatementClass::query || kind == StatementClass::session || kind == StatementClass::transaction;
    if (!shares || session_.dialect().sql().ends_transaction(step.statements[i])) return false;
    if (kind == StatementClass::data && !rolls_back(step, i)) return false;
  }
  return true;
}

/// Statements that belong together: what the later ones need of the session lives in it alone.
std::optional<std::size_t> StepRunner::run_bond(const Step& step, std::size_t index) {
  // In an earlier call of a program: there is a record between the two already.
  if (const auto bond = plan_.bond_at(index, true); bond.first < index && bond.end > index) {
    stop_at(step, index);
    refuse_parted(step, bond);
  }
  for (const bool strict : {false, true}) {
    const auto end = end_of_bond(step, index, strict);
    if (end == index + 1) continue;
    if (can_share(step, index, end)) {
      try {
        return run_group_together(step, index, end);
      } catch (const StepFailure& failure) {
        if (!session_.dialect().run().refuses_transaction(failure.error)) throw;
        forget_pending();
      }
    }
    if (!strict) continue;  // parted, a run that is cut off between them says so
    stop_at(step, index);
    refuse_parted(step, plan_.bond_at(index, true));
  }
  return std::nullopt;
}

/// What a group begins with has to be known when it is undone: the session will no longer tell.
void StepRunner::record_before(const Step& step, std::size_t first, std::size_t end) {
  if (recorded_ == first || !plan_.changes_kept(first, end)) return;
  guarded(step, first, [&] { connection().execute(session_.in_transaction(records_due(progress_record(step, first, progress_at(step, first))))); });
  forget_pending();
  recorded_ = first;
}

/// What gives the session back from the record on. The statements of a program are not there again to tell what they left.
void StepRunner::note_session(const Step& step, std::size_t index, Progress& progress) const {
  progress.keep = plan_.keep(index);
  std::string marks;
  for (const auto& item : plan_.kept(index)) marks += kept_text(item);
  if (step.program && index > 0) {
    const SessionItem number{SessionItem::Kind::generated, "*"};
    if (auto given = session_.dialect().run().keep_expression(number); !given.empty()) progress.keep.push_back(std::move(given));
    if (plan_.ran_code(index)) marks += code_text;
    for (const auto& [item, by] : plan_.lost(index, true)) marks += lost_text(item);
  }
  if (!marks.empty() || !progress.keep.empty()) progress.keep.insert(progress.keep.begin(), session_.dialect().sql().quote_text(marks + "|"));
}

/// Sets up a session as one before was. Where that fails, the record stands as it is: nothing was run.
void StepRunner::run_again(const Step& step, const std::string& sql) {
  const Cancellable cancellable(connection(), false);
  try {
    connection().execute(sql);
  } catch (const DatabaseError& error) {
    forget_pending();
    StepFailure failure{error};
    failure.step = &step;
    throw failure;
  }
}

/// Settings and values as the first `done` statements have left them: what became of the statement behind them is seen with their eyes.
void StepRunner::put_back(const Step& step, std::size_t done, const KeptSession& session) {
  for (std::size_t i = 0; i < done; ++i) {
    if (plan_.replays(i, done) && plan_.sets_only(i) && is_setting(step, i)) run_again(step, step.statements[i].text);
  }
  if (!session.sql.empty()) run_again(step, session.sql);
}

/// Everything else that the statements in front of `start` have left in the session that was cut off. They ran once: none of them is run
/// again, but those that say themselves what they do there.
void StepRunner::give_back(const Step& step, std::size_t start, std::size_t kept_at, const KeptSession& session) {
  auto lost = plan_.lost(start, false);
  for (const auto& [item, by] : plan_.needs_kept(start)) {
    if (by >= kept_at || !session.has(item)) lost.emplace_back(item, by);
  }
  if (!lost.empty() || !session.lost.empty()) throw lost_items(step, start, lost, session.lost);
  for (std::size_t i = 0; i < start; ++i) {
    if (plan_.replays(i, start) && !plan_.sets_only(i) && is_setting(step, i)) run_again(step, step.statements[i].text);
  }
  for (const auto index : plan_.prepared_again(start)) run_again(step, step.statements[index].text);
}

}  // namespace migrate
