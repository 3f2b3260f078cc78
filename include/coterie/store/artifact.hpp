#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "coterie/dist/communicator.hpp"
#include "coterie/dist/row_partition.hpp"
#include "coterie/store/recipe.hpp"

namespace coterie::inline store {

/// Where one dataset's numbers lie in its file: datasets are contiguous, so rows can be read with plain pread from
/// any thread, without HDF5.
struct DatasetPlace {
  std::int64_t offset = 0;  ///< bytes from the start of the file
  std::int64_t bytes = 0;
};

/// Writes one artifact: an HDF5 file that all ranks fill, under a temporary name until it is complete.
///
/// All methods but write_rows() are collective over the communicator. T is float, double, int32, int64, uint8 or
/// uint64. Names may hold groups ("k=8/labels"). Any failure throws FileError and leaves what was there before.
class ArtifactWriter {
 public:
  ArtifactWriter(std::string path, Recipe recipe, const Communicator& comm);
  ~ArtifactWriter();
  ArtifactWriter(const ArtifactWriter&) = delete;
  ArtifactWriter& operator=(const ArtifactWriter&) = delete;

  /// Where it will lie, and what makes it.
  const std::string& path() const;
  const Recipe& recipe() const;

  /// A dataset whose rows the ranks write.
  template <typename T>
  void create(const std::string& name, const std::vector<std::int64_t>& shape);

  /// Rows [first, first + values.size() / row length) of a created dataset; independent, any rank.
  template <typename T>
  void write_rows(const std::string& name, std::int64_t first, std::span<const T> values);

  /// A small dataset that every rank holds; the root's is written.
  template <typename T>
  void put(const std::string& name, const std::vector<std::int64_t>& shape, std::span<const T> values);

  /// One number.
  template <typename T>
  void put_value(const std::string& name, T value) {
    put<T>(name, {1}, std::span<const T>(&value, 1));
  }

  /// Texts, only through Communicator::self(): MPI-IO cannot write variable lengths. Bytes are kept as given.
  void put_texts(const std::string& name, const std::vector<std::string>& texts);

  /// A text at the root of the file.
  void attribute(const std::string& name, const std::string& text);

  /// Flushes, closes, adds a checksum to each dataset, and renames the file to its final name.
  void finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Reads a finished artifact; every rank opens it for itself. Throws FileError naming the file, the dataset and the
/// command that makes the artifact anew: also where what is read does not match its checksum, because somebody edited
/// it or a disk did.
class ArtifactReader {
 public:
  /// `maker` is that command, "coterie reduce"; by default the one that the recipe names.
  explicit ArtifactReader(const std::string& path, std::string maker = "");
  ~ArtifactReader();
  ArtifactReader(ArtifactReader&&) noexcept;

  const std::string& path() const;
  const Recipe& recipe() const;
  const std::string& maker() const;  ///< the command that makes it

  /// Identifies the content: SHA-256 over the names and checksums of all datasets and over all attributes but the
  /// recipe. What a child's recipe names as its parent. Throws FileError where it is not what the file was sealed with.
  std::string digest() const;

  bool has(const std::string& name) const;
  /// "float32", "float64", "int32", "int64", "uint8", "uint64", "text" or "other".
  std::string type(const std::string& name) const;
  std::vector<std::int64_t> shape(const std::string& name) const;
  std::vector<std::string> children(const std::string& group) const;  ///< names directly inside a group, sorted

  /// All datasets, by full name, sorted.
  std::vector<std::string> datasets() const;

  template <typename T>
  std::vector<T> read(const std::string& name) const;
  template <typename T>
  T value(const std::string& name) const {
    return read<T>(name).at(0);
  }
  std::vector<std::string> texts(const std::string& name) const;
  std::string attribute(const std::string& name) const;
  bool has_attribute(const std::string& name) const;

  /// Throws FileError unless it has the bytes that its shape asks for: who reads past HDF5 need not look again.
  DatasetPlace place(const std::string& name) const;

  /// Throws FileError when the dataset's bytes do not match its checksum. Reads them all; read() and texts() do so by
  /// themselves, a reader of single rows has to ask.
  void require_sound(const std::string& name) const;

  /// Names of datasets whose content does not match its checksum; empty when all is well.
  std::vector<std::string> damaged() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Adds a checksum ("xxh3", 16 hexadecimal digits) to each dataset of a closed file, and the recipe. One rank.
void seal_artifact(const std::string& path, const Recipe& recipe);

}  // namespace coterie::inline store
