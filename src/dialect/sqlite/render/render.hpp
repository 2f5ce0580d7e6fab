/// Operations to SQL.
#pragma once

#include <string>
#include <vector>

#include "dialect/render.hpp"
#include "dialect/statement.hpp"
#include "operation/operation.hpp"

namespace migrate::sqlite {

/// What a rename does to the texts that name the renamed thing: only SQLite knows, and the room `catalog` asks it
/// (catalog/follow.hpp).
struct Renames {
  bool (*follow)(Schema& schema, const Schema& before, const std::vector<std::string>& statements) = nullptr;
  void (*apply)(Schema& schema, const Operation& operation) = nullptr;
};

/// RenderFace::remark(): what becomes of a virtual table's rows.
[[nodiscard]] Remark remark(const Operation& operation);

[[nodiscard]] std::vector<Statement> render(const std::vector<Operation>& operations, const Schema& before, const Renames& renames);

}  // namespace migrate::sqlite
