"""A local server that speaks the platforms' APIs over one simulated world.

Every platform runs in one process on one port, told apart by the first part of the path: a connector's base URL is
`http://127.0.0.1:8600/wecom`. Written from the contracts alone; nothing here is shared with `siyu.channels`.

Core                what it gives a channel
------------------  -------------------------------------------------------------------------------------------
`world.World`       `rows(sql, **parameters)`: read-only SQL over the tables of a world folder (world/tables.yml)
`clock.Clock`       `now()`: the world's time, standing still until the admin endpoint moves it; a row with a later
                    timestamp does not exist yet. `elapsed()`: seconds for tokens and rate limits, which run
`limits.Limits`     `take(channel, *key, limits=(Limit(calls=…, seconds=…), …))`: counts a call, False when one too many
`apps.App`          the channel's made-up applications, from `apps.made_up(channel, label, seed=sandbox.seed)`
`faults.Faults`     draws at most one fault per call. Transport faults never reach a channel; the others it finds
                    in `call_of(request).fault` and acts out in its own shapes
`calls.Calls`       counts calls and the most in any one second, per app and endpoint

To add a channel, write one module with

    def make_channel(sandbox: Sandbox) -> Channel

which builds a FastAPI `APIRouter` (paths without the channel's prefix) around the `Sandbox` it is given, and name it in
`app.CHANNELS`. A handler does four things:

1. `call = call_of(request)`; once it knows which app calls, it sets `call.app = app.app_id` (for the counters);
2. it judges the token, the signature, the parameters and the rate limit, and refuses in the platform's own words;
3. it reads the world as of `sandbox.clock.now()`;
4. it acts out `call.fault` if that is set: `FaultKind.TOKEN_*`, `REFUSED` (option `code`), `RATE_LIMITED` and
   `QUOTA_GONE` are refusals, the paging lies belong where a page is cut, and `drifted(rows, call.fault)` changes the
   rows of a list.

Where one URL serves many endpoints (Taobao's gateway), `Channel.endpoint_of` says which one a call means.
"""
