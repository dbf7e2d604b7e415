# Opening and closing are log time, to the millisecond; a definition can change until then.

@1 campaign units=1 opens=10 closes=20 -> accepted | 1 left
@2 campaign units=2 opens=10 closes=20 -> accepted | 2 left
@3 start -> refused | 2 left
@9.999 book anna -> not_open | 2 left
@10 book anna -> booked #1 | 1 left 1 sold
# Log time never goes backwards.
@5 book bert -> booked #2 | 0 left 2 sold
campaign units=9 -> refused | 0 left 2 sold
@11 pause -> accepted | 0 left 2 sold
@12 book carl -> paused | 0 left 2 sold
@13 pause -> refused | 0 left 2 sold
@14 resume -> accepted | 0 left 2 sold
@15 resume -> refused | 0 left 2 sold
@20 book carl -> closed | 0 left 2 sold
@21 resume -> refused | 0 left 2 sold
