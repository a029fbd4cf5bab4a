#pragma once

#define LOSSOPS_VERSION "0.2.0"
