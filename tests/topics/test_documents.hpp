#pragma once

#include <cmath>
#include <cstdint>
#include <vector>

#include "coterie/base/random.hpp"
#include "coterie/topics/documents.hpp"

namespace coterie {

/// A whole collection, drawn by a number alone: each document mixes two of `topics` topics, and topic k prefers the
/// words near V k / topics. Every seventh document is empty, and the last word never occurs.
inline Documents test_documents(std::int64_t documents, std::int64_t vocabulary, std::int64_t topics = 4,
                                std::int64_t tokens = 40) {
  const Random random(7, Purpose::test_data);
  std::uint64_t draw = 0;
  Documents made{.vocabulary = vocabulary, .global_documents = documents, .local = {0, documents}};
  for (std::int64_t d = 0; d < documents; ++d) {
    std::vector<std::int32_t> counts(static_cast<std::size_t>(vocabulary));
    for (std::int64_t n = 0; n < (d % 7 == 3 ? 0 : tokens + d % 5); ++n) {
      const std::int64_t topic = random.below(draw++, 4) == 0 ? d / 3 % topics : d % topics;
      const double spread = static_cast<double>(vocabulary) / static_cast<double>(topics) * 0.4;
      const double place =
          (static_cast<double>(topic) + 0.5) / static_cast<double>(topics) * static_cast<double>(vocabulary) +
          spread * random.normal(draw++);
      const auto word = static_cast<std::int64_t>(std::floor(place));
      ++counts[static_cast<std::size_t>(((word % (vocabulary - 1)) + vocabulary - 1) % (vocabulary - 1))];
    }
    for (std::size_t w = 0; w < counts.size(); ++w)
      if (counts[w] > 0) made.words.push_back(static_cast<std::int32_t>(w)), made.counts.push_back(counts[w]);
    made.offsets.push_back(std::ssize(made.words));
  }
  return made;
}

}  // namespace coterie
