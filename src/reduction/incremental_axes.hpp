#pragma once

#include "coterie/base/share_done.hpp"
#include "coterie/reduction/pca.hpp"
#include "principal_axes.hpp"

namespace coterie::inline reduction {

/// The first axes in one pass. After each batch of b rows the d kept axes, each times its singular value, the batch's
/// centred rows, and one row for the shift of the mean are stacked, factored by TSQR over a fixed tree that all ranks
/// share, and the d largest directions of R are kept. Fills pca.mean (unless normalise is standard), .constant_columns.
///
/// The batches are scikit-learn's: of options.batch_rows, 5 D where that is 0; a last one of fewer than `components`
/// rows joins the one before. Each rank reads its rows of a batch once, and keeps them (4 b D / ranks bytes).
/// 2 (d + b) D^2 flops a batch and 8/3 D^3 on rank 0 (min(d + b, D)^2 max(d + b, D) where a batch is wide).
///
/// error_bound: each batch leaves out directions of at most its first dropped singular value tau, so that C exceeds
/// what was kept by at most sum(tau^2) in every direction, |A - A V V'| <= sqrt(sum tau^2), which exceeds the best
/// possible, at least the last tau, by the difference of the two; 0 when nothing was ever dropped.
///
/// Throws InvalidArgument when the first batch has fewer rows than components are wanted, or for the first row (of the
/// first batch that has one) with NaN or infinity. Collective.
///
/// Source: Ross, Lim, Lin, Yang, "Incremental learning for robust visual tracking", IJCV 77 (2008), section 3.1.
PrincipalAxes incremental_axes(Pca& pca, const RowSource& source, const PcaOptions& options, const Communicator& comm,
                               ThreadPool& pool, const ShareDone& on_share);

}  // namespace coterie::inline reduction
