// No network: the pixels' brightness, as a convolution of one pixel with weights that nobody has to learn (ITU-R
// BT.601, those of Pillow's convert("L") and OpenCV's cvtColor).

#include "nets/families.hpp"

namespace coterie::inline features {

Value grey(Plan& plan) {
  return plan.convolve(kInput, Affine{{0.299F, 0.587F, 0.114F}, {0.0F}}, symmetric(1, 1, 0), Activation::none);
}

Plan plan_grey_pixels(std::int64_t size) {
  Plan plan({size, size, 3});
  plan.name_layer("pixels", plan.flatten(grey(plan)));
  return plan;
}

}  // namespace coterie::inline features
