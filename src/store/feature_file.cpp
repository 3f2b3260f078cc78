#include "coterie/store/feature_file.hpp"

#include <filesystem>
#include <tuple>

#include "coterie/base/digest.hpp"
#include "coterie/base/new_file.hpp"
#include "coterie/base/number.hpp"
#include "coterie/store/raw_file.hpp"
#include "coterie/store/study.hpp"
#include "parallel_file.hpp"

namespace coterie::inline store {
namespace fs = std::filesystem;
namespace {

std::uint64_t block_hash(std::int64_t block, std::span<const float> rows, std::span<const std::uint8_t> statuses) {
  Hash64 hash(static_cast<std::uint64_t>(block));
  hash.update(rows.data(), rows.size_bytes());
  hash.update(statuses.data(), statuses.size_bytes());
  return hash.value() == 0 ? 1 : hash.value();  // 0 is what an unwritten entry holds
}

// Where the parts of a block lie, to check it without HDF5.
class BlockChecker {
 public:
  explicit BlockChecker(const std::string& path) : reader_(path), file_(path) {
    require_datasets();
    const auto shape = reader_.shape("features");
    const auto blocks = reader_.shape("block_hash").at(0);
    columns_ = shape.at(1);
    block_rows_ = parse_as<std::int64_t>(reader_.attribute("block_rows")).value_or(0);
    if (block_rows_ > 0) partition_ = RowPartition(shape.at(0), block_rows_, 1);
    if (block_rows_ <= 0 || partition_.blocks() != blocks)
      throw FileError(path, fmt::format("its journal does not fit its rows: edited; {} --overwrite makes it anew",
                                        reader_.maker()));
    features_ = reader_.place("features").offset;
    statuses_ = reader_.place("status").offset;
    const DatasetPlace place = reader_.place("block_hash");
    journal_.resize(static_cast<std::size_t>(blocks));  // raw: a file that is not finished has no checksums yet
    file_.read(journal_.data(), place.bytes, place.offset);
  }

  // Blocks are read and written past HDF5's types.
  void require_datasets() const {
    const auto rows = reader_.shape("features").at(0);
    for (const auto& [name, type, dimensions] :
         {std::tuple{"features", "float32", 2}, {"status", "uint8", 1}, {"block_hash", "uint64", 1}})
      if (reader_.type(name) != type || std::ssize(reader_.shape(name)) != dimensions ||
          (std::string_view(name) == "status" && reader_.shape(name)[0] != rows))
        throw FileError(reader_.path(), fmt::format("its dataset \"{}\" is not what coterie writes there: edited; {} "
                                                    "--overwrite makes it anew",
                                                    name, reader_.maker()));
  }

  const RowPartition& partition() const { return partition_; }
  std::int64_t columns() const { return columns_; }
  std::int64_t rows() const { return reader_.shape("features").at(0); }

  bool sound(std::int64_t block) {
    const RowRange range = partition_.block(block);
    rows_.resize(static_cast<std::size_t>(range.size() * columns_));
    row_statuses_.resize(static_cast<std::size_t>(range.size()));
    const auto bytes = static_cast<std::int64_t>(sizeof(float));
    file_.read(rows_.data(), range.size() * columns_ * bytes, features_ + range.begin * columns_ * bytes);
    file_.read(row_statuses_.data(), range.size(), statuses_ + range.begin);
    return block_hash(block, rows_, row_statuses_) == journal_[static_cast<std::size_t>(block)];
  }

