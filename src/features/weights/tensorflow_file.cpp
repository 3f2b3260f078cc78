// A frozen TensorFlow graph: the protocol buffer GraphDef, of which only the constants are read and nothing is run.
// Field numbers: tensorflow/core/framework/{graph,node_def,attr_value,tensor,tensor_shape,types}.proto; the wire
// format: https://protobuf.dev/programming-guides/encoding. A tensor's elements are its tensor_content, or a list by
// type, which is shorter than the shape when the last value repeats (tensor.cc, FromProto).

#include <array>
#include <optional>

#include "coterie/base/errors.hpp"
#include "weights/formats.hpp"

namespace coterie::inline features {
namespace {

// Elements made out of repeated last values in one file. Only constant tensors have them: scalars and fresh biases.
constexpr std::int64_t kMostRepeated = std::int64_t{1} << 24;
constexpr std::size_t kMostDimensions = 16;

// One field of a message: a number, or a run of bytes (a text, a message, a packed list).
struct Field {
  std::uint64_t number = 0;
  std::uint64_t value = 0;
  std::optional<Bytes> bytes;
};

std::uint64_t take_varint(ByteReader& reader) {
  std::uint64_t value = 0;
  for (int shift = 0; shift < 64; shift += 7) {
    const std::uint64_t byte = reader.u8();
    value |= (byte & 127) << shift;
    if (byte < 128) return value;
  }
  reader.fail("its protocol buffer is damaged (a number of over 64 bits)");
}

Field take_field(ByteReader& reader) {
  const std::uint64_t tag = take_varint(reader);
  Field field{tag >> 3, 0, std::nullopt};
  switch (tag & 7) {
    case 0:
      field.value = take_varint(reader);
      return field;
    case 1:
      field.value = reader.u64();
      return field;
    case 2:
      field.bytes = reader.take(take_varint(reader));
      return field;
    case 5:
      field.value = reader.u32();
      return field;
    default:
      reader.fail(fmt::format("its protocol buffer is damaged (wire type {})", tag & 7));
  }
}

// Calls `visit` with each field of a message.
template <typename Visit>
void for_each_field(Bytes message, const std::string& path, Visit visit) {
  ByteReader reader(message, path);
  while (reader.remaining() > 0) visit(take_field(reader));
}

std::string text_of(const Field& field) {
  return field.bytes ? std::string(field.bytes->begin(), field.bytes->end()) : std::string();
}

struct ConstantType {
  NumberFormat format;
  std::uint64_t list;  // the field of TensorProto that lists its elements
};

// DataType; complex numbers, texts and quantised numbers are no weights.
std::optional<ConstantType> constant_type(std::uint64_t type) {
  switch (type) {
    case 1:
      return ConstantType{NumberFormat::float32, 5};
    case 2:
      return ConstantType{NumberFormat::float64, 6};
    case 3:
      return ConstantType{NumberFormat::int32, 7};
    case 4:
      return ConstantType{NumberFormat::uint8, 7};
    case 5:
      return ConstantType{NumberFormat::int16, 7};
    case 6:
      return ConstantType{NumberFormat::int8, 7};
    case 9:
      return ConstantType{NumberFormat::int64, 10};
    case 10:
      return ConstantType{NumberFormat::boolean, 11};
    case 14:
      return ConstantType{NumberFormat::bfloat16, 13};
    case 19:
      return ConstantType{NumberFormat::float16, 13};
    default:
      return std::nullopt;
  }
}

std::vector<std::int64_t> read_shape(Bytes message, const std::string& path) {
  std::vector<std::int64_t> shape;
  for_each_field(message, path, [&](const Field& dimension) {
    if (dimension.number != 2 || !dimension.bytes) return;
    std::int64_t length = 0;
    for_each_field(*dimension.bytes, path, [&](const Field& field) {
      if (field.number == 1) length = static_cast<std::int64_t>(field.value);
    });
    shape.push_back(length);
  });
  return shape;
}

// The number that a list's entry holds, whose bits stand for a float, a double, a half or a whole number.
float number_of(std::uint64_t bits, NumberFormat format) {
  const std::array<std::uint64_t, 1> stored = {bits};  // little-endian: the low bytes come first
  float value = 0;
  to_float32({reinterpret_cast<const unsigned char*>(stored.data()), sizeof stored}, format, 0, 1, &value);
  return value;
}

// One field of a list: a single entry, or many that are packed.
void read_list(const Field& field, NumberFormat format, const std::string& path, std::vector<float>& values) {
  if (!field.bytes) return values.push_back(number_of(field.value, format));
  ByteReader reader(*field.bytes, path);
  while (reader.remaining() > 0)
    values.push_back(number_of(format == NumberFormat::float32   ? reader.u32()
                               : format == NumberFormat::float64 ? reader.u64()
                                                                 : take_varint(reader),
                               format));
}

class GraphReader {
 public:
  explicit GraphReader(const FileBytes& file) : file_(file), weights_(file.path, "TensorFlow graph") {}

