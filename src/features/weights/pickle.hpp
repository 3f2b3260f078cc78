#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "weights/byte_reader.hpp"
#include "weights/number_format.hpp"

namespace coterie::inline features {

/// A tensor as a PyTorch pickle describes it: a strided window on a storage that lies elsewhere in the file.
/// Lengths and offsets count elements and are as the file says: unchecked.
struct TensorView {
  std::string storage;  ///< its key
  NumberFormat format = NumberFormat::float32;
  std::int64_t offset = 0;
  std::vector<std::int64_t> shape, strides;
};

/// One object of a pickle. Containers point at their items, which the Unpickler owns.
struct PickleValue {
  enum class Kind { none, boolean, integer, real, text, tuple, list, dict, global, storage, tensor };
  Kind kind = Kind::none;
  std::int64_t integer = 0;
  double real = 0;
  std::string text;                                            ///< of text; the dotted name of a global
  std::vector<PickleValue*> items;                             ///< of tuple and list
  std::vector<std::pair<PickleValue*, PickleValue*>> entries;  ///< of dict
  TensorView tensor;                                           ///< of tensor and storage
};

/// Reads pickles (protocol 2, with what Python 2 wrote and what later protocols add to it) without running anything:
/// only plain values, containers, and what PyTorch needs for tensors can be built. A pickle that names any other class
/// or function is refused by that name. Work and memory are linear in the pickle's length, and bounded.
class Unpickler {
 public:
  explicit Unpickler(ByteReader& reader) : reader_(reader) {}

  /// The object of the pickle that begins at the reader's position, which moves behind it. It lives as long as
  /// the Unpickler. Throws FileError.
  const PickleValue& read();

  /// From now on a persistent id that is this number or its digits stands for this tensor (the tar form's way).
  void define_tensor(const std::string& id, TensorView tensor) { defined_[id] = std::move(tensor); }

  /// The number format that a global such as "torch.FloatStorage" or "torch.cuda.HalfTensor" names. Throws FileError.
  NumberFormat format_of(const PickleValue& type) const;

  /// The number format of each storage that a pickle read so far refers to.
  using StorageFormats = std::map<std::string, NumberFormat>;
  const StorageFormats& storage_formats() const { return storage_formats_; }

 private:
  using Kind = PickleValue::Kind;

  bool step(std::uint8_t opcode);
  bool step_scalar(std::uint8_t opcode);
  bool step_text(std::uint8_t opcode);
  bool step_container(std::uint8_t opcode);
  bool step_object(std::uint8_t opcode);

  PickleValue& make(Kind kind);
  void push(PickleValue& value) { stack_.push_back(&value); }
  void push_integer(std::int64_t value) { (push(make(Kind::integer)), stack_.back()->integer = value); }
  void push_text(std::string text) { (push(make(Kind::text)), stack_.back()->text = std::move(text)); }
  void push_items(Kind kind, std::vector<PickleValue*> items) {
    (push(make(kind)), stack_.back()->items = std::move(items));
  }
  void push_long(std::uint64_t length);
  void push_decimal(std::string digits);
  void push_real();
  void push_global(const std::string& module, const std::string& name);
  void push_persistent();
  void push_storage(const PickleValue& id);
  void get(std::uint64_t slot);
  PickleValue& pop();
  PickleValue& top(Kind kind);
  std::vector<PickleValue*> pop_count(std::size_t count);
  std::vector<PickleValue*> pop_to_mark();
  void append(const std::vector<PickleValue*>& items);
  void set_items(const std::vector<PickleValue*>& keys_and_values);
  void call();
  void build();
  PickleValue& rebuild_tensor(const std::vector<PickleValue*>& arguments);
  std::vector<std::int64_t> integers(const PickleValue& value);
  std::int64_t integer(const PickleValue& value);

  ByteReader& reader_;
  std::deque<PickleValue> values_;  // all of them, so that cycles need no counting and nesting no recursion
  std::vector<PickleValue*> stack_;
  std::vector<std::size_t> marks_;
  std::map<std::uint64_t, PickleValue*> memo_;
  std::map<std::string, TensorView> defined_;
  StorageFormats storage_formats_;
};

}  // namespace coterie::inline features
