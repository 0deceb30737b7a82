/* The optimizers' steps over lists of tensors: what depends on the step's number is worked
 * out here, in double precision, once per tensor; the kernels do the rest.
 *
 * Problem: the averages m, v of kernels/optimizer.inc start at 0, so early ones are too
 *   small. Assumption: a gradient's moments do not change over the averaging window.
 *   (D1) m_t = (1 - beta) sum_i beta^(t-i) g_i, so E m_t = (1 - beta^t) E g: dividing by
 *        c = 1 - beta^t removes the bias. Adam's step lr (m / c1) / (sqrt(v / c2) + eps) is
 *        (lr / c1) m / (sqrt(v) / sqrt(c2) + eps).
 *   (D2) NAdam: momentum warms up as mu_t = beta1 (1 - 0.96^(t psi) / 2), its bias after t
 *        steps is 1 - prod mu_i; the step looks ahead with mu_(t+1).
 *   (D3) RAdam: v averages about rho_t = rho - 2 t beta2^t / c2 gradients, rho = 2 / (1 -
 *        beta2) - 1. For rho_t > 5 the adaptive rate has a variance, which the factor r =
 *        sqrt(((rho_t - 4)(rho_t - 2) rho) / ((rho - 4)(rho - 2) rho_t)) makes constant;
 *        before, the step is lr m / c1.
 *   (D4) Adagrad: lr / (1 + (t - 1) lr_decay). Averaged descent: the step eta_t = lr / (1 +
 *        lambda lr t)^alpha, a pull 1 - lambda eta towards 0, and an average that takes
 *        1 / max(1, t - t0) of each new point.
 * References: Kingma, Ba (2015), section 3; Dozat (2016), algorithm 2; Liu et al. (2020),
 *   algorithm 2; Bottou (2010), section 5.2.
 * The code differs: products and step sizes that outlive the step are kept in float32 cells. */
#include "minigrad/calculus.h"

#include <math.h>
#include <stdbool.h>

#include "calculus/chunks.h"
#include "core/arena.h"
#include "core/dispatch.h"
#include "core/pool.h"

enum { MAX_CELLS = 3, MAX_STATES = 3 };

/* A group's hyperparameters, under the names of the public functions. */
typedef struct {
    double lr, beta1, beta2, eps, weight_decay, momentum, dampening, momentum_decay, alpha, lambd, t0, lr_decay;
    double eta_minus, eta_plus, step_min, step_max;
    unsigned options;
} settings_t;

/* Advances a tensor's cells by one step and says what its kernel needs. */
typedef void (*schedule_t)(const settings_t *settings, float *const *cells, mg_update_t *update);

/* The step's number t, counted from 1. */
static double next_step(float *const *cells)
{
    *cells[0] += 1;
    return (double)*cells[0];
}

/* What all updates share: the sign, and on which side the decay stands. */
static mg_update_t common(const settings_t *s)
{
    bool decoupled = (s->options & MG_STEP_DECOUPLED) != 0;
    return (mg_update_t){.sign = (s->options & MG_STEP_MAXIMIZE) != 0 ? -1 : 1,
                         .decay = decoupled ? 0 : s->weight_decay,
                         .shrink = decoupled ? 1 - s->lr * s->weight_decay : 1,
                         .rate = s->lr,
                         .beta1 = s->beta1,
                         .fresh1 = 1 - s->beta1,
                         .beta2 = s->beta2,
                         .fresh2 = 1 - s->beta2,
                         .scale = 1,
                         .eps = s->eps};
}

static void sgd_schedule(const settings_t *s, float *const *cells, mg_update_t *u)
{
    *u = common(s);
    bool first = next_step(cells) == 1;
    u->beta1 = first ? 0 : s->momentum;
    u->fresh1 = first ? 1 : 1 - s->dampening;
    u->scale = s->momentum;
    u->nesterov = (s->options & MG_STEP_NESTEROV) != 0;
}

static void adam_schedule(const settings_t *s, float *const *cells, mg_update_t *u)
{
    double t = next_step(cells);
    *u = common(s);
    u->rate = s->lr / (1 - pow(s->beta1, t));  /* (D1) */
    u->scale = 1 / sqrt(1 - pow(s->beta2, t)); /* (D1) */
    u->amsgrad = (s->options & MG_STEP_AMSGRAD) != 0;
}

