#include <c10/util/Exception.h>
#include <ucontext.h>

#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "launch.h"

lossops::cuda::emulated::Index threadIdx, blockIdx, blockDim, gridDim;

namespace lossops::cuda::emulated {
namespace {

constexpr size_t kStackBytes = 256 << 10;
constexpr unsigned kWarp = 32;

struct Fiber {
  ucontext_t context;
  std::unique_ptr<char[]> stack{new char[kStackBytes]};
  bool done;
  uint64_t given;
};

struct Barrier {
  unsigned arrived = 0, generation = 0;
};

std::vector<Fiber> fibers;
ucontext_t scheduler;
const std::function<void()>* body;
const char* failure;
unsigned passed;  // barriers, and threads that ended: whether anything moves
std::map<std::pair<unsigned, unsigned>, Barrier> barriers;  // by warp and mask
std::vector<unsigned char> shared;

void enter() {
  (*body)();
  fibers[threadIdx.x].done = true;
  ++passed;
}

void yield() {
  const unsigned self = threadIdx.x;
  swapcontext(&fibers[self].context, &scheduler);
  threadIdx.x = self;
}

void run_block(unsigned threads) {
  barriers.clear();
  std::fill(shared.begin(), shared.end(), 0xff);
  for (unsigned t = 0; t < threads; ++t) {
    Fiber& fiber = fibers[t];
    fiber.done = false;
    getcontext(&fiber.context);
    fiber.context.uc_stack.ss_sp = fiber.stack.get();
    fiber.context.uc_stack.ss_size = kStackBytes;
    fiber.context.uc_link = &scheduler;
    makecontext(&fiber.context, enter, 0);
  }
  for (bool alive = true; alive;) {
    alive = false;
    const unsigned before = passed;
    for (unsigned t = 0; t < threads; ++t) {
      if (fibers[t].done) continue;
      alive = true;
      threadIdx.x = t;
      swapcontext(&scheduler, &fibers[t].context);
      TORCH_CHECK(!failure, "device-side assert: ", failure);
    }
    TORCH_CHECK(!alive || passed != before, "deadlock: threads wait at different barriers");
  }
}

}  // namespace

void run(unsigned blocks, unsigned threads, unsigned shared_bytes, const std::function<void()>& kernel) {
  static std::mutex mutex;
  const std::lock_guard lock(mutex);
  TORCH_CHECK(blocks > 0 && threads > 0 && threads <= 1024, "launch of ", blocks, " x ", threads);
  if (fibers.size() < threads) fibers.resize(threads);
  shared.resize(shared_bytes);
  body = &kernel;
  failure = nullptr;
  gridDim.x = blocks;
  blockDim.x = threads;
  for (unsigned block = 0; block < blocks; ++block) {
    blockIdx.x = block;
    run_block(threads);
  }
}

void fail(const char* message) {
  failure = message;
  setcontext(&scheduler);
  std::abort();
}

void wait(unsigned mask) {
  const unsigned warp = mask ? threadIdx.x / kWarp : ~0u;
  const unsigned expected = mask ? __builtin_popcount(mask) : blockDim.x;
  if (mask && !(mask >> threadIdx.x % kWarp & 1)) fail("a thread that is not in its mask");
  Barrier& barrier = barriers[{warp, mask}];
  const unsigned generation = barrier.generation;
  if (++barrier.arrived == expected) {
    barrier.arrived = 0;
    ++barrier.generation;
    ++passed;
    return;
  }
  while (barrier.generation == generation) yield();
}

uint64_t exchange(unsigned mask, uint64_t x, int flip) {
  const unsigned other = threadIdx.x ^ static_cast<unsigned>(flip);
  if (!(mask >> other % kWarp & 1) || other / kWarp != threadIdx.x / kWarp) fail("a shuffle out of its mask");
  fibers[threadIdx.x].given = x;
  wait(mask);
  const uint64_t taken = fibers[other].given;
  wait(mask);
  return taken;
}

void* shared_memory() { return shared.data(); }

}  // namespace lossops::cuda::emulated
