// How the CPU walks through the lattice of a sequence: its scores to weights, the kernels' sums over paths,
// and what they say of each weight to the gradient.
#pragma once

#include <ATen/Parallel.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <memory>
#include <numeric>
#include <optional>
#include <vector>

#include "../../math/path_weight.h"
#include "../../runtime/cpu/memory.h"
#include "../../runtime/cpu/planes.h"
#include "call.h"
#include "cpu.h"

namespace lossops::lattice {

using cpu::kPadding;
using cpu::RowSum;
using cpu::Trellis;
using cpu::Weights;

/// Classes below which another thread does not pay.
constexpr int64_t kGrain = 4 * 4096;
/// That nobody has memory for, but whose number of bytes is no overflow.
constexpr int64_t kMostElements = int64_t{1} << 48;
/// Frames whose rows are visited before what follows for each, so that one need not wait for the other, and
/// that are fetched ahead of their turn.
constexpr int64_t kTogether = 8;

/// What all sequences of a call share.
struct Plan {
  Plan(const Call& call, const cpu::LatticeKernels& kernels)
      : call(call),
        kernels(kernels),
        topology(LatticeLoss::of(call).topology),
        o(options(call)),
        samples(call),
        scores(call.input().detach()) {
    const Sizes sizes(call);
    frames = sizes.frames.expect_int();
    classes = sizes.classes.expect_int();
    positions = topology.shares_rows ? 1 : call.input().size(2);
  }

  /// The rows of classes of sequence n.
  template <class T>
  cpu::Rows<T> rows_of(const at::Tensor& t, int64_t n) const {
    if (!t.defined()) return {};
    const at::Tensor own = !topology.shares_rows ? t.select(0, n) : t.dim() == 3 ? t.select(1, n) : t;
    return {own, own.dim() - 1, false};
  }
  /// That of a frame and position among them.
  int64_t row(int64_t t, int64_t u = 0) const { return t * positions + u; }
  /// Rows of the lattice of sequence n.
  int64_t rows(int64_t n) const {
    return topology.shares_rows ? samples.frames[n] : o.row(samples.frames[n], samples.labels[n]);
  }

  const Call& call;
  const cpu::LatticeKernels& kernels;
  const Topology& topology;
  const Options o;
  const Samples samples;
  const at::Tensor scores;
  int64_t frames, classes;
  int64_t positions;    ///< that have a row of classes of their own
  at::Tensor gradient;  ///< undefined if it is not asked for
};

/// Computes one sequence after the other.
template <class T>
class Walk {
  using Weight = PathWeight<Scalar<T>>;

 public:
  explicit Walk(const Plan& plan) : plan_(plan), kernels_(plan.kernels.template get<T>()) {}

  /// The loss of sequence n; writes its gradient times `scale`. None if T cannot tell its paths apart.
  std::optional<double> run(int64_t n, double scale) {
    open(n);
    if (plan_.topology.shares_rows ? !read_frames() : !read_cells()) return std::nullopt;
    kernels_.forward(trellis_);
    const Weight total = this->total();
    const bool none = total.m.v == 0;
    if (gradients_) {
      if (!none) kernels_.backward(trellis_);
      scale_ = none ? T(0) : static_cast<T>(scale);
      if (plan_.topology.shares_rows) {
        write_frames();
      } else {
        write_cells();
      }
    }
    if (none) return plan_.o.zero_infinity ? 0 : kInfinity;
    const double loss = -log(total) - (plan_.topology.shares_rows ? log_of_shares() : 0);
    return loss == 0 ? 0 : loss * plan_.o.label_factor;
  }

