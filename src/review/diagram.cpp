#include "review/diagram.hpp"

#include <algorithm>
#include <map>

#include "autogenerate/former_names.hpp"
#include "core/text.hpp"
#include "schema/lookup.hpp"

namespace migrate::review {
namespace {

/// What happens to tables and their parts, by name.
struct Touched {
  std::map<std::string, std::string> tables;                      ///< table -> action
  std::map<std::string, std::map<std::string, std::string>> columns;  ///< table -> column -> action
  std::map<std::string, std::map<std::string, std::string>> keys;     ///< table -> foreign key -> action

  void touch(const std::string& table, const std::string& action) {
    auto& now = tables[table];
    if (now.empty() || (now == "change" && action != "change")) now = action;
  }
};

struct Toucher {
  Touched& touched;

  void operator()(const Create<Table>& op) const { touched.touch(op.object.name.text(), "add"); }
  void operator()(const Drop<Table>& op) const { touched.touch(op.object.name.text(), "drop"); }
  void operator()(const Alter<Table>& op) const { touched.touch(op.after.name.text(), "change"); }
  void operator()(const Rename<Table>& op) const { touched.touch(op.to.text(), "rename"); }
  void operator()(const Add<Column>& op) const { column(op.table, op.object.name, "add"); }
  void operator()(const Remove<Column>& op) const { column(op.table, op.object.name, "drop"); }
  void operator()(const migrate::Change<Column>& op) const { column(op.table, op.after.name, "change"); }
  void operator()(const RenamePart<Column>& op) const { column(op.table, op.to, "rename"); }
  void operator()(const Add<ForeignKey>& op) const { key(op.table, op.object.name, "add"); }
  void operator()(const Remove<ForeignKey>& op) const { key(op.table, op.object.name, "drop"); }
  void operator()(const migrate::Change<ForeignKey>& op) const { key(op.table, op.after.name, "change"); }
  template <class T>
  void operator()(const T& op) const {
    if constexpr (requires { op.table; }) touched.touch(op.table.text(), "change");
  }

  void column(const QualifiedName& table, const std::string& name, const char* action) const {
    touched.touch(table.text(), "change");
    touched.columns[table.text()][name] = action;
  }
  void key(const QualifiedName& table, const std::string& name, const char* action) const {
    touched.touch(table.text(), "change");
    touched.keys[table.text()][name] = action;
  }
};

bool in_primary_key(const Table& table, const std::string& column) {
  return table.primary_key && std::any_of(table.primary_key->parts.begin(), table.primary_key->parts.end(), [&](const IndexPart& part) { return part.column == column; });
}

bool in_foreign_key(const Table& table, const std::string& column) {
  return std::any_of(table.foreign_keys.begin(), table.foreign_keys.end(), [&](const ForeignKey& key) { return std::find(key.columns.begin(), key.columns.end(), column) != key.columns.end(); });
}

std::string line_text(const Column& column) { return column.name + "  " + column.type; }

/// Both sides: what goes is in `before` only, by the names that its table has now.
class Builder {
 public:
  Builder(const Schema& before, const Schema& after, const std::vector<PlannedChange>& found, const std::map<std::string, std::string>& links)
      : before_(before), after_(after), former_(found), links_(links) {
    for (const auto& change : found) std::visit(Toucher{touched_}, static_cast<const AnyOperation&>(change.operation));
  }

  Diagram build() {
    for (const auto& table : after_.tables) keys_of(table, "");
    for (const auto& table : before_.tables) lost_keys(table);
    std::set<std::string> shown;
    for (const auto& [name, action] : touched_.tables) shown.insert(name);
    for (const auto& key : keys_) {
      if (touched_.tables.contains(key.from) || touched_.tables.contains(key.to)) shown.insert({key.from, key.to});
    }
    for (const auto& table : after_.tables) {
      if (shown.contains(table.name.text())) diagram_.tables.push_back(box(table));
    }
    for (const auto& table : before_.tables) {
      if (action_of(table.name.text()) == "drop") diagram_.tables.push_back(box(table));
    }
    for (const auto& key : keys_) {
      if (shown.contains(key.from) && shown.contains(key.to)) diagram_.keys.push_back(key);
    }
    return std::move(diagram_);
  }

 private:
  [[nodiscard]] std::string action_of(const std::string& table) const {
    const auto it = touched_.tables.find(table);
    return it == touched_.tables.end() ? "" : it->second;
  }

  void keys_of(const Table& table, const std::string& action) {
    const auto name = table.name.text();
    for (const auto& key : table.foreign_keys) {
      auto what = action.empty() && action_of(name) == "add" ? std::string("add") : action;
      if (const auto of_table = touched_.keys.find(name); of_table != touched_.keys.end()) {
        if (const auto it = of_table->second.find(key.name); it != of_table->second.end()) what = it->second;
      }
      keys_.push_back({name, key.references.text(), key.name, what});
    }
  }

  /// Keys that go: of a table that goes, or by themselves.
  void lost_keys(const Table& table) {
    const auto name = table.name.text();
    if (action_of(name) == "drop") return keys_of(table, "drop");
    const auto of_table = touched_.keys.find(name);
    if (of_table == touched_.keys.end()) return;
    for (const auto& key : table.foreign_keys) {
      const auto it = of_table->second.find(key.name);
      if (it != of_table->second.end() && it->second == "drop") keys_.push_back({name, key.references.text(), key.name, "drop"});
    }
  }

  DiagramTable box(const Table& table) const {
    const auto name = table.name.text();
    const auto link = links_.find(name);
    DiagramTable out{.name = name, .action = action_of(name), .link = link == links_.end() ? "" : link->second, .lines = {}};
    const auto columns = touched_.columns.find(name);
    const auto what = [&](const std::string& column) {
      if (columns == touched_.columns.end()) return std::string();
      const auto it = columns->second.find(column);
      return it == columns->second.end() ? std::string() : it->second;
    };
    for (const auto& column : table.columns) {
      const auto action = what(column.name);
      if (!action.empty() || in_primary_key(table, column.name) || in_foreign_key(table, column.name)) out.lines.push_back({line_text(column), action, in_primary_key(table, column.name)});
    }
    if (columns == touched_.columns.end()) return out;
    const auto* old = find_named(before_.tables, former_.table(table.name));
    for (const auto& [column, action] : columns->second) {
      const auto* gone = action == "drop" && old != nullptr ? find_named(old->columns, column) : nullptr;
      if (gone != nullptr && find_named(table.columns, column) == nullptr) out.lines.push_back({line_text(*gone), action, false});
    }
    return out;
  }

  const Schema& before_;
  const Schema& after_;
  FormerNames former_;
  const std::map<std::string, std::string>& links_;
  Touched touched_;
  Diagram diagram_;
  std::vector<DiagramKey> keys_;
};

}  // namespace

Diagram diagram_of(const Schema& before, const Schema& after, const std::vector<PlannedChange>& found, const std::map<std::string, std::string>& links) {
  return Builder(before, after, found, links).build();
}

Diagram diagram_of(const Schema& schema) {
  Diagram diagram;
  for (const auto& table : schema.tables) {
    DiagramTable box{.name = table.name.text(), .action = "", .link = "", .lines = {}};
    for (const auto& column : table.columns) box.lines.push_back({line_text(column), "", in_primary_key(table, column.name)});
    diagram.tables.push_back(std::move(box));
    for (const auto& key : table.foreign_keys) diagram.keys.push_back({table.name.text(), key.references.text(), key.name, ""});
  }
  return diagram;
}

}  // namespace migrate::review
