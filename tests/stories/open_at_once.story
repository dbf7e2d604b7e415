# An opening in the past opens with the definition itself.

@5 campaign units=1 opens=1 -> accepted | 1 left
campaign units=2 -> refused | 1 left
book anna -> booked #1 | 0 left 1 sold
