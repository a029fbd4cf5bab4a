// The module lossops._C: importing it loads the operators; it holds facts about the build, nothing else.
#include <ATen/Version.h>
#include <pybind11/pybind11.h>
#include <torch/version.h>

PYBIND11_MODULE(_C, m) {
  m.doc() = "Facts about this build of lossops.";
  m.attr("torch_version") = TORCH_VERSION;
  m.attr("compiler") = __VERSION__;
  m.def("cpu_capability", &at::get_cpu_capability, "The instruction set that torch uses.");
}
