#include "dialect/postgresql/canonical/follow.hpp"

#include <functional>

#include "core/text.hpp"
#include "dialect/postgresql/canonical/spread.hpp"
#include "dialect/postgresql/sql/text.hpp"
#include "dialect/postgresql/sql/types.hpp"
#include "schema/lookup.hpp"

namespace migrate::postgresql {
namespace {

using Edit = std::function<void(std::string&)>;

std::string name_of(const Token& token) { return token.kind == TokenKind::word ? lower(token.text) : unquote_name(token.text); }

/// Replaces a name, qualified as the schema has it, where `place` (the tokens, the index of the name's first one and of
/// the one behind it) says so.
using Place = std::function<bool(const std::vector<Token>&, std::size_t, std::size_t)>;

void replace_reference(std::string& sql, const QualifiedName& from, const QualifiedName& to, const Place& place) {
  if (sql.find(from.name) == std::string::npos && lower(sql).find(lower(from.name)) == std::string::npos) return;
  const auto tokens = tokenize(sql, lexical_rules());
  std::string out;
  std::size_t copied = 0;
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    if (i > 0 && tokens[i - 1].is_symbol(".")) continue;
    std::size_t last = i;
    if (!from.schema.empty()) {
      if (i + 2 >= tokens.size() || !tokens[i].is_name() || name_of(tokens[i]) != from.schema || !tokens[i + 1].is_symbol(".")) continue;
      last = i + 2;
    }
    if (!tokens[last].is_name() || name_of(tokens[last]) != from.name || !place(tokens, i, last + 1)) continue;
    out += sql.substr(copied, tokens[i].offset - copied) + quote_name(to);
    copied = tokens[last].offset + tokens[last].text.size();
  }
  sql = out + sql.substr(copied);
}

/// 'old'::regclass becomes 'new'::regclass.
void replace_regclass(std::string& sql, const QualifiedName& from, const QualifiedName& to) {
  if (sql.find("::regclass") == std::string::npos) return;
  const auto tokens = tokenize(sql, lexical_rules());
  std::string out;
  std::size_t copied = 0;
  for (std::size_t i = 0; i + 2 < tokens.size(); ++i) {
    if (tokens[i].kind != TokenKind::string || !tokens[i + 1].is_symbol("::") || !tokens[i + 2].is("regclass")) continue;
    const auto body = replace_all(std::string(tokens[i].text.substr(1, tokens[i].text.size() - 2)), "''", "'");
    if (parse_name(body) != from) continue;
    out += sql.substr(copied, tokens[i].offset - copied) + quote_text(quote_name(to));
    copied = tokens[i].offset + tokens[i].text.size();
  }
  sql = out + sql.substr(copied);
}

void each_text(std::optional<Default>& value, const Edit& change) {
  if (value && value->expression) change(value->text);
}

void each_text(std::vector<Index>& indexes, const Edit& change) {
  for (auto& index : indexes) {
    change(index.where);
    for (auto& part : index.parts) change(part.expression);
  }
}

/// Expressions of a table that name its columns.
void each_expression(Table& table, const Edit& change) {
  for (auto& check : table.checks) change(check.expression);
  for (auto& exclusion : table.exclusions) change(exclusion.definition);
  for (auto& column : table.columns) {
    if (column.generated) change(column.generated->expression);
  }
  each_text(table.indexes, change);
  for (auto& policy : table.policies) {
    change(policy.using_expression);
    change(policy.check_expression);
  }
}

/// Every expression of the schema outside routines.
void each_text(Schema& schema, const Edit& change) {
  for (auto& table : schema.tables) {
    each_expression(table, change);
    for (auto& column : table.columns) each_text(column.default_value, change);
    for (auto& trigger : table.triggers) change(trigger.definition);
  }
  for (auto& view : schema.views) {
    change(view.definition);
    each_text(view.indexes, change);
    for (auto& trigger : view.triggers) change(trigger.definition);
  }
  for (auto& domain : schema.domains) {
    each_text(domain.default_value, change);
    for (auto& check : domain.checks) change(check.expression);
  }
}

/// Behind "::", where a type stands in what the server prints.
bool is_cast(const std::vector<Token>& tokens, std::size_t from, std::size_t) { return from > 0 && tokens[from - 1].is_symbol("::"); }

bool calls_it(const std::vector<Token>& tokens, std::size_t, std::size_t end) { return end < tokens.size() && tokens[end].is_symbol("("); }

/// A function of the same name, its own head among them, is not the type.
bool is_no_call(const std::vector<Token>& tokens, std::size_t from, std::size_t end) { return !calls_it(tokens, from, end); }

bool anywhere(const std::vector<Token>&, std::size_t, std::size_t) { return true; }

void follow_type(Schema& schema, const QualifiedName& from, const QualifiedName& to) {
  each_text(schema, [&](std::string& sql) { replace_reference(sql, from, to, is_cast); });
  const auto retype = [&](std::string& type) {
    if (element_type(type) == from.text()) type = to.text() + type.substr(from.text().size());
  };
  for (auto& domain : schema.domains) retype(domain.type);
  for (auto& definition : schema.definitions) {
    if (definition.kind == "type" && definition.name != to) replace_reference(definition.definition, from, to, anywhere);
  }
  for (auto& routine : schema.routines) {
    replace_reference(routine.definition, from, to, is_no_call);
    std::vector<std::string> types;
    for (auto type : migrate::split(routine.arguments, ',')) {
      type = trim(type);
      retype(type);
      types.push_back(type);
    }
    routine.arguments = join(types, ", ");
  }
}

/// "OF column" and WHEN (...) of a trigger name columns; its own name, table and function may be words like them.
void follow_column(std::string& trigger, const std::string& from, const std::string& to) {
  const auto tokens = tokenize(trigger, lexical_rules());
  std::size_t of = tokens.size(), on = tokens.size(), when = tokens.size(), execute = tokens.size();
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    if (tokens[i].is("of") && of == tokens.size()) of = i;
    if (tokens[i].is("on") && on == tokens.size() && i > 2) on = i;
    if (tokens[i].is("when") && i > on && when == tokens.size()) when = i;
    if (tokens[i].is("execute")) execute = i;
  }
  std::string out;
  std::size_t copied = 0;
  for (std::size_t i = 3; i < execute; ++i) {
    const bool listed = i > of && i < on;
    const bool read = i > when && tokens[i - 1].is_symbol(".");
    if ((!listed && !read) || !tokens[i].is_name() || name_of(tokens[i]) != from) continue;
    out += trigger.substr(copied, tokens[i].offset - copied) + quote_name(to);
    copied = tokens[i].offset + tokens[i].text.size();
  }
  trigger = out + trigger.substr(copied);
}