 private:
  /// Points at sequence n, and makes room for its lattice.
  void open(int64_t n) {
    scores_ = plan_.template rows_of<T>(plan_.scores, n);
    gradients_ = plan_.template rows_of<T>(plan_.gradient, n);
    frames_ = plan_.samples.frames[n];
    count_ = plan_.samples.labels[n];
    target_ = plan_.samples.target(n);
    const int64_t rows = plan_.rows(n), states = plan_.topology.states;
    const int64_t positions = padded(count_ + 2);
    const bool shares = plan_.topology.shares_rows;
    TORCH_CHECK(rows < kMostElements / (states * positions), plan_.call.loss->name, ": a lattice of ", rows,
                " rows and ", positions, " positions does not fit into memory");
    const int64_t sizes[] = {(rows + 1) * states * positions, shares ? padded(rows) : rows * positions,
                             rows * positions, 2 * states * (positions + kPadding)};
    const int64_t of_sums = frames_ * (shares ? 1 : positions);
    const int64_t of_weights = 2 * (std::accumulate(sizes, sizes + 4, int64_t{0}) + 4 * 2 * kPadding);
    arena_.open(of_weights + positions + kPadding + 2 * of_sums);
    trellis_ = {rows, positions, count_};
    Weights<T>* const arrays[] = {&trellis_.states, &trellis_.blank, &trellis_.label, &trellis_.rest};
    for (int i = 0; i < 4; ++i) *arrays[i] = take_weights(sizes[i]);
    clear(trellis_.states, states * positions);
    trellis_.states.m[0] = 1;
    trellis_.states.e[0] = 0;
    T* const jump = arena_.take(positions + kPadding);
    std::fill_n(jump, positions + kPadding, T(0));
    for (int64_t j = 1; j < count_; ++j) jump[j] = target_[j] != target_[j - 1];
    trellis_.jump = jump;
    largest_ = arena_.take(of_sums);
    share_ = arena_.take(of_sums);
  }

  static int64_t padded(int64_t size) { return (size + kPadding - 1) / kPadding * kPadding; }
  static void clear(const Weights<T>& w, int64_t size) {
    std::fill_n(w.m, size, T(0));
    std::fill_n(w.e, size, Weight::kZeroExponent);
  }
  /// Zero in front and behind.
  Weights<T> take_weights(int64_t size) {
    const int64_t all = size + 2 * kPadding;
    T* const m = arena_.take(all);
    const Weights<T> w = Weights<T>{m, arena_.take(all)} + kPadding;
    clear(w + -kPadding, kPadding);
    clear(w + size, kPadding);
    return w;
  }

  /// f(begin, end) over parts of so many frames of `rows` rows each.
  template <class F>
  void over_frames(int64_t frames, int64_t rows, const F& f) const {
    at::parallel_for(0, frames, std::max<int64_t>(1, kGrain / (rows * plan_.classes)), f);
  }

  /// A row as the kernels read and write it, by way of memory of our own where it has to be.
  struct Row {
    explicit Row(const Walk& walk) : walk(walk) {
      const int64_t classes = walk.plan_.classes;
      if (walk.scores_.needs_buffer()) x.reset(new T[kTogether * classes]);
      if (walk.gradients_.needs_buffer()) y.reset(new T[classes]);
    }
    /// One of up to kTogether that stay valid.
    const T* read(int64_t row, int64_t i = 0) {
      return walk.scores_.read(row, 1, x ? x.get() + i * walk.plan_.classes : nullptr).data;
    }
    /// Has memory work on what will be read, or written, of a row whose turn comes soon: rows of a sequence
    /// do not follow one another.
    void fetch(int64_t row) const { fetch<0>(walk.scores_, row); }
    void fetch_to_write(int64_t row) const { fetch<1>(walk.gradients_, row); }
    T* open(int64_t row) { return (plane = walk.gradients_.plane(row, 1, y.get())).data; }
    void close(int64_t row) { walk.gradients_.flush(row, 1, plane, y.get(), nullptr); }

    template <int writes>
    void fetch(const cpu::Rows<T>& rows, int64_t row) const {
      constexpr int64_t kLine = 64 / sizeof(T), kLines = 8;
      const T* const next = rows.plane(row, 1, nullptr).data;
      const int64_t size = next ? std::min(walk.plan_.classes, kLines * kLine) : 0;
      for (int64_t c = 0; c < size; c += kLine) __builtin_prefetch(next + c, writes);
    }

    const Walk& walk;
    std::unique_ptr<T[]> x, y;
    cpu::Plane<T> plane;
  };

  RowSum<T> sum_row(const T* x) const {
    return plan_.o.from_logits ? kernels_.sum_row(x, plan_.classes) : RowSum<T>{0, 1};
  }

