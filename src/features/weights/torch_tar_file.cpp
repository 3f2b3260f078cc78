// PyTorch's oldest container (before 0.1.8, in 2017), as legacy_load of torch/serialization.py reads it: a tar archive
// of
//   storages  a pickled count, for each a pickled (key, location, type), an int64 count of elements and the data; then
//             a pickled list of views (key, key of the whole, offset, elements)
//   tensors   a pickled count, for each a pickled (key, key of its storage, type), then int32 dimensions, 4 bytes of
//             padding, and as int64 the shape, the strides and the offset
//   pickle    the object, in which a tensor is a persistent id: its key
// Tar: POSIX.1-1988 ("ustar"); pax records between the members are passed over.

#include <map>
#include <string_view>

#include "coterie/base/errors.hpp"
#include "weights/torch_state.hpp"

namespace coterie::inline features {
namespace {

using Kind = PickleValue::Kind;

constexpr std::size_t kBlock = 512;
constexpr std::uint32_t kMostDimensions = 16;

std::uint64_t octal(const ByteReader& reader, std::string_view digits) {
  std::uint64_t value = 0;
  for (const char digit : digits.substr(0, digits.find_first_of(std::string_view(" \0", 2)))) {
    if (digit < '0' || digit > '7') reader.fail("its tar archive is damaged (a member's header)");
    value = value * 8 + static_cast<std::uint64_t>(digit - '0');
  }
  return value;
}

// The sum of the header's bytes with the checksum itself counted as blanks.
std::uint64_t checksum(std::string_view header) {
  std::uint64_t sum = 8 * ' ';
  for (std::size_t i = 0; i < header.size(); ++i)
    if (i < 148 || i >= 156) sum += static_cast<unsigned char>(header[i]);
  return sum;
}

std::map<std::string, Bytes> read_tar_directory(const FileBytes& file) {
  ByteReader reader(file.bytes, file.path);
  std::map<std::string, Bytes> members;
  while (reader.remaining() >= kBlock) {
    const std::string header = reader.text(kBlock);
    if (header.find_first_not_of('\0') == std::string::npos) break;
    const std::string_view fields(header);
    const std::string sum(fields.substr(148, 8));
    if (octal(reader, std::string_view(sum).substr(sum.find_first_not_of(' ') % 8)) != checksum(fields))
      reader.fail("its tar archive is damaged (a member's checksum)");
    const std::uint64_t size = octal(reader, fields.substr(124, 12));
    const Bytes data = reader.take(size);
    reader.take(std::min<std::uint64_t>((kBlock - size % kBlock) % kBlock, reader.remaining()));
    if (const char type = header[156]; type == '0' || type == '\0') members[header.substr(0, 100).c_str()] = data;
  }
  return members;
}

ByteReader open_member(const FileBytes& file, const std::map<std::string, Bytes>& members, const std::string& name) {
  const auto member = members.find(name);
  if (member == members.end())
    throw FileError(file.path,
                    fmt::format("is a tar archive without '{}': not made by torch.save, or truncated", name));
  return {member->second, file.path};
}

std::string key_of(const PickleValue& value) {
  return value.kind == Kind::integer ? fmt::format("{}", value.integer) : value.text;
}

const PickleValue& read_tuple(Unpickler& unpickler, const ByteReader& reader, std::size_t items) {
  const PickleValue& value = unpickler.read();
  if ((value.kind != Kind::tuple && value.kind != Kind::list) || value.items.size() != items)
    reader.fail(fmt::format("its tar archive is damaged (a record of {} was due)", items));
  return value;
}

std::int64_t read_count(Unpickler& unpickler, const ByteReader& reader) {
  const PickleValue& value = unpickler.read();
  if (value.kind != Kind::integer || value.integer < 0) reader.fail("its tar archive is damaged (a count was due)");
  return value.integer;
}

// A storage, or a part of one, as the tensors name it: where it lies and from which element on.
using Roots = std::map<std::string, TensorView>;

void read_storages(ByteReader reader, Storages& storages, Roots& roots) {
  Unpickler unpickler(reader);
  for (std::int64_t left = read_count(unpickler, reader); left > 0; --left) {
    const PickleValue& record = read_tuple(unpickler, reader, 3);
    TensorView root;
    root.storage = key_of(*record.items[0]);
    root.format = unpickler.format_of(*record.items[2]);
    storages[root.storage] = take_storage(reader, root.storage, root.format);
    roots[root.storage] = root;
  }
  for (const PickleValue* view : unpickler.read().items) {
    if (view->items.size() != 4 || view->items[2]->integer < 0) reader.fail("its tar archive is damaged (a view)");
    const auto root = roots.find(key_of(*view->items[1]));
    if (root == roots.end()) reader.fail("its tar archive is damaged (a view of a storage that is missing)");
    TensorView part = root->second;
    part.offset = view->items[2]->integer;
    roots[key_of(*view->items[0])] = part;
  }
}

void read_tensors(ByteReader reader, const Roots& roots, Unpickler& into) {
  Unpickler unpickler(reader);
  for (std::int64_t left = read_count(unpickler, reader); left > 0; --left) {
    const PickleValue& record = read_tuple(unpickler, reader, 3);
    const auto root = roots.find(key_of(*record.items[1]));
    if (root == roots.end()) reader.fail("its tar archive is damaged (a tensor's storage is missing)");
    TensorView tensor = root->second;
    const std::uint32_t dimensions = reader.u32();
    if (dimensions > kMostDimensions) reader.fail(fmt::format("holds a tensor of {} dimensions", dimensions));
    reader.take(4);
    for (auto* lengths : {&tensor.shape, &tensor.strides})
      for (std::uint32_t axis = 0; axis < dimensions; ++axis)
        lengths->push_back(static_cast<std::int64_t>(reader.u64()));
    const auto offset = static_cast<std::int64_t>(reader.u64());
    if (offset < 0 || offset > kMostElements || tensor.offset > kMostElements)
      reader.fail("its tar archive is damaged (a tensor's offset)");
    tensor.offset += offset;
    into.define_tensor(key_of(*record.items[0]), std::move(tensor));
  }
}

}  // namespace

WeightFile read_torch_tar(const FileBytes& file) {
  const auto members = read_tar_directory(file);
  Storages storages;
  Roots roots;
  read_storages(open_member(file, members, "storages"), storages, roots);
  ByteReader reader = open_member(file, members, "pickle");
  Unpickler unpickler(reader);
  read_tensors(open_member(file, members, "tensors"), roots, unpickler);
  return read_state_dict(file, "PyTorch tar", unpickler.read(), storages);
}

}  // namespace coterie::inline features
