-- What siyu needs in a PostgreSQL database, made by `siyu postgres install`.
--
-- Every statement may run any number of times; install.py runs them all in one transaction, as an administrator.
-- Roles belong to the whole cluster, everything else to one database.
-- Whatever others own (their schemas, views, grants) is left alone.

-- ---------------------------------------------------------------------------------------------------------------
-- Roles
-- ---------------------------------------------------------------------------------------------------------------

do $install$
declare
    role_name text;
begin
    foreach role_name in array array['marts_owner', 'publisher', 'bi_reader'] loop
        if not exists (select from pg_catalog.pg_roles where rolname = role_name) then
            execute format('create role %I', role_name);
        end if;
        -- somebody else's role of this name must not become a reader with the rights of an administrator
        if exists (
            select from pg_catalog.pg_roles
            where rolname = role_name
                and (rolsuper or rolcreaterole or rolcreatedb or rolreplication or rolbypassrls)
        ) then
            raise exception 'role % exists with rights that siyu does not give it', role_name
                using errcode = 'duplicate_object',
                hint = 'take SUPERUSER, CREATEROLE, CREATEDB, REPLICATION and BYPASSRLS from it, or rename it';
        end if;
    end loop;

    -- an administrator without superuser rights acts as the owner below
    if not (select rolsuper from pg_catalog.pg_roles where rolname = current_user) then
        execute format('grant marts_owner to %I', current_user);
    end if;
end
$install$;

alter role marts_owner nologin;
alter role publisher login;
alter role bi_reader login;
alter role bi_reader set default_transaction_read_only = 'on';
alter role bi_reader set statement_timeout = '5min';

-- ---------------------------------------------------------------------------------------------------------------
-- Schemas
-- ---------------------------------------------------------------------------------------------------------------

do $install$
declare
    schema_name text;
begin
    foreach schema_name in array array['marts', 'restricted', 'marts_candidate', 'publishing'] loop
        if to_regnamespace(schema_name) is null then
            execute format('create schema %I authorization marts_owner', schema_name);
        end if;
        if exists (
            select from pg_catalog.pg_namespace
            where nspname = schema_name and nspowner <> 'marts_owner'::regrole
        ) then
            raise exception 'schema % exists and belongs to another role', schema_name
                using errcode = 'duplicate_schema',
                hint = 'use a database of its own for the marts, or rename the schema';
        end if;
    end loop;
end
$install$;

-- PUBLIC is everybody: what it may do, no role can be denied
do $install$
declare
    routine regprocedure;
begin
    execute format('grant connect on database %I to publisher, bi_reader', current_database());
    if has_database_privilege('public', current_database(), 'CREATE, TEMPORARY') then
        execute format('revoke create, temporary on database %I from public', current_database());
    end if;
    if to_regnamespace('public') is not null and has_schema_privilege('public', 'public', 'CREATE') then
        revoke create on schema public from public;
    end if;

    if (select rolsuper from pg_catalog.pg_roles where rolname = current_user) then
        for routine in
            select oid from pg_catalog.pg_proc
            where pronamespace = 'pg_catalog'::regnamespace
                and (proname in ('lo_creat', 'lo_create', 'lo_from_bytea') or proname ~ '^pg_(try_)?advisory_')
        loop
            -- large objects fill the disk, and whoever takes the publisher's advisory lock holds back a publication
            execute format('revoke execute on function %s from public', routine);
            if routine::text ~ 'advisory' then
                execute format('grant execute on function %s to publisher', routine);
            end if;
        end loop;
    end if;
end
$install$;

set local role marts_owner;

comment on schema marts is 'What BI reads. 供 BI 读取的数据集市。';
comment on schema restricted is 'Published, for named people only. 限定人员可读的发布数据。';
comment on schema marts_candidate is 'The next publication while it is loaded and checked. 待发布数据。';

grant usage on schema marts to publisher, bi_reader;
grant usage on schema restricted, marts_candidate, publishing to publisher;

-- tables to come
alter default privileges in schema marts grant select, insert, update, delete on tables to publisher;
alter default privileges in schema marts grant select on tables to bi_reader;
alter default privileges in schema restricted grant select, insert, update, delete on tables to publisher;
alter default privileges in schema marts_candidate
    grant select, insert, update, delete, truncate on tables to publisher;

-- so that the publisher can free what an erasure deleted; before PostgreSQL 17 autovacuum does
do $install$
begin
    if current_setting('server_version_num')::int >= 170000 then
        alter default privileges in schema marts grant maintain on tables to publisher;
        alter default privileges in schema restricted grant maintain on tables to publisher;
        alter default privileges in schema marts_candidate grant maintain on tables to publisher;
    end if;
