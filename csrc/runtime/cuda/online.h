// What a thread keeps of a row whose classes it sees one after another, and how threads put theirs together;
// for the host as well, whose tests sum up rows with it.
#pragma once

#include <cstdint>
#include <limits>

#include "../../math/scalar.h"

namespace lossops::cuda {

/// A sum of many terms: in sections, so that it keeps its digits.
template <class T>
class LongSum {
 public:
  LOSSOPS_INLINE void add(T x) {
    section_ += x;
    if (++count_ % kSection == 0) {
      total_ += section_;
      section_ = 0;
    }
  }
  LOSSOPS_INLINE void scale(T factor) {
    total_ *= factor;
    section_ *= factor;
  }
  LOSSOPS_INLINE T get() const { return total_ + section_; }

 private:
  static constexpr int kSection = 64;
  T total_ = 0, section_ = 0;
  int count_ = 0;
};

/// The largest logit so far, and the sum of the other exponentials by it; that of the largest is 1 once
/// (Milakov & Gimelshein, "Online normalizer calculation for softmax", 2018).
template <class T>
struct OnlineSoftmax {
  using V = Scalar<T>;
  T largest = -std::numeric_limits<T>::infinity();
  LongSum<T> rest;

  template <int n, int size>
  LOSSOPS_INLINE void add(const V (&z)[size]) {
    T top = z[0].v;  // but for NaN, which the sum will show
    for (int j = 1; j < n; ++j) top = std::fmax(top, z[j].v);
    const bool rises = top > largest;
    const T by = rises ? top : largest;
    T sum = 0;
    T tops = 0;
    for (int j = 0; j < n; ++j) {
      // No branch: the exponential of 0 is 1 to the last bit.
      const bool is_top = z[j].v == by;
      const T one = is_top ? T(1) : T(0);
      sum += exp_below(is_top ? V(0) : z[j] - V(by)).v - one;
      tops += one;
    }
    // What was the largest becomes one of the others.
    if (rises) {
      const T fall = exp_below(V(largest - by)).v;
      rest.scale(fall);
      sum += fall;
      tops -= 1;
    }
    rest.add(tops + sum);
    largest = by;
  }

  /// The sum of the others by the largest logit of all threads. One largest is left out in each thread that
  /// has it.
  LOSSOPS_INLINE T below(T top) const {
    const T own = rest.get();
    // A thread without a finite logit: nothing, unless it met a NaN.
    if (largest == -std::numeric_limits<T>::infinity()) return own * 0;
    return largest == top ? own : (own + 1) * exp_below(V(largest - top)).v;
  }

  /// The rest of the row: from the sum of `below` over its threads, and how many have the largest logit.
  LOSSOPS_INLINE static T merged(T sum, T have_top, T top) {
    // An infinite logit leaves no probability that is a number.
    return sum + (have_top - 1) + (top - top);
  }
};

}  // namespace lossops::cuda
