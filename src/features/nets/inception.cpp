// Inception v3 (Szegedy et al., "Rethinking the Inception architecture", CVPR 2016): Keras' (keras_applications/
// inception_v3.py) and the TensorFlow graph of 2015-12-05, which has 1,008 classes and a maximum pool in its last
// block. The graph's weights also come as a .pth with torchvision's names (mseitzer/pytorch-fid, toshas/torch-fidelity,
// whose util_convert_inception_weights.py tells which is which). Average pools do not count their padding.

#include <string>

#include "coterie/base/errors.hpp"
#include "nets/families.hpp"
#include "nets/names.hpp"

namespace coterie::inline features {
namespace {

enum class Naming {
  keras,  // convolutions counted in the order in which they were made, normalisations without gamma
  graph,
  torch,
};

// Adds units of convolution, normalisation and ReLU; each is called by its scope in the graph and its name in the .pth.
class Inception {
 public:
  Inception(Plan& plan, Naming naming) : plan_(plan), naming_(naming) {}

  void enter(const std::string& scope, const std::string& torch_block) {
    scope_ = scope + "/";
    torch_block_ = torch_block + ".";
  }

  Value unit(Value input, const std::string& scope, const std::string& torch, std::int64_t channels,
             const Window& window = {}) {
    return plan_.convolve(input, parameters(scope_ + scope, torch_block_ + torch), channels, window, Activation::relu);
  }

 private:
  Parameters parameters(const std::string& scope, const std::string& torch) {
    constexpr double kEpsilon = 1e-3;
    if (naming_ == Naming::torch) return torch_convolution(torch + ".conv", torch + ".bn", kEpsilon);
    if (naming_ == Naming::graph) {
      const std::string norm = scope + "/batchnorm";
      return {Layout::hwio,
              scope + "/conv2d_params",
              "",
              {norm + "/gamma", norm + "/beta", norm + "/moving_mean", norm + "/moving_variance", kEpsilon, norm}};
    }
    ++count_;
    Parameters result = keras_normalisation(fmt::format("batch_normalization_{}", count_), kEpsilon, false);
    result.layout = Layout::hwio;
    result.kernel = fmt::format("conv2d_{}/kernel", count_);
    return result;
  }

