#include "stages/scan_together.hpp"

#include <algorithm>
#include <atomic>
#include <cereal/archives/binary.hpp>
#include <cereal/types/string.hpp>
#include <cereal/types/vector.hpp>
#include <functional>
#include <map>
#include <sstream>
#include <string>

#include "coterie/dist/message_tags.hpp"
#include "coterie/dist/progress.hpp"
#include "coterie/dist/row_partition.hpp"
#include "stages/list_options.hpp"

// What travels from rank to rank. cereal looks for these functions where the types are.
namespace coterie::inline images {

template <typename Archive>
void serialize(Archive& archive, AccessPoint& point) {
  archive(point.compressed, point.inflated, point.bits);
}

template <typename Archive>
void serialize(Archive& archive, ShardContents::Image& image) {
  archive(image.name, image.offset, image.bytes);
}

template <typename Archive>
void serialize(Archive& archive, ShardContents::Problem& problem) {
  archive(problem.name, problem.reason);
}

template <typename Archive>
void serialize(Archive& archive, ShardContents& shard) {
  archive(shard.file_bytes, shard.compressed, shard.points, shard.windows, shard.images, shard.columns, shard.values,
          shard.passed_over, shard.problems);
}

template <typename Archive>
void serialize(Archive& archive, Probe& probe) {
  archive(probe.status, probe.reason, probe.bytes, probe.width, probe.height, probe.channels, probe.bits,
          probe.used_bits, probe.pages, probe.format, probe.content_hash, probe.orientation, probe.remarks, probe.note);
}

}  // namespace coterie::inline images

