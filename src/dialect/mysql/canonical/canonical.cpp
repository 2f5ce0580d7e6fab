// A declared schema in the server's own terms, without asking it.

#include "dialect/mysql/canonical/canonical.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "core/sha256.hpp"
#include "core/text.hpp"
#include "dialect/mysql/canonical/canonical_column.hpp"
#include "dialect/mysql/canonical/create_table.hpp"
#include "dialect/mysql/canonical/programs.hpp"
#include "dialect/mysql/canonical/provenance.hpp"
#include "dialect/mysql/canonical/sequence.hpp"
#include "dialect/mysql/sql/context.hpp"
#include "dialect/mysql/sql/expression.hpp"
#include "dialect/mysql/sql/text.hpp"
#include "dialect/mysql/sql/types.hpp"
#include "schema/lookup.hpp"

namespace migrate::mysql {
namespace {

constexpr std::size_t longest_name = 64;  // characters

std::size_t characters(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

/// A name that a rule made and that is too long keeps its beginning and gets a digest of the whole.
void fit_name(std::string& name, const Declaration& declared, std::string_view what) {
  if (characters(name) <= longest_name) return;
  if (!declared.generated_name) {
    throw Error{ErrorKind::usage, fmt::format("{} {}: the name is longer than {} characters", what, name, longest_name), "choose a shorter name", declared.location};
  }
  std::size_t bytes = 0;
  for (std::size_t count = 0; bytes < name.size(); ++bytes) {
    if ((static_cast<unsigned char>(name[bytes]) & 0xC0) != 0x80 && ++count > 55) break;
  }
  name = name.substr(0, bytes) + "_" + sha256(name).substr(0, 8);
}

[[noreturn]] void cannot(const std::string& what, const Location& location, const std::string& hint = {}) {
  throw Error{ErrorKind::usage, what, hint, location};
}

std::string action(std::string text, const Location& location) {
  text = lower(collapse_spaces(text));
  if (text == "restrict" || text == "no action") return {};
  if (text == "set default") cannot("ON DELETE or ON UPDATE SET DEFAULT: InnoDB refuses it", location, "use set null, cascade or no action");
  if (text.starts_with("set null") && text != "set null") cannot("SET NULL for some columns only: MySQL and MariaDB have no such action", location);
  return text;
}

std::string engine_name(const std::string& name) {
  for (const auto* known : {"InnoDB", "MyISAM", "Aria", "MEMORY", "CSV", "ARCHIVE", "BLACKHOLE", "MRG_MyISAM", "SPIDER", "CONNECT", "FEDERATED", "ROCKSDB",
                            "Mroonga", "S3", "OQGRAPH", "SPHINX", "Columnstore", "ndbcluster", "SEQUENCE"}) {
    if (equal_ignoring_case(name, known)) return known;
  }
  return name;
}

class TableCanonicalizer {
 public:
  TableCanonicalizer(Table& table, const Context& context, const Schema& schema) : table_(table), context_(context), schema_(schema) {}

  void run() {
    where_ = table_.declared.location;
    fit_name(table_.name.name, table_.declared, "table");
    names_ = names_of_columns(table_);
    options();
    const auto collation = table_collation(table_, context_.collation);
    for (auto& column : table_.columns) {
      fit_name(column.name, column.declared, "column");
      canonicalize_column(column, context_, names_, collation);
    }
    implicit_timestamps();
    primary_key();
    move_unique_indexes();
    for (auto& unique : table_.uniques) key(unique);
    for (auto& index : table_.indexes) this->index(index);
    settle_periods(table_);
    leave_out_block_sizes(table_, context_);
    for (auto& key : table_.foreign_keys) foreign_key(key);
    for (auto& check : table_.checks) this->check(check);
    if (!table_.exclusions.empty()) cannot(fmt::format("table {}: MySQL has no exclusion constraints", table_.name.text()), where_);
    if (!table_.policies.empty()) cannot(fmt::format("table {}: MySQL has no row-level security", table_.name.text()), where_);
    implied_indexes();
    triggers();
  }

 private:
  void options() {
    auto& options = table_.options;
    const auto charset = option(options, "charset");
    const auto collation = option(options, "collation");
    set_table_collation(table_, resolve_collation(context_, charset, collation, context_.collation), context_.collation);
    options.erase("auto_increment");
    if (options.contains("engine")) {
      auto& engine = options["engine"];
      engine = engine_name(engine);
      if (equal_ignoring_case(engine, context_.engine)) options.erase("engine");
    }
    if (options.contains("partition_by")) options["partition_by"] = normal_partitions(options["partition_by"], context_, names_);
    for (const auto* flag : {"system_versioning", "with_system_versioning"}) {
      if (!options.contains(flag)) continue;
      const bool on = is_on(options, flag);
      options.erase(flag);
      if (on) options["system_versioning"] = "true";
    }
    for (const auto* key : {"row_format", "stats_persistent", "stats_auto_recalc", "pack_keys"}) {
      if (!options.contains(key)) continue;
      options[key] = lower(options[key]);
      if (options[key] == "default" || options[key].empty()) options.erase(key);
    }
    for (const auto* key : {"key_block_size", "max_rows", "min_rows", "avg_row_length", "checksum", "delay_key_write"}) {
      if (option(options, key) == "0") options.erase(key);
    }
  }

  /// Without explicit_defaults_for_timestamp the server gives every NOT NULL timestamp a default by itself.
  void implicit_timestamps() {
    if (context_.explicit_timestamps) return;
    bool first = true;
    for (auto& column : table_.columns) {
      if (!column.type.starts_with("timestamp")) continue;
      const bool none = !column.nullable && !column.default_value && !column.options.contains("on_update");
      const auto precision = column.type.substr(std::string_view("timestamp").size());
      const auto now = "current_timestamp" + (precision.empty() ? std::string("()") : precision);
      if (none && first) {
        column.default_value = Default{true, now};
        column.options["on_update"] = now;
      } else if (none) {
        column.default_value = Default{false, canonical_literal(read_type(column.type, context_), "0000-00-00 00:00:00")};
      }
      first = false;
    }
  }

  void primary_key() {
    if (!table_.primary_key) return;
    auto& key = *table_.primary_key;
    key.name.clear();
    if (!key.include.empty()) cannot(fmt::format("table {}: MySQL has no INCLUDE columns in keys", table_.name.text()), where_);
    refuse_deferrable(key.deferrable, "primary key", where_);
    parts(key.parts, false, where_);
    for (const auto& part : key.parts) {
      if (auto* column = find_named(table_.columns, part.column)) column->nullable = false;
    }
  }

  static void refuse_deferrable(bool deferrable, const std::string& what, const Location& location) {
    if (deferrable) cannot(fmt::format("{}: MySQL has no deferrable constraints", what), location, "override it: mysql: {deferrable: false}");
  }

  void parts(std::vector<IndexPart>& parts, bool plain, const Location& location) {
    for (auto& part : parts) {
      if (!part.expression.empty()) {
        if (context_.mariadb) {
          cannot(fmt::format("an index of table {} over an expression: MariaDB has none", table_.name.text()), location,
                 "add a generated column with the expression and index that");
        }
        part.expression = bare_expression(part.expression, context_, names_);
      }
      if (part.nulls_first && *part.nulls_first != !part.descending) {
        cannot(fmt::format("an index of table {}: MySQL sorts NULLs first, and last when descending", table_.name.text()), location);
      }
      part.nulls_first.reset();
      if (context_.mariadb && context_.version < 100800) part.descending = false;  // read and ignored before 10.8
      if (plain) part.descending = false;
      if (!part.collation.empty() || (!part.opclass.empty() && part.opclass != "without overlaps")) {
        cannot(fmt::format("an index of table {}: MySQL knows no collation or operator class in an index", table_.name.text()), location);
      }
      for (const auto& name : names_) {
        if (equal_ignoring_case(name, part.column)) part.column = name;
      }
      whole_prefix(part);
    }
  }

  /// A prefix as long as the column is none.
  void whole_prefix(IndexPart& part) const {
    const auto* column = find_named(table_.columns, part.column);
    if (part.prefix_length == 0 || column == nullptr) return;
    const auto type = read_type(column->type, context_);
    const bool sized = type.base == "varchar" || type.base == "char" || type.base == "varbinary" || type.base == "binary";
    if (sized && !type.arguments.empty() && type.arguments[0] == std::to_string(part.prefix_length)) part.prefix_length = 0;
  }

  /// In MySQL a unique index is a unique key.
  void move_unique_indexes() {
    auto& indexes = table_.indexes;
    for (auto it = indexes.begin(); it != indexes.end();) {
      if (!it->unique) {
        ++it;
        continue;
      }
      if (!it->where.empty()) refuse_partial(*it);
      Unique unique{.name = it->name, .parts = it->parts, .include = it->include, .nulls_not_distinct = it->nulls_not_distinct,
                    .comment = it->comment, .options = it->options, .declared = it->declared};
      if (!it->method.empty() && lower(it->method) != "btree") unique.options["using"] = lower(it->method);
      table_.uniques.push_back(std::move(unique));
      it = indexes.erase(it);
    }
  }

  static void refuse_partial(const Index& index) {
    cannot(fmt::format("index {}: MySQL has no partial indexes (where)", index.name), index.declared.location,
           "leave it out for this engine, or index a generated column that is NULL outside the condition");
  }

  static void key_options(Options& options) {
    const bool hidden = is_on(options, "invisible") || is_on(options, "ignored");
    options.erase("ignored");
    options.erase("invisible");
    if (hidden) options["invisible"] = "true";
    if (options.contains("using")) {
      options["using"] = lower(options["using"]);
      if (options["using"] == "btree") options.erase("using");
    }
  }

  void key(Unique& unique) {
    fit_name(unique.name, unique.declared, "unique key");
    if (!unique.include.empty()) cannot(fmt::format("unique key {}: MySQL has no INCLUDE columns", unique.name), unique.declared.location);
    if (unique.nulls_not_distinct) cannot(fmt::format("unique key {}: in MySQL NULLs are always distinct", unique.name), unique.declared.location);
    refuse_deferrable(unique.deferrable, "unique key " + unique.name, unique.declared.location);
    parts(unique.parts, false, unique.declared.location);
    if (lower(option(unique.options, "using")) == "btree") unique.declared.spelling["method"] = "btree";
    key_options(unique.options);
  }

  void index(Index& index) {
    fit_name(index.name, index.declared, "index");
    if (!index.where.empty()) refuse_partial(index);
    if (!index.include.empty()) cannot(fmt::format("index {}: MySQL has no INCLUDE columns", index.name), index.declared.location, "add them to the columns");
    index.nulls_not_distinct = false;
    index.method = lower(index.method);
    if (const auto type = lower(option(index.options, "type")); type == "fulltext" || type == "spatial") {
      index.method = type;
      index.options.erase("type");
    }
    if (index.method == "btree") index.declared.spelling["method"] = std::exchange(index.method, "");
    static const std::vector<std::string> methods = {"", "fulltext", "spatial", "hash", "rtree", "vector"};
    if (std::find(methods.begin(), methods.end(), index.method) == methods.end()) {
      cannot(fmt::format("index {}: MySQL has no index method {}", index.name, index.method), index.declared.location, "one of btree, hash, fulltext, spatial");
    }
    parts(index.parts, index.method == "fulltext" || index.method == "spatial", index.declared.location);
    key_options(index.options);
  }

  void foreign_key(ForeignKey& key) {
    const auto& location = key.declared.location;
    fit_name(key.name, key.declared, "foreign key");
    refuse_deferrable(key.deferrable, "foreign key " + key.name, location);
    if (key.references.schema == context_.database) key.references.schema.clear();
    if (context_.lower_case_names) key.references.name = lower(key.references.name);
    if (key.referenced_columns.empty()) {
      const auto* target = find_named(schema_.tables, key.references);
      if (target == nullptr || !target->primary_key) {
        cannot(fmt::format("foreign key {}: the columns of {} that it references are not known: it has no primary key in the model", key.name,
                           key.references.text()), location, "name them: references: table(column)");
      }
      key.referenced_columns = column_names(target->primary_key->parts);
    }
    for (const auto& [property, written] : {std::pair{"on_delete", &key.on_delete}, std::pair{"on_update", &key.on_update}}) {
      if (lower(collapse_spaces(*written)) == "no action") key.declared.spelling[property] = "no action";
    }
    key.on_delete = action(key.on_delete, location);
    key.on_update = action(key.on_update, location);
    key.match.clear();
    key.not_valid = false;
  }

  void check(Check& check) {
    fit_name(check.name, check.declared, "check");
    check.expression = bare_expression(check.expression, context_, names_);
    check.no_inherit = check.not_valid = false;
    if (check.not_enforced && context_.mariadb) cannot(fmt::format("check {}: MariaDB enforces every check", check.name), check.declared.location);
  }

  static bool covers(const std::vector<IndexPart>& parts, const std::vector<std::string>& columns) {
    if (parts.size() < columns.size()) return false;
    for (std::size_t i = 0; i < columns.size(); ++i) {
      if (parts[i].column != columns[i] || parts[i].prefix_length != 0) return false;
    }
    return true;
  }

  bool covered(const std::vector<std::string>& columns) const {
    const auto any = [&](const auto& keys) {
      return std::any_of(keys.begin(), keys.end(), [&](const auto& key) { return covers(key.parts, columns); });
    };
    const bool by_index = std::any_of(table_.indexes.begin(), table_.indexes.end(), [&](const Index& index) {
      return index.method != "fulltext" && index.method != "spatial" && covers(index.parts, columns);
    });
    return by_index || any(table_.uniques) || (table_.primary_key && covers(table_.primary_key->parts, columns));
  }

  /// InnoDB makes an index for a foreign key where no other serves it; the widest keys first, as one may serve two.
  void implied_indexes() {
    if (table_.options.contains("engine")) return;
    std::vector<const ForeignKey*> keys;
    for (const auto& key : table_.foreign_keys) keys.push_back(&key);
    std::stable_sort(keys.begin(), keys.end(), [](const auto* a, const auto* b) { return a->columns.size() > b->columns.size(); });
    for (const auto* key : keys) {
      if (covered(key->columns)) continue;
      Index index{.name = key->name, .parts = parts_of(key->columns)};
      const auto taken = [&](const std::string& name) { return find_named(table_.indexes, name) != nullptr || find_named(table_.uniques, name) != nullptr; };
      for (int i = 2; taken(index.name); ++i) index.name = key->name.substr(0, 60) + "_" + std::to_string(i);
      index.declared.generated_name = true;
      index.declared.location = key->declared.location;
      table_.indexes.push_back(std::move(index));
    }
  }

  /// A trigger's place among those of the same moment is part of its text.
  void triggers() {
    std::map<std::string, std::string> last;
    for (auto& trigger : table_.triggers) {
      auto text = read_trigger(trigger.definition, context_, trigger.options, trigger.declared.location);
      canonicalize_provenance(trigger.options, text.body, context_);
      text.name = trigger.name;
      text.table = table_.name.name;
      auto& previous = last[text.timing + text.event];
      text.order = previous.empty() ? "" : "FOLLOWS " + quote_name(previous);
      previous = trigger.name;
      trigger.table = table_.name;
      trigger.definition = text.text();
    }
  }

  Table& table_;
  const Context& context_;
  const Schema& schema_;
  Location where_;
  std::vector<std::string> names_;
};

void expand_domain(Table& table, Column& column, const Domain& domain) {
  column.type = domain.type;
  if (!domain.nullable) column.nullable = false;
  if (!column.default_value) column.default_value = domain.default_value;
  if (column.collation.empty()) column.collation = domain.collation;
  for (const auto& check : domain.checks) {
    std::string text;
    std::size_t from = 0;
    for (const auto& token : tokenize(check.expression, lexical_rules())) {
      if (!token.is("VALUE")) continue;
      text += check.expression.substr(from, token.offset - from) + quote_name(column.name);
      from = token.offset + token.text.size();
    }
    Check copy{.name = "ck_" + table.name.name + "_" + column.name + "_" + (check.name.empty() ? domain.name.name : check.name),
               .expression = text + check.expression.substr(from), .declared = check.declared};
    copy.declared.generated_name = true;
    table.checks.push_back(std::move(copy));
  }
}

/// Enum types and domains become part of the columns that use them.
void expand_types(Schema& schema) {
  for (auto& table : schema.tables) {
    for (auto& column : table.columns) {
      for (int depth = 0; depth < 8; ++depth) {
        const auto domain = std::find_if(schema.domains.begin(), schema.domains.end(), [&](const Domain& d) { return d.name.text() == column.type || d.name.name == column.type; });
        if (domain == schema.domains.end()) break;
        expand_domain(table, column, *domain);
      }
      const auto type = std::find_if(schema.enums.begin(), schema.enums.end(), [&](const EnumType& e) { return e.name.text() == column.type || e.name.name == column.type; });
      if (type == schema.enums.end()) continue;
      std::vector<std::string> values;
      for (const auto& value : type->values) values.push_back(quote_text(value));
      column.type = "enum(" + join(values, ",") + ")";
      if (column.declared.value_renames.empty()) column.declared.value_renames = type->declared.value_renames;
    }
  }
  schema.enums.clear();
  schema.domains.clear();
}

void database_options(Schema& schema, const ServerInfo& server) {
  const auto context = context_of(server);
  const auto collation = resolve_collation(context, option(schema.options, "charset"), option(schema.options, "collation"), context.collation);
  schema.options["collation"] = collation;
  schema.options["charset"] = charset_of(collation);
}

void lower_names(Schema& schema) {
  for (auto& table : schema.tables) {
    table.name.name = lower(table.name.name);
    for (auto& trigger : table.triggers) trigger.table = table.name;
  }
  for (auto& view : schema.views) view.name.name = lower(view.name.name);
  for (auto& sequence : schema.sequences) sequence.name.name = lower(sequence.name.name);
}

}  // namespace

void canonicalize_schema(Schema& declared, const ServerInfo& server) {
  database_options(declared, server);
  const auto context = context_of(server, declared);
  if (context.lower_case_names) lower_names(declared);
  expand_types(declared);
  declared.extensions.clear();
  for (auto& table : declared.tables) TableCanonicalizer(table, context, declared).run();
  for (auto& view : declared.views) {
    fit_name(view.name.name, view.declared, "view");
    if (view.materialized) cannot(fmt::format("view {}: MySQL has no materialized views", view.name.text()), view.declared.location, "make it a table, or a plain view");
    if (!view.triggers.empty()) cannot(fmt::format("view {}: MySQL has no triggers on views", view.name.text()), view.declared.location);
    canonicalize_view(view, context);
    canonicalize_provenance(view.options, view.definition, context);
  }
  for (auto& routine : declared.routines) {
    fit_name(routine.name.name, routine.declared, "routine");
    canonicalize_routine(routine, context);
    canonicalize_provenance(routine.options, routine.definition, context);
  }
  for (auto& definition : declared.definitions) {
    if (lower(definition.kind) != "event") cannot(fmt::format("MySQL has no objects of kind {} ({})", definition.kind, definition.name.text()), definition.declared.location);
    definition.kind = "event";
    canonicalize_event(definition, context);
    canonicalize_provenance(definition.options, definition.definition, context);
  }
  for (auto& sequence : declared.sequences) {
    if (!context.mariadb) cannot(fmt::format("sequence {}: MySQL has no sequences", sequence.name.text()), sequence.declared.location, "use an identity column");
    canonicalize_sequence(sequence);
  }
}

}  // namespace migrate::mysql
