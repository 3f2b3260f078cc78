#pragma once

#include "planning/calibration.hpp"
#include "planning/workload.hpp"

namespace coterie::jobs {

/// Measures what the study will take, by running its own stages for a moment: scan and extract on some of its images,
/// the others on made-up rows of the same width, at three sizes each, in a folder under TMPDIR that is removed again.
/// One to three minutes. Where the study's images are not there, the network is timed alone and 5 % are added for
/// decoding.
///
/// Collective; the same on every rank. What ranks share out is taken to shrink with their number as it does here, so
/// measure with as many ranks on the node as will run there.
Calibration measure_study(const Job& job, const Workload& study);

}  // namespace coterie::jobs
