#pragma once

#include <map>
#include <string>
#include <vector>

#include "weights/byte_reader.hpp"

namespace coterie::inline features {

/// Weights that were saved in parts: for each, the tensors that the index says it holds.
using WeightIndex = std::map<std::string, std::vector<std::string>>;

/// Reads the index of a model in parts ("model.safetensors.index.json", "pytorch_model.bin.index.json"), as
/// Hugging Face's libraries write it: {"weight_map": {tensor: file name}}. The parts lie beside the index: a name that
/// leads elsewhere is refused. Throws FileError.
WeightIndex read_weight_index(const FileBytes& file);

/// Whether these bytes may be such an index: JSON, of which safetensors is none, since it begins with a length.
bool looks_like_index(const FileBytes& file);

}  // namespace coterie::inline features
