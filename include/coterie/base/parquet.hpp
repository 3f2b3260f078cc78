#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace coterie {

/// A column of a table in Parquet: a value for each row, some of which may be missing (null).
struct ParquetColumn {
  using Values = std::variant<std::vector<bool>, std::vector<std::int32_t>, std::vector<std::int64_t>,
                              std::vector<float>, std::vector<double>, std::vector<std::string>>;

  std::string name;
  Values values;
  std::vector<bool> missing = {};  ///< of each row; empty: none is

  std::size_t rows() const;
};

/// A column of the texts that a CSV file has, in the type that all fields but the missing ones (is_missing) allow:
/// whole numbers, numbers, or texts as they are, where only an empty field is missing. Whole numbers with a leading
/// zero or a plus are texts, since they name something.
ParquetColumn typed_column(std::string name, std::vector<std::string> fields);

/// Writes a table as one Parquet file (format 1.0: plain pages, not compressed), in row groups of 131,072 rows. Texts
/// are marked as UTF-8 where all of the column is. Cost: the bytes of the values, once; no more memory than one row
/// group of one column. All columns must have the same number of rows. Throws FileError. Source: the Parquet format's
/// own description, parquet.thrift and Encodings.md of apache/parquet-format.
void write_parquet(const std::string& path, const std::vector<ParquetColumn>& columns);

}  // namespace coterie
