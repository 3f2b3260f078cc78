#include "outputs/topic_mosaics.hpp"

#include <algorithm>
#include <new>

#include "coterie/report/mosaic.hpp"

namespace coterie::jobs {
namespace {

constexpr int kColumns = 3;

// A descriptor that stands for its word.
struct Candidate {
  double distance = 0;  // squared, to the word's centre
  std::int64_t document = 0, row = 0;
  Keypoint place;

  bool operator<(const Candidate& other) const {
    return distance != other.distance ? distance < other.distance : row < other.row;
  }
};

std::vector<float> descriptors_of(const DescriptorReader& descriptors, RowRange rows) {
  std::vector<float> values(static_cast<std::size_t>(rows.size() * descriptors.columns()));
  descriptors.open_rows()->read(rows, values.data());
  return values;
}

double squared_distance(const float* one, const float* other, std::int64_t columns) {
  double sum = 0;
  for (std::int64_t c = 0; c < columns; ++c) {
    const double difference = static_cast<double>(one[c]) - other[c];
    sum += difference * difference;
  }
  return sum;
}

// The nearest of each wanted word, ascending by distance.
std::map<std::int64_t, std::vector<Candidate>> nearest(const CodebookReader& codebook,
                                                       const DescriptorReader& descriptors,
                                                       const MosaicRequest& request) {
  std::map<std::int64_t, std::vector<Candidate>> found;
  const std::int64_t columns = descriptors.columns();
  for (const auto document : request.documents) {
    const auto at = static_cast<std::size_t>(document);
    const RowRange rows{descriptors.first()[at], descriptors.first()[at + 1]};
    if (rows.size() == 0) continue;
    const auto words = codebook.words_of(rows);
    const auto values = descriptors_of(descriptors, rows);
    const auto places = descriptors.keypoints(rows);
    for (std::size_t i = 0; i < words.size(); ++i) {
      if (!std::binary_search(request.words.begin(), request.words.end(), words[i])) continue;
      const float* centre = codebook.codebook().centres.data() + words[i] * columns;
      auto& own = found[words[i]];
      own.push_back({squared_distance(values.data() + static_cast<std::int64_t>(i) * columns, centre, columns),
                     document, rows.begin + static_cast<std::int64_t>(i), places[i]});
      std::push_heap(own.begin(), own.end());
      if (std::ssize(own) <= request.patches) continue;
      std::pop_heap(own.begin(), own.end());
      own.pop_back();
    }
  }
  for (auto& [word, own] : found) std::sort_heap(own.begin(), own.end());
  return found;
}

}  // namespace

bool is_layer(const DescriptorReader& descriptors) { return descriptors.recipe().parameter("detector") == "cnn"; }

std::map<std::int64_t, std::string> word_mosaics(const CodebookReader& codebook, const DescriptorReader& descriptors,
                                                 const MosaicRequest& request, const std::vector<std::string>& paths,
                                                 const ImageReader& read, ThreadPool& pool) {
  const auto found = nearest(codebook, descriptors, request);
  // By image, so that each is decoded once: which patches of which words are cut out of it.
  std::map<std::int64_t, std::vector<std::pair<const Candidate*, Image*>>> by_document;
  std::map<std::int64_t, std::vector<Image>> patches;
  for (const auto& [word, own] : found) {
    auto& cut = patches[word];
    cut.resize(own.size());
    for (std::size_t i = 0; i < own.size(); ++i) by_document[own[i].document].emplace_back(&own[i], &cut[i]);
  }
  std::vector<std::int64_t> documents;
  for (const auto& [document, ignored] : by_document) documents.push_back(document);
  const double sides = is_layer(descriptors) ? 1 : kSiftSides;
  pool.for_each(std::ssize(documents), [&](std::int64_t i, int) {
    const auto document = documents[static_cast<std::size_t>(i)];
    Image image;
    try {
      image = read(paths[static_cast<std::size_t>(document)]);
    } catch (const std::bad_alloc&) {
      throw;
    } catch (const std::exception&) {
      return;  // gone or changed: the word has a patch less
    }
    // A JPEG may have been decoded at a part of its size then.
    const double scale =
        static_cast<double>(image.width) / std::max(1, descriptors.extents()[static_cast<std::size_t>(2 * document)]);
    for (const auto& [candidate, patch] : by_document.at(document)) {
      const Keypoint& at = candidate->place;
      *patch = cut_patch(
          image,
          {(at.x + 0.5) * scale - 0.5, (at.y + 0.5) * scale - 0.5, std::max(1.0, sides * at.size * scale), at.angle},
          request.edge);
    }
  });
  std::map<std::int64_t, std::string> mosaics;
  for (auto& [word, own] : patches) {
    std::erase_if(own, [](const Image& patch) { return patch.width == 0; });
    if (!own.empty()) mosaics[word] = mosaic_jpeg(own, request.edge, kColumns);
  }
  return mosaics;
}

}  // namespace coterie::jobs
