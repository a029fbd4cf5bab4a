// Calls of operators from Python, past the passes of torch.ops.
#pragma once

#include <ATen/PythonTorchFunctionTLS.h>
#include <ATen/TracerMode.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <torch/csrc/Exceptions.h>
#include <torch/csrc/autograd/python_variable.h>

#include <optional>
#include <string>
#include <vector>

namespace lossops::python {

/// An operator whose arguments are tensors and numbers and whose result is a tensor.
class Caller {
 public:
  /// A function of the arguments in the order of the schema; the last ones may be left out. It returns
  /// NotImplemented, and leaves the call to torch.ops, unless each is just what the schema says and nothing
  /// looks on: no subclass of tensors, mode of __torch_function__, or tracing of TorchScript.
  static PyObject* make(const std::string& name) {
    auto* const caller = new Caller(c10::Dispatcher::singleton().findSchemaOrThrow(name.c_str(), ""));
    PyObject* const self = PyCapsule_New(caller, nullptr, [](PyObject* capsule) {
      delete static_cast<Caller*>(PyCapsule_GetPointer(capsule, nullptr));
    });
    PyObject* const function = self ? PyCFunction_New(&caller->method_, self) : nullptr;
    Py_XDECREF(self);
    return function;
  }

 private:
  explicit Caller(const c10::OperatorHandle& op) : op_(op), name_(op.schema().name()) {
    for (const c10::Argument& a : op.schema().arguments()) {
      const auto optional = a.type()->cast<c10::OptionalType>();
      const c10::TypePtr type = optional ? optional->getElementType() : a.type();
      arguments_.push_back({type->kind(), optional != nullptr});
      defaults_.push_back(a.default_value());
    }
  }

  static PyObject* call(PyObject* self, PyObject* const* given, Py_ssize_t count) {
    HANDLE_TH_ERRORS
    const auto& caller = *static_cast<const Caller*>(PyCapsule_GetPointer(self, nullptr));
    torch::jit::Stack stack;
    if (!caller.read(given, count, stack)) Py_RETURN_NOTIMPLEMENTED;
    {
      const pybind11::gil_scoped_release released;
      caller.op_.callBoxed(stack);
    }
    return THPVariable_Wrap(std::move(stack.front()).toTensor());
    END_HANDLE_TH_ERRORS
  }

  bool read(PyObject* const* given, Py_ssize_t count, torch::jit::Stack& stack) const {
    const size_t given_count = count;
    if (given_count > arguments_.size() || at::impl::torch_function_mode_enabled() ||
        at::tracer::impl::is_dispatch_enabled()) {
      return false;
    }
    stack.reserve(arguments_.size());
    for (size_t i = 0; i < given_count; ++i) {
      if (!arguments_[i].read(given[i], stack)) return false;
    }
    for (size_t i = given_count; i < arguments_.size(); ++i) {
      if (!defaults_[i]) return false;
      stack.push_back(*defaults_[i]);
    }
    return true;
  }

  struct Argument {
    c10::TypeKind type;
    bool is_optional;

    bool read(PyObject* given, torch::jit::Stack& stack) const {
      if (given == Py_None) {
        stack.emplace_back();
        return is_optional;
      }
      switch (type) {
        case c10::TypeKind::TensorType:
          if (!THPVariable_CheckExact(given)) return false;
          stack.emplace_back(THPVariable_Unpack(given));
          return !THPVariable_Unpack(given).is_nested();
        case c10::TypeKind::FloatType:
          if (!PyFloat_CheckExact(given)) return read_integer<double>(given, stack);
          stack.emplace_back(PyFloat_AS_DOUBLE(given));
          return true;
        case c10::TypeKind::IntType:
          return read_integer<int64_t>(given, stack);
        case c10::TypeKind::BoolType:
          stack.emplace_back(given == Py_True);
          return PyBool_Check(given);
        default:
          return false;
      }
    }

    template <class T>
    static bool read_integer(PyObject* given, torch::jit::Stack& stack) {
      int overflow = 0;
      const int64_t value = PyLong_CheckExact(given) ? PyLong_AsLongLongAndOverflow(given, &overflow) : -1;
      if (overflow || !PyLong_CheckExact(given)) return false;
      stack.emplace_back(static_cast<T>(value));
      return true;
    }
  };

  const c10::OperatorHandle op_;
  const std::string name_;
  PyMethodDef method_{name_.c_str(), reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(call)),
                      METH_FASTCALL, nullptr};
  std::vector<Argument> arguments_;
  std::vector<std::optional<c10::IValue>> defaults_;
};

}  // namespace lossops::python
