// Embeddings: pairs and triplets of vectors that belong near each other or apart.
#pragma once

#include "../math/sums.h"

namespace lossops::losses {

/// torch's: 1 - cos where t = 1, what the cosine is above the margin where t = -1, and 0 for any other t. A
/// vector of zeros has cosine 0, without a derivative.
struct CosineEmbedding {
  double margin = 0;
  static constexpr std::array parameters{param("margin", &CosineEmbedding::margin)};
  static constexpr int kVectors = 2;
  static constexpr bool kLabelled = true, kLargest = true;
  static constexpr Numbers<double, 2> kNeutral{1, 1};
  LOSSOPS_INLINE bool measures() const { return false; }
  template <class X, class Y>
  LOSSOPS_INLINE auto measure(const X& x, const Y& y) const {
    return std::make_tuple(abs(x), abs(y));
  }
  template <class C>
  LOSSOPS_INLINE Numbers<C, 2> center(const Numbers<C, 2>& m, const C&) const {
    return {unit_scale(m[0]), unit_scale(m[1])};
  }
  template <class C, class X, class Y>
  LOSSOPS_INLINE auto terms(const Numbers<C, 2>& c, const X& x, const Y& y) const {
    const X u = x * c[0];
    const Y v = y * c[1];
    return std::make_tuple(u * v, u * u, v * v);
  }
  template <class S, class C>
  LOSSOPS_INLINE S finish(const Numbers<S, 3>& s, const Numbers<C, 2>&, const C& t) const {
    const S squares = s[1] * s[2];
    const auto none = value_of(squares) == 0;
    const S cosine = select(none, S(0), s[0] / sqrt(select(none, S(1), squares)));
    return select(t == 1, 1.0 - cosine, select(t == -1, relu(cosine - margin), S(0)));
  }
};

/// torch's: how much farther the negative is from the anchor than the positive, up to a margin. With swap the
/// negative is measured from the nearer of anchor and positive.
struct TripletMargin {
  double margin = 1, p = 2, eps = 1e-6;
  bool swap = false;
  static constexpr std::array parameters{
      param("margin", &TripletMargin::margin).positive(), param("p", &TripletMargin::p).at_least(0),
      param("eps", &TripletMargin::eps), param("swap", &TripletMargin::swap)};
  static constexpr int kVectors = 3;
  static constexpr bool costly = true;
  static constexpr bool kLabelled = false, kLargest = true;
  static constexpr Numbers<double, 3> kNeutral{1, 1, 1};
  LOSSOPS_INLINE bool measures() const { return p != 1 && p != 2; }
  template <class A, class P, class N>
  LOSSOPS_INLINE auto measure(const A& anchor, const P& positive, const N& negative) const {
    return std::make_tuple(abs(anchor - positive + eps), abs(anchor - negative + eps),
                           abs(positive - negative + eps));
  }
  template <class C>
  LOSSOPS_INLINE Numbers<C, 3> center(const Numbers<C, 3>& m, const C&) const {
    if (p == kInfinity) return m;
    return {unit_scale(m[0]), unit_scale(m[1]), unit_scale(m[2])};
  }
  template <class C, class A, class P, class N>
  LOSSOPS_INLINE auto terms(const Numbers<C, 3>& c, const A& anchor, const P& positive,
                            const N& negative) const {
    const auto swapped = positive - negative + eps;
    using X = std::remove_const_t<decltype(swapped)>;
    return std::make_tuple(norm_term(anchor - positive + eps, c[0], p),
                           norm_term(anchor - negative + eps, c[1], p),
                           swap ? norm_term(swapped, c[2], p) : X(0));
  }
  template <class S, class C>
  LOSSOPS_INLINE S finish(const Numbers<S, 3>& s, const Numbers<C, 3>& c, const C&) const {
    S far = norm(s[1], c[1], p);
    if (swap) far = minimum(far, norm(s[2], c[2], p));
    return relu(norm(s[0], c[0], p) - far + margin);
  }
};

/// Hadsell et al. (CVPR 2006), for power = 2: pairs with t > 0 belong within one margin, others beyond
/// another.
struct Contrastive {
  double pos_margin = 0, neg_margin = 1, p = 2;
  int64_t power = 1;
  static constexpr std::array parameters{
      param("pos_margin", &Contrastive::pos_margin), param("neg_margin", &Contrastive::neg_margin),
      param("p", &Contrastive::p).at_least(0), param("power", &Contrastive::power).between(1, 2)};
  static constexpr int kVectors = 2;
  static constexpr bool costly = true;
  static constexpr bool kLabelled = true, kLargest = true;
  static constexpr Numbers<double, 1> kNeutral{1};
  LOSSOPS_INLINE bool measures() const { return p != 1 && p != 2; }
  template <class X, class Y>
  LOSSOPS_INLINE auto measure(const X& x, const Y& y) const {
    return std::make_tuple(abs(x - y));
  }
  template <class C>
  LOSSOPS_INLINE Numbers<C, 1> center(const Numbers<C, 1>& m, const C&) const {
    if (p == kInfinity) return m;
    return {unit_scale(m[0])};
  }
  template <class C, class X, class Y>
  LOSSOPS_INLINE auto terms(const Numbers<C, 1>& c, const X& x, const Y& y) const {
    return std::make_tuple(norm_term(x - y, c[0], p));
  }
  template <class S, class C>
  LOSSOPS_INLINE S finish(const Numbers<S, 1>& s, const Numbers<C, 1>& c, const C& t) const {
    const S distance = norm(s[0], c[0], p);
    const S gap = relu(select(t > 0, distance - pos_margin, neg_margin - distance));
    return power == 2 ? gap * gap : gap;
  }
};

}  // namespace lossops::losses
