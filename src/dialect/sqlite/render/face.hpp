#pragma once

#include <memory>

#include "dialect/render.hpp"
#include "dialect/sqlite/render/render.hpp"

namespace migrate::sqlite {

[[nodiscard]] std::unique_ptr<RenderFace> make_render_face(Renames renames);

}  // namespace migrate::sqlite
