#include "autogenerate/autogenerate.hpp"
#include "autogenerate/comment.hpp"
#include "core/text.hpp"
#include "dialect/catalog.hpp"
#include "dialect/render.hpp"

namespace migrate {
namespace {

/// Renders runs of changes in one go, so that the dialect can join what belongs together. A note or a question stands
/// above its own statements, or above the joined ones of its table.
class SectionWriter {
 public:
  SectionWriter(const Dialect& dialect, const ServerInfo& server, Schema state) : dialect_(dialect), server_(server), before_(state), state_(std::move(state)) {}

  void write(const std::vector<PlannedChange>& changes) {
    for (const auto& change : changes) {
      if (change.note.empty() && change.review.empty()) {
        if (!marks_.empty() && !joins(change)) flush();
        run_.push_back(change.operation);
      } else {
        start_marked(change);
      }
    }
    flush();
    render_all();
  }

  [[nodiscard]] std::string text() const { return text_; }
  [[nodiscard]] const std::vector<Statement>& statements() const { return statements_; }
  [[nodiscard]] const Schema& state() const { return state_; }

 private:
  static bool same_table(const Operation& a, const Operation& b) {
    const auto* first = table_of(a);
    const auto* second = table_of(b);
    return first != nullptr && second != nullptr && *first == *second;
  }

  /// Whether the change becomes part of one statement with the run before it: always where a table is rebuilt, and without
  /// a question also where one ALTER TABLE takes all changes of a table.
  [[nodiscard]] bool joins(const PlannedChange& change) const {
    if (run_.empty() || !same_table(run_.back(), change.operation)) return false;
    const auto& can = server_.capabilities;
    if (!can.alter_column_in_place) return true;
    return !can.transactional_ddl && change.review.empty() && !reviewed_;
  }

  void start_marked(const PlannedChange& change) {
    if (!joins(change)) {
      flush();
    } else if (marks_.empty()) {
      // What stands before it on other tables is none of its business.
      std::vector<Operation> own;
      while (!run_.empty() && same_table(run_.back(), change.operation)) {
        own.insert(own.begin(), std::move(run_.back()));
        run_.pop_back();
      }
      flush();
      run_ = std::move(own);
    }
    if (change.review.empty()) {
      if (!change.allow.empty()) allow_ = comment("lint: allow " + change.allow, "-- ");
      marks_ += comment(change.note, "-- ");
    } else {
      std::string review = comment("REVIEW: " + change.review, "-- ");
      if (!change.alternative.empty()) {
        for (const auto& statement : dialect_.render().render(change.alternative, state_, server_)) review += "--   " + replace_all(statement.text, "\n", "\n--   ") + ";\n";
      }
      marks_ = review + marks_;  // a block starts with its question
      reviewed_ = true;
    }
    run_.push_back(change.operation);
  }

  void flush() {
    if (run_.empty()) return;
    for (const auto& operation : run_) dialect_.catalog().apply(state_, operation);
    parts_.push_back(std::move(run_));
    marks_of_.push_back(std::move(marks_));
    allow_of_.push_back(std::move(allow_));
    run_.clear();
    marks_.clear();
    allow_.clear();
    reviewed_ = false;
  }

  /// In one go: what one part does may concern a later one.
  void render_all() {
    auto rendered = dialect_.render().render_parts(parts_, before_, server_);
    for (std::size_t i = 0; i < rendered.size(); ++i) {
      if (!rendered[i].empty()) text_ += marks_of_[i];
      for (auto& statement : rendered[i]) {
        if (rendered[i].size() == 1 || statement.text.find("DROP ") != std::string::npos) text_ += allow_of_[i];
        text_ += statement.text + ";\n\n";
        statements_.push_back(std::move(statement));
      }
    }
  }

  const Dialect& dialect_;
  const ServerInfo& server_;
  Schema before_;
  Schema state_;
  std::vector<std::vector<Operation>> parts_;
  std::vector<std::string> marks_of_;  ///< the comments above each part
  std::vector<std::string> allow_of_;  ///< what silences lint, above the statement of each part that drops
  std::vector<Operation> run_;
  std::string marks_;      ///< comments above the run
  std::string allow_;      ///< and the one that silences lint
  bool reviewed_ = false;  ///< one of them is a question
  std::string text_;
  std::vector<Statement> statements_;
};

std::string trimmed_section(const std::string& text) { return text.empty() ? "" : std::string(trim(text)) + "\n"; }

}  // namespace

UnitText render_unit(const Difference& difference, const Dialect& dialect) {
  SectionWriter forward(dialect, difference.server, difference.before);
  forward.write(difference.changes);
  SectionWriter back(dialect, difference.server, forward.state());
  back.write(reverse_changes(difference.changes, difference.before, dialect, difference.server));
  return {trimmed_section(forward.text()), trimmed_section(back.text())};
}

std::vector<Statement> render_statements(const Difference& difference, const Dialect& dialect) {
  SectionWriter forward(dialect, difference.server, difference.before);
  forward.write(difference.changes);
  return forward.statements();
}

}  // namespace migrate
