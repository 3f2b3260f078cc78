#pragma once

#include <memory>
#include <string>

#include "command/job.hpp"
#include "coterie/artifacts/topic_models.hpp"
#include "stages/topic_source.hpp"

namespace coterie::jobs {

/// All fits of one topics artifact. Each keeps its state in a file beside the artifact, so that a command that was
/// stopped or killed goes on between two iterations, on any number of ranks; finished ones are not done again.
class TopicFits {
 public:
  /// `name`: of the artifact. Collective, as all that follows.
  TopicFits(const Job& job, const TopicSource& source, std::string name);
  ~TopicFits();

  /// The model of so many topics with all that is known of it. Throws Stopped, with the state saved, after a stop
  /// signal.
  TopicSolution solve(std::int64_t topics);

  /// Removes the states. On the root.
  void forget() const;

 private:
  struct Fit;
  class Work;
  std::unique_ptr<Work> work_;
};

}  // namespace coterie::jobs
