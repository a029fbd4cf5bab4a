// Compiled, not run: every expression and its derivative in a CUDA thread.
#include "losses/all.h"
#include "math/class_axis.h"
#include "math/path_weight.h"
#include "math/sums.h"

using namespace lossops;
using S = Scalar<float>;

template <class E, class... T>
__global__ void kernel(E e, float* loss, float* slope, const float* x, T... t) {
  const int i = threadIdx.x;
  const Dual<S> y = e(Dual<S>(S(x[i]), S(1)), S(t[i])...);
  loss[i] = y.v.v;
  slope[i] = y.d.v;
}

/// With as many operands as the expression takes.
template <class E, class... Others>
void* element_kernel_of() {
  if constexpr (sizeof...(Others) + 1 == arity<E>()) {
    return reinterpret_cast<void*>(kernel<E, Others...>);
  } else {
    return element_kernel_of<E, Others..., const float*>();
  }
}
template <class E>
void* kernel_of() {
  return element_kernel_of<E>();
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

/// A position of a lattice whose weights are all the same.
struct Place {
  using W = PathWeight<Scalar<double>>;
  W w;
  template <int>
  __device__ W before(int64_t) const {
    return w;
  }
  template <int>
  __device__ W after(int64_t) const {
    return w;
  }
  template <int>
  __device__ W rest(int64_t) const {
    return w;
  }
  __device__ W blank(int64_t) const { return w; }
  __device__ W label(int64_t) const { return w; }
  __device__ W jump(const W& weight, int64_t) const { return weight; }
};
template <class E>
__global__ void lattice_kernel(Place::W* out, const Place::W* w) {
  const Place at{*w};
  out[0] = E::template advance<Place::W>(at)[0];
  out[1] = E::template retreat<Place::W>(at)[0];
  out[2] = E::template uses<Place::W>(at).label;
}
template <LatticeExpression E>
void* kernel_of() {
  return reinterpret_cast<void*>(lattice_kernel<E>);
}

/// How an element measures its group, what it adds to the sums, and the formula.
template <class E, size_t... i>
__device__ float vector_slope(E e, const float* x, std::index_sequence<i...>) {
  const auto sum = [](const auto&... terms) { return (... + terms); };
  const auto measures = e.measure(S(x[i])...);
  const Numbers<S, std::tuple_size_v<decltype(e.measure(S(x[i])...))>> m{std::apply(sum, measures)};
  const auto centers = e.center(m, S(x[8]));
  const auto terms = e.terms(centers, Dual<S>(S(x[i]), S(1))...);
  const Numbers<Dual<S>, std::tuple_size_v<std::remove_const_t<decltype(terms)>>> s{std::apply(sum, terms)};
  return e.finish(s, centers, S(x[9])).d.v;
}
template <class E>
__global__ void vector_kernel(E e, float* out, const float* x) {
  out[0] = vector_slope(e, x, std::make_index_sequence<E::kVectors>());
}
template <VectorExpression E>
void* kernel_of() {
  return reinterpret_cast<void*>(vector_kernel<E>);
}

/// A region's formula, and what it says of classes and pixels.
template <class E>
__global__ void region_kernel(E e, float* out, const float* x) {
  const Dual<S> p(S(x[0]), S(1));
  out[0] = e.finish(Overlap<Dual<S>>{p, p, p, p}, x[1]).d.v;
  if constexpr (PoolsClasses<E>) out[1] = e.class_weight(S(x[2])).v;
  if constexpr (HasPixelCost<E>) out[2] = e.pixel().element(p, S(x[3])).d.v * e.region_weight();
}
template <RegionExpression E>
void* kernel_of() {
  return reinterpret_cast<void*>(region_kernel<E>);
}

#define LOSS(op, Expression, ...) \
  void* op() { return kernel_of<losses::Expression>(); }
namespace kernels {
#include "losses/registry.def"
}
