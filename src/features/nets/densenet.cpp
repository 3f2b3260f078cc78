// DenseNet-201 (Huang et al., CVPR 2017) of torchvision (models/densenet.py) and of Keras (keras_applications/
// densenet.py), both from the authors' Lua files. They differ in epsilon, in names and in whether the top is a softmax.

#include <string>

#include "coterie/base/errors.hpp"
#include "nets/families.hpp"
#include "nets/names.hpp"

namespace coterie::inline features {
namespace {

constexpr int kBlocks[] = {6, 12, 48, 32};
constexpr std::int64_t kGrowth = 32;

// How a file calls its tensors. Blocks and layers count from 1; a transition carries the number of the block before.
class DenseNames {
 public:
  virtual ~DenseNames() = default;
  virtual Parameters stem() const = 0;
  virtual Parameters first_norm(int block, int layer) const = 0;
  virtual Parameters bottleneck(int block, int layer) const = 0;  ///< 1x1 with the normalisation after it
  virtual Parameters growth(int block, int layer) const = 0;      ///< 3x3
  virtual Parameters transition_norm(int block) const = 0;
  virtual Parameters transition(int block) const = 0;
  virtual Parameters last_norm() const = 0;
  virtual Parameters dense() const = 0;
};

// The file on torchvision's server has "norm.1" where the module is called "norm1".
class TorchNames : public DenseNames {
 public:
  explicit TorchNames(const char* dot) : dot_(dot) {}

  Parameters stem() const override { return torch_convolution("features.conv0", "features.norm0", kEpsilon); }
  Parameters first_norm(int block, int layer) const override {
    return torch_normalisation(name(block, layer, "norm", 1), kEpsilon);
  }
  Parameters bottleneck(int block, int layer) const override {
    return torch_convolution(name(block, layer, "conv", 1), name(block, layer, "norm", 2), kEpsilon);
  }
  Parameters growth(int block, int layer) const override {
    return torch_convolution(name(block, layer, "conv", 2), "", kEpsilon);
  }
  Parameters transition_norm(int block) const override {
    return torch_normalisation(fmt::format("features.transition{}.norm", block), kEpsilon);
  }
  Parameters transition(int block) const override {
    return torch_convolution(fmt::format("features.transition{}.conv", block), "", kEpsilon);
  }
  Parameters last_norm() const override { return torch_normalisation("features.norm5", kEpsilon); }
  Parameters dense() const override { return torch_dense("classifier"); }

 private:
  static constexpr double kEpsilon = 1e-5;

  std::string name(int block, int layer, const char* kind, int number) const {
    return fmt::format("features.denseblock{}.denselayer{}.{}{}{}", block, layer, kind, dot_, number);
  }

  std::string dot_;
};

// The stem is called conv1/conv or conv1_conv, the last layer fc1000 or predictions, by version.
class KerasNames : public DenseNames {
 public:
  KerasNames(const char* separator, const char* dense) : separator_(separator), dense_(dense) {}

  Parameters stem() const override { return convolution("conv1" + separator_ + "conv", "conv1" + separator_ + "bn"); }
  Parameters first_norm(int block, int layer) const override {
    return keras_normalisation(name(block, layer, "0_bn"), kEpsilon);
  }
  Parameters bottleneck(int block, int layer) const override {
    return convolution(name(block, layer, "1_conv"), name(block, layer, "1_bn"));
  }
  Parameters growth(int block, int layer) const override { return convolution(name(block, layer, "2_conv"), ""); }
  Parameters transition_norm(int block) const override {
    return keras_normalisation(fmt::format("pool{}_bn", block + 1), kEpsilon);
  }
  Parameters transition(int block) const override { return convolution(fmt::format("pool{}_conv", block + 1), ""); }
  Parameters last_norm() const override { return keras_normalisation("bn", kEpsilon); }
  Parameters dense() const override { return keras_dense(dense_); }

 private:
  static constexpr double kEpsilon = 1.001e-5;

  static std::string name(int block, int layer, const char* part) {
    return fmt::format("conv{}_block{}_{}", block + 1, layer, part);
  }
  static Parameters convolution(const std::string& name, const std::string& norm) {
    return keras_convolution(name, norm, kEpsilon, false);
  }

  std::string separator_, dense_;
};

// Up to the last ReLU; `name_block` is given each block's number and result.
template <typename NameBlock>
Value trunk(Plan& plan, const DenseNames& names, NameBlock name_block) {
  Value value = plan.convolve(kInput, names.stem(), 64, symmetric(7, 2, 3), Activation::relu);
  value = plan.max_pool(value, symmetric(3, 2, 1));
  for (int block = 1; block <= 4; ++block) {
    for (int layer = 1; layer <= kBlocks[block - 1]; ++layer) {
      Value grown = plan.normalise(value, names.first_norm(block, layer), Activation::relu);
      grown = plan.convolve(grown, names.bottleneck(block, layer), 4 * kGrowth, {}, Activation::relu);
      grown = plan.convolve(grown, names.growth(block, layer), kGrowth, symmetric(3, 1, 1), Activation::none);
      value = plan.concatenate({value, grown});
    }
    name_block(block, value);
    if (block == 4) break;
    // The origin convolves, then averages 2 × 2 cells. Both are linear and the convolution sees one cell at a time, so
    // that the other order gives the same with a quarter of the products.
    value = plan.normalise(value, names.transition_norm(block), Activation::relu);
    value = plan.average_pool(value, symmetric(2, 2, 0));
    value = plan.convolve(value, names.transition(block), plan.extent(value).channels / 2, {}, Activation::none);
  }
  return plan.normalise(value, names.last_norm(), Activation::relu);
}

Plan plan_torch(const DenseNames& names) {
  Plan plan({224, 224, 3});
  plan.ignore("", ".num_batches_tracked");
  Value value =
      trunk(plan, names, [&](int block, Value result) { plan.name_layer(fmt::format("denseblock{}", block), result); });
  plan.name_layer("relu", value);
  value = plan.average(value);
  plan.name_layer("avgpool", value);
  plan.name_layer("classifier", plan.convolve(value, names.dense(), 1000, {}, Activation::none));
  return plan;
}

Plan plan_keras(const DenseNames& names) {
  Plan plan({224, 224, 3});
  Value value = trunk(plan, names, [&](int block, Value result) {
    plan.name_layer(fmt::format("conv{}_block{}_concat", block + 1, kBlocks[block - 1]), result);
  });
  plan.name_layer("relu", value);
  plan.name_layer("flatten", plan.flatten(value));
  value = plan.average(value);
  plan.name_layer("avg_pool", value);
  plan.name_layer("fc1000", plan.softmax(plan.convolve(value, names.dense(), 1000, {}, Activation::none)));
  return plan;
}

}  // namespace

std::vector<Plan> plan_densenet201() { return {plan_torch(TorchNames("")), plan_torch(TorchNames("."))}; }

std::vector<Plan> plan_densenet201_keras() {
  return {plan_keras(KerasNames("/", "fc1000")), plan_keras(KerasNames("/", "predictions")),
          plan_keras(KerasNames("_", "predictions"))};
}

}  // namespace coterie::inline features
