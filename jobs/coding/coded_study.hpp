#pragma once

#include <string>
#include <vector>

#include "coding/coding_tables.hpp"
#include "coterie/store/study.hpp"

namespace coterie::jobs {

/// Reads answers and their coding, and counts. Throws FileError where one is not as it should be. One rank.
CodedStudy read_coded_study(const Study& study, const std::string& answers);

/// What a reader must know before believing a number: one sentence each.
std::vector<std::string> coding_warnings(const CodedStudy& study);

}  // namespace coterie::jobs
