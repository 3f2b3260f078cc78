#pragma once

#include <string>
#include <string_view>

namespace coterie::inline report {

/// Bytes from anywhere (file names, metadata) as text that is safe in HTML content and in quoted attributes, and
/// well-formed in XML. `& < > " '` become entities; bytes that are no UTF-8, characters that XML forbids, and the
/// invisible ones that turn the direction of writing around become U+FFFD; control characters become their
/// pictures (a newline is shown as U+240A).
std::string html_text(std::string_view bytes);

/// A relative file path as a URL: each byte outside [A-Za-z0-9._~/-] as %XX, and "./" before it, so that no file
/// name can pass for a scheme ("javascript:…").
std::string html_link(std::string_view path);

/// RFC 4648 with padding, in one line.
std::string base64(std::string_view bytes);

/// "'sha256-…'": the script or style with this text, as a content policy allows it.
std::string hash_source(std::string_view text);

/// JSON that may stand inside of a script element: nothing in it can end one.
std::string script_json(std::string_view json);

/// "data:image/jpeg;base64,…".
std::string data_uri(std::string_view media_type, std::string_view bytes);

}  // namespace coterie::inline report
