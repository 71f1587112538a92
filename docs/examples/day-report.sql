-- A day of each queue, in a zone: ratios from sums, never from other ratios; how much of the day was seen stands beside them.
--   set variable dataset = 'data/mine/parquet'; set variable day = '2026-01-05'; set variable zone = 'Europe/Berlin';
with
  day as (
    select
      getvariable('day')::timestamp at time zone getvariable('zone') as start_at,
      (getvariable('day')::timestamp + interval 1 day) at time zone getvariable('zone') as end_at
  ),
  windows as (
    select
      of_day.*,
      epoch(end_ms - start_ms) / epoch(end_at - start_at) as share,
      size = 'P1D' and start_ms = start_at and end_ms = end_at as is_day
    from read_parquet(getvariable('dataset') || '/queue-window/*/*.parquet', hive_partitioning = true) as of_day, day
    -- A window comes after its end, and its revisions later still.
    where dt >= getvariable('day')::date - 1 and size in ('PT30M', 'P1D') and start_ms >= start_at and end_ms <= end_at
    qualify row_number() over (partition by record_key order by revision desc, record_offset desc) = 1
  ),
  half_hours as (from windows where size = 'PT30M'),
  -- A half hour in which nothing happened may have been read, and have no row: the day's own window counts it. There is one
  -- where the zone is that of the queue; elsewhere it can be more than totals_seen says.
  days as (select queue_id, media_type, totals_coverage from windows where is_day),
  profiles as (
    select queue_id, arg_max(name, revision) as name
    from read_parquet(getvariable('dataset') || '/queue-profile/*/*.parquet')
    group by queue_id
  ),
  outcomes as (
    select
      queue_id,
      media_type,
      avg((wait_seconds <= wait_seconds_p80)::int) filter (outcome = 'answered' and wait_seconds_p80 is not null) as within_p80
    from read_parquet(getvariable('dataset') || '/wait-outcome/*/*.parquet'), day
    where enqueued_at_ms >= start_at and enqueued_at_ms < end_at
    group by queue_id, media_type
  )
select
  coalesce(profiles.name, half_hours.queue_id) as queue,
  half_hours.media_type,
  sum(offered)::bigint as offered,
  sum(answered)::bigint as answered,
  sum(abandoned)::bigint as abandoned,
  round(sum(service_level_met) / nullif(sum(service_level_of), 0), 3) as service_level,
  round(sum(answer_ms) / nullif(sum(answered), 0) / 1000, 1) as answer_seconds_mean,
  round(sum(handle_ms) / nullif(sum(handled), 0) / 1000, 1) as handle_seconds_mean,
  round(max(wait_ms_max) / 1000, 1) as wait_seconds_max,
  round(any_value(outcomes.within_p80), 3) as within_p80,
  round(sum(coverage * share), 3) as seen,
  round(coalesce(any_value(days.totals_coverage), sum(half_hours.totals_coverage * share)), 3) as totals_seen
from half_hours
left join days on half_hours.queue_id = days.queue_id and half_hours.media_type = days.media_type
left join profiles on half_hours.queue_id = profiles.queue_id
left join outcomes on half_hours.queue_id = outcomes.queue_id and half_hours.media_type = outcomes.media_type
group by all
order by queue, half_hours.media_type;
