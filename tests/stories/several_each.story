# Ten units, up to four each, all or nothing.

campaign units=10 each=4 -> accepted | 10 left
start -> accepted | 10 left
book anna x3 -> booked #1 | 7 left 3 sold
book anna x2 -> over_limit #1 | 7 left 3 sold
book anna x1 -> booked #2 | 6 left 4 sold
book anna x1 -> already_booked #1 | 6 left 4 sold
book bert x5 -> bad_units | 6 left 4 sold
book bert x4, carl x4, dora x2 -> booked #3, sold_out, booked #4 | 0 left 10 sold
