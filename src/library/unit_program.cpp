#include "library/unit_program.hpp"

#include <utility>

#include "core/text.hpp"
#include "dialect/sql.hpp"

namespace migrate {
namespace {

/// Writes statements down.
class Recorder final : public StepSink {
 public:
  [[nodiscard]] bool online() const override { return false; }
  void run(const StepCall& call) override {
    for (auto& statement : call.statements()) statements.push_back(std::move(statement));
  }
  void run_batches(const BatchCall& call) override { statements.push_back(call.whole); }
  Result query(const std::string&, const Statement& statement) override {
    throw Error{ErrorKind::usage, "a query cannot be answered while a script is written:\n    " + statement.text, "", statement.location};
  }
  std::string remember(const std::string&, const std::function<std::string()>& find_out) override { return find_out(); }
  void progress(const std::string&) override {}
  void note(const std::string&) override {}
  void keep_downgrade(const std::string& text) override { downgrade = text; }

  std::vector<Statement> statements;
  std::string downgrade;
};

/// The SQL of the way back, from the schema as the upgrade leaves it; nothing when it depends on rows.
std::string way_back(const CppUnit& unit, const Revision& revision, UnitEnvironment& environment, const std::optional<Schema>& schema) {
  if (!unit.is_reversible() || (!schema && !environment.inspect)) return kept_downgrade(revision, "", true);
  try {
    Recorder recorder;
    OperationsContext context(environment, recorder, schema);
    Operations op(context);
    unit.run(revision, Direction::downgrade, op);
    std::string sql;
    for (const auto& statement : recorder.statements) sql += environment.dialect->sql().script_statement(statement) + "\n\n";
    return kept_downgrade(revision, sql, false);
  } catch (const Error&) {
    // The unit itself can go back; its row cannot tell how.
    return kept_downgrade(revision, "", true);
  }
}

}  // namespace

std::string kept_downgrade(const Revision& revision, const std::string& sql, bool none) {
  std::string text = "-- revision: " + revision.id + "\n";
  if (!revision.parents.empty()) text += "-- parents: " + join(revision.parents, ", ") + "\n";
  if (!revision.message.empty()) text += "-- message: " + revision.message + "\n";
  if (!revision.created.empty()) text += "-- created: " + revision.created + "\n";
  if (!revision.labels.empty()) text += "-- labels: " + join(revision.labels, ", ") + "\n";
  if (!revision.depends_on.empty()) text += "-- depends_on: " + join(revision.depends_on, ", ") + "\n";
  if (!revision.transaction) text += "-- transaction: off\n";
  if (revision.repeatable) text += "-- repeatable: true\n";
  return text + (none ? "\n-- migrate: downgrade none\n" : "\n-- migrate: downgrade\n" + sql);
}

void set_program(Step& step, std::shared_ptr<const CppUnit> unit, UnitEnvironment& environment, const std::string& behind) {
  const auto revision = step.revision;
  const auto direction = step.direction;
  step.program = [unit = std::move(unit), &environment, revision, direction, behind](StepSink& sink) {
    const bool known = environment.schema && (!behind.empty() || !sink.online()) && (environment.left_by == behind || !sink.online());
    auto schema = known ? std::move(environment.schema) : std::nullopt;
    environment.schema.reset();
    OperationsContext context(environment, sink, std::move(schema));
    Operations op(context);
    unit->run(revision, direction, op);
    if (direction == Direction::upgrade) sink.keep_downgrade(way_back(*unit, revision, environment, context.known_schema()));
    environment.schema = context.known_schema();
    environment.left_by = revision.id;
  };
}

void record_program(Step& step) {
  if (!step.program) return;
  Recorder recorder;
  step.program(recorder);
  step.statements = std::move(recorder.statements);
  step.downgrade = std::move(recorder.downgrade);
  step.program = nullptr;
}

}  // namespace migrate
