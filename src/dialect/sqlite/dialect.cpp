#include "dialect/dialect.hpp"

#include "dialect/registry.hpp"
#include "dialect/sqlite/canonical/face.hpp"
#include "dialect/sqlite/catalog/face.hpp"
#include "dialect/sqlite/catalog/follow.hpp"
#include "dialect/sqlite/keep/face.hpp"
#include "dialect/sqlite/lint/lint.hpp"
#include "dialect/sqlite/measure/face.hpp"
#include "dialect/sqlite/render/face.hpp"
#include "dialect/sqlite/rows/face.hpp"
#include "dialect/sqlite/run/connect.hpp"
#include "dialect/sqlite/run/face.hpp"
#include "dialect/sqlite/sql/face.hpp"

namespace migrate::sqlite {
namespace {

class SqliteDialect final : public Dialect {
 public:
  [[nodiscard]] std::string_view name() const override { return "sqlite"; }
  [[nodiscard]] const SqlFace& sql() const override { return sql_face(); }
  [[nodiscard]] const CanonicalFace& canonical() const override { return canonical_face(); }
  [[nodiscard]] const CatalogFace& catalog() const override { return catalog_face(); }
  [[nodiscard]] const RenderFace& render() const override { return *render_; }
  [[nodiscard]] const RunFace& run() const override { return run_face(); }
  [[nodiscard]] const RowsFace& rows() const override { return *rows_; }
  [[nodiscard]] const KeepFace& keep() const override { return keep_face(); }
  [[nodiscard]] const MeasureFace& measure() const override { return measure_face(); }
  [[nodiscard]] const lint::Support& lint() const override { return lint_support(); }

 private:
  std::unique_ptr<RowsFace> rows_ = make_rows_face(connect);
  std::unique_ptr<RenderFace> render_ = make_render_face({follow, apply_and_follow});
};

}  // namespace

const Dialect& dialect() {
  static const SqliteDialect instance;
  return instance;
}

}  // namespace migrate::sqlite
