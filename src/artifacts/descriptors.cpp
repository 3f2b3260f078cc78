#include "coterie/artifacts/descriptors.hpp"

#include <algorithm>
#include <filesystem>

#include "checked.hpp"
#include "coterie/base/errors.hpp"
#include "coterie/base/new_file.hpp"
#include "coterie/dist/row_partition.hpp"
#include "coterie/store/block_journal.hpp"
#include "coterie/store/raw_file.hpp"

namespace coterie::inline artifacts {
namespace fs = std::filesystem;
namespace {

constexpr std::int64_t kFields = 5;  // x, y, size, angle, response
static_assert(sizeof(Keypoint) == kFields * sizeof(float));

// Of one image, at the start of a block's bytes in the journal; then all keypoints, then all descriptors.
struct Head {
  std::int64_t keypoints = 0;
  std::int32_t width = 0, height = 0;
  std::int64_t status = 0;
};
static_assert(sizeof(Head) == 24);

template <typename T>
void append_bytes(std::vector<std::byte>& to, const std::vector<T>& values) {
  const auto bytes = std::as_bytes(std::span(values));
  to.insert(to.end(), bytes.begin(), bytes.end());
}

std::int64_t value_bytes(bool bytes) { return bytes ? 1 : static_cast<std::int64_t>(sizeof(float)); }

std::string layout_text(const DescriptorShape& shape, std::int64_t images) {
  return fmt::format("{} images in blocks of {}; {} columns of {}\n", images, shape.block_images, shape.columns,
                     shape.bytes ? "uint8" : "float32");
}

// Ranges of rows that fill about 8 MiB.
template <typename Action>
void for_pieces(std::int64_t rows, std::int64_t row_bytes, const Action& action) {
  const std::int64_t piece = std::max<std::int64_t>((8 << 20) / row_bytes, 1);
  for (std::int64_t begin = 0; begin < rows; begin += piece) action(RowRange{begin, std::min(begin + piece, rows)});
}

}  // namespace

struct DescriptorFile::State {
  std::string path;
  Recipe recipe;
  DescriptorShape shape;
  RowIdentities identities;  ///< on the root
  const Communicator& comm;
  RowPartition partition;
  bool complete = false;
  std::unique_ptr<BlockJournal> journal;  ///< of what is not complete
  std::vector<std::int64_t> none;

