#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "coterie/artifacts/clustering.hpp"
#include "coterie/artifacts/row_names.hpp"
#include "outputs/cluster_names.hpp"
#include "outputs/table_file.hpp"

namespace coterie::jobs {

/// What a solution of k clusters says of each image that is there: its path, cluster and distance, what a person called
/// the cluster, a mixture's probabilities, and the image's metadata.
class ClusterTable {
 public:
  ClusterTable(const ClusteringReader& clustering, std::int64_t k, const RowNames& names, const ClusterNames& said);

  /// STEM.csv and STEM.tsv.
  void write_texts(const std::string& stem, TableText text) const;

  /// The same as Parquet, with columns of the types that metadata allows (typed_column). Texts are as they are: nothing
  /// runs a formula of Parquet.
  void write_as_parquet(const std::string& path) const;

 private:
  const RowNames& names_;
  const ClusterNames& said_;
  std::vector<std::size_t> rows_;  ///< that are there
  std::vector<std::int32_t> labels_;
  std::vector<float> distances_, probabilities_;  ///< rows x components_ of a mixture's
  std::size_t components_;                        ///< 0 but of a mixture
  std::vector<std::string> columns_;              ///< their names
};

}  // namespace coterie::jobs
