/**
 * Levenberg-Marquardt's damped system of one state, float64: with R = diag(row scales), J_w the residuals' Jacobian by the network's
 * weights, J_p that by parameters and initial gates, s = PARAMETER_FREEDOM and J = R (J_w, s J_p):
 *   by rows      (J J^T + lambda I) y = R r,        step = -(J_w^T R y, s^2 J_p^T R y)         where there are fewer rows than weights
 *   by weights   (J^T J + lambda I) z = J^T R r,    step = -(z_w, s z_p)                       where there are more
 * the same step (reference/second-order.ts). It is the smaller of the two systems that is built, at open.
 *
 * Everything is copied when a state is linearised, so `solve` can be asked for any number of dampings while the network moves on.
 *
 * Alternatives that lost, on the systems of a 50 ms replica (1002 rows, 2662 weights; lambda 4e-4 to 8e-2 as the driver chose it), where
 * building K takes 7.3 ms and factoring and solving 7.3 ms on one AVX2 core:
 *   conjugate gradients on the normal equations, J v and J^T u only: 0.35 ms an iteration, and for 90 % of the decrease 230 iterations at
 *     the end of physics x 1, 345 at x 10, 475 at x 100, 745 at x 10,000; for the parameters' step to 1 % 1,500 to more than 4,000.
 *     The condition number is 1e8 to 1e10.
 *   a float32 factor, 3.3 ms, as preconditioner of float64 conjugate gradients: K + lambda I is not positive definite in float32, the
 *     factor needs lambda times 16 at x 1 and times 1,000 at x 10,000, and then 46 to more than 300 iterations of 0.3 ms.
 *
 * Rows stand in panels of R = ROWS<double>: the data, filled up to whole panels, then the current and each gate, filled up likewise, then
 * the priors, which no weight moves; a row that fills up has scale 0. Mp: points filled up; Np: samples filled up; Qp: priors filled up;
 * n = Np + kinds Mp + Qp.
 */
#pragma once

#include "gate_response.hpp"
#include "gram.hpp"
#include "local_response.hpp"
#include "weight_pullback.hpp"

namespace loligo::inline LOLIGO_ISA {

/** Parameters are damped s^2 times less than weights (reference/second-order.ts says why). */
constexpr double PARAMETER_FREEDOM = 10;

struct SecondOrderShape {
  GramShape network;
  int samples = 0;
  int columns = 0; // P + Z
  int gates = 0;   // integrated
  int priors = 0;
  int pairs = 0; // of gates, one of which reads the other
  bool integrated = false;
};

class SecondOrder {
public:
  static constexpr int R = ROWS<double>;

  bool open(Arena& arena, const SecondOrderShape& shape) {
    shape_ = shape;
    if (!gram_.open(arena, shape.network)) return false;
    const int K = shape.network.outputs;
    points_ = shape.network.points;
    panels_ = gram_.panels();
    paddedPoints_ = panels_ * R;
    paddedSamples_ = panelsOf(shape.samples, R) * R;
    kinds_ = shape.integrated ? 1 : K;
    ofNetwork_ = paddedSamples_ + kinds_ * paddedPoints_;
    rows_ = ofNetwork_ + panelsOf(shape.priors, R) * R;
    for (int l = 0; l < gram_.parts(); l++) weights_ += (gram_.part(l).inputs + 1) * gram_.part(l).outputs;
    byRows_ = shape.samples + kinds_ * points_ + shape.priors <= weights_ + shape.columns;
    system_.panels = panelsOf(byRows_ ? rows_ : weights_ + shape.columns, R);
    const int64_t triangle = int64_t(triangleOffset<double>(system_.panels));
    arena.takeEach(triangle, system_.matrix, system_.factor);
    arena.takeEach(int64_t(system_.panels) * R, system_.inverse, system_.right, system_.solution);
    arena.takeEach(rows_, scale_, residual_, rowBar_);
    columns_ = arena.take<double>(int64_t(shape.columns) * rows_);
    arena.takeEach(int64_t(K) * paddedPoints_, valueBar_, tangentBar_);
    if (!pullback_.open(arena, gram_, K, larger(shape.network.width, K))) return false;
    if (shape.integrated && !gates_.open(arena, shape.samples, points_, shape.gates, shape.pairs)) return false;
    if (!shape.integrated && !local_.open(arena, shape.samples, points_, K)) return false;
    if (byRows_) blocks_ = arena.take<Tile<double>>(int64_t(gram_.blocksPerPanel()));
    const bool opened = byRows_ ? !shape.integrated || openIntegratedRows(arena) : openWeights(arena);
    return opened && !arena.exhausted();
  }

