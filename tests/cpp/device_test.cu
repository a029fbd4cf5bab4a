// Compiled, not run: every expression and its derivative in a CUDA thread.
#include "losses/all.h"
#include "math/class_axis.h"

using namespace lossops;
using S = Scalar<float>;

template <class E, class... T>
__global__ void kernel(E e, float* loss, float* slope, const float* x, T... t) {
  const int i = threadIdx.x;
  const Dual<S> y = e(Dual<S>(S(x[i]), S(1)), S(t[i])...);
  loss[i] = y.v.v;
  slope[i] = y.d.v;
}

template <class E>
void* kernel_of() {
  if constexpr (arity<E>() == 2) return reinterpret_cast<void*>(kernel<E, const float*>);
  if constexpr (arity<E>() == 3) return reinterpret_cast<void*>(kernel<E, const float*, const float*>);
}

/// A class's probability, with all that an expression of it offers.
template <class E>
__global__ void row_kernel(E e, float* out, const float* x, const float* rest) {
  const auto row = RowShift<S>::softmax(S(x[0]), S(rest[0]));
  const S d = S(x[threadIdx.x]) - row.shift;
  const Probability<S> p(d, exp(d), row);
  const Probability<Dual<S>> dual(d, exp(d), row);
  if constexpr (HasTrueClass<E>) out[0] = e.true_class(dual).d.v;
  if constexpr (ComparesClasses<E>) out[1] = e.each_class(dual, p).d.v + e.each_class(p, dual).d.v;
  if constexpr (HasOtherClasses<E>) out[2] = e.other_class(dual).d.v;
  if constexpr (MapsLogits<E>) out[3] = map_logit(e, Dual<S>(d, S(1)), Dual<S>(S(0))).d.v;
  if constexpr (MapsTarget<E>) out[4] = e.target_logit(Dual<S>(d, S(1))).d.v;
  if constexpr (HasRowTerm<E>) out[5] = e.row(Dual<S>(d, S(1))).d.v;
}

template <ClassAxisExpression E>
void* kernel_of() {
  return reinterpret_cast<void*>(row_kernel<E>);
}

#define LOSS(op, Expression, ...) \
  void* op() { return kernel_of<losses::Expression>(); }
namespace kernels {
#include "losses/registry.def"
}
