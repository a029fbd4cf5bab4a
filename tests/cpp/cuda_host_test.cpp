// The parts of the CUDA kernels that the host runs too: index arithmetic, and how rows are shared out.
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "cuda/rows.h"

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
            const RowPlan plan = plan_rows(rows, classes, false, vector, sides, true, most, kLimit);
            expect(plan.threads % 32 == 0 && plan.threads <= most, "threads", plan.threads, most);
            expect(plan.team == plan.threads || (plan.team <= 32 && 32 % plan.team == 0), "team", plan.team);
            expect(plan.blocks >= 1 && plan.blocks <= kMaxBlocks, "blocks", plan.blocks);
            const int64_t at_once = plan.threads / plan.team;
            expect(plan.blocks == kMaxBlocks || plan.blocks * at_once >= rows, "all rows", rows, classes);
            expect(plan.shared_bytes <= kLimit, "shared memory", plan.shared_bytes);
            expect(plan.shared_bytes == 16u * plan.kept * sides * plan.threads, "places", plan.kept);
          }
        }
      }
    }
  }
  const RowPlan alone = plan_rows(1 << 20, 21, true, 4, 1, true, 1024, kLimit);
  expect(alone.team == 1 && alone.shared_bytes == 0, "rows side by side");
}

}  // namespace

int main() {
  division_is_exact();
  offsets();
  every_row_is_shared_out();
  return failures != 0;
}
