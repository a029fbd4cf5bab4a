// Runs the calls that tests/sanitize.py writes to files, under the sanitizers: every call without and with
// gradients of first and second order, by autocast and by the fused operator, on one thread and two, then on
// four threads at once.
//
//   replay <file>...
//
// A sanitizer ends the program at its first finding; the call it was in is named behind its report. The rest
// is counted here: calls that should raise and do not, or the other way round, results that depend on what
// fresh memory held or on the number of threads, and memory that a call left behind.
#include <ATen/Functions.h>
#include <ATen/Parallel.h>
#include <ATen/autocast_mode.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <c10/core/CPUAllocator.h>
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#include <sys/mman.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/jit/serialization/pickle.h>

#include <atomic>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iterator>
#include <map>
#include <mutex>
#include <thread>

namespace {

using Arguments = std::vector<c10::IValue>;
using Tensors = std::vector<at::Tensor>;

enum Outcome : int64_t { kReturns, kRaises, kEither };

struct Case {
  explicit Case(const c10::IValue& value) {
    const auto& fields = value.toTupleRef().elements();
    name = fields[0].toStringRef();
    op = fields[1].toStringRef();
    arguments = fields[2].toTupleRef().elements().vec();
    for (const c10::IValue& i : fields[3].toListRef()) wanted.push_back(i.toInt());
    outcome = static_cast<Outcome>(fields[4].toInt());
    twice = fields[5].toBool();
  }
  std::string name, op;
  Arguments arguments;
  std::vector<int64_t> wanted;  ///< the arguments that gradients are taken by
  Outcome outcome;
  bool twice;  ///< also by second derivatives
};

/// Every so many cases one is run on several threads at once.
constexpr size_t kAtOnce = 17;

std::atomic<int64_t> calls{0}, failures{0};
thread_local const Case* current = nullptr;

void name_current() {
  if (current) std::fprintf(stderr, "replay: in %s\n", current->name.c_str());
}

void fail(const Case& c, const std::string& what) {
  if (++failures <= 50) std::fprintf(stderr, "replay: %s\nreplay: in %s\n", what.c_str(), c.name.c_str());
}

/// The memory of every tensor: it ends where a page begins that nobody may touch. Compilers do not
/// instrument vector instructions under a mask, and torch is not instrumented at all; a page stops both.
class GuardedAllocator : public c10::Allocator {
 public:
  std::atomic<int64_t> live{0};
  std::atomic<int> fill{0};  ///< what fresh memory holds, byte by byte

  c10::DataPtr allocate(size_t size) override {
    const c10::Device device(c10::kCPU);
    if (size == 0) return {nullptr, device};
    const size_t usable = (size + kPage - 1) / kPage * kPage;
    auto* const map = new Map{fresh(usable), usable};
    ASAN_UNPOISON_MEMORY_REGION(map->begin, usable);
    std::memset(map->begin, fill, usable);
    ASAN_POISON_MEMORY_REGION(map->begin, usable - size);
    ++live;
    return {map->begin + usable - size, map, free, device};
  }
  c10::DeleterFnPtr raw_deleter() const override { return nullptr; }
  void copy_data(void* to, const void* from, size_t size) const override {
    default_copy_data(to, from, size);
  }

 private:
  static constexpr size_t kPage = 4096;
  struct Map {
    char* begin;
    size_t usable;
  };

  /// Pages with a guard behind them, used again before they are asked for.
  char* fresh(size_t usable) {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      std::vector<char*>& known = unused_[usable];
      if (!known.empty()) {
        char* const begin = known.back();
        known.pop_back();
        return begin;
      }
    }
    void* const map =
        mmap(nullptr, usable + kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    TORCH_CHECK(map != MAP_FAILED, "mmap failed");
    char* const begin = static_cast<char*>(map);
    TORCH_CHECK(mprotect(begin + usable, kPage, PROT_NONE) == 0, "mprotect failed");
    return begin;
  }

  static void free(void* context);