static void nadam_schedule(const settings_t *s, float *const *cells, mg_update_t *u)
{
    double t = next_step(cells);
    double mu = s->beta1 * (1 - 0.5 * pow(0.96, t * s->momentum_decay));            /* (D2) */
    double mu_next = s->beta1 * (1 - 0.5 * pow(0.96, (t + 1) * s->momentum_decay)); /* (D2) */
    *cells[1] *= (float)mu;
    double product = (double)*cells[1];
    *u = common(s);
    u->rate = s->lr * mu_next / (1 - product * mu_next); /* (D2) */
    u->rate_now = s->lr * (1 - mu) / (1 - product);      /* (D2) */
    u->scale = 1 / sqrt(1 - pow(s->beta2, t));           /* (D1) */
    u->nadam = true;
}

static void radam_schedule(const settings_t *s, float *const *cells, mg_update_t *u)
{
    double t = next_step(cells), power = pow(s->beta2, t), c2 = 1 - power;
    double rho = 2 / (1 - s->beta2) - 1, rho_t = rho - 2 * t * power / c2; /* (D3) */
    *u = common(s);
    u->rate = s->lr / (1 - pow(s->beta1, t)); /* (D1) */
    u->unrectified = !(rho_t > 5);
    if (u->unrectified) return;
    double r = sqrt((rho_t - 4) * (rho_t - 2) * rho / ((rho - 4) * (rho - 2) * rho_t)); /* (D3) */
    u->rate *= r * sqrt(c2);                                                            /* (D3) */
}

static void adamax_schedule(const settings_t *s, float *const *cells, mg_update_t *u)
{
    double t = next_step(cells);
    *u = common(s);
    u->rate = s->lr / (1 - pow(s->beta1, t)); /* (D1) */
}

static void rmsprop_schedule(const settings_t *s, float *const *cells, mg_update_t *u)
{
    next_step(cells);
    *u = common(s);
    u->beta1 = s->momentum;
}

static void adagrad_schedule(const settings_t *s, float *const *cells, mg_update_t *u)
{
    double t = next_step(cells);
    *u = common(s);
    u->rate = s->lr / (1 + (t - 1) * s->lr_decay); /* (D4) */
}

static void adadelta_schedule(const settings_t *s, float *const *cells, mg_update_t *u)
{
    next_step(cells);
    *u = common(s);
}

static void asgd_schedule(const settings_t *s, float *const *cells, mg_update_t *u)
{
    double t = next_step(cells), eta = (double)*cells[1];
    *u = common(s);
    u->rate = eta;
    u->shrink = 1 - s->lambd * eta; /* (D4) */
    u->fresh1 = (double)*cells[2];
    *cells[1] = (float)(s->lr / pow(1 + s->lambd * s->lr * t, s->alpha)); /* (D4) */
    *cells[2] = (float)(1 / fmax(1, t - s->t0));                          /* (D4) */
}

static void rprop_schedule(const settings_t *s, float *const *cells, mg_update_t *u)
{
    next_step(cells);
    *u = common(s);
    u->beta1 = s->eta_minus;
    u->fresh1 = s->eta_plus;
    u->low = s->step_min;
    u->high = s->step_max;
}

/* Updates of all tensors. Most have done the same number of steps: what the one before
 * got is taken over where its cells were the same. */
static void schedule_all(schedule_t schedule, const settings_t *settings, size_t n_tensors, size_t n_cells,
                         float *const *cells, mg_update_t *updates)
{
    float before[MAX_CELLS] = {0};
    for (size_t t = 0; t < n_tensors; t++) {
        float *const *mine = cells + t * n_cells, *const *last = mine - n_cells;
        bool same = t > 0;
        for (size_t k = 0; same && k < n_cells; k++) same = *mine[k] == before[k];
        for (size_t k = 0; k < n_cells; k++) before[k] = *mine[k];
        if (same) {
            for (size_t k = 0; k < n_cells; k++) *mine[k] = *last[k];
            updates[t] = updates[t - 1];
        } else {
            schedule(settings, mine, &updates[t]);
        }
    }
}

#include "core/real_end.h"
#include "core/real_f32.h"

#include "calculus/optimizer.inc"

#include "core/real_end.h"
#include "core/real_f64.h"

#include "calculus/optimizer.inc"
