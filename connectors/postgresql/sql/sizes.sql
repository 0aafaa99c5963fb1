SELECT datname, pg_database_size(oid)::float8
FROM pg_database
WHERE datallowconn AND has_database_privilege(oid, 'CONNECT')
ORDER BY oid
LIMIT $1
