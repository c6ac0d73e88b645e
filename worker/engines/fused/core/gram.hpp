/**
 * Inner products of the network's Jacobian rows, without the Jacobian, in tiles.
 *
 * Per output k and point p there are two functionals: output k itself, and its time derivative. In an affine layer with input a (and da)
 * the first has the weight gradient a u^T, the second a w^T + da u^T: u and w are the adjoints of z, and the adjoint of dz in the second is
 * that of z in the first, because every step of the reverse pass multiplies (value, tangent) pairs as dual numbers. So the inner
 * products between points p and p' need, per layer, a.a', a.da', da.a', da.da' and u.u', u.w', w.u', w.w' (plus the bias's u.u' ...):
 *   value, value      aa uu
 *   tangent, value    aa wu + da uu            (da = da . a')
 *   value, tangent    aa uw + ad uu            (ad = a . da')
 *   tangent, tangent  aa ww + ad wu + da uw + dd uu
 * which costs in + out products a pair instead of in out (the factorisation known from the neural tangent kernel, e.g. Novak et al. 2022,
 * arXiv 2206.08720). reference/gram.ts does the same for rows in general.
 *
 * Shapes: M points in panels of R = ROWS<double>; per layer a, da [panels][in][R] and u, w [K][panels][out][R]. Points beyond M are 0.
 * The products of the features (first layer and encoders) are made anew at each state: for 501 points and 48 features that is 1 of the 15
 * ms of an iteration, and kept they would be 4 M^2 / 2 numbers for every replica.
 */
#pragma once

#include "arena.hpp"
#include "dense.hpp"
#include "linearisation.hpp"

namespace loligo::inline LOLIGO_ISA {

/** Which of a point's two functionals meet, in the order of the table above. */
enum Pairing { valueValue, tangentValue, valueTangent, tangentTangent, PAIRINGS };

struct GramShape {
  int points = 0, outputs = 0; // M, K
  int features = 0;            // inputs of the first layer and of the encoders
  int width = 0, depth = 0;    // hidden layers, at least one
  bool modified = false, factorised = false;
};

class Gram {
public:
  static constexpr int R = ROWS<double>;
  using Block = Tile<double>;

  /** What is kept of an affine layer. Parts stand in the order layers, then encoders. */
  struct Part {
    int inputs = 0, outputs = 0;
    size_t weights = 0, biases = 0; // places in theta
    double* a = nullptr;            // [panels][inputs][R]; the first layer and the encoders share theirs
    double* da = nullptr;
    double* u = nullptr; // [K][panels][outputs][R]; null in the output layer, where u is the unit vector of k and w is 0
    double* w = nullptr;
    double* scaledU = nullptr; // for the weights of a factorised layer: times exp(s); null otherwise
    double* scaledW = nullptr;
    double* columnScale = nullptr; // exp(s), or ones [outputs]
    double* matrix = nullptr;      // W in panels of inputs [inputs / R][outputs][R]; hidden layers behind the first

    const double* input(const double* from, int I) const { return from + size_t(I) * inputs * R; }
    const double* adjoint(const double* from, int k, int I, int panels) const { return from + (size_t(k) * panels + I) * outputs * R; }
  };

  bool open(Arena& arena, const GramShape& shape) {
    shape_ = shape;
    panels_ = panelsOf(shape.points, R);
    layers_ = shape.depth + 1;
    parts_ = layers_ + (shape.modified ? 2 : 0);
    part_ = arena.take<Part>(parts_);
    const int64_t column = int64_t(panelsOf(shape.width, R)) * R * R; // [width][R], rounded up to whole tiles
    arena.takeEach(3 * shape.outputs * column, h_, g_);
    local_ = arena.take<double>(LOCALS * column);
    columnSize_ = size_t(column);
    if (arena.exhausted()) return false;
    for (int l = 0; l < parts_; l++) openPart(arena, l);
    return !arena.exhausted();
  }

  int panels() const { return panels_; }
  int parts() const { return parts_; }
  const Part& part(int l) const { return part_[l]; }
  bool isOutput(int l) const { return l == layers_ - 1; }

  /** Takes activations and adjoints of a state. */
  void linearise(const NetworkView& network) {
    for (int l = 0; l < parts_; l++) take(viewOf(network, l), l);
    for (int I = 0; I < panels_; I++) adjointsOf(network, I);
  }

