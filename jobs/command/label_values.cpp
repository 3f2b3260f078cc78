#include "command/label_values.hpp"

#include "coterie/base/digest.hpp"

namespace coterie::jobs {

std::string values_digest(const std::vector<std::string>& values) {
  Sha256 digest;
  for (const auto& value : values) digest.update(value.c_str(), value.size() + 1);
  return digest.hex();
}

}  // namespace coterie::jobs
