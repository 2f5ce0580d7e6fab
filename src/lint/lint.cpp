#include "lint/lint.hpp"

#include <algorithm>

#include "core/text.hpp"
#include "dialect/lint.hpp"
#include "dialect/render.hpp"
#include "dialect/sql.hpp"
#include "lint/allow.hpp"
#include "lint/rules.hpp"
#include "lint/state.hpp"

namespace migrate::lint {
namespace {

using parsed::Verb;

/// A section that is being checked: its statements, and what is allowed for which of them.
struct Section {
  std::vector<Item> items;
  std::vector<Allowance> allowances;
  std::vector<std::size_t> subjects;  ///< of each allowance: the statement's place; the number of statements for all of them
  std::vector<Location> places;       ///< of each allowance
};

/// The statement that a comment is about: the one it stands in, or behind in the same line, else the next. The number of
/// statements when it stands behind the last one: it is about the section.
Section open_section(const SqlSection& source, const Dialect& dialect) {
  Section section;
  section.items = items_of(source, dialect);
  section.allowances = find_allowances(source.text, dialect.sql().lexical_rules());
  if (section.allowances.empty()) return section;
  std::vector<std::size_t> offsets;
  for (const auto& statement : dialect.sql().split(source.text, {"", 1, 1})) offsets.push_back(offset_of(source.text, statement.location.line, statement.location.column));
  for (const auto& allowance : section.allowances) {
    std::size_t subject = 0;
    for (; subject < section.items.size(); ++subject) {
      const auto end = offsets[subject] + section.items[subject].source.text.size();
      if (allowance.offset < std::min(source.text.find('\n', end), source.text.size())) break;
    }
    section.subjects.push_back(subject);
    section.places.push_back(source.lines.locate(allowance.line, 1));
  }
  return section;
}

bool allowed(const Finding& finding, const std::vector<Allowance>& header, const Section& section) {
  const auto names = [&](const Allowance& allowance) { return allowance.problem.empty() && std::find(allowance.ids.begin(), allowance.ids.end(), finding.id) != allowance.ids.end(); };
  if (std::any_of(header.begin(), header.end(), names)) return true;
  for (std::size_t i = 0; i < section.allowances.size(); ++i) {
    if (names(section.allowances[i]) && (section.subjects[i] == finding.at || section.subjects[i] == section.items.size())) return true;
  }
  return false;
}

/// Whether a statement leaves something behind that the way back has to undo.
bool needs_undoing(const Item& item) {
  switch (item.parsed.verb) {
    case Verb::vacuum:
    case Verb::cluster:
    case Verb::reindex:
    case Verb::refresh:
    case Verb::analyze:
    case Verb::comment:
    case Verb::select:
    case Verb::set:
    case Verb::pragma:
    case Verb::begin:
    case Verb::commit:
    case Verb::savepoint:
    case Verb::lock: return false;
    case Verb::alter_table:
      return std::any_of(item.parsed.actions.begin(), item.parsed.actions.end(), [](const parsed::Action& action) { return action.kind != parsed::Action::Kind::validate_constraint; });
    default: return item.kind == StatementClass::definition || item.kind == StatementClass::data || item.kind == StatementClass::other;
  }
}

}  // namespace

std::vector<Item> items_of(const SqlSection& section, const Dialect& dialect) { return items_of(statements_of(section, dialect), dialect); }

std::vector<Item> items_of(std::vector<Statement> statements, const Dialect& dialect) {
  std::vector<Item> items;
  for (auto& statement : statements) {
    const parsed::Rules rules{&rules_of(statement, dialect.sql().lexical_rules()), dialect.lint().fold_case};
    Item item;
    item.parsed = parsed::parse(statement.text, rules);
    item.kind = dialect.sql().classify(statement);
    item.source = std::move(statement);
    items.push_back(std::move(item));
  }
  return items;
}

const SqlSection* section_of(const SqlUnit& unit, Direction direction, std::span<const std::string> engines) {
  try {
    return &section_for(unit, direction, engines);
  } catch (const Error&) {
    return nullptr;
  }
}

void Linter::follow(const SqlUnit& unit, std::span<const std::string> engines) {
  const auto* section = section_of(unit, Direction::upgrade, engines);
  if (section == nullptr) return;
  for (const auto& item : items_of(*section, dialect_)) lint::follow(state_, item.parsed, facts_.server);
}

void Linter::follow(const std::vector<Statement>& statements) {
  for (const auto& item : items_of(statements, dialect_)) lint::follow(state_, item.parsed, facts_.server);
}

namespace {

/// One unit: what it reports, and how each of its sections is gone over.
class UnitCheck {
 public:
  UnitCheck(const Dialect& dialect, const Facts& facts, const Settings& settings, std::string_view text, const Revision& revision)
      : dialect_(dialect), facts_(facts), settings_(settings), header_(header_allowances(text)) {
    transaction_ = revision.transaction && settings.transactions && facts.server.capabilities.transactional_ddl;
    for (const auto& allowance : header_) complain(allowance, {revision.location.file, allowance.line, 1});
  }

