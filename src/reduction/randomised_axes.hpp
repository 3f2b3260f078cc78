#pragma once

#include "coterie/base/share_done.hpp"
#include "coterie/reduction/pca.hpp"
#include "principal_axes.hpp"

namespace coterie::inline reduction {

/// The first axes by subspace iteration on C = A'A, A the centred rows, from a Gaussian D x l start (l = components +
/// oversampling), made orthonormal by Householder QR after each pass, and the Rayleigh-Ritz step on the last one. q
/// power iterations are q + 2 passes over the rows, 4 N D l flops each, after which the axes lie in the span of C^(q+1)
/// times the start, as scikit-learn's randomized solver's do. Squares are formed, so that directions below 1e-8 of the
/// largest singular value are lost, as with covariance.
///
/// error_bound: with V the axes found, rho = |C V - V Theta| (spectral norm, from the last pass at no cost) and theta
/// the Ritz value of the first direction left out, |A - A V V'| <= sqrt(sigma_(d+1)^2 + rho), so that it exceeds the
/// best possible sigma_(d+1) >= sqrt(theta) by at most sqrt(theta + rho) - sqrt(theta): Weyl's theorem for the matrix
/// without the coupling of the two subspaces (Parlett, The Symmetric Eigenvalue Problem, section 11.5). It holds when
/// no leading direction was missed altogether, which has probability 0 for a Gaussian start.
///
/// Bytes on a rank: 8 D l for each of threads x log2(leaves) + 4. Messages: those of fold_tree and one broadcast of
/// 8 D l bytes a pass. Collective.
///
/// Source: Halko, Martinsson, Tropp, "Finding structure with randomness", SIAM Review 53 (2011), algorithm 4.4.
PrincipalAxes randomised_axes(const Pca& pca, const RowSource& source, const PcaOptions& options,
                              const Communicator& comm, ThreadPool& pool, const ShareDone& on_share);

/// components + oversampling, at most min(N, D); and the power iterations that -1 stands for.
std::int64_t randomised_directions(const PcaOptions& options, std::int64_t rows, std::int64_t columns);
int randomised_iterations(const PcaOptions& options, std::int64_t rows, std::int64_t columns);

}  // namespace coterie::inline reduction
