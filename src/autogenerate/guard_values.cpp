// Values that what comes does not take: of an enum that loses some, of a text that becomes an enum, under a new check of one column.
#include "autogenerate/guard_values.hpp"

#include <algorithm>
#include <functional>
#include <map>
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
  std::string type = {};  ///< the name of the enum type, where it has one
  std::vector<std::string> gone = {};    ///< as SQL; empty: it is not known which
  std::vector<std::string> before = {};  ///< all that could be there; empty: anything
  std::vector<std::string> after = {};
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
        look_at_check(check->table, check->after.expression, check->after.not_valid || check->after.not_enforced, check->before.expression);
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
      add({index_, change.table, change.after.name, "{} NOT IN (" + join(*after, ", ") + ")", after->front(), "has values that " + change.after.type + " does not take", change.after.type, {}, {}, *after});
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

  /// The texts that a check names.
  [[nodiscard]] Literals literals_of(const std::string& expression) const {
    Literals known;
    for (const auto& token : tokenize(expression, dialect_.sql().lexical_rules())) {
      if (token.kind == TokenKind::string) known.emplace_back(token.text);
    }
    return known;
  }

  /// The check over a column that goes while another comes under another name.
  [[nodiscard]] std::string removed_check(const QualifiedName& table, const std::string& column) const {
    for (const auto& change : difference_.changes) {
      const auto* check = std::get_if<Remove<Check>>(&change.operation);
      if (check != nullptr && check->table == table && mentions(check->object.expression, column, dialect_.sql().lexical_rules())) return check->object.expression;
    }
    return "";
  }

  /// A check over one column of a table that is there: rows that break it make the statement fail. `former`: the check in whose place it comes.
  void look_at_check(const QualifiedName& table, const std::string& expression, bool not_for_rows, const std::string& former = {}) {
    const auto* after = find_named(difference_.after.tables, table);
    if (after == nullptr || not_for_rows) return;
    const Column* only = nullptr;
    for (const auto& column : after->columns) {
      if (!mentions(expression, column.name, dialect_.sql().lexical_rules())) continue;
      if (only != nullptr) return;
      only = &column;
    }
    if (only == nullptr || is_new(table, only->name)) return;
    const auto known = literals_of(expression);
    // A list of values: any other check has no value that stands for all the others.
    const auto shape = replace_all(lower(expression), " ", "");
    if (known.empty() || (shape.find("in(") == std::string::npos && shape.find("any(") == std::string::npos)) return;
    const auto before = literals_of(former.empty() ? removed_check(table, only->name) : former);
    Misfit misfit{index_, table, only->name, "NOT (" + expression + ")", known.front(), "has values that the check " + expression + " does not take", "", {}, before, known};
    for (const auto& value : misfit.before) {
      if (std::find(known.begin(), known.end(), value) == known.end()) misfit.gone.push_back(value);
    }
    if (former_.column(table, only->name) == only->name) found_.push_back(std::move(misfit));
  }

  void add_lost(const QualifiedName& table, const Column& column, const Literals& gone, const Literals& before, const Literals& after, const std::string& type) {
    const auto kept = std::find_if(after.begin(), after.end(), [&](const auto& value) { return std::find(before.begin(), before.end(), value) != before.end(); });
    add({index_, table, column.name, "{} IN (" + join(gone, ", ") + ")", kept == after.end() ? "NULL" : *kept, "has values that " + type + " no longer has", type, gone, before, after});
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

/// How the values of one column are mapped, as SQL.
struct Mapping {
  std::vector<std::pair<std::string, std::string>> in_front;  ///< by an UPDATE in front of the change, in words that the old type takes
  std::vector<std::pair<std::string, std::string>> renamed;   ///< values of the type itself
  std::vector<std::pair<std::string, std::string>> behind;    ///< by an UPDATE behind it
  std::vector<std::pair<std::string, std::string>> back;      ///< new -> old, on the way back
};

bool in(const std::vector<std::string>& values, const std::string& value) { return std::find(values.begin(), values.end(), value) != values.end(); }

class Mapper {
 public:
  Mapper(const Misfit& misfit, const ValueMap& map, const Dialect& dialect) : misfit_(misfit), map_(map), dialect_(dialect) {}

  /// Where a type lists its values: what the old type has too is written in front of the change; of those that become one that is new,
  /// the first is renamed to it and the others take its old name.
  [[nodiscard]] Mapping of_type() const {
    Mapping mapping;
    std::map<std::string, std::string> first;  ///< new value -> the old one that is renamed
    for_each([&](const std::string& before, const std::string& after) {
      if (after == "NULL" || in(misfit_.before, after)) mapping.in_front.emplace_back(before, after);
      else if (in(misfit_.after, before)) mapping.behind.emplace_back(before, after);  // the old value stays
      else if (const auto [it, fresh] = first.emplace(after, before); fresh) mapping.renamed.emplace_back(before, after);
      else mapping.in_front.emplace_back(before, it->second);
    });
    for (const auto& [before, after] : mapping.behind) {
      if (std::none_of(mapping.back.begin(), mapping.back.end(), [&, &now = after](const auto& pair) { return pair.first == now; })) mapping.back.emplace_back(after, before);
    }
    return mapping;
  }

  /// Where a check lists them: in between the old check and the new one every value goes.
  [[nodiscard]] Mapping of_check() const {
    Mapping mapping;
    for_each([&](const std::string& before, const std::string& after) {
      mapping.in_front.emplace_back(before, after);
      // What the old check did not take has to become something that it does, when it comes back: the first of those that became it.
      const bool back = !misfit_.before.empty() && after != "NULL" && !in(misfit_.before, after);
      if (back && std::none_of(mapping.back.begin(), mapping.back.end(), [&](const auto& pair) { return pair.first == after; })) mapping.back.emplace_back(after, before);
    });
    return mapping;
  }

  /// Old values that the map speaks of, as SQL.
  [[nodiscard]] std::vector<std::string> mapped() const {
    std::vector<std::string> out;
    for (const auto& [before, after] : map_) out.push_back(dialect_.sql().quote_text(before));
    return out;
  }

 private:
  void for_each(const std::function<void(const std::string& before, const std::string& after)>& take) const {
    const auto refuse = [&](const std::string& what, const std::vector<std::string>& known) {
      throw Error{ErrorKind::usage, "answers: the values of " + misfit_.table.text() + "." + misfit_.column + " cannot be mapped: " + what, "known: " + join(known, ", ")};
    };
    for (const auto& [was, now] : map_) {
      const auto before = dialect_.sql().quote_text(was);
      const auto after = now ? dialect_.sql().quote_text(*now) : std::string("NULL");
      if (before == after) continue;
      if (!misfit_.before.empty() && !in(misfit_.before, before)) refuse(before + " was none of them", misfit_.before);
      if (after != "NULL" && !in(misfit_.after, after)) refuse(after + " is none of the new ones", misfit_.after);
      take(before, after);
    }
  }

  const Misfit& misfit_;
  const ValueMap& map_;
  const Dialect& dialect_;
};

std::string update_sql(const Misfit& misfit, const std::vector<std::pair<std::string, std::string>>& values, const Dialect& dialect) {
  if (values.empty()) return "";
  const auto name = dialect.sql().quote_name(misfit.column);
  std::vector<std::string> old;
  for (const auto& [before, after] : values) old.push_back(before);
  return "UPDATE " + dialect.sql().quote_name(misfit.table) + " SET " + name + " = " + case_sql(name, values) + " WHERE " + name + " IN (" + join(old, ", ") + ")";
}

/// A value as it is, without the quotes that SQL puts around it.
std::string bare(const std::string& literal) { return literal.size() < 2 ? literal : replace_all(literal.substr(1, literal.size() - 2), "''", "'"); }

/// The old values of a type or a column that become others by the names of the values; several columns of one type have to agree.
void rename_values(PlannedChange& change, const Mapping& mapping, const Misfit& misfit) {
  if (mapping.renamed.empty()) return;
  auto* type = std::get_if<Alter<EnumType>>(&change.operation);
  auto* column = std::get_if<Change<Column>>(&change.operation);
  if (type == nullptr && (column == nullptr || column->before.type.find('(') == std::string::npos)) {
    throw Error{ErrorKind::usage, "answers: " + misfit.table.text() + "." + misfit.column + " becomes another type, whose new values no row can hold before", "give the model `cast:` for it"};
  }
  change.first_back = true;
  auto& renames = type != nullptr ? type->after.declared.value_renames : column->after.declared.value_renames;
  for (const auto& [before, after] : mapping.renamed) {
    const auto [it, fresh] = renames.emplace(bare(after), bare(before));
    if (!fresh && it->second != bare(before)) {
      throw Error{ErrorKind::usage, "answers: the columns of the type " + misfit.type + " are mapped in two ways", "give one map for the type: `values: {" + misfit.type + ": {...}}`"};
    }
  }
}

/// The change with the values mapped in front of it, in it and behind it.
class MappedChange {
 public:
  MappedChange(PlannedChange change, const Dialect& dialect) : change_(std::move(change)), dialect_(dialect) {}

  void map(const Misfit& misfit, const ValueMap& values) {
    const Mapper mapper(misfit, values, dialect_);
    const bool is_check = std::holds_alternative<Add<Check>>(change_.operation) || std::holds_alternative<Change<Check>>(change_.operation);
    const bool free_text = misfit.before.empty();
    const auto mapping = is_check || free_text ? mapper.of_check() : mapper.of_type();
    if (is_check) splits_ = splits_ || std::holds_alternative<Change<Check>>(change_.operation);
    rename_values(change_, mapping, misfit);
    const auto back = update_sql(misfit, mapping.back, dialect_);
    add(in_front_, update_sql(misfit, mapping.in_front, dialect_), mapping.behind.empty() ? back : "");
    add(behind_, update_sql(misfit, mapping.behind, dialect_), back);
  }

  void ask(PlannedChange question) { in_front_.push_back(std::move(question)); }

  void take(std::vector<PlannedChange>& out) {
    const auto number = change_.number;
    const auto put = [&](PlannedChange change) {
      change.number = number;
      out.push_back(std::move(change));
    };
    if (splits_) {
      const auto check = std::get<Change<Check>>(change_.operation);
      put({Remove<Check>{check.table, check.before}});
      for (auto& each : in_front_) put(std::move(each));
      PlannedChange added{Add<Check>{check.table, check.after}};
      added.note = change_.note;
      put(std::move(added));
      return;
    }
    for (auto& each : in_front_) put(std::move(each));
    put(std::move(change_));
    for (auto& each : behind_) put(std::move(each));
  }

 private:
  static void add(std::vector<PlannedChange>& list, const std::string& sql, const std::string& back) {
    if (!sql.empty()) list.push_back({Sql{sql, back}});
  }

  PlannedChange change_;
  const Dialect& dialect_;
  std::vector<PlannedChange> in_front_, behind_;
  bool splits_ = false;
};

/// What is asked of the database about each misfit.
class Counts {
 public:
  Counts(const std::vector<Misfit>& misfits, const std::vector<const ValueMap*>& maps, const FormerNames& former, const Dialect& dialect, Connection& connection, bool each) : each_(each) {
    std::vector<std::string> queries;
    for (std::size_t m = 0; m < misfits.size(); ++m) {
      const auto& misfit = misfits[m];
      const auto& sql = dialect.sql();
      const auto name = sql.quote_name(former.column(misfit.table, misfit.column));
      const auto from = " FROM " + sql.quote_name(former.table(misfit.table)) + " WHERE " + replace_all(misfit.condition, "{}", name);
      std::string rest;
      if (maps[m] != nullptr && !maps[m]->empty()) rest = " AND " + name + " NOT IN (" + join(Mapper(misfit, *maps[m], dialect).mapped(), ", ") + ")";
      queries.push_back("SELECT count(*)" + from + rest);
      if (each) queries.push_back("SELECT " + name + ", count(*)" + from + " GROUP BY " + name + " ORDER BY 2 DESC, 1 LIMIT 200");
    }
    try {
      said_ = connection.query_all(queries);
    } catch (const DatabaseError& error) {
      if (error.cause == DatabaseError::Cause::connection) throw;  // else the upgrade says what does not fit
    }
  }

  /// Rows that no map speaks of.
  [[nodiscard]] std::size_t left(std::size_t misfit) const {
    const auto place = misfit * (each_ ? 2 : 1);
    if (place >= said_.size() || said_[place].rows.empty() || said_[place].rows[0].empty()) return 0;
    return std::stoul(said_[place].rows[0][0].value_or("0"));
  }

  [[nodiscard]] std::vector<std::pair<std::string, long long>> values(std::size_t misfit) const {
    std::vector<std::pair<std::string, long long>> out;
    const auto place = misfit * 2 + 1;
    if (!each_ || place >= said_.size()) return out;
    for (const auto& row : said_[place].rows) {
      if (row.size() == 2 && row[0]) out.emplace_back(std::string(*row[0]), std::stoll(std::string(row[1].value_or("0"))));
    }
    return out;
  }

 private:
  bool each_;
  std::vector<Result> said_;
};

PlannedChange question_for(const Misfit& misfit, const ValueMap* map, std::size_t rows, const Dialect& dialect) {
  const auto& sql = dialect.sql();
  const auto name = sql.quote_name(misfit.column);
  auto condition = replace_all(misfit.condition, "{}", name);
  if (map != nullptr && !map->empty()) condition += " AND " + name + " NOT IN (" + join(Mapper(misfit, *map, dialect).mapped(), ", ") + ")";
  PlannedChange fill{Sql{"UPDATE " + sql.quote_name(misfit.table) + " SET " + name + " = " + misfit.value + " WHERE " + condition, ""}};
  fill.review = misfit.table.text() + "." + misfit.column + " " + misfit.what + " (in " + plural(rows, "row") + "): put what those rows should hold in the place of " + misfit.value + ".";
  return fill;
}

/// The old values with their counts, those that no row holds too.
DataQuestion question_of(const Misfit& misfit, const PlannedChange& change, const std::vector<std::pair<std::string, long long>>& held, bool answered, bool asked) {
  DataQuestion question{.kind = DataQuestion::Kind::values, .change = change.number, .key = misfit.table.text() + "." + misfit.column, .table = misfit.table, .column = misfit.column, .type = misfit.type};
  question.old_values = held;
  for (const auto& literal : misfit.gone) {
    const auto value = bare(literal);
    if (std::none_of(held.begin(), held.end(), [&](const auto& pair) { return pair.first == value; })) question.old_values.emplace_back(value, 0);
  }
  for (const auto& literal : misfit.after) question.new_values.push_back(bare(literal));
  question.free_text = misfit.before.empty();
  question.suggestion = misfit.value;
  question.answered = answered;
  question.asked = asked;
  return question;
}

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

void guard_conversions(Difference& difference, const Dialect& dialect, Connection& connection, const DataAnswers& answers) {
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
      } else if (refused && answers.map_of(place, change->after.type) == nullptr) {  // a map makes other values of them first
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

void guard_values(Difference& difference, const Dialect& dialect, Connection& connection, const DataAnswers& answers) {
  const auto misfits = Finder(difference, dialect).find();
  if (misfits.empty()) return;
  const FormerNames former(difference.changes);
  std::vector<const ValueMap*> maps;
  for (const auto& misfit : misfits) maps.push_back(answers.map_of(misfit.table.text() + "." + misfit.column, misfit.type));
  const Counts counts(misfits, maps, former, dialect, connection, static_cast<bool>(answers.tell));
  std::vector<PlannedChange> guarded;
  for (std::size_t i = 0; i < difference.changes.size(); ++i) {
    MappedChange mapped(difference.changes[i], dialect);
    for (std::size_t m = 0; m < misfits.size(); ++m) {
      if (misfits[m].change != i) continue;
      if (maps[m] != nullptr) mapped.map(misfits[m], *maps[m]);
      const auto left = counts.left(m);
      if (left > 0) mapped.ask(question_for(misfits[m], maps[m], left, dialect));
      if (answers.tell && (left > 0 || maps[m] != nullptr || !misfits[m].gone.empty())) {
        answers.tell(question_of(misfits[m], difference.changes[i], counts.values(m), maps[m] != nullptr, left > 0));
      }
    }
    mapped.take(guarded);
  }
  difference.changes = std::move(guarded);
}

}  // namespace migrate