end
$install$;

-- ---------------------------------------------------------------------------------------------------------------
-- The log of publications: rows are added, never changed
-- ---------------------------------------------------------------------------------------------------------------

create table if not exists marts.publish_log (
    publication_id bigint primary key,
    run_id text not null,
    as_of_date date not null,
    published_at timestamp not null,
    restores bigint
);
comment on table marts.publish_log is 'One row per publication. 每次发布一行。';
comment on column marts.publish_log.publication_id is
    'Number of the publication; the greatest is what these marts show. 发布编号，最大者即当前内容。';
comment on column marts.publish_log.run_id is 'Run that built it. 生成该版本的运行。';
comment on column marts.publish_log.as_of_date is
    'Last complete business day, inclusive. 数据截止的业务日（含当日）。';
comment on column marts.publish_log.published_at is 'When it was published (UTC). 发布时间（UTC）。';
comment on column marts.publish_log.restores is
    'Publication that a rollback brought back; empty otherwise. 回滚所恢复的发布编号，非回滚为空。';

-- tables that are there already, should a grant have been lost
do $install$
declare
    name regclass;
begin
    for name in
        select oid from pg_catalog.pg_class
        where relkind = 'r' and relowner = 'marts_owner'::regrole
            and relnamespace in ('marts'::regnamespace, 'restricted'::regnamespace, 'marts_candidate'::regnamespace)
    loop
        execute format('grant select, insert, update, delete on %s to publisher', name);
        if current_setting('server_version_num')::int >= 170000 then
            execute format('grant maintain on %s to publisher', name);
        end if;
        case (select relnamespace::regnamespace::text from pg_catalog.pg_class where oid = name)
            when 'marts' then execute format('grant select on %s to bi_reader', name);
            when 'marts_candidate' then execute format('grant truncate on %s to publisher', name);
            else null;
        end case;
    end loop;
end
$install$;

revoke update, delete on marts.publish_log from publisher;

-- ---------------------------------------------------------------------------------------------------------------
-- Functions: the only way in which the publisher changes the shape of a table
-- ---------------------------------------------------------------------------------------------------------------

-- PostgreSQL's type of a column whose type in the manifest is DuckDB's, as format_type spells it; null when there is none.
create or replace function publishing.type_of(duckdb_type text) returns text
language sql immutable
set search_path = pg_catalog, pg_temp
return case
    when duckdb_type = 'VARCHAR' then 'text'
    when duckdb_type = 'VARCHAR[]' then 'text[]'
    when duckdb_type = 'BOOLEAN' then 'boolean'
    when duckdb_type in ('TINYINT', 'SMALLINT') then 'smallint'
    when duckdb_type = 'INTEGER' then 'integer'
    when duckdb_type = 'BIGINT' then 'bigint'
    when duckdb_type ~ '^DECIMAL\([0-9]{1,2},[0-9]{1,2}\)$' then 'numeric' || substr(duckdb_type, 8)
    when duckdb_type in ('FLOAT', 'DOUBLE') then 'double precision'
    when duckdb_type = 'DATE' then 'date'
    when duckdb_type = 'TIMESTAMP' then 'timestamp without time zone'
    when duckdb_type = 'TIMESTAMP WITH TIME ZONE' then 'timestamp with time zone'
end;

-- Make marts.<table_name>, or restricted.<table_name>, and its unlogged twin marts_candidate.<table_name> fit a table
-- of a manifest.
--
-- columns: the manifest's schema, [{"name": …, "type": <DuckDB's>, "description": …}, …], in order.
-- Missing tables and columns are made, differing comments set. Nothing is dropped, renamed or retyped: a type or a
-- primary key that has changed is refused, and nothing has changed then. Columns that `columns` no longer names stay.
-- Returns whether anything was changed. Waits at most two seconds for a reader that is in the way: others queue
-- behind the waiting lock (SQLSTATE 55P03; try again).
drop function if exists publishing.ensure_table(text, jsonb, text[], text);  -- as it was before `restricted`
create or replace function publishing.ensure_table(
    table_name text, columns jsonb, primary_key text[], description text, published_in text default 'marts'
) returns boolean
language plpgsql security definer
set search_path = pg_catalog, pg_temp
set lock_timeout = '2s'
as $function$
declare
    wanted record;
    found_type text;
    found_key text[];
    schema_name text;
    target regclass;
    changed boolean := false;
