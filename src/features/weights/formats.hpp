#pragma once

#include "byte_reader.hpp"
#include "coterie/features/weight_file.hpp"

namespace coterie {

// One reader for each container; read_weights chooses by the first bytes. All throw FileError.

WeightFile read_torch_zip(const MappedFile& file);
WeightFile read_torch_legacy(const MappedFile& file);
WeightFile read_safetensors(const MappedFile& file);
WeightFile read_keras(const std::string& path);

}  // namespace coterie
