// Keras' .h5 files: well-formed HDF5 whose content lies. The input says what to write: lists of names of every kind,
// groups and datasets that are there or not, of all types, shapes and layouts. Mutating the bytes of the file itself
// finds faults of the HDF5 library instead (1.10.8 reads beyond a name that does not end), which are not ours.

#include <fuzzer/FuzzedDataProvider.h>
#include <hdf5.h>

#include <array>

#include "file_in_memory.hpp"
#include "fuzz_target.hpp"

namespace coterie {
namespace {

using Input = FuzzedDataProvider;
using Names = std::vector<std::string>;

Names take_names(Input& input) {
  static const std::array<const char*, 14> kUsual = {"conv2d_17",
                                                     "conv2d",
                                                     "conv/1",
                                                     "conv/1/kernel:0",
                                                     "conv2d_17/bias:0",
                                                     "fc_W:0",
                                                     "dense_1",
                                                     "fc_running_std:0",
                                                     "depthwise_kernel:0",
                                                     "batch_normalization",
                                                     "model_weights",
                                                     "conv1/kernel:0",
                                                     "conv2d_7/kernel:0",
                                                     "fc1_W:0"};
  Names names(input.ConsumeIntegralInRange<std::size_t>(0, 4));
  for (auto& name : names)
    name = input.ConsumeBool() ? kUsual[input.ConsumeIntegralInRange<std::size_t>(0, kUsual.size() - 1)]
                               : input.ConsumeRandomLengthString(20);
  return names;
}

void write_attribute(hid_t object, const std::string& name, hid_t type, std::size_t count, const void* data) {
  const hsize_t length = count;
  const hid_t space = H5Screate_simple(1, &length, nullptr);
  const hid_t attribute = H5Acreate2(object, name.c_str(), type, space, H5P_DEFAULT, H5P_DEFAULT);
  if (count > 0) H5Awrite(attribute, type, data);
  H5Aclose(attribute);
  H5Sclose(space);
}

void write_names(Input& input, hid_t object, const std::string& attribute, const Names& names) {
  const hid_t type = H5Tcopy(H5T_C_S1);
  const int form = input.ConsumeIntegralInRange(0, 4);
  if (form == 0) {  // texts of variable length
    std::vector<const char*> texts;
    for (const auto& name : names) texts.push_back(name.c_str());
    if (!texts.empty() && input.ConsumeBool()) texts.back() = nullptr;
    H5Tset_size(type, H5T_VARIABLE);
    write_attribute(object, attribute, type, texts.size(), texts.data());
  } else if (form < 4) {  // texts of fixed length, in one list or in parts
    const std::size_t width = input.ConsumeIntegralInRange<std::size_t>(1, 24);
    H5Tset_size(type, width);
    std::string block;
    for (const auto& name : names) {
      std::string text = name;
      text.resize(width, '\0');
      if (form == 3) write_attribute(object, attribute + std::to_string(block.size() / width), type, 1, text.data());
      block += text;
    }
    if (form < 3) write_attribute(object, attribute, type, names.size(), block.data());
  } else {  // no texts at all
    const std::vector<double> numbers(names.size());
    write_attribute(object, attribute, H5T_NATIVE_DOUBLE, numbers.size(), numbers.data());
  }
  H5Tclose(type);
}

hid_t creation_properties(Input& input, const std::vector<hsize_t>& shape) {
  const hid_t properties = H5Pcreate(H5P_DATASET_CREATE);
  const int layout = input.ConsumeIntegralInRange(0, 3);
  if (layout == 1) H5Pset_layout(properties, H5D_COMPACT);
  if (layout > 1 && !shape.empty()) {
    const std::vector<hsize_t> chunk(shape.size(), 2);
    H5Pset_chunk(properties, static_cast<int>(chunk.size()), chunk.data());
    if (layout == 3) H5Pset_shuffle(properties);
  }
  return properties;
}

void write_dataset(Input& input, hid_t group, const std::string& name) {
  const hid_t types[] = {H5T_IEEE_F32LE, H5T_IEEE_F64LE, H5T_IEEE_F32BE, H5T_STD_I32LE, H5T_STD_U8LE, H5T_C_S1};
  const hid_t type = types[input.ConsumeIntegralInRange(0, 5)];
  std::vector<hsize_t> shape(input.ConsumeIntegralInRange<std::size_t>(0, 5));
  for (auto& length : shape)
    length = input.ConsumeIntegralInRange(0, 15) == 0 ? input.ConsumeIntegral<std::uint32_t>()
                                                      : input.ConsumeIntegralInRange<hsize_t>(0, 4);
  const hid_t space = H5Screate_simple(static_cast<int>(shape.size()), shape.data(), nullptr);
  const hid_t links = H5Pcreate(H5P_LINK_CREATE);
  H5Pset_create_intermediate_group(links, 1);
  const hid_t properties = creation_properties(input, shape);
  const hid_t dataset = H5Dcreate2(group, name.c_str(), type, space, links, properties, H5P_DEFAULT);
  double elements = 1;
  for (const auto length : shape) elements *= static_cast<double>(length);
  if (dataset >= 0 && elements <= 2000 && input.ConsumeBool()) {
    const std::vector<double> values(2000, 1.5);
    H5Dwrite(dataset, type == H5T_C_S1 ? H5T_C_S1 : H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data());
  }
  for (const hid_t id : {properties, links}) H5Pclose(id);
  H5Dclose(dataset);
  H5Sclose(space);
}

hid_t make_group(hid_t parent, const std::string& name) {
  const hid_t links = H5Pcreate(H5P_LINK_CREATE);
  H5Pset_create_intermediate_group(links, 1);
  const hid_t group = H5Gcreate2(parent, name.c_str(), links, H5P_DEFAULT, H5P_DEFAULT);
  H5Pclose(links);
  return group;
}

void write_model(Input& input, const std::string& path) {
  const hid_t file = H5Fcreate(path.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
  const hid_t root = input.ConsumeBool() ? make_group(file, "model_weights") : H5Gopen2(file, "/", H5P_DEFAULT);
  const Names layers = take_names(input);
  write_names(input, root, "layer_names", layers);
  if (input.ConsumeBool()) write_names(input, root, "backend", {"theano"});
  for (const auto& layer : layers) {
    const hid_t group = make_group(root, layer);
    if (group < 0) continue;
    const Names weights = take_names(input);
    write_names(input, group, "weight_names", weights);
    for (const auto& weight : weights) write_dataset(input, group, weight);
    H5Gclose(group);
  }
  H5Gclose(root);
  H5Fclose(file);
}

}  // namespace
}  // namespace coterie

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace coterie;
  H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
  const FileInMemory file(nullptr, 0);
  Input input(data, size);
  write_model(input, file.path());
  return expect_only_errors([&] { read_all(read_keras(map_file(file.path()))); });
}
