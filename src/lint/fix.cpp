#include "lint/fix.hpp"

#include <algorithm>
#include <set>

#include "core/text.hpp"
#include "dialect/sql.hpp"
#include "dialect/sql/lexer.hpp"

namespace migrate::lint {
namespace {

using parsed::Action;
using parsed::Verb;

/// Whether a statement refers to the table by a foreign key, or writes rows into it that may meet others.
bool needs_unique(const parsed::Statement& statement, const QualifiedName& table) {
  const auto refers = [&](const parsed::Constraint& constraint) { return equal_ignoring_case(constraint.references.name, table.name); };
  if (std::any_of(statement.constraints.begin(), statement.constraints.end(), refers)) return true;
  for (const auto& action : statement.actions) {
    if (refers(action.constraint) || std::any_of(action.column.constraints.begin(), action.column.constraints.end(), refers)) return true;
  }
  return statement.verb == Verb::insert && equal_ignoring_case(statement.name.name, table.name);
}

struct Span {
  std::size_t begin = 0;
  std::size_t end = 0;
};

class Fixer {
 public:
  Fixer(const Linter& before, std::string text, const std::function<SqlUnit(std::string_view)>& parse, std::span<const std::string> engines, bool may_follow)
      : before_(before), parse_(parse), engines_(engines), may_follow_(may_follow) {
    out_.text = std::move(text);
  }

  Rewrite run() {
    for (int round = 0; round < 500; ++round) {
      unit_ = parse_(out_.text);
      auto linter = before_;
      const auto report = linter.check(unit_, out_.text, engines_);
      const bool changed = std::any_of(report.findings.begin(), report.findings.end(), [&](const Finding& finding) { return apply(finding, report.findings); });
      if (!changed) break;
    }
    return std::move(out_);
  }

 private:
  /// Where the statement stands in the text; nothing when it stands in another file.
  [[nodiscard]] std::optional<Span> place_of(const Statement& statement) const {
    if (statement.location.file != unit_.revision.location.file) return std::nullopt;
    const auto at = offset_of(out_.text, statement.location.line, statement.location.column);
    if (std::string_view(out_.text).substr(at, statement.text.size()) != statement.text) return std::nullopt;
    return Span{at, at + statement.text.size()};
  }

  [[nodiscard]] const SqlSection* section(Direction direction) const { return section_of(unit_, direction, engines_); }

  [[nodiscard]] bool in_transaction() const {
    return unit_.revision.transaction && before_.settings().transactions && before_.facts().server.capabilities.transactional_ddl;
  }

  bool apply(const Finding& finding, const Findings& all) {
    if (!finding.fix || !finding.fix->automatic) return false;
    const auto& fix = *finding.fix;
    const auto place = place_of({finding.statement, finding.location});
    if (!place) return false;
    if (fix.later.empty() || !in_transaction()) {
      auto statements = fix.statements;
      statements.insert(statements.end(), fix.later.begin(), fix.later.end());
      if (!swallow(finding)) return false;
      replace(*place, statements);
      if (!finding.way_back) undo_first(fix.undo);
    } else if (finding.way_back) {
      return false;
    } else if (whole_unit_is(all)) {
      turn_transaction_off();  // the next round writes the statements
      return true;
    } else if (!may_follow_ || !movable(finding)) {
      return false;
    } else {
      follow_up(fix, *place);
    }
    out_.fixed.push_back(finding.id);
    return true;
  }

  /// Takes away the statements behind that became part of the fixed one; false when they stand elsewhere.
  bool swallow(const Finding& finding) {
    if (finding.fix->swallows == 0) return true;
    const auto* part = section(finding.way_back ? Direction::downgrade : Direction::upgrade);
    if (part == nullptr) return false;
    const auto items = items_of(*part, before_.dialect());
    for (std::size_t i = finding.at + finding.fix->swallows; i > finding.at; --i) {
      const auto place = i < items.size() ? place_of(items[i].source) : std::nullopt;
      if (!place) return false;
      remove(*place);
    }
    return true;
  }

  /// Every statement of the unit has a fix that needs no transaction: then the unit itself can do without one.
  [[nodiscard]] bool whole_unit_is(const Findings& all) const {
    const auto upgrades = std::count_if(unit_.sections.begin(), unit_.sections.end(), [](const SqlSection& item) { return item.direction == Direction::upgrade; });
    const auto* forward = section(Direction::upgrade);
    if (upgrades != 1 || forward == nullptr) return false;
    const auto items = items_of(*forward, before_.dialect());
    std::set<std::size_t> fixable;
    for (const auto& finding : all) {
      if (finding.fix && finding.fix->automatic && !finding.fix->later.empty() && !finding.way_back) fixable.insert(finding.at);
    }
    return fixable.size() == items.size();
  }

  /// Nothing behind the statement needs what moves away.
  [[nodiscard]] bool movable(const Finding& finding) const {
    const auto* forward = section(Direction::upgrade);
    if (forward == nullptr) return false;
    const auto items = items_of(*forward, before_.dialect());
    const auto& rules = before_.dialect().sql().lexical_rules();
    for (std::size_t i = finding.at + 1; i < items.size(); ++i) {
      const auto& text = items[i].source.text;
      if (!finding.fix->moved.empty() && mentions(text, finding.fix->moved, rules)) return false;
      if (finding.fix->unique && needs_unique(items[i].parsed, items[finding.at].parsed.name)) return false;
      if (finding.fix->ordered && mentions(text, items[finding.at].parsed.name.name, rules)) return false;
    }
    return true;
  }

