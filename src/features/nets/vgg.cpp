// VGG-16 (Simonyan and Zisserman, ICLR 2015) as Keras has it (keras_applications/vgg16.py): BGR input, flattened
// rows first and channels last, fc1 and fc2 after their ReLU.

#include <string>

#include "affine.hpp"
#include "coterie/base/errors.hpp"
#include "families.hpp"

namespace coterie {

Plan plan_vgg16(WeightSource& weights) {
  struct Block {
    std::int64_t convolutions, channels;
  };
  constexpr Block kBlocks[] = {{2, 64}, {2, 128}, {3, 256}, {3, 512}, {3, 512}};
  weights.ignore_prefix("predictions/");
  Plan plan({224, 224, 3});
  Value value = kInput;
  int number = 0;
  for (const Block& block : kBlocks) {
    ++number;
    for (int i = 1; i <= block.convolutions; ++i)
      value = plan.convolve(value,
                            keras_convolution(weights, fmt::format("block{}_conv{}", number, i), 3,
                                              plan.extent(value).channels, block.channels),
                            symmetric(3, 1, 1), Activation::relu);
    value = plan.max_pool(value, symmetric(2, 2, 0));
  }
  value = plan.flatten(value);
  for (const std::string layer : {"fc1", "fc2"}) {
    value = plan.convolve(value, keras_dense(weights, layer, plan.extent(value).channels, 4096), {}, Activation::relu);
    plan.name_layer(layer, value);
  }
  return plan;
}

}  // namespace coterie
