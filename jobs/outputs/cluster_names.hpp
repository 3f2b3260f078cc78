#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "command/job.hpp"
#include "coterie/artifacts/clustering.hpp"

namespace coterie::jobs {

/// What a person has said of one cluster.
struct ClusterName {
  std::string name, note;            ///< empty: none
  std::optional<std::int64_t> into;  ///< the cluster that it is merged into; never in a circle
  bool excluded = false;             ///< from what comes after: said in tables and pictures, where it stays
};

/// What is said of the clusters of one solution: a label map beside the labels, which stay as they are.
class ClusterNames {
 public:
  ClusterNames() = default;  ///< nothing is said
  explicit ClusterNames(std::vector<ClusterName> clusters) : clusters_(std::move(clusters)) {}

  /// Whether anything is said of any cluster.
  bool there() const { return !clusters_.empty(); }

  const ClusterName& of(std::int64_t cluster) const;

  /// Where the cluster goes after all merges; itself where it is merged into none.
  std::int64_t group(std::int64_t cluster) const;

  /// The name of its group; empty where that has none.
  const std::string& name(std::int64_t cluster) const { return of(group(cluster)).name; }

  /// Whether its group is excluded.
  bool excluded(std::int64_t cluster) const { return of(group(cluster)).excluded; }

  /// For people, after "cluster 3": " \"cats\", merged into cluster 5, excluded"; empty where nothing is said.
  std::string remark(std::int64_t cluster) const;

 private:
  std::vector<ClusterName> clusters_;  // k, or none
};

/// names.json, which coterie view's page writes (docs/formats.md): STUDY/names.json, or what --names names, of any
/// number of solutions.
class NamesFile {
 public:
  /// Nothing where --names is not given and the study holds none. Throws FileError where the file cannot be read or is
  /// no names.json, naming the place in it.
  static std::optional<NamesFile> find(const Job& job);

  /// What it says of this solution. Throws FileError where it speaks of the clustering as it was before it was made
  /// again: its numbers would name other images now. Where --names names a file that says nothing of
  /// the solution, that is said.
  ClusterNames of(const Job& job, const ClusteringReader& clustering, std::int64_t k) const;

  const std::string& path() const { return path_; }
  const std::string& digest() const { return digest_; }  ///< SHA-256 of the file
  const std::string& text() const { return text_; }

 private:
  struct Entry {
    std::string clustering, digest;
    std::int64_t k = 0;
    std::vector<ClusterName> clusters;
  };
  NamesFile(std::string path, std::string text);

  std::string path_, text_, digest_;
  std::vector<Entry> entries_;
};

}  // namespace coterie::jobs
