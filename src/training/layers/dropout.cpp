#include "coterie/training/layer.hpp"
#include "dropped.hpp"

namespace coterie::inline training {
namespace {

class Dropout final : public Layer {
 public:
  Dropout(std::int64_t elements, std::uint32_t number) : elements_(elements), number_(number) {}

  std::int64_t outputs() const override { return elements_; }
  bool gives_all_images() const override { return true; }
  bool in_place() const override { return true; }

  void forward(const Batch& batch, const float*, float* out) override { drop(batch, out); }
  void backward(const Batch& batch, const float*, const float*, float* gradient, float*) override {
    drop(batch, gradient);
  }

 private:
  void drop(const Batch& batch, float* values) const {
    batch.for_images(true, [&](std::int64_t image) {
      float* own = values + image * elements_;
      for_dropped(batch, number_, image, elements_,
                  [own](std::int64_t i, bool kept) { own[i] = kept ? 2 * own[i] : 0; });
    });
  }

  std::int64_t elements_;
  std::uint32_t number_;
};

}  // namespace

std::unique_ptr<Layer> make_dropout(std::int64_t elements, std::uint32_t number) {
  return std::make_unique<Dropout>(elements, number);
}

}  // namespace coterie::inline training
