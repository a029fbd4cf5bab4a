// What a call compares: its vectors, joined, without what is left out, and of length 1 where cosines are
// compared; its labels; and the numbers that make scores of products.
#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/scalar_tensor.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros.h>

#include "core/shapes.h"
#include "core/transforms.h"
#include "families/contrast/call.h"
#include "runtime/products.h"

namespace lossops::contrast {
namespace {

at::Tensor numbers(const c10::SymInt& from, const c10::SymInt& end, const Call& call) {
  return at::arange(at::Scalar(from), at::Scalar(end),
                    call.input().options().dtype(at::kLong).requires_grad(false));
}

at::Tensor joined(const Call& call, const std::vector<int>& tensors) {
  std::vector<at::Tensor> parts;
  for (const int i : tensors) {
    if (!call.tensors[i].defined()) continue;
    parts.push_back(call.tensors[i].to(math_dtype(call)));
    if (parts.back().dim() > 2) parts.back() = parts.back().flatten(0, 1);
  }
  return parts.size() == 1 ? parts[0] : at::cat(parts);
}

at::Tensor without(const at::Tensor& gone, const at::Tensor& v) {
  return gone.defined() ? at::where(gone.unsqueeze(1), 0.0, v) : v;
}

/// Raises for labels that are neither in [0, count) nor -1, where they can be looked at.
void check_range(const Call& call, const c10::SymInt& count) {
  const at::Tensor& given = labels(call);
  if (!may_be_searched(given)) return;
  const at::Tensor t = given.to(at::kLong);
  if (const auto found = first_where((t < -1) | (t >= at::Scalar(count)), t)) {
    call.loss->raise("label", "labels must be in [-1, ", count - 1, "], got ", as_integer(found->value),
                     " at position (", found->index, ",)");
  }
}

}  // namespace

Comparison::Comparison(const Call& call) {
  const ContrastLoss& loss = ContrastLoss::of(call);
  x = joined(call, loss.rows);
  y = loss.is_self() ? x : joined(call, loss.columns);
  const c10::SymInt rows = x.sym_size(0), columns = y.sym_size(0);
  at::Tensor column_gone, row_gone;
  if (const at::Tensor& given = labels(call); given.defined()) {
    const at::Tensor t = given.to(at::kLong);
    if (loss.kind == Kind::kInfoNCE) {
      check_range(call, columns);
      keep = t != -1;
      label = at::where(keep, t, 0);
      row_gone = keep.logical_not();
    } else if (loss.kind == Kind::kProxyAnchor) {
      check_range(call, rows);
      row_class = numbers(0, rows, call);
      column_class = t;
      column_gone = t == -1;
    } else {
      const bool has_views = call.input().dim() > 2;
      column_class =
          has_views ? t.unsqueeze(1).expand_symint(call.input().sym_sizes().slice(0, 2)).flatten() : t;
      row_class = column_class;
      keep = row_class != -1;
      row_gone = column_gone = keep.logical_not();
    }
  } else if (loss.kind == Kind::kNTXent) {
    const c10::SymInt pairs = call.input().sym_size(0);
    label = at::cat({numbers(pairs, rows, call), numbers(0, pairs, call)});
  } else {
    label = numbers(0, rows, call);
  }
  const bool shared = loss.is_self();
  y = without(column_gone, y);
  x = shared ? y : without(row_gone, x);
  if (call.weight().defined()) {
    weight = beside_input(call, call.weight()).to(x.scalar_type()).reshape(-1);
    // Rows that are nothing else besides.
    if (!shared && loss.kind != Kind::kCLIP) x = without(weight == 0, x);
  }
  const auto number = [&](int i) {
    const at::Tensor& t = call.tensors[i];
    return t.defined() ? beside_input(call, t).to(x.scalar_type()) : t;
  };
  if (loss.is_paired()) {
    scale = number(kScale);
    bias = number(kBias);
  } else if (loss.kind != Kind::kProxyAnchor) {
    scale = at::scalar_tensor(1 / parameter(call, 0), x.options().requires_grad(false));
  }
  if (!loss.is_paired() && (loss.kind != Kind::kInfoNCE || parameter(call, 1) != 0)) {
    y = directions(y, &y_length);
    x = shared ? y : directions(x, &x_length);
    if (shared) x_length = y_length;
  }
}

double value_factor(const Call& call) {
  if (ContrastLoss::of(call).kind == Kind::kCLIP) return 0.5;
  const bool rescales = ContrastLoss::of(call).kind == Kind::kSupCon && parameter(call, 1) > 0;
  return rescales ? parameter(call, 0) / parameter(call, 1) : 1;
}

at::Tensor positives_factor(const Call& call, const Comparison& c) {
  const bool means = call.settings.reduction == Reduction::Mean && !call.normalizer().defined();
  if (!means) return at::scalar_tensor(1, c.x.options().requires_grad(false));
  const at::Tensor counts = (c.column_class != -1).to(at::kLong);
  const at::Tensor found = at::zeros_symint({c.x.sym_size(0)}, counts.options())
                               .index_add(0, at::where(c.column_class == -1, 0, c.column_class), counts);
  return at::Scalar(c.x.sym_size(0)) / (found > 0).sum().clamp_min(1).to(c.x.scalar_type());
}

}  // namespace lossops::contrast
