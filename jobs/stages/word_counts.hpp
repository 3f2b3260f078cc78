#pragma once

#include <cstdint>
#include <functional>
#include <span>

#include "command/job.hpp"
#include "coterie/artifacts/codebook.hpp"

namespace coterie::jobs {

/// Gives each descriptor its nearest word, exactly, and counts them in each image; of this rank's images. `take` gets
/// the words of descriptors from number `first` on. The descriptors need not be those that the words were found from.
Documents count_words(const Job& job, const DescriptorReader& descriptors, const Codebook& codebook,
                      const std::function<void(std::int64_t first, std::span<const std::int32_t> words)>& take);

/// All ranks' documents, whole on every rank. Collective.
Documents gather_documents(const Documents& own, const Communicator& comm);

}  // namespace coterie::jobs
