"""What surrounds every page: navigation, sidebar, the way on, and the order in which a run happens."""

from __future__ import annotations

import streamlit as st

from gptviz.checkpoints import catalogue
from gptviz.paths import app_file, asset
from gptviz.text import LANGUAGES, say
from gptviz.ui import cache, state
from gptviz.ui.page import guarded, language

# Icons belong to the links: as a page's own icon Streamlit would fetch it from another host.
PAGES = {
    "overview": ":material/route:",
    "tokens": ":material/content_cut:",
    "embeddings": ":material/scatter_plot:",
    "attention": ":material/visibility:",
    "mlp": ":material/neurology:",
    "output": ":material/bar_chart:",
}
_LANGUAGE_NAMES = {"en": "English", "zh": "中文"}


def run() -> None:
    """One run of the app."""
    state.begin()
    pages, here = navigation()
    st.set_page_config(page_title=f"{here.title} · gptviz", page_icon=str(asset("style", "icon.svg")), layout="wide")
    lang = language()
    with st.sidebar:
        _links(pages)
        facts = _choices(lang)
    with guarded():
        here.run()
    with facts:
        _facts(lang)
    _way_on(list(pages.values()), here, lang)
    state.finish()


def navigation() -> tuple[dict[str, st.Page], st.Page]:
    """The pages by name, and the one to show."""
    lang = language()
    pages = {
        name: st.Page(
            app_file().parent / "pages" / f"{name}.py",
            title=say(lang, f"ui.pages.{name}.title"),
            url_path=name,
            default=name == "overview",
        )
        for name in PAGES
    }
    # Streamlit's own menu would drop the query from the address: the sidebar's links carry it.
    return pages, st.navigation(list(pages.values()), position="hidden")


def _links(pages: dict[str, st.Page]) -> None:
    st.markdown("### gptviz")
    query = state.to_query(state.current())
    with st.container(gap=2, key="navigation"):
        for name, page in pages.items():
            st.page_link(page, icon=PAGES[name], query_params=query)


def _choices(lang: str) -> st.container:
    """Language and model; returns where the model's facts go, known once it is loaded."""
    st.segmented_control(
        say(lang, "ui.sidebar.language"),
        LANGUAGES,
        format_func=_LANGUAGE_NAMES.get,
        required=True,
        **state.bind("language", lang),
    )
    local = state.folders_allowed()
    model = state.model()
    st.selectbox(
        say(lang, "ui.sidebar.model"),
        [*catalogue(), *([] if model in catalogue() else [model])],
        format_func=_title,
        accept_new_options=True,
        help=say(lang, "ui.sidebar.model_help_local" if local else "ui.sidebar.model_help"),
        **state.bind("model", model, read=state.read_model),
    )
    return st.container()


def _title(name: str) -> str:
    return catalogue()[name].title if name in catalogue() else name


def _facts(lang: str) -> None:
    """What the model is, under its name."""
    name = state.model()
    entry = catalogue().get(name)
    st.caption(entry.about[lang] if entry else say(lang, "ui.sidebar.about_other"))
    if entry and not entry.tested:
        st.caption(say(lang, "ui.sidebar.untested"))
    if cache.models.has(name):
        config = cache.models.get(name).config
        sizes = {key: f"{getattr(config, key):,}" for key in _SIZES}
        st.caption(f"**{say(lang, 'ui.sidebar.facts', **sizes)}**  \n{say(lang, 'ui.sidebar.facts_more', **sizes)}")


_SIZES = ("n_layer", "n_head", "n_kv_head", "d_model", "d_head", "d_mlp", "vocab_size", "n_ctx")


def _way_on(pages: list[st.Page], here: st.Page, lang: str) -> None:
    """The stops before and after this one."""
    at, query = pages.index(here), state.to_query(state.current())
    st.space("medium")
    with st.container(horizontal=True, horizontal_alignment="distribute", key="way-on"):
        if at > 0:
            label = say(lang, "ui.previous", title=pages[at - 1].title)
            st.page_link(pages[at - 1], label=label, icon=":material/arrow_back:", query_params=query)
        if at + 1 < len(pages):
            label = say(lang, "ui.next", title=pages[at + 1].title)
            st.page_link(
                pages[at + 1], label=label, icon=":material/arrow_forward:", icon_position="right", query_params=query
            )
