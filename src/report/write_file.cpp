#include "write_file.hpp"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "coterie/base/errors.hpp"

namespace coterie {

void write_file(const std::string& path, std::string_view bytes) {
  const std::string partial = path + ".partial";
  errno = 0;
  std::ofstream file(partial, std::ios::binary | std::ios::trunc);
  file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  file.close();
  if (!file || std::rename(partial.c_str(), path.c_str()) != 0) {
    const std::string reason = errno != 0 ? std::strerror(errno) : "unknown reason";
    std::remove(partial.c_str());
    throw FileError(path, "cannot be written: " + reason);
  }
}

void make_folder(const std::string& path) {
  std::error_code failure;
  std::filesystem::create_directories(path, failure);
  if (failure) throw FileError(path, "cannot be made: " + failure.message());
}

}  // namespace coterie
