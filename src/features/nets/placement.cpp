#include "nets/placement.hpp"

#include <algorithm>
#include <utility>

namespace coterie::inline features {
namespace {

constexpr std::int64_t kStageFloats = 2 << 20;  // that the largest step of a stage reads and writes
constexpr std::int64_t kMostImages = 64;

std::size_t at(Value value) { return static_cast<std::size_t>(value); }

// As many images as keep what the step reads and writes in the cache; but what a step moves for its images should not
// be less than its weights, or it does little else than read these.
std::int64_t images_at_once(const Plan& plan, std::size_t step) {
  const Step& what = plan.steps()[step];
  const Extent& output = plan.extent(static_cast<Value>(step + 1));
  std::int64_t floats = output.elements(), weights = 0;
  for (const Value input : what.inputs) floats += plan.extent(input).elements();
  if (what.addend != kNoValue) floats += plan.extent(what.addend).elements();
  if (what.kind == Step::Kind::convolution)
    weights = what.window.taps() * plan.extent(what.inputs[0]).channels * output.channels;
  return std::clamp<std::int64_t>(std::max(kStageFloats, weights) / floats, 1, kMostImages);
}

// A stage takes as many images as its first step and all later ones may; it ends where they may take three times as
// many.
std::vector<Placement::Stage> cut_stages(const Plan& plan) {
  std::vector<Placement::Stage> stages;
  std::int64_t images = kMostImages, most = 0;  // so far, of the present stage
  for (std::size_t i = plan.steps().size(); i-- > 0;) {
    images = std::min(images, images_at_once(plan, i));
    if (3 * images <= most || stages.empty()) {
      stages.push_back({i, i + 1, images});
      most = images;
    } else {
      stages.back().first_step = i;
      stages.back().images = images;
    }
  }
  std::reverse(stages.begin(), stages.end());
  return stages;
}

// Each value as a part of the value whose memory it shares, at first its own.
struct Share {
  Value whole;
  std::int64_t offset = 0;
};

// From the last step to the first, so that a whole is known before its parts. A value that is concatenated twice, and
// the caller's input, have one place only: the engine copies them to the others.
std::vector<Share> share_memory(const Plan& plan) {
  std::vector<Share> shares(plan.steps().size() + 1);
  for (std::size_t value = 0; value < shares.size(); ++value) shares[value].whole = static_cast<Value>(value);
  const auto alone = [&](Value value) { return value != kInput && shares[at(value)].whole == value; };
  for (std::size_t i = plan.steps().size(); i-- > 0;) {
    const Step& step = plan.steps()[i];
    if (step.kind != Step::Kind::concatenate) continue;
    std::int64_t offset = shares[i + 1].offset;
    for (const Value input : step.inputs) {
      if (alone(input)) shares[at(input)] = {shares[i + 1].whole, offset};
      offset += plan.extent(input).channels;
    }
  }
  for (std::size_t i = 0; i < plan.steps().size(); ++i) {
    const Step& step = plan.steps()[i];
    // Flattened, a value without gaps is what it was.
    if (step.kind == Step::Kind::flatten && alone(step.inputs[0]) && alone(static_cast<Value>(i + 1)))
      shares[i + 1].whole = step.inputs[0];
    if (is_read_normalised(plan, i)) shares[i + 1] = shares[at(step.inputs[0])];
  }
  return shares;
}

// The last step that reads anything of each whole; one behind the last for what the caller gets.
std::vector<std::size_t> last_uses(const Plan& plan, const std::vector<Share>& shares) {
  std::vector<std::size_t> last(shares.size(), 0);
  const auto use = [&](Value value, std::size_t step) {
    auto& whole = last[at(shares[at(value)].whole)];
    whole = std::max(whole, step);
  };
  for (std::size_t i = 0; i < plan.steps().size(); ++i) {
    use(static_cast<Value>(i + 1), i);
    for (const Value input : plan.steps()[i].inputs) use(input, i);
    if (plan.steps()[i].addend != kNoValue) use(plan.steps()[i].addend, i);
  }
  for (const Value output : plan.outputs()) use(output, plan.steps().size());
  return last;
}

// Gives out buffers; one that was given back is used again for as many images, and grows.
class BufferPool {
 public:
  int take(std::int64_t elements, std::int64_t images) {
    const auto fits = [&](int buffer) { return buffers[static_cast<std::size_t>(buffer)].images == images; };
    auto found = std::find_if(free_.rbegin(), free_.rend(), fits);
    if (found == free_.rend()) {
      buffers.push_back({0, images});
      free_.push_back(static_cast<int>(buffers.size()) - 1);
      found = free_.rbegin();
    }
    const int buffer = *found;
    free_.erase(std::next(found).base());
    auto& held = buffers[static_cast<std::size_t>(buffer)].elements;
    held = std::max(held, elements);
    return buffer;
  }
  void give_back(int buffer) { free_.push_back(buffer); }

  std::vector<Placement::Buffer> buffers;

 private:
  std::vector<int> free_;
};

}  // namespace

bool is_read_normalised(const Plan& plan, std::size_t step) {
  const auto value = static_cast<Value>(step + 1);
  const Step& normalise = plan.steps()[step];
  if (normalise.kind != Step::Kind::normalise || normalise.inputs[0] == kInput || plan.extent(value).pixels() == 1)
    return false;
  const Step* reader = nullptr;
  for (const Step& other : plan.steps()) {
    if (std::find(other.inputs.begin(), other.inputs.end(), value) == other.inputs.end() && other.addend != value)
      continue;
    if (reader != nullptr) return false;
    reader = &other;
  }
  const auto& outputs = plan.outputs();
  return reader != nullptr && reader->kind == Step::Kind::convolution && reader->addend != value &&
         reader->window.taps() == 1 && std::find(outputs.begin(), outputs.end(), value) == outputs.end();
}

Placement place_values(const Plan& plan) {
  const auto shares = share_memory(plan);
  const auto last = last_uses(plan, shares);
  Placement placement;
  placement.stages = cut_stages(plan);
  placement.places.push_back({-1, 0, plan.extent(kInput).channels});
  std::vector<int> buffer_of(shares.size(), -1);  // of each whole
  BufferPool pool;
  auto stage = placement.stages.begin();
  // A stage comes back to what earlier ones left for it, with its next images.
  std::vector<int> kept;
  for (std::size_t i = 0; i < plan.steps().size(); ++i) {
    if (i == stage->last_step) {
      ++stage;
      for (const int buffer : std::exchange(kept, {})) pool.give_back(buffer);
    }
    const Share& share = shares[i + 1];
    const Extent whole = plan.extent(share.whole);
    int& buffer = buffer_of[at(share.whole)];
    if (buffer < 0) buffer = pool.take(whole.elements(), last[at(share.whole)] < stage->last_step ? stage->images : 0);
    // A flattened value that is what it was before is one long pixel.
    const Extent& own = plan.extent(static_cast<Value>(i + 1));
    const bool flattened = own.pixels() == 1 && whole.pixels() > 1;
    placement.places.push_back({buffer, share.offset, flattened ? own.channels : whole.channels});
    for (std::size_t value = 1; value < shares.size(); ++value)
      if (last[value] == i && shares[value].whole == static_cast<Value>(value) && buffer_of[value] >= 0)
        pool.buffers[static_cast<std::size_t>(buffer_of[value])].images == 0 ? kept.push_back(buffer_of[value])
                                                                             : pool.give_back(buffer_of[value]);
  }
  placement.buffers = std::move(pool.buffers);
  return placement;
}

}  // namespace coterie::inline features