  void replace(Span place, const std::vector<std::string>& statements) {
    if (!statements.empty()) {
      out_.text.replace(place.begin, place.end - place.begin, join(statements, ";\n\n"));
      return;
    }
    remove(place);
  }

  /// Takes the statement, its ';' and the comments right above it away; returns those comments.
  std::string remove(Span place) {
    auto& text = out_.text;
    auto end = place.end;
    while (end < text.size() && (text[end] == ' ' || text[end] == '\t')) ++end;
    if (end < text.size() && text[end] == ';') ++end;
    while (end < text.size() && (text[end] == ' ' || text[end] == '\t' || text[end] == '\r')) ++end;
    if (end < text.size() && text[end] == '\n') ++end;
    auto begin = place.begin;
    const auto line_start = [&](std::size_t at) { return at == 0 ? 0 : text.rfind('\n', at - 1) == std::string::npos ? 0 : text.rfind('\n', at - 1) + 1; };
    const auto own_line = line_start(begin);
    if (trim(std::string_view(text).substr(own_line, begin - own_line)).empty()) begin = own_line;
    const auto first = begin;
    while (begin > 0 && begin == line_start(begin)) {
      const auto above = line_start(begin - 1);
      const auto line = trim(std::string_view(text).substr(above, begin - above));
      if (!line.starts_with("--") || line.starts_with("-- migrate:") || line.starts_with("-- revision:")) break;
      begin = above;
    }
    auto comments = text.substr(begin, first - begin);
    // One blank line stays between what is left.
    if (end < text.size() && text[end] == '\n' && begin >= 2 && text[begin - 1] == '\n' && (text[begin - 2] == '\n' || begin == 0)) ++end;
    text.erase(begin, end - begin);
    return comments;
  }

  void follow_up(const Fix& fix, Span place) {
    const auto* forward = section(Direction::upgrade);
    const auto engines = forward->engines;
    if (fix.statements.empty()) {
      const auto comments = remove(place);
      auto first = fix.later;
      first.front() = comments + first.front();
      out_.later.insert(out_.later.end(), first.begin(), first.end());
    } else {
      replace(place, fix.statements);
      out_.later.insert(out_.later.end(), fix.later.begin(), fix.later.end());
    }
    out_.undo_later.insert(out_.undo_later.begin(), fix.undo_later.begin(), fix.undo_later.end());
    out_.engines = engines;
    out_.irreversible = std::any_of(unit_.sections.begin(), unit_.sections.end(), [](const SqlSection& item) { return item.direction == Direction::downgrade && item.none; });
    if (!fix.moved.empty()) drop_from_way_back(fix.moved);
    undo_first(fix.undo);
  }

  /// What `later` makes is dropped by its own unit's way back.
  void drop_from_way_back(const std::string& name) {
    unit_ = parse_(out_.text);
    const auto* back = section(Direction::downgrade);
    if (back == nullptr) return;
    for (const auto& item : items_of(*back, before_.dialect())) {
      const auto place = place_of(item.source);
      if (!place) continue;
      const auto& statement = item.parsed;
      if (statement.verb == Verb::drop_index && statement.names.size() == 1 && equal_ignoring_case(statement.object, name)) {
        remove(*place);
        return;
      }
      if (statement.verb != Verb::alter_table) continue;
      const auto it = std::find_if(statement.actions.begin(), statement.actions.end(), [&](const Action& action) {
        return (action.kind == Action::Kind::drop_constraint || action.kind == Action::Kind::drop_index) && equal_ignoring_case(action.name, name);
      });
      if (it == statement.actions.end()) continue;
      const Schema none;
      const std::set<QualifiedName> created;
      const std::vector<Item> items{item};
      const Context context{before_.dialect(), before_.facts(), none, created, items, 0, true};
      if (const auto rest = context.with_action(*it, ""); rest.empty()) remove(*place);
      else replace(*place, {rest});
      return;
    }
  }

  void undo_first(const std::vector<std::string>& statements) {
    if (statements.empty()) return;
    unit_ = parse_(out_.text);
    const auto* back = section(Direction::downgrade);
    if (back == nullptr) return;
    const auto at = offset_of(out_.text, back->location.line + 1, 1);
    const std::string gap = at > 0 && out_.text[at - 1] != '\n' ? "\n" : "";
    out_.text.insert(at, gap + join(statements, ";\n\n") + ";\n\n");
  }

  void turn_transaction_off() {
    auto& text = out_.text;
    std::size_t after = 0;
    for (std::size_t at = 0; at < text.size();) {
      const auto end = std::min(text.find('\n', at), text.size());
      const auto line = std::string_view(text).substr(at, end - at);
      if (line.starts_with("-- migrate:")) break;
      if (line.starts_with("-- transaction:")) {
        text.replace(at, end - at, "-- transaction: off");
        return;
      }
      for (const auto* key : {"revision", "parents", "message", "created", "labels", "depends_on"}) {
        if (line.starts_with("-- " + std::string(key) + ":") || line.starts_with("\xef\xbb\xbf-- " + std::string(key) + ":")) after = end + 1;
      }
      at = end + 1;
    }
    text.insert(std::min(after, text.size()), "-- transaction: off\n");
  }

  const Linter& before_;
  const std::function<SqlUnit(std::string_view)>& parse_;
  std::span<const std::string> engines_;
  bool may_follow_;
  SqlUnit unit_;
  Rewrite out_;
};

}  // namespace

Rewrite fix_unit(const Linter& before, std::string text, const std::function<SqlUnit(std::string_view)>& parse, std::span<const std::string> engines, bool may_follow) {
  return Fixer(before, std::move(text), parse, engines, may_follow).run();
}

}  // namespace migrate::lint
