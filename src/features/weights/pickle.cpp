// The opcodes are those of CPython's Lib/pickletools.py.

#include "weights/pickle.hpp"

#include <bit>

#include "coterie/base/errors.hpp"
#include "coterie/base/number.hpp"

namespace coterie::inline features {
namespace {

// A network has some thousand tensors, each some twenty values; beyond this the file means harm.
constexpr std::size_t kMostValues = std::size_t{1} << 20;
constexpr std::size_t kMostDimensions = 16;

// clang-format off
enum Opcode : std::uint8_t {
  kMark = '(', kStop = '.', kPop = '0', kPopMark = '1', kDup = '2', kBinFloat = 'G', kInt = 'I', kBinInt = 'J',
  kBinInt1 = 'K', kLong = 'L', kBinInt2 = 'M', kNone = 'N', kBinPersid = 'Q', kReduce = 'R', kBinString = 'T',
  kShortBinString = 'U', kBinUnicode = 'X', kAppend = 'a', kBuild = 'b', kGlobal = 'c', kDict = 'd', kEmptyDict = '}',
  kAppends = 'e', kGet = 'h', kLongGet = 'j', kList = 'l', kEmptyList = ']', kPut = 'q', kLongPut = 'r', kSetItem = 's', kTuple = 't',
  kEmptyTuple = ')', kSetItems = 'u', kBinBytes = 'B', kShortBinBytes = 'C', kProto = 0x80, kNewObject = 0x81,
  kTuple1 = 0x85, kTuple2 = 0x86, kTuple3 = 0x87, kTrue = 0x88, kFalse = 0x89, kLong1 = 0x8a, kLong4 = 0x8b, 
  kShortUnicode = 0x8c, kStackGlobal = 0x93, kMemoize = 0x94, kFrame = 0x95,
};
// clang-format on

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
    case kInt:
    case kLong:
      push_decimal(reader_.line());
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
      push_persistent();
      return true;
    case kReduce:
    case kNewObject:
      call();
      return true;
    case kBuild:
      build();
      return true;
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

// Magic numbers are wider than 64 bits; their low bits suffice to distinguish them.
void Unpickler::push_long(std::uint64_t length) {
  const Bytes digits = reader_.take(length);
  std::uint64_t value = 0;
  for (std::size_t i = std::min<std::size_t>(digits.size(), 8); i-- > 0;) value = value << 8 | digits[i];
  if (!digits.empty() && digits.size() < 8 && digits.back() >= 0x80) value |= ~std::uint64_t{0} << 8 * digits.size();
  push_integer(static_cast<std::int64_t>(value));
}

// Python 2 writes integers beyond 32 bits, such as the addresses that PyTorch used for keys, as text.
void Unpickler::push_decimal(std::string digits) {
  if (digits.ends_with('L')) digits.pop_back();
  const auto value = parse_as<std::int64_t>(digits);
  if (!value) reader_.fail("its pickle is damaged (an integer in digits)");
  push_integer(*value);
}

void Unpickler::push_real() {
  std::uint64_t bits = 0;
  for (const auto byte : reader_.take(8)) bits = bits << 8 | byte;  // the one big-endian number of the format
  push(make(Kind::real));
  stack_.back()->real = std::bit_cast<double>(bits);
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

}  // namespace coterie::inline features
