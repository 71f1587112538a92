-- Half hours with the name that the queue had when they began, or the first that is known of it. Null is not known, never 0.
--   set variable dataset = 'data/mine/parquet';
with
  windows as (
    select *
    from read_parquet(getvariable('dataset') || '/queue-window/*/*.parquet')
    where size = 'PT30M'
    qualify row_number() over (partition by record_key order by revision desc, record_offset desc) = 1
  ),
  profiles as (
    select *
    from read_parquet(getvariable('dataset') || '/queue-profile/*/*.parquet')
    qualify row_number() over (partition by queue_id, valid_from_ms order by revision desc, record_offset desc) = 1
  ),
  first_names as (select queue_id, arg_min(name, valid_from_ms) as name from profiles group by queue_id)
select
  coalesce(profiles.name, first_names.name) as queue,
  windows.media_type,
  windows.start_ms,
  windows.coverage,
  windows.interpolated,
  windows.waiting_mean,
  windows.waiting_max,
  windows.totals_coverage,
  windows.offered,
  windows.answered,
  windows.abandoned,
  windows.service_level
from windows
asof left join profiles on windows.queue_id = profiles.queue_id and windows.start_ms >= profiles.valid_from_ms
left join first_names on windows.queue_id = first_names.queue_id
order by queue, windows.media_type, windows.start_ms;