  /** rowScale [head.rows]: square root of each row's weight in the loss; 0 where it does not count. */
  void linearise(const NetworkView& network, const HeadView& head, const double* rowScale) {
    gram_.linearise(network);
    takeHead(head, rowScale);
    if (!byRows_)
      buildByWeights();
    else if (shape_.integrated)
      buildIntegratedRows();
    else
      buildNetworkRows();
    if (byRows_) __builtin_memcpy(system_.right, residual_, sizeof(double) * rows_);
  }

  /**
   * step [size], to be added to theta; predicted: the decrease of the loss that the linear model promises. False: not positive definite.
   */
  bool solve(double damping, double* step, size_t size, double* predicted) {
    if (!Cholesky<double>::factor(system_.matrix, damping, system_.panels, system_.factor, system_.inverse)) return false;
    const int n = system_.panels * R;
    __builtin_memcpy(system_.solution, system_.right, sizeof(double) * n);
    Cholesky<double>::solve(system_.factor, system_.inverse, system_.panels, system_.solution);
    __builtin_memset(step, 0, sizeof(double) * size);
    if (byRows_) {
      // K y + lambda y = r, so lambda y is what the linear model leaves of the residual
      *predicted = inner(residual_, residual_, n) - damping * damping * inner(system_.solution, system_.solution, n);
      stepOfRows(step);
    } else {
      *predicted = inner(system_.solution, system_.right, n) + damping * inner(system_.solution, system_.solution, n);
      for (int w = 0; w < weights_; w++) step[weight_[w].place] = -system_.solution[w];
      for (int k = 0; k < shape_.columns; k++) step[columnPlace_ + k] = -PARAMETER_FREEDOM * system_.solution[weights_ + k];
    }
    return true;
  }

private:
  /** Lower triangles of K and of its factor, and the vectors of one solution. */
  struct System {
    int panels = 0;
    double *matrix = nullptr, *factor = nullptr, *inverse = nullptr, *right = nullptr, *solution = nullptr;
  };

  /** A weight i -> j of a part, or a bias (i = inputs). */
  struct Weight {
    int32_t part, i, j;
    size_t place;
  };

  static double inner(const double* a, const double* b, int n) {
    Vector<double> sum{};
    for (int i = 0; i < n; i += LANES<double>) sum += load(a + i) * load(b + i); // whole panels
    return sumOfLanes<double>(sum);
  }

  int rowOf(int kind, int point) const { return paddedSamples_ + kind * paddedPoints_ + point; }
  void takeHead(const HeadView& head, const double* rowScale) {
    columnPlace_ = head.columnPlace;
    for (int i = 0; i < shape_.samples; i++) takeRow(head, rowScale, i, i);
    for (int kind = 0; kind < kinds_; kind++)
      for (int p = 0; p < points_; p++) takeRow(head, rowScale, shape_.samples + kind * points_ + p, rowOf(kind, p));
    for (int r = 0; r < shape_.priors; r++) takeRow(head, rowScale, shape_.samples + kinds_ * points_ + r, ofNetwork_ + r);
    if (shape_.integrated)
      gates_.take(head);
    else
      local_.take(head);
  }

  /** A row that does not count may hold anything. */
  void takeRow(const HeadView& head, const double* rowScale, int from, int to) {
    const double scale = rowScale[from];
    scale_[to] = scale;
    residual_[to] = scale == 0 ? 0 : scale * head.residual[from];
    for (int k = 0; k < shape_.columns; k++)
      columns_[size_t(k) * rows_ + to] = scale == 0 ? 0 : PARAMETER_FREEDOM * scale * head.columns[k][from];
  }

  /** ---- by rows, integrated ---- */

