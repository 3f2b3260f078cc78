// PyTorch's two containers, as torch/serialization.py writes them.
//   zip (1.6 and later): NAME/data.pkl is the pickle, NAME/data/KEY each storage, NAME/byteorder "little".
//   legacy: four pickles (magic number, protocol 1001, system info, the object), a pickled list of storage keys, then
//   for each key an int64 count of elements and the data.

#include <map>
#include <string_view>

#include "coterie/base/errors.hpp"
#include "formats.hpp"
#include "pickle.hpp"
#include "zip_directory.hpp"

namespace coterie {
namespace {

using Kind = PickleValue::Kind;
using Storages = std::map<std::string, Bytes>;

constexpr auto kMagic = static_cast<std::int64_t>(0xa86a20f9469cfc6c);  // the low 64 of 80 bits

std::string shape_text(const std::vector<std::int64_t>& shape) { return fmt::format("[{}]", fmt::join(shape, ", ")); }

// Copies a strided window, axis by axis; runs along a contiguous last axis are converted in one go.
void gather(const TensorView& view, Bytes storage, std::size_t axis, std::int64_t offset, float*& out) {
  if (axis == view.shape.size()) {
    to_float32(storage, view.format, offset, 1, out++);
    return;
  }
  const std::int64_t length = view.shape[axis], stride = view.strides[axis];
  if (axis + 1 == view.shape.size() && stride == 1) {
    to_float32(storage, view.format, offset, length, out);
    out += length;
    return;
  }
  for (std::int64_t i = 0; i < length; ++i) gather(view, storage, axis + 1, offset + i * stride, out);
}

Tensor read_tensor(const std::string& path, const std::string& name, const TensorView& view, const Storages& storages) {
  const auto fail = [&](const std::string& what) -> FileError { return {path, fmt::format("'{}' {}", name, what)}; };
  const auto storage = storages.find(view.storage);
  if (storage == storages.end()) throw fail(fmt::format("lies in storage {}, which is missing", view.storage));
  const auto held = static_cast<std::int64_t>(storage->second.size()) / bytes_of(view.format);
  const std::int64_t count = elements_of(view.shape);
  if (view.shape.size() != view.strides.size() || count < 0 || count > held)  // an expanded view is no weight
    throw fail(fmt::format("has shape {}, which its storage of {} elements cannot fill", shape_text(view.shape), held));
  if (count > 0 && view.offset >= held) throw fail(fmt::format("begins outside its storage of {} elements", held));
  std::int64_t last = view.offset;
  for (std::size_t axis = 0; axis < view.shape.size() && count > 0; ++axis) {
    const std::int64_t stride = view.strides[axis], steps = view.shape[axis] - 1;
    if (stride < 0 || (steps > 0 && stride > held / steps)) throw fail("has strides that leave its storage");
    last += steps * stride;
  }
  if (count > 0 && last >= held)
    throw fail(fmt::format("reaches element {} of a storage of {}: truncated or damaged", last, held));
  Tensor tensor{view.shape, std::vector<float>(static_cast<std::size_t>(count))};
  float* out = tensor.values.data();
  if (count > 0) gather(view, storage->second, 0, view.offset, out);
  return tensor;
}

const PickleValue* entry(const PickleValue& dict, const std::string& key) {
  for (const auto& [name, value] : dict.entries)
    if (name->kind == Kind::text && name->text == key) return value;
  return nullptr;
}

const PickleValue& find_state_dict(const PickleValue& root, const std::string& path) {
  if (root.kind != Kind::dict) throw FileError(path, "holds no state dict (a dictionary of tensors)");
  const PickleValue* nested = entry(root, "state_dict");
  return nested != nullptr && nested->kind == Kind::dict ? *nested : root;
}

WeightFile collect(const PickleValue& root, const Storages& storages, WeightFile weights) {
  constexpr std::string_view kDataParallel = "module.";
  for (const auto& [key, value] : find_state_dict(root, weights.path()).entries) {
    if (key->kind != Kind::text || value->kind != Kind::tensor) continue;
    const std::string name = key->text.starts_with(kDataParallel) ? key->text.substr(kDataParallel.size()) : key->text;
    weights.add(name, read_tensor(weights.path(), name, value->tensor, storages));
  }
  return weights;
}

Storages read_legacy_storages(ByteReader& reader, const PickleValue& keys, const Unpickler::StorageFormats& formats) {
  Storages storages;
  for (const PickleValue* key : keys.items) {
    const auto format = formats.find(key->text);
    if (format == formats.end()) reader.fail(fmt::format("holds storage '{}', which no tensor uses", key->text));
    const std::uint64_t count = reader.u64();
    const auto width = static_cast<std::uint64_t>(bytes_of(format->second));
    if (count > reader.remaining() / width)
      reader.fail(fmt::format("ends early: storage {} has {} elements, {} bytes are left; truncated or damaged",
                              key->text, count, reader.remaining()));
    storages[key->text] = reader.take(count * width);
  }
  return storages;
}

}  // namespace

WeightFile read_torch_zip(const MappedFile& file) {
  constexpr std::string_view kPickle = "data.pkl";
  const auto members = read_zip_directory(file);
  std::string folder;
  Bytes pickle;
  for (const auto& [name, bytes] : members)
    if (name == kPickle || name.ends_with("/data.pkl")) {
      folder = name.substr(0, name.size() - kPickle.size());
      pickle = bytes;
    }
  if (pickle.empty()) throw FileError(file.path(), "is a zip archive without data.pkl: not made by torch.save");
  if (const auto order = members.find(folder + "byteorder"); order != members.end() && order->second[0] != 'l')
    throw FileError(file.path(), "was saved on a big-endian machine; coterie reads little-endian files");

  Storages storages;
  const std::string data = folder + "data/";
  for (const auto& [name, bytes] : members)
    if (name.starts_with(data)) storages[name.substr(data.size())] = bytes;
  ByteReader reader(pickle, file.path());
  Unpickler unpickler(reader);
  return collect(unpickler.read(), storages, WeightFile(file.path(), "PyTorch zip"));
}

WeightFile read_torch_legacy(const MappedFile& file) {
  ByteReader reader(file.bytes(), file.path());
  Unpickler unpickler(reader);
  const PickleValue& magic = unpickler.read();
  if (magic.kind != Kind::integer || magic.integer != kMagic)
    reader.fail("is a pickle, but not one that torch.save made (its magic number differs)");
  const PickleValue& protocol = unpickler.read();
  if (protocol.integer != 1001) reader.fail(fmt::format("is of torch.save protocol {}, not 1001", protocol.integer));
  unpickler.read();  // the machine that saved it
  const PickleValue& root = unpickler.read();
  const PickleValue& keys = unpickler.read();
  const Storages storages = read_legacy_storages(reader, keys, unpickler.storage_formats());
  return collect(root, storages, WeightFile(file.path(), "PyTorch legacy"));
}

}  // namespace coterie
