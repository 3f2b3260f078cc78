#pragma once

#include <opencv2/core.hpp>
#include <string>

#include "coterie/images/decode.hpp"

namespace coterie::inline report {

bool is_jpeg(const std::string& suffix);

/// The bytes of a picture's file, in the format of that suffix. Throws Error where OpenCV cannot.
std::string encode(const cv::Mat& bgr, const std::string& suffix, int jpeg_quality);

/// Copies RGB into a BGR matrix of the same size.
void copy_pixels(const Image& image, cv::Mat target);

}  // namespace coterie::inline report
