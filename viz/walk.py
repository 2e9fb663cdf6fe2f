"""The one component of the page: a static skeleton that the ES modules in assets/js fill."""

import json

import gradio as gr

from viz.config import PageConfig

TEMPLATE = '<div class="tbt" id="tbt"></div>'

# The name of the event stands here because Gradio finds a component's own events in this text; the scripts send it
# over a line of their own (core/server/channel.js).
ON_LOAD = """
const start = (module) => module.start(element.querySelector('#tbt'), { config: CONFIG, event: 'walk_run' });
const root = (window.gradio_config?.root || '').replace(/\\/$/, '');
import(root + CONFIG.js + 'main.js').then(start, (error) => {
  element.textContent = 'The page could not load its scripts (' + error.message + '). Reload it.';
});
"""


class Walk(gr.HTML):
    """The walk through a run. Its value is one JSON text at a time: where the run under way stands."""

    def __init__(self, config: PageConfig, look, halt):
        super().__init__(
            value="",
            html_template=TEMPLATE,
            js_on_load=f"const CONFIG = {json.dumps(config)};{ON_LOAD}",
            apply_default_css=False,
            server_functions=[look, halt],
            elem_id="walk",
        )
