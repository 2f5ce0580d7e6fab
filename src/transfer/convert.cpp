#include "transfer/convert.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "core/text.hpp"
#include "dialect/rows.hpp"
#include "schema/lookup.hpp"
#include "transfer/probe.hpp"
#include "transfer/translate.hpp"

namespace migrate {
namespace {

using Kind = ValueType::Kind;

std::string named(const Table& table) { return "table " + table.name.text(); }
std::string named(const Table& table, const std::string& part) { return named(table) + ", " + part; }

class Converter {
 public:
  Converter(const Schema& source, const ConvertSides& sides) : source_(source), sides_(sides), probe_(sides.to, sides.to_server, sides.target) {}

  Converted run() {
    measure_keys();
    find_numbering();
    for (const auto& table : source_.tables) {
      if (table.options.contains("partition_of")) continue;
      out_.tables.emplace(table.name, target_name(table.name));
    }
    for (const auto& table : source_.tables) {
      if (out_.tables.contains(table.name)) convert(table);
    }
    leave_out_the_rest();
    distinct_names();
    return std::move(out_);
  }

 private:
  /// MySQL and MariaDB speak one language.
  [[nodiscard]] bool one_family() const { return &sides_.from == &sides_.to; }

  void lose(const std::string& object, const std::string& what) { out_.losses.push_back({object, what, false}); }
  void leave_out(const std::string& object, const std::string& why) { out_.losses.push_back({object, why, true}); }

  QualifiedName target_name(const QualifiedName& name) {
    if (name.schema.empty() || sides_.to_server.capabilities.schemas) return name;
    QualifiedName plain{"", name.schema + "_" + name.name};
    lose("table " + name.text(), "it is called " + plain.name + " there, as there are no schemas");
    return plain;
  }

  /// Texts in keys get the same room everywhere, so that keys that refer to each other have one type.
  void measure_keys() {
    std::size_t most = 1;
    const auto texts = [&](const Table& table, const std::vector<IndexPart>& parts) {
      return static_cast<std::size_t>(std::count_if(parts.begin(), parts.end(), [&](const IndexPart& part) {
        const auto* column = find_named(table.columns, part.column);
        if (column == nullptr) return false;
        const auto type = sides_.from.rows().value_type(table, *column, source_, sides_.from_server);
        return (type.kind == Kind::text || type.kind == Kind::any || type.kind == Kind::other || type.kind == Kind::bytes) && type.values.empty() && (!type.length || *type.length > 64);
      }));
    };
    for (const auto& table : source_.tables) {
      if (table.primary_key) most = std::max(most, texts(table, table.primary_key->parts));
      for (const auto& unique : table.uniques) most = std::max(most, texts(table, unique.parts));
      for (const auto& index : table.indexes) most = std::max(most, texts(table, index.parts));
    }
    key_characters_ = static_cast<long long>(720 / most);
  }

  /// Columns that number themselves, or refer to such: they are whole numbers everywhere, also where an unsigned bigint is none.
  void find_numbering() {
    if (one_family()) return;
    for (const auto& table : source_.tables) {
      for (const auto& column : table.columns) {
        if (sides_.from.rows().numbers_itself(table, column)) numbering_.emplace(table.name, column.name);
      }
    }
    for (bool more = true; std::exchange(more, false);) {
      for (const auto& table : source_.tables) {
        for (const auto& key : table.foreign_keys) {
          for (std::size_t i = 0; i < std::min(key.columns.size(), key.referenced_columns.size()); ++i) {
            if (numbering_.contains({key.references, key.referenced_columns[i]})) more |= numbering_.emplace(table.name, key.columns[i]).second;
          }
        }
      }
    }
  }

  static bool in_key(const Table& table, const std::string& name) {
    const auto has = [&](const std::vector<IndexPart>& parts) { return std::any_of(parts.begin(), parts.end(), [&](const IndexPart& part) { return part.column == name; }); };
    if (table.primary_key && has(table.primary_key->parts)) return true;
    if (std::any_of(table.uniques.begin(), table.uniques.end(), [&](const Unique& unique) { return has(unique.parts); })) return true;
    if (std::any_of(table.indexes.begin(), table.indexes.end(), [&](const Index& index) { return has(index.parts); })) return true;
    return std::any_of(table.foreign_keys.begin(), table.foreign_keys.end(), [&](const ForeignKey& key) { return std::find(key.columns.begin(), key.columns.end(), name) != key.columns.end(); });
  }

