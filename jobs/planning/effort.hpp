#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "coterie/dist/cost_model.hpp"
#include "planning/calibration.hpp"
#include "planning/workload.hpp"

namespace coterie::jobs {

/// Bytes that each rank holds while a stage works, beside the program itself and the page cache.
struct StageMemory {
  double needed = 0;
  double rows = 0;          ///< more where --memory allows it; streamed where not
  bool root_alone = false;  ///< other ranks hold next to nothing
};

/// A part of a stage that is measured by itself, because it grows otherwise than the rest.
struct EffortPart {
  const char* name;  ///< of the part in a calibration: "silhouettes"
  void (*alter)(Options&,
                const Workload&);  ///< the options to run the stage with; what the stage itself took is taken off
  double least_growth, most_growth;
};

/// What a stage costs, as far as the stage alone knows it: plan measures the seconds (planning/measure_study.hpp) and
/// asks here for the rest. All of it may be left out.
struct StageEffort {
  /// How its seconds grow with the number N of images: as N^growth, fitted between these. Two functions, since Ward is
  /// another algorithm than k-means.
  double (*least_growth)(const Workload&) = nullptr;
  double (*most_growth)(const Workload&) = nullptr;
  bool on_root = false;  ///< one rank's work, whatever their number

  void (*for_trial)(Options&, const Workload&) = nullptr;  ///< alters the options for the measurement
  std::vector<EffortPart> parts = {};

  /// Work, bytes read and messages; may correct the seconds that were measured.
  void (*cost)(const Workload&, const Calibration&, StageCost&) = nullptr;
  StageMemory (*memory)(const Workload&, const Calibration&, int ranks) = nullptr;
  double (*disk)(const Workload&, const Calibration&) = nullptr;  ///< bytes of what it makes

  /// Of the flops that `cost` counts, how many a thread was seen to do a second on a processor of 2023 (Zen 4); what is
  /// said before the work is taken from them (planning/expected_time.hpp).
  double flops_a_second = 1e10;
};

/// How many of a study's words an image of so many descriptors has, words being equally frequent: fewer in truth.
double distinct_words(double words, double descriptors);

}  // namespace coterie::jobs
