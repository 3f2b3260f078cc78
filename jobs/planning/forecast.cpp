#include "planning/forecast.hpp"

#include <algorithm>
#include <cmath>

#include "planning/effort.hpp"

namespace coterie::jobs {
namespace {

constexpr double kMemoryOfProgram = 40e6;  // with its libraries, doing nothing (docs/benchmarks.md)

}  // namespace

std::string amount_text(double value, const char* unit) {
  constexpr std::pair<double, const char*> kPrefixes[] = {{1e18, "E"}, {1e15, "P"}, {1e12, "T"},
                                                          {1e9, "G"},  {1e6, "M"},  {1e3, "k"}};
  for (const auto& [size, prefix] : kPrefixes)
    if (value >= size) return fmt::format("{:.3g} {}{}", value / size, prefix, unit);
  return fmt::format("{:.3g} {}", value, unit);
}

double distinct_words(double words, double descriptors) {
  return words * (1 - std::pow(1 - 1 / std::max(words, 1.0), descriptors));
}

StageCost Forecast::cost_of(const Command& command) const {
  const Measured& measured = measured_.parts.at(command.name());
  StageCost cost{command.name()};
  cost.serial_seconds = measured.serial;
  cost.parallel_seconds = measured_.part_seconds(command.name(), static_cast<double>(study_.images));
  const StageEffort* effort = command.stage->effort;
  if (effort == nullptr || effort->on_root) {  // one rank's work
    cost.serial_seconds += cost.parallel_seconds;
    cost.parallel_seconds = 0;
    cost.bytes_read = 4 * static_cast<double>(study_.images);
  }
  if (effort != nullptr && effort->cost != nullptr) effort->cost(study_, measured_, cost);
  return cost;
}

std::vector<StageCost> Forecast::times() const {
  std::vector<StageCost> costs;
  for (const auto& stage : study_.stages)
    if (measured_.parts.contains(stage.command())) costs.push_back(cost_of(find_command(commands_, stage.command())));
  return costs;
}

double Forecast::seconds(int ranks) const {
  double total = 0;
  for (const auto& cost : times()) total += seconds_on(cost, measured_.interconnect, ranks);
  return total;
}

std::vector<Forecast::Amount> Forecast::memory(int ranks) const {
  // Rows are kept where they fit --memory, whose default is half the node's shared by its ranks, and streamed where
  // not.
  const double allowed = measured_.node_memory / 2 / measured_.ranks;
  std::vector<Amount> memory;
  for (const auto& stage : study_.stages) {
    const StageEffort* effort = find_command(commands_, stage.command()).stage->effort;
    if (effort == nullptr || effort->memory == nullptr) continue;
    const StageMemory held = effort->memory(study_, measured_, ranks);
    memory.push_back({stage.command(), kMemoryOfProgram + held.needed + std::min(held.rows, allowed), held.root_alone});
  }
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
  std::vector<Amount> disk;
  for (const auto& options : study_.stages) {
    const Stage& stage = *find_command(commands_, options.command()).stage;
    if (stage.effort == nullptr || stage.effort->disk == nullptr) continue;
    const bool list = stage.makes && *stage.makes == Kind::images;
    disk.push_back({list          ? "images.h5"
                    : stage.makes ? stage.makes->folder
                                  : stage.writes.front(),
                    stage.effort->disk(study_, measured_)});
  }
  return disk;
}

std::vector<std::string> Forecast::unknown() const {
  std::vector<std::string> names;
  for (const auto& stage : study_.stages)
    if (!measured_.parts.contains(stage.command())) names.push_back(stage.command());
  return names;
}

}  // namespace coterie::jobs
