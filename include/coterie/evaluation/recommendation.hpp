#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace coterie::inline evaluation {

/// Which of a measure's values speaks for its k.
enum class Best {
  highest,
  lowest,
  named,  ///< the place is given: a knee, the gap statistic's rule
  none,   ///< shown, but names no k
};

/// One measure over a list of k.
struct Measure {
  std::string name;  ///< as its column in tables is called: "davies_bouldin"
  Best best = Best::none;
  std::vector<double> values;        ///< of each k; NaN where it has none
  std::optional<std::size_t> place;  ///< where best is `named`
  std::vector<double> errors;        ///< of each k, or empty
  std::int64_t sample = 0;           ///< rows, replicates or references that it was estimated from; 0: exact
  std::string how;                   ///< half a sentence: what it is and of what it was taken
};

/// The k that one measure speaks for.
struct Vote {
  std::string measure;
  std::int64_t k = 0;
  bool counts = true;  ///< false at an end of the list, where the best may lie beyond
};

struct Recommendation {
  std::int64_t k = 0;  ///< 0: none
  std::string reason;  ///< one or two sentences, never empty
  std::vector<Vote> votes;

  /// The vote of one measure; null where it names no k.
  const Vote* vote_of(const std::string& measure) const;
};

/// Numbers of clusters to choose from, at least.
constexpr std::int64_t kLeastCandidates = 3;

/// The k that most measures name; of several the more stable, then the smaller. A measure whose best lies at the last
/// k, or at the first k above 2, has no vote: the list has to be longer to know. `stability` (of each k, NaN where not
/// measured) breaks ties and is mentioned. With fewer than three k, or without a vote, nothing is recommended, and the
/// reason says so. ks ascend.
Recommendation recommend(std::span<const std::int64_t> ks, std::span<const Measure> measures,
                         std::span<const double> stability);

}  // namespace coterie::inline evaluation
