#pragma once

#include <map>
#include <string>

#include "weights/byte_reader.hpp"

namespace coterie::inline features {

/// A member of a zip archive: the run of its bytes in the file, where it is stored as it is.
struct ZipMember {
  Bytes bytes;
  bool compressed = false;  ///< then `bytes` is empty
};

/// The members of a zip archive by name; large archives (zip64) too. Throws FileError.
std::map<std::string, ZipMember> read_zip_directory(const FileBytes& file);

/// The bytes of a member that must be stored as it is, as PyTorch writes tensors. Throws FileError.
Bytes stored_bytes(const FileBytes& file, const std::string& name, const ZipMember& member);

}  // namespace coterie::inline features