  /// The largest exponent of a weight, from all threads.
  class Reach {
   public:
    void add(const T (&most)[kPadding]) {
      const T largest = *std::max_element(most, most + kPadding);
      T known = most_;
      while (largest > known && !most_.compare_exchange_weak(known, largest)) {
      }
    }
    /// Whether the exponents of paths with so many arcs are exact.
    bool is_exact(int64_t arcs) const {
      return std::is_same_v<T, double> ||
             static_cast<double>(most_) * static_cast<double>(arcs) < Weight::kExact;
    }

   private:
    std::atomic<T> most_{0};
  };

  // -- rows of classes that all positions share --------------------------------------------------------

  /// Fills the weights; returns whether they are exact.
  bool read_frames() {
    Reach reach;
    over_frames(frames_, 1, [&](int64_t begin, int64_t end) {
      Row row(*this);
      T most[kPadding] = {};
      std::vector<T> x(trellis_.positions, -std::numeric_limits<T>::infinity());
      for (int64_t first = begin; first < end; first += kTogether) {
        const T* scores[kTogether];
        const int64_t behind = std::min(first + kTogether, end);
        for (int64_t t = first; t < behind; ++t) {
          row.fetch(plan_.row(std::min(t + kTogether, end - 1)));
          scores[t - first] = row.read(plan_.row(t), t - first);
          const RowSum<T> sum = sum_row(scores[t - first]);
          largest_[t] = sum.largest;
          share_[t] = sum.share;
        }
        for (int64_t t = first; t < behind; ++t) {
          const T* const own = scores[t - first];
          kernels_.gather(own, target_, count_, x.data());
          x[count_] = own[plan_.o.blank];
          const Weights<T> labels = trellis_.label + t * trellis_.positions;
          kernels_.weigh(x.data(), largest_ + t, nullptr, trellis_.positions, labels, most);
          trellis_.blank.m[t] = std::exchange(labels.m[count_], T(0));
          trellis_.blank.e[t] = std::exchange(labels.e[count_], Weight::kZeroExponent);
        }
      }
      reach.add(most);
    });
    return reach.is_exact(trellis_.rows);
  }

  void write_frames() const {
    over_frames(plan_.frames, 1, [&](int64_t begin, int64_t end) {
      Row row(*this);
      for (int64_t t = begin; t < end; ++t) {
        const int64_t at = plan_.row(t), soon = plan_.row(std::min(t + kTogether, end - 1));
        row.fetch(soon);
        row.fetch_to_write(soon);
        T* const y = row.open(at);
        const bool counts = t < frames_ && scale_ != 0;
        if (counts && plan_.o.from_logits) {
          kernels_.write_row(row.read(at), plan_.classes, largest_[t], scale_ * share_[t], y);
        } else {
          std::fill_n(y, plan_.classes, T(0));
        }
        if (counts) {
          const Weights<T> used = trellis_.label + t * trellis_.positions;
          const T factor = *used.e * scale_;
          y[plan_.o.blank] -= trellis_.blank.m[t] * factor;
          kernels_.subtract(used.m, factor, target_, count_, y);
        }
        row.close(at);
      }
    });
  }

  // -- rows of classes for each position ---------------------------------------------------------------

