#pragma once

#include <memory>

#include "command/job.hpp"
#include "coterie/artifacts/features.hpp"
#include "coterie/dist/row_source.hpp"
#include "stages/row_parent.hpp"

namespace coterie::jobs {

/// The rows of new images (`features` of their own study `fresh`) in the space of the study's rows of this parent;
/// projected into the study of their own where there is a reduction, so that they stream like all others. Throws
/// InvalidArgument where none could be read, or they have another number of columns. Collective.
std::unique_ptr<RowSource> new_rows(const Job& job, const RowParent& parent, const Study& fresh,
                                    const FeatureReader& features);

}  // namespace coterie::jobs
