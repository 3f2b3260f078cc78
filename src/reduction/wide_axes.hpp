#pragma once

#include "coterie/base/share_done.hpp"
#include "coterie/reduction/pca.hpp"
#include "principal_axes.hpp"

namespace coterie::inline reduction {

/// The axes of N centred rows of D columns, N < D as a rule, from the N x N matrix of their inner products:
/// AA' = U S^2 U', then A' U / S. N^2 D + 2 N D kept flops and those of the eigenproblem (axes_of_gram with n = N), all
/// shared out: pairs of tiles of rows for the products, blocks of columns for the axes. Any number of columns; at most
/// 32,768 rows.
///
/// Axes whose singular value is below 1e-3 of the largest are made orthogonal once more to those before; those below
/// 1e-7, which this way cannot see (among them the one that centring takes away when all N are kept), are completed to
/// an orthonormal set, in directions that say nothing, as scikit-learn's are.
///
/// Bytes on a rank: 40 N^2, 8 kept D twice, and two tiles of up to 128 MiB for each thread where rows are not resident.
/// Rows are read once for each pair of tiles that a rank has, and once more by every rank. Collective.
PrincipalAxes axes_of_wide(const Pca& pca, const RowSource& source, const KeepCount& keep, const Communicator& comm,
                           ThreadPool& pool, const ShareDone& on_share);

}  // namespace coterie::inline reduction
