// Losses of rows with several right classes each.
#pragma once

#include "../../math/row.h"
#include "row_group.h"

namespace lossops::cpu {
inline namespace CPU_CAPABILITY {

/// A row with several labels: against each of them, all classes that are not labels.
template <class E, class S>
class LabelListLoop : RowGroup<S, false> {
  using Base = RowGroup<S, false>;
  using Base::add_at_label, Base::b, Base::each, Base::first_, Base::label_, Base::row_scale_, Base::sink,
      Base::source, Base::tile;
  using Base::kOther, Base::kR;
  using typename Base::Step, typename Base::T, typename Base::V;

 public:
  static double run(const double* params, const RowRun<S>& run) {
    LabelListLoop loop(params, run);
    return loop.rows([&] { return loop.row(); });
  }

 private:
  LabelListLoop(const double* params, const RowRun<S>& run)
      : Base(run), rule_(params, run.classes, run.smoothing, false) {}

  V row() {
    T* const r = tile(kR);
    T* const wrong = tile(kOther);
    std::fill_n(r, this->size_, T(0));
    std::fill_n(wrong, this->size_, T(1));
    const int64_t* const labels = b.label + first_ * b.classes;
    int64_t n = 0;
    while (n < b.classes && labels[n] >= 0) wrong[labels[n++]] = 0;
    const auto rule = rule_;
    const auto input = source(b.x[0], nullptr);
    V value(0);
    for (int64_t i = 0; i < n; ++i) {
      label_ = labels + i;
      const V of_label(static_cast<T>(input.row[labels[i]]));
      const auto [v, slope] = this->template sums<2>([&](Step s) __attribute__((always_inline)) {
        const auto counts = V::load(wrong + s.at, s.count) == V(1);
        const Dual<V> cost = rule.margin_cost(input(s) - of_label);
        const V d = select(counts, cost.d, V(0));
        V::store(V::load(r + s.at, s.count) + d, r + s.at, s.count);
        return std::array<V, 2>{select(counts, cost.v, V(0)), d};
      });
      value = value + v;
      add_at_label(r, -slope);
    }
    if (b.grad[0].data) {
      const auto store_grad = sink(b.grad[0], nullptr);
      const V scale = row_scale_ * V(b.grad_scale);
      each([&](Step s) { store_grad(V::load(r + s.at, s.count) * scale, s); });
    }
    return this->close(value);
  }

  const RowRule<E, V> rule_;
};

}  // namespace CPU_CAPABILITY
}  // namespace lossops::cpu
