#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace coterie::inline store {

/// One vector for each file below a folder, as published studies keep features.
struct VectorFolder {
  std::vector<std::string>
      names;                  ///< the files' paths below the folder without their suffix, in the order of their bytes
  std::vector<float> values;  ///< names x columns
  std::int64_t columns = 0;
};

/// Takes NAME.dat, in which joblib.dump() left an array of float32 or float64, uncompressed, whatever its shape, and
/// NAME.npz or NAME.txt with a number on each line, as numpy.savetxt() writes them (and tringn/image_clustering calls
/// them). Other files are passed over. Nothing in a file is executed: of joblib's pickle the type of the numbers is
/// read and where they begin.
///
/// Throws FileError for a file that holds anything else, and for vectors of different lengths; InvalidArgument where
/// there is no such file.
VectorFolder read_vector_folder(const std::string& folder);

/// The files that it takes, in the same order.
std::vector<std::string> vector_files(const std::string& folder);

/// The numbers of one joblib file, from its bytes; `path` is for messages.
std::vector<float> joblib_vector(const std::string& bytes, const std::string& path);

}  // namespace coterie::inline store
