#include "runtime/products.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/addmm.h>
#include <ATen/ops/amax.h>
#include <ATen/ops/exp2.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <limits>

namespace lossops {

/// Bytes of a chunk's scores. Each chunk reads and writes the gradient of the matrix once, which is a small
/// part of the work from some hundred rows on; that many may take an eighth of the memory of the matrix.
constexpr int64_t kChunkBytes = 48 << 20;
constexpr int64_t kEnoughRows = 256;
constexpr int64_t kWeightShare = 8;

void multiply(at::Tensor to, const at::Tensor& a, const at::Tensor& b, bool adds) {
  if (a.scalar_type() == to.scalar_type()) {
    at::addmm_out(to, to, a, b, adds ? 1 : 0, 1);
  } else if (adds) {
    at::addmm_out(to, to, a, b, to.scalar_type(), 1, 1);
  } else {
    at::mm_out(to, a, b, to.scalar_type());
  }
}

int64_t chunk_rows(int64_t rows, int64_t row_bytes, int64_t features) {
  const int64_t enough = std::min(kEnoughRows, features / kWeightShare);
  const int64_t most = std::max({kChunkBytes / std::max<int64_t>(row_bytes, 1), enough, int64_t{16}});
  const int64_t chunks = std::max<int64_t>((rows + most - 1) / most, 1);
  return std::max<int64_t>((rows + chunks - 1) / chunks, 1);
}

at::Tensor directions(const at::Tensor& v, at::Tensor* length) {
  if (TORCH_GUARD_OR_FALSE(v.sym_size(-1).sym_eq(0))) return v;
  const at::Tensor largest = v.detach().abs().amax(-1, true);  // as good as a constant
  const at::Tensor none = largest == 0;
  const at::Tensor scaled = at::where(none, 0.0, v / at::where(none, 1.0, largest));
  const at::Tensor norm = at::where(none, 1.0, scaled.square().sum(-1, true)).sqrt();
  if (length) *length = at::where(none, 0.0, largest * norm.detach());
  return scaled / norm;
}

static void fit_half(const Call& call, Evaluation& out) {
  const double limit = std::numeric_limits<c10::Half>::max();
  at::Tensor largest = at::zeros({}, call.input().options().dtype(at::kDouble).requires_grad(false));
  for (const at::Tensor& g : out.grads) {
    if (!g.defined() || g.numel() == 0) continue;
    const at::Tensor size = g.abs().max().to(largest.options());
    largest = largest.maximum(at::where(size.isfinite(), size, 0));
  }
  const at::Tensor fits = at::exp2((limit / largest).log2().floor());
  out.denominator = at::where(largest == 0, 1, fits);
  for (at::Tensor& g : out.grads) {
    if (g.defined()) g = g * out.denominator;
  }
}

void finish_gradients(const Call& call, int64_t wrt, Evaluation& out) {
  if (needs_denominator(call, wrt)) fit_half(call, out);
  for (int i = 0; i < call.tensor_count(); ++i) {
    if (!out.grads[i].defined()) continue;
    const at::Tensor& like = call.tensors[i];
    out.grads[i] = out.grads[i].to(like.device(), like.scalar_type());
    if (keeps_order(like)) out.grads[i] = empty_in_order(like, like.scalar_type()).copy_(out.grads[i]);
  }
}

}  // namespace lossops
