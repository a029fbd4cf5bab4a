#pragma once

/// What liblossops.so offers to programs.
#define LOSSOPS_API __attribute__((visibility("default")))