  std::mutex mutex_;
  std::map<size_t, std::vector<char*>> unused_;  ///< by size
};
GuardedAllocator allocator;

void GuardedAllocator::free(void* context) {
  const std::unique_ptr<Map> map(static_cast<Map*>(context));
  ASAN_POISON_MEMORY_REGION(map->begin, map->usable);
  const std::lock_guard<std::mutex> lock(allocator.mutex_);
  allocator.unused_[map->usable].push_back(map->begin);
  --allocator.live;
}

/// A tensor of a kind that files cannot hold.
at::Tensor made(const std::string& kind, const at::Tensor& t) {
  if (kind == "meta") return t.to(at::kMeta);
  if (kind == "sparse") return t.to_sparse();
  if (kind == "csr") return t.to_sparse_csr();
  return t.view(kind == "uint16" ? at::kUInt16 : kind == "uint32" ? at::kUInt32 : at::kUInt64);
}

/// Copies of the arguments, each storage in memory of its own size.
Arguments owned(const Arguments& arguments) {
  std::map<const void*, c10::Storage> copies;
  const auto copy = [&](const at::Tensor& t) {
    const c10::Storage& from = t.storage();
    c10::Storage& to = copies[from.unsafeGetStorageImpl()];
    if (!to) {
      to = c10::Storage(c10::Storage::use_byte_size_t(), from.nbytes(), &allocator);
      if (from.nbytes() > 0) std::memcpy(to.mutable_data(), from.data(), from.nbytes());
    }
    return at::empty({0}, t.options()).set_(to, t.storage_offset(), t.sizes(), t.strides());
  };
  Arguments result;
  for (const c10::IValue& argument : arguments) {
    if (argument.isTensor()) {
      result.emplace_back(copy(argument.toTensor()));
    } else if (argument.isTuple()) {
      const auto& parts = argument.toTupleRef().elements();
      result.emplace_back(made(parts[0].toStringRef(), copy(parts[1].toTensor())));
    } else {
      result.push_back(argument);
    }
  }
  return result;
}

/// The arguments, some of them as leaves that share their memory.
Arguments requiring(const Arguments& arguments, c10::ArrayRef<int64_t> wanted, Tensors& leaves) {
  Arguments result = arguments;
  for (const int64_t i : wanted) {
    leaves.push_back(result[i].toTensor().detach().requires_grad_());
    result[i] = leaves.back();
  }
  return result;
}

torch::jit::Stack call(const std::string& op, const Arguments& arguments) {
  const auto handle = c10::Dispatcher::singleton().findSchemaOrThrow(("lossops::" + op).c_str(), "");
  torch::jit::Stack stack = arguments;
  ++calls;
  handle.callBoxed(stack);
  return stack;
}

at::Tensor loss_of(const Case& c, const Arguments& arguments) { return call(c.op, arguments)[0].toTensor(); }

Tensors gradients(const at::Tensor& value, const Tensors& leaves, const at::Tensor& upstream, bool keep,
                  bool create = false) {
  return torch::autograd::grad({value}, leaves, {upstream}, keep, create, /*allow_unused=*/true);
}

at::Tensor without_gradient(const Case& c, const Arguments& arguments) {
  const at::NoGradGuard guard;
  return loss_of(c, arguments);
}

at::Tensor under_autocast(const Case& c, const Arguments& arguments) {
  struct Autocast {
    Autocast() { at::autocast::set_autocast_enabled(at::kCPU, true); }
    ~Autocast() { at::autocast::set_autocast_enabled(at::kCPU, false); }
  };
  const at::NoGradGuard guard;
  const Autocast autocast;
  return loss_of(c, arguments);
}

/// The loss and gradients of the operator that traces contain; nothing where it refuses these gradients.
Tensors fused(const Case& c, const Arguments& arguments, c10::ArrayRef<int64_t> wanted) {
  // Tensors have the bits 0, 1, ... in the order of the schema.
  const auto& schema =
      c10::Dispatcher::singleton().findSchemaOrThrow(("lossops::" + c.op).c_str(), "").schema();
  int64_t mask = 0;
  for (const int64_t i : wanted) {
    int64_t bit = 0;
    for (int64_t k = 0; k < i; ++k) {
      const std::string type = schema.arguments()[k].type()->str();
      bit += type == "Tensor" || type == "Tensor?";
    }
    mask |= int64_t{1} << bit;
  }
  Arguments extended = arguments;
  extended.emplace_back(mask);
  try {
    return call("_" + c.op + "_value_and_grad", extended)[0].toTensorVector();
  } catch (const c10::Error&) {
    return {};
  }
}

template <class F>
bool raises(const F& f) {
  try {
    f();
    return false;
  } catch (const c10::Error&) {
    return true;
  } catch (const std::runtime_error&) {  // of at::Scalar
    return true;
  }
}

/// All that a call can be asked for.
Tensors everything(const Case& c, const Arguments& arguments) {
  Tensors out{without_gradient(c, arguments), under_autocast(c, arguments)};
  const auto keep = [&](const Tensors& more) { out.insert(out.end(), more.begin(), more.end()); };
  if (c.wanted.empty()) return out;
  {
    Tensors leaf;
    const at::Tensor loss = loss_of(c, requiring(arguments, {c.wanted[0]}, leaf));
    out.push_back(loss);
    const at::Tensor one = at::ones_like(loss);
    keep(gradients(loss, leaf, one, /*keep=*/false));
    if (!raises([&] { gradients(loss, leaf, one, /*keep=*/false); })) fail(c, "has a graph after release");
    keep(fused(c, arguments, {c.wanted[0]}));
  }
  Tensors leaves;
  const at::Tensor loss = loss_of(c, requiring(arguments, c.wanted, leaves));
  const at::Tensor upstream = at::full({}, 0.5, loss.options()).expand(loss.sizes());
  keep(gradients(loss, leaves, upstream, /*keep=*/true));
  if (c.twice) {
    at::Tensor sum;
    for (const at::Tensor& g : gradients(loss, leaves, upstream, /*keep=*/true, /*create=*/true)) {
      if (!g.defined() || !g.requires_grad()) continue;
      const at::Tensor part = g.to(at::kDouble).sum();
      sum = sum.defined() ? sum + part : part;
    }
    if (sum.defined()) keep(gradients(sum, leaves, at::ones_like(sum), /*keep=*/true));
  }
  keep(gradients(loss, leaves, upstream, /*keep=*/false));
  keep(fused(c, arguments, c.wanted));
  return out;
}

/// Whether all bits agree.
bool same(const Tensors& a, const Tensors& b) {
  const auto plain = [](const at::Tensor& t) {  // also of torch's zeros without memory
    return t._is_zerotensor() ? at::zeros(t.sizes(), t.options()) : t.detach().contiguous();
  };
  const auto equal = [&](const at::Tensor& x, const at::Tensor& y) {
    if (!x.defined() || !y.defined()) return x.defined() == y.defined();
    if (x.scalar_type() != y.scalar_type() || x.sizes() != y.sizes()) return false;
    if (x.numel() == 0) return true;
    const at::Tensor p = plain(x), q = plain(y);
    return std::memcmp(p.const_data_ptr(), q.const_data_ptr(), p.nbytes()) == 0;
  };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), equal);
}

