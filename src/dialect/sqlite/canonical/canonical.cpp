#include "dialect/sqlite/canonical/canonical.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <unordered_map>

#include "core/text.hpp"
#include "dialect/sqlite/canonical/ddl.hpp"
#include "dialect/sqlite/canonical/virtual.hpp"
#include "dialect/sqlite/sql/split.hpp"
#include "dialect/sqlite/sql/text.hpp"
#include "dialect/sqlite/sql/types.hpp"
#include "schema/lookup.hpp"

namespace migrate::sqlite {
namespace {

[[noreturn]] void refuse(const std::string& what, const std::string& hint, const Location& location) {
  throw Error{ErrorKind::usage, what, hint, location};
}

/// Text that is going to stand inside parentheses or at the end of a statement must be whole: closed quotes and
/// parentheses, and no ';' that would end the statement.
void require_whole(std::string_view sql, const std::string& what, const Location& location) {
  int depth = 0;
  try {
    Lexer lexer(sql, lexical_rules());
    for (Token token{}; lexer.next(token);) {
      if (token.is_symbol("(")) ++depth;
      if (token.is_symbol(")") && --depth < 0) break;
      if (token.is_symbol(";")) refuse(what + " holds a ';'", "write one expression or query", location);
    }
  } catch (const Error& error) {
    if (error.location.file == location.file && error.hint == "write one expression or query") throw;
    refuse(what + ": " + error.message(), error.hint, location);
  }
  if (depth != 0) refuse(what + " has unbalanced parentheses", "", location);
}

void check_options(Options& options, std::initializer_list<std::string_view> known, const std::string& what, const Location& location) {
  for (auto it = options.begin(); it != options.end();) {
    if (std::find(known.begin(), known.end(), it->first) == known.end()) {
      const std::vector<std::string> names(known.begin(), known.end());
      refuse(what + ": SQLite knows no option '" + it->first + "'", names.empty() ? "" : did_you_mean(it->first, names), location);
    }
    it->second = lower(it->second);
    if (it->second == "false" || it->second.empty()) it = options.erase(it);
    else ++it;
  }
}

void check_conflict(const Options& options, const std::string& key, const std::string& what, const Location& location) {
  static const std::vector<std::string> actions{"rollback", "abort", "fail", "ignore", "replace"};
  const auto it = options.find(key);
  if (it == options.end() || std::find(actions.begin(), actions.end(), it->second) != actions.end()) return;
  refuse(fmt::format("{}: {} cannot be '{}'", what, key, it->second), "rollback, abort, fail, ignore or replace", location);
}

void canonicalize_name(QualifiedName& name, const std::string& what, const Location& location) {
  if (equal_ignoring_case(name.schema, "main")) name.schema.clear();
  if (!name.schema.empty()) refuse(what + " " + name.text() + " names a schema, and SQLite has none", "leave the schema out", location);
  if (starts_with_ignoring_case(name.name, "sqlite_")) {
    refuse(what + " " + name.name + ": SQLite keeps names that start with sqlite_ for itself", "give it another name", location);
  }
}

class TableCanonicalizer {
 public:
  TableCanonicalizer(Table& table, const std::unordered_map<std::string, const EnumType*>& enums,
                     const std::unordered_map<std::string, const Domain*>& domains)
      : table_(table), enums_(enums), domains_(domains) {}

  void run() {
    canonicalize_name(table_.name, "table", table_.declared.location);
    table_.comment.clear();
    table_.policies.clear();
    check_options(table_.options, {"strict", "without_rowid"}, what(""), table_.declared.location);
    for (auto& [key, value] : table_.options) value = "true";
    if (!table_.exclusions.empty()) {
      refuse(what("SQLite has no exclusion constraints"), "leave it out for SQLite with `sqlite:`", table_.exclusions[0].declared.location);
    }
    for (auto& column : table_.columns) canonicalize_type(column);
    for (auto& column : table_.columns) canonicalize_values(column);
    canonicalize_primary_key();
    for (auto& unique : table_.uniques) canonicalize_unique(unique);
    for (auto& key : table_.foreign_keys) canonicalize_foreign_key(key);
    for (auto& check : table_.checks) canonicalize_check(check);
    for (auto& index : table_.indexes) canonicalize_index(index);
    settle_table(table_);
  }

 private:
  [[nodiscard]] std::string what(const std::string& part) const {
    return "table " + table_.name.text() + (part.empty() ? "" : ": " + part);
  }
  [[nodiscard]] std::string column_name(const Column& column) const { return "column " + table_.name.text() + "." + column.name; }

  // ---- columns ----

