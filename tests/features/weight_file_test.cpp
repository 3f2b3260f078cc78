#include <doctest/doctest.h>

#include <cmath>
#include <cstring>
#include <limits>

#include "temporary_folder.hpp"
#include "weight_files.hpp"
#include "weights/formats.hpp"
#include "weights/number_format.hpp"

namespace coterie {
namespace {

// What tests/oracle/make_features_reference.py wrote.
void check_torch_tensors(const WeightFile& file) {
  CHECK(file.tensors().size() == 8);
  const std::vector<float> grid = {0, 1, 2, 3, 4, 5};
  check(file, "grid", {2, 3}, grid);
  check(file, "transposed", {3, 2}, {0, 3, 1, 4, 2, 5});
  check(file, "window", {3, 2}, {2, 3, 4, 5, 6, 7});
  for (const std::string name : {"half", "bfloat16", "double"}) check(file, name, {2, 3}, grid);
  check(file, "count", {}, {7});
  check(file, "parameter", {2, 3}, {1, 2, 3, 4, 5, 6});
}

std::string text(const std::string& value) {
  std::string bytes = {'X', static_cast<char>(value.size()), 0, 0, 0};
  bytes += value;
  return bytes;
}

std::string number(std::int32_t value) {
  std::string bytes("J....");
  std::memcpy(bytes.data() + 1, &value, 4);
  return bytes;
}

std::string tuple(const std::vector<std::int32_t>& values) {
  std::string items = "(";
  for (const auto value : values) items += number(value);
  return items + "t";
}

// A legacy file whose state dict is `pickle`, with one storage "0" of the floats 1, 2, 3 (or more of them).
std::string legacy_file(const std::string& pickle, std::int64_t elements = 3) {
  const std::string magic("\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.", 15);
  std::string data(static_cast<std::size_t>(8 + 4 * elements), '\0');
  std::memcpy(data.data(), &elements, 8);
  for (std::int64_t i = 0; i < elements; ++i) {
    const float value = static_cast<float>(i + 1);
    std::memcpy(data.data() + 8 + 4 * i, &value, 4);
  }
  return magic + "\x80\x02" + number(1001) + "." + "\x80\x02}." + pickle + "\x80\x02](" + text("0") + "e." + data;
}

std::string tensor(std::int32_t offset, const std::vector<std::int32_t>& shape,
                   const std::vector<std::int32_t>& strides) {
  return std::string("ctorch._utils\n_rebuild_tensor\n((") + text("storage") + "ctorch\nFloatStorage\n" + text("0") +
         text("cpu") + number(3) + "tQ" + number(offset) + tuple(shape) + tuple(strides) + "tR";
}

// Whether these bytes are weights. Whatever is thrown but a FileError fails the test.
bool is_read(const std::string& bytes) {
  const auto copy = std::make_shared<const std::string>(bytes);
  try {
    read_weights({"input", {reinterpret_cast<const unsigned char*>(copy->data()), copy->size()}, copy});
  } catch (const FileError&) {
    return false;
  }
  return true;
}

std::string legacy_file_of_tensor(const std::string& tensor) {
  return legacy_file(std::string("}") + text("w") + tensor + "s.");
}

}  // namespace

TEST_CASE(
    "PyTorch files of both containers, a data-parallel checkpoint and safetensors hold the tensors they were given") {
  check_torch_tensors(read_weights(kWeightData + "tiny_zip.pth"));
  check_torch_tensors(read_weights(kWeightData + "tiny_legacy.pth"));
  check_torch_tensors(read_weights(kWeightData + "tiny_checkpoint.pth"));
  check_torch_tensors(read_weights(kWeightData + "tiny.safetensors"));
  CHECK(read_weights(kWeightData + "tiny_zip.pth").format() == "PyTorch zip");
  CHECK(read_weights(kWeightData + "tiny_legacy.pth").format() == "PyTorch legacy");
  CHECK(read_weights(kWeightData + "tiny_zip.pth").tensors().front().first == "grid");
}

TEST_CASE("Keras files of both generations give layer/role names, and a slash in a layer's name is no obstacle" *
          doctest::skip(!kReadsKeras)) {
  const WeightFile second = read_weights(kWeightData + "tiny_keras2.h5");
  check(second, "conv_a/kernel", {3, 3, 3, 2}, ramp(54));
  check(second, "norm/a/moving_variance", {2}, {0, 1});
  check(second, "fc1/kernel", {18, 4}, ramp(72));
  CHECK(second.tensors().size() == 8);
  const WeightFile first = read_weights(kWeightData + "tiny_keras1.h5");
  check(first, "conv_a/kernel", {3, 3, 3, 2}, ramp(54));
  check(first, "norm_a/moving_mean", {2}, {0, 1});
  check(first, "norm_a/moving_variance", {2}, {0, 1});
  check(first, "fc1/bias", {4}, ramp(4));
  CHECK(first.tensors().size() == 8);
}

TEST_CASE("half precision converts exactly, subnormals, infinities and NaN included") {
  const std::vector<std::uint16_t> half = {0x0001, 0x03ff, 0x0400, 0x3c00, 0xc000,
                                           0x7bff, 0x7c00, 0xfc00, 0x7e00, 0x8000};
  std::vector<float> out(half.size());
  to_float32({reinterpret_cast<const unsigned char*>(half.data()), half.size() * 2}, NumberFormat::float16, 0, 10,
             out.data());
  const float infinity = std::numeric_limits<float>::infinity();
  const std::vector<float> expected = {0x1p-24f, 1023 * 0x1p-24f, 0x1p-14f, 1, -2, 65504, infinity, -infinity};
  for (std::size_t i = 0; i < expected.size(); ++i) CHECK(out[i] == expected[i]);
  CHECK(std::isnan(out[8]));
  CHECK(std::signbit(out[9]));
}

TEST_CASE("a pickle that wants to run something is refused by the name of what it wants") {
  const TemporaryFolder folder;
  const std::string path = folder / "evil.pth";
  write_bytes(path, legacy_file("cos\nsystem\n(U\x04trueTR."));
  CHECK(message_of(path).find("'os.system'") != std::string::npos);
  write_bytes(path, legacy_file("\x80\x04\x8c\x08"
                                "builtins\x8c\x04"
                                "eval\x93."));
  CHECK(message_of(path).find("'builtins.eval'") != std::string::npos);
  write_bytes(path, legacy_file("\x80\x02"
                                "ctorch.nn.modules.linear\nLinear\n)\x81."));
  CHECK(message_of(path).find("'torch.nn.modules.linear.Linear'") != std::string::npos);
  write_bytes(path, legacy_file("ccollections\nOrderedDict\n)R(i"));
  CHECK(message_of(path).find("opcode 0x69") != std::string::npos);
}

TEST_CASE("what Python 2 and the first versions of PyTorch wrote is read: short strings, long keys, lists of pairs") {
  const TemporaryFolder folder;
  const std::string path = folder / "old.pth";
  const std::string storage =
      "(U\x07storagectorch.cuda\nFloatStorage\nU\x01"
      "0U\x06"
      "cuda:0K\x03tQ";
  const std::string values = "(" + storage + number(1) + tuple({2}) + tuple({1}) + "t";
  const std::string made = "ctorch._utils\n_rebuild_tensor\n" + values + "R";
  write_bytes(path, legacy_file("ccollections\nOrderedDict\n(]](U\x08module.w" + made + "eatR."));
  CHECK(message_of(path) == "");
  check(read_weights(path), "w", {2}, {2, 3});
  write_bytes(path, legacy_file("}(U\x01wI140234567890123\nU\x01vL-5L\nU\x01x" + made + "u."));
  check(read_weights(path), "x", {2}, {2, 3});
  // A tensor by its class and state; a parameter by its class, by its class and state, and by the later function.
  write_bytes(path, legacy_file("}U\x01wctorch\nFloatTensor\n)R" + values + "bs."));
  check(read_weights(path), "w", {2}, {2, 3});
  const std::string parameter = "ctorch.nn.parameter\nParameter\n";
  write_bytes(path, legacy_file("}U\x01w" + parameter + "(" + made + "\x88t\x81(\x88\x89Ntbs."));
  check(read_weights(path), "w", {2}, {2, 3});
  write_bytes(path, legacy_file("}U\x01w" + parameter + ")\x81(" + made + "N}\x88\x89tbs."));
  check(read_weights(path), "w", {2}, {2, 3});
  write_bytes(path, legacy_file("}U\x01x" + made + "sU\x01w" + parameter + ")\x81s."));
  CHECK(message_of(path).find("'w' lies in storage ''") != std::string::npos);
  write_bytes(path, legacy_file("}U\x01wI12x\ns."));
  CHECK(message_of(path).find("integer in digits") != std::string::npos);
}

TEST_CASE("a tensor that leaves its storage, or would blow it up, is an error that names it") {
  const TemporaryFolder folder;
  const std::string path = folder / "odd.pth";
  write_bytes(path, legacy_file_of_tensor(tensor(1, {2}, {1})));
  check(read_weights(path), "w", {2}, {2, 3});
  struct Case {
    std::int32_t offset;
    std::vector<std::int32_t> shape, strides;
    const char* message;
  };
  for (const Case& c : {Case{2, {2}, {1}, "reaches element 3 of a storage of 3"},
                        {0, {2}, {3}, "reaches element 3 of a storage of 3"},
                        {0, {2}, {4}, "strides that leave its storage"},
                        {1'000'000, {1}, {1}, "begins outside"},
                        {0, {1'000'000, 1'000'000}, {0, 0}, "cannot fill"},
                        {0, {2'000'000'000, 2'000'000'000, 2'000'000'000}, {0, 0, 0}, "cannot fill"},
                        {0, {-1}, {1}, "cannot fill"},
                        {0, {2}, {-1}, "strides that leave its storage"},
                        {0, {2, 1}, {1}, "cannot fill"},
                        {-1, {1}, {1}, "offset"}}) {
    write_bytes(path, legacy_file_of_tensor(tensor(c.offset, c.shape, c.strides)));
    INFO(c.message << " in: " << message_of(path));
    CHECK(message_of(path).find(c.message) != std::string::npos);
  }
}

TEST_CASE("tied weights may share a storage, but a small file of many that do is refused before it fills the memory") {
  const TemporaryFolder folder;
  const auto sharing = [&](int tensors) {
    std::string pickle = "}" + text("0") + tensor(0, {4000}, {1}) + "q\x07s";
    for (int i = 1; i < tensors; ++i) pickle += text(fmt::format("{}", i)) + "h\x07s";
    write_bytes(folder / "shared", legacy_file(pickle + ".", 4000));
    return message_of(folder / "shared");
  };
  CHECK(sharing(10) == "");
  CHECK(sharing(100).find("share their storages too often") != std::string::npos);
}

TEST_CASE("damaged pickles end in an error: empty stacks, unknown memos, cycles, bombs") {
  const TemporaryFolder folder;
  const std::string path = folder / "damaged.pth";
  for (const std::string& pickle :
       {std::string("."), std::string("0."), std::string("t."), std::string("h\x05."),
        std::string("K\x01"
                    "a."),
        std::string("]K\x01R."), std::string("(e."), std::string("}(K\x01u."), std::string("K\x01Q."),
        std::string("]q\x01h\x01"
                    "a."),
        std::string("]") + std::string(2'000'000, 'N') + ".", std::string("X\xff\xff\xff\xff"),
        std::string("\x8b\xff\xff\xff\xff")}) {
    write_bytes(path, legacy_file(pickle));
    CHECK_THROWS_AS(read_weights(path), FileError);
  }
  const std::string nested = std::string(500'000, ']') + std::string(499'999, 'a') + ".";
  write_bytes(path, legacy_file(nested));
  CHECK(message_of(path).find("storage '0', which no tensor uses") != std::string::npos);
}

TEST_CASE("a file cut off at any byte, or with any byte changed, never crashes the reader") {
  for (const std::string name : {"tiny_zip.pth", "tiny_legacy.pth", "tiny.safetensors", "tiny_graph.pb"}) {
    const std::string whole = read_bytes(kWeightData + name);
    std::int64_t shorter_graphs = 0;
    for (std::size_t length = 0; length < whole.size(); ++length) {
      INFO(name << " " << length);
      if (is_read(whole.substr(0, length))) ++shorter_graphs;
      std::string changed = whole;
      changed[length] = static_cast<char>(~changed[length]);
      is_read(changed);  // a changed weight is no error; the digest of the whole file guards against that
    }
    // A graph is a list of 18 nodes and a version. Cut off between two of them it is a graph still, if one without
    // its version; the first node is no constant.
    CHECK(shorter_graphs == (name == "tiny_graph.pb" ? 17 : 0));
  }
}

TEST_CASE("a tar or an HDF5 file cut off anywhere before its last padding is an error") {
  const TemporaryFolder folder;
  const std::string path = folder / "cut";
  const std::string tar = read_bytes(kWeightData + "tiny_tar.pth");
  const std::size_t end = tar.find_last_not_of('\0') + 1;
  REQUIRE(end < tar.size());
  for (std::size_t length = 0; length<end; length += length> 4000 ? 1 : 37) {
    write_bytes(path, tar.substr(0, length));
    CHECK_THROWS_AS(read_weights(path), FileError);
  }
  const std::string keras = read_bytes(kWeightData + "tiny_keras1.h5");
  for (std::size_t length = 0; length < keras.size(); length += 97) {
    write_bytes(path, keras.substr(0, length));
    CHECK_THROWS_AS(read_weights(path), FileError);
  }
}

TEST_CASE("a safetensors header of 128 bytes, which begins like a pickle, is known apart from one") {
  const TemporaryFolder folder;
  std::string header = R"({"w": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}})";
  header.resize(128, ' ');
  write_bytes(folder / "w", std::string("\x80\0\0\0\0\0\0\0", 8) + header + std::string("\0\0\x80\x3f", 4));
  check(read_weights(folder / "w"), "w", {1}, {1});
}

TEST_CASE("what is no weight file is known apart from what is damaged") {
  const TemporaryFolder folder;
  const std::string path = folder / "page.pth";
  write_bytes(path, "<!DOCTYPE html><html>404</html>");
  CHECK(message_of(path).find("error page") != std::string::npos);
  write_bytes(path, "");
  CHECK(message_of(path).find("is empty") != std::string::npos);
  CHECK(message_of(folder / "missing").find("cannot be read") != std::string::npos);
  CHECK(message_of(folder.path().string()).find("not a regular file") != std::string::npos);
  write_bytes(path, std::string("\x80\x02K\x01.", 5));
  CHECK(message_of(path).find("magic number") != std::string::npos);
  write_bytes(path, std::string("\x10\0\0\0\0\0\0\0{\"a\":[1,2,3,4]}\0", 24) + " ");
  CHECK(message_of(path).find("header is damaged") != std::string::npos);
}

}  // namespace coterie
