// PyTorch's two containers, as torch/serialization.py writes them.
//   zip (1.6 and later): NAME/data.pkl is the pickle, NAME/data/KEY each storage, NAME/byteorder "little".
//   TorchScript's too, with its code and constants.pkl beside it, which are not looked at. legacy: four pickles (magic
//   number, protocol 1001, system info, the object), a pickled list of storage keys, then for each key an int64 count
//   of elements and the data.

#include <string_view>

#include "coterie/base/errors.hpp"
#include "weights/torch_state.hpp"
#include "weights/zip_directory.hpp"

namespace coterie::inline features {
namespace {

using Kind = PickleValue::Kind;

constexpr std::size_t kMostNames = 5;                                   // in a message
constexpr auto kMagic = static_cast<std::int64_t>(0xa86a20f9469cfc6c);  // the low 64 of 80 bits

Storages read_legacy_storages(ByteReader& reader, const PickleValue& keys, const Unpickler::StorageFormats& formats) {
  Storages storages;
  for (const PickleValue* key : keys.items) {
    const auto format = formats.find(key->text);
    if (format == formats.end()) reader.fail(fmt::format("holds storage '{}', which no tensor uses", key->text));
    storages[key->text] = take_storage(reader, key->text, format->second);
  }
  return storages;
}

// A zip archive of somebody else's.
[[noreturn]] void refuse_archive(const FileBytes& file, const std::map<std::string, ZipMember>& members) {
  if (members.contains("model.weights.h5"))
    throw FileError(file.path,
                    "is a .keras file of Keras 3, whose layers have lost their names; in Python, "
                    "keras.models.load_model(FILE).save('OUT.h5') makes one that coterie reads");
  std::vector<std::string> names;
  for (const auto& [name, member] : members)
    if (names.size() < kMostNames) names.push_back(fmt::format("'{}'", name));
  throw FileError(file.path, fmt::format("is a zip archive without data.pkl: not made by torch.save; it holds {}{}",
                                         fmt::join(names, ", "), members.size() > names.size() ? ", …" : ""));
}

}  // namespace

WeightFile read_torch_zip(const FileBytes& file) {
  constexpr std::string_view kPickle = "data.pkl";
  const auto members = read_zip_directory(file);
  std::string folder;
  Bytes pickle;
  for (const auto& [name, member] : members)
    if (name == kPickle || name.ends_with("/data.pkl")) {
      folder = name.substr(0, name.size() - kPickle.size());
      pickle = stored_bytes(file, name, member);
    }
  if (pickle.empty()) refuse_archive(file, members);
  if (const auto order = members.find(folder + "byteorder");
      order != members.end() && !order->second.bytes.empty() && order->second.bytes[0] != 'l')
    throw FileError(file.path, "was saved on a big-endian machine; coterie reads little-endian files");

  Storages storages;
  const std::string data = folder + "data/";
  for (const auto& [name, member] : members)
    if (name.starts_with(data)) storages[name.substr(data.size())] = stored_bytes(file, name, member);
  ByteReader reader(pickle, file.path);
  Unpickler unpickler(reader);
  const bool script = members.contains(folder + "constants.pkl");
  return read_state_dict(file, script ? "TorchScript" : "PyTorch zip", unpickler.read(), storages);
}

WeightFile read_torch_legacy(const FileBytes& file) {
  ByteReader reader(file.bytes, file.path);
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
  return read_state_dict(file, "PyTorch legacy", root, storages);
}

}  // namespace coterie::inline features
