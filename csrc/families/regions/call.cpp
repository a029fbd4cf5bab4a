// Losses of regions: shapes, and what the family says to autograd and tracing.
#include "families/regions/call.h"

#include <ATen/ops/empty.h>

#include "core/reduction.h"
#include "core/shapes.h"

namespace lossops::regions {

c10::SymInt label_count(const Call& call) {
  const c10::SymInt& classes = call.input().sym_size(1);
  return same(classes, 1) ? c10::SymInt(2) : classes;
}

void label_error(const Call& call, int64_t label, int64_t index) {
  const at::Tensor& target = target_of(call);
  std::string position;
  for (int64_t d = target.dim() - 1; d >= 0; --d) {
    position = c10::str(index % target.size(d), position.empty() ? "" : ", ", position);
    index /= target.size(d);
  }
  const auto ignored = call.settings.ignore_index;
  call.loss->raise("label", "target must be in [0, ", label_count(call) - 1, "]",
                   ignored ? c10::str(" (or ignore_index ", *ignored, ")") : "", ", got ", label,
                   " at position (", position, ")");
}

void value_error(const Call& call, bool of_target, double value) {
  call.loss->raise("domain", of_target ? "target" : "input", " must be in [0, 1]",
                   of_target ? "" : " without an activation", ", got ", value);
}

RegionLoss::RegionLoss(const char* space, const char* name, std::vector<NumberArgument> numbers,
                       const Members& members)
    : Loss(space, name, kFamily, {{"input", false}, {"target", false}}, std::move(numbers)),
      members(members),
      first_(number_index("activation")),
      smoothing_(number_index("label_smoothing")) {
  TORCH_CHECK(first_ >= 0, space, "::", name, ": an expression of regions has region_parameters");
}

RegionSettings RegionLoss::settings(const Settings& given) const {
  const double* const all = given.params.data();
  const double* const s = all + first_;  // in the order of region_parameters
  RegionSettings r{static_cast<Activation>(as_integer(s[0])), s[1]};
  r.batch = s[2] != 0;
  r.background = s[3] != 0;
  r.squared = s[4] != 0;
  r.soft = s[5] != 0 && !r.squared;
  r.log = s[6] != 0;
  r.skips_absent = static_cast<Absent>(as_integer(s[7])) == Absent::Skip;
  if (members.pixel) {
    r.pixel = members.pixel(all);
    r.region_weight = members.region_weight(all);
    if (smoothing_ >= 0) r.pixel.smoothing = all[smoothing_];
  }
  return r;
}

namespace {

c10::SymDimVector without_classes(c10::SymIntArrayRef shape) {
  c10::SymDimVector rest(shape.begin(), shape.end());
  rest.erase(rest.begin() + 1);
  return rest;
}

void align_target(Call& call) {
  at::Tensor& t = call.tensors[1];
  const auto shape = call.input().sym_sizes();
  const c10::SymDimVector labels = without_classes(shape);
  if (!at::isFloatingType(t.scalar_type())) {
    const bool has_axis = t.dim() == call.input().dim() && same(t.sym_size(1), 1);
    if (has_axis && agree(without_classes(t.sym_sizes()), labels)) t = t.squeeze(1);
    if (t.dim() == call.input().dim() - 1 && agree(t.sym_sizes(), labels)) return;
  }
  if (agree(t.sym_sizes(), shape)) return;
  call.loss->raise("target", "target must hold labels of an integer dtype and shape ", shown(labels),
                   ", or have the shape of input, ", shown(shape), ", got ", t.scalar_type(), " of shape ",
                   shown(t.sym_sizes()));
}

void align(Call& call) {
  const RegionLoss& loss = RegionLoss::of(call);
  const RegionSettings s = loss.settings(call.settings);
  const auto shape = call.input().sym_sizes();
  if (shape.size() < 2) loss.raise("input", "input must have shape (N, C, ...), got ", shown(shape));
  TORCH_CHECK_VALUE(call.settings.reduction != Reduction::BatchMean, loss.name,
                    ": reduction must be 0 (none), 1 (mean) or 2 (sum), got 3");
  const bool single = same(shape[1], 1);
  TORCH_CHECK_VALUE(
      !single || s.activation != Activation::Softmax, loss.name,
      ": a softmax over one class is 1 everywhere; activation must be sigmoid or None for input of "
      "shape ",
      shown(shape));
  TORCH_CHECK_VALUE(!single || s.background, loss.name,
                    ": include_background must be True for the one class of input of shape ", shown(shape));
  if (loss.members.pixel) {
    TORCH_CHECK_VALUE(s.activation != Activation::None, loss.name,
                      ": activation must be sigmoid or softmax, got None");
    TORCH_CHECK_VALUE(call.reduces(), loss.name, ": reduction must be mean or sum, got none");
  }
  align_target(call);
  const at::Tensor& weight = call.weight();
  if (!weight.defined()) return;
  TORCH_CHECK(at::isFloatingType(weight.scalar_type()), loss.name,
              ": weight must have a floating point dtype, got ", weight.scalar_type());
  if (!agree(weight.sym_sizes(), {shape[1]})) {
    loss.raise("weight", "weight must have shape ", shown({shape[1]}), ", got ", shown(weight.sym_sizes()));
  }
}

at::ScalarType promoted_dtype(const Call& call) { return call.input().scalar_type(); }

/// Of one loss each.
c10::SymDimVector groups(const Call& call) {
  const RegionLoss& loss = RegionLoss::of(call);
  const RegionSettings s = loss.settings(call.settings);
  c10::SymDimVector shape;
  if (!s.batch) shape.push_back(call.input().sym_size(0));
  if (!loss.pools()) shape.push_back(call.input().sym_size(1) - (s.background ? 0 : 1));
  return shape;
}

at::Tensor empty_values(const Call& call) {
  return at::empty_symint(groups(call),
                          call.input().options().dtype(call.result_dtype()).requires_grad(false));
}

at::Tensor gradient_like(const Call& call, int i) { return call.tensors[i]; }

Divisor mean(const Call& call) {
  const RegionLoss& loss = RegionLoss::of(call);
  if (call.weight().defined() && !loss.pools()) return {Divisor::kWeight};
  if (call.settings.ignore_index || loss.settings(call.settings).skips_absent) return {Divisor::kKept};
  c10::SymInt count = 1;
  for (const c10::SymInt& size : groups(call)) count = count * size;
  return {Divisor::kOne, count};
}

c10::SymInt values_per_sample(const Call&) { return 1; }

/// An element of the input moves the losses of several groups.
int64_t keeps(const Call& call) {
  return call.reduces() ? int64_t{1} | int64_t{1} << (call.loss->operands + 1) : 0;
}

at::Tensor spread(const Loss&, const Settings&, const at::Tensor& upstream, const at::Tensor&) {
  return upstream;  // nothing is kept of an unreduced loss
}

/// The gradient of an unreduced loss by the input, with the upstream one in hand.
Tensors unreduced_gradients(const Call& call, const Kernels& kernels, const at::Tensor& upstream,
                            int64_t wanted) {
  Tensors out;
  if ((wanted & 1) && !call.reduces()) out[0] = kernels.backend->gradient(call, kernels.table, upstream);
  return out;
}

}  // namespace

const Family kFamily{align, promoted_dtype,    decompose, empty_values, gradient_like,
                     mean,  values_per_sample, keeps,     spread,       unreduced_gradients,
                     false};

#ifndef LOSSOPS_CUDA
const Backend* cuda_backend() { return nullptr; }
#endif

}  // namespace lossops::regions
