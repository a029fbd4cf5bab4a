// What the float kernels of every loss make of the same numbers, with the instruction set that this is
// compiled for: a line for each number, to be held against those of another.
#include <array>
#include <cstdio>
#include <limits>
#include <vector>

#include "families/cpu_kernels.h"
#include "losses/all.h"

namespace {

using namespace lossops;
using namespace lossops::cpu;

class Numbers {
 public:
  explicit Numbers(uint64_t seed) : state_(seed) {}
  /// Between the two, evenly.
  std::vector<float> operator()(int64_t count, double low, double high) {
    std::vector<float> out(count);
    for (float& x : out) {
      state_ = state_ * 6364136223846793005u + 1442695040888963407u;
      x = static_cast<float>(low + (high - low) * static_cast<double>(state_ >> 40) * 0x1p-24);
    }
    return out;
  }

 private:
  uint64_t state_;
};

void print(const char* op, const char* what, const std::vector<float>& numbers) {
  for (size_t i = 0; i < numbers.size(); ++i) std::printf("%s %s %zu %.9g\n", op, what, i, numbers[i]);
}

template <class E>
std::array<double, kMaxParams> defaults() {
  std::array<double, kMaxParams> out{};
  if constexpr (parameter_count<E>() > 0) {
    E e;
    [&]<size_t... i>(std::index_sequence<i...>) {
      ((out[i] = E::parameters[i].standard,
        with_parameter<i>(e, [&](auto field) { out[i] = static_cast<double>(field); })),
       ...);
    }(std::make_index_sequence<parameter_count<E>()>());
  }
  return out;
}

/// Operands that lie in the domain of every loss.
template <class E>
void elements(const char* op) {
  constexpr int kTensors = tensor_count<E>();
  constexpr int64_t kSize = 3 * kStep, kNumbers = kSize * components<E>();
  Numbers numbers(1);
  std::vector<float> in[kTensors], grad[kTensors], value(kSize);
  Block<float> block{};
  block.size = kSize;
  block.value = value.data();
  for (int k = 0; k < kTensors; ++k) {
    in[k] = numbers(kNumbers, 0.02, 0.98);
    grad[k].resize(kNumbers);
    block.in[k] = in[k].data();
    block.grad[k] = grad[k].data();
    block.step[k] = 1;
    block.scale[k] = 1;
  }
  BlockLoop<E, float, Wrt::kAll>::run(defaults<E>().data(), block);
  print(op, "value", value);
  for (const auto& g : grad) print(op, "gradient", g);
}

enum Layout { kLaneByLane, kRowsInLanes, kNeighbours };

template <class E, bool across>
void rows(const char* op, int64_t classes, Layout layout, double smoothing) {
  constexpr int64_t kRows = 19;
  Numbers numbers(classes);
  const double range = MapsTarget<E> ? 0.95 : 6;
  std::vector<float> x[2], grad[2], value(kRows), work(row_work(classes, across));
  const auto weight = numbers(classes, 0.5, 2), others = numbers(classes * classes, 0.1, 1),
             prior = numbers(classes, -5, -1);
  std::vector<int64_t> label(kRows);
  for (int64_t r = 0; r < kRows; ++r) label[r] = r * 7 % classes;
  RowRun<float> run{};
  run.rows = kRows;
  run.classes = classes;
  run.across_rows = across;
  const bool by_class = layout == kNeighbours;
  for (int side = 0; side < sides<E>(); ++side) {
    x[side] = numbers(kRows * classes, -range, range);
    grad[side].resize(x[side].size());
    run.x[side] = {x[side].data(), by_class ? 1 : classes, by_class ? kRows : 1};
    run.grad[side] = {grad[side].data(), by_class ? 1 : classes, by_class ? kRows : 1};
  }
  const std::vector<float> point = numbers(kRows, 0, static_cast<float>(classes - 1));
  if constexpr (kTakesPoint<E>) {
    run.point = point.data();
  } else {
    run.label = label.data();
  }
  run.ignores = true;
  run.ignore_index = label[3];
  run.true_weight = weight.data();
  for (const float w : weight) run.true_weight_sum += w;
  run.label_weight = weight.data();
  if constexpr (HasOtherClasses<E> && kIsSoftmax<E>) run.other_weight = others.data();
  if constexpr (MapsWithPrior<E>) run.log_prior = prior.data();
  run.smoothing = smoothing;
  run.value_scale = run.grad_scale = 1;
  run.value = value.data();
  run.work = work.data();
  RowLoop<E, float, across>::run(defaults<E>().data(), run);
  print(op, "value", value);
  for (const auto& g : grad) print(op, "gradient", g);
}

/// Weights with zeros in front and behind, as the kernels ask for.
struct Padded {
  explicit Padded(int64_t size)
      : m(size + 2 * kPadding), e(m.size(), PathWeight<Scalar<float>>::kZeroExponent) {}
  Weights<float> weights() { return Weights<float>{m.data(), e.data()} + kPadding; }
  std::vector<float> m, e;
};

/// A path in 11 positions of 30 rows, the weights of which are those of scores.
template <class E>
void lattice(const char* op) {
  using Loop = LatticeLoop<E, float>;
  constexpr int64_t kRows = 30, kLabels = 10, kPositions = kPadding;
  Padded states((kRows + 1) * E::kStates * kPositions), blank(kRows * kPositions), label(kRows * kPositions),
      rest(2 * E::kStates * (kPositions + kPadding));
  std::vector<float> jump(kPositions + kPadding), most(kPadding);
  std::fill_n(jump.begin() + 1, kLabels - 1, 1.0f);
  states.weights().m[0] = 1;
  states.weights().e[0] = 0;
  Numbers numbers(1);
  const float largest = 0;
  for (Padded* of : {&blank, &label}) {
    std::vector<float> scores = numbers(kRows * kPositions, -6, 0);
    const int64_t last = of == &blank ? kLabels : kLabels - 1;
    for (int64_t i = 0; i < kRows * kPositions; ++i) {
      if (i % kPositions > last) scores[i] = -std::numeric_limits<float>::infinity();
    }
    Loop::weigh(scores.data(), &largest, nullptr, kRows * kPositions, of->weights(), most.data());
  }
  Loop::forward({kRows, kPositions, kLabels, states.weights(), blank.weights(), label.weights(), jump.data(),
                 rest.weights()});
  print(op, "states", states.m);
  print(op, "exponents of states", states.e);
  Loop::backward({kRows, kPositions, kLabels, states.weights(), blank.weights(), label.weights(), jump.data(),
                  rest.weights()});
  print(op, "blanks", blank.m);
  print(op, "labels", label.m);

  const std::vector<float> x = numbers(61, -20, 20);
  const RowSum<float> sum = Loop::sum_row(x.data(), x.size());
  std::vector<float> y(x.size());
  Loop::write_row(x.data(), x.size(), sum.largest, sum.share, y.data());
  print(op, "row", y);
}

/// Groups longer than a few registers, and no multiple of one.
template <class E>
void vectors(const char* op) {
  constexpr int64_t kGroups = 5, kLength = 77;
  Numbers numbers(1);
  std::vector<float> x[E::kVectors], grad[E::kVectors];
  std::vector<double> label(kGroups, 1), factor(kGroups, 2), value(kGroups);
  VectorRun<float> run{kGroups, kLength};
  for (int k = 0; k < E::kVectors; ++k) {
    x[k] = numbers(kGroups * kLength, -1, 1);
    grad[k].resize(kGroups * kLength);
    run.x[k] = x[k].data();
    run.grad[k] = grad[k].data();
    run.stride[k] = run.grad_stride[k] = kLength;
  }
  run.label = label.data();
  run.factor = factor.data();
  run.value = value.data();
  vector_kernels<E>().template get<float>()(defaults<E>().data(), run);
  print(op, "value", {value.begin(), value.end()});
  for (const auto& g : grad) print(op, "gradient", g);
}

/// The same sums for every loss of regions. What counts is summed only where something may be ignored.
void regions(const char* op, PixelCost pixel, bool ignores) {
  constexpr int64_t kPixels = 333, kClasses = 5;
  Numbers numbers(1);
  const std::vector<float> x = numbers(kPixels * kClasses, 0.1, 0.9), slopes = numbers(2 * kClasses, -1, 1);
  std::vector<int64_t> label(kPixels);
  for (int64_t i = 0; i < kPixels; ++i) label[i] = i * 7 % kClasses;
  for (const Activation activation : {Activation::None, Activation::Sigmoid, Activation::Softmax}) {
    if (activation == Activation::None && pixel.weight != 0) continue;
    std::vector<float> grad(x.size()), work(region_work(kClasses)), staging(region_staging(kClasses));
    std::vector<double> sums(kRegionSums * kClasses);
    bool wrong = false;
    RegionRun<float> run{kPixels, kClasses};
    run.x = {x.data(), 1, kPixels};
    run.grad = {grad.data(), 1, kPixels};
    run.label = label.data();
    run.ignores = ignores;
    run.ignore_index = label[3];
    run.activation = activation;
    run.pixel = pixel;
    run.pixel_scale = 0.5;
    run.sums = sums.data();
    run.wrong = &wrong;
    run.slopes = slopes.data();
    run.work = work.data();
    run.staging = staging.data();
    const RegionKernelsFor<float>& kernels = region_kernels().get<float>();
    print(op, "cost", {static_cast<float>(kernels.add(run))});
    kernels.differentiate(run);
    for (int64_t c = 0; c < kClasses && !ignores; ++c) sums[c * kRegionSums + 3] = 0;
    print(op, "sums", {sums.begin(), sums.end()});
    print(op, "gradient", grad);
  }
}

template <class E>
void run(const char* op) {
  if constexpr (LatticeExpression<E>) {
    lattice<E>(op);
  } else if constexpr (VectorExpression<E>) {
    vectors<E>(op);
  } else if constexpr (RegionExpression<E>) {
    PixelCost pixel{0};
    if constexpr (HasPixelCost<E>) pixel = E().pixel();
    for (const bool ignores : {false, true}) regions(op, pixel, ignores);
  } else if constexpr (ClassAxisExpression<E>) {
    for (const int64_t classes : {2, 3, 10, 21, 100}) {
      for (const double smoothing : {0.0, 0.1}) {
        if (smoothing > 0 && !(HasTrueClass<E> && kIsSoftmax<E>)) continue;
        if constexpr (kReadsRow<E>) rows<E, false>(op, classes, kLaneByLane, smoothing);
        rows<E, true>(op, classes, kRowsInLanes, smoothing);
        rows<E, true>(op, classes, kNeighbours, smoothing);
      }
    }
  } else {
    elements<E>(op);
  }
}

}  // namespace

int main() {
#define LOSS(op, Expression, ...) run<losses::Expression>(#op);
#include "losses/registry.def"
}
