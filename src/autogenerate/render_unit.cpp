#include <algorithm>
#include <functional>
#include <iterator>

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
        numbers_.push_back(change.number);
      } else {
        start_marked(change);
      }
    }
    flush();
    for (auto& rendered : dialect_.render().render_parts(operations(), before_, server_)) {
      auto& part = parts_[at_++];
      part.statements = std::move(rendered);
      part.one = part.statements.size() == 1;
      part.alone = part.statements;
    }
  }

  /// Says of each statement as closely as can be told which changes it makes: parts fall apart, first by table and then by change, where
  /// that gives the same statements. The text stays as it is.
  void tell_apart() {
    refine([](const Part& part, std::size_t i) { return !same_table(part.operations[i - 1], part.operations[i]); });
    refine([](const Part&, std::size_t) { return true; });
  }

  [[nodiscard]] std::vector<UnitPart> take() {
    std::vector<UnitPart> out;
    for (auto& part : parts_) {
      UnitPart done{std::move(part.numbers), part.statements.empty() ? "" : part.marks, {}};
      for (const auto& statement : part.statements) {
        if (part.one || statement.text.find("DROP ") != std::string::npos) done.text += part.allow;
        done.text += statement.text + ";\n\n";
      }
      done.statements = std::move(part.alone);
      out.push_back(std::move(done));
    }
    return out;
  }
  [[nodiscard]] const Schema& state() const { return state_; }

 private:
  /// What is rendered on its own.
  struct Part {
    std::vector<Operation> operations;
    std::vector<std::size_t> numbers;  ///< of the changes
    std::string marks;                 ///< the comments above it
    std::string allow;                 ///< what silences lint, above the statement that drops
    bool one = false;                  ///< it is a single statement
    std::vector<Statement> statements;
    std::vector<Statement> alone;      ///< what it would be without the other parts: the same, and what they share
  };

  [[nodiscard]] std::vector<std::vector<Operation>> operations() const {
    std::vector<std::vector<Operation>> out;
    for (const auto& part : parts_) out.push_back(part.operations);
    return out;
  }

  void refine(const std::function<bool(const Part& part, std::size_t i)>& begins) {
    std::vector<std::vector<Part>> finer;
    std::vector<std::vector<Operation>> operations;
    for (const auto& part : parts_) {
      finer.emplace_back();
      for (std::size_t i = 0; i < part.operations.size(); ++i) {
        if (i == 0 || begins(part, i)) {
          finer.back().push_back({.operations = {}, .numbers = {}, .marks = i == 0 ? part.marks : "", .allow = part.allow, .one = part.one, .statements = {}});
          operations.emplace_back();
        }
        finer.back().back().operations.push_back(part.operations[i]);
        finer.back().back().numbers.push_back(part.numbers[i]);
        operations.back().push_back(part.operations[i]);
      }
    }
    if (operations.size() == parts_.size()) return;
    auto rendered = dialect_.render().render_parts(operations, before_, server_);
    std::vector<Part> out;
    std::size_t at = 0;
    for (std::size_t i = 0; i < parts_.size(); ++i) {
      for (auto& piece : finer[i]) piece.alone = std::move(rendered[at++]);
      if (shares(parts_[i].statements, finer[i])) std::move(finer[i].begin(), finer[i].end(), std::back_inserter(out));
      else out.push_back(std::move(parts_[i]));
    }
    parts_ = std::move(out);
  }

  /// Gives the statements of a part to its pieces, in order. False where a piece alone would run something else; what stands around all of
  /// them (a PRAGMA) is run by each alone.
  static bool shares(const std::vector<Statement>& statements, std::vector<Part>& pieces) {
    std::size_t next = 0;
    for (auto& piece : pieces) {
      for (const auto& statement : piece.alone) {
        if (next < statements.size() && statements[next].text == statement.text) piece.statements.push_back(statements[next++]);
        else if (std::none_of(statements.begin(), statements.end(), [&](const Statement& one) { return one.text == statement.text; })) return false;
      }
    }
    // What stands above the first piece stands above its first statement.
    return next == statements.size() && (pieces.front().marks.empty() || !pieces.front().statements.empty());
  }

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
      const std::vector<std::size_t> own_numbers(numbers_.end() - static_cast<std::ptrdiff_t>(own.size()), numbers_.end());
      numbers_.resize(run_.size());
      flush();
      run_ = std::move(own);
      numbers_ = own_numbers;
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
    numbers_.push_back(change.number);
  }

  void flush() {
    if (run_.empty()) return;
    for (const auto& operation : run_) dialect_.catalog().apply(state_, operation);
    parts_.push_back({.operations = std::move(run_), .numbers = std::move(numbers_), .marks = std::move(marks_), .allow = std::move(allow_), .one = false, .statements = {}});
    run_.clear();
    numbers_.clear();
    marks_.clear();
    allow_.clear();
    reviewed_ = false;
  }

  const Dialect& dialect_;
  const ServerInfo& server_;
  Schema before_;
  Schema state_;
  std::vector<Part> parts_;
  std::size_t at_ = 0;
  std::vector<Operation> run_;
  std::vector<std::size_t> numbers_;  ///< of the changes in the run
  std::string marks_;      ///< comments above the run
  std::string allow_;      ///< and the one that silences lint
  bool reviewed_ = false;  ///< one of them is a question
};

std::string section_text(const std::vector<UnitPart>& parts) {
  std::string text;
  for (const auto& part : parts) text += part.text;
  return text.empty() ? "" : std::string(trim(text)) + "\n";
}

}  // namespace

UnitText UnitParts::text() const { return {section_text(upgrade), section_text(downgrade)}; }

UnitParts render_parts(const Difference& difference, const Dialect& dialect, bool apart) {
  SectionWriter forward(dialect, difference.server, difference.before);
  forward.write(difference.changes);
  SectionWriter back(dialect, difference.server, forward.state());
  back.write(reverse_changes(difference.changes, difference.before, dialect, difference.server));
  if (apart) {
    forward.tell_apart();
    back.tell_apart();
  }
  return {forward.take(), back.take()};
}

UnitText render_unit(const Difference& difference, const Dialect& dialect) { return render_parts(difference, dialect, false).text(); }

std::vector<Statement> render_statements(const Difference& difference, const Dialect& dialect) {
  SectionWriter forward(dialect, difference.server, difference.before);
  forward.write(difference.changes);
  std::vector<Statement> statements;
  for (auto& part : forward.take()) std::move(part.statements.begin(), part.statements.end(), std::back_inserter(statements));
  return statements;
}

}  // namespace migrate
