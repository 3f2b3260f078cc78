#pragma once

#include <string>

#include "command/job.hpp"
#include "coterie/artifacts/coding.hpp"
#include "coterie/artifacts/row_names.hpp"
#include "coterie/images/decode.hpp"

namespace coterie::jobs {

/// What the rows of a coding stand for: of a clustering or a topic model.
struct CodedTarget {
  RowNames names;
  DecodeOptions decode;  ///< how its pictures become levels
};

CodedTarget coded_target(const Study& study, const std::string& clustering, const std::string& topic_model);
CodedTarget coded_target(const Study& study, const Coding& coding);

/// What a group of images is called in texts: "cluster", or "topic".
const char* group_word(const Coding& coding);

}  // namespace coterie::jobs
