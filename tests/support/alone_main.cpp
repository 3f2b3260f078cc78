// The main of test programs, and their temporary folders, where coterie is built without MPI
// (cmake/NetworksAlone.cmake).

#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>

#include <cstdio>
#include <cstdlib>

#include "coterie/base/errors.hpp"
#include "temporary_folder.hpp"

namespace coterie {

TemporaryFolder::TemporaryFolder() {
  std::string path = (std::filesystem::temp_directory_path() / "coterie-test-XXXXXX").string();
  if (mkdtemp(path.data()) == nullptr) throw FileError(path, "cannot be made");
  path_ = path;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace coterie

int main(int argc, char** argv) {
  doctest::Context context(argc, argv);
  return context.run();
}
