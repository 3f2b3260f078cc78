#include <algorithm>

#include "coterie/base/errors.hpp"
#include "coterie/features/backbone.hpp"
#include "nets/plan.hpp"

namespace coterie::inline features {
namespace {

ReceptiveField behind(const ReceptiveField& field, const Slide& slide) {
  const double reach = static_cast<double>(slide.kernel - 1);
  return {field.first + (reach / 2 - static_cast<double>(slide.before)) * field.stride,
          field.stride * static_cast<double>(slide.stride), field.size + reach * field.stride};
}

// What two inputs of one step see together.
ReceptiveField both(const ReceptiveField& a, const ReceptiveField& b) {
  const double begin = std::min(a.first - a.size / 2, b.first - b.size / 2);
  const double end = std::max(a.first + a.size / 2, b.first + b.size / 2);
  return {(begin + end) / 2, a.stride, end - begin};
}

struct Fields {
  ReceptiveField rows, columns;
};

// Of every value of the plan that has rows and columns.
std::vector<Fields> fields_of(const Plan& plan) {
  std::vector<Fields> fields = {{}};
  for (const Step& step : plan.steps()) {
    Fields seen = fields[static_cast<std::size_t>(step.inputs.front())];
    for (const Value input : step.inputs) {
      const Fields& other = fields[static_cast<std::size_t>(input)];
      seen = {both(seen.rows, other.rows), both(seen.columns, other.columns)};
    }
    seen = {behind(seen.rows, step.window.rows), behind(seen.columns, step.window.columns)};
    if (step.addend != kNoValue) {
      const Fields& other = fields[static_cast<std::size_t>(step.addend)];
      seen = {both(seen.rows, other.rows), both(seen.columns, other.columns)};
    }
    fields.push_back(seen);
  }
  return fields;
}

bool has_locations(const Plan& plan, Value value) { return plan.extent(value).pixels() > 1; }

Plan plan_of(const Backbone& backbone) {
  require(backbone.plans != nullptr,
          "{} has no layers with locations that coterie knows of; take one of its own networks", backbone.name);
  return backbone.plans().front();
}

std::vector<std::string> maps_of(const Plan& plan) {
  std::vector<std::string> names;
  for (const auto& [name, value] : plan.layers())
    if (has_locations(plan, value)) names.push_back(name);
  return names;
}

}  // namespace

FeatureMap map_of(const Backbone& backbone, const std::string& layer) {
  const Plan plan = plan_of(backbone);
  const std::string wanted = find_layer(backbone, layer).name;
  const auto found =
      std::find_if(plan.layers().begin(), plan.layers().end(), [&](const auto& each) { return each.first == wanted; });
  const Value value = found->second;
  require(has_locations(plan, value),
          "layer {} of {} has one vector for the whole image. Layers with one for each place: {}", wanted,
          backbone.name, fmt::join(maps_of(plan), ", "));
  const Extent& extent = plan.extent(value);
  const Fields fields = fields_of(plan)[static_cast<std::size_t>(value)];
  return {extent.height, extent.width, extent.channels, fields.rows, fields.columns};
}

std::string last_map(const Backbone& backbone) { return maps_of(plan_of(backbone)).back(); }

}  // namespace coterie::inline features
