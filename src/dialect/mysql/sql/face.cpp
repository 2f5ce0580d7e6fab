#include "dialect/mysql/sql/face.hpp"

#include <algorithm>
#include <fmt/format.h>

#include "dialect/mysql/sql/classify.hpp"
#include "dialect/mysql/sql/session_use.hpp"
#include "dialect/mysql/sql/split.hpp"
#include "dialect/mysql/sql/text.hpp"

namespace migrate::mysql {
namespace {

class MysqlSql final : public SqlFace {
 public:
  [[nodiscard]] std::string quote_name(std::string_view name) const override { return mysql::quote_name(name); }
  [[nodiscard]] std::string quote_name(const QualifiedName& name) const override { return mysql::quote_name(name); }
  [[nodiscard]] std::string quote_text(std::string_view text) const override { return mysql::quote_text(text); }
  /// || is an OR here, unless the session says otherwise.
  [[nodiscard]] std::string join_texts(const std::vector<std::string>& expressions) const override {
    std::string out;
    for (const auto& expression : expressions) out += (out.empty() ? "" : ", ") + expression;
    return "concat(" + out + ")";
  }
  /// uuid() counts up from the time and can be guessed.
  [[nodiscard]] std::string random_text(bool uuid) const override { return uuid ? "uuid()" : "lower(hex(random_bytes(16)))"; }
  /// `text` ends at 64 KiB here.
  [[nodiscard]] std::string long_text_type() const override { return "longtext"; }
  [[nodiscard]] const LexicalRules& lexical_rules() const override { return mysql::lexical_rules(); }
  [[nodiscard]] std::vector<Statement> split(std::string_view sql, const Location& location) const override {
    return split_statements(sql, location);
  }
  [[nodiscard]] std::vector<Statement> split_on(const Options& settings, std::string_view sql, const Location& location) const override {
    const auto mode = settings.find("sql_mode");
    return split_statements(sql, location, mode == settings.end() ? Quoting{} : Quoting::of(mode->second));
  }
  /// In hexadecimal where NO_BACKSLASH_ESCAPES would change what it says.
  [[nodiscard]] std::string quote_value(std::string_view text) const override {
    if (text.find_first_of(std::string_view("\\\0", 2)) == std::string_view::npos) return mysql::quote_text(text);
    std::string hex;
    for (const char c : text) hex += fmt::format("{:02x}", static_cast<unsigned char>(c));
    return "_utf8mb4 X'" + hex + "'";
  }
  [[nodiscard]] SessionUse session_use(const Statement& statement) const override { return mysql::session_use(statement.text, rules_of(statement, mysql::lexical_rules())); }
  [[nodiscard]] StatementClass classify(const Statement& statement) const override { return classify_statement(statement.text, rules_of(statement, mysql::lexical_rules())); }
  [[nodiscard]] bool ends_transaction(const Statement& statement) const override { return commits_transaction(statement.text, rules_of(statement, mysql::lexical_rules())); }

  /// The mysql client ends a statement at its first ';', in a body too, unless told otherwise.
  [[nodiscard]] std::string script_statement(const Statement& statement) const override {
    const auto tokens = tokens_of(statement, mysql::lexical_rules());
    const bool body = std::any_of(tokens.begin(), tokens.end(), [](const Token& token) { return token.is_symbol(";"); });
    if (!body) return statement.text + ";";
    std::string delimiter = "//";
    while (statement.text.find(delimiter) != std::string::npos) delimiter += "/";
    return fmt::format("DELIMITER {0}\n{1}\n{0}\nDELIMITER ;", delimiter, statement.text);
  }
};

}  // namespace

const SqlFace& sql_face() {
  static const MysqlSql instance;
  return instance;
}

}  // namespace migrate::mysql
