/**
 * The network t -> Fourier features -> layers -> outputs with its exact time derivative, and the reverse pass through both. Knows nothing
 * of models, losses or optimizers. Network<float> is Adam's, Network<double> that of evaluation, L-BFGS and the Gram matrix.
 *
 * SLOTS. Points are visited in the order of `order()`: slot i is grid point order()[i]. In Network<double> that is the identity. In
 * Network<float> a block of neighbouring points is taken together, and within it pairs from its middle outwards (local_features.hpp).
 * Whoever drives the network permutes its own per-point numbers once, at open; nothing of the loss depends on the order except sums'
 * rounding.
 *
 * TILES. forward(first, count) takes slots [first, first + count), first being a multiple of tile() and count = min(tile(), M - first).
 * tile() is chosen for the caches (a multiple of LANES<T> and of 2; some dozens of points), or with Keep::all is M: all activations are
 * kept and the one call is forward(0, M). out(k)[i] and dOut(k)[i] then hold output k and its time derivative (per ms) of slot first + i;
 * each is allocated to tileStride() = padded<T>(tile() + 1), and finite beyond count (leftovers).
 * The caller fills outBar(k)[i], dOutBar(k)[i], i < count, with the loss's adjoints (anything beyond count is ignored), and calls
 * backward(first, count), which adds to the gradient; both bars may be overwritten by it.
 *
 * A step of Adam:   load(theta); clearGradient(); for each tile { forward; head; backward }; gradient(g).
 * Nothing is allocated after `open`. `load` is about 1 % of a step.
 *
 * ROWS. Activations are rows (point, value | time derivative) interleaved: row 2 i the value of slot i, row 2 i + 1 its time derivative; a
 * row is padded<T>(width) numbers, padding zero. An odd last point has a phantom neighbour, whose adjoints are zero.
 *
 * KEPT ACTIVATIONS, for second_order.hpp (T = double, Keep::all: slot = point): view() gives linearisation.hpp's NetworkView
 * with pointers into the network's own arrays, filled from open, valid for the state last forwarded. The encoders' mixers are U and Q.
 */
#pragma once

#include "features.hpp"
#include "linearisation.hpp"
#include "local_features.hpp"
#include "mixing.hpp"

