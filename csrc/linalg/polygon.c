/* How often a polygon winds around a point.
 *
 * Problem. For a closed chain of straight edges, which may cross itself, and a point not on
 * it: the number of turns, counter-clockwise positive, of the arrow from the point to one
 * that walks along the chain. Assumptions: those of linalg/orientation.c.
 *
 * (D1) The arrow passes the direction +x once more upwards than downwards per turn. So the
 *      number is that of the edges which cross the ray from the point to +x upwards, less
 *      that of those which cross it downwards.
 * (D2) An edge from p to q crosses the height of the point r if exactly one of py > ry,
 *      qy > ry holds. With one strict comparison for both ends, a vertex on the ray counts for
 *      one of its two edges.
 * (D3) It crosses to the right of r exactly if r lies to its left as seen along an upward
 *      edge, to its right along a downward one: the sign of the orientation of p, q, r. An
 *      edge wholly to the left or right of r needs no orientation.
 * (D4) r lies on an edge if it is on its line and within its box. For an edge that crosses
 *      the height of r the first suffices; any other can hold r only if it has an end at
 *      that height.
 *
 * Every comparison is exact, hence so is the number, and polygons that tile the plane share
 * out each point that is on none of their edges.
 *
 * Reference: K. Hormann and A. Agathos (2001), The point in polygon problem for arbitrary
 * polygons, Computational Geometry 20, section 3. It computes each determinant in
 * floating point, where (D3) takes the exact sign. */
#include "minigrad/linalg.h"

#include <stdbool.h>

#include "core/arena.h"
#include "core/pool.h"
#include "linalg/orientation.h"

/* Edges that a chunk looks at: large against the cost of handing it out. */
#define CHUNK_EDGES ((size_t)1 << 15)

typedef struct {
    size_t n_vertices, n_points, points_per_chunk;
    const double *vertices, *points;
    int32_t *winding;
    uint8_t *boundary;
} winding_t;

static inline bool between(double low, double high, double x)
{
    return (low <= x && x <= high) || (high <= x && x <= low);
}

/* Whether r lies on the edge from p to q, which does not cross its height by (D2). */
static inline bool on_level_edge(const double *p, const double *q, const double *r)
{
    if (p[1] == r[1] && q[1] == r[1]) return between(p[0], q[0], r[0]); /* (D4) */
    return (p[1] == r[1] && p[0] == r[0]) || (q[1] == r[1] && q[0] == r[0]);
}

static void wind(const winding_t *work, size_t i)
{
    const double *r = work->points + 2 * i, *q = work->vertices;
    const double *p = q + 2 * (work->n_vertices - 1);
    int32_t number = 0;
    bool boundary = false;
    for (size_t j = 0; j < work->n_vertices; j++, p = q, q += 2) {
        bool from_above = p[1] > r[1], to_above = q[1] > r[1];
        if (from_above == to_above) { /* (D2) */
            boundary |= on_level_edge(p, q, r);
            continue;
        }
        if (p[0] < r[0] && q[0] < r[0]) continue;
        int up = to_above ? 1 : -1;
        int side = p[0] > r[0] && q[0] > r[0] ? up : mg_orientation(p, q, r); /* (D3) */
        boundary |= side == 0;
        number += side == up ? up : 0; /* (D1) */
    }
    work->winding[i] = number;
    work->boundary[i] = boundary;
}

static void wind_chunk(void *context, size_t chunk, size_t worker)
{
    const winding_t *work = context;
    (void)worker;
    size_t first = chunk * work->points_per_chunk, left = work->n_points - first;
    size_t last = first + (left < work->points_per_chunk ? left : work->points_per_chunk);
    for (size_t i = first; i < last; i++) wind(work, i);
}

mg_status_t mg_polygon_winding_f64(size_t n_vertices, const double *vertices, size_t n_points, const double *points,
                                   int32_t *winding, uint8_t *boundary)
{
    size_t bytes;
    if (!mg_size_mul(n_vertices, 2 * sizeof(double), &bytes) || !mg_size_mul(n_points, 2 * sizeof(double), &bytes))
        return MG_ERR_OVERFLOW;
    if (n_vertices > INT32_MAX) return MG_ERR_ARGUMENT;
    mg_status_t status = mg_coordinates_check(2 * n_vertices, vertices);
    if (status == MG_OK) status = mg_coordinates_check(2 * n_points, points);
    if (status != MG_OK || n_points == 0) return status;
    if (n_vertices == 0) {
        for (size_t i = 0; i < n_points; i++) winding[i] = boundary[i] = 0;
        return MG_OK;
    }
    size_t per_chunk = CHUNK_EDGES / n_vertices + 1;
    winding_t work = {n_vertices, n_points, per_chunk, vertices, points, winding, boundary};
    mg_parallel_for((n_points - 1) / per_chunk + 1, wind_chunk, &work);
    return MG_OK;
}
