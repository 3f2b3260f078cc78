#include "coterie/store/block_journal.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include "coterie/base/digest.hpp"
#include "coterie/base/errors.hpp"
#include "coterie/base/new_file.hpp"
#include "coterie/store/raw_file.hpp"
#include "coterie/store/study.hpp"

namespace coterie::inline store {
namespace fs = std::filesystem;
namespace {

constexpr const char* kSuffix = ".blocks";
constexpr std::int64_t kPiece = 8 << 20;  // bytes that are read at once to be hashed

// As it lies before its payload.
struct Header {
  std::uint64_t own_hash = 0;  // of the three that follow
  std::int64_t block = 0, bytes = 0;
  std::uint64_t payload_hash = 0;

  std::uint64_t hash() const { return hash64(&block, sizeof(Header) - sizeof own_hash); }
};
static_assert(sizeof(Header) == 32);

// Where a sound record's payload lies.
struct Record {
  std::int64_t block = 0, file = 0, offset = 0, bytes = 0;
};

std::uint64_t payload_hash(const RawFile& file, const Header& header, std::int64_t offset, std::vector<char>& buffer) {
  Hash64 hash(static_cast<std::uint64_t>(header.block));
  buffer.resize(static_cast<std::size_t>(std::min(header.bytes, kPiece)));
  for (std::int64_t done = 0; done < header.bytes;) {
    const auto piece = std::min(header.bytes - done, kPiece);
    file.read(buffer.data(), piece, offset + done);
    hash.update(buffer.data(), static_cast<std::size_t>(piece));
    done += piece;
  }
  return hash.value();
}

// The sound records of one file. A header that is none ends it, since where the next one begins is not known then.
void find_records(const std::string& path, std::int64_t number, std::int64_t blocks, std::vector<Record>& found) {
  const RawFile file(path);
  const auto end = static_cast<std::int64_t>(fs::file_size(path));
  constexpr auto kHeader = static_cast<std::int64_t>(sizeof(Header));
  std::vector<char> buffer;
  for (std::int64_t at = 0; at + kHeader <= end;) {
    Header header;
    file.read(&header, kHeader, at);
    at += kHeader;
    if (header.own_hash != header.hash() || header.bytes < 0 || header.bytes > end - at) return;
    if (header.block >= 0 && header.block < blocks && payload_hash(file, header, at, buffer) == header.payload_hash)
      found.push_back({header.block, number, at, header.bytes});
    at += header.bytes;
  }
}

std::string text_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

// Names that are START-RANK.blocks, sorted.
std::vector<std::string> block_files(const std::string& folder) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder))
    if (entry.path().extension() == kSuffix && entry.is_regular_file() && !entry.is_symlink())
      names.push_back(entry.path().filename().string());
  std::sort(names.begin(), names.end());
  return names;
}

// The number of the start after the last one there was.
std::int64_t next_start(const std::string& folder) {
  std::int64_t last = 0;
  for (const auto& name : block_files(folder)) last = std::max<std::int64_t>(last, std::atoll(name.c_str()));
  return last + 1;
}

class AppendedFile {
 public:
  explicit AppendedFile(std::string path)
      : path_(std::move(path)),
        number_(open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0666)) {
    if (number_ < 0) throw FileError(path_, write_fault(path_, errno));
  }
  ~AppendedFile() { close(number_); }
  AppendedFile(const AppendedFile&) = delete;
  AppendedFile& operator=(const AppendedFile&) = delete;

  void write(const void* data, std::size_t bytes) {
    const auto* from = static_cast<const char*>(data);
    while (bytes > 0) {
      const ssize_t done = ::write(number_, from, bytes);
      if (done < 0 && errno == EINTR) continue;
      if (done < 0) throw FileError(path_, write_fault(path_, errno));
      from += done;
      bytes -= static_cast<std::size_t>(done);
    }
  }

  void sync() const {
    if (fsync(number_) != 0) throw FileError(path_, write_fault(path_, errno));
  }

 private:
  std::string path_;
  int number_;
};

}  // namespace

struct BlockJournal::State {
  std::string folder;
  std::int64_t blocks;
  const Communicator& comm;
  std::int64_t start = 0;
  std::unique_ptr<AppendedFile> own;
  std::vector<std::unique_ptr<RawFile>> files;  ///< as of the last look
  std::map<std::int64_t, Record> records;       ///< by block
  std::vector<std::int64_t> missing;

  void prepare(const Recipe& recipe, const std::string& layout, bool overwrite) const;
  bool goes_on(const Recipe& recipe, const std::string& layout, bool overwrite) const;
};