  /// Whether the texts of declared lengths are more than a row of some engines has room for.
  bool crowded(const Table& table) const {
    long long bytes = 0;
    for (const auto& column : table.columns) {
      const auto type = sides_.from.rows().value_type(table, column, source_, sides_.from_server);
      if (type.length && (type.kind == Kind::text || type.kind == Kind::bytes)) bytes += *type.length * (type.kind == Kind::text ? 4 : 1);
    }
    return bytes > 60000;
  }

  void convert(const Table& source) {
    Table table{.name = out_.tables.at(source.name)};
    table.comment = source.comment;
    table.options = sides_.to.rows().table_options(sides_.to_server);
    if (source.options.contains("partition_by")) lose(named(source), "its partitions become one table");
    if (source.options.contains("inherits")) lose(named(source), "it does not inherit from its parent there");
    if (source.options.contains("without_rowid") || source.options.contains("strict")) lose(named(source), "STRICT and WITHOUT ROWID are SQLite's own");
    const bool is_crowded = crowded(source);
    for (const auto& column : source.columns) table.columns.push_back(convert(source, column, is_crowded));
    convert_keys(source, table);
    convert_checks(source, table);
    convert_indexes(source, table);
    settle_identity(source, table);
    out_.schema.tables.push_back(std::move(table));
  }

  Column convert(const Table& table, const Column& source, bool is_crowded) {
    const auto what = named(table, "column " + source.name);
    const auto type = sides_.from.rows().value_type(table, source, source_, sides_.from_server);
    Column column{.name = source.name, .nullable = source.nullable, .comment = source.comment};
    auto kept = type;
    if (type.is_unsigned && type.width == 64 && numbering_.contains({table.name, source.name})) {
      kept.is_unsigned = false;
      lose(what, "numbers above 9223372036854775807 have no place there, as it numbers itself or refers to a column that does");
    }
    const auto own = sides_.to.rows().own_type(kept, {in_key(table, source.name), key_characters_, is_crowded}, sides_.to_server);
    column.type = own.type;
    column.collation = own.collation;
    if (!own.loss.empty()) lose(what, own.loss);
    if (!type.values.empty()) enum_type(table, source, type, column);
    if (!numbers_from_sequence(source)) convert_default(what, source, type, column);
    if (source.generated) convert_generated(what, table, source, column);
    if (sides_.from.rows().numbers_itself(table, source) || numbers_from_sequence(source)) column.identity = Identity{.kind = source.identity ? source.identity->kind : Identity::Kind::by_default, .sequence = {}};
    if (column.identity && column.identity->kind == Identity::Kind::serial) column.identity->kind = Identity::Kind::by_default;
    if (source.options.contains("invisible")) lose(what, "it is visible there");
    if (source.options.contains("on_update") && one_family()) column.options["on_update"] = source.options.at("on_update");
    else if (source.options.contains("on_update")) lose(what, "ON UPDATE " + source.options.at("on_update") + " has no counterpart");
    return column;
  }

  /// A default over a sequence that nobody said belongs to the column.
  static bool numbers_from_sequence(const Column& column) {
    return column.default_value && column.default_value->expression && starts_with_ignoring_case(column.default_value->text, "nextval(");
  }

  void enum_type(const Table& table, const Column& source, const ValueType& type, Column& column) {
    QualifiedName name{"", source.type};
    const auto own = std::find_if(source_.enums.begin(), source_.enums.end(), [&](const EnumType& e) { return e.name.text() == source.type; });
    if (own != source_.enums.end()) name = own->name.schema.empty() || sides_.to_server.capabilities.schemas ? own->name : QualifiedName{"", own->name.schema + "_" + own->name.name};
    else name = {"", slug(out_.tables.at(table.name).name + "_" + source.name, 60)};
    if (find_named(out_.schema.enums, name) == nullptr) {
      EnumType made{.name = name, .values = type.values};
      if (own != source_.enums.end()) made.comment = own->comment;
      out_.schema.enums.push_back(std::move(made));
    }
    column.type = name.text();
    column.collation.clear();
  }

