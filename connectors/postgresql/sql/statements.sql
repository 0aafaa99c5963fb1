WITH known AS MATERIALIZED (
    SELECT queryid, sum(calls)::float8 AS calls, sum({{total}})::float8 AS total, sum(rows)::float8 AS rows, max(left(query, 2000)) AS query, count(*) OVER () AS known
    FROM {{schema}}.pg_stat_statements
    WHERE queryid IS NOT NULL
    GROUP BY queryid
)
(SELECT * FROM known ORDER BY total DESC LIMIT $1)
UNION
(SELECT * FROM known ORDER BY total / greatest(calls, 1) DESC LIMIT $1)
