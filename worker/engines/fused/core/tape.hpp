/**
 * Executes a program (program.hpp) over points, a block of up to BLOCK vectors at a time: one dispatch per step and block, the same for a
 * built-in model and a user's own. tape_translation.hpp makes the steps.
 *
 * What depends on scalars only is computed once, in double, by `hoist`.
 *
 * Rows: [rows][vectors * LANES] of T, scalars broadcast. Before each `run` the caller writes every varying input that `input` has a row
 * for: rows are reused, nothing of a run is left for the next. Lanes are independent.
 */
#pragma once

#include "elementary.hpp"
#include "tape_translation.hpp"

namespace loligo::inline LOLIGO_ISA {

template <typename T> class Tape {
public:
  /** Most vectors of a block; more work per dispatch does not pay, and the rows outgrow the cache. */
  static constexpr int BLOCK = 8;

  /** Runs blocks of up to `vectors` <= BLOCK. `program` is valid. False: out of memory. */
  bool open(Arena& arena, const Program& program, int32_t slots, int32_t firstScalar, int vectors) {
    if (!code_.open(arena, program, slots, firstScalar)) return false;
    stride_ = vectors * LANES<T>;
    // from numbers of rows to their places, once
    for (int32_t i = 0; i < code_.stepCount; i++) {
      Step& step = code_.steps[i];
      const bool exponent = step.op == static_cast<int32_t>(Opcode::power);
      step = {step.op, step.d * stride_, step.a * stride_, exponent ? step.b : step.b * stride_, step.c * stride_};
    }
    rows_ = arena.take<T>(int64_t{code_.rows} * stride_);
    return !arena.exhausted();
  }

  /** Where the values of a varying slot are written, [vectors * LANES]; null when the program does not read it. */
  T* input(int32_t slot) const { return code_.inputs[slot] < 0 ? nullptr : row(code_.inputs[slot]); }

  /** Compute what depends on scalars only; `scalars` are the values of the slots from the first scalar on. */
  void hoist(const double* scalars);

  void run(int vectors) {
    switch (vectors) {
    case 1:
      return execute<1>();
    case 2:
      return execute<2>();
    case 3:
      return execute<3>();
    case 4:
      return execute<4>();
    case 5:
      return execute<5>();
    case 6:
      return execute<6>();
    case 7:
      return execute<7>();
    default:
      return execute<8>();
    }
  }

  /** [vectors * LANES] until the next run. */
  const T* output(int32_t k) const { return row(code_.outputs[k]); }
  int32_t outputCount() const { return code_.outputCount; }
  int32_t steps() const { return code_.stepCount; }

private:
  T* row(int32_t number) const { return rows_ + int64_t{number} * stride_; }
  template <int K> void execute();
  static void unaryRow(int32_t op, T* d, const T* a, int vectors);
  static void exprelRows(T* value, T* slope, const T* a, int vectors);
  static void powerRow(T* d, const T* a, int32_t exponent, int vectors);

  TapeTranslation code_;
  T* rows_ = nullptr;
  int32_t stride_ = 0;
};

/**
 * What overflows float becomes the largest number. Exponentials stand in denominators, 1 / (1 + exp(u)): where one is infinite the slope is
 * 0 times infinity, from u = 89 on, which a gate 1 mV wide meets on every spike. Double holds them up to 710.
 */
template <typename T> inline Vector<T> bounded(Vector<T> x) {
  constexpr T LARGEST = T(3.4028234663852886e38);
  if constexpr (isFloat<T>) return notBelow<T>(notAbove<T>(x, LARGEST), -LARGEST);
  return x;
}

/** One number through an elementary function. */
inline double scalarUnary(Opcode op, double a) {
  const Vector<double> x = broadcast<double>(a);
  switch (op) {
  case Opcode::neg:
    return -a;
  case Opcode::exp:
    return exp<double>(x)[0];
  case Opcode::log:
    return log<double>(x)[0];
  case Opcode::sqrt:
    return __builtin_sqrt(a);
  case Opcode::tanh:
    return tanh<double>(x)[0];
  case Opcode::sinh:
    return sinh<double>(x)[0];
  case Opcode::cosh:
    return cosh<double>(x)[0];
  case Opcode::exprel:
    return exprel<double>(x)[0];
  default:
    return exprelSlope<double>(x)[0];
  }
}

inline double scalarBinary(Opcode op, double a, double b) {
  switch (op) {
  case Opcode::add:
    return a + b;
  case Opcode::sub:
    return a - b;
  case Opcode::mul:
    return a * b;
  default:
    return a / b;
  }
}

/** a^exponent by repeated squaring; V is a number or a vector of numbers. */
template <typename V> inline V integerPower(V a, int32_t exponent) {
  V square = a;
  for (; exponent % 2 == 0; exponent /= 2) square = square * square;
  V result = square;
  for (exponent /= 2; exponent > 0; exponent /= 2) {
    square = square * square;
    if (exponent % 2 != 0) result = result * square;
  }
  return result;
}

template <typename T> void Tape<T>::hoist(const double* scalars) {
  for (int32_t i = 0; i < code_.scalarCount; i++) {
    Scalar& scalar = code_.scalars[i];
    const Opcode op = static_cast<Opcode>(scalar.op);
    if (op == Opcode::input)
      scalar.value = scalars[scalar.a];
    else if (op == Opcode::power)
      scalar.value = integerPower(code_.scalars[scalar.a].value, scalar.b);
    else if (isBinary(op))
      scalar.value = scalarBinary(op, code_.scalars[scalar.a].value, code_.scalars[scalar.b].value);
    else if (op != Opcode::constant)
      scalar.value = scalarUnary(op, code_.scalars[scalar.a].value);
    if (scalar.row < 0) continue;
    const Vector<T> value = broadcast<T>(T(scalar.value));
    for (int32_t j = 0; j < stride_; j += LANES<T>) store<T>(row(scalar.row) + j, value);
  }
}

/** Binary instruction by its place: see TapeStep for 4 and 5. */
template <int PLACE, typename V> inline V combined(V a, V b) {
  if constexpr (PLACE == 0)
    return a + b;
  else if constexpr (PLACE == 1)
    return a - b;
  else if constexpr (PLACE == 2)
    return a * b;
  else if constexpr (PLACE == 3)
    return a / b;
  else if constexpr (PLACE == 4)
    return b - a;
  else
    return b / a;
}

template <typename T> template <int K> void Tape<T>::execute() {
  constexpr int L = LANES<T>;
  constexpr int32_t ADD = static_cast<int32_t>(Opcode::add), PAIR = static_cast<int32_t>(TapeStep::pair);
  for (const Step *step = code_.steps, *end = step + code_.stepCount; step != end; step++) {
    T* d = rows_ + step->d;
    const T* a = rows_ + step->a;
    const T* b = rows_ + step->b;
    const T* c = rows_ + step->c;
#define LOLIGO_STEP(OPCODE, EXPRESSION)                                                                                                    \
  case OPCODE:                                                                                                                             \
    for (int i = 0; i < K * L; i += L) store<T>(d + i, EXPRESSION);                                                                        \
    break;
#define LOLIGO_A load<T>(a + i)
#define LOLIGO_BINARY(PLACE) LOLIGO_STEP(ADD + PLACE, combined<PLACE>(LOLIGO_A, load<T>(b + i)))
#define LOLIGO_PAIR(FIRST, SECOND)                                                                                                         \
  LOLIGO_STEP(PAIR + PAIRS * FIRST + SECOND, combined<SECOND>(combined<FIRST>(LOLIGO_A, load<T>(b + i)), load<T>(c + i)))
#define LOLIGO_PAIRS(FIRST)                                                                                                                \
  LOLIGO_PAIR(FIRST, 0)                                                                                                                    \
  LOLIGO_PAIR(FIRST, 1)                                                                                                                    \
  LOLIGO_PAIR(FIRST, 2) LOLIGO_PAIR(FIRST, 3) LOLIGO_PAIR(FIRST, 4) LOLIGO_PAIR(FIRST, 5)
    switch (step->op) {
      LOLIGO_BINARY(0)
      LOLIGO_BINARY(1)
      LOLIGO_BINARY(2)
      LOLIGO_BINARY(3)
      LOLIGO_STEP(static_cast<int32_t>(Opcode::neg), -LOLIGO_A)
      LOLIGO_STEP(static_cast<int32_t>(TapeStep::reciprocal), T(1) / LOLIGO_A)
      LOLIGO_STEP(static_cast<int32_t>(TapeStep::square), LOLIGO_A * LOLIGO_A)
      LOLIGO_STEP(static_cast<int32_t>(TapeStep::cube), LOLIGO_A * LOLIGO_A * LOLIGO_A)
      LOLIGO_PAIRS(0)
      LOLIGO_PAIRS(1)
      LOLIGO_PAIRS(2)
      LOLIGO_PAIRS(3)
    case static_cast<int32_t>(Opcode::power):
      powerRow(d, a, step->b, K);
      break;
    case static_cast<int32_t>(TapeStep::exprelAndSlope):
      exprelRows(d, rows_ + step->b, a, K);
      break;
    default:
      unaryRow(step->op, d, a, K);
    }
#undef LOLIGO_STEP
#undef LOLIGO_A
#undef LOLIGO_BINARY
#undef LOLIGO_PAIR
#undef LOLIGO_PAIRS
  }
}

template <typename T> __attribute__((noinline)) void Tape<T>::exprelRows(T* value, T* slope, const T* a, int vectors) {
  for (int i = 0; i < vectors * LANES<T>; i += LANES<T>) {
    const Exprel<T> both = exprelAndSlope<T>(load<T>(a + i));
    store<T>(value + i, bounded<T>(both.value));
    store<T>(slope + i, bounded<T>(both.slope));
  }
}

template <typename T> __attribute__((noinline)) void Tape<T>::powerRow(T* d, const T* a, int32_t exponent, int vectors) {
  for (int i = 0; i < vectors * LANES<T>; i += LANES<T>) store<T>(d + i, integerPower(load<T>(a + i), exponent));
}

template <typename T> __attribute__((noinline)) void Tape<T>::unaryRow(int32_t op, T* d, const T* a, int vectors) {
  const auto each = [&](auto function) {
    for (int i = 0; i < vectors * LANES<T>; i += LANES<T>) store<T>(d + i, function(load<T>(a + i)));
  };
  switch (static_cast<Opcode>(op)) {
  case Opcode::exp:
    return each([](Vector<T> x) { return bounded<T>(exp<T>(x)); });
  case Opcode::log:
    return each([](Vector<T> x) { return log<T>(x); });
  case Opcode::sqrt:
    return each([](Vector<T> x) { return sqrt<T>(x); });
  case Opcode::tanh:
    return each([](Vector<T> x) { return tanh<T>(x); });
  case Opcode::sinh:
    return each([](Vector<T> x) { return bounded<T>(sinh<T>(x)); });
  case Opcode::cosh:
    return each([](Vector<T> x) { return bounded<T>(cosh<T>(x)); });
  case Opcode::exprel:
    return each([](Vector<T> x) { return bounded<T>(exprel<T>(x)); });
  default:
    return each([](Vector<T> x) { return bounded<T>(exprelSlope<T>(x)); });
  }
}

} // namespace loligo::inline LOLIGO_ISA
