#include "coterie/base/version.hpp"

namespace coterie {

// The program's own asks git at each build.
const std::string& version() {
  static const std::string kVersion = "fuzzed";
  return kVersion;
}

}  // namespace coterie
