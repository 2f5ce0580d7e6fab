#include <algorithm>

#include "autogenerate/autogenerate.hpp"
#include "core/text.hpp"

namespace migrate {
namespace {

/// Renders runs of changes in one go, so that the dialect can join what belongs together; a note or a question stands
/// above its own statements.
class SectionWriter {
 public:
  SectionWriter(const Dialect& dialect, const ServerInfo& server, Schema state) : dialect_(dialect), server_(server), state_(std::move(state)) {}

  void write(const std::vector<PlannedChange>& changes) {
    std::vector<Operation> run;
    for (const auto& change : changes) {
      const bool plain = change.note.empty() && change.review.empty();
      if (!plain) {
        flush(run);
        write_marked(change);
      } else {
        run.push_back(change.operation);
      }
    }
    flush(run);
  }

  [[nodiscard]] std::string text() const { return text_; }
  [[nodiscard]] const std::vector<Statement>& statements() const { return statements_; }
  [[nodiscard]] const Schema& state() const { return state_; }

 private:
  std::vector<Statement> render(const std::vector<Operation>& operations) const { return dialect_.render(operations, state_, server_); }

  void flush(std::vector<Operation>& run) {
    if (run.empty()) return;
    for (auto& statement : render(run)) add(std::move(statement));
    for (const auto& operation : run) dialect_.apply(state_, operation);
    run.clear();
  }

  void comment(const std::string& text) {
    std::string line;
    for (const auto& word : split(replace_all(text, "\n", " "), ' ')) {
      if (!line.empty() && line.size() + word.size() > 110) {
        text_ += "-- " + line + "\n";
        line.clear();
      }
      line += (line.empty() ? "" : " ") + word;
    }
    text_ += "-- " + line + "\n";
  }

  void write_marked(const PlannedChange& change) {
    if (!change.review.empty()) {
      comment("REVIEW: " + change.review);
      if (!change.alternative.empty()) {
        for (const auto& statement : render(change.alternative)) {
          text_ += "--   " + replace_all(statement.text, "\n", "\n--   ") + ";\n";
        }
      }
    } else {
      comment(change.note);
    }
    std::vector<Operation> one{change.operation};
    flush(one);
  }

  void add(Statement statement) {
    text_ += statement.text + ";\n\n";
    statements_.push_back(std::move(statement));
  }

  const Dialect& dialect_;
  const ServerInfo& server_;
  Schema state_;
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
