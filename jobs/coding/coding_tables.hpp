#pragma once

#include <string>
#include <vector>

#include "coterie/artifacts/coding.hpp"
#include "coterie/coding/results.hpp"
#include "outputs/table_file.hpp"

namespace coterie::jobs {

/// A coding, what came back, and what it says.
struct CodedStudy {
  std::string name;  ///< of the answers
  Coding coding;
  CodingAnswers answers;
  CodingResults results;
  std::int64_t decided = 0;  ///< items that an adjudicator decided on
  bool adjudicated = false;  ///< whether the results take these decisions
};

/// "3", or "3 \"petitions\"" where the clusters have names.
std::string cluster_text(const Coding& coding, std::int32_t cluster);

/// "1", or "adjudicator".
std::string coder_text(const Coding& coding, std::int64_t coder);

/// Two clusters' shares of one kind compared.
struct ShareTest {
  std::int32_t first = 0, second = 0;
  ProportionTest test;
  double holm = 0;    ///< p-value in the family of all pairs
  double fisher = 0;  ///< NaN where no cell is expected below 5, or hits are not whole
};

/// Each two clusters by their random samples, else the nearest; empty of pairs.
std::vector<ShareTest> share_tests(const CodingResults& results);

/// Writes consistency, agreement, confusion, tests, coders, remarks, adjudication and answers, as CSV, and the first
/// two and the tests as LaTeX as well. `paths`: of the clustering's rows. adjudication.csv is what code read takes for
/// an adjudicator's table once its column "answer" is filled in.
void write_coding_tables(const CodedStudy& study, const std::vector<std::string>& paths, const std::string& folder);

}  // namespace coterie::jobs