  WeightFile read() {
    for_each_field(file_.bytes, file_.path, [&](const Field& field) {
      if (field.number == 1 && field.bytes) read_node(*field.bytes);
    });
    if (weights_.tensors().empty())
      throw FileError(file_.path, "holds no constants: no frozen TensorFlow graph, or one whose weights lie elsewhere");
    return std::move(weights_);
  }

 private:
  void read_node(Bytes message) {
    std::string name, operation;
    std::vector<Bytes> attributes;
    for_each_field(message, file_.path, [&](const Field& field) {
      if (field.number == 1) name = text_of(field);
      if (field.number == 2) operation = text_of(field);
      if (field.number == 5 && field.bytes) attributes.push_back(*field.bytes);
    });
    if (operation != "Const" && operation != "BatchNormWithGlobalNormalization") return;
    for (const Bytes attribute : attributes) read_attribute(name, operation, attribute);
  }

  void read_attribute(const std::string& node, const std::string& operation, Bytes entry) {
    std::string key;
    Bytes value;
    for_each_field(entry, file_.path, [&](const Field& field) {
      if (field.number == 1) key = text_of(field);
      if (field.number == 2 && field.bytes) value = *field.bytes;
    });
    for_each_field(value, file_.path, [&](const Field& field) {
      if (operation == "Const") {
        if (key == "value" && field.number == 8 && field.bytes) read_constant(node, *field.bytes);
      } else if (key == "variance_epsilon" && field.number == 4) {
        weights_.add(node + ":" + key, Tensor::of({}, {number_of(field.value, NumberFormat::float32)}));
      } else if (key == "scale_after_normalization" && field.number == 5) {
        weights_.add(node + ":" + key, Tensor::of({}, {field.value != 0 ? 1.0f : 0.0f}));
      }
    });
  }

  void read_constant(const std::string& name, Bytes message) {
    std::optional<ConstantType> type;
    std::vector<std::int64_t> shape;
    std::optional<Bytes> content;
    for_each_field(message, file_.path, [&](const Field& field) {
      if (field.number == 1) type = constant_type(field.value);
      if (field.number == 2 && field.bytes) shape = read_shape(*field.bytes, file_.path);
      if (field.number == 4) content = field.bytes;
    });
    if (!type) return;
    const std::int64_t count = elements_of(shape);
    if (count < 0 || shape.size() > kMostDimensions)
      throw FileError(file_.path, fmt::format("'{}' has the shape [{}]", name, fmt::join(shape, ", ")));
    if (content && !content->empty()) {
      if (content->size() != static_cast<std::size_t>(count * bytes_of(type->format)))
        throw FileError(file_.path, fmt::format("'{}' has {} bytes, which its shape [{}] does not need", name,
                                                content->size(), fmt::join(shape, ", ")));
      return weights_.add(name, make_tensor(file_, *content, type->format, shape));
    }
    std::vector<float> values;
    for_each_field(message, file_.path, [&](const Field& field) {
      if (field.number == type->list) read_list(field, type->format, file_.path, values);
    });
    complete(name, values, count);
    weights_.add(name, Tensor::of(shape, std::move(values)));
  }

  void complete(const std::string& name, std::vector<float>& values, std::int64_t count) {
    const auto listed = static_cast<std::int64_t>(values.size());
    if (listed > count || count - listed > kMostRepeated - repeated_)
      throw FileError(file_.path,
                      fmt::format("'{}' lists {} elements where its shape has {}: damaged", name, listed, count));
    repeated_ += count - listed;
    values.resize(static_cast<std::size_t>(count), values.empty() ? 0.0f : values.back());
  }

  const FileBytes& file_;
  WeightFile weights_;
  std::int64_t repeated_ = 0;
};

}  // namespace

WeightFile read_tensorflow_graph(const FileBytes& file) { return GraphReader(file).read(); }

}  // namespace coterie::inline features