 private:
  ArtifactReader reader_;
  RawFile file_;
  RowPartition partition_{0, 1, 1};
  std::int64_t columns_ = 0, block_rows_ = 0, features_ = 0, statuses_ = 0;
  std::vector<std::uint64_t> journal_;
  std::vector<float> rows_;
  std::vector<std::uint8_t> row_statuses_;
};

void write_texts(hid_t dataset, const std::vector<std::string>& texts, const std::string& path) {
  std::vector<const char*> pointers;
  for (const auto& text : texts) pointers.push_back(text.c_str());
  if (texts.empty()) return;
  h5::check(H5Dwrite(dataset, h5::string_type(), H5S_ALL, H5S_ALL, H5P_DEFAULT, pointers.data()), "H5Dwrite", path);
}

// By one rank: MPI-IO cannot write texts, whose lengths vary.
void create_file(const std::string& path, const Recipe& recipe, const FeatureShape& shape,
                 const RowIdentities& identities) {
  require(std::ssize(identities.paths) == shape.rows && std::ssize(identities.hashes) == shape.rows,
          "{}: {} rows want as many identities, were given {} paths and {} hashes", path, shape.rows,
          identities.paths.size(), identities.hashes.size());
  make_folder(fs::path(path).parent_path());
  const std::string fresh = path + ".new";
  clear_place(fresh);
  const Unfinished unfinished(fresh);
  const RowPartition partition(shape.rows, shape.block_rows, 1);
  h5::Id file = h5::create_parallel_file(fresh, Communicator::self());
  std::vector<h5::Id> datasets;
  const auto create = [&](const char* name, hid_t type, const std::vector<std::int64_t>& extent) {
    datasets.push_back(h5::create_dataset(file, name, type, extent, fresh));
  };
  create("features", H5T_IEEE_F32LE, {shape.rows, shape.columns});
  create("status", H5T_STD_U8LE, {shape.rows});
  create("block_hash", H5T_STD_U64LE, {partition.blocks()});
  create("content_hash", H5T_STD_U64LE, {shape.rows});
  h5::write_rows(datasets.back(), 0, identities.hashes.data(), shape.rows, H5T_NATIVE_UINT64, fresh);
  create("path", h5::string_type(), {shape.rows});
  write_texts(datasets.back(), identities.paths, fresh);
  h5::write_text_attribute(file, "block_rows", fmt::to_string(shape.block_rows), fresh);
  h5::write_text_attribute(file, h5::kRecipe, recipe.text(), fresh);
  h5::flush_and_close(file, std::move(datasets), fresh);
  const RawFile raw(fresh);
  raw.claim_space();
  raw.sync();
  put_in_place(fresh, path);
}

// Blocks are written in place, so what bears the name must be the file itself.
void refuse_link(const std::string& path) {
  if (fs::is_symlink(path)) throw FileError(path, "is a link; features are not written through one. Remove it");
}

// Whether what was begun there is of this recipe: then it goes on, also when it is to be made again. Anything else is
// in the way unless it may be overwritten.
bool goes_on(const std::string& partial, const Recipe& recipe, bool overwrite) {
  if (!overwrite) return is_current(partial, recipe, false);
  try {
    return fs::exists(partial) && ArtifactReader(partial).recipe().digest() == recipe.digest();
  } catch (const FileError&) {
    return false;  // cut short
  }
}

}  // namespace

struct FeatureFile::State {
  std::string path, partial;
  Recipe recipe;
  const Communicator& comm;
  RowPartition partition;
  std::int64_t rows, columns;
  bool complete = false;
  std::vector<std::int64_t> missing;
  h5::Id file, features, statuses, journal;

