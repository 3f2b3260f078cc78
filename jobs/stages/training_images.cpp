#include "stages/training_images.hpp"

#include "coterie/images/decode.hpp"

namespace coterie::jobs {
namespace {

void load(const ImageList& list, const Preprocess& preprocess, RowRange positions, std::span<const std::int64_t> rows,
          std::int64_t numbers, const Render& render, float* out, ThreadPool& pool) {
  const DecodeOptions options = decode_options(preprocess, list.limits);
  pool.for_each(positions.size(), [&](std::int64_t image, int) {
    const std::int64_t position = positions.begin + image;
    const std::int64_t row = rows[static_cast<std::size_t>(position)];
    const auto decoded = decode_image(place_of(list.table, list.images[static_cast<std::size_t>(row)]), options);
    render(decoded, position, out + image * numbers);
  });
}

RowRange positions_of(const Batch& batch) { return {batch.first + batch.own().begin, batch.first + batch.own().end}; }

}  // namespace

void load_images(const ImageList& list, const Preprocess& preprocess, const Batch& batch,
                 std::span<const std::int64_t> rows, std::int64_t numbers, const Render& render, float* out) {
  batch.comm.together([&] { load(list, preprocess, positions_of(batch), rows, numbers, render, out, batch.pool); });
}

void ImagesAhead::begin(const ImageList& list, const Preprocess& preprocess, const Batch& batch,
                        std::span<const std::int64_t> rows, std::int64_t numbers, Render render, float* out) {
  begun_ = std::async(std::launch::async,
                      [=, this, &list, &preprocess, positions = positions_of(batch), render = std::move(render)] {
                        load(list, preprocess, positions, rows, numbers, render, out, pool_);
                      });
}

void ImagesAhead::finish(const Communicator& comm) {
  comm.together([&] { begun_.get(); });
}

}  // namespace coterie::jobs
