#include "dialect/sqlite/render/face.hpp"

namespace migrate::sqlite {
namespace {

class SqliteRender final : public RenderFace {
 public:
  explicit SqliteRender(Renames renames) : renames_(renames) {}

  [[nodiscard]] std::vector<Statement> render(const std::vector<Operation>& operations, const Schema& before,
                                              const ServerInfo& /*server*/) const override {
    return sqlite::render(operations, before, renames_);
  }
  [[nodiscard]] std::vector<std::vector<Statement>> render_parts(const std::vector<std::vector<Operation>>& parts, const Schema& before,
                                                                 const ServerInfo& /*server*/) const override {
    std::vector<std::vector<Statement>> out;
    Schema state = before;
    for (const auto& part : parts) {
      out.push_back(sqlite::render(part, state, renames_));
      for (const auto& operation : part) renames_.apply(state, operation);
    }
    return out;
  }

  [[nodiscard]] Remark remark(const Operation& operation) const override { return sqlite::remark(operation); }

 private:
  Renames renames_;
};

}  // namespace

std::unique_ptr<RenderFace> make_render_face(Renames renames) { return std::make_unique<SqliteRender>(renames); }

}  // namespace migrate::sqlite
