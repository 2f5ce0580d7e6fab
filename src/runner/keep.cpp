#include "runner/keep.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>

#include "core/clock.hpp"
#include "core/text.hpp"
#include "dialect/run.hpp"
#include "dialect/sql.hpp"
#include "revision/graph.hpp"
#include "runner/journal.hpp"
#include "runner/keep_plan.hpp"
#include "runner/keep_sink.hpp"
#include "runner/session_plan.hpp"

namespace migrate {
namespace {

/// The first thing that a step which keeps, or puts back, remembers.
constexpr std::string_view mark = "keep ";

/// Whether a step that was begun keeps, or puts back: what it has begun with, it ends with. Nothing when none of it is done.
std::optional<bool> begun_as(const VersionRow* row) {
  if (row == nullptr || row->state == RowState::applied) return std::nullopt;
  const auto progress = read_progress(row->fingerprint);
  if (progress.journal.empty()) return row->fingerprint.empty() && row->statement == 0 ? std::nullopt : std::optional(false);
  const auto journal = read_journal(progress.journal);
  if (journal.calls == 0) return std::nullopt;
  const auto first = journal.answers.find(0);
  if (first == journal.answers.end()) return false;
  if (is_digest(first->second)) return true;  // a long list
  const auto answer = read_answer(first->second);
  return !answer.rows.empty() && answer.rows[0].at(0).value_or("").starts_with(mark);
}

/// Where the statements end that may not be parted from one: the unit's own transactions, and what needs the session as it was left.
std::function<std::size_t(std::size_t)> bounds_of(const Dialect& dialect, const std::vector<Statement>& statements, const std::vector<Step::Block>& blocks, bool one_transaction) {
  if (one_transaction) return [](std::size_t index) { return index + 1; };
  auto plan = std::make_shared<SessionPlan>(dialect);
  plan->follow(statements);
  return [plan, blocks, size = statements.size()](std::size_t index) {
    auto end = index + 1;
    for (auto i = index; i < end; ++i) {
      end = std::max(end, plan->bond_at(i, false).end);
      for (const auto& block : blocks) {
        if (i >= block.first && i < block.end) end = std::max(end, block.end);
      }
      end = std::min(end, size);
    }
    return end;
  };
}

/// Which records a downgrade puts back, as text; what a record says in full stands in the table for as long as it is needed.
std::string mark_of(const std::vector<KeptRecord>& records) {
  auto list = nlohmann::ordered_json::array();
  for (const auto& record : records) list.push_back({record.id, record.object.schema, record.object.name, to_text(record.kind)});
  return std::string(mark) + list.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

std::vector<KeptRecord> marked(const std::string& text, const std::vector<KeptRecord>& all) {
  std::vector<KeptRecord> records;
  for (const auto& one : nlohmann::ordered_json::parse(text.substr(mark.size()))) {
    const auto id = one.at(0).get<long long>();
    const auto known = std::find_if(all.begin(), all.end(), [&](const KeptRecord& record) { return record.id == id; });
    if (known != all.end()) {
      records.push_back(*known);
      continue;
    }
    // It is put back and gone: only its place in the order of the work is needed.
    KeptRecord record{.id = id};
    record.object = {one.at(1), one.at(2)};
    record.kind = read_kept_kind(one.at(3));
    records.push_back(std::move(record));
  }
  return records;
}

}  // namespace

void Keeper::prepare() {
  auto& connection = session_.connection();
  try {
    exists_ = has_kept_table(connection, versions_);
  } catch (const DatabaseError& error) {
    // MySQL denies a table that is not there as well. A run that keeps nothing needs none of it.
    if (!session_.dialect().run().is_denied(error) || options_.keep.on) throw versions_.explain(error, "what is kept cannot be looked at");
    denied_ = true;
  }
  if (!exists_ && options_.keep.on) {
    for (const auto& sql : versions_.create_kept_sql(session_.server())) connection.execute(sql);
    exists_ = true;
  }
  kept_.clear();
  if (!exists_) return;
  kept_ = read_kept(connection, versions_);
  std::vector<KeptRecord> over;
  const auto now = now_utc();
  std::copy_if(kept_.begin(), kept_.end(), std::back_inserter(over), [&](const KeptRecord& record) { return !record.until.empty() && record.until <= now; });
  if (over.empty()) return;
  purge_kept(session_, versions_, over);
  for (const auto& record : over) events_.notice(fmt::format("no longer kept: {} of {}, its time was over at {}", record.text(session_.server().default_schema), record.revision, record.until));
  std::erase_if(kept_, [&](const KeptRecord& record) { return !record.until.empty() && record.until <= now; });
}

void Keeper::announce(const std::vector<Step>& steps) {
  const bool reverts = std::any_of(steps.begin(), steps.end(), [](const Step& step) { return step.direction == Direction::downgrade; });
  if (denied_ && reverts) events_.notice("this role may not read " + versions_.kept_table().text() + ": if values were kept there, they are not put back");
  if (!options_.keep.on) return;
  const KeepContext context{.session = &session_, .versions = &versions_};
  std::map<QualifiedName, std::string> triggers;  ///< of tables whose rows change, as they are now
  for (const auto& step : steps) {
    if (step.direction != Direction::upgrade || step.program) continue;
    const auto losses = losses_of(session_.dialect(), step.statements);
    for (std::size_t i = 0; i < losses.size(); ++i) {
      if (!losses[i]) continue;
      const auto& loss = *losses[i];
      auto why = loss.kind == Loss::Kind::unknown ? loss.why : std::string();
      if (loss.kind == Loss::Kind::rows || loss.kind == Loss::Kind::values) {
        const auto& name = loss.tables.front();
        if (!triggers.contains(name)) {
          const auto table = context.look(name);
          triggers[name] = table && !table->triggers.empty() ? "what the trigger " + table->triggers.front().name + " does elsewhere" : "";
        }
        why = triggers[name];
        const auto table = options_.keep.strict && loss.kind == Loss::Kind::values ? context.look(name) : std::nullopt;
        if (table && !has_key_without(*table, loss.assigned)) why = "it has no key that the UPDATE leaves as it is";  // strict: before anything has begun
      }
      if (!why.empty()) tell(step, step.statements[i], why);
    }
  }
}

void Keeper::tell(const Step& step, const Statement& statement, const std::string& why) const {
  const auto what = fmt::format("{}: {}", start_of(statement), why);
  if (options_.keep.strict) {
    throw Error{ErrorKind::usage, fmt::format("the unit {} takes away what cannot be kept, and `keep` is strict: {}", title(step.revision), what),
                "see docs/keep.md for what can be kept; without `strict` it runs, and is named", statement.location};
  }
  events_.notice(fmt::format("{}:{}: cannot be kept: {}", statement.location.file, statement.location.line, what));
}

bool Keeper::keeps(const Step& step, const VersionRow* row) const {
  if (const auto begun = begun_as(row)) return *begun;
  if (step.direction == Direction::downgrade) {
    return std::any_of(kept_.begin(), kept_.end(), [&](const KeptRecord& record) { return record.revision == step.revision.id && record.state == KeptRecord::State::kept; });
  }
  if (!options_.keep.on) return false;
  if (step.program) return true;
  const auto losses = losses_of(session_.dialect(), step.statements);
  return std::any_of(losses.begin(), losses.end(), [](const auto& loss) { return loss && loss->kind != Loss::Kind::unknown && loss->kind != Loss::Kind::type; });
}

void Keeper::take_over(Step& step, const VersionRow* row) {
  if (!keeps(step, row)) return;
  const bool one_transaction = step.transaction && session_.server().capabilities.transactional_ddl && !(row != nullptr && row->state != RowState::applied);
  auto& session = session_;
  const auto& dialect = session.dialect();
  std::function<void(StepSink&)> work = step.program;
  if (!work) {
    step.unit = step.statements;
    // What has to stand around a transaction is run there.
    const auto inside = one_transaction ? dialect.run().frame_unit(step.unit, nullptr).statements : step.unit;
    const auto bounds = bounds_of(dialect, inside, step.blocks, one_transaction);
    work = [inside, bounds](StepSink& sink) { dynamic_cast<KeepSink&>(sink).run_unit(inside, bounds); };
    step.blocks.clear();
  }
  KeepContext context{.session = &session, .versions = &versions_, .revision = step.revision.id, .in_transaction = one_transaction};
  if (step.direction == Direction::upgrade) {
    const auto time = options_.keep.time;
    const bool strict = options_.keep.strict;
    step.program = [context, work, time, strict, announced = !step.unit.empty(), name = fmt::format("upgrade of {}", title(step.revision))](StepSink& sink) {
      auto now = context;
      const auto begun = sink.remember("keep", [&] {
        const auto at = now_utc();
        return fmt::format("{}{} {} {}", mark, at, time.count() == 0 ? "-" : time_after(at, time), who_runs());
      });
      const auto words = split(begun, ' ');
      now.at = words.at(1);
      now.until = words.at(2) == "-" ? "" : words.at(2);
      now.by = begun.substr(mark.size() + words.at(1).size() + words.at(2).size() + 2);
      KeepingSink keeping(sink, now, strict, announced, name);
      work(keeping);
    };
    return;
  }
  std::vector<KeptRecord> records;
  std::copy_if(kept_.begin(), kept_.end(), std::back_inserter(records), [&](const KeptRecord& record) { return record.revision == step.revision.id && record.state == KeptRecord::State::kept; });
  step.program = [context, work, records, all = kept_](StepSink& sink) {
    const auto text = sink.remember("keep", [&] { return mark_of(records); });
    auto now = context;
    now.by = who_runs();
    ReturningSink returning(sink, now, marked(text, all));
    work(returning);
    returning.finish();
  };
}

void purge_kept(Session& session, const Versions& versions, const std::vector<KeptRecord>& records) {
  for (const auto& record : records) {
    for (const auto& sql : forget_kept_sql(versions, record)) session.connection().execute(sql);
  }
}

}  // namespace migrate
