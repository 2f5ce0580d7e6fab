#include "dialect/dialect.hpp"

#include "dialect/mysql/canonical/face.hpp"
#include "dialect/mysql/catalog/face.hpp"
#include "dialect/mysql/keep/face.hpp"
#include "dialect/mysql/lint/lint.hpp"
#include "dialect/mysql/measure/face.hpp"
#include "dialect/mysql/render/face.hpp"
#include "dialect/mysql/rows/face.hpp"
#include "dialect/mysql/run/face.hpp"
#include "dialect/mysql/sql/face.hpp"
#include "dialect/registry.hpp"

namespace migrate::mysql {
namespace {

class MysqlDialect final : public Dialect {
 public:
  [[nodiscard]] std::string_view name() const override { return "mysql"; }
  [[nodiscard]] const SqlFace& sql() const override { return sql_face(); }
  [[nodiscard]] const CanonicalFace& canonical() const override { return canonical_face(); }
  [[nodiscard]] const CatalogFace& catalog() const override { return catalog_face(); }
  [[nodiscard]] const RenderFace& render() const override { return render_face(); }
  [[nodiscard]] const RunFace& run() const override { return run_face(); }
  [[nodiscard]] const RowsFace& rows() const override { return *rows_; }
  [[nodiscard]] const KeepFace& keep() const override { return keep_face(); }
  [[nodiscard]] const MeasureFace& measure() const override { return measure_face(); }
  [[nodiscard]] const lint::Support& lint() const override { return lint_support(); }

 private:
  std::unique_ptr<RowsFace> rows_ = make_rows_face(open_rows);
};

}  // namespace

const Dialect& dialect() {
  static const MysqlDialect instance;
  return instance;
}

}  // namespace migrate::mysql
