#include "stages/step_images.hpp"

namespace coterie::jobs {

StepImages::StepImages(const ImageList& list, const Preprocess& preprocess, DeepClusterNetwork& network,
                       const EpochOrder& drawn, int threads)
    : list_(list), preprocess_(preprocess), network_(network), drawn_(drawn), side_(network.shape().image_size) {
  if (network.is_on_device()) ahead_.emplace(threads);
}

StepImages::Taken StepImages::take(const Batch& batch, const std::optional<Batch>& next) {
  const std::int64_t numbers = side_ * side_ * 2;
  if (begun_ == batch.first) {
    ahead_->finish(batch.comm);
  } else {
    Half& half = prepare(batch);
    load_images(list_, preprocess_, batch, drawn_.rows, numbers, render_into(half, batch), half.gradients);
  }
  const Half& ready = halves_[static_cast<std::size_t>(current_)];
  if (ahead_ && next) {
    Half& half = prepare(*next);
    ahead_->begin(list_, preprocess_, *next, drawn_.rows, numbers, render_into(half, *next), half.gradients);
    begun_ = next->first;
  }
  return {ready.gradients, ready.views};
}

StepImages::Half& StepImages::prepare(const Batch& batch) {
  if (ahead_) current_ = 1 - current_;
  Half& half = halves_[static_cast<std::size_t>(current_)];
  half.views.resize(static_cast<std::size_t>(batch.own_images()));
  half.gradients = network_.input_memory(current_, batch.own_images() * side_ * side_ * 2);
  return half;
}

Render StepImages::render_into(Half& half, const Batch& batch) const {
  const std::int64_t first = batch.first + batch.own().begin;
  return [this, first, views = half.views.data(), seed = batch.seed, epoch = batch.epoch](
             const Image& image, std::int64_t position, float* out) {
    const View view = draw_view({image.width, image.height}, seed, epoch, position);
    views[position - first] = view;
    std::vector<float> pixels(static_cast<std::size_t>(side_ * side_ * 3));
    render_view(image, view, preprocess_, pixels.data());
    sobel_gradients(pixels.data(), side_, out);
  };
}

}  // namespace coterie::jobs
