#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "coterie/base/errors.hpp"
#include "coterie/dist/row_source.hpp"
#include "coterie/report/chart.hpp"
#include "coterie/store/study.hpp"

namespace coterie::jobs {

/// A clusterings artifact, and the rows that it groups.
class ClusteringReader {
 public:
  ClusteringReader(const Study& study, const std::string& name);

  const std::string& name() const { return name_; }
  std::string digest() const { return artifact_.digest(); }
  const ArtifactReader& artifact() const { return artifact_; }

  /// The features artifact at the root of it, and the reduction between; empty when the features were taken raw.
  const std::string& features() const { return features_; }
  const std::string& reduction() const { return reduction_; }

  /// What --algorithm called it.
  std::string algorithm() const;

  /// The numbers of clusters it holds, ascending.
  const std::vector<std::int64_t>& ks() const { return ks_; }

  /// The same, those of `asked`, all when it is empty. Throws InvalidArgument that says which there are.
  std::vector<std::int64_t> choose(const std::vector<std::int64_t>& asked) const;

  std::vector<std::int32_t> labels(std::int64_t k) const;
  std::vector<float> distances(std::int64_t k) const;

  /// N x k, of a mixture; empty of all else.
  std::vector<float> probabilities(std::int64_t k) const;

  /// "k=8": the group of one solution.
  static std::string group(std::int64_t k) { return fmt::format("k={}", k); }

  /// Ward's tree; empty of all else.
  std::vector<DendrogramMerge> merges() const;

  /// The rows that were grouped.
  std::unique_ptr<RowSource> open_rows() const;

 private:
  Study study_;
  std::string name_;
  ArtifactReader artifact_;
  std::string features_, reduction_;
  std::vector<std::int64_t> ks_;
};

/// The rows of a reduction, or with an empty name those of the features.
std::unique_ptr<RowSource> open_rows(const Study& study, const std::string& features, const std::string& reduction);

}  // namespace coterie::jobs
