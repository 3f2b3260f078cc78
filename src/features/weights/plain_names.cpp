#include "weights/plain_names.hpp"

#include <algorithm>
#include <array>
#include <set>
#include <string_view>

namespace coterie::inline features {
namespace {

constexpr std::array<std::string_view, 3> kWrappers = {"module.", "_orig_mod.", "_fsdp_wrapped_module."};
constexpr std::array<std::string_view, 6> kCheckpointKeys = {"state_dict.", "model_state_dict.", "model.",
                                                             "net.",        "network.",          "weights."};

std::string without_wrappers(const std::string& name) {
  std::string plain;
  for (std::size_t at = 0; at < name.size();) {
    const std::size_t end = std::min(name.find('.', at), name.size() - 1) + 1;
    const std::string_view part = std::string_view(name).substr(at, end - at);
    if (std::find(kWrappers.begin(), kWrappers.end(), part) == kWrappers.end()) plain += part;
    at = end;
  }
  return plain;
}

// Drops the key that all names begin with, and the one below it, until they differ.
void drop_checkpoint_keys(std::vector<std::string>& names) {
  for (bool dropped = true; dropped;) {
    dropped = false;
    for (const auto key : kCheckpointKeys) {
      const auto has_it = [key](const std::string& name) { return name.starts_with(key) && name.size() > key.size(); };
      if (!std::all_of(names.begin(), names.end(), has_it)) continue;
      for (auto& name : names) name.erase(0, key.size());
      dropped = !names.empty();
    }
  }
}

}  // namespace

WeightFile with_plain_names(WeightFile file) {
  std::vector<std::string> names;
  bool changed = false;
  for (const auto& named : file.tensors()) names.push_back(without_wrappers(named.first));
  drop_checkpoint_keys(names);
  for (std::size_t i = 0; i < names.size(); ++i) changed = changed || names[i] != file.tensors()[i].first;
  const std::set<std::string> different(names.begin(), names.end());
  if (!changed || different.size() != names.size() || different.contains("")) return file;
  WeightFile plain(file.path(), file.format());
  for (std::size_t i = 0; i < names.size(); ++i) plain.add(names[i], file.tensors()[i].second);
  for (const auto& [name, value] : file.numbers()) plain.note_number(name, value);
  return plain;
}

}  // namespace coterie::inline features
