// Values that what comes does not take: of an enum that loses some, of a text that becomes an enum, under a new check of one column.
#include "autogenerate/guard_values.hpp"

#include <algorithm>
#include <optional>

#include "autogenerate/former_names.hpp"
#include "autogenerate/inline_values.hpp"
#include "core/text.hpp"
#include "dialect/render.hpp"
#include "dialect/sql.hpp"
#include "dialect/sql/lexer.hpp"
#include "schema/lookup.hpp"
#include "schema/type_family.hpp"

namespace migrate {
namespace {

/// Rows that a change cannot take as they are: which, and what they might hold.
struct Misfit {
  std::size_t change = 0;
  QualifiedName table;
  std::string column;
  std::string condition;  ///< over the column, which it calls {}
  std::string value;      ///< SQL that the new schema takes
  std::string what;       ///< "has values that the enum state no longer has"
};

class Finder {
 public:
  Finder(const Difference& difference, const Dialect& dialect) : difference_(difference), dialect_(dialect) {}

  std::vector<Misfit> find() {
    for (index_ = 0; index_ < difference_.changes.size(); ++index_) {
      const auto& operation = difference_.changes[index_].operation;
      if (const auto* type = std::get_if<Alter<EnumType>>(&operation)) look_at_type(*type);
      if (const auto* column = std::get_if<Change<Column>>(&operation)) look_at_column(*column);
      if (const auto* check = std::get_if<Add<Check>>(&operation)) look_at_check(check->table, check->object.expression, check->object.not_valid || check->object.not_enforced);
      if (const auto* check = std::get_if<Change<Check>>(&operation); check != nullptr && check->before.expression != check->after.expression) {
        look_at_check(check->table, check->after.expression, check->after.not_valid || check->after.not_enforced);
      }
    }
    return std::move(found_);
  }

 private:
  using Literals = std::vector<std::string>;  ///< values as SQL writes them

  [[nodiscard]] Literals quoted(const std::vector<std::string>& values) const {
    Literals out;
    for (const auto& value : values) out.push_back(dialect_.sql().quote_text(value));
    return out;
  }

  /// The values of "enum('a','b')", or of an enum type; nothing for other types.
  [[nodiscard]] std::optional<Literals> values_of(const Schema& schema, const std::string& type) const {
    for (const auto& enumeration : schema.enums) {
      if (enumeration.name.text() == type) return quoted(enumeration.values);
    }
    if (!starts_with_ignoring_case(type, "enum(")) return std::nullopt;
    return inline_values(type, dialect_);
  }

  void look_at_type(const Alter<EnumType>& type) {
    const auto& after = type.after.values;
    std::vector<std::string> gone;
    for (const auto& value : type.before.values) {
      const auto renamed = std::any_of(type.after.declared.value_renames.begin(), type.after.declared.value_renames.end(), [&](const auto& rename) {
        return rename.second == value && std::find(after.begin(), after.end(), rename.first) != after.end();
      });
      if (!renamed && std::find(after.begin(), after.end(), value) == after.end()) gone.push_back(value);
    }
    if (gone.empty()) return;
    for (const auto& table : difference_.after.tables) {
      for (const auto& column : table.columns) {
        if (column.type == type.after.name.text()) add_lost(table.name, column, quoted(gone), quoted(type.before.values), quoted(after), type.after.name.text());
      }
    }
  }

  void look_at_column(const Change<Column>& change) {
    if (change.before.type == change.after.type) return;
    const auto after = values_of(difference_.after, change.after.type);
    if (!after || after->empty() || !change.after.declared.cast.empty()) return;
    const auto before = values_of(difference_.before, change.before.type);
    if (!before) {
      if (type_family(change.before.type) != "text") return;
      add({index_, change.table, change.after.name, "{} NOT IN (" + join(*after, ", ") + ")", after->front(), "has values that " + change.after.type + " does not take"});
      return;
    }
    const auto& renames = change.after.declared.value_renames;
    Literals gone;
    for (const auto& value : *before) {
      const bool renamed = std::any_of(renames.begin(), renames.end(), [&](const auto& rename) { return dialect_.sql().quote_text(rename.second) == value; });
      if (!renamed && std::find(after->begin(), after->end(), value) == after->end()) gone.push_back(value);
    }
    if (!gone.empty()) add_lost(change.table, change.after, gone, *before, *after, change.after.type);
  }

  /// A check over one column of a table that is there: rows that break it make the statement fail.
  void look_at_check(const QualifiedName& table, const std::string& expression, bool not_for_rows) {
    const auto* after = find_named(difference_.after.tables, table);
    if (after == nullptr || not_for_rows) return;
    const Column* only = nullptr;
    for (const auto& column : after->columns) {
      if (!mentions(expression, column.name, dialect_.sql().lexical_rules())) continue;
      if (only != nullptr) return;
      only = &column;
    }
    if (only == nullptr || is_new(table, only->name)) return;
    Literals known;
    for (const auto& token : tokenize(expression, dialect_.sql().lexical_rules())) {
      if (token.kind == TokenKind::string) known.emplace_back(token.text);
    }
    // A list of values: any other check has no value that stands for all the others.
    const auto shape = replace_all(lower(expression), " ", "");
    if (known.empty() || (shape.find("in(") == std::string::npos && shape.find("any(") == std::string::npos)) return;
    Misfit misfit{index_, table, only->name, "NOT (" + expression + ")", known.front(), "has values that the check " + expression + " does not take"};
    const auto former = former_.column(table, only->name);
    if (former == only->name) found_.push_back(std::move(misfit));
  }

