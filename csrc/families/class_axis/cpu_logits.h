// The logits of a group of rows: its inputs, staged, and what the expression maps them to.
#pragma once

#include "../../math/row.h"
#include "row_group.h"

namespace lossops::cpu {
inline namespace CPU_CAPABILITY {

template <class E, class S, bool across>
class RowLogits : protected RowGroup<S, across> {
  using Base = RowGroup<S, across>;

 protected:
  using Base::at_label, Base::b, Base::by_class, Base::by_row, Base::each, Base::first_, Base::kZ,
      Base::label_, Base::source, Base::tile;
  using typename Base::Source, typename Base::Step, typename Base::T, typename Base::V;

  static constexpr int kSides = sides<E>();

  RowLogits(const double* params, const RowRun<S>& run)
      : Base(run), rule_(params, run.classes, run.smoothing, run.probability.data) {}

  void read_logits(int side) {
    if constexpr (across) x_[side] = this->stage_logits(side);
    if (!rule_.mapped()) return;
    T* const z = tile(kZ, side);
    const auto rule = rule_;
    const Source input = inputs(side);
    const LogPrior log_prior{b.log_prior};
    each([&](Step s) __attribute__((always_inline)) {
      V::store(rule.logit(input(s), log_prior(s)), z + s.at, s.count);
    });
    if constexpr (MapsTarget<E>) {
      for (int64_t l = 0; l < this->count_; ++l) {
        z[at_label(l)] = rule.logit(input_at_label(l), prior_at_label(l), true).v;
      }
    }
  }

  struct LogPrior {
    const T* values;
    LOSSOPS_INLINE V operator()(Step s) const { return values ? by_class(values, s) : V(0); }
  };
  LOSSOPS_INLINE Source inputs(int side) const { return source(b.x[side], x_[side]); }
  LOSSOPS_INLINE Source logits(int side) const {
    return rule_.mapped() ? Source{tile(kZ, side), nullptr} : inputs(side);
  }
  LOSSOPS_INLINE Scalar<T> input_at_label(int64_t l) const {
    if (across && kReadsRow<E>) return x_[0][at_label(l)];
    const Plane<const S>& x = b.x[0];
    const int64_t row = first_ + std::min(l, this->count_ - 1);
    return static_cast<T>(x.data[row * x.row_stride + label_[l] * x.class_stride]);
  }
  /// The same for whole groups without a multiplication for each row, which would take most of the time.
  LOSSOPS_INLINE V inputs_at_labels() const {
    const Plane<const S>& x = b.x[0];
    if (x.class_stride != 1 || this->count_ < Base::kRowsAtOnce) {
      return by_row([&](int64_t l) { return input_at_label(l).v; });
    }
    const S* const row = x.data + first_ * x.row_stride;
    return by_row([&](int64_t l) { return row[l * x.row_stride + label_[l]]; });
  }
  LOSSOPS_INLINE Scalar<T> prior_at_label(int64_t l) const {
    return b.log_prior ? b.log_prior[label_[l]] : T(0);
  }
  LOSSOPS_INLINE V logits_at_labels() const {
    if constexpr (!kReadsRow<E>) return inputs_at_labels();
    return by_row([&](int64_t l) { return rule_.mapped() ? tile(kZ)[at_label(l)] : input_at_label(l).v; });
  }
  /// Those of a later group, each from a place of its own, which the processor does not foresee.
  void fetch_inputs() const {
    const Plane<const S>& x = b.x[0];
    if (x.class_stride == 1 && x.row_stride < 64) return;
    const int64_t begin = first_ + 2 * Base::kRowsAtOnce, end = std::min(begin + Base::kRowsAtOnce, b.rows);
    for (int64_t row = begin; row < end; ++row) {
      __builtin_prefetch(x.data + row * x.row_stride + b.label[row] * x.class_stride);
    }
  }
  T label_slope(int64_t l) const { return rule_.slope(input_at_label(l), prior_at_label(l), true).v; }

  const RowRule<E, V> rule_;
  const T* x_[kSides] = {};  ///< the group's inputs, staged
};

}  // namespace CPU_CAPABILITY
}  // namespace lossops::cpu
