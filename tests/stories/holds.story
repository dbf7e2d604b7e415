# A paid campaign: holds are paid, or expire in the order in which they began.

campaign units=2 price=100 hold=60 waiting=2 -> accepted | 2 left
start -> accepted | 2 left
@0 book anna key=a -> held #1 until @60 | 1 left 1 held
@10 book bert -> held #2 until @70 | 0 left 2 held
@20 book carl -> waitlisted #3 rank 1 | 0 left 2 held 1 waiting
@21 book dora -> waitlisted #4 rank 2 | 0 left 2 held 2 waiting
@22 book anna key=a -> held #1 until @60 again | 0 left 2 held 2 waiting

# A wrong amount is no payment; a failed attempt leaves the hold; a captured one books.
@30 pay #1 p1 99 -> payment_mismatch #1 | 0 left 2 held 2 waiting
@31 fail #1 p0 -> payment_noted #1 | 0 left 2 held 2 waiting
@32 pay #1 p1 100 -> paid #1 | 0 left 1 held 1 sold 2 waiting
@33 pay #1 p1 100 -> paid #1 again | 0 left 1 held 1 sold 2 waiting
@34 pay #1 p2 100 -> refund_due #1 | 0 left 1 held 1 sold 2 waiting

# Bert's hold expires; carl gets one of his own, and dora moves up.
@69.999 tick -> accepted | 0 left 1 held 1 sold 2 waiting
@70 tick -> accepted | 0 left 1 held 1 sold 1 waiting ; released #2, promoted to a hold #3
# Bert's money comes too late: dora waits, so it goes back.
@80 pay #2 p3 100 -> refund_due #2 | 0 left 1 held 1 sold 1 waiting
@81 pay #3 p4 100 -> paid #3 | 0 left 2 sold 1 waiting
