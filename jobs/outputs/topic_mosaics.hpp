#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "coterie/artifacts/codebook.hpp"
#include "coterie/artifacts/descriptors.hpp"
#include "coterie/base/thread_pool.hpp"
#include "coterie/report/montage.hpp"

namespace coterie::jobs {

/// Of which patches the mosaics of words are made.
struct MosaicRequest {
  std::vector<std::int64_t> words;      ///< ascending
  std::vector<std::int64_t> documents;  ///< images in which to look for them, ascending
  std::int64_t patches = 9;             ///< of a word at most, in rows of three
  int edge = 32;                        ///< px of a patch
};

/// Words of a network's layer are squares as they are; those of SIFT are turned, kSiftSides sizes a side.
bool is_layer(const DescriptorReader& descriptors);

/// Each word's descriptors that are nearest to its centre, cut out of their images (`paths`, of each document): JPEG
/// bytes. A word that occurs in none of the documents, or whose images cannot be read, has none. One rank; memory: the
/// descriptors of one image and a decoded one for each thread.
std::map<std::int64_t, std::string> word_mosaics(const CodebookReader& codebook, const DescriptorReader& descriptors,
                                                 const MosaicRequest& request, const std::vector<std::string>& paths,
                                                 const ImageReader& read, ThreadPool& pool);

}  // namespace coterie::jobs
