SELECT 1 \g
\echo hello
