#pragma once

#include <algorithm>
#include <cmath>

#include "coterie/base/share_done.hpp"

namespace coterie::inline clustering {

/// What starts cost beside their iterations, one start's iterations being 1.
struct StartCosts {
  double seeding = 0;     ///< of all starts together, before the first
  double beginning = 0;   ///< of each start, before it iterates
  double conclusion = 0;  ///< after the last
};

/// How much is done of several starts that iterate, whose number of iterations is known only when they have ended: the
/// usual one is assumed of the first, the mean of those before it of each other.
class StartsDone {
 public:
  StartsDone(const ShareDone& whole, int starts, double usual_iterations, const StartCosts& costs)
      : starts_(starts),
        beginning_(costs.beginning / (1 + costs.beginning)),
        usual_(usual_iterations),
        parts_(whole, {costs.seeding, (1 + costs.beginning) * starts, costs.conclusion}),
        listens_(static_cast<bool>(whole)) {}

  ShareDone seeding() const { return parts_.part(0); }

  /// Of what the start in hand does before it iterates.
  ShareDone beginning() const {
    return part_of(parts_.part(1), static_cast<double>(ended_) / starts_, (ended_ + beginning_) / starts_);
  }

  /// After an iteration of the start in hand.
  void iteration(int number) const {
    if (listens_) parts_.part(1)((ended_ + beginning_ + (1 - beginning_) * share_of(number, usual_)) / starts_);
  }

  /// The start in hand took so many.
  void end_start(int iterations) {
    ++ended_;
    iterations_ += iterations;
    usual_ = std::max(1.0, iterations_ / ended_);
    if (listens_) parts_.part(1)(static_cast<double>(ended_) / starts_);
  }

  /// Of the iterations after the last start.
  void concluding_iteration(int number) const {
    if (listens_) parts_.part(2)(share_of(number, usual_));
  }

 private:
  /// The first iterations take longest: later on fewer rows move, and bounds spare the others. Of a start that goes on
  /// beyond what is usual a little is always left.
  static double share_of(int number, double usual) { return std::pow(std::min(number / usual, 0.9), 0.75); }

  int starts_, ended_ = 0;
  double beginning_, iterations_ = 0, usual_;
  PartsDone parts_;
  bool listens_;
};

}  // namespace coterie::inline clustering
