#pragma once

#include <span>
#include <string>

namespace coterie::inline features {

/// A weight file that its authors published, and a checksum of theirs.
struct PublishedWeights {
  const char* file;      ///< its name; not always its own: Keras published two ResNet50 under one
  const char* checksum;  ///< "md5:" or "sha256:" and the digits that are known, a prefix of the whole; "" for none
  const char* network;   ///< what it is, for a person
  const char* origin;    ///< who published it
};

std::span<const PublishedWeights> published_weights();

/// The published file with this checksum (whole digests, as hexadecimal digits), or nullptr.
const PublishedWeights* find_published(const std::string& md5, const std::string& sha256);

/// What to tell about a file of this name whose checksum is none of a published file: that it is not the published
/// file of its name, or that no checksum is known for it, or "" when no published file is called that.
std::string explain_unknown(const std::string& file_name);

}  // namespace coterie::inline features