  void canonicalize_type(Column& column) {
    column.comment.clear();
    const std::string written = column.type;
    for (int depth = 0; depth < 16; ++depth) {
      const auto domain = domains_.find(lower(column.type));
      if (domain == domains_.end()) break;
      resolve_domain(column, *domain->second);
    }
    if (const auto type = enums_.find(lower(column.type)); type != enums_.end()) resolve_enum(column, *type->second);
    column.type = canonical_or_refused(column);
    if (is_serial(column.type)) {
      column.type = "integer";
      column.identity = Identity{};
    }
    if (column.identity) {
      column.identity = Identity{};
      column.type = "integer";
    }
    if (table_.options.contains("strict")) column.type = strict_type(column.type);
    if (canonical_type_quietly(written) == column.type) keep_spelling(column.declared, "type", written, column.type);
    check_options(column.options, {"not_null_conflict"}, column_name(column), column.declared.location);
    check_conflict(column.options, "not_null_conflict", column_name(column), column.declared.location);
  }

  std::string canonical_or_refused(const Column& column) const {
    try {
      if (is_readable_type(column.type)) return canonical_type(column.type);
    } catch (const Error&) {  // an unterminated quote
    }
    refuse(fmt::format("{}: SQLite cannot read the type '{}'", column_name(column), column.type),
           "give the column another type there: sqlite: {type: text}", column.declared.location);
  }

  static std::string canonical_type_quietly(const std::string& type) {
    try {
      return canonical_type(type);
    } catch (const Error&) {
      return {};
    }
  }

  void resolve_domain(Column& column, const Domain& domain) {
    column.type = domain.type;
    column.nullable = column.nullable && domain.nullable;
    if (!column.default_value) column.default_value = domain.default_value;
    if (column.collation.empty()) column.collation = domain.collation;
    for (std::size_t i = 0; i < domain.checks.size(); ++i) {
      const std::string suffix = domain.checks.size() > 1 ? "_" + std::to_string(i + 1) : "";
      Check check{.name = free_check_name("ck_" + table_.name.name + "_" + column.name + suffix),
                  .expression = replace_identifier(domain.checks[i].expression, "value", column.name)};
      check.declared.generated_name = true;
      check.declared.location = column.declared.location;
      table_.checks.push_back(std::move(check));
    }
  }

  void resolve_enum(Column& column, const EnumType& type) {
    column.type = "text";
    std::vector<std::string> values;
    for (const auto& value : type.values) values.push_back(quote_text(value));
    Check check{.expression = quote_name(column.name) + " IN (" + join(values, ", ") + ")"};
    check.name = free_check_name("ck_" + table_.name.name + "_" + column.name);
    check.declared.generated_name = true;
    check.declared.location = column.declared.location;
    check.declared.value_renames = type.declared.value_renames;
    table_.checks.push_back(std::move(check));
  }

  std::string free_check_name(const std::string& wanted) const {
    std::string name = wanted;
    for (int i = 2; find_named(table_.checks, name) != nullptr; ++i) name = wanted + "_" + std::to_string(i);
    return name;
  }

  void canonicalize_values(Column& column) {
    const Location& location = column.declared.location;
    if (column.default_value) canonicalize_default(column);
    if (column.generated) {
      require_whole(column.generated->expression, column_name(column) + ": generated", location);
      const std::string written = column.generated->expression;
      column.generated->expression = canonical_expression(written, table_.columns, table_.name.name);
      keep_spelling(column.declared, "generated", written, column.generated->expression);
    }
    for (const auto* hint : {&column.declared.cast, &column.declared.backfill}) require_whole(*hint, column_name(column) + ": cast or backfill", location);
    if (!column.collation.empty()) {
      const std::string written = column.collation;
      column.collation = lower(written);
      keep_spelling(column.declared, "collation", written, column.collation);
    }
  }

  void canonicalize_default(Column& column) {
    const Default given = *column.default_value;
    if (given.expression) {
      require_whole(given.text, column_name(column) + ": default", column.declared.location);
      const std::string own = own_default_function(given.text);
      column.default_value = canonical_default("(" + own + ")", column.type, table_.columns);
      if (column.default_value && column.default_value->expression && default_sql(*column.default_value, column.type) != own) {
        keep_spelling(column.declared, "default", "(" + own + ")", default_sql(*column.default_value, column.type));
      }
      return;
    }
    const bool boolean = affinity_of(column.type) != Affinity::text && affinity_of(column.type) != Affinity::blob;
    if (boolean && equal_ignoring_case(given.text, "true")) column.default_value = Default{false, "1"};
    else if (boolean && equal_ignoring_case(given.text, "false")) column.default_value = Default{false, "0"};
  }

  // ---- constraints ----

