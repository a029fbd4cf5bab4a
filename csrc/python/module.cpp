// The module lossops._C: importing it loads the operators; it holds facts about the build, and lets
// go of the global lock where the library asks for that.
#include <ATen/Version.h>
#include <pybind11/pybind11.h>
#include <torch/version.h>

#include "../core/gil.h"
#include "caller.h"

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
  m.def("cpu_capability", &at::get_cpu_capability, "The instruction set that torch uses.");
}
