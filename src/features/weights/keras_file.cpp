// Layout: keras/engine/saving.py of Keras 2.2.4 (save_weights_to_hdf5_group), and keras/engine/topology.py of 1.2.2.
// The group's attribute layer_names lists the layers; each layer's group has an attribute weight_names, whose entries
// are paths of datasets below that group. Children are never enumerated: a slash in a layer's name nests groups.

#include "coterie/base/errors.hpp"
#include "weights/formats.hpp"
#include "weights/keras_names.hpp"

#if COTERIE_HAVE_HDF5

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "coterie/h5/objects.hpp"

namespace coterie::inline features {
namespace {

constexpr std::int64_t kMostNames = 100'000;
constexpr std::size_t kShownNames = 5;  // in a message
const std::vector<std::string> kTheano = {"theano"};

std::int64_t length_of(hid_t space, const std::string& path, const std::string& name) {
  const hssize_t count = H5Sget_simple_extent_npoints(space);
  if (count < 0 || count > kMostNames) throw FileError(path, fmt::format("'{}' is damaged", name));
  return count;
}

std::vector<std::string> read_variable_texts(hid_t attribute, hid_t space, std::int64_t count,
                                             const std::string& path) {
  const h5::Id type(H5Aget_type(attribute));
  std::vector<char*> texts(static_cast<std::size_t>(count), nullptr);
  if (H5Aread(attribute, type, texts.data()) < 0) throw FileError(path, "a list of names cannot be read");
  std::vector<std::string> names;
  for (const char* text : texts) names.emplace_back(text == nullptr ? "" : text);
  H5Dvlen_reclaim(type, space, H5P_DEFAULT, texts.data());
  return names;
}

std::vector<std::string> read_texts(hid_t object, const std::string& name, const std::string& path) {
  const h5::Id attribute(H5Aopen(object, name.c_str(), H5P_DEFAULT));
  const h5::Id type(H5Aget_type(attribute));
  const h5::Id space(H5Aget_space(attribute));
  if (attribute < 0 || type < 0 || space < 0) throw FileError(path, fmt::format("attribute '{}' cannot be read", name));
  const std::int64_t count = length_of(space, path, name);
  if (count == 0) return {};
  if (H5Tget_class(type) != H5T_STRING) throw FileError(path, fmt::format("attribute '{}' holds no names", name));
  if (H5Tis_variable_str(type) > 0) return read_variable_texts(attribute, space, count, path);
  const std::size_t width = H5Tget_size(type);
  std::string buffer(width * static_cast<std::size_t>(count), '\0');
  if (H5Aread(attribute, type, buffer.data()) < 0) throw FileError(path, fmt::format("'{}' cannot be read", name));
  std::vector<std::string> names;
  for (std::size_t at = 0; at < buffer.size(); at += width) names.emplace_back(buffer.substr(at, width).c_str());
  return names;
}

// Lists too long for one attribute (64 KiB) are split into name0, name1, …
std::vector<std::string> read_names(hid_t object, const std::string& name, const std::string& path) {
  if (H5Aexists(object, name.c_str()) > 0) return read_texts(object, name, path);
  std::vector<std::string> names;
  for (int part = 0; H5Aexists(object, fmt::format("{}{}", name, part).c_str()) > 0; ++part)
    for (auto& text : read_texts(object, fmt::format("{}{}", name, part), path)) names.push_back(std::move(text));
  return names;
}

// Where in the file a dataset of float32 lies in one piece, as Keras writes them; else nothing.
std::optional<Bytes> find_in_file(hid_t dataset, hid_t type, std::uint64_t bytes, const FileBytes& file) {
  if (H5Tequal(type, H5T_IEEE_F32LE) <= 0) return std::nullopt;
  const haddr_t offset = H5Dget_offset(dataset);
  if (offset == HADDR_UNDEF || offset > file.bytes.size() || bytes > file.bytes.size() - offset) return std::nullopt;
  return file.bytes.subspan(static_cast<std::size_t>(offset), static_cast<std::size_t>(bytes));
}

Tensor read_dataset(hid_t group, const std::string& name, const FileBytes& file) {
  if (!h5::holds(group, name)) throw FileError(file.path, fmt::format("'{}' is listed but missing or damaged", name));
  const h5::Id dataset = h5::open_dataset(group, name, file.path);
  const h5::Id type(H5Dget_type(dataset));
  const auto kind = H5Tget_class(type);
  if (kind != H5T_FLOAT && kind != H5T_INTEGER) throw FileError(file.path, fmt::format("'{}' holds no numbers", name));
  const std::vector<std::int64_t> shape = h5::shape_of(dataset, file.path);
  const std::int64_t count = elements_of(shape);
  // What the dataset claims must be in the file: a lying shape would else ask for terabytes of fill value.
  if (count < 0 || H5Dget_storage_size(dataset) < static_cast<hsize_t>(count))
    throw FileError(file.path, fmt::format("'{}' is smaller than its shape [{}] says: truncated or damaged", name,
                                           fmt::join(shape, ", ")));
  if (const auto data = find_in_file(dataset, type, static_cast<std::uint64_t>(count) * sizeof(float), file))
    return make_tensor(file, *data, NumberFormat::float32, shape);
  std::vector<float> values(static_cast<std::size_t>(count));
  if (H5Dread(dataset, H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()) < 0)
    throw FileError(file.path, fmt::format("'{}' cannot be read: truncated or damaged", name));
  return Tensor::of(shape, std::move(values));
}

// Theano convolves, TensorFlow correlates: a file that was saved with Theano holds its kernels mirrored, all spatial
// axes (keras/engine/saving.py, _need_convert_kernel). Separable convolutions are not mirrored.
Tensor mirrored(const Tensor& kernel) {
  const std::size_t block = static_cast<std::size_t>(kernel.shape[kernel.shape.size() - 2] * kernel.shape.back());
  std::vector<float> values(kernel.values.size());
  for (std::size_t at = 0; at < values.size(); at += block)
    std::copy_n(kernel.values.end() - static_cast<std::ptrdiff_t>(at + block), block,
                values.begin() + static_cast<std::ptrdiff_t>(at));
  return Tensor::of(kernel.shape, std::move(values));
}

// "layer/kernel", "layer/bias" of a layer's weights. Where one role comes twice the layer is a model of its own, with
// its layers' names in those of its weights: "resnet50/conv1/kernel".
std::vector<std::string> tensor_names(const std::string& layer, const std::vector<std::string>& weights) {
  std::vector<std::string> names, inner;
  for (const auto& weight : weights) {
    names.push_back(layer + "/" + keras_role(weight));
    inner.push_back(keras_layer_of(weight));
  }
  if (std::set<std::string>(names.begin(), names.end()).size() == names.size()) return names;
  const auto kept = keras_layer_names(inner);
  for (std::size_t i = 0; i < names.size(); ++i)
    names[i] = fmt::format("{}/{}/{}", layer, kept.at(inner[i]), keras_role(weights[i]));
  return names;
}

// What lies in an HDF5 file that is not Keras': its first few names.
std::string names_in(hid_t group) {
  std::vector<std::string> names;
  const auto add = [](hid_t, const char* name, const H5L_info_t*, void* data) -> herr_t {
    auto& into = *static_cast<std::vector<std::string>*>(data);
    into.emplace_back(fmt::format("'{}'", name));
    return into.size() < kShownNames ? 0 : 1;
  };
  if (group >= 0) H5Literate(group, H5_INDEX_NAME, H5_ITER_NATIVE, nullptr, add, &names);
  return names.empty() ? "nothing" : fmt::format("{}", fmt::join(names, ", "));
}

}  // namespace

WeightFile read_keras(const FileBytes& mapped) {
  const std::string& path = mapped.path;
  h5::quiet();
  const h5::Id file(H5Fopen(path.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT));
  if (file < 0) throw FileError(path, "is an HDF5 file that cannot be opened: truncated or damaged; fetch it again");
  const bool whole_model = h5::holds(file, "model_weights");
  const h5::Id root(H5Gopen2(file, whole_model ? "/model_weights" : "/", H5P_DEFAULT));
  const auto layers = root < 0 ? std::vector<std::string>{} : read_names(root, "layer_names", path);
  if (layers.empty())
    throw FileError(
        path, fmt::format("is an HDF5 file without Keras' layer_names; it holds {}. A .weights.h5 of Keras 3 has lost "
                          "its layers' names: in Python, load it into the model and model.save('OUT.h5')",
                          names_in(root)));
  const bool theano = H5Aexists(root, "backend") > 0 && read_texts(root, "backend", path) == kTheano;
  const auto kept_names = keras_layer_names(layers);
  WeightFile weights(path, "Keras HDF5");
  for (const auto& layer : layers) {
    const h5::Id group(h5::holds(root, layer) ? H5Gopen2(root, layer.c_str(), H5P_DEFAULT) : H5I_INVALID_HID);
    if (group < 0) throw FileError(path, fmt::format("layer '{}' is listed but missing: truncated or damaged", layer));
    const auto listed = read_names(group, "weight_names", path);
    const auto names = tensor_names(kept_names.at(layer), listed);
    for (std::size_t i = 0; i < listed.size(); ++i) {
      Tensor tensor = read_dataset(group, listed[i], mapped);
      if (theano && keras_role(listed[i]) == "kernel" && tensor.shape.size() > 2) tensor = mirrored(tensor);
      weights.add(names[i], std::move(tensor));
    }
  }
  return weights;
}

}  // namespace coterie::inline features

#else

namespace coterie::inline features {

WeightFile read_keras(const FileBytes& file) {
  throw FileError(file.path,
                  "is a Keras .h5 file, and this build of coterie has no HDF5; where one has it, turn the file into "
                  "one that this build reads: coterie weights convert FILE OUT.safetensors");
}

}  // namespace coterie::inline features

#endif
