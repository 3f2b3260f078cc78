#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "coterie/dist/row_source.hpp"
#include "coterie/embedding/tsne.hpp"
#include "coterie/store/artifact.hpp"

namespace coterie::inline artifacts {

/// A map: each image as a point of the plane or of space, an embeddings artifact. Row i is the i-th good row of the
/// features at its root (FeatureReader::good, read_row_names), as in clusterings. Attributes: `features`, `reduction`,
/// `method`, `preset`.
///
/// `neighbours` are those in the rows that were embedded, not on the map: what a person wants to see beside an image.
struct Embedding {
  std::string features;   ///< the features at the root of it
  std::string reduction;  ///< between; empty where the features were taken raw
  std::string method;     ///< tsne, umap, or positions (made elsewhere)
  std::string preset;     ///< of t-SNE: opentsne, sklearn, sklearn-2019, umap-like; else empty

  int dimensions = 2;            ///< 2 or 3
  std::vector<float> positions;  ///< N × dimensions

  std::int64_t neighbour_count = 0;        ///< at most kStoredNeighbours and N-1
  std::vector<std::int32_t> neighbours;    ///< N × neighbour_count, nearest first; row numbers, never the row's own
  std::vector<float> neighbour_distances;  ///< of the same, Euclidean

  /// How well the map keeps what was embedded; NaN where it was not measured or is not defined.
  double kl_divergence = std::numeric_limits<double>::quiet_NaN();         ///< of t-SNE, the one that was minimised
  double trustworthiness = std::numeric_limits<double>::quiet_NaN();       ///< 0 .. 1 (Venna and Kaski 2001)
  double neighbour_recall = std::numeric_limits<double>::quiet_NaN();      ///< share of the nearest ones kept
  double distance_correlation = std::numeric_limits<double>::quiet_NaN();  ///< of pairs drawn; Pearson, -1 .. 1

  std::int64_t rows() const { return static_cast<std::int64_t>(positions.size()) / dimensions; }
};

/// How many neighbours of each image a map keeps, where there are so many.
inline constexpr std::int64_t kStoredNeighbours = 15;

/// One rank.
void write_embedding(const std::string& path, const Recipe& recipe, const Embedding& embedding);

/// Throws FileError that names the dataset when one is not as it should be.
Embedding read_embedding(const ArtifactReader& artifact);

/// What going on with a map takes, as a file beside it while it is made. Collective: `state` is the same on every rank.
void write_map_state(const std::string& path, const Recipe& recipe, const TsneState& state, int dimensions,
                     const Communicator& comm);

/// None where there is no such file, or it is of another recipe or another number of rows, or damaged.
std::optional<TsneState> read_map_state(const std::string& path, const Recipe& recipe, std::int64_t rows,
                                        int dimensions);

/// The positions as rows of 2 or 3 columns, streamed: what clusters a map reads.
std::unique_ptr<RowSource> open_positions(const ArtifactReader& artifact);

}  // namespace coterie::inline artifacts
