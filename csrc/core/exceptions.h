// Which exception a mistake raises.
#pragma once

#include <initializer_list>
#include <string>
#include <vector>

namespace lossops {

enum class ExceptionType { kRuntimeError, kValueError, kIndexError };

/// A mistake is named by the argument whose shape or number is wrong (over the class axis: its number of
/// dimensions); or it is "size", a size of an argument over the class axis, "batch", a target with another
/// number of rows, "domain", values out of the domain, or "label", a label out of range.
struct Exception {
  const char* mistake;
  ExceptionType type;
};

/// Those of one op. What is not named is an IndexError for labels, a ValueError for batches and otherwise a
/// RuntimeError.
class Exceptions {
 public:
  Exceptions() = default;
  Exceptions(std::initializer_list<Exception> named) : named_(named) {}

  ExceptionType of(const std::string& mistake) const;
  [[noreturn]] void raise(const std::string& mistake, const std::string& text) const;

 private:
  std::vector<Exception> named_;
};

}  // namespace lossops
