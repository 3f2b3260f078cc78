// Answers tests/oracle/coding_oracle.py: a question on each line of standard input, its numbers on a line of standard
// output.
//   codes UNITS CODERS CATEGORIES REPLICATES v v v ...   -> agreement, Fleiss, AC1, its error, alpha, alpha's interval
//   kappa CATEGORIES n n n ...                           -> kappa, its errors, interval
//   prop X1 N1 X2 N2                                     -> chi squared, p, interval
//   fisher X1 N1 X2 N2                                   -> p
//   wilson X N                                           -> interval
//   tail X N CHANCE                                      -> p
//   holm p p p ...                                       -> corrected

#include <fmt/format.h>

#include <iostream>
#include <iterator>
#include <sstream>
#include <string>

#include "coterie/coding/agreement.hpp"
#include "coterie/coding/proportions.hpp"

namespace {

using namespace coterie;

void put(std::initializer_list<double> numbers) { fmt::print("{:.17g}\n", fmt::join(numbers, " ")); }

template <typename T>
std::vector<T> rest(std::istringstream& line) {
  return {std::istream_iterator<T>(line), {}};
}

void answer_codes(std::istringstream& line) {
  Codes codes;
  std::int64_t replicates = 0;
  line >> codes.units >> codes.coders >> codes.categories >> replicates;
  codes.values = rest<std::int32_t>(line);
  const auto group = group_agreement(codes);
  const auto alpha = krippendorff_alpha(codes, replicates, 1);
  put({group.agreement, group.fleiss_kappa, group.gwet_ac1, group.gwet_error, alpha.alpha, alpha.interval.low,
       alpha.interval.high});
}

void answer_kappa(std::istringstream& line) {
  std::int64_t categories = 0;
  line >> categories;
  const auto found = cohen_kappa(rest<std::int64_t>(line), categories);
  put({found.kappa, found.error, found.null_error, found.interval.low, found.interval.high});
}

void answer(const std::string& what, std::istringstream& line) {
  if (what == "codes") return answer_codes(line);
  if (what == "kappa") return answer_kappa(line);
  const auto numbers = rest<double>(line);
  if (what == "holm") {
    fmt::print("{:.17g}\n", fmt::join(holm(numbers), " "));
  } else if (what == "prop") {
    const auto test = proportion_test(numbers.at(0), numbers.at(1), numbers.at(2), numbers.at(3));
    put({test.chi_squared, test.p_value, test.interval.low, test.interval.high});
  } else if (what == "fisher") {
    const auto whole = [&](std::size_t i) { return static_cast<std::int64_t>(numbers.at(i)); };
    put({fisher_exact(whole(0), whole(1), whole(2), whole(3))});
  } else if (what == "wilson") {
    const auto interval = wilson_interval(numbers.at(0), numbers.at(1));
    put({interval.low, interval.high});
  } else if (what == "tail") {
    put({binomial_tail(static_cast<std::int64_t>(numbers.at(0)), static_cast<std::int64_t>(numbers.at(1)),
                       numbers.at(2))});
  }
}

}  // namespace

int main() {
  for (std::string text; std::getline(std::cin, text);) {
    std::istringstream line(text);
    std::string what;
    line >> what;
    answer(what, line);
  }
}
