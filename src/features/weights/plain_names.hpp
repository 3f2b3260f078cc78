#pragma once

#include "coterie/features/weight_file.hpp"

namespace coterie::inline features {

/// The file with the names that its network's own code would have given. What PyTorch's wrappers put between
/// (DataParallel's "module.", torch.compile's "_orig_mod.", FSDP's "_fsdp_wrapped_module.") is dropped at the beginning
/// and inside, and the key of a checkpoint ("state_dict.", "model.", …) where all names begin with it:
/// "features.0.bias" of "state_dict.features.module.0.bias". Where two names would become one, all stay.
WeightFile with_plain_names(WeightFile file);

}  // namespace coterie::inline features
