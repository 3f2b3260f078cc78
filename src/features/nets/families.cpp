#include "families.hpp"

#include "coterie/base/errors.hpp"

namespace coterie {

Plan plan_backbone(const std::string& name, WeightSource& weights) {
  if (name == "efficientnet_lite0") return plan_efficientnet_lite0(weights);
  if (name == "resnet50") return plan_resnet50(weights);
  if (name == "vgg16") return plan_vgg16(weights);
  throw InvalidArgument(fmt::format("no network is described for backbone '{}'", name));
}

}  // namespace coterie