  void canonicalize_parts(std::vector<IndexPart>& parts, const std::string& user, const Location& location, Declaration* declared) {
    for (std::size_t i = 0; i < parts.size(); ++i) {
      IndexPart& part = parts[i];
      part.opclass.clear();
      part.prefix_length = 0;
      part.nulls_first.reset();
      part.collation = lower(part.collation);
      if (part.expression.empty()) continue;
      require_whole(part.expression, what(user), location);
      const std::string written = part.expression;
      part.expression = canonical_expression(written, table_.columns, table_.name.name);
      if (declared != nullptr && part.collation.empty() && !part.descending) {
        keep_spelling(*declared, "part " + std::to_string(i + 1), written, part.expression);
      }
    }
  }

  void canonicalize_primary_key() {
    const Column* counting = nullptr;
    for (const auto& column : table_.columns) {
      if (column.identity) counting = &column;
    }
    auto& key = table_.primary_key;
    const bool alone = key && counting != nullptr && key->parts.size() == 1 && equal_ignoring_case(key->parts[0].column, counting->name);
    if (counting != nullptr && !alone) {
      refuse(column_name(*counting) + ": in SQLite only a primary key of one column can number itself",
             "make it the primary key, or leave the identity out there: sqlite: {identity: false}", counting->declared.location);
    }
    if (!key) return;
    key->include.clear();
    key->comment.clear();
    key->deferrable = key->initially_deferred = false;
    canonicalize_parts(key->parts, "primary key", table_.declared.location, nullptr);
    if (counting != nullptr) key->parts[0].descending = false;
    check_options(key->options, {"on_conflict"}, what("primary key"), table_.declared.location);
    check_conflict(key->options, "on_conflict", what("primary key"), table_.declared.location);
    for (const auto& part : key->parts) {
      for (auto& column : table_.columns) {
        if (column.name == part.column && column.nullable) column.declared.spelling["not_null"].clear();
      }
    }
  }

  void canonicalize_unique(Unique& unique) {
    unique.include.clear();
    unique.comment.clear();
    unique.deferrable = unique.initially_deferred = false;
    if (unique.nulls_not_distinct) {
      refuse(what("unique " + unique.name + ": NULLs are always distinct in SQLite"), "leave nulls_not_distinct out there", unique.declared.location);
    }
    canonicalize_parts(unique.parts, "unique " + unique.name, unique.declared.location, nullptr);
    check_options(unique.options, {"on_conflict"}, what("unique " + unique.name), unique.declared.location);
    check_conflict(unique.options, "on_conflict", what("unique " + unique.name), unique.declared.location);
  }

  void canonicalize_foreign_key(ForeignKey& key) {
    canonicalize_name(key.references, what("foreign key " + key.name + " to"), key.declared.location);
    key.comment.clear();
    key.not_valid = false;
    key.match = lower(key.match);
    if (key.match == "simple") key.match.clear();
    for (auto* action : {&key.on_delete, &key.on_update}) {
      *action = lower(collapse_spaces(*action));
      if (*action == "no action") action->clear();
      if (action->find('(') != std::string::npos) {
        refuse(what("foreign key " + key.name + ": SQLite cannot set only some of the columns to NULL"), "write 'set null'", key.declared.location);
      }
    }
    check_options(key.options, {}, what("foreign key " + key.name), key.declared.location);
  }

  void canonicalize_check(Check& check) {
    check.comment.clear();
    check.no_inherit = check.not_valid = check.not_enforced = false;
    require_whole(check.expression, what("check " + check.name), check.declared.location);
    const std::string written = check.expression;
    check.expression = canonical_expression(written, table_.columns, table_.name.name);
    keep_spelling(check.declared, "expression", written, check.expression);
    check_options(check.options, {}, what("check " + check.name), check.declared.location);
  }

  void canonicalize_index(Index& index) {
    index.include.clear();
    index.comment.clear();
    index.method.clear();
    if (index.nulls_not_distinct) {
      refuse(what("index " + index.name + ": NULLs are always distinct in SQLite"), "leave nulls_not_distinct out there", index.declared.location);
    }
    canonicalize_parts(index.parts, "index " + index.name, index.declared.location, &index.declared);
    if (!index.where.empty()) {
      require_whole(index.where, what("index " + index.name + ": where"), index.declared.location);
      const std::string written = index.where;
      index.where = canonical_expression(written, table_.columns, table_.name.name);
      keep_spelling(index.declared, "where", written, index.where);
    }
    check_options(index.options, {}, what("index " + index.name), index.declared.location);
  }