struct Follower {
  Schema& schema;

  void operator()(const Rename<Sequence>& op) const {
    each_text(schema, [&](std::string& sql) { replace_regclass(sql, op.from, op.to); });
  }
  void operator()(const Rename<EnumType>& op) const { follow_type(schema, op.from, op.to); }
  void operator()(const Rename<Domain>& op) const { follow_type(schema, op.from, op.to); }
  void operator()(const Rename<Definition>& op) const {
    if (op.kind != "type") return;
    follow_type(schema, op.from, op.to);
    for (auto& table : schema.tables) {
      for (auto& column : table.columns) {
        if (element_type(column.type) == op.from.text()) column.type = op.to.text() + column.type.substr(op.from.text().size());
      }
    }
    for (auto& definition : schema.definitions) {
      const auto at_name = [](const std::vector<Token>& tokens, std::size_t from, std::size_t) { return from == 2 && tokens[1].is("type"); };
      if (definition.name == op.to && definition.kind == "type") replace_reference(definition.definition, op.from, op.to, at_name);
    }
  }
  void operator()(const Rename<Routine>& op) const {
    const auto call = [&](std::string& sql) { replace_reference(sql, op.from, op.to, calls_it); };
    each_text(schema, call);
    for (auto& routine : schema.routines) {
      if (routine.name == op.to && routine.arguments == op.arguments) call(routine.definition);
    }
  }
  void operator()(const Rename<Table>& op) const {
    for (auto& other : schema.tables) {
      const auto with = other.options.find(distributed_colocate_with);
      if (with != other.options.end() && parse_name(with->second) == op.from) with->second = quote_name(op.to);
    }
    each_text(schema, [&](std::string& sql) { replace_regclass(sql, op.from, op.to); });
    auto* table = find_named(schema.tables, op.to);
    if (table == nullptr) return;
    const auto owner = [](const std::vector<Token>& tokens, std::size_t from, std::size_t) { return from > 3 && tokens[from - 1].is("on"); };
    for (auto& trigger : table->triggers) replace_reference(trigger.definition, op.from, op.to, owner);
  }
  void operator()(const RenamePart<migrate::Column>& op) const {
    auto* table = find_named(schema.tables, op.table);
    if (table == nullptr) return;
    if (const auto by = table->options.find(distributed_column); by != table->options.end() && by->second == op.from) by->second = op.to;
    each_expression(*table, [&](std::string& sql) {
      if (!sql.empty()) sql = rename_in_sql(sql, op.from, op.to, lexical_rules());
    });
    for (auto& trigger : table->triggers) follow_column(trigger.definition, op.from, op.to);
  }
  template <class T>
  void operator()(const T&) const {}
};

}  // namespace

void apply_and_follow(Schema& schema, const Operation& operation) {
  migrate::apply(schema, operation);
  std::visit(Follower{schema}, operation);
}

}  // namespace migrate::postgresql
