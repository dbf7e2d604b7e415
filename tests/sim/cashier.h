/*
 * cashier - takes payments for what is held, and tells the line of them: mostly in time.
 *
 * Stands for the program of that name and its payment gateway. It follows the decisions without any
 * trouble of its own.
 */
#ifndef TESTS_SIM_CASHIER_H
#define TESTS_SIM_CASHIER_H

#include <stdbool.h>

void cashier_begin(void);
/* Every payment that it planned was told. */
bool cashier_is_done(void);

#endif
