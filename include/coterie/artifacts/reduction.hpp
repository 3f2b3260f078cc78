#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "coterie/dist/communicator.hpp"
#include "coterie/reduction/pca.hpp"
#include "coterie/store/study.hpp"

namespace coterie::inline artifacts {

/// none, standard, l2, as --normalize calls them, and back.
Normalise normalise_of(const std::string& text);
const char* normalise_name(Normalise normalise);

/// The solver that --solver calls so; automatic for all else.
PcaSolver solver_of(const std::string& text);

/// Writes a reductions artifact: the reduced rows (`rows`, float32, N × d), which each rank has its own of, and the Pca
/// that made them, field by field under scikit-learn's names. Attributes: `features`, the parent's name, and what else
/// projecting wants to know: `normalize`, `normalize-after`, `whiten`, `solver`.
class ReductionWriter {
 public:
  /// Collective, as finish() is.
  ReductionWriter(std::string path, Recipe recipe, std::int64_t rows, std::int64_t components,
                  const Communicator& comm);

  /// Any rank, any rows, as project_rows() hands them over.
  void write_rows(RowRange range, const float* values);

  void finish(const std::string& features, const Pca& pca);

  /// Rows alone, which the Pca of another study made.
  void finish(const std::string& features);

 private:
  ArtifactWriter writer_;
  std::int64_t components_;
};

/// Reads one. Throws FileError that names the dataset when one is not as it should be.
class ReductionReader {
 public:
  ReductionReader(const Study& study, std::string name);

  const std::string& name() const { return name_; }
  const Recipe& recipe() const { return artifact_.recipe(); }
  std::string digest() const { return artifact_.digest(); }

  /// The features that were reduced.
  std::string features() const { return artifact_.attribute("features"); }

  std::int64_t rows() const { return rows_; }        ///< N
  std::int64_t columns() const { return columns_; }  ///< d

  /// All but constant_columns, which are not kept: project() with it gives a row the bits that reduce gave it.
  Pca pca() const;

  std::unique_ptr<RowSource> open_rows() const;

 private:
  std::string name_;
  ArtifactReader artifact_;
  std::int64_t rows_ = 0, columns_ = 0;
};

}  // namespace coterie::inline artifacts
