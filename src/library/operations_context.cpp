#include "library/operations_context.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "autogenerate/compare.hpp"
#include "core/text.hpp"
#include "dialect/canonical.hpp"
#include "dialect/catalog.hpp"
#include "dialect/render.hpp"
#include "dialect/sql.hpp"
#include "dialect/sql/lexer.hpp"

namespace migrate {
namespace {

std::string hex(const std::string& bytes) {
  std::string out;
  for (const char c : bytes) out += fmt::format("{:02x}", static_cast<unsigned char>(c));
  return out;
}

/// Errors of the layers below know nothing of the call in the unit.
template <class F>
auto located(const Location& at, const F& work) -> decltype(work()) {
  try {
    return work();
  } catch (Error& error) {
    if (!error.location.known() || error.location.line == 0) error.location = at;
    throw;
  }
}

}  // namespace

// ---- text ----------------------------------------------------------------------------------------------------------

Location OperationsContext::location(const Place& place) const {
  const std::filesystem::path file(place.file_name());
  return {(file.is_relative() ? environment_.folder / file : file).lexically_normal().string(), place.line(), 0};
}

std::string OperationsContext::text(const SqlText& sql) const {
  const auto& sections = server().sections;
  for (auto it = sections.rbegin(); it != sections.rend(); ++it) {
    if (const auto own = sql.engines().find(*it); own != sql.engines().end()) return own->second;
  }
  return sql.text();
}

std::string OperationsContext::type(const std::string& type, const std::vector<std::pair<std::string, std::string>>& engine_types) const {
  const auto& sections = server().sections;
  for (auto it = sections.rbegin(); it != sections.rend(); ++it) {
    for (const auto& [engine, own] : engine_types) {
      if (engine == *it) return own;
    }
  }
  return type;
}

std::string OperationsContext::literal(const Scalar& value, const Location& at) const {
  switch (value.kind()) {
    case Scalar::Kind::null: return "NULL";
    case Scalar::Kind::number: return value.text();
    case Scalar::Kind::boolean: return upper(value.text());
    case Scalar::Kind::bytes: return dialect().sql().quote_bytes(hex(value.text()));
    case Scalar::Kind::expression: return text(value.expression());
    case Scalar::Kind::text: break;
  }
  if (value.text().find('\0') != std::string::npos) {
    throw Error{ErrorKind::usage, "a text value holds a NUL character, which no SQL text can", "use migrate::Bytes for a binary column", at};
  }
  return dialect().sql().quote_text(value.text());
}

std::string OperationsContext::bind(const std::string& sql, const Scalars& values, const Location& at) const {
  if (values.empty()) return sql;
  const auto tokens = tokenize(sql, dialect().sql().lexical_rules());
  const auto number_of = [](const Token& token) {
    const bool numbered = token.text.size() > 1 && token.text[0] == '$' && token.text.find_first_not_of("0123456789", 1) == std::string_view::npos;
    return numbered ? std::stoul(std::string(token.text.substr(1, 6))) : 0UL;
  };
  const bool numbered = std::any_of(tokens.begin(), tokens.end(), [&](const Token& token) { return number_of(token) > 0; });
  std::string out;
  std::size_t from = 0;
  std::size_t count = 0;
  std::size_t largest = 0;
  for (const auto& token : tokens) {
    const bool plain = !numbered && token.text == "?" && token.kind != TokenKind::string && token.kind != TokenKind::quoted_name;
    const auto number = numbered ? number_of(token) : plain ? ++count : 0;
    if (number == 0) continue;
    largest = std::max<std::size_t>(largest, number);
    if (number > values.size()) break;
    out.append(sql, from, token.offset - from);
    out += literal(values[number - 1], at);
    from = token.offset + token.text.size();
  }
  if (largest != values.size()) {
    throw Error{ErrorKind::usage, fmt::format("{} for {} in:\n    {}", plural(values.size(), "value"), plural(largest, "parameter"), sql), "each ? stands for one value", at};
  }
  return out.append(sql, from, std::string::npos);
}

// ---- the schema ----------------------------------------------------------------------------------------------------

const Schema& OperationsContext::schema() {
  if (!schema_) schema_ = environment_.inspect ? environment_.inspect() : Schema{};
  return *schema_;
}

void OperationsContext::forget_schema() {
  if (sink_.online()) schema_.reset();
}

const Schema& OperationsContext::observed_schema(const Location& at) {
  if (!environment_.inspect && !sink_.online()) {
    throw Error{ErrorKind::usage, "what the database holds cannot be asked here: a script is written without a database", "write it from where a database is: `migrate upgrade --sql`", at};
  }
  const auto section = server().sections.empty() ? std::string(dialect().name()) : server().sections.front();
  const auto text = sink_.remember("schema", [&] { return located(at, [&] { return write_model(schema(), section); }); });
  observed_ = schema_ ? *schema_ : parse_model(text, at.file, environment_.model);
  return observed_;
}

Schema OperationsContext::remembered(const std::string& key, const std::function<bool(const Table&)>& wanted, const Location& at) {
  const auto section = server().sections.empty() ? std::string(dialect().name()) : server().sections.front();
  const auto text = sink_.remember(key, [&] {
    return located(at, [&] {
      Schema part;
      for (const auto& table : schema().tables) {
        if (wanted(table)) part.tables.push_back(table);
      }
      part.enums = schema().enums;
      part.domains = schema().domains;
      // A view that uses a chosen view comes behind it.
      const auto& rules = dialect().sql().lexical_rules();
      const auto uses = [&](const View& view) {
        const auto named = [&](const auto& object) { return mentions(view.definition, object.name.name, rules); };
        return std::any_of(part.tables.begin(), part.tables.end(), named) || std::any_of(part.views.begin(), part.views.end(), named);
      };
      auto left = schema().views;
      for (bool more = true; more;) {
        more = false;
        for (auto it = left.begin(); it != left.end(); ++it) {
          if (!uses(*it)) continue;
          part.views.push_back(*it);
          left.erase(it);
          more = true;
          break;
        }
      }
      return write_model(part, section);
    });
  });
  auto part = parse_model(text, at.file, environment_.model);
  dialect().canonical().canonicalize(part, server());
  return part;
}

// ---- definitions ---------------------------------------------------------------------------------------------------

std::vector<Statement> OperationsContext::render(const std::vector<Operation>& operations, const Schema& before, const Location& at) {
  auto statements = dialect().render().render(operations, before, server());
  for (auto& statement : statements) statement.location = at;
  auto after = before;
  for (const auto& operation : operations) dialect().catalog().apply(after, operation);
  schema_ = std::move(after);
  return statements;
}

std::vector<Statement> OperationsContext::statements_for(const Location& at, const Edit& edit, const Finish& finish) {
  Schema before = schema();
  Schema after = before;
  SchemaEditor editor(*this, before, after, at);
  edit(editor);
  dialect().canonical().canonicalize(after, server());
  std::vector<Operation> operations;
  for (auto& change : order(compare(before, after, server()), before, before, after, dialect(), server())) operations.push_back(std::move(change.operation));
  auto statements = render(operations, before, at);
  if (finish) finish(statements);
  return statements;
}

void OperationsContext::change(const std::string& key, const Location& at, const Edit& edit, const Finish& finish) {
  bool made = false;
  sink_.run({key, false, at, [&] {
               made = true;
               return located(at, [&] { return statements_for(at, edit, finish); });
             }});
  if (!made) forget_schema();  // an earlier run has done it
}

void OperationsContext::rename(const std::string& key, const Location& at, const std::function<std::vector<Operation>(const Schema&)>& renames) {
  bool made = false;
  sink_.run({key, false, at, [&] {
               made = true;
               return located(at, [&] {
                 const Schema before = schema();
                 Schema after = before;
                 std::vector<PlannedChange> changes;
                 for (auto& operation : renames(before)) {
                   dialect().catalog().apply(after, operation);
                   changes.push_back({std::move(operation)});
                 }
                 std::vector<Operation> operations;
                 for (auto& change : order(std::move(changes), before, after, after, dialect(), server())) operations.push_back(std::move(change.operation));
                 return render(operations, before, at);
               });
             }});
  // Where the engine gives expressions their new words by itself, only it knows how they read now.
  if (!made || !server().capabilities.expressions_follow_renames) forget_schema();
}

// ---- other SQL -----------------------------------------------------------------------------------------------------

void OperationsContext::execute(const std::string& sql, const Location& at) {
  auto statements = dialect().sql().split(sql, at);
  for (auto& statement : statements) statement.location = at;
  execute_all("execute " + sql, std::move(statements), at);
}

void OperationsContext::execute_all(const std::string& key, std::vector<Statement> statements, const Location& at) {
  bool definitions = false;
  for (const auto& statement : statements) {
    const auto kind = dialect().sql().classify(statement);
    if (kind == StatementClass::transaction) {
      throw Error{ErrorKind::usage, "a unit's statements run in transactions of the framework, and cannot hold " + statement.text,
                  "take it out; `// transaction: off` in the header lets every statement commit by itself", at};
    }
    definitions = definitions || kind == StatementClass::definition || kind == StatementClass::other;
  }
  sink_.run({key, true, at, [&] { return statements; }});
  if (definitions) forget_schema();
}

Rows OperationsContext::query(const std::string& sql, const Location& at) {
  if (!sink_.online()) {
    throw Error{ErrorKind::usage, "a query cannot be answered while a script or a plan is written:\n    " + sql,
                "op.online() tells; INSERT ... SELECT and UPDATE do without rows in the unit, or run the unit with `migrate upgrade`", at};
  }
  auto result = sink_.query("query " + sql, {sql, at});
  return Rows(std::move(result.columns), std::move(result.rows), at);
}

}  // namespace migrate
