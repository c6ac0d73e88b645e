/**
 * Vectors of float and double as wide as this translation unit's instruction set has them, through the vector extensions that g++ and clang
 * share: +, -, *, /, comparisons and `mask ? a : b` work lane by lane, and `scalar * vector` broadcasts. Nothing here is specific to a
 * processor except WIDTH_BYTES; fused multiply-add comes from -ffp-contract=fast.
 *
 * Vector<T> has LANES<T> lanes of T; Mask<T> is the vector of integers of T's size that comparisons give (-1 true, 0 false), Bits the
 * unsigned one.
 */
#pragma once

#include "isa.hpp"

namespace loligo::inline LOLIGO_ISA {

#if defined(__AVX512F__)
constexpr size_t WIDTH_BYTES = 64;
#elif defined(__AVX2__)
constexpr size_t WIDTH_BYTES = 32;
#else
constexpr size_t WIDTH_BYTES = 16;
#endif

template <typename T, size_t BYTES> struct VectorOf;
#define LOLIGO_VECTOR(SCALAR, INTEGER, BYTES)                                                                                              \
  template <> struct VectorOf<SCALAR, BYTES> {                                                                                             \
    typedef SCALAR Type __attribute__((vector_size(BYTES)));                                                                               \
    typedef SCALAR Unaligned __attribute__((vector_size(BYTES), aligned(alignof(SCALAR)), may_alias));                                     \
    typedef INTEGER Mask __attribute__((vector_size(BYTES)));                                                                              \
    typedef u##INTEGER Bits __attribute__((vector_size(BYTES)));                                                                           \
  };
LOLIGO_VECTOR(float, int32_t, 16)
LOLIGO_VECTOR(float, int32_t, 32)
LOLIGO_VECTOR(float, int32_t, 64)
LOLIGO_VECTOR(double, int64_t, 16)
LOLIGO_VECTOR(double, int64_t, 32)
LOLIGO_VECTOR(double, int64_t, 64)
#undef LOLIGO_VECTOR

template <typename T> using Vector = typename VectorOf<T, WIDTH_BYTES>::Type;
template <typename T> using Mask = typename VectorOf<T, WIDTH_BYTES>::Mask;
template <typename T> constexpr int LANES = int(WIDTH_BYTES / sizeof(T));

/** n rounded up to whole vectors of T. */
template <typename T> constexpr int padded(int n) { return (n + LANES<T> - 1) / LANES<T> * LANES<T>; }

/** Any address that T may have; an aligned one costs nothing more on the processors meant here. */
template <typename T> inline Vector<T> load(const T* from) {
  return *reinterpret_cast<const typename VectorOf<T, WIDTH_BYTES>::Unaligned*>(from);
}
template <typename T> inline void store(T* to, Vector<T> value) {
  *reinterpret_cast<typename VectorOf<T, WIDTH_BYTES>::Unaligned*>(to) = value;
}

template <typename T> inline Vector<T> broadcast(T value) { return value - Vector<T>{}; }

/** a b + c, fused where the instruction set has it: by -ffp-contract=fast. */
template <typename T> inline Vector<T> multiplyAdd(Vector<T> a, Vector<T> b, Vector<T> c) { return a * b + c; }

/** Sum of the lanes, always in the same order. */
template <typename T> inline T sumOfLanes(Vector<T> value) {
  T sum = 0;
  for (int lane = 0; lane < LANES<T>; lane++) sum += value[lane];
  return sum;
}

} // namespace loligo::inline LOLIGO_ISA
