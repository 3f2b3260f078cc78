#include "nets/weight_fit.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <string_view>
#include <unordered_map>

#include "coterie/base/errors.hpp"
#include "coterie/base/nearest_name.hpp"
#include "nets/affine.hpp"

namespace coterie::inline features {
namespace {

constexpr std::size_t kShown = 4;  // tensors in a message

std::string shape_text(const std::vector<std::int64_t>& shape) { return fmt::format("[{}]", fmt::join(shape, ", ")); }

// "'a' [2], 'b' [3, 4] and 5 more", of texts that begin alike.
std::string some_of(const std::vector<std::string>& texts, std::size_t all) {
  const auto shown = fmt::format("{}", fmt::join(texts, ", "));
  return all > texts.size() ? fmt::format("{} and {} more", shown, all - texts.size()) : shown;
}

// For each prefix, how many of the needs the file holds under it, in their shape. A name may be cut behind each dot and
// each slash.
std::map<std::string, std::size_t> count_by_prefix(const WeightFile& file, const std::vector<TensorNeed>& needs) {
  std::unordered_map<std::string_view, const TensorNeed*> by_name;
  std::size_t longest = 0;  // so that a name of a million dots costs no more than its length
  for (const auto& need : needs) {
    by_name.emplace(need.name, &need);
    longest = std::max(longest, need.name.size());
  }
  std::map<std::string, std::size_t> held{{"", 0}};
  for (const auto& [name, tensor] : file.tensors())
    for (std::size_t at = 0;; ++at) {
      const auto rest = std::string_view(name).substr(at);
      const auto need = rest.size() > longest ? by_name.end() : by_name.find(rest);
      if (need != by_name.end() && need->second->shape == tensor.shape) ++held[name.substr(0, at)];
      at = name.find_first_of("./", at);
      if (at == std::string::npos) break;
    }
  return held;
}

// Whether the prefix says that it is the copy that is not evaluated.
bool is_second_choice(const std::string& prefix) {
  static const std::set<std::string, std::less<>> kWords = {"student", "k", "key", "target", "ema", "momentum"};
  for (std::size_t begin = 0, end = 0; begin < prefix.size(); begin = end + 1) {
    end = std::min(prefix.find_first_of("./_", begin), prefix.size());
    if (kWords.contains(std::string_view(prefix).substr(begin, end - begin))) return true;
  }
  return false;
}

bool same_values(const WeightFile& file, const std::string& a, const std::string& b,
                 const std::vector<TensorNeed>& needs) {
  return std::all_of(needs.begin(), needs.end(), [&](const TensorNeed& need) {
    const Tensor *first = file.find(a + need.name), *second = file.find(b + need.name);
    if (first == nullptr || second == nullptr) return first == second;
    return std::equal(first->values.begin(), first->values.end(), second->values.begin(), second->values.end());
  });
}

// The prefix under which most needs are held; plain names win among equals.
void choose_prefix(const WeightFile& file, const std::vector<TensorNeed>& needs,
                   const std::map<std::string, std::size_t>& held, WeightFit& fit) {
  std::size_t most = 0;
  for (const auto& [prefix, count] : held) most = std::max(most, count);
  if (held.at("") == most || 2 * most < needs.size()) return;  // fewer are a coincidence: another network
  std::vector<std::string> best;
  for (const auto& [prefix, count] : held)
    if (count == most) best.push_back(prefix);
  std::stable_partition(best.begin(), best.end(), [](const auto& prefix) { return !is_second_choice(prefix); });
  fit.prefix = best.front();
  for (const auto& other : best)
    if (is_second_choice(other) == is_second_choice(fit.prefix) && !same_values(file, fit.prefix, other, needs))
      fit.rivals.push_back(other);
}

bool holds(const WeightFile& file, const std::string& prefix, const TensorNeed& need) {
  const Tensor* tensor = file.find(prefix + need.name);
  return tensor != nullptr && tensor->shape == need.shape;
}

// A frozen graph holds constants of all kinds.
std::vector<std::string> foreign_tensors(const WeightFile& file, const std::string& prefix, const Plan& whole,
                                         const std::vector<TensorNeed>& needs,
                                         const std::map<std::string, std::size_t>& held) {
  if (file.format() == "TensorFlow graph") return {};
  std::vector<std::string> copies;  // of the whole network, such as its moving average beside plain names
  for (const auto& [other, count] : held)
    if (2 * count >= needs.size() && other.size() > prefix.size()) copies.push_back(other);
  std::set<std::string> known;
  for (const auto& need : needs)
    if (holds(file, prefix, need)) known.insert(need.name);
  std::vector<std::string> foreign;
  for (const auto& named : file.tensors()) {
    if (!named.first.starts_with(prefix)) continue;
    const auto is_its = [&](const std::string& copy) { return named.first.starts_with(copy); };
    if (std::any_of(copies.begin(), copies.end(), is_its)) continue;
    std::string name = named.first.substr(prefix.size());
    if (!known.contains(name) && !whole.ignores(name)) foreign.push_back(std::move(name));
  }
  return foreign;
}

std::string first_part(const std::string& name) { return name.substr(0, name.find_first_of("./")); }

}  // namespace

std::vector<TensorNeed> all_tensors(const Plan& plan) {
  std::vector<TensorNeed> all;
  for (std::size_t i = 0; i < plan.steps().size(); ++i)
    for (auto& need : tensors_of(plan, i)) all.push_back(std::move(need));
  return all;
}

WeightFit fit_weights(const WeightFile& file, const std::vector<Plan>& plans) {
  WeightFit fit;
  std::vector<TensorNeed> needs;
  std::map<std::string, std::size_t> held;
  std::size_t most = 0;
  for (std::size_t i = 0; i < plans.size(); ++i) {
    auto wanted = all_tensors(plans[i]);
    auto counted = count_by_prefix(file, wanted);
    std::size_t here = 0;
    for (const auto& [prefix, count] : counted) here = std::max(here, count);
    if (i > 0 && here <= most) continue;
    most = here;
    fit.plan = i;
    needs = std::move(wanted);
    held = std::move(counted);
  }
  choose_prefix(file, needs, held, fit);
  fit.foreign = foreign_tensors(file, fit.prefix, plans[fit.plan], needs, held);
  return fit;
}

bool is_another_head(const WeightFile& file, const WeightFit& fit, const Plan& whole) {
  std::set<std::string> names, parts;
  for (const auto& need : all_tensors(whole)) {
    names.insert(need.name);
    if (holds(file, fit.prefix, need)) parts.insert(first_part(need.name));
  }
  return std::all_of(fit.foreign.begin(), fit.foreign.end(), [&](const std::string& name) {
    const bool small = file.find(fit.prefix + name)->shape.size() <= 2;
    return small && (names.contains(name) || !parts.contains(first_part(name)));
  });
}

bool holds_all(const WeightFile& file, const std::string& prefix, const Plan& plan) {
  const auto needs = all_tensors(plan);
  return std::all_of(needs.begin(), needs.end(), [&](const auto& need) { return holds(file, prefix, need); });
}

std::string some_tensors(const WeightFile& file, const std::string& prefix, const std::vector<std::string>& names) {
  std::vector<std::string> texts;
  for (const auto& name : names) {
    if (texts.size() == kShown) break;
    texts.push_back(fmt::format("'{}' {}", name, shape_text(file.find(prefix + name)->shape)));
  }
  return some_of(texts, names.size());
}

void require_all(const WeightFile& file, const WeightFit& fit, const Plan& plan, const Backbone& backbone) {
  std::vector<std::string> missing, names;
  for (const auto& need : all_tensors(plan)) {
    const Tensor* tensor = file.find(fit.prefix + need.name);
    if (tensor != nullptr && tensor->shape != need.shape)
      throw FileError(file.path(), fmt::format("tensor '{}' has shape {}, {} is wanted; is it a file for another "
                                               "backbone than {}?",
                                               fit.prefix + need.name, shape_text(tensor->shape),
                                               shape_text(need.shape), backbone.name));
    if (tensor == nullptr) missing.push_back(need.name);
    if (tensor == nullptr && names.size() < kShown)
      names.push_back(fmt::format("'{}' {}", fit.prefix + need.name, shape_text(need.shape)));
  }
  if (missing.empty()) return;
  std::vector<std::string> present;
  for (const auto& named : file.tensors()) present.push_back(named.first);
  const std::string nearest = nearest_name(fit.prefix + missing.front(), present);
  throw FileError(
      file.path(),
      fmt::format("has no tensor '{}'{}; is it a file for another backbone?\n  it holds {}\n  {} needs {}",
                  fit.prefix + missing.front(), nearest.empty() ? "" : fmt::format(" (nearest: '{}')", nearest),
                  some_tensors(file), backbone.name, some_of(names, missing.size())));
}

}  // namespace coterie::inline features
