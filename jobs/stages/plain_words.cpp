#include "stages/plain_words.hpp"

namespace coterie::jobs {

std::string seed_words(double ari) {
  if (ari >= 0.95) return "another seed gives the same clusters, or nearly";
  if (ari >= 0.8) return "another seed gives much the same clusters";
  if (ari >= 0.5) return "another seed gives rather different clusters";
  return "another seed gives other clusters: they depend on chance";
}

std::string agreement_words(double ari) {
  if (ari >= 0.95) return "the same groups, or nearly";
  if (ari >= 0.8) return "much the same groups";
  if (ari >= 0.5) return "mostly the same groups";
  if (ari >= 0.2) return "the same groups in part";
  if (ari >= 0.05) return "little in common";
  return "no more in common than by chance";
}

std::string silhouette_words(double silhouette) {
  if (silhouette > 0.7) return "clear groups";
  if (silhouette > 0.5) return "reasonable groups";
  if (silhouette > 0.25) return "weak groups, which may be artificial";
  return "no clear groups: clusters touch or overlap";
}

}  // namespace coterie::jobs
