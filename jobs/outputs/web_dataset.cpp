#include "outputs/web_dataset.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <memory>
#include <nlohmann/json.hpp>

#include "coterie/base/counted.hpp"
#include "coterie/base/new_file.hpp"
#include "coterie/base/text_encoding.hpp"
#include "coterie/dist/progress.hpp"
#include "outputs/picture_folders.hpp"

namespace coterie::jobs {
namespace {

constexpr std::int64_t kShardImages = 10'000, kShardBytes = 1'000'000'000;
constexpr std::int64_t kAtOnce = 64;      // images in memory
constexpr std::size_t kTarBlock = 512;    // POSIX: headers are one, contents fill whole ones
constexpr std::size_t kChecksumAt = 148;  // of its 8 bytes in the header

// A header of POSIX.1-1988's ustar for an ordinary file.
std::string tar_header(const std::string& name, std::size_t bytes) {
  std::array<char, kTarBlock> header{};
  const auto put = [&](std::size_t at, const std::string& text) {
    std::copy(text.begin(), text.end(), header.begin() + static_cast<std::ptrdiff_t>(at));
  };
  put(0, name);
  put(100, "0000644");
  put(108, "0000000");
  put(116, "0000000");
  put(124, fmt::format("{:011o}", bytes));
  put(136, "00000000000");
  put(kChecksumAt, "        ");
  put(156, "0");
  put(257, std::string("ustar\0", 6) + "00");
  unsigned sum = 0;
  for (const char c : header) sum += static_cast<unsigned char>(c);
  put(kChecksumAt, fmt::format("{:06o}", sum) + std::string("\0 ", 2));
  return {header.data(), header.size()};
}

std::string tar_member(const std::string& name, std::string_view content) {
  std::string member = tar_header(name, content.size());
  member += content;
  member.resize((member.size() + kTarBlock - 1) / kTarBlock * kTarBlock, '\0');
  return member;
}

// ".jpg" of "JPEG", else the format in small letters.
std::string suffix_of(const std::string& format) {
  if (format == "JPEG") return ".jpg";
  std::string suffix = ".";
  for (const char c : format) suffix += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return suffix;
}

// Writes one shard after the other.
class Shards {
 public:
  explicit Shards(std::string folder) : folder_(std::move(folder)) {}

  void add(const std::string& sample) {
    const auto bytes = static_cast<std::int64_t>(sample.size());
    if (file_ && (images_ == kShardImages || bytes_ + bytes > kShardBytes)) finish();
    if (!file_) file_ = std::make_unique<NewFile>(fmt::format("{}/pictures-{:06}.tar", folder_, count_++));
    file_->write(sample);
    ++images_;
    bytes_ += bytes;
  }

  void finish() {
    if (!file_) return;
    file_->write(std::string(2 * kTarBlock, '\0'));
    file_->finish();
    file_.reset();
    images_ = bytes_ = 0;
  }

  std::int64_t count() const { return count_; }

 private:
  std::string folder_;
  std::unique_ptr<NewFile> file_;
  std::int64_t count_ = 0, images_ = 0, bytes_ = 0;
};

class WebDataset {
 public:
  WebDataset(const ClusteringReader& clustering, std::int64_t k, const RowNames& names, const ImageTable& images)
      : names_(names), images_(images), labels_(clustering.labels(k)), distances_(clustering.distances(k)) {
    for (std::int64_t row = 0; row < std::ssize(labels_); ++row)
      if (names.there(row) && names.images[static_cast<std::size_t>(row)] >= 0) rows_.push_back(row);
  }

  const std::vector<std::int64_t>& rows() const { return rows_; }

  // The members of one image; none where it is no image any more, and then why.
  std::string sample(std::int64_t row, std::string& reason) const {
    const auto at = static_cast<std::size_t>(row);
    const PictureBytes picture = picture_bytes(place_of(images_, names_.images[at]));
    reason = picture.reason;
    if (!picture.bytes) return "";
    const std::string key = fmt::format("{:010}", row), label = fmt::to_string(labels_[at]);
    nlohmann::ordered_json about = {
        {"path", names_.names[at]}, {"label", labels_[at]}, {"distance", static_cast<double>(distances_[at])}};
    for (std::size_t c = 0; c < names_.columns.size(); ++c)
      if (!about.contains(names_.columns[c])) about[names_.columns[c]] = names_.values[c][at];
    // A path that is no UTF-8 has a mark where its bytes are none; JSON knows no other texts.
    const std::string text = about.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
    return tar_member(key + suffix_of(picture.format),
                      {reinterpret_cast<const char*>(picture.bytes->data()), picture.bytes->size()}) +
           tar_member(key + ".cls", label) + tar_member(key + ".json", text);
  }

 private:
  const RowNames& names_;
  const ImageTable& images_;
  const std::vector<std::int32_t> labels_;
  const std::vector<float> distances_;
  std::vector<std::int64_t> rows_;
};

}  // namespace

void write_web_dataset(const Job& job, const std::string& folder, const ClusteringReader& clustering, std::int64_t k,
                       const RowNames& names, const ImageTable& images) {
  const WebDataset dataset(clustering, k, names, images);
  const std::int64_t count = std::ssize(dataset.rows());
  Shards shards(folder);
  Progress progress(job.speaks(), "export", count, "images");
  for (std::int64_t first = 0; first < count; first += kAtOnce) {
    const std::int64_t some = std::min(kAtOnce, count - first);
    std::vector<std::string> samples(static_cast<std::size_t>(some)), reasons(samples.size());
    job.pool.for_each(some, [&](std::int64_t i, int) {
      const auto at = static_cast<std::size_t>(i);
      samples[at] = dataset.sample(dataset.rows()[static_cast<std::size_t>(first + i)], reasons[at]);
    });
    for (std::size_t i = 0; i < samples.size(); ++i) {
      if (!samples[i].empty())
        shards.add(samples[i]);
      else
        job.say("{}: {}; left out of the pictures",
                names.names[static_cast<std::size_t>(dataset.rows()[static_cast<std::size_t>(first) + i])], reasons[i]);
    }
    progress.advance(some);
  }
  shards.finish();
  job.say("wrote {} of WebDataset", counted(shards.count(), "shard"));
}

}  // namespace coterie::jobs
