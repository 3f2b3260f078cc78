#include "nets/torch_functions.hpp"

__attribute__((visibility("default"))) const coterie::TorchFunctions* coterie_torch_functions() {
  static constexpr coterie::TorchFunctions kFunctions = {coterie::make_torch_engine, coterie::make_torchscript_engine,
                                                         coterie::torchscript_dimension, coterie::find_gpus};
  return &kFunctions;
}
