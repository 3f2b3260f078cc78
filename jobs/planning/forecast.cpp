#include "planning/forecast.hpp"

#include <algorithm>
#include <cmath>

namespace coterie::jobs {
namespace {

constexpr double kBytesOfPhotograph = 150e3;  // a usual one on the web
constexpr double kMemoryOfProgram = 180e6;    // with its libraries, doing nothing (docs/benchmarks.md)
constexpr double kMemoryOfListing =
    300;                                // of an image, on the root: its path, its row of the table, what the probe told
constexpr double kMemoryOfPlace = 150;  // of an image, on each rank of an extraction: its path, size and hash
constexpr double kExactRows = 50'000,
                 kSampleRows = 10'000;  // select takes silhouettes of a sample beyond (k_evidence.cpp)
constexpr double kIterations = 30;      // of k-means, to state its messages by

}  // namespace

std::string amount_text(double value, const char* unit) {
  constexpr std::pair<double, const char*> kPrefixes[] = {{1e18, "E"}, {1e15, "P"}, {1e12, "T"},
                                                          {1e9, "G"},  {1e6, "M"},  {1e3, "k"}};
  for (const auto& [size, prefix] : kPrefixes)
    if (value >= size) return fmt::format("{:.3g} {}{}", value / size, prefix, unit);
  return fmt::format("{:.3g} {}", value, unit);
}

double Forecast::part_seconds(const std::string& part, double images) const {
  const auto found = measured_.parts.find(part);
  return found == measured_.parts.end() ? 0 : found->second.shared * std::pow(images, found->second.growth);
}

/// As many of them as select compares with one another.
double Forecast::silhouette_images() const {
  const auto n = static_cast<double>(study_.images);
  return n <= kExactRows ? n : kSampleRows;
}

StageCost Forecast::cost_of(const std::string& stage) const {
  const auto n = static_cast<double>(study_.images), d = static_cast<double>(study_.dimensions);
  const auto c = static_cast<double>(study_.components), k = static_cast<double>(study_.largest_k());
  StageCost cost{stage};
  cost.serial_seconds = measured_.parts.at(stage).serial;
  cost.parallel_seconds = part_seconds(stage, n);
  double k_sum = 0;
  for (const auto each : study_.ks) k_sum += static_cast<double>(each);
  if (stage == "scan" || stage == "extract") {
    cost.bytes_read = n * (measured_.bytes_an_image > 0 ? measured_.bytes_an_image : kBytesOfPhotograph);
    cost.allreduces = stage == "scan" ? 3 : 8;
    cost.allreduce_bytes = stage == "scan" ? kMemoryOfListing / 3 * n : 8;
  } else if (stage == "reduce") {
    if (n < d && measured_.parts.contains("reduce wide")) {
      cost.serial_seconds = measured_.parts.at("reduce wide").serial;
      cost.parallel_seconds = part_seconds("reduce wide", n);
    }
    cost.flops = n * d * std::min(n, d) + 2 * n * d * c;
    cost.bytes_read = 4 * 5 * n * d;
    cost.allreduces = 2;
    cost.allreduce_bytes = 8 * d * d;
  } else if (stage == "cluster" && study_.ward()) {
    cost.flops = n * n * c;
    cost.bytes_read = 4 * n * c;
    cost.allreduces = 40;
    cost.allreduce_bytes = 8 * n;
  } else if (stage == "cluster") {
    const double passes = static_cast<double>(study_.starts()) * kIterations;
    cost.flops = passes * 2 * n * k_sum * c;
    cost.bytes_read = passes * static_cast<double>(study_.ks.size()) * 4 * n * c;
    cost.allreduces = static_cast<std::int64_t>(passes) * std::ssize(study_.ks);
    cost.allreduce_bytes = 8 * (k * c + k + 1);
  } else if (stage == "evaluate") {
    const bool silhouettes = study_.stage("evaluate")->flag("silhouette");
    if (silhouettes) cost.parallel_seconds += part_seconds("silhouettes", n);
    cost.flops = silhouettes ? n * n * c : 2 * n * c * static_cast<double>(study_.ks.size());
    cost.bytes_read = 4 * n * c * static_cast<double>(study_.ks.size() + 1);
    cost.allreduces = 2 + std::ssize(study_.ks);
    cost.allreduce_bytes = 8 * n;
  } else if (stage == "select") {
    cost.parallel_seconds += part_seconds("silhouettes", silhouette_images());
    const double runs =
        static_cast<double>(study_.stage("select")->count("bootstrap") + study_.stage("select")->count("gap"));
    cost.flops = runs * kIterations * 2 * n * k_sum * c + silhouette_images() * silhouette_images() * c;
    cost.bytes_read = runs * kIterations * static_cast<double>(study_.ks.size()) * 4 * n * c;
    cost.allreduces = static_cast<std::int64_t>(runs * kIterations) * std::ssize(study_.ks);
    cost.allreduce_bytes = 8 * (k * c + k + 1);
  } else {  // one rank's work
    cost.serial_seconds += cost.parallel_seconds;
    cost.parallel_seconds = 0;
    cost.bytes_read = 4 * n;
  }
  return cost;
}

std::vector<StageCost> Forecast::times() const {
  std::vector<StageCost> costs;
  for (const auto& stage : study_.stages)
    if (measured_.parts.contains(stage.command())) costs.push_back(cost_of(stage.command()));
  return costs;
}

double Forecast::seconds(int ranks) const {
  double total = 0;
  for (const auto& cost : times()) total += seconds_on(cost, measured_.interconnect, ranks);
  return total;
}

std::vector<Forecast::Amount> Forecast::memory(int ranks) const {
  const auto n = static_cast<double>(study_.images), own = n / ranks;
  const auto d = static_cast<double>(study_.dimensions), c = static_cast<double>(study_.components);
  const auto k = static_cast<double>(study_.largest_k()), starts = static_cast<double>(study_.starts());
  // Rows are kept where they fit --memory, whose default is half the node's shared by its ranks, and streamed where
  // not.
  const double allowed = measured_.node_memory / 2 / measured_.ranks;
  std::vector<Amount> memory;
  const auto add = [&](const char* stage, double needed, double rows) {
    if (study_.stage(stage) != nullptr) memory.push_back({stage, kMemoryOfProgram + needed + std::min(rows, allowed)});
  };
  if (study_.stage("scan") != nullptr) memory.push_back({"scan", kMemoryOfProgram + kMemoryOfListing * n, true});
  add("extract", measured_.network_memory + kMemoryOfPlace * n, 0);
  add("reduce", n < d ? 40 * n * n + 16 * c * d : 48 * d * d, 0);
  add("cluster", study_.ward() ? 16 * n * c + 100 * n : 4 * own * (k / 16 + 5 + starts) + 24 * k * c, 4 * own * c);
  add("evaluate", 8 * n * static_cast<double>(study_.ks.size()), 4 * n * c);
  add("select", 8 * silhouette_images() * static_cast<double>(study_.ks.size()), 4 * own * c);
  return memory;
}

double Forecast::node_memory(int ranks, std::int64_t ranks_a_node) const {
  const auto count = static_cast<double>(ranks_a_node);
  double most = count * kMemoryOfProgram;
  for (const auto& stage : memory(ranks))
    most = std::max(most, stage.root_alone ? stage.bytes + (count - 1) * kMemoryOfProgram : stage.bytes * count);
  return most;
}

std::vector<Forecast::Amount> Forecast::disk() const {
  const auto n = static_cast<double>(study_.images), ks = static_cast<double>(study_.ks.size());
  std::vector<Amount> disk;
  double numbers = study_.networks.empty() ? static_cast<double>(study_.dimensions) : 0;
  for (const auto& network : study_.networks)
    for (const auto& layer : network.layers) numbers += static_cast<double>(layer.dimension);
  if (study_.stage("scan") != nullptr) disk.push_back({"images.h5", 120 * n});
  disk.push_back({"features", 4 * n * numbers});
  if (study_.stage("reduce") != nullptr) disk.push_back({"reductions", 4 * n * static_cast<double>(study_.components)});
  if (study_.stage("cluster") != nullptr) disk.push_back({"clusterings", (study_.ward() ? 40 * n : 0) + 8 * n * ks});
  if (study_.stage("evaluate") != nullptr) disk.push_back({"evaluations", 4 * n * ks});
  if (study_.stage("export") != nullptr) disk.push_back({"tables", 80 * n * 2});
  return disk;
}

}  // namespace coterie::jobs
