#pragma once

#include <cstdint>
#include <opencv2/core.hpp>
#include <string>
#include <vector>

/// cv::imencode by itself, the one function of libcoterie_opencv_encoder.so: Debian's OpenCV brings 140 libraries along
/// for its codecs, so that library is opened when a montage is first written (coterie/base/on_demand.hpp).
extern "C" bool coterie_opencv_encode(const std::string& suffix, const cv::Mat& bgr, const std::vector<int>& parameters,
                                      std::vector<std::uint8_t>& bytes);
