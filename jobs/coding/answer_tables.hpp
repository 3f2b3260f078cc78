#pragma once

#include <string>
#include <vector>

#include "coterie/artifacts/coding.hpp"

namespace coterie::jobs {

/// What the tables that coders sent back hold, and everything about them that a person has to know of: nothing is
/// mended or merged in silence.
///
///   foreign         a line of another form, or a token that this form does not have: passed over
///   doubled         a token twice; with two different answers neither is taken
///   unknown answer  one that the task does not offer: as if it were missing
///   missing         no answer to an item of a form that was read, or no table of a coder at all
///   fast            a coder whose answers took less than `fast` seconds in the median
///   gold missed     an answer to a gold item that is not the plain one
///
/// `previous`: the answers of the round before, or null. Then only what is in the tables was asked again; an answer
/// takes the place of that coder's earlier one, and all else stands as it was.
///
/// An adjudicator's table (adjudication.csv of code report) is known by its tokens: of its lines those with a decision
/// are taken.
///
/// Throws FileError for a table that cannot be read or has no columns form, token and answer; InvalidArgument where no
/// line of any table belongs to the coding.
CodingAnswers read_answer_tables(const std::vector<std::string>& paths, const Coding& coding, double fast,
                                 const CodingAnswers* previous = nullptr);

}  // namespace coterie::jobs
