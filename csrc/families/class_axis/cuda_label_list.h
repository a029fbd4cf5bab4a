// Losses of rows with several right classes each.
#pragma once

#include "../../math/row.h"
#include "cuda_team.h"

namespace lossops::cuda {

/// A row with several labels: against each of them, all classes that are not labels.
template <class E, class S>
class LabelListLoop : RowTeam<S, 1> {
  using Base = RowTeam<S, 1>;
  using Base::a, Base::grad_, Base::input, Base::kVector, Base::row_, Base::row_scale_, Base::team_;
  using typename Base::T;
  using typename Base::V;

 public:
  LOSSOPS_DEVICE explicit LabelListLoop(const RowArgs<S>& args)
      : Base(args), rule_(args.params, args.classes, args.smoothing, false) {}
  LOSSOPS_DEVICE void run() {
    Base::template rows<false>([&] { return row(); });
  }

 private:
  LOSSOPS_DEVICE V row() {
    const int64_t* const labels = a.label + row_ * a.classes;
    uint8_t* const is_label = a.is_label + row_ * a.classes;
    int listed = a.classes;
    for (int i = team_.rank; i < a.classes; i += team_.size) {
      LOSSOPS_ASSERT(labels[i] >= -1 && labels[i] < a.classes, "lossops: target is out of range");
      if (labels[i] < 0 && i < listed) listed = i;
    }
    listed = team_.min(listed);
    for (int i = team_.rank; i < listed; i += team_.size) is_label[labels[i]] = 1;
    team_.sync();

    const V scale = row_scale_ * V(static_cast<T>(1 / a.denominator.get()));
    T value[1] = {0};
    for (int c = team_.rank; c < a.classes; c += team_.size) {
      const V z = input(0, c);
      V slope(0);
      if (is_label[c]) {
        T times = 0;
        for (int i = 0; i < listed; ++i) times += labels[i] == c ? T(1) : T(0);
        for (int j = 0; j < a.classes; ++j) {
          if (!is_label[j]) slope = slope - rule_.margin_cost(input(0, j) - z).d;
        }
        slope = slope * times;
      } else {
        for (int i = 0; i < listed; ++i) {
          const Dual<V> cost = rule_.margin_cost(z - input(0, static_cast<int>(labels[i])));
          value[0] += cost.v.v;
          slope = slope + cost.d;
        }
      }
      V g[kVector];
      g[0] = slope * scale;
      if (grad_[0]) Base::template write<1>(0, c, g);
    }
    team_.sum(value);
    return value[0];
  }

  const RowRule<E, V> rule_;
};

}  // namespace lossops::cuda
