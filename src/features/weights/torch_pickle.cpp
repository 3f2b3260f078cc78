// What PyTorch's pickles call is in torch/serialization.py (persistent_load) and torch/_utils.py (_rebuild_*); the
// states that older versions wrote in torch/_tensor.py (__setstate__).

#include <limits>
#include <optional>
#include <set>
#include <string_view>

#include "coterie/base/errors.hpp"
#include "weights/pickle.hpp"

namespace coterie::inline features {
namespace {

// "torch.FloatStorage", "torch.cuda.FloatStorage", and the tensor types beside them.
std::optional<NumberFormat> number_format(std::string type, std::string_view ending) {
  static const std::map<std::string, NumberFormat> kFormats = {
      {"torch.Double", NumberFormat::float64}, {"torch.Float", NumberFormat::float32},
      {"torch.Half", NumberFormat::float16},   {"torch.BFloat16", NumberFormat::bfloat16},
      {"torch.Long", NumberFormat::int64},     {"torch.Int", NumberFormat::int32},
      {"torch.Short", NumberFormat::int16},    {"torch.Char", NumberFormat::int8},
      {"torch.Byte", NumberFormat::uint8},     {"torch.Bool", NumberFormat::boolean}};
  if (!type.ends_with(ending)) return std::nullopt;
  type.resize(type.size() - ending.size());
  if (type.starts_with("torch.cuda.")) type.erase(6, 5);
  const auto format = kFormats.find(type);
  return format == kFormats.end() ? std::nullopt : std::optional(format->second);
}

bool is_tensor_type(const std::string& global) { return number_format(global, "Tensor").has_value(); }

constexpr std::string_view kParameter = "torch.nn.parameter.Parameter";

// A module that TorchScript saved: its attributes, tensors and modules alike, are its state.
bool is_module(const std::string& global) { return global.starts_with("__torch__."); }

bool is_dictionary(const std::string& global) {
  return global == "collections.OrderedDict" || global == "collections.defaultdict" ||
         global == "pytorch_lightning.utilities.parsing.AttributeDict" ||
         global == "lightning.fabric.utilities.data.AttributeDict" ||
         global == "lightning_fabric.utilities.data.AttributeDict";
}

// What training keeps beside the weights in a checkpoint: its arguments, numbers of NumPy. They are passed over, never
// made.
bool is_passed_over(const std::string& global) {
  static const std::set<std::string, std::less<>> kNames = {"argparse.Namespace",
                                                            "pathlib.PosixPath",
                                                            "pathlib.Path",
                                                            "numpy.dtype",
                                                            "numpy.core.multiarray.scalar",
                                                            "numpy._core.multiarray.scalar",
                                                            "_codecs.encode",
                                                            "torch.Size",
                                                            "torch.device"};
  static const std::set<std::string, std::less<>> kTypes = {"list", "dict", "set", "int", "float"};
  for (const std::string_view module : {"builtins.", "__builtin__."})
    if (global.starts_with(module)) return kTypes.contains(std::string_view(global).substr(module.size()));
  return kNames.contains(global) || global.starts_with("torch.jit._pickle.");
}

bool is_allowed(const std::string& global) {
  return is_dictionary(global) || is_module(global) || is_passed_over(global) ||
         global == "torch._utils._rebuild_tensor" || global == "torch._utils._rebuild_tensor_v2" ||
         global == "torch._utils._rebuild_parameter" || global == kParameter || is_tensor_type(global) ||
         number_format(global, "Storage");
}

}  // namespace

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

void Unpickler::push_persistent() {
  const PickleValue& id = pop();
  if (id.kind == Kind::tuple) return push_storage(id);
  const auto tensor = defined_.find(id.kind == Kind::integer ? fmt::format("{}", id.integer) : id.text);
  if (tensor == defined_.end())
    reader_.fail(fmt::format("its pickle refers to object '{}', which is missing", id.text));
  PickleValue& value = make(Kind::tensor);
  value.tensor = tensor->second;
  push(value);
}

// ('storage', type, key, location, elements[, None or (view key, view offset, view elements)]). The location, such as
// "cuda:0", is where the data lay once.
void Unpickler::push_storage(const PickleValue& id) {
  const auto& items = id.items;
  if (items.size() < 5 || items[0]->text != "storage" || items[2]->kind != Kind::text)
    reader_.fail("its pickle refers to something that is no storage of a tensor; refused");
  PickleValue& storage = make(Kind::storage);
  storage.tensor.storage = items[2]->text;
  storage.tensor.format = format_of(*items[1]);
  storage_formats_[items[2]->text] = storage.tensor.format;
  if (items.size() > 5 && items[5]->kind == Kind::tuple && items[5]->items.size() == 3)
    storage.tensor.offset = integer(*items[5]->items[1]);
  push(storage);
}

NumberFormat Unpickler::format_of(const PickleValue& type) const {
  for (const std::string_view ending : {"Storage", "Tensor"})
    if (const auto format = number_format(type.text, ending); format && type.kind == Kind::global) return *format;
  reader_.fail(fmt::format("'{}' is no type of tensors", type.text));
}

void Unpickler::call() {
  const PickleValue& arguments = top(Kind::tuple);
  pop();
  const std::string callee = top(Kind::global).text;
  pop();
  if (is_module(callee)) {
    push(make(Kind::dict));
    stack_.back()->text = callee;
  } else if (is_passed_over(callee)) {
    push(make(Kind::none));
  } else if (callee == "collections.defaultdict") {  // its argument is a type
    push(make(Kind::dict));
  } else if (is_dictionary(callee)) {
    // Python 3 fills it afterwards; Python 2 passes a list of pairs.
    PickleValue& dict = make(Kind::dict);
    push(dict);
    if (arguments.items.empty()) return;
    for (const PickleValue* pair : arguments.items[0]->items) {
      make(Kind::none);  // counts towards the limit: the same list may be passed often
      if (pair->items.size() != 2) reader_.fail("its pickle is damaged (an OrderedDict of no pairs)");
      set_items(pair->items);
    }
  } else if (callee == "torch._utils._rebuild_parameter" || callee == kParameter || is_tensor_type(callee)) {
    // Old versions make these empty and set their state afterwards: see build().
    push(arguments.items.empty() ? make(Kind::tensor) : *arguments.items[0]);
    top(Kind::tensor);
  } else if (callee.starts_with("torch._utils._rebuild_tensor")) {
    push(rebuild_tensor(arguments.items));
  } else {
    reader_.fail(fmt::format("its pickle calls '{}'; refused", callee));
  }
}

// Sets the state of the object below it: (storage, offset, size, stride) of a tensor, (tensor, 4 more) of a parameter,
// a dictionary of a module's attributes.
// Other states, such as an OrderedDict's _metadata, are of no use here.
void Unpickler::build() {
  const PickleValue& state = pop();
  PickleValue& target = pop();
  push(target);
  if (target.kind == Kind::dict && !target.text.empty() && state.kind == Kind::dict) target.entries = state.entries;
  if (target.kind != Kind::tensor || state.kind != Kind::tuple) return;
  if (state.items.size() == 4) target.tensor = rebuild_tensor(state.items).tensor;
  if (state.items.size() == 5 && state.items[0]->kind == Kind::tensor) target.tensor = state.items[0]->tensor;
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

}  // namespace coterie::inline features
