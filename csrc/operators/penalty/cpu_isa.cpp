// Compiled once per instruction set: the penalty and its gradient over a run of elements.
#include "math/widening.h"
#include "operators/penalty/cpu.h"

namespace lossops::cpu::CPU_CAPABILITY {
namespace {

using at::vec::Vectorized;

template <class T>
PenaltySums sums(const T* x, int64_t size) {
  using V = Vectorized<T>;
  constexpr int64_t kLanes = V::size();
  // Two of each, so that one addition need not wait for the other.
  V absolute0(0), absolute1(0), square0(0), square1(0);
  const auto add = [](const V& v, V& absolute, V& square) {
    absolute = absolute + v.abs();
    square = square + v * v;
  };
  int64_t i = 0;
  for (; i + 2 * kLanes <= size; i += 2 * kLanes) {
    add(V::loadu(x + i), absolute0, square0);
    add(V::loadu(x + i + kLanes), absolute1, square1);
  }
  for (; i < size; i += kLanes) {
    const int64_t count = size - i < kLanes ? size - i : kLanes;
    add(V::loadu(x + i, count), absolute0, square0);  // the rest is 0
  }
  return {sum_of_lanes(absolute0) + sum_of_lanes(absolute1), sum_of_lanes(square0) + sum_of_lanes(square1)};
}

template <class T, class F>
void map(const T* x, T* y, int64_t size, const F& f) {
  using V = Vectorized<T>;
  int64_t i = 0;
  for (; i + V::size() <= size; i += V::size()) f(V::loadu(x + i)).store(y + i);
  if (i < size) f(V::loadu(x + i, size - i)).store(y + i, size - i);
}

template <class T>
void slope(const T* x, const T* a, const T* b, T* grad, int64_t size) {
  using V = Vectorized<T>;
  const V zero(0), up(a ? *a : T(0)), down(a ? -*a : T(0)), factor(b ? *b : T(0));
  // 0 where NaN, as torch.sign has it.
  const auto signed_a = [&](const V& v) { return V::blendv(V::blendv(zero, up, v > zero), down, v < zero); };
  if (a && b) return map(x, grad, size, [&](const V& v) { return signed_a(v) + v * factor; });
  if (a) return map(x, grad, size, signed_a);
  map(x, grad, size, [&](const V& v) { return v * factor; });
}

}  // namespace

template <class T>
const PenaltyKernels<T>& penalty_kernels() {
  static constexpr PenaltyKernels<T> table = {sums<T>, slope<T>};
  return table;
}

template const PenaltyKernels<float>& penalty_kernels<float>();
template const PenaltyKernels<double>& penalty_kernels<double>();

}  // namespace lossops::cpu::CPU_CAPABILITY
