#include "stages/evidence_progress.hpp"

#include <cmath>
#include <utility>

namespace coterie::jobs {
namespace {

std::vector<double> costs_of(std::vector<double> measures, const EvidenceFits& fits) {
  measures.push_back(static_cast<double>(fits.references) * fit_cost(fits.uniform_iterations) * fits.iteration);
  measures.push_back(static_cast<double>(fits.replicates) * fit_cost(fits.resampled_iterations) * fits.iteration);
  return measures;
}

}  // namespace

double fit_cost(double iterations) { return std::pow(30, 0.25) * std::pow(iterations, 0.75); }

EvidenceProgress::EvidenceProgress(const ShareDone& whole, const std::vector<double>& measures,
                                   const EvidenceFits& fits, std::function<double()> clock)
    : fits_(fits),
      uniform_(measures.size()),
      resampled_(uniform_ + 1),
      parts_(whole, costs_of(measures, fits)),
      listens_(static_cast<bool>(whole)),
      clock_(std::move(clock)),
      seconds_(measures.size() + 2, 0.0) {}

ShareDone EvidenceProgress::begin() {
  const std::size_t step = next_++;
  begun_ = clock_();
  fits_done_ = 0;
  if (!listens_) return {};
  return [this, step, part = parts_.part(step)](double share) {
    look(step, share);
    part(share);
  };
}

void EvidenceProgress::end() { seconds_[next_ - 1] = clock_() - begun_; }

void EvidenceProgress::uniform_took(double iterations) {
  fits_.uniform_iterations = iterations;
  if (seconds_[uniform_] > 0) weigh(uniform_);
}

/// Within a fit the share is a guess; each that is done tells what they take.
void EvidenceProgress::look(std::size_t step, double share) {
  const std::int64_t fits = step == uniform_ ? fits_.references : step == resampled_ ? fits_.replicates : 0;
  const auto done = static_cast<std::int64_t>(share * static_cast<double>(fits) + 1e-6);
  if (done <= fits_done_) return;
  fits_done_ = done;
  seconds_[step] = (clock_() - begun_) / share;
  weigh(step);
}

void EvidenceProgress::weigh(std::size_t step) {
  std::vector<double> costs = seconds_;
  if (step == uniform_ && fits_.references > 0)
    costs[resampled_] = seconds_[uniform_] *
                        (static_cast<double>(fits_.replicates) * fit_cost(fits_.resampled_iterations)) /
                        (static_cast<double>(fits_.references) * fit_cost(fits_.uniform_iterations));
  parts_.revise(costs);
}

}  // namespace coterie::jobs
