#pragma once

#include "command/job.hpp"

namespace coterie::jobs {

/// assign with --topic-model: the topics of new images under a finished model, which does not change. `folder`: of
/// their own study; what is found is the table tables/assignments/NAME/documents-K.csv. Collective.
void give_topics(Job& job, const std::string& name, const std::string& folder);

}  // namespace coterie::jobs
