// Dense arithmetic around a recurrence: products, elementwise functions and softmax whose results for a row never depend on
// the other rows, on the batch or on the number of threads. Plain data, the same for every level.
#pragma once
#include <cstdint>

namespace elman {

// y[n] = bias + a[n] · b[n] for each of `batch` pairs; every element is one chain of fused multiply-adds over k in rising order.
template <class T>
struct Product {
  const T *a, *b, *bias;  // (batch, rows, depth); (batch, columns, depth) if b_is_transposed, else (batch, depth, columns); (columns,) or null
  T* y;                   // (batch, rows, columns)
  int64_t batch, rows, depth, columns;
  bool b_is_transposed;   // as torch stores the weights of a linear layer
  const int64_t* lengths; // (batch,) or null: how many rows of b[n] are real; columns without a row are zero
  int64_t threads;        // at most so many
};

enum class Function : int { kTanh, kSigmoid, kExp, kSoftplus };

// y = function(x), `count` elements; x may be y.
template <class T>
struct Apply {
  const T* x;
  T* y;
  int64_t count;
  Function function;
  int64_t threads;
};

// Softmax (or its logarithm) over the first lengths[row / rows_per_length] columns of each row; zero beyond them. x may be y.
template <class T>
struct Softmax {
  const T* x;  // (rows, columns)
  T* y;
  int64_t rows, columns;
  const int64_t* lengths;  // or null: all columns
  int64_t rows_per_length;
  bool log;
  int64_t threads;
};

// y[i] = dropped where 16 random bits of element i are below the threshold, else kept; at most 2^35 elements.
template <class T>
struct Mask {
  T* y;  // (count,)
  int64_t count;
  uint32_t threshold;  // 0..65536: chance to be dropped, in units of 2^-16
  T dropped, kept;
  uint32_t key[4];
  uint32_t counter[3];
  int64_t threads;
};

// Functions of one level; product returns false when memory for scratch is refused.
template <class T>
struct DenseKernels {
  bool (*product)(const Product<T>&);
  void (*apply)(const Apply<T>&);
  void (*softmax)(const Softmax<T>&);
  void (*mask)(const Mask<T>&);
};

}  // namespace elman
