#pragma once

#include <string>
#include <vector>

#include "command/job.hpp"
#include "coterie/report/report.hpp"

namespace coterie::jobs {

/// How the report's artifacts were made, and the commands that lead to them and to this report, and no others: those of
/// the artifacts that it is about (`shown`, by address), of all that they were made from, and of those that stand
/// `beside` them. The configuration is of the former alone. One rank.
void fill_history(const Job& job, const std::vector<std::string>& shown, const std::vector<std::string>& beside,
                  Report& report);

}  // namespace coterie::jobs