  Table& table_;
  const std::unordered_map<std::string, const EnumType*>& enums_;
  const std::unordered_map<std::string, const Domain*>& domains_;
};

void canonicalize_trigger(Trigger& trigger, const QualifiedName& table) {
  trigger.comment.clear();
  const std::string what = "trigger " + trigger.name;
  Trigger read;
  try {
    if (split(trigger.definition, {}).size() != 1) refuse(what + " is not one CREATE TRIGGER statement", "", trigger.declared.location);
    read = read_create_trigger(trigger.definition);
  } catch (const Error& error) {
    if (error.kind == ErrorKind::usage && error.location == trigger.declared.location) throw;
    refuse(what + ": " + error.message(), "give the whole CREATE TRIGGER statement as SQLite reads it", trigger.declared.location);
  }
  if (!equal_ignoring_case(read.name, trigger.name) || !equal_ignoring_case(read.table.name, table.name)) {
    refuse(fmt::format("{}: its definition is for a trigger {} on {}", what, read.name, read.table.name),
           "make the names agree", trigger.declared.location);
  }
  trigger.name = read.name;
  trigger.table = table;
  trigger.definition = std::move(read.definition);
  check_options(trigger.options, {}, what, trigger.declared.location);
}

void canonicalize_view(View& view) {
  canonicalize_name(view.name, "view", view.declared.location);
  const std::string what = "view " + view.name.name;
  if (view.materialized) {
    refuse("materialized view " + view.name.name + ": SQLite has none", "declare a view for SQLite, or leave it out there", view.declared.location);
  }
  view.comment.clear();
  view.indexes.clear();
  std::string_view text = trim(view.definition);
  while (text.ends_with(";")) text = trim(text.substr(0, text.size() - 1));
  view.definition = std::string(text);
  require_whole(view.definition, what, view.declared.location);
  const auto tokens = tokenize(view.definition, lexical_rules());
  if (tokens.empty() || !(tokens[0].is("SELECT") || tokens[0].is("WITH") || tokens[0].is("VALUES"))) {
    refuse(what + " is not a query", "its definition starts with SELECT, WITH or VALUES", view.declared.location);
  }
  // Comments before the query and behind it do not reach sqlite_schema's text of it.
  view.definition = Cursor(view.definition).rest();
  check_options(view.options, {}, what, view.declared.location);
  for (auto& trigger : view.triggers) canonicalize_trigger(trigger, view.name);
}

/// Tables, views and indexes share one space of names, whatever table an index is on.
void check_names_once(const Schema& schema) {
  std::map<std::string, std::string> seen;
  const auto note = [&](const std::string& name, const std::string& what, const Location& location) {
    const auto [it, fresh] = seen.emplace(lower(name), what);
    if (!fresh) refuse(fmt::format("{}: SQLite already has a {} of that name", what, it->second), "names of tables, views and indexes are unique in SQLite", location);
  };
  for (const auto& table : schema.tables) note(table.name.name, "table " + table.name.name, table.declared.location);
  for (const auto& view : schema.views) note(view.name.name, "view " + view.name.name, view.declared.location);
  for (const auto& table : schema.tables) {
    for (const auto& index : table.indexes) {
      note(index.name, "index " + index.name + " on " + table.name.name, index.declared.location);
    }
  }
}

}  // namespace

void canonicalize(Schema& declared) {
  if (!declared.schemas.empty()) refuse("SQLite has no schemas, the model declares " + declared.schemas.front(), "leave `schemas` out for SQLite", {});
  check_options(declared.options, {}, "the database", {});
  std::unordered_map<std::string, const EnumType*> enums;
  for (const auto& type : declared.enums) enums.emplace(lower(type.name.text()), &type);
  std::unordered_map<std::string, const Domain*> domains;
  for (const auto& domain : declared.domains) domains.emplace(lower(domain.name.text()), &domain);
  for (auto& table : declared.tables) TableCanonicalizer(table, enums, domains).run();
  for (auto& table : declared.tables) {
    for (auto& trigger : table.triggers) canonicalize_trigger(trigger, table.name);
  }
  for (auto& view : declared.views) canonicalize_view(view);
  std::erase_if(declared.definitions, [](const Definition& definition) { return definition.kind != "virtual table"; });
  for (auto& definition : declared.definitions) definition.definition = virtual_table_sql(definition.definition, definition.name.name);
  declared.extensions.clear();
  declared.enums.clear();
  declared.domains.clear();
  declared.sequences.clear();
  declared.routines.clear();
  settle_foreign_keys(declared);
  check_names_once(declared);
  const auto by_name = [](const auto& a, const auto& b) { return a.name < b.name; };
  std::stable_sort(declared.tables.begin(), declared.tables.end(), by_name);
  std::stable_sort(declared.views.begin(), declared.views.end(), by_name);
  std::stable_sort(declared.definitions.begin(), declared.definitions.end(), by_name);
}

}  // namespace migrate::sqlite