  void convert_default(const std::string& what, const Column& source, const ValueType& type, Column& column) {
    if (!source.default_value || source.identity) return;
    if (source.default_value->expression) {
      const auto text = translated_default(source.default_value->text);
      if (text.empty()) lose(what, "its default " + source.default_value->text + " has no counterpart");
      else column.default_value = Default{true, text};
      return;
    }
    std::string buffer;
    const auto canonical = canonical_text(type, Field::of(source.default_value->text), buffer);
    if (type.kind == Kind::bytes || type.kind == Kind::bits || (type.kind != Kind::boolean && !canonical.refusal.empty())) {
      lose(what, "its default " + source.default_value->text + " has no counterpart");
      return;
    }
    if (type.kind == Kind::boolean) column.default_value = Default{false, canonical.value.text == "1" ? "true" : "false"};
    else if (const auto why = misfit(type, sides_.to.rows().limits(sides_.to_server), canonical.value); !why.empty()) lose(what, "its default " + source.default_value->text + " is none there: " + why);
    else column.default_value = Default{false, std::string(canonical.value.text)};
  }

  std::string translated_default(const std::string& text) const {
    auto bare = lower(collapse_spaces(text));
    while (bare.starts_with("(") && bare.ends_with(")")) bare = std::string(trim(std::string_view(bare).substr(1, bare.size() - 2)));
    if (const auto open = bare.find('('); open != std::string::npos) bare.resize(open);
    static const std::set<std::string, std::less<>> now{"now", "current_timestamp", "localtimestamp", "transaction_timestamp", "statement_timestamp", "clock_timestamp", "localtime"};
    static const std::set<std::string, std::less<>> uuid{"gen_random_uuid", "uuid_generate_v4", "uuid"};
    if (now.contains(bare)) return "CURRENT_TIMESTAMP";
    if (bare == "current_date" || bare == "curdate") return "CURRENT_DATE";
    if (uuid.contains(bare)) return sides_.to.rows().random_uuid();
    if (bare.starts_with("nextval")) return "";
    return translate_sql(text, sides_.from, sides_.to);
  }

  void convert_generated(const std::string& what, const Table&, const Column& source, Column& column) {
    if (is_plain_arithmetic(source.generated->expression, sides_.from)) {
      column.generated = Generated{translate_sql(source.generated->expression, sides_.from, sides_.to), true};
      column.default_value.reset();
      return;
    }
    lose(what, "it is not computed there any more, and holds the values that it has");
  }

  // ---- keys ----

  std::vector<IndexPart> parts(const std::vector<IndexPart>& source) const {
    std::vector<IndexPart> out;
    if (one_family()) return source;
    for (const auto& part : source) {
      IndexPart own{.column = part.column, .expression = part.expression.empty() ? "" : translate_sql(part.expression, sides_.from, sides_.to)};
      own.descending = part.descending;
      out.push_back(std::move(own));
    }
    return out;
  }

  void weaker_unique(const Table& table, const std::string& what, const std::vector<IndexPart>& parts) {
    for (const auto& part : parts) {
      if (part.prefix_length > 0 && !one_family()) lose(named(table, what), fmt::format("it tells the whole of {} apart there, not its first {}", part.column, part.prefix_length));
      if (sides_.to.rows().keys_can_ignore_case()) continue;
      const auto* column = find_named(table.columns, part.column);
      if (column == nullptr || !sides_.from.rows().value_type(table, *column, source_, sides_.from_server).ignores_case) continue;
      lose(named(table, what), "it tells " + part.column + " apart by case there");
    }
  }

