/**
 * Adjoints of the network's outputs and of their time derivatives -> of its weights, at the state that a Gram holds: the reverse pass
 * without the network, whose activations may by then be those of another theta.
 *
 * With value and tangent the adjoints at a point: z = sum over outputs of (value u + tangent w), dz = sum of tangent u (gram.hpp), and a
 * weight gets a^T z + da^T dz, a bias the sum of z. z, dz: [panels][outputs of the layer][R].
 */
#pragma once

#include "gram.hpp"

namespace loligo::inline LOLIGO_ISA {

class WeightPullback {
public:
  static constexpr int R = ROWS<double>;

  bool open(Arena& arena, const Gram& gram, int outputs, int widest) {
    panels_ = gram.panels();
    outputs_ = outputs;
    arena.takeEach(int64_t(panels_) * R * widest, z_, dz_);
    return !arena.exhausted();
  }

  /** value, tangent [K][panels R]; writes every weight and bias of the parts. */
  void pull(const Gram& gram, const double* value, const double* tangent, double* theta) {
    for (int l = 0; l < gram.parts(); l++) {
      const Gram::Part& part = gram.part(l);
      adjointsOf(part, value, tangent);
      biases(part, theta);
      for (int i = 0; i < part.inputs; i++) {
        int j = 0;
        for (; j + 4 <= part.outputs; j += 4) weights<4>(part, i, j, theta);
        for (; j < part.outputs; j++) weights<1>(part, i, j, theta);
      }
    }
  }

private:
  void adjointsOf(const Gram::Part& part, const double* values, const double* tangents) {
    for (int I = 0; I < panels_; I++)
      for (int j = 0; j < part.outputs; j++)
        for (int v = 0; v < TILE_VECTORS; v++) {
          const size_t at = (size_t(I) * part.outputs + j) * R + v * LANES<double>;
          Vector<double> z{}, dz{};
          for (int k = 0; k < outputs_; k++) {
            const size_t point = (size_t(k) * panels_ + I) * R + v * LANES<double>;
            const Vector<double> value = load(values + point), tangent = load(tangents + point);
            if (part.u == nullptr) {
              if (k == j) z = value, dz = tangent;
              continue;
            }
            const size_t adjoint = size_t(k) * panels_ * part.outputs * R + at;
            z += value * load(part.u + adjoint) + tangent * load(part.w + adjoint);
            dz += tangent * load(part.u + adjoint);
          }
          store(z_ + at, z);
          store(dz_ + at, dz);
        }
  }

  void biases(const Gram::Part& part, double* theta) const {
    for (int j = 0; j < part.outputs; j++) {
      Vector<double> sum{};
      for (int I = 0; I < panels_; I++)
        for (int v = 0; v < TILE_VECTORS; v++) sum += load(z_ + (size_t(I) * part.outputs + j) * R + v * LANES<double>);
      theta[part.biases + j] = sumOfLanes<double>(sum);
    }
  }

  /** Weights from input i to outputs j .. j + COUNT. */
  template <int COUNT> void weights(const Gram::Part& part, int i, int j, double* theta) const {
    Vector<double> sum[COUNT] = {};
    for (int I = 0; I < panels_; I++)
      for (int v = 0; v < TILE_VECTORS; v++) {
        const size_t in = (size_t(I) * part.inputs + i) * R + v * LANES<double>;
        const size_t out = (size_t(I) * part.outputs + j) * R + v * LANES<double>;
        const Vector<double> a = load(part.a + in), da = load(part.da + in);
        for (int n = 0; n < COUNT; n++) sum[n] += a * load(z_ + out + n * R) + da * load(dz_ + out + n * R);
      }
    for (int n = 0; n < COUNT; n++)
      theta[part.weights + size_t(i) * part.outputs + j + n] = part.columnScale[j + n] * sumOfLanes<double>(sum[n]);
  }

  int panels_ = 0, outputs_ = 0;
  double *z_ = nullptr, *dz_ = nullptr;
};

} // namespace loligo::inline LOLIGO_ISA
