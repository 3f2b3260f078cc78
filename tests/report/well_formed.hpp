#pragma once

#include <string>

namespace coterie {

/// What keeps a text from being well-formed, tag by tag: unbalanced or misnested elements, attributes without
/// quotes, a bare & or <, an id used twice, a link to an id that is not there. "" when nothing does.
std::string markup_fault(const std::string& markup);

}  // namespace coterie
