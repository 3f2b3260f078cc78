#include "coterie/features/weight_file.hpp"

#include <algorithm>
#include <cmath>
#include <string_view>

#include "coterie/base/errors.hpp"
#include "weights/formats.hpp"

namespace coterie::inline features {

Tensor Tensor::of(std::vector<std::int64_t> shape, std::vector<float> values) {
  const auto kept = std::make_shared<const std::vector<float>>(std::move(values));
  return {std::move(shape), *kept, kept};
}

const Tensor* WeightFile::find(const std::string& name) const {
  const auto at = index_.find(name);
  return at == index_.end() ? nullptr : &tensors_[at->second].second;
}

void WeightFile::add(const std::string& name, Tensor tensor) {
  if (!index_.emplace(name, tensors_.size()).second) throw FileError(path_, fmt::format("holds '{}' twice", name));
  tensors_.emplace_back(name, std::move(tensor));
}

Tensor make_tensor(const FileBytes& file, Bytes data, NumberFormat format, std::vector<std::int64_t> shape) {
  const auto count = static_cast<std::size_t>(elements_of(shape));
  const bool aligned = reinterpret_cast<std::uintptr_t>(data.data()) % alignof(float) == 0;
  if (format == NumberFormat::float32 && aligned)
    return {std::move(shape), {reinterpret_cast<const float*>(data.data()), count}, file.owner};
  std::vector<float> values(count);
  to_float32(data, format, 0, static_cast<std::int64_t>(count), values.data());
  return Tensor::of(std::move(shape), std::move(values));
}

namespace {

// The first field is a node, of whatever length, and the node's first field its name.
bool begins_like_a_graph(std::string_view text) {
  constexpr char kTextInFieldOne = '\x0a';
  return text.size() > 6 && text.front() == kTextInFieldOne && text.substr(2, 4).find(kTextInFieldOne) != text.npos;
}

}  // namespace

WeightFile read_weights(const FileBytes& file) {
  const std::string_view text(reinterpret_cast<const char*>(file.bytes.data()), file.bytes.size());
  if (text.starts_with("PK\x03\x04")) return read_torch_zip(file);
  if (text.starts_with("\x89HDF\r\n\x1a\n")) return read_keras(file);
  if (text.size() > 262 && text.substr(257, 5) == "ustar") return read_torch_tar(file);
  if (text.size() > 8 && text[8] == '{') return read_safetensors(file);  // first: its length may begin with 0x80 too
  if (text.starts_with('\x80')) return read_torch_legacy(file);
  if (begins_like_a_graph(text)) return read_tensorflow_graph(file);
  if (text.starts_with("\x1f\x8b")) throw FileError(file.path, "is a gzip archive; unpack it first (tar xzf)");
  throw FileError(file.path,
                  "is no weight file that coterie reads: a PyTorch .pth, a Keras .h5, a TensorFlow .pb or a "
                  ".safetensors is wanted (an error page saved under that name? fetch it again)");
}

WeightFile read_weights(const std::string& path) { return read_weights(map_file(path)); }

std::vector<std::string> tensors_not_finite(const WeightFile& weights) {
  std::vector<std::string> names;
  for (const auto& [name, tensor] : weights.tensors())
    if (!std::all_of(tensor.values.begin(), tensor.values.end(), [](float value) { return std::isfinite(value); }))
      names.push_back(name);
  return names;
}

void require_finite(const WeightFile& weights) {
  const auto names = tensors_not_finite(weights);
  if (!names.empty())
    throw FileError(weights.path(), fmt::format("tensor '{}' holds NaN or infinity, and {} others: damaged, or its "
                                                "training diverged",
                                                names.front(), names.size() - 1));
}

}  // namespace coterie::inline features
