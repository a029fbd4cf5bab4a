// Compiled, not run: every expression and its derivative in a CUDA thread.
#include "losses/all.h"
#include "math/class_axis.h"
#include "math/path_weight.h"

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

/// The sums over paths, in a lattice of one position.
template <class E>
struct OnePosition {
  using W = PathWeight<S>;
  W way, of_blank, of_label;
  template <int s>
  __device__ W before(int) const {
    return way;
  }
  template <int s>
  __device__ W after(int) const {
    return way;
  }
  template <int s>
  __device__ W rest(int) const {
    return way;
  }
  __device__ W blank(int) const { return of_blank; }
  __device__ W label(int) const { return of_label; }
  __device__ W jump(const W& w, int) const { return w; }
};

template <class E>
__global__ void lattice_kernel(float* out, const float* x) {
  using W = PathWeight<S>;
  const OnePosition<E> at{W::one(), W::exp(S(x[0]), S(0)), W::exp(S(x[1]), S(0))};
  const States<E, W> next = E::template advance<W>(at), last = E::template retreat<W>(at);
  const Uses<W> uses = E::template uses<W>(at);
  for (int s = 0; s < E::kStates; ++s) out[s] = next[s].m.v + last[s].m.v;
  out[E::kStates] = uses.blank.m.v + uses.label.m.v;
}

template <LatticeExpression E>
void* kernel_of() {
  return reinterpret_cast<void*>(lattice_kernel<E>);
}

#define LOSS(op, Expression, ...) \
  void* op() { return kernel_of<losses::Expression>(); }
namespace kernels {
#include "losses/registry.def"
}
