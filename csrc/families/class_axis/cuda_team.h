// A row and the threads that work on it: how its classes are shared out, read and written.
//
// A thread takes vectors of 16 bytes, each as far from its last one as the team is large, and what is left at
// both ends of the row class by class. It keeps the first of its vectors in shared memory, a place of its own
// each, so that later sweeps find them there.
#pragma once

#include "../../runtime/cuda/memory.h"
#include "../../runtime/cuda/reduce.h"
#include "cuda.h"

namespace lossops::cuda {

template <int n>
using Count = std::integral_constant<int, n>;

template <class S, int sides>
class RowTeam {
 public:
  using T = typename RowArgs<S>::T;
  using V = Scalar<T>;
  static constexpr int kVector = 16 / static_cast<int>(sizeof(S));

 protected:
  LOSSOPS_DEVICE explicit RowTeam(const RowArgs<S>& args)
      : a(args), team_(args.team), shared_(static_cast<Pack<S, kVector>*>(shared_memory()) + threadIdx.x) {}

  /// Calls f for every row and leaves the block's sum of what it returns. `clears`: writes the gradients of
  /// rows that are ignored, as zeros.
  template <bool clears, class F>
  LOSSOPS_DEVICE void rows(const F& f) {
    const int64_t at_once = blockDim.x / team_.size;
    double sum = 0;
    for (int64_t row = blockIdx.x * at_once + threadIdx.x / team_.size; row < a.rows;
         row += gridDim.x * at_once) {
      open(row);
      if (clears && ignored_) clear();
      const V value = ignored_ ? V(0) : f() * row_scale_;
      if (team_.rank == 0) {
        sum += value.v;
        if (a.value.data) store_one(value.v, a.value.data, a.value.dtype, row);
      }
    }
    sum = block_sum(sum);
    if (threadIdx.x == 0) a.partial[blockIdx.x] = sum;
  }

  /// f(count, class, x): the logits of `count` neighbouring classes, of the sides from `first` to below
  /// `last`. The opening sweep of a row keeps them.
  template <bool opening, int first, int last, class F>
  LOSSOPS_DEVICE void sweep(const F& f) const {
    V x[sides][kVector];
    Pack<S, kVector> next[sides];
    int v = team_.rank;
    if (v < vectors_) fetch<opening, first, last>(v, 0, next);
    for (int k = 0; v < vectors_; ++k) {
#pragma unroll
      for (int side = first; side < last; ++side) {
        if (opening && k < a.kept) *kept(side, k) = next[side];
#pragma unroll
        for (int j = 0; j < kVector; ++j) x[side][j] = V(static_cast<T>(next[side].at[j]));
      }
      const int ahead = v + team_.size;
      if (ahead < vectors_) fetch<opening, first, last>(ahead, k + 1, next);
      f(Count<kVector>(), head_ + v * kVector, x);
      v = ahead;
    }
    const int edges = a.classes - vectors_ * kVector;
    for (int i = team_.rank; i < edges; i += team_.size) {
      const int c = i < head_ ? i : i + vectors_ * kVector;
#pragma unroll
      for (int side = first; side < last; ++side) x[side][0] = input(side, c);
      f(Count<1>(), c, x);
    }
  }

  LOSSOPS_DEVICE V input(int side, int c) const {
    return static_cast<T>(x_[side][c * a.x[side].class_stride]);
  }

  /// Writes gradients of n classes from c on.
  template <int n>
  LOSSOPS_DEVICE void write(int side, int c, const V (&g)[kVector]) const {
    S* const to = grad_[side] + c * a.grad[side].class_stride;
    if constexpr (n == 1) {
      *to = static_cast<S>(g[0].v);
    } else {
      Pack<S, n> pack;
#pragma unroll
      for (int j = 0; j < n; ++j) pack.at[j] = static_cast<S>(g[j].v);
      *reinterpret_cast<Pack<S, n>*>(to) = pack;
    }
  }

  const RowArgs<S>& a;
  const Team team_;

  // Of the row:
  int64_t row_ = 0;
  int label_ = -1;  ///< none: -1
  V row_scale_{1};
  const S* x_[sides];
  S* grad_[sides];

 private:
  LOSSOPS_DEVICE void open(int64_t row) {
    row_ = row;
    ignored_ = false;
    if (a.label && !a.is_label) {
      const int64_t label = a.label[row];
      ignored_ = a.ignores && label == a.ignore_index;
      if (sides == 1 && !ignored_) {
        LOSSOPS_ASSERT(label >= 0 && label < a.labels, "lossops: target is out of range");
        label_ = static_cast<int>(label);
      }
    }
    row_scale_ = V(a.value_scale);
    if (a.row_weight) row_scale_ = row_scale_ * V(a.row_weight[row]);
    bool together = a.vector;
    uintptr_t place = 0;
#pragma unroll
    for (int side = 0; side < sides; ++side) {
      x_[side] = a.x[side].data + a.x[side].rows(row);
      grad_[side] = a.grad[side].data ? a.grad[side].data + a.grad[side].rows(row) : nullptr;
      const auto at = reinterpret_cast<uintptr_t>(x_[side]) % 16;
      if (side == 0) place = at;
      together = together && at == place;
      if (grad_[side]) together = together && reinterpret_cast<uintptr_t>(grad_[side]) % 16 == place;
    }
    head_ = together ? classes_before_vectors(place, a.classes, sizeof(S)) : a.classes;
    vectors_ = (a.classes - head_) / kVector;
  }

  LOSSOPS_DEVICE void clear() const {
#pragma unroll
    for (int side = 0; side < sides; ++side) {
      if (!grad_[side]) continue;
      for (int c = team_.rank; c < a.classes; c += team_.size) {
        grad_[side][c * a.grad[side].class_stride] = S(0);
      }
    }
  }

  LOSSOPS_DEVICE Pack<S, kVector>* kept(int side, int k) const {
    return shared_ + (side * a.kept + k) * static_cast<int>(blockDim.x);
  }

  template <bool opening, int first, int last>
  LOSSOPS_DEVICE void fetch(int v, int k, Pack<S, kVector> (&to)[sides]) const {
#pragma unroll
    for (int side = first; side < last; ++side) {
      to[side] = !opening && k < a.kept ? *kept(side, k)
                                        : reinterpret_cast<const Pack<S, kVector>*>(x_[side] + head_)[v];
    }
  }

  Pack<S, kVector>* const shared_;
  bool ignored_ = false;
  int head_ = 0;     ///< classes before the first vector
  int vectors_ = 0;  ///< in the row
};

}  // namespace lossops::cuda
