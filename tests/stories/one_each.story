# Three units, one each: the order of the line is the order of the bookings.

book early -> not_open | 0 left
campaign units=3 -> accepted | 3 left
book early -> not_open | 3 left
start -> accepted | 3 left
start -> refused | 3 left

# A batch is decided from its first entry to its last.
@1 book anna, bert, anna -> booked #1, booked #2, already_booked #1 | 1 left 2 sold
@2 book carl x2 -> bad_units | 1 left 2 sold
@2 book carl x0 -> bad_units | 1 left 2 sold
@3 book carl key=c -> booked #3 | 0 left 3 sold
@4 book dora -> sold_out | 0 left 3 sold

# The same wish again gets the same answer; a new wish of the same person does not.
@5 book carl key=c -> booked #3 again | 0 left 3 sold
@6 book carl -> already_booked #3 | 0 left 3 sold

# Nothing that was decided can be defined away, and a closed line still knows its bookings.
campaign units=100 -> refused | 0 left 3 sold
garbage -> unreadable | 0 left 3 sold
cancel anna #1 -> not_cancellable | 0 left 3 sold
pay #1 p 100 -> payment_mismatch #1 | 0 left 3 sold
close -> accepted | 0 left 3 sold
book carl key=c, dora -> booked #3 again, closed | 0 left 3 sold
close -> refused | 0 left 3 sold
