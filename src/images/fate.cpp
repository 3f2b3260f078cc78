#include "coterie/images/fate.hpp"

#include "coterie/base/errors.hpp"

namespace coterie::inline images {

namespace {

struct Words {
  std::string_view name, explanation;
};

Words words(Fate fate) {
  switch (fate) {
    case Fate::ok:
      return {"ok", "The image was read and takes part."};
    case Fate::unreadable:
      return {"unreadable", "The file is there but could not be read: permissions, or a disk error."};
    case Fate::empty:
      return {"empty", "The file has no bytes."};
    case Fate::unsupported:
      return {"unsupported", "The file is no image, or of a kind that coterie does not decode."};
    case Fate::damaged:
      return {"damaged", "The image ends early or its data contradict themselves."};
    case Fate::too_large:
      return {"too large", "The image has more pixels or bytes than the limit allows."};
    case Fate::duplicate:
      return {"duplicate", "Another file of the collection has the same bytes and takes part in its place."};
    case Fate::not_found:
      return {"not found", "The list names this file, but there is none of that name (any more)."};
    case Fate::changed:
      return {"changed", "The file is not what it was when it was scanned; scan again to take it as it is now."};
    case Fate::pending:
      return {"pending", "The image has not been looked at yet."};
  }
  throw InvalidArgument(fmt::format("{} is no fate of an image", static_cast<int>(fate)));
}

}  // namespace

std::string_view fate_name(Fate fate) { return words(fate).name; }

std::string_view fate_explanation(Fate fate) { return words(fate).explanation; }

}  // namespace coterie::inline images
