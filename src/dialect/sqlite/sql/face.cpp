#include "dialect/sqlite/sql/face.hpp"

#include "dialect/sqlite/sql/classify.hpp"
#include "dialect/sqlite/sql/session_use.hpp"
#include "dialect/sqlite/sql/split.hpp"
#include "dialect/sqlite/sql/text.hpp"

namespace migrate::sqlite {
namespace {

class SqliteSql final : public SqlFace {
 public:
  [[nodiscard]] std::string quote_name(std::string_view name) const override { return sqlite::quote_name(name); }
  [[nodiscard]] std::string quote_name(const QualifiedName& name) const override {
    return name.schema.empty() ? sqlite::quote_name(name.name) : sqlite::quote_name(name.schema) + "." + sqlite::quote_name(name.name);
  }
  [[nodiscard]] std::string quote_text(std::string_view text) const override { return sqlite::quote_text(text); }
  [[nodiscard]] std::string random_text(bool) const override { return "lower(hex(randomblob(16)))"; }
  [[nodiscard]] const LexicalRules& lexical_rules() const override { return sqlite::lexical_rules(); }
  [[nodiscard]] std::vector<Statement> split(std::string_view sql, const Location& location) const override {
    return sqlite::split(sql, location);
  }
  [[nodiscard]] SessionUse session_use(const Statement& statement) const override { return sqlite::session_use(statement.text); }
  [[nodiscard]] StatementClass classify(const Statement& statement) const override { return sqlite::classify(statement); }
  /// The sqlite3 shell goes on after an error unless it is told otherwise.
  [[nodiscard]] std::string script_prologue() const override { return ".bail on"; }
};

}  // namespace

const SqlFace& sql_face() {
  static const SqliteSql instance;
  return instance;
}

}  // namespace migrate::sqlite
