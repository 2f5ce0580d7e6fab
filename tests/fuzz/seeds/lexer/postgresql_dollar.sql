CREATE FUNCTION f(a int) RETURNS int LANGUAGE plpgsql AS $fn$ BEGIN PERFORM 'x;y'; RETURN $1; END; $fn$;
DO $$ BEGIN RAISE NOTICE 'a;b'; END $$;
SELECT $1, E'a\'b;c', U&'\0041', B'101', 'a'
'b;';
