// The opcodes are those of CPython's Lib/pickletools.py; what PyTorch's pickles call is in torch/serialization.py
// (persistent_load) and torch/_utils.py (_rebuild_*).

#include "pickle.hpp"

#include <bit>
#include <limits>

#include "coterie/base/errors.hpp"

namespace coterie {
namespace {

// A network has some thousand tensors, each some twenty values; beyond this the file means harm.
constexpr std::size_t kMostValues = std::size_t{1} << 20;
constexpr std::size_t kMostDimensions = 16;

// clang-format off
enum Opcode : std::uint8_t {
  kMark = '(', kStop = '.', kPop = '0', kPopMark = '1', kDup = '2', kBinFloat = 'G', kBinInt = 'J', kBinInt1 = 'K',
  kBinInt2 = 'M', kNone = 'N', kBinPersid = 'Q', kReduce = 'R', kBinString = 'T', kShortBinString = 'U',
  kBinUnicode = 'X', kAppend = 'a', kBuild = 'b', kGlobal = 'c', kDict = 'd', kEmptyDict = '}', kAppends = 'e',
  kGet = 'h', kLongGet = 'j', kList = 'l', kEmptyList = ']', kPut = 'q', kLongPut = 'r', kSetItem = 's', kTuple = 't',
  kEmptyTuple = ')', kSetItems = 'u', kBinBytes = 'B', kShortBinBytes = 'C', kProto = 0x80, kTuple1 = 0x85,
  kTuple2 = 0x86, kTuple3 = 0x87, kTrue = 0x88, kFalse = 0x89, kLong1 = 0x8a, kLong4 = 0x8b, kShortUnicode = 0x8c,
  kStackGlobal = 0x93, kMemoize = 0x94, kFrame = 0x95,
};
// clang-format on

const std::map<std::string, NumberFormat>& storage_types() {
  static const std::map<std::string, NumberFormat> kTypes = {
      {"torch.DoubleStorage", NumberFormat::float64}, {"torch.FloatStorage", NumberFormat::float32},
      {"torch.HalfStorage", NumberFormat::float16},   {"torch.BFloat16Storage", NumberFormat::bfloat16},
      {"torch.LongStorage", NumberFormat::int64},     {"torch.IntStorage", NumberFormat::int32},
      {"torch.ShortStorage", NumberFormat::int16},    {"torch.CharStorage", NumberFormat::int8},
      {"torch.ByteStorage", NumberFormat::uint8},     {"torch.BoolStorage", NumberFormat::boolean}};
  return kTypes;
}

bool is_allowed(const std::string& global) {
  return global == "collections.OrderedDict" || global == "torch._utils._rebuild_tensor" ||
         global == "torch._utils._rebuild_tensor_v2" || global == "torch._utils._rebuild_parameter" ||
         storage_types().contains(global);
}

}  // namespace

const PickleValue& Unpickler::read() {
  stack_.clear();
  marks_.clear();
  memo_.clear();
  while (true) {
    const std::uint8_t opcode = reader_.u8();
    if (opcode == kStop) return pop();
    if (!step(opcode))
      reader_.fail(fmt::format("its pickle uses opcode 0x{:02x}, which weights do not need; refused", opcode));
  }
}

bool Unpickler::step(std::uint8_t opcode) {
  return step_scalar(opcode) || step_text(opcode) || step_container(opcode) || step_object(opcode);
}

bool Unpickler::step_scalar(std::uint8_t opcode) {
  switch (opcode) {
    case kNone:
      push(make(Kind::none));
      return true;
    case kTrue:
    case kFalse:
      push(make(Kind::boolean));
      stack_.back()->integer = opcode == kTrue;
      return true;
    case kBinInt:
      push_integer(static_cast<std::int32_t>(reader_.u32()));
      return true;
    case kBinInt1:
      push_integer(reader_.u8());
      return true;
    case kBinInt2:
      push_integer(reader_.u16());
      return true;
    case kLong1:
      push_long(reader_.u8());
      return true;
    case kLong4:
      push_long(reader_.u32());
      return true;
    case kBinFloat:
      push_real();
      return true;
    default:
      return false;
  }
}

bool Unpickler::step_text(std::uint8_t opcode) {
  switch (opcode) {
    case kShortBinString:
    case kShortBinBytes:
    case kShortUnicode:
      push_text(reader_.text(reader_.u8()));
      return true;
    case kBinString:
    case kBinBytes:
    case kBinUnicode:
      push_text(reader_.text(reader_.u32()));
      return true;
    default:
      return false;
  }
}

bool Unpickler::step_container(std::uint8_t opcode) {
  switch (opcode) {
    case kMark:
      marks_.push_back(stack_.size());
      return true;
    case kPop:
      pop();
      return true;
    case kPopMark:
      pop_to_mark();
      return true;
    case kDup:
      push(pop());
      stack_.push_back(stack_.back());
      return true;
    case kEmptyTuple:
      push(make(Kind::tuple));
      return true;
    case kTuple1:
      push_items(Kind::tuple, pop_count(1));
      return true;
    case kTuple2:
      push_items(Kind::tuple, pop_count(2));
      return true;
    case kTuple3:
      push_items(Kind::tuple, pop_count(3));
      return true;
    case kTuple:
      push_items(Kind::tuple, pop_to_mark());
      return true;
    case kEmptyList:
      push(make(Kind::list));
      return true;
    case kList:
      push_items(Kind::list, pop_to_mark());
      return true;
    case kAppend:
      append(pop_count(1));
      return true;
    case kAppends:
      append(pop_to_mark());
      return true;
    case kEmptyDict:
      push(make(Kind::dict));
      return true;
    case kDict: {
      const auto entries = pop_to_mark();
      push(make(Kind::dict));
      set_items(entries);
      return true;
    }
    case kSetItem:
      set_items(pop_count(2));
      return true;
    case kSetItems:
      set_items(pop_to_mark());
      return true;
    default:
      return false;
  }
}

bool Unpickler::step_object(std::uint8_t opcode) {
  switch (opcode) {
    case kProto:
      reader_.u8();
      return true;
    case kFrame:
      reader_.u64();
      return true;
    case kPut:
      memo_[reader_.u8()] = &(push(pop()), *stack_.back());
      return true;
    case kLongPut:
      memo_[reader_.u32()] = &(push(pop()), *stack_.back());
      return true;
    case kMemoize:
      memo_[memo_.size()] = &(push(pop()), *stack_.back());
      return true;
    case kGet:
      get(reader_.u8());
      return true;
    case kLongGet:
      get(reader_.u32());
      return true;
    case kGlobal: {
      const std::string module = reader_.line();
      push_global(module, reader_.line());
      return true;
    }
    case kStackGlobal: {
      const std::string name = top(Kind::text).text;
      pop();
      const std::string module = top(Kind::text).text;
      pop();
      push_global(module, name);
      return true;
    }
    case kBinPersid:
      push_storage();
      return true;
    case kReduce:
      call();
      return true;
    case kBuild:
      pop();
      return true;  // the state of an OrderedDict (_metadata): of no use here
    default:
      return false;
  }
}

PickleValue& Unpickler::make(Kind kind) {
  if (values_.size() >= kMostValues)
    reader_.fail(fmt::format("its pickle holds over {} objects; refused", kMostValues));
  values_.emplace_back().kind = kind;
  return values_.back();
}

// Magic numbers are wider than 64 bits; their low bits suffice to be told apart.
void Unpickler::push_long(std::uint64_t length) {
  const Bytes digits = reader_.take(length);
  std::uint64_t value = 0;
  for (std::size_t i = std::min<std::size_t>(digits.size(), 8); i-- > 0;) value = value << 8 | digits[i];
  if (!digits.empty() && digits.size() < 8 && digits.back() >= 0x80) value |= ~std::uint64_t{0} << 8 * digits.size();
  push_integer(static_cast<std::int64_t>(value));
}

void Unpickler::push_real() {
  std::uint64_t bits = 0;
  for (const auto byte : reader_.take(8)) bits = bits << 8 | byte;  // the one big-endian number of the format
  push(make(Kind::real));
  stack_.back()->real = std::bit_cast<double>(bits);
}

void Unpickler::push_global(const std::string& module, const std::string& name) {
  const std::string global = module + "." + name;
  if (!is_allowed(global))
    reader_.fail(
        fmt::format("its pickle wants '{}', which weights do not need; refused. Save the state dict alone "
                    "(torch.save(model.state_dict(), …)) or as .safetensors",
                    global));
  push(make(Kind::global));
  stack_.back()->text = global;
}

// ('storage', type, key, location, elements[, None or (view key, view offset, view elements)])
void Unpickler::push_storage() {
  const PickleValue& id = top(Kind::tuple);
  pop();
  const auto& items = id.items;
  if (items.size() < 5 || items[0]->text != "storage" || items[1]->kind != Kind::global || items[2]->kind != Kind::text)
    reader_.fail("its pickle refers to something that is no storage of a tensor; refused");
  const auto type = storage_types().find(items[1]->text);
  if (type == storage_types().end()) reader_.fail(fmt::format("'{}' is no storage type", items[1]->text));
  PickleValue& storage = make(Kind::storage);
  storage.tensor.storage = items[2]->text;
  storage.tensor.format = type->second;
  storage_formats_[items[2]->text] = type->second;
  if (items.size() > 5 && items[5]->kind == Kind::tuple && items[5]->items.size() == 3)
    storage.tensor.offset = integer(*items[5]->items[1]);
  push(storage);
}

void Unpickler::get(std::uint64_t slot) {
  const auto value = memo_.find(slot);
  if (value == memo_.end()) reader_.fail(fmt::format("its pickle reads memo {}, which was not written", slot));
  push(*value->second);
}

PickleValue& Unpickler::pop() {
  if (stack_.size() <= (marks_.empty() ? 0 : marks_.back()))
    reader_.fail("its pickle is damaged (nothing on the stack)");
  PickleValue& value = *stack_.back();
  stack_.pop_back();
  return value;
}

PickleValue& Unpickler::top(Kind kind) {
  PickleValue& value = pop();
  push(value);
  if (value.kind != kind) reader_.fail("its pickle is damaged (an object of another kind was due)");
  return value;
}

std::vector<PickleValue*> Unpickler::pop_count(std::size_t count) {
  std::vector<PickleValue*> items(count);
  for (std::size_t i = count; i-- > 0;) items[i] = &pop();
  return items;
}

std::vector<PickleValue*> Unpickler::pop_to_mark() {
  if (marks_.empty()) reader_.fail("its pickle is damaged (no mark)");
  const auto first = stack_.begin() + static_cast<std::ptrdiff_t>(marks_.back());
  std::vector<PickleValue*> items(first, stack_.end());
  stack_.erase(first, stack_.end());
  marks_.pop_back();
  return items;
}

void Unpickler::append(const std::vector<PickleValue*>& items) {
  auto& list = top(Kind::list).items;
  list.insert(list.end(), items.begin(), items.end());
}

void Unpickler::set_items(const std::vector<PickleValue*>& keys_and_values) {
  if (keys_and_values.size() % 2 != 0) reader_.fail("its pickle is damaged (a key without a value)");
  auto& entries = top(Kind::dict).entries;
  for (std::size_t i = 0; i < keys_and_values.size(); i += 2)
    entries.emplace_back(keys_and_values[i], keys_and_values[i + 1]);
}

void Unpickler::call() {
  const PickleValue& arguments = top(Kind::tuple);
  pop();
  const std::string callee = top(Kind::global).text;
  pop();
  if (callee == "collections.OrderedDict") {
    // Python 3 fills it afterwards; Python 2 passes a list of pairs.
    PickleValue& dict = make(Kind::dict);
    push(dict);
    if (arguments.items.empty()) return;
    for (const PickleValue* pair : arguments.items[0]->items) {
      make(Kind::none);  // counts towards the limit: the same list may be passed often
      if (pair->items.size() != 2) reader_.fail("its pickle is damaged (an OrderedDict of no pairs)");
      set_items(pair->items);
    }
  } else if (callee == "torch._utils._rebuild_parameter") {
    if (arguments.items.empty() || arguments.items[0]->kind != Kind::tensor)
      reader_.fail("its pickle is damaged (a parameter without a tensor)");
    push(*arguments.items[0]);
  } else if (callee.starts_with("torch._utils._rebuild_tensor")) {
    push(rebuild_tensor(arguments.items));
  } else {
    reader_.fail(fmt::format("its pickle calls '{}'; refused", callee));
  }
}

// (storage, offset, size, stride[, requires_grad, hooks, metadata])
PickleValue& Unpickler::rebuild_tensor(const std::vector<PickleValue*>& arguments) {
  if (arguments.size() < 4 || arguments[0]->kind != Kind::storage)
    reader_.fail("its pickle is damaged (a tensor without a storage)");
  PickleValue& value = make(Kind::tensor);
  value.tensor = arguments[0]->tensor;
  const std::int64_t offset = integer(*arguments[1]);
  if (offset < 0 || value.tensor.offset < 0 || offset > std::numeric_limits<std::int64_t>::max() - value.tensor.offset)
    reader_.fail("its pickle is damaged (a tensor's offset)");
  value.tensor.offset += offset;
  value.tensor.shape = integers(*arguments[2]);
  value.tensor.strides = integers(*arguments[3]);
  return value;
}

std::vector<std::int64_t> Unpickler::integers(const PickleValue& value) {
  if ((value.kind != Kind::tuple && value.kind != Kind::list) || value.items.size() > kMostDimensions)
    reader_.fail("its pickle is damaged (a tensor's shape)");
  std::vector<std::int64_t> numbers;
  for (const PickleValue* item : value.items) numbers.push_back(integer(*item));
  return numbers;
}

std::int64_t Unpickler::integer(const PickleValue& value) {
  if (value.kind != Kind::integer) reader_.fail("its pickle is damaged (an integer was due)");
  return value.integer;
}

}  // namespace coterie