  Plan& plan_;
  Naming naming_;
  int count_ = 0;
  std::string scope_, torch_block_;
};

const Window kPool = symmetric(3, 1, 1), kHalve = symmetric(3, 2, 0);

Value stem(Plan& plan, Inception& net) {
  Value x = net.unit(kInput, "conv", "Conv2d_1a_3x3", 32, kHalve);
  x = net.unit(x, "conv_1", "Conv2d_2a_3x3", 32, symmetric(3, 1, 0));
  x = net.unit(x, "conv_2", "Conv2d_2b_3x3", 64, same(3, 3));
  x = plan.max_pool(x, kHalve);
  x = net.unit(x, "conv_3", "Conv2d_3b_1x1", 80);
  x = net.unit(x, "conv_4", "Conv2d_4a_3x3", 192, symmetric(3, 1, 0));
  return plan.max_pool(x, kHalve);
}

// mixed to mixed_2, 35 × 35.
Value block_35(Plan& plan, Inception& net, Value x, std::int64_t pooled) {
  const Value one = net.unit(x, "conv", "branch1x1", 64);
  Value five = net.unit(x, "tower/conv", "branch5x5_1", 48);
  five = net.unit(five, "tower/conv_1", "branch5x5_2", 64, same(5, 5));
  Value three = net.unit(x, "tower_1/conv", "branch3x3dbl_1", 64);
  three = net.unit(three, "tower_1/conv_1", "branch3x3dbl_2", 96, same(3, 3));
  three = net.unit(three, "tower_1/conv_2", "branch3x3dbl_3", 96, same(3, 3));
  const Value pool = net.unit(plan.average_pool(x, kPool), "tower_2/conv", "branch_pool", pooled);
  return plan.concatenate({one, five, three, pool});
}

// mixed_3, to 17 × 17.
Value block_35_to_17(Plan& plan, Inception& net, Value x) {
  const Value three = net.unit(x, "conv", "branch3x3", 384, kHalve);
  Value twice = net.unit(x, "tower/conv", "branch3x3dbl_1", 64);
  twice = net.unit(twice, "tower/conv_1", "branch3x3dbl_2", 96, same(3, 3));
  twice = net.unit(twice, "tower/conv_2", "branch3x3dbl_3", 96, kHalve);
  return plan.concatenate({three, twice, plan.max_pool(x, kHalve)});
}

// mixed_4 to mixed_7.
Value block_17(Plan& plan, Inception& net, Value x, std::int64_t width) {
  const Value one = net.unit(x, "conv", "branch1x1", 192);
  Value seven = net.unit(x, "tower/conv", "branch7x7_1", width);
  seven = net.unit(seven, "tower/conv_1", "branch7x7_2", width, same(1, 7));
  seven = net.unit(seven, "tower/conv_2", "branch7x7_3", 192, same(7, 1));
  Value twice = net.unit(x, "tower_1/conv", "branch7x7dbl_1", width);
  twice = net.unit(twice, "tower_1/conv_1", "branch7x7dbl_2", width, same(7, 1));
  twice = net.unit(twice, "tower_1/conv_2", "branch7x7dbl_3", width, same(1, 7));
  twice = net.unit(twice, "tower_1/conv_3", "branch7x7dbl_4", width, same(7, 1));
  twice = net.unit(twice, "tower_1/conv_4", "branch7x7dbl_5", 192, same(1, 7));
  const Value pool = net.unit(plan.average_pool(x, kPool), "tower_2/conv", "branch_pool", 192);
  return plan.concatenate({one, seven, twice, pool});
}

// mixed_8, to 8 × 8.
Value block_17_to_8(Plan& plan, Inception& net, Value x) {
  Value three = net.unit(x, "tower/conv", "branch3x3_1", 192);
  three = net.unit(three, "tower/conv_1", "branch3x3_2", 320, kHalve);
  Value seven = net.unit(x, "tower_1/conv", "branch7x7x3_1", 192);
  seven = net.unit(seven, "tower_1/conv_1", "branch7x7x3_2", 192, same(1, 7));
  seven = net.unit(seven, "tower_1/conv_2", "branch7x7x3_3", 192, same(7, 1));
  seven = net.unit(seven, "tower_1/conv_3", "branch7x7x3_4", 192, kHalve);
  return plan.concatenate({three, seven, plan.max_pool(x, kHalve)});
}

// mixed_9 and mixed_10.
Value block_8(Plan& plan, Inception& net, Value x, bool max_pool) {
  const Value one = net.unit(x, "conv", "branch1x1", 320);
  const Value three = net.unit(x, "tower/conv", "branch3x3_1", 384);
  const Value three_a = net.unit(three, "tower/mixed/conv", "branch3x3_2a", 384, same(1, 3));
  const Value three_b = net.unit(three, "tower/mixed/conv_1", "branch3x3_2b", 384, same(3, 1));
  Value twice = net.unit(x, "tower_1/conv", "branch3x3dbl_1", 448);
  twice = net.unit(twice, "tower_1/conv_1", "branch3x3dbl_2", 384, same(3, 3));
  const Value twice_a = net.unit(twice, "tower_1/mixed/conv", "branch3x3dbl_3a", 384, same(1, 3));
  const Value twice_b = net.unit(twice, "tower_1/mixed/conv_1", "branch3x3dbl_3b", 384, same(3, 1));
  const Value pooled = max_pool ? plan.max_pool(x, kPool) : plan.average_pool(x, kPool);
  const Value pool = net.unit(pooled, "tower_2/conv", "branch_pool", 192);
  return plan.concatenate({one, three_a, three_b, twice_a, twice_b, pool});
}

// Up to the average over the last block; Keras calls the blocks mixed0, mixed1, …, the graph mixed, mixed_1, ….
Value trunk(Plan& plan, Naming naming) {
  constexpr const char* kTorchBlocks[] = {"5b", "5c", "5d", "6a", "6b", "6c", "6d", "6e", "7a", "7b", "7c"};
  constexpr std::int64_t kWidths[] = {128, 160, 160, 192};
  Inception net(plan, naming);
  Value value = stem(plan, net);
  for (int block = 0; block <= 10; ++block) {
    const std::string scope = block == 0 ? "mixed" : fmt::format("mixed_{}", block);
    net.enter(scope, fmt::format("Mixed_{}", kTorchBlocks[block]));
    if (block <= 2)
      value = block_35(plan, net, value, block == 0 ? 32 : 64);
    else if (block == 3)
      value = block_35_to_17(plan, net, value);
    else if (block <= 7)
      value = block_17(plan, net, value, kWidths[block - 4]);
    else if (block == 8)
      value = block_17_to_8(plan, net, value);
    else
      value = block_8(plan, net, value, naming != Naming::keras && block == 10);
    plan.name_layer(naming == Naming::keras ? fmt::format("mixed{}", block) : scope, value);
  }
  return plan.average(value);
}

Plan plan_2015(Naming naming) {
  Plan plan({299, 299, 3});
  // A frozen graph holds constants of all kinds.
  if (naming == Naming::graph) plan.ignore("");
  plan.ignore("", ".num_batches_tracked");
  Value value = trunk(plan, naming);
  plan.name_layer("pool_3", value);
  const Parameters dense =
      naming == Naming::torch ? torch_dense("fc") : Parameters{Layout::io, "softmax/weights", "softmax/biases", {}};
  value = plan.convolve(value, dense, 1008, {}, Activation::none);
  plan.name_layer("softmax/logits", value);
  plan.name_layer("softmax", plan.softmax(value));
  return plan;
}

}  // namespace

std::vector<Plan> plan_inception_v3() {
  Plan plan({299, 299, 3});
  Value value = trunk(plan, Naming::keras);
  plan.name_layer("avg_pool", value);
  value = plan.convolve(value, keras_dense("predictions"), 1000, {}, Activation::none);
  plan.name_layer("predictions", plan.softmax(value));
  return {plan};
}

std::vector<Plan> plan_inception_2015() { return {plan_2015(Naming::torch), plan_2015(Naming::graph)}; }

}  // namespace coterie::inline features
