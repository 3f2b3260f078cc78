#include "stages/block_extraction.hpp"

#include <algorithm>
#include <set>

#include "coterie/dist/stop_signal.hpp"
#include "stages/block_queue.hpp"

namespace coterie::jobs {
namespace {

// The blocks that any of the files misses, ascending.
std::vector<std::int64_t> missing_blocks(std::span<FeatureFile* const> files) {
  std::set<std::int64_t> missing;
  for (const FeatureFile* file : files) missing.insert(file->missing().begin(), file->missing().end());
  return {missing.begin(), missing.end()};
}

// One extraction on this rank: takes block after block from the queue until there are none.
class Extraction {
 public:
  Extraction(const Job& job, const char* label, const ImageList& list, std::span<FeatureFile* const> files)
      : list_(list),
        files_(files),
        queue_(job, label, missing_blocks(files), [this](std::int64_t block) { return rows_of(block); }) {}

  ExtractTimes run(std::span<const Network> networks, const ExtractorOptions& options) {
    const ExtractTimes times = extract_blocks(
        networks, options,
        {[this](Block& block) { return next(block); },
         [this](BlockFeatures&& block) { return commit(std::move(block)); }, [this] { return queue_.idle(); },
         [this] { queue_.close(); }, [this](std::int64_t images) { queue_.computed(images); }});
    queue_.finish();
    return times;
  }

 private:
  RowRange rows_of(std::int64_t block) const { return files_.front()->rows_of(block); }

  bool next(Block& block) {
    const auto number = queue_.take();
    if (!number) return false;
    block = {*number, {}};
    const RowRange rows = rows_of(*number);
    for (std::int64_t row = rows.begin; row < rows.end; ++row)
      block.images.push_back(place_of(list_.table, list_.images[static_cast<std::size_t>(row)]));
    return true;
  }

  bool commit(BlockFeatures&& block) {
    std::vector<std::uint8_t> statuses;
    for (const auto status : block.statuses) statuses.push_back(static_cast<std::uint8_t>(status));
    for (std::size_t i = 0; i < files_.size(); ++i) {
      FeatureFile& file = *files_[i];
      if (std::binary_search(file.missing().begin(), file.missing().end(), block.number))
        file.commit(block.number, block.rows[i], statuses);
    }
    return queue_.go_on();
  }

  const ImageList& list_;
  const std::span<FeatureFile* const> files_;
  BlockQueue queue_;
};

}  // namespace

bool extract_missing(const Job& job, const char* label, const ImageList& list, std::span<FeatureFile* const> files,
                     std::span<const Network> networks, const ExtractorOptions& options, ExtractTimes& times) {
  StopSignal::remember();
  // Made in here, so that on a rank that fails its end lets the others know.
  job.comm.together([&] { times = Extraction(job, label, list, files).run(networks, options); });
  const bool stopped = job.comm.any(StopSignal::seen_here());
  StopSignal::end_at_once();
  for (FeatureFile* file : files) stopped ? file->pause() : file->finish();
  return !stopped;
}

}  // namespace coterie::jobs
