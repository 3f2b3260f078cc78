// Format: https://github.com/huggingface/safetensors#format: a 64-bit length, a JSON header of that length that gives
// each tensor's dtype, shape and byte range, then the data.

#include <map>
#include <nlohmann/json.hpp>

#include "coterie/base/errors.hpp"
#include "formats.hpp"
#include "number_format.hpp"

namespace coterie {
namespace {

NumberFormat number_format(const ByteReader& reader, const std::string& name, const std::string& dtype) {
  static const std::map<std::string, NumberFormat> kFormats = {
      {"F64", NumberFormat::float64},   {"F32", NumberFormat::float32}, {"F16", NumberFormat::float16},
      {"BF16", NumberFormat::bfloat16}, {"I64", NumberFormat::int64},   {"I32", NumberFormat::int32},
      {"I16", NumberFormat::int16},     {"I8", NumberFormat::int8},     {"U8", NumberFormat::uint8},
      {"BOOL", NumberFormat::boolean}};
  const auto format = kFormats.find(dtype);
  if (format == kFormats.end())
    reader.fail(fmt::format("'{}' is of type {}, which coterie does not read", name, dtype));
  return format->second;
}

Tensor read_tensor(const ByteReader& reader, const std::string& name, const nlohmann::ordered_json& entry, Bytes data) {
  const auto format = number_format(reader, name, entry.at("dtype").get<std::string>());
  Tensor tensor{entry.at("shape").get<std::vector<std::int64_t>>(), {}};
  const auto range = entry.at("data_offsets").get<std::vector<std::uint64_t>>();
  const std::int64_t count = elements_of(tensor.shape);
  if (range.size() != 2 || range[0] > range[1] || range[1] > data.size())
    reader.fail(fmt::format("'{}' lies outside the file's {} bytes of data: truncated or damaged", name, data.size()));
  if (count < 0 || range[1] - range[0] != static_cast<std::uint64_t>(count * bytes_of(format)))
    reader.fail(fmt::format("'{}' has {} bytes, which its shape [{}] does not need", name, range[1] - range[0],
                            fmt::join(tensor.shape, ", ")));
  tensor.values.resize(static_cast<std::size_t>(count));
  to_float32(data.subspan(static_cast<std::size_t>(range[0])), format, 0, count, tensor.values.data());
  return tensor;
}

}  // namespace

WeightFile read_safetensors(const MappedFile& file) {
  ByteReader reader(file.bytes(), file.path());
  const std::string header = reader.text(reader.u64());
  const Bytes data = reader.take(reader.remaining());
  WeightFile weights(file.path(), "safetensors");
  try {
    const auto entries = nlohmann::ordered_json::parse(header);
    for (const auto& [name, entry] : entries.items())
      if (name != "__metadata__") weights.add(name, read_tensor(reader, name, entry, data));
  } catch (const nlohmann::json::exception& error) {
    reader.fail(fmt::format("its safetensors header is damaged ({})", error.what()));
  }
  return weights;
}

}  // namespace coterie
