#include "stages/training_images.hpp"

#include "coterie/images/decode.hpp"

namespace coterie::jobs {

void load_images(const ImageList& list, const Preprocess& preprocess, const Batch& batch,
                 std::span<const std::int64_t> rows, std::int64_t numbers,
                 const std::function<void(const Image& image, std::int64_t position, float* out)>& render, float* out) {
  const DecodeOptions options = decode_options(preprocess, list.limits);
  const RowRange own = batch.own();
  batch.comm.together([&] {
    batch.pool.for_each(own.size(), [&](std::int64_t image, int) {
      const std::int64_t position = batch.first + own.begin + image;
      const std::int64_t row = rows[static_cast<std::size_t>(position)];
      const auto decoded = decode_image(place_of(list.table, list.images[static_cast<std::size_t>(row)]), options);
      render(decoded, position, out + image * numbers);
    });
  });
}

}  // namespace coterie::jobs