  void add_lost(const QualifiedName& table, const Column& column, const Literals& gone, const Literals& before, const Literals& after, const std::string& type) {
    const auto kept = std::find_if(after.begin(), after.end(), [&](const auto& value) { return std::find(before.begin(), before.end(), value) != before.end(); });
    add({index_, table, column.name, "{} IN (" + join(gone, ", ") + ")", kept == after.end() ? "NULL" : *kept, "has values that " + type + " no longer has"});
  }

  void add(Misfit misfit) {
    if (!is_new(misfit.table, misfit.column)) found_.push_back(std::move(misfit));
  }

  [[nodiscard]] bool is_new(const QualifiedName& table, const std::string& column) const {
    const auto* before = find_named(difference_.before.tables, former_.table(table));
    return before == nullptr || find_named(before->columns, former_.column(table, column)) == nullptr;
  }

  const Difference& difference_;
  const Dialect& dialect_;
  FormerNames former_{difference_.changes};
  std::size_t index_ = 0;
  std::vector<Misfit> found_;
};

}  // namespace

namespace {

/// Whether the engine refuses the query, for the type or for a value; what it says then. Types that are not there yet are no answer.
struct Refusal {
  bool no_cast = false;
  std::string message;
};

std::optional<Refusal> refusal(Connection& connection, const std::string& query) {
  try {
    static_cast<void>(connection.query(query));
  } catch (const DatabaseError& error) {
    if (error.cause == DatabaseError::Cause::connection) throw;
    if (error.sqlstate == "42846") return Refusal{true, error.message()};
    if (error.sqlstate.starts_with("22")) return Refusal{false, error.message().substr(0, error.message().find('\n'))};
  }
  return std::nullopt;
}

}  // namespace

void guard_conversions(Difference& difference, const Dialect& dialect, Connection& connection) {
  const FormerNames former(difference.changes);
  const auto& sql = dialect.sql();
  for (auto& planned : difference.changes) {
    auto* change = std::get_if<Change<Column>>(&planned.operation);
    if (change == nullptr || change->before.type == change->after.type || change->before.generated || change->after.generated || !planned.review.empty()) continue;
    const auto table = former.table(change->table);
    if (find_named(difference.before.tables, table) == nullptr) continue;
    const auto place = change->table.text() + "." + change->after.name;
    if (change->after.declared.cast.empty()) {
      auto after = change->after;
      after.name = former.column(change->table, change->before.name);
      const auto expression = dialect.render().conversion(change->before, after);
      const auto refused = expression.empty() ? std::nullopt : refusal(connection, "SELECT count(" + expression + ") FROM " + sql.quote_name(table));
      if (refused && refused->no_cast) {
        change->after.declared.cast = "NULL";
        planned.review = "there is no cast from " + change->before.type + " to " + change->after.type + ": put an expression over the old value of " + place +
                         " in the place of NULL, which keeps no value (or give the model `cast:`).";
      } else if (refused) {
        planned.review = place + " has values that are no " + change->after.type + " (" + refused->message +
                         "): change those rows before, or put another expression behind USING (or give the model `cast:`).";
      }
    }
    // The way back is another cast.
    if (!change->before.declared.cast.empty()) continue;
    const auto back = dialect.render().conversion(change->after, change->before);
    if (back.empty()) continue;
    const auto refused = refusal(connection, "SELECT " + back + " FROM (SELECT CAST(NULL AS " + change->after.type + ") AS " + sql.quote_name(change->before.name) + ") migrate_value");
    if (refused && refused->no_cast) change->before.declared.cast = "NULL";
  }
}

void guard_values(Difference& difference, const Dialect& dialect, Connection& connection) {
  const auto misfits = Finder(difference, dialect).find();
  if (misfits.empty()) return;
  const FormerNames former(difference.changes);
  const auto& sql = dialect.sql();
  std::vector<std::string> questions;
  for (const auto& misfit : misfits) {
    const auto name = sql.quote_name(former.column(misfit.table, misfit.column));
    questions.push_back("SELECT count(*) FROM " + sql.quote_name(former.table(misfit.table)) + " WHERE " + replace_all(misfit.condition, "{}", name));
  }
  std::vector<Result> answers;
  try {
    answers = connection.query_all(questions);
  } catch (const DatabaseError& error) {
    if (error.cause == DatabaseError::Cause::connection) throw;
    return;  // the upgrade says what does not fit
  }
  std::vector<PlannedChange> guarded;
  for (std::size_t i = 0; i < difference.changes.size(); ++i) {
    for (std::size_t m = 0; m < misfits.size(); ++m) {
      const auto& misfit = misfits[m];
      if (misfit.change != i || answers[m].rows.empty() || answers[m].rows[0].empty() || answers[m].rows[0][0].value_or("0") == "0") continue;
      const auto name = sql.quote_name(misfit.column);
      PlannedChange fill{Sql{"UPDATE " + sql.quote_name(misfit.table) + " SET " + name + " = " + misfit.value + " WHERE " + replace_all(misfit.condition, "{}", name), ""}};
      fill.review = misfit.table.text() + "." + misfit.column + " " + misfit.what + " (in " + plural(std::stoul(*answers[m].rows[0][0]), "row") +
                    "): put what those rows should hold in the place of " + misfit.value + ".";
      guarded.push_back(std::move(fill));
    }
    guarded.push_back(std::move(difference.changes[i]));
  }
  difference.changes = std::move(guarded);
}

}  // namespace migrate
