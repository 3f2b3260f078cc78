#pragma once

#include <cstdint>
#include <string>

#include "coterie/artifacts/clustering.hpp"
#include "coterie/artifacts/row_names.hpp"
#include "outputs/cluster_names.hpp"
#include "outputs/table_file.hpp"

namespace coterie::jobs {

/// What a solution of k clusters says of each image that is there: its path, cluster and distance, what a person called
/// the cluster, a mixture's probabilities, and the image's metadata.
struct ClusterTable {
  const ClusteringReader& clustering;
  std::int64_t k;
  const RowNames& names;
  const ClusterNames& said;
};

/// STEM.csv and STEM.tsv.
void write_text_tables(const std::string& stem, const ClusterTable& of, TableText text);

/// The same as Parquet, with columns of the types that metadata allows (typed_column). Texts are as they are: nothing
/// runs a formula of Parquet.
void write_parquet_table(const std::string& path, const ClusterTable& of);

}  // namespace coterie::jobs