namespace loligo::inline LOLIGO_ISA {

enum class Keep { tile, all };

constexpr int ENCODERS = 2;

/** What the first layers see: point by point for second order, which reads the rows, block by block for training. */
template <typename T> struct FeaturesOf {
  typedef Features<T> Type;
};
template <> struct FeaturesOf<float> {
  typedef LocalFeatures<float> Type;
};

template <typename T> class Network {
public:
  /**
   * `times` in ms, ascending, [shape.points]; `frequencies` in cycles per ms, [shape.features]. The features are centred at the middle of
   * the grid, (times[0] + times[points - 1]) / 2. shape, and what it points to, must outlive the network. False: out of memory.
   */
  bool open(Arena& arena, const NetworkShape& shape, const double* times, const double* frequencies, Keep keep) {
    shape_ = &shape;
    keep_ = keep;
    chooseBlock();
    const bool trainable = shape.scalePlace >= 0;
    return features_.open(arena, times, shape.points, frequencies, shape.features, trainable, block_) && takeOrder(arena) &&
           takeLayers(arena) && takeRows(arena) && takeOutputs(arena) && takeView(arena);
  }

  int points() const { return shape_->points; }
  int tile() const { return keep_ == Keep::all ? shape_->points : block_; }
  int tileStride() const { return padded<T>(tile() + 1); }
  const int32_t* order() const { return order_; }

  T* out(int k) const { return out_ + int64_t(k) * tileStride(); }
  T* dOut(int k) const { return dOut_ + int64_t(k) * tileStride(); }
  T* outBar(int k) const { return outBar_ + int64_t(k) * tileStride(); }
  T* dOutBar(int k) const { return dOutBar_ + int64_t(k) * tileStride(); }

  /** Takes the network's numbers of theta (shape.size and, if trainable, theta[shape.scalePlace]); the rest is not read. */
  void load(const T* theta) {
    for (int l = 0; l < layers(); l++) affine_[l].load(theta);
    if (shape_->scalePlace >= 0) features_.compute(expOf(double(theta[shape_->scalePlace])));
  }

  void forward(int first, int count) {
    for (int at = 0; at < count; at += block_) forwardBlock(first + at, keep_ == Keep::all ? at : 0, smaller(block_, count - at));
  }

  void clearGradient() {
    for (int l = 0; l < layers(); l++) affine_[l].clearGradient();
    features_.clear();
  }

  void backward(int first, int count) {
    for (int at = 0; at < count; at += block_) backwardBlock(first + at, keep_ == Keep::all ? at : 0, smaller(block_, count - at));
  }

  /** Writes gradient[0 .. shape.size) and, if trainable, gradient[shape.scalePlace]; touches nothing else. */
  void gradient(T* gradient) const {
    for (int l = 0; l < layers(); l++) affine_[l].writeGradient(gradient);
    if (shape_->scalePlace >= 0) gradient[shape_->scalePlace] = T(features_.scaleBar());
  }

  /** Network<double> with Keep::all. */
  const NetworkView& view() const { return view_; }

private:
  /** What a hidden layer or an encoder leaves for the reverse pass, [kept points]. */
  struct Hidden {
    /** act(z) and its rate; the next layer's input unless mixed. */
    Rows<T> activation;
    /** Modified: what the next layer sees. */
    Rows<T> mixed;
    Slopes<T> slopes;
  };

  /** Main layers 0 .. depth, the last linear, then encoders U and Q. */
  int layers() const { return shape_->depth + 1 + (shape_->modified ? ENCODERS : 0); }
  int depth() const { return shape_->depth; }
  bool first(int l) const { return l == 0 || l > depth(); }
  /** Stride of hidden rows. */
  int width() const { return padded<T>(shape_->width); }
  /** Slots whose activations are kept: even, and whole vectors of them. */
  int kept() const { return padded<T>((tile() + 1) / 2 * 2); }

  /** Points whose forward and reverse pass are taken together, evenly divided. */
  void chooseBlock() {
    const int unit = larger(LANES<T>, 2);
    const int blocks = FeaturesOf<T>::Type::blocksOf(shape_->points);
    block_ = int(roundedUp((shape_->points + blocks - 1) / blocks, unit));
  }

  bool takeOrder(Arena& arena) {
    order_ = arena.take<int32_t>(shape_->points);
    if (order_ == nullptr) return false;
    for (int i = 0; i < shape_->points; i++) order_[i] = features_.pointOf(i);
    return true;
  }

  bool takeLayers(Arena& arena) {
    affine_ = arena.take<Affine<T>>(layers());
    if (affine_ == nullptr) return false;
    for (int l = 0; l < layers(); l++) {
      affine_[l] = Affine<T>{};
      const AffineForm form = {
          .output = l == depth(),
          .pulled = !first(l) || (sameType<T, double> && shape_->scalePlace >= 0),
          .rowMajor = viewed(),
      };
      const Layer& place = l > depth() ? shape_->encoder[l - depth() - 1] : shape_->layer[l];
      if (!affine_[l].open(arena, place, form)) return false;
    }
    return true;
  }

  Rows<T> takeRows(Arena& arena, int points) { return {arena.take<T>(int64_t(2) * points * width()), width()}; }

  bool takeRows(Arena& arena) {
    const bool stored = viewed() || shape_->activation != Activation::tanh;
    hidden_ = arena.take<Hidden>(layers());
    if (hidden_ == nullptr) return false;
    for (int l = 0; l < layers(); l++) {
      if (l == depth()) continue;
      Hidden& hidden = hidden_[l];
      hidden.activation = takeRows(arena, kept());
      hidden.mixed = shape_->modified && l < depth() ? takeRows(arena, kept()) : hidden.activation;
      if (stored) hidden.slopes = {arena.take<T>(int64_t(kept()) * width()), arena.take<T>(int64_t(kept()) * width())};
    }
    bar_ = takeRows(arena, block_);
    nextBar_ = takeRows(arena, block_);
    if (shape_->modified) encodedBar_ = {takeRows(arena, block_), takeRows(arena, block_)};
    outputRows_ = arena.take<T>(int64_t(2) * block_ * padded<T>(shape_->outputs));
    return !arena.exhausted();
  }

  bool takeOutputs(Arena& arena) {
    const int64_t size = int64_t(shape_->outputs) * tileStride();
    T** const arrays[] = {&out_, &dOut_, &outBar_, &dOutBar_};
    for (T** array : arrays) *array = arena.take<T>(size);
    return !arena.exhausted();
  }

  static Rows<T> from(const Rows<T>& rows, int slot) { return {rows.at + int64_t(2) * slot * rows.stride, rows.stride}; }
  Slopes<T> slopesFrom(const Slopes<T>& slopes, int slot) const {
    if (slopes.slope == nullptr) return {};
    return {slopes.slope + int64_t(slot) * width(), slopes.bend + int64_t(slot) * width()};
  }
  Encoded<T> encodedFrom(int place) const {
    return {from(hidden_[depth() + 1].activation, place), from(hidden_[depth() + 2].activation, place)};
  }

  /** Input rows of a layer that is not a first one. */
  Rows<const T> input(int l, int place) const {
    const Rows<T> rows = from(hidden_[l - 1].mixed, place);
    return {rows.at, rows.stride};
  }

  /** `slot` among all points, `place` among the kept ones. */
  void forwardBlock(int slot, int place, int count) {
    const int even = count + count % 2;
    if (shape_->modified)
      for (int e = 0; e < ENCODERS; e++) forwardHidden(depth() + 1 + e, slot, place, even);
    for (int l = 0; l < depth(); l++) {
      forwardHidden(l, slot, place, even);
      if (shape_->modified) mix<T>(from(hidden_[l].activation, place), encodedFrom(place), from(hidden_[l].mixed, place), even, width());
    }
    forwardOutput(place, count);
  }

  void forwardHidden(int l, int slot, int place, int count) {
    const Rows<T> to = from(hidden_[l].activation, place);
    if (first(l)) {
      features_.forward(affine_[l], slot, to, count);
    } else {
      const Rows<const T> a = input(l, place);
      affine_[l].forward(a.at, a.stride, to, count);
    }
    activate<T>(shape_->activation, first(l) && features_.paired(slot), to, affine_[l].bias(), slopesFrom(hidden_[l].slopes, place), count,
                width());
  }

  void forwardOutput(int place, int count) {
    const Affine<T>& output = affine_[depth()];
    const Rows<const T> a = input(depth(), place);
    if constexpr (sameType<T, float>)
      if (output.byColumns()) return forwardColumns(output, a, place, count);
    output.forward(a.at, a.stride, {outputRows_, output.width()}, count);
    for (int k = 0; k < shape_->outputs; k++) {
      const T* row = outputRows_ + k;
      T* value = out(k) + place;
      T* rate = dOut(k) + place;
      const T b = output.bias()[k];
      for (int i = 0; i < count; i++, row += 2 * output.width()) {
        value[i] = row[0] + b;
        rate[i] = row[output.width()];
      }
    }
  }

  void forwardColumns(const Affine<T>& output, const Rows<const T>& a, int place, int count) {
    for (int k = 0; k < shape_->outputs; k++) {
      const Vector<T> b = broadcast<T>(output.bias()[k]);
      for (int i = 0; i < count; i += LANES<T>) {
        const T* row = a.at + 2 * i * a.stride;
        store<T>(out(k) + place + i, output.column(k, row, 2 * a.stride) + b);
        store<T>(dOut(k) + place + i, output.column(k, row + a.stride, 2 * a.stride));
      }
    }
  }

  void backwardBlock(int slot, int place, int count) {
    const int even = count + count % 2;
    backwardOutput(place, count);
    if (shape_->modified) {
      const Rows<T>* const encoded[] = {&encodedBar_.U, &encodedBar_.Q};
      for (const Rows<T>* rows : encoded) __builtin_memset(rows->at, 0, sizeof(T) * size_t(2 * even * width()));
    }
    for (int l = depth() - 1; l >= 0; l--) {
      if (shape_->modified) throughMix<T>(bar_, from(hidden_[l].activation, place), encodedFrom(place), encodedBar_, even, width());
      backwardHidden(l, bar_, slot, place, even);
      if (l == 0) break;
      affine_[l].pull(bar_, nextBar_.at, width(), even);
      const Rows<T> swapped = bar_;
      bar_ = nextBar_;
      nextBar_ = swapped;
    }
    if (!shape_->modified) return;
    backwardHidden(depth() + 1, encodedBar_.U, slot, place, even);
    backwardHidden(depth() + 2, encodedBar_.Q, slot, place, even);
  }

  /** From the outputs' adjoints: the output layer's gradient, and bar_. */
  void backwardOutput(int place, int count) {
    Affine<T>& output = affine_[depth()];
    const Rows<const T> a = input(depth(), place);
    const int even = count + count % 2;
    const ptrdiff_t stride = 2 * width();
    T* bars[] = {outBar_ + place, dOutBar_ + place};
    for (int rate = 0; rate < 2; rate++) {
      if (even != count)
        for (int k = 0; k < shape_->outputs; k++) bars[rate][int64_t(k) * tileStride() + count] = 0;
      output.accumulateOutput(a.at + rate * width(), stride, bars[rate], tileStride(), even);
      output.pullOutput(bars[rate], tileStride(), bar_.at + rate * width(), stride, even);
    }
    for (int k = 0; k < shape_->outputs; k++) {
      T sum = 0;
      for (int i = 0; i < count; i++) sum += bars[0][int64_t(k) * tileStride() + i];
      output.biasBar()[k] += sum;
    }
  }

  /** `bars`: adjoints of act(z), overwritten. */
  void backwardHidden(int l, const Rows<T>& bars, int slot, int place, int count) {
    throughActivation<T>(first(l) && features_.paired(slot), bars, from(hidden_[l].activation, place), slopesFrom(hidden_[l].slopes, place),
                         affine_[l].biasBar(), count, width());
    if (first(l)) return features_.accumulate(affine_[l], slot, bars, count);
    const Rows<const T> a = input(l, place);
    affine_[l].accumulate(a.at, a.stride, bars, count);
  }

  static double expOf(double x) { return exp<double>(broadcast<double>(x))[0]; }

  bool viewed() const { return sameType<T, double> && keep_ == Keep::all; }

  bool takeView(Arena& arena) {
    if constexpr (sameType<T, double>) {
      if (!viewed()) return true;
      LayerView* views = arena.take<LayerView>(layers());
      if (views == nullptr) return false;
      for (int l = 0; l < layers(); l++) views[l] = layerView(l);
      view_.points = size_t(shape_->points);
      view_.outputs = size_t(shape_->outputs);
      view_.layers = views;
      view_.layerCount = size_t(depth() + 1);
      if (shape_->modified) view_.encoders = views + depth() + 1;
    }
    return true;
  }

  LayerView layerView(int l) const {
    const Affine<T>& affine = affine_[l];
    const Layer& place = affine.place();
    const Rows<const T> a = first(l) ? Rows<const T>{features_.rows(0), features_.stride()} : input(l, 0);
    LayerView view;
    view.inputs = size_t(place.inputs);
    view.outputs = size_t(place.outputs);
    view.weights = size_t(place.weights);
    view.biases = size_t(place.biases);
    view.input = {a.at, size_t(a.stride)};
    view.matrix = affine.matrix();
    view.matrixStride = size_t(affine.width());
    view.columnScale = affine.scale();
    if (l == depth()) return view;
    view.slope = hidden_[l].slopes.slope;
    view.bend = hidden_[l].slopes.bend;
    view.activationStride = size_t(width());
    if (shape_->modified) view.mixer = {hidden_[l].activation.at, size_t(width())};
    return view;
  }

  const NetworkShape* shape_ = nullptr;
  Keep keep_ = Keep::tile;
  int block_ = 0;
  typename FeaturesOf<T>::Type features_;
  int32_t* order_ = nullptr;
  Affine<T>* affine_ = nullptr; // [layers()]
  Hidden* hidden_ = nullptr;    // [layers()], that of the output unused
  Rows<T> bar_{}, nextBar_{};
  Encoded<T> encodedBar_{};
  T* outputRows_ = nullptr;                                                     // [2 block][padded outputs]
  T *out_ = nullptr, *dOut_ = nullptr, *outBar_ = nullptr, *dOutBar_ = nullptr; // [outputs][tileStride()]
  NetworkView view_;
};

} // namespace loligo::inline LOLIGO_ISA
