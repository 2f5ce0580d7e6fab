#include "runner/session_rules.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "core/text.hpp"
#include "dialect/sql.hpp"
#include "revision/graph.hpp"

namespace migrate {
namespace {

/// As it stands between the marks of a record.
std::string in_mark(const std::string& name) { return replace_all(replace_all(name, ";", ","), "|", "!"); }

}  // namespace

void refuse_parted(const Step& step, const SessionPlan::Bond& bond) {
  const auto& statement = step.statements[bond.end - 1];
  throw Error{ErrorKind::usage,
              fmt::format("{} of {}: a statement needs {}, and the one before it commits by itself, so that progress is recorded between the two:\n    {}",
                          to_text(step.direction), title(step.revision), bond.why, statement.text),
              "let it stand right behind a statement that changes rows, or put the two into a procedure", statement.location};
}

void refuse_parted(const Step& step, const Dialect& dialect) {
  SessionPlan plan(dialect);
  plan.follow(step.statements);
  const auto block_of = [&](std::size_t index) -> const Step::Block* {
    for (const auto& block : step.blocks) {
      if (block.first <= index && index < block.end) return &block;
    }
    return nullptr;
  };
  for (const auto& bond : plan.strict_bonds()) {
    for (auto i = bond.first; i < bond.end; ++i) {
      const auto kind = dialect.sql().classify(step.statements[i]);
      const bool shares = kind != StatementClass::definition && kind != StatementClass::other && !dialect.sql().ends_transaction(step.statements[i]);
      const auto* block = block_of(i);
      if (!shares || (block != nullptr && block->undone && block != block_of(bond.end - 1))) refuse_parted(step, bond);
    }
  }
}

Error parted_query(const Step& step, const SessionItem& item, const Statement& statement) {
  return Error{ErrorKind::usage, fmt::format("{} of {}: the query needs {}, and progress is recorded between the two:\n    {}", to_text(step.direction), title(step.revision),
                                             describe(item), statement.text),
               "let one op.execute() do both, or count the rows in the query", statement.location};
}

Error lost_items(const Step& step, std::size_t start, const std::vector<std::pair<SessionItem, std::size_t>>& lost, const std::vector<std::string>& known) {
  std::string what;
  auto place = step.revision.location;
  for (const auto& [item, by] : lost) {
    place = step.statements[by].location;
    what += fmt::format("\n    {}, left by the statement in line {}", describe(item), place.line);
  }
  for (const auto& name : known) what += "\n    " + name;
  return Error{ErrorKind::needs_person,
               fmt::format("{} of {} was cut off after {}, and what stands behind needs what lived in the session that is gone:{}", to_text(step.direction),
                           title(step.revision), plural(start, "statement"), what),
               "finish the unit by hand, then `migrate stamp` it; what belongs together is safe in one transaction (BEGIN, COMMIT) or in a unit of its own", place};
}

Error lost_item(const Step& step, const SessionItem& item, const Statement& statement) {
  return Error{ErrorKind::needs_person,
               fmt::format("{} of {} was cut off, and what stands behind needs {}, which lived in the session that is gone:\n    {}", to_text(step.direction), title(step.revision),
                           describe(item), statement.text),
               "finish the unit by hand, then `migrate stamp` it; what belongs together is safe in a unit of its own", statement.location};
}

std::string lost_text(const SessionItem& item) { return fmt::format("lost:{};", in_mark(describe(item))); }

std::string kept_text(const SessionItem& item) { return fmt::format("kept:{}:{};", static_cast<int>(item.kind), in_mark(item.name)); }

KeptSession read_session(const std::string& text) {
  KeptSession session;
  const auto bar = text.find('|');
  if (bar == std::string::npos) return session;
  session.sql = text.substr(bar + 1);
  for (const auto& mark : split(text.substr(0, bar), ';')) {
    if (mark.starts_with("lost:")) session.lost.push_back(mark.substr(5));
    else if (mark.starts_with("kept:")) session.kept.push_back({static_cast<SessionItem::Kind>(std::atoi(mark.c_str() + 5)), mark.substr(mark.find(':', 5) + 1)});
    else if (mark + ";" == code_text) session.ran_code = true;
  }
  return session;
}

bool KeptSession::has(const SessionItem& item) const { return std::find(kept.begin(), kept.end(), SessionItem{item.kind, in_mark(item.name)}) != kept.end(); }

}  // namespace migrate
