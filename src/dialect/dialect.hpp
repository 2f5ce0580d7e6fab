/// What is true of one engine family, handed out as faces: small interfaces, a header each in this folder and a room of the
/// same name in every engine's folder. Everything above this layer asks a face or a capability, never which engine it has,
/// and includes the faces that it uses.
#pragma once

#include <string_view>

namespace migrate {

class SqlFace;
class CanonicalFace;
class CatalogFace;
class RenderFace;
class RunFace;
class RowsFace;
class KeepFace;
class MeasureFace;
namespace lint {
struct Support;
}

class Dialect {
 public:
  virtual ~Dialect() = default;

  [[nodiscard]] virtual std::string_view name() const = 0;           ///< "sqlite", "postgresql", "mysql"
  [[nodiscard]] virtual const SqlFace& sql() const = 0;              ///< dialect/sql.hpp
  [[nodiscard]] virtual const CanonicalFace& canonical() const = 0;  ///< dialect/canonical.hpp
  [[nodiscard]] virtual const CatalogFace& catalog() const = 0;      ///< dialect/catalog.hpp
  [[nodiscard]] virtual const RenderFace& render() const = 0;        ///< dialect/render.hpp
  [[nodiscard]] virtual const RunFace& run() const = 0;              ///< dialect/run.hpp
  [[nodiscard]] virtual const RowsFace& rows() const = 0;            ///< dialect/rows.hpp
  [[nodiscard]] virtual const KeepFace& keep() const = 0;            ///< dialect/keep.hpp
  [[nodiscard]] virtual const MeasureFace& measure() const = 0;      ///< dialect/measure.hpp
  [[nodiscard]] virtual const lint::Support& lint() const = 0;       ///< dialect/lint.hpp
};

/// The dialect by name ("sqlite", "postgresql", "mysql"); its driver is loaded at the first connect.
[[nodiscard]] const Dialect& dialect_named(std::string_view name);

}  // namespace migrate
