#pragma once

#include <cstdint>
#include <span>

namespace coterie::inline topics {

/// Rows of K numbers, one for each topic, are padded with zeros to whole lanes, and lists of words to whole tiles of
/// words that count zero times. Every sum below has one fixed order, which depends on K alone.
inline constexpr std::int64_t kLane = 4;

constexpr std::int64_t padded(std::int64_t count) { return (count + kLane - 1) / kLane * kLane; }

/// sums[k] = the sum over w of counts[w] / (n_w + 2^-52) rows[w][k], n_w = the sum over k of weights[k] rows[w][k].
/// `words` and `topics` are padded. Each row is loaded for its n_w and, then from the first cache, for the sums: 4
/// words topics flops, 8 words topics bytes.
void fold_words(const double* const* rows, const double* counts, std::int64_t words, std::int64_t topics,
                const double* weights, double* sums);

/// out[w] = n_w, for padded `words`.
void word_weights(const double* const* rows, std::int64_t words, std::int64_t topics, const double* weights,
                  double* out);

/// The sum over k of a[k] b[k], in the order of n_w.
double dot(const double* a, const double* b, std::int64_t topics);

/// out[k] = the sum over p of weights[p] table[numbers[p] * topics + k].
void mix_rows(std::span<const double> weights, const std::int32_t* numbers, const double* table, std::int64_t topics,
              double* out);

/// table[numbers[p] * topics + k] += a weights[p] row[k], for each p.
void deal_out(double a, std::span<const double> weights, const std::int32_t* numbers, const double* row,
              std::int64_t topics, double* table);

/// sums[k] += quantise(a x[k] y[k]), for numbers of at most 2^51 steps in magnitude (ExactScale).
void add_exact_products(double a, const double* x, const double* y, std::int64_t topics, double steps_per_unit,
                        std::int64_t* sums);

/// The same for the topics `numbers` alone.
void add_exact_products(double a, const double* x, const double* y, std::span<const std::int32_t> numbers,
                        double steps_per_unit, std::int64_t* sums);

/// gamma[k] = prior + weights[k] * sums[k] for the `count` topics there are (no padding).
struct Update {
  double total;   ///< the sum of the new gamma
  double change;  ///< of |new - old|
};
Update update_gamma(double prior, const double* weights, const double* sums, std::int64_t count, double* gamma);

}  // namespace coterie::inline topics
