// What is known of a loss of sequences.
#pragma once

#include "../../core/backend.h"
#include "../../core/numbers.h"
#include "../../math/aten.h"
#include "../../math/lattice.h"
#include "options.h"

namespace lossops::lattice {

/// What a line of the registry says beyond the expression: what torch calls the scores and their lengths.
struct Traits {
  const char* input;
  const char* lengths;
};

/// The tensors of every such loss, in this order.
enum Argument { kInput, kTargets, kLengths, kTargetLengths };

extern const Family kFamily;
/// The library's launchers; null where it was built without them.
const Backend* cpu_backend();
const Backend* cuda_backend();

/// Logarithms of weights in ATen, with the positions last, as a scalar type of weights.
struct LogWeight {
  at::Tensor log;
  friend LogWeight operator*(const LogWeight& a, const LogWeight& b) { return {a.log + b.log}; }
};
LogWeight sum(const LogWeight& a, const LogWeight& b);
LogWeight sum(const LogWeight& a, const LogWeight& b, const LogWeight& c);

/// A row of the lattice in ATen: see math/lattice.h. What lies beyond its ends is zero.
struct LogRow {
  at::Tensor states[3][2];  ///< before, after, and the rest of the way from there
  at::Tensor blanks, labels;
  at::Tensor jumps;  ///< whether a position may be jumped to

  template <int s>
  LogWeight before(int64_t o) const {
    return shifted(states[0][s], o);
  }
  template <int s>
  LogWeight after(int64_t o) const {
    return shifted(states[1][s], o);
  }
  template <int s>
  LogWeight rest(int64_t o) const {
    return shifted(states[2][s], o);
  }
  LogWeight blank(int64_t o) const { return shifted(blanks, o); }
  LogWeight label(int64_t o) const { return shifted(labels, o); }
  LogWeight jump(const LogWeight& w, int64_t o) const;

  static LogWeight shifted(const at::Tensor& t, int64_t o);
};

/// The topology on ATen operators.
struct Topology {
  int states;
  bool shares_rows;    ///< all positions of a row emit from the same classes
  bool mean_by_label;  ///< the mean divides each loss by its number of labels first
  void (*advance)(const LogRow& at, at::Tensor* next);
  void (*retreat)(const LogRow& at, at::Tensor* last);
  void (*uses)(const LogRow& at, at::Tensor* blank_and_label);
  Options (*options)(const double* params);
};

struct LatticeLoss : Loss {
  LatticeLoss(const char* space, const char* name, std::vector<NumberArgument> numbers, Traits traits,
              const Topology& topology);

  const Topology topology;

  static const LatticeLoss& of(const Call& call) { return static_cast<const LatticeLoss&>(*call.loss); }
};

/// The sizes of a call that is aligned.
struct Sizes {
  explicit Sizes(const Call& call);
  c10::SymInt batch, frames, classes;
  c10::SymInt labels;  ///< a target has at most; of concatenated ones, all of them together
  bool concatenated, batched;
};

Options options(const Call& call);

/// What the lengths and targets of a call say, read and checked on the host.
class Samples {
 public:
  explicit Samples(const Call& call);
  int64_t size() const { return static_cast<int64_t>(frames.size()); }
  const int64_t* target(int64_t n) const { return labels_.const_data_ptr<int64_t>() + first_[n]; }

  std::vector<int64_t> frames, labels;  ///< by sequence

 private:
  at::Tensor labels_;
  std::vector<int64_t> first_;
};

/// Raise for the element of this index, which is out of the range that a tensor of its kind has.
[[noreturn]] void length_error(const Call& call, int argument, int64_t value, int64_t index);
[[noreturn]] void label_error(const Call& call, int64_t value, int64_t index);
[[noreturn]] void total_error(const Call& call, int64_t total);
/// The range of lengths.
std::pair<int64_t, c10::SymInt> length_range(const Call& call, int argument);

/// The loss in ATen operators.
at::Tensor decompose(const Call& call);

/// Defines lossops::ctc_align; the loss is CTC's, whose arguments those are that it checks.
void define_alignment(torch::Library& library, std::unique_ptr<Loss> loss);

template <class E>
Options options_of(const double* params) {
  const E e = make_expression<E>(params);
  Options o{e.blank};
  if constexpr (requires { e.from_logits; }) o.from_logits = e.from_logits;
  if constexpr (requires { e.fused_log_softmax; }) o.from_logits = e.fused_log_softmax;
  if constexpr (requires { e.zero_infinity; }) o.zero_infinity = e.zero_infinity;
  if constexpr (requires { e.clamp; }) o.clamp = e.clamp;
  if constexpr (requires { e.fastemit_lambda; }) o.label_factor = 1 + e.fastemit_lambda;
  if constexpr (requires { e.monotonic; }) o.monotonic = e.monotonic;
  return o;
}

template <class E>
void put(const States<E, LogWeight>& from, at::Tensor* to) {
  for (int s = 0; s < E::kStates; ++s) to[s] = from[s].log;
}

template <class E>
Topology topology_of() {
  return {E::kStates,
          E::kSharesRows,
          E::kMeanByLabel,
          [](const LogRow& at, at::Tensor* next) { put<E>(E::template advance<LogWeight>(at), next); },
          [](const LogRow& at, at::Tensor* last) { put<E>(E::template retreat<LogWeight>(at), last); },
          [](const LogRow& at, at::Tensor* to) {
            const Uses<LogWeight> uses = E::template uses<LogWeight>(at);
            to[0] = uses.blank.log;
            to[1] = uses.label.log;
          },
          options_of<E>};
}

template <class E>
std::unique_ptr<Loss> describe(const char* space, const char* name, Traits traits) {
  return std::make_unique<LatticeLoss>(space, name, number_arguments<E>(), traits, topology_of<E>());
}

}  // namespace lossops::lattice
