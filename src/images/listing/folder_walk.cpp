#include "listing/folder_walk.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <condition_variable>
#include <cstring>
#include <exception>
#include <iterator>
#include <memory>
#include <mutex>
#include <string_view>
#include <thread>

#include "coterie/images/shard.hpp"
#include "decode/header.hpp"
#include "listing/suffixes.hpp"

namespace coterie::inline images {

namespace {

/// A folder that is open, by what tells it apart whatever its path, and the one that it was met in.
struct Ancestor {
  dev_t device;
  ino_t inode;
  std::shared_ptr<const Ancestor> parent;

  bool lies_in(const struct stat& folder) const {
    for (const Ancestor* at = this; at != nullptr; at = at->parent.get())
      if (at->device == folder.st_dev && at->inode == folder.st_ino) return true;
    return false;
  }
};

struct Folder {
  std::string path;      ///< to open it by
  std::string relative;  ///< to the root; empty for the root itself
  std::shared_ptr<const Ancestor> parent;
};

struct CloseFolder {
  void operator()(DIR* folder) const { ::closedir(folder); }
};

/// By the first bytes of a file in the open folder; false where they cannot be read.
bool begins_as_image(int folder, const char* name) {
  const int file = ::openat(folder, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (file < 0) return false;
  std::array<std::uint8_t, kSignatureBytes> head{};
  const ssize_t got = ::pread(file, head.data(), head.size(), 0);
  ::close(file);
  return got > 0 && is_image_format({head.data(), static_cast<std::size_t>(got)});
}

enum class EntryKind { file, folder, nothing, other, unreadable, link_not_followed };

/// Folders that wait to be read, and the threads that read them.
class Walk {
 public:
  Walk(std::string root, const ListingOptions& options)
      : follow_links_(options.follow_links), by_content_(options.by_content), root_(std::move(root)) {
    waiting_.push_back({root_, "", nullptr});
  }

  /// Until no folder is left; on each thread, each with contents of its own.
  void run(FolderContents& found) {
    std::unique_lock lock(mutex_);
    while (true) {
      changed_.wait(lock, [&] { return !waiting_.empty() || busy_ == 0 || error_; });
      if (waiting_.empty() || error_) break;
      const Folder folder = std::move(waiting_.back());
      waiting_.pop_back();
      ++busy_;
      lock.unlock();
      std::exception_ptr failure;
      try {
        read(folder, found);
      } catch (...) {
        failure = std::current_exception();
      }
      lock.lock();
      if (failure) error_ = failure;
      if (--busy_ == 0 || failure) changed_.notify_all();
    }
  }

  void rethrow() const {
    if (error_) std::rethrow_exception(error_);
  }

 private:
  void problem(FolderContents& found, const std::string& path, const std::string& reason) const {
    found.problems.push_back({path.empty() ? root_ : path, reason});
  }

  void read(const Folder& folder, FolderContents& found) {
    const std::unique_ptr<DIR, CloseFolder> stream(::opendir(folder.path.c_str()));
    if (!stream)
      return problem(found, folder.relative, "the folder cannot be read: " + std::string(std::strerror(errno)));
    struct stat status {};
    if (::fstat(::dirfd(stream.get()), &status) != 0) return problem(found, folder.relative, "cannot be read");
    if (folder.parent && folder.parent->lies_in(status))
      return problem(found, folder.relative, "a link that leads back to a folder it lies in; not followed");
    const auto own = std::make_shared<const Ancestor>(Ancestor{status.st_dev, status.st_ino, folder.parent});
    while (true) {
      errno = 0;
      const dirent* entry = ::readdir(stream.get());
      if (entry == nullptr) break;
      take(folder, own, ::dirfd(stream.get()), *entry, found);
    }
    if (errno != 0)
      problem(found, folder.relative, "the folder cannot be read to its end: " + std::string(std::strerror(errno)));
  }

  EntryKind kind_of(int folder, const dirent& entry, int& error) const {
    error = 0;
    unsigned char type = entry.d_type;
    struct stat status {};
    if (type == DT_UNKNOWN && ::fstatat(folder, entry.d_name, &status, AT_SYMLINK_NOFOLLOW) == 0)
      type = static_cast<unsigned char>(IFTODT(status.st_mode));
    if (type == DT_LNK) {
      if (!follow_links_) return EntryKind::link_not_followed;
      if (::fstatat(folder, entry.d_name, &status, 0) != 0) {
        error = errno;
        return error == ENOENT || error == ENOTDIR ? EntryKind::nothing : EntryKind::unreadable;
      }
      type = static_cast<unsigned char>(IFTODT(status.st_mode));
    }
    if (type == DT_DIR) return EntryKind::folder;
    return type == DT_REG ? EntryKind::file : EntryKind::other;
  }

  void take(const Folder& folder, const std::shared_ptr<const Ancestor>& own, int descriptor, const dirent& entry,
            FolderContents& found) {
    const std::string_view name = entry.d_name;
    if (name == "." || name == "..") return;
    if (name.front() == '.') {
      ++found.passed_over;
      return;
    }
    int error = 0;
    const EntryKind kind = kind_of(descriptor, entry, error);
    std::string relative = folder.relative.empty() ? std::string(name) : fmt::format("{}/{}", folder.relative, name);
    const bool shard = has_shard_suffix(relative);
    const bool image = has_image_suffix(relative) ||
                       (by_content_ && kind == EntryKind::file && !shard && begins_as_image(descriptor, entry.d_name));
    if (kind == EntryKind::folder) {
      push({fmt::format("{}/{}", folder.path, name), std::move(relative), own});
    } else if (kind == EntryKind::link_not_followed || (!image && !shard)) {
      ++found.passed_over;
      ++found.passed_suffixes[lower_suffix(relative)];
    } else if (kind == EntryKind::file) {
      (image ? found.images : found.shards).push_back(std::move(relative));
    } else if (kind == EntryKind::nothing) {
      problem(found, relative, "a link to nothing");
    } else if (kind == EntryKind::unreadable) {
      problem(found, relative, "cannot be read: " + std::string(std::strerror(error)));
    } else {
      problem(found, relative, "neither a file nor a folder");
    }
  }

  void push(Folder folder) {
    const std::lock_guard lock(mutex_);
    waiting_.push_back(std::move(folder));
    changed_.notify_one();
  }

  const bool follow_links_, by_content_;
  const std::string root_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Folder> waiting_;
  int busy_ = 0;  // threads that read a folder and may yet find others
  std::exception_ptr error_;
};

template <typename T>
void append(std::vector<T>& to, std::vector<T>& from) {
  if (to.empty()) to.swap(from);
  to.insert(to.end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
}

}  // namespace

FolderContents walk_folder(const std::string& root, const ListingOptions& options) {
  Walk walk(root, options);
  std::vector<FolderContents> found(static_cast<std::size_t>(options.threads));
  {
    std::vector<std::jthread> team;
    for (std::size_t i = 1; i < found.size(); ++i) team.emplace_back([&, i] { walk.run(found[i]); });
    walk.run(found[0]);
  }
  walk.rethrow();
  FolderContents all = std::move(found[0]);
  for (std::size_t i = 1; i < found.size(); ++i) {
    append(all.images, found[i].images);
    append(all.shards, found[i].shards);
    append(all.problems, found[i].problems);
    all.passed_over += found[i].passed_over;
    for (const auto& [suffix, count] : found[i].passed_suffixes) all.passed_suffixes[suffix] += count;
  }
  return all;
}

}  // namespace coterie::inline images
