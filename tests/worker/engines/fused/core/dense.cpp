/**
 * dense.hpp in plain sums: the products of tiles, and Cholesky factors and solutions at sizes around tiles, panels and blocks of panels.
 * Rebuilding A from L, and solving for a known vector, are held to the rounding of n sums in T; a matrix with a pivot that is negative,
 * zero or not a number must be refused.
 */
#include "../../../../../worker/engines/fused/core/dense.hpp"
#include "program.hpp"
#include <cmath>
#include <initializer_list>
#include <limits>

using namespace loligo;

namespace {

template <typename T> struct Aligned {
  explicit Aligned(size_t count) : at(static_cast<T*>(loligo_take_block((count + 1) * sizeof(T)))) {}
  ~Aligned() { loligo_free_block(at, 0); }
  Aligned(const Aligned&) = delete;
  T* at;
};

template <typename T> size_t place(int row, int column) {
  return triangleOffset<T>(row / ROWS<T>) + size_t(column) * ROWS<T> + row % ROWS<T>;
}

/** A positive definite n x n matrix whose last rows, up to a whole panel, are 0: B B^T / n + 1, B between -1 and 1. */
template <typename T> struct Case {
  Case(int n, test::Random& random) : n(n), panels(panelsOf(n, ROWS<T>)), A(triangleOffset<T>(panels)), full(size_t(n) * n) {
    std::vector<double> B(size_t(n) * n);
    for (double& number : B) number = random.symmetric();
    for (int i = 0; i < n; i++)
      for (int j = 0; j <= i; j++) {
        double sum = 0;
        for (int k = 0; k < n; k++) sum += B[size_t(i) * n + k] * B[size_t(j) * n + k];
        full[size_t(i) * n + j] = full[size_t(j) * n + i] = double(A.at[place<T>(i, j)] = T(sum / n));
      }
  }
  int n, panels;
  Aligned<T> A;
  std::vector<double> full;
};

template <typename T> void factored(int n, test::Random& random, test::Property& rebuilt, test::Property& solved) {
  const Case<T> c(n, random);
  const int padded = c.panels * ROWS<T>;
  Aligned<T> L(triangleOffset<T>(c.panels)), inverse(padded), x(padded);
  const std::string where = std::to_string(n);
  if (!Cholesky<T>::factor(c.A.at, T(1), c.panels, L.at, inverse.at)) return rebuilt.see(1, where + " refused");
  const double rounding = std::numeric_limits<T>::epsilon() * (n + 4);
  std::vector<double> known(n);
  for (double& number : known) number = random.symmetric();
  for (int i = 0; i < n; i++) {
    double right = known[i];
    for (int j = 0; j < n; j++) right += c.full[size_t(i) * n + j] * known[j];
    x.at[i] = T(right);
    for (int j = 0; j <= i; j++) {
      double sum = i == j ? -1 : 0;
      for (int k = 0; k <= j; k++) sum += double(L.at[place<T>(i, k)]) * double(L.at[place<T>(j, k)]);
      rebuilt.see(std::fabs(sum - c.full[size_t(i) * n + j]) / rounding, where);
    }
  }
  Cholesky<T>::solve(L.at, inverse.at, c.panels, x.at);
  // the condition number is at most some 5: A's eigenvalues lie between 1 and 1 + 4 / 3
  for (int i = 0; i < n; i++) solved.see(std::fabs(double(x.at[i]) - known[i]) / (5 * rounding), where);
  for (int i = n; i < padded; i++) solved.see(std::fabs(double(x.at[i])), where + " padding");
}

/** The same memory for A and L. */
template <typename T> void inPlace(int n, test::Random& random, test::Property& property) {
  const Case<T> c(n, random);
  Aligned<T> L(triangleOffset<T>(c.panels)), inverse(c.panels * ROWS<T>);
  Cholesky<T>::factor(c.A.at, T(1), c.panels, L.at, inverse.at);
  Cholesky<T>::factor(c.A.at, T(1), c.panels, c.A.at, inverse.at);
  for (int i = 0; i < n; i++)
    for (int j = 0; j <= i; j++) property.see(std::fabs(double(c.A.at[place<T>(i, j)] - L.at[place<T>(i, j)])), std::to_string(n));
}

template <typename T> void refused(int n, test::Random& random, test::Property& property) {
  const double pivots[] = {-2, -1e300, std::nan(""), std::numeric_limits<double>::infinity()};
  for (int at : {0, n / 2, n - 1})
    for (double pivot : pivots) {
      const Case<T> c(n, random);
      Aligned<T> L(triangleOffset<T>(c.panels)), inverse(c.panels * ROWS<T>);
      c.A.at[place<T>(at, at)] = T(pivot);
      property.see(Cholesky<T>::factor(c.A.at, T(1), c.panels, L.at, inverse.at) ? 1 : 0, std::to_string(n) + " at " + std::to_string(at));
    }
  // without damping the rows that fill up the last panel are 0
  const Case<T> c(n, random);
  Aligned<T> L(triangleOffset<T>(c.panels)), inverse(c.panels * ROWS<T>);
  const bool full = n % ROWS<T> == 0;
  property.see(!full && Cholesky<T>::factor(c.A.at, T(0), c.panels, L.at, inverse.at) ? 1 : 0, std::to_string(n) + " zero rows");
}

/** Small integers: sums are exact. */
template <typename T> void multiplied(int depth, test::Random& random, test::Property& property) {
  Aligned<T> X(size_t(depth) * ROWS<T>), Y(size_t(depth) * ROWS<T>);
  for (int i = 0; i < depth * ROWS<T>; i++) {
    X.at[i] = T(int(random.uniform() * 9) - 4);
    Y.at[i] = T(int(random.uniform() * 9) - 4);
  }
  for (int c = 0; c < ROWS<T>; c += TILE_COLUMNS) {
    Tile<T> tile;
    products<T>(X.at, Y.at + c, depth, tile);
    for (int j = 0; j < TILE_COLUMNS; j++)
      for (int r = 0; r < ROWS<T>; r++) {
        double sum = 0;
        for (int k = 0; k < depth; k++) sum += double(X.at[k * ROWS<T> + r]) * double(Y.at[k * ROWS<T> + c + j]);
        property.see(std::fabs(sum - double(tile.at[j][r / LANES<T>][r % LANES<T>])), "depth " + std::to_string(depth));
      }
  }
}

struct Properties {
  test::Property products, rebuilt, solved, inPlace, refused;
};

template <typename T> void all(Properties& properties) {
  test::Random random;
  for (int depth : {0, 1, 2, 7, 48, 501}) multiplied<T>(depth, random, properties.products);
  const int R = ROWS<T>, block = BLOCK_PANELS * ROWS<T>;
  for (int n : {1, 2, 3, R - 1, R, R + 1, 2 * R, 2 * R + 1, block - 1, block, block + 1, 2 * block + R + 1}) {
    factored<T>(n, random, properties.rebuilt, properties.solved);
    inPlace<T>(n, random, properties.inPlace);
    refused<T>(n, random, properties.refused);
  }
}

} // namespace

int main() {
  Properties d{{"products, double", 0},
               {"L L^T in roundings, double", 1},
               {"solution in roundings, double", 1},
               {"in place, double", 0},
               {"refusal, double", 0}};
  Properties f{{"products, float", 0},
               {"L L^T in roundings, float", 1},
               {"solution in roundings, float", 1},
               {"in place, float", 0},
               {"refusal, float", 0}};
  all<double>(d);
  all<float>(f);
  return test::finish({d.products, d.rebuilt, d.solved, d.inPlace, d.refused, f.products, f.rebuilt, f.solved, f.inPlace, f.refused});
}
