#include "dialect/postgresql/sql/face.hpp"

#include "core/text.hpp"
#include "dialect/postgresql/sql/classify.hpp"
#include "dialect/postgresql/sql/session_use.hpp"
#include "dialect/postgresql/sql/split.hpp"
#include "dialect/postgresql/sql/text.hpp"

namespace migrate::postgresql {
namespace {

class PostgresqlSql final : public SqlFace {
 public:
  [[nodiscard]] std::string quote_name(std::string_view name) const override { return postgresql::quote_name(name); }
  [[nodiscard]] std::string quote_name(const QualifiedName& name) const override { return postgresql::quote_name(name); }
  [[nodiscard]] std::string quote_text(std::string_view text) const override { return postgresql::quote_text(text); }
  [[nodiscard]] std::string quote_bytes(std::string_view hex) const override { return "'\\x" + std::string(hex) + "'::bytea"; }
  /// gen_random_uuid() is there from 13 on.
  [[nodiscard]] std::string random_text(bool uuid) const override { return std::string("md5(random()::text || clock_timestamp()::text || random()::text)") + (uuid ? "::uuid" : ""); }
  [[nodiscard]] const LexicalRules& lexical_rules() const override { return postgresql::lexical_rules(); }
  [[nodiscard]] std::vector<Statement> split(std::string_view sql, const Location& location) const override {
    return postgresql::split(sql, location);
  }
  [[nodiscard]] std::vector<Statement> split_on(const Options& settings, std::string_view sql, const Location& location) const override {
    const auto conforming = settings.find("standard_conforming_strings");
    return postgresql::split(sql, location, conforming == settings.end() || conforming->second != "off");
  }
  [[nodiscard]] SessionUse session_use(const Statement& statement) const override { return postgresql::session_use(statement.text, rules_of(statement, postgresql::lexical_rules())); }
  [[nodiscard]] StatementClass classify(const Statement& statement) const override { return postgresql::classify(statement); }
  [[nodiscard]] Statement without_blocking(Statement statement) const override {
    for (const std::string start : {"CREATE INDEX ", "CREATE UNIQUE INDEX ", "DROP INDEX "}) {
      if (statement.text.starts_with(start)) statement.text.insert(start.size(), "CONCURRENTLY ");
    }
    return statement;
  }
  /// A comment at the end of a statement must not swallow the ';'.
  [[nodiscard]] std::string script_statement(const Statement& statement) const override {
    const auto last_line = statement.text.find_last_of('\n') + 1;
    return statement.text + (statement.text.find("--", last_line) == std::string::npos ? ";" : "\n;");
  }
  /// psql goes on after an error unless it is told otherwise.
  [[nodiscard]] std::string script_prologue() const override { return "\\set ON_ERROR_STOP on"; }
};

}  // namespace

const SqlFace& sql_face() {
  static const PostgresqlSql instance;
  return instance;
}

}  // namespace migrate::postgresql
