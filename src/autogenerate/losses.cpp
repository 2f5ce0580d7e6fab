#include "autogenerate/losses.hpp"

#include <algorithm>
#include <map>
#include <optional>

#include "core/text.hpp"
#include "dialect/catalog.hpp"
#include "dialect/lint.hpp"
#include "schema/lookup.hpp"

namespace migrate {
namespace {

constexpr std::string_view aside_mark = "_aside";

bool is_among(const std::vector<std::string>& names, const std::string& name) { return std::find(names.begin(), names.end(), name) != names.end(); }

/// Puts into a model what only the database has, by the names that things get.
class ModelKeeper {
 public:
  ModelKeeper(const Schema& live, Schema& declared, const RenameOptions& options) : live_(live), declared_(declared), options_(options) {}

  /// `stays`: what is said to stay is nothing that another table could have become.
  void leave_out(const std::vector<std::string>& stays) { stays_.insert(stays_.end(), stays.begin(), stays.end()); }

  /// The table of the model that a live one becomes; null: it goes.
  Table* owner(const QualifiedName& name) {
    const auto said = options_.answers.renames.find(name.text());
    for (auto& table : declared_.tables) {
      if (said == options_.answers.renames.end() ? table.name == name : table.name.text() == said->second || (table.name.schema == name.schema && table.name.name == said->second)) return &table;
    }
    if (said != options_.answers.renames.end() || is_among(stays_, name.text())) return nullptr;
    const auto it = guessed().find({RenameKind::table, name.text()});
    const auto same = [&](const Table& table) { return table.name.text() == it->second; };
    const auto table = it == guessed().end() ? declared_.tables.end() : std::find_if(declared_.tables.begin(), declared_.tables.end(), same);
    return table == declared_.tables.end() ? nullptr : &*table;
  }

  void add(const Table& table) {
    declared_.tables.push_back(table);
    for (auto& column : declared_.tables.back().columns) keep_type(column);
  }

  void add(Table& owner, Column column) {
    keep_type(column);
    owner.columns.push_back(std::move(column));
  }

 private:
  using Guesses = std::map<std::pair<RenameKind, std::string>, std::string>;

  /// What is taken for a rename without being asked.
  const Guesses& guessed() {
    if (guessed_) return *guessed_;
    guessed_.emplace();
    RenameOptions quiet{.policy = options_.policy == RenamePolicy::ask ? RenamePolicy::review : options_.policy, .answers = options_.answers};
    auto& dropped = quiet.answers.no_renames;
    for (const auto& table : live_.tables) {
      if (is_among(stays_, table.name.text())) dropped.push_back(table.name.text());
    }
    for (const auto& decision : find_object_renames(live_, declared_, quiet)) {
      if (decision.how != RenameDecision::How::review_drop) guessed_->emplace(std::pair{decision.candidate.kind, decision.candidate.from}, decision.candidate.to);
    }
    return *guessed_;
  }

  /// The type has to stay with the column.
  void keep_type(Column& column) {
    keep_type(column, live_.enums, declared_.enums, RenameKind::enum_type);
    keep_type(column, live_.domains, declared_.domains, RenameKind::domain);
  }

  template <class T>
  void keep_type(Column& column, const std::vector<T>& live, std::vector<T>& declared, RenameKind kind) {
    const auto named = [&](const T& type) { return type.name.text() == column.type; };
    const auto type = std::find_if(live.begin(), live.end(), named);
    if (type == live.end() || std::any_of(declared.begin(), declared.end(), named)) return;
    const auto said = options_.answers.renames.find(column.type);
    const auto guess = guessed().find({kind, column.type});
    if (said != options_.answers.renames.end()) column.type = said->second;
    else if (guess != guessed().end()) column.type = guess->second;
    else declared.push_back(*type);
  }

  const Schema& live_;
  Schema& declared_;
  const RenameOptions& options_;
  std::vector<std::string> stays_;
  std::optional<Guesses> guessed_;
};

/// A name that nothing has, no longer than the engine allows.
template <class Taken>
std::string free_name(const std::string& name, const Dialect& dialect, const Taken& taken) {
  for (int number = 1;; ++number) {
    const auto end = std::string(aside_mark) + (number == 1 ? "" : std::to_string(number));
    const auto longest = dialect.lint().longest_name;
    auto begin = name;
    while (longest > 0 && begin.size() + end.size() > longest) {
      do begin.pop_back();
      while (!begin.empty() && (static_cast<unsigned char>(begin.back()) & 0xC0U) == 0x80U);  // not through a character
      if (!begin.empty() && (static_cast<unsigned char>(begin.back()) & 0xC0U) == 0xC0U) begin.pop_back();
    }
    if (!taken(begin + end)) return begin + end;
  }
}

class Losses {
 public:
  Losses(const DataAnswers& answers, const Schema& live, Schema& declared, RenameOptions& options, const Dialect& dialect)
      : answers_(answers), live_(live), declared_(declared), options_(options), dialect_(dialect), given_(options), keeper_(live, declared, given_) {}

  void settle() {
    keeper_.leave_out(answers_.kept);
    keeper_.leave_out(answers_.aside);
    for (const auto& name : answers_.kept) settle(name, false);
    for (const auto& name : answers_.aside) settle(name, true);
  }