  /** blocks[tile of columns][which][k][k'] = inner products of the functionals of panel I with those of panel J. */
  void panel(int I, int J, Block* blocks) const {
    const size_t size = blocksPerTile();
    __builtin_memset(static_cast<void*>(blocks), 0, sizeof(Block) * size * (R / TILE_COLUMNS));
    Block pairs[PAIRINGS];
    for (int l = 0; l < layers_; l++)
      for (int c = 0; c < R; c += TILE_COLUMNS) {
        Block* to = blocks + c / TILE_COLUMNS * size;
        pair(part_[l].a, part_[l].da, part_[l].inputs, I, part_[l].a, part_[l].da, J, c, pairs);
        if (isOutput(l))
          addOutput(part_[l], pairs, to);
        else
          addLayer(part_[l], pairs, I, J, c, to);
        for (int e = layers_; l == 0 && e < parts_; e++) addLayer(part_[e], pairs, I, J, c, to);
      }
  }

  size_t blocksPerTile() const { return size_t(PAIRINGS) * shape_.outputs * shape_.outputs; }
  size_t blocksPerPanel() const { return blocksPerTile() * (R / TILE_COLUMNS); }

private:
  /** Of one hidden layer at one panel: the activation's derivatives and, in a modified MLP, the mixers, each [width][R]. */
  enum Local { slope, bend, mix, dMix, minus, dMinus, LOCALS }; // minus = Q - U

  void openPart(Arena& arena, int l) {
    Part& part = part_[l];
    const bool onFeatures = l == 0 || l >= layers_;
    part.inputs = onFeatures ? shape_.features : shape_.width;
    part.outputs = isOutput(l) ? shape_.outputs : shape_.width;
    const int64_t inputSize = int64_t(panels_) * part.inputs * R, adjointSize = int64_t(shape_.outputs) * panels_ * part.outputs * R;
    const bool shared = l >= layers_;
    part.a = shared ? part_[0].a : arena.take<double>(inputSize);
    part.da = shared ? part_[0].da : arena.take<double>(inputSize);
    part.columnScale = arena.take<double>(part.outputs);
    if (isOutput(l)) return;
    // a tile reads TILE_COLUMNS rows of a panel of `outputs` columns, never beyond it
    arena.takeEach(adjointSize, part.u, part.w);
    if (shape_.factorised) arena.takeEach(adjointSize, part.scaledU, part.scaledW);
    if (!onFeatures) part.matrix = arena.take<double>(int64_t(panelsOf(part.inputs, R)) * part.outputs * R);
  }

  const LayerView& viewOf(const NetworkView& network, int l) const {
    return l < layers_ ? network.layers[l] : network.encoders[l - layers_];
  }

  void take(const LayerView& layer, int l) {
    Part& part = part_[l];
    part.weights = layer.weights;
    part.biases = layer.biases;
    for (int j = 0; j < part.outputs; j++) part.columnScale[j] = layer.columnScale == nullptr ? 1 : layer.columnScale[j];
    if (l < layers_)
      for (int I = 0; I < panels_; I++) {
        intoLanes(layer.input.base, 2 * layer.input.stride, I, part.inputs, part.a + size_t(I) * part.inputs * R);
        intoLanes(layer.input.base + layer.input.stride, 2 * layer.input.stride, I, part.inputs, part.da + size_t(I) * part.inputs * R);
      }
    if (part.matrix == nullptr) return;
    for (int i = 0; i < part.inputs; i++)
      for (int j = 0; j < part.outputs; j++)
        part.matrix[(size_t(i / R) * part.outputs + j) * R + i % R] = layer.matrix[i * layer.matrixStride + j];
  }

  /** The points of panel I side by side: to[i][lane] = from[(I R + lane) stride + i]; lanes beyond M are left as they are, 0. */
  void intoLanes(const double* from, size_t stride, int I, int count, double* to) const {
    const int lanes = smaller(R, shape_.points - I * R);
    for (int lane = 0; lane < lanes; lane++) {
      const double* row = from + size_t(I * R + lane) * stride;
      for (int i = 0; i < count; i++) to[i * R + lane] = row[i];
    }
  }

  double* local(Local which) const { return local_ + which * columnSize_; }
  /** Adjoints of what a layer (0), U (1) or Q (2) puts out, of the value functional (h) and of the tangent functional (g), [width][R]. */
  double* column(double* of, int k, int whose) const { return of + (size_t(k) * 3 + whose) * columnSize_; }

