-- Values as people write them → values of one type, or null where they are not of that type.
-- Names of macros are the vocabulary of casting.py. `t` is a cleaned text; times come out in UTC without a zone.

-- Words that mean "nothing here" in exports.
create macro known(t) as
    case
        when t in ('', 'null', 'NULL', 'Null', 'None', 'nan', 'NaN', 'NaT', 'N/A', '#N/A', '\N', '—', '——', '–', '-') then null
        else t
    end;

-- A number stored as a float, 17850.0, is the identifier 17850.
create macro plain_id(t) as
    case when regexp_full_match(t, '[0-9]+\.0+') then regexp_replace(t, '\.0+$', '') else t end;

-- 1.23457E+17: a spreadsheet has dropped the last digits of a long identifier, nobody can bring them back.
create macro is_rounded(t) as regexp_full_match(t, '[0-9](\.[0-9]+)?[eE]\+[0-9]+');

create macro is_plain_number(t) as regexp_full_match(t, '[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?');

create macro unadorned(t) as
    regexp_replace(
        regexp_replace(
            translate(t, '０１２３４５６７８９．，－＋−￥＄￡', '0123456789.,-+-¥$£'),
            '^([+-]?)\s*[¥$£€]\s*', '\1'
        ),
        '\s*[元€]$', ''
    );

create macro ungrouped(t) as
    case
        when regexp_full_match(t, '[+-]?[0-9]{1,3}(,[0-9]{3})+(\.[0-9]*)?') then replace(t, ',', '')
        when is_plain_number(t) then t
    end;

create macro ungrouped_comma(t) as
    case
        when regexp_full_match(t, '[+-]?([0-9]+|[0-9]{1,3}(\.[0-9]{3})+)(,[0-9]*)?') then replace(replace(t, '.', ''), ',', '.')
    end;

-- Digits, point and sign only; null when it is no number. A comma groups thousands, or is the decimal sign.
create macro number_text(t) as case when is_plain_number(t) then t else ungrouped(unadorned(t)) end;
create macro number_text_comma(t) as ungrouped_comma(unadorned(t));

create macro as_decimal(n) as try_cast(n as decimal(18, 6));
create macro as_integer(n) as
    case when as_decimal(n) = trunc(as_decimal(n)) then try_cast(as_decimal(n) as bigint) end;
create macro from_minor(n) as cast(as_decimal(n) * 0.01 as decimal(18, 6));

create macro as_boolean(t) as
    case
        when lower(t) in ('true', 't', 'yes', 'y', '1', '1.0', '是') then true
        when lower(t) in ('false', 'f', 'no', 'n', '0', '0.0', '否') then false
    end;

-- A year outside of these is a placeholder, two digits taken for four, or the wrong unit of an epoch.
create macro plausible(moment) as
    case when moment >= timestamp '1900-01-01' and moment < timestamp '3000-01-01' then moment end;

create macro local_to_utc(moment, zone) as timezone('UTC', timezone(zone, moment));
create macro zoned_to_utc(moment) as timezone('UTC', cast(moment as timestamptz));

create macro has_zone(t) as regexp_matches(t, ':[0-9.]+\s*([zZ]|[+-][0-9]{2}(:?[0-9]{2})?)$');
create macro is_iso(t) as
    regexp_full_match(
        t, '[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([T ][0-9]{1,2}:[0-9]{2}(:[0-9]{2}([.][0-9]+)?)?\s*([zZ]|[+-][0-9]{2}(:?[0-9]{2})?)?)?'
    );

-- 10:00+08:00 → 10:00:00+08:00, which is how DuckDB wants it.
create macro with_seconds(t) as regexp_replace(t, '([T ][0-9]{1,2}:[0-9]{2})(\s*[zZ+-])', '\1:00\2');

create macro iso_utc(t, zone) as
    case
        when not is_iso(t) then null
        when has_zone(t) then timezone('UTC', try_cast(with_seconds(t) as timestamptz))
        else local_to_utc(try_cast(t as timestamp), zone)
    end;
create macro iso_date(t, zone) as
    case
        when not is_iso(t) then null
        when has_zone(t) then cast(timezone(zone, try_cast(with_seconds(t) as timestamptz)) as date)
        else cast(try_cast(t as timestamp) as date)
    end;

create macro epoch_utc(t, micros) as
    case
        when is_plain_number(t) and try_cast(t as decimal(24, 6)) between -1e14 and 1e14
        then make_timestamp(cast(try_cast(t as decimal(24, 6)) * micros as bigint))
    end;
create macro epoch_date(t, micros, zone) as cast(timezone(zone, timezone('UTC', epoch_utc(t, micros))) as date);

-- Faults of a row: `column:reason;column:reason`, null when every value was understood.
-- The first one among the given columns; the row as a whole is column ''.
create macro first_fault(faults, columns) as
    case
        when faults is null then null
        else list_filter(string_split(faults, ';'), lambda fault: list_contains(columns, split_part(fault, ':', 1)))[1]
    end;

-- Money to the fen, half away from zero; null beyond sixteen digits.
create macro as_amount(n) as try_cast(round(n, 2) as decimal(18, 2));
