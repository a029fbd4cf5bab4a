// The parameters of an expression: fields with their defaults, and beside them a table `parameters` that
// names each and says what it may be. Schema, defaults, checks and the binding of arguments all follow from
// it.
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <utility>

#include "scalar.h"

namespace lossops {

/// Tensors that an expression takes at most, and parameters with the settings of its family.
constexpr int kMaxOperands = 8;
constexpr int kMaxParams = 16;

/// What a parameter that may be None holds for it.
constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

/// An integer argument that is held as a double. The largest ones were rounded up to 2^63.
LOSSOPS_INLINE int64_t as_integer(double value) {
  return value < 0x1p63 ? static_cast<int64_t>(value) : std::numeric_limits<int64_t>::max();
}

/// A bound; the relation is one of > >= < <=, or null for none.
struct Limit {
  const char* relation = nullptr;
  double bound = 0;
};

/// A pointer to a member, or null. As a type of its own: nvcc spells members of such types with parentheses,
/// which GCC warns of.
template <class Pointer>
struct Field {
  Pointer to = nullptr;
};

/// A field of the expression E, or a setting of its family, by its name in the schema.
template <class E>
struct Parameter {
  const char* name;
  const char* type;  ///< as schemas have it
  Field<double E::*> number{};
  Field<int64_t E::*> integer{};
  Field<bool E::*> flag{};
  double standard = 0;  ///< of a setting: what it is by default
  Limit low{}, high{};

  // A later bound on a side replaces an earlier one.
  constexpr Parameter at_least(double bound) const { return with({">=", bound}, high); }
  constexpr Parameter above(double bound) const { return with({">", bound}, high); }
  constexpr Parameter at_most(double bound) const { return with(low, {"<=", bound}); }
  constexpr Parameter below(double bound) const { return with(low, {"<", bound}); }
  constexpr Parameter between(double least, double most) const { return at_least(least).at_most(most); }
  constexpr Parameter positive() const { return above(0); }
  /// None is allowed, as kNone; of a double.
  constexpr Parameter optional() const {
    if (number.to == nullptr) throw "only a double may be None";
    Parameter p = *this;
    p.type = "float?";
    return p;
  }

 private:
  constexpr Parameter with(Limit l, Limit h) const {
    Parameter p = *this;
    p.low = l;
    p.high = h;
    return p;
  }
};

template <class E>
constexpr Parameter<E> param(const char* name, double E::* field) {
  return {.name = name, .type = "float", .number = {field}};
}
template <class E>
constexpr Parameter<E> param(const char* name, int64_t E::* field) {
  return {.name = name, .type = "int", .integer = {field}};
}
template <class E>
constexpr Parameter<E> param(const char* name, bool E::* field) {
  return {.name = name, .type = "bool", .flag = {field}};
}
/// What the family reads and the expression does not.
template <class E>
constexpr Parameter<E> setting(const char* name, const char* type, double standard) {
  return {.name = name, .type = type, .standard = standard};
}

template <class E>
constexpr int parameter_count() {
  if constexpr (requires { E::parameters; }) {
    return static_cast<int>(E::parameters.size());
  } else {
    return 0;
  }
}

/// f(field of e) for the i-th parameter, unless that is a setting.
template <size_t i, class E, class F>
LOSSOPS_INLINE void with_parameter(E& e, const F& f) {
  constexpr auto parameter = std::remove_const_t<E>::parameters[i];
  if constexpr (parameter.number.to != nullptr) f(e.*parameter.number.to);
  if constexpr (parameter.integer.to != nullptr) f(e.*parameter.integer.to);
  if constexpr (parameter.flag.to != nullptr) f(e.*parameter.flag.to);
}

template <size_t i, class E>
LOSSOPS_INLINE void set_parameter(E& e, double value) {
  with_parameter<i>(e, [&](auto& field) {
    using T = std::remove_reference_t<decltype(field)>;
    if constexpr (std::is_same_v<T, bool>) {
      field = value != 0;
    } else if constexpr (std::is_same_v<T, int64_t>) {
      field = as_integer(value);
    } else {
      field = value;
    }
  });
}

/// The expression with its parameters in place.
template <class E>
LOSSOPS_INLINE E make_expression(const double* params) {
  static_assert(parameter_count<E>() > 0 || std::is_empty_v<E>,
                "an expression with fields names them in a table `parameters`");
  E e;
  [&]<size_t... i>(std::index_sequence<i...>) {
    (set_parameter<i>(e, params[i]), ...);
  }(std::make_index_sequence<parameter_count<E>()>());
  return e;
}

}  // namespace lossops
