#pragma once

#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>

namespace coterie::inline base {

/// A whole number of a JSON document of unknown origin. nlohmann's get<std::int64_t>() converts 1e300 as well, which
/// C++ leaves undefined, and lets 2^63 and above turn negative.
/// @throws nlohmann::json::exception where the value is no whole number, or none from -2^63 to 2^63 - 1
template <typename Json>
std::int64_t whole_number(const Json& value) {
  if (value.is_number_unsigned() &&
      value.template get<std::uint64_t>() > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
    return Json().template get<std::int64_t>();  // throws
  return value.template get_ref<const typename Json::number_integer_t&>();
}

}  // namespace coterie::inline base
