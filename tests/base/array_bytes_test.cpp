#include "coterie/base/array_bytes.hpp"

#include <doctest/doctest.h>

namespace coterie {

TEST_CASE("bytes of a shape are counted, or it says that they cannot be") {
  const auto bytes = [](std::initializer_list<std::int64_t> shape, std::int64_t element) {
    return array_bytes({shape.begin(), shape.size()}, element);
  };
  constexpr std::int64_t kHalf = std::int64_t{1} << 62;
  CHECK(bytes({}, 8) == 8);
  CHECK(bytes({3, 5}, 4) == 60);
  CHECK(bytes({3, 0}, 4) == 0);
  CHECK(bytes({kHalf}, 1) == kHalf);
  CHECK_FALSE(bytes({kHalf}, 2));
  CHECK_FALSE(bytes({kHalf, 4}, 1));
  CHECK_FALSE(bytes({kHalf, 4, 0}, 1));
  CHECK_FALSE(bytes({std::int64_t{1} << 32, std::int64_t{1} << 32}, 4));  // 0 modulo 2^64
  CHECK_FALSE(bytes({-1}, 4));
  CHECK_FALSE(bytes({0, -1}, 4));
}

}  // namespace coterie
