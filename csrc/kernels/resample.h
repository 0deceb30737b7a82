/* Kernels of image warps; csrc/image/warp.inc drives them. All levels write the same bits. */
#ifndef MG_KERNELS_RESAMPLE_H
#define MG_KERNELS_RESAMPLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "minigrad/image.h"

/* Pixels of one row that are worked on together; the length of every array below. */
#define MG_RESAMPLE_BLOCK ((size_t)128)

/* Taps per direction of the widest interpolation. */
#define MG_RESAMPLE_TAPS 6

/* Where the pixels of a block come from. map: 3 x 3, row-major, from output to input
 * coordinates. taps (1, 2, 4 or 6) input pixels per direction take part. `inside` spans the
 * first taps that may be read in place: 0 <= column < columns and 0 <= row < rows, and of the row
 * after those last_columns; pitch and channels, in elements, lead from there to the first element. */
typedef struct {
    double map[9];
    bool affine;
    mg_edge_t edge;
    bool whole;           /* the input's elements are integers: where two are alike, weights are of no matter */
    size_t width, height; /* of the input */
    size_t taps;
    size_t columns, rows, last_columns, pitch, channels;
} mg_locate_t;

#define MG_RESAMPLE_EDGE (-1)
#define MG_RESAMPLE_NOTHING (-2)

/* x, y: the source, brought back into a picture that repeats itself; NaN where the map has no positive denominator. fx,
 * fy: how far it lies beyond the integer point below it (for one tap, undefined). offset: of the first tap's first
 * element; MG_RESAMPLE_EDGE if not all taps lie inside, MG_RESAMPLE_NOTHING if none does and what lies beyond the
 * border is 0, or where there is no source. */
typedef struct {
    double x[MG_RESAMPLE_BLOCK], y[MG_RESAMPLE_BLOCK];
    double fx[MG_RESAMPLE_BLOCK], fy[MG_RESAMPLE_BLOCK];
    int64_t offset[MG_RESAMPLE_BLOCK];
} mg_located_t;

/* One run of pixels whose taps lie inside: count of them, their offsets, and the weights
 * of their taps, tap k of pixel i at [k * MG_RESAMPLE_BLOCK + i]; two taps have only the
 * second one's weight. With `alpha` the last of 2 or 4 channels weighs the others. With 3
 * channels the two elements after the last tap may be read, too. */
typedef struct {
    size_t pitch, channels, taps, count;
    bool alpha;
    const int64_t *offset;
} mg_run_t;

/* Taps per direction of an image made half as large: what lies less than 3 pixels of the new
 * one away. */
#define MG_SHRINK_TAPS 12

/* So many averages are made together, none of more columns or rows than the second. */
#define MG_SHRINK_RUN ((size_t)16)
#define MG_SHRINK_REACH ((size_t)48)

/* Averages over columns x rows taps of an image whose rows are pitch elements apart: tap (m, n)
 * has the weight k(u) k(v) at the (u, v) given for the first plus m (ux, vx) + n (uy, vy).
 * `weigh` multiplies the colours by the opacity before, `unweigh` divides by it after. With 3
 * channels the element after the last tap is read, too. */
typedef struct {
    size_t columns, rows, channels, pitch, count;
    bool weigh, unweigh;
    double ux, uy, vx, vy;
} mg_area_t;

/* A row made `width` pixels long: pixel i from `taps` pixels, a multiple of 4, first[i] on, with
 * the weights [i * taps]. Four elements after the last tap may be read. */
typedef struct {
    size_t width, taps;
    const ptrdiff_t *first;
    const float *weights;
} mg_shorter_f32;

typedef struct {
    size_t width, taps;
    const ptrdiff_t *first;
    const double *weights;
} mg_shorter_f64;

typedef struct {
    /* The block of output pixels that begins at column `first` of a row. */
    void (*locate)(const mg_locate_t *locate, size_t first, size_t row, mg_located_t *out);
    /* From a block of fractions f to the weights of `taps` taps. */
    void (*weights_f32)(size_t taps, const double *f, float *w);
    void (*weights_f64)(size_t taps, const double *f, double *w);
    void (*sample_u8)(const mg_run_t *run, const uint8_t *input, const float *wx, const float *wy, uint8_t *output);
    void (*sample_u16)(const mg_run_t *run, const uint16_t *input, const double *wx, const double *wy,
                       uint16_t *output);
    void (*sample_f32)(const mg_run_t *run, const float *input, const float *wx, const float *wy, float *output);
    void (*sample_f64)(const mg_run_t *run, const double *input, const double *wx, const double *wy, double *output);

    /* area->count averages of 4 values each; u and v hold MG_SHRINK_RUN. */
    void (*shrink_run_u8)(const mg_area_t *area, const uint8_t *input, const int64_t *offset, const float *u,
                          const float *v, float *values);
    void (*shrink_run_u16)(const mg_area_t *area, const uint16_t *input, const int64_t *offset, const double *u,
                           const double *v, double *values);
    void (*shrink_run_f32)(const mg_area_t *area, const float *input, const int64_t *offset, const float *u,
                           const float *v, float *values);
    void (*shrink_run_f64)(const mg_area_t *area, const double *input, const int64_t *offset, const double *u,
                           const double *v, double *values);
    /* The sum of `taps` rows of width x channels elements, each times its weight. */
    void (*shrink_rows_u8)(const uint8_t *const *rows, const float *w, size_t taps, size_t width, size_t channels,
                           bool weigh, float *out);
    void (*shrink_rows_u16)(const uint16_t *const *rows, const double *w, size_t taps, size_t width, size_t channels,
                            bool weigh, double *out);
    void (*shrink_rows_f32)(const float *const *rows, const float *w, size_t taps, size_t width, size_t channels,
                            bool weigh, float *out);
    void (*shrink_rows_f64)(const double *const *rows, const double *w, size_t taps, size_t width, size_t channels,
                            bool weigh, double *out);
    void (*shrink_columns_f32)(const mg_shorter_f32 *to, const float *row, size_t channels, float *out);
    void (*shrink_columns_f64)(const mg_shorter_f64 *to, const double *row, size_t channels, double *out);
} mg_resample_kernels_t;

#endif
