#include "dialect/mysql/render/face.hpp"

#include "dialect/mysql/render/render.hpp"

namespace migrate::mysql {
namespace {

class MysqlRender final : public RenderFace {
 public:
  [[nodiscard]] std::vector<Statement> render(const std::vector<Operation>& operations, const Schema& before, const ServerInfo& server) const override {
    return render_operations(operations, before, server);
  }
  [[nodiscard]] std::vector<std::vector<Statement>> render_parts(const std::vector<std::vector<Operation>>& parts, const Schema& before,
                                                                 const ServerInfo& server) const override {
    return render_operation_parts(parts, before, server);
  }
};

}  // namespace

const RenderFace& render_face() {
  static const MysqlRender instance;
  return instance;
}

}  // namespace migrate::mysql
