// The kernels of losses of sequences: a warp for each row of classes, and a block for each lattice, whose
// threads share out the positions.
#pragma once

#include <algorithm>
#include <limits>

#include "../../runtime/cuda/memory.h"
#include "../../runtime/cuda/reduce.h"
#include "cuda.h"

namespace lossops::cuda {

constexpr int kLatticeThreads = 256;

/// A sequence, and where its share of memory lies.
template <class E>
struct Sequence {
  using W = LatticeWeight;
  const LatticeArgs& a;
  int64_t n, length, count, positions, before;
  const int64_t* target;

  LOSSOPS_DEVICE Sequence(const LatticeArgs& args, int64_t n)
      : a(args),
        n(n),
        length(args.lengths[n]),
        count(args.counts[n]),
        positions(count + 1),
        before(args.first[n] + n),
        target(args.target + args.first[n]) {
    LOSSOPS_ASSERT(length >= (E::kSharesRows ? 0 : 1) && length <= a.frames, "a length is out of range");
    LOSSOPS_ASSERT(count >= 0 && count <= a.most, "a target length is out of range");
  }

  LOSSOPS_DEVICE int64_t rows() const { return E::kSharesRows ? length : a.o.row(length, count); }
  LOSSOPS_DEVICE W* label(int64_t k) const { return a.label + a.rows * before + k * positions; }
  LOSSOPS_DEVICE W* blank(int64_t k) const {
    return E::kSharesRows ? a.blank + n * a.rows + k : a.blank + a.rows * before + k * positions;
  }
  LOSSOPS_DEVICE W* states(int64_t k, int s) const {
    return a.states + E::kStates * (a.rows + 1) * before + (k * E::kStates + s) * positions;
  }
  LOSSOPS_DEVICE W* rest(int64_t k, int s) const {
    return a.rest + 2 * E::kStates * before + (k % 2 * E::kStates + s) * positions;
  }
  LOSSOPS_DEVICE int64_t* same() const { return a.same + before; }
  LOSSOPS_DEVICE double& per_use(int64_t k) const { return a.per_use[n * a.rows + k]; }
  LOSSOPS_DEVICE int64_t checked(int64_t label) const {
    LOSSOPS_ASSERT(label >= 0 && label < a.classes && label != a.o.blank,
                   "a target is out of range, or the blank");
    return label;
  }
};

/// A position in a row of the lattice: see math/lattice.h.
template <class E>
struct LatticePlace {
  using W = LatticeWeight;
  const Sequence<E>& of;
  int64_t k, j;

