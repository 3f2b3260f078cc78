#include <algorithm>

#include "coterie/base/errors.hpp"
#include "coterie/training/layer.hpp"

namespace coterie::inline training {
namespace {

class MaxPool final : public Layer {
 public:
  MaxPool(const Map& in, const Sliding& window) : in_(in), out_(window.over(in, in.channels)), window_(window) {
    require(window.padding == 0 && window.kernel * window.kernel < 256, "max-pool: windows are small and not padded");
  }

  std::int64_t outputs() const override { return out_.elements(); }
  bool gives_all_images() const override { return false; }

  void forward(const Batch& batch, const float* in, float* out) override {
    taken_.resize(static_cast<std::size_t>(batch.own_images() * out_.elements()));
    batch.for_images(false, [&](std::int64_t image) {
      for (std::int64_t pixel = 0; pixel < out_.pixels(); ++pixel) {
        const std::int64_t at = image * out_.elements() + pixel * in_.channels;
        const float* corner = in + image * in_.elements() + corner_of(pixel);
        float* best = out + at;
        std::uint8_t* taken = taken_.data() + at;
        std::copy(corner, corner + in_.channels, best);
        std::fill(taken, taken + in_.channels, std::uint8_t{0});
        for (std::int64_t tap = 1; tap < taps(); ++tap) {  // the first of equals, as PyTorch
          const float* from = corner + offset_of(tap);
          for (std::int64_t c = 0; c < in_.channels; ++c) {
            const bool more = from[c] > best[c];
            best[c] = more ? from[c] : best[c];
            taken[c] = more ? static_cast<std::uint8_t>(tap) : taken[c];
          }
        }
      }
    });
  }

  void backward(const Batch& batch, const float*, const float*, float* out_gradient, float* in_gradient) override {
    if (in_gradient == nullptr) return;
    batch.for_images(false, [&](std::int64_t image) {
      float* to = in_gradient + image * in_.elements();
      std::fill(to, to + in_.elements(), 0.0F);
      for (std::int64_t pixel = 0; pixel < out_.pixels(); ++pixel) {
        const std::int64_t at = image * out_.elements() + pixel * in_.channels;
        float* corner = to + corner_of(pixel);
        for (std::int64_t c = 0; c < in_.channels; ++c)
          corner[offset_of(taken_[static_cast<std::size_t>(at + c)]) + c] += out_gradient[at + c];
      }
    });
  }

 private:
  std::int64_t taps() const { return window_.kernel * window_.kernel; }
  std::int64_t corner_of(std::int64_t pixel) const {
    const std::int64_t y = pixel / out_.width * window_.stride, x = pixel % out_.width * window_.stride;
    return (y * in_.width + x) * in_.channels;
  }
  std::int64_t offset_of(std::int64_t tap) const {
    return (tap / window_.kernel * in_.width + tap % window_.kernel) * in_.channels;
  }

  Map in_, out_;
  Sliding window_;
  std::vector<std::uint8_t> taken_;  // which place of its window each output is from
};

}  // namespace

std::unique_ptr<Layer> make_max_pool(const Map& in, const Sliding& window) {
  return std::make_unique<MaxPool>(in, window);
}

}  // namespace coterie::inline training