begin
    if published_in not in ('marts', 'restricted') then
        raise exception 'nothing is published in schema %', quote_ident(published_in) using errcode = 'invalid_name';
    end if;
    if table_name !~ '^[a-z_][a-z0-9_]{0,62}$' or table_name = 'publish_log' then
        raise exception 'no mart may be called %', quote_ident(table_name) using errcode = 'invalid_name';
    end if;
    for wanted in
        select c.name, c.type, publishing.type_of(c.type) as pg_type
        from jsonb_to_recordset(columns) as c (name text, type text)
    loop
        if wanted.name is null or octet_length(wanted.name) not between 1 and 63 then
            raise exception 'table %: a name of a column is empty or longer than 63 bytes', table_name
                using errcode = 'invalid_name';
        end if;
        if wanted.pg_type is null then
            raise exception 'table %, column %: type % has no counterpart', table_name, wanted.name, wanted.type
                using errcode = 'undefined_object', hint = 'cast it in the model that publishes it';
        end if;
    end loop;
    if coalesce(cardinality(primary_key), 0) = 0
        or exists (
            select from unnest(primary_key) as k (name)
            where not exists (select from jsonb_array_elements(columns) as c where c ->> 'name' = k.name)
        )
    then
        raise exception 'table %: the primary key is empty or names a column that is not there', table_name
            using errcode = 'invalid_table_definition';
    end if;

    foreach schema_name in array array[published_in, 'marts_candidate'] loop
        target := to_regclass(format('%I.%I', schema_name, table_name));
        if target is null then
            execute format(
                case
                    when schema_name = published_in then 'create table %I.%I (%s, primary key (%s))'
                    -- no key: rows are loaded faster, and checked against the manifest afterwards
                    else 'create unlogged table %I.%I (%s)'
                end,
                schema_name,
                table_name,
                (
                    select string_agg(format('%I %s', c.name, publishing.type_of(c.type)), ', ' order by c.place)
                    from rows from (jsonb_to_recordset(columns) as (name text, type text))
                        with ordinality as c (name, type, place)
                ),
                (
                    select string_agg(format('%I', k.name), ', ' order by k.place)
                    from unnest(primary_key) with ordinality as k (name, place)
                )
            );
            target := to_regclass(format('%I.%I', schema_name, table_name));
            changed := true;
        end if;

        for wanted in
            select c.name, publishing.type_of(c.type) as pg_type
            from rows from (jsonb_to_recordset(columns) as (name text, type text))
                with ordinality as c (name, type, place)
            order by c.place
        loop
            select format_type(a.atttypid, a.atttypmod) into found_type
            from pg_attribute as a
            where a.attrelid = target and a.attname = wanted.name and not a.attisdropped and a.attnum > 0;
            if found_type is null then
                execute format('alter table %s add column %I %s', target, wanted.name, wanted.pg_type);
                changed := true;
            elsif found_type <> wanted.pg_type then
                raise exception 'table %.%, column %: it is %, the publication has %',
                    schema_name, table_name, wanted.name, found_type, wanted.pg_type
                    using errcode = 'datatype_mismatch',
                    hint = 'readers rely on the type: publish the new one under a new name';
            end if;
        end loop;
    end loop;

    target := format('%I.%I', published_in, table_name)::regclass;
    select array_agg(a.attname::text order by k.place) into found_key
    from pg_constraint as c,
        unnest(c.conkey) with ordinality as k (number, place),
        pg_attribute as a
    where c.conrelid = target and c.contype = 'p' and a.attrelid = target and a.attnum = k.number;
    if found_key is distinct from primary_key then
        raise exception 'table %.%: its primary key is (%), the publication has (%)',
            published_in, table_name, array_to_string(found_key, ', '), array_to_string(primary_key, ', ')
            using errcode = 'invalid_table_definition',
            hint = 'readers rely on one row per key: publish the new grain under a new name';
    end if;

    if obj_description(target, 'pg_class') is distinct from nullif(description, '') then
        execute format('comment on table %s is %L', target, description);
        changed := true;
    end if;
    for wanted in
        select a.attname as name, c.description
        from jsonb_to_recordset(columns) as c (name text, description text)
        join pg_attribute as a on a.attrelid = target and a.attname = c.name
        where col_description(target, a.attnum) is distinct from nullif(c.description, '')
    loop
        execute format('comment on column %s.%I is %L', target, wanted.name, wanted.description);
        changed := true;
    end loop;
    return changed;
end
$function$;

revoke all on all functions in schema publishing from public;
grant execute on all functions in schema publishing to publisher;

reset role;