  LOSSOPS_DEVICE W at(const W* row, int64_t o) const {
    const bool there = j + o >= 0 && j + o < of.positions;
    const W w = there ? row[j + o] : W::zero();
    return w.m.v == 0 ? W::zero() : w;  // memory begins as plain zeros
  }
  template <int s>
  LOSSOPS_DEVICE W before(int64_t o) const {
    return at(of.states(k, s), o);
  }
  template <int s>
  LOSSOPS_DEVICE W after(int64_t o) const {
    return at(of.states(k + 1, s), o);
  }
  template <int s>
  LOSSOPS_DEVICE W rest(int64_t o) const {
    return at(of.rest(k + 1, s), o);
  }
  LOSSOPS_DEVICE W blank(int64_t o) const {
    if constexpr (!E::kSharesRows) return at(of.blank(k), o);
    const W w = *of.blank(k);
    return w.m.v == 0 ? W::zero() : w;
  }
  LOSSOPS_DEVICE W label(int64_t o) const { return at(of.label(k), o); }
  LOSSOPS_DEVICE W jump(const W& w, int64_t o) const {
    const int64_t to = j + o;
    return to > 0 && to < of.count && of.target[to] != of.target[to - 1] ? w : W::zero();
  }
};

/// f(n, t, u) for each row of classes, by all threads of a warp.
template <class F>
LOSSOPS_DEVICE void for_each_row(const LatticeArgs& a, const F& f) {
  const int64_t warps = static_cast<int64_t>(gridDim.x) * (blockDim.x / kWarp);
  const int64_t first = static_cast<int64_t>(blockIdx.x) * (blockDim.x / kWarp) + threadIdx.x / kWarp;
  for (int64_t row = first; row < a.batch * a.frames * a.positions; row += warps) {
    f(row / a.positions / a.frames, row / a.positions % a.frames, row % a.positions);
  }
}

template <class E, class T>
__global__ void read_kernel(const __grid_constant__ LatticeArgs a) {
  const Team warp(kWarp);
  for_each_row(a, [&](int64_t n, int64_t t, int64_t u) {
    const Sequence<E> of(a, n);
    if (t >= of.length || u > of.count) return;
    const int64_t place = a.x.row(n, t, u);
    const auto score = [&](int64_t c) { return load_one<T>(a.x.data, a.x.dtype, place + c * a.x.stride[3]); };
    double largest = 0, share = 1;
    if (a.o.from_logits) {
      T top = -std::numeric_limits<T>::infinity();
      for (int64_t c = warp.rank; c < a.classes; c += warp.size) {
        const T x = score(c);
        top = x > top ? x : top;
      }
      top = warp.max(top);
      double sum[1] = {0};
      for (int64_t c = warp.rank; c < a.classes; c += warp.size) {
        sum[0] += exp_below(Scalar<T>(score(c) - top)).v;
      }
      warp.sum(sum);
      largest = top;
      share = 1 / sum[0];
    }
    const int64_t row = (n * a.frames + t) * a.positions + u;
    if (warp.rank == 0) {
      a.largest[row] = largest;
      a.share[row] = share;
    }
    const auto weight = [&](int64_t c) {
      LatticeWeight w = LatticeWeight::exp(static_cast<double>(score(c)), largest);
      w.m = w.m * share;
      return w.normalized();
    };
    const int64_t k = E::kSharesRows ? t : a.o.row(t, u);
    if (warp.rank == 0) of.blank(k)[u] = weight(a.o.blank);
    const int64_t begin = E::kSharesRows ? 0 : u, end = E::kSharesRows ? of.count : u + 1;
    for (int64_t j = begin + warp.rank; j < end && j < of.count; j += warp.size) {
      of.label(k)[j] = weight(of.checked(of.target[j]));
    }
  });
}

/// f(j) for each position, by all threads of the block, which then wait for one another.
template <class F>
LOSSOPS_DEVICE void for_each_position(int64_t positions, const F& f) {
  for (int64_t j = threadIdx.x; j < positions; j += blockDim.x) f(j);
  __syncthreads();
}

template <class E>
LOSSOPS_DEVICE LatticeWeight sum_of_paths(const Sequence<E>& of) {
  LatticeWeight total = LatticeWeight::zero();
  for (int s = 0; s < E::kStates && s <= of.count; ++s) {
    total = sum(total, of.states(of.rows(), s)[of.count - s]);
  }
  return total;
}

template <class E>
LOSSOPS_DEVICE void walk_back(const Sequence<E>& of, const LatticeWeight& total) {
  using W = LatticeWeight;
  const Team block(static_cast<int>(blockDim.x));
  const W share{Scalar<double>(1 / total.m.v), -total.e};
  for (int64_t k = of.rows() - 1; k >= 0; --k) {
    for_each_position(of.positions, [&](int64_t j) {
      const States<E, W> rest = E::template retreat<W>(LatticePlace<E>{of, k, j});
      for (int s = 0; s < E::kStates; ++s) of.rest(k, s)[j] = rest[s].normalized();
    });
    double sums[2] = {0, 0};
    for_each_position(of.positions, [&](int64_t j) {
      const Uses<W> uses = E::template uses<W>(LatticePlace<E>{of, k, j});
      const double blank = (uses.blank * share).value().v, label = (uses.label * share).value().v;
      sums[0] += blank;
      sums[1] += label;
      if (!E::kSharesRows) of.blank(k)[j].m = blank;
      of.label(k)[j].m = label;
    });
    block.sum(sums);
    if (threadIdx.x == 0) {  // each path uses one arc of each row
      const double all = sums[0] + sums[1];
      of.per_use(k) = all == 0 ? 0 : 1 / all;
      if (E::kSharesRows) of.blank(k)->m = sums[0];
    }
  }
}

template <class E>
__global__ void walk_kernel(const __grid_constant__ LatticeArgs a) {
  using W = LatticeWeight;
  for (int64_t n = blockIdx.x; n < a.batch; n += gridDim.x) {
    const Sequence<E> of(a, n);
    for_each_position(of.positions, [&](int64_t j) {
      for (int s = 0; s < E::kStates; ++s) {
        of.states(0, s)[j] = s == 0 && j == 0 ? W::one() : W::zero();
        of.rest(of.rows(), s)[j] = j == of.count - s ? W::one() : W::zero();
      }
      if (j == of.count) return;
      int64_t next = j + 1, last = j - 1;
      while (next < of.count && of.target[next] != of.target[j]) ++next;
      while (last >= 0 && of.target[last] != of.target[j]) --last;
      of.same()[j] = 2 * (next < of.count ? next : -1) + (last < 0);
    });
    for (int64_t k = 0; k < of.rows(); ++k) {
      for_each_position(of.positions, [&](int64_t j) {
        const States<E, W> next = E::template advance<W>(LatticePlace<E>{of, k, j});
        for (int s = 0; s < E::kStates; ++s) of.states(k + 1, s)[j] = next[s].normalized();
      });
    }
    const W total = sum_of_paths(of);
    const bool none = total.m.v == 0;
    if (threadIdx.x == 0) {
      const double loss = -(std::log(total.m.v) + std::log(2.0) * total.e.v) * a.o.label_factor;
      a.loss[n] = none ? (a.o.zero_infinity ? 0.0 : kInfinity) : loss == 0 ? 0.0 : loss;
    }
    if (a.grad.data && !none) walk_back(of, total);
    __syncthreads();
  }
}

/// The gradient of a row of classes, by a warp.
template <class E, class T>
struct RowGradient {
  const Sequence<E>& of;
  int64_t t, u;
  T scale;

