#include "coterie/base/version.hpp"

#include "git_version.hpp"

namespace coterie {

const std::string& version() {
  static const std::string text = COTERIE_VERSION;
  return text;
}

}  // namespace coterie