  bool read_cells() {
    const int64_t positions = trellis_.positions, size = trellis_.rows * positions;
    clear(trellis_.blank, size);
    clear(trellis_.label, size);
    Reach reach;
    over_frames(frames_, count_ + 1, [&](int64_t begin, int64_t end) {
      Row row(*this);
      T most[kPadding] = {};
      cpu::Arena<T> memory;
      memory.open(6 * positions);
      T* const x[] = {memory.take(positions), memory.take(positions)};
      const Weights<T> weights[] = {{memory.take(positions), memory.take(positions)},
                                    {memory.take(positions), memory.take(positions)}};
      for (int i = 0; i < 2; ++i) std::fill_n(x[i], positions, -std::numeric_limits<T>::infinity());
      for (int64_t t = begin; t < end; ++t) {
        T* const largest = largest_ + t * positions;
        T* const shares = share_ + t * positions;
        std::fill_n(largest, positions, T(0));
        std::fill_n(shares, positions, T(1));
        for (int64_t u = 0; u <= count_; ++u) {
          const T* const scores = row.read(plan_.row(t, u));
          const RowSum<T> sum = sum_row(scores);
          largest[u] = sum.largest;
          shares[u] = sum.share;
          x[0][u] = scores[plan_.o.blank];
          if (u < count_) x[1][u] = scores[target_[u]];
        }
        for (int i = 0; i < 2; ++i) {
          kernels_.weigh(x[i], largest, shares, positions, weights[i], most);
          const Weights<T>& all = i == 0 ? trellis_.blank : trellis_.label;
          for (int64_t u = 0; u <= count_; ++u) {
            const int64_t at = plan_.o.row(t, u) * positions + u;
            all.m[at] = weights[i].m[u];
            all.e[at] = weights[i].e[u];
          }
        }
      }
      reach.add(most);
    });
    return reach.is_exact(trellis_.rows);
  }

  void write_cells() const {
    over_frames(plan_.frames, plan_.positions, [&](int64_t begin, int64_t end) {
      Row row(*this);
      for (int64_t t = begin; t < end; ++t) {
        for (int64_t u = 0; u < plan_.positions; ++u) {
          const int64_t at = plan_.row(t, u);
          T* const y = row.open(at);
          if (t < frames_ && u <= count_ && scale_ != 0) {
            write_cell(t, u, row.read(at), y);
          } else {
            std::fill_n(y, plan_.classes, T(0));
          }
          row.close(at);
        }
      }
    });
  }

  void write_cell(int64_t t, int64_t u, const T* x, T* y) const {
    const int64_t at = plan_.o.row(t, u) * trellis_.positions + u, cell = t * trellis_.positions + u;
    const bool clips = plan_.o.clamp > 0;
    const T scale = trellis_.label.e[at - u] * (clips ? T(1) : scale_);
    const T blank = trellis_.blank.m[at] * scale;
    const T label = trellis_.label.m[at] * scale * static_cast<T>(plan_.o.label_factor);
    if (plan_.o.from_logits) {
      kernels_.write_row(x, plan_.classes, largest_[cell], (blank + label) * share_[cell], y);
    } else {
      std::fill_n(y, plan_.classes, T(0));
    }
    y[plan_.o.blank] -= blank;
    if (u < count_) y[target_[u]] -= label;
    if (clips) kernels_.clip_row(y, plan_.classes, static_cast<T>(plan_.o.clamp), scale_);
  }

  static double log(const Weight& w) {
    return std::log(static_cast<double>(w.m.v)) + std::log(2.0) * static_cast<double>(w.e.v);
  }
  /// Of all frames, which the weights lack.
  double log_of_shares() const {
    PathWeight<Scalar<double>> product = PathWeight<Scalar<double>>::one();
    for (int64_t t = 0; t < frames_; ++t) {
      product = (product * PathWeight<Scalar<double>>{static_cast<double>(share_[t]), 0.0}).normalized();
    }
    return std::log(product.m.v) + std::log(2.0) * product.e.v;
  }

  /// The sum over all paths.
  Weight total() const {
    const int states = plan_.topology.states;
    Weight total = Weight::zero();
    for (int64_t s = 0; s < std::min<int64_t>(states, count_ + 1); ++s) {
      const int64_t at = (trellis_.rows * states + s) * trellis_.positions + count_ - s;
      total = sum(total, {trellis_.states.m[at], trellis_.states.e[at]});
    }
    return total;
  }

  const Plan& plan_;
  const cpu::LatticeKernelsOf<T>& kernels_;
  cpu::Rows<T> scores_, gradients_;
  cpu::Arena<T> arena_;
  // Of the sequence that is open:
  int64_t frames_ = 0, count_ = 0;
  const int64_t* target_ = nullptr;
  Trellis<T> trellis_{};
  T *largest_ = nullptr, *share_ = nullptr;  ///< of each row of classes: see RowSum
  T scale_ = 0;
};

}  // namespace lossops::lattice
