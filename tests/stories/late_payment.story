# Late payments: booked after all if a unit is left and the limit allows it, else refunded for good.

campaign units=2 price=100 hold=10 -> accepted | 2 left
start -> accepted | 2 left
@0 book anna, bert -> held #1 until @10, held #2 until @10 | 0 left 2 held
@10 tick -> accepted | 2 left ; released #1, released #2
@11 pay #1 p1 100 -> paid #1 | 1 left 1 sold
@12 book anna -> already_booked #1 | 1 left 1 sold

# Bert has booked anew before his first payment arrives: he may have one only.
@13 book bert -> held #3 until @23 | 0 left 1 held 1 sold
@14 pay #2 p2 100 -> refund_due #2 | 0 left 1 held 1 sold
@15 pay #3 p3 100 -> paid #3 | 0 left 2 sold
# A refund that was promised stays promised.
@16 pay #2 p2 100 -> refund_due #2 | 0 left 2 sold
@17 pay #9 p9 100 -> not_found #9 | 0 left 2 sold
