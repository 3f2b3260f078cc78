#include "coterie/features/weight_file.hpp"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <filesystem>
#include <optional>
#include <string_view>

#include "coterie/base/errors.hpp"
#include "weights/formats.hpp"
#include "weights/plain_names.hpp"
#include "weights/weight_index.hpp"

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

std::optional<std::int64_t> WeightFile::number(const std::string& name) const {
  const auto at = numbers_.find(name);
  return at == numbers_.end() ? std::nullopt : std::optional(at->second);
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
  throw FileError(
      file.path,
      "is no weight file that coterie reads: a PyTorch .pth, a Keras .h5, a TensorFlow .pb, a "
      ".safetensors or the .index.json of several is wanted (an error page saved under that name? fetch it again)");
}

namespace {

std::string beside(const std::string& path, const std::string& name) {
  return (std::filesystem::path(path).parent_path() / name).string();
}

WeightFile read_parts(const FileBytes& file) {
  const WeightIndex index = read_weight_index(file);
  std::optional<WeightFile> whole;
  for (const auto& [name, tensors] : index) {
    const WeightFile part = read_weights(map_file(beside(file.path, name)));
    for (const auto& tensor : tensors)
      if (part.find(tensor) == nullptr)
        throw FileError(part.path(), fmt::format("has no tensor '{}', which {} says is in it; it holds {}", tensor,
                                                 file.path, some_tensors(part)));
    if (!whole) whole.emplace(file.path, fmt::format("{} in {} parts", part.format(), index.size()));
    for (const auto& [tensor, values] : part.tensors()) whole->add(tensor, values);
  }
  return std::move(*whole);
}

// "model-00001-of-00003.safetensors" but for the first: one of several, which the index joins.
void refuse_one_part(const std::string& path) {
  const std::filesystem::path name = std::filesystem::path(path).filename();
  const std::string stem = name.stem().string(), ending = name.extension().string();
  constexpr std::string_view kForm = "-00000-of-00000";
  if ((ending != ".safetensors" && ending != ".bin") || stem.size() < kForm.size()) return;
  std::string numbers = stem.substr(stem.size() - kForm.size());
  const bool first = numbers.starts_with("-00001-");
  std::replace_if(
      numbers.begin(), numbers.end(), [](unsigned char c) { return std::isdigit(c) != 0; }, '0');
  if (numbers != kForm || first) return;
  throw FileError(path, fmt::format("is one part of a model; give its index, {}{}.index.json, with all parts beside",
                                    stem.substr(0, stem.size() - kForm.size()), ending));
}

}  // namespace

std::vector<std::string> files_of_weights(const std::string& path) {
  std::vector<std::string> files{path};
  const FileBytes file = map_file(path);
  if (looks_like_index(file))
    for (const auto& [part, tensors] : read_weight_index(file)) files.push_back(beside(path, part));
  return files;
}

WeightFile read_weights(const std::string& path) {
  refuse_one_part(path);
  const FileBytes file = map_file(path);
  WeightFile weights = looks_like_index(file) ? read_parts(file) : read_weights(file);
  const bool keeps_names = weights.format() == "Keras HDF5" || weights.format() == "TensorFlow graph";
  return keeps_names ? weights : with_plain_names(std::move(weights));
}

std::string some_tensors(const WeightFile& file) {
  constexpr std::size_t kShown = 4;
  std::vector<std::string> texts;
  for (const auto& [name, tensor] : file.tensors()) {
    if (texts.size() == kShown) break;
    texts.push_back(fmt::format("'{}' [{}]", name, fmt::join(tensor.shape, ", ")));
  }
  const std::size_t more = file.tensors().size() - texts.size();
  return fmt::format("{}{}", fmt::join(texts, ", "), more == 0 ? "" : fmt::format(" and {} more", more));
}

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
