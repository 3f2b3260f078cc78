#include "stages/scan_together.hpp"

#include <algorithm>
#include <atomic>
#include <map>

#include "coterie/dist/message_tags.hpp"
#include "coterie/dist/progress.hpp"
#include "coterie/dist/row_partition.hpp"
#include "stages/list_options.hpp"
#include "stages/packed_text.hpp"

namespace coterie::jobs {
namespace {

constexpr std::int64_t kProbeBlock = 16;  // images that a rank, and in it a thread, takes at a time

void pack(const ShardContents& contents, PackedText& out) {
  out.put(contents.file_bytes);
  out.put(contents.passed_over);
  out.put(contents.compressed);
  out.put(std::ssize(contents.points));
  for (const auto& point : contents.points) {
    out.put(point.compressed);
    out.put(point.inflated);
    out.put(point.bits);
  }
  out.put_text({reinterpret_cast<const char*>(contents.windows.data()), contents.windows.size()});
  out.put(std::ssize(contents.images));
  for (const auto& image : contents.images) {
    out.put_text(image.name);
    out.put(image.offset);
    out.put(image.bytes);
  }
  out.put(std::ssize(contents.columns));
  for (std::size_t c = 0; c < contents.columns.size(); ++c) {
    out.put_text(contents.columns[c]);
    for (const auto& value : contents.values[c]) out.put_text(value);
  }
  out.put(std::ssize(contents.problems));
  for (const auto& problem : contents.problems) {
    out.put_text(problem.name);
    out.put_text(problem.reason);
  }
}

ShardContents unpack(PackedText& in) {
  ShardContents contents;
  contents.file_bytes = in.number();
  contents.passed_over = in.number();
  contents.compressed = in.number() != 0;
  contents.points.resize(static_cast<std::size_t>(in.number()));
  for (auto& point : contents.points) {
    point.compressed = in.number();
    point.inflated = in.number();
    point.bits = in.number();
  }
  const std::string windows = in.text();
  contents.windows.assign(windows.begin(), windows.end());
  contents.images.resize(static_cast<std::size_t>(in.number()));
  for (auto& image : contents.images) {
    image.name = in.text();
    image.offset = in.number();
    image.bytes = in.number();
  }
  contents.columns.resize(static_cast<std::size_t>(in.number()));
  for (auto& column : contents.columns) {
    column = in.text();
    auto& values = contents.values.emplace_back(contents.images.size());
    for (auto& value : values) value = in.text();
  }
  contents.problems.resize(static_cast<std::size_t>(in.number()));
  for (auto& problem : contents.problems) {
    problem.name = in.text();
    problem.reason = in.text();
  }
  return contents;
}

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
  PackedText text;
  if (job.comm.is_root()) {
    text.put_text(list.root);
    for (const auto& shard : list.shards.shards) text.put_text(shard.path);
  }
  std::string bytes = text.bytes();
  job.comm.broadcast(bytes);
  PackedText packed(std::move(bytes));
  Outline outline{packed.text(), {}};
  while (!packed.at_end()) outline.shards.push_back({packed.text(), 0, nullptr});
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
    for (int rank = 1; rank < comm.size(); ++rank) {
      PackedText packed = receive_text(comm, rank, kScanContentsTag);
      for (std::size_t s = 0; s < all.size(); ++s)
        if (owner_of(s, comm) == rank) all[s] = unpack(packed);
    }
    return all;
  }
  PackedText packed;
  for (const auto& contents : own) pack(contents, packed);
  send_text(comm, packed, 0, kScanContentsTag);
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

void pack_image(const ImageList& list, std::int64_t number, PackedText& out) {
  const auto image = static_cast<std::size_t>(number);
  const std::int32_t shard = list.shards.empty() ? -1 : list.shards.shard[image];
  out.put(number);
  out.put(shard);
  if (shard < 0) return out.put_text(list.paths[image]);
  out.put(list.shards.offsets[image]);
  out.put(list.shards.bytes[image]);
}

void unpack_image(const Outline& outline, PackedText& in, Share& share) {
  share.numbers.push_back(in.number());
  const std::int64_t number = in.number();
  if (number < 0) {
    share.places.emplace_back(image_file(outline.root, in.text()));
    return;
  }
  const auto& shard = outline.shards[static_cast<std::size_t>(number)];
  ImagePlace place(image_file(outline.root, shard.path));
  place.offset = in.number();
  place.bytes = in.number();
  place.gzip = shard.gzip;
  share.places.push_back(std::move(place));
}

// The root tells each rank its images and no others.
Share deal_out(const Job& job, const Outline& outline, const ImageList& list) {
  const Communicator& comm = job.comm;
  Share share;
  if (!comm.is_root()) {
    PackedText packed = receive_text(comm, 0, kScanShareTag);
    while (!packed.at_end()) unpack_image(outline, packed, share);
    return share;
  }
  const RowPartition partition(list.size(), kProbeBlock, comm.size());
  std::vector<std::vector<std::int64_t>> numbers(static_cast<std::size_t>(comm.size()));
  for (std::int64_t i = 0; i < list.size(); ++i)
    numbers[static_cast<std::size_t>(prober_of(list, partition, i, comm))].push_back(i);
  for (int rank = 1; rank < comm.size(); ++rank) {
    PackedText packed;
    for (const auto number : numbers[static_cast<std::size_t>(rank)]) pack_image(list, number, packed);
    send_text(comm, packed, rank, kScanShareTag);
  }
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

void pack(const Share& share, const std::vector<Probe>& probes, PackedText& out) {
  for (std::size_t i = 0; i < probes.size(); ++i) {
    const Probe& probe = probes[i];
    for (const std::int64_t number :
         {share.numbers[i], probe.bytes, static_cast<std::int64_t>(probe.content_hash),
          static_cast<std::int64_t>(probe.width), static_cast<std::int64_t>(probe.height),
          static_cast<std::int64_t>(probe.pages), static_cast<std::int64_t>(probe.bits),
          static_cast<std::int64_t>(probe.used_bits), static_cast<std::int64_t>(probe.remarks),
          static_cast<std::int64_t>(probe.status)})
      out.put(number);
    out.put_text(probe.reason);
    out.put_text(probe.note);
  }
}

void unpack(PackedText& in, std::vector<Probe>& all) {
  while (!in.at_end()) {
    Probe& probe = all[static_cast<std::size_t>(in.number())];
    probe.bytes = in.number();
    probe.content_hash = static_cast<std::uint64_t>(in.number());
    probe.width = static_cast<int>(in.number());
    probe.height = static_cast<int>(in.number());
    probe.pages = static_cast<int>(in.number());
    probe.bits = static_cast<int>(in.number());
    probe.used_bits = static_cast<int>(in.number());
    probe.remarks = static_cast<std::int32_t>(in.number());
    probe.status = static_cast<ImageStatus>(in.number());
    probe.reason = in.text();
    probe.note = in.text();
  }
}

std::vector<Probe> collect(const Job& job, const Share& share, std::vector<Probe> own, std::int64_t images) {
  if (!job.comm.is_root()) {
    PackedText packed;
    pack(share, own, packed);
    send_text(job.comm, packed, 0, kScanProbesTag);
    return {};
  }
  std::vector<Probe> all(static_cast<std::size_t>(images));
  for (std::size_t i = 0; i < own.size(); ++i) all[static_cast<std::size_t>(share.numbers[i])] = std::move(own[i]);
  for (int rank = 1; rank < job.comm.size(); ++rank) {
    PackedText packed = receive_text(job.comm, rank, kScanProbesTag);
    unpack(packed, all);
  }
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