// Whether what lies there is of this recipe and layout. Of another recipe, it is in the way unless it may be
// overwritten.
bool BlockJournal::State::goes_on(const Recipe& recipe, const std::string& layout, bool overwrite) const {
  const std::string kept = folder + "/recipe";
  if (!fs::exists(kept)) return false;  // killed before it had one
  Recipe there;
  try {
    there = Recipe::parse(text_of(kept));
  } catch (const Error&) {
    return false;  // cut short
  }
  if (there.digest() != recipe.digest() && overwrite) return false;
  require_same_recipe(folder, there, recipe);
  return text_of(folder + "/layout") == layout;
}

// On the root. The recipe comes last: a folder without one was not begun.
void BlockJournal::State::prepare(const Recipe& recipe, const std::string& layout, bool overwrite) const {
  if (fs::is_symlink(folder)) throw FileError(folder, "is a link; nothing is written through one. Remove it");
  if (fs::exists(folder) && !fs::is_directory(folder))
    throw FileError(folder, "is a file where the folder of an unfinished artifact belongs. Remove it");
  if (goes_on(recipe, layout, overwrite)) return;
  remove_folder(folder);
  make_folder(folder);
  write_new_file(folder + "/layout", layout);
  write_new_file(folder + "/recipe", recipe.text());
}

BlockJournal::BlockJournal(std::string folder, const Recipe& recipe, const std::string& layout, std::int64_t blocks,
                           bool overwrite, const Communicator& comm)
    : state_(new State{std::move(folder), blocks, comm, 0, {}, {}, {}, {}}) {
  comm.on_root([&] {
    state_->prepare(recipe, layout, overwrite);
    state_->start = next_start(state_->folder);
  });
  comm.broadcast(std::span(&state_->start, 1));
  look();
}

BlockJournal::~BlockJournal() = default;

const std::vector<std::int64_t>& BlockJournal::missing() const { return state_->missing; }
std::int64_t BlockJournal::found() const { return std::ssize(state_->records); }

void BlockJournal::append(std::int64_t block, std::span<const std::byte> payload) {
  State& state = *state_;
  require(block >= 0 && block < state.blocks, "{}: block {} of {}", state.folder, block, state.blocks);
  if (!state.own)
    state.own = std::make_unique<AppendedFile>(
        fmt::format("{}/{:06}-{:06}{}", state.folder, state.start, state.comm.rank(), kSuffix));
  Header header{0, block, std::ssize(payload),
                hash64(payload.data(), payload.size(), static_cast<std::uint64_t>(block))};
  header.own_hash = header.hash();
  state.own->write(&header, sizeof header);
  state.own->write(payload.data(), payload.size());
}

void BlockJournal::sync() {
  if (state_->own) state_->own->sync();
}

void BlockJournal::look() {
  State& state = *state_;
  state.comm.barrier();  // what the others append before they come here is there
  std::string list;
  state.comm.on_root([&] { list = fmt::format("{}", fmt::join(block_files(state.folder), "\n")); });
  state.comm.broadcast(list);
  std::vector<std::string> names;
  std::istringstream lines(list);
  for (std::string name; std::getline(lines, name);) names.push_back(name);
  std::vector<Record> own;
  state.files.clear();
  state.comm.together([&] {
    for (std::int64_t i = 0; i < std::ssize(names); ++i) {
      const std::string path = state.folder + "/" + names[static_cast<std::size_t>(i)];
      state.files.push_back(std::make_unique<RawFile>(path));
      if (i % state.comm.size() == state.comm.rank()) find_records(path, i, state.blocks, own);
    }
  });
  auto all = state.comm.gather_all(std::span<const Record>(own));
  std::sort(all.begin(), all.end(),
            [](const Record& a, const Record& b) { return std::pair(a.file, a.offset) < std::pair(b.file, b.offset); });
  state.records.clear();
  for (const auto& record : all) state.records.emplace(record.block, record);
  state.missing.clear();
  for (std::int64_t block = 0; block < state.blocks; ++block)
    if (!state.records.contains(block)) state.missing.push_back(block);
}

std::int64_t BlockJournal::size(std::int64_t block) const { return state_->records.at(block).bytes; }

void BlockJournal::read(std::int64_t block, std::int64_t offset, void* out, std::int64_t bytes) const {
  const Record& record = state_->records.at(block);
  if (offset < 0 || bytes < 0 || offset > record.bytes - bytes)
    throw FileError(state_->folder,
                    fmt::format("holds a block {} of {} bytes where more are wanted: damaged. Remove it, and run the "
                                "same command again",
                                block, record.bytes));
  state_->files[static_cast<std::size_t>(record.file)]->read(out, bytes, record.offset + offset);
}

void BlockJournal::remove() {
  state_->own.reset();
  state_->files.clear();
  remove_folder(state_->folder);
}

}  // namespace coterie::inline store
