/// Stands between a step's program and what runs its calls: puts what keeps, or puts back, around them.
#pragma once

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "runner/keep_back.hpp"
#include "runner/keep_plan.hpp"
#include "runner/step.hpp"

namespace migrate {

class KeepSink : public StepSink {
 public:
  KeepSink(StepSink& inner, KeepContext context) : inner_(inner), context_(std::move(context)) {}

  [[nodiscard]] bool online() const override { return inner_.online(); }
  void run(const StepCall& call) override;
  void run_batches(const BatchCall& call) override = 0;
  Result query(const std::string& key, const Statement& statement) override { return inner_.query(key, statement); }
  std::string remember(const std::string& key, const std::function<std::string()>& find_out) override { return inner_.remember(key, find_out); }
  void progress(const std::string& text) override { inner_.progress(text); }
  void note(const std::string& text) override { inner_.note(text); }
  void keep_downgrade(const std::string& text) override { inner_.keep_downgrade(text); }

  /// The statements of an SQL unit; `bound_until` says where those end that may not be parted from the one at a place.
  void run_unit(const std::vector<Statement>& statements, const std::function<std::size_t(std::size_t)>& bound_until);

 protected:
  /// Runs statements that may not be parted. `all`: those of the unit or call, among them those at [first, end).
  virtual void run_bound(const std::string& key, const std::vector<Statement>& all, std::size_t first, std::size_t end) = 0;
  /// Whether something has to be done about the statement.
  [[nodiscard]] virtual bool concerns(const std::vector<Statement>& all, std::size_t index) = 0;
  /// Called with the statements of a unit or call before any of them.
  virtual void look_at(const std::vector<Statement>& all) { static_cast<void>(all); }

  void run_plain(const std::string& key, std::vector<Statement> statements, bool together = false, std::function<void()> before = {});
  void run_own(const std::string& key, const std::vector<std::string>& statements, const Location& location, bool together = false);
  [[nodiscard]] std::vector<Statement> own(const std::vector<std::string>& texts, const Location& location) const;
  void run_all(const std::string& key, const std::vector<Statement>& statements, const std::function<std::size_t(std::size_t)>& bound_until);

  StepSink& inner_;
  KeepContext context_;
};

/// Keeps what an upgrade's statements take away.
class KeepingSink final : public KeepSink {
 public:
  KeepingSink(StepSink& inner, KeepContext context, bool strict, bool announced, std::string step)
      : KeepSink(inner, std::move(context)), strict_(strict), announced_(announced), step_(std::move(step)) {}
  void run_batches(const BatchCall& call) override;

 private:
  void run_bound(const std::string& key, const std::vector<Statement>& all, std::size_t first, std::size_t end) override;
  [[nodiscard]] bool concerns(const std::vector<Statement>& all, std::size_t index) override;
  void look_at(const std::vector<Statement>& all) override;
  [[nodiscard]] KeepPlan plan(const std::string& key, const Loss& loss, const Statement& statement);
  void add_records(const KeepPlan& plan, std::vector<std::string>& statements) const;
  void copy_ranges(const std::string& key, const KeepPlan& plan, const Statement& statement);
  void finish(const std::string& key, const KeepPlan& plan, const Location& location);

  bool strict_;
  bool announced_;    ///< what the text shows has been named already
  std::string step_;  ///< for messages
  std::vector<std::optional<Loss>> losses_;
};

/// Puts back what was kept.
class ReturningSink final : public KeepSink {
 public:
  ReturningSink(StepSink& inner, KeepContext context, std::vector<KeptRecord> records) : KeepSink(inner, std::move(context)), records_(std::move(records)), states_(records_.size()) {}
  void run_batches(const BatchCall& call) override { inner_.run_batches(call); }
  /// Behind the downgrade's own statements.
  void finish();

 private:
  struct State {
    bool back = false;
    KeptRecord left;
  };
  void run_bound(const std::string& key, const std::vector<Statement>& all, std::size_t first, std::size_t end) override;
  [[nodiscard]] bool concerns(const std::vector<Statement>& all, std::size_t index) override;
  [[nodiscard]] bool names(const Statement& statement, const KeptRecord& record) const;
  void put_back(const std::string& key, std::size_t index, bool last);

  std::vector<KeptRecord> records_;
  std::vector<State> states_;
};

}  // namespace migrate
