# A waiting list: strictly in order, also when the head wants more than there is.

campaign units=3 each=2 waiting=2 cancellable -> accepted | 3 left
start -> accepted | 3 left
book anna x2, bert -> booked #1, booked #2 | 0 left 3 sold
book carl x2 key=c -> waitlisted #3 rank 1 | 0 left 3 sold 1 waiting
book dora -> waitlisted #4 rank 2 | 0 left 3 sold 2 waiting
book emil -> sold_out | 0 left 3 sold 2 waiting

# One unit comes back: not enough for the head, so nobody gets it, neither behind nor new.
cancel bert #2 -> cancelled #2 | 1 left 2 sold 2 waiting
book emil -> sold_out | 1 left 2 sold 2 waiting
cancel bert #2 -> cancelled #2 again | 1 left 2 sold 2 waiting
cancel bert #1 -> not_found | 1 left 2 sold 2 waiting

# The head gets its two; the next one is served from what is left.
cancel anna #1 -> cancelled #1 | 0 left 3 sold ; promoted #3, promoted #4
book carl x2 key=c -> waitlisted #3 rank 1 again | 0 left 3 sold

# A waiting place can be given up; whoever stands behind moves up.
book fred, gina -> waitlisted #5 rank 1, waitlisted #6 rank 2 | 0 left 3 sold 2 waiting
cancel fred #5, dora #4 -> cancelled #5, cancelled #4 | 0 left 3 sold ; promoted #6
cancel nobody #6, gina #77 -> not_found, not_found | 0 left 3 sold

# Who cancelled may book again.
book bert -> waitlisted #7 rank 1 | 0 left 3 sold 1 waiting
pause -> accepted | 0 left 3 sold 1 waiting
cancel gina #6 -> cancelled #6 | 1 left 2 sold 1 waiting
resume -> accepted | 0 left 3 sold ; promoted #7