  void run(const Section& section, Schema& state, bool way_back) {
    std::set<QualifiedName> created;
    for (std::size_t at = 0; at < section.items.size(); ++at) {
      const Context context{dialect_, facts_, state, created, section.items, at, transaction_};
      Findings found;
      for (const auto& rules : {common_rules(), dialect_.lint().rules}) {
        for (const auto& rule : rules) {
          if (rule.check != nullptr && (!way_back || rule.downgrade)) rule.check(context, rule, found);
        }
      }
      for (auto& finding : found) {
        finding.way_back = way_back;
        if (finding.fix && finding.fix->operation) write_out(finding, context);
        add(std::move(finding), section);
      }
      go_on(context, state, created);
    }
    for (std::size_t i = 0; i < section.allowances.size(); ++i) complain(section.allowances[i], section.places[i]);
  }

  void add(Finding finding, const Section& section) {
    if (const auto it = settings_.rules.find(finding.id); it != settings_.rules.end()) {
      if (!it->second) return;
      finding.severity = *it->second;
    }
    if (allowed(finding, header_, section)) ++report.allowed;
    else report.findings.push_back(std::move(finding));
  }

  Report report;

 private:
  /// The statements of a fix that is an operation. There is no fix where it cannot be rendered: then the hint stands.
  void write_out(Finding& finding, const Context& context) const {
    try {
      for (auto& statement : dialect_.render().render({*finding.fix->operation}, context.state, facts_.server)) {
        finding.fix->statements.push_back(std::move(statement.text));
      }
    } catch (const std::exception&) {  // the state is not known well enough
    }
    if (finding.fix->statements.empty()) finding.fix.reset();
    else finding.hint.clear();
  }

  /// Makes the statement's change.
  void go_on(const Context& context, Schema& state, std::set<QualifiedName>& created) const {
    const auto& statement = context.parsed();
    // CREATE TABLE IF NOT EXISTS of a table that is there makes none.
    const bool there = statement.if_exists && facts_.rows.contains(key_of(statement.name, facts_.server));
    if ((statement.verb == Verb::create_table && !there) || statement.verb == Verb::create_view) created.insert(key_of(statement.name, facts_.server));
    for (const auto& action : statement.actions) {  // what was made in this unit is so under its new name
      if (action.kind == parsed::Action::Kind::rename_table && context.fresh(statement.name)) created.insert(key_of(action.other, facts_.server));
    }
    lint::follow(state, statement, facts_.server);
  }

  void complain(const Allowance& allowance, Location place) {
    if (allowance.problem.empty()) return;
    Finding finding{.id = std::string(bad_allow.id), .severity = bad_allow.severity, .effect = "The comment silences nothing: " + allowance.problem + "."};
    finding.location = std::move(place);
    add(std::move(finding), {});
  }

  const Dialect& dialect_;
  const Facts& facts_;
  const Settings& settings_;
  std::vector<Allowance> header_;
  bool transaction_ = true;
};

/// The way back that is missing or empty.
void check_way_back(UnitCheck& check, const SqlUnit& unit, const Section& upgrade, const SqlSection* back, const Section& downgrade, const Location& place) {
  if (std::none_of(upgrade.items.begin(), upgrade.items.end(), needs_undoing)) return;
  Finding finding{.id = std::string(no_way_back.id), .severity = no_way_back.severity};
  if (back == nullptr) {
    if (std::any_of(unit.sections.begin(), unit.sections.end(), [](const SqlSection& section) { return section.none; })) return;
    finding.effect = "There is no downgrade section: the revision cannot be taken back.";
    finding.hint = "write `-- migrate: downgrade` with what undoes it, or `-- migrate: downgrade none`";
    finding.location = place;
    finding.at = upgrade.items.size();
    check.add(std::move(finding), upgrade);
    return;
  }
  const bool says_why = back->text.find("--") != std::string::npos || back->text.find("/*") != std::string::npos;
  if (!downgrade.items.empty() || says_why) return;
  finding.effect = "The downgrade section is empty: `migrate downgrade` takes the revision for undone and changes nothing.";
  finding.hint = "write what undoes it, or `-- migrate: downgrade none`, or a comment that says why there is nothing to do";
  finding.location = back->location;
  finding.at = downgrade.items.size();
  check.add(std::move(finding), downgrade);
}

}  // namespace

Report Linter::check(const SqlUnit& unit, std::string_view text, std::span<const std::string> engines) {
  UnitCheck check(dialect_, facts_, settings_, text, unit.revision);
  const auto* forward = section_of(unit, Direction::upgrade, engines);
  if (forward == nullptr) return check.report;
  const auto upgrade = open_section(*forward, dialect_);
  check.run(upgrade, state_, false);
  const auto* back = section_of(unit, Direction::downgrade, engines);
  Section downgrade;
  if (back != nullptr) {
    downgrade = open_section(*back, dialect_);
    auto state = state_;
    check.run(downgrade, state, true);
  }
  check_way_back(check, unit, upgrade, back, downgrade, forward->location);
  return check.report;
}

Report Linter::check(const std::vector<Statement>& statements, const Revision& revision, std::string_view text) {
  UnitCheck check(dialect_, facts_, settings_, text, revision);
  Section section;
  section.items = items_of(statements, dialect_);
  int number = 0;
  for (const auto& line : split(text, '\n')) {
    ++number;
    const auto at = line.find("//");
    if (at == std::string::npos || line.find("lint:", at) == std::string::npos) continue;
    for (auto& allowance : header_allowances(line.substr(at))) {
      std::size_t subject = 0;
      while (subject < section.items.size() && section.items[subject].source.location.line < number) ++subject;
      section.subjects.push_back(subject);
      section.places.push_back({revision.location.file, number, 1});
      section.allowances.push_back(std::move(allowance));
    }
  }
  check.run(section, state_, false);
  return check.report;
}

}  // namespace migrate::lint
