#include <algorithm>

#include "coterie/training/layer.hpp"

namespace coterie::inline training {
namespace {

class Relu final : public Layer {
 public:
  Relu(std::int64_t elements, bool all_images) : elements_(elements), all_(all_images) {}

  std::int64_t outputs() const override { return elements_; }
  bool gives_all_images() const override { return all_; }
  bool in_place() const override { return true; }

  void forward(const Batch& batch, const float*, float* out) override {
    batch.for_images(all_, [&](std::int64_t image) {
      float* values = out + image * elements_;
      for (std::int64_t i = 0; i < elements_; ++i) values[i] = values[i] < 0 ? 0 : values[i];  // NaN stays
    });
  }

  // A dropout that follows in the same memory may have made an output 0: then its gradient is 0 already.
  void backward(const Batch& batch, const float*, const float* out, float* gradient, float*) override {
    batch.for_images(all_, [&](std::int64_t image) {
      const float* values = out + image * elements_;
      float* slopes = gradient + image * elements_;
      for (std::int64_t i = 0; i < elements_; ++i) slopes[i] = values[i] > 0 ? slopes[i] : 0;
    });
  }

 private:
  std::int64_t elements_;
  bool all_;
};

}  // namespace

std::unique_ptr<Layer> make_relu(std::int64_t elements, bool all_images) {
  return std::make_unique<Relu>(elements, all_images);
}

}  // namespace coterie::inline training