  LOSSOPS_DEVICE void zero(const Team& warp) const {
    for (int64_t c = warp.rank; c < of.a.classes; c += warp.size) store(c, 0);
  }

  LOSSOPS_DEVICE void write(const Team& warp) const {
    const LatticeArgs& a = of.a;
    const int64_t k = E::kSharesRows ? t : a.o.row(t, u);
    const double factor = of.per_use(k);
    const double blank = of.blank(k)[u].m.v * factor;
    const double label = of.label(k)[u].m.v * factor * a.o.label_factor;
    const double all = a.o.from_logits ? (E::kSharesRows ? 1 : blank + label) : 0;
    const int64_t own = !E::kSharesRows && u < of.count ? of.target[u] : -1;
    for (int64_t c = warp.rank; c < a.classes; c += warp.size) {
      const double used = c == a.o.blank ? blank : c == own ? label : 0;
      store(c, probability(c, all) - used);
    }
    if (!E::kSharesRows) return;
    warp.sync();
    for (int64_t j = warp.rank; j < of.count; j += warp.size) {
      if (of.same()[j] % 2 == 0) continue;  // the first with this label adds all of them up
      double used = 0;
      for (int64_t i = j; i >= 0; i = of.same()[i] >> 1) used += of.label(k)[i].m.v;
      store(of.target[j], probability(of.target[j], all) - used * factor);
    }
  }

 private:
  LOSSOPS_DEVICE double probability(int64_t c, double factor) const {
    const LatticeArgs& a = of.a;
    if (factor == 0) return 0;
    const int64_t row = (of.n * a.frames + t) * a.positions + u;
    const T x = load_one<T>(a.x.data, a.x.dtype, a.x.row(of.n, t, u) + c * a.x.stride[3]);
    return exp_below(Scalar<T>(x - static_cast<T>(a.largest[row]))).v * a.share[row] * factor;
  }

  LOSSOPS_DEVICE void store(int64_t c, double g) const {
    const LatticeArgs& a = of.a;
    const double limit = a.o.clamp;
    if (limit > 0) g = g > limit ? limit : g < -limit ? -limit : g;
    store_one(static_cast<T>(g * scale), a.grad.data, a.grad.dtype,
              a.grad.row(of.n, t, u) + c * a.grad.stride[3]);
  }
};

template <class E, class T>
__global__ void write_kernel(const __grid_constant__ LatticeArgs a) {
  const Team warp(kWarp);
  for_each_row(a, [&](int64_t n, int64_t t, int64_t u) {
    const Sequence<E> of(a, n);
    const bool counts = t < of.length && u <= of.count && sum_of_paths(of).m.v != 0;
    const RowGradient<E, T> gradient{of, t, u, static_cast<T>(a.factor[n] / a.denominator.get())};
    if (counts) {
      gradient.write(warp);
    } else {
      gradient.zero(warp);
    }
  });
}

template <class F>
void launch_rows(F* kernel, const LatticeArgs& args) {
  const int64_t warps = args.batch * args.frames * args.positions, each = kLatticeThreads / kWarp;
  const int64_t blocks = std::min((warps + each - 1) / each, kMaxBlocks);
  if (blocks > 0) launch(kernel, blocks, kLatticeThreads, 0, args);
}

template <LatticeExpression E, class T>
const LatticeFunctions& LatticeKernelsOf<E, T>::get() {
  static constexpr LatticeFunctions table = {
      [](const LatticeArgs& args) { launch_rows(read_kernel<E, T>, args); },
      [](const LatticeArgs& args) {
        const int64_t blocks = std::min(args.batch, kMaxBlocks), warps = args.most / kWarp + 1;
        const int64_t threads = std::min<int64_t>(warps * kWarp, kLatticeThreads);
        if (blocks > 0) launch(walk_kernel<E>, blocks, threads, 0, args);
      },
      [](const LatticeArgs& args) { launch_rows(write_kernel<E, T>, args); }};
  return table;
}

}  // namespace lossops::cuda
