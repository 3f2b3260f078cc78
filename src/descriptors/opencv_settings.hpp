#pragma once

namespace coterie::inline descriptors {

/// Makes OpenCV work on its caller's thread and print nothing: the images are what is shared out among threads. To be
/// called before any other function of OpenCV's: cv::setNumThreads takes away the pool that another thread may just be
/// working with. Any thread may call it, and all wait until the first call is done.
void settle_opencv();

}  // namespace coterie::inline descriptors
