#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace cv {
class Mat;
}

namespace coterie::inline images {

/// cv::imdecode and cv::imencode, from a library of coterie's own that is opened when first needed: Debian's OpenCV
/// brings 140 libraries along for formats that coterie does not read. What OpenCV throws comes through.

/// The picture in `file`, BGR, as deep as it is stored, not turned; empty when it does not decode.
cv::Mat opencv_decode(std::span<const std::uint8_t> file);

/// The bytes of a file of the format that `suffix` (".png", ".jpg") names; `parameters` are cv::ImwriteFlags and their
/// values. Throws Error when OpenCV cannot.
std::vector<std::uint8_t> opencv_encode(const std::string& suffix, const cv::Mat& bgr,
                                        const std::vector<int>& parameters);

}  // namespace coterie::inline images