  std::vector<std::byte> packed(std::int64_t block, std::span<const ImageDescriptors> images) const;
  std::vector<Head> heads_of(std::int64_t block) const;
  void write() const;
  void write_rows(ArtifactWriter& writer, const std::vector<Head>& heads) const;
  template <typename T>
  void copy_rows(ArtifactWriter& writer, const char* name, std::int64_t block, std::int64_t offset, std::int64_t first,
                 std::int64_t rows, std::int64_t columns) const;
};

std::vector<std::byte> DescriptorFile::State::packed(std::int64_t block,
                                                     std::span<const ImageDescriptors> images) const {
  require(std::ssize(images) == partition.block(block).size(), "block {} wants {} images, was given {}", block,
          partition.block(block).size(), images.size());
  std::vector<Head> heads;
  for (const auto& image : images) {
    const auto keypoints = std::ssize(image.keypoints);
    const auto wanted = static_cast<std::size_t>(keypoints * shape.columns);
    require(image.bytes.size() == (shape.bytes ? wanted : 0) && image.floats.size() == (shape.bytes ? 0 : wanted),
            "block {}: {} keypoints of {} columns, with {} bytes and {} floats", block, keypoints, shape.columns,
            image.bytes.size(), image.floats.size());
    require(keypoints == 0 || image.status == ImageStatus::ok, "block {}: an image that is {} has {} keypoints", block,
            status_name(image.status), keypoints);
    heads.push_back({keypoints, image.width, image.height, static_cast<std::int64_t>(image.status)});
  }
  std::vector<std::byte> bytes;
  append_bytes(bytes, heads);
  for (const auto& image : images) append_bytes(bytes, image.keypoints);
  for (const auto& image : images) shape.bytes ? append_bytes(bytes, image.bytes) : append_bytes(bytes, image.floats);
  return bytes;
}

// Of a block that the journal has; what does not fit was not written here.
std::vector<Head> DescriptorFile::State::heads_of(std::int64_t block) const {
  std::vector<Head> heads(static_cast<std::size_t>(partition.block(block).size()));
  const auto head_bytes = std::ssize(heads) * static_cast<std::int64_t>(sizeof(Head));
  journal->read(block, 0, heads.data(), head_bytes);
  const std::int64_t bytes = journal->size(block) - head_bytes;
  const auto row_bytes = static_cast<std::int64_t>(sizeof(Keypoint)) + shape.columns * value_bytes(shape.bytes);
  std::int64_t rows = 0;
  bool sound = true;
  for (const auto& head : heads) {
    sound = sound && head.keypoints >= 0 && head.keypoints <= bytes / row_bytes && rows <= bytes / row_bytes;
    rows += sound ? head.keypoints : 0;
  }
  if (!sound || rows * row_bytes != bytes)
    throw FileError(path + ".partial", fmt::format("its block {} does not fit its images: damaged. Remove it, and run "
                                                   "the same command again",
                                                   block));
  return heads;
}

template <typename T>
void DescriptorFile::State::copy_rows(ArtifactWriter& writer, const char* name, std::int64_t block, std::int64_t offset,
                                      std::int64_t first, std::int64_t rows, std::int64_t columns) const {
  const auto row_bytes = columns * static_cast<std::int64_t>(sizeof(T));
  std::vector<T> values;
  for_pieces(rows, row_bytes, [&](RowRange piece) {
    values.resize(static_cast<std::size_t>(piece.size() * columns));
    journal->read(block, offset + piece.begin * row_bytes, values.data(), piece.size() * row_bytes);
    writer.write_rows<T>(name, first + piece.begin, values);
  });
}

void DescriptorFile::State::write_rows(ArtifactWriter& writer, const std::vector<Head>& heads) const {
  std::int64_t first = 0;
  for (std::int64_t block = 0; block < partition.blocks(); ++block) {
    const RowRange images = partition.block(block);
    std::int64_t rows = 0;
    for (auto i = images.begin; i < images.end; ++i) rows += heads[static_cast<std::size_t>(i)].keypoints;
    const auto keypoints = images.size() * static_cast<std::int64_t>(sizeof(Head));
    const auto descriptors = keypoints + rows * static_cast<std::int64_t>(sizeof(Keypoint));
    copy_rows<float>(writer, "keypoint", block, keypoints, first, rows, kFields);
    if (shape.bytes)
      copy_rows<std::uint8_t>(writer, "descriptors", block, descriptors, first, rows, shape.columns);
    else
      copy_rows<float>(writer, "descriptors", block, descriptors, first, rows, shape.columns);
    first += rows;
  }
}

// By the root, at the speed of one writer: sealing the file reads it by one as well, and MPI-IO cannot write texts.
void DescriptorFile::State::write() const {
  std::vector<Head> heads;
  for (std::int64_t block = 0; block < partition.blocks(); ++block)
    for (const auto& head : heads_of(block)) heads.push_back(head);
  const std::int64_t images = std::ssize(heads);
  std::vector<std::int64_t> first = {0};
  std::vector<std::int32_t> extents;
  std::vector<std::uint8_t> statuses;
  for (const auto& head : heads) {
    first.push_back(first.back() + head.keypoints);
    extents.insert(extents.end(), {head.width, head.height});
    statuses.push_back(static_cast<std::uint8_t>(head.status));
  }
  ArtifactWriter writer(path, recipe, Communicator::self());
  writer.put<std::int64_t>("first", {images + 1}, first);
  writer.put<std::int32_t>("extent", {images, 2}, extents);
  writer.put<std::uint8_t>("status", {images}, statuses);
  writer.put_texts("path", identities.paths);
  writer.put<std::uint64_t>("content_hash", {images}, identities.hashes);
  writer.create<float>("keypoint", {first.back(), kFields});
  if (shape.bytes)
    writer.create<std::uint8_t>("descriptors", {first.back(), shape.columns});
  else
    writer.create<float>("descriptors", {first.back(), shape.columns});
  write_rows(writer, heads);
  writer.finish();
}

DescriptorFile::DescriptorFile(const std::string& path, const Recipe& recipe, DescriptorShape shape,
                               const RowIdentities& identities, bool overwrite, const Communicator& comm)
    : state_(new State{path, recipe, shape, {}, comm, RowPartition(0, 1, 1), false, {}, {}}) {
  require(shape.columns >= 1 && shape.block_images >= 1, "descriptors of {} columns in blocks of {} images",
          shape.columns, shape.block_images);
  State& state = *state_;
  const std::string folder = path + ".partial";
  std::int64_t images = 0;
  comm.on_root([&] {
    require(identities.paths.size() == identities.hashes.size(), "{}: {} paths, {} hashes", path,
            identities.paths.size(), identities.hashes.size());
    state.identities = identities;
    images = std::ssize(identities.paths);
    state.complete = is_current(path, recipe, overwrite);
    if (state.complete && !fs::is_symlink(folder)) remove_folder(folder);  // it was killed on its last line
  });
  comm.broadcast(std::span(&state.complete, 1));
  comm.broadcast(std::span(&images, 1));
  state.partition = RowPartition(images, shape.block_images, 1);
  if (state.complete) return;
  state.journal = std::make_unique<BlockJournal>(folder, recipe, layout_text(shape, images), state.partition.blocks(),
                                                 overwrite, comm);
}

DescriptorFile::~DescriptorFile() = default;

bool DescriptorFile::complete() const { return state_->complete; }
const std::vector<std::int64_t>& DescriptorFile::missing() const {
  return state_->complete ? state_->none : state_->journal->missing();
}
std::int64_t DescriptorFile::found() const {
  return state_->complete ? state_->partition.blocks() : state_->journal->found();
}
RowRange DescriptorFile::images_of(std::int64_t block) const { return state_->partition.block(block); }

void DescriptorFile::commit(std::int64_t block, std::span<const ImageDescriptors> images) {
  state_->journal->append(block, state_->packed(block, images));
}

void DescriptorFile::pause() {
  state_->comm.together([&] { state_->journal->sync(); });
}

void DescriptorFile::finish() {
  State& state = *state_;
  state.journal->look();
  const auto& missing = state.journal->missing();
  require(missing.empty(), "{}.partial: {} blocks did not reach the disk, the first is {}; run the same command again",
          state.path, missing.size(), missing.empty() ? 0 : missing.front());
  state.comm.on_root([&] {
    state.write();
    state.journal->remove();
  });
  state.complete = true;
}

struct DescriptorReader::Files {
  RawFile file;
  std::int64_t columns;
  bool bytes;
  std::int64_t descriptors, keypoints;  ///< where they begin in the file

