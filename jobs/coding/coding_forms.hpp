#pragma once

#include <string>

#include "command/job.hpp"
#include "coterie/artifacts/coding.hpp"
#include "coterie/artifacts/row_names.hpp"
#include "coterie/report/montage.hpp"

namespace coterie::jobs {

/// What the answers of a task are called, from the first; empty where they differ from item to item.
std::vector<std::string> answer_texts(CodingTask task);

/// Writes for each coder coderN.html, the form, coderN.csv, the same as a table to fill in, and coderN-print.html, for
/// paper, into a folder. `names`: of the clustering's rows. Pictures are at most `edge` pixels long, and hold pixels
/// alone: they are decoded and encoded anew, so no EXIF, no name and no thumbnail of the camera comes along. Returns
/// how many pictures could not be read. A coder after the coding's own is the adjudicator.
std::int64_t write_coding_forms(const Job& job, const Coding& coding, const RowNames& names, const ImageReader& read,
                                int edge, const std::string& folder);

/// The same for the items that coders differ on alone: of each coder those that this coder had, for another round, and
/// all of them for an adjudicator, adjudicator.html. `coding`: the one that was coded; its tokens hold.
std::int64_t write_forms_again(const Job& job, Coding coding, const std::vector<std::int64_t>& items,
                               const RowNames& names, const ImageReader& read, const std::string& folder);

}  // namespace coterie::jobs