 private:
  void settle(const std::string& name, bool aside) {
    const std::string word = aside ? "moved aside" : "kept";
    const auto refuse = [&](const std::string& what, const std::string& hint) { throw Error{ErrorKind::usage, "answers: " + name + " is " + word + what, hint}; };
    if (is_among(answers_.kept, name) && is_among(answers_.aside, name)) refuse(" and kept", "say one of the two");
    if (is_among(given_.answers.no_renames, name)) refuse(" and dropped", "say one of the two");
    if (given_.answers.renames.contains(name)) refuse(" and renamed", "say one of the two");
    bool found = false;
    for (const auto& table : live_.tables) {
      auto* owner = keeper_.owner(table.name);
      if (table.name.text() == name) {
        if (owner != nullptr) refuse(", and the model has it", "leave it out");
        if (aside) move(table);
        else keeper_.add(table);
        found = true;
        continue;
      }
      for (const auto& column : table.columns) {
        if (owner == nullptr || (table.name.text() + "." + column.name != name && owner->name.text() + "." + column.name != name)) continue;
        if (find_named(owner->columns, column.name) != nullptr) refuse(", and the model has it", "leave it out");
        if (aside && column.generated) refuse(", and its values are computed from others", "drop it: nothing is lost");
        if (aside) move(table, *owner, column);
        else keeper_.add(*owner, column);
        found = true;
        break;
      }
    }
    if (!found) throw Error{ErrorKind::usage, "answers: the database has no " + name + (aside ? " to move aside" : " to keep") + ", or the model drops its table", "name a table, or table.column"};
  }

  void move(const Table& table) {
    const auto in = [&](const Schema& schema, const QualifiedName& name) { return find_named(schema.tables, name) != nullptr || find_named(schema.views, name) != nullptr || find_named(schema.sequences, name) != nullptr; };
    QualifiedName to{table.name.schema, free_name(table.name.name, dialect_, [&](const std::string& name) { return in(live_, {table.name.schema, name}) || in(declared_, {table.name.schema, name}); })};
    auto renamed = live_;
    dialect_.catalog().apply(renamed, Rename<Table>{table.name, to, {}, {}});
    auto moved = *find_named(renamed.tables, to);
    // Rows that nobody changes any more would hold those that they point to.
    std::erase_if(moved.foreign_keys, [&](const ForeignKey& key) { return key.references != to; });
    keeper_.add(moved);
    options_.answers.renames[table.name.text()] = to.text();
  }

  void move(const Table& table, Table& owner, Column column) {
    const auto to = free_name(column.name, dialect_, [&](const std::string& name) { return find_named(table.columns, name) != nullptr || find_named(owner.columns, name) != nullptr; });
    options_.answers.renames[owner.name.text() + "." + column.name] = to;
    column.name = to;
    column.nullable = true;
    column.default_value.reset();
    column.identity = {};
    for (const auto* option : {"on_update", "column_check", "not_null_conflict"}) column.options.erase(option);
    keeper_.add(owner, std::move(column));
  }

  const DataAnswers& answers_;
  const Schema& live_;
  Schema& declared_;
  RenameOptions& options_;
  const Dialect& dialect_;
  const RenameOptions given_;  ///< without what is moved here
  ModelKeeper keeper_;
};

}  // namespace

bool is_aside(const std::string& name) {
  const auto end = name.find_last_not_of("0123456789");
  return end != std::string::npos && end + 1 > aside_mark.size() && std::string_view(name).substr(0, end + 1).ends_with(aside_mark);
}

void keep_answers(const DataAnswers& answers, const Schema& live, Schema& declared, RenameOptions& options, const Dialect& dialect) {
  keep_aside(live, declared, options);
  Losses(answers, live, declared, options, dialect).settle();
}

void keep_aside(const Schema& live, Schema& declared, const RenameOptions& options) {
  ModelKeeper keeper(live, declared, options);
  for (const auto& table : live.tables) {
    const bool has_some = is_aside(table.name.name) || std::any_of(table.columns.begin(), table.columns.end(), [](const Column& column) { return is_aside(column.name); });
    if (!has_some) continue;
    auto* owner = keeper.owner(table.name);
    if (owner == nullptr) {
      if (is_aside(table.name.name)) keeper.add(table);
      continue;
    }
    for (const auto& column : table.columns) {
      const bool free = !options.answers.renames.contains(table.name.text() + "." + column.name) && !options.answers.renames.contains(owner->name.text() + "." + column.name);
      if (is_aside(column.name) && free && find_named(owner->columns, column.name) == nullptr) keeper.add(*owner, column);
    }
  }
}

void note_aside(std::vector<PlannedChange>& changes) {
  const auto note = [](const std::string& from, const std::string& to, const std::string& what) {
    return "moved aside, not dropped: " + from + " is " + to + " from now on, with " + what + ". A comparison leaves it alone; drop it by a unit of your own when nobody needs it";
  };
  for (auto& change : changes) {
    if (const auto* table = change.as<Rename<Table>>(); table != nullptr && is_aside(table->to.name)) change.note = note(table->from.text(), table->to.text(), "its rows");
    if (const auto* column = change.as<RenamePart<Column>>(); column != nullptr && is_aside(column->to)) change.note = note(column->table.text() + "." + column->from, column->to, "its values");
  }
}

}  // namespace migrate
