/**
 * The few directions that many columns share: M = Q R with the longest column first, broken off where what is left of every column is
 * rounding (Golub, Van Loan, Matrix Computations, 5.4.2). By modified Gram-Schmidt, the column that is taken once more against those before
 * it ("twice is enough": Giraud, Langou, Rozloznik 2005). For the tables of features that are made when a replica is opened, in double.
 *
 * M [rows][columns], rank r: R [r][columns], its columns where M's are. Q is not kept: any row m of M, and any row of other functions'
 * values that obeys the same relations, is x R with x = coordinates(m).
 */
#pragma once

#include "arena.hpp"
#include "simd.hpp"

namespace loligo::inline LOLIGO_ISA {

class PivotedQr {
  typedef Vector<double> V;

public:
  /** False: out of memory. */
  bool open(Arena& arena, int rows, int columns) {
    columns_ = columns;
    stride_ = padded<double>(rows);
    const int most = smaller(rows, columns);
    arena.takeEach(int64_t(columns) * stride_, matrix_);
    arena.takeEach(int64_t(most) * columns, triangle_);
    arena.takeEach(columns, left_);
    pivot_ = arena.take<int32_t>(most);
    most_ = most;
    return !arena.exhausted();
  }

  /** Of M, to be filled before `factorise`, which overwrites it. */
  double* column(int j) const { return matrix_ + int64_t(j) * stride_; }

  /** Down to `tolerance` of the longest column. False: that takes more than `limit` columns. */
  bool factorise(double tolerance, int limit) {
    for (int j = 0; j < columns_; j++) left_[j] = product(column(j), column(j));
    const double least = tolerance * tolerance * left_[longest()];
    for (rank_ = 0; rank_ < most_; rank_++) {
      const int pivot = longest();
      if (left_[pivot] <= least) return true;
      if (rank_ == limit) return false;
      take(pivot);
    }
    return true;
  }

  int rank() const { return rank_; }
  /** R [rank][columns] */
  const double* triangle() const { return triangle_; }

  /** x with x R = m, by the columns that were taken. m [columns], x [rank]. */
  void coordinates(const double* m, double* x) const {
    for (int k = 0; k < rank_; k++) {
      const int p = pivot_[k];
      double rest = m[p];
      for (int i = 0; i < k; i++) rest -= x[i] * triangle_[int64_t(i) * columns_ + p];
      x[k] = rest / triangle_[int64_t(k) * columns_ + p];
    }
  }

private:
  int longest() const {
    int at = 0;
    for (int j = 1; j < columns_; j++)
      if (left_[j] > left_[at]) at = j;
    return at;
  }

  double product(const double* a, const double* b) const {
    V sum{};
    for (int i = 0; i < stride_; i += LANES<double>) sum += load<double>(a + i) * load<double>(b + i);
    return sumOfLanes<double>(sum);
  }

  /** a -= factor b */
  void subtract(double* a, double factor, const double* b) const {
    for (int i = 0; i < stride_; i += LANES<double>) store<double>(a + i, load<double>(a + i) - factor * load<double>(b + i));
  }

  /** The column becomes the next of Q, and leaves the others. */
  void take(int pivot) {
    double* q = column(pivot);
    for (int i = 0; i < rank_; i++) {
      const double* before = column(pivot_[i]);
      const double share = product(before, q);
      subtract(q, share, before);
      triangle_[int64_t(i) * columns_ + pivot] += share;
    }
    const double length = __builtin_sqrt(product(q, q));
    for (int i = 0; i < stride_; i += LANES<double>) store<double>(q + i, load<double>(q + i) / length);
    double* row = triangle_ + int64_t(rank_) * columns_;
    row[pivot] = length;
    left_[pivot] = -1;
    pivot_[rank_] = pivot;
    for (int j = 0; j < columns_; j++) {
      if (left_[j] < 0) continue;
      row[j] = product(q, column(j));
      subtract(column(j), row[j], q);
      left_[j] = product(column(j), column(j));
    }
  }

  int columns_ = 0, stride_ = 0, most_ = 0, rank_ = 0;
  double* matrix_ = nullptr;   // [columns][stride]: M, then what is left of it, and Q's columns where they were taken
  double* triangle_ = nullptr; // [most][columns]
  double* left_ = nullptr;     // squared lengths; -1: taken
  int32_t* pivot_ = nullptr;   // [most]
};

} // namespace loligo::inline LOLIGO_ISA
