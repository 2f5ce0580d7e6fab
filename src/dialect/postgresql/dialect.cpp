#include "dialect/dialect.hpp"

#include "dialect/postgresql/canonical/face.hpp"
#include "dialect/postgresql/catalog/face.hpp"
#include "dialect/postgresql/keep/face.hpp"
#include "dialect/postgresql/lint/lint.hpp"
#include "dialect/postgresql/measure/face.hpp"
#include "dialect/postgresql/render/face.hpp"
#include "dialect/postgresql/rows/face.hpp"
#include "dialect/postgresql/run/face.hpp"
#include "dialect/postgresql/sql/face.hpp"
#include "dialect/registry.hpp"

namespace migrate::postgresql {
namespace {

class PostgresqlDialect final : public Dialect {
 public:
  [[nodiscard]] std::string_view name() const override { return "postgresql"; }
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
  static const PostgresqlDialect instance;
  return instance;
}

}  // namespace migrate::postgresql
