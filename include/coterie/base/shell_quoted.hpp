#pragma once

#include <string>

namespace coterie {

/// A word as a shell takes it: as it is where it holds nothing that a shell would read otherwise, else between single
/// quotes. Every command that a message offers is made of such words: people paste it.
std::string shell_quoted(const std::string& word);

}  // namespace coterie
