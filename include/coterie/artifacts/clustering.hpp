#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "coterie/clustering/gaussian_mixture.hpp"
#include "coterie/clustering/ward.hpp"
#include "coterie/dist/communicator.hpp"
#include "coterie/store/study.hpp"

namespace coterie::inline artifacts {

/// "full", "tied", "diagonal", "spherical": what --covariance calls it; full for all else.
Covariance covariance_of(const std::string& text);
const char* covariance_name(Covariance covariance);

/// The positions of a map; with an empty name the rows of a reduction, or without one those of the features.
std::unique_ptr<RowSource> open_rows(const Study& study, const std::string& features, const std::string& reduction,
                                     const std::string& map = "");

/// What every algorithm says of one k; labels and distances of this rank's rows alone.
struct Solution {
  std::int64_t k, rows, columns;
  RowRange local_rows;
  std::span<const std::int32_t> local_labels;
  std::span<const float> local_distances;  ///< Euclidean, to the own centroid
  std::span<const float> centroids;        ///< k × columns
  std::span<const std::int64_t> sizes;
  double inertia;
};

/// What algorithms that iterate add: how the starts fared.
struct Starts {
  std::int64_t n_iter = 0;  ///< of the best
  bool converged = false;
  double stability = 1;                ///< mean adjusted Rand index between pairs of starts; 1 of a single one
  std::vector<double> agreement;       ///< of each two: starts × starts
  std::vector<double> inertia;         ///< of each start, of k-means; else empty
  std::vector<double> log_likelihood;  ///< of each start, of a mixture; else empty

  std::int64_t count() const;
};

/// Writes a clusterings artifact: `k`, the numbers of clusters, a group "k=K" for each solution, and of Ward one tree
/// for all (`linkage`). Attributes: `features` and `reduction` (empty where the features were taken raw), the parents'
/// names; `map`, where the positions on one were grouped; `algorithm`; of a mixture `covariance`. Every method is
/// collective.
class ClusteringWriter {
 public:
  struct Head {
    std::string features, reduction, algorithm, map;
  };

  ClusteringWriter(std::string path, Recipe recipe, const Head& head, const std::vector<std::int64_t>& ks,
                   const Communicator& comm);

  const std::string& path() const { return writer_.path(); }
  const Recipe& recipe() const { return writer_.recipe(); }

  void write(const Solution& solution);
  void write(std::int64_t k, const Starts& starts);

  /// What a mixture has beside the solution and the starts; all mixtures of a file have the same covariance.
  void write(const MixtureResult& found, std::int64_t rows);

  void write(const std::vector<Merge>& merges);
  void finish();

 private:
  ArtifactWriter writer_;
  bool covariance_told_ = false;
};

/// The criteria of a mixture. Lower is better but for the likelihood.
struct MixtureCriteria {
  double log_likelihood = 0;  ///< mean of a row
  double bic = 0, aic = 0;
  std::int64_t parameters = 0;  ///< free ones
};

/// Reads one. What depends on N (rows), D (columns) or k is checked against them, and labels against k: everything that
/// counts by cluster may index with them. Throws FileError that names the dataset when one is not as it should be.
class ClusteringReader {
 public:
  ClusteringReader(const Study& study, std::string name);

  const std::string& name() const { return name_; }
  const std::string& path() const { return artifact_.path(); }
  const Recipe& recipe() const { return artifact_.recipe(); }
  std::string digest() const { return artifact_.digest(); }

  /// The features artifact at the root of it, and the reduction between; empty when the features were taken raw.
  const std::string& features() const { return features_; }
  const std::string& reduction() const { return reduction_; }

  /// The map whose positions were grouped; empty where the rows themselves were.
  const std::string& map() const { return map_; }

  /// What --algorithm called it.
  std::string algorithm() const;

  std::int64_t rows() const { return rows_; }        ///< N
  std::int64_t columns() const { return columns_; }  ///< D

  /// The numbers of clusters it holds, ascending.
  const std::vector<std::int64_t>& ks() const { return ks_; }

  /// The same, those of `asked`, all when it is empty. Throws InvalidArgument that says which there are.
  std::vector<std::int64_t> choose(const std::vector<std::int64_t>& asked) const;

  std::vector<std::int32_t> labels(std::int64_t k) const;
  std::vector<float> distances(std::int64_t k) const;  ///< to the own centroid
  std::vector<float> centroids(std::int64_t k) const;  ///< k × D
  std::vector<std::int64_t> sizes(std::int64_t k) const;
  double inertia(std::int64_t k) const;

  /// Of an algorithm that iterates.
  std::optional<Starts> starts(std::int64_t k) const;

  /// Of a mixture: N × k, empty of all else; the criteria; what is needed to tell where a new row belongs.
  std::vector<float> probabilities(std::int64_t k) const;
  std::optional<MixtureCriteria> criteria(std::int64_t k) const;
  GaussianMixture model(std::int64_t k) const;

  /// Ward's tree; empty of all else.
  std::vector<Merge> merges() const;

  /// The rows that were grouped. Throws FileError where there are not N of D any more.
  std::unique_ptr<RowSource> open_rows() const;

 private:
  Study study_;
  std::string name_;
  ArtifactReader artifact_;
  std::string features_, reduction_, map_;
  std::vector<std::int64_t> ks_;
  std::int64_t rows_ = 0, columns_ = 0;
};

/// The lines of scipy's linkage matrix: first, second, distance, size. Counts are exact in double below 2^53.
std::vector<double> linkage_of(std::span<const Merge> merges);

}  // namespace coterie::inline artifacts
