#pragma once

#include <map>
#include <string>

#include "weights/formats.hpp"
#include "weights/pickle.hpp"

namespace coterie::inline features {

/// The data of each storage, by its key. Storages that no weight lies in are never looked at.
using Storages = std::map<std::string, Bytes>;

/// Takes the length (an int64 count of elements) and the data of one storage off the reader. Throws FileError.
Bytes take_storage(ByteReader& reader, const std::string& key, NumberFormat format);

/// All tensors of a state dict, of the dictionaries in a checkpoint, or of a module and those below it, under the keys
/// that lead to them, joined by dots: "state_dict.module.conv1.weight". An optimizer is left alone. Throws FileError.
WeightFile read_state_dict(const FileBytes& file, const std::string& container, const PickleValue& root,
                           const Storages& storages);

}  // namespace coterie::inline features
