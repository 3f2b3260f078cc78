#include "coterie/training/loss.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

namespace coterie::inline training {
namespace {

// In the images' order.
double mean(const std::vector<double>& losses) {
  double sum = 0;
  for (const double loss : losses) sum += loss;
  return sum / static_cast<double>(losses.size());
}

}  // namespace

double softmax_cross_entropy(const Batch& batch, const float* scores, std::span<const std::int32_t> labels,
                             std::int64_t classes, float* gradient) {
  const std::int64_t images = batch.images.rows();
  std::vector<double> losses(static_cast<std::size_t>(images));
  batch.for_images(true, [&](std::int64_t image) {
    const float* from = scores + image * classes;
    float* slope = gradient + image * classes;
    const auto most = static_cast<double>(*std::max_element(from, from + classes));
    double sum = 0;
    for (std::int64_t k = 0; k < classes; ++k) sum += std::exp(static_cast<double>(from[k]) - most);
    const std::int64_t label = labels[static_cast<std::size_t>(image)];
    losses[static_cast<std::size_t>(image)] = std::log(sum) + most - static_cast<double>(from[label]);
    for (std::int64_t k = 0; k < classes; ++k) {
      const double share = std::exp(static_cast<double>(from[k]) - most) / sum;
      slope[k] = static_cast<float>((share - (k == label ? 1 : 0)) / static_cast<double>(images));
    }
  });
  return mean(losses);
}

double sigmoid_cross_entropy(const Batch& batch, const float* scores, const float* pixels, std::int64_t elements,
                             float* gradient) {
  const std::int64_t images = batch.images.rows();
  std::vector<double> losses(static_cast<std::size_t>(images));
  batch.for_images(true, [&](std::int64_t image) {
    double loss = 0;
    for (std::int64_t i = image * elements; i < (image + 1) * elements; ++i) {
      const auto score = static_cast<double>(scores[i]), pixel = static_cast<double>(pixels[i]);
      const double small = std::exp(-std::fabs(score));
      loss += std::max(score, 0.0) - score * pixel + std::log1p(small);
      const double sigmoid = score >= 0 ? 1 / (1 + small) : small / (1 + small);
      gradient[i] = static_cast<float>((sigmoid - pixel) / static_cast<double>(images));
    }
    losses[static_cast<std::size_t>(image)] = loss;
  });
  return mean(losses);
}

}  // namespace coterie::inline training
