#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "coterie/base/share_done.hpp"
#include "coterie/base/wall_seconds.hpp"

namespace coterie::jobs {

/// The clusterings that select makes itself, in the order in which it does.
struct EvidenceFits {
  std::int64_t references = 0, replicates = 0;              ///< uniform data sets, resamples; 0: none
  double iteration = 0;                                     ///< distances of one iteration of all k
  double uniform_iterations = 0, resampled_iterations = 0;  ///< of a start, as far as anybody knows
};

/// What fits of so many iterations cost beside others: the later ones take less, since bounds spare more (measured:
/// iterations^0.75, scaled so that 30 cost 30).
double fit_cost(double iterations);

/// How far select is. Steps follow one another: measures, whose costs are known beforehand in distances, then uniform
/// data sets, then resamples. From the first data set on, what a step has taken is its cost, what is left of it goes by
/// the share that is done, and resamples cost what data sets did, by their iterations.
class EvidenceProgress {
 public:
  EvidenceProgress(const ShareDone& whole, const std::vector<double>& measures, const EvidenceFits& fits,
                   std::function<double()> clock = wall_seconds);

  /// Of the next step; as long as this object lives. Empty where nobody listens.
  ShareDone begin();
  void end();

  /// A start on uniform data took so many iterations.
  void uniform_took(double iterations);

 private:
  void look(std::size_t step, double share);
  void weigh(std::size_t step);

  EvidenceFits fits_;
  std::size_t uniform_, resampled_;  // numbers of these steps
  PartsDone parts_;
  bool listens_;
  std::function<double()> clock_;
  std::vector<double> seconds_;  // of each step: taken, or expected of the one in hand
  std::size_t next_ = 0;
  double begun_ = 0;
  std::int64_t fits_done_ = 0;  // of the step in hand
};

}  // namespace coterie::jobs
