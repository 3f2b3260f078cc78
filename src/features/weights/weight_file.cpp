#include "coterie/features/weight_file.hpp"

#include <string_view>

#include "coterie/base/errors.hpp"
#include "formats.hpp"

namespace coterie {

const Tensor* WeightFile::find(const std::string& name) const {
  const auto at = index_.find(name);
  return at == index_.end() ? nullptr : &tensors_[at->second].second;
}

void WeightFile::add(const std::string& name, Tensor tensor) {
  if (!index_.emplace(name, tensors_.size()).second) throw FileError(path_, fmt::format("holds '{}' twice", name));
  tensors_.emplace_back(name, std::move(tensor));
}

WeightFile read_weights(const std::string& path) {
  const MappedFile file(path);
  const Bytes bytes = file.bytes();
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (text.starts_with("PK\x03\x04")) return read_torch_zip(file);
  if (text.starts_with("\x89HDF\r\n\x1a\n")) return read_keras(path);
  if (text.size() > 8 && text[8] == '{') return read_safetensors(file);  // first: its length may begin with 0x80 too
  if (bytes[0] == 0x80) return read_torch_legacy(file);
  throw FileError(path,
                  "is no weight file that coterie reads: a PyTorch .pth, a Keras .h5 or a .safetensors is wanted "
                  "(an error page saved under that name? fetch it again)");
}

}  // namespace coterie
