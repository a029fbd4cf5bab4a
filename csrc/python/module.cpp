// The module lossops._C: importing it loads the operators; it holds facts about the build, and lets
// go of the global lock where the library asks for that.
#include <ATen/Version.h>
#include <pybind11/pybind11.h>
#include <torch/csrc/Dtype.h>
#include <torch/csrc/DynamicTypes.h>
#include <torch/csrc/jit/python/pybind_utils.h>
#include <torch/version.h>

#include "../core/gil.h"
#include "caller.h"
#include "class_axis.h"

namespace {

namespace py = pybind11;

/// The function of Python that answers calls with subclasses of tensors; it lives as long as the process.
PyObject* answer = nullptr;

/// An argument as Python has it; dtypes are numbers on the stack.
py::object argument(const c10::Argument& of, c10::IValue value) {
  if (of.name() == "dtype" && value.isInt()) {
    auto* const dtype = torch::getTHPDtype(static_cast<at::ScalarType>(value.toInt()));
    return py::reinterpret_borrow<py::object>(reinterpret_cast<PyObject*>(dtype));
  }
  return torch::jit::toPyObject(std::move(value));
}

/// The function of Python that adds up over ranks in this thread's call, or null.
thread_local PyObject* total = nullptr;

at::Tensor sum_over_ranks(const at::Tensor& sum) {
  const py::gil_scoped_acquire locked;
  const py::object found = py::reinterpret_borrow<py::object>(total)(torch::jit::toPyObject(sum));
  return THPVariable_Unpack(found.ptr());
}

bool answer_subclasses(const c10::OperatorHandle& op, torch::jit::Stack& stack) {
  const py::gil_scoped_acquire locked;
  const auto& arguments = op.schema().arguments();
  py::tuple given(arguments.size() + 1);
  given[0] = op.schema().name();
  for (size_t i = 0; i < arguments.size(); ++i)
    given[i + 1] = argument(arguments[i], torch::jit::peek(stack, i, arguments.size()));
  const py::object result = py::reinterpret_borrow<py::object>(answer)(*given);
  if (result.ptr() == Py_NotImplemented) return false;
  torch::jit::drop(stack, arguments.size());
  stack.emplace_back(THPVariable_Unpack(result.ptr()));
  return true;
}

/// Calls have their sums added up by a function as long as this lives.
class Summing {
 public:
  explicit Summing(PyObject* function) {
    total = function;
    lossops::sum_over_ranks = sum_over_ranks;
  }
  Summing(const Summing&) = delete;
  ~Summing() {
    lossops::sum_over_ranks = nullptr;
    total = nullptr;
  }
};

}  // namespace

PYBIND11_MODULE(_C, m) {
  m.doc() = "Facts about this build of lossops.";
  m.attr("torch_version") = TORCH_VERSION;
  m.attr("compiler") = __VERSION__;
  lossops::release_gil = [](void (*f)(void*), void* context) {
    if (!PyGILState_Check()) return f(context);
    const pybind11::gil_scoped_release released;
    f(context);
  };
  m.def(
      "caller",
      [](const std::string& op) {
        return pybind11::reinterpret_steal<pybind11::object>(lossops::python::Caller::make(op));
      },
      "A function that calls an operator, or returns NotImplemented where torch.ops has to.");
  m.def(
      "answer_subclasses",
      [](py::object function) {
        answer = function.release().ptr();
        lossops::answer_subclasses = answer_subclasses;
      },
      "Have a function of the operator's name and arguments answer calls with subclasses of tensors.");
  m.def(
      "with_sums",
      [](py::object function, const py::function& call) {
        const Summing summing(function.ptr());
        return call();
      },
      "What a call returns in which a function adds the sums of regions up over ranks.");
  m.def("class_axis_losses", &lossops::python::class_axis_losses,
        "What expressions over the class axis are made of, by the name of the operator.");
  m.def("cpu_capability", &at::get_cpu_capability, "The instruction set that torch uses.");
}
