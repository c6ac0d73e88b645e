/**
 * matrix.hpp and row_sums.hpp against plain loops, at sizes around the register blocks and vectors and with both strides of a view. The
 * numbers are small integers, so every sum is exact and the results must be equal.
 */
#include "../../../../../worker/engines/fused/core/matrix.hpp"
#include "../../../../../worker/engines/fused/core/row_sums.hpp"
#include "program.hpp"
#include <initializer_list>

using namespace loligo;

namespace {

struct Sizes {
  int rows, columns, depth;
};

template <typename T> std::vector<T> integers(test::Random& random, size_t count) {
  std::vector<T> numbers(count);
  for (T& number : numbers) number = T(int(random.uniform() * 9) - 4);
  return numbers;
}

/** sum over k of A(r, k) B(k, j), the three by functions. */
template <typename A, typename B> double entry(const Sizes& s, A a, B b, int r, int j) {
  double sum = 0;
  for (int k = 0; k < s.depth; k++) sum += a(r, k) * b(k, j);
  return sum;
}

/** Where column j of row k of a packed B lies. */
template <typename T> int64_t packedPlace(int depth, int columns, int k, int j) {
  const int panel = j / PANEL<T> * PANEL<T>;
  return int64_t(panel) * depth + int64_t(k) * smaller(PANEL<T>, padded<T>(columns) - panel) + (j - panel);
}

template <typename T> const char* nameOfType() { return sizeof(T) == 4 ? "float" : "double"; }

template <typename T> struct Check {
  const Sizes s;
  test::Random& random;
  const int cStride = padded<T>(s.columns) + 3;
  std::string where =
      std::string(nameOfType<T>()) + " " + std::to_string(s.rows) + " x " + std::to_string(s.columns) + " x " + std::to_string(s.depth);

  void product(test::Property& property, bool alongDepth, bool add) {
    const int aStride = (alongDepth ? s.depth : s.rows) + 2;
    const std::vector<T> A = integers<T>(random, size_t((alongDepth ? s.rows : s.depth) + 1) * aStride);
    const std::vector<T> B = integers<T>(random, size_t(s.depth + 1) * (s.columns + 1));
    std::vector<T> packed(packedSize<T>(s.depth, s.columns), T(99)), unpacked(B.size(), T(5));
    pack<T>(B.data(), s.columns + 1, s.depth, s.columns, packed.data());
    unpack<T>(packed.data(), s.depth, s.columns, unpacked.data(), s.columns + 1);
    std::vector<T> C = integers<T>(random, size_t(s.rows + 1) * cStride);
    const std::vector<T> before = C;
    const View<T> view = {A.data(), alongDepth ? aStride : 1, alongDepth ? 1 : aStride};
    multiply<T>(view, packed.data(), s.rows, s.columns, s.depth, C.data(), cStride, add);
    for (int r = 0; r < s.rows; r++)
      for (int j = 0; j < cStride; j++) {
        const auto a = [&](int row, int k) { return double(A[row * view.rowStride + k * view.depthStride]); };
        const auto b = [&](int k, int column) { return double(B[k * (s.columns + 1) + column]); };
        const double old = add || j >= padded<T>(s.columns) ? double(before[r * cStride + j]) : 0;
        const double expected = old + (j < s.columns ? entry(s, a, b, r, j) : 0);
        property.see(double(C[r * cStride + j]) == expected ? 0 : 1, where);
      }
    for (int k = 0; k < s.depth; k++)
      for (int j = 0; j <= s.columns; j++) {
        const T expected = j < s.columns ? B[k * (s.columns + 1) + j] : T(5);
        property.see(unpacked[k * (s.columns + 1) + j] == expected ? 0 : 1, where + ", unpacked");
        if (j < s.columns) property.see(packed[packedPlace<T>(s.depth, s.columns, k, j)] == expected ? 0 : 1, where + ", place");
      }
    for (int j = 0; j < cStride; j++) property.see(C[s.rows * cStride + j] == before[s.rows * cStride + j] ? 0 : 1, where + ", beyond");
  }

  void transposed(test::Property& property) {
    const int stride = s.depth + 1;
    const std::vector<T> X = integers<T>(random, size_t(s.rows + 1) * stride), Y = integers<T>(random, size_t(s.columns + 1) * stride);
    std::vector<T> packed(packedSize<T>(s.depth, s.columns), T(99)), back(Y.size(), T(0)), C(size_t(s.rows + 1) * cStride);
    packTransposed<T>(Y.data(), stride, s.columns, s.depth, packed.data());
    unpackTransposed<T>(packed.data(), s.depth, s.columns, back.data(), stride);
    multiply<T>({X.data(), stride, 1}, packed.data(), s.rows, s.columns, s.depth, C.data(), cStride, false);
    for (int j = 0; j < s.columns; j++) {
      for (int r = 0; r < s.rows; r++) {
        const auto x = [&](int row, int k) { return double(X[row * stride + k]); };
        const auto y = [&](int k, int column) { return double(Y[column * stride + k]); };
        property.see(double(C[r * cStride + j]) == entry(s, x, y, r, j) ? 0 : 1, where);
      }
      for (int k = 0; k < s.depth; k++) property.see(back[j * stride + k] == Y[j * stride + k] ? 0 : 1, where + ", unpacked");
    }
  }

  /** C [rows][columns] in panels += A Z, twice. */
  void outer(test::Property& property, bool alongDepth) {
    const int aStride = (alongDepth ? s.depth : s.rows) + 1;
    const std::vector<T> A = integers<T>(random, size_t((alongDepth ? s.rows : s.depth) + 1) * aStride);
    std::vector<T> Z = integers<T>(random, size_t(s.depth + 1) * cStride);
    std::vector<T> C(packedSize<T>(s.rows, s.columns), T(0));
    const View<T> view = {A.data(), alongDepth ? aStride : 1, alongDepth ? 1 : aStride};
    for (int twice = 0; twice < 2; twice++) accumulateOuter<T>(view, Z.data(), cStride, s.rows, s.columns, s.depth, C.data());
    for (int r = 0; r < s.rows; r++)
      for (int j = 0; j < s.columns; j++) {
        const auto a = [&](int row, int k) { return double(A[row * view.rowStride + k * view.depthStride]); };
        const auto z = [&](int k, int column) { return double(Z[k * cStride + column]); };
        property.see(double(C[packedPlace<T>(s.rows, s.columns, r, j)]) == 2 * entry(s, a, z, r, j) ? 0 : 1, where);
      }
  }
};

/** LANES rows times one vector of `vectors` vectors, the rows further apart than they are long. */
void rowSums(test::Property& property, test::Random& random, int vectors) {
  constexpr int lanes = LANES<float>;
  const int count = vectors * lanes, stride = count + 5;
  const std::vector<float> a = integers<float>(random, size_t(lanes) * stride), w = integers<float>(random, size_t(count));
  RowSums<float> sums{};
  for (int j = 0; j < count; j += lanes) sums.add(a.data() + j, stride, load<float>(w.data() + j));
  const Vector<float> total = sums.total();
  for (int r = 0; r < lanes; r++) {
    float expected = 0;
    for (int j = 0; j < count; j++) expected += a[size_t(r) * stride + j] * w[j];
    property.see(FOLDS && total[r] != expected ? 1 : 0, std::to_string(vectors) + " vectors, row " + std::to_string(r));
  }
}

} // namespace

int main() {
  test::Random random;
  test::Property products{"products", 0}, transposes{"products with a transposed matrix", 0}, outers{"outer products", 0};
  test::Property sums{"rows times one vector", 0};
  for (int vectors = 0; vectors < 4; vectors++) rowSums(sums, random, vectors);
  const auto all = [&]<typename T>(const Sizes& sizes) {
    Check<T> check{sizes, random};
    for (bool alongDepth : {false, true}) {
      for (bool add : {false, true}) check.product(products, alongDepth, add);
      check.outer(outers, alongDepth);
    }
    check.transposed(transposes);
  };
  for (int rows = 0; rows <= 2 * HEIGHT<1> + 1; rows++)
    for (int columns : {0, 1, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 65})
      for (int depth : {0, 1, 4, 7}) {
        all.operator()<float>({rows, columns, depth});
        all.operator()<double>({rows, columns, depth});
      }
  return test::finish({products, transposes, outers, sums});
}
