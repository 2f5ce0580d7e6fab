#include "dialect/postgresql/render/face.hpp"

#include "dialect/postgresql/render/render.hpp"

namespace migrate::postgresql {
namespace {

class PostgresqlRender final : public RenderFace {
 public:
  [[nodiscard]] std::vector<Statement> render(const std::vector<Operation>& operations, const Schema& before, const ServerInfo& server) const override {
    return postgresql::render(operations, before, server);
  }
  [[nodiscard]] std::string conversion(const Column& before, const Column& after) const override { return using_expression(before, after); }
  [[nodiscard]] std::vector<std::vector<Statement>> render_parts(const std::vector<std::vector<Operation>>& parts, const Schema& before,
                                                                 const ServerInfo& server) const override {
    return postgresql::render_parts(parts, before, server);
  }
};

}  // namespace

const RenderFace& render_face() {
  static const PostgresqlRender instance;
  return instance;
}

}  // namespace migrate::postgresql
