#pragma once

#include <map>
#include <string>

#include "weights/byte_reader.hpp"

namespace coterie::inline features {

/// The members of a zip archive by name, each as the run of its bytes in the file. Only members stored without
/// compression, as PyTorch writes them; large archives (zip64) too. Throws FileError.
std::map<std::string, Bytes> read_zip_directory(const FileBytes& file);

}  // namespace coterie::inline features
