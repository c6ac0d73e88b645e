/**
 * One affine layer z = a W + b: its numbers in the forms that the kernels read, its products over a tile's rows, and its gradient.
 *
 * Shapes: W [inputs][outputs] in panels (matrix.hpp), W^T in panels where adjoints go on to the input; gradient in panels like W, or of
 * W^T for the output layer, whose few columns would leave the vectors empty. b [padded outputs].
 * The first layer of mirrored features has two parts: the sines' rows of W and the cosines', each with its own panels; see features.hpp.
 * Factorised: theta holds V and s, W = V exp(s).
 */
#pragma once

#include "activation.hpp"
#include "arena.hpp"
#include "matrix.hpp"

namespace loligo::inline LOLIGO_ISA {

struct AffineForm {
  /** 2: mirrored features. */
  int parts = 1;
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
    const int64_t transposed = form.parts * packedSize<T>(place.outputs, depth());
    packed_ = arena.take<T>(numbers);
    if (form.pulled) pulled_ = arena.take<T>(transposed);
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
    for (int part = 0; part < form_.parts; part++) {
      const T* rows = W + part * depth() * stride;
      pack<T>(rows, stride, depth(), place_.outputs, packedPart(part));
      if (pulled_ != nullptr) packTransposed<T>(rows, stride, depth(), place_.outputs, pulledPart(part));
    }
    for (int j = 0; j < place_.outputs; j++) bias_[j] = theta[place_.biases + j];
  }

  /** to = a W, `count` points; the bias is left to whoever reads z. `a` rows aStride apart. */
  void forward(const T* a, ptrdiff_t aStride, const Rows<T>& to, int count) const {
    for (int part = 0; part < form_.parts; part++)
      multiply<T>({a + part * depth(), aStride, 1}, packedPart(part), rowsOf(count), place_.outputs, depth(), to.at + part * to.stride,
                  form_.parts * to.stride, false);
  }

  /** gradient += a^T z_ */
  void accumulate(const T* a, ptrdiff_t aStride, const Rows<T>& bars, int count) {
    for (int part = 0; part < form_.parts; part++)
      accumulateOuter<T>({a + part * depth(), 1, aStride}, bars.at + part * bars.stride, form_.parts * bars.stride, depth(), place_.outputs,
                         rowsOf(count), gradient_ + part * packedSize<T>(depth(), place_.outputs));
  }

  /** Adjoints of the input, of one part of it: to = z_ W^T, rows toStride apart. */
  void pull(int part, const Rows<T>& bars, T* to, ptrdiff_t toStride, int count) const {
    multiply<T>({bars.at + part * bars.stride, form_.parts * bars.stride, 1}, pulledPart(part), rowsOf(count), depth(), place_.outputs, to,
                toStride, false);
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
      for (int part = 0; part < form_.parts; part++)
        unpack<T>(gradient_ + part * packedSize<T>(depth(), place_.outputs), depth(), place_.outputs, W + part * depth() * place_.outputs,
                  place_.outputs);
    for (int j = 0; j < place_.outputs; j++) gradient[place_.biases + j] = biasBar_[j];
    if (factorised()) factoriseGradient(W, gradient + place_.scales);
  }

  /** Rows of products over `count` points. */
  int rowsOf(int count) const { return 2 * count / form_.parts; }
  /** Inputs of a part. */
  int depth() const { return place_.inputs / form_.parts; }

private:
  bool factorised() const { return place_.scales >= 0; }
  int64_t gradientSize() const {
    return form_.output ? packedSize<T>(place_.outputs, place_.inputs) : packedSize<T>(place_.inputs, place_.outputs);
  }
  T* packedPart(int part) const { return packed_ + part * packedSize<T>(depth(), place_.outputs); }
  T* pulledPart(int part) const { return pulled_ + part * packedSize<T>(place_.outputs, depth()); }

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