  void convert_keys(const Table& source, Table& table) {
    if (source.primary_key) {
      table.primary_key = PrimaryKey{.name = "", .parts = parts(source.primary_key->parts)};
      for (auto& part : table.primary_key->parts) part.descending = false;
      weaker_unique(source, "primary key", source.primary_key->parts);
    }
    for (const auto& unique : source.uniques) {
      table.uniques.push_back({.name = unique.name, .parts = parts(unique.parts), .comment = unique.comment});
      for (auto& part : table.uniques.back().parts) part.descending = false;
      weaker_unique(source, "unique " + unique.name, unique.parts);
      if (unique.nulls_not_distinct) lose(named(source, "unique " + unique.name), "NULLs are distinct there");
    }
    for (const auto& key : source.foreign_keys) {
      if (!out_.tables.contains(key.references)) {
        leave_out(named(source, "foreign key " + key.name), "the table " + key.references.text() + " is not copied");
        continue;
      }
      ForeignKey own{.name = key.name, .columns = key.columns, .references = out_.tables.at(key.references), .referenced_columns = key.referenced_columns, .on_delete = key.on_delete, .on_update = key.on_update};
      if (sides_.to_server.capabilities.deferrable_keys) own.deferrable = key.deferrable, own.initially_deferred = key.initially_deferred;
      for (auto* action : {&own.on_delete, &own.on_update}) {
        if (action->starts_with("set default") || action->find('(') != std::string::npos) {
          lose(named(source, "foreign key " + key.name), *action + " has no counterpart");
          action->clear();
        }
      }
      table.foreign_keys.push_back(std::move(own));
    }
    for (const auto& exclusion : source.exclusions) leave_out(named(source, "constraint " + exclusion.name), "there are no exclusion constraints");
    for (const auto& policy : source.policies) leave_out(named(source, "policy " + policy.name), "there are no policies");
  }

  void convert_checks(const Table& source, Table& table) {
    std::vector<Check> checks;
    for (const auto& column : source.columns) {
      // MariaDB names a column's own check after the column.
      const auto own = column.options.find("column_check");
      if (own == column.options.end()) continue;
      checks.push_back({.name = column.name, .expression = translate_sql(own->second, sides_.from, sides_.to)});
    }
    for (const auto& check : source.checks) {
      checks.push_back({.name = check.name, .expression = translate_sql(check.expression, sides_.from, sides_.to), .comment = check.comment});
    }
    const auto trial = [&](const std::vector<Check>& some) {
      Table copy = bare(table);
      copy.checks = some;
      // Names that may be there already, of a copy that goes on.
      for (std::size_t i = 0; i < copy.checks.size(); ++i) copy.checks[i].name = "migrate_probe_check_" + std::to_string(i);
      return probe_.refusal(copy, out_.schema.enums);
    };
    // Columns alone first: what is wrong with those is no fault of a check.
    settle_columns(source, table);
    if (checks.empty()) return;
    if (trial(checks).empty()) {
      table.checks = std::move(checks);
      return;
    }
    for (auto& check : checks) {
      if (const auto why = trial({check}); why.empty()) table.checks.push_back(check);
      else leave_out(named(source, "check " + check.name), why);
    }
  }

  /// The table's columns with nothing around them.
  static Table bare(const Table& table) {
    Table copy{.name = {"", "migrate_probe"}, .columns = table.columns};
    for (auto& column : copy.columns) column.identity.reset();
    return copy;
  }

  /// Takes away defaults and expressions that the target refuses.
  void settle_columns(const Table& source, Table& table) {
    if (std::none_of(table.columns.begin(), table.columns.end(), [](const Column& column) { return column.default_value || column.generated; })) return;
    if (probe_.refusal(bare(table), out_.schema.enums).empty()) return;
    for (auto& column : table.columns) {
      if (!column.default_value && !column.generated) continue;
      Table one = bare(table);
      for (auto& other : one.columns) {
        if (other.name != column.name) other.default_value.reset(), other.generated.reset();
      }
      const auto why = probe_.refusal(one, out_.schema.enums);
      if (why.empty()) continue;
      lose(named(source, "column " + column.name), (column.generated ? "it is not computed there any more: " : "its default " + column.default_value->text + " is none there: ") + why);
      column.default_value.reset();
      column.generated.reset();
    }
  }

