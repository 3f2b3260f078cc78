#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "coterie/embedding/neighbours.hpp"

namespace coterie::inline embedding {

/// Weights between rows, symmetric and sparse: of this rank's rows those of all others that are not 0.
struct Affinities {
  std::int64_t rows = 0;              ///< N
  RowRange local;                     ///< the rows of this rank
  std::vector<std::int64_t> offsets;  ///< local.size() + 1: where each row's entries begin
  std::vector<std::int32_t> columns;  ///< the other rows, ascending within each row
  std::vector<float> values;          ///< positive

  RowRange entries(std::int64_t row) const {
    const auto i = static_cast<std::size_t>(row - local.begin);
    return {offsets[i], offsets[i + 1]};
  }
};

/// How weights of i to j and of j to i become one.
enum class Symmetry {
  mean,   ///< (p_ij + p_ji) / 2N: t-SNE; all weights together are 1
  union_  ///< p_ij + p_ji - p_ij p_ji: UMAP's fuzzy union
};

/// The perplexity that N rows allow: as many neighbours as it stands for, and three times as many in all.
/// min(wanted, (N - 1) / 3), at least 1.
double usable_perplexity(std::int64_t rows, double wanted);

/// How many neighbours that takes, 3 perplexity rounded down, at least 1 where there is another row.
std::int64_t neighbours_for(std::int64_t rows, double perplexity);

/// Of each row's neighbours a distribution of that perplexity, exp(-beta d^2) normalised: local.size() x count, in the
/// order of `neighbours`. beta by bisection in double until the entropy is right to 1e-10, or 200 times; where no beta
/// can be right (neighbours equally far, or fewer than the perplexity), the nearest to it. Not collective.
/// 200 count N exponentials at worst, 40 as a rule.
/// Source: van der Maaten and Hinton, "Visualizing data using t-SNE", JMLR 9 (2008), section 2.
std::vector<double> gaussian_weights(const Neighbours& neighbours, double perplexity, ThreadPool& pool);

/// Makes weights of neighbours (in their order) symmetric. Collective; one message from each rank to each other, of 16
/// bytes an entry. The same on any ranks.
Affinities symmetric(const Neighbours& neighbours, std::span<const double> weights, std::int64_t rows,
                     Symmetry symmetry, const Communicator& comm);

}  // namespace coterie::inline embedding
