// Networks of the person's own. A file of its own because these headers take long to compile.

#define AT_PER_OPERATOR_HEADERS
#include <ATen/ops/zeros.h>
#include <c10/core/InferenceMode.h>
#include <caffe2/serialize/inline_container.h>
#include <fmt/ranges.h>
#include <torch/csrc/jit/api/module.h>
#include <torch/csrc/jit/runtime/graph_executor.h>
#include <torch/csrc/jit/runtime/print_handler.h>
#include <torch/csrc/jit/serialization/import.h>

#include <cctype>
#include <filesystem>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "coterie/base/errors.hpp"
#include "nets/batch_engine.hpp"

namespace coterie::inline features {
namespace {

// LibTorch's messages are tracebacks: what went wrong is the line that says so, else the first.
std::string reason_of(std::string_view text) {
  for (const std::string_view sign : {"RuntimeError: ", "Error: "})
    if (const auto at = text.rfind(sign); at != std::string_view::npos) text.remove_prefix(at + sign.size());
  return std::string(text.substr(0, text.find('\n')));
}

// What reads or writes files, or speaks to other machines, by the names that TorchScript has for it.
constexpr std::string_view kRefused[] = {"save", "from_file", "c10d",       "dist_c10d", "dist_rpc",
                                         "rpc",  "rpc_async", "rpc_remote", "rpc_sync"};

bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

// The first of those names among the words of a text; empty when there is none.
std::string_view refused_word(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    std::size_t end = at;
    while (end < text.size() && is_word(text[end])) ++end;
    const std::string_view word = text.substr(at, end - at);
    for (const auto refused : kRefused)
      if (word == refused) return refused;
    at = end + 1;
  }
  return {};
}

// A name can also be written as getattr(torch, "from\x5ffile"). What LibTorch writes has no such escapes.
bool hides_names(std::string_view code) {
  if (code.find("getattr") == std::string_view::npos) return false;
  for (std::size_t at = code.find('\\'); at != std::string_view::npos && at + 1 < code.size();
       at = code.find('\\', at + 2))
    if (std::string_view("xuUN01234567").find(code[at + 1]) != std::string_view::npos) return true;
  return false;
}

// A module is a program, and even loading it may run code of it. So its code is read before, by the reader that will
// load it; tensors are no code.
void refuse_reach(const std::string& path) {
  caffe2::serialize::PyTorchStreamReader archive(path);
  for (const auto& name : archive.getAllRecords()) {
    const bool code = name.starts_with("code/") && name.ends_with(".py");
    if (!code && !name.ends_with(".pkl")) continue;
    const auto [data, size] = archive.getRecord(name);
    const std::string_view text(static_cast<const char*>(data.get()), size);
    const std::string_view refused = refused_word(text);
    if (!refused.empty() || (code && hides_names(text)))
      throw FileError(
          path, fmt::format("its code ({}) names '{}', which reaches beyond the numbers it is given; refused", name,
                            refused.empty() ? "what it hides by escapes" : refused));
  }
}

// What the module prints or warns of could move the cursor and paint over our own lines.
void silence() {
  static std::once_flag once;
  std::call_once(once, [] { torch::jit::setPrintHandler([](const std::string&) {}); });
}

// On its device from the start: constants that were traced are no parameters, and would stay behind.
torch::jit::Module load(const std::string& path, const std::string& device) {
  if (!std::filesystem::is_regular_file(path)) throw FileError(path, "there is no such file");
  silence();
  try {
    refuse_reach(path);
    torch::jit::Module module = torch::jit::load(path, at::Device(device));
    module.eval();
    return module;
  } catch (const FileError&) {
    throw;
  } catch (const std::exception& error) {
    throw FileError(path, fmt::format("is not a TorchScript module ({}). This writes one in Python: "
                                      "torch.jit.trace(model.eval(), torch.zeros(1, 3, SIZE, SIZE)).save(FILE)",
                                      reason_of(error.what())));
  }
}

class TorchScriptEngine : public BatchEngine {
 public:
  TorchScriptEngine(const std::string& path, std::int64_t size, const EngineDevice& device, std::int64_t batch,
                    Precision precision)
      : BatchEngine({size, size, 3}, 3 * size * size, device, batch, precision),
        path_(path),
        module_(load(path, device.name)) {
    for (at::Tensor parameter : module_.parameters()) set_type(parameter);
    for (at::Tensor buffer : module_.buffers()) set_type(buffer);
  }

  // Of one image.
  std::int64_t dimension() const {
    const c10::InferenceMode inference;
    return compute(at::zeros({1, 3, input().height, input().width}, at::kFloat)).front().numel();
  }

 private:
  void set_type(at::Tensor& tensor) const {
    if (tensor.is_floating_point() && tensor.scalar_type() != type()) tensor.set_data(tensor.to(type()));
  }

  // Contiguous as in Python, where a module may have been written to see nothing else. Without the executor's
  // optimisations, which come after the first runs and would change the bits of later ones.
  std::vector<at::Tensor> compute(const at::Tensor& pixels) const override {
    const torch::jit::GraphOptimizerEnabledGuard plain(false);
    c10::IValue result;
    try {
      result = torch::jit::Module(module_).forward({pixels.contiguous()});
    } catch (const c10::OutOfMemoryError&) {
      throw;
    } catch (const std::exception& error) {
      // The interpreter makes std::runtime_error of what its operators throw.
      if (on_gpu() && says_memory_is_short(error.what()))
        TORCH_CHECK_WITH(OutOfMemoryError, false, reason_of(error.what()));
      throw FileError(path_, fmt::format("fails on an input of {} × 3 × {} × {}: {}. If it wants another size, say so "
                                         "with --preprocess size=SIZE",
                                         pixels.size(0), input().height, input().width, reason_of(error.what())));
    }
    return {checked(result, pixels.size(0))};
  }

  at::Tensor checked(const c10::IValue& result, std::int64_t images) const {
    if (!result.isTensor())
      throw FileError(path_, fmt::format("gives a {}, not a tensor: save a module that returns the features alone",
                                         result.tagKind()));
    const at::Tensor& rows = result.toTensor();
    if (rows.dim() == 0 || rows.size(0) != images || rows.numel() == 0)
      throw FileError(path_, fmt::format("gives a tensor of shape [{}] for {} images, not a row for each: reshape with "
                                         "x.flatten(1), not with a number that tracing keeps",
                                         fmt::join(rows.sizes(), ", "), images));
    return rows.reshape({images, -1});
  }

  const std::string path_;
  torch::jit::Module module_;
};

}  // namespace

std::unique_ptr<Engine> make_torchscript_engine(const std::string& path, std::int64_t size, const EngineDevice& device,
                                                std::int64_t batch, Precision precision) {
  return on_device(device.name,
                   [&] { return std::make_unique<TorchScriptEngine>(path, size, device, batch, precision); });
}

std::int64_t torchscript_dimension(const std::string& path, std::int64_t size) {
  return TorchScriptEngine(path, size, "cpu", 1, Precision::fp32).dimension();
}

}  // namespace coterie::inline features