  void read(RowRange range, void* out) const {
    const std::int64_t row = columns * value_bytes(bytes);
    file.read(out, range.size() * row, descriptors + range.begin * row);
  }
};

namespace {

// Rows of bytes become float32 as they are read.
template <typename Files>
class DescriptorRows final : public RowSource {
 public:
  DescriptorRows(std::shared_ptr<const Files> files, std::int64_t rows, std::vector<std::int64_t> sample)
      : files_(std::move(files)), rows_(rows), sample_(std::move(sample)) {}

  std::int64_t rows() const override { return sample_.empty() ? rows_ : std::ssize(sample_); }
  std::int64_t columns() const override { return files_->columns; }
  void read(RowRange range, float* out) const override {
    if (sample_.empty()) return read_stored(range, out);
    for (std::int64_t i = range.begin; i < range.end; ++i, out += columns()) {
      const std::int64_t row = sample_[static_cast<std::size_t>(i)];
      read_stored({row, row + 1}, out);
    }
  }

 private:
  void read_stored(RowRange range, float* out) const {
    if (!files_->bytes) return files_->read(range, out);
    std::vector<std::uint8_t> piece;
    for_pieces(range.size(), files_->columns, [&](RowRange part) {
      piece.resize(static_cast<std::size_t>(part.size() * files_->columns));
      files_->read({range.begin + part.begin, range.begin + part.end}, piece.data());
      std::copy(piece.begin(), piece.end(), out + part.begin * files_->columns);
    });
  }

