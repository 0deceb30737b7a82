/* minigrad: the C library's public interface, one header per room.
 *
 * Conventions, all rooms:
 *   names      mg_<noun>_<verb>_f32 / _f64; types mg_..._t; constants MG_...
 *   arguments  handles, dimensions, inputs (const), outputs, options
 *   sizes      size_t, in elements; a leading dimension (lda) is the distance in
 *              elements between the starts of two rows of a row-major matrix
 *   ownership  every buffer is borrowed for the call; nothing is kept
 *   status     whatever can fail returns mg_status_t; outputs are untouched unless
 *              it is MG_OK, or the comment says otherwise
 *   zero sizes are legal: an empty output does nothing, an empty reduction yields
 *              its identity
 *   threads    results have the same bits for any number of threads
 */
#ifndef MINIGRAD_H
#define MINIGRAD_H

#include <stddef.h>
#include <stdint.h>

#include "minigrad/core.h"
/* The room headers, after what all of them use. */
#include "minigrad/calculus.h"
#include "minigrad/image.h"
#include "minigrad/image_filter.h"
#include "minigrad/learn.h"
#include "minigrad/linalg.h"
#include "minigrad/nn_arithmetic.h"
#include "minigrad/nn_attention.h"
#include "minigrad/nn_bmm.h"
#include "minigrad/nn_conv.h"
#include "minigrad/nn_elementwise.h"
#include "minigrad/nn_embedding.h"
#include "minigrad/nn_linear.h"
#include "minigrad/nn_loss.h"
#include "minigrad/nn_norm.h"
#include "minigrad/nn_pool.h"
#include "minigrad/nn_rnn.h"
#include "minigrad/nn_softmax.h"
#include "minigrad/random.h"

#endif