namespace coterie::jobs {
namespace {

// Values one after the other in a text, in the machine's own order of bytes: the ranks of a job are alike.
using Packer = cereal::BinaryOutputArchive;
using Unpacker = cereal::BinaryInputArchive;

std::string packed(const std::function<void(Packer&)>& pack) {
  std::ostringstream stream;
  Packer packer(stream);
  pack(packer);
  return std::move(stream).str();
}

void unpack(std::string text, const std::function<void(Unpacker&)>& take) {
  std::istringstream stream(std::move(text));
  Unpacker unpacker(stream);
  take(unpacker);
}

// From one rank to another; each knows of it. Unlike gather_all these let the root alone hold what it collects.
void send(const Communicator& comm, int to, int tag, const std::function<void(Packer&)>& pack) {
  const std::string text = packed(pack);
  const std::int64_t length = std::ssize(text);
  comm.send(&length, sizeof length, to, tag);
  comm.send(text.data(), text.size(), to, tag);
}

void receive(const Communicator& comm, int from, int tag, const std::function<void(Unpacker&)>& take) {
  std::int64_t length = 0;
  comm.receive(&length, sizeof length, from, tag);
  std::string text(static_cast<std::size_t>(length), '\0');
  comm.receive(text.data(), text.size(), from, tag);
  unpack(std::move(text), take);
}

constexpr std::int64_t kProbeBlock = 16;  // images that a rank, and in it a thread, takes at a time

// The shard's reader among the ranks.
int owner_of(std::size_t shard, const Communicator& comm) {
  return static_cast<int>(shard % static_cast<std::size_t>(comm.size()));
}

// What all ranks know of the list: where it begins, and which shards there are.
struct Outline {
  std::string root;
  std::vector<ShardTable::Shard> shards;  ///< with the access points of those that this rank looked through
};

Outline share_outline(const Job& job, const ImageList& list) {
  std::vector<std::string> paths;
  for (const auto& shard : list.shards.shards) paths.push_back(shard.path);
  std::string text = packed([&](Packer& out) { out(list.root, paths); });
  job.comm.broadcast(text);
  Outline outline;
  unpack(std::move(text), [&](Unpacker& in) { in(outline.root, paths); });
  for (auto& path : paths) outline.shards.push_back({std::move(path), 0, nullptr});
  return outline;
}

// Each rank looks through its shards and sends the root what it found; there the contents of all.
std::vector<ShardContents> index_together(const Job& job, Outline& outline) {
  const Communicator& comm = job.comm;
  std::vector<std::size_t> mine;
  for (std::size_t s = 0; s < outline.shards.size(); ++s)
    if (owner_of(s, comm) == comm.rank()) mine.push_back(s);
  std::vector<ShardContents> own(mine.size());
  comm.together([&] {
    job.pool.for_each(std::ssize(mine), [&](std::int64_t i, int) {
      const auto at = static_cast<std::size_t>(i);
      own[at] = index_shard(image_file(outline.root, outline.shards[mine[at]].path), job.options.flag("by-content"));
    });
  });
  std::vector<ShardContents> all(comm.is_root() ? outline.shards.size() : 0);
  if (comm.is_root()) {
    for (std::size_t i = 0; i < mine.size(); ++i) all[mine[i]] = std::move(own[i]);
    for (int rank = 1; rank < comm.size(); ++rank)
      receive(comm, rank, kScanContentsTag, [&](Unpacker& in) {
        for (std::size_t s = 0; s < all.size(); ++s)
          if (owner_of(s, comm) == rank) in(all[s]);
      });
    return all;
  }
  send(comm, 0, kScanContentsTag, [&](Packer& out) {
    for (const auto& contents : own) out(contents);
  });
  for (std::size_t i = 0; i < mine.size(); ++i) outline.shards[mine[i]].gzip = take_points(own[i]);
  return all;
}

// Images that this rank looks at.
struct Share {
  std::vector<std::int64_t> numbers;  ///< in the list, ascending
  std::vector<ImagePlace> places;
};

// A compressed shard's images go to the rank that has its access points, all others by their place in the list.
int prober_of(const ImageList& list, const RowPartition& partition, std::int64_t number, const Communicator& comm) {
  if (!list.shards.empty()) {
    const auto shard = list.shards.shard[static_cast<std::size_t>(number)];
    if (shard >= 0 && list.shards.shards[static_cast<std::size_t>(shard)].gzip)
      return owner_of(static_cast<std::size_t>(shard), comm);
  }
  return partition.owner_of(number / kProbeBlock);
}

// An image of the list: its number, its shard's (-1: it is a file), and its path or its place in the shard.
void pack_image(const ImageList& list, std::int64_t number, Packer& out) {
  const auto image = static_cast<std::size_t>(number);
  const std::int32_t shard = list.shards.empty() ? -1 : list.shards.shard[image];
  out(number, shard);
  shard < 0 ? out(list.paths[image]) : out(list.shards.offsets[image], list.shards.bytes[image]);
}

void unpack_image(const Outline& outline, Unpacker& in, Share& share) {
  std::int32_t number = 0;
  in(share.numbers.emplace_back(), number);
  if (number < 0) {
    std::string path;
    in(path);
    share.places.emplace_back(image_file(outline.root, path));
    return;
  }
  const auto& shard = outline.shards[static_cast<std::size_t>(number)];
  ImagePlace place(image_file(outline.root, shard.path));
  in(place.offset, place.bytes);
  place.gzip = shard.gzip;
  share.places.push_back(std::move(place));
}

// The root tells each rank its images and no others.
Share deal_out(const Job& job, const Outline& outline, const ImageList& list) {
  const Communicator& comm = job.comm;
  Share share;
  if (!comm.is_root()) {
    receive(comm, 0, kScanShareTag, [&](Unpacker& in) {
      std::int64_t images = 0;
      in(images);
      for (std::int64_t i = 0; i < images; ++i) unpack_image(outline, in, share);
    });
    return share;
  }
  const RowPartition partition(list.size(), kProbeBlock, comm.size());
  std::vector<std::vector<std::int64_t>> numbers(static_cast<std::size_t>(comm.size()));
  for (std::int64_t i = 0; i < list.size(); ++i)
    numbers[static_cast<std::size_t>(prober_of(list, partition, i, comm))].push_back(i);
  for (int rank = 1; rank < comm.size(); ++rank)
    send(comm, rank, kScanShareTag, [&](Packer& out) {
      const auto& own = numbers[static_cast<std::size_t>(rank)];
      out(std::int64_t{std::ssize(own)});
      for (const auto number : own) pack_image(list, number, out);
    });
  share.numbers = std::move(numbers[0]);
  for (const auto number : share.numbers) share.places.push_back(place_of(list, number));
  return share;
}

// What one thread looks at in a row: some neighbours, or all of a compressed shard, in its own order, so that it is
// inflated once.
std::vector<std::vector<std::size_t>> runs_of(const Share& share) {
  std::vector<std::vector<std::size_t>> runs;
  std::map<const GzipPoints*, std::size_t> run_of_shard;
  std::size_t open = 0;  // of neighbours, one more than its number; 0: none
  for (std::size_t i = 0; i < share.places.size(); ++i) {
    const GzipPoints* points = share.places[i].gzip.get();
    if (points != nullptr) {
      const auto [run, fresh] = run_of_shard.try_emplace(points, runs.size());
      if (fresh) runs.emplace_back();
      runs[run->second].push_back(i);
      continue;
    }
    if (open == 0 || std::ssize(runs[open - 1]) == kProbeBlock) {
      runs.emplace_back();
      open = runs.size();
    }
    runs[open - 1].push_back(i);
  }
  for (const auto& [points, run] : run_of_shard)
    std::sort(runs[run].begin(), runs[run].end(),
              [&](auto a, auto b) { return share.places[a].offset < share.places[b].offset; });
  return runs;
}

std::vector<Probe> probe_share(const Job& job, const Share& share) {
  DecodeLimits limits;
  limits.max_pixels = job.options.count("max-pixels");
  limits.max_bytes = parse_size(job.options.text("max-bytes"));
  std::vector<Probe> probes(share.places.size());
  Progress progress(job.speaks(), "scan", std::ssize(probes), "images");
  const auto runs = runs_of(share);
  std::atomic<std::int64_t> done = 0;
  job.pool.for_each(std::ssize(runs), [&](std::int64_t run, int worker) {
    for (const auto i : runs[static_cast<std::size_t>(run)]) {
      probes[i] = probe_image(share.places[i], limits);
      ++done;
      if (worker == 0) progress.advance(done.exchange(0));  // the thread that this function was called on
    }
  });
  progress.advance(done);
  return probes;
}

std::vector<Probe> collect(const Job& job, const Share& share, std::vector<Probe> own, std::int64_t images) {
  if (!job.comm.is_root()) {
    send(job.comm, 0, kScanProbesTag, [&](Packer& out) {
      out(share.numbers);
      for (const auto& probe : own) out(probe);
    });
    return {};
  }
  std::vector<Probe> all(static_cast<std::size_t>(images));
  for (std::size_t i = 0; i < own.size(); ++i) all[static_cast<std::size_t>(share.numbers[i])] = std::move(own[i]);
  for (int rank = 1; rank < job.comm.size(); ++rank)
    receive(job.comm, rank, kScanProbesTag, [&](Unpacker& in) {
      std::vector<std::int64_t> numbers;
      in(numbers);
      for (const auto number : numbers) in(all[static_cast<std::size_t>(number)]);
    });
  return all;
}

}  // namespace

ScannedList scan_together(const Job& job) {
  ScannedList scanned;
  ImageList& list = scanned.list;
  job.comm.on_root([&] {
    ListingOptions options;
    options.source = job.options.required("images");
    take_list_options(job.options, options);
    options.threads = job.pool.threads();
    list = find_images(options);
  });
  Outline outline = share_outline(job, list);
  auto contents = index_together(job, outline);
  job.comm.on_root([&] {
    join_shards(list, std::move(contents), job.pool.threads());
    require(list.size() > 0,
            "{} holds no image{}. Files of these kinds are taken: jpg, png, bmp, tiff, webp, pgm ...{}",
            job.options.text("images"),
            list.passed_over > 0 ? fmt::format(" by the names of its files: {}", passed_over_text(list)) : "",
            list.passed_over > 0 && !job.options.flag("by-content")
                ? "\n--by-content takes files that are images whatever they are called"
                : "");
  });
  const Share share = deal_out(job, outline, list);
  std::vector<Probe> probes;
  job.comm.together([&] { probes = probe_share(job, share); });
  scanned.probes = collect(job, share, std::move(probes), list.size());
  return scanned;
}

}  // namespace coterie::jobs
