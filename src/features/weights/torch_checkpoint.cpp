// The container is legacy_save of torch/serialization.py: five pickles (a magic number, the protocol, the machine, the
// object, the storages' keys) and then, for each storage, an int64 count of elements and the data. Tensors are calls of
// torch/_utils.py's _rebuild_tensor_v2.

#include "coterie/features/torch_checkpoint.hpp"

#include <string_view>

#include "coterie/base/digest.hpp"
#include "coterie/base/errors.hpp"
#include "coterie/base/new_file.hpp"
#include "coterie/base/pickle_writer.hpp"

namespace coterie::inline features {
namespace {

using Entry = TorchCheckpoint::Entry;

std::int64_t elements_of(const Entry& entry) {
  std::int64_t elements = 1;
  for (const auto length : entry.shape) elements *= length;
  return elements;
}

bool is_whole(const Entry& entry) { return !entry.read; }

// The object, and the storages in the order of their keys 0, 1, 2, ...
class Writer {
 public:
  explicit Writer(const TorchCheckpoint& checkpoint) : checkpoint_(checkpoint) {}

  std::string object() {
    out_.raw("}(");
    out_.text("epoch");
    out_.integer(checkpoint_.epoch);
    out_.text("arch");
    out_.text(checkpoint_.arch);
    out_.text("state_dict");
    out_.global("collections", "OrderedDict");
    out_.raw(")R(");
    for (const auto& entry : checkpoint_.state_dict) {
      out_.text(entry.name);
      tensor(entry);
    }
    out_.raw("u");
    out_.text("optimizer");
    optimizer();
    out_.text("coterie");
    out_.raw("}(");
    for (const auto& [name, value] : checkpoint_.numbers) {
      out_.text(name);
      out_.integer(value);
    }
    out_.raw("uu");
    return out_.finish();
  }

  const std::vector<const Entry*>& storages() const { return storages_; }

 private:
  void tensor(const Entry& entry) {
    const std::int64_t elements = elements_of(entry);
    out_.global("torch._utils", "_rebuild_tensor_v2");
    out_.raw("((");
    out_.text("storage");
    out_.global("torch", is_whole(entry) ? "LongStorage" : "FloatStorage");
    out_.text(fmt::format("{}", storages_.size()));
    out_.text("cpu");
    out_.integer(elements);
    out_.raw("NtQ");
    storages_.push_back(&entry);
    out_.integer(0);
    out_.integers(entry.shape);
    std::vector<std::int64_t> strides(entry.shape.size());
    std::int64_t stride = 1;
    for (std::size_t axis = strides.size(); axis-- > 0; stride *= entry.shape[axis]) strides[axis] = stride;
    out_.integers(strides);
    out_.raw("\x89");
    out_.global("collections", "OrderedDict");
    out_.raw(")RtR");
  }

  void optimizer() {
    out_.raw("}(");
    out_.text("state");
    out_.raw("}(");
    for (std::size_t i = 0; i < checkpoint_.optimised.size(); ++i) {
      if (checkpoint_.optimised[i].empty()) continue;
      out_.integer(static_cast<std::int64_t>(i));
      out_.raw("}(");
      for (const auto& entry : checkpoint_.optimised[i]) {
        out_.text(entry.name);
        tensor(entry);
      }
      out_.raw("u");
    }
    out_.raw("u");
    out_.text("param_groups");
    out_.raw("](}(");
    for (const auto& [name, values] : checkpoint_.settings) {
      out_.text(name);
      if (values.size() != 1) out_.raw("(");
      for (const double value : values) out_.real(value);
      if (values.size() != 1) out_.raw("t");
    }
    out_.text("params");
    out_.raw("](");
    for (std::int64_t i = 0; i < std::ssize(checkpoint_.optimised); ++i) out_.integer(i);
    out_.raw("eueu");
  }

  const TorchCheckpoint& checkpoint_;
  PickleWriter out_;
  std::vector<const Entry*> storages_;
};

std::string head() {
  PickleWriter magic;
  magic.raw(std::string_view("\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19", 12));
  PickleWriter protocol;
  protocol.integer(1001);
  PickleWriter machine;
  machine.raw("}(");
  machine.text("protocol_version");
  machine.integer(1001);
  machine.text("little_endian");
  machine.raw("\x88");
  machine.text("type_sizes");
  machine.raw("}(");
  for (const auto& [name, bytes] : {std::pair("short", 2), std::pair("int", 4), std::pair("long", 4)}) {
    machine.text(name);
    machine.integer(bytes);
  }
  machine.raw("uu");
  return fmt::format("{}{}{}", magic.finish(), protocol.finish(), machine.finish());
}

}  // namespace

std::string write_torch_checkpoint(const TorchCheckpoint& checkpoint, const std::string& path) {
  NewFile file(path);
  Sha256 digest;
  const auto put = [&](const void* data, std::size_t bytes) {
    file.write({static_cast<const char*>(data), bytes});
    digest.update(data, bytes);
  };
  Writer writer(checkpoint);
  const std::string object = head() + writer.object();
  put(object.data(), object.size());
  PickleWriter keys;
  keys.raw("](");
  for (std::size_t i = 0; i < writer.storages().size(); ++i) keys.text(fmt::format("{}", i));
  keys.raw("e");
  const std::string list = keys.finish();
  put(list.data(), list.size());
  for (const Entry* entry : writer.storages()) {
    const std::int64_t elements = elements_of(*entry);
    put(&elements, sizeof elements);
    if (is_whole(*entry)) {
      put(&entry->whole, sizeof entry->whole);
      continue;
    }
    const std::vector<float> values = entry->read();
    require(std::ssize(values) == elements, "{}: {} numbers for a tensor of {}", entry->name, values.size(), elements);
    put(values.data(), values.size() * sizeof(float));
  }
  file.finish();
  return digest.hex();
}

}  // namespace coterie::inline features