  void adjointsOf(const NetworkView& network, int I) {
    const LayerView& output = network.layers[layers_ - 1];
    __builtin_memset(h_, 0, sizeof(double) * 3 * shape_.outputs * columnSize_);
    __builtin_memset(g_, 0, sizeof(double) * 3 * shape_.outputs * columnSize_);
    for (int k = 0; k < shape_.outputs; k++)
      for (int i = 0; i < shape_.width; i++)
        for (int lane = 0; lane < R; lane++) column(h_, k, 0)[i * R + lane] = output.matrix[i * output.matrixStride + k];
    for (int l = layers_ - 2; l >= 0; l--) {
      takeLocals(network, network.layers[l], I);
      const bool mixes = network.encoders != nullptr && network.layers[l].mixer.base != nullptr;
      for (int k = 0; k < shape_.outputs; k++) {
        if (mixes) unmix(k);
        throughActivation(part_[l], k, I, column(h_, k, 0), column(g_, k, 0));
        if (l > 0) throughMatrix(part_[l], k, I);
      }
    }
    for (int e = layers_; e < parts_; e++) {
      takeLocals(network, network.encoders[e - layers_], I);
      for (int k = 0; k < shape_.outputs; k++)
        throughActivation(part_[e], k, I, column(h_, k, 1 + e - layers_), column(g_, k, 1 + e - layers_));
    }
  }

  void takeLocals(const NetworkView& network, const LayerView& layer, int I) {
    __builtin_memset(local_, 0, sizeof(double) * LOCALS * columnSize_); // lanes beyond M have no derivative
    intoLanes(layer.slope, layer.activationStride, I, shape_.width, local(slope));
    intoLanes(layer.bend, layer.activationStride, I, shape_.width, local(bend));
    if (network.encoders == nullptr || layer.mixer.base == nullptr) return;
    const DualView &U = network.encoders[0].mixer, &Q = network.encoders[1].mixer;
    for (int d = 0; d < 2; d++) {
      double *difference = local(d == 0 ? minus : dMinus), *u = local(d == 0 ? mix : dMix);
      intoLanes(Q.base + d * Q.stride, 2 * Q.stride, I, shape_.width, difference);
      intoLanes(U.base + d * U.stride, 2 * U.stride, I, shape_.width, u);
      for (int i = 0; i < shape_.width * R; i++) difference[i] -= u[i];
      intoLanes(layer.mixer.base + d * layer.mixer.stride, 2 * layer.mixer.stride, I, shape_.width, u);
    }
  }

  /** Back through H = (1 - Z) U + Z Q: adds to the adjoints of U and Q, replaces that of H by that of Z. */
  void unmix(int k) {
    double *h = column(h_, k, 0), *g = column(g_, k, 0);
    double *hU = column(h_, k, 1), *gU = column(g_, k, 1), *hQ = column(h_, k, 2), *gQ = column(g_, k, 2);
    for (int i = 0; i < shape_.width * R; i++) {
      const double Z = local(mix)[i], dZ = local(dMix)[i], hi = h[i], gi = g[i];
      hU[i] += (1 - Z) * hi;
      gU[i] += (1 - Z) * gi - dZ * hi;
      hQ[i] += Z * hi;
      gQ[i] += Z * gi + dZ * hi;
      h[i] = local(minus)[i] * hi;
      g[i] = local(minus)[i] * gi + local(dMinus)[i] * hi;
    }
  }

  void throughActivation(Part& part, int k, int I, const double* h, const double* g) {
    const size_t at = (size_t(k) * panels_ + I) * part.outputs * R;
    for (int j = 0; j < part.outputs; j++)
      for (int lane = 0; lane < R; lane++) {
        const int i = j * R + lane;
        const double u = local(slope)[i] * h[i], w = local(slope)[i] * g[i] + local(bend)[i] * h[i];
        part.u[at + i] = u;
        part.w[at + i] = w;
        if (part.scaledU == nullptr) continue;
        part.scaledU[at + i] = part.columnScale[j] * u;
        part.scaledW[at + i] = part.columnScale[j] * w;
      }
  }

