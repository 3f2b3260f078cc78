#pragma once

#include <filesystem>
#include <string>

namespace coterie {

/// A folder of this test's own, removed at the end. With several ranks: the same one for all, made by rank 0 and
/// removed by it after all have come to the destructor (both collective).
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }
  std::string operator/(const std::string& name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

}  // namespace coterie
