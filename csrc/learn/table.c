#include "learn/table.h"

bool mg_table_valid(const mg_table_t *table)
{
    if (table->start[0] != 0) return false;
    for (size_t r = 0; r < table->n_rows; r++)
        if (table->start[r + 1] < table->start[r]) return false;
    for (int64_t e = 0; e < table->start[table->n_rows]; e++)
        if (table->index[e] < 0 || (size_t)table->index[e] >= table->n_columns) return false;
    return true;
}

bool mg_table_pair_valid(const mg_table_t *by_user, const mg_table_t *by_item)
{
    return by_user->n_rows == by_item->n_columns && by_user->n_columns == by_item->n_rows && mg_table_valid(by_user) &&
           mg_table_valid(by_item) && by_user->start[by_user->n_rows] == by_item->start[by_item->n_rows];
}
