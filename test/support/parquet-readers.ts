import { expect } from 'vitest';
import { plainValues } from './sample-rows.ts';

// What four programs say of a dataset's folders, in a common form: each is asked once, for Spark takes long to start.

/** For readers that have SQL; `windows` is a folder of `queue-window`. */
const totals = `
select dt, size, count(*) as windows, count(offered) as known, sum(offered) as offered, sum(wait_ms) as wait_ms,
  sum(observations) as observations, sum(coverage) as coverage, max(waiting_mean) as waiting_mean,
  sum(case when interpolated then 1 else 0 end) as interpolated, min(start_ms) as start_ms, max(end_ms) as end_ms
from windows group by dt, size order by dt, size`;

/**
 * Prints `totals` of the folder of `queue-window`, the first argument, and of each other folder the `types` by column and the `rows`
 * in the order of offsets.
 */
const script = (reader: string) => `
${plainValues}
query = """${totals}"""
${reader}
def fit(rows): return [{name: plain(value) for name, value in row.items()} for row in rows]
def read(folder):
    types, rows = everything(folder)
    return {'types': types, 'rows': fit(rows)}
print(json.dumps({'totals': fit(totals(sys.argv[1])), 'folders': [read(folder) for folder in sys.argv[2:]]}))`;

const pyarrow = script(`
import pyarrow, pyarrow.compute, pyarrow.dataset
def everything(folder):
    table = pyarrow.dataset.dataset(folder, format='parquet', partitioning='hive').to_table().sort_by('record_offset')
    return {field.name: str(field.type) for field in table.schema}, table.to_pylist()
def totals(folder):
    dates = pyarrow.dataset.partitioning(pyarrow.schema([('dt', pyarrow.date32())]), flavor='hive')
    table = pyarrow.dataset.dataset(folder, format='parquet', partitioning=dates).to_table()
    for name, kind in (('size', pyarrow.string()), ('interpolated', pyarrow.int64())):
        table = table.set_column(table.schema.get_field_index(name), name, table[name].cast(kind))
    every = pyarrow.compute.CountOptions(mode='all')
    asked = [('windows', 'record_offset', 'count', every), ('known', 'offered', 'count', None)]
    asked += [(name, name, 'sum', None) for name in ('offered', 'wait_ms', 'observations', 'coverage', 'interpolated')]
    asked += [('waiting_mean', 'waiting_mean', 'max', None), ('start_ms', 'start_ms', 'min', None), ('end_ms', 'end_ms', 'max', None)]
    found = table.group_by(['dt', 'size'], use_threads=False).aggregate([rest for _, *rest in asked])
    found = found.rename_columns({f'{column}_{how}': name for name, column, how, _ in asked})
    return found.sort_by([('dt', 'ascending'), ('size', 'ascending')]).to_pylist()`);

const duckdb = script(`
import duckdb
connection = duckdb.connect()
connection.execute("set timezone = 'America/New_York'")
def rows(found):
    names = [column[0] for column in found.description]
    return [dict(zip(names, row)) for row in found.fetchall()]
def view(folder):
    connection.execute(f"create or replace view windows as from read_parquet('{folder}/*/*.parquet', hive_partitioning = true)")
def everything(folder):
    view(folder)
    types = {row[0]: row[1] for row in connection.execute('describe windows').fetchall()}
    return types, rows(connection.execute('from windows order by record_offset'))
def totals(folder):
    view(folder)
    return rows(connection.execute(query))`);

const polars = script(`
import polars
def everything(folder):
    found = polars.scan_parquet(folder, hive_partitioning=True).sort('record_offset').collect()
    return {name: str(kind) for name, kind in found.schema.items()}, found.to_dicts()
def totals(folder):
    return polars.SQLContext(windows=polars.scan_parquet(folder, hive_partitioning=True)).execute(query, eager=True).to_dicts()`);

const spark = script(`
import atexit, os, shutil, tempfile
if shutil.which('java') is None and 'JAVA_HOME' not in os.environ:
    sys.exit('Spark needs Java 17 or newer: install it, with java on the PATH or JAVA_HOME set.')
os.environ['SPARK_LOCAL_IP'] = '127.0.0.1'
# So short a life does not repay the second compiler: with the first one alone it takes half of the time.
os.environ['JDK_JAVA_OPTIONS'] = '-XX:TieredStopAtLevel=1 -XX:+UseSerialGC'
from pyspark.sql import SparkSession, functions, types
own = tempfile.mkdtemp()
atexit.register(shutil.rmtree, own, ignore_errors=True)
settings = {
    'spark.driver.host': '127.0.0.1', 'spark.driver.memory': '512m', 'spark.ui.enabled': 'false', 'spark.log.level': 'ERROR',
    'spark.local.dir': own, 'spark.sql.warehouse.dir': own, 'spark.sql.session.timeZone': 'UTC', 'spark.sql.shuffle.partitions': '1',
}
session = SparkSession.builder.master('local[1]').config(map=settings).getOrCreate()
atexit.register(session.stop)
def rows(frame):
    # What Python gets for a timestamp has no zone any more.
    def column(field):
        return functions.unix_micros(field.name).alias(field.name) if isinstance(field.dataType, types.TimestampType) else field.name
    return [row.asDict() for row in frame.select([column(field) for field in frame.schema]).collect()]
def everything(folder):
    frame = session.read.parquet(folder)
    return dict(frame.dtypes), rows(frame.orderBy('record_offset'))
def totals(folder):
    session.read.parquet(folder).createOrReplaceTempView('windows')
    return rows(session.sql(query))`);

/** How a reader names each kind of column. */
export type KindNames = Readonly<
  Record<'text' | 'texts' | 'timestamp' | 'date' | 'integer' | 'number' | 'boolean', unknown>
>;

export interface ParquetReader {
  readonly script: string;
  /** Its own Python's packages. Default the common ones. */
  readonly pins?: readonly string[];
  readonly kinds: KindNames;
  /** What it takes the folders `dt=2026-01-05` for. */
  readonly partition: string;
}

export const parquetReaders: Readonly<Record<string, ParquetReader>> = {
  pyarrow: {
    script: pyarrow,
    kinds: {
      text: 'dictionary<values=string, indices=int32, ordered=0>',
      texts: expect.stringMatching(/^list<item: string/),
      timestamp: 'timestamp[us, tz=UTC]',
      date: 'date32[day]',
      integer: 'int64',
      number: 'double',
      boolean: 'bool',
    },
    partition: 'string',
  },
  DuckDB: {
    script: duckdb,
    kinds: {
      text: 'VARCHAR',
      texts: 'VARCHAR[]',
      timestamp: 'TIMESTAMP WITH TIME ZONE',
      date: 'DATE',
      integer: 'BIGINT',
      number: 'DOUBLE',
      boolean: 'BOOLEAN',
    },
    partition: 'DATE',
  },
  polars: {
    script: polars,
    pins: ['polars==2.1.0'],
    kinds: {
      text: 'Categorical',
      texts: 'List(String)',
      timestamp: "Datetime(time_unit='us', time_zone='UTC')",
      date: 'Date',
      integer: 'Int64',
      number: 'Float64',
      boolean: 'Boolean',
    },
    partition: 'Date',
  },
  Spark: {
    script: spark,
    pins: ['pyspark==4.3.0'],
    kinds: {
      text: 'string',
      texts: 'array<string>',
      timestamp: 'timestamp',
      date: 'date',
      integer: 'bigint',
      number: 'double',
      boolean: 'boolean',
    },
    partition: 'date',
  },
};