/// A call that may or must raise, in whichever way it is made.
void try_all(const Case& c, const Arguments& arguments) {
  Tensors leaves;
  const Arguments leafy = requiring(arguments, c.wanted, leaves);
  bool all = raises([&] { without_gradient(c, arguments); });
  all &= raises([&] { under_autocast(c, arguments); });
  all &= raises([&] { loss_of(c, leafy); });
  fused(c, arguments, c.wanted);
  if (c.outcome == kEither) return void(raises([&] { everything(c, arguments); }));
  if (!all) fail(c, "was accepted");
}

/// On one thread and on two, with memory that held something else.
void run(const Case& c) {
  current = &c;
  {
    const Arguments arguments = owned(c.arguments);
    const auto with = [&](int threads, int fill) {
      at::set_num_threads(threads);
      allocator.fill = fill;
      return everything(c, arguments);
    };
    try {
      if (c.outcome != kReturns) {
        try_all(c, arguments);
      } else if (!same(with(1, 0xff), with(2, 0x5a))) {
        fail(c, "depends on fresh memory or on the number of threads");
      }
    } catch (const std::exception& error) {
      fail(c, c10::str("raised: ", error.what()));
    }
  }
  if (allocator.live != 0) {
    fail(c, c10::str(allocator.live.load(), " tensors are still in memory"));
    allocator.live = 0;
  }
  current = nullptr;
}

/// Some of the cases on four threads at once, with the same tensors.
void run_at_once(const std::vector<Case>& cases) {
  struct Shared {
    const Case* c;
    Arguments arguments;
    Tensors expected;
  };
  std::vector<Shared> shared;
  for (size_t i = 0; i < cases.size(); i += kAtOnce) {
    const Case& c = cases[i];
    if (c.outcome != kReturns) continue;
    current = &c;
    const Arguments arguments = owned(c.arguments);
    Tensors expected;
    if (raises([&] { expected = everything(c, arguments); })) continue;  // which run() has reported
    shared.push_back({&c, arguments, std::move(expected)});
  }
  const auto work = [&] {
    for (const auto& [c, arguments, expected] : shared) {
      current = c;
      try {
        if (!same(everything(*c, arguments), expected)) fail(*c, "differs between threads");
      } catch (const std::exception& error) {
        fail(*c, c10::str("raised on one of four threads: ", error.what()));
      }
    }
    current = nullptr;
  };
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) threads.emplace_back(work);
  for (std::thread& thread : threads) thread.join();
}

std::vector<Case> read(const char* path) {
  std::ifstream file(path, std::ios::binary);
  const std::vector<char> bytes((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  const c10::IValue list = torch::jit::pickle_load(bytes);
  std::vector<Case> cases;
  for (const c10::IValue& value : list.toTupleRef().elements()) cases.emplace_back(value);
  return cases;
}

}  // namespace

int main(int count, char** paths) {
  __sanitizer_set_death_callback(name_current);
  int64_t cases_run = 0, refused = 0;
  for (int i = 1; i < count; ++i) {
    c10::SetCPUAllocator(c10::GetDefaultCPUAllocator(), /*priority=*/1);
    const std::vector<Case> cases = read(paths[i]);
    c10::SetCPUAllocator(&allocator, /*priority=*/1);
    for (const Case& c : cases) {
      run(c);
      refused += c.outcome == kRaises;
    }
    run_at_once(cases);
    cases_run += static_cast<int64_t>(cases.size());
  }
  std::printf("%s: %lld cases, %lld of them bad input, %lld calls, %lld failures\n",
              at::get_cpu_capability().c_str(), static_cast<long long>(cases_run),
              static_cast<long long>(refused), static_cast<long long>(calls.load()),
              static_cast<long long>(failures.load()));
  return failures == 0 && cases_run > 0 ? 0 : 1;
}
