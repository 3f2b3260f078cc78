#include "opencv_settings.hpp"

#include <mutex>
#include <opencv2/core.hpp>

namespace coterie::inline descriptors {
namespace {

// OpenCV prints what it throws.
int say_nothing(int, const char*, const char*, const char*, int, void*) { return 0; }

}  // namespace

void settle_opencv() {
  static std::once_flag once;
  std::call_once(once, [] {
    cv::setNumThreads(1);
    cv::redirectError(say_nothing);
  });
}

}  // namespace coterie::inline descriptors
