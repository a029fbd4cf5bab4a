// The parts of the CUDA kernels that the host runs too: index arithmetic, how rows are shared out, and how
// what threads saw of a row comes together.
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "families/class_axis/cuda.h"
#include "runtime/cuda/online.h"

using namespace lossops::cuda;

namespace {

int failures = 0;

void expect(bool holds, const char* what, long long a = 0, long long b = 0) {
  if (holds) return;
  std::printf("FAILED: %s (%lld, %lld)\n", what, a, b);
  ++failures;
}

void division_is_exact() {
  std::vector<uint32_t> numbers;
  for (uint32_t base : {1u, 2u, 3u, 7u, 10u, 641u, 1u << 10, 1u << 16, 1000003u, 1u << 30, 2147483647u}) {
    for (uint32_t d : {0u, 1u, 2u}) {
      if (base > d) numbers.push_back(base - d);
      if (base + d <= 2147483647u) numbers.push_back(base + d);
    }
  }
  for (uint32_t divisor : numbers) {
    const Divider divide(divisor);
    for (uint32_t n : numbers) expect(divide(n) == n / divisor, "division", n, divisor);
    for (uint32_t k = 0; k < 1000; ++k) {
      const uint32_t n = k * 2147483u;
      expect(divide(n) == n / divisor, "division", n, divisor);
    }
  }
}

/// Against counting through all dimensions.
void offsets_follow_strides(const std::vector<std::pair<int64_t, int64_t>>& dims) {
  Offsets offsets;
  int64_t count = 1;
  for (const auto& [size, stride] : dims) {
    expect(offsets.add(size, stride), "room");
    count *= size;
  }
  expect(offsets.count() == count, "count", offsets.count(), count);
  const int64_t step = std::max<int64_t>(count / 5000, 1);
  for (int64_t i = 0; i < count; i += step) {
    int64_t rest = i, expected = 0;
    for (size_t d = dims.size(); d-- > 0;) {
      expected += rest % dims[d].first * dims[d].second;
      rest /= dims[d].first;
    }
    expect(offsets(i) == expected, "offset", i, expected);
  }
}

void offsets() {
  offsets_follow_strides({});
  offsets_follow_strides({{7, 1}});
  offsets_follow_strides({{4, 6}, {3, 2}, {2, 1}});
  offsets_follow_strides({{5, 0}, {7, 1}});
  offsets_follow_strides({{5, 1}, {1, 99}, {7, 5}});
  offsets_follow_strides({{2, 1000}, {3, 7}, {4, 100}, {5, 1}, {2, 50}});
  offsets_follow_strides({{70000, 70000}, {70000, 1}});
  offsets_follow_strides({{3000000000, 2}, {3, 1}});
  Offsets merged;
  merged.add(4, 6), merged.add(3, 2), merged.add(2, 1);
  expect(merged.dense() && merged.run() == 24, "merging");
  Offsets full;
  for (int d = 0; d < kMaxDims; ++d) full.add(2, int64_t{1} << (2 * d));
  expect(!full.add(2, 3), "no room");
}

void every_row_is_shared_out() {
  constexpr int kLimit = 223 << 10;
  for (int64_t rows : {1, 7, 100, 4096, 262144, 10000000}) {
    for (int64_t classes : {1, 3, 10, 33, 64, 513, 1000, 2049, 8193, 32000, 50257, 128256, 1000000}) {
      for (int vector : {2, 4, 8}) {
        for (int sides : {1, 2}) {
          for (int most : {256, 512, 1024}) {
            const RowGrid grid = row_grid(rows, classes, false, vector, sides, true, most, kLimit);
            expect(grid.threads % 32 == 0 && grid.threads <= most, "threads", grid.threads, most);
            expect(grid.team == grid.threads || (grid.team <= 32 && 32 % grid.team == 0), "team", grid.team);
            expect(grid.blocks >= 1 && grid.blocks <= kMaxBlocks, "blocks", grid.blocks);
            const int64_t at_once = grid.threads / grid.team;
            expect(grid.blocks == kMaxBlocks || grid.blocks * at_once >= rows, "all rows", rows, classes);
            expect(grid.shared_bytes <= kLimit, "shared memory", grid.shared_bytes);
            expect(grid.shared_bytes == 16u * grid.kept * sides * grid.threads, "places", grid.kept);
          }
        }
      }
    }
  }
  const RowGrid alone = row_grid(1 << 20, 21, true, 4, 1, true, 1024, kLimit);
  expect(alone.team == 1 && alone.shared_bytes == 0, "a row to a thread");
}

/// Every class is in the head, in a vector or in the tail, and vectors lie on boundaries.
void rows_are_cut_into_vectors() {
  for (int bytes : {2, 4, 8}) {
    for (uintptr_t place = 0; place < 64; place += static_cast<uintptr_t>(bytes)) {
      for (int classes = 0; classes < 40; ++classes) {
        const int head = classes_before_vectors(place, classes, bytes);
        expect(head >= 0 && head <= classes, "head", head, classes);
        expect(head == classes || (place + static_cast<uintptr_t>(head * bytes)) % 16 == 0, "boundary", head);
        expect(head < 16 / bytes || place % 16 == 0 || head == 0, "no later than the next", head);
      }
    }
  }
}

/// As many equal terms as a row may have, of which a plain sum loses the third digit.
void long_sums_keep_their_digits() {
  constexpr int kTerms = 1000000;
  const double exact = kTerms * static_cast<double>(0.1f);
  LongSum<float> sum;
  float plain = 0;
  for (int i = 0; i < kTerms; ++i) {
    sum.add(0.1f);
    plain += 0.1f;
  }
  expect(std::abs(plain - exact) > 5e-3 * exact, "plain sum", static_cast<long long>(plain));
  expect(std::abs(sum.get() - exact) < 2e-4 * exact, "long sum", static_cast<long long>(sum.get()));
  sum.scale(0.5f);
  expect(std::abs(sum.get() - exact / 2) < 2e-4 * exact, "scaled sum", static_cast<long long>(sum.get()));
}

/// A row's sum of exponentials but for one largest, by `threads` of which each sees vectors of two.
float rest_of(const std::vector<float>& row, size_t threads, float& largest) {
  std::vector<OnlineSoftmax<float>> own(threads);
  for (size_t v = 0; 2 * v < row.size(); ++v) {
    const lossops::Scalar<float> z[4] = {row[2 * v], 2 * v + 1 < row.size() ? row[2 * v + 1] : 0.0f};
    if (2 * v + 1 < row.size()) {
      own[v % threads].add<2>(z);
    } else {
      own[v % threads].add<1>(z);
    }
  }
  largest = -std::numeric_limits<float>::infinity();
  for (const auto& o : own) largest = largest < o.largest ? o.largest : largest;
  float sum = 0, have = 0;
  for (const auto& o : own) {
    sum += o.below(largest);
    have += o.largest == largest ? 1.0f : 0.0f;
  }
  return OnlineSoftmax<float>::merged(sum, have, largest);
}

void threads_merge_into_a_softmax() {
  constexpr float kInf = std::numeric_limits<float>::infinity(), kNan = std::nanf("");
  std::vector<std::vector<float>> rows = {
      {3.0f}, {1, 1, 1}, {-kInf, 2, -kInf}, {0, 80, 0}, {-90, -3, -3, 5, 5}};
  std::vector<float> drawn;
  uint32_t state = 1;
  for (int i = 0; i < 1000; ++i) {
    state = state * 1664525u + 1013904223u;
    drawn.push_back(static_cast<float>(state >> 8) / (1 << 20) - 8);
    if (i % 111 == 0) rows.push_back(drawn);
  }
  for (const auto& row : rows) {
    double top = -kInf, exact = -1;
    for (float z : row) top = std::max<double>(top, z);
    for (float z : row) exact += std::exp(z - top);
    for (size_t threads : {1, 2, 3, 32, 1000}) {
      float largest;
      const double rest = rest_of(row, threads, largest);
      expect(largest == top, "largest", static_cast<long long>(threads));
      expect(std::abs(rest - exact) <= 1e-6 * exact + 1e-30, "rest", static_cast<long long>(row.size()),
             static_cast<long long>(threads));
    }
  }
  for (const std::vector<float>& row :
       {std::vector<float>{kNan, 1, 2}, {1, 2, kNan}, {1, kInf, 2}, {-kInf, -kInf}}) {
    for (size_t threads : {1, 2, 32}) {
      float largest;
      const float rest = rest_of(row, threads, largest);
      expect(rest != rest, "no number", static_cast<long long>(threads));
    }
  }
}

}  // namespace

int main() {
  division_is_exact();
  offsets();
  every_row_is_shared_out();
  rows_are_cut_into_vectors();
  long_sums_keep_their_digits();
  threads_merge_into_a_softmax();
  return failures != 0;
}