  void convert_indexes(const Table& source, Table& table) {
    static const std::set<std::string, std::less<>> plain{"", "btree", "hash"};
    for (const auto& index : source.indexes) {
      const auto what = named(source, "index " + index.name);
      if (!plain.contains(index.method)) {
        leave_out(what, "an index of the kind " + index.method + " has no counterpart");
        continue;
      }
      Index own{.name = index.name, .parts = parts(index.parts), .unique = index.unique, .comment = index.comment};
      if (!index.where.empty()) own.where = translate_sql(index.where, sides_.from, sides_.to);
      const bool asks = !own.where.empty() || std::any_of(own.parts.begin(), own.parts.end(), [](const IndexPart& part) { return !part.expression.empty(); });
      if (asks) {
        Table trial = bare(table);
        trial.indexes = {own};
        trial.indexes[0].name = "migrate_probe_index";
        if (const auto why = probe_.refusal(trial, out_.schema.enums); !why.empty()) {
          leave_out(what, why);
          continue;
        }
      }
      if (index.unique) weaker_unique(source, "index " + index.name, index.parts);
      table.indexes.push_back(std::move(own));
    }
  }

  bool can_number_itself(const Table& table, const Column& column) const {
    const auto rule = sides_.to.rows().self_numbering();
    if (rule == SelfNumbering::any_column) return true;
    if (!table.primary_key || table.primary_key->parts.empty() || table.primary_key->parts[0].column != column.name) return false;
    return rule == SelfNumbering::first_of_key || table.primary_key->parts.size() == 1;
  }

  /// A column that numbers itself has to lead a key on engines that number by the table.
  void settle_identity(const Table& source, Table& table) {
    for (auto& column : table.columns) {
      if (!column.identity) continue;
      if (can_number_itself(table, column)) {
        column.default_value.reset();
        continue;
      }
      column.identity.reset();
      lose(named(source, "column " + column.name), "it does not number itself there");
    }
  }

  // ---- the rest ----

  /// The target says what it does not take of its family's language.
  void convert_programs() {
    if (one_family()) {
      out_.schema.routines = source_.routines;
      for (const auto& table : source_.tables) {
        const auto name = out_.tables.find(table.name);
        auto* own = name == out_.tables.end() ? nullptr : find_named(out_.schema.tables, name->second);
        if (own != nullptr) own->triggers = table.triggers;
      }
      return;
    }
    const std::string elsewhere = "it is written in the language of the other engine";
    for (const auto& routine : source_.routines) leave_out((routine.kind == Routine::Kind::procedure ? "procedure " : "function ") + routine.name.text(), elsewhere);
    for (const auto& table : source_.tables) {
      for (const auto& trigger : table.triggers) leave_out("trigger " + trigger.name + " of " + table.name.text(), elsewhere);
    }
  }

  void leave_out_the_rest() {
    convert_programs();
    for (const auto& view : source_.views) {
      View own{.name = target_name_of_view(view.name), .definition = translate_sql(view.definition, sides_.from, sides_.to), .columns = view.columns, .comment = view.comment};
      if (view.materialized) leave_out("materialized view " + view.name.text(), "there are none");
      else out_.schema.views.push_back(std::move(own));
    }
    for (const auto& definition : source_.definitions) leave_out(definition.kind + " " + definition.name.text(), "there is no counterpart");
    for (const auto& domain : source_.domains) lose("domain " + domain.name.text(), domain.checks.empty() ? "its columns have the type behind it" : "its columns have the type behind it, without its checks");
    const auto counts_a_column = [&](const Sequence& sequence) {
      return std::any_of(source_.tables.begin(), source_.tables.end(), [&](const Table& table) {
        return std::any_of(table.columns.begin(), table.columns.end(), [&](const Column& column) {
          return numbers_from_sequence(column) && column.default_value->text.find(sequence.name.name) != std::string::npos;
        });
      });
    };
    for (const auto& sequence : source_.sequences) {
      if (!counts_a_column(sequence)) leave_out("sequence " + sequence.name.text(), "there is no counterpart");
    }
  }

  QualifiedName target_name_of_view(const QualifiedName& name) const {
    if (name.schema.empty() || sides_.to_server.capabilities.schemas) return name;
    return {"", name.schema + "_" + name.name};
  }

