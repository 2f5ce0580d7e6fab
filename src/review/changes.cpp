#include <algorithm>
#include <map>
#include <set>

#include "core/text.hpp"
#include "review/review.hpp"

namespace migrate::review {
namespace {

struct ActionOf {
  template <class T>
  std::string operator()(const T&) const { return "change"; }
  template <class T>
  std::string operator()(const Create<T>&) const { return "add"; }
  template <class T>
  std::string operator()(const Add<T>&) const { return "add"; }
  std::string operator()(const CreateSchema&) const { return "add"; }
  template <class T>
  std::string operator()(const Drop<T>&) const { return "drop"; }
  template <class T>
  std::string operator()(const Remove<T>&) const { return "drop"; }
  std::string operator()(const DropSchema&) const { return "drop"; }
  template <class T>
  std::string operator()(const Rename<T>&) const { return "rename"; }
  template <class T>
  std::string operator()(const RenamePart<T>&) const { return "rename"; }
  std::string operator()(const Sql&) const { return "run"; }
};

std::string table_name(const Operation& operation) {
  if (const auto* rename = std::get_if<Rename<Table>>(&operation)) return rename->to.text();
  const auto* table = table_of(operation);
  return table == nullptr ? "" : table->text();
}

/// The part that holds the statements of a part without any: the nearest one that changes the same table, else none.
std::map<std::size_t, std::vector<std::size_t>> parts_of(const std::vector<UnitPart>& parts, const std::map<std::size_t, std::string>& tables) {
  const auto table_of_part = [&](const UnitPart& part) {
    const auto it = part.changes.empty() ? tables.end() : tables.find(part.changes.front());
    return it == tables.end() ? std::string() : it->second;
  };
  std::map<std::size_t, std::vector<std::size_t>> out;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    auto place = i;
    for (std::size_t away = 1; parts[place].statements.empty() && away <= parts.size(); ++away) {
      for (const auto other : {i - away, i + away}) {
        if (other < parts.size() && !parts[other].statements.empty() && table_of_part(parts[other]) == table_of_part(parts[i])) place = other;
      }
    }
    for (const auto number : parts[i].changes) {
      auto& places = out[number];
      if (std::find(places.begin(), places.end(), place) == places.end()) places.push_back(place);
    }
  }
  return out;
}

class Maker {
 public:
  Maker(const std::vector<PlannedChange>& found, const Difference& difference, const UnitParts& parts, const lint::Findings& findings, std::string section)
      : difference_(difference), parts_(parts), section_(std::move(section)) {
    for (const auto& change : found) tables_[change.number] = table_name(change.operation);
    up_ = parts_of(parts.upgrade, tables_);
    down_ = parts_of(parts.downgrade, tables_);
    for (const auto& change : found) titles_[change.number] = describe(change.operation);
    for (const auto& [number, places] : up_) {
      for (const auto place : places) makes_[place].insert(number);
    }
    place_findings(findings);
  }

  Entry make(const PlannedChange& found) const {
    Entry change;
    change.number = found.number;
    change.action = std::visit(ActionOf{}, static_cast<const AnyOperation&>(found.operation));
    change.table = tables_.at(found.number);
    change.title = describe(found.operation);
    change.before = model_text(found.operation, true, section_);
    change.after = model_text(found.operation, false, section_);
    change.up = statements(up_, parts_.upgrade, found.number);
    change.down = statements(down_, parts_.downgrade, found.number);
    for (const auto& planned : difference_.changes) {
      if (planned.number != found.number) continue;
      if (!planned.note.empty()) change.notes.push_back(planned.note);
      if (planned.review.empty()) continue;
      change.questions.push_back(planned.review);
      if (planned.alternative.empty()) change.asks_for_values = true;  // no other operation answers it
    }
    const auto it = up_.find(found.number);
    if (it == up_.end()) return change;
    std::set<std::size_t> others;
    for (const auto place : it->second) {
      others.insert(makes_.at(place).begin(), makes_.at(place).end());
      const auto about = findings_.find(place);
      if (about != findings_.end()) change.findings.insert(change.findings.end(), about->second.begin(), about->second.end());
    }
    for (const auto other : others) {
      if (other != found.number && titles_.contains(other)) change.with.push_back(titles_.at(other));
    }
    return change;
  }

 private:
  using Places = std::map<std::size_t, std::vector<std::size_t>>;

  static std::vector<std::string> statements(const Places& places, const std::vector<UnitPart>& parts, std::size_t number) {
    std::vector<std::string> out;
    const auto it = places.find(number);
    if (it == places.end()) return out;
    for (const auto place : it->second) {
      for (const auto& statement : parts[place].statements) out.push_back(statement.text);
    }
    return out;
  }

  /// Lint looked at the text, whose lines are those of the parts behind each other.
  void place_findings(const lint::Findings& findings) {
    std::vector<std::size_t> ends;
    std::size_t lines = 0;
    for (const auto& part : parts_.upgrade) {
      lines += static_cast<std::size_t>(std::count(part.text.begin(), part.text.end(), '\n'));
      ends.push_back(lines);
    }
    for (const auto& finding : findings) {
      const auto line = static_cast<std::size_t>(std::max(finding.location.line, 0));
      const auto place = static_cast<std::size_t>(std::upper_bound(ends.begin(), ends.end(), line) - ends.begin());
      if (place < ends.size()) findings_[place].push_back(to_finding(finding));
    }
  }

  const Difference& difference_;
  const UnitParts& parts_;
  std::string section_;
  std::map<std::size_t, std::string> tables_;
  std::map<std::size_t, std::string> titles_;
  Places up_, down_;
  std::map<std::size_t, std::set<std::size_t>> makes_;  ///< part -> the changes that it makes
  std::map<std::size_t, std::vector<Finding>> findings_;
};

}  // namespace

Finding to_finding(const lint::Finding& finding) {
  std::string remedy;
  if (finding.fix) {
    std::vector<std::string> statements = finding.fix->statements;
    statements.insert(statements.end(), finding.fix->later.begin(), finding.fix->later.end());
    if (!statements.empty()) remedy = join(statements, ";\n") + ";";
  }
  return {finding.id, std::string(lint::to_text(finding.severity)), finding.effect, finding.hint, remedy};
}

std::vector<Entry> make_entries(const std::vector<PlannedChange>& found, const Difference& difference, const UnitParts& parts, const lint::Findings& findings, const std::string& section) {
  const Maker maker(found, difference, parts, findings, section);
  std::vector<Entry> changes;
  for (const auto& change : found) changes.push_back(maker.make(change));
  return changes;
}

}  // namespace migrate::review
