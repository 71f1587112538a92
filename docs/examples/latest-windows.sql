-- The last word on every window: each revision is a row, and the highest of a key holds.
--   set variable dataset = 'data/mine/parquet';
select *
from read_parquet(getvariable('dataset') || '/queue-window/*/*.parquet')
qualify row_number() over (partition by record_key order by revision desc, record_offset desc) = 1
order by start_ms, record_key;
