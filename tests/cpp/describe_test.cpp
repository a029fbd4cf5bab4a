// Descriptions of losses that no kernel could compute are refused with a sentence.
#include "families/describe.h"

#include <cstdio>

namespace {

using namespace lossops;

struct Distance {
  template <class X, class T>
  auto operator()(const X& x, const T& t) const {
    return x - t;
  }
};
struct Limited : Distance {
  double c = 0;
  static constexpr std::array parameters{param("c", &Limited::c).positive()};
};
struct Twice : Distance {
  double target = 0;
  static constexpr std::array parameters{param("target", &Twice::target)};
};
struct Others {
  template <class P>
  auto other_class(const P& p) const {
    return p.p();
  }
};
struct Pairs {
  template <class P, class Q>
  auto each_class(const P& p, const Q& q) const {
    return p.p() - q.p();
  }
};
struct Finished : Others {
  template <class X>
  X finish(const X& own, const X& others) const {
    return own / others;
  }
};
struct Point : NegativeLogLikelihood {
  static constexpr bool takes_point = true;
};

int failures = 0;

template <class E>
void refuses(const char* words, TraitsOf<E> traits) {
  std::string said = "nothing";
  try {
    lossops::describe<E>("space", "op", std::move(traits));
  } catch (const c10::Error& error) {
    said = error.what_without_backtrace();
  }
  if (said.find("space::op: ") != std::string::npos && said.find(words) != std::string::npos) return;
  std::printf("expected \"%s\", got: %s\n", words, said.c_str());
  ++failures;
}

}  // namespace

int main() {
  using class_axis::Operand;
  const Operand input{"input", Role::kLogits}, labels{"target", Role::kLabels};
  const Operand probabilities{"target", Role::kTarget};
  refuses<Distance>("takes 2 operands, and the traits name 1", {.operands = {{"input"}}});
  refuses<Distance>("cannot be optional", {.operands = {{"input"}, {"target", Shape::kSame, kOptional}}});
  refuses<Distance>("the levels have to follow", {.operands = {{"input"}, {"target", Shape::kRowsOfLevels}}});
  refuses<Distance>("the first operand has to be too", {.operands = {{"input"}, {"target", Shape::kMutual}}});
  refuses<Limited>("the default of c, 0, must be > 0", {});
  refuses<Twice>("two arguments are called target", {});
  refuses<Others>("must be the logits", {.operands = {labels, input}});
  refuses<Others>("not probabilities", {.operands = {input, probabilities}});
  refuses<Others>("there must be a target", {.operands = {input}});
  refuses<Others>("there may be one target", {.operands = {input, labels, {"soft", Role::kTarget}}});
  refuses<Others>("needs an expression with true_class",
                  {.operands = {input, labels, {"alpha", Role::kTrueWeight}}});
  refuses<Others>("needs logit(x, log_prior)", {.operands = {input, labels, {"prior", Role::kPrior}}});
  refuses<Finished>("finish needs true_class and other_class or given_class", {.operands = {input, labels}});
  refuses<Point>("need each other", {.operands = {input, labels}});
  refuses<Others>("need each other", {.operands = {input, {"target", Role::kPoint}}});
  refuses<Pairs>("need each other",
                 {.operands = {input, {"target", Role::kLogits}, {"point", Role::kPoint}}});
  refuses<Pairs>("the first two", {.operands = {input, labels}});
  refuses<Pairs>("only to tell what to ignore",
                 {.operands = {input, {"target", Role::kLogits}, {"soft", Role::kTarget}}});
  return failures;
}
