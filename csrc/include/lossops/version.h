#pragma once

#define LOSSOPS_VERSION "0.1.0"