  bool openIntegratedRows(Arena& arena) {
    for (double*& each : square_) each = arena.take<double>(int64_t(paddedPoints_) * paddedPoints_);
    for (double*& each : half_) each = arena.take<double>(int64_t(paddedPoints_) * rows_);
    for (double*& each : turned_) each = arena.take<double>(int64_t(paddedPoints_) * R);
    return !arena.exhausted();
  }

  void buildIntegratedRows() {
    for (int I = 0; I < panels_; I++)
      for (int J = 0; J <= I; J++) {
        gram_.panel(I, J, blocks_);
        for (int c = 0; c < R; c += TILE_COLUMNS)
          for (int which = 0; which < PAIRINGS; which++) keepInSquare(which, I, J, c, blocks_[c / TILE_COLUMNS * PAIRINGS + which]);
      }
    for (int I = 0; I < panels_; I++)
      for (int d = 0; d < 2; d++) {
        const size_t from = size_t(I) * paddedPoints_ * R;
        const double* value = square_[d == 0 ? valueValue : tangentValue] + from;
        const double* tangent = square_[d == 0 ? valueTangent : tangentTangent] + from;
        double* half = half_[d] + size_t(I) * rows_ * R;
        gates_.data(value, shape_.samples, half);
        gates_.current(value, tangent, points_, half + size_t(paddedSamples_) * R);
      }
    for (int q = 0; q < system_.panels; q++) respondRows(q);
  }

  /** square_[which][I][point][lane]: both triangles, because the responses run along the points. */
  void keepInSquare(int which, int I, int J, int c, const Tile<double>& block) {
    __builtin_memcpy(square_[which] + (size_t(I) * paddedPoints_ + J * R + c) * R, &block, sizeof(block));
    if (I == J) return;
    const int mirrored = which == tangentValue ? valueTangent : which == valueTangent ? tangentValue : which;
    double* to = square_[mirrored] + (size_t(J) * paddedPoints_ + I * R) * R + c;
    const double* from = reinterpret_cast<const double*>(&block);
    for (int lane = 0; lane < R; lane++)
      for (int j = 0; j < TILE_COLUMNS; j++) to[lane * R + j] = from[j * R + lane];
  }

  /** Panel q of K from the functionals' products with its rows. */
  void respondRows(int q) {
    if (q * R >= ofNetwork_) {
      __builtin_memset(system_.matrix + triangleOffset<double>(q), 0,
                       sizeof(double) * (triangleOffset<double>(q + 1) - triangleOffset<double>(q)));
      return finish(q);
    }
    const int end = (q + 1) * R, data = smaller(end, shape_.samples), current = smaller(end - paddedSamples_, points_);
    double* to = system_.matrix + triangleOffset<double>(q);
    turn(half_[0], q, gates_.pointOf(data - 1) + 1, turned_[0]);
    gates_.data(turned_[0], data, to);
    if (current > 0) {
      turn(half_[1], q, current, turned_[1]);
      gates_.current(turned_[0], turned_[1], current, to + size_t(paddedSamples_) * R);
    }
    finish(q);
  }

  /** to[point][lane] = half[panel of the point][row q R + lane][the point's lane], for at least `count` points. */
  void turn(const double* half, int q, int count, double* to) const {
    for (int I = 0; I * R < count; I++) {
      const double* from = half + (size_t(I) * rows_ + size_t(q) * R) * R;
      double* block = to + size_t(I) * R * R;
      for (int p = 0; p < R; p++)
        for (int lane = 0; lane < R; lane++) block[p * R + lane] = from[lane * R + p];
    }
  }

  /** Panel q: J_w J_w^T becomes R J_w J_w^T R + s^2 R J_p J_p^T R. */
  void finish(int q) {
    double* panel = system_.matrix + triangleOffset<double>(q);
    for (int v = 0; v < TILE_VECTORS; v++) {
      const int row = q * R + v * LANES<double>;
      const Vector<double> scale = load(scale_ + row);
      for (int c = 0; c < (q + 1) * R; c++) {
        double* at = panel + size_t(c) * R + v * LANES<double>;
        Vector<double> value = (scale * scale_[c]) * load(at);
        for (int k = 0; k < shape_.columns; k++) value += load(columns_ + size_t(k) * rows_ + row) * columns_[size_t(k) * rows_ + c];
        store(at, value);
      }
    }
  }

