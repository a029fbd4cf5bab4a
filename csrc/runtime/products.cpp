#include "runtime/products.h"

#include <ATen/Context.h>
#include <ATen/TensorOperators.h>
#include <ATen/core/dispatch/Dispatcher.h>
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

/// Elements of what oneDNN multiplies at a time, and the sizes from which it is asked.
constexpr int64_t kTileElements = 1 << 20;
constexpr int64_t kLargeSide = 32;
constexpr int64_t kLargeProduct = 1 << 24;

/// oneDNN's product of a matrix and the transpose of another, or null where another library is as fast: on
/// processors that are not Intel's, MKL reaches half its speed.
static const c10::OperatorHandle* onednn_product() {
#if defined(__x86_64__)
  static const auto op = c10::Dispatcher::singleton().findSchema({"mkldnn::_linear_pointwise", ""});
  static const bool serves = op && at::hasMKL() && at::hasMKLDNN() && !__builtin_cpu_is("intel");
  if (serves && at::globalContext().userEnabledMkldnn()) return &*op;
#endif
  return nullptr;
}

/// Of a matrix that lies in neither order without gaps, oneDNN would take its slow reference.
static at::Tensor call(const c10::OperatorHandle& op, const at::Tensor& a, const at::Tensor& b) {
  const at::Tensor weight = b.is_non_overlapping_and_dense() ? b.t() : b.t().contiguous();
  torch::jit::Stack stack{a, weight, c10::IValue(), "none", c10::List<std::optional<at::Scalar>>(), ""};
  op.callBoxed(stack);
  return stack[0].toTensor();
}

/// A tile of rows at a time, or of columns where b is the transpose of a matrix in rows, since `product`
/// allocates what it gives, and copies what of a is transposed.
template <class Product>
static void multiply_by_tiles(const at::Tensor& to, const at::Tensor& a, const at::Tensor& b, bool adds,
                              const Product& product) {
  const int along = to.size(1) > to.size(0) && b.stride(0) == 1 ? 1 : 0;
  const int64_t copied = a.stride(1) == 1 ? 1 : a.size(1);
  const int64_t step = std::max<int64_t>(kTileElements / std::max(to.size(1 - along), copied), 1);
  for (int64_t from = 0; from < to.size(along); from += step) {
    const int64_t count = std::min(step, to.size(along) - from);
    const at::Tensor tile = to.narrow(along, from, count);
    const at::Tensor found =
        along == 0 ? product(a.narrow(0, from, count), b) : product(a, b.narrow(1, from, count));
    adds ? tile.add_(found) : tile.copy_(found);
  }
}

static bool is_large(const at::Tensor& to, const at::Tensor& a) {
  const int64_t inner = a.size(1);
  return std::min({to.size(0), to.size(1), inner}) >= kLargeSide && to.numel() * inner >= kLargeProduct;
}

bool multiplies_bfloat16() {
#if defined(__x86_64__)
  static const bool has = __builtin_cpu_supports("avx512bf16") != 0;
  return has && at::hasMKLDNN() && at::globalContext().userEnabledMkldnn();
#else
  return false;
#endif
}

void multiply(at::Tensor to, const at::Tensor& a, const at::Tensor& b, bool adds) {
  const bool floats = a.scalar_type() == at::kFloat;
  if (const auto* op = to.is_cpu() && floats && is_large(to, a) ? onednn_product() : nullptr) {
    multiply_by_tiles(to, a, b, adds, [&](const auto& x, const auto& y) { return call(*op, x, y); });
  } else if (a.scalar_type() == to.scalar_type()) {
    at::addmm_out(to, to, a, b, adds ? 1 : 0, 1);
  } else if (to.is_cpu()) {
    multiply_by_tiles(to, a, b, adds, [](const auto& x, const auto& y) { return at::mm(x, y); });
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
