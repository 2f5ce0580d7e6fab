#pragma once

#include "dialect/render.hpp"

namespace migrate::mysql {

[[nodiscard]] const RenderFace& render_face();

}  // namespace migrate::mysql