  /** ---- by rows, network formulation ---- */

  void buildNetworkRows() {
    __builtin_memset(system_.matrix, 0, sizeof(double) * triangleOffset<double>(system_.panels));
    for (int I = 0; I < panels_; I++)
      for (int J = 0; J <= I; J++) {
        gram_.panel(I, J, blocks_);
        for (int c = 0; c < R; c += TILE_COLUMNS)
          for (int r = -1; r < kinds_; r++) {
            local_.combine(blocks_ + c / TILE_COLUMNS * gram_.blocksPerTile(), r, I);
            for (int s = -1; s < kinds_; s++) keepRows(r, I, s, J, c, local_.products(s, J * R + c));
          }
      }
    for (int q = 0; q < system_.panels; q++) finish(q);
  }

  /** Rows of kind r at panel I against rows of kind s at columns c .. of panel J, wherever they belong below the diagonal. */
  void keepRows(int r, int I, int s, int J, int c, const Tile<double>& block) {
    const double* from = reinterpret_cast<const double*>(&block);
    for (int j = 0; j < TILE_COLUMNS; j++) {
      const int right = local_.rowOf(s, J * R + c + j);
      if (right < 0) continue;
      for (int lane = 0; lane < R; lane++) {
        const int left = local_.rowOf(r, I * R + lane);
        if (left < 0) continue;
        const int row = larger(left, right), column = smaller(left, right);
        if (I == J && left < right) continue; // the other half of a diagonal block is its own
        system_.matrix[triangleOffset<double>(row / R) + size_t(column) * R + row % R] = from[j * R + lane];
      }
    }
  }

  /** ---- by weights ---- */

  /** Rows of J that are multiplied at a time: a panel of them stays in the first-level cache. */
  static constexpr int DEPTH = 192;

  bool openWeights(Arena& arena) {
    weight_ = arena.take<Weight>(weights_);
    transposed_ = arena.take<double>(int64_t(system_.panels) * rows_ * R);
    arena.takeEach(int64_t(shape_.network.outputs) * paddedPoints_ * R, functional_[0], functional_[1]);
    return !arena.exhausted();
  }

  void buildByWeights() {
    listWeights();
    for (int q = 0; q < system_.panels; q++) {
      fillFunctionals(q);
      fillRows(q, transposed_ + size_t(q) * rows_ * R);
    }
    __builtin_memset(system_.matrix, 0, sizeof(double) * triangleOffset<double>(system_.panels));
    for (int row = 0; row < rows_; row += DEPTH)
      for (int I = 0; I < system_.panels; I++)
        for (int c = 0; c < (I + 1) * R; c += TILE_COLUMNS) addRows(I, c, row, smaller(DEPTH, rows_ - row));
    __builtin_memset(system_.right, 0, sizeof(double) * system_.panels * R);
    for (int I = 0; I < system_.panels; I++)
      for (int row = 0; row < rows_; row++)
        for (int lane = 0; lane < R; lane++)
          system_.right[I * R + lane] += transposed_[(size_t(I) * rows_ + row) * R + lane] * residual_[row];
  }

  /** What rows row .. of J add to tile (I, c) of J^T J. Not inlined for the reason given at Gram::pair. */
  __attribute__((noinline)) void addRows(int I, int c, int row, int count) {
    Tile<double> sum;
    products<double>(transposed_ + (size_t(I) * rows_ + row) * R, transposed_ + (size_t(c / R) * rows_ + row) * R + c % R, count, sum);
    double* to = system_.matrix + triangleOffset<double>(I) + size_t(c) * R;
    for (int j = 0; j < TILE_COLUMNS; j++)
      for (int v = 0; v < TILE_VECTORS; v++, to += LANES<double>) store(to, load(to) + sum.at[j][v]);
  }

  void listWeights() {
    Weight* to = weight_;
    for (int l = 0; l < gram_.parts(); l++) {
      const Gram::Part& part = gram_.part(l);
      for (int i = 0; i <= part.inputs; i++)
        for (int j = 0; j < part.outputs; j++)
          *to++ = Weight{l, i, j, i == part.inputs ? part.biases + j : part.weights + size_t(i) * part.outputs + j};
    }
  }

