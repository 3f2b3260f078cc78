#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "coterie/features/published_weights.hpp"
#include "temporary_folder.hpp"
#include "weight_files.hpp"
#include "weights/formats.hpp"
#include "weights/keras_names.hpp"

namespace coterie {
namespace {

// Protocol buffers: a length-delimited field, and a number.
std::string field(int number, const std::string& bytes) {
  REQUIRE(bytes.size() < 128);
  return std::string{static_cast<char>(number << 3 | 2), static_cast<char>(bytes.size())} + bytes;
}

std::string varint(int number, std::uint64_t value) {
  std::string bytes{static_cast<char>(number << 3)};
  for (; value > 127; value >>= 7) bytes += static_cast<char>(value | 128);
  return bytes + static_cast<char>(value);
}

// A graph of one float constant "w" of this shape; `elements` are further fields of the TensorProto.
std::string graph(const std::vector<std::uint64_t>& shape, const std::string& elements) {
  std::string dimensions;
  for (const auto length : shape) dimensions += field(2, varint(1, length));
  const std::string tensor = varint(1, 1) + field(2, dimensions) + elements;
  return field(1, field(1, "w") + field(2, "Const") + field(5, field(1, "value") + field(2, field(8, tensor))));
}

}  // namespace

TEST_CASE("PyTorch's oldest container, a tar, gives views, strides and data from a GPU as they are") {
  const WeightFile file = read_weights(kWeightData + "tiny_tar.pth");
  CHECK(file.format() == "PyTorch tar");
  CHECK(file.tensors().size() == 4);
  CHECK(file.tensors().front().first == "grid");
  check(file, "grid", {2, 3}, ramp(6));
  check(file, "transposed", {3, 2}, {0, 3, 1, 4, 2, 5});
  check(file, "window", {3, 2}, {2, 3, 4, 5, 6, 7});
  check(file, "half", {2, 3}, ramp(6));
}

TEST_CASE("a tar with a wrong checksum, a missing member or a lying count is refused") {
  const TemporaryFolder folder;
  const std::string path = folder / "odd.pth";
  const std::string good = read_bytes(kWeightData + "tiny_tar.pth");
  std::string changed = good;
  changed[1] = 'x';  // the name of the first member
  write_bytes(path, changed);
  CHECK(message_of(path).find("checksum") != std::string::npos);
  std::string other = good;
  const auto header = other.find(std::string("storages\0", 9));
  REQUIRE(header % 512 == 0);
  std::swap(other[header], other[header + 1]);  // the sum of the bytes stays
  write_bytes(path, other);
  CHECK(message_of(path).find("without 'storages'") != std::string::npos);
  std::string lying = good;
  lying[header + 512 + 3] = 100;  // "\x80\x02K": the pickled count of storages
  write_bytes(path, lying);
  CHECK_THROWS_AS(read_weights(path), FileError);
}

TEST_CASE("a DeepCluster checkpoint gives its network without DataParallel's marks, and no momenta") {
  const WeightFile file = read_weights(kWeightData + "tiny_deepcluster.pth.tar");
  CHECK(file.tensors().size() == 11);
  check(file, "sobel.0.weight", {1, 3, 1, 1}, ramp(3));
  check(file, "features.0.weight", {2, 1, 1, 1}, ramp(2));
  check(file, "features.1.running_var", {2}, ramp(2));
  check(file, "top_layer.weight", {3, 2}, ramp(6));
}

TEST_CASE("a frozen TensorFlow graph gives its constants of every number type, and its normalisation's attributes") {
  const WeightFile file = read_weights(kWeightData + "tiny_graph.pb");
  CHECK(file.format() == "TensorFlow graph");
  check(file, "conv/conv2d_params", {1, 1, 2, 6}, ramp(12));
  check(file, "conv/batchnorm/gamma", {6}, std::vector<float>(6, 1.0f));
  check(file, "conv/batchnorm/beta", {6}, ramp(6));
  check(file, "conv/batchnorm/moving_mean", {6}, std::vector<float>(6, 0.0f));
  check(file, "conv/batchnorm:variance_epsilon", {}, {0.001f});
  check(file, "conv/batchnorm:scale_after_normalization", {}, {0});
  for (const std::string name : {"float16", "bfloat16", "float64", "int32", "int64", "uint8"})
    check(file, name, {2, 3}, ramp(6));
  check(file, "scalar", {}, {3});
  check(file, "half_repeated", {2, 2}, {1.5f, 1.5f, 1.5f, 1.5f});
  check(file, "listed", {5}, {1, 2, 2, 2, 2});
  CHECK(file.find("text") == nullptr);
  CHECK(file.find("image") == nullptr);
}

TEST_CASE("a graph whose lengths lie is refused by the name of the constant, before any memory is asked for") {
  const TemporaryFolder folder;
  const std::string path = folder / "graph.pb";
  const std::string two("\0\0\x80\x3f\0\0\0\x40", 8);
  write_bytes(path, graph({2}, field(4, two)));
  check(read_weights(path), "w", {2}, {1, 2});
  write_bytes(path, graph({3}, field(5, two)));
  check(read_weights(path), "w", {3}, {1, 2, 2});
  write_bytes(path, graph({2}, ""));
  check(read_weights(path), "w", {2}, {0, 0});
  for (const std::string& bad :
       {graph({3}, field(4, two)), graph({1}, field(5, two)), graph({1'000'000'000}, field(5, two)),
        graph({1'000'000'000, 1'000'000'000, 1'000'000'000}, ""), graph({~std::uint64_t{0}}, ""),
        graph(std::vector<std::uint64_t>(17, 1), "")}) {
    write_bytes(path, bad);
    INFO(message_of(path));
    CHECK(message_of(path).find("'w'") != std::string::npos);
  }
  write_bytes(path, field(1, field(1, "w") + field(2, "Const") + field(5, "\x0a\x7f")));
  CHECK(message_of(path).find("ends early") != std::string::npos);
  write_bytes(path, field(1, field(1, "w") + field(2, "NoOp")));
  CHECK(message_of(path).find("holds no constants") != std::string::npos);
  write_bytes(path, field(1, field(1, "weight") + "\x0b"));
  CHECK(message_of(path).find("wire type 3") != std::string::npos);
}

TEST_CASE("layers that nobody named are counted from 1, whatever the session had built before" *
          doctest::skip(!kReadsKeras)) {
  const WeightFile file = read_weights(kWeightData + "tiny_keras_unnamed.h5");  // conv2d_2, conv2d_3, dense_1, ...
  CHECK(file.tensors().size() == 13);
  check(file, "conv2d_1/kernel", {3, 3, 3, 2}, ramp(54));
  check(file, "separable_conv2d_1/depthwise_kernel", {3, 3, 2, 1}, ramp(18));
  check(file, "separable_conv2d_1/pointwise_kernel", {1, 1, 2, 2}, ramp(4));
  check(file, "batch_normalization_1/moving_variance", {2}, ramp(2));
  check(file, "conv2d_2/kernel", {1, 1, 2, 1}, ramp(2));
  check(file, "dense_1/bias", {2}, ramp(2));
}

TEST_CASE("the renumbering of Keras' names keeps order and gaps, and touches no name that a person gave") {
  const auto names = keras_layer_names({"conv2d_17", "conv2d_18", "conv2d_20", "batch_normalization",
                                        "batch_normalization_1", "dense_2", "block1_conv1", "fc1", "conv2d_x",
                                        "convolution2d_3", "conv2d_01", "separable_conv2d_99999999999999999999"});
  CHECK(names.at("conv2d_17") == "conv2d_1");
  CHECK(names.at("conv2d_18") == "conv2d_2");
  CHECK(names.at("conv2d_20") == "conv2d_4");
  CHECK(names.at("batch_normalization") == "batch_normalization_1");
  CHECK(names.at("batch_normalization_1") == "batch_normalization_2");
  CHECK(names.at("dense_2") == "dense_1");
  CHECK(names.at("convolution2d_3") == "convolution2d_1");
  for (const std::string kept :
       {"block1_conv1", "fc1", "conv2d_x", "conv2d_01", "separable_conv2d_99999999999999999999"})
    CHECK(names.at(kept) == kept);
}

TEST_CASE("the role of a weight is found in the names of both generations of Keras") {
  for (const auto& [weight, role] : std::vector<std::pair<std::string, std::string>>{
           {"fc1/kernel:0", "kernel"},
           {"conv2d_1_1/kernel_1:0", "kernel"},
           {"fc1_W:0", "kernel"},
           {"fc1_W_1:0", "kernel"},
           {"conv1_b:0", "bias"},
           {"batchnormalization_7_running_std:0", "moving_variance"},
           {"bn_running_mean_2:0", "moving_mean"},
           {"sep/depthwise_kernel:0", "depthwise_kernel"},
           {"separableconvolution2d_3_pointwise_kernel:0", "pointwise_kernel"},
           {"bn/gamma:0", "gamma"},
           {"lstm/recurrent:0", "recurrent"},
           {"", ""}})
    CHECK(keras_role(weight) == role);
}

TEST_CASE("kernels saved with Theano are mirrored, but separable ones and dense ones are not" *
          doctest::skip(!kReadsKeras)) {
  const WeightFile file = read_weights(kWeightData + "tiny_keras_theano.h5");
  check(file, "conv2d_1/kernel", {2, 2, 1, 2}, {6, 7, 4, 5, 2, 3, 0, 1});
  check(file, "conv2d_1/bias", {2}, {0, 1});
  check(file, "separable_conv2d_1/depthwise_kernel", {2, 2, 1, 1}, ramp(4));
  check(file, "fc/kernel", {2, 3}, ramp(6));
}

TEST_CASE("float32 tensors are views of the mapped file, which stays mapped as long as one of them lives") {
  Tensor kept;
  {
    const FileBytes file = map_file(kWeightData + "tiny.safetensors");
    const WeightFile weights = read_weights(file);
    const Tensor& grid = *weights.find("grid");
    const auto* first = reinterpret_cast<const unsigned char*>(grid.values.data());
    CHECK(first >= file.bytes.data());
    CHECK(first < file.bytes.data() + file.bytes.size());
    CHECK(grid.owner == file.owner);
    CHECK(weights.find("half")->owner != file.owner);
    kept = grid;
  }
  CHECK(std::vector<float>(kept.values.begin(), kept.values.end()) == ramp(6));
  const FileBytes zip = map_file(kWeightData + "tiny_zip.pth");
  CHECK(read_weights(zip).find("grid")->owner == zip.owner);
  CHECK(read_weights(zip).find("transposed")->owner != zip.owner);
  if (!kReadsKeras) return;
  const FileBytes keras = map_file(kWeightData + "tiny_keras2.h5");
  CHECK(read_weights(keras).find("fc1/kernel")->owner == keras.owner);
}

TEST_CASE("a safetensors file that was written reads as what it was written from, and replaces nothing by halves") {
  const TemporaryFolder folder;
  const WeightFile first = read_weights(kWeightData + "tiny_zip.pth");
  write_safetensors(first, folder / "out.safetensors", {{"source", "tiny \"zip\".pth\xff"}});
  const WeightFile again = read_weights(folder / "out.safetensors");
  CHECK(again.format() == "safetensors");
  REQUIRE(again.tensors().size() == first.tensors().size());
  for (std::size_t i = 0; i < first.tensors().size(); ++i) {
    const auto& [name, tensor] = first.tensors()[i];
    CHECK(again.tensors()[i].first == name);
    check(again, name, tensor.shape, {tensor.values.begin(), tensor.values.end()});
  }
  CHECK(again.find("grid")->owner == again.find("parameter")->owner);  // aligned: all are views
  CHECK_THROWS_AS(write_safetensors(first, folder / "no/such/folder", {}), FileError);
  CHECK(std::distance(std::filesystem::directory_iterator(folder.path()), {}) == 1);
}

TEST_CASE("a safetensors file whose header would fill the memory is refused by its length") {
  const TemporaryFolder folder;
  const std::string path = folder / "long.safetensors";
  write_bytes(path, std::string("\x00\xE1\xF5\x06\0\0\0\0{", 9));
  CHECK(message_of(path).find("header is of 116777216 bytes") != std::string::npos);
}

TEST_CASE("a small file of many tensors that see the same data is refused before it fills the memory") {
  const TemporaryFolder folder;
  const std::string path = folder / "bomb";
  std::string header = "{";
  for (int i = 0; i < 2; ++i) header += fmt::format(R"("t{}":{{"dtype":"F16","shape":[4],"data_offsets":[0,8]}},)", i);
  header.back() = '}';
  write_bytes(path, std::string{static_cast<char>(header.size())} + std::string(7, '\0') + header + "12345678");
  CHECK(message_of(path).find("'t1' overlaps other tensors") != std::string::npos);
}

TEST_CASE("NaN and infinity are found, and named") {
  WeightFile weights("some.pth", "test");
  weights.add("good", Tensor::of({2}, {1, 2}));
  CHECK_NOTHROW(require_finite(weights));
  weights.add("bad", Tensor::of({2}, {1, std::nanf("")}));
  weights.add("worse", Tensor::of({}, {-std::numeric_limits<float>::infinity()}));
  CHECK(tensors_not_finite(weights) == std::vector<std::string>{"bad", "worse"});
  CHECK_THROWS_WITH_AS(require_finite(weights), doctest::Contains("some.pth: tensor 'bad' holds NaN"), FileError);
}

TEST_CASE("published files are known by their checksums, and two of one name are known apart") {
  const std::string none(64, '0');
  const auto* old_file = find_published("a7b3fe01876f51b976af0dea6bc144eb", none);
  const auto* new_file = find_published("2cb95161c43110f7111970584f804107", none);
  REQUIRE(old_file != nullptr);
  REQUIRE(new_file != nullptr);
  CHECK(std::string(old_file->file) == new_file->file);
  CHECK(std::string(old_file->network) != new_file->network);
  const auto* torchvision = find_published(none, "0676ba61" + none.substr(8));
  REQUIRE(torchvision != nullptr);
  CHECK(std::string(torchvision->origin) == "torchvision");
  CHECK(find_published(none, none) == nullptr);
  CHECK(explain_unknown(old_file->file).find("md5:2cb95161c43110f7111970584f804107") != std::string::npos);
  CHECK(explain_unknown("rcmalli_vggface_tf_vgg16.h5").find("no checksum") != std::string::npos);
  CHECK(explain_unknown("mine.pth").empty());
}

}  // namespace coterie