  /// Names of parts that another engine wants to be told apart in the whole schema.
  void distinct_names() {
    std::set<std::string> used;
    for (const auto& table : out_.schema.tables) used.insert(lower(table.name.name));
    const auto name_by_rule = [](auto& part, const std::string& wanted) {
      if (!part.name.empty()) return;
      part.name = slug(wanted, 60);
      part.declared.generated_name = true;
    };
    for (auto& table : out_.schema.tables) {
      for (auto& unique : table.uniques) name_by_rule(unique, "uq_" + table.name.name + "_" + join(column_names(unique.parts), "_"));
      for (auto& key : table.foreign_keys) name_by_rule(key, "fk_" + table.name.name + "_" + join(key.columns, "_"));
      for (std::size_t i = 0; i < table.checks.size(); ++i) name_by_rule(table.checks[i], "ck_" + table.name.name + "_" + std::to_string(i + 1));
    }
    const auto settle = [&](const Table& table, std::string& name, const char* kind) {
      if (equal_ignoring_case(name, "primary")) name = "primary_key";
      std::string wanted = name.substr(0, 60);
      if (used.contains(lower(wanted))) wanted = slug(table.name.name + "_" + name, 60);
      for (int i = 2; used.contains(lower(wanted)); ++i) wanted = slug(table.name.name + "_" + name, 55) + "_" + std::to_string(i);
      used.insert(lower(wanted));
      if (wanted != name) lose(named(table, std::string(kind) + " " + name), "it is called " + wanted + " there");
      name = wanted;
    };
    for (auto& table : out_.schema.tables) {
      for (auto& index : table.indexes) settle(table, index.name, "index");
      for (auto& unique : table.uniques) settle(table, unique.name, "unique");
      for (auto& key : table.foreign_keys) settle(table, key.name, "foreign key");
      for (auto& check : table.checks) settle(table, check.name, "check");
    }
  }

  const Schema& source_;
  const ConvertSides& sides_;
  Probe probe_;
  Converted out_;
  std::set<std::pair<QualifiedName, std::string>> numbering_;
  long long key_characters_ = 191;
};

/// Options of the database stay the target's own.
Converted as_it_is(const Schema& source) {
  Converted out{.schema = source, .losses = {}, .tables = {}};
  for (const auto& table : source.tables) out.tables.emplace(table.name, table.name);
  return out;
}

}  // namespace

Converted convert_schema(const Schema& source, const ConvertSides& sides) { return sides.same() ? as_it_is(source) : Converter(source, sides).run(); }

Schema bare_schema(const Schema& full, const Dialect& dialect) {
  const auto form = dialect.rows().load_form();
  Schema bare = full;
  bare.views.clear();
  bare.routines.clear();
  // What a default calls is made behind the rows, and the default with it.
  const auto calls_routine = [&](const std::string& text) {
    return std::any_of(full.routines.begin(), full.routines.end(), [&](const Routine& routine) { return text.find(routine.name.name + "(") != std::string::npos || text.find(routine.name.name + "\"(") != std::string::npos; });
  };
  std::erase_if(bare.definitions, [](const Definition& definition) { return definition.kind != "type"; });
  bare.dependencies = {};
  for (auto& table : bare.tables) {
    table.triggers.clear();
    table.policies.clear();
    for (auto& column : table.columns) {
      if (column.default_value && column.default_value->expression && calls_routine(column.default_value->text)) column.default_value.reset();
    }
    for (const auto* option : {"row_security", "force_row_security"}) table.options.erase(option);
    // A column that numbers itself leads a key where that is asked for.
    const auto needed = [&](const std::vector<IndexPart>& parts) {
      const auto* column = form.primary_key && !parts.empty() ? find_named(table.columns, parts[0].column) : nullptr;
      return column != nullptr && column->identity;
    };
    std::erase_if(table.indexes, [&](const Index& index) { return !needed(index.parts); });
    if (!form.constraints) {
      std::erase_if(table.uniques, [&](const Unique& unique) { return !needed(unique.parts); });
      table.foreign_keys.clear();
      table.checks.clear();
      table.exclusions.clear();
    }
    if (!form.primary_key) table.primary_key.reset();
  }
  return bare;
}

}  // namespace migrate