  std::shared_ptr<const Files> files_;
  std::int64_t rows_;
  std::vector<std::int64_t> sample_;
};

}  // namespace

DescriptorReader::DescriptorReader(const Study& study, std::string name)
    : name_(std::move(name)), artifact_(study.open(Kind::descriptors, name_)) {
  bytes_ = artifact_.has("descriptors") && artifact_.type("descriptors") == "uint8";
  const Shape shape = checked_shape(artifact_, "descriptors", bytes_ ? "uint8" : "float32", {kAny, kAny});
  const std::int64_t rows = shape[0];
  columns_ = shape[1];
  const std::int64_t descriptors = artifact_.place("descriptors").offset;
  if (columns_ < 1 || columns_ > INT32_MAX)
    refuse(artifact_, "descriptors", fmt::format("has {} rows of {} columns: damaged", rows, columns_));
  for (const auto status : read_values<std::uint8_t>(artifact_, "status", {kAny}))
    statuses_.push_back(static_cast<ImageStatus>(status));
  first_ = read_numbers<std::int64_t>(artifact_, "first", {images() + 1}, 0, rows + 1);
  if (first_.front() != 0 || first_.back() != rows || !std::is_sorted(first_.begin(), first_.end()))
    refuse(artifact_, "first", fmt::format("does not divide {} rows among the images: damaged", rows));
  for (std::size_t i = 0; i < statuses_.size(); ++i)
    if (statuses_[i] != ImageStatus::ok && first_[i] != first_[i + 1])
      refuse(artifact_, "first", fmt::format("gives rows to image {}, whose status says that it failed: damaged", i));
  extents_ = read_values<std::int32_t>(artifact_, "extent", {images(), 2});
  checked_shape(artifact_, "keypoint", "float32", {rows, kFields});
  const std::int64_t keypoints = artifact_.place("keypoint").offset;
  files_ = std::shared_ptr<const Files>(new Files{RawFile(path()), columns_, bytes_, descriptors, keypoints});
}

RowIdentities DescriptorReader::identities() const {
  return {read_texts(artifact_, "path", images()), read_values<std::uint64_t>(artifact_, "content_hash", {images()})};
}

void DescriptorReader::read(RowRange range, std::uint8_t* out) const {
  require(bytes_, "{}: its descriptors are float32, not bytes", path());
  files_->read(range, out);
}

void DescriptorReader::read(RowRange range, float* out) const {
  require(!bytes_, "{}: its descriptors are bytes, not float32", path());
  files_->read(range, out);
}

std::vector<Keypoint> DescriptorReader::keypoints(RowRange range) const {
  std::vector<Keypoint> keypoints(static_cast<std::size_t>(range.size()));
  const auto row = static_cast<std::int64_t>(sizeof(Keypoint));
  files_->file.read(keypoints.data(), range.size() * row, files_->keypoints + range.begin * row);
  return keypoints;
}

std::unique_ptr<RowSource> DescriptorReader::open_rows(std::vector<std::int64_t> sample) const {
  return std::make_unique<DescriptorRows<Files>>(files_, rows(), std::move(sample));
}

}  // namespace coterie::inline artifacts
