/**
 * Dense linear algebra of the second-order solver: tiles of products X Y^T, and a Cholesky factorisation with its solves.
 *
 * Everything large lies in row panels: a panel is ROWS<T> rows side by side, column after column, so that row r, column c of a matrix is
 * panel(r / ROWS)[c * ROWS + r % ROWS]. Both factors of X Y^T are read as they lie, X a vector at a time and Y a number at a time, so
 * nothing is packed for a product, and a panel of the Cholesky factor is an operand as soon as it is written. (matrix.hpp keeps another
 * form, rows of the network and packed weights; with it each block of the factor would be copied before it is used.)
 *
 * A symmetric matrix is kept by its lower triangle: panel I holds columns [0, (I + 1) ROWS), panels one after the other.
 */
#pragma once

#include "simd.hpp"

namespace loligo::inline LOLIGO_ISA {

/**
 * A tile is TILE_VECTORS vectors of rows by TILE_COLUMNS columns in registers. 2 x 4 keeps two multiply-adds a cycle going and leaves room
 * among 16 registers: 3 x 4, which fills them, is no faster under g++ and spills under clang 19 (half the speed).
 */
#if defined(__AVX512F__)
constexpr int TILE_VECTORS = 3, TILE_COLUMNS = 8;
#elif defined(__aarch64__)
constexpr int TILE_VECTORS = 4, TILE_COLUMNS = 4;
#else
constexpr int TILE_VECTORS = 2, TILE_COLUMNS = 4;
#endif

template <typename T> constexpr int ROWS = TILE_VECTORS * LANES<T>;
static_assert(ROWS<double> % TILE_COLUMNS == 0 && ROWS<float> % TILE_COLUMNS == 0, "a tile lies within one panel of either factor");

constexpr int panelsOf(int rows, int panelRows) { return (rows + panelRows - 1) / panelRows; }

template <typename T> struct Tile {
  Vector<T> at[TILE_COLUMNS][TILE_VECTORS];
};

/** tile[j] = sum over k < depth of X[k] Y[k][j]: X a panel, Y a panel from its row j on. */
template <typename T> inline __attribute__((always_inline)) void products(const T* X, const T* Y, int depth, Tile<T>& tile) {
  Vector<T> sum[TILE_COLUMNS][TILE_VECTORS] = {};
  for (int k = 0; k < depth; k++, X += ROWS<T>, Y += ROWS<T>) {
    Vector<T> x[TILE_VECTORS];
#pragma GCC unroll 4
    for (int v = 0; v < TILE_VECTORS; v++) x[v] = load(X + v * LANES<T>);
#pragma GCC unroll 8
    for (int j = 0; j < TILE_COLUMNS; j++) {
      const Vector<T> y = broadcast(Y[j]);
#pragma GCC unroll 4
      for (int v = 0; v < TILE_VECTORS; v++) sum[j][v] = multiplyAdd<T>(x[v], y, sum[j][v]);
    }
  }
#pragma GCC unroll 8
  for (int j = 0; j < TILE_COLUMNS; j++)
#pragma GCC unroll 4
    for (int v = 0; v < TILE_VECTORS; v++) tile.at[j][v] = sum[j][v];
}

/** Numbers before panel I of a lower triangle, and in all of one with `panels` panels. */
template <typename T> constexpr size_t triangleOffset(int panel) {
  return size_t(ROWS<T>) * size_t(ROWS<T>) * size_t(panel) * size_t(panel + 1) / 2;
}

/** Panels whose columns are factored together: their rows stay in the second-level cache while all panels below pass by. */
constexpr int BLOCK_PANELS = 4;

/**
 * Factors A + damping I = L L^T. A and L are lower triangles of `panels` panels, and may be the same memory; `inverse` [panels ROWS] takes
 * the reciprocals of L's diagonal. False when the matrix is not positive definite. Left-looking by tiles (Golub, Van Loan, Matrix
 * Computations, 4.2): each tile is its number in A minus the products of all that is left of it, divided by its diagonal block, and written
 * once.
 */
template <typename T> class Cholesky {
public:
  static bool factor(const T* A, T damping, int panels, T* L, T* inverse) {
    for (int J = 0; J < panels; J += BLOCK_PANELS) {
      for (int I = J; I < panels; I++) {
        const int end = smaller(I + 1, J + BLOCK_PANELS) * ROWS<T>;
        for (int c = J * ROWS<T>; c < end; c += TILE_COLUMNS)
          if (!tile(A, damping, I, c, L, inverse)) return false;
      }
    }
    return true;
  }

  /** L L^T x = b in place, b [panels ROWS]. */
  static void solve(const T* L, const T* inverse, int panels, T* b) {
    for (int I = 0; I < panels; I++) forward(L + triangleOffset<T>(I), inverse, I * ROWS<T>, b);
    for (int I = panels - 1; I >= 0; I--) backward(L + triangleOffset<T>(I), inverse, I * ROWS<T>, b);
  }

private:
  __attribute__((noinline)) static bool tile(const T* A, T damping, int I, int c, T* L, T* inverse) {
    T* row = L + triangleOffset<T>(I);
    const int J = c / ROWS<T>, first = c % ROWS<T>;
    const T* left = L + triangleOffset<T>(J) + first; // rows c .. of L
    Tile<T> sum;
    products<T>(row, left, c, sum);
    const T* from = A + triangleOffset<T>(I) + size_t(c) * ROWS<T>;
#pragma GCC unroll 8
    for (int j = 0; j < TILE_COLUMNS; j++)
#pragma GCC unroll 4
      for (int v = 0; v < TILE_VECTORS; v++) sum.at[j][v] = load(from + j * ROWS<T> + v * LANES<T>) - sum.at[j][v];
    T* to = row + size_t(c) * ROWS<T>;
    if (I == J) return diagonal(sum, damping, first, to, inverse + c);
    divide(sum, left + size_t(c) * ROWS<T>, inverse + c);
    keep(sum, to);
    return true;
  }

  static void keep(const Tile<T>& tile, T* to) {
#pragma GCC unroll 8
    for (int j = 0; j < TILE_COLUMNS; j++)
#pragma GCC unroll 4
      for (int v = 0; v < TILE_VECTORS; v++) store(to + j * ROWS<T> + v * LANES<T>, tile.at[j][v]);
  }

  /** X D^T = tile for the lower triangular D at `block` [TILE_COLUMNS columns]. */
  static inline __attribute__((always_inline)) void divide(Tile<T>& tile, const T* block, const T* inverse) {
#pragma GCC unroll 8
    for (int j = 0; j < TILE_COLUMNS; j++) {
#pragma GCC unroll 8
      for (int k = 0; k < j; k++)
#pragma GCC unroll 4
        for (int v = 0; v < TILE_VECTORS; v++) tile.at[j][v] -= tile.at[k][v] * broadcast(block[k * ROWS<T> + j]);
#pragma GCC unroll 4
      for (int v = 0; v < TILE_VECTORS; v++) tile.at[j][v] *= broadcast(inverse[j]);
    }
  }

  /** The tile whose rows from `first` on hold its own diagonal. Rows above it are beyond the triangle, and left 0. */
  static bool diagonal(const Tile<T>& tile, T damping, int first, T* to, T* inverse) {
    keep(tile, to);
    for (int j = 0; j < TILE_COLUMNS; j++) {
      T* column = to + j * ROWS<T>;
      const T pivot = column[first + j] + damping;
      if (!(pivot > 0) || !__builtin_isfinite(pivot)) return false;
      const T root = __builtin_sqrt(pivot);
      inverse[j] = 1 / root;
      for (int r = 0; r < first + j; r++) column[r] = 0;
      column[first + j] = root;
      for (int r = first + j + 1; r < ROWS<T>; r++) column[r] *= inverse[j];
      for (int m = j + 1; m < TILE_COLUMNS; m++)
        for (int r = first + m; r < ROWS<T>; r++) to[m * ROWS<T> + r] -= column[r] * column[first + m];
    }
    return true;
  }

  /** b[row ..] of a panel: subtract what is left of the diagonal block, then solve that. */
  static void forward(const T* panel, const T* inverse, int row, T* b) {
    Vector<T> sum[2][TILE_VECTORS] = {};
    for (int k = 0; k < row; k += 2) // ROWS is even
      for (int half = 0; half < 2; half++)
        for (int v = 0; v < TILE_VECTORS; v++)
          sum[half][v] += load(panel + size_t(k + half) * ROWS<T> + v * LANES<T>) * broadcast(b[k + half]);
    for (int v = 0; v < TILE_VECTORS; v++) store(b + row + v * LANES<T>, load(b + row + v * LANES<T>) - (sum[0][v] + sum[1][v]));
    for (int j = 0; j < ROWS<T>; j++) {
      const T* column = panel + size_t(row + j) * ROWS<T>;
      const T value = b[row + j] *= inverse[row + j];
      for (int r = j + 1; r < ROWS<T>; r++) b[row + r] -= column[r] * value;
    }
  }

  static void backward(const T* panel, const T* inverse, int row, T* b) {
    for (int j = ROWS<T> - 1; j >= 0; j--) {
      const T* column = panel + size_t(row + j) * ROWS<T>;
      T value = b[row + j];
      for (int r = j + 1; r < ROWS<T>; r++) value -= column[r] * b[row + r];
      b[row + j] = value * inverse[row + j];
    }
    Vector<T> x[TILE_VECTORS];
    for (int v = 0; v < TILE_VECTORS; v++) x[v] = load(b + row + v * LANES<T>);
    for (int k = 0; k < row; k++) {
      Vector<T> sum = x[0] * load(panel + size_t(k) * ROWS<T>);
      for (int v = 1; v < TILE_VECTORS; v++) sum += x[v] * load(panel + size_t(k) * ROWS<T> + v * LANES<T>);
      b[k] -= sumOfLanes<T>(sum);
    }
  }
};

} // namespace loligo::inline LOLIGO_ISA
