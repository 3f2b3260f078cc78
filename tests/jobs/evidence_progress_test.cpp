#include "stages/evidence_progress.hpp"

#include <doctest/doctest.h>

namespace coterie::jobs {
namespace {

// A clock that the work itself turns, and what a bar says of the time left beside the truth.
struct Work {
  double now = 100, share = 0, all = 0;

  double said_over_real() const { return (now - 100) * (1 / share - 1) / (100 + all - now); }
};

}  // namespace

TEST_CASE("time left of uniform data sets and resamples is right from the first data set on, however wrong at first") {
  // Data sets take 300 iterations where 100 are expected, and measures twice as long beside them; resamples as
  // expected.
  constexpr double kMeasures = 4, kReference = 4, kReplicate = 0.75;
  Work work{.all = kMeasures + 4 * kReference + 8 * kReplicate};
  EvidenceProgress steps(
      [&](double share) { work.share = share; }, {50.0},
      {.references = 4, .replicates = 8, .iteration = 1, .uniform_iterations = 100, .resampled_iterations = 30},
      [&] { return work.now; });
  const auto fit = [&](const ShareDone& on_share, double number, double of, double seconds) {
    for (int tenth = 1; tenth <= 10; ++tenth) {
      work.now += seconds / 10;
      on_share((number + tenth / 10.0) / of);
    }
  };
  ShareDone measure = steps.begin();
  fit(measure, 0, 1, kMeasures);
  steps.end();
  const ShareDone uniform = steps.begin();
  for (int reference = 0; reference < 4; ++reference) {
    fit(uniform, reference, 4, kReference);
    steps.uniform_took(300);
    uniform((reference + 1) / 4.0);
    CAPTURE(reference);
    CHECK(work.said_over_real() == doctest::Approx(1).epsilon(0.1));
  }
  steps.end();
  const ShareDone resampled = steps.begin();
  for (int replicate = 0; replicate < 7; ++replicate) {
    fit(resampled, replicate, 8, kReplicate);
    CAPTURE(replicate);
    CHECK(work.said_over_real() == doctest::Approx(1).epsilon(0.1));
  }
}

TEST_CASE("a step that is left out is passed over, and nobody need listen") {
  double share = -1, now = 0;
  const EvidenceFits none;
  EvidenceProgress steps([&](double said) { share = said; }, {1, 3}, none, [&] { return now; });
  steps.begin()(1);
  CHECK(share == doctest::Approx(0.25));
  steps.end();
  steps.begin()(1);
  CHECK(share == doctest::Approx(1));
  EvidenceProgress silent({}, {1}, none);
  CHECK_FALSE(silent.begin());
}

}  // namespace coterie::jobs
