#pragma once

#include <string>

#include "coterie/features/weight_file.hpp"
#include "weights/byte_reader.hpp"
#include "weights/number_format.hpp"

namespace coterie::inline features {

// One reader for each container; read_weights chooses by the first bytes. All throw FileError.

WeightFile read_weights(const FileBytes& file);

WeightFile read_torch_zip(const FileBytes& file);
WeightFile read_torch_legacy(const FileBytes& file);
WeightFile read_torch_tar(const FileBytes& file);
WeightFile read_safetensors(const FileBytes& file);
WeightFile read_tensorflow_graph(const FileBytes& file);
WeightFile read_keras(const FileBytes& file);  ///< the file is opened once more, by HDF5

/// The tensor of this shape whose elements are `data`, which lies within the file and holds them all: a view of the
/// file where it is float32 and aligned, else converted.
Tensor make_tensor(const FileBytes& file, Bytes data, NumberFormat format, std::vector<std::int64_t> shape);

}  // namespace coterie::inline features
