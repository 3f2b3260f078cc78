// Format: https://github.com/huggingface/safetensors#format: a 64-bit length, a JSON header of that length that gives
// each tensor's dtype, shape and byte range, then the data.

#include <cstring>
#include <map>
#include <nlohmann/json.hpp>

#include "coterie/base/errors.hpp"
#include "coterie/base/json_number.hpp"
#include "coterie/base/new_file.hpp"
#include "weights/formats.hpp"
#include "weights/number_format.hpp"

namespace coterie::inline features {
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

std::vector<std::int64_t> whole_numbers(const nlohmann::json& list) {
  std::vector<std::int64_t> numbers;
  for (const auto& number : list) numbers.push_back(whole_number(number));
  return numbers;
}

constexpr std::uint64_t kLongestHeader = 100'000'000;  // as in the format's own reader

Tensor read_tensor(const FileBytes& file, const ByteReader& reader, const std::string& name,
                   const nlohmann::json& entry, Bytes data, std::int64_t& left) {
  const auto format = number_format(reader, name, entry.at("dtype").get<std::string>());
  const auto shape = whole_numbers(entry.at("shape"));
  const auto range = whole_numbers(entry.at("data_offsets"));
  const std::int64_t count = elements_of(shape);
  if (range.size() != 2 || range[0] < 0 || range[0] > range[1] || range[1] > std::ssize(data))
    reader.fail(fmt::format("'{}' lies outside the file's {} bytes of data: truncated or damaged", name, data.size()));
  if (count < 0 || range[1] - range[0] != count * bytes_of(format))
    reader.fail(fmt::format("'{}' has {} bytes, which its shape [{}] does not need", name, range[1] - range[0],
                            fmt::join(shape, ", ")));
  if (range[1] - range[0] > left) reader.fail(fmt::format("'{}' overlaps other tensors; refused", name));
  left -= range[1] - range[0];
  return make_tensor(file, data.subspan(static_cast<std::size_t>(range[0])), format, shape);
}

}  // namespace

WeightFile read_safetensors(const FileBytes& file) {
  ByteReader reader(file.bytes, file.path);
  const std::uint64_t header_bytes = reader.u64();
  if (header_bytes > kLongestHeader) reader.fail(fmt::format("its header is of {} bytes: damaged", header_bytes));
  const std::string header = reader.text(header_bytes);
  const Bytes data = reader.take(reader.remaining());
  WeightFile weights(file.path, "safetensors");
  try {
    const auto entries = nlohmann::json::parse(header);  // sorted by name: ordered_json takes quadratic time
    std::multimap<std::int64_t, std::string> order;      // that of the data
    for (const auto& [name, entry] : entries.items())
      if (name != "__metadata__") order.emplace(whole_number(entry.at("data_offsets").at(0)), name);
    std::int64_t left = std::ssize(data);  // the format lets no two tensors overlap, so they cannot need more
    for (const auto& [offset, name] : order)
      weights.add(name, read_tensor(file, reader, name, entries.at(name), data, left));
  } catch (const nlohmann::json::exception& error) {
    reader.fail(fmt::format("its safetensors header is damaged ({:.200})", error.what()));
  }
  return weights;
}

namespace {

// The length and the JSON header, padded with blanks so that the data begins at a multiple of 8.
std::string header_of(const WeightFile& weights, const std::map<std::string, std::string>& metadata) {
  nlohmann::ordered_json entries;
  entries["__metadata__"] = metadata;
  std::uint64_t offset = 0;
  for (const auto& [name, tensor] : weights.tensors()) {
    if (name == "__metadata__") throw FileError(weights.path(), "holds a tensor called __metadata__, reserved there");
    const std::uint64_t end = offset + tensor.values.size_bytes();
    entries[name] = {{"dtype", "F32"}, {"shape", tensor.shape}, {"data_offsets", {offset, end}}};
    offset = end;
  }
  std::string json = entries.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
  json.append((8 - json.size() % 8) % 8, ' ');
  std::string length(8, '\0');
  const std::uint64_t size = json.size();
  std::memcpy(length.data(), &size, 8);
  return length + json;
}

}  // namespace

void write_safetensors(const WeightFile& weights, const std::string& path,
                       const std::map<std::string, std::string>& metadata) {
  const std::string header = header_of(weights, metadata);
  NewFile file(path);
  file.write(header);
  for (const auto& [name, tensor] : weights.tensors())
    file.write({reinterpret_cast<const char*>(tensor.values.data()), tensor.values.size_bytes()});
  file.finish();
}

}  // namespace coterie::inline features
