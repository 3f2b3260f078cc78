#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "coterie/base/share_done.hpp"
#include "coterie/base/thread_pool.hpp"
#include "coterie/dist/communicator.hpp"
#include "coterie/dist/row_partition.hpp"

namespace coterie::inline reduction {

/// A matrix of doubles, column-major as LAPACK has it: element (i, j) is data[i + j * rows].
struct Matrix {
  std::int64_t rows = 0;
  std::int64_t columns = 0;
  std::vector<double> data;
};

/// The leaves of a tree over N rows: blocks of rows that depend on N and `least_rows` alone. Their number is a power
/// of two, or a little less where N does not divide well, so that shares of 2, 4, 8 ... ranks are whole subtrees or
/// nearly so. Each has least_rows rows or more and fewer than twice that, but for the last, and where N < least_rows.
RowPartition tree_leaves(std::int64_t rows, std::int64_t least_rows, int ranks);

/// Folds one matrix for each block of `leaves` into a single one, over one fixed binary tree: node [a, b) is the
/// merge of [a, m) and [m, b), m = a + ceil((b - a) / 2). What is computed does not depend on ranks or threads, so
/// neither do the bits, though floating-point addition is not associative.
///
///     5 leaves:   ((0 1) 2) (3 4)     two ranks own 0..2 and 3..4: one message
///
/// At most `at_once` leaves are in hand at a time on a rank (threads share them out), and each holds one partial
/// result for each level of the tree. Messages: at most 2 * (ranks - 1) + log2(leaves), of one matrix each, none
/// between ranks of which one owns no leaf. Collective; an error in `leaf` on one rank becomes everybody's.
///
/// Returns the result on rank 0, an empty matrix elsewhere.
Matrix fold_tree(const RowPartition& leaves, int at_once, const std::function<Matrix(RowRange rows)>& leaf,
                 const std::function<Matrix(Matrix left, Matrix right)>& merge, const Communicator& comm,
                 ThreadPool& pool, const ShareDone& on_share = {});

}  // namespace coterie::inline reduction
