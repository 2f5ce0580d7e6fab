SELECT 'it''s; fine', "na;me", [br;acket], `tick;` -- comment ; here
; /* block ; comment */ SELECT x'00ff', 1e-3, ?1, :name, @v, $d;
explain query plan select 1;