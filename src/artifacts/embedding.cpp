#include "coterie/artifacts/embedding.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>
#include <iterator>

#include "checked.hpp"
#include "coterie/base/errors.hpp"
#include "coterie/store/store_rows.hpp"

namespace coterie::inline artifacts {
namespace {

constexpr const char* kPositions = "positions";

constexpr std::array kQuality = {std::pair("kl_divergence", &Embedding::kl_divergence),
                                 std::pair("trustworthiness", &Embedding::trustworthiness),
                                 std::pair("neighbour_recall", &Embedding::neighbour_recall),
                                 std::pair("distance_correlation", &Embedding::distance_correlation)};

// The number of dimensions.
std::int64_t checked_positions(const ArtifactReader& artifact) {
  const Shape shape = checked_shape(artifact, kPositions, "float32", {kAny, kAny});
  if (shape[1] != 2 && shape[1] != 3)
    refuse(artifact, kPositions, fmt::format("has {} columns where 2 or 3 are wanted", shape[1]));
  return shape[1];
}

}  // namespace

void write_embedding(const std::string& path, const Recipe& recipe, const Embedding& embedding) {
  ArtifactWriter writer(path, recipe, Communicator::self());
  writer.attribute("features", embedding.features);
  writer.attribute("reduction", embedding.reduction);
  writer.attribute("method", embedding.method);
  writer.attribute("preset", embedding.preset);
  const std::int64_t rows = embedding.rows();
  writer.put<float>(kPositions, {rows, embedding.dimensions}, embedding.positions);
  writer.put<std::int32_t>("neighbours", {rows, embedding.neighbour_count}, embedding.neighbours);
  writer.put<float>("neighbour_distances", {rows, embedding.neighbour_count}, embedding.neighbour_distances);
  for (const auto& [name, field] : kQuality) writer.put_value<double>(name, embedding.*field);
  writer.finish();
}

Embedding read_embedding(const ArtifactReader& artifact) {
  Embedding embedding;
  embedding.features = artifact.attribute("features");
  embedding.reduction = artifact.attribute("reduction");
  embedding.method = artifact.attribute("method");
  embedding.preset = artifact.attribute("preset");
  embedding.dimensions = static_cast<int>(checked_positions(artifact));
  embedding.positions = read_values<float>(artifact, kPositions, {kAny, embedding.dimensions});
  if (!std::all_of(embedding.positions.begin(), embedding.positions.end(), [](float x) { return std::isfinite(x); }))
    refuse(artifact, kPositions, "holds a number that is not finite: damaged");
  const std::int64_t rows = embedding.rows();
  embedding.neighbours = read_numbers<std::int32_t>(artifact, "neighbours", {rows, kAny}, 0, rows);
  embedding.neighbour_count = artifact.shape("neighbours")[1];
  embedding.neighbour_distances =
      read_values<float>(artifact, "neighbour_distances", {rows, embedding.neighbour_count});
  for (const auto& [name, field] : kQuality) embedding.*field = read_value<double>(artifact, name);
  return embedding;
}

void write_map_state(const std::string& path, const Recipe& recipe, const TsneState& state, int dimensions,
                     const Communicator& comm) {
  ArtifactWriter writer(path, recipe, comm);
  const Shape shape{std::ssize(state.positions) / dimensions, dimensions};
  writer.put<double>(kPositions, shape, state.positions);
  writer.put<double>("velocities", shape, state.velocities);
  writer.put<double>("gains", shape, state.gains);
  writer.put_value<double>("best", state.best);
  writer.put_value<std::int64_t>("best_iteration", state.best_iteration);
  writer.put_value<std::int64_t>("iteration", state.iteration);
  writer.finish();
}

std::optional<TsneState> read_map_state(const std::string& path, const Recipe& recipe, std::int64_t rows,
                                        int dimensions) {
  if (!std::filesystem::exists(path)) return {};
  try {
    const ArtifactReader artifact(path);
    if (artifact.recipe().digest() != recipe.digest()) return {};
    const Shape shape{rows, dimensions};
    TsneState state;
    state.positions = read_values<double>(artifact, kPositions, shape);
    state.velocities = read_values<double>(artifact, "velocities", shape);
    state.gains = read_values<double>(artifact, "gains", shape);
    state.best = read_value<double>(artifact, "best");
    state.best_iteration = read_value<std::int64_t>(artifact, "best_iteration");
    state.iteration = read_value<std::int64_t>(artifact, "iteration");
    return state;
  } catch (const FileError&) {
    return {};  // damaged: the map is begun anew
  }
}

std::unique_ptr<RowSource> open_positions(const ArtifactReader& artifact) {
  checked_positions(artifact);
  return std::make_unique<StoreRows>(artifact, kPositions);
}

}  // namespace coterie::inline artifacts
