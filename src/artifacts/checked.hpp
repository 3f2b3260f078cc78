#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "coterie/store/artifact.hpp"

namespace coterie::inline artifacts {

// How every reader of this room reads: type and shape of a dataset are looked at before its values, and what is not as
// docs/formats.md has it is a FileError that names the file, the dataset, what was found, and the command that makes
// the artifact anew. A file may have been written by another version, edited by hand, or damaged.

using Shape = std::vector<std::int64_t>;

/// In a wanted shape: any length.
inline constexpr std::int64_t kAny = -1;

/// Throws FileError: "PATH: its dataset "NAME" WHAT; coterie ... --overwrite makes it anew".
[[noreturn]] void refuse(const ArtifactReader& artifact, const std::string& name, const std::string& what);

/// The shape of a dataset of that type ("float32" ...) and of a shape that fits the wanted one.
Shape checked_shape(const ArtifactReader& artifact, const std::string& name, const char* type, const Shape& wanted);

template <typename T>
const char* type_name();
template <>
inline const char* type_name<float>() {
  return "float32";
}
template <>
inline const char* type_name<double>() {
  return "float64";
}
template <>
inline const char* type_name<std::int32_t>() {
  return "int32";
}
template <>
inline const char* type_name<std::int64_t>() {
  return "int64";
}
template <>
inline const char* type_name<std::uint8_t>() {
  return "uint8";
}
template <>
inline const char* type_name<std::uint64_t>() {
  return "uint64";
}

template <typename T>
std::vector<T> read_values(const ArtifactReader& artifact, const std::string& name, const Shape& wanted) {
  checked_shape(artifact, name, type_name<T>(), wanted);
  return artifact.read<T>(name);
}

template <typename T>
T read_value(const ArtifactReader& artifact, const std::string& name) {
  return read_values<T>(artifact, name, {1}).front();
}

std::vector<std::string> read_texts(const ArtifactReader& artifact, const std::string& name, std::int64_t wanted);

/// The same of integers that index something: each in [least, end).
template <typename T>
std::vector<T> read_numbers(const ArtifactReader& artifact, const std::string& name, const Shape& wanted, T least,
                            std::int64_t end) {
  auto values = read_values<T>(artifact, name, wanted);
  const auto bad = std::find_if(values.begin(), values.end(),
                                [&](T value) { return value < least || static_cast<std::int64_t>(value) >= end; });
  if (bad != values.end())
    refuse(artifact, name, fmt::format("holds {}, which is none of {} to {}: damaged", *bad, least, end - 1));
  return values;
}

/// What an attribute says, or the parameter of that name of the recipe: earlier versions wrote no such attributes.
std::string recorded_text(const ArtifactReader& artifact, const std::string& name);

/// The numbers of clusters that a file lists: at least one, ascending.
std::vector<std::int64_t> read_ks(const ArtifactReader& artifact);

inline constexpr const char* kKs = "k";

/// "k=8": the group of one solution; and the numbers for which there are groups, ascending.
std::string group_of(std::int64_t k);
std::vector<std::int64_t> groups_of(const ArtifactReader& artifact);

/// Any text as the name of one HDF5 group, and back: a slash would nest, and "." has a meaning, so these are written
/// %2F and %2E, and % itself %25.
std::string escaped(const std::string& text);
std::string unescaped(const std::string& group);

/// Metadata columns, in the order of `columns`; a column's name may hold anything, so that its dataset is numbered.
void write_columns(ArtifactWriter& writer, const std::vector<std::string>& columns,
                   const std::vector<std::vector<std::string>>& values);
void read_columns(const ArtifactReader& artifact, std::int64_t rows, std::vector<std::string>& columns,
                  std::vector<std::vector<std::string>>& values);

}  // namespace coterie::inline artifacts
