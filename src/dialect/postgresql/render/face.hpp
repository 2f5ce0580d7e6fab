#pragma once

#include "dialect/render.hpp"

namespace migrate::postgresql {

[[nodiscard]] const RenderFace& render_face();

}  // namespace migrate::postgresql
