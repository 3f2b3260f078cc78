#pragma once

namespace coterie {

/// The address of `function` in `library` ("libcoterie_torch.so"), a shared library of coterie's own that is opened
/// when first asked for and stays open. It is looked for where the program looks for its libraries: beside it, and in
/// ../lib/coterie.
///
/// What brings hundreds of libraries along (LibTorch 286, OpenCV's codecs 140) is reached like this, so that commands
/// that have no use for it start in milliseconds. Throws Error when the library or the function is not there.
void* on_demand(const char* library, const char* function);

}  // namespace coterie
