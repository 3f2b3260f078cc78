#pragma once

#include <string>

namespace coterie {

/// "0.1.0+3f2a91c": the release and the git commit it was built from ("-dirty" when the tree had changes).
const std::string& version();

}  // namespace coterie
