/**
 * Products of small dense matrices, the arithmetic under network.hpp: one register-blocked kernel, broadcast x vector.
 *
 * Index letters: C [rows][columns] (+)= A [rows][depth] B [depth][columns]. A may be a transposed or an interleaved view; B is packed in
 * panels; C is row-major with a stride, its columns padded to whole vectors.
 *
 * A panel is PANEL<T> columns wide (two vectors); the last may be one vector. Panel j of B begins at packed + j * PANEL * depth and holds
 * B[0..depth)[its columns], contiguous. Padding columns are zero.
 */
#pragma once

#include "simd.hpp"

namespace loligo::inline LOLIGO_ISA {

template <typename T> constexpr int PANEL = 2 * LANES<T>;

/**
 * Rows of a register block, two vectors wide: 2 x BLOCK_ROWS sums that must hide the latency of a multiply-add (4 to 5 cycles, two a
 * cycle) and fit the registers beside two vectors of B and one broadcast. Share of the peak on Zen 4, clang, depth 32 / 64: AVX2 4 rows 93
 * / 93 %, 6 rows 94 / 98 %; AVX-512 4 rows 95 / 98 %, 8 rows 98 / 99 %, 12 rows 65 % (addresses run out of registers).
 */
#if defined(__AVX512F__) || defined(__aarch64__)
constexpr int BLOCK_ROWS = 8;
#elif defined(__AVX2__)
constexpr int BLOCK_ROWS = 6;
#else
constexpr int BLOCK_ROWS = 4;
#endif

/** The same for a panel of V vectors: with one vector, half as many sums would wait for each other. */
template <int V> constexpr int HEIGHT = V == 2 ? BLOCK_ROWS : BLOCK_ROWS == 8 ? 12 : 8;

/** A view of A: element (r, k) is at[r * rowStride + k * depthStride]. One of the two strides must be 1. */
template <typename T> struct View {
  const T* at;
  ptrdiff_t rowStride;
  ptrdiff_t depthStride;
};

/** Numbers in a packed B. */
template <typename T> constexpr int64_t packedSize(int depth, int columns) { return int64_t(depth) * padded<T>(columns); }

/** f(first column, columns in it, its width in numbers) for each panel of a packed matrix. */
template <typename T, typename F> inline void eachPanel(int columns, F f) {
  for (int j = 0; j < columns; j += PANEL<T>) f(j, smaller(PANEL<T>, columns - j), smaller(PANEL<T>, padded<T>(columns) - j));
}

/** B [depth][columns], row-major with `stride` -> panels. */
template <typename T> void pack(const T* B, ptrdiff_t stride, int depth, int columns, T* packed) {
  eachPanel<T>(columns, [&](int j, int count, int width) {
    T* to = packed + int64_t(j) * depth;
    for (int k = 0; k < depth; k++, to += width) {
      const T* from = B + k * stride + j;
      for (int i = 0; i < count; i++) to[i] = from[i];
      for (int i = count; i < width; i++) to[i] = 0;
    }
  });
}

/** Y [columns][depth], row-major with `stride` -> panels of its transposed, B = Y^T. */
template <typename T> void packTransposed(const T* Y, ptrdiff_t stride, int columns, int depth, T* packed) {
  eachPanel<T>(columns, [&](int j, int count, int width) {
    T* to = packed + int64_t(j) * depth;
    for (int k = 0; k < depth; k++, to += width) {
      for (int i = 0; i < count; i++) to[i] = Y[(j + i) * stride + k];
      for (int i = count; i < width; i++) to[i] = 0;
    }
  });
}

/** The inverse of pack: panels -> B, row-major with `stride`; padding is dropped. */
template <typename T> void unpack(const T* packed, int depth, int columns, T* B, ptrdiff_t stride) {
  eachPanel<T>(columns, [&](int j, int count, int width) {
    const T* from = packed + int64_t(j) * depth;
    for (int k = 0; k < depth; k++, from += width)
      for (int i = 0; i < count; i++) B[k * stride + j + i] = from[i];
  });
}

/** The inverse of packTransposed: panels of Y^T [depth][columns] -> Y [columns][depth], row-major with `stride`. */
template <typename T> void unpackTransposed(const T* packed, int depth, int columns, T* Y, ptrdiff_t stride) {
  eachPanel<T>(columns, [&](int j, int count, int width) {
    const T* from = packed + int64_t(j) * depth;
    for (int k = 0; k < depth; k++, from += width)
      for (int i = 0; i < count; i++) Y[(j + i) * stride + k] = from[i];
  });
}

#define LOLIGO_INLINE inline __attribute__((always_inline))

/** One row of a register block: V vectors of sums. Members, not arrays: g++ keeps an array of vectors on the stack. */
template <typename T, int V> struct Line {
  Vector<T> first, second;

  LOLIGO_INLINE static Line read(const T* from) {
    if constexpr (V == 2) return {load<T>(from), load<T>(from + LANES<T>)};
    return {load<T>(from), Vector<T>{}};
  }
  LOLIGO_INLINE void write(T* to) const {
    store<T>(to, first);
    if constexpr (V == 2) store<T>(to + LANES<T>, second);
  }
  LOLIGO_INLINE void add(T a, const Line& b) {
    first = multiplyAdd<T>(broadcast<T>(a), b.first, first);
    if constexpr (V == 2) second = multiplyAdd<T>(broadcast<T>(a), b.second, second);
  }
};

/** R lines, recursively. */
template <typename T, int R, int V> struct Lines {
  Line<T, V> line;
  Lines<T, R - 1, V> rest;

  LOLIGO_INLINE void addTo(const T* C, ptrdiff_t stride) {
    line.first += load<T>(C);
    if constexpr (V == 2) line.second += load<T>(C + LANES<T>);
    rest.addTo(C + stride, stride);
  }
  LOLIGO_INLINE void write(T* C, ptrdiff_t stride) const {
    line.write(C);
    rest.write(C + stride, stride);
  }
  LOLIGO_INLINE void add(const T* a, ptrdiff_t stride, const Line<T, V>& b) {
    line.add(*a, b);
    rest.add(a + stride, stride, b);
  }
};
template <typename T, int V> struct Lines<T, 0, V> {
  LOLIGO_INLINE void addTo(const T*, ptrdiff_t) {}
  LOLIGO_INLINE void write(T*, ptrdiff_t) const {}
  LOLIGO_INLINE void add(const T*, ptrdiff_t, const Line<T, V>&) {}
};

/** What a block of C is made of; B's rows are bStride apart. */
template <typename T> struct Product {
  View<T> A;
  const T* B;
  ptrdiff_t bStride;
  T* C;
  ptrdiff_t cStride;
  int depth;
  bool add;
};

template <typename T, int R, int V, bool ALONG_DEPTH> LOLIGO_INLINE void multiplyBlock(const Product<T>& p, int row) {
  const ptrdiff_t rowStride = ALONG_DEPTH ? p.A.rowStride : 1;
  const ptrdiff_t depthStride = ALONG_DEPTH ? 1 : p.A.depthStride;
  const T* a = p.A.at + row * rowStride;
  const T* b = p.B;
  T* C = p.C + row * p.cStride;
  Lines<T, R, V> sums{};
#pragma GCC unroll 4
  for (int k = p.depth; k > 0; k--) {
    sums.add(a, rowStride, Line<T, V>::read(b));
    a += depthStride;
    b += p.bStride;
  }
  // what C holds comes last: a gradient over 1,000 points in float, added row by row to its own total, loses four times as many digits
  if (p.add) sums.addTo(C, p.cStride);
  sums.write(C, p.cStride);
}

/** `blocks` blocks of `height` rows from `row` on; `height` becomes a constant. */
template <typename T, int R, int V, bool ALONG_DEPTH> inline void multiplyBlocks(const Product<T>& p, int row, int blocks, int height) {
  if constexpr (R > 0) {
    if (height == R)
      for (; blocks > 0; blocks--, row += R) multiplyBlock<T, R, V, ALONG_DEPTH>(p, row);
    else
      multiplyBlocks<T, R - 1, V, ALONG_DEPTH>(p, row, blocks, height);
  }
}

/** All rows of one panel, in blocks whose heights differ by one at most: a last block of one or two rows would wait for its latency. */
template <typename T, int V, bool ALONG_DEPTH> inline void multiplyRows(const Product<T>& p, int rows) {
  const int blocks = (rows + HEIGHT<V> - 1) / HEIGHT<V>;
  if (blocks == 0) return;
  const int height = rows / blocks;
  const int higher = rows - height * blocks;
  multiplyBlocks<T, HEIGHT<V>, V, ALONG_DEPTH>(p, 0, higher, height + 1);
  multiplyBlocks<T, HEIGHT<V>, V, ALONG_DEPTH>(p, higher * (height + 1), blocks - higher, height);
}

template <typename T> inline void multiplyPanel(const Product<T>& p, int rows, int width) {
  const bool alongDepth = p.A.depthStride == 1;
  if (width > LANES<T>)
    alongDepth ? multiplyRows<T, 2, true>(p, rows) : multiplyRows<T, 2, false>(p, rows);
  else
    alongDepth ? multiplyRows<T, 1, true>(p, rows) : multiplyRows<T, 1, false>(p, rows);
}

/**
 * C = A B, or C += A B with `add`. `columns` are those of the packed B; C's padding columns are written too (cStride >=
 * padded<T>(columns)). X Y^T of row-major X and Y: packTransposed(Y), then multiply.
 */
template <typename T> void multiply(View<T> A, const T* packedB, int rows, int columns, int depth, T* C, ptrdiff_t cStride, bool add) {
  eachPanel<T>(columns, [&](int j, int, int width) {
    multiplyPanel<T>({A, packedB + int64_t(j) * depth, width, C + j, cStride, depth, add}, rows, width);
  });
}

/**
 * C += A Z over `depth`, as a weight gradient needs it: A (k, d) a view whose rows are the inputs and whose depth is the points; Z
 * [depth][columns] row-major with zStride, its columns padded. C [rows][columns] in panels, so that it corresponds to the packed weights.
 */
template <typename T> void accumulateOuter(View<T> A, const T* Z, ptrdiff_t zStride, int rows, int columns, int depth, T* packedC) {
  eachPanel<T>(columns, [&](int j, int, int width) {
    multiplyPanel<T>({A, Z + j, zStride, packedC + int64_t(j) * rows, width, depth, true}, rows, width);
  });
}

} // namespace loligo::inline LOLIGO_ISA
