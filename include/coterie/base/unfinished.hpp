#pragma once

#include <string>

namespace coterie {

/// A file or folder that is being written under a name that it will not keep: known from here to the end of its
/// writing, which removes what still lies there, so that neither an error nor a signal leaves any behind. Threads may
/// make and end them at any time.
class Unfinished {
 public:
  using Clear = void (*)(const std::string& path);

  /// `clear_more` removes what others have put beside it; what it throws is passed over.
  explicit Unfinished(std::string path, Clear clear_more = nullptr);
  ~Unfinished();
  Unfinished(const Unfinished&) = delete;
  Unfinished& operator=(const Unfinished&) = delete;

 private:
  std::string path_;
  Clear clear_more_;
};

/// Removes what is known as unfinished now; a folder with all that is in it. For the end of the program alone: a thread
/// that begins something afterwards waits for that end.
void remove_unfinished();

}  // namespace coterie
