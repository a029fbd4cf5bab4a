// Counts labels in one pass over memory, whatever their width.
#include <ATen/Parallel.h>
#include <ATen/ops/zeros.h>
#include <torch/library.h>

#include <algorithm>
#include <array>
#include <limits>
#include <mutex>
#include <sstream>
#include <vector>

#include "operators/count/count.h"

namespace lossops {
namespace {

/// Labels that a thread takes at least.
constexpr int64_t kGrain = 1 << 16;
/// Labels after which 32-bit counters are added up.
constexpr int64_t kFlush = int64_t{1} << 30;
/// Classes that are counted before the number of classes is known: enough for nearly all data.
constexpr int64_t kFewClasses = 1024;
/// Classes up to which labels take turns with several histograms, so that the increments of equal
/// neighbours need not wait for each other.
constexpr int64_t kInterleaved = 1 << 14;

/// A byte of a bool tensor: true unless 0, whatever else it holds.
struct Truth {
  uint8_t byte;
};

/// A label as a number that no class has if the label is negative.
template <class S>
uint64_t code(S label) {
  return static_cast<uint64_t>(static_cast<std::conditional_t<std::is_signed_v<S>, int64_t, S>>(label));
}
uint64_t code(Truth label) { return label.byte != 0; }

/// ignore_index as a code of labels of type S; none if no such label can have its value.
template <class S>
std::optional<uint64_t> code_of_ignored(std::optional<int64_t> ignore_index) {
  if (!ignore_index || (*ignore_index < 0 && !std::is_signed_v<S>)) return std::nullopt;
  return static_cast<uint64_t>(*ignore_index);
}

/// How many labels there are of each class, and beyond.
struct Counts {
  std::vector<int64_t> of_class;
  int64_t beyond = 0;   ///< labels without a class
  int64_t ignored = 0;  ///< those of them that equal ignore_index

