#include <algorithm>

#include "core/text.hpp"
#include "dialect/postgresql/canonical/definitions.hpp"
#include "dialect/postgresql/render/render.hpp"
#include "dialect/postgresql/sql/literals.hpp"
#include "dialect/postgresql/sql/sequences.hpp"
#include "dialect/postgresql/sql/text.hpp"
#include "dialect/postgresql/sql/types.hpp"
#include "schema/lookup.hpp"

namespace migrate::postgresql {
namespace {

bool is_serial(const Column& column) { return column.identity && column.identity->kind == Identity::Kind::serial; }
bool is_identity(const Column& column) { return column.identity && column.identity->kind != Identity::Kind::serial; }

std::string alter(const Column& column) { return "ALTER COLUMN " + quote_name(column.name) + " "; }

/// The expression that brings an old value into the new type, "" when the server converts by itself.
}  // namespace

std::string using_expression(const Column& before, const Column& after) {
  if (!after.declared.cast.empty()) return after.declared.cast;
  if (converts_by_itself(before.type, after.type)) return "";
  const auto name = quote_name(after.name);
  const auto target = type_sql(after.type);
  if (is_array(before.type) && !is_array(after.type) && !is_text_type(after.type)) return name + "[1]::" + target;
  if (is_array(after.type) && !is_array(before.type) && !is_text_type(before.type)) {
    return "CASE WHEN " + name + " IS NOT NULL THEN ARRAY[" + name + "]::" + target + " END";
  }
  // Between two types of the user's (enums, mostly) text is the bridge.
  const auto is_range = [](const std::string& type) { return base_type(type).ends_with("range"); };
  if (is_range(before.type) && is_range(after.type)) return name + "::text::" + target;
  const bool through_text = (!is_builtin(before.type) || !is_builtin(after.type)) && !is_text_type(before.type);
  if (!through_text) return name + "::" + target;
  return name + (is_array(before.type) ? "::text[]::" : "::text::") + target;
}

void Renderer::render(const Add<Column>& operation) {
  const auto& column = operation.object;
  const auto name = quote_name(operation.table);
  if (parent_has(operation.table, column.name) || parent_adds(operation.table, column.name)) return;  // it comes with the parent's column
  const bool fill = !column.declared.backfill.empty() && !column.generated && !column.identity;
  auto bare = column;
  if (fill) bare.nullable = true;
  action(operation.table, "ADD COLUMN " + column_sql(bare));
  for (auto& text : column_settings(column)) action(operation.table, std::move(text));
  if (is_serial(column)) {
    const auto options = alter_options({}, column.type, column.identity->sequence, column.type);
    auto made = column;
    made.declared.spelling.clear();
    if (!options.empty()) statement("ALTER SEQUENCE " + sequence_name(made, operation.table) + options);
  }
  restore_sequence_name(operation.table, column);
  if (fill) {
    // With a default the old rows have it already: the backfill is for them nevertheless.
    statement("UPDATE " + name + " SET " + quote_name(column.name) + " = " + column.declared.backfill);
    if (!column.nullable) action(operation.table, alter(column) + "SET NOT NULL");
  }
  if (!column.comment.empty()) {
    comment(operation.table, "COLUMN " + name + "." + quote_name(column.name), "", column.comment);
  }
  give_back_column(operation.table, column.name);
}

void Renderer::render(const Remove<Column>& operation) {
  if (was_dropped("column", operation.table, operation.object.name)) return;
  if (parent_has(operation.table, operation.object.name) || parent_removes(operation.table, operation.object.name)) return;  // it goes with the parent's column
  if (const auto* owner = table(operation.table)) forget_parts_over(*owner, operation.object.name);
  action(operation.table, "DROP COLUMN " + quote_name(operation.object.name));
}

void Renderer::render(const RenamePart<Column>& operation) {
  if (parent_has(operation.table, operation.from) || parent_has(operation.table, operation.to)) return;  // as the parent's is
  statement("ALTER TABLE " + quote_name(operation.table) + " RENAME COLUMN " + quote_name(operation.from) + " TO " + quote_name(operation.to));
  const auto* owner = table(operation.table);
  const auto* column = owner == nullptr ? nullptr : find_named(owner->columns, operation.from);
  if (column == nullptr || !column->identity || column->declared.spelling.count("sequence") != 0) return;
  const auto old = object_name(operation.table.name, operation.from, "seq");
  const auto now = object_name(operation.table.name, operation.to, "seq");
  if (old != now) statement("ALTER SEQUENCE " + quote_name({operation.table.schema, old}) + " RENAME TO " + quote_name(now));
}

/// A column that comes back gets its sequence's own name back.
void Renderer::restore_sequence_name(const QualifiedName& table, const Column& column) {
  const auto it = column.declared.spelling.find("sequence");
  if (!column.identity || it == column.declared.spelling.end()) return;
  const QualifiedName made{table.schema, object_name(table.name, column.name, "seq")};
  const auto wanted = parse_name(it->second);
  if (wanted.schema == made.schema && wanted.name != made.name) {
    statement("ALTER SEQUENCE " + quote_name(made) + " RENAME TO " + quote_name(wanted.name));
  }
}

/// A column that begins to number itself goes on behind the rows it has.
void Renderer::number_on(const QualifiedName& table, const Column& column) {
  const bool down = column.identity->sequence.increment.value_or("1").starts_with('-');
  const auto name = quote_name(column.name);
  const auto first = down ? "coalesce(min(" + name + "), 0) - 1" : "coalesce(max(" + name + "), 0) + 1";
  const auto start = column.identity->sequence.start;
  const std::string next = start ? (down ? "least(" : "greatest(") + first + ", " + *start + ")" : first;
  statement("SELECT setval(pg_get_serial_sequence(" + quote_text(quote_name(table)) + ", " + quote_text(column.name) + "), (SELECT " + next +
            " FROM " + quote_name(table) + "), false)");
}

void Renderer::own_sequence(const QualifiedName& table, const Column& column) {
  Sequence sequence;
  sequence.name = {table.schema, object_name(table.name, column.name, "seq")};
  sequence.type = column.type;
  sequence.sequence = column.identity->sequence;
  statement(sequence_sql(sequence) + " OWNED BY " + quote_name(table) + "." + quote_name(column.name));
  action(table, alter(column) + "SET DEFAULT nextval(" + quote_text(quote_name(sequence.name)) + "::regclass)");
}

void Renderer::change_identity(const QualifiedName& table, const Column& before, const Column& after) {
  if (before.identity == after.identity && before.type == after.type) return;
  if (is_identity(before) && is_identity(after)) {
    std::string change;
    if (before.identity->kind != after.identity->kind) {
      change += std::string(" SET GENERATED ") + (after.identity->kind == Identity::Kind::always ? "ALWAYS" : "BY DEFAULT");
    }
    // A change of type takes the sequence's type and its own limits along.
    change += alter_options(before.identity->sequence, after.type, after.identity->sequence, after.type, "SET ");
    if (!change.empty()) action(table, "ALTER COLUMN " + quote_name(after.name) + change);
    return;
  }
  if (is_serial(before) && is_serial(after)) {
    const auto options = alter_options(before.identity->sequence, after.type, after.identity->sequence, after.type);
    // The sequence may still have the type that the column had once.
    if (before.type != after.type || !options.empty()) {
      const auto& named = before.declared.spelling.count("sequence") != 0 ? before : after;
      statement("ALTER SEQUENCE " + sequence_name(named, table) + " AS " + after.type + options);
    }
    return;
  }
  if (is_identity(before)) action(table, alter(before) + "DROP IDENTITY");
  if (is_serial(before)) {
    action(table, alter(before) + "DROP DEFAULT");
    statement("DROP SEQUENCE " + sequence_name(before, table));
  }
  if (!after.identity) return;
  if (before.default_value) action(table, alter(after) + "DROP DEFAULT");
  if (before.nullable) action(table, alter(after) + "SET NOT NULL");
  if (is_serial(after)) {
    own_sequence(table, after);
  } else {
    action(table, alter(after) + "ADD " + identity_sql(*after.identity));
  }
  number_on(table, after);
}

void Renderer::change_type(const QualifiedName& table, const Column& before, const Column& after) {
  const auto conversion = using_expression(before, after);
  // A default has to be converted too, which the server does for few types only; and it would keep the old spelling.
  const bool around = before.default_value && after.default_value && (base_type(before.type) != base_type(after.type));
  const bool before_only = before.default_value && !after.default_value && !after.identity;
  if (around || before_only) action(table, alter(after) + "DROP DEFAULT");
  std::string text = alter(after) + "TYPE " + type_sql(after.type);
  if (!after.collation.empty()) text += " COLLATE " + collation_sql(after.collation);
  if (!conversion.empty()) text += " USING " + conversion;
  action(table, text);
  if (around) action(table, alter(after) + "SET DEFAULT " + column_default_sql(after));
}

/// Drops the column and adds it again with all that stood on it: it goes to the end of the table.
void Renderer::replace_column(const QualifiedName& name, const Column& before, const Column& after) {
  const auto* owner = table(name);
  suspend_foreign_keys(name, {before.name}, false);
  const auto dependents = drop_dependents(*owner, {before.name}, Scope::keys);
  action(name, "DROP COLUMN " + quote_name(before.name));
  flush();
  // A computed column waits for the types of those that it is computed from.
  make_when_typed("column", name, after.name, after.generated ? after.generated->expression : "", [this, name, after, dependents] {
    action(name, "ADD COLUMN " + column_sql(after));
    for (auto& text : column_settings(after)) action(name, std::move(text));
    restore_dependents(dependents);
    comment(name, "COLUMN " + quote_name(name) + "." + quote_name(after.name), "", after.comment);
    give_back_column(name, after.name);
  });
}

void Renderer::change_generated(const QualifiedName& table, const Column& before, const Column& after) {
  if (!after.generated) {
    // Only values that are stored can stay.
    if (at_least(13) && before.generated->stored) {
      action(table, alter(after) + "DROP EXPRESSION");
      auto plain = before;
      plain.generated.reset();
      if (plain.type != after.type || plain.collation != after.collation) change_type(table, plain, after);
      if (after.default_value) action(table, alter(after) + "SET DEFAULT " + column_default_sql(after));
      change_null(table, plain, after);
      change_settings(table, plain, after);
      return;
    }
    // Version 12 cannot take the expression away, and nobody that of a virtual one: the values move to a new column.
    const auto kept = quote_name("migrate_" + after.name);
    statement("ALTER TABLE " + quote_name(table) + " ADD COLUMN " + kept + " " + type_sql(after.type));
    statement("UPDATE " + quote_name(table) + " SET " + kept + " = " + quote_name(before.name));
    auto nullable = after;
    nullable.nullable = true;
    replace_column(table, before, nullable);
    statement("UPDATE " + quote_name(table) + " SET " + quote_name(after.name) + " = " + kept);
    if (!after.nullable) action(table, alter(after) + "SET NOT NULL");
    action(table, "DROP COLUMN " + kept);
    return;
  }
  if (const auto later = later_column(table, before.name); later && !*later) return;  // it goes
  const bool expression_only = before.generated && before.generated->stored == after.generated->stored && before.type == after.type && before.collation == after.collation;
  if (expression_only && at_least(17) && server_.version_number != 0 && !later_type_change(table, after.generated->expression)) {
    action(table, alter(after) + "SET EXPRESSION AS (" + after.generated->expression + ")");
    change_null(table, before, after);
    change_settings(table, before, after);
    flush();  // a column that the old expression needed cannot go in the same ALTER TABLE
    return;
  }
  replace_column(table, before, after);
}

/// The later operation by which the primary key gives the column up: until then it cannot be without NOT NULL.
std::optional<std::size_t> Renderer::leaves_key_later(const QualifiedName& name, const std::string& column) const {
  const auto* owner = table(name);
  const auto holds = [&](const PrimaryKey& key) { return std::any_of(key.parts.begin(), key.parts.end(), [&](const IndexPart& part) { return part.column == column; }); };
  if (owner == nullptr || !owner->primary_key || !holds(*owner->primary_key)) return std::nullopt;
  for (std::size_t i = at_ + 1; i < operations_.size(); ++i) {
    const auto* change = std::get_if<Change<PrimaryKey>>(&operations_[i]);
    const auto* remove = std::get_if<Remove<PrimaryKey>>(&operations_[i]);
    if ((change != nullptr && change->table == name) || (remove != nullptr && remove->table == name)) return i;
  }
  return std::nullopt;
}

void Renderer::change_null(const QualifiedName& table, const Column& before, const Column& after) {
  if (before.nullable == after.nullable) {
    const auto was = option(before.options, "not_null");
    const auto now = option(after.options, "not_null");
    if (was == now || after.nullable) return;
    const auto spelled = before.declared.spelling.find("not_null");
    const auto name = quote_name(spelled == before.declared.spelling.end() ? object_name(table.name, before.name, "not_null") : spelled->second);
    if (!not_null_later(after) && not_null_later(before) && was.ends_with("no inherit") == now.ends_with("no inherit")) {
      action(table, "VALIDATE CONSTRAINT " + name);
    } else if (not_null_later(after) == not_null_later(before)) {
      action(table, "ALTER CONSTRAINT " + name + (now.ends_with("no inherit") ? " NO INHERIT" : " INHERIT"));
    } else {
      action(table, "DROP CONSTRAINT " + name);
      action(table, add_not_null_sql(after));
    }
    return;
  }
  if (after.nullable) {
    const auto drop = [this, table, text = alter(after) + "DROP NOT NULL"] { action(table, text); };
    if (const auto key = leaves_key_later(table, after.name)) postponed_.emplace_back(*key, drop);
    else drop();
    return;
  }
  if (!after.declared.backfill.empty()) {
    statement("UPDATE " + quote_name(table) + " SET " + quote_name(after.name) + " = " + after.declared.backfill + " WHERE " +
              quote_name(after.name) + " IS NULL");
  }
  action(table, option(after.options, "not_null").empty() ? alter(after) + "SET NOT NULL" : add_not_null_sql(after));
}

void Renderer::change_settings(const QualifiedName& table, const Column& before, const Column& after) {
  const auto now = [&](const char* key) { return option(after.options, key); };
  const auto changed = [&](const char* key) { return option(before.options, key) != now(key); };
  if (changed("storage")) {
    auto storage = now("storage");
    if (storage.empty()) {
      // DEFAULT is a word here from version 16 on.
      const auto base = base_type(after.type);
      storage = base == "numeric" || base == "inet" || base == "cidr" ? "main" : "extended";
    }
    action(table, alter(after) + "SET STORAGE " + upper(storage));
  }
  if (changed("compression")) action(table, alter(after) + "SET COMPRESSION " + (now("compression").empty() ? "default" : now("compression")));
  if (changed("statistics")) action(table, alter(after) + "SET STATISTICS " + (now("statistics").empty() ? "-1" : now("statistics")));
  comment(table, "COLUMN " + quote_name(table) + "." + quote_name(after.name), before.comment, after.comment);
}

namespace {

/// What a column of a child is once the same column of its parent has changed.
Column after_parent(Column column, const Column& before, const Column& after) {
  if (before.type != after.type) column.type = after.type;
  if (before.collation != after.collation) column.collation = after.collation;
  if (before.nullable != after.nullable) column.nullable = after.nullable;
  if (before.default_value != after.default_value) column.default_value = after.default_value;
  if (before.generated != after.generated) column.generated = after.generated;
  for (const auto* key : {"storage", "statistics"}) {
    if (option(before.options, key) == option(after.options, key)) continue;
    column.options.erase(key);
    if (const auto value = option(after.options, key); !value.empty()) column.options[key] = value;
  }
  return column;
}

}  // namespace

void Renderer::render(const Change<Column>& operation) {
  if (was_dropped("column", operation.table, operation.after.name)) return;
  const auto above = parent_changes(operation.table, operation.after.name);
  if (above.empty()) return change_column(operation);
  // The parents' changes come down; what is left is the child's own.
  auto own = operation;
  for (const auto i : above) {
    const auto& change = std::get<Change<Column>>(operations_[i]);
    own.before = after_parent(std::move(own.before), change.before, change.after);
  }
  if (own.before == own.after) return;
  if (above.back() < at_) return change_column(own);
  postponed_.emplace_back(above.back(), [this, own] { change_column(own); });
}

void Renderer::change_column(const Change<Column>& operation) {
  const auto& [name, before, after] = std::tie(operation.table, operation.before, operation.after);
  if (before.generated != after.generated || (after.generated && (before.type != after.type || before.collation != after.collation))) {
    change_generated(name, before, after);
    return;
  }
  const bool new_type = before.type != after.type || before.collation != after.collation;
  std::vector<Dependents> dependents;
  std::function<void()> routines;
  if (new_type) {
    if (const auto* owner = table(name)) {
      routines = drop_bound_routines(name, {after.name});
      const bool strange = base_type(before.type) != base_type(after.type);
      const bool numbers = is_number_type(before.type) && is_number_type(after.type);
      const bool texts = is_text_type(before.type) && is_text_type(after.type);
      if (strange && !numbers && !texts) suspend_foreign_keys(name, {after.name}, false);
      const auto scope = strange && !numbers && !texts ? Scope::words : Scope::type;
      dependents.push_back(drop_dependents(*owner, {after.name}, scope));
      for (const auto* child : children_of(name)) dependents.push_back(drop_dependents(*child, {after.name}, scope));
    }
    if (is_serial(before) && !is_serial(after)) {
      // The default over the sequence goes first, it cannot follow the type.
      change_identity(name, before, after);
      change_type(name, before, after);
    } else {
      if (is_identity(before) && !after.identity) action(name, alter(before) + "DROP IDENTITY");
      change_type(name, before, after);
      if (!(is_identity(before) && !after.identity)) change_identity(name, before, after);
    }
  } else {
    change_identity(name, before, after);
  }
  const bool handled = new_type && before.default_value && after.default_value && base_type(before.type) != base_type(after.type);
  const bool dropped = new_type && before.default_value && !after.default_value;
  if (before.default_value != after.default_value && !handled && !dropped && !(before.default_value && after.identity)) {
    if (after.default_value) {
      action(name, alter(after) + "SET DEFAULT " + column_default_sql(after));
    } else {
      action(name, alter(after) + "DROP DEFAULT");
    }
  }
  auto not_null = before;
  if (after.identity && !before.identity) not_null.nullable = false;
  change_null(name, not_null, after);
  change_settings(name, before, after);
  for (const auto& dropped : dependents) restore_dependents(dropped);
  if (routines) routines();
}

}  // namespace migrate::postgresql
