#pragma once

#include <cstdint>
#include <span>

#include "coterie/coding/codes.hpp"

namespace coterie::inline coding {

/// Cohen's kappa of two coders. Every figure is NaN where it is not defined: no units, or both coders always said the
/// same one category.
struct CohenKappa {
  std::int64_t units = 0;
  double agreement = 0;   ///< share of units that both gave one category
  double kappa = 0;       ///< 1 all alike, 0 as by chance
  double error = 0;       ///< standard error
  double null_error = 0;  ///< standard error if the true kappa were 0
  Interval interval;      ///< 95 %: kappa ± 1.96 errors, the upper bound at most 1
};

/// Cohen (1960) with the large-sample errors of Fleiss, Cohen & Everitt (Psychological Bulletin 72, 1969). `table`:
/// categories × categories counts, as confusion() makes it.
CohenKappa cohen_kappa(std::span<const std::int64_t> table, std::int64_t categories);

/// What any number of coders with missing codes agree on. NaN where it is not defined.
struct GroupAgreement {
  std::int64_t units = 0;   ///< with at least two codes
  double agreement = 0;     ///< mean over those units of the share of pairs of coders that agree
  double fleiss_kappa = 0;  ///< Fleiss (1971), as Gwet generalises it to missing codes
  double gwet_ac1 = 0;      ///< Gwet (2008): stays near the agreement where one category prevails
  double gwet_error = 0;    ///< standard error over units
  Interval gwet_interval;   ///< 95 %, Student's t with units - 1 degrees of freedom, the upper bound at most 1
};

/// Gwet, Handbook of Inter-Rater Reliability (4th ed., 2014), chapters 2 and 5; the values of R's and Python's irrCAC.
/// The number of categories is that of those in use, at least 2.
GroupAgreement group_agreement(const Codes& codes);

struct KrippendorffAlpha {
  double alpha = 0;            ///< 1 all alike, 0 as by chance; NaN where only one value was ever given, or no pair
  std::int64_t values = 0;     ///< codes that can be paired
  Interval interval;           ///< 95 %, percentiles of the bootstrap
  std::int64_t undefined = 0;  ///< resamples that held one value only, and are left out
};

/// Krippendorff's alpha for nominal codes with missing ones (Krippendorff, Content Analysis, ch. 12), and an interval
/// by resampling units `replicates` times with counter-based draws. Costs replicates × units × categories additions.
/// With 0 replicates there is no interval (NaN).
KrippendorffAlpha krippendorff_alpha(const Codes& codes, std::int64_t replicates, std::uint64_t seed);

}  // namespace coterie::inline coding
