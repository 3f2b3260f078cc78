#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "coterie/report/coding_charts.hpp"

namespace coterie::jobs {

/// The consistency of one solution's clusters, as a published table or a coding has it.
struct ConsistencyRow {
  std::string model, dataset;  ///< "VGGFace", "Climate"; either may be empty
  std::int64_t k = 0;
  std::vector<double> shares;  ///< of each cluster; NaN where it was not coded
  double average = 0;          ///< as the table says it; NaN where it does not
  double images = 0;           ///< coded in all: of a published table k × the number of each cluster

  double mean() const;  ///< of the shares
  std::string name() const;
};

/// A kappa of one solution.
struct KappaRow {
  std::string model, dataset;
  std::int64_t k = 0;
  double kappa = 0;
};

/// As figure B3 has them: a panel for each number of clusters, a shade for each model, side by side for each data set.
std::vector<AgreementBar> agreement_bars(const std::vector<KappaRow>& kappas);

struct PublishedTable {
  std::vector<ConsistencyRow> consistencies;
  std::vector<KappaRow> kappas;
};

/// Reads a table in the form of Zhang & Peng's replication material: columns Algorithm and Dataset (one of them
/// suffices), "# of clusters" (or N, k), then either "Cluster 1" ... and Average, or kappa. `per_cluster` images were
/// coded of each cluster. Throws FileError for a table without these columns, or with shares outside [0, 1].
PublishedTable read_published_table(const std::string& path, double per_cluster);

}  // namespace coterie::jobs
