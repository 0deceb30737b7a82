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
 * (D5) Only the edges whose heights hold that of r matter. The polygon's height is cut in bands,
 *      the band of a height y being the whole part of (y - low) scale. Rounding is monotonic,
 *      hence so is that: from py <= ry <= qy follows the same for the bands. An edge is
 *      listed in the bands from that of its lower end to that of its upper one, and r is held
 *      against the edges of its own band alone.
 *
 * Every comparison is exact, hence so is the number, and polygons that tile the plane share
 * out each point that is on none of their edges.
 *
 * Reference: K. Hormann and A. Agathos (2001), The point in polygon problem for arbitrary
 * polygons, Computational Geometry 20, section 3. It computes each determinant in
 * floating point, where (D3) takes the exact sign, and looks at all edges. */
#include "minigrad/linalg.h"

#include <stdbool.h>
#include <string.h>

#include "core/arena.h"
#include "core/pool.h"
#include "linalg/orientation.h"

/* Points of one chunk; fewer of them are not worth more than one band. */
#define CHUNK_POINTS ((size_t)1024)
#define FEW_POINTS ((size_t)64)

/* Entries in the lists of all bands per edge, at most. */
enum { MOST_ENTRIES = 8 };

typedef struct {
    double p[2], q[2];
} edge_t;

typedef struct {
    size_t n_vertices, n_points, n_bands;
    const double *vertices, *points;
    double low, high, scale; /* heights of the polygon's ends, and bands per height */
    size_t *starts;          /* where the list of each band begins, n_bands + 1 */
    edge_t *edges;
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

static inline size_t band_of(const winding_t *work, double height)
{
    size_t band = (size_t)((height - work->low) * work->scale); /* (D5) */
    return band < work->n_bands ? band : work->n_bands - 1;
}

static edge_t edge_at(const winding_t *work, size_t i)
{
    const double *p = work->vertices + 2 * (i == 0 ? work->n_vertices - 1 : i - 1), *q = work->vertices + 2 * i;
    return (edge_t){{p[0], p[1]}, {q[0], q[1]}};
}

static void bands_of(const winding_t *work, const edge_t *edge, size_t *first, size_t *last)
{
    size_t p = band_of(work, edge->p[1]), q = band_of(work, edge->q[1]);
    *first = p < q ? p : q;
    *last = p < q ? q : p;
}

/* Choose the bands, many but so that their lists stay short; return the lists' length. */
static size_t choose_bands(winding_t *work)
{
    size_t n = work->n_vertices, entries;
    work->low = work->high = work->vertices[1];
    for (size_t i = 1; i < n; i++) {
        double y = work->vertices[2 * i + 1];
        if (y < work->low) work->low = y;
        if (y > work->high) work->high = y;
    }
    work->n_bands = work->n_points < FEW_POINTS || work->low == work->high ? 1 : 4 * n;
    do {
        work->scale = work->n_bands == 1 ? 0 : (double)work->n_bands / (work->high - work->low);
        entries = 0;
        for (size_t i = 0; i < n; i++) {
            size_t first, last;
            edge_t edge = edge_at(work, i);
            bands_of(work, &edge, &first, &last);
            entries += last - first + 1;
        }
        work->n_bands = entries > MOST_ENTRIES * n ? work->n_bands / 2 : work->n_bands;
    } while (entries > MOST_ENTRIES * n);
    return entries;
}

/* Fill the lists of the bands. */
static void list_edges(const winding_t *work)
{
    size_t *starts = work->starts;
    memset(starts, 0, (work->n_bands + 1) * sizeof *starts);
    for (int pass = 0; pass < 2; pass++) { /* count, then place from each band's end on down */
        for (size_t i = 0; i < work->n_vertices; i++) {
            size_t first, last;
            edge_t edge = edge_at(work, i);
            bands_of(work, &edge, &first, &last);
            for (size_t band = first; band <= last; band++) {
                if (pass == 0)
                    starts[band]++;
                else
                    work->edges[--starts[band]] = edge;
            }
        }
        for (size_t band = 0; pass == 0 && band < work->n_bands; band++) starts[band + 1] += starts[band];
    }
}

static void wind(const winding_t *work, size_t i)
{
    const double *r = work->points + 2 * i;
    int32_t number = 0;
    bool boundary = false;
    work->winding[i] = work->boundary[i] = 0;
    if (r[1] < work->low || r[1] > work->high) return;
    size_t band = band_of(work, r[1]);
    for (size_t j = work->starts[band]; j < work->starts[band + 1]; j++) {
        const double *p = work->edges[j].p, *q = work->edges[j].q;
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
    size_t first = chunk * CHUNK_POINTS, left = work->n_points - first;
    size_t last = first + (left < CHUNK_POINTS ? left : CHUNK_POINTS);
    for (size_t i = first; i < last; i++) wind(work, i);
}

mg_status_t mg_polygon_winding_f64(size_t n_vertices, const double *vertices, size_t n_points, const double *points,
                                   int32_t *winding, uint8_t *boundary)
{
    size_t bytes;
    if (!mg_size_mul(n_vertices, MOST_ENTRIES * sizeof(edge_t), &bytes) ||
        !mg_size_mul(n_points, 2 * sizeof(double), &bytes))
        return MG_ERR_OVERFLOW;
    if (n_vertices > INT32_MAX) return MG_ERR_ARGUMENT;
    mg_status_t status = mg_coordinates_check(2 * n_vertices, vertices);
    if (status == MG_OK) status = mg_coordinates_check(2 * n_points, points);
    if (status != MG_OK || n_points == 0) return status;
    if (n_vertices == 0) {
        for (size_t i = 0; i < n_points; i++) winding[i] = boundary[i] = 0;
        return MG_OK;
    }
    winding_t work = {.n_vertices = n_vertices, .n_points = n_points, .vertices = vertices, .points = points};
    work.winding = winding;
    work.boundary = boundary;
    size_t entries = choose_bands(&work);
    mg_arena_t arena = MG_ARENA_EMPTY;
    mg_arena_plan(&arena, work.n_bands + 1, sizeof *work.starts);
    mg_arena_plan(&arena, entries, sizeof *work.edges);
    status = mg_arena_open(&arena);
    if (status != MG_OK) return status;
    work.starts = mg_arena_take(&arena, work.n_bands + 1, sizeof *work.starts);
    work.edges = mg_arena_take(&arena, entries, sizeof *work.edges);
    list_edges(&work);
    mg_parallel_for((n_points - 1) / CHUNK_POINTS + 1, wind_chunk, &work);
    mg_arena_close(&arena);
    return MG_OK;
}
