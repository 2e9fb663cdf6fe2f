"""The page: one component, its events, and the curated API beside it."""

import functools
from collections.abc import Iterator
from contextlib import closing

import gradio as gr

from viz.config import ASSETS, PLOTLY, page_config
from viz.stages import all_jobs, all_views
from viz.walk import Walk
from viz.wire.answers import answer_view, failure, follow_job, follow_run
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
        followed = follow_job(startup, jobs, request) if request.get("job") else follow_run(startup, request)
        # `rev` makes each text differ from the last: the browser does not hear of an equal value.
        with closing(followed):
            for rev, standing in enumerate(followed):
                if request.get("id") in halts:
                    return
                yield dump({"rev": rev, "id": request.get("id"), **standing})

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


def launch(page: gr.Blocks, host: str, port: int, share: bool) -> None:
    """Serves the page, and returns while it is served."""
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
    )
