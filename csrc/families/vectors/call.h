// What is known of a loss that is a formula of sums over vectors.
//
// The operators, before the arguments that all losses have (weight, ignore_index, normalizer, reduction,
// dtype):
//
//   cosine_embedding(input1, input2, target, margin=0)
//   triplet_margin(anchor, positive, negative, margin=1, p=2, eps=1e-6, swap=False)
//   contrastive(input1, input2, target, pos_margin=0, neg_margin=1, p=2, power=1)
//   si_sdr(input, target, zero_mean=False, eps=0)
//   snr(input, target, zero_mean=False, eps=0)
//
// Vectors lie along the last dimension; they broadcast to one another and have as many dimensions. The target
// of pairs, and every weight, has their shape without the last dimension, or broadcasts to it. The mean
// divides by the number of vectors. There is no ignore_index.
#pragma once

#include "../../core/backend.h"
#include "../../core/numbers.h"
#include "../../math/aten.h"
#include "../../math/sums.h"

namespace lossops::vectors {

/// What a line of the registry says beyond the expression: the names of its tensors.
struct Traits {
  std::vector<const char*> operands;
};

extern const Family kFamily;
/// The library's launchers; null where it was built without them.
const Backend* cpu_backend();
const Backend* cuda_backend();

/// An expression of vectors on ATen operators. `by` is the operand, or the sum, to differentiate by; -1 for
/// none.
struct Members {
  using Values = c10::SmallVector<Aten, 4>;
  using Duals = c10::SmallVector<Dual<Aten>, 4>;
  int vectors;
  bool labelled;
  bool largest;  ///< measures are maxima
  std::array<double, 4> neutral;
  int centers;
  bool (*measures)(const double* params);
  Values (*measure)(const Aten* x, const double* params);
  Values (*center)(const Values& measures, const Aten& length, const double* params);
  Duals (*terms)(const Values& centers, const Aten* x, int by, const double* params);
  Dual<Aten> (*finish)(const Values& sums, int by, const Values& centers, const Aten& label,
                       const double* params);
};

struct VectorLoss : Loss {
  VectorLoss(const char* space, const char* name, std::vector<NumberArgument> numbers, const Traits& traits,
             const Members& members);

  const Members members;

  static const VectorLoss& of(const Call& call) { return static_cast<const VectorLoss&>(*call.loss); }
};

/// The loss in ATen operators.
at::Tensor decompose(const Call& call);

template <size_t n, class T>
Members::Values listed(const Numbers<T, n>& numbers) {
  return {numbers.begin(), numbers.end()};
}
template <class... T>
Members::Values listed(const std::tuple<T...>& values) {
  return std::apply([](const auto&... v) { return Members::Values{Aten(v)...}; }, values);
}
/// The first n, as expressions take them.
template <size_t n, class T, class List>
Numbers<T, n> numbers(const List& list) {
  Numbers<T, n> out;
  for (size_t i = 0; i < n; ++i) out[i] = T(list[i]);
  return out;
}

/// How many sums an expression has, and quantities that it measures.
template <class E, size_t... i>
constexpr size_t term_count(std::index_sequence<i...>) {
  return std::tuple_size_v<decltype(E().terms(Numbers<Scalar<double>, E::kNeutral.size()>(),
                                              typename AnyOperand<i>::type()...))>;
}

template <class E>
Members members_of() {
  return []<int... i>(std::integer_sequence<int, i...>) -> Members {
    constexpr size_t kCenters = E::kNeutral.size();
    Members f{E::kVectors, E::kLabelled, E::kLargest, {}, static_cast<int>(kCenters)};
    std::copy(E::kNeutral.begin(), E::kNeutral.end(), f.neutral.begin());
    f.measures = [](const double* params) { return make_expression<E>(params).measures(); };
    f.measure = [](const Aten* x, const double* params) {
      return listed(make_expression<E>(params).measure(x[i]...));
    };
    f.center = [](const Members::Values& m, const Aten& length, const double* params) {
      using Measured = decltype(make_expression<E>(params).measure(Aten((void(i), 0))...));
      return listed(make_expression<E>(params).center(numbers<std::tuple_size_v<Measured>, Aten>(m), length));
    };
    f.terms = [](const Members::Values& centers, const Aten* x, int by, const double* params) {
      const E e = make_expression<E>(params);
      const auto c = numbers<kCenters, Aten>(centers);
      Members::Duals out;
      const auto put = [&](const auto& terms) {
        std::apply([&](const auto&... t) { (out.push_back(Dual<Aten>(t)), ...); }, terms);
      };
      if (by < 0) put(e.terms(c, x[i]...));
      const auto differentiate = [&]<int k>(std::integral_constant<int, k>) {
        if (by == k) put(e.terms(c, variable<i == k>(x[i])...));
      };
      (differentiate(std::integral_constant<int, i>()), ...);
      return out;
    };
    f.finish = [](const Members::Values& sums, int by, const Members::Values& centers, const Aten& label,
                  const double* params) {
      using Terms =
          decltype(make_expression<E>(params).terms(numbers<kCenters, Aten>(centers), Aten((void(i), 0))...));
      auto s = numbers<std::tuple_size_v<Terms>, Dual<Aten>>(sums);
      if (by >= 0) s[by].d = Aten(1);
      return Dual<Aten>(make_expression<E>(params).finish(s, numbers<kCenters, Aten>(centers), label));
    };
    return f;
  }(std::make_integer_sequence<int, E::kVectors>());
}

template <class E>
std::unique_ptr<Loss> describe(const char* space, const char* name, const Traits& traits) {
  return std::make_unique<VectorLoss>(space, name, number_arguments<E>(), traits, members_of<E>());
}

}  // namespace lossops::vectors
