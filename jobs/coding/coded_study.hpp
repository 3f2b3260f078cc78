#pragma once

#include <optional>
#include <string>
#include <vector>

#include "coding/coding_tables.hpp"
#include "coterie/store/study.hpp"
#include "outputs/cluster_names.hpp"

namespace coterie::jobs {

/// Whether an adjudicator's decisions stand for what coders said.
enum class Decisions { pass_over, take };

/// Reads answers and their coding, and counts. Throws FileError where one is not as it should be. One rank.
CodedStudy read_coded_study(const Study& study, const std::string& answers, Decisions decisions = Decisions::pass_over);

/// What names.json says of what was coded, where coders were shown no names: they were kept then.
void take_names(const Job& job, const std::optional<NamesFile>& said, CodedStudy& study);

/// What a reader must know before believing a number: one sentence each.
std::vector<std::string> coding_warnings(const CodedStudy& study);

/// The numbers of topics of a model that people judged, ascending. What cannot be read is passed over: verify says it.
std::vector<std::int64_t> judged_topics(const Study& study, const std::string& model);

}  // namespace coterie::jobs
