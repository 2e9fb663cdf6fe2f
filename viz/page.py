"""The page: one component, its events, and the curated API beside it."""

import functools
from collections.abc import Iterator
from contextlib import closing

import gradio as gr

from viz.config import ASSETS, PLOTLY, PLOTLY_SCRIPT, page_config
from viz.door.envelope import Served
from viz.door.gate import Rules, app_options
from viz.door.hosts import Hosts
from viz.door.routes import routes_of
from viz.stages import all_jobs, all_views
from viz.walk import Walk
from viz.wire.answers import answer_view, failure, follow
from viz.wire.halts import Halts
from viz.wire.payload import dump

# One may wait long for a download while others run; passes over one model take turns by its lock.
MODEL_QUEUE = {"concurrency_id": "model", "concurrency_limit": 3}


def build_page(startup, api, max_new_tokens: int) -> gr.Blocks:
    """The page on an engine that may still be starting. `api` has the curated calls; answers have a longest length."""
    gr.set_static_paths([ASSETS, PLOTLY])
    views, jobs, halts = all_views(), all_jobs(), Halts()

    def look(request: str) -> str:
        return answer_view(views, startup, request, halts)

    def halt(halted_id: str) -> None:
        halts.add(halted_id)

    def run_events(event: gr.EventData) -> Iterator[str]:
        request = event._data
        asked_id = request.get("id") if isinstance(request, dict) else None
        # `rev` makes each text differ from the last: the browser does not hear of an equal value.
        with closing(follow(startup, jobs, request)) as followed:
            for rev, standing in enumerate(followed):
                if asked_id in halts:
                    return
                yield dump({"rev": rev, "id": asked_id, **standing})

    with gr.Blocks(title="Token by Token", fill_width=True) as page:
        walk = Walk(page_config(max_new_tokens), look, halt)
        walk.walk_run(
            run_events,
            outputs=walk,
            show_progress="hidden",
            trigger_mode="multiple",
            api_visibility="private",
            **MODEL_QUEUE,
        )
        for call in (api.tokenize, api.next_token, api.generate, api.attention):
            # gradio documents this function, and leaves it out of its list of exports.
            gr.api(spoken(call), api_name=call.__name__, **MODEL_QUEUE)  # pyright: ignore[reportPrivateImportUsage]
    return page


def spoken(call):
    """The call with its errors in the words meant for the caller."""

    @functools.wraps(call)
    def speaking(*args, **kwargs):
        try:
            return call(*args, **kwargs)
        except Exception as error:
            raise gr.Error(failure(error)["error"], print_exception=False) from None

    return speaking


def rules_of(page: gr.Blocks, hosts: Hosts) -> Rules:
    """What the door lets through to this page."""
    (walk,) = (number for number, block in page.blocks.items() if isinstance(block, Walk))
    inputs = {number: len(fn.inputs) for number, fn in page.fns.items()}
    # A function with a target is an event of a component; the others are the calls.
    calls = {str(fn.api_name): number for number, fn in page.fns.items() if not fn.targets}
    return Rules(hosts, routes_of([ASSETS], [PLOTLY_SCRIPT], calls), Served(walk, inputs, calls))


def launch(page: gr.Blocks, hosts: Hosts, host: str, port: int, share: bool) -> None:
    """Serves the page at `host` under the names of `hosts`, and returns while it is served."""
    # Who waits hears once a second how many are before them.
    page.queue(max_size=64, status_update_rate=1).launch(
        server_name=host,
        server_port=port,
        share=share,
        prevent_thread_lock=True,
        ssr_mode=False,
        run_history=False,
        show_error=True,
        state_session_capacity=200,
        footer_links=[],
        app_kwargs=app_options(rules_of(page, hosts)),
    )
    # Gradio would have a shared page load its scripts from Gradio's own host; it has them here, and the link stays.
    page.share = False
