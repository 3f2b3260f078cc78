#include "coterie/tiles/byte_products.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "coterie/base/errors.hpp"
#include "coterie/base/random.hpp"
#include "vector_widths.hpp"

namespace coterie {
namespace {

/// `most` and -most among them, and what lies between.
template <typename Number>
std::vector<Number> numbers(std::int64_t count, std::int64_t least, std::int64_t most, std::uint64_t seed) {
  const Random random(seed, Purpose::test_data);
  std::vector<Number> values;
  for (std::int64_t i = 0; i < count; ++i) {
    const auto at = static_cast<std::uint64_t>(i);
    const std::int64_t kind = random.below(2 * at, 4);
    values.push_back(static_cast<Number>(kind == 0   ? least
                                         : kind == 1 ? most
                                                     : least + random.below(2 * at + 1, most - least + 1)));
  }
  return values;
}

}  // namespace

TEST_CASE("products of bytes are exact, at the limits of their types too, with vectors of every width") {
  struct Shape {
    std::int64_t rows, count, columns, most;
  };
  for (const auto& [rows, count, columns, most] :
       {Shape{1, 1, 1, 32767}, Shape{13, 40, 128, 32767}, Shape{200, 17, 128, 16320}, Shape{7, 16, 37, 32767}}) {
    CAPTURE(columns);
    const auto bytes = numbers<std::uint8_t>(rows * columns, 0, 255, 1);
    const auto vectors = numbers<std::int16_t>(count * columns, -most, most, 2);
    const BytePanels panels(vectors.data(), count, columns);
    CHECK(panels.lanes() == (count + 15) / 16 * 16);
    with_each_vector_width([&] {
      std::vector<std::int32_t> out(static_cast<std::size_t>(rows * panels.lanes()), -1);
      panels.products(bytes.data(), rows, out.data());
      int wrong = 0;
      for (std::int64_t r = 0; r < rows; ++r)
        for (std::int64_t k = 0; k < panels.lanes(); ++k) {
          std::int64_t sum = 0;
          for (std::int64_t d = 0; d < columns && k < count; ++d)
            sum += std::int64_t{bytes[static_cast<std::size_t>(r * columns + d)]} *
                   vectors[static_cast<std::size_t>(k * columns + d)];
          wrong += out[static_cast<std::size_t>(r * panels.lanes() + k)] != sum;
        }
      CHECK(wrong == 0);
    });
  }
}

TEST_CASE("vectors whose products may not fit are refused") {
  const std::vector<std::int16_t> vectors(300, -32768);
  CHECK_NOTHROW(BytePanels(vectors.data(), 1, 256));  // 255 * 256 * 32768 < 2^31
  CHECK_THROWS_AS(BytePanels(vectors.data(), 1, 258), Error);
}

}  // namespace coterie
