#include "coterie/images/image_status.hpp"

#include "coterie/base/errors.hpp"

namespace coterie::inline images {

namespace {

struct Words {
  std::string_view name, explanation;
};

Words words(ImageStatus status) {
  switch (status) {
    case ImageStatus::ok:
      return {"ok", "The image was read and takes part."};
    case ImageStatus::unreadable:
      return {"unreadable", "The file is there but could not be read: permissions, or a disk error."};
    case ImageStatus::empty:
      return {"empty", "The file has no bytes."};
    case ImageStatus::unsupported:
      return {"unsupported", "The file is no image, or of a kind that coterie does not decode."};
    case ImageStatus::damaged:
      return {"damaged", "The image ends early or its data contradict themselves."};
    case ImageStatus::too_large:
      return {"too large", "The image has more pixels or bytes than the limit allows."};
    case ImageStatus::duplicate:
      return {"duplicate", "Another file of the collection has the same bytes and takes part in its place."};
    case ImageStatus::not_found:
      return {"not found", "The list names this file, but there is none of that name (any more)."};
    case ImageStatus::changed:
      return {"changed", "The file is not what it was when it was scanned; scan again to take it as it is now."};
    case ImageStatus::pending:
      return {"pending", "The image has not been looked at yet."};
  }
  throw InvalidArgument(fmt::format("{} is no status of an image", static_cast<int>(status)));
}

}  // namespace

std::string_view status_name(ImageStatus status) { return words(status).name; }

std::string_view status_explanation(ImageStatus status) { return words(status).explanation; }

}  // namespace coterie::inline images
