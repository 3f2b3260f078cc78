#include <algorithm>

#include "coterie/training/layer.hpp"

namespace coterie::inline training {
namespace {

class Flatten final : public Layer {
 public:
  explicit Flatten(const Map& in) : map_(in) {}

  std::int64_t outputs() const override { return map_.elements(); }
  bool gives_all_images() const override { return true; }

  void forward(const Batch& batch, const float* in, float* out) override {
    std::vector<float> own(static_cast<std::size_t>(batch.own_images() * map_.elements()));
    batch.for_images(false, [&](std::int64_t image) {
      const std::int64_t at = image * map_.elements();
      for_values(
          [&](std::int64_t first, std::int64_t last) { own[static_cast<std::size_t>(at + first)] = in[at + last]; });
    });
    batch.bytes += std::ssize(own) * 4;
    const auto all = batch.comm.gather_all(std::span<const float>(own));
    std::copy(all.begin(), all.end(), out);
  }

  void backward(const Batch& batch, const float*, const float*, float* out_gradient, float* in_gradient) override {
    const float* own = out_gradient + batch.own().begin * map_.elements();
    batch.for_images(false, [&](std::int64_t image) {
      const std::int64_t at = image * map_.elements();
      for_values([&](std::int64_t first, std::int64_t last) { in_gradient[at + last] = own[at + first]; });
    });
  }

 private:
  // work(place with channels first, place with channels last)
  template <typename Work>
  void for_values(const Work& work) const {
    std::int64_t last = 0;
    for (std::int64_t pixel = 0; pixel < map_.pixels(); ++pixel)
      for (std::int64_t c = 0; c < map_.channels; ++c) work(c * map_.pixels() + pixel, last++);
  }

  Map map_;
};

}  // namespace

std::unique_ptr<Layer> make_flatten(const Map& in) { return std::make_unique<Flatten>(in); }

}  // namespace coterie::inline training
