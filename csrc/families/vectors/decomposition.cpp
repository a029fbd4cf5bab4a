// Losses of vectors in ATen operators.
#include <ATen/OpMathType.h>
#include <ATen/ops/amax.h>
#include <ATen/ops/scalar_tensor.h>
#include <ATen/ops/where.h>

#include "core/reduction.h"
#include "core/shapes.h"
#include "core/transforms.h"
#include "families/vectors/call.h"

namespace lossops::vectors {
namespace {

using Values = Members::Values;

class VectorDecomposition {
 public:
  explicit VectorDecomposition(const Call& call)
      : call_(call), f_(VectorLoss::of(call).members), params_(call.settings.params.data()) {
    // What cancels in a formula of sums needs digits that those of float32 do not have.
    const at::ScalarType own = call.promoted_dtype();
    dtype_ = call.input().is_mps() ? at::toOpMathType(own) : at::kDouble;
    for (int i = 0; i < f_.vectors; ++i) x_.push_back(Aten(beside_input(call, call.tensors[i]).to(dtype_)));
    if (f_.labelled) label_ = Aten(beside_input(call, call.tensors[f_.vectors]).to(dtype_));
    if (call.weight().defined()) leave_out();
  }

  at::Tensor run() {
    const Values centers = this->centers();
    const Values sums = this->sums(centers);
    at::Tensor value = with_derivatives(
        [&](int by) { return Members::Duals{f_.finish(sums, by, at_groups(centers), label_, params_)}; },
        sums)[0];
    if (weight_.defined()) {
      value = at::where(left_out_ | ((weight_ == 0) & value.isfinite().logical_not()), 0.0, value);
      value = scaled(Aten(weight_), Aten(value)).tensor();
    }
    return reduce(call_, value, {}, {}).to(call_.result_dtype());
  }

 private:
  /// Groups of weight 0 that are no numbers: they count for nothing, not even in a gradient.
  void leave_out() {
    weight_ = beside_input(call_, call_.weight()).to(dtype_);
    at::Tensor odd;
    for (const Aten& x : x_) {
      const at::Tensor here = x.tensor().isfinite().logical_not().any(-1);
      odd = odd.defined() ? odd | here : here;
    }
    left_out_ = (weight_ == 0) & odd;
    for (Aten& x : x_) x = Aten(at::where(left_out_.unsqueeze(-1), 0.0, x.tensor()));
  }

  /// The numbers that are known of a group beforehand, as they stand beside elements.
  Values centers() const {
    Values centers(f_.neutral.begin(), f_.neutral.begin() + f_.centers);
    // No sum of squares of others is beyond double.
    const bool wide = call_.promoted_dtype() == at::kDouble || dtype_ != at::kDouble;
    const c10::SymInt length = x_[0].tensor().sym_size(-1);
    if (TORCH_GUARD_OR_FALSE(length.sym_eq(0)) || !(f_.measures(params_) || (f_.largest && wide)))
      return centers;
    Values measured;
    for (const Aten& m : f_.measure(x_.data(), params_)) {
      measured.push_back(f_.largest ? at::amax(m.tensor().detach(), -1, true) : m.tensor().sum(-1, true));
    }
    const Aten n(at::scalar_tensor(at::Scalar(length), x_[0].tensor().options().requires_grad(false)));
    return f_.center(measured, n, params_);
  }

  static Values at_groups(const Values& centers) {
    Values out;
    for (const Aten& c : centers) out.push_back(c.is_number() ? c : Aten(c.tensor().squeeze(-1)));
    return out;
  }

  Values sums(const Values& centers) const {
    Values sums;
    for (const at::Tensor& term :
         with_derivatives([&](int by) { return f_.terms(centers, x_.data(), by, params_); }, x_)) {
      sums.push_back(Aten(term.sum(-1)));
    }
    return sums;
  }

  /// What `evaluate` gives, with its derivatives by operands, of which it takes one at a time.
  template <class F>
  static std::vector<at::Tensor> with_derivatives(const F& evaluate, const Values& operands) {
    std::vector<at::Tensor> out;
    const at::Tensor& like = operands[0].tensor();
    for (const Dual<Aten>& y : evaluate(-1)) out.push_back(y.v.tensor_like(like));
    bool first = true;
    for (size_t i = 0; i < operands.size(); ++i) {
      const at::Tensor& x = operands[i].tensor();
      if (!may_be_differentiated(x)) continue;
      const Members::Duals duals = evaluate(static_cast<int>(i));
      for (size_t k = 0; k < out.size(); ++k) {
        if (first) out[k] = out[k].detach();
        const Aten& d = duals[k].d;
        if (!d.is_number() || d.number() != 0) out[k] = with_derivative(out[k], d.tensor_like(x), x);
      }
      first = false;
    }
    return out;
  }

  const Call& call_;
  const Members& f_;
  const double* const params_;
  at::ScalarType dtype_;
  Values x_;
  Aten label_{0};
  at::Tensor weight_, left_out_;  ///< if there is a weight
};

}  // namespace

at::Tensor decompose(const Call& call) { return VectorDecomposition(call).run(); }

}  // namespace lossops::vectors
