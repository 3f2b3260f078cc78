#pragma once

#include <string>
#include <string_view>

namespace coterie {

/// Writes to PATH.partial and renames, so that PATH is whole or absent. Throws FileError.
void write_file(const std::string& path, std::string_view bytes);

/// The folder and those above it, where missing. Throws FileError.
void make_folder(const std::string& path);

}  // namespace coterie
