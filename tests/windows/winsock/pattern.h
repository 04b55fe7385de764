#ifndef ECHOSOUNDER_PATTERN_H
#define ECHOSOUNDER_PATTERN_H

/* Differs from place to place, so that nothing lost or swapped goes unseen. */
static char pattern(unsigned long long place)
{
    return (char)(place * 31 + (place >> 8) * 17 + (place >> 16) * 7);
}

#endif
