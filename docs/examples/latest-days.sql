-- Days as they were told last: who asks again for days that a folder of `queuecast history --out` holds adds rows of the same keys, and
-- the highest revision of a key holds. One that two answers have in common may be there twice, to the word.
--   set variable dataset = 'history';
select *
from read_parquet(getvariable('dataset') || '/queue-summary/*/*.parquet')
qualify row_number() over (partition by record_key order by revision desc) = 1
order by date, queue_name, media_type;
