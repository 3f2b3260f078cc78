#pragma once

#include "nets/engine.hpp"

namespace coterie::inline features {

/// What libcoterie_torch.so does for the rest by LibTorch, which the rest does not name; engine.hpp says what each is
/// for. It is opened when first needed (torch_on_demand.cpp).
struct TorchFunctions {
  decltype(make_torch_engine)* torch_engine;
  decltype(make_torchscript_engine)* torchscript_engine;
  decltype(coterie::torchscript_dimension)* torchscript_dimension;
  decltype(find_gpus)* gpus;
};

}  // namespace coterie::inline features

/// Where the library has them.
extern "C" const coterie::TorchFunctions* coterie_torch_functions();
