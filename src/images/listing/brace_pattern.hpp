#pragma once

#include <string>
#include <vector>

namespace coterie::inline images {

/// The texts that a pattern stands for, in its order, as the shell and WebDataset have it: "{000..002}" counts (with
/// leading zeros where either end has them, and "..STEP"), "{a,b}" lists, several multiply, and they nest. Braces that
/// hold neither stay as they are. Throws InvalidArgument for more than a million.
std::vector<std::string> expand_braces(const std::string& pattern);

}  // namespace coterie::inline images
