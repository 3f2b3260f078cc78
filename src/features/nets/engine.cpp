#include "nets/engine.hpp"

#include <vector>

namespace coterie::inline features {

void Engine::run_levels(const Levels& levels, const Preprocess& steps, std::int64_t first, std::int64_t count,
                        std::span<float* const> outs) const {
  std::vector<float> pixels(static_cast<std::size_t>(count * levels.image_values()));
  normalise(levels, steps, first, count, pixels.data());
  run(pixels.data(), count, outs);
}

}  // namespace coterie::inline features
