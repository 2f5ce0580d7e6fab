#include "autogenerate/answers.hpp"

#include <algorithm>
#include <set>

#include "core/text.hpp"

namespace migrate {
namespace {

/// Every name that can be said, of one side: objects, columns as "table.column", enum values as "type.value".
class Names {
 public:
  explicit Names(const Schema& schema) {
    for (const auto& table : schema.tables) {
      add(table.name.text());
      for (const auto& column : table.columns) add(table.name.text() + "." + column.name);
    }
    for (const auto& type : schema.enums) {
      add(type.name.text());
      for (const auto& value : type.values) add(type.name.text() + "." + value);
    }
    for (const auto& view : schema.views) add(view.name.text());
    for (const auto& definition : schema.definitions) add(definition.name.text());
    for (const auto& domain : schema.domains) add(domain.name.text());
    for (const auto& sequence : schema.sequences) add(sequence.name.text());
  }

  [[nodiscard]] bool has(const std::string& name) const { return names_.contains(name); }
  [[nodiscard]] std::string did_you_mean(const std::string& name) const {
    const std::vector<std::string> all(names_.begin(), names_.end());
    const auto near = nearest(name, all);
    return near.empty() ? "" : "did you mean '" + near + "'?";
  }

 private:
  void add(const std::string& name) { names_.insert(name); }

  std::set<std::string> names_;
};

bool is_part(const RenameCandidate& candidate) { return candidate.kind == RenameKind::column || candidate.kind == RenameKind::enum_value; }

bool is_called(const RenameCandidate& candidate, const std::string& name, const FormerTables& former) {
  if (!is_part(candidate)) return candidate.from == name;
  const auto keys = keys_of_part(candidate.table, former, candidate.from);
  return std::find(keys.begin(), keys.end(), name) != keys.end();
}

/// The name with its table's old name for the new one, and the other way round; as it is where neither is there.
std::string by_other_table_name(const std::string& name, const FormerTables& former, bool to_former) {
  for (const auto& [now, then] : former) {
    const auto& [from, to] = to_former ? std::pair(now.text(), then.name.text()) : std::pair(then.name.text(), now.text());
    if (name.starts_with(from + ".")) return to + name.substr(from.size());
  }
  return name;
}

}  // namespace

std::vector<std::string> keys_of_part(const QualifiedName& owner, const FormerTables& former, const std::string& part) {
  std::vector<std::string> keys{owner.text() + "." + part};
  if (const auto it = former.find(owner); it != former.end()) keys.push_back(it->second.name.text() + "." + part);
  return keys;
}

void check_answers(const RenameAnswers& answers, const Schema& live, const Schema& declared, const std::vector<RenameDecision>& decisions,
                   const FormerTables& former) {
  if (answers.renames.empty() && answers.no_renames.empty()) return;
  const Names before(live);
  const Names after(declared);
  const auto live_name = [&](const std::string& name) { return before.has(name) ? name : by_other_table_name(name, former, true); };
  const auto require_live = [&](const std::string& name) {
    if (!before.has(live_name(name))) throw Error{ErrorKind::usage, "nothing in the database is called '" + name + "'", before.did_you_mean(name)};
  };
  for (const auto& [from, to] : answers.renames) {
    const auto made = [&, &from = from, &to = to](const RenameDecision& decision) {
      return decision.how == RenameDecision::How::certain && (decision.candidate.to == to || to == decision.candidate.table.text() + "." + decision.candidate.to) && is_called(decision.candidate, from, former);
    };
    if (std::any_of(decisions.begin(), decisions.end(), made)) continue;
    require_live(from);
    const auto said = "--rename " + from + ":" + to;
    const auto dot = from.rfind('.');
    // A part's new name stands in its table as the model calls it.
    const auto owner = dot == std::string::npos || after.has(to) ? "" : from.substr(0, dot + 1);
    const auto wanted = after.has(owner + to) ? owner + to : by_other_table_name(owner + to, former, false);
    if (!after.has(wanted)) throw Error{ErrorKind::usage, said + ": the model has nothing that is called '" + wanted + "'", after.did_you_mean(wanted)};
    throw Error{ErrorKind::usage, said + " is no rename between the database and the model", "both names have to be of one kind, and in one table"};
  }
  for (const auto& name : answers.no_renames) {
    require_live(name);
    if (after.has(name) || after.has(by_other_table_name(name, former, false))) {
      throw Error{ErrorKind::usage, "--no-rename " + name + ": the model has it, so that it is not dropped", "take it out"};
    }
  }
}

}  // namespace migrate