  /** h = W u, g = W w */
  void throughMatrix(const Part& part, int k, int I) {
    Block block;
    for (int i = 0; i < part.inputs; i += TILE_COLUMNS) {
      const double* rows = part.matrix + size_t(i / R) * part.outputs * R + i % R;
      for (int d = 0; d < 2; d++) {
        products<double>(part.adjoint(d == 0 ? part.u : part.w, k, I, panels_), rows, part.outputs, block);
        __builtin_memcpy(column(d == 0 ? h_ : g_, k, 0) + i * R, &block, sizeof(block));
      }
    }
  }

  /**
   * The four products of x, dx at panel I with y, dy at columns c .. of panel J, [depth] deep. Not inlined: among the
   * caller's values g++ 12 runs out of the 16 vector registers, and the products take twice as long.
   */
  __attribute__((noinline)) static void pair(const double* x, const double* dx, int depth, int I, const double* y, const double* dy, int J,
                                             int c, Block* pairs) {
    const size_t left = size_t(I) * depth * R, right = size_t(J) * depth * R + c;
    products<double>(x + left, y + right, depth, pairs[valueValue]);
    products<double>(dx + left, y + right, depth, pairs[tangentValue]);
    products<double>(x + left, dy + right, depth, pairs[valueTangent]);
    products<double>(dx + left, dy + right, depth, pairs[tangentTangent]);
  }

  Block* block(Block* blocks, int which, int k, int m) const { return blocks + (which * shape_.outputs + k) * shape_.outputs + m; }

  void addLayer(const Part& part, const Block* a, int I, int J, int c, Block* blocks) const {
    const size_t size = size_t(panels_) * part.outputs * R;
    const bool factorised = part.scaledU != nullptr;
    const double *u = factorised ? part.scaledU : part.u, *w = factorised ? part.scaledW : part.w;
    Block z[PAIRINGS], bias[PAIRINGS];
    for (int k = 0; k < shape_.outputs; k++)
      for (int m = 0; m < shape_.outputs; m++) {
        pair(u + k * size, w + k * size, part.outputs, I, u + m * size, w + m * size, J, c, z);
        if (factorised) pair(part.u + k * size, part.w + k * size, part.outputs, I, part.u + m * size, part.w + m * size, J, c, bias);
        combine(a, z, factorised ? bias : z, block(blocks, 0, k, m), size_t(shape_.outputs) * shape_.outputs);
      }
  }

  /** The table above, `stride` blocks between its lines. */
  static void combine(const Block* a, const Block* z, const Block* bias, Block* to, size_t stride) {
    for (int j = 0; j < TILE_COLUMNS; j++)
      for (int v = 0; v < TILE_VECTORS; v++) {
        const auto aa = a[valueValue].at[j][v], da = a[tangentValue].at[j][v], ad = a[valueTangent].at[j][v];
        const auto uu = z[valueValue].at[j][v], wu = z[tangentValue].at[j][v], uw = z[valueTangent].at[j][v];
        const auto ww = z[tangentTangent].at[j][v];
        to[0].at[j][v] += aa * uu + bias[valueValue].at[j][v];
        to[stride].at[j][v] += aa * wu + da * uu + bias[tangentValue].at[j][v];
        to[2 * stride].at[j][v] += aa * uw + ad * uu + bias[valueTangent].at[j][v];
        to[3 * stride].at[j][v] += aa * ww + ad * wu + da * uw + a[tangentTangent].at[j][v] * uu + bias[tangentTangent].at[j][v];
      }
  }

  void addOutput(const Part& part, const Block* a, Block* blocks) const {
    for (int k = 0; k < shape_.outputs; k++) {
      const Vector<double> scale = broadcast(part.columnScale[k] * part.columnScale[k]);
      for (int which = 0; which < PAIRINGS; which++)
        for (int j = 0; j < TILE_COLUMNS; j++)
          for (int v = 0; v < TILE_VECTORS; v++)
            block(blocks, which, k, k)->at[j][v] += scale * a[which].at[j][v] + broadcast(which == valueValue ? 1.0 : 0.0);
    }
  }

  GramShape shape_;
  int panels_ = 0, layers_ = 0, parts_ = 0;
  Part* part_ = nullptr;
  double *h_ = nullptr, *g_ = nullptr, *local_ = nullptr;
  size_t columnSize_ = 0;
};

} // namespace loligo::inline LOLIGO_ISA
