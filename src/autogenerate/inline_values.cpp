#include "autogenerate/inline_values.hpp"

#include <algorithm>

#include "core/text.hpp"
#include "dialect/sql.hpp"
#include "dialect/sql/lexer.hpp"
#include "schema/lookup.hpp"

namespace migrate {
namespace {

bool holds_value(const std::vector<std::string>& values, const std::string& value) { return std::find(values.begin(), values.end(), value) != values.end(); }

/// The declared column that the live one becomes.
Column* declared_column(const Table& table, const Column& column, Schema& declared) {
  for (auto& other : declared.tables) {
    if (other.name != table.name && other.declared.renamed_from != table.name.text()) continue;
    for (auto& candidate : other.columns) {
      if (candidate.name == column.name || candidate.declared.renamed_from == column.name) return &candidate;
    }
  }
  return nullptr;
}

}  // namespace

std::vector<std::string> inline_values(const std::string& type, const Dialect& dialect) {
  std::vector<std::string> values;
  if (!starts_with_ignoring_case(type, "enum(")) return values;
  for (const auto& token : tokenize(type, dialect.sql().lexical_rules())) {
    if (token.kind == TokenKind::string) values.emplace_back(token.text);
  }
  return values;
}

RenameAnswers take_value_renames(RenameAnswers answers, const Schema& live, Schema& declared, const Dialect& dialect) {
  const auto taken = [&](const std::string& from, const std::string& to) {
    for (const auto& table : live.tables) {
      if (!from.starts_with(table.name.text() + ".")) continue;
      for (const auto& column : table.columns) {
        const auto head = table.name.text() + "." + column.name + ".";
        auto* becomes = from.starts_with(head) ? declared_column(table, column, declared) : nullptr;
        if (becomes == nullptr) continue;
        const auto quoted = [&](const std::string& value) { return dialect.sql().quote_text(value); };
        const auto was = from.substr(head.size());
        const auto now = to.starts_with(head) ? to.substr(head.size()) : to;
        if (!holds_value(inline_values(column.type, dialect), quoted(was)) || !holds_value(inline_values(becomes->type, dialect), quoted(now))) continue;
        becomes->declared.value_renames[now] = was;
        return true;
      }
    }
    return false;
  };
  std::erase_if(answers.renames, [&](const auto& rename) { return taken(rename.first, rename.second); });
  return answers;
}

}  // namespace migrate
