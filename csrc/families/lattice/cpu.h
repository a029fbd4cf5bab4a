// The interface between the launcher of losses of sequences and their kernels.
#pragma once

#include "../../math/lattice.h"
#include "../../runtime/cpu/kernels.h"

namespace lossops::cpu {

/// Vectors of weights, position after position; see PathWeight.
template <class T>
struct Weights {
  T* m = nullptr;
  T* e = nullptr;
  Weights operator+(int64_t offset) const { return {m + offset, e + offset}; }
};

/// Positions are padded to a multiple of this: the lanes of the widest register.
constexpr int64_t kPadding = 16;

/// The lattice of a sequence. A row of weights has `positions` elements, the last of which is zero and lies
/// where the next row looks for what comes before its first; so does one before the first row.
template <class T>
struct Trellis {
  int64_t rows, positions;
  int64_t labels;     ///< of the target; positions beyond are zero
  Weights<T> states;  ///< before each row and after the last one: of each state a row
  Weights<T> blank;   ///< a row of weights, or one for each row if the topology's rows share it
  Weights<T> label;   ///< out: see `backward`
  const T* jump;      ///< by position: 1, or 0 where a path must not jump
  Weights<T> rest;    ///< memory for two rows of each state with kPadding behind each
};

/// What is kept of a row of scores: p = exp(x - largest) * share.
template <class T>
struct RowSum {
  T largest, share;
};

template <class T>
struct LatticeKernelsOf {
  /// Fills `states` from those before the first row.
  void (*forward)(const Trellis<T>& trellis);
  /// Leaves in the mantissas of `blank` and `label` how often each is used in a row, but for a factor which
  /// it leaves in the first exponent of the row of `label`; the other exponents are lost.
  void (*backward)(const Trellis<T>& trellis);

  RowSum<T> (*sum_row)(const T* x, int64_t classes);
  /// y = exp(x - largest) * scale.
  void (*write_row)(const T* x, int64_t classes, T largest, T scale, T* y);
  /// y = scale * y within -limit and limit.
  void (*clip_row)(T* y, int64_t classes, T limit, T scale);
  /// y[i] = x[at[i]]
  void (*gather)(const T* x, const int64_t* at, int64_t size, T* y);
  /// y[at[i]] -= x[i] * factor, one after the other.
  void (*subtract)(const T* x, T factor, const int64_t* at, int64_t size, T* y);
  /// The weights of scores, a multiple of a vector of them. With `share` each is of a row of its own;
  /// otherwise they are of one row, and lack the factor that is the share of that. Raises the kPadding
  /// elements of `most` to the exponents by magnitude, but for those of zeros.
  void (*weigh)(const T* x, const T* largest, const T* share, int64_t size, const Weights<T>& out, T* most);
};

/// The kernels of a topology for one instruction set.
struct LatticeKernels : LatticeKernelsOf<float>, LatticeKernelsOf<double> {
  template <class T>
  const LatticeKernelsOf<T>& get() const {
    return *this;
  }
};

}  // namespace lossops::cpu
