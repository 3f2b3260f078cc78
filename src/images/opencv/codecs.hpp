#pragma once

#include <cstdint>
#include <opencv2/core.hpp>
#include <string>
#include <vector>

/// What libcoterie_opencv_codecs.so shows.
extern "C" {
void coterie_opencv_decode(const cv::Mat& file, cv::Mat& image);
bool coterie_opencv_encode(const std::string& suffix, const cv::Mat& image, const std::vector<int>& parameters,
                           std::vector<std::uint8_t>& bytes);
}
