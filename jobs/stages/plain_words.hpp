#pragma once

#include <string>

namespace coterie::jobs {

// What a number means, in plain words, for the lines that a command prints: a part of a sentence without its stop. The
// bounds are customs of the field, not laws; each names its own.

inline constexpr const char* kInertiaMeaning =
    "inertia: the sum of the images' squared distances to the centre of their cluster. It falls with every k, so look "
    "for the k after which it falls more slowly (coterie select does)";

/// Of seed_stability, the mean adjusted Rand index (ARI) between the clusters of several starts: "another seed gives
/// rather different clusters". From 0.8 on clusters come again, below 0.5 they depend on chance, as in the
/// recommendation of a k.
std::string seed_words(double ari);

/// Of the agreement of two labellings, an ARI: "mostly the same groups".
std::string agreement_words(double ari);

/// Of a mean silhouette: "weak groups, or none". Bounds: Kaufman and Rousseeuw, Finding Groups in Data (1990), table 4.
std::string silhouette_words(double silhouette);

}  // namespace coterie::jobs
