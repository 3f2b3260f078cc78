#include "coterie/base/random.hpp"
#include "coterie/training/layer.hpp"

namespace coterie::inline training {
namespace {

constexpr std::int64_t kBits = 64;  // of one draw: the numbers that it decides

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
    const Random random(batch.seed, Purpose::dropout, batch.epoch * 16 + number_);
    const std::int64_t draws = (elements_ + kBits - 1) / kBits;
    batch.for_images(true, [&](std::int64_t image) {
      float* own = values + image * elements_;
      for (std::int64_t draw = 0; draw < draws; ++draw) {
        std::uint64_t bits = random.bits(static_cast<std::uint64_t>((batch.first + image) * draws + draw));
        const std::int64_t end = std::min(elements_, (draw + 1) * kBits);
        for (std::int64_t i = draw * kBits; i < end; ++i, bits >>= 1) own[i] = (bits & 1) != 0 ? 2 * own[i] : 0;
      }
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
