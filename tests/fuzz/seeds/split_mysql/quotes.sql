SELECT 'a\';b', "c;\"d", `e;f`, N'x', _utf8mb4'y', x'00', 0xff, b'01' # hash ; comment
; -- dash ; comment
SELECT 5--1;
--not a comment
