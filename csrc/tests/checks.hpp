// Checks of one level, each on random sizes; null, or the fault.
#pragma once
#include "isa/level.hpp"

// Products, functions and softmax: near the plain sums, the same bits for a row alone, on any number of threads.
const char* check_dense(const elman::Level& level);

// A pool's members: the bits of the same sequences in one forward pass.
const char* check_pool(const elman::Level& level);

// CTC: a beam and an alignment against all ways through the frames, and a beam in pieces against the whole.
const char* check_ctc();

// Layers over layers, at the level in use: packed, padded and with gates recomputed, the same bits.
const char* check_stack();

// Both passes against plain loops in double: values, and gradients by differences.
const char* check_reference(const elman::Level& level);

// N-grams beside another model, and the search of CTC frames with n-grams as its prior, against their definitions.
const char* check_ngrams();
