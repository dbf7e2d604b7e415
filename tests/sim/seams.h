/*
 * seams - where the programs' modules touch the simulated world instead of the machine.
 */
#ifndef TESTS_SIM_SEAMS_H
#define TESTS_SIM_SEAMS_H

/* Once in the process, before anything asks for random bytes. */
void seams_init(void);
/* At the beginning of each run: all that is random comes from its seed. */
void seams_begin(void);
void errands_begin(void); /* errand.c */

#endif
