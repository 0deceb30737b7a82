#include "learn/table.h"

static bool ascends(const mg_table_t *table)
{
    if (table->start[0] != 0) return false;
    for (size_t r = 0; r < table->n_rows; r++)
        if (table->start[r + 1] < table->start[r]) return false;
    return true;
}

static bool columns_valid(const mg_table_t *table, int64_t first, int64_t last)
{
    for (int64_t e = first; e < last; e++)
        if (table->index[e] < 0 || (size_t)table->index[e] >= table->n_columns) return false;
    return true;
}

bool mg_table_valid(const mg_table_t *table)
{
    return ascends(table) && columns_valid(table, 0, table->start[table->n_rows]);
}

bool mg_table_rows_valid(const mg_table_t *table, size_t n, const int64_t *rows)
{
    if (!ascends(table)) return false;
    for (size_t k = 0; k < n; k++)
        if (rows[k] < 0 || (size_t)rows[k] >= table->n_rows ||
            !columns_valid(table, table->start[rows[k]], table->start[rows[k] + 1]))
            return false;
    return true;
}

bool mg_table_pair_valid(const mg_table_t *by_user, const mg_table_t *by_item)
{
    return by_user->n_rows == by_item->n_columns && by_user->n_columns == by_item->n_rows && mg_table_valid(by_user) &&
           mg_table_valid(by_item) && by_user->start[by_user->n_rows] == by_item->start[by_item->n_rows];
}
