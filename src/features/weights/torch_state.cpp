#include "weights/torch_state.hpp"

#include <utility>

#include "coterie/base/errors.hpp"

namespace coterie::inline features {
namespace {

using Kind = PickleValue::Kind;

// All tensors together may be this many times the file: float16 doubles, tied weights share. More would be a bomb, a
// small file of many tensors that see the same storage.
constexpr double kMostSharing = 16;

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

void check_window(const FileBytes& file, const std::string& name, const TensorView& view, std::int64_t held) {
  const auto fail = [&](const std::string& what) { return FileError(file.path, fmt::format("'{}' {}", name, what)); };
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
}

bool is_contiguous(const TensorView& view) {
  std::int64_t stride = 1;
  for (std::size_t axis = view.shape.size(); axis-- > 0; stride *= view.shape[axis])
    if (view.shape[axis] != 1 && view.strides[axis] != stride) return false;
  return true;
}

Tensor read_tensor(const FileBytes& file, const std::string& name, const TensorView& view, const Storages& storages) {
  const auto storage = storages.find(view.storage);
  if (storage == storages.end())
    throw FileError(file.path, fmt::format("'{}' lies in storage '{}', which is missing", name, view.storage));
  const Bytes data = storage->second;
  check_window(file, name, view, static_cast<std::int64_t>(data.size()) / bytes_of(view.format));
  const std::int64_t count = elements_of(view.shape);
  if (count == 0) return Tensor::of(view.shape, {});
  if (is_contiguous(view))
    return make_tensor(file, data.subspan(static_cast<std::size_t>(view.offset * bytes_of(view.format))), view.format,
                       view.shape);
  std::vector<float> values(static_cast<std::size_t>(count));
  float* out = values.data();
  gather(view, data, 0, view.offset, out);
  return Tensor::of(view.shape, std::move(values));
}

constexpr int kDeepest = 16;                   // dictionaries in dictionaries
constexpr std::size_t kMostVisited = 1 << 20;  // entries: the same dictionary may be entered often
constexpr std::size_t kMostKeys = 8;           // in a message

// The tensors below a dictionary, in their order, each under the keys that lead to it, joined by dots. The momenta of
// an optimizer are no weights.
class Collector {
 public:
  explicit Collector(const std::string& path) : path_(path) {}

  void collect(const PickleValue& dict, const std::string& prefix, int depth = 0) {
    for (const auto& [key, value] : dict.entries) {
      if (++visited_ > kMostVisited) throw FileError(path_, "its dictionaries hold each other too often; refused");
      if (key->kind != Kind::text) continue;
      if (value->kind == Kind::tensor) tensors_.emplace_back(prefix + key->text, value);
      if (value->kind == Kind::integer) numbers_.emplace_back(prefix + key->text, value->integer);
      if (value->kind == Kind::dict && depth < kDeepest && !key->text.starts_with("optim"))
        collect(*value, prefix + key->text + ".", depth + 1);
    }
  }

  const std::vector<std::pair<std::string, const PickleValue*>>& tensors() const { return tensors_; }
  const std::vector<std::pair<std::string, std::int64_t>>& numbers() const { return numbers_; }

 private:
  const std::string& path_;
  std::size_t visited_ = 0;
  std::vector<std::pair<std::string, const PickleValue*>> tensors_;
  std::vector<std::pair<std::string, std::int64_t>> numbers_;
};

std::string keys_of(const PickleValue& dict) {
  std::vector<std::string> keys;
  for (const auto& [key, value] : dict.entries)
    if (key->kind == Kind::text && keys.size() < kMostKeys) keys.push_back(fmt::format("'{}'", key->text));
  return keys.empty() ? "none" : fmt::format("{}", fmt::join(keys, ", "));
}

}  // namespace

Bytes take_storage(ByteReader& reader, const std::string& key, NumberFormat format) {
  const std::uint64_t count = reader.u64();
  const auto width = static_cast<std::uint64_t>(bytes_of(format));
  if (count > reader.remaining() / width)
    reader.fail(fmt::format("ends early: storage {} has {} elements, {} bytes are left; truncated or damaged", key,
                            count, reader.remaining()));
  return reader.take(count * width);
}

WeightFile read_state_dict(const FileBytes& file, const std::string& container, const PickleValue& root,
                           const Storages& storages) {
  if (root.kind != Kind::dict)
    throw FileError(file.path, "holds no state dict (a dictionary of tensors): torch.save(model.state_dict(), FILE)");
  Collector found(file.path);
  found.collect(root, "");
  if (found.tensors().empty())
    throw FileError(file.path,
                    fmt::format("holds no state dict (its dictionary has no tensors); its keys are {}", keys_of(root)));
  WeightFile weights(file.path, container);
  for (const auto& [name, value] : found.numbers()) weights.note_number(name, value);
  double bytes = 0;
  for (const auto& [name, value] : found.tensors()) {
    weights.add(name, read_tensor(file, name, value->tensor, storages));
    bytes += static_cast<double>(weights.tensors().back().second.values.size_bytes());
    if (bytes > kMostSharing * static_cast<double>(file.bytes.size()))
      throw FileError(file.path, fmt::format("'{}' and others share their storages too often; refused", name));
  }
  return weights;
}

}  // namespace coterie::inline features
