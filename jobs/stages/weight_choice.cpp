#include "stages/weight_choice.hpp"

#include <cstdlib>
#include <filesystem>

#include "coterie/base/digest.hpp"
#include "coterie/base/number.hpp"
#include "coterie/features/network.hpp"

namespace coterie::jobs {
namespace fs = std::filesystem;
namespace {

constexpr std::string_view kRandom = "random:";
constexpr const char* kNoWeights = "none";

std::vector<std::string> weight_folders() {
  std::vector<std::string> folders;
  if (const char* given = std::getenv("COTERIE_WEIGHTS")) folders.emplace_back(given);
  if (const char* cache = std::getenv("XDG_CACHE_HOME")) folders.push_back(std::string(cache) + "/coterie/weights");
  if (const char* home = std::getenv("HOME")) folders.push_back(std::string(home) + "/.cache/coterie/weights");
  return folders;
}

std::string find_weight_file(const Backbone& backbone) {
  if (backbone.is_module()) return backbone.weight_files.front();
  const auto folders = weight_folders();
  for (const auto& folder : folders)
    for (const auto& file : backbone.weight_files)
      if (fs::exists(fs::path(folder) / file)) return (fs::path(folder) / file).string();
  throw InvalidArgument(fmt::format("no weights of {} were found (looked for {} in {}): {}, or give --weights FILE",
                                    backbone.name, fmt::join(backbone.weight_files, ", "), fmt::join(folders, ", "),
                                    backbone.how_to_get));
}

std::uint64_t seed_of(const std::string& text) {
  const auto seed = parse_as<std::uint64_t>(std::string_view(text).substr(kRandom.size()), 0, 999'999'999'999'999'999);
  require(seed.has_value(), "--weights is \"{}\"; random weights are asked for as random:SEED, such as random:1", text);
  return *seed;
}

}  // namespace

std::string digest_of_weights(const std::string& path) {
  const auto files = files_of_weights(path);
  if (files.size() == 1) return sha256_of_file(path);
  std::string digests;
  for (const auto& file : files) digests += sha256_of_file(file) + "\n";
  return sha256(digests);
}

WeightChoice choose_weights(const Job& job, const FeatureRequest& request) {
  if (!request.backbone.has_weights()) return {"", 0, kNoWeights};
  if (request.weights.starts_with(kRandom)) return {"", seed_of(request.weights), request.weights};
  WeightChoice choice;
  job.comm.on_root([&] {  // the file is read once more for its digest, at disk speed
    choice.path = request.weights.empty() ? find_weight_file(request.backbone) : request.weights;
    choice.identity = "sha256 " + digest_of_weights(choice.path);
  });
  job.comm.broadcast(choice.path);
  job.comm.broadcast(choice.identity);
  return choice;
}

void check_weights(const FeatureRequest& request) {
  if (!request.backbone.has_weights()) return;
  if (request.weights.starts_with(kRandom)) return static_cast<void>(seed_of(request.weights));
  const std::string path = request.weights.empty() ? find_weight_file(request.backbone) : request.weights;
  require(fs::exists(path), "--weights: {} is not there", path);
}

WeightFile load_weights(const WeightChoice& choice, const FeatureRequest& request) {
  if (request.backbone.is_module()) return {choice.path, "TorchScript"};
  if (!choice.path.empty()) return read_weights(choice.path);
  std::vector<std::string> layers;
  for (const auto& layer : request.layers) layers.push_back(layer.name);
  return random_weights(request.backbone, layers, choice.seed);
}

}  // namespace coterie::jobs
