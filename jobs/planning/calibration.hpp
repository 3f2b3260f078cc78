#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include "coterie/dist/cost_model.hpp"

namespace coterie::jobs {

/// What a part of a study was seen to take: serial + shared N^growth / P seconds for N images on P ranks.
struct Measured {
  double serial = 0;
  double shared = 0;  ///< of one rank
  double growth = 1;
};

/// What a part took for so many images.
struct Sample {
  double rows, seconds;
};

/// serial + shared rows^growth through samples of ascending size, taken on `ranks` that share it out; the growth is
/// fitted within its bounds, which takes three samples.
Measured fit(const std::vector<Sample>& samples, int ranks, double least_growth, double most_growth);

/// What one node was seen to take for one study, whatever the number of images and of ranks; a small JSON file keeps
/// it, so that a login node may plan for the nodes behind it.
///
/// Parts: the stages of the study by their names (of reduce, serial is the eigenproblem; of evaluate and select without
/// silhouettes), "reduce wide" with fewer rows than columns, and those that a stage's effort names, as "silhouettes".
struct Calibration {
  std::string host, processor;
  int ranks = 1, threads = 1;  ///< on which it was measured
  Interconnect interconnect;
  double bytes_an_image = 0;                 ///< of the files; 0: not known
  double descriptors_an_image = 0;           ///< of words
  double largest_pixels = 0;                 ///< of an image that words described, as large as it was decoded
  double network_memory = 0;                 ///< bytes of a rank
  double node_memory = 0;                    ///< bytes
  std::map<std::string, std::string> shape;  ///< Workload::shape() of the study
  std::map<std::string, Measured> parts;

  /// Of one rank, for so many images: what ranks share out of a part. 0 of one that was not measured.
  double part_seconds(const std::string& part, double images) const;

  /// Of the files of so many images: as measured, or 150 kB each, a usual photograph on the web, when not known.
  double bytes_of(double images) const;
};

/// Throws FileError.
void write_calibration(const std::string& path, const Calibration& calibration);

/// Throws FileError when it is missing or no calibration, InvalidArgument that shows what differs when it was made for
/// a study of another shape.
Calibration read_calibration(const std::string& path, const std::map<std::string, std::string>& shape);

}  // namespace coterie::jobs
