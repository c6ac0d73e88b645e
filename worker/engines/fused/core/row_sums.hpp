/**
 * Products of LANES rows with one vector, as one vector of their sums: for the network's few outputs, which as columns of a product of
 * matrices would leave most lanes empty. One accumulator for each row; then they are folded, two into one, until every lane is a row's.
 *
 * A fold takes x and y, of accumulators in groups of G lanes, to groups of G / 2: the groups' first halves plus their second ones. Groups
 * of more than four lanes go by halves of whole vectors, the others within their four lanes, each of which is one instruction; which
 * accumulator ends in which lane follows from that, and accumulators are given the rows that end in order.
 */
#pragma once

#include "simd.hpp"

namespace loligo::inline LOLIGO_ISA {

/** Not in g++ before 12. */
#if __has_builtin(__builtin_shufflevector)
constexpr bool FOLDS = true;
#define LOLIGO_SHUFFLE __builtin_shufflevector
#else
constexpr bool FOLDS = false;
#define LOLIGO_SHUFFLE(x, y, ...) (x)
#endif

template <int... L> struct LaneList {};
template <int N, int... L> struct LanesBelow : LanesBelow<N - 1, N - 1, L...> {};
template <int... L> struct LanesBelow<0, L...> {
  typedef LaneList<L...> Type;
};

/** Where lane l of the first halves lies, y's lanes counting from `lanes` on. The second half lies G / 2 behind. */
constexpr int foldedFrom(int lanes, int group, int l) {
  if (group > 4) {
    const int m = l % (lanes / 2);
    return m / (group / 2) * group + m % (group / 2) + l / (lanes / 2) * lanes;
  }
  return l / 4 * 4 + l % 2 * (4 / group) + l % 4 / 2 * lanes;
}

/** The accumulator of `count` whose sum ends in lane l. */
constexpr int accumulatorOf(int lanes, int count, int l) {
  if (count == 1) return 0;
  const int from = foldedFrom(lanes, 2 * lanes / count, l);
  return from / lanes * (count / 2) + accumulatorOf(lanes, count / 2, from % lanes);
}

constexpr int rowOf(int lanes, int accumulator) {
  int l = 0;
  while (accumulatorOf(lanes, lanes, l) != accumulator) l++;
  return l;
}

template <typename T, int GROUP, int... L> inline Vector<T> folded(Vector<T> x, Vector<T> y, LaneList<L...>) {
  return LOLIGO_SHUFFLE(x, y, foldedFrom(LANES<T>, GROUP, L)...) + LOLIGO_SHUFFLE(x, y, (foldedFrom(LANES<T>, GROUP, L) + GROUP / 2)...);
}

/** COUNT accumulators from FIRST on, recursively: g++ keeps an array of vectors on the stack. */
template <typename T, int COUNT = LANES<T>, int FIRST = 0> struct RowSums {
  RowSums<T, COUNT / 2, FIRST> low;
  RowSums<T, COUNT / 2, FIRST + COUNT / 2> high;

  inline __attribute__((always_inline)) void add(const T* a, ptrdiff_t stride, Vector<T> w) {
    low.add(a, stride, w);
    high.add(a, stride, w);
  }
  inline __attribute__((always_inline)) Vector<T> total() const {
    return folded<T, 2 * LANES<T> / COUNT>(low.total(), high.total(), typename LanesBelow<LANES<T>>::Type{});
  }
};
template <typename T, int FIRST> struct RowSums<T, 1, FIRST> {
  Vector<T> sum;

  inline __attribute__((always_inline)) void add(const T* a, ptrdiff_t stride, Vector<T> w) {
    sum = multiplyAdd<T>(load<T>(a + rowOf(LANES<T>, FIRST) * stride), w, sum);
  }
  inline __attribute__((always_inline)) Vector<T> total() const { return sum; }
};

} // namespace loligo::inline LOLIGO_ISA