  void prepare(const FeatureShape& shape, const RowIdentities& identities, bool overwrite);
  void find_missing(const std::string& where);
  void open();
  void close();
};

// On the root: afterwards either the final file or the partial one is there, with the wanted recipe.
void FeatureFile::State::prepare(const FeatureShape& shape, const RowIdentities& identities, bool overwrite) {
  refuse_link(partial);
  if (is_current(path, recipe, overwrite)) return;
  if (goes_on(partial, recipe, overwrite)) return;
  create_file(partial, recipe, shape,
              identities);  // a finished file of another recipe stays until this one replaces it
}

// Each rank checks its share of the blocks; reads every byte once, at disk speed.
void FeatureFile::State::find_missing(const std::string& where) {
  std::vector<std::int64_t> sound(static_cast<std::size_t>(partition.blocks()), 0);
  comm.together([&] {
    BlockChecker checker(where);
    if (checker.rows() != rows || checker.columns() != columns)
      throw FileError(where,
                      fmt::format("holds {} rows of {} where {} of {} are wanted: edited; coterie {} --overwrite "
                                  "makes it anew",
                                  checker.rows(), checker.columns(), rows, columns, recipe.stage()));
    const RowPartition mine(partition.blocks(), 1, comm.size());
    for (auto b = mine.rows_of(comm.rank()).begin; b < mine.rows_of(comm.rank()).end; ++b)
      sound[static_cast<std::size_t>(b)] = checker.sound(b);
  });
  comm.sum(sound);
  for (std::int64_t b = 0; b < partition.blocks(); ++b)
    if (sound[static_cast<std::size_t>(b)] == 0) missing.push_back(b);
}

void FeatureFile::State::open() {
  comm.on_root([&] { h5::clear_side_files(partial); });
  comm.announce("H5Fopen");
  comm.together([&] {
    file = h5::open_parallel_file(partial, comm);
    features = h5::open_dataset(file, "features", partial);
    statuses = h5::open_dataset(file, "status", partial);
    journal = h5::open_dataset(file, "block_hash", partial);
  });
}

void FeatureFile::State::close() {
  std::vector<h5::Id> datasets;
  for (h5::Id* dataset : {&features, &statuses, &journal}) datasets.push_back(std::move(*dataset));
  h5::flush_and_close(file, std::move(datasets), partial);
}

FeatureFile::FeatureFile(const std::string& path, const Recipe& recipe, FeatureShape shape,
                         const RowIdentities& identities, bool overwrite, const Communicator& comm)
    : state_(new State{path,
                       path + ".partial",
                       recipe,
                       comm,
                       RowPartition(shape.rows, shape.block_rows, 1),
                       shape.rows,
                       shape.columns,
                       false,
                       {},
                       {},
                       {},
                       {},
                       {}}) {
  State& state = *state_;
  comm.on_root([&] { state.prepare(shape, identities, overwrite); });
  bool finished = false;
  if (comm.is_root()) finished = !fs::exists(state.partial);
  comm.broadcast(std::span(&finished, 1));
  state.find_missing(finished ? state.path : state.partial);
  state.complete = finished && state.missing.empty();
  if (state.complete) return;
  if (finished)
    comm.on_root([&] {
      refuse_link(state.path);
      put_in_place(state.path, state.partial);
    });
  state.open();
}

FeatureFile::~FeatureFile() = default;

bool FeatureFile::complete() const { return state_->complete; }
const std::vector<std::int64_t>& FeatureFile::missing() const { return state_->missing; }
std::int64_t FeatureFile::found() const {
  return state_->partition.blocks() - static_cast<std::int64_t>(state_->missing.size());
}
RowRange FeatureFile::rows_of(std::int64_t block) const { return state_->partition.block(block); }

void FeatureFile::commit(std::int64_t block, std::span<const float> rows, std::span<const std::uint8_t> statuses) {
  const RowRange range = state_->partition.block(block);
  require(static_cast<std::int64_t>(rows.size()) == range.size() * state_->columns &&
              static_cast<std::int64_t>(statuses.size()) == range.size(),
          "block {} wants {} rows of {}, was given {} numbers and {} statuses", block, range.size(), state_->columns,
          rows.size(), statuses.size());
  const std::uint64_t hash = block_hash(block, rows, statuses);
  const auto count = static_cast<std::int64_t>(rows.size());
  h5::write_rows(state_->features, range.begin, rows.data(), count, H5T_NATIVE_FLOAT, state_->partial);
  h5::write_rows(state_->statuses, range.begin, statuses.data(), range.size(), H5T_NATIVE_UINT8, state_->partial);
  h5::write_rows(state_->journal, block, &hash, 1, H5T_NATIVE_UINT64, state_->partial);
}

void FeatureFile::pause() {
  state_->comm.announce("H5Fclose");
  state_->comm.together([&] {
    state_->close();
    RawFile(state_->partial).sync();
  });
}

void FeatureFile::finish() {
  State& state = *state_;
  state.comm.announce("H5Fclose");
  state.comm.together([&] { state.close(); });
  state.missing.clear();
  state.find_missing(state.partial);
  require(state.missing.empty(), "{}: {} blocks did not reach the file, the first is {}; run the same command again",
          state.partial, state.missing.size(), state.missing.empty() ? 0 : state.missing.front());
  state.comm.on_root([&] {
    seal_artifact(state.partial, state.recipe);
    put_in_place(state.partial, state.path);
  });
  state.complete = true;
}

bool has_journal(const ArtifactReader& artifact) { return artifact.has("block_hash"); }

std::vector<std::int64_t> damaged_blocks(const std::string& path) {
  BlockChecker checker(path);
  std::vector<std::int64_t> damaged;
  for (std::int64_t b = 0; b < checker.partition().blocks(); ++b)
    if (!checker.sound(b)) damaged.push_back(b);
  return damaged;
}

}  // namespace coterie::inline store
