// Weight files as training code leaves them: under prefixes, in dictionaries, in parts, with another head.

#include <doctest/doctest.h>

#include <functional>
#include <map>

#include "coterie/features/network.hpp"
#include "nets/weight_fit.hpp"
#include "temporary_folder.hpp"
#include "weight_files.hpp"
#include "weights/keras_names.hpp"
#include "weights/plain_names.hpp"

namespace coterie {
namespace {

// What tests/oracle/make_wrapped_reference.py's network(offset) holds, under this prefix.
void check_network(const WeightFile& file, const std::string& prefix, float offset) {
  const auto counted = [offset](std::size_t count) {
    auto values = ramp(count);
    for (auto& value : values) value += offset;
    return values;
  };
  check(file, prefix + "conv.weight", {2, 1, 1, 1}, counted(2));
  check(file, prefix + "norm.running_var", {2}, counted(2));
  check(file, prefix + "fc.weight", {3, 2}, counted(6));
}

// A network of these tensors: a convolution and a dense layer, in the names of PyTorch.
std::vector<Plan> small_plans() {
  Plan plan({2, 2, 1});
  Parameters convolution{Layout::oihw, "conv.weight", "conv.bias", {}};
  convolution.normalisation = {"norm.weight", "norm.bias", "norm.running_mean", "norm.running_var", 1e-5};
  const Value pooled = plan.average(plan.convolve(kInput, convolution, 2, {}, Activation::relu));
  plan.name_layer("pooled", pooled);
  plan.name_layer("fc", plan.convolve(pooled, {Layout::oi, "fc.weight", "fc.bias", {}}, 3, {}, Activation::none));
  plan.ignore("", "num_batches_tracked");
  return {plan};
}

WeightFit fit(const WeightFile& file) { return fit_weights(file, small_plans()); }

using Rename = std::function<std::string(const std::string&)>;

WeightFile renamed(const WeightFile& file, const Rename& rename) {
  WeightFile other("some.pth", "test");
  for (const auto& [name, tensor] : file.tensors()) other.add(rename(name), tensor);
  return other;
}

std::vector<float> features_of(const Backbone& backbone, const WeightFile& file, std::string* note = nullptr) {
  const Network network(backbone, {""}, file, backbone.preprocess, {.device = Device::cpu});
  if (note != nullptr) *note = network.weights_note();
  const std::vector<float> pixels(static_cast<std::size_t>(backbone.preprocess.size * backbone.preprocess.size * 3),
                                  0.25f);
  std::vector<float> out(static_cast<std::size_t>(network.layers()[0].dimension));
  network.forward(pixels.data(), 1, std::vector<float*>{out.data()});
  return out;
}

std::string refusal(const Backbone& backbone, const WeightFile& file) {
  try {
    const Network network(backbone, {""}, file, backbone.preprocess, {.device = Device::cpu});
  } catch (const FileError& error) {
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("a checkpoint's networks are found in both containers, its arguments passed over, its momenta left") {
  for (const std::string name : {"wrapped_zip.pth", "wrapped_legacy.pth"}) {
    CAPTURE(name);
    const WeightFile file = read_weights(kWeightData + name);
    CHECK(file.tensors().size() == 18);
    check_network(file, "student.backbone.", 10);
    check_network(file, "teacher.backbone.", 0);
    CHECK(fit(file).prefix == "teacher.backbone.");  // the one that its authors evaluate
    CHECK(fit(file).rivals.empty());
    CHECK(fit(file).foreign.empty());
  }
}

TEST_CASE("MoCo's query encoder is taken, not the key's, and its queue is nobody's tensor") {
  const WeightFile file = read_weights(kWeightData + "wrapped_moco.pth.tar");
  check_network(file, "encoder_q.", 0);
  check_network(file, "encoder_k.", 10);
  check(file, "queue", {2, 3}, ramp(6));
  CHECK(fit(file).prefix == "encoder_q.");
  CHECK(fit(file).foreign.empty());
}

TEST_CASE("a TorchScript module's tensors are read by the names of its state dict, scripted or traced") {
  for (const std::string name : {"wrapped_script.pt", "wrapped_trace.pt"}) {
    CAPTURE(name);
    const WeightFile file = read_weights(kWeightData + name);
    CHECK(file.format() == "TorchScript");
    check_network(file, "", 0);  // "model.", which all of them have, is dropped
    CHECK(fit(file).foreign.empty());
  }
}

TEST_CASE("a Keras model inside another is one layer there, and its own layers' names are kept" *
          doctest::skip(!kReadsKeras)) {
  for (const std::string name : {"wrapped_keras2.h5", "wrapped_keras1.h5"}) {
    CAPTURE(name);
    const WeightFile file = read_weights(kWeightData + name);
    CHECK(file.tensors().size() == 6);
    check(file, "resnet50/conv1/kernel", {1, 1, 3, 2}, ramp(6));
    check(file, "resnet50/conv2d_1/kernel", {1, 1, 2, 2}, ramp(4));  // conv2d_7 there, counted from 1
    check(file, "resnet50/conv2d_1/bias", {2}, {5, 6});
    check(file, "dense_1/kernel", {2, 1}, {1, 1});
  }
}

TEST_CASE("the layer of a Keras weight is found in the names of both generations") {
  CHECK(keras_layer_of("conv1/conv/kernel:0") == "conv1/conv");
  CHECK(keras_layer_of("conv1/conv_W:0") == "conv1/conv");
  CHECK(keras_layer_of("fc1_W_1:0") == "fc1");
  CHECK(keras_layer_of("bn_running_std:0") == "bn");
  CHECK(keras_layer_of("kernel:0") == "");
  CHECK(keras_layer_of("a/alpha:0") == "a");
  CHECK(keras_layer_of("") == "");
  CHECK(keras_layer_of("/:") == "");
}

TEST_CASE("every usual prefix, alone and nested, is seen through, and the features are the same to the bit") {
  const Backbone backbone = find_backbone("efficientnet_lite0");
  const WeightFile plain = random_weights(backbone, {""}, 1);
  const auto expected = features_of(backbone, plain);
  for (const std::string prefix : {"module.encoder_q.", "teacher.backbone.", "model_ema.", "online_network.0."}) {
    CAPTURE(prefix);
    std::string note;
    CHECK(features_of(backbone, renamed(plain, [&](const auto& name) { return prefix + name; }), &note) == expected);
    CHECK(note.find("'" + prefix + "'") != std::string::npos);
  }
  for (const std::string prefix : {"module.", "model.", "backbone.", "encoder.", "student.", "net.", "_orig_mod.",
                                   "state_dict.model.module.", "a.b.c.d.e.f."}) {
    CAPTURE(prefix);
    CHECK(fit_weights(renamed(plain, [&](const auto& name) { return prefix + name; }), backbone.plans()).prefix ==
          prefix);
  }
}

TEST_CASE("a wrapper between the names and a checkpoint's key before all of them are dropped, a clash leaves all") {
  const auto plain = [](const std::vector<std::string>& names) {
    WeightFile file("some.pth", "test");
    for (const auto& name : names) file.add(name, Tensor::of({1}, {1}));
    std::vector<std::string> after;
    const WeightFile renamed = with_plain_names(std::move(file));
    for (const auto& named : renamed.tensors()) after.push_back(named.first);
    return after;
  };
  using Names = std::vector<std::string>;
  CHECK(plain({"module.features.module.0.bias", "module.fc"}) == Names{"features.0.bias", "fc"});
  CHECK(plain({"state_dict.model._orig_mod.a.bias", "state_dict.model.b"}) == Names{"a.bias", "b"});
  CHECK(plain({"model.a", "model_ema.a"}) == Names{"model.a", "model_ema.a"});
  CHECK(plain({"module.a", "a"}) == Names{"module.a", "a"});
  CHECK(plain({"module.", "a"}) == Names{"module.", "a"});
  CHECK(plain({"submodule.a", "module", ".", "..", "a."}) == Names{"submodule.a", "module", ".", "..", "a."});
  CHECK(plain({""}) == Names{""});
}

TEST_CASE("two networks that are equally good are refused with the way to take one out, unless they are the same") {
  const Backbone backbone = find_backbone("efficientnet_lite0");
  const WeightFile one = random_weights(backbone, {""}, 1), two = random_weights(backbone, {""}, 2);
  const auto both = [&](const std::string& first, const std::string& second, const WeightFile& other) {
    WeightFile file("some.pth", "test");
    for (const auto& [name, tensor] : one.tensors()) file.add(first + name, tensor);
    for (const auto& [name, tensor] : other.tensors()) file.add(second + name, tensor);
    return file;
  };
  const std::string message = refusal(backbone, both("left.", "right.", two));
  CHECK(message.find("under 'left.' and 'right.'") != std::string::npos);
  CHECK(message.find("weights convert FILE OUT.safetensors --prefix left.") != std::string::npos);
  CHECK(refusal(backbone, both("left.", "right.", one)) == "");
  CHECK(features_of(backbone, both("model_ema.", "model.", two)) == features_of(backbone, two));
  CHECK(features_of(backbone, both("", "ema.", two)) == features_of(backbone, one));
  CHECK(features_of(backbone, both("target_encoder.", "encoder.", two)) == features_of(backbone, two));
}

TEST_CASE("another head is left, and reported; a convolution or a layer more makes it another network") {
  const Backbone backbone = find_backbone("resnet50");
  const auto with = [&](const std::map<std::string, std::vector<std::int64_t>>& more) {
    WeightFile file("some.pth", "test");
    for (const auto& need : all_tensors(backbone.plans().front()))
      if (!more.contains(need.name)) file.add(need.name, {need.shape, {}, {}});
    for (const auto& [name, shape] : more) file.add(name, {shape, {}, {}});
    return file;
  };
  const auto fitting = [](const WeightFile& file) {
    const auto found = fitting_backbones(file);
    return found.empty() ? std::string("none") : found.front().name + ": " + found.front().note;
  };
  CHECK(fitting(with({})) == "resnet50: ");
  const std::string ten = fitting(with({{"fc.weight", {10, 2048}}, {"fc.bias", {10}}}));
  CHECK(ten == "resnet50: leaves a head of another size or kind ('fc.bias' [10], 'fc.weight' [10, 2048])");
  CHECK(fitting(with({{"projection_head.0.weight", {2048, 2048}}, {"projection_head.1.running_mean", {2048}}}))
            .starts_with("resnet50: leaves"));
  CHECK(fitting(with({{"layer3.6.conv1.weight", {256, 1024, 1, 1}}})) == "none");  // ResNet-101's
  CHECK(fitting(with({{"layer3.6.bn1.weight", {256}}})) == "none");
  CHECK(refusal(backbone, with({{"layer3.6.conv1.weight", {256, 1024, 1, 1}}}))
            .find("'layer3.6.conv1.weight' [256, 1024, 1, 1]; is it a file for another backbone?") !=
        std::string::npos);
}

TEST_CASE("a refusal shows what the file holds beside what the network needs, and whose file it is") {
  const Backbone backbone = find_backbone("resnet50");
  WeightFile file("some.pth", "test");
  for (int i = 0; i < 7; ++i) file.add(fmt::format("blocks.{}.weight", i), Tensor::of({2, 3}, ramp(6)));
  const std::string message = refusal(backbone, file);
  CHECK(message.find("it holds 'blocks.0.weight' [2, 3], 'blocks.1.weight' [2, 3], ") != std::string::npos);
  CHECK(message.find(" and 3 more") != std::string::npos);
  CHECK(message.find("resnet50 needs 'conv1.weight' [64, 3, 7, 7], 'bn1.weight' [64], ") != std::string::npos);
}

TEST_CASE("files without tensors say what they hold instead") {
  const TemporaryFolder folder;
  const std::string zip = read_bytes(kWeightData + "wrapped_script.pt");
  std::string other = zip;
  for (std::size_t at = 0; (at = other.find("data.pkl", at)) != std::string::npos;) other[at] = 'x';
  write_bytes(folder / "other.zip", other);
  CHECK(message_of(folder / "other.zip").find("without data.pkl: not made by torch.save; it holds '") !=
        std::string::npos);
}

TEST_CASE("a model in parts is read by its index, and a part that is missing, wrong or elsewhere is refused") {
  const TemporaryFolder folder;
  const auto part = [&](const std::string& name, const std::string& tensor, float value) {
    WeightFile file("part", "test");
    file.add(tensor, Tensor::of({1}, {value}));
    write_safetensors(file, folder / name, {});
  };
  const std::string first = "model-00001-of-00002.safetensors", second = "model-00002-of-00002.safetensors",
                    index = folder / "model.safetensors.index.json";
  const auto map = [&](const std::string& of_a, const std::string& of_b) {
    write_bytes(index, fmt::format(R"({{"metadata": {{"total_size": 8}}, "weight_map": {{"model.a": "{}", )"
                                   R"("model.b": "{}"}}}})",
                                   of_a, of_b));
  };
  part(first, "model.a", 1);
  part(second, "model.b", 2);
  map(first, second);
  const WeightFile whole = read_weights(index);
  CHECK(whole.format() == "safetensors in 2 parts");
  check(whole, "a", {1}, {1});
  check(whole, "b", {1}, {2});
  CHECK(files_of_weights(index) == std::vector{index, folder / first, folder / second});
  CHECK(files_of_weights(folder / first) == std::vector{folder / first});
  CHECK(message_of(folder / second).find("give its index, model.safetensors.index.json") != std::string::npos);
  map(second, second);
  CHECK(message_of(index).find("has no tensor 'model.a', which ") != std::string::npos);
  map(first, "model-00003-of-00003.safetensors");
  CHECK(message_of(index).find("cannot be read") != std::string::npos);
  for (const std::string elsewhere : {"../model.safetensors", "/etc/passwd", "..", ""}) {
    map(first, elsewhere);
    CHECK(message_of(index).find("does not lie beside it") != std::string::npos);
  }
  for (const std::string damaged :
       {R"({"weight_map": {}})", R"({"weight_map": [1]})", R"({"weight_map": {"a": 1}})", R"({"weight_map": )"}) {
    write_bytes(index, damaged);
    CHECK(message_of(index).find("index") != std::string::npos);
  }
  write_bytes(index, R"({"weight_map": )" + std::string(100'000, '['));
  CHECK(message_of(index).find("damaged") != std::string::npos);
}

}  // namespace coterie
