// Losses of sequences: shapes, lengths and labels, and what the family says to autograd and tracing.
#include "families/lattice/call.h"

#include <ATen/ops/empty.h>

#include <numeric>

#include "core/reduction.h"
#include "core/shapes.h"

namespace lossops::lattice {
namespace {

void check_integers(const Call& call, int i) {
  TORCH_CHECK(at::isIntegralType(call.tensors[i].scalar_type(), /*includeBool=*/false), call.loss->name, ": ",
              call.name(i), " must have an integer dtype, got ", call.tensors[i].scalar_type());
}

[[noreturn]] void shape_error(const Call& call, int i, const std::string& allowed) {
  call.loss->raise(call.name(i).c_str(), call.name(i), " must have shape ", allowed, ", got ",
                   shown(call.tensors[i].sym_sizes()));
}

/// One for each sequence, in a vector.
void align_lengths(Call& call, int i, const Sizes& sizes) {
  check_integers(call, i);
  at::Tensor& t = call.tensors[i];
  if (!sizes.batched && t.dim() == 0) t = t.unsqueeze(0);
  const c10::SymInt expected[] = {sizes.batch};
  if (!agree(t.sym_sizes(), expected)) shape_error(call, i, shown(expected));
}

void align_targets(Call& call, const Sizes& sizes) {
  const LatticeLoss& loss = LatticeLoss::of(call);
  check_integers(call, kTargets);
  const at::Tensor& t = call.tensors[kTargets];
  if (loss.topology.shares_rows) {
    const bool padded = t.dim() == 2 && agree(t.sym_size(0), sizes.batch);
    if (t.dim() != 1 && !padded) {
      shape_error(call, kTargets,
                  c10::str("(", sizes.batch, ", S), or one dimension for all labels together"));
    }
  } else {
    const c10::SymInt expected[] = {sizes.batch, call.input().sym_size(2) - 1};
    if (!agree(t.sym_sizes(), expected)) shape_error(call, kTargets, shown(expected));
  }
}

void align_weight(Call& call, const Sizes& sizes) {
  const int w = call.loss->operands;
  at::Tensor& weight = call.tensors[w];
  if (!weight.defined()) return;
  TORCH_CHECK(at::isFloatingType(weight.scalar_type()), call.loss->name,
              ": weight must have a floating point dtype, got ", weight.scalar_type());
  c10::SymDimVector expected;
  if (sizes.batched) expected.push_back(sizes.batch);
  if (same(weight.sym_sizes(), expected)) return;
  if (!broadcasts(weight.sym_sizes(), expected)) shape_error(call, w, shown(expected));
  if (is_beside_input(call, weight)) weight = weight.expand_symint(expected);
}

void check_input(const Call& call) {
  const LatticeLoss& loss = LatticeLoss::of(call);
  const at::Tensor& input = call.input();
  const bool shares_rows = loss.topology.shares_rows;
  if (shares_rows ? input.dim() != 2 && input.dim() != 3 : input.dim() != 4) {
    shape_error(call, kInput, shares_rows ? "(T, N, C) or (T, C)" : "(B, T, U + 1, D)");
  }
  const c10::SymInt& classes = input.sym_size(-1);
  if (same(classes, 0)) shape_error(call, kInput, "with at least one class");
  if (!shares_rows && (same(input.sym_size(1), 0) || same(input.sym_size(2), 0))) {
    loss.raise("empty", call.name(kInput), " must have shape (B, T, U + 1, D) with T >= 1 and U >= 0, got ",
               shown(input.sym_sizes()));
  }
  const int64_t blank = loss.topology.options(call.settings.params.data()).blank;
  const c10::SymInt least = shares_rows ? c10::SymInt(0) : -classes;
  const bool fits = TORCH_GUARD_OR_TRUE(least.sym_le(blank)) && TORCH_GUARD_OR_TRUE(classes.sym_gt(blank));
  if (!fits) loss.raise("blank", "blank must be in [", least, ", ", classes - 1, "], got ", blank);
}

void align(Call& call) {
  check_input(call);
  TORCH_CHECK_VALUE(call.settings.reduction != Reduction::BatchMean, call.loss->name,
                    ": reduction must be 0 (none), 1 (mean) or 2 (sum), got 3");
  if (call.tensors[kTargets].dim() == 0) shape_error(call, kTargets, "with at least one dimension");
  const Sizes sizes(call);
  align_targets(call, sizes);
  align_lengths(call, kLengths, sizes);
  align_lengths(call, kTargetLengths, sizes);
  align_weight(call, sizes);
}

at::ScalarType promoted_dtype(const Call& call) { return call.input().scalar_type(); }

at::Tensor empty_values(const Call& call) {
  const Sizes sizes(call);
  c10::SymDimVector shape;
  if (sizes.batched) shape.push_back(sizes.batch);
  return at::empty_symint(shape, call.input().options().dtype(call.result_dtype()).requires_grad(false));
}

at::Tensor gradient_like(const Call& call, int i) { return call.tensors[i]; }

Divisor mean(const Call& call) { return {Divisor::kOne, Sizes(call).batch}; }

c10::SymInt values_per_sample(const Call&) { return 1; }

int64_t keeps(const Call&) { return -1; }

at::Tensor spread(const Loss& loss, const Settings&, const at::Tensor& upstream, const at::Tensor& gradient) {
  if (gradient.dim() == upstream.dim()) return upstream;  // by the weight
  if (static_cast<const LatticeLoss&>(loss).topology.shares_rows) return upstream.unsqueeze(-1);
  return upstream.unsqueeze(-1).unsqueeze(-1).unsqueeze(-1);
}

std::vector<int64_t> integers(const at::Tensor& t) {
  const at::Tensor read = t.to(at::kCPU, at::kLong).contiguous();
  const auto* data = read.const_data_ptr<int64_t>();
  return {data, data + read.numel()};
}

}  // namespace

LatticeLoss::LatticeLoss(const char* space, const char* name, std::vector<NumberArgument> numbers,
                         Traits traits, const Topology& topology)
    : Loss(space, name, kFamily,
           {{traits.input, false},
            {"targets", false, /*is_anywhere=*/true},
            {traits.lengths, false, true},
            {"target_lengths", false, true}},
           std::move(numbers)),
      topology(topology) {}

Sizes::Sizes(const Call& call) {
  const bool shares_rows = LatticeLoss::of(call).topology.shares_rows;
  const at::Tensor& input = call.input();
  const at::Tensor& targets = call.tensors[kTargets];
  batched = !shares_rows || input.dim() == 3;
  batch = !batched ? c10::SymInt(1) : input.sym_size(shares_rows ? 1 : 0);
  frames = input.sym_size(shares_rows ? 0 : 1);
  classes = input.sym_size(-1);
  concatenated = targets.dim() == 1;
  labels = targets.sym_size(-1);
}

Options options(const Call& call) {
  Options o = LatticeLoss::of(call).topology.options(call.settings.params.data());
  if (o.blank < 0) o.blank += call.input().size(-1);
  return o;
}

std::pair<int64_t, c10::SymInt> length_range(const Call& call, int argument) {
  const Sizes sizes(call);
  const bool needs_frame = !LatticeLoss::of(call).topology.shares_rows;
  if (argument == kLengths) return {needs_frame ? 1 : 0, sizes.frames};
  return {0, sizes.labels};
}

void length_error(const Call& call, int argument, int64_t value, int64_t index) {
  const auto [least, most] = length_range(call, argument);
  const std::string name = call.name(argument);
  const char* const mistake = argument == kLengths && value == 0 ? "empty" : "length";
  call.loss->raise(mistake, name, " must be in [", least, ", ", most, "], got ", value, " at position (",
                   index, ")");
}

void label_error(const Call& call, int64_t value, int64_t index) {
  const Sizes sizes(call);
  const int64_t blank = options(call).blank;
  const std::string position = sizes.concatenated ? c10::str(index)
                                                  : c10::str(index / sizes.labels.expect_int(), ", ",
                                                             index % sizes.labels.expect_int());
  call.loss->raise("label", call.name(kTargets), " must be in [0, ", sizes.classes - 1,
                   "] and not the blank, ", blank, ", got ", value, " at position (", position, ")");
}

void total_error(const Call& call, int64_t total) {
  call.loss->raise("targets", call.name(kTargets), " must have as many labels as ", call.name(kTargetLengths),
                   " add up to, ", total, ", got shape ", shown(call.tensors[kTargets].sym_sizes()));
}

Samples::Samples(const Call& call)
    : frames(integers(call.tensors[kLengths])),
      labels(integers(call.tensors[kTargetLengths])),
      labels_(call.tensors[kTargets].to(at::kCPU, at::kLong).contiguous()) {
  const Sizes sizes(call);
  for (const int argument : {kLengths, kTargetLengths}) {
    const auto [least, most] = length_range(call, argument);
    const std::vector<int64_t>& lengths = argument == kLengths ? frames : labels;
    for (int64_t n = 0; n < size(); ++n) {
      if (lengths[n] < least || lengths[n] > most.expect_int()) length_error(call, argument, lengths[n], n);
    }
  }
  const int64_t width = sizes.labels.expect_int();
  const int64_t total = std::accumulate(labels.begin(), labels.end(), int64_t{0});
  if (sizes.concatenated && total != width) total_error(call, total);
  const int64_t classes = sizes.classes.expect_int(), blank = options(call).blank;
  const auto* const all = labels_.const_data_ptr<int64_t>();
  int64_t first = 0;
  for (int64_t n = 0; n < size(); ++n) {
    first_.push_back(first);
    for (int64_t i = first; i < first + labels[n]; ++i) {
      if (all[i] < 0 || all[i] >= classes || all[i] == blank) label_error(call, all[i], i);
    }
    first += sizes.concatenated ? labels[n] : width;
  }
}

#ifndef LOSSOPS_CUDA
const Backend* cuda_backend() { return nullptr; }
#endif

const Family kFamily{align, promoted_dtype, decompose, empty_values, gradient_like, mean, values_per_sample,
                     keeps, spread,         nullptr,   false};

}  // namespace lossops::lattice
