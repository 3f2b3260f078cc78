#include "weights/weight_index.hpp"

#include <nlohmann/json.hpp>
#include <string_view>

#include "coterie/base/errors.hpp"

namespace coterie::inline features {
namespace {

constexpr std::size_t kLongest = 100'000'000;  // bytes, as of a safetensors header
constexpr std::size_t kMostParts = 1000;

bool lies_beside(const std::string& part) {
  return !part.empty() && part != "." && part != ".." && part.find('/') == std::string::npos &&
         part.find('\0') == std::string::npos;
}

// Deep nesting would take the parser's destructor down the stack.
bool is_flat(int depth, nlohmann::json::parse_event_t, const nlohmann::json&) {
  if (depth > 8) throw std::length_error("nested too deeply");
  return true;
}

}  // namespace

bool looks_like_index(const FileBytes& file) {
  const std::string_view text(reinterpret_cast<const char*>(file.bytes.data()), file.bytes.size());
  const auto first = text.find_first_not_of(" \t\r\n");
  return first != text.npos && text[first] == '{' && text.find("\"weight_map\"") != text.npos;
}

WeightIndex read_weight_index(const FileBytes& file) {
  WeightIndex index;
  if (file.bytes.size() > kLongest)
    throw FileError(file.path, fmt::format("is an index of {} bytes: damaged", file.bytes.size()));
  try {
    const auto json = nlohmann::json::parse(file.bytes.begin(), file.bytes.end(), is_flat);
    for (const auto& [tensor, part] : json.at("weight_map").items()) index[part.get<std::string>()].push_back(tensor);
  } catch (const std::exception& error) {
    throw FileError(file.path, fmt::format("its index of parts is damaged ({:.200})", error.what()));
  }
  for (const auto& [part, tensors] : index)
    if (!lies_beside(part))
      throw FileError(file.path, fmt::format("names the part '{}', which does not lie beside it; refused", part));
  if (index.empty() || index.size() > kMostParts)
    throw FileError(file.path, fmt::format("is an index of {} parts; 1 to {} are read", index.size(), kMostParts));
  return index;
}

}  // namespace coterie::inline features