  /** functional_[value or tangent][k][point][lane]: derivative of output k by weight q R + lane. */
  void fillFunctionals(int q) {
    const int K = shape_.network.outputs;
    for (double* each : functional_) __builtin_memset(each, 0, sizeof(double) * K * paddedPoints_ * R);
    for (int lane = 0; lane < R && q * R + lane < weights_; lane++) {
      const Weight& weight = weight_[q * R + lane];
      const Gram::Part& part = gram_.part(weight.part);
      const bool bias = weight.i == part.inputs;
      const double scale = bias ? 1 : part.columnScale[weight.j];
      for (int k = 0; k < K; k++) {
        if (part.u == nullptr && k != weight.j) continue;
        for (int p = 0; p < points_; p++) {
          const int I = p / R;
          const size_t in = (size_t(I) * part.inputs + weight.i) * R + p % R;
          const size_t out = ((size_t(k) * panels_ + I) * part.outputs + weight.j) * R + p % R;
          const double a = bias ? 1 : part.a[in], da = bias ? 0 : part.da[in];
          const double u = scale * (part.u == nullptr ? 1 : part.u[out]), w = scale * (part.w == nullptr ? 0 : part.w[out]);
          const size_t at = (size_t(k) * paddedPoints_ + p) * R + lane;
          functional_[0][at] = a * u;
          functional_[1][at] = a * w + da * u;
        }
      }
    }
  }

  /** Rows of J^T: [rows][R], scaled; and behind the weights the columns of J_p. */
  void fillRows(int q, double* to) {
    if (shape_.integrated) {
      gates_.data(functional_[0], shape_.samples, to);
      gates_.current(functional_[0], functional_[1], points_, to + size_t(paddedSamples_) * R);
    } else
      local_.respond(functional_[0], functional_[1], to);
    __builtin_memset(to + size_t(ofNetwork_) * R, 0, sizeof(double) * size_t(rows_ - ofNetwork_) * R);
    for (int row = 0; row < rows_; row++)
      for (int lane = 0; lane < R; lane++) {
        const int column = q * R + lane - weights_;
        double& value = to[size_t(row) * R + lane];
        value = column < 0 ? scale_[row] * value : column < shape_.columns ? columns_[size_t(column) * rows_ + row] : 0;
      }
  }

  /** ---- y by rows -> step ---- */

  void stepOfRows(double* step) {
    for (int k = 0; k < shape_.columns; k++)
      step[columnPlace_ + k] = -PARAMETER_FREEDOM * inner(columns_ + size_t(k) * rows_, system_.solution, rows_);
    for (int row = 0; row < rows_; row++) rowBar_[row] = -scale_[row] * system_.solution[row];
    if (shape_.integrated)
      gates_.adjoint(rowBar_, rowBar_ + paddedSamples_, valueBar_, tangentBar_);
    else
      local_.adjoint(rowBar_, valueBar_, tangentBar_);
    pullback_.pull(gram_, valueBar_, tangentBar_, step);
  }

  SecondOrderShape shape_;
  Gram gram_;
  GateResponse gates_;  // integrated
  LocalResponse local_; // network formulation
  WeightPullback pullback_;
  System system_;
  bool byRows_ = true;
  int points_ = 0, panels_ = 0, paddedPoints_ = 0, paddedSamples_ = 0, kinds_ = 0, ofNetwork_ = 0, rows_ = 0, weights_ = 0;
  size_t columnPlace_ = 0;
  double *scale_ = nullptr, *residual_ = nullptr, *rowBar_ = nullptr; // [n]
  double* columns_ = nullptr;                                         // s R J_p [columns][n]
  double *valueBar_ = nullptr, *tangentBar_ = nullptr;                // [K][Mp]
  double* square_[PAIRINGS] = {};                                     // [panels][Mp][R]
  double* half_[2] = {};                                              // functionals by rows [panels][n][R]
  double* turned_[2] = {};                                            // [Mp][R]
  Tile<double>* blocks_ = nullptr;                                    // of one pair of panels
  Weight* weight_ = nullptr;                                          // [weights]
  double* transposed_ = nullptr;                                      // J^T [panels][n][R]
  double* functional_[2] = {};                                        // [K][Mp][R]
};

} // namespace loligo::inline LOLIGO_ISA
