#pragma once

#include <string>

#include "coterie/images/decode.hpp"
#include "coterie/report/report.hpp"

namespace coterie {

/// A complete report about a collection that does not exist: 796 listed images of seven kinds of shapes, clustered
/// with k = 6, 8, 10 and 12; 8 is chosen. One file name tries to break the page; one image cannot be read.
Report made_up_report();

/// The picture of one of its paths ("circles/0012.png"), drawn; throws for the unreadable one.
Image made_up_image(const std::string& path);

inline const std::string kHostileName = "circles/</li><script>alert(\"1\")</script>\xFF&'\n.png";
inline const std::string kUnreadableName = "stripes/broken.png";

}  // namespace coterie
