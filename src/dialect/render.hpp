/// The face `render`: operations to statements.
#pragma once

#include <vector>

#include "dialect/server.hpp"
#include "dialect/statement.hpp"
#include "migrate/schema.hpp"
#include "operation/operation.hpp"

namespace migrate {

/// What people should know of an operation before it runs.
struct Remark {
  std::string note;    ///< a comment over its statements; "" is none
  std::string review;  ///< a question that somebody has to answer first; "" is none
};

class RenderFace {
 public:
  virtual ~RenderFace() = default;

  /// The statements that carry out the operations, in order, on a database that looks like `before`. Operations on the
  /// same table that follow each other are joined where that is safe (one ALTER TABLE, one rebuild).
  [[nodiscard]] virtual std::vector<Statement> render(const std::vector<Operation>& operations, const Schema& before,
                                                      const ServerInfo& server) const = 0;

  /// The expression over the column, as `after` names it, by which values of a column that changes its type are converted, when the engine has
  /// to be told and can refuse values; "" where it converts them by itself.
  [[nodiscard]] virtual std::string conversion(const Column& before, const Column& after) const {
    static_cast<void>(before), static_cast<void>(after);
    return "";
  }

  /// What becomes of rows that only the engine's own kinds of objects hold.
  [[nodiscard]] virtual Remark remark(const Operation& operation) const {
    static_cast<void>(operation);
    return {};
  }

  /// render() for operations in parts whose statements have to stay apart. All parts are known when the first is rendered.
  [[nodiscard]] virtual std::vector<std::vector<Statement>> render_parts(const std::vector<std::vector<Operation>>& parts, const Schema& before,
                                                                         const ServerInfo& server) const = 0;
};

}  // namespace migrate
