#include "coterie/images/shard.hpp"

#include <algorithm>
#include <array>

#include "coterie/base/errors.hpp"
#include "decode/open_file.hpp"
#include "shards/gzip_file.hpp"
#include "shards/index.hpp"

namespace coterie::inline images {

namespace {

/// A plain tar: what is passed over is not read.
class FileInput final : public TarInput {
 public:
  explicit FileInput(const OpenFile& file) : file_(file), bytes_(file.size()) {}

  std::size_t read(std::uint8_t* to, std::size_t bytes) override {
    const std::size_t got = file_.read(to, bytes, at_);
    at_ += static_cast<std::int64_t>(got);
    return got;
  }
  bool skip(std::int64_t bytes) override {
    const bool there = bytes <= bytes_ - at_;
    at_ = there ? at_ + bytes : bytes_;
    return there;
  }

 private:
  const OpenFile& file_;
  const std::int64_t bytes_;
  std::int64_t at_ = 0;
};

/// A compressed tar. A stream that breaks is distinguished from its end by `broken`.
class GzipInput final : public TarInput {
 public:
  explicit GzipInput(GzipFile& file) : file_(file) {}

  std::size_t read(std::uint8_t* to, std::size_t bytes) override {
    const std::int64_t before = file_.position();
    try {
      return file_.read(to, bytes);
    } catch (const Verdict& verdict) {
      broken = verdict.reason;
      return static_cast<std::size_t>(file_.position() - before);
    }
  }
  bool skip(std::int64_t bytes) override {
    try {
      return file_.skip(bytes) == bytes;
    } catch (const Verdict& verdict) {
      broken = verdict.reason;
      return false;
    }
  }

  std::string broken;

 private:
  GzipFile& file_;
};

bool is_gzip(const OpenFile& file) {
  std::array<std::uint8_t, 2> magic{};
  return file.read(magic.data(), magic.size(), 0) == magic.size() && magic[0] == 0x1F && magic[1] == 0x8B;
}

}  // namespace

ShardContents index_shard(const std::string& path, bool by_content) {
  ShardContents contents;
  try {
    const OpenFile file(path);
    contents.file_bytes = file.size();
    contents.compressed = is_gzip(file);
    if (!contents.compressed) {
      FileInput input(file);
      index_members(input, by_content, contents);
      return contents;
    }
    GzipFile gzip(path);
    gzip.collect(contents.points, contents.windows);
    GzipInput input(gzip);
    index_members(input, by_content, contents);
    if (!input.broken.empty()) contents.problems.push_back({"", input.broken + "; what lies before is listed"});
  } catch (const Verdict& verdict) {
    contents.problems.push_back({"", verdict.reason});
  }
  return contents;
}

std::shared_ptr<const GzipPoints> take_points(ShardContents& contents) {
  if (contents.points.empty()) return nullptr;
  const auto windows = std::make_shared<const std::vector<std::uint8_t>>(std::move(contents.windows));
  const auto window = [windows](std::int64_t point, std::uint8_t* to) {
    require(point >= 1 && point * kWindowBytes <= std::ssize(*windows), "no window of access point {}", point);
    std::copy_n(windows->begin() + (point - 1) * kWindowBytes, kWindowBytes, to);
  };
  return std::make_shared<const GzipPoints>(std::move(contents.points), window);
}

}  // namespace coterie::inline images
