#pragma once

#include <string>
#include <vector>

#include "coding/coding_tables.hpp"
#include "coterie/store/study.hpp"

namespace coterie::jobs {

/// The rounds that these answers go on from, each as it stood after its tables were read, the first one first; none of
/// answers of a first round. Throws FileError where one cannot be read.
std::vector<CodedStudy> earlier_rounds(const Study& study, const CodedStudy& last);

/// rounds.csv: the agreement after each round. changes.csv: of each answer that was given anew and is another one what
/// it was and is. Nothing for a single round.
void write_rounds(const std::vector<CodedStudy>& earlier, const CodedStudy& last, const std::string& folder);

}  // namespace coterie::jobs
