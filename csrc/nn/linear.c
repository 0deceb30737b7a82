/* The affine layer y = x w' + b and its gradients.
 *
 * Problem. For L(y) with y[i, j] = sum_p x[i, p] w[j, p] + b[j] and dy = dL/dy given:
 *
 *   (D1)  dx[i, p] = sum_j dy[i, j] w[j, p]      dx = dy w
 *   (D2)  dw[j, p] = sum_i dy[i, j] x[i, p]      dw = dy' x
 *   (D3)  db[j]    = sum_i dy[i, j]
 *
 * Rumelhart, Hinton and Williams (1986), Learning representations by back-propagating
 * errors, Nature 323, equations 5 to 7, for a batch at once. */
#include "core/dispatch.h"
#include "core/pool.h"
#include "minigrad/nn_linear.h"

/* Columns that one thread sums at a time, and elements from which on a second one pays. */
enum { SUM_COLUMNS = 256, SUM_THREADED = 65536 };

#include "core/real_end.h"
#include "core/real_f32.h"
#include "nn/linear.inc"

#include "core/real_end.h"
#include "core/real_f64.h"
#include "nn/linear.inc"
