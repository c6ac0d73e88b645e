/**
 * One affine layer z = a W + b: its numbers in the forms that the kernels read, its products over a tile's rows, and its gradient.
 *
 * Shapes: W [inputs][outputs] in panels (matrix.hpp), W^T in panels where adjoints go on to the input; gradient in panels like W, or of
 * W^T for the output layer, whose few columns would leave the vectors empty. b [padded outputs].
 * Factorised: theta holds V and s, W = V exp(s).
 */
#pragma once

#include "activation.hpp"
#include "arena.hpp"
#include "matrix.hpp"
#include "row_sums.hpp"

namespace loligo::inline LOLIGO_ISA {

struct AffineForm {
  /** The layer is the output: its gradient is kept transposed. */
  bool output = false;
  /** Adjoints of its input are asked for. */
  bool pulled = true;
  /** W is kept row-major too, for linearisation.hpp. */
  bool rowMajor = false;
};

template <typename T> class Affine {
public:
  /** False: out of memory. */
  bool open(Arena& arena, const Layer& place, AffineForm form) {
    place_ = place;
    form_ = form;
    const int64_t numbers = packedSize<T>(place.inputs, place.outputs);
    packed_ = arena.take<T>(numbers);
    if (form.pulled) pulled_ = arena.take<T>(packedSize<T>(place.outputs, place.inputs));
    gradient_ = arena.take<T>(gradientSize());
    bias_ = arena.take<T>(width());
    biasBar_ = arena.take<T>(width());
    if (factorised()) scale_ = arena.take<T>(width());
    if (factorised() || form.rowMajor) matrix_ = arena.take<T>(int64_t(place.inputs) * width());
    return !arena.exhausted();
  }

  const Layer& place() const { return place_; }
  int width() const { return padded<T>(place_.outputs); }
  T* bias() const { return bias_; }
  T* biasBar() const { return biasBar_; }
  /** W and exp(s); null unless asked for or factorised. Rows of W are width() apart. */
  const T* matrix() const { return matrix_; }
  const T* scale() const { return scale_; }

  void load(const T* theta) {
    const T* W = theta + place_.weights;
    ptrdiff_t stride = place_.outputs;
    if (matrix_ != nullptr) {
      fillMatrix(theta);
      W = matrix_;
      stride = width();
    }
    pack<T>(W, stride, place_.inputs, place_.outputs, packed_);
    if (pulled_ != nullptr) packTransposed<T>(W, stride, place_.inputs, place_.outputs, pulled_);
    for (int j = 0; j < place_.outputs; j++) bias_[j] = theta[place_.biases + j];
  }

  /** The panel of W, or of its gradient, that begins with column j. */
  const T* panel(int j) const { return packed_ + int64_t(j) * place_.inputs; }
  T* gradientPanel(int j) { return gradient_ + int64_t(j) * place_.inputs; }

  /** to = a W, `count` points; the bias is left to whoever reads z. `a` rows aStride apart. */
  void forward(const T* a, ptrdiff_t aStride, const Rows<T>& to, int count) const {
    multiply<T>({a, aStride, 1}, packed_, 2 * count, place_.outputs, place_.inputs, to.at, to.stride, false);
  }

  /** gradient += a^T z_ */
  void accumulate(const T* a, ptrdiff_t aStride, const Rows<T>& bars, int count) {
    accumulateOuter<T>({a, 1, aStride}, bars.at, bars.stride, place_.inputs, place_.outputs, 2 * count, gradient_);
  }

  /** Adjoints of the input: to = z_ W^T, rows toStride apart. */
  void pull(const Rows<T>& bars, T* to, ptrdiff_t toStride, int count) const {
    multiply<T>({bars.at, bars.stride, 1}, pulled_, 2 * count, place_.inputs, place_.outputs, to, toStride, false);
  }

  /** z of output k at LANES points from `a` on, their rows `stride` apart, without the bias: from W^T. */
  Vector<T> column(int k, const T* a, ptrdiff_t stride) const {
    RowSums<T> sums{};
    eachPanel<T>(place_.inputs, [&](int j, int, int width) {
      const T* w = pulled_ + int64_t(j) * place_.outputs + k * width;
      for (int v = 0; v < width; v += LANES<T>) sums.add(a + j + v, stride, loligo::load<T>(w + v));
    });
    return sums.total();
  }
  /** Whether `column` for all outputs is quicker than `forward`, whose columns are filled up to whole vectors. */
  bool byColumns() const {
    const int vectors = padded<T>(place_.inputs) / LANES<T>;
    return FOLDS && place_.outputs * (vectors + 4) < place_.inputs * padded<T>(place_.outputs) / LANES<T>;
  }

  /** Output layer: adjoints [outputs][barStride], points contiguous; every other row of a and to (values, or rates). */
  void accumulateOutput(const T* a, ptrdiff_t aStride, const T* bars, ptrdiff_t barStride, int count) {
    accumulateOuter<T>({bars, barStride, 1}, a, aStride, place_.outputs, place_.inputs, count, gradient_);
  }
  void pullOutput(const T* bars, ptrdiff_t barStride, T* to, ptrdiff_t toStride, int count) const {
    multiply<T>({bars, 1, barStride}, pulled_, count, place_.inputs, place_.outputs, to, toStride, false);
  }

  void clearGradient() {
    __builtin_memset(gradient_, 0, size_t(gradientSize()) * sizeof(T));
    __builtin_memset(biasBar_, 0, size_t(width()) * sizeof(T));
  }

  void writeGradient(T* gradient) const {
    T* W = gradient + place_.weights;
    if (form_.output)
      unpackTransposed<T>(gradient_, place_.outputs, place_.inputs, W, place_.outputs);
    else
      unpack<T>(gradient_, place_.inputs, place_.outputs, W, place_.outputs);
    for (int j = 0; j < place_.outputs; j++) gradient[place_.biases + j] = biasBar_[j];
    if (factorised()) factoriseGradient(W, gradient + place_.scales);
  }

private:
  bool factorised() const { return place_.scales >= 0; }
  int64_t gradientSize() const {
    return form_.output ? packedSize<T>(place_.outputs, place_.inputs) : packedSize<T>(place_.inputs, place_.outputs);
  }

  void fillMatrix(const T* theta) {
    if (factorised()) {
      for (int j = 0; j < place_.outputs; j++) scale_[j] = theta[place_.scales + j];
      for (int j = 0; j < width(); j += LANES<T>) store<T>(scale_ + j, exp<T>(loligo::load<T>(scale_ + j)));
    }
    for (int i = 0; i < place_.inputs; i++) {
      const T* row = theta + place_.weights + int64_t(i) * place_.outputs;
      T* to = matrix_ + int64_t(i) * width();
      for (int j = 0; j < place_.outputs; j++) to[j] = factorised() ? row[j] * scale_[j] : row[j];
    }
  }

  /** From the gradient by W: by s, sum over i of W_ij (d by W_ij); by V, times exp(s). */
  void factoriseGradient(T* W, T* s) const {
    for (int j = 0; j < place_.outputs; j++) s[j] = 0;
    for (int i = 0; i < place_.inputs; i++)
      for (int j = 0; j < place_.outputs; j++) {
        T& bar = W[int64_t(i) * place_.outputs + j];
        s[j] += bar * matrix_[int64_t(i) * width() + j];
        bar *= scale_[j];
      }
  }

  Layer place_;
  AffineForm form_;
  T* packed_ = nullptr;
  T* pulled_ = nullptr;
  T* gradient_ = nullptr;
  T* bias_ = nullptr;
  T* biasBar_ = nullptr;
  T* scale_ = nullptr;
  T* matrix_ = nullptr;
};

} // namespace loligo::inline LOLIGO_ISA
