#include "dialect/mysql/render/face.hpp"

#include "core/text.hpp"
#include "dialect/mysql/render/render.hpp"
#include "dialect/mysql/sql/split.hpp"
#include "dialect/mysql/sql/text.hpp"

namespace migrate::mysql {
namespace {

/// Where the server's sql_mode has NO_BACKSLASH_ESCAPES, a backslash in a text of ours stands for itself. Bodies of views and programs are
/// somebody's own text and mean what they say.
void fit_quotes(Statement& statement, const ServerInfo& server) {
  const auto mode = server.defaults.find("sql_mode");
  if (statement.text.find('\\') == std::string::npos || mode == server.defaults.end() || Quoting::of(mode->second).backslash_escapes) return;
  if (!starts_with_ignoring_case(statement.text, "CREATE TABLE") && !starts_with_ignoring_case(statement.text, "ALTER")) return;
  std::string fitted;
  std::size_t copied = 0;
  for (const auto& token : tokens_of(statement, lexical_rules())) {
    if (token.kind != TokenKind::string || token.text.front() != '\'') continue;
    fitted += statement.text.substr(copied, token.offset - copied);
    fitted += "'" + replace_all(literal_value(token.text), "'", "''") + "'";
    copied = token.offset + token.text.size();
  }
  statement.text = fitted + statement.text.substr(copied);
}

class MysqlRender final : public RenderFace {
 public:
  [[nodiscard]] std::vector<Statement> render(const std::vector<Operation>& operations, const Schema& before, const ServerInfo& server) const override {
    auto statements = render_operations(operations, before, server);
    for (auto& statement : statements) fit_quotes(statement, server);
    return statements;
  }
  [[nodiscard]] std::vector<std::vector<Statement>> render_parts(const std::vector<std::vector<Operation>>& parts, const Schema& before,
                                                                 const ServerInfo& server) const override {
    auto all = render_operation_parts(parts, before, server);
    for (auto& statements : all) {
      for (auto& statement : statements) fit_quotes(statement, server);
    }
    return all;
  }
};

}  // namespace

const RenderFace& render_face() {
  static const MysqlRender instance;
  return instance;
}

}  // namespace migrate::mysql
