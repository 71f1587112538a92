-- What callers were told against how long they waited, by queue: P80 is right when about 0.8 of the waits lie within it.
--   set variable dataset = 'data/mine/parquet';
with
  profiles as (
    select queue_id, arg_max(name, revision) as name, arg_max(voice_service_level_ms, revision) as service_level_ms
    from read_parquet(getvariable('dataset') || '/queue-profile/*/*.parquet')
    group by queue_id
  )
select
  coalesce(profiles.name, outcomes.queue_id) as queue,
  outcomes.media_type,
  count(*) as waits,
  count(*) filter (outcome = 'abandoned') as abandoned,
  round(quantile_cont(wait_seconds, 0.5), 1) as wait_seconds_p50,
  round(quantile_cont(wait_seconds, 0.8), 1) as wait_seconds_p80,
  -- Those who gave up would have waited longer: only who was answered tells.
  count(*) filter (outcome = 'answered' and wait_seconds_p80 is not null) as told,
  round(avg((wait_seconds <= wait_seconds_p50)::int) filter (outcome = 'answered' and wait_seconds_p50 is not null), 3) as within_p50,
  round(avg((wait_seconds <= wait_seconds_p80)::int) filter (outcome = 'answered' and wait_seconds_p80 is not null), 3) as within_p80,
  round(avg((outcome = 'answered' and wait_seconds * 1000 <= service_level_ms)::int), 3) as in_time
from read_parquet(getvariable('dataset') || '/wait-outcome/*/*.parquet') as outcomes
left join profiles using (queue_id)
group by all
order by queue, outcomes.media_type;