  bool complete() const { return beyond == ignored; }
};

/// Adds labels to kCopies histograms, and those that are ignored to the number returned.
template <int kCopies, bool kIgnores, class S>
int64_t count_run(const S* labels, int64_t size, uint64_t classes, uint64_t ignored, uint32_t* histograms) {
  int64_t found = 0;
  int64_t i = 0;
  const auto take = [&](auto count) {
    // Read before any counter is written, which the compiler could not otherwise move it across.
    std::array<uint64_t, count> codes;
    for (int k = 0; k < count; ++k) codes[k] = code(labels[i + k]);
    for (int k = 0; k < count; ++k) {
      // The last slot takes what has no class: no branch, whatever the data.
      ++histograms[k % kCopies * (classes + 1) + std::min(codes[k], classes)];
      if constexpr (kIgnores) found += codes[k] == ignored;
    }
    i += count;
  };
  while (i + 8 <= size) take(std::integral_constant<int, 8>());
  while (i < size) take(std::integral_constant<int, 1>());
  return found;
}

template <class S>
Counts count(const S* labels, int64_t size, int64_t classes, std::optional<uint64_t> ignored) {
  Counts total;
  total.of_class.resize(classes);
  std::mutex mutex;
  const int64_t slots = classes + 1;
  const int64_t copies = classes <= kInterleaved ? 4 : 1;
  at::parallel_for(0, size, std::max(kGrain, slots), [&](int64_t begin, int64_t end) {
    std::vector<uint32_t> histograms(copies * slots);
    int64_t found = 0;
    while (begin < end) {
      const int64_t run = std::min(end - begin, kFlush);
      const auto step = copies == 1 ? (ignored ? count_run<1, true, S> : count_run<1, false, S>)
                                    : (ignored ? count_run<4, true, S> : count_run<4, false, S>);
      found += step(labels + begin, run, classes, ignored.value_or(0), histograms.data());
      begin += run;
      const std::lock_guard<std::mutex> lock(mutex);
      for (int64_t k = 0; k < copies; ++k) {
        const uint32_t* histogram = histograms.data() + k * slots;
        for (int64_t c = 0; c < classes; ++c) total.of_class[c] += histogram[c];
        total.beyond += histogram[classes];
      }
      std::fill(histograms.begin(), histograms.end(), 0);
    }
    const std::lock_guard<std::mutex> lock(mutex);
    total.ignored += found;
  });
  if (ignored && *ignored < static_cast<uint64_t>(classes)) {
    total.of_class[*ignored] = 0;
    total.ignored = 0;
  }
  return total;
}

/// The number of classes that labels need if each has one.
template <class S>
uint64_t classes_of(const S* labels, int64_t size, std::optional<uint64_t> ignored) {
  uint64_t most = 0;
  std::mutex mutex;
  at::parallel_for(0, size, kGrain, [&](int64_t begin, int64_t end) {
    uint64_t part = 0;
    const uint64_t left_out = ignored.value_or(0);  // without one, a 0 is left out: it changes nothing
    for (int64_t i = begin; i < end; ++i) {
      const uint64_t label = code(labels[i]);
      part = std::max(part, label == left_out ? 0 : label);
    }
    const std::lock_guard<std::mutex> lock(mutex);
    most = std::max(most, part);
  });
  return most == std::numeric_limits<uint64_t>::max() ? most : most + 1;
}

/// Raises for the first label that is not a class, in the order of its tensor.
template <class S>
[[noreturn]] void label_error(const at::Tensor& labels, int64_t classes, std::optional<uint64_t> ignored) {
  const at::Tensor ordered = labels.contiguous();
  const auto* data = static_cast<const S*>(ordered.const_data_ptr());
  const auto* bad = std::find_if(data, data + ordered.numel(), [&](S label) {
    return code(label) >= static_cast<uint64_t>(classes) && code(label) != ignored;
  });
  int64_t place = bad - data;
  std::vector<int64_t> position(labels.dim());
  for (int64_t d = labels.dim() - 1; d >= 0; --d) {
    position[d] = place % labels.size(d);
    place /= labels.size(d);
  }
  std::ostringstream shown;
  for (size_t d = 0; d < position.size(); ++d) shown << (d ? ", " : "") << position[d];
  const std::string label =
      std::is_signed_v<S> ? c10::str(static_cast<int64_t>(code(*bad))) : c10::str(code(*bad));
  TORCH_CHECK_INDEX(false, "count_labels: labels must be in [0, ", classes, "), got ", label,
                    " at position (", shown.str(), position.size() == 1 ? ",)" : ")");
}

template <class S>
at::Tensor count_as(const at::Tensor& labels, std::optional<int64_t> num_classes,
                    std::optional<int64_t> ignore_index) {
  // The order in memory will do, where there is one.
  const bool dense = labels.is_contiguous() || labels.is_non_overlapping_and_dense();
  const at::Tensor held = dense ? labels : labels.contiguous();
  const auto* data = static_cast<const S*>(held.const_data_ptr());
  const int64_t size = held.numel();
  const auto ignored = code_of_ignored<S>(ignore_index);

  // Unless told how many classes there are, guess from the first labels, and mend it if that was wrong.
  const auto needed = [&] {
    const uint64_t classes = classes_of(data, size, ignored);
    if (classes > static_cast<uint64_t>(kMostClasses)) label_error<S>(labels, kMostClasses, ignored);
    return static_cast<int64_t>(classes);
  };
  const bool few = num_classes || classes_of(data, std::min(size, kGrain), ignored) <= kFewClasses;
  Counts counts = count(data, size, num_classes ? *num_classes : few ? kFewClasses : needed(), ignored);
  if (!counts.complete()) {
    if (num_classes) label_error<S>(labels, *num_classes, ignored);
    counts = count(data, size, needed(), ignored);
  }
  if (!num_classes) {
    while (!counts.of_class.empty() && counts.of_class.back() == 0) counts.of_class.pop_back();
  }
  const auto classes = static_cast<int64_t>(counts.of_class.size());
  at::Tensor out = at::zeros({classes}, labels.options().dtype(at::kLong));
  std::copy(counts.of_class.begin(), counts.of_class.end(), out.mutable_data_ptr<int64_t>());
  return out;
}

at::Tensor count_labels(const at::Tensor& labels, std::optional<c10::SymInt> num_classes,
                        std::optional<int64_t> ignore_index) {
  check_count(labels, num_classes);
  std::optional<int64_t> classes;
  if (num_classes) classes = num_classes->guard_int(__FILE__, __LINE__);
  switch (labels.scalar_type()) {
#define LOSSOPS_CASE(S, name) \
  case at::ScalarType::name:  \
    return count_as<S>(labels, classes, ignore_index);
    LOSSOPS_CASE(Truth, Bool)
    LOSSOPS_CASE(int8_t, Char)
    LOSSOPS_CASE(uint8_t, Byte)
    LOSSOPS_CASE(int16_t, Short)
    LOSSOPS_CASE(uint16_t, UInt16)
    LOSSOPS_CASE(int32_t, Int)
    LOSSOPS_CASE(uint32_t, UInt32)
    LOSSOPS_CASE(int64_t, Long)
    LOSSOPS_CASE(uint64_t, UInt64)
#undef LOSSOPS_CASE
    default:
      TORCH_CHECK_NOT_IMPLEMENTED(false, "count_labels: unsupported dtype ", labels.scalar_type());
  }
}

}  // namespace

TORCH_LIBRARY_IMPL(lossops, CPU, library) { library.impl("count_labels", count_labels); }

}  // namespace lossops
