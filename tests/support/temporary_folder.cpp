#include "temporary_folder.hpp"

#include <cstdlib>

#include "coterie/base/errors.hpp"
#include "coterie/dist/communicator.hpp"

namespace coterie {

TemporaryFolder::TemporaryFolder() {
  std::string path;
  Communicator::world().on_root([&] {
    path = (std::filesystem::temp_directory_path() / "coterie-test-XXXXXX").string();
    if (mkdtemp(path.data()) == nullptr) throw FileError(path, "cannot be made");
  });
  Communicator::world().broadcast(path);
  path_ = path;
}

TemporaryFolder::~TemporaryFolder() {
  Communicator::world().barrier();
  std::error_code ignored;
  if (Communicator::world().is_root()) std::filesystem::remove_all(path_, ignored);
}

}  // namespace coterie
